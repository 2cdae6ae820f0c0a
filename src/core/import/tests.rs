use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::prelude::*;

use super::*;
use crate::{
    entry::Lane,
    hwhash::{HardwareHash, Record},
    identity::{Mac, SystemUuid},
    testing,
};

mod evidence;
mod fixtures;
mod hostile;
mod lists;
mod others;

/// A complete synthetic hash, as other programs made it.
const FULL: &str = include_str!("../../../tests/fixtures/hwhash/synthetic_full.b64");
const HEAD: &str = "Device Serial Number,Windows Product ID,Hardware Hash";

fn text(kind: u16, text: &str) -> Record {
    Record::Text { kind, text: text.to_owned(), nul: true }
}

/// What Windows would make of a machine with this serial number.
fn hash(serial: &str) -> String {
    let seed = serial.bytes().fold(1, u8::wrapping_add);
    let records = [
        Record::SmbiosUuid { uuid: SystemUuid(testing::uuid(seed)) },
        Record::Network { medium: 14, mac: Mac([2, 0, 0, 0, 0, seed]), bus: "PCI".to_owned() },
        text(14, serial),
        text(16, "LENOVO"),
        text(17, "21CB"),
    ];
    HardwareHash::encode(&records).unwrap().to_base64()
}

#[derive(Debug)]
struct Read {
    format: Result<Format, Problem>,
    lines: Vec<Line>,
}

fn import(bytes: &[u8]) -> Read {
    let mut lines = vec![];
    let format = read(bytes, &mut |line| {
        lines.push(line);
        ControlFlow::Continue(())
    });
    Read { format, lines }
}

impl Read {
    /// Serial numbers of what was taken.
    fn serials(&self) -> Vec<String> {
        let taken = self.lines.iter().filter_map(|line| line.outcome.as_ref().ok());
        taken.map(|entry| entry.identity().serial.map_or_else(String::new, String::from)).collect()
    }

    /// The only entry.
    fn entry(&self) -> &Entry {
        match &self.lines[..] {
            [line] => line.outcome.as_ref().unwrap(),
            lines => panic!("{} lines: {lines:?}", lines.len()),
        }
    }

    /// `3: why` of each line that was refused.
    fn refused(&self) -> Vec<String> {
        let refused = self.lines.iter().filter_map(|line| Some((line.number, line.outcome.as_ref().err()?)));
        refused.map(|(number, refusal)| format!("{number}: {}", refusal.why)).collect()
    }

    /// What was said of all lines together, without what every hash of these tests lacks.
    fn said(&self) -> Vec<&str> {
        let said = self.lines.iter().flat_map(|line| line.remarks.iter().chain(&line.repairs));
        said.map(String::as_str).filter(|repair| !repair.starts_with("the hash lacks")).collect()
    }
}

fn utf16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn utf16be(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}
