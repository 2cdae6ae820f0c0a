//! Rows: mostly one line each; more where a quoted value has line breaks in it.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Read},
};

use super::{
    Cell, Encoding, LONGEST, Text,
    lines::{Line, Lines},
    split::{Continues, continues, split},
};

/// A hash wrapped at 64 characters has 63 lines.
const MOST_JOINED: usize = 100;
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Blank lines are left out.
pub(crate) struct Rows<R> {
    lines: Lines<R>,
    delimiter: u8,
    /// Looked at and put back, in their order.
    held: VecDeque<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Of its first line.
    pub(crate) number: u64,
    pub(crate) cells: Result<Vec<Cell>, Damage>,
    /// It was put together from several lines.
    pub(crate) joined: bool,
    /// A byte order mark was in the middle of the file: two files were copied together.
    pub(crate) mark: bool,
}

/// A line as it stands, with its number.
pub(crate) type Unsplit = (u64, Result<Vec<u8>, Damage>);

/// Why a line has no cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    TooLong,
    Nul,
    OpenQuote,
}

impl Damage {
    /// Why, and what to do.
    pub(crate) fn words(self) -> (String, &'static str) {
        match self {
            Self::TooLong => (
                format!("The line is longer than {} KiB.", LONGEST >> 10),
                "Look whether line ends were lost; write the list again.",
            ),
            Self::Nul => (
                "There are NUL characters in the line: it is damaged, or another tool appended to the file in another \
                 encoding."
                    .to_owned(),
                "Write the list again with one tool, or save it as UTF-8 from an editor.",
            ),
            Self::OpenQuote => (
                "A quotation mark is opened and never closed.".to_owned(),
                "Remove the quotation mark in this line and import the file again.",
            ),
        }
    }
}

impl<R: Read> Rows<R> {
    pub(crate) fn new(text: Text<R>) -> Self {
        Self { lines: Lines::new(text), delimiter: b',', held: VecDeque::new() }
    }

    pub(crate) fn encoding(&self) -> Encoding {
        self.lines.text.encoding()
    }

    /// What lies ahead; only before the first row is taken.
    pub(crate) fn head(&mut self) -> io::Result<&[u8]> {
        self.lines.text.fill_buf()
    }

    /// For a reader that does not go by lines.
    pub(crate) fn into_text(self) -> Text<R> {
        self.lines.text
    }

    pub(crate) fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    /// The next line that is not blank, as it stands, for whoever looks for a header.
    pub(crate) fn line(&mut self) -> io::Result<Option<Unsplit>> {
        while let Some(line) = self.take()? {
            let Some(bytes) = line.bytes else { return Ok(Some((line.number, Err(Damage::TooLong)))) };
            let bytes = bytes.strip_prefix(MARK).map(<[u8]>::to_vec).unwrap_or(bytes);
            if is_blank(&bytes) {
                continue;
            }
            let damaged = memchr::memchr(0, &bytes).is_some();
            return Ok(Some((line.number, if damaged { Err(Damage::Nul) } else { Ok(bytes) })));
        }
        Ok(None)
    }

    /// Gives back what [`Self::line`] gave.
    pub(crate) fn put_back(&mut self, number: u64, bytes: Vec<u8>) {
        self.held.push_front(Line { number, bytes: Some(bytes) });
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Row>> {
        while let Some(Line { number, bytes }) = self.take()? {
            let mut row = Row { number, cells: Err(Damage::TooLong), joined: false, mark: false };
            let Some(mut bytes) = bytes else { return Ok(Some(row)) };
            if bytes.starts_with(MARK) {
                bytes.drain(..MARK.len());
                row.mark = true;
            }
            if is_blank(&bytes) {
                continue;
            }
            row.cells = self.cells(bytes, &mut row.joined)?;
            // Spreadsheets fill a sheet's end with rows of delimiters.
            if row.cells.as_ref().is_ok_and(|cells| cells.iter().all(Cell::is_blank)) {
                continue;
            }
            return Ok(Some(row));
        }
        Ok(None)
    }

    fn cells(&mut self, mut bytes: Vec<u8>, joined: &mut bool) -> io::Result<Result<Vec<Cell>, Damage>> {
        if memchr::memchr(0, &bytes).is_some() {
            return Ok(Err(Damage::Nul));
        }
        let (mut cells, mut open) = split(&bytes, self.delimiter);
        let mut more: Vec<Line> = Vec::new();
        while open {
            let next = if more.len() < MOST_JOINED { self.take()? } else { None };
            let Some(line) = next else { break };
            let part = line.bytes.as_deref().filter(|part| bytes.len() + part.len() < LONGEST && !part.contains(&0));
            let how = part.map_or(Continues::No, |part| continues(part, self.delimiter));
            if let (Some(part), Continues::Open | Continues::AndCloses) = (part, how) {
                bytes.push(b'\n');
                bytes.extend_from_slice(part);
            }
            more.push(line);
            match how {
                Continues::No => break,
                Continues::Open => {}
                Continues::AndCloses => (cells, open) = split(&bytes, self.delimiter),
            }
        }
        if open {
            // The lines behind may be sound: each gets its own turn.
            more.into_iter().rev().for_each(|line| self.held.push_front(line));
            return Ok(Err(Damage::OpenQuote));
        }
        *joined = !more.is_empty();
        Ok(Ok(cells))
    }

    fn take(&mut self) -> io::Result<Option<Line>> {
        match self.held.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.lines.next(),
        }
    }
}

/// Nothing but blanks, or the zeros that a power cut leaves at a file's end.
fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\0'))
}
