//! One machine's way over the bench, and the only function that moves it.
//!
//! ```text
//! Arrived ──capture──▶ Captured        hold: from any stage to Held, release: back to where it was
//!  (hello)            (identity kept)
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    capture::Capture,
    clock::Moment,
    control::StageName,
    envelope::MessageId,
    identity::{Clash, Identity},
    media_card::MediaId,
    problem::Problem,
};

/// The device's number on this bench's board, counted from 1 in the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceId(pub u64);

/// How we know what we last learnt. "Captured" by the agent itself and from a stick that was away
/// for two days are not the same claim, so the board shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// The agent on the laptop told the endpoint.
    Agent,
    /// A sealed capture came back on a stick.
    Stick,
    /// A person at this bench.
    Operator,
}

impl Signal {
    pub fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Stick => "stick",
            Self::Operator => "operator",
        }
    }
}

/// Where a device is, with what is proven by then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    Arrived { since: Moment },
    Captured { since: Moment, capture: MessageId },
    Held { at: Box<Stage>, reason: HoldReason, since: Moment },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldReason {
    /// Another device on this bench claims the same number.
    Clash { clash: Clash, other: DeviceId },
    /// Neither serial, UUID nor endorsement key tells this machine from the next.
    Anonymous,
}

impl HoldReason {
    /// A few words for the board.
    pub fn brief(&self) -> String {
        match self {
            Self::Clash { clash: Clash::SerialOnOtherBoard, other } => format!("same serial as #{}", other.0),
            Self::Clash { clash: Clash::UuidOnOtherBoard, other } => format!("same UUID as #{}", other.0),
            Self::Clash { clash: Clash::EkWithOtherUuid, other } => format!("same TPM as #{}", other.0),
            Self::Anonymous => "no usable serial, UUID or TPM key".to_owned(),
        }
    }

    pub fn problem(&self) -> Problem {
        let next = "Compare the label under the laptop with this screen. If it is right, release the device (r); \
                    if not, take the laptop off the bench and call the supervisor.";
        match self {
            Self::Clash { clash, other } => {
                let (what, why) = match clash {
                    Clash::SerialOnOtherBoard => (
                        "same serial number on two machines",
                        "The system board was replaced and given an old serial, or a serial was set twice.",
                    ),
                    Clash::UuidOnOtherBoard => (
                        "same system UUID on two machines",
                        "The vendor shipped several boards with one UUID, or firmware was cloned.",
                    ),
                    Clash::EkWithOtherUuid => (
                        "same TPM with another system UUID",
                        "The board was re-flashed in service, or its UUID was changed.",
                    ),
                };
                Problem::new(format!("Held: {what} (the other is device #{}).", other.0), why, next)
            }
            Self::Anonymous => Problem::new(
                "Held: this machine cannot be told from another.",
                "Its firmware has no real serial number and no real UUID, and no TPM key could be read.",
                "Have the vendor's tool set the serial number, turn the TPM on in the firmware setup, then boot it again.",
            ),
        }
    }
}

/// What can happen to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Hello,
    Captured(MessageId),
    Hold(HoldReason),
    Release,
}

/// The event does not fit the stage; nothing happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{event:?} does not apply to a device that is {}", stage.name().word())]
pub struct Refused {
    pub stage: Stage,
    pub event: Event,
}

impl Stage {
    /// The only function that moves a device.
    ///
    /// # Errors
    /// [`Refused`] if the event cannot happen here.
    pub fn on(self, event: Event, now: Moment) -> Result<Self, Refused> {
        Ok(match (self, event) {
            // A later hello is the same machine after a restart; what is proven stays proven.
            (stage, Event::Hello) => stage,
            (Self::Arrived { .. } | Self::Captured { .. }, Event::Captured(capture)) => {
                Self::Captured { since: now, capture }
            }
            // New evidence is kept, but only a person ends a hold.
            (Self::Held { reason, since, .. }, Event::Captured(capture)) => {
                Self::Held { at: Box::new(Self::Captured { since: now, capture }), reason, since }
            }
            (Self::Held { at, since, .. }, Event::Hold(reason)) => Self::Held { at, reason, since },
            (stage, Event::Hold(reason)) => Self::Held { at: Box::new(stage), reason, since: now },
            (Self::Held { at, .. }, Event::Release) => *at,
            (stage @ (Self::Arrived { .. } | Self::Captured { .. }), event @ Event::Release) => {
                return Err(Refused { stage, event });
            }
        })
    }

    pub fn name(&self) -> StageName {
        match self {
            Self::Arrived { .. } => StageName::Arrived,
            Self::Captured { .. } => StageName::Captured,
            Self::Held { .. } => StageName::Held,
        }
    }
}

/// Everything the bench knows of one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Device {
    pub id: DeviceId,
    pub identity: Identity,
    pub stage: Stage,
    pub batch: String,
    pub signal: Signal,
    pub arrived: Moment,
    pub last: Moment,
    pub media: MediaId,
    pub simulated: bool,
    /// The newest one; earlier ones stay in the journal.
    pub capture: Option<Arc<Capture>>,
    /// How many captures the journal holds.
    pub captures: u32,
    /// What happened, oldest first, in words.
    pub history: Vec<(Moment, Signal, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPTURE: MessageId = MessageId([1; 16]);

    fn at(ms: u64) -> Moment {
        Moment::from_millis(ms)
    }

    #[test]
    fn a_capture_moves_a_device_and_a_hold_keeps_it() {
        let arrived = Stage::Arrived { since: at(0) };
        let captured = arrived.on(Event::Captured(CAPTURE), at(10)).unwrap();
        assert_eq!(captured, Stage::Captured { since: at(10), capture: CAPTURE });
        let held = captured.clone().on(Event::Hold(HoldReason::Anonymous), at(20)).unwrap();
        assert_eq!(held.name(), StageName::Held);
        assert_eq!(held.on(Event::Release, at(30)).unwrap(), captured);
    }

    #[test]
    fn a_new_capture_does_not_end_a_hold() {
        let held = Stage::Arrived { since: at(0) }.on(Event::Hold(HoldReason::Anonymous), at(1)).unwrap();
        let held = held.on(Event::Captured(CAPTURE), at(2)).unwrap();
        assert_eq!(held.name(), StageName::Held);
        assert_eq!(held.on(Event::Release, at(3)).unwrap().name(), StageName::Captured);
    }

    #[test]
    fn only_a_held_device_can_be_released() {
        let refused = Stage::Arrived { since: at(0) }.on(Event::Release, at(1)).unwrap_err();
        assert_eq!(refused.to_string(), "Release does not apply to a device that is ARRIVED");
    }
}
