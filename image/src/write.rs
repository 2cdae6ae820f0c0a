//! An image written to a stick so that the stick boots when, and only when, all of it is right.
//!
//! Order: the first MiB is zeroed, old tables at the end too; then the content, extent by extent; then
//! the backup table at the stick's own end and the extent map; then all of it is read back from the
//! stick and compared; and last the first 4 KiB, with MBR and partition table. Whatever stops this
//! before the end, a stick without a partition table is left, which no firmware boots.
//!
//! Free space is skipped by the image's extent map and by nothing else. What cannot be helped: a
//! stick may answer the reading back from memory of its own.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    rc::Rc,
};

use rustix::fs::Advice;
use whiteglove_core::{
    control::Progress,
    disk::{ErasePermit, Refusal},
    media::{
        HEAD,
        map::{self, ExtentMap, MapExtent},
    },
    media_card::MediaId,
    problem::Problem,
};

use crate::{
    aligned::{ALIGN, Aligned},
    disks::{Machine, OpenError},
    gpt::{Table, TableError},
    media::{Watch, digest},
    verify::{self, VerifyError},
};

/// A cable garbles an extent now and then. More than this is the stick.
const TOO_MANY: usize = 8;

#[derive(Debug, thiserror::Error)]
pub enum Cause {
    #[error(transparent)]
    Refused(Refusal),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Image(#[from] VerifyError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("{doing} at byte {offset}: {reason}")]
    Device { doing: &'static str, offset: u64, reason: io::Error },
    #[error("the stick does not hold what was written to it at byte {offset}")]
    Differs { offset: u64 },
    #[error("cancelled")]
    Cancelled,
}

/// Why a stick was not made.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct WriteError {
    /// The stick's old content is gone and it does not boot. Otherwise it is as it was.
    pub touched: bool,
    pub cause: Cause,
}

impl WriteError {
    /// For the person who wanted the stick.
    pub fn problem(&self) -> Problem {
        let what = if self.touched {
            "The stick was not finished; its old content is gone and it does not boot"
        } else {
            "The stick was not written; it is as it was"
        };
        let next = match &self.cause {
            Cause::Refused(Refusal::TooSmall { .. }) => "Use a larger stick.",
            Cause::Refused(_) | Cause::Open(OpenError::Refused(_)) => "List the disks again and choose the stick anew.",
            Cause::Open(OpenError::Open { reason, .. }) => match reason.kind() {
                io::ErrorKind::PermissionDenied => {
                    "Start whiteglove as a user who may write to disks (root, or group disk)."
                }
                io::ErrorKind::ResourceBusy => {
                    "Something uses the stick: eject it in the file manager, then try again."
                }
                _ => "Plug the stick in again, list the disks, and choose it anew.",
            },
            Cause::Image(e) => return Problem { what: what.to_owned(), ..e.problem() },
            Cause::Table(_) => "Build the image again.",
            Cause::Device { .. } => {
                "Plug the stick in at another port and write it again; if that repeats, throw it away."
            }
            Cause::Differs { .. } => "Throw this stick away: it is worn out, or claims more room than it has.",
            Cause::Cancelled => "Write it again when you want it.",
        };
        Problem::new(what, self.cause.to_string(), next)
    }
}

/// What a finished stick is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub media: MediaId,
    /// Bytes of content, each written and read back.
    pub content: u64,
}

/// Writes an image to the disk a person named.
pub fn write_disk(
    image: &Path,
    permit: ErasePermit,
    machine: &Machine,
    watch: Watch<'_>,
) -> Result<Written, WriteError> {
    // Closing the device makes udev read the new partition table; the ioctl for it is not to be had
    // without unsafe code, and a stick is unplugged next anyway.
    write(image, permit, |permit| machine.open(permit), &mut settle, watch)
}

