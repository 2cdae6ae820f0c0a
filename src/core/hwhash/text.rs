//! The text form: base64, and the damage it arrives with.
//!
//! Rules for padding: Microsoft Learn, "Troubleshoot Autopilot device import and enrollment" (cannot convert device
//! hash). An `A` at the end is six zero bits of the tail, so one that was lost can be put back.

use base64::{
    DecodeError, Engine,
    alphabet::STANDARD,
    engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD_NO_PAD},
    prelude::BASE64_STANDARD,
};
use serde::{Deserialize, Serialize};

use super::{HardwareHash, HashError, container::LARGEST};

/// Takes a last character that says more than there is room for.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone),
);

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
    /// The last character carried bits of a byte that is not there.
    TrailingBits,
}

impl Repair {
    pub fn words(self) -> &'static str {
        match self {
            Self::Blanks => "removed blanks and line breaks",
            Self::Quotes => "removed quotation marks",
            Self::Padding => "put the padding right",
            Self::UrlAlphabet => "changed the URL alphabet to the standard one",
            Self::TrailingBits => "ignored loose bits in the last character",
        }
    }
}

pub(super) fn encode(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

pub(super) fn parse(text: &str) -> Result<(HardwareHash, Vec<Repair>), HashError> {
    // A file ends with a line break; that is no damage.
    let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    // Four times the largest: room for blanks, not for a file that merely begins like one.
    if text.len() > 4 * LARGEST {
        return Err(HashError::TooLarge);
    }
    // Nearly all are clean and padded as usual.
    if let Some(hash) = clean(text) {
        return Ok((hash, vec![]));
    }
    if let Ok(bytes) = BASE64_STANDARD.decode(text) {
        return HardwareHash::from_bytes(&bytes).map(|hash| (hash, vec![]));
    }
    let (bytes, repairs) = repaired(text)?;
    HardwareHash::from_bytes(&bytes).map(|hash| (hash, repairs))
}

/// A text without damage, most of which stands for zeros: those are counted instead of decoded. `None` says only
/// that it has to be read with care.
fn clean(text: &str) -> Option<HardwareHash> {
    const ZEROS: [u8; 64] = [b'A'; 64];
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let blocks = text.as_bytes().rchunks_exact(ZEROS.len()).take_while(|block| *block == ZEROS).count();
    let (used, zeros) = text.split_at_checked(text.len() - blocks * ZEROS.len())?;
    let bytes = BASE64_STANDARD.decode(used).ok()?;
    // Padding belongs to the end, so behind it there can be no zeros.
    let whole = zeros.is_empty() || !used.ends_with('=');
    whole.then(|| HardwareHash::from_padded(&bytes, zeros.len() / 4 * 3).ok())?
}

/// The bytes that a damaged text means.
pub(super) fn repaired(text: &str) -> Result<(Vec<u8>, Vec<Repair>), HashError> {
    let mut repairs = vec![];
    let mut note = |repair, needed: bool| {
        if needed {
            repairs.push(repair);
        }
    };
    let mut body: String = text.chars().filter(|c| !is_blank(*c)).collect();
    note(Repair::Blanks, body.len() < text.len());
    let bare = body.trim_matches(is_quote);
    if bare.len() < body.len() {
        note(Repair::Quotes, true);
        body = bare.to_owned();
    }
    if body.contains(['-', '_']) {
        note(Repair::UrlAlphabet, true);
        body = body.replace('-', "+").replace('_', "/");
    }
    let padded = body.len();
    body.truncate(body.trim_end_matches('=').len());
    if body.is_empty() {
        return Err(HashError::Empty);
    }
    if let Some((at, c)) = body.chars().enumerate().find(|(_, c)| !STANDARD.as_str().contains(*c)) {
        return Err(HashError::NotBase64(format!("character {} is {c:?}", at + 1)));
    }
    // One character alone is less than a byte: the next one, zeros, was cut off.
    let lone = body.len() % 4 == 1;
    let padding = padded - body.len();
    note(Repair::Padding, lone || padding != (4 - body.len() % 4) % 4);
    if lone {
        body.push('A');
    }
    let bytes = match STANDARD_NO_PAD.decode(&body) {
        Err(DecodeError::InvalidLastSymbol { .. }) => {
            note(Repair::TrailingBits, true);
            FORGIVING.decode(&body)
        }
        decoded => decoded,
    };
    bytes.map(|bytes| (bytes, repairs)).map_err(|error| HashError::NotBase64(error.to_string()))
}

/// Byte order mark and zero width space are not white space to Unicode, and travel all the same.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\0')
}

/// Straight ones, and those that word processors make of them.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}')
}
