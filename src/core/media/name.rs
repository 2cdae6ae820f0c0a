//! FAT names: which are legal, and the 8.3 alias each long name gets.
//!
//! Sources: Microsoft FAT specification 1.03 (2000), "FAT Long Directory Entries"; Windows naming
//! rules for reserved device names. Invariant: within one directory every alias is unique, and the
//! same names give the same aliases, in any order of arrival.

use std::collections::{HashMap, HashSet};

/// Longest name in UTF-16 units.
pub const MAX_UNITS: usize = 255;

/// Why a name cannot be on a FAT volume that Windows must be able to open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a name is empty")]
    Empty,
    #[error("it has {0} UTF-16 units, FAT allows {MAX_UNITS}")]
    TooLong(usize),
    #[error("FAT does not allow {0:?} in a name")]
    Character(char),
    #[error("it ends in a dot or a space, which Windows drops")]
    Trailing,
    #[error("{0} is a device name on Windows")]
    Device(String),
}

/// Accepts what FAT can hold and Windows can open.
pub fn check(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    let units = name.encode_utf16().count();
    if units > MAX_UNITS {
        return Err(NameError::TooLong(units));
    }
    if let Some(bad) = name.chars().find(|c| c.is_control() || r#""*/:<>?\|"#.contains(*c)) {
        return Err(NameError::Character(bad));
    }
    if name.ends_with(['.', ' ']) {
        return Err(NameError::Trailing);
    }
    // `NUL.txt` is NUL too; so is `nul .txt`.
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| {
            let mut rest = rest.chars();
            // Windows takes the superscript digits of Latin-1 for digits here.
            matches!((rest.next(), rest.next()), (Some('1'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}'), None))
        })
    };
    let fixed = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
    if fixed.contains(&stem.as_str()) || numbered("COM") || numbered("LPT") {
        return Err(NameError::Device(stem));
    }
    Ok(())
}

/// The key under which two names are the same file to Windows: simple upper case, char by char.
pub fn fold(name: &str) -> String {
    name.chars()
        .map(|c| {
            let mut upper = c.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(one), None) => one,
                _ => c,
            }
        })
        .collect()
}

/// The 11 bytes of a directory entry, and what they do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortName {
    pub bytes: [u8; 11],
    /// Windows NT case flags: 0x08 the base is lower case, 0x10 the extension is.
    pub case: u8,
    /// The alias does not spell the name: long entries carry it.
    pub long: bool,
}

impl ShortName {
    /// Directory slots that `name` takes with this alias.
    pub fn slots(&self, name: &str) -> usize {
        if self.long { 1 + name.encode_utf16().count().div_ceil(13) } else { 1 }
    }

    /// Written in each long entry, so that a long name left behind by an old tool is noticed.
    pub fn checksum(&self) -> u8 {
        self.bytes.iter().fold(0, |sum: u8, byte| sum.rotate_right(1).wrapping_add(*byte))
    }
}

/// An alias for each of the names of one directory, in their order. The names have passed `check`
/// and differ under `fold`.
pub fn aliases<S: AsRef<str>>(names: &[S]) -> Vec<ShortName> {
    let mut short: Vec<Option<ShortName>> = names.iter().map(|name| natural(name.as_ref())).collect();
    let mut used: HashSet<[u8; 11]> = short.iter().flatten().map(|name| name.bytes).collect();
    // Counters are kept per truncated base, not per full base: 8,000 names with a common beginning
    // stay linear, and two beginnings that meet after truncation never contend.
    let mut next: HashMap<[u8; 11], u32> = HashMap::new();
    for (slot, name) in short.iter_mut().zip(names) {
        if slot.is_none() {
            let bytes = numbered(name.as_ref(), &mut used, &mut next);
            *slot = Some(ShortName { bytes, case: 0, long: true });
        }
    }
    short.into_iter().flatten().collect()
}

fn short_char(c: char) -> Option<u8> {
    let byte = u8::try_from(c).ok()?.to_ascii_uppercase();
    (byte.is_ascii_alphanumeric() || b"$%'-_@~`!(){}^#&".contains(&byte)).then_some(byte)
}

/// The name itself, when upper-casing it gives an 8.3 name without loss.
fn natural(name: &str) -> Option<ShortName> {
    let (base, extension) = name.split_once('.').unwrap_or((name, ""));
    if !(1..=8).contains(&base.len()) || extension.len() > 3 || (extension.is_empty() && name.contains('.')) {
        return None;
    }
    let mut bytes = [b' '; 11];
    for (slot, c) in bytes.iter_mut().zip(base.chars()) {
        *slot = short_char(c)?;
    }
    for (slot, c) in bytes.iter_mut().skip(8).zip(extension.chars()) {
        *slot = short_char(c)?;
    }
    let lower = |part: &str| part.contains(|c: char| c.is_ascii_lowercase());
    let mixed = |part: &str| lower(part) && part.contains(|c: char| c.is_ascii_uppercase());
    let long = mixed(base) || mixed(extension);
    let case = if long { 0 } else { u8::from(lower(base)) << 3 | u8::from(lower(extension)) << 4 };
    Some(ShortName { bytes, case, long })
}

