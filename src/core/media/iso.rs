//! A disc image around a boot volume: ISO 9660 with Joliet names, and El Torito for UEFI and BIOS.
//!
//! Nothing is on it twice. Firmware with UEFI gets the FAT volume itself; the trees of ISO 9660 name the very same
//! bytes inside it, for a BIOS, for operating systems and for people. That works because a planned volume has every
//! file in one piece, at clusters of at least one disc sector.
//!
//! Sources: ECMA-119 (ISO 9660), Joliet specification (Microsoft 1995), El Torito 1.0 (Phoenix/IBM 1995) and UEFI
//! specification 2.10, 13.3.2.1, which adds platform 0xEF.
//!
//! Shape: nothing (32 KiB), descriptors and boot catalog (32 KiB), extent map, from the first MiB on path tables,
//! directories and the BIOS program, then the volume, on a whole MiB.

use std::collections::BTreeSet;

use super::{
    HEAD, MIB,
    volume::{Directory, Target, Volume},
};

/// Of a disc, in bytes.
pub const SECTOR: u64 = 2048;
const SIZE: usize = 2048;
/// Sixteen sectors for the system that the disc starts, which is none.
pub const DESCRIPTORS: u64 = 16 * SECTOR;
/// Room for the descriptors; the extent map follows.
pub const DESCRIPTORS_ROOM: u64 = 16 * SECTOR;
const CATALOG_SECTOR: u32 = 20;
/// Smallest volume with clusters of a disc sector and enough of them for FAT32.
pub const MIN_VOLUME: u64 = 130 * MIB;
/// Longest name of a Joliet record, in UTF-16 units, as mkisofs and Windows have it; the specification says 64.
const LONGEST_NAME: usize = 103;
/// 2020-01-01, as everywhere on our media: an image has no clock.
const DATE: [u8; 7] = [120, 1, 1, 0, 0, 0, 0];
const LONG_DATE: &[u8; 17] = b"2020010100000000\0";
const NO_DATE: &[u8; 17] = b"0000000000000000\0";

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscError {
    #[error("{path}: names on a disc end at {LONGEST_NAME} letters")]
    LongName { path: String },
    #[error("{path}: a name on a disc has no semicolon")]
    Semicolon { path: String },
    #[error("the content makes a disc of more than 8 TiB")]
    TooLarge,
}

/// What lies before the boot volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disc {
    /// At [`DESCRIPTORS`], [`DESCRIPTORS_ROOM`] long.
    pub descriptors: Vec<u8>,
    /// From the first MiB on, whole MiBs.
    pub tree: Vec<u8>,
    /// A BIOS can start it too.
    pub bios: bool,
}

impl Disc {
    /// Where the volume begins. It depends on the names alone, so it is known before the volume is laid out at it.
    pub fn volume_offset(directories: &[Directory], bios: Option<&[u8]>) -> u64 {
        let tree: u64 = Names::ALL.iter().map(|names| names.sectors(directories)).sum();
        let bios = bios.map_or(0, |program| (program.len() as u64).div_ceil(SECTOR));
        HEAD + ((tree + bios) * SECTOR).next_multiple_of(MIB)
    }

    /// # Errors
    /// A name that ISO 9660 cannot have.
    pub fn lay_out(volume: &Volume, bios: Option<&[u8]>) -> Result<Self, DiscError> {
        check_names(volume)?;
        let offset = Self::volume_offset(&volume.directories, bios);
        let sectors = |bytes: u64| u32::try_from(bytes / SECTOR).map_err(|_| DiscError::TooLarge);
        let whole = sectors(offset + volume.geometry.bytes())?;
        let mut tree = vec![0; usize::try_from(offset - HEAD).map_err(|_| DiscError::TooLarge)?];
        let mut at = sectors(HEAD)?;
        let mut descriptors = vec![0; SIZE * 16];
        for (names, kind, sector) in [(Names::Short, 1, 0), (Names::Long, 2, 2)] {
            let placed = Placed::new(names, volume, offset, at);
            placed.write(&mut tree)?;
            at += placed.sectors;
            let descriptor = placed.descriptor(kind, whole);
            descriptors[sector * SIZE..][..SIZE].copy_from_slice(&descriptor);
        }
        let program = bios.map(|program| (at, with_information(program, at)));
        if let Some((at, program)) = &program {
            put(&mut tree, u64::from(*at) * SECTOR - HEAD, program);
        }
        descriptors[SIZE..][..SIZE].copy_from_slice(&boot_record());
        put(&mut descriptors, 3 * SECTOR, b"\xffCD001\x01");
        let catalog = catalog(program.map(|(at, _)| at), sectors(offset)?);
        put(&mut descriptors, (u64::from(CATALOG_SECTOR) - 16) * SECTOR, &catalog);
        Ok(Self { descriptors, tree, bios: bios.is_some() })
    }
}

