//! What the journal holds: everything that ever happened on this bench, in order, never changed.
//!
//! Records are facts, not intentions: folding them again gives the same bench. A kind that was once
//! written stays readable for ever; a new field comes with a default.

use serde::{Deserialize, Serialize};

use crate::{
    api::Order,
    capture::Capture,
    device::{DeviceId, HoldReason, Signal},
    envelope::MessageId,
    identity::Identity,
    media_card::MediaId,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// The batch that captures belong to from here on.
    BatchOpened {
        batch: String,
    },
    /// A boot medium was made; captures sealed with its token are accepted.
    MediaIssued {
        media: MediaId,
        batch: String,
    },
    /// The medium was lost or retired: nothing sealed with its token is accepted from here on.
    MediaRevoked {
        media: MediaId,
    },
    /// A machine nobody knew says hello. It gets the next number.
    DeviceArrived {
        identity: Identity,
        media: MediaId,
        message: MessageId,
        simulated: bool,
    },
    /// A known machine was switched on again.
    DeviceReturned {
        device: DeviceId,
        message: MessageId,
    },
    /// A capture, whole. `device` is `None` for a machine nobody knew; it gets
    /// the next number.
    CaptureTaken {
        device: Option<DeviceId>,
        media: MediaId,
        signal: Signal,
        /// SHA-256 of the envelope it came in, hex: ties the record to the file on the stick.
        envelope: String,
        capture: Box<Capture>,
    },
    DeviceHeld {
        device: DeviceId,
        reason: HoldReason,
    },
    DeviceReleased {
        device: DeviceId,
    },
    OrderGiven {
        device: DeviceId,
        order: Order,
    },
}

impl Record {
    /// The name under which the journal files it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::BatchOpened { .. } => "batch-opened",
            Self::MediaIssued { .. } => "media-issued",
            Self::MediaRevoked { .. } => "media-revoked",
            Self::DeviceArrived { .. } => "device-arrived",
            Self::DeviceReturned { .. } => "device-returned",
            Self::CaptureTaken { .. } => "capture-taken",
            Self::DeviceHeld { .. } => "device-held",
            Self::DeviceReleased { .. } => "device-released",
            Self::OrderGiven { .. } => "order-given",
        }
    }
}
