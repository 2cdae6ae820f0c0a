//! A stick brought from one image to another in place: what differs is written, the rest is left.
//!
//! The stick's own extent map says what is on it. That is believed of files while nothing speaks
//! against it: file systems, where every change by Windows or by a person shows, are read and compared,
//! and so are some extents in between. If any of it differs, or the last update was broken off, all is
//! compared. The data volume is neither compared nor written, but for its serial number, by which
//! the agent finds it.
//!
//! Invariant: as for a whole write. From the first byte that changes to the last, the stick does not boot.

mod data;

use std::{
    collections::BTreeSet,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use whiteglove_core::{
    disk::ErasePermit,
    media::{
        CHUNK, DATA_LABEL, HEAD,
        map::{self, ExtentDigest, ExtentMap, MapExtent},
        stick::{self, StickId},
    },
};

use super::{
    Cause, Issue, Manner, Seen, WriteError, failed,
    job::Job,
    open_for, settle,
    source::{Image, Source},
};
use crate::{
    aligned::{ALIGN, Aligned, Blockwise},
    disks::{Machine, OpenError},
    media::Watch,
    table::Table,
    verify::{self, VerifyError},
};

/// Extents that are compared although nothing speaks against them.
const SAMPLES: usize = 8;

/// What an update did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Updated {
    /// Bytes of content that were written and read back.
    pub changed: u64,
    /// Bytes that were read and found right.
    pub compared: u64,
    /// All of the boot volume was compared, not the map's word taken for it.
    pub fully: bool,
    /// Files of the image's data volume that the stick's has in another version, or not at all: it is left as it is.
    pub stale: usize,
    /// As of [`super::Written`].
    pub stick: Option<(StickId, ExtentDigest)>,
    pub seen: Seen,
}

/// Updates the disk a person named.
///
/// # Errors
/// It holds no medium of ours, or it was not finished; then it does not boot.
pub fn update_disk(
    image: Image,
    permit: ErasePermit,
    machine: &Machine,
    issue: Option<Issue>,
    fully: bool,
    watch: Watch<'_>,
) -> Result<Updated, WriteError> {
    update(image, permit, |permit| machine.open(permit), &mut settle, issue, fully, watch)
}

/// Updates what `open` gives for the permit.
///
/// # Errors
/// As [`update_disk`].
pub fn update<D: Read + Write + Seek>(
    image: Image,
    permit: ErasePermit,
    open: impl FnOnce(&ErasePermit) -> Result<D, OpenError>,
    settle: &mut dyn FnMut(&mut D) -> io::Result<()>,
    issue: Option<Issue>,
    fully: bool,
    watch: Watch<'_>,
) -> Result<Updated, WriteError> {
    let untouched = WriteError::untouched::<Cause>;
    let mut device = open_for(&image, &permit, open).map_err(untouched)?;
    let stick = Stick::look(&image, &mut device, permit.disk().size_bytes).map_err(untouched)?;
    let mut source = Source::new(Arc::new(image));
    let reader = source.reader();
    // It stays the stick it was, whichever bench wrote it.
    let issue = issue.map(|issue| Issue { stick: stick.number.unwrap_or(issue.stick), ..issue });
    let manner = Manner { issue, ..Manner::default() };
    let mut job = Job::new(reader, device, permit, manner, true, settle, watch).map_err(untouched)?;
    let stale = stick.stale;
    let mut updated = Updated { changed: 0, compared: 0, fully, stale, stick: None, seen: Seen::default() };
    let done = job.update(&stick, &mut updated);
    let written = job.finish(done)?;
    (updated.stick, updated.seen) = (written.stick, written.seen);
    Ok(updated)
}

/// What is on the stick, before anything is done to it.
struct Stick {
    map: ExtentMap,
    /// Its first 4 KiB and last MiB are what its own map says: the last write to it was finished.
    whole: bool,
    /// Where both have the data volume.
    data: Option<u64>,
    /// As of [`Updated`].
    stale: usize,
    /// Its record as it lies there, and the number in it.
    record: Vec<u8>,
    number: Option<StickId>,
}

impl Stick {
    fn look<D: Read + Seek>(image: &Image, device: &mut D, capacity: u64) -> Result<Self, Cause> {
        let mut disk = Blockwise::new(device, capacity);
        let map = verify::read_map(&mut disk).map_err(|error| match error {
            VerifyError::Map(_) => Cause::NotOurs,
            VerifyError::Read(reason) => failed("reading the stick", map::OFFSET)(reason),
            other => other.into(),
        })?;
        let whole = Table::read_strict(map.form, &mut disk, capacity).is_ok();
        let stretches = image.table.stretches(image.size());
        let data = stretches.iter().find(|(name, ..)| name == DATA_LABEL).map(|(_, offset, length)| (*offset, *length));
        let mut stale = 0;
        let data = match data {
            None => None,
            Some((offset, length)) => {
                let (mut ours, mut theirs) = ([0; 512], [0; 512]);
                image.read(offset, &mut ours).map_err(VerifyError::Read)?;
                let read = disk.seek(SeekFrom::Start(offset)).and_then(|_| disk.read_exact(&mut theirs));
                read.map_err(failed("reading the stick", offset))?;
                // Same place and size, whatever has been written into it since.
                let same = [11..48, 82..90].into_iter().all(|range| ours[range.clone()] == theirs[range]);
                if !same || theirs[510..] != [0x55, 0xaa] {
                    return Err(Cause::OtherLayout);
                }
                stale = data::stale(image, device, capacity, offset, length);
                Some(offset)
            }
        };
        let mut disk = Blockwise::new(device, capacity);
        let mut record = vec![0; usize::try_from(stick::ROOM).unwrap_or(0)];
        let read = disk.seek(SeekFrom::Start(stick::OFFSET)).and_then(|_| disk.read_exact(&mut record));
        read.map_err(failed("reading the stick", stick::OFFSET))?;
        let number = stick::Found::read(&record).ok().and_then(|found| found.stick());
        Ok(Self { map, whole, data, stale, record, number })
    }

