//! Captures read back off a stick: from the folder it is mounted at, its device, or an image. Sealed ones of our
//! agent, and what our script for Windows left beside them.
//!
//! Every byte here may be anybody's: a stick comes back from a hall full of people. What is read is
//! bounded in number and size, and means nothing until its seal is opened elsewhere.

pub mod brought;
pub mod erase;
pub mod logs;

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
};

use fatfs::{FileSystem, FsOptions};
use whiteglove_core::{media::DATA_LABEL, problem::Problem, script};

use self::erase::EraseError;
use crate::{
    aligned::Blockwise,
    fat::window::{Allowance, Window},
    table::Table,
};

/// A sealed capture is a few tens of KiB.
pub const MAX_BYTES: u64 = 1 << 20;
pub const MAX_FILES: usize = 100_000;
/// The folder on the data volume that the agent writes to.
pub const FOLDER: &str = "captures";
const SUFFIX: &str = ".wgc";
/// What our scripts write in Windows and in Windows PE: to be taken from the stick's own folder only, as elsewhere any file has such a name.
const IN_CLEAR: [&str; 3] = [".csv", ".xml", script::EVIDENCE];
/// Twice the largest directory FAT knows, with its chain.
const LISTING: u64 = 8 << 20;

#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    #[error("{path} cannot be read: {reason}")]
    Read { path: PathBuf, reason: io::Error },
    #[error("{path} has no volume {DATA_LABEL}: {reason}")]
    NoVolume { path: PathBuf, reason: String },
    #[error("{path} has no folder {FOLDER}")]
    NoFolder { path: PathBuf },
}

impl CaptureError {
    /// For the person who plugged the stick in.
    pub fn problem(&self) -> Problem {
        let next = match self {
            Self::Read { .. } => "Check that the stick is plugged in and that you may read it, then import again.",
            Self::NoVolume { .. } => "Choose a stick that whiteglove made, its image, or the folder with its captures.",
            Self::NoFolder { .. } => "Choose the stick's data volume, or the folder that holds its .wgc files.",
        };
        Problem::new("No captures were imported", self.to_string(), next)
    }
}

/// What a stick held.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    pub read: usize,
    /// Names that were passed over, with the reason, in plain words.
    pub skipped: Vec<(String, String)>,
}

/// Whether a file of this name is a capture sealed by our agent; what else is handed out is in clear.
pub fn is_sealed(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(SUFFIX)
}

/// Whether a file of this name in the stick's own folder is taken in.
fn is_taken_in(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !name.starts_with('.') && (lower.ends_with(SUFFIX) || IN_CLEAR.iter().any(|suffix| lower.ends_with(suffix)))
}

/// Hands every capture found at `from` to `each`, with its file name.
pub fn read(from: &Path, each: &mut dyn FnMut(&str, Vec<u8>)) -> Result<Summary, CaptureError> {
    let failed = |reason| CaptureError::Read { path: from.to_owned(), reason };
    let kind = fs::metadata(from).map_err(failed)?.file_type();
    if kind.is_dir() {
        return read_folder(from, each);
    }
    if !kind.is_file() && !kind.is_block_device() {
        return Err(failed(io::Error::other("it is neither a folder, an image nor a disk")));
    }
    let mut disk = File::open(from).map_err(failed)?;
    let size = disk.seek(SeekFrom::End(0)).map_err(failed)?;
    read_disk(&mut disk, size, each).map_err(|e| match e {
        Lost::Volume(reason) => CaptureError::NoVolume { path: from.to_owned(), reason },
        Lost::Folder => CaptureError::NoFolder { path: from.to_owned() },
        Lost::Io(reason) => failed(reason),
    })
}

/// Hands out every capture of a stick that a person gave us to collect from; `device` may be opened for direct I/O.
///
/// # Errors
/// It is not one that whiteglove made, or its volume cannot be read.
pub fn read_stick<D: Read + Seek>(
    device: &mut D,
    size: u64,
    each: &mut dyn FnMut(&str, Vec<u8>),
) -> Result<Summary, EraseError> {
    let mut blocks = Blockwise::new(device, size);
    let (start, length) = erase::place(&mut blocks, size)?;
    let window = Window::new(blocks, start, length);
    let allowance = window.allowance();
    allowance.renew(LISTING);
    let fs = FileSystem::new(window, FsOptions::new())?;
    match read_volume(&fs, &allowance, each) {
        Ok(summary) => Ok(summary),
        // Nothing was ever saved to it, or somebody took the folder away.
        Err(Lost::Folder) => Ok(Summary::default()),
        Err(Lost::Volume(_)) => Err(EraseError::Damaged("it cannot be read")),
        Err(Lost::Io(reason)) => Err(reason.into()),
    }
}

