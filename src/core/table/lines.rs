//! Lines as an editor counts them, each no longer than [`LONGEST`].

use std::io::{self, BufRead, Read};

use super::Text;

/// Bytes. A hash is 4000 characters, a devicelink export a few thousand: nothing real comes near.
pub(crate) const LONGEST: usize = 64 << 10;

/// Lines end with CR LF, LF or CR, the last one with the file too.
pub(super) struct Lines<R> {
    pub(super) text: Text<R>,
    number: u64,
    /// The line before ended with a CR: a LF right behind belongs to it.
    after_cr: bool,
    /// The line before was too long, and its rest still lies ahead.
    skipping: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) number: u64,
    /// `None`: longer than [`LONGEST`].
    pub(super) bytes: Option<Vec<u8>>,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(text: Text<R>) -> Self {
        Self { text, number: 0, after_cr: false, skipping: false }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        if self.skipping {
            // Only now: whoever asked for the long line may have given up the file instead.
            self.skipping = false;
            while !self.part(&mut |_| {})? {}
        }
        let mut bytes = Vec::new();
        let mut too_long = false;
        let mut any = false;
        loop {
            let ended = self.part(&mut |part| {
                any = true;
                too_long |= bytes.len() + part.len() > LONGEST;
                if !too_long {
                    bytes.extend_from_slice(part);
                }
            })?;
            if ended || too_long {
                self.skipping = !ended;
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(Line { number: self.number, bytes: (!too_long).then_some(bytes) }))
    }

    /// Hands on what is at hand of this line; whether it ends there. At the end of the file there is nothing
    /// to hand on; an empty line is one empty part.
    fn part(&mut self, take: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
        if std::mem::take(&mut self.after_cr) && self.text.fill_buf()?.first() == Some(&b'\n') {
            self.text.consume(1);
        }
        let ready = self.text.fill_buf()?;
        if ready.is_empty() {
            return Ok(true);
        }
        let Some(end) = memchr::memchr2(b'\n', b'\r', ready) else {
            let count = ready.len();
            take(ready);
            self.text.consume(count);
            return Ok(false);
        };
        take(&ready[..end]);
        self.after_cr = ready[end] == b'\r';
        self.text.consume(end + 1);
        Ok(true)
    }
}
