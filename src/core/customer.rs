//! Whose laptops these are: the tenant they go to, and what the customer agreed to.
//!
//! A customer is journalled whole whenever it is set. Once laptops are in one of its batches, setting it again is an
//! amendment and takes a reason; nothing of it changes silently.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    answer::name::Template,
    entry::{NotAGuid, guid},
    handover::Recipient,
    lane::{self, Lane},
    problem::Problem,
};

/// Longest name of a customer or a batch: it stands in the second line of the board.
pub const LONGEST_NAME: usize = 32;

/// The Microsoft cloud a tenant lives in. An app registration counts in one of them only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cloud {
    /// Also GCC.
    #[default]
    Global,
    /// GCC High.
    UsGovL4,
    /// DoD.
    UsGovL5,
    China,
}

impl Cloud {
    pub fn words(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::UsGovL4 => "US Government L4 (GCC High)",
            Self::UsGovL5 => "US Government L5 (DoD)",
            Self::China => "China (21Vianet)",
        }
    }

    /// Pre-provisioning exists in classic Autopilot only, and that is not offered everywhere (Microsoft, comparison of
    /// Autopilot and device preparation).
    pub fn has_pre_provisioning(self) -> bool {
        !matches!(self, Self::UsGovL4 | Self::UsGovL5)
    }
}

/// How what registers a customer's laptops gets to the service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// In lists that a person uploads.
    #[default]
    File,
    /// By the bench itself, which the customer has given a right for that.
    Online,
    /// In a sealed bundle that the customer imports: no right ever comes to the bench.
    HandOver,
}

impl Way {
    pub fn words(self) -> &'static str {
        match self {
            Self::File => "by lists",
            Self::Online => "online",
            Self::HandOver => "by hand-over",
        }
    }
}

/// Directory id of a tenant, lower case, without braces.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(String);

impl TenantId {
    fn is_nil(&self) -> bool {
        self.0.bytes().all(|byte| matches!(byte, b'0' | b'-'))
    }
}

impl TryFrom<String> for TenantId {
    type Error = NotAGuid;
    fn try_from(text: String) -> Result<Self, NotAGuid> {
        guid(&text).map(Self)
    }
}

impl From<TenantId> for String {
    fn from(id: TenantId) -> Self {
        id.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One customer, as its file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Customer {
    /// On screens and orders. Order lists name it so.
    pub name: String,
    /// Directory id of the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    #[serde(default)]
    pub cloud: Cloud,
    /// How its laptops are registered.
    #[serde(default)]
    pub lane: Lane,
    #[serde(default)]
    pub way: Way,
    /// The customer knows what corporate identifiers do to the whole tenant, and wants them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tenant_wide: bool,
    /// The only ones its batches may use; empty: any.
    #[serde(default)]
    pub group_tags: Vec<String>,
    /// Template of computer names, as in its deployment profile: `BER-%SERIAL%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naming: Option<String>,
    /// Hours from a laptop's arrival until it has to be shipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla_hours: Option<u32>,
    /// The customer's public key, for which its laptops are sealed if the customer registers them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hand_over_to: Option<Recipient>,
}

impl Customer {
    /// Nothing but a name, as an order list gives it.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            tenant: None,
            cloud: Cloud::default(),
            lane: Lane::default(),
            way: Way::default(),
            tenant_wide: false,
            group_tags: vec![],
            naming: None,
            sla_hours: None,
            hand_over_to: None,
        }
    }

