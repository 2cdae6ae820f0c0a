//! Takes captures and logs off a stick again, once the bench has them.
//!
//! Only what the caller names by digest, so a file that changed since, or that nobody read, stays. FAT has no step
//! that removes a file at once: name, clusters and both tables are written apart. So, with a flush after each:
//! 1. the volume is marked as in work, as every operating system marks it;
//! 2. each file becomes one with a name of ours and nothing of the old one: it is gone, and the volume still right;
//! 3. what was in it is overwritten, and read back;
//! 4. the names go, then the clusters are given back, second table first; the volume is marked as right.
//!
//! Invariant: whenever it is pulled, each file is whole or gone, no other file is touched, and the mark says that
//! there is something to tidy up; the next erase does, and so does any `fsck`.
//!
//! What a flash chip keeps of blocks it has set aside is beyond anybody's reach.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    io::{self, Read, Seek, SeekFrom, Write},
};

use sha2::{Digest, Sha256};
use whiteglove_core::{
    control::Progress,
    media::{DATA_LABEL, map::MapError},
    problem::Problem,
};

use crate::{
    aligned::{ALIGN, Aligned, Blockwise},
    fat::tree::{self, CLEAN, DELETED, DIRTY, Found, MASK, SLOT, Tree, TreeError},
    media::Watch,
    table::Table,
    verify::{self, VerifyError},
};

/// SHA-256 of a file.
pub type Digests = BTreeSet<[u8; 32]>;

/// The folders that are looked into.
const WANTED: [&[u8; 11]; 2] = [b"CAPTURES   ", b"LOGS       "];
const LOGS: usize = 1;
/// Written at once. A multiple of every cluster there is.
const UNIT: u64 = 1 << 20;
/// Lost clusters that are looked at, to see whether they are ours: 256 MiB.
const MOST_LOST: usize = 1 << 16;

#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    #[error("it holds no medium of whiteglove ({0})")]
    NotOurs(String),
    #[error("its data volume is damaged: {0}")]
    Damaged(&'static str),
    #[error("it does not keep what is written")]
    Forgets,
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("cancelled")]
    Cancelled,
}

impl From<TreeError> for EraseError {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Damaged(what) => Self::Damaged(what),
            TreeError::Io(reason) => Self::Io(reason),
        }
    }
}

impl EraseError {
    /// For the person who gave the stick back; `what` did not happen.
    pub fn problem(&self, what: impl Into<String>) -> Problem {
        let next = match self {
            Self::NotOurs(_) => "Name the whole stick; one that whiteglove did not make is only read, without --erase.",
            Self::Damaged(_) => "Write the stick anew (media write): that erases everything on it.",
            Self::Forgets => "Take the stick out of use, and destroy it: what is on it cannot be erased.",
            Self::Io(_) | Self::Cancelled => "Plug the stick in again and repeat; what was taken counts as known then.",
        };
        let why = self.to_string();
        let mut characters = why.chars();
        let first = characters.next().map_or_else(String::new, |first| first.to_uppercase().collect());
        Problem::new(what, format!("{first}{}.", characters.as_str()), next)
    }
}

/// What an erase did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Erased {
    pub files: usize,
    /// What they held.
    pub bytes: u64,
    /// There are clusters on it that belong to no file, and not by us; it stays marked for `fsck`.
    pub marked: bool,
}

/// Where the data volume of a stick of ours lies: offset and length in bytes.
///
/// # Errors
/// It holds no medium, or one without such a volume.
pub fn place(disk: &mut (impl Read + Seek), size: u64) -> Result<(u64, u64), EraseError> {
    verify::read_map(disk).map_err(|error| match error {
        VerifyError::Read(reason) => EraseError::Io(reason),
        VerifyError::Map(MapError::Missing) => EraseError::NotOurs("there is no extent map".into()),
        other => EraseError::NotOurs(other.to_string()),
    })?;
    let table = Table::read(disk, size).map_err(|error| EraseError::NotOurs(error.to_string()))?;
    let named = table.stretches(size).into_iter().find(|(name, ..)| name == DATA_LABEL);
    let (_, start, length) = named.ok_or_else(|| EraseError::NotOurs("it has no data volume".into()))?;
    Ok((start, length))
}

