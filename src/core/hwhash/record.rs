//! Records as values. What is not understood to the last byte stays as bytes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{blob::Blob, identity::Mac};

/// One record. [`Record::decode`] and [`Record::value`] are inverse: what a variant could not give
/// back byte for byte is [`Record::Other`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// 1: who made the hash, and when.
    Versions {
        tool_build: [u16; 4],
        os_build: [u16; 4],
        seconds: u32,
        zone_quarters: i8,
        os_type: u8,
        architecture: u8,
        tool: u8,
    },
    /// 2
    Processor { architecture: u16, packages: u16, cores: u16, threads: u16, hyper_threading: u32 },
    /// 6: capacity in 10^9 bytes.
    Disk { gigabytes: u64, bus: u16, seek_penalty: u8, trim: u8 },
    /// 8: `medium` is NDIS_PHYSICAL_MEDIUM, `bus` the enumerator's name.
    Network { medium: u32, mac: Mac, bus: String },
    /// Any other record whose value is text, with or without the NUL at its end.
    Text { kind: u16, text: String, nul: bool },
    /// Whatever else.
    Other { kind: u16, value: Blob },
}

impl Record {
    pub fn decode(kind: u16, value: &[u8]) -> Self {
        Self::Other { kind, value: Blob(value.to_vec()) }
    }

    pub fn kind(&self) -> u16 {
        match self {
            Self::Versions { .. } => 1,
            Self::Processor { .. } => 2,
            Self::Disk { .. } => 6,
            Self::Network { .. } => 8,
            Self::Text { kind, .. } | Self::Other { kind, .. } => *kind,
        }
    }

    pub fn value(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Other { value, .. } => Cow::Borrowed(&value.0),
            _ => Cow::Borrowed(&[]),
        }
    }
}
