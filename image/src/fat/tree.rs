//! A FAT32 volume that laptops and Windows have written to, seen whole: which cluster belongs to what, and on which
//! bytes of the disk every name stands. For who wants to take files off it by hand.
//!
//! Source: Microsoft's FAT32 File System Specification 1.03. The bytes may be anybody's: every cluster is followed
//! once, so nothing here is longer than the volume, and a volume on which two things claim one cluster is refused.

use std::io::{self, Read, Seek, SeekFrom};

use super::encode::{ATTR_ARCHIVE, ATTR_DIRECTORY, ATTR_LABEL, ATTR_LONG};

pub(crate) const SLOT: usize = 32;
/// The first byte of a slot that is free again.
pub(crate) const DELETED: u8 = 0xe5;
/// In the boot sector's byte 65: not cleanly unmounted, as Linux writes it.
pub(crate) const DIRTY: u8 = 1;
/// In the FAT's second entry: cleanly unmounted, as Windows writes it.
pub(crate) const CLEAN: u32 = 1 << 27;
/// Of a FAT entry: the four bits above belong to nobody and stay as they are.
pub(crate) const MASK: u32 = 0x0fff_ffff;
const LAST: u32 = 0x0fff_fff8;
/// The specification's end of a directory: 65,536 slots.
const LONGEST_DIRECTORY: u64 = 65_536 * SLOT as u64;
/// 64 GiB in clusters of 4 KiB; the table of that many takes 64 MiB.
const MOST_CLUSTERS: u64 = 1 << 24;
const MOST_FILES: usize = 200_000;

#[derive(Debug, thiserror::Error)]
pub(crate) enum TreeError {
    #[error("{0}")]
    Damaged(&'static str),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Where things are; offsets count from the beginning of the disk, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Geometry {
    pub(crate) start: u64,
    pub(crate) info: u64,
    fats: u64,
    fat_bytes: u64,
    data: u64,
    pub(crate) cluster_bytes: u64,
    /// One above the highest cluster number.
    end: u32,
    root: u32,
}

impl Geometry {
    fn read(boot: &[u8; 512], start: u64, length: u64) -> Result<Self, TreeError> {
        let byte = |at: usize| u64::from(boot[at]);
        let word = |at: usize| u64::from(u16::from_le_bytes([boot[at], boot[at + 1]]));
        let long = |at: usize| u32::from_le_bytes([boot[at], boot[at + 1], boot[at + 2], boot[at + 3]]);
        let (per_cluster, reserved, info) = (byte(13), word(14), word(48));
        let (sectors, fat_sectors) = (u64::from(long(32)), u64::from(long(36)));
        let ours = boot[510..] == [0x55, 0xaa]
            && word(11) == 512
            && per_cluster.is_power_of_two()
            && byte(16) == 2
            && [17, 19, 22, 42].iter().all(|at| word(*at) == 0)
            // Both tables are kept alike.
            && word(40) & 0x80 == 0
            && (1..reserved).contains(&info);
        if !ours {
            return Err(TreeError::Damaged("it is no FAT32 volume as whiteglove makes them"));
        }
        let before = reserved + 2 * fat_sectors;
        let clusters = sectors.saturating_sub(before) / per_cluster;
        if sectors * 512 > length || clusters == 0 || clusters + 2 > fat_sectors * 128 {
            return Err(TreeError::Damaged("it says that it is larger than it can be"));
        }
        let end = u32::try_from(clusters + 2).ok().filter(|_| clusters <= MOST_CLUSTERS);
        Ok(Self {
            start,
            info: start + info * 512,
            fats: start + reserved * 512,
            fat_bytes: fat_sectors * 512,
            data: start + before * 512,
            cluster_bytes: per_cluster * 512,
            end: end.ok_or(TreeError::Damaged("it has more clusters than a data volume of ours"))?,
            root: long(44),
        })
    }

    pub(crate) fn cluster(&self, number: u32) -> u64 {
        self.data + (u64::from(number) - 2) * self.cluster_bytes
    }

    /// Both copies of a cluster's entry; the second first, as readers believe the first.
    pub(crate) fn fat_entries(&self, number: u32) -> [u64; 2] {
        let first = self.fats + u64::from(number) * 4;
        [first + self.fat_bytes, first]
    }
}

/// A file or folder somewhere below one of the wanted folders.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Which of the wanted.
    pub(crate) below: usize,
    /// Of [`Tree::found`].
    pub(crate) folder: Option<usize>,
    /// Where the slots of its name lie, its own last.
    pub(crate) slots: Vec<u64>,
    pub(crate) slot: [u8; SLOT],
    pub(crate) chain: Vec<u32>,
}

