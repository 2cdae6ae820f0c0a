//! Codes on boxes and on the bottom of laptops.

use super::{LAYOUT, Scan};
use crate::{identity::Serial, msdm::ProductKeyId};

/// Words that stand in front of a serial number, longer ones first.
const SERIAL_WORDS: [&str; 17] = [
    "SERIAL NUMBER",
    "SERIALNUMBER",
    "SERIAL NO.",
    "SERIAL NO",
    "SERIALNO",
    "SERIAL",
    "SERVICE TAG",
    "SERVICETAG",
    "SVC TAG",
    "SVCTAG",
    "SER. NO.",
    "SER NO",
    "SER",
    "S/N",
    "S-N",
    "SN",
    "ST",
];

const PRODUCT_KEY_WORDS: [&str; 5] = ["WINDOWS PRODUCT ID", "PRODUCT KEY ID", "PRODUCTKEYID", "PRODUCT ID", "PKID"];

/// Words that say that it is something else.
const OTHER_WORDS: [(&str, &str); 20] = [
    ("SNID", "it is Acer's SNID, not the serial number; scan the S/N beside it"),
    ("PART NUMBER", PART),
    ("PART NO", PART),
    ("P/N", PART),
    ("PN", PART),
    ("PRODUCT NO", PART),
    ("PROD. NO", PART),
    ("PROD ID", MODEL),
    ("SKU", PART),
    ("MODEL", MODEL),
    ("MT-M", MODEL),
    ("MTM", MODEL),
    ("MAC", ADDRESS),
    ("LAN MAC", ADDRESS),
    ("WLAN MAC", ADDRESS),
    ("UUID", "it is the system UUID; scan the serial number"),
    ("IMEI", "it is the number of the radio module; scan the serial number"),
    ("UPC", ARTICLE),
    ("EAN", ARTICLE),
    ("QTY", "it is a quantity; scan the serial number"),
];
const PART: &str = "it is a part number, the same on every laptop of its kind; scan the serial number beside it";
const MODEL: &str = "it is the model, the same on every laptop of its kind; scan the serial number beside it";
const ADDRESS: &str = "it is a network address; scan the serial number";
const ARTICLE: &str = "it is the shop's article number, the same on every box; scan the serial number";

/// Where codes with several values put their borders: GS and RS of ISO 15434, lines, and punctuation.
const BORDERS: [char; 8] = ['\u{1c}', '\u{1d}', '\u{1e}', '\n', '\r', '\t', ';', '|'];

pub(super) fn read(text: &str) -> Scan {
    if let Some(envelope) = text.strip_prefix("[)>") {
        return iso15434(envelope);
    }
    if text.contains("://") || text.to_ascii_lowercase().starts_with("www.") {
        return web_address(text);
    }
    let fields: Vec<&str> = text.split(BORDERS).flat_map(|field| field.split(", ")).collect();
    let fields = match fields.len() {
        1 => text.split(',').collect(),
        _ => fields,
    };
    match fields.as_slice() {
        [one] => single(one),
        several => {
            let marked = several.iter().filter_map(|field| marked_serial(field));
            only_one(marked, "it holds several values, and none says that it is the serial number")
        }
    }
}

/// Without the words in front of (or behind) it that say it is a serial number.
pub(super) fn serial_words_off(text: &str) -> &str {
    marked_serial(text).unwrap_or_else(|| text.trim())
}

/// The value of a field that says itself that it is the serial number: `S/N: X`, `(S)X`, `(21)X`, `X S/N`.
fn marked_serial(text: &str) -> Option<&str> {
    let text = text.trim();
    // Data identifier (MH10.8.2) or application identifier (GS1) in brackets, as printed under the bars.
    let bracketed = ["(S)", "(s)", "(21)", "(1S)", "(1s)"].iter().find_map(|mark| text.strip_prefix(mark));
    let value = bracketed.or_else(|| behind(text, &SERIAL_WORDS)).or_else(|| {
        let (value, words) = text.rsplit_once([' ', '('])?;
        let words = words.trim_end_matches([')', ':']);
        ["S/N", "SN"].iter().any(|mark| words.eq_ignore_ascii_case(mark)).then_some(value)
    })?;
    // `Serial No. (S): X`, `S/N (1S): X`.
    let value = ["(S)", "(1S)"].iter().find_map(|mark| value.strip_prefix(mark)).unwrap_or(value);
    let value = value.trim_matches([' ', ':', '=', '#', '.', '*']);
    (!value.is_empty()).then_some(value)
}

