//! What a barcode or QR code means.
//!
//! A box carries half a dozen codes, and the one next to the serial number looks like it. So a code that
//! says itself that it is something else (a part number, the shop's article number) is refused in words,
//! and whatever could be a serial number is taken as one.

mod label;
mod same;
mod setup;

pub use same::{means, readings};

use crate::{entry::Entry, identity::Serial, msdm::ProductKeyId};

/// One code from a scanner, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// A serial number with the makers' words taken off (`S/N:`, `Service Tag`), upper case. What a maker
    /// puts in front without a mark stays: [`means`] knows it, and [`readings`] lists what it can stand for.
    Serial(Serial),
    /// Thirteen digits from the box.
    ProductKeyId(ProductKeyId),
    /// The QR code of Windows' setup: classic (ZtdId) or `deviceLink:`.
    Setup(Box<Entry>),
    /// One block of a QR code in several; the others have to be scanned too.
    Part { number: u32, of: u32 },
    /// Why, to be put behind a colon.
    Unreadable(&'static str),
}

/// A QR code holds 4,296 characters; what is many times that comes from no scanner.
const LONGEST: usize = 64 << 10;
/// What a keyboard of one country makes of a scanner that thinks it is in another.
const LAYOUT: &str = "the scanner types for another keyboard layout than this computer has; set the scanner to it";

/// Never fails: what means nothing is [`Scan::Unreadable`].
pub fn read(code: &str) -> Scan {
    if code.len() > LONGEST {
        return Scan::Unreadable("it is longer than any code");
    }
    // Scanners put Enter or Tab behind a code, labels RS and EOT (ISO 15434), files a byte order mark in front.
    let code = code.trim_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}');
    let code = without_symbology(code);
    if code.is_empty() {
        return Scan::Unreadable("it is empty");
    }
    if !code.contains(['Ö', 'Ä', 'Ü', 'ß']) {
        return understood(code);
    }
    match understood(&from_german_keys(code)) {
        Scan::Unreadable(_) => Scan::Unreadable(LAYOUT),
        read => read,
    }
}

fn understood(code: &str) -> Scan {
    setup::read(code).unwrap_or_else(|| label::read(code))
}

/// Some scanners say first what kind of symbol they saw: `]C0`, `]Q1` (ISO/IEC 15424).
fn without_symbology(code: &str) -> &str {
    match code.as_bytes() {
        [b']', kind, modifier, ..] if kind.is_ascii_alphabetic() && modifier.is_ascii_digit() => &code[3..],
        _ => code,
    }
}

/// A scanner set to the American keyboard on a computer with a German one, undone. Y and Z change places
/// there too, so a serial number that only lost its colon is a wrong one as well.
fn from_german_keys(code: &str) -> String {
    let key = |c| match c {
        'Ö' => ':',
        'Ä' => '"',
        'Ü' => '{',
        '*' => '}',
        'ß' => '-',
        '-' => '/',
        '_' => '?',
        'Y' => 'Z',
        'Z' => 'Y',
        'y' => 'z',
        'z' => 'y',
        other => other,
    };
    code.chars().map(key).collect()
}

#[cfg(test)]
mod tests;
