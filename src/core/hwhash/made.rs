//! The hash made on Linux, from what our agent read on the very machine it runs on.
//!
//! Experimental: the encoding is proven, that Windows would have written the same bytes is not,
//! until a Windows capture of the same model agreed ([`super::compare`]).

use serde::{Deserialize, Serialize};

use super::HardwareHash;
use crate::{capture::Capture, clock::Moment};

/// Where one field came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldSource {
    /// Record type; a record that was left out is listed too, with `included: false`.
    pub kind: u16,
    /// The field's name, as in [`super::Field`].
    pub name: String,
    pub included: bool,
    /// `SMBIOS type 1`, `TPM2_GetCapability`, or why it was left out.
    pub source: String,
    /// What may differ from Windows' own value; empty if nothing is known.
    pub risk: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeHash {
    pub hash: HardwareHash,
    pub sources: Vec<FieldSource>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotMake {
    #[error("the firmware gave no SMBIOS table")]
    NoSmbios,
    #[error(transparent)]
    TooLong(#[from] super::TooLong),
}

/// # Errors
/// Nothing to make it from.
pub fn make(_capture: &Capture, _at: Moment) -> Result<MadeHash, CannotMake> {
    Err(CannotMake::NoSmbios)
}