    /// Trimmed, and each value one that can be used.
    ///
    /// # Errors
    /// The first value that cannot.
    pub fn checked(mut self) -> Result<Self, Problem> {
        let wrong = |why: String, next: &str| Problem::new("The customer was not taken.", why, next);
        self.name = name("customer", &self.name)?;
        if self.tenant.as_ref().is_some_and(TenantId::is_nil) {
            return Err(wrong(
                "The tenant is all zeros.".to_owned(),
                "Copy the tenant ID from the overview page of the Entra admin center.",
            ));
        }
        let tags = std::mem::take(&mut self.group_tags);
        for tag in tags {
            let tag = lane::group_tag(&tag).map_err(|problem| {
                wrong(problem.why, "Agree on tags of letters, digits and hyphens with the customer.")
            })?;
            if self.group_tags.iter().any(|earlier| earlier.eq_ignore_ascii_case(&tag)) {
                return Err(wrong(
                    format!("The group tag {tag} is there twice (capitals do not tell tags apart)."),
                    "Leave one of them.",
                ));
            }
            self.group_tags.push(tag);
        }
        if let Some(naming) = &self.naming {
            Template::parse(naming).map_err(|error| {
                wrong(
                    format!("The naming template {naming:?} is not right: {error}."),
                    "Correct it; `whiteglove answer names` shows what laptops would be called.",
                )
            })?;
        }
        if self.way == Way::Online && self.tenant.is_none() {
            return Err(wrong(
                "The bench is to register its laptops online, and no tenant is named.".to_owned(),
                "Copy the tenant ID from the overview page of the Entra admin center.",
            ));
        }
        if self.way == Way::Online && self.lane == Lane::Corporate && !self.tenant_wide {
            return Err(wrong(
                lane::tenant_wide().why,
                "Ask the customer's Intune administrator. If they want it, write tenant-wide = true into the customer's file.",
            ));
        }
        if self.sla_hours == Some(0) {
            return Err(wrong(
                "The SLA is zero hours.".to_owned(),
                "Say how many hours there are from arrival to shipping, or leave it out.",
            ));
        }
        Ok(self)
    }

    /// What may be said for sure before a laptop is touched.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = vec![];
        if !self.lane.is_autopilot() {
            doubts.push(format!(
                "Pre-provisioning exists for laptops registered for Autopilot only: by {}, Windows ×5 does not go.",
                self.lane.words()
            ));
        }
        if !self.cloud.has_pre_provisioning() {
            doubts.push(format!(
                "Pre-provisioning is not offered in the cloud {}: capture and registration by list go, Windows ×5 does not.",
                self.cloud.words()
            ));
        }
        if self.tenant.is_none() {
            doubts.push("No tenant is named: nothing can compare it with what a laptop reports.".to_owned());
        }
        doubts
    }

    /// The tag as this customer writes it.
    ///
    /// # Errors
    /// It is none of the customer's.
    pub fn tag(&self, tag: &str) -> Result<String, Problem> {
        let tag = lane::group_tag(tag)?;
        if self.group_tags.is_empty() {
            return Ok(tag);
        }
        let own = self.group_tags.iter().find(|own| own.eq_ignore_ascii_case(&tag));
        own.cloned().ok_or_else(|| {
            Problem::new(
                format!("The group tag {tag} is not one of {}'s.", self.name),
                format!("Allowed are: {}.", self.group_tags.join(", ")),
                "Use one of them, or add the tag to the customer first (whiteglove customer set FILE --reason WHY).",
            )
        })
    }

    /// What differs between two states of one customer, a line each.
    pub fn changes(&self, to: &Self) -> Vec<String> {
        let tenant = |customer: &Self| customer.tenant.as_ref().map(ToString::to_string);
        let mut changes = Changes::default();
        changes.note("tenant", tenant(self), tenant(to));
        changes.note("cloud", Some(self.cloud.words()), Some(to.cloud.words()));
        changes.note("lane", Some(self.lane.words()), Some(to.lane.words()));
        changes.note("way", Some(self.way.words()), Some(to.way.words()));
        let agreed = |agreed| if agreed { "agreed to" } else { "not agreed to" };
        changes.note("identifiers for the whole tenant", Some(agreed(self.tenant_wide)), Some(agreed(to.tenant_wide)));
        changes.note("group tags", Some(self.group_tags.join(", ")), Some(to.group_tags.join(", ")));
        changes.note("naming", self.naming.as_ref(), to.naming.as_ref());
        changes.note("SLA hours", self.sla_hours, to.sla_hours);
        changes.note("hand-over to", self.hand_over_to, to.hand_over_to);
        changes.0
    }
}

/// A customer in a list of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRow {
    pub customer: Customer,
    pub batches: Vec<String>,
    /// Laptops in all of its batches.
    pub devices: usize,
}

/// `group tag: KIOSK -> SALES`.
#[derive(Debug, Default)]
pub(crate) struct Changes(pub(crate) Vec<String>);

impl Changes {
    pub(crate) fn note<T: ToString>(&mut self, what: &str, from: Option<T>, to: Option<T>) {
        let words = |value: Option<T>| {
            let text = value.map(|value| value.to_string()).unwrap_or_default();
            if text.is_empty() { "none".to_owned() } else { text }
        };
        let (from, to) = (words(from), words(to));
        if from != to {
            self.0.push(format!("{what}: {from} -> {to}"));
        }
    }
}