fn put(room: &mut [u8], at: u64, bytes: &[u8]) {
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    if let Some(room) = room.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len())) {
        room.copy_from_slice(bytes);
    }
}

fn check_names(volume: &Volume) -> Result<(), DiscError> {
    for directory in &volume.directories {
        for entry in &directory.entries {
            let path = || format!("{}/{}", directory.path.trim_end_matches('/'), entry.name);
            if entry.name.encode_utf16().count() > LONGEST_NAME {
                return Err(DiscError::LongName { path: path() });
            }
            if entry.name.contains(';') {
                return Err(DiscError::Semicolon { path: path() });
            }
        }
    }
    Ok(())
}

/// The two trees of a disc: eight and three capital letters, and names as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    Short,
    Long,
}

/// A name as it stands in a record, and what it leads to.
struct Named {
    bytes: Vec<u8>,
    target: Target,
}

impl Names {
    const ALL: [Self; 2] = [Self::Short, Self::Long];

    /// The entries of a directory in the order that ECMA-119, 9.3 asks for.
    fn entries(self, directory: &Directory) -> Vec<Named> {
        let mut taken = BTreeSet::new();
        let entries = directory.entries.iter().map(|entry| {
            let is_file = matches!(entry.target, Target::File(_));
            let bytes = match self {
                Self::Long => {
                    let name = if is_file { format!("{};1", entry.name) } else { entry.name.clone() };
                    name.encode_utf16().flat_map(u16::to_be_bytes).collect()
                }
                Self::Short => short(&entry.short.bytes, is_file, &mut taken),
            };
            Named { bytes, target: entry.target }
        });
        let mut entries: Vec<_> = entries.collect();
        entries.sort_by(|one, other| self.sorted_by(one).cmp(self.sorted_by(other)));
        entries
    }

    /// The version at the end of a file's name does not count.
    fn sorted_by(self, entry: &Named) -> &[u8] {
        let version: &[u8] = if self == Self::Long { b"\0;\x001" } else { b";1" };
        entry.bytes.strip_suffix(version).unwrap_or(&entry.bytes)
    }

    /// Sectors of its path tables and directories.
    fn sectors(self, directories: &[Directory]) -> u64 {
        let table: usize = directories.iter().map(|directory| path_record(&self.own_name(directory)).len()).sum();
        let tables = 2 * table.div_ceil(SIZE) as u64;
        tables + directories.iter().map(|directory| self.directory_sectors(directory)).sum::<u64>()
    }

    fn directory_sectors(self, directory: &Directory) -> u64 {
        let lengths = self.entries(directory).into_iter().map(|entry| record_length(entry.bytes.len()));
        let mut used = 2 * record_length(1);
        for length in lengths {
            // No record lies across two sectors.
            if used % SIZE + length > SIZE {
                used = used.next_multiple_of(SIZE);
            }
            used += length;
        }
        used.div_ceil(SIZE) as u64
    }

    /// As long as its real name; only the length counts where this is used.
    fn own_name(self, directory: &Directory) -> Vec<u8> {
        let name = directory.path.rsplit('/').next().unwrap_or_default();
        match self {
            _ if directory.is_root() => vec![0],
            Self::Long => name.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            // The longest: names that have to be told apart grow to it.
            Self::Short => vec![b'_'; 8],
        }
    }
}

