//! `OA3.xml`, the report of WinPE's oa3tool: one `Key` for each machine, usually a single line without
//! XML declaration. `ProductKeyID` and `SerialNumber` are there or not.

use std::io::BufRead;

use super::{
    NOTHING, Out, Stop,
    fields::Fields,
    refusal, unreadable,
    xml::{Token, Xml, XmlError},
};
use crate::{
    entry::{Lane, Notes},
    problem::Problem,
    table::LONGEST,
};

const NEXT: &str = "Run oa3tool /Report on the machine again and import the OA3.xml it writes.";

/// A `Key` that is being read.
struct Key {
    /// Line of its start.
    number: u64,
    fields: Fields,
    /// A value that is too long or not text.
    unsound: Option<String>,
}

pub(super) fn read(source: impl BufRead, out: &mut Out<'_>) -> Result<(), Stop> {
    let mut xml = Xml::new(source);
    let mut key: Option<Key> = None;
    // The element whose text comes next, if it is a child of the key.
    let mut child: Option<String> = None;
    let mut inside = 0_usize;
    let mut any = false;
    loop {
        let token = match xml.next() {
            Ok(token) => token,
            Err(error) => return failed(error, xml.line(), key.map(|key| key.number), any, out),
        };
        match token {
            Token::Open(name) => match &key {
                None if name == "Key" => {
                    any = true;
                    key = Some(Key { number: xml.line(), fields: Fields::default(), unsound: None });
                }
                None => {}
                Some(_) => {
                    inside += 1;
                    child = (inside == 1).then_some(name);
                }
            },
            Token::Text(text) => {
                if let (Some(key), Some(child)) = (&mut key, &child) {
                    key.take(child, text);
                }
            }
            Token::Close(_) if inside > 0 => {
                inside -= 1;
                child = None;
            }
            Token::Close(_) => {
                if let Some(key) = key.take() {
                    key.close(out)?;
                }
            }
            Token::End => break,
        }
    }
    if any {
        return Ok(());
    }
    Err(Stop::Failed(Problem::new(NOTHING, "It is XML, but no report of oa3tool: there is no element Key.", NEXT)))
}

impl Key {
    fn take(&mut self, child: &str, text: Option<String>) {
        let field = match child {
            "HardwareHash" => &mut self.fields.hash,
            "ProductKeyID" => &mut self.fields.product_key_id,
            "SerialNumber" => &mut self.fields.serial,
            // ProductKey, too: the licence itself is nothing to keep.
            _ => return,
        };
        match text {
            // A comment inside cuts a text in two; the same element over and over must not fill memory.
            Some(text) if field.len() + text.len() <= LONGEST => {
                field.push_str(if child == "HardwareHash" { &text } else { text.trim() });
            }
            Some(_) | None => self.unsound = Some(format!("The value of {child} is too long, or it is no text.")),
        }
    }

    fn close(self, out: &mut Out<'_>) -> Result<(), Stop> {
        let mut notes = Notes::default();
        let outcome = match self.unsound {
            Some(why) => Err(refusal(why, NEXT)),
            None => self.fields.entry(Lane::Oa3, &mut notes),
        };
        out.line(self.number, notes, outcome)
    }
}

/// The key that was open is refused; what came before it stays taken.
fn failed(error: XmlError, line: u64, key: Option<u64>, any: bool, out: &mut Out<'_>) -> Result<(), Stop> {
    let error = match error {
        XmlError::Io(error) => return Err(Stop::Failed(unreadable(error))),
        error => error,
    };
    if let Some(number) = key {
        out.line(number, Notes::default(), Err(refusal(format!("The file is damaged in this key: {error}."), NEXT)))?;
    }
    let what = if any { "This file was not read to its end." } else { NOTHING };
    Err(Stop::Failed(Problem::new(what, format!("It fails in line {line}: {error}."), NEXT)))
}
