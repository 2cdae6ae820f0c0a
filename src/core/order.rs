//! What a customer ordered, and how a laptop on the bench relates to it: label, machine and order
//! have to name the same thing.

mod read;

pub use read::read;

use serde::{Deserialize, Serialize};

use crate::{device::DeviceId, identity::Serial, msdm::ProductKeyId, problem::Problem};

/// One line of an order: a machine that is expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    pub serial: Option<Serial>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_key_id: Option<ProductKeyId>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub manufacturer: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub asset_tag: String,
}

/// One line of an order file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    pub number: u64,
    pub repairs: Vec<String>,
    pub outcome: Result<Listed, crate::entry::Refusal>,
}

/// A line that was understood. A file may name the customer in a column of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub expected: Expected,
    pub customer: Option<String>,
}

/// How label, machine and order agree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Match {
    /// No order list for this batch, no label scanned: nothing to compare with.
    #[default]
    Unchecked,
    /// The label agrees with the machine; there is no order list.
    LabelAgrees,
    /// On the order; label and machine have not both said so yet.
    Expected,
    /// Label, machine and order agree.
    Matched,
    /// There is an order, and this is not on it.
    NotExpected,
    /// The label that was scanned for this laptop names another one.
    WrongMachine { label: String },
    /// On the order of another customer: full stop.
    WrongCustomer { customer: String, batch: String },
    /// On the order of another batch, and of nobody known to be another customer.
    OtherBatch { batch: String },
    /// Another laptop here stands for the same line of the order.
    Duplicate { other: DeviceId },
}

impl Match {
    /// One word for a column.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unchecked => "",
            Self::LabelAgrees => "label ok",
            Self::Expected => "expected",
            Self::Matched => "match",
            Self::NotExpected => "not expected",
            Self::WrongMachine { .. } => "WRONG MACHINE",
            Self::WrongCustomer { .. } => "WRONG CUSTOMER",
            Self::OtherBatch { .. } => "other batch",
            Self::Duplicate { .. } => "duplicate",
        }
    }

    /// What stands against shipping it as it is; `None` if nothing does.
    pub fn problem(&self) -> Option<Problem> {
        let (what, why, next) = match self {
            Self::Unchecked | Self::LabelAgrees | Self::Expected | Self::Matched => return None,
            Self::NotExpected => (
                "This laptop is not on the order".to_owned(),
                "The batch has an order list, and neither its serial number nor its product key id stands there.".to_owned(),
                "Put it aside and ask who ordered it; or add it to the order list and import that again.".to_owned(),
            ),
            Self::WrongMachine { label } => (
                format!("WRONG MACHINE: the label says {label}"),
                "The label that was scanned for this laptop names another one.".to_owned(),
                "Do not ship it. Look for the laptop that belongs to this label; scan the right label, then release (r)."
                    .to_owned(),
            ),
            Self::WrongCustomer { customer, batch } => (
                format!("STOP: this laptop belongs to {customer}"),
                format!("It stands on the order list of batch '{batch}'."),
                "Take it off this bench now. Nothing of it may be registered or shipped for the open batch.".to_owned(),
            ),
            Self::OtherBatch { batch } => (
                format!("This laptop belongs to batch '{batch}'"),
                "It stands on the order list of another batch, not on this one's.".to_owned(),
                "Put it with its batch, or correct the order lists.".to_owned(),
            ),
            Self::Duplicate { other } => (
                format!("Device #{} stands for the same line of the order", other.0),
                "Two laptops report the number that is ordered once.".to_owned(),
                "Compare both labels with the order, and put the wrong one aside.".to_owned(),
            ),
        };
        Some(Problem { what, why, next })
    }
}

/// The order of the open batch, line by line, for a screen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderStatus {
    pub customer: Option<String>,
    pub lines: Vec<OrderRow>,
}

impl OrderStatus {
    /// Lines whose laptop is here.
    pub fn here(&self) -> usize {
        self.lines.iter().filter(|line| matches!(line.state, LineState::Here { .. })).count()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRow {
    pub expected: Expected,
    pub state: LineState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineState {
    Missing,
    Here { device: DeviceId },
}