/// Onto the medium, and out of the page cache: what is read next comes from the device.
fn settle(file: &mut File) -> io::Result<()> {
    file.sync_all()?;
    // With O_DIRECT there is nothing to drop; without it a comparison with the cache proves nothing.
    rustix::fs::fadvise(&*file, 0, None, Advice::DontNeed)?;
    Ok(())
}

/// Writes an image to what `open` gives for the permit. `settle` flushes a device through its caches.
pub fn write<D: Read + Write + Seek>(
    image: &Path,
    permit: ErasePermit,
    open: impl FnOnce(&ErasePermit) -> Result<D, OpenError>,
    settle: &mut dyn FnMut(&mut D) -> io::Result<()>,
    watch: Watch<'_>,
) -> Result<Written, WriteError> {
    let mut job = prepare(image, permit, open, settle, watch).map_err(|cause| WriteError { touched: false, cause })?;
    job.run().map_err(|cause| {
        // The head is zero until the last step; should that one have failed half-way, it is undone.
        // If the stick is gone there is nothing to undo it on.
        let _ = job.blank_head();
        WriteError { touched: true, cause }
    })?;
    Ok(Written { media: job.map.media, content: job.map.content() })
}

/// Everything that can be refused before the first byte is written.
fn prepare<'a, D: Read + Write + Seek>(
    image: &Path,
    permit: ErasePermit,
    open: impl FnOnce(&ErasePermit) -> Result<D, OpenError>,
    settle: &'a mut dyn FnMut(&mut D) -> io::Result<()>,
    watch: Watch<'a>,
) -> Result<Job<'a, D>, Cause> {
    let mut image = File::open(image).map_err(VerifyError::Read)?;
    let map = verify::read_map(&mut image)?;
    let mut device = open(&permit)?;
    let capacity = device.seek(SeekFrom::End(0)).map_err(failed("measuring the stick", 0))?;
    if capacity != permit.disk().size_bytes {
        return Err(Cause::Refused(Refusal::Changed { what: "the size".into() }));
    }
    if capacity < map.size {
        return Err(Cause::Refused(Refusal::TooSmall { missing: map.size - capacity }));
    }
    verify::check_extents(&mut image, &map, None, watch)?;
    let table = Table::read_strict(&mut image, map.size)?;
    let (mut head, tail) = table.ends(capacity)?;
    head.truncate(usize::try_from(map::OFFSET).unwrap_or(0));
    head.extend(map.encode().map_err(VerifyError::Map)?);
    let total = 2 * map.content();
    let buffer = Aligned::new();
    Ok(Job {
        image,
        device,
        permit,
        map: Rc::new(map),
        head: head.into(),
        tail: tail.into(),
        settle,
        watch,
        done: 0,
        total,
        buffer,
    })
}

fn failed(doing: &'static str, offset: u64) -> impl Fn(io::Error) -> Cause {
    move |reason| Cause::Device { doing, offset, reason }
}

struct Job<'a, D> {
    image: File,
    device: D,
    /// Held to the end: one consent, one erase.
    permit: ErasePermit,
    map: Rc<ExtentMap>,
    /// The first and last MiB as they will be.
    head: Rc<[u8]>,
    tail: Rc<[u8]>,
    settle: &'a mut dyn FnMut(&mut D) -> io::Result<()>,
    watch: Watch<'a>,
    done: u64,
    total: u64,
    buffer: Aligned,
}

