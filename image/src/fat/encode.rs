//! The structures of a FAT32 volume as bytes. Source: Microsoft FAT specification 1.03.

use whiteglove_core::media::volume::{Directory, Target, Volume};

pub(crate) const ATTR_DIRECTORY: u8 = 0x10;
pub(crate) const ATTR_ARCHIVE: u8 = 0x20;
pub(crate) const ATTR_LABEL: u8 = 0x08;
pub(crate) const ATTR_LONG: u8 = 0x0f;
const MEDIA: u8 = 0xf8;
/// 2020-01-01, midnight: every entry's time, as an image has no clock.
const DATE: u16 = (2020 - 1980) << 9 | 1 << 5 | 1;
pub(crate) const END_OF_CHAIN: u32 = 0x0fff_ffff;

fn put(sector: &mut [u8], at: usize, bytes: &[u8]) {
    for (slot, byte) in sector.iter_mut().skip(at).zip(bytes) {
        *slot = *byte;
    }
}

/// The area before the FATs: boot sector and FSInfo, and their backups at sector 6.
pub(crate) fn reserved(volume: &Volume) -> Vec<u8> {
    let sector = 512;
    let mut area = vec![0; usize::from(volume.geometry.reserved) * sector];
    let (boot, info) = (boot_sector(volume), info_sector(volume));
    for (at, bytes) in [(0, &boot), (1, &info), (6, &boot), (7, &info)] {
        put(&mut area, at * sector, bytes);
    }
    area
}

fn boot_sector(volume: &Volume) -> [u8; 512] {
    let geometry = &volume.geometry;
    let mut s = [0; 512];
    put(&mut s, 0, &[0xeb, 0x58, 0x90]);
    put(&mut s, 3, b"MSWIN4.1"); // the name the specification recommends; some firmware looks at it
    put(&mut s, 11, &512u16.to_le_bytes());
    s[13] = geometry.sectors_per_cluster;
    put(&mut s, 14, &geometry.reserved.to_le_bytes());
    s[16] = 2; // FATs
    s[21] = MEDIA;
    put(&mut s, 24, &63u16.to_le_bytes());
    put(&mut s, 26, &255u16.to_le_bytes());
    put(&mut s, 28, &volume.hidden.to_le_bytes());
    put(&mut s, 32, &geometry.sectors.to_le_bytes());
    put(&mut s, 36, &geometry.fat_sectors.to_le_bytes());
    put(&mut s, 44, &2u32.to_le_bytes()); // the root directory's cluster
    put(&mut s, 48, &1u16.to_le_bytes()); // FSInfo
    put(&mut s, 50, &6u16.to_le_bytes()); // backup boot sector
    s[64] = 0x80;
    s[66] = 0x29;
    put(&mut s, 67, &volume.serial.to_le_bytes());
    put(&mut s, 71, &volume.label);
    put(&mut s, 82, b"FAT32   ");
    put(&mut s, 90, &[0xf4, 0xeb, 0xfd]); // hlt, again: nothing here starts under a legacy BIOS
    put(&mut s, 510, &[0x55, 0xaa]);
    s
}

fn info_sector(volume: &Volume) -> [u8; 512] {
    let free = volume.free_clusters();
    let next = if free == 0 { u32::MAX } else { volume.used_clusters + 2 };
    let mut s = [0; 512];
    put(&mut s, 0, &0x4161_5252u32.to_le_bytes());
    put(&mut s, 484, &0x6141_7272u32.to_le_bytes());
    put(&mut s, 488, &free.to_le_bytes());
    put(&mut s, 492, &next.to_le_bytes());
    put(&mut s, 508, &0xaa55_0000u32.to_le_bytes());
    s
}

/// FAT entries by number, given the last cluster of every chain in ascending order. As every chain
/// is contiguous, each entry is the next number or the end.
pub(crate) fn fat(volume: &Volume, ends: &[u32], first: u32, out: &mut [u8]) {
    let mut end = ends.partition_point(|last| *last < first);
    let used = volume.used_clusters + 2;
    for (number, slot) in (first..).zip(out.chunks_exact_mut(4)) {
        let value = match number {
            0 => 0x0fff_ff00 | u32::from(MEDIA),
            1 => END_OF_CHAIN, // also: cleanly unmounted, no I/O error
            n if n >= used => 0,
            n if ends.get(end) == Some(&n) => {
                end += 1;
                END_OF_CHAIN
            }
            n => n + 1,
        };
        slot.copy_from_slice(&value.to_le_bytes());
    }
}

