//! One stick being written, in the one order that leaves nothing half bootable; see the module above.

use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Instant,
};

use sha2::{Digest, Sha256};
use whiteglove_core::{
    control::Progress,
    disk::ErasePermit,
    media::{
        HEAD,
        map::{self, ExtentDigest, MapExtent},
    },
    sticks::brought::Brought,
};

use super::{
    Cause, Manner, Seen, WriteError, Written, failed,
    personal::Personal,
    source::{Chunk, Image, Reader},
};
use crate::{
    aligned::{ALIGN, Aligned},
    media::Watch,
    verify::VerifyError,
};

/// A cable garbles an extent now and then. More than this is the stick.
const TOO_MANY: usize = 8;
/// What a stick is asked for at a time when it is read, and written when it goes by itself.
const UNIT: u64 = 1 << 20;
/// One being read, one being digested, one on its way.
const BUFFERS: usize = 3;

pub(crate) struct Job<'a, D> {
    pub(super) reader: Reader,
    pub(super) device: D,
    /// Held to the end: one consent, one erase.
    permit: ErasePermit,
    /// What stands before the extent map and at the very end: all that depends on this stick's size.
    start: Vec<u8>,
    end: Vec<u8>,
    pub(super) manner: Manner,
    pub(super) personal: Personal,
    settle: &'a mut dyn FnMut(&mut D) -> io::Result<()>,
    watch: Watch<'a>,
    done: u64,
    pub(super) total: u64,
    buffers: Vec<Aligned>,
    seen: Seen,
    /// Something may have been written.
    touched: bool,
    /// The first block is zero on the medium, and nothing else was sent there since.
    blank: bool,
}

impl<'a, D: Read + Write + Seek> Job<'a, D> {
    pub(super) fn new(
        reader: Reader,
        device: D,
        permit: ErasePermit,
        manner: Manner,
        updated: bool,
        settle: &'a mut dyn FnMut(&mut D) -> io::Result<()>,
        watch: Watch<'a>,
    ) -> Result<Self, Cause> {
        let image = reader.image();
        let personal = match &manner.issue {
            Some(issue) => Personal::new(image, issue, permit.disk().size_bytes, updated)?,
            None => Personal::none(image),
        };
        let (head, tail) = personal.table.ends(permit.disk().size_bytes)?;
        let room = usize::try_from(map::OFFSET).unwrap_or(0);
        let (start, end) = (head[..room].to_vec(), tail[tail.len() - room..].to_vec());
        let total = 2 * image.content();
        Ok(Self {
            reader,
            device,
            permit,
            start,
            end,
            manner,
            personal,
            settle,
            watch,
            done: 0,
            total,
            buffers: Vec::new(),
            seen: Seen::default(),
            touched: false,
            blank: false,
        })
    }

    pub(super) fn image(&self) -> &Image {
        self.reader.image()
    }

    pub(super) fn capacity(&self) -> u64 {
        self.permit.disk().size_bytes
    }

    /// The first MiB as it will be. Made when it is needed: fifty of them at a time would be held for nothing.
    pub(super) fn head(&self) -> Result<Vec<u8>, Cause> {
        let mut head = self.start.clone();
        self.personal.put_record(&mut head);
        head.extend_from_slice(&self.personal.gap(self.image())?);
        Ok(head)
    }

    /// What the stick is to hold, by its own map.
    pub(super) fn extents(&self) -> Vec<MapExtent> {
        self.personal.extents(self.image())
    }

    /// The last MiB as it will be.
    pub(super) fn tail(&self) -> Vec<u8> {
        let mut tail = vec![0; usize::try_from(HEAD).unwrap_or(0)];
        let from = tail.len() - self.end.len();
        tail[from..].copy_from_slice(&self.end);
        tail
    }

    pub(super) fn write(mut self) -> Result<Written, WriteError> {
        let done = self.run();
        self.finish(done)
    }

    /// What became of the stick.
    pub(super) fn finish(mut self, done: Result<(), Cause>) -> Result<Written, WriteError> {
        match done {
            Ok(()) => {
                let image = self.image();
                let stick = self.personal.number();
                let collected = Brought::default();
                Ok(Written { media: image.map.media, stick, content: image.content(), collected, seen: self.seen })
            }
            Err(cause) => {
                if self.touched {
                    // The head is zero until the last step; should that one have failed half-way, it is undone.
                    // If the stick is gone there is nothing to undo it on.
                    let _ = self.blank_start();
                }
                Err(WriteError { touched: self.touched, blank: self.blank, cause, seen: self.seen })
            }
        }
    }

    fn run(&mut self) -> Result<(), Cause> {
        self.wipe(0)?;
        self.wipe(self.capacity() - HEAD)?;
        self.settle()?;
        self.blank = true;
        let extents = self.extents();
        let held = self.held(&extents)?;
        if self.manner.probe && held.iter().all(|held| !held) {
            self.probe()?;
        }
        for (number, extent) in extents.iter().enumerate() {
            if !held.get(number).copied().unwrap_or(false) {
                self.copy(number, extent)?;
            }
            self.step("writing", extent.length)?;
        }
        self.reader.leave();
        // All but the first 4 KiB goes on before anything is compared, and those are blanked once more:
        // a stick with less room than it claims has now put them over its content, and is found out.
        self.put_ends()?;
        let all: Vec<usize> = (0..extents.len()).collect();
        self.read_back(&extents, &all)?;
        self.start()
    }

