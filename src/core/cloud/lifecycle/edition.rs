//! A policy that lifts laptops to another edition of Windows by a product key, when they come with one that Autopilot
//! does not take.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::cloud::{
    Method,
    graph::path::{BETA, request},
    plan::{Act, Plan, Step},
    profile::{Group, Members},
};

/// Those that a laptop of a company is lifted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edition {
    Pro,
    ProEducation,
    ProWorkstation,
    Education,
    Enterprise,
}

impl Edition {
    /// As Graph names them; the 10 stands for 11 too.
    fn name(self) -> &'static str {
        match self {
            Self::Pro => "windows10Professional",
            Self::ProEducation => "windows10ProfessionalEducation",
            Self::ProWorkstation => "windows10ProfessionalWorkstation",
            Self::Education => "windows10Education",
            Self::Enterprise => "windows10Enterprise",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Pro => "Windows Pro",
            Self::ProEducation => "Windows Pro Education",
            Self::ProWorkstation => "Windows Pro for Workstations",
            Self::Education => "Windows Education",
            Self::Enterprise => "Windows Enterprise",
        }
    }
}

/// A product key of five times five characters. It is money: only its end is ever shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(try_from = "String", into = "String")]
pub struct EditionKey(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no product key of five times five letters and digits")]
pub struct NotAnEditionKey;

impl TryFrom<String> for EditionKey {
    type Error = NotAnEditionKey;
    fn try_from(mut text: String) -> Result<Self, NotAnEditionKey> {
        let key = text.trim().to_ascii_uppercase();
        text.zeroize();
        let groups: Vec<&str> = key.split('-').collect();
        let fits = |group: &&str| group.len() == 5 && group.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let whole = groups.len() == 5 && groups.iter().all(fits);
        let key = Self(key);
        if whole { Ok(key) } else { Err(NotAnEditionKey) }
    }
}

impl From<EditionKey> for String {
    fn from(key: EditionKey) -> Self {
        key.0.clone()
    }
}

impl EditionKey {
    fn end(&self) -> &str {
        &self.0[self.0.len() - 5..]
    }
}

impl fmt::Debug for EditionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EditionKey(..)")
    }
}

/// Makes the policy and gives it to a group.
pub fn upgrade(name: &str, edition: Edition, key: &EditionKey, group: &Group) -> Plan {
    let configurations = format!("{BETA}/deviceManagement/deviceConfigurations");
    let body = json!({
        "@odata.type": "#microsoft.graph.editionUpgradeConfiguration",
        "displayName": name,
        "licenseType": "productKey",
        "targetEdition": edition.name(),
        "productKey": key.0,
    });
    let target = json!({ "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group.id });
    let assignments = json!({ "assignments": [{ "target": target }] });
    let make = Step::new(
        format!("make the policy {name}: lift to {} by the key that ends in {}", edition.words(), key.end()),
        Act::Send(request(Method::Post, configurations.clone(), Some(body))),
    );
    let give = Step::new(
        format!("assign it to the group {}", group.name),
        Act::SendToMade(request(Method::Post, format!("{configurations}/{{id}}/assign"), Some(assignments))),
    )
    .losing(format!("the edition that each laptop of {} has: there is no way back but installing anew", group.name));
    let mut notes =
        vec!["a laptop with Windows Home joins nothing (0x80180022), so it is never reached by this".to_owned()];
    if group.members() != Members::Devices {
        notes.push(format!(
            "who is in {} is not told by a rule about devices: look that they are the right ones",
            group.name
        ));
    }
    Plan {
        title: format!("Laptops of the group {} become {}.", group.name, edition.words()),
        steps: vec![make, give],
        notes,
    }
}
