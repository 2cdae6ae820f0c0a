//! The Autopilot hardware hash ("4K hash", OA3): a list of tagged records and a plain SHA-256 over
//! them. Nothing in it is signed, so the digest proves that it is whole, not where it comes from.
//!
//! Layout: measured on complete samples of Windows, WinPE and virtual machines. Everything is
//! little-endian; records follow each other without alignment. Tools treat the number after the magic
//! as the length of all records, and pad the whole with zeros to 3000 bytes (4000 base64 characters).
//!
//! Invariant: a [`HardwareHash`] is well-formed and whole, and gives back the bytes it was read from.

mod compare;
mod container;
mod critical;
mod doubts;
mod field;
mod made;
mod record;
mod text;
mod words;

pub use compare::{Comparison, Difference, Verdict, compare};
pub use container::{HardwareHash, HashDigest, HashError, TooLong};
pub use critical::Critical;
pub use field::Field;
pub use made::{CannotMake, FieldSource, MadeHash, make};
pub use record::{CoreClass, Record};
pub use text::Repair;

use serde::{Deserialize, Serialize};

/// What ran when the hash was made, as record 1 says. A hash that this bench's agent made says
/// [`Origin::FullOs`] too, for Windows never reads it otherwise; the bench knows its own by digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    WinPe,
    FullOs,
    Unknown,
}

impl Origin {
    pub fn words(self) -> &'static str {
        match self {
            Self::WinPe => "WinPE",
            Self::FullOs => "Windows",
            Self::Unknown => "unknown system",
        }
    }
}

#[cfg(test)]
mod tests;
