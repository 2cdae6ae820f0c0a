//! One machine's way over the bench, and the only function that moves it.
//!
//! ```text
//! Arrived ──capture, hash──▶ Captured      hold: from any stage to Held, release: back to where it was
//! (hello, label)         (identity kept)   replaced: from any stage, when the same laptop came back with a new board
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    batch::ModelName,
    capture::Capture,
    clock::Moment,
    control::StageName,
    entry::{DeviceLink, Entry, Lane, Source, ZtdId},
    envelope::MessageId,
    hwhash::{self, Comparison, HardwareHash, HashDigest, MadeHash},
    identity::{Clash, Identity, Serial},
    media_card::MediaId,
    msdm::ProductKeyId,
    problem::Problem,
    smbios::Smbios,
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
    /// A file that a person imported.
    Import,
    /// A code that a person scanned.
    Scan,
    /// A person at this bench.
    Operator,
}

impl Signal {
    pub fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Stick => "stick",
            Self::Import => "import",
            Self::Scan => "scan",
            Self::Operator => "operator",
        }
    }
}

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
    Held {
        at: Box<Stage>,
        reason: HoldReason,
        since: Moment,
    },
    /// The same laptop lives on under another number, with another board.
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldReason {
    /// Another device on this bench claims the same number.
    Clash { clash: Clash, other: DeviceId },
    /// Neither serial, UUID nor endorsement key tells this machine from the next.
    Anonymous,
    /// The label that was scanned for it names another machine.
    WrongMachine { label: String },
    /// It stands on another customer's order.
    WrongCustomer { customer: String, batch: String },
}

impl HoldReason {
    /// A few words for the board.
    pub fn brief(&self) -> String {
        match self {
            Self::Clash { clash: Clash::SerialOnOtherBoard, other } => format!("same serial as #{}", other.0),
            Self::Clash { clash: Clash::UuidOnOtherBoard, other } => format!("same UUID as #{}", other.0),
            Self::Clash { clash: Clash::EkWithOtherUuid, other } => format!("same TPM as #{}", other.0),
            Self::Clash { clash: Clash::BoardChanged, other } => format!("MOTHERBOARD CHANGED since #{}", other.0),
            Self::Clash { clash: Clash::EkChanged, other } => format!("TPM OR BOARD CHANGED since #{}", other.0),
            Self::Anonymous => "no usable serial, UUID or TPM key".to_owned(),
            Self::WrongMachine { label } => format!("WRONG MACHINE: label says {label}"),
            Self::WrongCustomer { customer, .. } => format!("WRONG CUSTOMER: belongs to {customer}"),
        }
    }

    /// A person may say that it is the same laptop with another board.
    pub fn may_be_new_board(&self) -> bool {
        matches!(
            self,
            Self::Clash {
                clash: Clash::SerialOnOtherBoard | Clash::BoardChanged | Clash::EkChanged | Clash::EkWithOtherUuid,
                ..
            }
        )
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
                    Clash::BoardChanged => (
                        "MOTHERBOARD CHANGED: a known serial number with another TPM and UUID",
                        "The board was replaced since the earlier visit, or somebody set this serial number on a second laptop.",
                    ),
                    Clash::EkChanged => (
                        "TPM OR MOTHERBOARD CHANGED: serial number and UUID are known, the TPM key is another one",
                        "The TPM or board was replaced, or the firmware TPM was reset. The earlier hardware hash no longer fits.",
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
                let next = match self.may_be_new_board() {
                    true => {
                        "Compare the label under the laptop with this screen. The same laptop with a new board: b. Two \
                         laptops whose labels both agree: release (r). Otherwise put it aside and call the supervisor."
                    }
                    false => next,
                };
                Problem::new(format!("Held: {what} (the other is device #{}).", other.0), why, next)
            }
            Self::WrongMachine { label } => Problem::new(
                format!("Held: WRONG MACHINE. The label says {label}."),
                "The label that was scanned for this laptop names another one.",
                "Find the laptop that belongs to this label. Scan the right label for this one, then release it (r).",
            ),
            Self::WrongCustomer { customer, batch } => Problem::new(
                format!("STOP: this laptop belongs to {customer}."),
                format!("It stands on the order list of batch '{batch}', which is another customer's."),
                "Take it off this bench now; nothing of it may be registered here. Call the supervisor.",
            ),
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
    Captured(Evidence),
    Hold(HoldReason),
    Release,
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

impl Probe {
    pub fn words(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Ours => "registered in the customer's own tenant",
            Self::OtherTenant => "locked by another company",
        }
    }
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
            (stage @ Self::Replaced { .. }, event) => return Err(Refused { stage, event }),
            (_, Event::Replaced(by)) => Self::Replaced { by, since: now },
            (Self::Arrived { .. } | Self::Captured { .. }, Event::Captured(by)) => Self::Captured { since: now, by },
            // New evidence is kept, but only a person ends a hold.
            (Self::Held { reason, since, .. }, Event::Captured(by)) => {
                Self::Held { at: Box::new(Self::Captured { since: now, by }), reason, since }
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
            Self::Replaced { .. } => StageName::Replaced,
        }
    }
}

