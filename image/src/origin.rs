//! A planned file's bytes, from wherever they are to come.

use std::{
    fs::File,
    io::{self, Read},
};

use whiteglove_core::media::Source;

use crate::disc::PieceReader;

#[derive(Debug)]
pub enum Origin<'a> {
    Inline(&'a [u8]),
    Host(File),
    Inside(PieceReader<'a, File>),
}

impl<'a> Origin<'a> {
    /// # Errors
    /// What the system says, or it is something else than a file.
    pub fn open(source: &'a Source) -> io::Result<Self> {
        let open = |path| {
            let file = File::open(path)?;
            match file.metadata()?.is_file() {
                true => Ok(file),
                false => Err(io::Error::other("it is not a regular file")),
            }
        };
        Ok(match source {
            Source::Inline(bytes) => Self::Inline(bytes),
            Source::Path(path) => Self::Host(open(path)?),
            Source::Inside { path, pieces } => Self::Inside(PieceReader::new(open(path)?, pieces)),
        })
    }

    /// Bytes there are, now.
    ///
    /// # Errors
    /// What the system says.
    pub fn size(&self) -> io::Result<u64> {
        Ok(match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Host(file) => file.metadata()?.len(),
            Self::Inside(pieces) => pieces.size(),
        })
    }
}

impl Read for Origin<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Inline(bytes) => bytes.read(buffer),
            Self::Host(file) => file.read(buffer),
            Self::Inside(pieces) => pieces.read(buffer),
        }
    }
}
