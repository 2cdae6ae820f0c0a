//! How far a laptop's registration is, as the journal has it.

use serde::{Deserialize, Serialize};

use super::{AttemptId, ImportId, Override, Seen};
use crate::{clock::Moment, entry::ZtdId};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "kebab-case")]
pub enum Progress {
    /// Nobody asked for it.
    #[default]
    Unasked,
    /// To be sent.
    Waiting { since: Moment },
    /// The journal has the intent and no outcome: it may be with the service or not.
    Sending { attempt: AttemptId, since: Moment },
    /// The service works on it, and says so with this word.
    Working { import: ImportId, since: Moment, word: String },
    /// The service has it. `already`: it said that it had it before (806).
    Complete { since: Moment, registration: Option<ZtdId>, already: bool },
    /// The service refused it.
    Failed { since: Moment, code: i64, name: String },
}

impl Progress {
    /// One word for a list.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unasked => "not asked",
            Self::Waiting { .. } => "waiting",
            Self::Sending { .. } => "sending",
            Self::Working { .. } => "importing",
            Self::Complete { .. } => "registered",
            Self::Failed { .. } => "refused",
        }
    }

    /// What the service calls the registration.
    pub fn registration(&self) -> Option<&ZtdId> {
        match self {
            Self::Complete { registration, .. } => registration.as_ref(),
            _ => None,
        }
    }

    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Complete { .. })
    }

    /// Something is under way at the service, or will be.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Waiting { .. } | Self::Sending { .. } | Self::Working { .. })
    }
}

/// Everything that is known of one laptop's registration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dossier {
    /// In whose tenant. The laptop may have come back for another customer since.
    pub customer: String,
    pub progress: Progress,
    /// What was read back, and when that was last written down.
    pub seen: Option<(Moment, Seen)>,
    pub overrides: Vec<Override>,
}

impl Dossier {
    /// The id of the registration, from the import or as it was found under its number.
    pub fn registration(&self) -> Option<&ZtdId> {
        self.progress.registration().or_else(|| match self.seen.as_ref()?.1.registrations.as_slice() {
            [only] => Some(&only.id),
            _ => None,
        })
    }
}