/// `LONGNA~1.TXT`, counting up until it is free.
fn numbered(name: &str, used: &mut HashSet<[u8; 11]>, next: &mut HashMap<[u8; 11], u32>) -> [u8; 11] {
    let name = name.trim_start_matches(['.', ' ']);
    let (base, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let squeeze = |part: &str, most: usize| -> Vec<u8> {
        let kept = part.chars().filter(|c| !matches!(c, ' ' | '.'));
        kept.map(|c| short_char(c).unwrap_or(b'_')).take(most).collect()
    };
    let (base, extension) = (squeeze(base, 8), squeeze(extension, 3));
    let mut bytes = [b' '; 11];
    for (slot, byte) in bytes.iter_mut().skip(8).zip(extension) {
        *slot = byte;
    }
    // A directory holds at most 65,536 slots, so six digits always find a free alias.
    let mut digits: u32 = 1;
    loop {
        let room = 7u32.saturating_sub(digits) as usize;
        let mut key = bytes;
        for (slot, byte) in key.iter_mut().take(room).zip(&base) {
            *slot = *byte;
        }
        let stem = room.min(base.len());
        key[stem] = b'~';
        // A short base keeps its key as its counter grows; a cut one starts where the longer key ended.
        let counter =
            next.entry(key).or_insert(if stem < base.len() && digits > 1 { 10u32.pow(digits - 1) } else { 1 });
        let text = counter.to_string();
        if text.len() + 1 + stem > 8 {
            digits += 1;
            continue;
        }
        *counter += 1;
        let mut alias = key;
        for (slot, digit) in alias.iter_mut().skip(stem + 1).zip(text.bytes()) {
            *slot = digit;
        }
        if used.insert(alias) {
            return alias;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(names: &[&str]) -> Vec<String> {
        let all = aliases(names);
        all.iter().map(|s| format!("{}|{:02x}|{}", String::from_utf8_lossy(&s.bytes), s.case, s.long)).collect()
    }

    #[test]
    fn names_that_fit_keep_their_case_in_two_bits() {
        assert_eq!(
            shown(&["BOOTX64.EFI", "grub.cfg", "vmlinuz", "README.txt", "shim.EFI", "Mixed.txt"]),
            [
                "BOOTX64 EFI|00|false",
                "GRUB    CFG|18|false",
                "VMLINUZ    |08|false",
                "README  TXT|10|false",
                "SHIM    EFI|08|false",
                "MIXED   TXT|00|true",
            ]
        );
    }

    #[test]
    fn long_names_count_up() {
        assert_eq!(
            shown(&["long file name.text", "long file name.texts", ".bashrc", "a+b.c", "two.dots.x", "LONGFI~1.TEX"]),
            [
                "LONGFI~2TEX|00|true",
                "LONGFI~3TEX|00|true",
                "BASHRC~1   |00|true",
                "A_B~1   C  |00|true",
                "TWODOT~1X  |00|true",
                "LONGFI~1TEX|00|false",
            ]
        );
    }

    #[test]
    fn thousands_of_alike_names_get_their_own_alias_quickly() {
        let names: Vec<String> = (0..30_000).map(|n| format!("driver package number {n:06}.cab")).collect();
        let all = aliases(&names);
        let unique: HashSet<_> = all.iter().map(|s| s.bytes).collect();
        assert_eq!(unique.len(), names.len());
        assert_eq!(all[9].bytes, *b"DRIVE~10CAB");
        // Two beginnings that meet once five digits are needed.
        let names: Vec<String> =
            (0..24_000).map(|n| format!("{}{n} x", if n % 2 == 0 { "abcdef" } else { "abxyzw" })).collect();
        let unique: HashSet<_> = aliases(&names).iter().map(|s| s.bytes).collect();
        assert_eq!(unique.len(), names.len());
    }

    #[test]
    fn names_windows_cannot_open_are_refused() {
        for (name, why) in [
            ("", NameError::Empty),
            ("a:b", NameError::Character(':')),
            ("tab\there", NameError::Character('\t')),
            ("dot.", NameError::Trailing),
            ("..", NameError::Trailing),
            ("nul.txt", NameError::Device("NUL".into())),
            ("Com1", NameError::Device("COM1".into())),
        ] {
            assert_eq!(check(name), Err(why), "{name:?}");
        }
        assert_eq!(check(&"x".repeat(256)), Err(NameError::TooLong(256)));
        for fine in ["COM0", "COM10", "console", ".hidden", "\u{fc}ml\u{e4}ut.txt", &"\u{1f600}".repeat(127)] {
            assert_eq!(check(fine), Ok(()), "{fine:?}");
        }
    }

    #[test]
    fn the_checksum_is_the_specifications() {
        // Worked by hand from the C code in the specification.
        let name = ShortName { bytes: *b"FILENAMETXT", case: 0, long: true };
        let mut sum: u8 = 0;
        for byte in b"FILENAMETXT" {
            sum = (if sum & 1 == 1 { 0x80u8 } else { 0 }).wrapping_add(sum >> 1).wrapping_add(*byte);
        }
        assert_eq!(name.checksum(), sum);
    }
}
