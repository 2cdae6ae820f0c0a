//! What the service says of a laptop, kept tolerant: a word that is not known is kept as it came.

use serde::{Deserialize, Serialize};

use super::Technician;
use crate::entry::ZtdId;

/// How far an import is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ImportState {
    /// Unknown, pending, partial, and whatever word comes next year.
    Working {
        word: String,
    },
    /// `registration` may be missing for a short while after the import is complete.
    Complete {
        registration: Option<ZtdId>,
    },
    Failed {
        code: i64,
        name: String,
    },
    /// The service does not know this import (any more).
    Gone,
}

/// Whether the profile has reached the registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Assigned {
    /// As the service words it: `assignedInSync`, `pending`, ...
    pub word: String,
    /// `none`, `hardwareRequirementsNotMet`, ...
    pub detail: String,
}

impl Assigned {
    /// Any `assigned...`, misspelt ones too (`assignedUnkownSyncState`).
    pub fn is_assigned(&self) -> bool {
        self.word.starts_with("assigned")
    }
}

/// A deployment profile, as far as the gate asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProfileSeen {
    pub id: String,
    pub name: String,
    /// `None`: the service did not say.
    pub pre_provisioning: Option<bool>,
    /// `singleUser`, `shared`.
    pub usage: String,
    /// Empty: as the operating system; `os-default` and "user select" words as they came.
    pub locale: String,
}

/// A registration as the service holds it. Empty texts: it does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Registration {
    pub id: ZtdId,
    pub serial: String,
    pub manufacturer: String,
    pub model: String,
    pub product_key: String,
    pub group_tag: String,
    pub user: String,
    pub name: String,
    pub purchase_order: String,
    pub assigned: Option<Assigned>,
    /// The one that it has; if several were intended, this is the one that won.
    pub profile: Option<ProfileSeen>,
    /// `notContacted`, `enrolled`, ...
    pub enrollment: String,
    /// `unknown`, `allowed`, `blocked`.
    pub userless: String,
    pub remediation: String,
    pub entra_device: String,
    pub managed_device: String,
}

/// What the service knows under a laptop's number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Seen {
    /// More than one if two laptops have one number. Empty: it is not registered (any more).
    pub registrations: Vec<Registration>,
    /// Its device association: `preassociated`, `associated`, `pendingRemoval`. `None`: could not be asked.
    pub association: Option<Association>,
    /// What Intune tells of its technician phase. `None`: nothing, or it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub technician: Option<Technician>,
}

impl Seen {
    /// In a line of the laptop's history.
    pub fn words(&self) -> String {
        match self.registrations.as_slice() {
            [] => match &self.association {
                Some(Association::Present { state, .. }) => format!("read back: associated ({state})"),
                _ => "read back: the tenant does not have it".to_owned(),
            },
            [only] => {
                let assigned = only.assigned.as_ref().map_or("not told", |assigned| assigned.word.as_str());
                let profile = only.profile.as_ref().map_or("none", |profile| profile.name.as_str());
                let told = self.technician.as_ref().map(|told| format!("; {}", told.words())).unwrap_or_default();
                format!("read back: tag {}, profile {profile} ({assigned}){told}", only.group_tag)
            }
            many => format!("read back: {} registrations under its number", many.len()),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "association", rename_all = "kebab-case")]
pub enum Association {
    Absent,
    Present { id: String, state: String },
}
