//! What a person sees of the pace.

use serde::{Deserialize, Serialize};

use crate::clock::Moment;

/// Why nothing is sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The service named the time.
    Asked,
    /// It has too many requests and named no time.
    Throttled,
    Faulty,
    NoAnswer,
    NoLine,
    /// One request tries whether it works again.
    Probe,
    /// As many are under way as may be.
    UnderWay,
    /// The published limit is used up.
    Limit,
}

impl Why {
    pub fn words(self) -> &'static str {
        match self {
            Self::Asked => "the service asks to wait",
            Self::Throttled => "the service has too many requests",
            Self::Faulty => "the service has a fault",
            Self::NoAnswer => "the service does not answer",
            Self::NoLine => "the service is not reached",
            Self::Probe => "one request tries whether it works again",
            Self::UnderWay => "waiting for answers",
            Self::Limit => "the published limit of the tenant is used up",
        }
    }

    /// Not the ordinary course of work.
    pub fn is_trouble(self) -> bool {
        !matches!(self, Self::UnderWay | Self::Limit)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct View {
    /// When the next request may go. `None`: now.
    pub next: Option<Moment>,
    pub why: Option<Why>,
    /// In a row.
    pub failures: u32,
    /// Only one request at a time is tried.
    pub broken: bool,
    pub under_way: u32,
    /// When the tenant may be synchronised again. `None`: now, as far as is known.
    pub sync_from: Option<Moment>,
}
