//! An image made from its plan: one sequential pass over every file, every byte digested on the way.
//!
//! The first MiB comes last, as it holds the digests of all others. Free space is left alone, which
//! in a new file is a hole; everything the file systems can see is written, zeros included, so the
//! result does not depend on what was there before.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    ops::ControlFlow,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::mpsc,
};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};
use whiteglove_core::{
    control::Progress,
    media::{
        self, CHUNK, HEAD, MediaPlan,
        keep::Keep,
        map::{self, ExtentDigest, ExtentMap, MapError, MapExtent},
    },
    media_card,
    problem::Problem,
};

pub use crate::fat::stream::SourceError;
use crate::{
    aligned::Aligned,
    fat::stream::Stream,
    table::{Table, TableError},
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

/// One being read, one written, one digested, and as many waiting: 24 MiB, whatever the image's size.
const BUFFERS: usize = 6;

/// Writes the planned image to `out`, which must be a new file or a disk of at least the plan's size.
pub fn build(plan: &MediaPlan, out: &mut (impl Write + Seek), watch: Watch<'_>) -> Result<ExtentMap, BuildError> {
    let map = write_content(plan, out, watch)?;
    let mut buffer = Aligned::new();
    if !plan.form.is_stick() {
        // All else of a disc is content. Its map comes last all the same: without it nothing takes the file for whole.
        let gap = map.encode()?;
        let buffer = buffer.of(gap.len() as u64);
        buffer.copy_from_slice(&gap);
        out.seek(SeekFrom::Start(map.offset()))?;
        out.write_all(buffer)?;
        out.flush()?;
        return Ok(map);
    }
    let (mut head, tail) = Table::of(plan).ends(plan.size)?;
    let gap = usize::try_from(map::OFFSET).map_err(io::Error::other)?;
    head.truncate(gap);
    head.extend_from_slice(&map.encode()?);
    for (offset, bytes) in [(plan.size - HEAD, &tail), (0, &head)] {
        let buffer = buffer.of(HEAD);
        buffer.copy_from_slice(bytes);
        out.seek(SeekFrom::Start(offset))?;
        out.write_all(buffer)?;
    }
    out.flush()?;
    Ok(map)
}

/// Three hands: one thread reads what comes next, this one writes, one digests. Buffers go round.
fn write_content(plan: &MediaPlan, out: &mut (impl Write + Seek), watch: Watch<'_>) -> Result<ExtentMap, BuildError> {
    let extent = |(offset, length)| MapExtent { offset, length, sha256: ExtentDigest([0; 32]) };
    let mut extents: Vec<MapExtent> = plan.chunks().map(extent).collect();
    let total = extents.iter().map(|extent| extent.length).sum();
    let mut done = 0;
    std::thread::scope(|scope| {
        let (give_back, free) = mpsc::channel();
        let (filled, to_write) = mpsc::channel();
        let (written, to_digest) = mpsc::sync_channel::<(usize, u64, Aligned)>(BUFFERS / 2);
        for _ in 0..BUFFERS {
            give_back.send(Aligned::new()).map_err(io::Error::other)?;
        }
        scope.spawn(move || read_ahead(plan, &free, &filled));
        let spent = give_back.clone();
        let digester = scope.spawn(move || {
            let mut digests = Vec::new();
            while let Ok((number, length, mut bytes)) = to_digest.recv() {
                digests.push((number, digest(bytes.of(length))));
                // Nobody takes it back once the last chunk is read.
                let _ = spent.send(bytes);
            }
            digests
        });
        let mut at = 0;
        for (number, extent) in extents.iter_mut().enumerate() {
            let mut bytes: Aligned = to_write.recv().map_err(io::Error::other)??;
            if at != extent.offset {
                out.seek(SeekFrom::Start(extent.offset))?;
            }
            out.write_all(bytes.of(extent.length))?;
            at = extent.offset + extent.length;
            done += extent.length;
            // Digesting is the slowest part: when its thread has enough to do, this one helps.
            let work = written.try_send((number, extent.length, bytes));
            if let Err(mpsc::TrySendError::Full(work) | mpsc::TrySendError::Disconnected(work)) = work {
                let (_, length, mut bytes) = work;
                extent.sha256 = digest(bytes.of(length));
                let _ = give_back.send(bytes);
            }
            if watch(Progress { task: "building the image".into(), done, total }).is_break() {
                return Err(BuildError::Cancelled);
            }
        }
        drop(written);
        for (number, sha256) in digester.join().map_err(|_| io::Error::other("the digesting thread failed"))? {
            extents[number].sha256 = sha256;
        }
        Ok(ExtentMap { media: plan.media, form: plan.form, size: plan.size, extents, cards: cards(plan) })
    })
}

/// Where the archive with the cards lies.
fn cards(plan: &MediaPlan) -> Option<(u64, u64)> {
    // Each stick gets its own number, and a disc is none.
    let boot = plan.partition(media::Part::Boot).filter(|_| plan.form.is_stick())?;
    let file = boot.volume.files.iter().find(|file| media_card::is_personal(&file.path))?;
    Some((boot.offset() + boot.volume.geometry.cluster_offset(file.first_cluster), file.size))
}

/// Fills free buffers with the plan's chunks in order, until one fails or nobody wants them any more.
fn read_ahead(plan: &MediaPlan, free: &mpsc::Receiver<Aligned>, filled: &mpsc::Sender<Result<Aligned, SourceError>>) {
    for (_, bytes) in plan.disc_parts() {
        for chunk in bytes.chunks(usize::try_from(CHUNK).unwrap_or(usize::MAX)) {
            let Ok(mut buffer) = free.recv() else { return };
            buffer.of(chunk.len() as u64).copy_from_slice(chunk);
            if filled.send(Ok(buffer)).is_err() {
                return;
            }
        }
    }
    for partition in &plan.partitions {
        let mut stream = Stream::new(&partition.volume);
        for (_, length) in partition.chunks() {
            let Ok(mut bytes) = free.recv() else { return };
            let read = stream.fill(bytes.of(length)).map(|()| bytes);
            let failed = read.is_err();
            if filled.send(read).is_err() || failed {
                return;
            }
        }
    }
    if let Some((_, length)) = plan.keep.as_ref().map(Keep::blank) {
        let Ok(mut bytes) = free.recv() else { return };
        bytes.of(length).fill(0);
        // Nobody wants it any more: then the writing failed, and says so.
        let _ = filled.send(Ok(bytes));
    }
}

pub(crate) fn digest(bytes: &[u8]) -> ExtentDigest {
    ExtentDigest(Sha256::digest(bytes).into())
}

/// Builds into `path`, or leaves nothing there: the image appears under its name when it is whole
/// and on disk.
pub fn build_file(plan: &MediaPlan, path: &Path, watch: Watch<'_>) -> Result<ExtentMap, BuildError> {
    let failed = |reason| BuildError::Out { path: path.to_owned(), reason };
    // As root, the rename at the end would put a file in the place of a device.
    if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(failed(io::Error::other("something else than a file has this name")));
    }
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = Part { path: part.into(), keep: false };
    let mut file = create(&part.path).map_err(failed)?;
    file.set_len(plan.size).map_err(failed)?;
    let map = build(plan, &mut file, watch)?;
    file.sync_all().map_err(failed)?;
    part.publish(path).map_err(failed)?;
    Ok(map)
}

/// Direct where the file system can: the image would push everything else out of the page cache, and
/// waiting for it to be written back takes longer than writing it (twice as long, on ext4).
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let direct = i32::try_from(OFlags::DIRECT.bits()).map_err(io::Error::other)?;
    match options.clone().custom_flags(direct).open(path) {
        Err(e) if e.kind() == io::ErrorKind::InvalidInput => options.open(path),
        other => other,
    }
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
