//! Whether a scanned serial number is the machine's own.

use super::label;
use crate::identity::Serial;

/// Makers' prefixes are only looked for in front of a serial number of at least this length: a short one
/// is the end of too many things.
const SHORTEST: usize = 5;
/// Lenovo's machine type and model: ten characters today, seven on old labels.
const LENOVO_MODEL: [usize; 2] = [10, 7];

/// Whether a scanned serial number means the machine that reports `known`: case, blanks, hyphens and makers'
/// prefixes do not count.
///
/// Prefixes without a mark are taken off only here, where the machine's own number decides: `S` in front
/// (ANSI MH10.8.2 data identifier, HP's boxes), `1S` and machine type and model (Lenovo). Dell's express
/// service code is the service tag as a decimal number.
pub fn means(scanned: &Serial, known: &Serial) -> bool {
    let own = fold(known);
    // A machine may really be called `SN 4711`, whatever our idea of a prefix is.
    scanned.as_str().eq_ignore_ascii_case(known.as_str())
        || !own.is_empty() && readings(scanned).iter().any(|reading| fold(reading) == own)
}

/// The serial numbers that a scanned one can stand for, the likeliest first: itself, and itself without what
/// makers put in front. For looking it up in a list.
pub fn readings(scanned: &Serial) -> Vec<Serial> {
    let plain = label::serial_words_off(scanned.as_str()).to_ascii_uppercase();
    let mut texts = vec![plain.clone()];
    texts.extend(without_lenovo_model(&plain).map(str::to_owned));
    texts.extend(plain.strip_prefix('S').filter(|rest| rest.len() >= SHORTEST).map(str::to_owned));
    texts.extend(dell_tag(&plain));
    texts.push(scanned.as_str().to_ascii_uppercase());
    let mut readings: Vec<Serial> = Vec::new();
    for serial in texts.into_iter().filter_map(|text| Serial::try_from(text).ok()) {
        if !readings.contains(&serial) {
            readings.push(serial);
        }
    }
    readings
}

fn fold(serial: &Serial) -> String {
    let text = label::serial_words_off(serial.as_str());
    text.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect()
}

/// `1S`, machine type and model, serial: `1S20XW004GUSPF0TEST1`.
fn without_lenovo_model(code: &str) -> Option<&str> {
    let rest = code.strip_prefix("1S").filter(|rest| rest.is_ascii())?;
    // Every machine type begins with a digit.
    let split = |model: &usize| {
        rest.split_at_checked(*model).filter(|(model, _)| model.starts_with(|c: char| c.is_ascii_digit()))
    };
    let serials = LENOVO_MODEL.iter().filter_map(split).map(|(_, serial)| serial);
    // Serial numbers have eight characters today and seven on old machines.
    serials.filter(|serial| matches!(serial.len(), 7 | 8)).max_by_key(|serial| usize::from(serial.len() == 8))
}

/// The service tag behind an express service code. Tags have seven characters of base 36, which makes nine
/// to eleven decimal digits.
fn dell_tag(code: &str) -> Option<String> {
    let digits = (9..=11).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
    let mut value: u64 = digits.then(|| code.parse().ok())??;
    let mut tag = Vec::new();
    while value > 0 {
        let digit = u32::try_from(value % 36).ok()?;
        tag.push(char::from_digit(digit, 36)?.to_ascii_uppercase());
        value /= 36;
    }
    (tag.len() == 7).then(|| tag.into_iter().rev().collect())
}
