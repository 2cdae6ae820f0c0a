//! An image written to a stick so that the stick boots when, and only when, all of it is right.
//!
//! Order: the first MiB is zeroed, old tables at the end too; then the content, extent by extent; then
//! the backup table at the stick's own end and the extent map; then all of it is read back from the
//! stick and compared; and last the first 4 KiB, with MBR and partition table. Whatever stops this
//! before the end, a stick without a partition table is left, which no firmware boots.
//!
//! Free space is skipped by the image's extent map and by nothing else. What cannot be helped: a
//! stick may answer the reading back from memory of its own.

mod job;
pub mod many;
mod personal;
mod probe;
mod returned;
pub mod source;
pub mod update;

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
    time::Duration,
};

use rustix::fs::Advice;
use whiteglove_core::{
    disk::{ErasePermit, Refusal},
    media::{
        map::ExtentDigest,
        stick::{RecordError, StickId},
    },
    media_card::MediaId,
    problem::Problem,
    sticks::{brought::Brought, gigabytes, remains::Remains},
};

use self::{
    job::Job,
    returned::settle_returned,
    source::{Image, Source},
};
pub use self::{
    personal::Issue,
    returned::{Collect, Collecting, Medium, Returned},
};
use crate::{
    disks::{Machine, OpenError},
    media::Watch,
    members::member,
    table::TableError,
    verify::VerifyError,
};

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
    #[error("it claims {} and keeps about {}", gigabytes(*.claims), gigabytes(*.keeps))]
    Fake { claims: u64, keeps: u64 },
    #[error("its record cannot be made: {0}")]
    Record(RecordError),
    /// Only of whole writes.
    #[error("it came back with {0}, which the bench does not have")]
    Brought(Brought),
    /// Only of whole writes. Some of it may be on the bench, and is off the stick then.
    #[error("{} {}", .0.what, .0.why)]
    NotCollected(Box<Problem>),
    /// Only of updates.
    #[error("it holds no medium of whiteglove")]
    NotOurs,
    /// Only of updates.
    #[error("the image has its data volume elsewhere than the stick")]
    OtherLayout,
    #[error("cancelled")]
    Cancelled,
}

/// Why a stick was not made.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct WriteError {
    /// Something was written, or may have been. Otherwise it is as it was.
    pub touched: bool,
    /// It took the zeros that keep it from booting. Of one that is touched and did not, nothing is known.
    pub blank: bool,
    pub cause: Cause,
    pub seen: Seen,
}

impl WriteError {
    fn untouched<C: Into<Cause>>(cause: C) -> Self {
        Self { touched: false, blank: false, cause: cause.into(), seen: Seen::default() }
    }

    /// For the person who wanted the stick.
    pub fn problem(&self) -> Problem {
        let what = match (self.touched, self.blank, &self.cause) {
            // Some may have been taken off it.
            (false, _, Cause::NotCollected(_)) => {
                "The stick was not written; what the bench does not have is still on it"
            }
            (false, _, _) => "The stick was not written; it is as it was",
            (true, true, Cause::Cancelled) => "The stick is half written; its old content is gone and it does not boot",
            (true, true, _) => "The stick was not finished; its old content is gone and it does not boot",
            (true, false, _) => "The stick was not finished; what is on it now is not known: do not boot from it",
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
            Cause::Device { reason, .. } if is_gone(reason) => {
                "Plug the stick in again and write it again: it goes on where it was. If that repeats, throw it away."
            }
            Cause::Device { reason, .. } if is_locked(reason) => {
                "It has become write-protected, as worn-out sticks do: take another."
            }
            Cause::Device { .. } => {
                "Plug the stick in at another port and write it again; if that repeats, throw it away."
            }
            Cause::Differs { .. } => "Throw this stick away: it is worn out, or claims more room than it has.",
            Cause::Fake { .. } => "Throw this stick away: it is counterfeit.",
            Cause::Record(_) => "Report this; it is a defect of whiteglove, or a stick with a very strange name.",
            Cause::NotOurs => "Write it whole: whiteglove media write.",
            Cause::OtherLayout => {
                "Import the captures on it (whiteglove import), then write it whole: whiteglove media write."
            }
            Cause::Brought(brought) if brought.bench => {
                "Keep it: a bench box runs from it. If that bench is given up, write the stick by itself and say so there."
            }
            Cause::Brought(brought) if brought.unread => {
                "Try whiteglove import. If nothing can be had, write the stick by itself and say so there."
            }
            Cause::Brought(_) => {
                "Import what is on it first (whiteglove import DEVICE --erase), then plug it in again."
            }
            Cause::NotCollected(problem) => return Problem::new(what, self.cause.to_string(), problem.next.clone()),
            Cause::Cancelled if self.touched => "Plug it in again and write it again: it goes on where it was stopped.",
            Cause::Cancelled => "Write it when you want it.",
        };
        Problem::new(what, self.cause.to_string(), next)
    }

    /// What there is to do with the stick, by the state it is in.
    pub fn remains(&self) -> Remains {
        match (&self.cause, self.touched) {
            (Cause::Differs { .. } | Cause::Fake { .. }, _) => Remains::Useless,
            (Cause::Brought(_) | Cause::NotCollected(_), _) => Remains::Kept,
            (Cause::Device { reason, .. }, true) if is_gone(reason) => Remains::HalfWritten,
            (Cause::Device { reason, .. }, false) if is_gone(reason) => Remains::AsItWas,
            (Cause::Device { reason, .. }, true) if is_locked(reason) => Remains::Useless,
            (Cause::Device { .. }, _) => Remains::Suspect,
            (_, true) => Remains::HalfWritten,
            (_, false) => Remains::AsItWas,
        }
    }
}

