//! Lists with columns: Intune, Partner Center, devicelink exports, corporate identifiers.

use std::io::Read;

use super::{Format, NOTHING, Out, Stop, bare, columns::Column, fields::Fields, refusal};
use crate::{
    entry::{Entry, Lane, Notes, Refusal},
    problem::Problem,
    table::{Cell, Header, Rows, Tidied},
};

/// Lines that stand before a header and mean something else: a spreadsheet's word on the delimiter, and what
/// `Export-Csv` of PowerShell 5 writes unless told not to.
pub(super) fn is_preamble(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    (line.len() == 5 && line[..4].eq_ignore_ascii_case(b"sep=")) || line.starts_with(b"#TYPE ")
}

pub(super) struct Table {
    header: Header<Column>,
    lane: Lane,
    /// Whether the file named its columns.
    named: bool,
}

impl Table {
    /// # Errors
    /// No column of it is anything to register with.
    pub(super) fn by_header(mut header: Header<Column>) -> Result<Self, Problem> {
        let tuple = [Column::Serial, Column::Manufacturer, Column::Model].iter().all(|column| header.has(*column));
        let link = header.has(Column::Data) && header.has(Column::Serial) && !header.has(Column::Hash);
        if !link {
            // Any list may have a column of this name.
            header.columns.iter_mut().filter(|column| **column == Some(Column::Data)).for_each(|column| *column = None);
        }
        let lane = match () {
            () if link => Lane::DeviceLinkCsv,
            () if header.has(Column::Manufacturer) || header.has(Column::Model) => Lane::PartnerCsv,
            () => Lane::IntuneCsv,
        };
        if !(link || tuple || header.has(Column::Hash) || header.has(Column::ProductKeyId)) {
            return Err(Problem::new(
                NOTHING,
                "Its header names serial numbers, but neither a hardware hash, nor a Windows product id, nor maker and \
                 model.",
                "If it is a list of what is expected, import it with whiteglove order import.",
            ));
        }
        Ok(Self { header, lane, named: true })
    }

    /// Of a file without header, by its first line: `serial,product id,hash[,tag[,user]]`, `serial,hash`, or
    /// corporate identifiers, `manufacturer,model,serial`. `None` unless there is one way to read it.
    pub(super) fn without_header(line: &[u8]) -> Option<Self> {
        use Column::{GroupTag, Hash, Manufacturer, Model, ProductKeyId, Serial, User};
        [b',', b';', b'\t'].into_iter().find_map(|delimiter| {
            let cells = Header::<Column>::split(line, delimiter);
            let texts: Vec<String> = cells.iter().map(|cell| cell.tidy().0).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let is_hash = |text: &str| bare::begins(text.as_bytes());
            let (columns, lane): (&[Column], _) = match texts[..] {
                [_, hash] if is_hash(hash) => (&[Serial, Hash], Lane::IntuneCsv),
                [_, _, hash] if is_hash(hash) => (&[Serial, ProductKeyId, Hash], Lane::IntuneCsv),
                [_, _, hash, _] if is_hash(hash) => (&[Serial, ProductKeyId, Hash, GroupTag], Lane::IntuneCsv),
                // Partner Center's five columns end with maker and model instead.
                [_, _, hash, _, user] if is_hash(hash) && (user.is_empty() || user.contains('@')) => {
                    (&[Serial, ProductKeyId, Hash, GroupTag, User], Lane::IntuneCsv)
                }
                [maker, model, serial] if is_maker(maker) && !model.is_empty() && is_number(serial) => {
                    (&[Manufacturer, Model, Serial], Lane::IdentifierCsv)
                }
                _ => return None,
            };
            let columns = columns.iter().copied().map(Some).collect();
            Some(Self { header: Header { delimiter, columns, wrapped: false }, lane, named: false })
        })
    }

    pub(super) fn format(&self) -> Format {
        if self.lane == Lane::DeviceLinkCsv { Format::DeviceLinkCsv } else { Format::Csv }
    }

