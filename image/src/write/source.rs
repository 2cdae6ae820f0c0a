//! What sticks are written from: an image, opened once and checked once, however many sticks there are.
//!
//! One thread reads each chunk once into a window that all sticks share. The window goes
//! with the fastest of them. A stick that falls out of it (a slow one, or one plugged in later) reads
//! the image by itself, at its own pace, and never makes another wait; when it catches up, or when
//! nobody else uses the window, it is served from there again. Etcher and Popsicle, which hand every
//! chunk to every stick before they read the next, run all sticks at the speed of the slowest.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::File,
    io,
    ops::ControlFlow,
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

use sha2::{Digest, Sha256};
use whiteglove_core::{
    control::Progress,
    media::map::{ExtentDigest, ExtentMap, MapExtent},
    media_card::MediaId,
};

use crate::{
    aligned::Aligned,
    media::{Watch, digest},
    table::Table,
    verify::{self, VerifyError},
};

/// Chunks held for sticks that are not quite as fast as the fastest: 32 MiB.
const WINDOW: usize = 8;
/// Chunks made ready before the fastest stick asks for them.
const AHEAD: usize = 3;

/// An image: its file, what it says of itself, its partition table.
#[derive(Debug)]
pub struct Image {
    file: File,
    pub(crate) map: ExtentMap,
    pub(crate) table: Table,
    /// The map as it stands on the medium, once for all sticks.
    gap: Vec<u8>,
}

impl Image {
    /// Reads the map and both partition tables, no content.
    ///
    /// # Errors
    /// It is not an image made by whiteglove, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, VerifyError> {
        let mut file = File::open(path)?;
        let map = verify::read_map(&mut file)?;
        if !map.form.is_stick() {
            return Err(VerifyError::Disc);
        }
        let table = Table::read_strict(map.form, &mut file, map.size)?;
        let gap = map.encode()?;
        Ok(Self { file, map, table, gap })
    }

    pub fn media(&self) -> MediaId {
        self.map.media
    }

    /// The smallest stick it fits on.
    pub fn size(&self) -> u64 {
        self.map.size
    }

    /// Bytes that are written and read back.
    pub fn content(&self) -> u64 {
        self.map.content()
    }

    /// What tells this image's content from any other's.
    pub fn fingerprint(&self) -> ExtentDigest {
        let mut sha = Sha256::new_with_prefix(self.map.media.0);
        for extent in &self.map.extents {
            sha.update(extent.offset.to_le_bytes());
            sha.update(extent.length.to_le_bytes());
            sha.update(extent.sha256.0);
        }
        ExtentDigest(sha.finalize().into())
    }

    /// Compares every extent with its digest, on two threads: it is all arithmetic.
    ///
    /// # Errors
    /// The first extent that is not as the map says.
    pub fn check(&self, watch: Watch<'_>) -> Result<(), VerifyError> {
        let extents = &self.map.extents;
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let total = self.content();
        std::thread::scope(|scope| {
            let (done, checked) = mpsc::channel();
            for _ in 0..2 {
                let (next, stop, done) = (&next, &stop, done.clone());
                scope.spawn(move || {
                    let mut bytes = Aligned::new();
                    while let Some(extent) = extents.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let good = self.checked(extent, bytes.of(extent.length)).map(|()| extent.length);
                        if stop.load(Ordering::Relaxed) || done.send(good).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(done);
            let mut so_far = 0;
            while let Ok(length) = checked.recv() {
                so_far += length.inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
                let progress = Progress { task: "checking the image".into(), done: so_far, total };
                if watch(progress) == ControlFlow::Break(()) {
                    stop.store(true, Ordering::Relaxed);
                    return Err(VerifyError::Cancelled);
                }
            }
            Ok(())
        })
    }

    pub(crate) fn gap(&self) -> &[u8] {
        &self.gap
    }

    pub(crate) fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(out, offset)
    }

    /// Reads a whole extent and compares its digest: the image lies on a disk that others write to.
    pub(crate) fn checked(&self, extent: &MapExtent, out: &mut [u8]) -> Result<(), VerifyError> {
        self.read(extent.offset, out)?;
        match digest(out) == extent.sha256 {
            true => Ok(()),
            false => Err(VerifyError::Digest { offset: extent.offset, what: None }),
        }
    }
}

/// The shared window over an image. Ends with this handle; readers then go on by themselves.
#[derive(Debug)]
pub struct Source {
    ring: Arc<Ring>,
    producer: Option<JoinHandle<()>>,
    readers: u64,
}

impl Source {
    pub fn new(image: Arc<Image>) -> Self {
        let ring = Arc::new(Ring { image, state: Mutex::default(), wanted: Condvar::new(), made: Condvar::new() });
        let work = Arc::clone(&ring);
        let producer = std::thread::Builder::new().name("source".into()).spawn(move || work.produce());
        // Without a producer every stick reads by itself: slower, not wrong.
        ring.lock().closed = producer.is_err();
        Self { ring, producer: producer.ok(), readers: 0 }
    }

    pub fn image(&self) -> &Arc<Image> {
        &self.ring.image
    }

    /// A place in the window for one more stick.
    pub(crate) fn reader(&mut self) -> Reader {
        self.readers += 1;
        Reader { ring: Arc::clone(&self.ring), number: self.readers }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.ring.lock().closed = true;
        self.ring.wanted.notify_all();
        self.ring.made.notify_all();
        if let Some(producer) = self.producer.take() {
            // It ends after the chunk it has in hand. That it failed was told to those who waited for it.
            let _ = producer.join();
        }
    }
}

#[derive(Debug)]
struct Ring {
    image: Arc<Image>,
    state: Mutex<Window>,
    wanted: Condvar,
    made: Condvar,
}

#[derive(Debug, Default)]
struct Window {
    /// Number of the first chunk held; the one made next follows the last.
    first: usize,
    chunks: VecDeque<Arc<Aligned>>,
    /// Chunks below this are to be made.
    want: usize,
    /// What each reader asked for last.
    readers: BTreeMap<u64, usize>,
    /// Counts jumps: a chunk begun before one is not put in after it.
    jumps: u64,
    spare: Vec<Aligned>,
    closed: bool,
}

impl Window {
    fn next(&self) -> usize {
        self.first + self.chunks.len()
    }

    /// Whether anybody but `reader` is served from here.
    fn in_use(&self, reader: u64) -> bool {
        let here = self.first..self.next() + AHEAD;
        self.readers.iter().any(|(other, at)| *other != reader && here.contains(at))
    }

    fn jump(&mut self, to: usize) {
        let gone = std::mem::take(&mut self.chunks);
        self.keep(gone);
        (self.first, self.want) = (to, to);
        self.jumps += 1;
    }

    /// Memory is used again once no stick holds it: clearing 4 MiB anew for each chunk takes as long as reading it.
    fn keep(&mut self, chunks: impl IntoIterator<Item = Arc<Aligned>>) {
        self.spare.extend(chunks.into_iter().filter_map(Arc::into_inner));
        self.spare.truncate(AHEAD);
    }
}

impl Ring {
    fn lock(&self) -> MutexGuard<'_, Window> {
        // Nothing is half done while it is held, so a panic elsewhere leaves it usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn produce(&self) {
        loop {
            let mut window = self.lock();
            while !window.closed && window.next() >= window.want.min(self.image.map.extents.len()) {
                window = self.wanted.wait(window).unwrap_or_else(PoisonError::into_inner);
            }
            if window.closed {
                return;
            }
            let (number, jumps) = (window.next(), window.jumps);
            let spare = window.spare.pop();
            drop(window);
            let mut bytes = spare.unwrap_or_else(Aligned::new);
            let Some(extent) = self.image.map.extents.get(number) else { continue };
            // Digested when the image was checked, and again when it is read back from each stick: should the image have
            // changed in between, that shows there, and the image is asked before the stick is blamed.
            let read = self.image.read(extent.offset, bytes.of(extent.length));
            let mut window = self.lock();
            match read {
                Ok(()) if window.jumps == jumps => {
                    if window.chunks.len() == WINDOW {
                        let oldest = window.chunks.pop_front();
                        window.first += 1;
                        window.keep(oldest);
                    }
                    window.chunks.push_back(Arc::new(bytes));
                }
                Ok(()) => window.keep([Arc::new(bytes)]),
                // Whoever waits reads it by themselves and meets the same error, with its name.
                Err(_) => window.closed = true,
            }
            self.made.notify_all();
        }
    }
}