/// Linux says so of a stick that was pulled out, or that fell off its bus: no such device, no such device or address,
/// no medium, shut down.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(19 | 6 | 123 | 108))
}

/// Linux says so of a stick that takes no more writes: operation not permitted, read-only file system.
fn is_locked(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(1 | 30))
}

/// What a finished stick is, and how the stick did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub media: MediaId,
    /// The stick's number, and the digest of its own extent map; none for a plain copy of the image.
    pub stick: Option<(StickId, ExtentDigest)>,
    /// Bytes of content, each written and read back.
    pub content: u64,
    /// What it brought back, which was taken in before it was erased.
    pub collected: Brought,
    pub seen: Seen,
}

/// How a stick did: the only thing that tells a good one from one that will fail next month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Operations that had to be tried again, and extents that had to be written again.
    pub retries: u32,
    pub written: Stretch,
    pub read: Stretch,
}

/// Bytes moved and the time that took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stretch {
    pub bytes: u64,
    pub time: Duration,
}

impl Stretch {
    /// Bytes a second; `None` if it was too short to say.
    pub fn rate(&self) -> Option<u64> {
        let millis = u64::try_from(self.time.as_millis()).ok().filter(|millis| *millis > 0)?;
        Some(self.bytes.saturating_mul(1000) / millis)
    }

    fn add(&mut self, bytes: u64, time: Duration) {
        self.bytes += bytes;
        self.time += time;
    }
}

/// How to go about it.
#[derive(Debug, Clone)]
pub struct Manner {
    /// Try whether the stick has the room it claims before anything is written.
    pub probe: bool,
    /// Bytes of content that a write which was broken off may have left on it. They are compared first, so a wrong
    /// number costs time and nothing else.
    pub resume: u64,
    /// How long to wait before an operation that failed is tried again.
    pub pauses: Vec<Duration>,
    /// `None`: a plain copy of the image, without a number or a record of its own.
    pub issue: Option<Issue>,
    /// What is done about a stick that comes back with something on it.
    pub returned: Returned,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            probe: true,
            resume: 0,
            pauses: vec![Duration::from_millis(200), Duration::from_secs(1)],
            issue: None,
            returned: Returned::default(),
        }
    }
}

/// Writes an image, which is checked first, to the disk a person named.
///
/// # Errors
/// The image or the stick is not as it should be, or the stick failed.
pub fn write_disk(
    image: Image,
    permit: ErasePermit,
    machine: &Machine,
    manner: Manner,
    watch: Watch<'_>,
) -> Result<Written, WriteError> {
    // Closing the device makes udev read the new partition table; the ioctl for it is not to be had
    // without unsafe code, and a stick is unplugged next anyway.
    write_in(manner, image, permit, |permit| machine.open(permit), &mut settle, watch)
}

/// Onto the medium, and out of the page cache: what is read next comes from the device.
///
/// # Errors
/// The device failed, or is gone.
pub fn settle(file: &mut File) -> io::Result<()> {
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
    let image = Image::open(image).map_err(WriteError::untouched)?;
    write_in(Manner::default(), image, permit, open, settle, watch)
}

/// As [`write`], in another manner.
///
/// # Errors
/// As [`write_disk`].
pub fn write_in<D: Read + Write + Seek>(
    manner: Manner,
    image: Image,
    permit: ErasePermit,
    open: impl FnOnce(&ErasePermit) -> Result<D, OpenError>,
    settle: &mut dyn FnMut(&mut D) -> io::Result<()>,
    watch: Watch<'_>,
) -> Result<Written, WriteError> {
    let untouched = WriteError::untouched::<Cause>;
    let mut device = open_for(&image, &permit, open).map_err(untouched)?;
    image.check(watch).map_err(WriteError::untouched)?;
    let collected = settle_returned(&mut device, permit.disk(), &manner, settle, watch).map_err(untouched)?;
    let mut source = Source::new(Arc::new(image));
    let reader = source.reader();
    let job = Job::new(reader, device, permit, manner, false, settle, watch).map_err(untouched)?;
    job.write().map(|written| Written { collected, ..written })
}

/// Everything about the stick that can be refused before its first byte is written.
fn open_for<D: Read + Write + Seek>(
    image: &Image,
    permit: &ErasePermit,
    open: impl FnOnce(&ErasePermit) -> Result<D, OpenError>,
) -> Result<D, Cause> {
    let mut device = open(permit)?;
    let capacity = device.seek(SeekFrom::End(0)).map_err(failed("measuring the stick", 0))?;
    if capacity != permit.disk().size_bytes {
        return Err(Cause::Refused(Refusal::Changed { what: "the size".into() }));
    }
    if capacity < image.size() {
        return Err(Cause::Refused(Refusal::TooSmall { missing: image.size() - capacity }));
    }
    match member(&mut device, capacity).map_err(failed("reading the stick", 0))? {
        Some(of) => Err(Cause::Refused(Refusal::Member { of: of.into() })),
        None => Ok(device),
    }
}

fn failed(doing: &'static str, offset: u64) -> impl Fn(io::Error) -> Cause {
    move |reason| Cause::Device { doing, offset, reason }
}

#[cfg(test)]
mod crash;
#[cfg(test)]
mod tests;