/// The last cluster of every chain of the volume, ascending.
pub(crate) fn chain_ends(volume: &Volume) -> Vec<u32> {
    let directories = volume.directories.iter().map(|d| (d.first_cluster, d.clusters));
    let files = volume.files.iter().map(|f| (f.first_cluster, f.clusters));
    directories
        .chain(files)
        .filter(|(_, clusters)| *clusters > 0)
        .map(|(first, clusters)| first + clusters - 1)
        .collect()
}

/// A directory with its clusters filled up with zeros, so that nothing old shows through.
pub(crate) fn directory(volume: &Volume, directory: &Directory) -> Vec<u8> {
    let bytes = usize::try_from(u64::from(directory.clusters) * volume.geometry.cluster_bytes()).unwrap_or(0);
    let mut out = Vec::with_capacity(bytes);
    if directory.is_root() {
        slot(&mut out, &volume.label, ATTR_LABEL, 0, 0, 0);
    } else {
        slot(&mut out, b".          ", ATTR_DIRECTORY, 0, directory.first_cluster, 0);
        // The root is cluster 0 to its children, whatever cluster it has.
        let parent = match volume.directories.get(directory.parent) {
            Some(parent) if !parent.is_root() => parent.first_cluster,
            _ => 0,
        };
        slot(&mut out, b"..         ", ATTR_DIRECTORY, 0, parent, 0);
    }
    for entry in &directory.entries {
        if entry.short.long {
            long_slots(&mut out, &entry.name, entry.short.checksum());
        }
        let (attributes, cluster, size) = match entry.target {
            Target::Directory(at) => (ATTR_DIRECTORY, volume.directories.get(at).map_or(0, |d| d.first_cluster), 0),
            Target::File(at) => {
                let file = volume.files.get(at);
                let size = file.map_or(0, |f| u32::try_from(f.size).unwrap_or(u32::MAX));
                (ATTR_ARCHIVE, file.map_or(0, |f| f.first_cluster), size)
            }
        };
        slot(&mut out, &entry.short.bytes, attributes, entry.short.case, cluster, size);
    }
    out.resize(bytes, 0);
    out
}

fn slot(out: &mut Vec<u8>, name: &[u8; 11], attributes: u8, case: u8, cluster: u32, size: u32) {
    let cluster = cluster.to_le_bytes();
    out.extend_from_slice(name);
    out.extend_from_slice(&[attributes, case, 0, 0, 0]); // created: 10 ms, time
    out.extend_from_slice(&DATE.to_le_bytes());
    out.extend_from_slice(&DATE.to_le_bytes()); // accessed
    out.extend_from_slice(&cluster[2..]);
    out.extend_from_slice(&[0, 0]); // written: time
    out.extend_from_slice(&DATE.to_le_bytes());
    out.extend_from_slice(&cluster[..2]);
    out.extend_from_slice(&size.to_le_bytes());
}

/// The name in pieces of 13 units, last piece first.
fn long_slots(out: &mut Vec<u8>, name: &str, checksum: u8) {
    let units: Vec<u16> = name.encode_utf16().collect();
    let count = units.len().div_ceil(13);
    for (index, piece) in units.chunks(13).enumerate().rev() {
        let last = if index + 1 == count { 0x40 } else { 0 };
        let ordinal = u8::try_from(index + 1).unwrap_or(0) | last;
        // Ended by one zero if there is room for it, then filled with ones.
        let mut text = [0xff; 26];
        let ended = piece.iter().chain(std::iter::once(&0)).take(13);
        for (slot, unit) in text.chunks_exact_mut(2).zip(ended) {
            slot.copy_from_slice(&unit.to_le_bytes());
        }
        out.push(ordinal);
        out.extend_from_slice(&text[..10]);
        out.extend_from_slice(&[ATTR_LONG, 0, checksum]);
        out.extend_from_slice(&text[10..22]);
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&text[22..]);
    }
}