/// `NAME.EXT;1` of a FAT alias: capitals, digits and underscores (ECMA-119, 7.4.1). A directory has no extension.
fn short(alias: &[u8; 11], is_file: bool, taken: &mut BTreeSet<Vec<u8>>) -> Vec<u8> {
    let letters = |bytes: &[u8]| -> Vec<u8> {
        let used = bytes.iter().take_while(|byte| **byte != b' ');
        used.map(|byte| if byte.is_ascii_uppercase() || byte.is_ascii_digit() { *byte } else { b'_' }).collect()
    };
    let (base, extension) = (letters(&alias[..8]), letters(&alias[8..]));
    let whole = |base: &[u8]| match is_file {
        true => [base, b".", &extension, b";1"].concat(),
        false => base.to_vec(),
    };
    let numbered = (1_u32..).map(|number| {
        let tail = number.to_string().into_bytes();
        let kept = base.len().min(8 - tail.len().min(8));
        whole(&[&base[..kept], &tail[..]].concat())
    });
    let free = std::iter::once(whole(&base)).chain(numbered).find(|name| !taken.contains(name)).unwrap_or_default();
    taken.insert(free.clone());
    free
}

/// One of the two trees with a place for everything.
struct Placed<'a> {
    names: Names,
    volume: &'a Volume,
    /// Of the volume, in bytes.
    offset: u64,
    /// The little-endian path table; the big-endian one follows.
    table: u32,
    table_bytes: u32,
    /// By the directory's number in the volume: first sector, length in bytes.
    directories: Vec<(u32, u32)>,
    /// Numbers of directories in the order of the path table, each with its place in it counted from 1.
    order: Vec<usize>,
    sectors: u32,
}

impl<'a> Placed<'a> {
    fn new(names: Names, volume: &'a Volume, offset: u64, first: u32) -> Self {
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        // By level, then by the parent's place, then by name: so a walk in that order numbers them.
        let mut order = vec![0];
        let mut at = 0;
        while let Some(number) = order.get(at).copied() {
            at += 1;
            let Some(directory) = volume.directories.get(number) else { continue };
            order.extend(names.entries(directory).into_iter().filter_map(|entry| match entry.target {
                Target::Directory(number) => Some(number),
                Target::File(_) => None,
            }));
        }
        let table_bytes: usize =
            volume.directories.iter().map(|directory| path_record(&names.own_name(directory)).len()).sum();
        let table_sectors = small(table_bytes.div_ceil(SIZE) as u64);
        let mut next = first + 2 * table_sectors;
        let directories = volume.directories.iter().map(|directory| {
            let sectors = small(names.directory_sectors(directory));
            let place = (next, sectors * small(SECTOR));
            next += sectors;
            place
        });
        let directories: Vec<_> = directories.collect();
        let mut placed = Self { names, volume, offset, table: first, table_bytes: 0, directories, order, sectors: 0 };
        placed.sectors = next - first;
        placed.table_bytes = small(placed.path_table(u32::to_le_bytes, u16::to_le_bytes).len() as u64);
        placed
    }

    fn write(&self, tree: &mut [u8]) -> Result<(), DiscError> {
        let place = |sector: u32| u64::from(sector) * SECTOR - HEAD;
        let little = self.path_table(u32::to_le_bytes, u16::to_le_bytes);
        let big = self.path_table(u32::to_be_bytes, u16::to_be_bytes);
        put(tree, place(self.table), &little);
        put(tree, place(self.big_table()), &big);
        for (number, directory) in self.volume.directories.iter().enumerate() {
            let (sector, length) = self.directories[number];
            let bytes = self.directory(number, directory);
            if bytes.len() as u64 > u64::from(length) {
                return Err(DiscError::TooLarge);
            }
            put(tree, place(sector), &bytes);
        }
        Ok(())
    }

    fn big_table(&self) -> u32 {
        let first = self.directories.first().map_or(self.table, |(sector, _)| *sector);
        self.table + (first - self.table) / 2
    }

