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
            // New evidence is kept, but only a person ends a hold.
            (Self::Held { at, reason, since }, event @ Event::Captured(_)) => {
                Self::Held { at: Box::new(at.on(event, now)?), reason, since }
            }
            // Each reason is looked at on its own; of one kind only the newest is there.
            (stage, Event::Hold(reason)) => {
                let rest = stage.without(&|earlier| reason.replaces(earlier));
                Self::Held { at: Box::new(rest), reason, since: now }
            }
            (stage, Event::OtherBatch) => stage.without(&|reason| matches!(reason, HoldReason::WrongCustomer { .. })),
            (stage, Event::Settled(with)) => {
                stage.without(&|reason| matches!(reason, HoldReason::Clash { other, .. } if *other == with))
            }
            (Self::Held { at, .. }, Event::Release) => *at,
            (stage @ (Self::Arrived { .. } | Self::Captured { .. }), event @ Event::Release) => {
                return Err(Refused { stage, event });
            }
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

    pub fn name(&self) -> StageName {
        match self {
            Self::Arrived { .. } => StageName::Arrived,
            Self::Captured { .. } => StageName::Captured,
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
