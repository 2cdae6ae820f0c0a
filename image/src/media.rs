//! An image made from its plan: one sequential pass over every file, every byte digested on the way.
//!
//! The first MiB comes last, as it holds the digests of all others. Free space is left alone, which
//! in a new file is a hole; everything the file systems can see is written, zeros included, so the
//! result does not depend on what was there before.

use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::mpsc,
};

use sha2::{Digest, Sha256};
use whiteglove_core::{
    control::Progress,
    media::{
        CHUNK, HEAD, MediaPlan,
        map::{self, ExtentDigest, ExtentMap, MapError, MapExtent},
    },
    problem::Problem,
};

pub use crate::fat::stream::SourceError;
use crate::{
    fat::stream::Stream,
    gpt::{Table, TableError},
};

/// Told how far the work is; `Break` means the person cancelled.
pub type Watch<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("{path} cannot be written: {reason}")]
    Out { path: PathBuf, reason: io::Error },
    #[error("the image cannot be written: {0}")]
    Write(#[from] io::Error),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Map(#[from] MapError),
    #[error("cancelled")]
    Cancelled,
}

impl BuildError {
    /// For the person who asked for the image.
    pub fn problem(&self) -> Problem {
        let next = match self {
            Self::Source(SourceError::Changed { .. }) => {
                "Let the copy or download into that file finish, then build again."
            }
            Self::Source(SourceError::Read { .. }) => "Check that the file is there and readable, then build again.",
            Self::Out { reason, .. } | Self::Write(reason) if reason.kind() == io::ErrorKind::StorageFull => {
                "Free space on that disk or choose another place, then build again."
            }
            Self::Out { .. } | Self::Write(_) => "Choose another place for the image, then build again.",
            Self::Table(_) | Self::Map(_) => "Build with less content, and report this.",
            Self::Cancelled => "Build again when you want the image.",
        };
        Problem::new("The image was not built", self.to_string(), next)
    }
}

/// Four: one being filled, one being digested, two waiting. Bounds the memory, whatever the image's size.
const BUFFERS: usize = 4;

/// Writes the planned image to `out`, which must be a new file or a disk of at least the plan's size.
pub fn build(plan: &MediaPlan, out: &mut (impl Write + Seek), watch: Watch<'_>) -> Result<ExtentMap, BuildError> {
    let map = write_content(plan, out, watch)?;
    let (mut head, tail) = Table::of(plan).ends(plan.size)?;
    let gap = usize::try_from(map::OFFSET).map_err(io::Error::other)?;
    head.truncate(gap);
    head.extend_from_slice(&map.encode()?);
    out.seek(SeekFrom::Start(plan.size - HEAD))?;
    out.write_all(&tail)?;
    out.seek(SeekFrom::Start(0))?;
    out.write_all(&head)?;
    out.flush()?;
    Ok(map)
}

fn write_content(plan: &MediaPlan, out: &mut (impl Write + Seek), watch: Watch<'_>) -> Result<ExtentMap, BuildError> {
    let total = plan.chunks().map(|(_, length)| length).sum();
    let mut done = 0;
    let mut extents: Vec<MapExtent> =
        plan.chunks().map(|(offset, length)| MapExtent { offset, length, sha256: ExtentDigest([0; 32]) }).collect();
    std::thread::scope(|scope| {
        let (work, queue) = mpsc::sync_channel::<(usize, Vec<u8>)>(BUFFERS - 2);
        let (give_back, used) = mpsc::channel::<Vec<u8>>();
        let hasher = scope.spawn(move || {
            let mut digests = Vec::new();
            while let Ok((number, bytes)) = queue.recv() {
                digests.push((number, digest(&bytes)));
                // Nobody takes it back once the last chunk is written.
                let _ = give_back.send(bytes);
            }
            digests
        });
        let (mut buffers, mut spare) = (0, None);
        let mut number = 0;
        for partition in &plan.partitions {
            let mut stream = Stream::new(&partition.volume);
            let content = partition.content();
            out.seek(SeekFrom::Start(content.start))?;
            while extents.get(number).is_some_and(|extent| content.contains(&extent.offset)) {
                let extent = &mut extents[number];
                let mut bytes = match spare.take().ok_or(()).or_else(|()| used.try_recv()) {
                    Ok(bytes) => bytes,
                    Err(_) if buffers < BUFFERS => {
                        buffers += 1;
                        Vec::with_capacity(usize::try_from(CHUNK).map_err(io::Error::other)?)
                    }
                    Err(_) => used.recv().map_err(io::Error::other)?,
                };
                bytes.resize(usize::try_from(extent.length).map_err(io::Error::other)?, 0);
                stream.fill(&mut bytes)?;
                out.write_all(&bytes)?;
                done += extent.length;
                // Digesting is the slowest part: when the other thread has enough, this one helps.
                if let Err(mpsc::TrySendError::Full((_, bytes)) | mpsc::TrySendError::Disconnected((_, bytes))) =
                    work.try_send((number, bytes))
                {
                    extent.sha256 = digest(&bytes);
                    spare = Some(bytes);
                }
                number += 1;
                if watch(Progress { task: "building the image".into(), done, total }).is_break() {
                    return Err(BuildError::Cancelled);
                }
            }
        }
        drop(work);
        for (number, sha256) in hasher.join().map_err(|_| io::Error::other("the digesting thread failed"))? {
            extents[number].sha256 = sha256;
        }
        Ok(ExtentMap { media: plan.media, size: plan.size, extents })
    })
}

pub(crate) fn digest(bytes: &[u8]) -> ExtentDigest {
    ExtentDigest(Sha256::digest(bytes).into())
}

/// Builds into `path`, or leaves nothing there: the image appears under its name when it is whole
/// and on disk.
pub fn build_file(plan: &MediaPlan, path: &Path, watch: Watch<'_>) -> Result<ExtentMap, BuildError> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = Part { path: part.into(), keep: false };
    let failed = |reason| BuildError::Out { path: path.to_owned(), reason };
    let mut file = File::create(&part.path).map_err(failed)?;
    file.set_len(plan.size).map_err(failed)?;
    let map = build(plan, &mut file, watch)?;
    file.sync_all().map_err(failed)?;
    part.publish(path).map_err(failed)?;
    Ok(map)
}

/// An unfinished file, removed unless it is published.
struct Part {
    path: PathBuf,
    keep: bool,
}

impl Part {
    fn publish(mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        self.keep = true;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.keep {
            // What stops this stops the person's own attempt too; the error that led here is the one to tell.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests;
