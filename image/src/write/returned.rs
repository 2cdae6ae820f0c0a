//! A stick that comes back with something on it is not written over: it is refused, or what it brings is taken in first.
//!
//! Invariant: unless a person said that nothing on it is needed, a stick is erased only after a look found nothing.

use std::{
    fmt,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::Arc,
};

use whiteglove_core::{disk::Disk, problem::Problem, sticks::brought::Brought};

use super::{Cause, Manner, failed, job::may_pass};
use crate::{captures::brought::brought, media::Watch};

/// What is done about a stick that brings something back.
#[derive(Debug, Clone, Default)]
pub enum Returned {
    /// It is left as it is.
    #[default]
    Refuse,
    /// It is taken in first. What then is still there is not erased.
    Collect(Collect),
    /// A person gave up what is on it.
    GivenUp,
}

/// An open stick; flushing it flushes it through all caches.
pub trait Medium: Read + Write + Seek {}

impl<D: Read + Write + Seek> Medium for D {}

/// Takes in what a stick brings, and takes that off it.
#[derive(Clone)]
pub struct Collect(pub Arc<Collecting>);

/// # Errors
/// What could not be taken, and stays on the stick.
pub type Collecting = dyn Fn(&mut dyn Medium, &Disk, Watch<'_>) -> Result<(), Problem> + Send + Sync;

impl fmt::Debug for Collect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collect(..)")
    }
}

/// Whether the stick may be erased as far as its content goes; what was taken off it before.
pub(super) fn settle_returned<D: Read + Write + Seek>(
    device: &mut D,
    disk: &Disk,
    manner: &Manner,
    settle: &mut dyn FnMut(&mut D) -> io::Result<()>,
    watch: Watch<'_>,
) -> Result<Brought, Cause> {
    let size = disk.size_bytes;
    let found = match &manner.returned {
        Returned::GivenUp => return Ok(Brought::default()),
        Returned::Refuse | Returned::Collect(_) => look(device, size, manner)?,
    };
    match &manner.returned {
        _ if found.is_nothing() => Ok(found),
        Returned::Collect(Collect(collect)) if found.is_importable() => {
            collect(&mut Settled { device, settle }, disk, watch)
                .map_err(|problem| Cause::NotCollected(Box::new(problem)))?;
            match look(device, size, manner)? {
                left if left.is_nothing() => Ok(found),
                left => Err(Cause::Brought(left)),
            }
        }
        _ => Err(Cause::Brought(found)),
    }
}

/// A garbled answer is no reason to refuse a stick.
fn look<D: Read + Seek>(device: &mut D, size: u64, manner: &Manner) -> Result<Brought, Cause> {
    let mut pauses = manner.pauses.iter();
    loop {
        match brought(device, size) {
            Ok(found) => return Ok(found),
            Err(reason) => match pauses.next().filter(|_| may_pass(&reason)) {
                Some(pause) => std::thread::sleep(*pause),
                None => return Err(failed("looking at what is on the stick", 0)(reason)),
            },
        }
    }
}

/// A device whose flush reaches the medium.
struct Settled<'a, D> {
    device: &'a mut D,
    settle: &'a mut dyn FnMut(&mut D) -> io::Result<()>,
}

impl<D: Read> Read for Settled<'_, D> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.device.read(out)
    }
}

impl<D: Write> Write for Settled<'_, D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.device.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.device.flush()?;
        (self.settle)(self.device)
    }
}

impl<D: Seek> Seek for Settled<'_, D> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.device.seek(to)
    }
}

#[cfg(test)]
mod tests;
