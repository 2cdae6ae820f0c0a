//! Where a device is, and the only function that moves it.

use serde::{Deserialize, Serialize};

use super::{DeviceId, HoldReason};
use crate::{clock::Moment, control::StageName, envelope::MessageId, hwhash::HashDigest};

/// Where a device is, with what is proven by then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    Arrived {
        since: Moment,
    },
    Captured {
        since: Moment,
        by: Evidence,
    },
    /// The service has it. Without `capture`: by what its box says.
    Registered {
        since: Moment,
        capture: Option<(Moment, Evidence)>,
    },
    /// Everything that the technician phase needs was seen to be there: safe to boot.
    Cleared {
        since: Moment,
        capture: Option<(Moment, Evidence)>,
    },
    /// A release leads back to `at`, which is another hold if there was a second reason.
    Held {
        at: Box<Stage>,
        reason: HoldReason,
        since: Moment,
    },
    /// The same laptop lives on under another number, most often with another board.
    Replaced {
        by: DeviceId,
        since: Moment,
    },
}

/// What a capture rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Our agent read the machine.
    Capture(MessageId),
    /// Windows or WinPE made a hash, and somebody imported it.
    Hash(HashDigest),
}

/// What can happen to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Hello,
    Captured(Evidence),
    /// The service says that its import is complete.
    Registered,
    /// Every condition of the gate holds.
    Cleared,
    /// One of them does not hold any more.
    Uncleared,
    /// Its registration was taken away.
    Deregistered,
    Hold(HoldReason),
    Release,
    /// It came back in another batch: whose customer it is not, is another question now.
    OtherBatch,
    /// What it clashed about with this one is settled.
    Settled(DeviceId),
    /// A person said that it is the same laptop as this one, which has another board.
    Replaced(DeviceId),
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
            (stage @ Self::Replaced { .. }, event) => return Err(Refused { stage, event }),
            // A later hello is the same machine after a restart; what is proven stays proven.
            (stage, Event::Hello) => stage,
            (_, Event::Replaced(by)) => Self::Replaced { by, since: now },
            (Self::Arrived { .. } | Self::Captured { .. }, Event::Captured(by)) => Self::Captured { since: now, by },
            (Self::Registered { since, .. }, Event::Captured(by)) => {
                Self::Registered { since, capture: Some((now, by)) }
            }
            (Self::Cleared { since, .. }, Event::Captured(by)) => Self::Cleared { since, capture: Some((now, by)) },
            // New evidence and what the service says are kept, but only a person ends a hold.
            (
                Self::Held { at, reason, since },
                event @ (Event::Captured(_) | Event::Registered | Event::Uncleared | Event::Deregistered),
            ) => Self::Held { at: Box::new(at.on(event, now)?), reason, since },
            (stage @ (Self::Arrived { .. } | Self::Captured { .. }), Event::Registered) => {
                Self::Registered { since: now, capture: stage.captured() }
            }
            (stage @ (Self::Registered { .. } | Self::Cleared { .. }), Event::Registered) => stage,
            (Self::Registered { capture, .. }, Event::Cleared) => Self::Cleared { since: now, capture },
            (Self::Cleared { capture, .. }, Event::Uncleared) => Self::Registered { since: now, capture },
            (stage @ (Self::Registered { .. } | Self::Cleared { .. }), Event::Deregistered) => stage.unregistered(now),
            // Each reason is looked at on its own; of one kind only the newest is there.
            (stage, Event::Hold(reason)) => {
                let rest = stage.without(&|earlier| reason.replaces(earlier));
                Self::Held { at: Box::new(rest), reason, since: now }
            }
            // Whether its registration fits the other batch is looked at anew.
            (stage, Event::OtherBatch) => {
                stage.without(&|reason| matches!(reason, HoldReason::WrongCustomer { .. })).unregistered(now)
            }
            (stage, Event::Settled(with)) => {
                stage.without(&|reason| matches!(reason, HoldReason::Clash { other, .. } if *other == with))
            }
            (Self::Held { at, .. }, Event::Release) => *at,
            (stage, event) => return Err(Refused { stage, event }),
        })
    }

    /// Without the holds that are over.
    fn without(self, over: &dyn Fn(&HoldReason) -> bool) -> Self {
        match self {
            Self::Held { at, reason, .. } if over(&reason) => at.without(over),
            Self::Held { at, reason, since } => Self::Held { at: Box::new(at.without(over)), reason, since },
            stage => stage,
        }
    }

    /// As if nobody had registered it.
    fn unregistered(self, now: Moment) -> Self {
        match self {
            Self::Held { at, reason, since } => Self::Held { at: Box::new(at.unregistered(now)), reason, since },
            Self::Registered { capture, .. } | Self::Cleared { capture, .. } => match capture {
                Some((since, by)) => Self::Captured { since, by },
                None => Self::Arrived { since: now },
            },
            stage => stage,
        }
    }

    /// The service has it, whatever holds it on the bench.
    pub fn is_registered(&self) -> bool {
        matches!(self.below_holds(), Self::Registered { .. } | Self::Cleared { .. })
    }

    /// Safe to boot, as far as the service goes; a hold stands above it.
    pub fn is_cleared(&self) -> bool {
        matches!(self.below_holds(), Self::Cleared { .. })
    }

    /// When it was captured last, and what that rests on.
    pub fn captured(&self) -> Option<(Moment, Evidence)> {
        match self.below_holds() {
            Self::Captured { since, by } => Some((*since, *by)),
            Self::Registered { capture, .. } | Self::Cleared { capture, .. } => *capture,
            Self::Arrived { .. } | Self::Held { .. } | Self::Replaced { .. } => None,
        }
    }

    pub fn name(&self) -> StageName {
        match self {
            Self::Arrived { .. } => StageName::Arrived,
            Self::Captured { .. } => StageName::Captured,
            Self::Registered { .. } => StageName::Registered,
            Self::Cleared { .. } => StageName::Cleared,
            Self::Held { .. } => StageName::Held,
            Self::Replaced { .. } => StageName::Replaced,
        }
    }

    /// Where it will be once nothing holds it.
    pub fn below_holds(&self) -> &Self {
        match self {
            Self::Held { at, .. } => at.below_holds(),
            stage => stage,
        }
    }

    /// Why it is held, the newest reason first.
    pub fn holds(&self) -> impl Iterator<Item = &HoldReason> {
        let mut stage = self;
        std::iter::from_fn(move || {
            let Self::Held { at, reason, .. } = stage else { return None };
            stage = at;
            Some(reason)
        })
    }
}
