//! As much XML as a report of oa3tool needs: elements and text. No declarations, so no entities that
//! multiply; a depth and a size that reports never come near.

use std::io::{self, BufRead};

use crate::table::LONGEST;

const DEEPEST: usize = 16;
/// Bytes between `<` and `>`.
const LONGEST_TAG: usize = 4 << 10;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    Open(String),
    Close(String),
    /// `None`: longer than [`LONGEST`], or with an entity that XML does not define by itself.
    Text(Option<String>),
    End,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum XmlError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it declares a document type or a CDATA section, which no report of oa3tool does")]
    Declaration,
    #[error("its elements are nested deeper than those of any report")]
    Deep,
    #[error("the element '{0}' is closed where it is not open")]
    Mismatch(String),
    #[error("a tag is not well-formed")]
    Tag,
    #[error("it ends inside an element: it was cut off")]
    CutOff,
}

pub(super) struct Xml<R> {
    source: R,
    open: Vec<String>,
    /// `<a/>`: its end is still to be told.
    empty: bool,
    line: u64,
}

impl<R: BufRead> Xml<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, open: vec![], empty: false, line: 1 }
    }

    /// Where the last token ended.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn next(&mut self) -> Result<Token, XmlError> {
        if std::mem::take(&mut self.empty)
            && let Some(name) = self.open.pop()
        {
            return Ok(Token::Close(name));
        }
        loop {
            match self.peek()? {
                None if self.open.is_empty() => return Ok(Token::End),
                None => return Err(XmlError::CutOff),
                Some(b'<') => {
                    self.byte()?;
                    if let Some(token) = self.tag()? {
                        return Ok(token);
                    }
                }
                Some(_) => return self.text(),
            }
        }
    }

    /// Behind `<`; `None` for a comment or an instruction.
    fn tag(&mut self) -> Result<Option<Token>, XmlError> {
        if self.peek()? == Some(b'!') {
            self.comment()?;
            return Ok(None);
        }
        let mut tag = Vec::new();
        let mut quote = None;
        loop {
            let byte = self.byte()?.ok_or(XmlError::CutOff)?;
            match quote {
                None if byte == b'>' => break,
                None if byte == b'<' => return Err(XmlError::Tag),
                None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
                Some(open) if byte == open => quote = None,
                None | Some(_) => {}
            }
            tag.push(byte);
            if tag.len() > LONGEST_TAG {
                return Err(XmlError::Tag);
            }
        }
        let tag = String::from_utf8(tag).map_err(|_| XmlError::Tag)?;
        if tag.starts_with('?') {
            return Ok(None);
        }
        let name_of = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
        if let Some(name) = tag.strip_prefix('/') {
            let name = name_of(name);
            return match self.open.pop() {
                Some(open) if open == name => Ok(Some(Token::Close(name))),
                _ => Err(XmlError::Mismatch(name.chars().take(40).filter(|c| !c.is_control()).collect())),
            };
        }
        let (tag, empty) = tag.strip_suffix('/').map_or((&tag[..], false), |tag| (tag, true));
        let name = name_of(tag);
        if name.is_empty() {
            return Err(XmlError::Tag);
        }
        if self.open.len() == DEEPEST {
            return Err(XmlError::Deep);
        }
        self.open.push(name.clone());
        self.empty = empty;
        Ok(Some(Token::Open(name)))
    }

    /// Behind `<`, up to `-->`; nothing of it is kept.
    fn comment(&mut self) -> Result<(), XmlError> {
        for expected in *b"!--" {
            if self.byte()?.ok_or(XmlError::CutOff)? != expected {
                return Err(XmlError::Declaration);
            }
        }
        let mut last = [0; 2];
        loop {
            let byte = self.byte()?.ok_or(XmlError::CutOff)?;
            if [last[0], last[1], byte] == *b"-->" {
                return Ok(());
            }
            last = [last[1], byte];
        }
    }

    fn text(&mut self) -> Result<Token, XmlError> {
        let mut text = Vec::new();
        let mut too_long = false;
        loop {
            let ready = self.source.fill_buf()?;
            let end = memchr::memchr(b'<', ready);
            let part = &ready[..end.unwrap_or(ready.len())];
            self.line += newlines(part);
            too_long |= text.len() + part.len() > LONGEST;
            if !too_long {
                text.extend_from_slice(part);
            }
            let count = part.len();
            let ended = end.is_some() || count == 0;
            self.source.consume(count);
            if ended {
                break;
            }
        }
        let text = (!too_long).then_some(text).and_then(|text| String::from_utf8(text).ok());
        Ok(Token::Text(text.and_then(|text| resolve(&text))))
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.source.fill_buf()?.first().copied())
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.source.consume(1);
            self.line += u64::from(byte == b'\n');
        }
        Ok(byte)
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).map(|_| 1).sum()
}

/// The five entities of XML itself and characters by number.
fn resolve(text: &str) -> Option<String> {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        resolved.push_str(before);
        let (entity, after) = entity.split_once(';')?;
        resolved.push(match entity {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            number => {
                let number = number.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => number.parse(),
                };
                char::from_u32(code.ok()?).filter(|character| *character != '\0')?
            }
        });
        rest = after;
    }
    resolved.push_str(rest);
    Some(resolved)
}
