//! Hashes with nothing beside them: one a line, or one wrapped over many lines as mail programs do.

use std::io::Read;

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{Out, Stop, fields::Fields, refusal};
use crate::{
    entry::{Lane, Notes},
    table::{LONGEST, Rows},
};

/// Bytes behind the length that stands in a hash's head: the record with the digest.
const CHECKSUM: usize = 36;
/// A line of at least so many characters that begins like a hash is one: nothing wraps later.
const LONGER_THAN_WRAPPED: usize = 200;

/// Whether a line is the beginning of a hash: base64 of `OA`.
pub(super) fn begins(line: &[u8]) -> bool {
    let text = bare(line);
    matches!(text, [b'T', b'0', b'E'..=b'H', ..]) && text.len() >= 16 && text.iter().all(|byte| is_base64(*byte))
}

pub(super) fn read<R: Read>(mut rows: Rows<R>, out: &mut Out<'_>) -> Result<(), Stop> {
    let mut open: Option<Open> = None;
    while let Some((number, line)) = rows.line()? {
        match line {
            Ok(line) if bare(&line).iter().all(|byte| is_base64(*byte)) => {
                let text = bare(&line);
                match open.as_mut().filter(|open| open.goes_on_with(text)) {
                    Some(open) => open.add(text),
                    None => {
                        close(open.replace(Open::new(number, &line)), out)?;
                    }
                }
            }
            Ok(_) => {
                close(open.take(), out)?;
                let why = "The line is no hardware hash: there are other characters than those of base64 in it.";
                out.line(number, Notes::default(), Err(refusal(why, NEXT)))?;
            }
            Err(damage) => {
                close(open.take(), out)?;
                let (why, next) = damage.words();
                out.line(number, Notes::default(), Err(refusal(why, next)))?;
            }
        }
    }
    close(open, out)
}

const NEXT: &str = "Capture the hash again, or import the file that it was copied from.";

/// A hash that may go on in the next line.
struct Open {
    number: u64,
    text: String,
    lines: u32,
}

impl Open {
    fn new(number: u64, line: &[u8]) -> Self {
        // With its quotation marks: what is removed is the hash reader's to tell.
        Self { number, text: String::from_utf8_lossy(line).into_owned(), lines: 1 }
    }

    fn add(&mut self, line: &[u8]) {
        self.text.push_str(&String::from_utf8_lossy(line));
        self.lines += 1;
    }

    /// Behind the digest nothing but zeros belongs to a hash: `A` in base64.
    fn goes_on_with(&self, line: &[u8]) -> bool {
        let fits = self.text.len() + line.len() <= LONGEST;
        let belongs = match self.is_whole() {
            true => line.iter().all(|byte| matches!(byte, b'A' | b'=')),
            false => !(begins(line) && line.len() > LONGER_THAN_WRAPPED),
        };
        fits && belongs
    }

    /// By the length that stands in its first bytes.
    fn is_whole(&self) -> bool {
        let text = bare(self.text.as_bytes());
        let head = text.get(..8).and_then(|head| BASE64_STANDARD.decode(head).ok()).unwrap_or_default();
        let Some([_, _, low, high]) = head.first_chunk() else { return false };
        let bytes = usize::from(u16::from_le_bytes([*low, *high])) + CHECKSUM;
        text.len() >= (bytes * 4).div_ceil(3)
    }
}

fn close(open: Option<Open>, out: &mut Out<'_>) -> Result<(), Stop> {
    let Some(Open { number, text, lines }) = open else { return Ok(()) };
    let mut notes = Notes::default();
    if lines > 1 {
        notes.repair(format!("joined {lines} lines to one hash"));
    }
    let outcome = Fields { hash: text, ..Fields::default() }.entry(Lane::BareHash, &mut notes);
    out.line(number, notes, outcome)
}

/// Without blanks and quotation marks around it.
fn bare(line: &[u8]) -> &[u8] {
    let drop = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'');
    let start = line.iter().position(|byte| !drop(byte)).unwrap_or(line.len());
    let end = line.iter().rposition(|byte| !drop(byte)).map_or(start, |last| last + 1);
    &line[start..end]
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b' ')
}
