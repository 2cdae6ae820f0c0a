//! The agent's side of the endpoint: routes and bodies, shared by both ends.
//!
//! The agent POSTs envelopes. Every answer is JSON with its seal in the header [`SEAL_HEADER`],
//! made with the session key of the envelope it answers; an agent believes no unsealed answer.

use serde::{Deserialize, Serialize};

use crate::{envelope::MessageId, problem::Problem, readiness::Severity};

pub const HEALTH: &str = "/health";
/// POST an envelope of kind hello; answers [`Welcome`].
pub const HELLO: &str = "/agent/v1/hello";
/// POST an envelope of kind capture; answers [`Receipt`], once it is on the bench's disk.
pub const CAPTURE: &str = "/agent/v1/capture";
/// GET `?capture=<message id>&after=<order number>`: waits up to [`WAIT_SECONDS`]; answers [`Orders`].
/// 410 means that the bench restarted: send the same capture again, the answer will be the same.
pub const WAIT: &str = "/agent/v1/wait";
/// POST the `OA3.xml` of a laptop in Windows PE, with the headers [`WINPE_MEDIA`] and [`WINPE_PASS`]; answers lines
/// for its screen, see [`crate::windows::pe::Answer`]. 200: all is well; 202: kept, and a person has to look.
pub const WINPE: &str = "/winpe";
pub const WINPE_MEDIA: &str = "whiteglove-media";
pub const WINPE_PASS: &str = "whiteglove-pass";
/// GET and HEAD `/boot/<name>`, ranges allowed.
pub const BOOT: &str = "/boot";

pub const SEAL_HEADER: &str = "whiteglove-seal";
pub const WAIT_SECONDS: u64 = 25;
pub const DEFAULT_PORT: u16 = 8780;

/// What a seal is made for; one label per answer, so that none passes for another.
pub mod label {
    pub const WELCOME: &str = "welcome";
    pub const RECEIPT: &str = "receipt";
    pub const ORDERS: &str = "orders";
    pub const REFUSAL: &str = "refusal";
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    pub name: String,
    pub version: String,
    pub bench: String,
    /// The box key's id: tells an agent at once whether this is its bench.
    pub box_key: String,
    pub devices: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    pub message: MessageId,
    pub bench: String,
    pub batch: String,
    /// The bench's clock, milliseconds since 1970.
    pub now: u64,
}

/// The bench has the capture on its disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub message: MessageId,
    pub outcome: Outcome,
    /// This very message put it there; `false` if it was there before, by this or another path.
    pub stored: bool,
    /// The device's number on the board.
    pub device: u64,
    pub serial: Option<String>,
    /// What the technician should know about it; also the reason for a hold.
    pub notice: Option<Problem>,
    /// What is missing for pre-provisioning, worst first.
    pub missing: Vec<Missing>,
}

/// One thing that pre-provisioning will stumble over, in a few words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    pub severity: Severity,
    pub what: String,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.severity.word(), self.what)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A capture of a machine the bench had none of.
    Captured,
    /// A newer capture of a machine the bench knows. The earlier one stays in the journal.
    CapturedAgain,
    /// This very capture is here already.
    AlreadyHere,
    /// Kept, but a person has to look before anything else happens.
    Held,
}

/// What the laptop does next. Number 0 is "nothing yet".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    pub capture: MessageId,
    pub number: u64,
    pub order: Order,
    /// The bench's clock, milliseconds since 1970; what [`Order::SetClock`] sets. Zero from an old bench.
    #[serde(default)]
    pub now: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    Stay,
    PowerOff,
    /// Set UEFI `BootNext` to the entry after the one we came from, then restart.
    BootNext,
    /// Set the hardware clock from the bench's, then say how it stands now.
    SetClock,
}

impl Order {
    pub fn words(self) -> &'static str {
        match self {
            Self::Stay => "stay",
            Self::PowerOff => "power off",
            Self::BootNext => "restart into the next boot entry",
            Self::SetClock => "set its clock",
        }
    }
}
