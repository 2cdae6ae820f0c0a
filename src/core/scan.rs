//! What a barcode or QR code means.

use crate::{entry::Entry, identity::Serial, msdm::ProductKeyId};

/// One code from a scanner, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// A serial number with the maker's prefixes taken off, upper case.
    Serial(Serial),
    /// Thirteen digits from the box.
    ProductKeyId(ProductKeyId),
    /// The QR code of Windows' setup: classic (ZtdId) or `deviceLink:`.
    Setup(Box<Entry>),
    /// One block of a QR code in several; the others have to be scanned too.
    Part {
        number: u32,
        of: u32,
    },
    Unreadable(&'static str),
}

pub fn read(code: &str) -> Scan {
    match Serial::try_from(code.trim().to_uppercase()) {
        Ok(serial) => Scan::Serial(serial),
        Err(_) => Scan::Unreadable("it is empty"),
    }
}

/// Whether a scanned serial number means the machine that reports `known`: case and makers' prefixes
/// do not count (Lenovo: `1S`, machine type and model, serial).
pub fn means(scanned: &Serial, known: &Serial) -> bool {
    scanned.as_str().eq_ignore_ascii_case(known.as_str())
}
