//! Many sticks at once from one image, each on a thread of its own, at its own pace.
//!
//! No stick waits for another: chunks come from a window that the slow fall out of, and whoever hangs is
//! left behind. A thread that waits in the kernel for a dead stick cannot be ended; what can be done is
//! to make sure that it never writes again, should the stick wake up.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, Read, Seek, SeekFrom, Write},
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
};

use whiteglove_core::{control::Progress, disk::ErasePermit, sticks::brought::Brought};

use super::{
    Manner, WriteError, Written, failed,
    job::Job,
    open_for,
    returned::settle_returned,
    source::{Image, Reader, Source},
};
use crate::disks::OpenError;

/// How a stick fares, told by its thread.
#[derive(Debug)]
pub struct Told {
    pub stick: u64,
    pub what: What,
}

#[derive(Debug)]
pub enum What {
    Progress(Progress),
    /// What it brought back is on the bench now; it is written next.
    Collected(Brought),
    /// The last that is told of it.
    Ended(Box<Result<Written, WriteError>>),
}

/// The sticks that are being written.
#[derive(Debug)]
pub struct Many {
    source: Source,
    tell: mpsc::Sender<Told>,
    sticks: BTreeMap<u64, Hand>,
}

/// What is held of a stick besides its thread.
#[derive(Debug)]
struct Hand {
    pulse: Arc<Pulse>,
    place: Reader,
}

#[derive(Debug, Default)]
struct Pulse {
    /// Operations that came back from the stick.
    beats: AtomicU64,
    /// To stop at the next chunk, in order.
    stop: AtomicBool,
    /// Nobody waits for it any more: not one more operation.
    left: AtomicBool,
}

impl Many {
    /// From an image that was checked. What the sticks do is told over `tell`.
    pub fn new(image: Arc<Image>, tell: mpsc::Sender<Told>) -> Self {
        Self { source: Source::new(image), tell, sticks: BTreeMap::new() }
    }

    /// Starts on one more stick. `stick` is the caller's number for it, never used twice.
    pub fn begin<D: Read + Write + Seek + Send + 'static>(
        &mut self,
        stick: u64,
        permit: ErasePermit,
        open: impl FnOnce(&ErasePermit) -> Result<D, OpenError> + Send + 'static,
        settle: fn(&mut D) -> io::Result<()>,
        manner: Manner,
    ) {
        let place = self.source.reader();
        let pulse = Arc::new(Pulse::default());
        let hand = Hand { pulse: Arc::clone(&pulse), place: place.twin() };
        let tell = self.tell.clone();
        let work = move || {
            let mut watch = |progress| {
                // Nobody listens any more when the run was ended: then this ends too.
                let heard = tell.send(Told { stick, what: What::Progress(progress) });
                match heard.is_err() || pulse.stop.load(Ordering::Relaxed) {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            };
            let mut settle = |device: &mut Beating<D>| device.beat(settle);
            let opened = open_for(place.image(), &permit, |permit| {
                open(permit).map(|device| Beating { device, pulse: Arc::clone(&pulse) })
            });
            let job = opened.and_then(|mut device| {
                let collected = settle_returned(&mut device, permit.disk(), &manner, &mut settle, &mut watch)?;
                if !collected.is_nothing() {
                    // As of progress: nobody who hears it, nobody who misses it.
                    let _ = tell.send(Told { stick, what: What::Collected(collected) });
                }
                Job::new(place, device, permit, manner, false, &mut settle, &mut watch)
            });
            let ended = job.map_err(WriteError::untouched).and_then(Job::write);
            let _ = tell.send(Told { stick, what: What::Ended(Box::new(ended)) });
        };
        match std::thread::Builder::new().name(format!("stick-{stick}")).spawn(work) {
            Ok(_) => drop(self.sticks.insert(stick, hand)),
            Err(error) => {
                let ended = Err(WriteError::untouched(failed("starting", 0)(error)));
                let _ = self.tell.send(Told { stick, what: What::Ended(Box::new(ended)) });
            }
        }
    }

    /// How many operations of a stick have come back: one that does not rise is a stick that hangs.
    pub fn beats(&self, stick: u64) -> u64 {
        self.sticks.get(&stick).map_or(0, |hand| hand.pulse.beats.load(Ordering::Relaxed))
    }

    /// The stick has ended by itself.
    pub fn forget(&mut self, stick: u64) {
        self.sticks.remove(&stick);
    }

    /// Leaves a stick that hangs to itself. Its thread stays, and does nothing to it any more.
    pub fn leave(&mut self, stick: u64) {
        if let Some(hand) = self.sticks.remove(&stick) {
            hand.pulse.left.store(true, Ordering::Relaxed);
            hand.place.leave();
        }
    }

    /// Every stick ends at its next chunk, and tells so.
    pub fn stop(&self) {
        for hand in self.sticks.values() {
            hand.pulse.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// A device whose operations are counted, and refused once nobody waits for it.
struct Beating<D> {
    device: D,
    pulse: Arc<Pulse>,
}

impl<D> Beating<D> {
    fn beat<T>(&mut self, work: impl FnOnce(&mut D) -> io::Result<T>) -> io::Result<T> {
        if self.pulse.left.load(Ordering::Relaxed) {
            return Err(io::Error::other("it was given up"));
        }
        let done = work(&mut self.device);
        self.pulse.beats.fetch_add(1, Ordering::Relaxed);
        done
    }
}

impl<D> fmt::Debug for Beating<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beating").field("pulse", &self.pulse).finish_non_exhaustive()
    }
}

impl<D: Read> Read for Beating<D> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.beat(|device| device.read(out))
    }
}

impl<D: Write> Write for Beating<D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.beat(|device| device.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.beat(D::flush)
    }
}

impl<D: Seek> Seek for Beating<D> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.beat(|device| device.seek(to))
    }
}

#[cfg(test)]
mod tests;
