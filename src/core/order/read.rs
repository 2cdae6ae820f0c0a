//! Order lists as customers and resellers write them: a table under any header that names a serial number or
//! product key id, or nothing but serial numbers.

use std::io::{self, Read};

use super::{Expected, Listed, OrderLine};
use crate::{
    entry::Refusal,
    identity::Serial,
    import::{damaged_by_spreadsheet, is_scientific, product_key_id, refuse_product_key},
    problem::Problem,
    scan::{self, Scan},
    table::{Cell, Encoding, Header, Rows, Seen, Sight, Text, Tidied, quote},
};

/// Lines that may stand above the header: a title, an address, a date.
const MOST_PREAMBLE: usize = 30;
/// Characters of a text that somebody types.
const LONGEST_TEXT: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Serial,
    ProductKeyId,
    Manufacturer,
    Model,
    AssetTag,
    Customer,
}

impl Column {
    /// By the name without case, blanks and punctuation. `Product ID` is a shop's article number here.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "serial" | "serialnumber" | "serialno" | "serialnr" | "serialnum" | "serials" | "serialnumbers" | "sn"
            | "deviceserialnumber" | "deviceserial" | "systemserialnumber" | "unitserialnumber" | "servicetag"
            | "servicetags" | "seriennummer" | "seriennummern" | "seriennr" | "serienr" | "serienummer"
            | "gerätenummer" | "numérodesérie" | "numerodeserie" | "ndesérie" | "ndeserie" | "nodesérie"
            | "númerodeserie" | "numerodiserie" | "matricola" => Self::Serial,
            "windowsproductid" | "productkeyid" | "windowsproductkeyid" | "pkid" => Self::ProductKeyId,
            "manufacturer" | "manufacturername" | "maker" | "make" | "vendor" | "brand" | "oem" | "hersteller"
            | "marke" | "fabricant" | "marque" | "fabricante" | "fabrikant" => Self::Manufacturer,
            "model" | "modelname" | "devicemodel" | "modell" | "modèle" | "modele" | "modelo" | "product"
            | "productname" | "produkt" => Self::Model,
            "assettag" | "asset" | "assetnumber" | "assetno" | "assetid" | "inventorynumber" | "inventorytag"
            | "inventarnummer" | "inventarnr" | "inventar" => Self::AssetTag,
            "customer" | "customername" | "endcustomer" | "client" | "company" | "account" | "kunde" | "kundenname"
            | "firma" | "cliente" => Self::Customer,
            _ => return None,
        })
    }
}

/// Reads an order file: CSV with tolerant headers in any encoding, or one serial number a line.
///
/// What holds for the file as a whole (its encoding, its delimiter) stands with the first line's repairs.
///
/// # Errors
/// No column can be a serial number or product key id, or the file cannot be read.
pub fn read(source: impl Read, sink: &mut dyn FnMut(OrderLine)) -> Result<(), Problem> {
    let mut rows = Rows::new(Text::open(source).map_err(unreadable)?);
    let head = rows.head().map_err(unreadable)?;
    if head.starts_with(b"PK\x03\x04") || head.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(Problem::new(
            NO_ORDER,
            "it is an Excel workbook or an archive",
            "Save the sheet as CSV, then import that.",
        ));
    }
    let mut whole = Vec::new();
    if rows.encoding() != Encoding::EightBit {
        whole.push(format!("the file is {}", rows.encoding().words()));
    }
    let list = List::find(&mut rows, &mut whole)?;
    rows.set_delimiter(list.header.delimiter);
    list.read(rows, whole, sink)
}

const NO_ORDER: &str = "This file is no order list.";
const NEXT: &str = "Give the list a header line with a column 'Serial Number', or write one serial number a line.";

#[expect(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
fn unreadable(error: io::Error) -> Problem {
    Problem::new(
        "This file cannot be read.",
        error.to_string(),
        "Copy it again from where it came from, then import it.",
    )
}

struct List {
    header: Header<Column>,
    /// Whether the file named its columns.
    named: bool,
}