    pub(super) fn read<R: Read>(mut self, mut rows: Rows<R>, out: &mut Out<'_>) -> Result<(), Stop> {
        rows.set_delimiter(self.header.delimiter);
        self.whole_file(out);
        while let Some(row) = rows.next()? {
            let mut notes = Notes::default();
            let cells = match row.cells {
                Ok(cells) => cells,
                Err(damage) => {
                    let (why, next) = damage.words();
                    out.line(row.number, notes, Err(refusal(why, next)))?;
                    continue;
                }
            };
            let cells = match self.header.unwrap(&cells) {
                Some(cells) => {
                    notes.repair("split a line that as a whole stood in quotation marks".to_owned());
                    cells
                }
                None => cells,
            };
            if self.named
                && let Some(header) = self.header.again(&cells, Column::named)
            {
                self = Self::by_header(header).map_err(Stop::Failed)?;
                continue;
            }
            if row.mark {
                notes.repair("removed a byte order mark in the middle of the file".to_owned());
            }
            let outcome = self.entry(&cells, &mut notes);
            out.line(row.number, notes, outcome)?;
        }
        Ok(())
    }

    fn whole_file(&self, out: &mut Out<'_>) {
        let delimiter = match self.header.delimiter {
            b',' => None,
            b';' => Some("semicolons"),
            b'\t' => Some("tabs"),
            _ => Some("vertical bars"),
        };
        if let Some(delimiter) = delimiter {
            out.whole.push(format!("the columns are separated by {delimiter}, not by commas"));
        }
        if self.header.wrapped {
            out.whole.push("the header as a whole stood in quotation marks".to_owned());
        }
        if !self.named {
            let columns = match self.lane {
                Lane::IdentifierCsv => "manufacturer, model, serial number",
                _ => "serial number, Windows product id, hardware hash",
            };
            out.whole.push(format!("the file has no header: read as {columns}"));
        }
    }

    fn entry(&self, cells: &[Cell], notes: &mut Notes) -> Result<Entry, Refusal> {
        let columns = &self.header.columns;
        let values = cells.iter().rposition(|cell| !cell.is_blank()).map_or(0, |last| last + 1);
        if values > columns.len() {
            return Err(refusal(
                format!("The line has {values} values, and there are {} columns.", columns.len()),
                "Look for a delimiter inside a value, such as a comma in a group tag, and remove it.",
            ));
        }
        let mut fields = Fields::default();
        let mut tidied = Tidied::default();
        let (mut quoted, mut eight_bit) = (false, false);
        for (cell, column) in cells.iter().zip(columns) {
            let Some(column) = *column else { continue };
            let field = match column {
                Column::Serial => &mut fields.serial,
                Column::ProductKeyId => &mut fields.product_key_id,
                Column::Hash => &mut fields.hash,
                Column::GroupTag => &mut fields.group_tag,
                Column::User => &mut fields.user,
                Column::Manufacturer => &mut fields.manufacturer,
                Column::Model => &mut fields.model,
                Column::Data => &mut fields.data,
            };
            quoted |= cell.quoted;
            eight_bit |= cell.windows_1252;
            if column == Column::Hash && !cell.text.starts_with(['=', '\'']) {
                // Its own reader says what it removes.
                field.clone_from(&cell.text);
                continue;
            }
            let done;
            (*field, done) = cell.tidy();
            tidied = tidied.and(done);
        }
        if quoted {
            notes.repair("removed quotation marks".to_owned());
        }
        if eight_bit {
            notes.repair("read letters outside ASCII as Windows-1252".to_owned());
        }
        notes.repairs.extend(tidied.words().map(str::to_owned));
        fields.entry(self.lane, notes)
    }
}

/// Makers are words; a list that begins with serial numbers or models must not pass for identifiers.
fn is_maker(text: &str) -> bool {
    text.chars().any(char::is_alphabetic) && !text.chars().any(|c| c.is_ascii_digit())
}

fn is_number(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
