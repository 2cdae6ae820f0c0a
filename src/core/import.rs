//! One reader for every file that carries Autopilot identities. It goes line by line, holds one line
//! at a time, and says of each what it took, what it repaired and what it refused.
//!
//! What a file is, its first line decides, never its name: Windows calls its own export differently from
//! version to version. No line that is not blank goes unmentioned.

mod bare;
mod columns;
mod csv;
mod device_link;
mod evidence;
mod fields;
mod oa3;
mod xml;

#[cfg(test)]
pub(crate) use evidence::KEYS as EVIDENCE_KEYS;
pub(crate) use fields::{damaged_by_spreadsheet, is_scientific, product_key_id, refuse_product_key};

use std::{
    io::{self, Read},
    ops::ControlFlow,
};

use crate::{
    entry::{Entry, Line, Notes, Refusal},
    identity::Serial,
    problem::Problem,
    table::{Encoding, Rows, Seen, Sight, Text},
};

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Oa3,
    Csv,
    DeviceLinkCsv,
    /// Nothing but hashes in base64.
    BareHash,
    /// The evidence of our script for Windows.
    WindowsScript,
}

/// Reads a whole file; `sink` gets each line and may stop the reading.
///
/// What holds for the file as a whole (its encoding, its delimiter) stands with the first line's remarks.
///
/// # Errors
/// The file as a whole is nothing we know, or cannot be read.
pub fn read(source: impl Read, sink: &mut dyn FnMut(Line) -> ControlFlow<()>) -> Result<Format, Problem> {
    let mut rows = Rows::new(Text::open(source).map_err(unreadable)?);
    let mut out = Out { sink, seen: Seen::default(), whole: vec![] };
    let encoding = rows.encoding();
    let head = rows.head().map_err(unreadable)?;
    if let Some((what, next)) = other_kind(head) {
        return Err(Problem::new(NOTHING, what, next));
    }
    match head.iter().find(|byte| !is_filler(**byte)) {
        Some(b'<') => {
            out.encoding(encoding);
            return done(oa3::read(rows.into_text(), &mut out), Format::Oa3);
        }
        Some(b'{') => return done(evidence::read(rows.into_text(), &mut out), Format::WindowsScript),
        _ => {}
    }
    loop {
        let Some((number, line)) = rows.line().map_err(unreadable)? else {
            return Err(Problem::new(NOTHING, "it is empty", "Export or capture the identities again."));
        };
        let line = line.map_err(|damage| {
            let (why, next) = damage.words();
            Problem::new(NOTHING, format!("It fails at its first line, line {number}. {why}"), next)
        })?;
        if csv::is_preamble(&line) {
            continue;
        }
        if let Some(header) = columns::find(&line) {
            let table = csv::Table::by_header(header)?;
            let format = table.format();
            if format != Format::DeviceLinkCsv {
                // A devicelink export is UTF-16 by its own rule.
                out.encoding(encoding);
            }
            return done(table.read(rows, &mut out), format);
        }
        out.encoding(encoding);
        let format = if bare::begins(&line) {
            Format::BareHash
        } else if let Some(table) = csv::Table::without_header(&line) {
            rows.put_back(number, line);
            return done(table.read(rows, &mut out), Format::Csv);
        } else {
            return Err(Problem::new(
                NOTHING,
                format!(
                    "Line {number} is neither a header with the columns of an Autopilot or Partner Center list, nor a \
                     hardware hash, nor maker, model and serial number."
                ),
                "Give the list a header line: Device Serial Number,Windows Product ID,Hardware Hash.",
            ));
        };
        rows.put_back(number, line);
        return done(bare::read(rows, &mut out), format);
    }
}

const NOTHING: &str = "This file holds no Autopilot identities.";

/// Why reading ended before the file did.
enum Stop {
    /// The caller has enough.
    Asked,
    Failed(Problem),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(unreadable(error))
    }
}