impl List {
    /// Looks for a header under what stands above it; a file that begins with a number is a plain list.
    fn find<R: Read>(rows: &mut Rows<R>, whole: &mut Vec<String>) -> Result<Self, Problem> {
        let mut above = 0;
        while above < MOST_PREAMBLE {
            let Some((number, line)) = rows.line().map_err(unreadable)? else { break };
            let Ok(line) = line else {
                above += 1;
                continue;
            };
            if let Some(header) = Header::find(&line, Column::named).filter(names_machines) {
                if above > 0 {
                    whole.push(format!("skipped {above} lines above the header"));
                }
                return Ok(Self { header, named: true });
            }
            if above == 0
                && let Some(delimiter) = lone_number(&line)
            {
                rows.put_back(number, line);
                let header = Header { delimiter, columns: vec![Some(Column::Serial)], wrapped: false };
                return Ok(Self { header, named: false });
            }
            above += usize::from(!line.trim_ascii().to_ascii_lowercase().starts_with(b"sep="));
        }
        Err(Problem::new(
            NO_ORDER,
            match above {
                0 => "it is empty".to_owned(),
                _ => format!("none of its first {above} lines names a column of serial numbers or Windows product ids"),
            },
            NEXT,
        ))
    }

    fn read<R: Read>(
        mut self,
        mut rows: Rows<R>,
        mut whole: Vec<String>,
        sink: &mut dyn FnMut(OrderLine),
    ) -> Result<(), Problem> {
        let mut seen = Seen::default();
        while let Some(row) = rows.next().map_err(unreadable)? {
            let number = row.number;
            let cells = row.cells.map_err(|damage| {
                let (why, next) = damage.words();
                refusal(why, next)
            });
            let cells = cells.map(|cells| self.header.unwrap(&cells).unwrap_or(cells));
            if self.named
                && let Ok(cells) = &cells
                && let Some(header) = self.header.again(cells, Column::named).filter(names_machines)
            {
                self.header = header;
                continue;
            }
            let mut repairs = std::mem::take(&mut whole);
            let outcome = cells.and_then(|cells| self.listed(&cells, &mut repairs));
            let outcome = match outcome {
                Ok(listed) => twice(&listed.expected, number, &mut seen)?.map_or(Ok(listed), Err),
                refused => refused,
            };
            sink(OrderLine { number, repairs, outcome });
        }
        Ok(())
    }

    fn listed(&self, cells: &[Cell], repairs: &mut Vec<String>) -> Result<Listed, Refusal> {
        let mut texts: [String; 6] = Default::default();
        let mut tidied = Tidied::default();
        let (mut quoted, mut eight_bit) = (false, false);
        if !self.named && cells.iter().skip(1).any(|cell| !cell.is_blank()) {
            return Err(refusal("There are several values in the line, and the list has no header.", NEXT));
        }
        for (cell, column) in cells.iter().zip(&self.header.columns) {
            let Some(column) = *column else { continue };
            let (text, done) = cell.tidy();
            tidied = tidied.and(done);
            quoted |= cell.quoted;
            eight_bit |= cell.windows_1252;
            if text.chars().nth(LONGEST_TEXT).is_some() {
                return Err(refusal(
                    format!("A value is longer than {LONGEST_TEXT} characters: {}.", quote(&text)),
                    "Look whether two columns or lines ran together.",
                ));
            }
            texts[column as usize] = text;
        }
        if quoted {
            repairs.push("removed quotation marks".to_owned());
        }
        if eight_bit {
            repairs.push("read letters outside ASCII as Windows-1252".to_owned());
        }
        repairs.extend(tidied.words().map(str::to_owned));
        let [serial, key, manufacturer, model, asset_tag, customer] = texts;
        let mut expected = Expected { serial: None, product_key_id: None, manufacturer, model, asset_tag };
        self.number(&serial, &mut expected, repairs)?;
        if let Some(key) = product_key_id(&key)? {
            expected.product_key_id = Some(key);
        }
        if expected.serial.is_none() && expected.product_key_id.is_none() {
            return Err(refusal(
                "There is neither a serial number nor a Windows product id in the line.",
                "Complete the line, or remove it.",
            ));
        }
        Ok(Listed { expected, customer: Some(customer).filter(|customer| !customer.is_empty()) })
    }