/// Erases the files of these digests from the folders of captures and of logs. `device` may be opened for direct
/// I/O; `settle` flushes it through its caches.
///
/// # Errors
/// See above: at worst the volume is marked for tidying up.
pub fn erase<D: Read + Write + Seek>(
    device: &mut D,
    size: u64,
    taken: &Digests,
    settle: &mut dyn FnMut(&mut D) -> io::Result<()>,
    watch: Watch<'_>,
) -> Result<Erased, EraseError> {
    let mut blocks = Blockwise::new(device, size);
    let (start, length) = place(&mut blocks, size)?;
    let tree = Tree::read(&mut blocks, start, length, &WANTED)?;
    let mut erased = Erased::default();
    let mut chosen = Vec::new();
    for (number, file) in tree.found.iter().enumerate() {
        let is_spent = file.slot[..11] == spent_name(file);
        if !is_spent && !is_taken(&mut blocks, &tree, file, taken)? {
            continue;
        }
        chosen.push(number);
        if !is_spent {
            (erased.files, erased.bytes) = (erased.files + 1, erased.bytes + file.size());
        }
        if watch(Progress { task: "looking at files".into(), done: number as u64, total: tree.found.len() as u64 })
            .is_break()
        {
            return Err(EraseError::Cancelled);
        }
    }
    let rounds = rounds(&tree, chosen);
    if rounds.is_empty() && !tree.dirty && tree.disputed.is_empty() {
        return Ok(erased);
    }
    let mut work = Work { device, size, settle, tree };
    let mut given_back = work.zeros_of_before()?;
    erased.marked = work.tree.dirty && given_back.len() < work.tree.lost.len();
    given_back.extend(&work.tree.disputed);
    work.mark(true)?;
    work.forget_orphans()?;
    for chosen in rounds.values() {
        work.rename(chosen)?;
        work.overwrite(chosen)?;
        work.remove(chosen)?;
        given_back.extend(chosen.iter().flat_map(|number| &work.tree.found[*number].chain));
    }
    work.give_back(&given_back)?;
    if !erased.marked {
        work.mark(false)?;
    }
    Ok(erased)
}

/// A name that only a file has that we made ours: there is one such name for each place on the volume.
fn spent_name(file: &Found) -> [u8; 11] {
    let mut name = *b"W0000000WGE";
    let first = file.chain.first().copied().unwrap_or(0);
    let digits = format!("{:07X}", first & MASK);
    name[1..8].copy_from_slice(&digits.as_bytes()[..7]);
    name
}

fn is_taken(disk: &mut (impl Read + Seek), tree: &Tree, file: &Found, taken: &Digests) -> Result<bool, EraseError> {
    // An empty log is one all the same; an empty capture is a sign that something went wrong.
    let is_whole = file.is_whole(&tree.geometry) || file.below == LOGS && file.is_empty();
    Ok(!taken.is_empty() && is_whole && taken.contains(&content(disk, tree, file)?))
}

fn content(disk: &mut (impl Read + Seek), tree: &Tree, file: &Found) -> Result<[u8; 32], EraseError> {
    let mut sha = Sha256::new();
    let mut left = file.size();
    let mut buffer = vec![0; usize::try_from(UNIT).map_err(io::Error::other)?];
    for (offset, length) in runs(tree, std::iter::once(file)) {
        let length = length.min(left);
        let bytes = &mut buffer[..usize::try_from(length).map_err(io::Error::other)?];
        disk.seek(SeekFrom::Start(offset))?;
        disk.read_exact(bytes)?;
        sha.update(&*bytes);
        left -= length;
    }
    Ok(sha.finalize().into())
}

/// Files first; then the folders of logs that have nothing else in them, the deepest first: what is in a folder is
/// gone for good before the folder is.
fn rounds(tree: &Tree, chosen: Vec<usize>) -> BTreeMap<std::cmp::Reverse<usize>, Vec<usize>> {
    let mut left: BTreeMap<usize, usize> = BTreeMap::new();
    for file in &tree.found {
        *left.entry(file.folder.unwrap_or(usize::MAX)).or_default() += 1;
    }
    // Also those that a broken off erase has emptied.
    let is_empty = |number: &usize| {
        let found = &tree.found[*number];
        found.is_folder() && found.below == LOGS && !left.contains_key(number)
    };
    let empty: Vec<usize> = (0..tree.found.len()).filter(is_empty).collect();
    let depth = |number: usize| std::iter::successors(tree.found[number].folder, |at| tree.found[*at].folder).count();
    let mut all = BTreeSet::new();
    for number in chosen.into_iter().chain(empty) {
        let mut next = Some(number);
        while let Some(number) = next.take().filter(|number| all.insert(*number)) {
            let Some(folder) = tree.found[number].folder else { continue };
            let count = left.entry(folder).or_default();
            *count = count.saturating_sub(1);
            next = Some(folder).filter(|_| *count == 0 && tree.found[folder].below == LOGS);
        }
    }
    let mut rounds: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for number in all {
        let round = if tree.found[number].is_folder() { depth(number) } else { usize::MAX };
        rounds.entry(std::cmp::Reverse(round)).or_default().push(number);
    }
    rounds
}

