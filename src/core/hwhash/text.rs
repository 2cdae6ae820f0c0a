//! The text form: base64, and the damage it arrives with.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use super::{HardwareHash, HashError};

/// What was put right before the hash could be read; none of it changes the bytes that were meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repair {
    /// Spaces, line breaks or a byte order mark inside or around it.
    Blanks,
    /// Quotation marks around it.
    Quotes,
    /// The `=` at the end was missing, or there were too many.
    Padding,
    /// `-` and `_` of the URL alphabet.
    UrlAlphabet,
}

impl Repair {
    pub fn words(self) -> &'static str {
        match self {
            Self::Blanks => "removed blanks and line breaks",
            Self::Quotes => "removed quotation marks",
            Self::Padding => "put the padding right",
            Self::UrlAlphabet => "changed the URL alphabet to the standard one",
        }
    }
}

pub(super) fn encode(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

pub(super) fn parse(text: &str) -> Result<(HardwareHash, Vec<Repair>), HashError> {
    let bytes = BASE64_STANDARD.decode(text.trim()).map_err(|error| HashError::NotBase64(error.to_string()))?;
    HardwareHash::from_bytes(&bytes).map(|hash| (hash, vec![]))
}
