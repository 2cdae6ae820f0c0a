//! What a registrar is to do at the service next, and what it reports. Data only: the bench hands out [`Work`], the
//! registrar carries it out with as many requests as that takes, and its [`Report`] is journalled before more is done.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::seen::{ImportState, Seen};
use crate::{
    clock::Moment,
    customer::Cloud,
    device::DeviceId,
    entry::{NotAGuid, ZtdId, guid},
    lane::{Lane, Row},
    problem::Problem,
};

/// Names one sending, and goes out with every line of it (`importId` in Graph, `MS-RequestId` at Partner Center): what
/// became of it can be looked for. A GUID in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AttemptId(String);

impl AttemptId {
    /// Of random bytes, as RFC 9562 version 4 writes them.
    pub fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex = hex::encode(bytes);
        Self(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For the next request of the same sending, where a service takes each number for one request.
    pub(crate) fn following(&self) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&Sha256::digest(&self.0)[..16]);
        Self::from_random(bytes)
    }
}

impl TryFrom<String> for AttemptId {
    type Error = NotAGuid;
    fn try_from(text: String) -> Result<Self, NotAGuid> {
        guid(&text).map(Self)
    }
}

impl From<AttemptId> for String {
    fn from(id: AttemptId) -> Self {
        id.0
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the service calls a line that it has taken in: the id of the imported identity (Graph), or the tracking id of
/// the batch job (Partner Center), which many lines share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImportId(pub String);

/// One sending, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Sending {
    pub attempt: AttemptId,
    pub lane: Lane,
    /// Partner Center names its batch so, and it becomes the group tag.
    pub group_tag: String,
    pub rows: Vec<Row>,
}

/// A sending of which nobody knows whether it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settling {
    pub attempt: AttemptId,
    pub lane: Lane,
    pub group_tag: String,
    /// When it was begun: what is not there long after that never arrived.
    pub since: Moment,
    pub lines: Vec<Reading>,
}

/// A line that the service is working on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub device: DeviceId,
    pub import: ImportId,
    pub called: String,
}

/// A laptop whose registration is to be read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub device: DeviceId,
    /// If it is known; else it is looked for by its number.
    pub registration: Option<ZtdId>,
    pub called: String,
}

/// Group tag, user and name as they are to be: all are sent, as the service blanks what is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amendment {
    pub device: DeviceId,
    pub registration: ZtdId,
    pub group_tag: String,
    pub user: String,
    pub name: String,
}

/// Something that a person asked for, one laptop each; the journal has it before it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    Amend(Amendment),
    /// Lets a laptop be provisioned once more that was already (`allowNextEnrollment`).
    Unblock {
        device: DeviceId,
        registration: ZtdId,
    },
    /// Takes the registration away.
    Deregister {
        device: DeviceId,
        registration: ZtdId,
    },
}

/// What a person wants done to a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// Tag, user and name as the batch says.
    Amend,
    Unblock,
    Deregister,
}

impl Act {
    pub fn device(&self) -> DeviceId {
        match self {
            Self::Amend(Amendment { device, .. }) | Self::Unblock { device, .. } | Self::Deregister { device, .. } => {
                *device
            }
        }
    }

    /// What it does, for who has to agree to it.
    pub fn words(&self) -> String {
        match self {
            Self::Amend(Amendment { group_tag, user, name, .. }) => {
                let shown = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
                format!("group tag {}, user {}, name {}", shown(group_tag), shown(user), shown(name))
            }
            Self::Unblock { .. } => "let it be provisioned once more".to_owned(),
            Self::Deregister { registration, .. } => format!("delete its registration {}", registration.as_str()),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// For the first time; the intent is in the journal.
    Send(Sending),
    /// The bench went down, or the line did, between sending and answer: look whether it is there, send nothing.
    Settle(Settling),
    Poll(Vec<Waiting>),
    Read(Vec<Reading>),
    Act {
        attempt: AttemptId,
        act: Act,
    },
    /// Asks Intune to look at its Autopilot devices now: at most once in ten minutes for the whole tenant.
    Sync,
}

/// What came of a piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// The service has taken these in and calls them so; `refused` are those of the same sending that it has not.
    Sent {
        attempt: AttemptId,
        taken: Vec<(DeviceId, ImportId)>,
        refused: Vec<(DeviceId, ImportState)>,
    },
    /// Surely nothing of it is with the service: a refusal of the whole, or it was looked for and is not there.
    NotSent {
        attempt: AttemptId,
        why: Problem,
    },
    /// Nobody knows: it is to be settled.
    Lost {
        attempt: AttemptId,
        why: String,
    },
    Polled(Vec<(DeviceId, ImportState)>),
    Read(Vec<(DeviceId, Seen)>),
    Acted {
        attempt: AttemptId,
        outcome: Result<(), Problem>,
    },
    Synced,
    /// Nothing could be asked now; what was to be done stays to be done. `wait`: as the service asks.
    Held {
        why: Problem,
        wait: Option<Duration>,
    },
}

/// Whose registration is worked on: what a registrar needs to know of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tenant {
    pub customer: String,
    pub id: String,
    pub cloud: Cloud,
}
