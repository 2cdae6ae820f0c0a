//! A disc image that a customer brings: which files it has, and where in it their bytes lie.
//!
//! Windows' own discs are UDF with a stub of ISO 9660 that holds one README (`oscdimg -u2 -udfver102`), so UDF goes
//! first where both are there. Nothing is unpacked: a file is a list of [`Piece`]s of the image, from which it
//! streams onto a medium.
//!
//! The bytes are anybody's. Invariants: what is held and how long it takes is bounded, a folder is never entered
//! twice, a path consists of plain names, and no piece leaves the image.

mod iso9660;
mod udf;

use std::{
    collections::HashSet,
    io::{self, Read, Seek, SeekFrom},
};

pub use whiteglove_core::media::piece::Piece;
use whiteglove_core::{media::piece, problem::Problem};

/// Windows discs have about a thousand; with drivers, some ten thousand.
const MOST_ENTRIES: usize = 200_000;
/// Of all files together: a fragmented file is legal, a list without an end is not.
const MOST_PIECES: usize = 400_000;
/// Of one folder's records.
const LONGEST_FOLDER: u64 = 16 << 20;
const DEEPEST: usize = 32;
const LONGEST_PATH: usize = 1024;
/// Files may share bytes (oscdimg stores equal files once), but not without measure.
const MOST_SHARING: u64 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Udf,
    Joliet,
    RockRidge,
    Iso9660,
}

impl Format {
    pub fn words(self) -> &'static str {
        match self {
            Self::Udf => "UDF",
            Self::Joliet => "ISO 9660 with Joliet names",
            Self::RockRidge => "ISO 9660 with Rock Ridge names",
            Self::Iso9660 => "ISO 9660",
        }
    }
}

/// What is on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disc {
    pub format: Format,
    pub label: String,
    /// The image's length in bytes.
    pub length: u64,
    /// With `/`, without the root; parents first.
    pub directories: Vec<String>,
    pub files: Vec<DiscFile>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscFile {
    /// With `/`, as the disc spells it.
    pub path: String,
    /// In bytes; the pieces make up exactly this.
    pub size: u64,
    pub pieces: Vec<Piece>,
}

#[derive(Debug, thiserror::Error)]
pub enum DiscError {
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it has neither a UDF nor an ISO 9660 file system")]
    Unknown,
    #[error("it ends at {length} bytes, and what it lists goes on to {needed}")]
    Truncated { needed: u64, length: u64 },
    #[error("its {what} at byte {at} is damaged")]
    Damaged { what: &'static str, at: u64 },
    #[error("it uses {0}, which discs of Windows do not")]
    Unsupported(&'static str),
    #[error("it has the name '{0}', which leads out of its folder")]
    Name(String),
    #[error("it has '{0}' twice")]
    Twice(String),
    #[error("its folder '{0}' lies inside itself")]
    Cycle(String),
    #[error("it has more {0} than any disc of Windows")]
    TooMuch(&'static str),
}

impl DiscError {
    /// For the person who named the image.
    pub fn problem(&self, path: &std::path::Path) -> Problem {
        let next = match self {
            Self::Io(_) => "Check that the file is there and that you may read it.",
            Self::Unknown => {
                "Name the ISO file of Windows itself, as it was downloaded: not a folder, stick or archive."
            }
            Self::Truncated { .. } => "The download broke off: download it again, and compare its digest.",
            Self::Damaged { .. } => "Download it again, and compare its digest with the one beside the download.",
            Self::Unsupported(_) | Self::Name(_) | Self::Twice(_) | Self::Cycle(_) | Self::TooMuch(_) => {
                "Use an ISO of Windows as Microsoft gives it out."
            }
        };
        Problem::new(format!("{} is not a disc that can be used.", path.display()), format!("{self}."), next)
    }
}

impl Disc {
    /// # Errors
    /// It is no disc image, is cut off or damaged, or is built to do harm.
    pub fn read<R: Read + Seek>(source: &mut R) -> Result<Self, DiscError> {
        let mut image = Image::new(source)?;
        match udf::read(&mut image)? {
            Some(disc) => Ok(disc),
            None => iso9660::read(&mut image)?.ok_or(DiscError::Unknown),
        }
    }

    /// As Windows compares names: capitals do not matter.
    pub fn find(&self, path: &str) -> Option<&DiscFile> {
        self.files.iter().find(|file| file.path.eq_ignore_ascii_case(path))
    }
}

impl DiscFile {
    pub fn open<R: Read + Seek>(&self, source: R) -> PieceReader<'_, R> {
        PieceReader::new(source, &self.pieces)
    }
}

/// A file inside a larger one, read as if it lay there by itself.
#[derive(Debug)]
pub struct PieceReader<'a, R> {
    source: R,
    pieces: &'a [Piece],
    size: u64,
    at: u64,
}

impl<'a, R> PieceReader<'a, R> {
    pub fn new(source: R, pieces: &'a [Piece]) -> Self {
        Self { source, pieces, size: pieces.iter().map(|piece| piece.length).sum(), at: 0 }
    }

