//! A planned volume as one sequential stream of bytes, from its boot sector to its last used cluster.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use whiteglove_core::media::{
    Source,
    volume::{self, Volume},
};

use super::encode;
use crate::origin::Origin;

/// Why a file that the plan names could not be taken as planned.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("{path} cannot be read: {reason}")]
    Read { path: PathBuf, reason: io::Error },
    #[error("{path} was {planned} bytes when the image was planned and is {found} now")]
    Changed { path: PathBuf, planned: u64, found: u64 },
}

enum Piece<'a> {
    /// Bytes held in memory, and how many of them have been given.
    Bytes(Vec<u8>, usize),
    /// Number of the next entry.
    Fat(u32),
    File(Planned<'a>),
    Zeros,
}

struct Planned<'a> {
    path: &'a Path,
    origin: Origin<'a>,
    size: u64,
}

/// Gives the volume's bytes in order. Nothing is held but the piece at hand.
pub(crate) struct Stream<'a> {
    volume: &'a Volume,
    ends: Vec<u32>,
    /// Which piece comes next: reserved area, FAT, FAT, directories, files, tail.
    next: usize,
    piece: Piece<'a>,
    /// Bytes the piece at hand still has.
    left: u64,
    /// Zeros that follow it up to the cluster's end.
    padding: u64,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(volume: &'a Volume) -> Self {
        Self { volume, ends: encode::chain_ends(volume), next: 0, piece: Piece::Zeros, left: 0, padding: 0 }
    }

    /// Fills `out` with what comes next; after the content come zeros.
    pub(crate) fn fill(&mut self, mut out: &mut [u8]) -> Result<(), SourceError> {
        while !out.is_empty() {
            if self.left == 0 {
                self.advance()?;
                continue;
            }
            let length = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            let (now, later) = out.split_at_mut(length);
            self.piece.read(self.volume, &self.ends, now)?;
            self.left -= length as u64;
            out = later;
            if self.left == 0
                && let Piece::File(file) = &mut self.piece
            {
                file.finish()?;
            }
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<(), SourceError> {
        if self.padding > 0 {
            self.left = std::mem::take(&mut self.padding);
            self.piece = Piece::Zeros;
            return Ok(());
        }
        let volume = self.volume;
        let geometry = &volume.geometry;
        let at = self.next;
        self.next += 1;
        let directories = 3 + volume.directories.len();
        (self.piece, self.left) = match at {
            0 => held(encode::reserved(volume)),
            1 | 2 => (Piece::Fat(0), geometry.fat_bytes()),
            _ if at < directories => held(encode::directory(volume, &volume.directories[at - 3])),
            _ => match volume.files.get(at - directories) {
                Some(file) => {
                    self.padding = u64::from(file.clusters) * geometry.cluster_bytes() - file.size;
                    (open(file)?, file.size)
                }
                None => (Piece::Zeros, u64::MAX),
            },
        };
        Ok(())
    }
}

fn held(bytes: Vec<u8>) -> (Piece<'static>, u64) {
    let length = bytes.len() as u64;
    (Piece::Bytes(bytes, 0), length)
}

fn open(file: &volume::File) -> Result<Piece<'_>, SourceError> {
    let path = match &file.source {
        Source::Inline(_) => Path::new(&file.path),
        Source::Path(path) | Source::Inside { path, .. } => path,
    };
    let failed = |reason| SourceError::Read { path: path.to_owned(), reason };
    let origin = Origin::open(&file.source).map_err(failed)?;
    // Nothing to read later would be nothing to notice a change by.
    match origin.size().map_err(failed)? {
        found if found == file.size => Ok(Piece::File(Planned { path, origin, size: file.size })),
        found => Err(SourceError::Changed { path: path.to_owned(), planned: file.size, found }),
    }
}

impl Piece<'_> {
    fn read(&mut self, volume: &Volume, ends: &[u32], out: &mut [u8]) -> Result<(), SourceError> {
        match self {
            Self::Bytes(bytes, given) => {
                out.copy_from_slice(&bytes[*given..*given + out.len()]);
                *given += out.len();
            }
            Self::Fat(number) => {
                encode::fat(volume, ends, *number, out);
                *number += u32::try_from(out.len() / 4).unwrap_or(0);
            }
            Self::File(file) => file.origin.read_exact(out).map_err(|reason| match file.origin.size() {
                Ok(found) if found != file.size => file.changed(),
                _ => SourceError::Read { path: file.path.to_owned(), reason },
            })?,
            Self::Zeros => out.fill(0),
        }
        Ok(())
    }
}

impl Planned<'_> {
    fn changed(&self) -> SourceError {
        let found = self.origin.size().unwrap_or(0);
        SourceError::Changed { path: self.path.to_owned(), planned: self.size, found }
    }

    /// A file that grew while it was read would be cut off silently.
    fn finish(&mut self) -> Result<(), SourceError> {
        match self.origin.read(&mut [0; 1]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.changed()),
            Err(reason) => Err(SourceError::Read { path: self.path.to_owned(), reason }),
        }
    }
}
