//! A file's bytes as UTF-8, or as the eight-bit text they are; see [`super::Cell`] for the latter.

use std::io::{self, BufRead, Read};

/// How much is looked at to find the encoding.
const HEAD: usize = 4 << 10;
const CHUNK: usize = 64 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8 or Windows-1252: each cell decides for itself, for tools append to each other's files.
    EightBit,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::EightBit => "UTF-8 or Windows-1252",
            Self::Utf16Le => "UTF-16",
            Self::Utf16Be => "UTF-16 big-endian",
        }
    }

    /// The encoding and the length of the byte order mark. PowerShell's redirections write UTF-16LE with
    /// one, .NET programs sometimes without: then every second byte of such lists is zero.
    fn of(head: &[u8]) -> (Self, usize) {
        match head {
            [0xff, 0xfe, ..] => (Self::Utf16Le, 2),
            [0xfe, 0xff, ..] => (Self::Utf16Be, 2),
            [0xef, 0xbb, 0xbf, ..] => (Self::EightBit, 3),
            _ => {
                let pairs = head.chunks_exact(2);
                let count = pairs.len();
                let zeros = |at: usize| pairs.clone().filter(|pair| pair[at] == 0).count();
                let (first, second) = (zeros(0), zeros(1));
                let mostly = |zeros: usize| count >= 2 && zeros * 10 >= count * 7;
                let hardly = |zeros: usize| zeros * 10 < count;
                match () {
                    () if mostly(second) && hardly(first) => (Self::Utf16Le, 0),
                    () if mostly(first) && hardly(second) => (Self::Utf16Be, 0),
                    () => (Self::EightBit, 0),
                }
            }
        }
    }
}

/// Decodes while reading; holds one chunk.
pub(crate) struct Text<R> {
    source: R,
    encoding: Encoding,
    /// UTF-16 only: read and not decoded yet.
    raw: Vec<u8>,
    ready: Vec<u8>,
    at: usize,
    end: usize,
    ended: bool,
}

impl<R: Read> Text<R> {
    pub(crate) fn open(source: R) -> io::Result<Self> {
        let mut text = Self {
            source,
            encoding: Encoding::EightBit,
            raw: Vec::new(),
            ready: vec![0; CHUNK],
            at: 0,
            end: 0,
            ended: false,
        };
        while text.end < HEAD && !text.ended {
            text.end += text.read(text.end)?;
        }
        let (encoding, mark) = Encoding::of(&text.ready[..text.end]);
        text.encoding = encoding;
        match encoding {
            Encoding::EightBit => text.at = mark,
            Encoding::Utf16Le | Encoding::Utf16Be => {
                text.raw.extend_from_slice(&text.ready[mark..text.end]);
                text.decode();
            }
        }
        Ok(text)
    }

    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Into `ready` from `from` on; zero at the end of the file.
    fn read(&mut self, from: usize) -> io::Result<usize> {
        self.ready.resize(CHUNK, 0);
        loop {
            match self.source.read(&mut self.ready[from..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(count) => {
                    self.ended |= count == 0;
                    return Ok(count);
                }
            }
        }
    }

    /// From `raw` to `ready`. A character that is cut in two waits for its other half.
    fn decode(&mut self) {
        let unit = match self.encoding {
            Encoding::Utf16Be => u16::from_be_bytes,
            Encoding::Utf16Le | Encoding::EightBit => u16::from_le_bytes,
        };
        let (pairs, odd) = self.raw.as_chunks::<2>();
        let waits = pairs.last().is_some_and(|pair| (0xd800..0xdc00).contains(&unit(*pair)));
        let pairs = if waits && !self.ended { &pairs[..pairs.len() - 1] } else { pairs };
        let mut utf8 = String::with_capacity(CHUNK);
        let decoded = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)));
        utf8.extend(decoded.map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER)));
        if self.ended && !odd.is_empty() {
            utf8.push(char::REPLACEMENT_CHARACTER);
        }
        let used = if self.ended { self.raw.len() } else { pairs.len() * 2 };
        self.raw.drain(..used);
        (self.at, self.end) = (0, utf8.len());
        self.ready = utf8.into_bytes();
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Text<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.end && !self.ended {
            let count = self.read(0)?;
            (self.at, self.end) = (0, count);
            if self.encoding != Encoding::EightBit {
                self.raw.extend_from_slice(&self.ready[..count]);
                self.decode();
            }
        }
        Ok(&self.ready[self.at..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.at = (self.at + count).min(self.end);
    }
}
