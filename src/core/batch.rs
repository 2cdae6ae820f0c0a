//! A batch: laptops of one customer that are prepared alike, and what it relies on.

use serde::{Deserialize, Serialize};

use crate::{
    customer::{self, Changes, Customer},
    lane::Lane,
    media::Generation,
    netboot::Program,
    problem::Problem,
};

/// Whether laptops come with the person who will use them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserPolicy {
    /// As the lists say.
    #[default]
    Optional,
    /// Every laptop needs one before it is registered.
    Required,
    /// None is registered with one: a wrong name makes a laptop unusable until it is taken off.
    Forbidden,
}

impl UserPolicy {
    pub fn words(self) -> &'static str {
        match self {
            Self::Optional => "as lists say",
            Self::Required => "needed for each",
            Self::Forbidden => "none",
        }
    }
}

/// Who says that a laptop is to be registered, where the bench does that itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Register {
    /// A person, for each of them or for all that are there.
    #[default]
    Asked,
    /// Nobody: what stands on the batch's order list is registered as soon as it is captured.
    Expected,
}

impl Register {
    pub fn words(self) -> &'static str {
        match self {
            Self::Asked => "when a person asks",
            Self::Expected => "what is on the order list, by itself",
        }
    }
}

/// One batch, as its file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Batch {
    /// On screens, sticks and in names of files.
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The customer's number of the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_order: Option<String>,
    /// One for all of its laptops, whatever came with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_tag: Option<String>,
    #[serde(default)]
    pub assigned_user: UserPolicy,
    /// Name of the deployment profile its laptops should get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    #[serde(default)]
    pub identity: IdentityPolicy,
    /// Which of its laptops are registered without being asked for.
    #[serde(default)]
    pub register: Register,
    /// What its laptops boot from the network.
    #[serde(default)]
    pub boot: Program,
    /// Whose signature the boot manager has, on media with Windows.
    #[serde(default)]
    pub loader: Generation,
}

impl Batch {
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            customer: None,
            purchase_order: None,
            group_tag: None,
            assigned_user: UserPolicy::default(),
            profile: None,
            identity: IdentityPolicy::default(),
            register: Register::default(),
            boot: Program::default(),
            loader: Generation::default(),
        }
    }

    /// Trimmed, and each value one that can be used for this customer.
    ///
    /// # Errors
    /// The first value that cannot.
    pub fn checked(mut self, of: Option<&Customer>) -> Result<Self, Problem> {
        let wrong = |why: String, next: &str| Problem::new("The batch was not taken.", why, next);
        self.name = customer::name("batch", &self.name)?;
        for (what, value) in [("purchase order", &mut self.purchase_order), ("profile", &mut self.profile)] {
            let Some(text) = value.as_deref().map(str::trim) else { continue };
            if text.is_empty() || text.chars().count() > 128 || text.chars().any(char::is_control) {
                return Err(wrong(
                    format!("Its {what} {text:?} is empty, too long or cannot be printed."),
                    "Correct it.",
                ));
            }
            *value = Some(text.to_owned());
        }
        let Some(of) = of else {
            self.group_tag = self.group_tag.as_deref().map(crate::lane::group_tag).transpose()?;
            return Ok(self);
        };
        self.group_tag = self.group_tag.as_deref().map(|tag| of.tag(tag)).transpose()?;
        match (of.lane, self.identity) {
            (Lane::Intune, IdentityPolicy::Tuple) => Err(wrong(
                format!(
                    "{} is registered in Intune, which takes hardware hashes, and the batch relies on {}.",
                    of.name,
                    IdentityPolicy::Tuple.words()
                ),
                "Let the batch rely on a hash, or let the customer be registered by Partner Center.",
            )),
            (lane, _) if !lane.is_autopilot() && self.group_tag.is_some() => Err(wrong(
                format!("{} is registered by {}, which has no group tag.", of.name, lane.words()),
                "Leave the group tag out.",
            )),
            _ => Ok(self),
        }
    }

    /// What differs between two states of one batch, a line each.
    pub fn changes(&self, to: &Self) -> Vec<String> {
        let mut changes = Changes::default();
        changes.note("customer", self.customer.as_ref(), to.customer.as_ref());
        changes.note("purchase order", self.purchase_order.as_ref(), to.purchase_order.as_ref());
        changes.note("group tag", self.group_tag.as_ref(), to.group_tag.as_ref());
        changes.note("assigned user", Some(self.assigned_user.words()), Some(to.assigned_user.words()));
        changes.note("profile", self.profile.as_ref(), to.profile.as_ref());
        changes.note("identity", Some(self.identity.words()), Some(to.identity.words()));
        changes.note("register", Some(self.register.words()), Some(to.register.words()));
        changes.note("boot", Some(self.boot.words()), Some(to.boot.words()));
        changes.note("loader", Some(self.loader.words()), Some(to.loader.words()));
        changes.0
    }
}

/// By which identity the laptops of a batch are registered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityPolicy {
    /// The hash our agent made; experimental until a model's acceptance test passed.
    #[default]
    LinuxHash,
    /// Only a hash that Windows or WinPE made counts.
    WindowsHash,
    /// Maker, model and serial number, or the product key id: what Partner Center takes.
    Tuple,
}

impl IdentityPolicy {
    pub fn words(self) -> &'static str {
        match self {
            Self::LinuxHash => "hash made on Linux",
            Self::WindowsHash => "hash made by Windows",
            Self::Tuple => "maker, model and serial, or product key id",
        }
    }
}

/// A batch in a list of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRow {
    pub batch: Batch,
    /// As it was set, else as its order list says.
    pub customer: Option<String>,
    /// Captures belong to it.
    pub open: bool,
    pub devices: usize,
    /// Lines of its order list.
    pub expected: usize,
}

/// A laptop model, by the strings that Windows registers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ModelName {
    pub manufacturer: String,
    pub product: String,
}

impl std::fmt::Display for ModelName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.manufacturer.trim(), self.product.trim())
    }
}

/// What comparisons with Windows' own hash say of the hash we make for a model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelTrust {
    /// No laptop of this model was compared yet.
    #[default]
    Untested,
    /// All that were compared agreed in every critical field.
    Accepted { units: usize },
    /// At least one differed, in these.
    Differs { fields: Vec<crate::hwhash::Critical> },
}

impl ModelTrust {
    pub fn words(&self) -> String {
        match self {
            Self::Untested => "experimental: not compared with Windows for this model yet".to_owned(),
            Self::Accepted { units: 1 } => "accepted: one laptop of this model agreed with Windows".to_owned(),
            Self::Accepted { units } => format!("accepted: {units} laptops of this model agreed with Windows"),
            Self::Differs { fields } => {
                let names: Vec<_> = fields.iter().map(|field| field.name()).collect();
                format!("NOT accepted: differs from Windows in {}", names.join(", "))
            }
        }
    }
}
