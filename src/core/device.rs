//! One machine's way over the bench.
//!
//! ```text
//! Arrived ──capture, hash──▶ Captured ──import complete──▶ Registered ──every condition──▶ Cleared
//! (hello, label)         (identity kept)                  (or Arrived, by its box)  ◀──one not any more── (safe to boot)
//!
//! hold: from any stage to Held, release: back to where it was
//! replaced: from any stage, when the same laptop came back with a new board
//! another batch, deregistered: back to Captured
//! ```
//!
//! Invariant: only [`Stage::on`] moves a device.

mod change;
mod hold;
mod stage;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::{
    hold::HoldReason,
    stage::{Event, Evidence, Refused, Stage},
};
use crate::{
    batch::ModelName,
    capture::Capture,
    clock::Moment,
    entry::{DeviceLink, Lane, Source, ZtdId},
    hwhash::{self, Comparison, HardwareHash, MadeHash},
    identity::{Identity, Serial},
    media_card::MediaId,
    msdm::ProductKeyId,
    netboot::Choice,
    scan,
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
    /// Its firmware asked the network for something to boot.
    Network,
    /// Our script in Windows PE on the laptop, through the endpoint.
    WindowsPe,
    /// The registration service.
    Service,
}

impl Signal {
    pub fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Stick => "stick",
            Self::Import => "import",
            Self::Scan => "scan",
            Self::Operator => "operator",
            Self::Network => "network",
            Self::WindowsPe => "winpe",
            Self::Service => "service",
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

impl Label {
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        self.serial == other.serial && self.product_key_id == other.product_key_id
    }
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

impl Probe {
    pub fn words(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Ours => "registered in the customer's own tenant",
            Self::OtherTenant => "locked by another company",
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
    /// What it is to boot from the network.
    #[serde(default)]
    pub boot: Choice,
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

    /// Its serial number: what the machine or a file says, else what its label says.
    pub fn any_serial(&self) -> Option<&Serial> {
        self.identity.good_serial().or_else(|| self.label.as_ref()?.serial.as_ref())
    }

    /// The id of its Windows key: from the firmware, from a file or from its box.
    pub fn any_product_key_id(&self) -> Option<&ProductKeyId> {
        let label = || self.label.as_ref()?.product_key_id.as_ref();
        self.identity.product_key_id.as_ref().or(self.product_key_id.as_ref()).or_else(label)
    }

    /// When the laptop itself was last heard: it booted from one of our media.
    pub fn heard(&self) -> Option<Moment> {
        let of_itself = |(_, signal, _): &&(Moment, Signal, String)| matches!(signal, Signal::Agent | Signal::Stick);
        self.history.iter().rev().find(of_itself).map(|(at, ..)| *at)
    }

    /// The machine said something of itself, here or to Windows; what a label or a dealer's list says is hearsay.
    pub fn has_spoken(&self) -> bool {
        self.windows_hash.is_some() || self.ztd_id.is_some() || self.device_link.is_some() || self.heard().is_some()
    }

    /// It was in somebody's hands on this bench; a file may speak of a laptop that is still on its way.
    pub fn is_here(&self) -> bool {
        let by_hand = |(_, signal, _): &(Moment, Signal, String)| {
            matches!(signal, Signal::Agent | Signal::Stick | Signal::Scan | Signal::Network | Signal::WindowsPe)
        };
        self.history.iter().any(by_hand)
    }

    pub fn is_replaced(&self) -> bool {
        matches!(self.stage, Stage::Replaced { .. })
    }

    /// What its label says, if that is another machine's number.
    pub fn wrong_label(&self) -> Option<String> {
        self.misnamed_by(self.label.as_ref()?)
    }

    /// The number on the label that is not this machine's.
    pub(crate) fn misnamed_by(&self, label: &Label) -> Option<String> {
        let own = self.identity.good_serial();
        let serial = label.serial.as_ref().filter(|said| own.is_some_and(|own| !scan::means(said, own)));
        let own = self.identity.product_key_id.as_ref();
        let key = label.product_key_id.as_ref().filter(|said| own.is_some_and(|own| own != *said));
        serial.map(ToString::to_string).or_else(|| key.map(ToString::to_string))
    }

    /// The machine itself reports a number that its label says, and none that its label contradicts.
    pub fn label_agrees(&self) -> bool {
        let Some(label) = &self.label else { return false };
        let serial = label.serial.is_some() && self.identity.good_serial().is_some();
        let key = label.product_key_id.is_some() && self.identity.product_key_id.is_some();
        (serial || key) && self.has_spoken() && self.misnamed_by(label).is_none()
    }
}

#[cfg(test)]
mod tests;
