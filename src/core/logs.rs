//! What `l` on a stick kept of a laptop ([`crate::script`]), once it is on the bench's disk.

use serde::{Deserialize, Serialize};

use crate::{identity::Serial, media::manifest::FileDigest};

/// The file that names the laptop; written last, so a run that was broken off has none.
pub const SUMMARY: &str = "summary.txt";
const FIRST_LINE: &str = "whiteglove logs of ";

/// One file on the bench's disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Below the folder of the run.
    pub path: String,
    pub bytes: u64,
    pub sha256: FileDigest,
}

/// What one run of `l` left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The folder below the bench's folder of logs: serial number and time, as the script makes it.
    pub folder: String,
    pub serial: Option<Serial>,
    pub files: Vec<Kept>,
}

/// A name from a stick as one of ours: letters, digits, and a few signs that no file system and no shell minds.
pub fn safe_name(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let name: String = name.chars().map(safe).take(80).collect();
    match name.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None if name.is_empty() => "_".to_owned(),
        None => name,
    }
}

/// The laptop that a summary speaks of. Its bytes may be anybody's.
pub fn serial_in(summary: &[u8]) -> Option<Serial> {
    let line = summary.split(|byte| *byte == b'\n').next()?;
    let text = std::str::from_utf8(line).ok()?.trim().strip_prefix(FIRST_LINE.trim_end())?;
    Serial::try_from(text.trim().to_owned()).ok().filter(|serial| !serial.is_junk())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_stick_leads_out_of_its_folder() {
        for (name, safe) in [
            ("system.evtx", "system.evtx"),
            ("..", "_."),
            (".hidden", "_hidden"),
            ("../../etc/passwd", "_._.._etc_passwd"),
            ("a b\u{202e}\0c", "a_b__c"),
            ("", "_"),
        ] {
            assert_eq!(safe_name(name), safe);
        }
        assert_eq!(safe_name(&"x".repeat(300)).len(), 80);
    }

    #[test]
    fn a_summary_names_its_laptop() {
        let serial = |text: &str| serial_in(text.as_bytes()).map(String::from);
        assert_eq!(serial("whiteglove logs of PF3K9Q\r\nbegun 20261125\r\n").as_deref(), Some("PF3K9Q"));
        assert_eq!(serial("whiteglove logs of \r\n"), None);
        assert_eq!(serial("whiteglove logs of To be filled by O.E.M.\r\n"), None);
        assert_eq!(serial("somebody's notes"), None);
        assert_eq!(serial_in(&[0xff; 40]), None);
    }

    /// The script and this file speak of one line.
    #[test]
    fn the_script_writes_what_is_read() {
        let script = include_str!("script/logs.ps1");
        assert!(script.contains(&format!("'{FIRST_LINE}' + $serial")) && script.contains(SUMMARY));
    }
}