/// Where the clusters of files lie on the disk, at most [`UNIT`] at a time.
fn runs<'a>(tree: &Tree, files: impl Iterator<Item = &'a Found>) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for number in files.flat_map(|file| &file.chain) {
        let (offset, length) = (tree.geometry.cluster(*number), tree.geometry.cluster_bytes);
        match runs.last_mut() {
            Some((start, so_far)) if *start + *so_far == offset && *so_far + length <= UNIT => *so_far += length,
            _ => runs.push((offset, length)),
        }
    }
    runs
}

struct Work<'a, D> {
    device: &'a mut D,
    size: u64,
    settle: &'a mut dyn FnMut(&mut D) -> io::Result<()>,
    tree: Tree,
}

impl<D: Read + Write + Seek> Work<'_, D> {
    fn read(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let mut blocks = Blockwise::new(&mut *self.device, self.size);
        blocks.seek(SeekFrom::Start(offset))?;
        blocks.read_exact(bytes)
    }

    /// Changes bytes, block by block: each change of a block is one write. Blocks in the reverse of the order in
    /// which they come up; flushed.
    fn patch(&mut self, patches: impl IntoIterator<Item = (u64, Vec<u8>)>) -> Result<(), EraseError> {
        let unit = ALIGN as u64;
        let mut order: Vec<u64> = Vec::new();
        let mut blocks: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        for (offset, bytes) in patches {
            for (at, byte) in (offset..).zip(bytes) {
                let block = at / unit * unit;
                let held = match blocks.entry(block) {
                    Entry::Occupied(held) => held.into_mut(),
                    Entry::Vacant(place) => {
                        let length = unit.min(self.size.saturating_sub(block));
                        let mut held = vec![0; usize::try_from(length).map_err(io::Error::other)?];
                        self.read(block, &mut held)?;
                        order.push(block);
                        place.insert(held)
                    }
                };
                let place = usize::try_from(at - block).map_err(io::Error::other)?;
                if let Some(slot) = held.get_mut(place) {
                    *slot = byte;
                }
            }
        }
        for block in order.into_iter().rev() {
            if let Some(bytes) = blocks.get(&block) {
                self.put(block, bytes)?;
            }
        }
        (self.settle)(self.device)?;
        // Read back once all is flushed: a stick that keeps nothing says yes to everything.
        for (block, bytes) in &blocks {
            self.compare(*block, bytes)?;
        }
        Ok(())
    }

    fn put(&mut self, offset: u64, bytes: &[u8]) -> Result<(), EraseError> {
        let length = bytes.len() as u64;
        let mut buffer = Aligned::with_room(length);
        buffer.of(length).copy_from_slice(bytes);
        self.device.seek(SeekFrom::Start(offset))?;
        Ok(self.device.write_all(buffer.get(length))?)
    }

    fn compare(&mut self, offset: u64, bytes: &[u8]) -> Result<(), EraseError> {
        let mut found = vec![0; bytes.len()];
        self.read(offset, &mut found)?;
        if found == bytes { Ok(()) } else { Err(EraseError::Forgets) }
    }

    /// Of the clusters that belong to nothing, those of an erase that was broken off: there is nothing in them.
    fn zeros_of_before(&mut self) -> Result<Vec<u32>, EraseError> {
        let mut ours = Vec::new();
        let mut bytes = vec![0; usize::try_from(self.tree.geometry.cluster_bytes).map_err(io::Error::other)?];
        if !self.tree.dirty || self.tree.lost.len() > MOST_LOST {
            return Ok(ours);
        }
        for number in self.tree.lost.clone() {
            self.read(self.tree.geometry.cluster(number), &mut bytes)?;
            if bytes.iter().all(|byte| *byte == 0) {
                ours.push(number);
            }
        }
        Ok(ours)
    }

    fn mark(&mut self, dirty: bool) -> Result<(), EraseError> {
        let geometry = self.tree.geometry;
        let mut boot = [0];
        self.read(geometry.start + 65, &mut boot)?;
        let boot = if dirty { boot[0] | DIRTY } else { boot[0] & !DIRTY };
        let entry = if dirty { self.tree.fat[1] & !CLEAN } else { self.tree.fat[1] | CLEAN };
        let entries = geometry.fat_entries(1).map(|at| (at, entry.to_le_bytes().to_vec()));
        // Written in reverse: the boot sector's mark comes first, and goes last.
        let boot = (geometry.start + 65, vec![boot]);
        let mut patches: Vec<_> = entries.into_iter().chain([boot]).collect();
        if !dirty {
            patches.reverse();
        }
        self.patch(patches)
    }

    fn forget_orphans(&mut self) -> Result<(), EraseError> {
        let patches: Vec<_> = self.tree.orphans.iter().map(|at| (*at, gone())).collect();
        self.patch(patches)
    }

    /// Files and emptied folders become files of ours.
    fn rename(&mut self, chosen: &[usize]) -> Result<(), EraseError> {
        let mut patches = Vec::new();
        for file in chosen.iter().map(|number| &self.tree.found[*number]) {
            if file.chain.is_empty() {
                patches.extend(file.slots.iter().map(|at| (*at, gone())));
                continue;
            }
            let bytes = file.chain.len() as u64 * self.tree.geometry.cluster_bytes;
            let size = u32::try_from(bytes).unwrap_or(u32::MAX);
            patches.extend(without_last(&file.slots).iter().map(|at| (*at, gone())));
            let slot = tree::plain_slot(&file.slot, &spent_name(file), size);
            patches.extend(file.slots.last().map(|at| (*at, slot.to_vec())));
        }
        // In reverse, so that a name over two blocks loses its end first, on which it depends.
        self.patch(patches)
    }

    fn overwrite(&mut self, chosen: &[usize]) -> Result<(), EraseError> {
        let runs = runs(&self.tree, chosen.iter().map(|number| &self.tree.found[*number]));
        let nothing = vec![0; usize::try_from(UNIT).map_err(io::Error::other)?];
        let zeros = |length: u64| &nothing[..usize::try_from(length).unwrap_or(0).min(nothing.len())];
        for (offset, length) in &runs {
            self.put(*offset, zeros(*length))?;
        }
        (self.settle)(self.device)?;
        for (offset, length) in &runs {
            self.compare(*offset, zeros(*length))?;
        }
        Ok(())
    }

    fn remove(&mut self, chosen: &[usize]) -> Result<(), EraseError> {
        let slots = chosen.iter().filter_map(|number| self.tree.found[*number].slots.last());
        let patches: Vec<_> = slots.map(|at| (*at, gone())).collect();
        self.patch(patches)
    }

    fn give_back(&mut self, clusters: &[u32]) -> Result<(), EraseError> {
        let geometry = self.tree.geometry;
        for copy in 0..2 {
            let entries = clusters.iter().map(|number| {
                let at = usize::try_from(*number).unwrap_or(usize::MAX);
                let reserved = self.tree.fat.get(at).map_or(0, |entry| entry & !MASK);
                (geometry.fat_entries(*number)[copy], reserved.to_le_bytes().to_vec())
            });
            let patches: Vec<_> = entries.collect();
            self.patch(patches)?;
        }
        for number in clusters {
            if let Some(entry) = usize::try_from(*number).ok().and_then(|at| self.tree.fat.get_mut(at)) {
                *entry &= !MASK;
            }
        }
        let mut info = [0; 512];
        self.read(geometry.info, &mut info)?;
        let known = info.starts_with(b"RRaA") && info[484..].starts_with(b"rrAa") && info[488..492] != [0xff; 4];
        match known {
            true => self.patch([(geometry.info + 488, self.tree.free().to_le_bytes().to_vec())]),
            false => Ok(()),
        }
    }
}

/// A slot that nobody has; what was in it is not left for readers of deleted names.
fn gone() -> Vec<u8> {
    let mut slot = vec![0; SLOT];
    slot[0] = DELETED;
    slot
}

fn without_last(slots: &[u64]) -> &[u64] {
    slots.split_last().map_or(&[], |(_, rest)| rest)
}

#[cfg(test)]
mod tests;