/// A name of a customer or a batch, as it will stand on screens, labels and in file names.
///
/// # Errors
/// It cannot stand there.
pub(crate) fn name(of: &str, typed: &str) -> Result<String, Problem> {
    let name = typed.trim();
    let length = name.chars().count();
    let why = match name.chars().find(|c| c.is_control() || matches!(c, '/' | '\\')) {
        Some(c) => {
            format!("Its name has a sign that cannot be printed or stand in a file's name ({}).", c.escape_debug())
        }
        None if length == 0 => "It has no name.".to_owned(),
        None if length > LONGEST_NAME => {
            format!("Its name has {length} characters; {LONGEST_NAME} fit on screens and labels.")
        }
        None => return Ok(name.to_owned()),
    };
    Err(Problem::new(format!("The {of} was not taken."), why, "Give it a name of 1 to 32 printable characters."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "00000000-0000-4000-8000-00000000aa07";

    fn tenant(text: &str) -> Option<TenantId> {
        Some(TenantId::try_from(text.to_owned()).unwrap())
    }

    fn acme() -> Customer {
        Customer {
            tenant: tenant(TENANT),
            group_tags: vec!["SALES".into(), "KIOSK-1".into()],
            naming: Some("AC-%SERIAL%".into()),
            sla_hours: Some(48),
            ..Customer::named("ACME")
        }
    }

    #[test]
    fn each_wrong_value_is_named() {
        let why = |change: &dyn Fn(&mut Customer)| {
            let mut customer = acme();
            change(&mut customer);
            customer.checked().map_err(|problem| problem.why)
        };
        assert_eq!(why(&|_| ()), Ok(acme()));
        assert_eq!(why(&|c| c.name = "  ACME ".into()), Ok(acme()));
        type Change<'a> = &'a dyn Fn(&mut Customer);
        let refused: [(Change<'_>, &str); 11] = [
            (&|c| c.name = " ".into(), "no name"),
            (&|c| c.name = "x".repeat(33), "33 characters"),
            (&|c| c.name = "a/b".into(), "file's name"),
            (&|c| c.tenant = tenant("{00000000-0000-0000-0000-000000000000}"), "all zeros"),
            (&|c| c.group_tags.push("sales".into()), "twice"),
            (&|c| c.group_tags.push("a,b".into()), "comma"),
            (&|c| c.group_tags.push("Büro".into()), "ASCII"),
            (&|c| c.naming = Some("A-%SERIEN%".into()), "%SERIEN% is no macro"),
            (&|c| c.sla_hours = Some(0), "zero hours"),
            (&|c| (c.way, c.tenant) = (Way::Online, None), "no tenant is named"),
            (&|c| (c.way, c.lane) = (Way::Online, Lane::Corporate), "counts as personal"),
        ];
        for (change, words) in refused {
            let said = why(change).expect_err(words);
            assert!(said.contains(words), "{said} / {words}");
        }
    }

    #[test]
    fn a_tag_is_one_of_the_customers_in_the_customers_own_spelling() {
        assert_eq!(acme().tag(" kiosk-1 ").as_deref(), Ok("KIOSK-1"));
        let refused = acme().tag("GUESS").expect_err("not on the list");
        assert!(refused.why.contains("SALES, KIOSK-1"), "{refused:?}");
        assert_eq!(Customer::named("any").tag("GUESS").as_deref(), Ok("GUESS"));
    }

    #[test]
    fn changes_are_told_one_by_one() {
        let mut after = acme();
        after.tenant = None;
        after.group_tags.pop();
        assert_eq!(
            acme().changes(&after),
            [format!("tenant: {TENANT} -> none"), "group tags: SALES, KIOSK-1 -> SALES".to_owned()]
        );
        assert_eq!(acme().changes(&acme()), Vec::<String>::new());
    }

    #[test]
    fn clouds_without_pre_provisioning_are_doubted() {
        let cloud = |cloud| Customer { cloud, ..acme() }.doubts();
        assert_eq!(cloud(Cloud::Global), Vec::<String>::new());
        assert!(cloud(Cloud::UsGovL4)[0].contains("GCC High"));
        assert_eq!(cloud(Cloud::China), Vec::<String>::new());
    }
}