/// One stick's place in the window.
#[derive(Debug)]
pub(crate) struct Reader {
    ring: Arc<Ring>,
    number: u64,
}

/// Where the next chunk comes from.
pub(crate) enum Chunk {
    Shared(Arc<Aligned>),
    /// Out of the window: to be read by the stick itself.
    Alone,
}

impl Reader {
    pub(crate) fn chunk(&self, number: usize) -> Chunk {
        let mut window = self.ring.lock();
        window.readers.insert(self.number, number);
        loop {
            if window.closed {
                return Chunk::Alone;
            }
            let outside = number < window.first || number > window.next() + AHEAD;
            if outside && window.in_use(self.number) {
                return Chunk::Alone;
            }
            if outside {
                window.jump(number);
            }
            window.want = window.want.max(number + AHEAD);
            self.ring.wanted.notify_one();
            if let Some(chunk) = window.chunks.get(number - window.first) {
                return Chunk::Shared(Arc::clone(chunk));
            }
            window = self.ring.made.wait(window).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn image(&self) -> &Image {
        &self.ring.image
    }

    /// Leaves the window to others; also for a stick whose thread hangs.
    pub(crate) fn leave(&self) {
        self.ring.lock().readers.remove(&self.number);
    }

    /// The same place in the hand of whoever watches over the stick.
    pub(crate) fn twin(&self) -> Self {
        Self { ring: Arc::clone(&self.ring), number: self.number }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests;