    /// Reads the serial number as a scanner's code is read, so that the label finds the line.
    fn number(&self, text: &str, expected: &mut Expected, repairs: &mut Vec<String>) -> Result<(), Refusal> {
        if text.is_empty() {
            return Ok(());
        }
        if is_scientific(text) {
            return Err(damaged_by_spreadsheet("serial number", text));
        }
        refuse_product_key(text, "serial number")?;
        let no_serial = |why: &str| {
            refusal(format!("{} is no serial number: {why}.", quote(text)), "Correct the line by the order.")
        };
        match scan::read(text) {
            Scan::Serial(serial) if serial.is_junk() => {
                return Err(no_serial("firmware says so where nobody set one"));
            }
            Scan::Serial(serial) => {
                if serial.as_str() != text.to_uppercase() {
                    repairs.push(format!("read {} as serial number {serial}", quote(text)));
                }
                expected.serial = Some(serial);
            }
            // A list with a column of its own for these means what it says.
            Scan::ProductKeyId(_) if self.header.has(Column::ProductKeyId) => {
                expected.serial = Serial::try_from(text.to_uppercase()).ok();
            }
            Scan::ProductKeyId(key) => {
                if self.named {
                    repairs.push("thirteen digits: read as Windows product id".to_owned());
                }
                expected.product_key_id = Some(key);
            }
            Scan::Setup(_) | Scan::Part { .. } => return Err(no_serial("it is a setup code")),
            Scan::Unreadable(why) => return Err(no_serial(why)),
        }
        Ok(())
    }
}

fn names_machines(header: &Header<Column>) -> bool {
    header.has(Column::Serial) || header.has(Column::ProductKeyId)
}

/// The delimiter of a line with one value in it: a digit and no blanks, what a scanner could have read.
fn lone_number(line: &[u8]) -> Option<u8> {
    let alone = |cells: &[Cell]| cells.iter().skip(1).all(Cell::is_blank);
    let split = |delimiter| (delimiter, Header::<Column>::split(line, delimiter));
    // What follows the value, if anything, is the delimiter; where there is none any will do.
    let (delimiter, cells) =
        [b';', b'\t', b','].into_iter().map(split).find(|(_, cells)| cells.len() > 1).unwrap_or_else(|| split(b','));
    let (text, _) = cells.first().filter(|_| alone(&cells))?.tidy();
    let scanned = scan::read(&text);
    // `S/N: PF1` has a blank, too; a title has no prefix that comes off.
    let is_word = !text.contains(char::is_whitespace)
        || matches!(&scanned, Scan::Serial(serial) if serial.as_str() != text.to_uppercase());
    let understood = is_scientific(&text) || matches!(scanned, Scan::Serial(_) | Scan::ProductKeyId(_));
    (understood && is_word && text.bytes().any(|byte| byte.is_ascii_digit())).then_some(delimiter)
}

/// Why this line names what an earlier one named, if so.
fn twice(expected: &Expected, number: u64, seen: &mut Seen) -> Result<Option<Refusal>, Problem> {
    let serial = expected.serial.as_ref().map(|serial| format!("serial number, {serial}"));
    let key = expected.product_key_id.as_ref().map(|key| format!("Windows product id, {key}"));
    let names: Vec<String> = serial.into_iter().chain(key).collect();
    match seen.see(&names, number) {
        Sight::First => Ok(None),
        Sight::Again { name, line } => Ok(Some(refusal(
            format!("Line {line} has the same {}.", names[name]),
            "Remove one of the two; if two machines were ordered, correct the number.",
        ))),
        Sight::TooMany => Err(Problem::new(
            "The order was not read to its end.",
            format!("It names more than a million machines; line {number} was the last that was looked at."),
            "Split it by batch, and import the parts one by one.",
        )),
    }
}

fn refusal(why: impl Into<String>, next: impl Into<String>) -> Refusal {
    Refusal { why: why.into(), next: next.into() }
}

#[cfg(test)]
mod tests;