    /// Which of the first extents a write that was broken off left on the stick, whole.
    fn held(&mut self, extents: &[MapExtent]) -> Result<Vec<bool>, Cause> {
        let mut left = self.manner.resume;
        let may_be_held = extents.iter().take_while(|extent| {
            let fits = left >= extent.length;
            left = left.saturating_sub(extent.length);
            fits
        });
        let may_be_held = may_be_held.count();
        let mut held = vec![true; may_be_held];
        let numbers: Vec<usize> = (0..may_be_held).collect();
        for wrong in self.differing(extents, &numbers, "comparing", usize::MAX)? {
            held[wrong] = false;
        }
        self.done = 0;
        Ok(held)
    }

    /// Backup table and extent map, and no partition table.
    pub(super) fn put_ends(&mut self) -> Result<(), Cause> {
        self.put(self.capacity() - HEAD, &self.tail())?;
        self.put(ALIGN as u64, &self.head()?[ALIGN..])?;
        self.blank_start()
    }

    /// Last of all: with MBR and partition table the stick boots.
    pub(super) fn start(&mut self) -> Result<(), Cause> {
        let head = self.head()?;
        self.blank = false;
        self.put(0, &head[..ALIGN])?;
        self.settle()?;
        self.compare(0, &head)
    }

    pub(super) fn blank_start(&mut self) -> Result<(), Cause> {
        self.put(0, &[0; ALIGN])?;
        self.settle()?;
        self.blank = true;
        Ok(())
    }

    /// Compares the chosen extents, the backup table and the extent map with what they are to be.
    pub(super) fn read_back(&mut self, extents: &[MapExtent], all: &[usize]) -> Result<(), Cause> {
        let before = self.done;
        let wrong = self.differing(extents, all, "reading back", TOO_MANY)?;
        self.compare(self.capacity() - HEAD, &self.tail())?;
        self.compare(ALIGN as u64, &self.head()?[ALIGN..])?;
        if wrong.is_empty() {
            return Ok(());
        }
        // One wrong answer may be the cable's; two are the stick's. All is read again, as what is
        // written again may be put over something else.
        for number in wrong {
            self.copy_checked(number)?;
            self.seen.retries += 1;
        }
        self.put_ends()?;
        self.done = before;
        match self.differing(extents, all, "reading back", 0)?.first() {
            Some(number) => Err(Cause::Differs { offset: extents[*number].offset }),
            None => Ok(()),
        }
    }