impl<D: Read + Write + Seek> Job<'_, D> {
    fn run(&mut self) -> Result<(), Cause> {
        self.blank_head()?;
        self.put(self.permit.disk().size_bytes - HEAD, &vec![0; self.tail.len()])?;
        self.settle()?;
        let map = Rc::clone(&self.map);
        for extent in &map.extents {
            self.copy(extent)?;
            self.step("writing", extent.length)?;
        }
        let wrong = self.read_back(&map)?;
        // One wrong answer may be the cable's; two are the stick's. All is read again, as what is
        // written again may be put over something else.
        for extent in &wrong {
            self.copy(extent)?;
        }
        if !wrong.is_empty()
            && let Some(extent) = self.read_back(&map)?.first()
        {
            return Err(Cause::Differs { offset: extent.offset });
        }
        let head = Rc::clone(&self.head);
        self.put(0, &head[..ALIGN])?;
        self.settle()?;
        self.compare(0, &head)
    }

    /// The extents that the stick does not hold as written.
    fn read_back(&mut self, map: &ExtentMap) -> Result<Vec<MapExtent>, Cause> {
        // All but the first 4 KiB goes on before anything is compared, and those are blanked once more:
        // a stick with less room than it claims has now put them over its content, and is found out.
        let tail_at = self.permit.disk().size_bytes - HEAD;
        let (head, tail) = (Rc::clone(&self.head), Rc::clone(&self.tail));
        self.put(tail_at, &tail)?;
        self.put(ALIGN as u64, &head[ALIGN..])?;
        self.put(0, &[0; ALIGN])?;
        self.settle()?;
        self.done = map.content();
        let mut wrong = Vec::new();
        for extent in &map.extents {
            if !self.holds(extent)? {
                wrong.push(extent.clone());
            }
            if wrong.len() > TOO_MANY {
                return Err(Cause::Differs { offset: extent.offset });
            }
            self.step("reading back", extent.length)?;
        }
        self.compare(tail_at, &tail)?;
        self.compare(ALIGN as u64, &head[ALIGN..])?;
        Ok(wrong)
    }

    fn blank_head(&mut self) -> Result<(), Cause> {
        self.put(0, &vec![0; usize::try_from(HEAD).unwrap_or(0)])?;
        self.settle()
    }

    fn step(&mut self, task: &str, bytes: u64) -> Result<(), Cause> {
        self.done += bytes;
        let progress = Progress { task: task.into(), done: self.done, total: self.total };
        if (self.watch)(progress).is_break() { Err(Cause::Cancelled) } else { Ok(()) }
    }

    fn copy(&mut self, extent: &MapExtent) -> Result<(), Cause> {
        let bytes = self.buffer.of(extent.length);
        let read = self.image.seek(SeekFrom::Start(extent.offset)).and_then(|_| self.image.read_exact(bytes));
        read.map_err(VerifyError::Read)?;
        // The image was checked before, but it lies on a disk that others write to.
        if digest(bytes) != extent.sha256 {
            return Err(VerifyError::Digest { offset: extent.offset, what: None }.into());
        }
        let written = self.device.seek(SeekFrom::Start(extent.offset)).and_then(|_| self.device.write_all(bytes));
        written.map_err(failed("writing", extent.offset))
    }

    fn holds(&mut self, extent: &MapExtent) -> Result<bool, Cause> {
        let bytes = self.buffer.of(extent.length);
        let read = self.device.seek(SeekFrom::Start(extent.offset)).and_then(|_| self.device.read_exact(bytes));
        read.map_err(failed("reading back", extent.offset))?;
        Ok(digest(bytes) == extent.sha256)
    }

    fn put(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Cause> {
        let buffer = self.buffer.of(bytes.len() as u64);
        buffer.copy_from_slice(bytes);
        let written = self.device.seek(SeekFrom::Start(offset)).and_then(|_| self.device.write_all(buffer));
        written.map_err(failed("writing", offset))
    }

    fn compare(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Cause> {
        let buffer = self.buffer.of(bytes.len() as u64);
        let read = self.device.seek(SeekFrom::Start(offset)).and_then(|_| self.device.read_exact(buffer));
        read.map_err(failed("reading back", offset))?;
        if *buffer == *bytes { Ok(()) } else { Err(Cause::Differs { offset }) }
    }

    fn settle(&mut self) -> Result<(), Cause> {
        self.device.flush().and_then(|()| (self.settle)(&mut self.device)).map_err(failed("flushing", 0))
    }
}

#[cfg(test)]
mod tests;