fn done(read: Result<(), Stop>, format: Format) -> Result<Format, Problem> {
    match read {
        Ok(()) | Err(Stop::Asked) => Ok(format),
        Err(Stop::Failed(problem)) => Err(problem),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
fn unreadable(error: io::Error) -> Problem {
    Problem::new(
        "This file cannot be read.",
        error.to_string(),
        "Copy it again from where it came from, then import it.",
    )
}

/// Line breaks, blanks, a byte order mark.
fn is_filler(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf)
}

/// Files that people pick by mistake.
fn other_kind(head: &[u8]) -> Option<(&'static str, &'static str)> {
    match head {
        [b'P', b'K', 3, 4, ..] => Some((
            "it is a ZIP archive or an Excel workbook",
            "Unpack it and import the DeviceHash CSV inside; save a workbook as CSV first.",
        )),
        [b'M', b'S', b'C', b'F', ..] => {
            Some(("it is a CAB archive of Windows' diagnostics", "Unpack it and import the DeviceHash CSV inside."))
        }
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some(("it is an old Excel workbook", "Save it as CSV, then import that.")),
        [b'%', b'P', b'D', b'F', ..] => Some(("it is a PDF document", "Ask for the list as CSV.")),
        _ => None,
    }
}

/// Where lines go, and what is remembered of them.
struct Out<'a> {
    sink: &'a mut dyn FnMut(Line) -> ControlFlow<()>,
    seen: Seen,
    /// Said with the first line.
    whole: Vec<String>,
}

impl Out<'_> {
    fn encoding(&mut self, encoding: Encoding) {
        if encoding != Encoding::EightBit {
            self.whole.push(format!("the file is {}, not plain text as the Intune portal wants it", encoding.words()));
        }
    }

    fn line(&mut self, number: u64, notes: Notes, outcome: Result<Entry, Refusal>) -> Result<(), Stop> {
        let outcome = match outcome {
            Ok(entry) => self.first(entry, number)?,
            refused => refused,
        };
        let mut remarks = std::mem::take(&mut self.whole);
        remarks.extend(notes.remarks);
        let line = Line { number, repairs: notes.repairs, remarks, outcome: outcome.map(Box::new) };
        match (self.sink)(line) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Asked),
        }
    }

    /// Refuses what this file brought already. Never by the text of a hash: it is another one with every
    /// capture (Microsoft's own advice is to go by the serial number).
    fn first(&mut self, entry: Entry, number: u64) -> Result<Result<Entry, Refusal>, Stop> {
        let identity = entry.identity();
        let (kind, value) = match (identity.good_serial(), &identity.product_key_id, identity.good_uuid()) {
            (Some(serial), _, _) => ("serial number", serial.to_string()),
            (None, Some(key), _) => ("Windows product id", key.to_string()),
            (None, None, Some(uuid)) => ("system UUID", uuid.to_string()),
            // Nothing names it: two of these cannot be told apart here, the bench decides.
            (None, None, None) => return Ok(Ok(entry)),
        };
        Ok(match self.seen.see(&[format!("{kind} {value}")], number) {
            Sight::First => Ok(entry),
            Sight::Again { line, .. } => Err(refusal(
                format!("Line {line} has the same {kind}, {value}."),
                "One line for each machine: remove one of the two, or correct the number.",
            )),
            Sight::TooMany => {
                return Err(Stop::Failed(Problem::new(
                    "The file was not read to its end.",
                    format!("It names more than a million machines; line {number} was the last that was looked at."),
                    "Split it, and import the parts one by one.",
                )));
            }
        })
    }
}

fn refusal(why: impl Into<String>, next: impl Into<String>) -> Refusal {
    Refusal { why: why.into(), next: next.into() }
}

/// Whether two serial numbers name one machine: case and blanks do not count.
fn same_serial(one: &Serial, other: &Serial) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

#[cfg(test)]
mod tests;