impl Found {
    pub(crate) fn is_folder(&self) -> bool {
        self.slot[11] & ATTR_DIRECTORY != 0
    }

    pub(crate) fn size(&self) -> u64 {
        u64::from(u32::from_le_bytes([self.slot[28], self.slot[29], self.slot[30], self.slot[31]]))
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.is_folder() && self.size() == 0 && self.chain.is_empty()
    }

    /// It has exactly the clusters that its size needs, and some.
    pub(crate) fn is_whole(&self, geometry: &Geometry) -> bool {
        self.size() > 0 && self.size().div_ceil(geometry.cluster_bytes) == self.chain.len() as u64
    }
}

#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) geometry: Geometry,
    /// The first table's entries, all 32 bits.
    pub(crate) fat: Vec<u32>,
    /// In the order of their directories.
    pub(crate) found: Vec<Found>,
    /// Pieces of long names whose file is gone.
    pub(crate) orphans: Vec<u64>,
    /// Clusters that the two tables disagree about; none belongs to a file.
    pub(crate) disputed: Vec<u32>,
    /// Clusters that belong to nothing and are not free.
    pub(crate) lost: Vec<u32>,
    pub(crate) dirty: bool,
}

impl Tree {
    /// `wanted`: 8.3 names of folders in the root, as they stand in a directory.
    pub(crate) fn read(
        disk: &mut (impl Read + Seek),
        start: u64,
        length: u64,
        wanted: &[&[u8; 11]],
    ) -> Result<Self, TreeError> {
        let mut boot = [0; 512];
        disk.seek(SeekFrom::Start(start))?;
        disk.read_exact(&mut boot)?;
        let geometry = Geometry::read(&boot, start, length)?;
        let fat = table(disk, geometry.fats, geometry.end)?;
        let second = table(disk, geometry.fats + geometry.fat_bytes, geometry.end)?;
        let owned = vec![false; fat.len()];
        let mut walk = Walk { disk, geometry, fat: &fat, owned, found: vec![], orphans: vec![] };
        walk.all(wanted)?;
        let Walk { owned, found, orphans, .. } = walk;
        let clusters = (2..geometry.end).zip(fat.iter().zip(&second).zip(&owned).skip(2));
        let (mut disputed, mut lost) = (vec![], vec![]);
        for (number, ((first, second), owned)) in clusters {
            let differ = (first ^ second) & MASK != 0;
            match owned {
                true if differ => return Err(TreeError::Damaged("its two tables disagree about a file")),
                false if differ => disputed.push(number),
                // 0x0FFFFFF7 marks a cluster that is worn out.
                false if first & MASK != 0 && first & MASK != LAST - 1 => lost.push(number),
                _ => {}
            }
        }
        let dirty = boot[65] & DIRTY != 0 || (fat[1] & second[1]) & CLEAN == 0;
        Ok(Self { geometry, fat, found, orphans, disputed, lost, dirty })
    }

    pub(crate) fn free(&self) -> u32 {
        let free = self.fat.iter().skip(2).filter(|entry| **entry & MASK == 0).count();
        u32::try_from(free).unwrap_or(u32::MAX)
    }
}

fn table(disk: &mut (impl Read + Seek), at: u64, end: u32) -> Result<Vec<u32>, TreeError> {
    let mut bytes = vec![0; usize::try_from(end).map_err(io::Error::other)? * 4];
    disk.seek(SeekFrom::Start(at))?;
    disk.read_exact(&mut bytes)?;
    Ok(bytes.chunks_exact(4).map(|entry| u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]])).collect())
}

struct Walk<'a, R> {
    disk: &'a mut R,
    geometry: Geometry,
    fat: &'a [u32],
    owned: Vec<bool>,
    found: Vec<Found>,
    orphans: Vec<u64>,
}

/// A directory that is still to be read.
struct Next {
    chain: Vec<u32>,
    /// Which of the wanted folders it is or is below.
    below: Option<usize>,
    folder: Option<usize>,
}