/// What stands behind one of these words. A word of letters alone needs a border, or every serial number
/// that begins with SN would lose it.
fn behind<'a>(text: &'a str, words: &[&str]) -> Option<&'a str> {
    words.iter().find_map(|word| {
        let head = text.get(..word.len()).filter(|head| head.eq_ignore_ascii_case(word))?;
        let rest = &text[head.len()..];
        let border = rest.starts_with([' ', ':', '=', '#', '.']) || head.contains('/');
        let value = rest.trim_start_matches([' ', ':', '=', '#', '.']);
        (border && !value.is_empty()).then_some(value)
    })
}

fn single(text: &str) -> Scan {
    let text = text.trim();
    if !text.is_ascii() {
        return Scan::Unreadable(LAYOUT);
    }
    if let Some(value) = behind(text, &PRODUCT_KEY_WORDS) {
        return product_key_id(value)
            .map_or(Scan::Unreadable("a product key id has thirteen digits"), Scan::ProductKeyId);
    }
    if let Some(serial) = marked_serial(text) {
        return serial_number(serial);
    }
    if let Some((_, why)) = OTHER_WORDS.iter().find(|(word, _)| behind(text, &[word]).is_some()) {
        return Scan::Unreadable(why);
    }
    if is_windows_key(text) {
        return Scan::Unreadable(
            "it is a Windows product key, which is not to be passed around; scan the serial number",
        );
    }
    if is_article_number(text) {
        return Scan::Unreadable(ARTICLE);
    }
    product_key_id(text).map_or_else(|| serial_number(text), Scan::ProductKeyId)
}

fn serial_number(text: &str) -> Scan {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/' | '_' | '+' | '#' | ' ');
    if !text.chars().all(fits) || !text.contains(|c: char| c.is_ascii_alphanumeric()) {
        return Scan::Unreadable("it has characters that no serial number has");
    }
    match Serial::try_from(text.to_ascii_uppercase()) {
        Ok(serial) if serial.is_junk() => Scan::Unreadable("it is a maker's filler, not a serial number"),
        Ok(serial) => Scan::Serial(serial),
        Err(_) => Scan::Unreadable("it is too long for a serial number"),
    }
}

/// Thirteen digits; labels group them with blanks or hyphens.
fn product_key_id(text: &str) -> Option<ProductKeyId> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    ProductKeyId::try_from(digits).ok()
}

/// Every box carries its EAN-13 too, thirteen digits like a product key id. The check digit alone would call
/// one product key id in ten an EAN, so the front counts as well: product key ids begin with the four digits of
/// their key's group, and the groups of Windows 8 to 11 run from 1787 to 4759 (Microsoft's published keys).
/// Laptops from Japan and Taiwan have an EAN in that range (GS1 prefixes 450 to 459, 490 to 499, 471).
fn is_article_number(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    if digits.len() != 13 || text.len() != 13 {
        return false;
    }
    let group = digits.iter().take(4).fold(0, |group, digit| group * 10 + digit);
    let no_group = matches!(group, ..1500 | 4500..4600 | 4710..4720 | 4900..);
    let sum: u32 = digits.iter().zip([1, 3].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    sum.is_multiple_of(10) && no_group
}

/// Five times five characters.
fn is_windows_key(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == 5 && groups.iter().all(|g| g.len() == 5 && g.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// `[)>` RS `06` GS data elements RS EOT (ISO/IEC 15434), each element behind its data identifier.
fn iso15434(envelope: &str) -> Scan {
    let elements: Vec<&str> = envelope.split(['\u{1d}', '\u{1e}']).map(str::trim).collect();
    if elements.len() < 3 {
        return Scan::Unreadable(
            "it is a shipping label whose borders the scanner swallowed; scan the serial number's own bars",
        );
    }
    let serials = elements.iter().skip(1).filter_map(|element| {
        // `S` is the serial number of the thing itself; `1S`, `2S` and so on are of somebody else's count.
        let serial = element.strip_prefix('S')?;
        (!serial.is_empty()).then_some(serial)
    });
    only_one(serials, "it is a shipping label without a serial number")
}

/// Makers print links to their support pages; some hold the serial number.
fn web_address(text: &str) -> Scan {
    const NAMES: [&str; 7] = ["sn", "serial", "serialnumber", "serialno", "serial_number", "servicetag", "s"];
    let query = text.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split(['&', '#']).filter_map(|pair| pair.split_once('='));
    let serials = pairs.filter(|(name, _)| NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)));
    only_one(serials.map(|(_, value)| value), "it is a web address without a serial number")
}

fn only_one<'a>(serials: impl Iterator<Item = &'a str>, none: &'static str) -> Scan {
    let mut found: Option<&str> = None;
    for serial in serials {
        match found {
            Some(first) if !first.eq_ignore_ascii_case(serial) => {
                return Scan::Unreadable("it holds several serial numbers; scan the laptop's own");
            }
            _ => found = Some(serial),
        }
    }
    found.map_or(Scan::Unreadable(none), serial_number)
}
