//! What a person asks of a customer's tenant, beside having its laptops registered: whether it is in order, which
//! deployment profiles it has, and changes, each shown as a plan before it is made.

use serde::{Deserialize, Serialize};

use crate::{
    cloud::{
        lifecycle::{Edition, EditionKey, Keep},
        plan::Plan,
        profile::{Profile, Settings},
    },
    registration::lint::Finding,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Will a batch fail there? The open one if none is named.
    Lint {
        batch: Option<String>,
    },
    Profiles,
    /// Shows the plan, or carries it out if `agreed` is its digest.
    Change {
        wish: Wish,
        #[serde(default)]
        agreed: Option<String>,
        #[serde(default)]
        by: Option<String>,
    },
}

/// What a person wants changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wish {
    MakeProfile(Box<Settings>),
    /// `group`: by name; `None`: all devices.
    AssignProfile {
        profile: String,
        group: Option<String>,
    },
    DeleteProfile {
        profile: String,
    },
    /// By a policy for a group.
    LiftEdition {
        policy: String,
        edition: Edition,
        key: EditionKey,
        group: String,
    },
    Wipe {
        serial: String,
        keep: Keep,
    },
    Offboard {
        serial: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    Findings(Vec<Finding>),
    Profiles(Vec<Profile>),
    Plan(Shown),
}

/// A plan, to be agreed to by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    pub words: String,
    pub digest: String,
    /// Something is gone afterwards.
    pub loses: bool,
}

impl From<&Plan> for Shown {
    fn from(plan: &Plan) -> Self {
        Self { words: plan.words(), digest: plan.digest(), loses: plan.loses() }
    }
}