    /// In bytes.
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl<R: Read + Seek> Read for PieceReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(piece) = piece::slice(self.pieces, self.at, buffer.len() as u64).first().copied() else {
            return Ok(0);
        };
        let length = usize::try_from(piece.length).unwrap_or(usize::MAX).min(buffer.len());
        let n = match piece.at {
            Some(at) => {
                self.source.seek(SeekFrom::Start(at))?;
                self.source.read(&mut buffer[..length])?
            }
            None => {
                buffer[..length].fill(0);
                length
            }
        };
        self.at += n as u64;
        Ok(n)
    }
}

impl<R: Read + Seek> Seek for PieceReader<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// The bytes of the image, with its end in sight.
struct Image<'a, R> {
    source: &'a mut R,
    length: u64,
}

impl<'a, R: Read + Seek> Image<'a, R> {
    fn new(source: &'a mut R) -> io::Result<Self> {
        let length = source.seek(SeekFrom::End(0))?;
        Ok(Self { source, length })
    }

    fn at(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, DiscError> {
        let end = offset.saturating_add(length as u64);
        if end > self.length {
            return Err(DiscError::Truncated { needed: end, length: self.length });
        }
        let mut bytes = vec![0; length];
        self.source.seek(SeekFrom::Start(offset))?;
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// All of a folder's records.
    fn all(&mut self, pieces: &[Piece], size: u64) -> Result<Vec<u8>, DiscError> {
        if size > LONGEST_FOLDER {
            return Err(DiscError::TooMuch("entries in one folder"));
        }
        let mut bytes = Vec::new();
        for piece in pieces {
            let length = usize::try_from(piece.length).map_err(|_| DiscError::TooMuch("entries in one folder"))?;
            match piece.at {
                Some(at) => bytes.extend(self.at(at, length)?),
                None => bytes.resize(bytes.len() + length, 0),
            }
        }
        Ok(bytes)
    }
}

/// A folder on the way to being read.
struct Folder<P> {
    /// Empty: the root.
    path: String,
    place: P,
}

/// What has been found so far, within its bounds.
struct Found<K> {
    directories: Vec<String>,
    files: Vec<DiscFile>,
    length: u64,
    pieces: usize,
    content: u64,
    /// Places of folders that were entered.
    entered: HashSet<K>,
}

impl<K: Eq + std::hash::Hash> Found<K> {
    fn new(length: u64) -> Self {
        Self { directories: vec![], files: vec![], length, pieces: 0, content: 0, entered: HashSet::new() }
    }

    /// The path of something in a folder.
    fn path(parent: &str, name: &str) -> Result<String, DiscError> {
        let plain = !name.is_empty()
            && name != "."
            && name != ".."
            && !name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\'));
        if !plain {
            return Err(DiscError::Name(name.escape_default().to_string()));
        }
        let path = if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
        if path.len() > LONGEST_PATH || path.matches('/').count() >= DEEPEST {
            return Err(DiscError::TooMuch("folders inside folders"));
        }
        Ok(path)
    }

    fn count(&self) -> Result<(), DiscError> {
        match self.files.len() + self.directories.len() < MOST_ENTRIES {
            true => Ok(()),
            false => Err(DiscError::TooMuch("files")),
        }
    }

    fn enter(&mut self, path: &str, place: K) -> Result<(), DiscError> {
        match self.entered.insert(place) {
            true => Ok(()),
            false => Err(DiscError::Cycle(path.to_owned())),
        }
    }

    fn directory(&mut self, path: String) -> Result<(), DiscError> {
        self.count()?;
        self.directories.push(path);
        Ok(())
    }

    fn file(&mut self, path: String, size: u64, pieces: Vec<Piece>) -> Result<(), DiscError> {
        self.count()?;
        self.pieces += pieces.len();
        self.content = self.content.saturating_add(size);
        if self.pieces > MOST_PIECES {
            return Err(DiscError::TooMuch("fragments of files"));
        }
        self.files.push(DiscFile { path, size, pieces });
        Ok(())
    }

    /// The disc, if all of it lies within the image and every name is there once.
    fn done(mut self, format: Format, label: String) -> Result<Disc, DiscError> {
        let needed = self.files.iter().flat_map(|file| &file.pieces).map(Piece::end).max().unwrap_or(0);
        if needed > self.length {
            return Err(DiscError::Truncated { needed, length: self.length });
        }
        // Only now: of a download that broke off early, the missing part is what to speak of.
        if self.content > self.length.saturating_mul(MOST_SHARING) {
            return Err(DiscError::TooMuch("content in files"));
        }
        self.directories.sort();
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut names = HashSet::new();
        let all = self.directories.iter().chain(self.files.iter().map(|file| &file.path));
        if let Some(twice) = all.into_iter().find(|path| !names.insert(path.to_lowercase())) {
            return Err(DiscError::Twice(twice.clone()));
        }
        Ok(Disc { format, label, length: self.length, directories: self.directories, files: self.files })
    }
}

#[cfg(test)]
mod tests;
