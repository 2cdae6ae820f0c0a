//! Why a person has to look before a device goes on, in words for the board and for the laptop.

use serde::{Deserialize, Serialize};

use super::DeviceId;
use crate::{identity::Clash, problem::Problem};

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
            Self::Clash { clash, other } => {
                let words = match clash {
                    Clash::SerialOnOtherBoard => "same serial as",
                    Clash::UuidOnOtherBoard => "same UUID as",
                    Clash::EkWithOtherUuid => "same TPM as",
                    Clash::BoardChanged => "MOTHERBOARD CHANGED since",
                    Clash::EkChanged => "TPM OR BOARD CHANGED since",
                    Clash::UuidChanged => "UUID OR BOARD CHANGED since",
                };
                format!("{words} #{}", other.0)
            }
            Self::Anonymous => "no usable serial, UUID or TPM key".to_owned(),
            Self::WrongMachine { label } => format!("WRONG MACHINE: label says {label}"),
            Self::WrongCustomer { customer, .. } => format!("WRONG CUSTOMER: belongs to {customer}"),
        }
    }

    pub fn clash(&self) -> Option<Clash> {
        match self {
            Self::Clash { clash, .. } => Some(*clash),
            _ => None,
        }
    }

    /// The device it clashes with.
    pub fn other(&self) -> Option<DeviceId> {
        match self {
            Self::Clash { other, .. } => Some(*other),
            _ => None,
        }
    }

    /// A person may say that it is the same laptop with another board.
    pub fn may_be_new_board(&self) -> bool {
        matches!(self, Self::Clash { clash, .. } if *clash != Clash::UuidOnOtherBoard)
    }

    /// Of two reasons of one kind, the newer takes the older one's place.
    pub(super) fn replaces(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::Clash { other, .. }, Self::Clash { other: earlier, .. }) => other == earlier,
            (Self::Anonymous, Self::Anonymous)
            | (Self::WrongMachine { .. }, Self::WrongMachine { .. })
            | (Self::WrongCustomer { .. }, Self::WrongCustomer { .. }) => true,
            _ => false,
        }
    }

    pub fn problem(&self) -> Problem {
        match self {
            Self::Clash { clash, other } => {
                let (what, why) = explain(*clash);
                let next = match self.may_be_new_board() {
                    true => {
                        "Compare the label under the laptop with this screen. The same laptop with a new board: b. Two \
                         laptops whose labels both agree: release (r). Otherwise put it aside and call the supervisor."
                    }
                    false => {
                        "Compare the label under the laptop with this screen. If it is right, release the device (r); \
                         if not, take the laptop off the bench and call the supervisor."
                    }
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

fn explain(clash: Clash) -> (&'static str, &'static str) {
    match clash {
        Clash::SerialOnOtherBoard => (
            "same serial number on two machines",
            "The system board was replaced and given an old serial, or a serial was set twice.",
        ),
        Clash::BoardChanged => (
            "MOTHERBOARD CHANGED: a known serial number with another TPM or UUID",
            "The board was replaced since it was known here, or somebody set this serial number on a second laptop.",
        ),
        Clash::EkChanged => (
            "TPM OR MOTHERBOARD CHANGED: serial number and UUID are known, the TPM key is another one",
            "The TPM or board was replaced, or the firmware TPM was reset. The earlier hardware hash no longer fits.",
        ),
        Clash::UuidChanged => (
            "UUID OR MOTHERBOARD CHANGED: serial number and TPM are known, the system UUID is another one",
            "The board's firmware was written anew in service. The earlier hardware hash no longer fits.",
        ),
        Clash::UuidOnOtherBoard => (
            "same system UUID on two machines",
            "The vendor shipped several boards with one UUID, or firmware was cloned.",
        ),
        Clash::EkWithOtherUuid => {
            ("same TPM with another system UUID", "The board was re-flashed in service, or its UUID was changed.")
        }
    }
}