    /// Which of the chosen extents the stick does not hold as the map says, in order. More than `most` is an error.
    ///
    /// This thread reads, another digests; a stick that reads fast would else wait half of the time.
    pub(super) fn differing(
        &mut self,
        extents: &[MapExtent],
        chosen: &[usize],
        task: &str,
        most: usize,
    ) -> Result<Vec<usize>, Cause> {
        let wrong_so_far = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let (full, to_digest) = mpsc::sync_channel::<(usize, u64, Aligned)>(BUFFERS);
            let (give_back, free) = mpsc::channel();
            for _ in 0..BUFFERS {
                give_back.send(self.buffer()).map_err(io::Error::other).map_err(failed("reading back", 0))?;
            }
            let wrong_so_far = &wrong_so_far;
            let digester = scope.spawn(move || {
                let (mut wrong, mut sha, mut so_far) = (Vec::new(), Sha256::new(), 0);
                while let Ok((number, length, bytes)) = to_digest.recv() {
                    sha.update(bytes.get(length));
                    so_far += length;
                    // Nobody takes it back once the last piece is read.
                    let _ = give_back.send(bytes);
                    if so_far == extents[number].length {
                        if ExtentDigest(sha.finalize_reset().into()) != extents[number].sha256 {
                            wrong.push(number);
                            wrong_so_far.fetch_add(1, Ordering::Relaxed);
                        }
                        so_far = 0;
                    }
                }
                wrong
            });
            for number in chosen.iter().copied() {
                let extent = &extents[number];
                let mut at = 0;
                while at < extent.length {
                    let length = UNIT.min(extent.length - at);
                    let mut bytes: Aligned =
                        free.recv().map_err(io::Error::other).map_err(failed("digesting", extent.offset))?;
                    self.read(extent.offset + at, bytes.of(length))?;
                    let sent = full.send((number, length, bytes)).map_err(|_| io::Error::other("its thread ended"));
                    sent.map_err(failed("digesting", extent.offset))?;
                    at += length;
                }
                if wrong_so_far.load(Ordering::Relaxed) > most {
                    break;
                }
                self.step(task, extent.length)?;
            }
            drop(full);
            let ended = digester.join().map_err(|_| io::Error::other("its thread failed"));
            let wrong = ended.map_err(failed("digesting", 0))?;
            self.buffers.extend(free.try_iter());
            match wrong.get(most) {
                Some(number) => Err(Cause::Differs { offset: extents[*number].offset }),
                None => Ok(wrong),
            }
        })
    }

    pub(super) fn step(&mut self, task: &str, bytes: u64) -> Result<(), Cause> {
        self.done += bytes;
        let progress = Progress { task: task.into(), done: self.done, total: self.total };
        if (self.watch)(progress).is_break() { Err(Cause::Cancelled) } else { Ok(()) }
    }

    /// From the window it shares with others, or by itself. What is written is digested when it is read back.
    fn copy(&mut self, number: usize, extent: &MapExtent) -> Result<(), Cause> {
        let shared = match self.reader.chunk(number) {
            Chunk::Shared(bytes) => Some(bytes),
            Chunk::Alone => None,
        };
        let own = self.personal.touches(number);
        if let Some(bytes) = shared.as_ref().filter(|_| !own) {
            return self.send(extent.offset, bytes.get(extent.length));
        }
        let mut buffer = self.buffer();
        let mut at = 0;
        while at < extent.length {
            let bytes = buffer.of(UNIT.min(extent.length - at));
            let from = usize::try_from(at).unwrap_or(usize::MAX);
            match shared.as_ref().and_then(|shared| shared.get(extent.length).get(from..from + bytes.len())) {
                Some(shared) => bytes.copy_from_slice(shared),
                None => self.image().read(extent.offset + at, bytes).map_err(VerifyError::Read)?,
            }
            if own {
                self.personal.patch(extent.offset + at, bytes);
            }
            self.send(extent.offset + at, bytes)?;
            at += bytes.len() as u64;
        }
        self.buffers.push(buffer);
        Ok(())
    }

    /// Also proves that the image is as it was, before a stick is blamed.
    pub(super) fn copy_checked(&mut self, number: usize) -> Result<(), Cause> {
        let mut chunk = Aligned::new();
        let extent = self.image().map.extents[number].clone();
        let bytes = chunk.of(extent.length);
        self.image().checked(&extent, bytes)?;
        self.personal.patch(extent.offset, bytes);
        self.send(extent.offset, bytes)
    }

    pub(super) fn put(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Cause> {
        let mut buffer = self.buffer();
        let aligned = buffer.of(bytes.len() as u64);
        aligned.copy_from_slice(bytes);
        self.send(offset, aligned)?;
        self.buffers.push(buffer);
        Ok(())
    }

    /// A MiB of zeros.
    pub(super) fn wipe(&mut self, offset: u64) -> Result<(), Cause> {
        self.put(offset, &vec![0; usize::try_from(HEAD).unwrap_or(0)])
    }

    fn compare(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Cause> {
        let mut buffer = self.buffer();
        let found = buffer.of(bytes.len() as u64);
        self.read(offset, found)?;
        let same = *found == *bytes;
        self.buffers.push(buffer);
        if same { Ok(()) } else { Err(Cause::Differs { offset }) }
    }

    fn send(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Cause> {
        self.touched = true;
        let began = Instant::now();
        self.attempt("writing", offset, |device| {
            device.seek(SeekFrom::Start(offset)).and_then(|_| device.write_all(bytes))
        })?;
        self.seen.written.add(bytes.len() as u64, began.elapsed());
        Ok(())
    }

    pub(super) fn read(&mut self, offset: u64, out: &mut [u8]) -> Result<(), Cause> {
        let began = Instant::now();
        self.attempt("reading back", offset, |device| {
            device.seek(SeekFrom::Start(offset)).and_then(|_| device.read_exact(out))
        })?;
        self.seen.read.add(out.len() as u64, began.elapsed());
        Ok(())
    }

    /// Tries again what may pass: a garbled transfer, a stick that was reset by its hub.
    fn attempt(
        &mut self,
        doing: &'static str,
        offset: u64,
        mut work: impl FnMut(&mut D) -> io::Result<()>,
    ) -> Result<(), Cause> {
        let mut tried = 0;
        loop {
            let Err(reason) = work(&mut self.device) else { return Ok(()) };
            match self.manner.pauses.get(tried) {
                Some(pause) if may_pass(&reason) => std::thread::sleep(*pause),
                _ => return Err(Cause::Device { doing, offset, reason }),
            }
            tried += 1;
            self.seen.retries += 1;
        }
    }

    pub(super) fn settle(&mut self) -> Result<(), Cause> {
        let began = Instant::now();
        self.device.flush().and_then(|()| (self.settle)(&mut self.device)).map_err(failed("flushing", 0))?;
        self.seen.written.add(0, began.elapsed());
        Ok(())
    }

    pub(super) fn buffer(&mut self) -> Aligned {
        self.buffers.pop().unwrap_or_else(|| Aligned::with_room(UNIT))
    }
}

/// Linux numbers of errors after which the same operation has been seen to work: I/O error, protocol
/// error, bad CRC on the cable, timed out, remote I/O error. A stick that is gone or full says otherwise.
pub(super) fn may_pass(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(5 | 71 | 84 | 110 | 121))
}