fn read_folder(from: &Path, each: &mut dyn FnMut(&str, Vec<u8>)) -> Result<Summary, CaptureError> {
    let failed = |reason| CaptureError::Read { path: from.to_owned(), reason };
    let inner = from.join(FOLDER);
    let folder = if inner.is_dir() { inner.as_path() } else { from };
    let mut taker = Taker::new(each);
    // Of another folder the caller looks for identities by itself.
    taker.in_clear = folder != from;
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // Of the entry itself: a link could lead anywhere on this machine.
        let regular = entry.file_type().map_err(failed)?.is_file();
        if let Some(name) = taker.wants(&entry.file_name().to_string_lossy(), regular) {
            names.push((name, entry.path()));
        }
    }
    if names.is_empty() && taker.summary.skipped.is_empty() && folder == from {
        return Err(CaptureError::NoFolder { path: from.to_owned() });
    }
    names.sort();
    for (name, path) in names {
        let file = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        taker.take(&name, file.map(|(length, file)| (length, Box::new(file) as Box<dyn Read>)));
    }
    Ok(taker.summary)
}

/// Chooses, bounds and counts.
struct Taker<'a> {
    each: &'a mut dyn FnMut(&str, Vec<u8>),
    /// Takes files that are not sealed, too.
    in_clear: bool,
    seen: usize,
    summary: Summary,
}

impl<'a> Taker<'a> {
    fn new(each: &'a mut dyn FnMut(&str, Vec<u8>)) -> Self {
        Self { each, in_clear: true, seen: 0, summary: Summary::default() }
    }

    fn skip(&mut self, name: &str, why: &str) {
        // As bounded as the rest: a directory of nonsense must not fill the memory with reports.
        if self.summary.skipped.len() < 1000 {
            let name = whiteglove_core::disk::clean(name);
            self.summary.skipped.push((name, why.to_owned()));
        }
    }

    /// The name of a capture that is to be read.
    fn wants(&mut self, name: &str, regular: bool) -> Option<String> {
        if !regular || !is_taken_in(name) || !(self.in_clear || is_sealed(name)) {
            return None;
        }
        self.seen += 1;
        if self.seen > MAX_FILES {
            self.skip(name, "there are more files than one stick can have made");
            return None;
        }
        Some(name.to_owned())
    }

    fn take(&mut self, name: &str, file: io::Result<(u64, Box<dyn Read + '_>)>) {
        let bytes = file.and_then(|(length, file)| {
            if length > MAX_BYTES {
                return Err(io::Error::other("it is too large to be a capture"));
            }
            let mut bytes = Vec::new();
            file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 != length {
                return Err(io::Error::other("it is cut off; the stick was pulled too early or is damaged"));
            }
            Ok(bytes)
        });
        match bytes {
            Ok(bytes) if bytes.is_empty() => self.skip(name, "it is empty; the stick was pulled too early"),
            Ok(bytes) => {
                self.summary.read += 1;
                (self.each)(name, bytes);
            }
            Err(e) => self.skip(name, &e.to_string()),
        }
    }
}

enum Lost {
    Volume(String),
    Folder,
    Io(io::Error),
}

fn read_disk<R: Read + Seek>(disk: &mut R, size: u64, each: &mut dyn FnMut(&str, Vec<u8>)) -> Result<Summary, Lost> {
    // A whole disk with our partitions, or the data partition by itself.
    let stretches = match Table::read(disk, size) {
        Ok(table) => table.stretches(size),
        Err(_) => vec![(String::new(), 0, size)],
    };
    let mut reasons = Vec::new();
    for (_, start, length) in stretches {
        let window = Window::new(&mut *disk, start, length);
        let allowance = window.allowance();
        allowance.renew(LISTING);
        let labelled = FileSystem::new(window, FsOptions::new()).and_then(|fs| {
            let label = fs.read_volume_label_from_root_dir()?.unwrap_or_else(|| fs.volume_label());
            Ok((fs, label))
        });
        match labelled {
            Ok((fs, label)) if label == DATA_LABEL => return read_volume(&fs, &allowance, each),
            Ok((_, label)) => reasons.push(format!("there is {:?}", whiteglove_core::disk::clean(&label))),
            Err(e) => reasons.push(e.to_string()),
        }
    }
    reasons.dedup();
    Err(Lost::Volume(if reasons.is_empty() { "it has no partitions".into() } else { reasons.join(", ") }))
}

fn read_volume<R: Read + Seek>(
    fs: &FileSystem<Window<R>>,
    allowance: &Allowance,
    each: &mut dyn FnMut(&str, Vec<u8>),
) -> Result<Summary, Lost> {
    allowance.renew(LISTING);
    let folder = fs.root_dir().open_dir(FOLDER).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Lost::Folder,
        _ => Lost::Io(e),
    })?;
    let mut taker = Taker::new(each);
    let mut found = Vec::new();
    allowance.renew(LISTING);
    for entry in folder.iter() {
        match entry {
            Ok(entry) => {
                if let Some(name) = taker.wants(&entry.file_name(), entry.is_file()) {
                    found.push((name, entry));
                }
            }
            // What was listed before the damage is still worth having.
            Err(e) => {
                taker.skip(FOLDER, &format!("the folder is damaged: {e}"));
                break;
            }
        }
    }
    for (name, entry) in found {
        allowance.renew(2 * MAX_BYTES + LISTING);
        taker.take(&name, Ok((entry.len(), Box::new(entry.to_file()))));
    }
    Ok(taker.summary)
}

#[cfg(test)]
mod tests;