    /// Whether its own map says that it holds this. A map has its extents in order.
    fn claims(&self, extent: &MapExtent) -> bool {
        let found = self.map.extents.binary_search_by_key(&extent.offset, |held| held.offset);
        found.is_ok_and(|at| self.map.extents[at] == *extent)
    }

    /// Where the data volume begins; from there on nothing is compared or written.
    fn end(&self) -> u64 {
        self.data.unwrap_or(u64::MAX)
    }
}

impl<D: Read + Write + Seek> Job<'_, D> {
    fn update(&mut self, stick: &Stick, updated: &mut Updated) -> Result<(), Cause> {
        let mut extents = self.extents();
        extents.retain(|extent| extent.offset < stick.end());
        let all: Vec<usize> = (0..extents.len()).collect();
        let mut changed: BTreeSet<usize> = BTreeSet::new();
        updated.fully |= !stick.whole;
        if !updated.fully {
            let (same, other): (Vec<usize>, Vec<usize>) =
                all.iter().partition(|number| stick.claims(&extents[**number]));
            let looked_at = self.worth_a_look(&extents, &same)?;
            let wrong = self.compare_some(&extents, &looked_at, updated)?;
            updated.fully = !wrong.is_empty();
            changed.extend(other);
        }
        if updated.fully {
            changed = self.compare_some(&extents, &all, updated)?.into_iter().collect();
        }
        let numbers = changed;
        let changed: Vec<MapExtent> = numbers.iter().map(|number| extents[*number].clone()).collect();
        let serial = self.serial_block(stick)?;
        let signer = self.manner.issue.as_ref().map(|issue| Arc::clone(&issue.signer));
        let kept = signer.is_some_and(|signer| self.personal.keep_record(&stick.record, &signer));
        if changed.is_empty() && serial.is_none() && self.ends_are_right()? {
            return Ok(());
        }
        if kept {
            self.personal.renew_record();
        }
        // Whatever may be wrong with the image shows before the stick is touched.
        let mut chunk = Aligned::new();
        for number in &numbers {
            let extent = &self.image().map.extents[*number];
            self.image().checked(extent, chunk.of(extent.length))?;
        }
        updated.changed = changed.iter().map(|extent| extent.length).sum();
        self.total = updated.compared + 2 * updated.changed;
        self.blank_start()?;
        self.wipe(self.capacity() - HEAD)?;
        self.settle()?;
        for (number, extent) in numbers.iter().zip(&changed) {
            self.copy_checked(*number)?;
            self.step("writing", extent.length)?;
        }
        if let Some((offset, block)) = &serial {
            self.put(*offset, block)?;
        }
        self.put_ends()?;
        let numbers: Vec<usize> = numbers.into_iter().collect();
        self.read_back(&extents, &numbers)?;
        self.start()
    }

    fn compare_some(
        &mut self,
        extents: &[MapExtent],
        chosen: &[usize],
        updated: &mut Updated,
    ) -> Result<Vec<usize>, Cause> {
        let bytes: u64 = chosen.iter().map(|number| extents[*number].length).sum();
        updated.compared += bytes;
        self.total = updated.compared;
        self.differing(extents, chosen, "comparing", usize::MAX)
    }

    /// Of those that the map calls the same: the ones with tables and directories of the boot volume, and some others.
    fn worth_a_look(&mut self, extents: &[MapExtent], same: &[usize]) -> Result<Vec<usize>, Cause> {
        let Some(first) = extents.first() else { return Ok(vec![]) };
        let mut boot = [0; 512];
        self.image().read(first.offset, &mut boot).map_err(VerifyError::Read)?;
        let reserved = u64::from(u16::from_le_bytes([boot[14], boot[15]]));
        let fat = u64::from(u32::from_le_bytes([boot[36], boot[37], boot[38], boot[39]]));
        // Directories come next, then files. A thousand names take less than a chunk.
        let end = first.offset + (reserved + 2 * fat) * 512 + CHUNK;
        let tables = same.iter().copied().filter(|number| extents[*number].offset < end);
        // Not the same ones each time: what a stick loses it loses anywhere.
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
        let step = (same.len() / SAMPLES).max(1);
        let from = usize::try_from(clock).unwrap_or(0) % step;
        let samples = same.iter().copied().skip(from).step_by(step);
        let chosen: BTreeSet<usize> = tables.chain(samples).collect();
        Ok(chosen.into_iter().collect())
    }

    /// The data volume's first block as it is to be, if its serial number is another: both boot sectors lie in it.
    fn serial_block(&mut self, stick: &Stick) -> Result<Option<(u64, Vec<u8>)>, Cause> {
        let Some(offset) = stick.data else { return Ok(None) };
        let mut ours = [0; 512];
        self.image().read(offset, &mut ours).map_err(VerifyError::Read)?;
        self.personal.patch(offset, &mut ours);
        let mut buffer = self.buffer();
        let block = buffer.of(ALIGN as u64);
        self.read(offset, block)?;
        let mut right = block.to_vec();
        for sector in [0, 6 * 512] {
            right[sector + 67..sector + 71].copy_from_slice(&ours[67..71]);
        }
        Ok((right != *block).then_some((offset, right)))
    }

    fn ends_are_right(&mut self) -> Result<bool, Cause> {
        let mut buffer = self.buffer();
        for (offset, bytes) in [(0, self.head()?), (self.capacity() - HEAD, self.tail())] {
            let found = buffer.of(HEAD);
            self.read(offset, found)?;
            if *found != *bytes {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
