//! The line that names the columns.

use super::{Cell, split::split};

/// In the order of preference where two fit equally.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Columns in the order of the file; `None` is one nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header<C> {
    pub(crate) delimiter: u8,
    pub(crate) columns: Vec<Option<C>>,
    /// The line as a whole stood in quotation marks, as spreadsheets write what they did not split.
    pub(crate) wrapped: bool,
}

/// A column's name without case, blanks and punctuation: `Device Serial Number` is `deviceserialnumber`.
pub(crate) fn name(cell: &str) -> String {
    cell.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl<C: Copy + PartialEq> Header<C> {
    /// With the delimiter that makes most sense of it; `None` if nothing in it is a known name.
    pub(crate) fn find(line: &[u8], known: impl Fn(&str) -> Option<C>) -> Option<Self> {
        let mut best: Option<(usize, Self)> = None;
        for delimiter in DELIMITERS {
            let (mut cells, _) = split(line, delimiter);
            let mut wrapped = false;
            if let [only] = &cells[..]
                && only.quoted
            {
                (cells, _) = split(only.text.as_bytes(), delimiter);
                wrapped = cells.len() > 1;
            }
            let columns = columns(&cells, &known);
            let count = columns.iter().flatten().count();
            if count > best.as_ref().map_or(0, |(count, _)| *count) {
                best = Some((count, Self { delimiter, columns, wrapped }));
            }
        }
        best.map(|(_, header)| header)
    }

    /// One line, for whoever guesses.
    pub(crate) fn split(line: &[u8], delimiter: u8) -> Vec<Cell> {
        split(line, delimiter).0
    }

    pub(crate) fn has(&self, column: C) -> bool {
        self.columns.contains(&Some(column))
    }

    /// A row that as a whole stood in quotation marks, split after all.
    pub(crate) fn unwrap(&self, cells: &[Cell]) -> Option<Vec<Cell>> {
        let [only] = cells else { return None };
        let (cells, open) = split(only.text.as_bytes(), self.delimiter);
        (only.quoted && self.columns.len() > 1 && cells.len() > 1 && !open).then_some(cells)
    }

    /// Another header further down, as in files that were copied together: its columns.
    pub(crate) fn again(&self, cells: &[Cell], known: impl Fn(&str) -> Option<C>) -> Option<Self> {
        // No name of a column is long: spares the work for lines with a hash.
        let here = self.columns.iter().flatten().count();
        if cells.iter().any(|cell| cell.text.len() > 64) {
            return None;
        }
        let columns = columns(cells, known);
        let found = columns.iter().flatten().count();
        (found >= here.clamp(1, 2)).then_some(Self { delimiter: self.delimiter, columns, wrapped: self.wrapped })
    }
}

/// A name that stands twice counts the first time.
fn columns<C: Copy + PartialEq>(cells: &[Cell], known: impl Fn(&str) -> Option<C>) -> Vec<Option<C>> {
    let mut columns: Vec<Option<C>> = Vec::with_capacity(cells.len());
    for cell in cells {
        let column = (cell.text.len() <= 64).then(|| known(&name(&cell.text))).flatten();
        columns.push(column.filter(|column| !columns.contains(&Some(*column))));
    }
    columns
}