/// A hash that came by import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowsHash {
    pub hash: HardwareHash,
    pub lane: Lane,
    pub source: Source,
    pub at: Moment,
}

/// What a label says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub serial: Option<Serial>,
    pub product_key_id: Option<ProductKeyId>,
    pub at: Moment,
}

/// What the registration service says about a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// Nobody has it.
    Free,
    /// Registered in the customer's own tenant (806).
    Ours,
    /// Locked by another company (808).
    OtherTenant,
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
    /// The boot medium it last spoke through; none for a machine known from a file or label only.
    pub media: Option<MediaId>,
    pub simulated: bool,
    /// The newest one; earlier ones stay in the journal.
    pub capture: Option<Arc<Capture>>,
    /// How many captures the journal holds.
    pub captures: u32,
    /// The newest hash that Windows or WinPE made of it.
    #[serde(default)]
    pub windows_hash: Option<WindowsHash>,
    #[serde(default)]
    pub product_key_id: Option<ProductKeyId>,
    #[serde(default)]
    pub device_link: Option<DeviceLink>,
    #[serde(default)]
    pub ztd_id: Option<ZtdId>,
    #[serde(default)]
    pub group_tag: String,
    #[serde(default)]
    pub assigned_user: String,
    /// The label that was last scanned for it.
    #[serde(default)]
    pub label: Option<Label>,
    /// What the service said of its registration, as a person reported it.
    #[serde(default)]
    pub probe: Option<(Moment, Probe)>,
    /// What happened, oldest first, in words.
    pub history: Vec<(Moment, Signal, String)>,
}

impl Device {
    /// By the strings that Windows registers.
    pub fn model_name(&self) -> ModelName {
        let smbios = self.capture.as_deref().and_then(|capture| capture.smbios.as_ref());
        let of_table = smbios.and_then(|tables| {
            let smbios = Smbios::parse(&tables.table.0);
            let system = smbios.system()?;
            Some(ModelName { manufacturer: system.manufacturer.to_string(), product: system.product.to_string() })
        });
        of_table.unwrap_or_else(|| ModelName {
            manufacturer: self.identity.manufacturer.clone(),
            product: self.identity.model.clone(),
        })
    }

    /// The hash our agent made on it.
    pub fn linux_hash(&self) -> Option<&MadeHash> {
        self.capture.as_deref()?.hash.as_ref()
    }

    /// Our hash beside Windows' own, if both are there.
    pub fn comparison(&self) -> Option<Comparison> {
        Some(hwhash::compare(&self.linux_hash()?.hash, &self.windows_hash.as_ref()?.hash))
    }

    /// The id of its Windows key: from the firmware, from a file or from its box.
    pub fn any_product_key_id(&self) -> Option<&ProductKeyId> {
        self.identity.product_key_id.as_ref().or(self.product_key_id.as_ref())
    }

    /// Takes in what an entry says; what the machine itself said before stays.
    pub(crate) fn learn(&mut self, entry: Entry, seen: &Identity, source: Source, at: Moment) {
        let own = &mut self.identity;
        own.serial = own.good_serial().cloned().or_else(|| seen.serial.clone()).or(own.serial.take());
        own.uuid = own.good_uuid().or(seen.uuid).or(own.uuid);
        own.ek = own.ek.or(seen.ek);
        if own.macs.is_empty() {
            own.macs.clone_from(&seen.macs);
        }
        for (text, other) in [(&mut own.manufacturer, &seen.manufacturer), (&mut own.model, &seen.model)] {
            if text.is_empty() {
                text.clone_from(other);
            }
        }
        if let Some(hash) = entry.hash {
            self.windows_hash = Some(WindowsHash { hash, lane: entry.lane, source, at });
        }
        self.product_key_id = entry.product_key_id.or(self.product_key_id.take());
        self.device_link = entry.device_link.or(self.device_link.take());
        self.ztd_id = entry.ztd_id.or(self.ztd_id.take());
        for (text, new) in [(&mut self.group_tag, entry.group_tag), (&mut self.assigned_user, entry.assigned_user)] {
            if !new.is_empty() {
                *text = new;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPTURE: Evidence = Evidence::Capture(MessageId([1; 16]));

    fn at(ms: u64) -> Moment {
        Moment::from_millis(ms)
    }

    #[test]
    fn a_capture_moves_a_device_and_a_hold_keeps_it() {
        let arrived = Stage::Arrived { since: at(0) };
        let captured = arrived.on(Event::Captured(CAPTURE), at(10)).unwrap();
        assert_eq!(captured, Stage::Captured { since: at(10), by: CAPTURE });
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
