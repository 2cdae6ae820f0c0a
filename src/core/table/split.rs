//! One row cut into cells (RFC 4180, and what sloppy writers make of it).

use super::Cell;

/// The cells, and whether the last one has a quotation mark that is not closed.
pub(super) fn split(line: &[u8], delimiter: u8) -> (Vec<Cell>, bool) {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let blanks = blanks(rest, delimiter);
        let next = if rest.get(blanks) == Some(&b'"') {
            match quoted(&rest[blanks + 1..], delimiter) {
                Quoted::Closed { value, next } => {
                    cells.push(Cell::decode(&value, true));
                    next
                }
                Quoted::Open { value } => {
                    cells.push(Cell::decode(&value, true));
                    return (cells, true);
                }
            }
        } else {
            let end = memchr::memchr(delimiter, rest).unwrap_or(rest.len());
            cells.push(Cell::decode(&rest[..end], false));
            rest.get(end + 1..)
        };
        match next {
            Some(next) => rest = next,
            None => return (cells, false),
        }
    }
}

/// Whether this line goes on with, and then closes, the cell that the line before left open. A row of its
/// own that has quotation marks never does: its first one is not followed by a delimiter.
pub(super) fn continues(line: &[u8], delimiter: u8) -> Continues {
    let mut at = 0;
    while let Some(mark) = memchr::memchr(b'"', &line[at..]).map(|found| at + found) {
        if line.get(mark + 1) == Some(&b'"') {
            at = mark + 2;
            continue;
        }
        let behind = &line[mark + 1..];
        return if ends(behind, delimiter).is_some() { Continues::AndCloses } else { Continues::No };
    }
    Continues::Open
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Continues {
    No,
    Open,
    AndCloses,
}

enum Quoted<'a> {
    /// `next` is what follows the delimiter, `None` at the end of the line.
    Closed {
        value: Vec<u8>,
        next: Option<&'a [u8]>,
    },
    Open {
        value: Vec<u8>,
    },
}

/// From behind the opening mark.
fn quoted(mut rest: &[u8], delimiter: u8) -> Quoted<'_> {
    let mut value = Vec::new();
    loop {
        let Some(mark) = memchr::memchr(b'"', rest) else {
            value.extend_from_slice(rest);
            return Quoted::Open { value };
        };
        value.extend_from_slice(&rest[..mark]);
        let behind = &rest[mark + 1..];
        if let Some(next) = ends(behind, delimiter) {
            return Quoted::Closed { value, next };
        }
        // A doubled mark stands for one; a single one inside (`14" laptop`) for itself.
        value.push(b'"');
        rest = behind.strip_prefix(b"\"").unwrap_or(behind);
    }
}

/// What follows a closing mark: blanks, then a delimiter or the end of the line. `None`: it closes nothing.
fn ends(behind: &[u8], delimiter: u8) -> Option<Option<&[u8]>> {
    let rest = &behind[blanks(behind, delimiter)..];
    match rest.first() {
        None => Some(None),
        Some(byte) if *byte == delimiter => Some(Some(&rest[1..])),
        Some(_) => None,
    }
}

fn blanks(bytes: &[u8], delimiter: u8) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t') && **byte != delimiter).count()
}