    /// ECMA-119, 9.4.
    fn path_table(&self, number: fn(u32) -> [u8; 4], small: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let mut place = vec![1_u16; self.volume.directories.len()];
        for (at, directory) in self.order.iter().enumerate() {
            place[*directory] = u16::try_from(at + 1).unwrap_or(u16::MAX);
        }
        let mut table = vec![];
        for directory in &self.order {
            let own = &self.volume.directories[*directory];
            let name = match self.volume.directories.get(own.parent) {
                Some(parent) if !own.is_root() => self.name_in(parent, *directory),
                _ => vec![0],
            };
            let mut record = path_record(&name);
            record[2..6].copy_from_slice(&number(self.directories[*directory].0));
            record[6..8].copy_from_slice(&small(place[own.parent]));
            table.extend(record);
        }
        table
    }

    fn name_in(&self, parent: &Directory, directory: usize) -> Vec<u8> {
        let found = self.names.entries(parent).into_iter().find(|entry| entry.target == Target::Directory(directory));
        found.map_or_else(|| vec![0], |entry| entry.bytes)
    }

    fn directory(&self, number: usize, directory: &Directory) -> Vec<u8> {
        let mut bytes = vec![];
        bytes.extend(self.record(&[0], Target::Directory(number)));
        bytes.extend(self.record(&[1], Target::Directory(directory.parent)));
        for entry in self.names.entries(directory) {
            let record = self.record(&entry.bytes, entry.target);
            if bytes.len() % SIZE + record.len() > SIZE {
                bytes.resize(bytes.len().next_multiple_of(SIZE), 0);
            }
            bytes.extend(record);
        }
        bytes
    }

    /// ECMA-119, 9.1.
    fn record(&self, name: &[u8], target: Target) -> Vec<u8> {
        let (sector, length, flags) = match target {
            Target::Directory(number) => {
                let (sector, length) = self.directories.get(number).copied().unwrap_or_default();
                (sector, length, 2)
            }
            Target::File(number) => {
                let file = self.volume.files.get(number).filter(|file| file.clusters > 0);
                let place = file
                    .map_or(0, |file| (self.offset + self.volume.geometry.cluster_offset(file.first_cluster)) / SECTOR);
                let length = file.map_or(0, |file| u32::try_from(file.size).unwrap_or(u32::MAX));
                (u32::try_from(place).unwrap_or(u32::MAX), length, 0)
            }
        };
        let mut record = vec![0; record_length(name.len())];
        record[0] = u8::try_from(record.len()).unwrap_or(u8::MAX);
        record[2..10].copy_from_slice(&both(sector));
        record[10..18].copy_from_slice(&both(length));
        record[18..25].copy_from_slice(&DATE);
        record[25] = flags;
        record[28..32].copy_from_slice(&[1, 0, 0, 1]);
        record[32] = u8::try_from(name.len()).unwrap_or(u8::MAX);
        record[33..33 + name.len()].copy_from_slice(name);
        record
    }

    /// ECMA-119, 8.4 and 8.5: 1 is the primary one, 2 that of Joliet.
    fn descriptor(&self, kind: u8, whole: u32) -> [u8; SIZE] {
        let mut d = [0; SIZE];
        let text = |words: &str, length: usize| -> Vec<u8> {
            match self.names {
                Names::Short => {
                    let mut text = words.as_bytes().to_vec();
                    text.resize(length, b' ');
                    text
                }
                Names::Long => {
                    let mut text: Vec<u8> = words.encode_utf16().flat_map(u16::to_be_bytes).collect();
                    while text.len() + 1 < length {
                        text.extend([0, b' ']);
                    }
                    text.resize(length, 0);
                    text
                }
            }
        };
        d[0] = kind;
        put(&mut d, 1, b"CD001\x01");
        put(&mut d, 8, &text("", 32));
        put(&mut d, 40, &text(&self.volume.label_text(), 32));
        put(&mut d, 80, &both(whole));
        if self.names == Names::Long {
            // UCS-2, level 3.
            put(&mut d, 88, b"%/E");
        }
        put(&mut d, 120, &[1, 0, 0, 1, 1, 0, 0, 1, 0, 8, 8, 0]);
        put(&mut d, 132, &both(self.table_bytes));
        put(&mut d, 140, &self.table.to_le_bytes());
        put(&mut d, 148, &self.big_table().to_be_bytes());
        put(&mut d, 156, &self.record(&[0], Target::Directory(0)));
        // Volume set, publisher, preparer, application; copyright, abstract and bibliography files.
        for (at, length, words) in [
            (190, 128, ""),
            (318, 128, ""),
            (446, 128, ""),
            (574, 128, "WHITEGLOVE"),
            (702, 37, ""),
            (739, 37, ""),
            (776, 37, ""),
        ] {
            put(&mut d, at, &text(words, length));
        }
        for (at, date) in [(813, LONG_DATE), (830, LONG_DATE), (847, NO_DATE), (864, LONG_DATE)] {
            put(&mut d, at, date);
        }
        d[881] = 1;
        d
    }
}