impl<R: Read + Seek> Walk<'_, R> {
    fn all(&mut self, wanted: &[&[u8; 11]]) -> Result<(), TreeError> {
        let root = Next { chain: self.chain(self.geometry.root)?, below: None, folder: None };
        let mut folders: Vec<Next> = self.folder(&root, wanted)?;
        while let Some(next) = folders.pop() {
            folders.extend(self.folder(&next, &[])?);
        }
        Ok(())
    }

    /// Claims a chain.
    fn chain(&mut self, first: u32) -> Result<Vec<u32>, TreeError> {
        let mut chain = Vec::new();
        let mut number = first;
        while number < LAST {
            let at = usize::try_from(number).unwrap_or(usize::MAX);
            let owned = self.owned.get_mut(at).filter(|_| number >= 2);
            let owned = owned.ok_or(TreeError::Damaged("a file leads outside of it"))?;
            if std::mem::replace(owned, true) {
                return Err(TreeError::Damaged("two files claim one place"));
            }
            chain.push(number);
            number = self.fat.get(at).map_or(0, |next| next & MASK);
        }
        Ok(chain)
    }

    /// Claims what a directory holds; the directories among it.
    fn folder(&mut self, next: &Next, wanted: &[&[u8; 11]]) -> Result<Vec<Next>, TreeError> {
        if next.chain.len() as u64 * self.geometry.cluster_bytes > LONGEST_DIRECTORY {
            return Err(TreeError::Damaged("a folder is longer than any may be"));
        }
        let mut folders = Vec::new();
        let mut pieces: Vec<(u64, u8)> = Vec::new();
        let mut cluster = vec![0; usize::try_from(self.geometry.cluster_bytes).map_err(io::Error::other)?];
        'chain: for number in &next.chain {
            let at = self.geometry.cluster(*number);
            self.disk.seek(SeekFrom::Start(at))?;
            self.disk.read_exact(&mut cluster)?;
            for (at, bytes) in (at..).step_by(SLOT).zip(cluster.chunks_exact(SLOT)) {
                let mut slot = [0; SLOT];
                slot.copy_from_slice(bytes);
                let attributes = slot[11];
                match slot[0] {
                    0 => break 'chain,
                    DELETED => {
                        self.orphan(&mut pieces);
                        continue;
                    }
                    _ => {}
                }
                if attributes & 0x3f == ATTR_LONG {
                    // The first piece of another name.
                    if slot[0] & 0x40 != 0 {
                        self.orphan(&mut pieces);
                    }
                    pieces.push((at, slot[13]));
                    continue;
                }
                let sum = checksum(&slot);
                if pieces.iter().any(|(_, of)| *of != sum) {
                    self.orphan(&mut pieces);
                }
                let slots: Vec<u64> = pieces.drain(..).map(|(at, _)| at).chain([at]).collect();
                if attributes & ATTR_LABEL != 0 || slot[0] == b'.' {
                    continue;
                }
                let first = u32::from(u16::from_le_bytes([slot[20], slot[21]])) << 16
                    | u32::from(u16::from_le_bytes([slot[26], slot[27]]));
                let is_folder = attributes & ATTR_DIRECTORY != 0;
                let chain = if first == 0 && !is_folder { vec![] } else { self.chain(first)? };
                let named = wanted.iter().position(|name| slot[..11] == name[..]).filter(|_| is_folder);
                let mut folder = None;
                if let Some(below) = next.below {
                    if self.found.len() == MOST_FILES {
                        return Err(TreeError::Damaged("there are more files than anybody puts on a stick"));
                    }
                    folder = Some(self.found.len());
                    let chain = chain.clone();
                    self.found.push(Found { below, folder: next.folder, slots, slot, chain });
                }
                if is_folder {
                    folders.push(Next { chain, below: next.below.or(named), folder });
                }
            }
        }
        self.orphan(&mut pieces);
        Ok(folders)
    }

    fn orphan(&mut self, pieces: &mut Vec<(u64, u8)>) {
        self.orphans.extend(pieces.drain(..).map(|(at, _)| at));
    }
}

/// Of an 8.3 name, as the pieces of its long name carry it.
fn checksum(slot: &[u8; SLOT]) -> u8 {
    slot[..11].iter().fold(0, |sum: u8, byte| sum.rotate_right(1).wrapping_add(*byte))
}

/// The slot of a file with nothing to say of itself: its 8.3 name, whole clusters, one place.
pub(crate) fn plain_slot(slot: &[u8; SLOT], name: &[u8; 11], size: u32) -> [u8; SLOT] {
    let mut plain = *slot;
    plain[..11].copy_from_slice(name);
    plain[11] = ATTR_ARCHIVE;
    plain[12] = 0;
    plain[28..].copy_from_slice(&size.to_le_bytes());
    plain
}