fn record_length(name: usize) -> usize {
    (33 + name).next_multiple_of(2)
}

fn path_record(name: &[u8]) -> Vec<u8> {
    let mut record = vec![0; (8 + name.len()).next_multiple_of(2)];
    record[0] = u8::try_from(name.len()).unwrap_or(u8::MAX);
    record[8..8 + name.len()].copy_from_slice(name);
    record
}

/// A number as the standard has it twice: little-endian, then big-endian.
fn both(number: u32) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    bytes[4..].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// El Torito, figure 7.
fn boot_record() -> [u8; SIZE] {
    let mut record = [0; SIZE];
    put(&mut record, 1, b"CD001\x01EL TORITO SPECIFICATION");
    put(&mut record, 71, &CATALOG_SECTOR.to_le_bytes());
    record
}

const X86: u8 = 0;
const EFI: u8 = 0xef;

/// El Torito, 2.1 to 2.4: what a BIOS starts, and what UEFI does.
fn catalog(bios: Option<u32>, volume: u32) -> Vec<u8> {
    // UEFI takes 0 and 1 for all that follows on the disc; the count of 512-byte sectors ends at 32 MiB.
    let efi = entry(1, volume);
    match bios {
        None => [validation(EFI), efi].concat(),
        // Four sectors of the program; it loads the rest itself.
        Some(at) => {
            let mut section = [0; 32];
            section[..4].copy_from_slice(&[0x91, EFI, 1, 0]);
            [validation(X86), entry(4, at), section, efi].concat()
        }
    }
}

fn validation(platform: u8) -> [u8; 32] {
    let mut entry = [0; 32];
    entry[..2].copy_from_slice(&[1, platform]);
    entry[30..].copy_from_slice(&[0x55, 0xaa]);
    // All words of it come to zero.
    let (words, _) = entry.as_chunks::<2>();
    let sum = words.iter().fold(0_u16, |sum, word| sum.wrapping_add(u16::from_le_bytes(*word)));
    entry[28..30].copy_from_slice(&sum.wrapping_neg().to_le_bytes());
    entry
}

/// Bootable, no emulation.
fn entry(sectors: u16, at: u32) -> [u8; 32] {
    let mut entry = [0; 32];
    entry[0] = 0x88;
    entry[6..8].copy_from_slice(&sectors.to_le_bytes());
    entry[8..12].copy_from_slice(&at.to_le_bytes());
    entry
}

/// The program with its boot information table (mkisofs, `-boot-info-table`): where the disc begins, where it lies
/// itself, how long it is, and the sum of its words from byte 64 on.
fn with_information(program: &[u8], at: u32) -> Vec<u8> {
    let mut program = program.to_vec();
    if program.len() < 64 {
        return program;
    }
    let mut padded = program[64..].to_vec();
    padded.resize(padded.len().next_multiple_of(4), 0);
    let (words, _) = padded.as_chunks::<4>();
    let sum = words.iter().fold(0_u32, |sum, word| sum.wrapping_add(u32::from_le_bytes(*word)));
    let length = u32::try_from(program.len()).unwrap_or(u32::MAX);
    for (place, value) in [(8, 16), (12, at), (16, length), (20, sum)] {
        program[place..place + 4].copy_from_slice(&value.to_le_bytes());
    }
    program[24..64].fill(0);
    program
}

#[cfg(test)]
mod tests;
