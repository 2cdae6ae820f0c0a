//! One FAT32 volume, laid out before its first byte is written: every directory and file contiguous,
//! directories first, no gaps.
//!
//! Source: Microsoft FAT specification 1.03. Sectors are 512 bytes; media with 4,096-byte logical
//! sectors are refused elsewhere, not handled. Why ours and not a library's: what `fatfs` 0.3.6
//! writes is refused by `fsck.vfat` and slow by the square of the files (facts in image/src/fat).

use std::collections::BTreeMap;

use super::name::{self, NameError, ShortName};
use super::{Item, Source};

pub const SECTOR: u64 = 512;
/// Fewer clusters than this and firmware takes the volume for FAT16, whatever its label says.
pub const MIN_CLUSTERS: u32 = 65_525;
/// The specification asks to stay clear of the boundary, as some drivers are off by a few.
const BOUNDARY_MARGIN: u32 = 16;
/// Cluster numbers end below 0x0FFFFFF7 (bad) and the two reserved entries.
const MAX_CLUSTERS: u64 = 0x0FFF_FFF4;
/// The largest file a 32-bit size can state.
pub const MAX_FILE: u64 = u32::MAX as u64;
/// 2 MiB of 32-byte slots: what Windows accepts in one directory.
pub const MAX_SLOTS: usize = 65_536;
/// Windows without the long-path switch opens paths below 260 units, drive and NUL included.
const MAX_PATH_UNITS: usize = 255;
const MAX_DEPTH: usize = 32;
const ALIGN_SECTORS: u64 = 2048;
/// What every FAT32 tool leaves before the first FAT, at least.
const MIN_RESERVED: u64 = 32;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VolumeError {
    #[error("{path}: {reason}")]
    Name { path: String, reason: NameError },
    #[error(
        "{path}: the path is too deep or too long for Windows (at most {MAX_DEPTH} names, {MAX_PATH_UNITS} UTF-16 units)"
    )]
    Depth { path: String },
    #[error("{first} and {second} are the same name on FAT")]
    Collision { first: String, second: String },
    #[error("{path} is {size} bytes; FAT32 ends at 4 GiB - 1 byte")]
    FileTooLarge { path: String, size: u64 },
    #[error("{path} holds more names than FAT allows in one directory (65,536 slots of 13 letters)")]
    DirectoryTooLarge { path: String },
    #[error("the content needs {missing} bytes more than the volume has")]
    TooSmall { missing: u64 },
    #[error("{size} bytes make {clusters} clusters; FAT32 starts at {MIN_CLUSTERS}")]
    TooFewClusters { size: u64, clusters: u64 },
    #[error("{size} bytes are beyond FAT32 (2 TiB)")]
    TooLarge { size: u64 },
}

/// Where things are on the volume. Sectors count from its first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    pub sectors: u32,
    pub reserved: u16,
    pub fat_sectors: u32,
    pub sectors_per_cluster: u8,
    pub clusters: u32,
}

impl Geometry {
    /// Clusters of 4 KiB where the volume has enough of them, else the largest that leaves FAT32's
    /// minimum; larger ones only where the FAT would outgrow its use.
    pub fn fit(bytes: u64) -> Result<Self, VolumeError> {
        let gib = bytes >> 30;
        let wanted: u8 = if gib <= 8 {
            8
        } else if gib <= 16 {
            16
        } else if gib <= 32 {
            32
        } else {
            64
        };
        let mut per_cluster = wanted;
        loop {
            match Self::with_cluster(bytes, per_cluster) {
                Ok(fits) if fits.clusters >= MIN_CLUSTERS + BOUNDARY_MARGIN || per_cluster == 1 => return Ok(fits),
                Err(e) if per_cluster == 1 => return Err(e),
                Err(e @ VolumeError::TooLarge { .. }) => return Err(e),
                _ => per_cluster /= 2,
            }
        }
    }

    /// `per_cluster` is a power of two up to 128.
    pub fn with_cluster(bytes: u64, per_cluster: u8) -> Result<Self, VolumeError> {
        let sectors = u32::try_from(bytes / SECTOR).map_err(|_| VolumeError::TooLarge { size: bytes })?;
        let total = u64::from(sectors);
        let spc = u64::from(per_cluster);
        // The data area starts on a whole MiB, where a stick's flash pages and erase blocks do: the
        // first one that leaves room for the FATs of all that follows it.
        let mut data = ALIGN_SECTORS;
        let (clusters, fat) = loop {
            let clusters = total.saturating_sub(data) / spc;
            let fat = ((clusters + 2) * 4).div_ceil(SECTOR);
            if MIN_RESERVED + 2 * fat <= data {
                break (clusters, fat);
            }
            data += ALIGN_SECTORS;
        };
        if clusters > MAX_CLUSTERS {
            return Err(VolumeError::TooLarge { size: bytes });
        }
        let too_few = VolumeError::TooFewClusters { size: bytes, clusters };
        let (Ok(clusters), Ok(fat_sectors), Ok(reserved)) =
            (u32::try_from(clusters), u32::try_from(fat), u16::try_from(data - 2 * fat))
        else {
            return Err(VolumeError::TooLarge { size: bytes });
        };
        if clusters < MIN_CLUSTERS {
            return Err(too_few);
        }
        Ok(Self { sectors, reserved, fat_sectors, sectors_per_cluster: per_cluster, clusters })
    }

    pub fn bytes(&self) -> u64 {
        u64::from(self.sectors) * SECTOR
    }

    pub fn cluster_bytes(&self) -> u64 {
        u64::from(self.sectors_per_cluster) * SECTOR
    }

    pub fn fat_bytes(&self) -> u64 {
        u64::from(self.fat_sectors) * SECTOR
    }

    pub fn data_offset(&self) -> u64 {
        u64::from(self.reserved) * SECTOR + 2 * self.fat_bytes()
    }

    /// Byte offset of a cluster; numbering starts at 2.
    pub fn cluster_offset(&self, cluster: u32) -> u64 {
        self.data_offset() + u64::from(cluster.saturating_sub(2)) * self.cluster_bytes()
    }

    fn clusters_for(&self, bytes: u64) -> u64 {
        bytes.div_ceil(self.cluster_bytes())
    }
}

/// What a directory entry leads to, by index into the volume's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Directory(usize),
    File(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub short: ShortName,
    pub target: Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// `/`, `/EFI`, `/EFI/BOOT`.
    pub path: String,
    pub parent: usize,
    pub entries: Vec<Entry>,
    pub first_cluster: u32,
    pub clusters: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub path: String,
    pub size: u64,
    pub source: Source,
    /// 0 for an empty file, as FAT wants it.
    pub first_cluster: u32,
    pub clusters: u32,
}

/// A volume with every cluster given away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Upper-case ASCII, padded with spaces.
    pub label: [u8; 11],
    pub serial: u32,
    /// Sectors before it on the disk.
    pub hidden: u32,
    pub geometry: Geometry,
    /// The root first, then in order of depth and name.
    pub directories: Vec<Directory>,
    /// In the order of their clusters.
    pub files: Vec<File>,
    pub used_clusters: u32,
}

impl Volume {
    /// Bytes from the volume's start that hold something: all after it is free space.
    pub fn content_len(&self) -> u64 {
        self.geometry.cluster_offset(self.used_clusters + 2).next_multiple_of(4096).min(self.geometry.bytes())
    }

    pub fn free_clusters(&self) -> u32 {
        self.geometry.clusters - self.used_clusters
    }

    pub fn label_text(&self) -> String {
        String::from_utf8_lossy(&self.label).trim_end().to_owned()
    }
}

/// A tree of names, before it has a volume to live on.
#[derive(Debug)]
pub struct Tree {
    directories: Vec<Directory>,
    files: Vec<File>,
}

struct Node {
    path: String,
    children: BTreeMap<String, (String, Child)>,
}

enum Child {
    Directory(usize),
    File { size: u64, source: Source },
}

impl Tree {
    /// Checks every name and size; parents that were not named are made. Independent of the items' order.
    pub fn grow(items: Vec<Item>) -> Result<Self, VolumeError> {
        let mut nodes = vec![Node { path: String::new(), children: BTreeMap::new() }];
        for item in items {
            insert(&mut nodes, item)?;
        }
        Self::number(nodes)
    }

    /// Gives directories and files their order: by depth, then by name.
    fn number(mut nodes: Vec<Node>) -> Result<Self, VolumeError> {
        let mut order = vec![(0, 0)];
        let (mut directories, mut files): (Vec<Directory>, Vec<File>) = (Vec::new(), Vec::new());
        let mut at = 0;
        while let Some(&(node, parent)) = order.get(at) {
            let path = nodes[node].path.clone();
            let children: Vec<_> = std::mem::take(&mut nodes[node].children).into_values().collect();
            let names: Vec<&str> = children.iter().map(|(name, _)| name.as_str()).collect();
            let short = name::aliases(&names);
            let mut entries = Vec::with_capacity(children.len());
            for ((name, child), short) in children.into_iter().zip(short) {
                let target = match child {
                    Child::Directory(node) => {
                        order.push((node, at));
                        Target::Directory(order.len() - 1)
                    }
                    Child::File { size, source } => {
                        files.push(File {
                            path: format!("{path}/{name}"),
                            size,
                            source,
                            first_cluster: 0,
                            clusters: 0,
                        });
                        Target::File(files.len() - 1)
                    }
                };
                entries.push(Entry { name, short, target });
            }
            let path = if path.is_empty() { "/".to_owned() } else { path };
            let directory = Directory { path, parent, entries, first_cluster: 0, clusters: 0 };
            if directory.slots() > MAX_SLOTS {
                return Err(VolumeError::DirectoryTooLarge { path: directory.path });
            }
            directories.push(directory);
            at += 1;
        }
        Ok(Self { directories, files })
    }

    /// Clusters the tree takes at a cluster size.
    fn clusters(&self, cluster_bytes: u64) -> u64 {
        let directories = self.directories.iter().map(|d| d.bytes().div_ceil(cluster_bytes));
        directories.chain(self.files.iter().map(|f| f.size.div_ceil(cluster_bytes))).sum()
    }

    /// A volume size in whole MiB that holds the tree and `slack` bytes, at least `least`.
    pub fn volume_size(&self, least: u64, slack: u64) -> u64 {
        const MIB: u64 = 1 << 20;
        // What the FATs take depends on the cluster size and that on the volume's: ask the real
        // geometry instead of guessing, and grow until it holds.
        let mut size = least.max(self.clusters(4096) * 4096 + slack).next_multiple_of(MIB);
        while let Ok(geometry) = Geometry::fit(size) {
            let needed = self.clusters(geometry.cluster_bytes()) * geometry.cluster_bytes() + slack;
            let has = u64::from(geometry.clusters) * geometry.cluster_bytes();
            if has >= needed {
                break;
            }
            size = (size + needed - has).next_multiple_of(MIB);
        }
        size
    }

    /// Gives every directory and file its clusters.
    pub fn lay_out(
        mut self,
        label: [u8; 11],
        serial: u32,
        hidden: u32,
        geometry: Geometry,
    ) -> Result<Volume, VolumeError> {
        let needed = self.clusters(geometry.cluster_bytes());
        if needed > u64::from(geometry.clusters) {
            let missing = (needed - u64::from(geometry.clusters)) * geometry.cluster_bytes();
            return Err(VolumeError::TooSmall { missing });
        }
        let mut next: u32 = 2;
        let mut take = |bytes: u64| {
            // The sum was just checked to be below 2^28.
            let clusters = u32::try_from(geometry.clusters_for(bytes)).unwrap_or(u32::MAX);
            let first = if clusters == 0 { 0 } else { next };
            next = next.saturating_add(clusters);
            (first, clusters)
        };
        for directory in &mut self.directories {
            (directory.first_cluster, directory.clusters) = take(directory.bytes());
        }
        for file in &mut self.files {
            (file.first_cluster, file.clusters) = take(file.size);
        }
        let Self { directories, files } = self;
        Ok(Volume { label, serial, hidden, geometry, directories, files, used_clusters: next - 2 })
    }
}

impl Directory {
    pub fn is_root(&self) -> bool {
        self.path == "/"
    }

    /// 32-byte slots: the volume label in the root, `.` and `..` elsewhere, then the entries.
    fn slots(&self) -> usize {
        let own = if self.is_root() { 1 } else { 2 };
        own + self.entries.iter().map(|entry| entry.short.slots(&entry.name)).sum::<usize>()
    }

    fn bytes(&self) -> u64 {
        self.slots() as u64 * 32
    }
}

fn insert(nodes: &mut Vec<Node>, item: Item) -> Result<(), VolumeError> {
    let (path, leaf) = match item {
        Item::Directory { path } => (path, None),
        Item::File { path, size, source } => {
            if size > MAX_FILE {
                return Err(VolumeError::FileTooLarge { path, size });
            }
            (path, Some((size, source)))
        }
    };
    let relative = path.trim_start_matches('/');
    let names: Vec<&str> = relative.split('/').collect();
    if names.len() > MAX_DEPTH || relative.encode_utf16().count() > MAX_PATH_UNITS {
        return Err(VolumeError::Depth { path });
    }
    let mut at = 0;
    let mut leaf = leaf;
    for (depth, part) in names.iter().enumerate() {
        name::check(part).map_err(|reason| VolumeError::Name { path: path.clone(), reason })?;
        let last = depth + 1 == names.len();
        let parent = nodes[at].path.clone();
        let key = name::fold(part);
        match nodes[at].children.get(&key) {
            Some((name, Child::Directory(next))) if name == part && !(last && leaf.is_some()) => at = *next,
            Some((name, _)) => {
                return Err(VolumeError::Collision {
                    first: format!("{parent}/{name}"),
                    second: format!("/{relative}"),
                });
            }
            None => {
                let child = match leaf.take_if(|_| last) {
                    Some((size, source)) => Child::File { size, source },
                    None => Child::Directory(nodes.len()),
                };
                let directory = matches!(child, Child::Directory(_));
                nodes[at].children.insert(key, ((*part).to_owned(), child));
                if directory {
                    at = nodes.len();
                    nodes.push(Node { path: format!("{parent}/{part}"), children: BTreeMap::new() });
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lay_out(items: Vec<Item>, bytes: u64) -> Result<Volume, VolumeError> {
        Tree::grow(items)?.lay_out(*b"TEST       ", 1, 2048, Geometry::fit(bytes)?)
    }

    fn file(path: &str, size: u64) -> Item {
        Item::host(path, size, "/nowhere".into())
    }

    #[test]
    fn the_cluster_size_keeps_the_volume_fat32() {
        for (mib, per_cluster) in [(33, 1), (64, 1), (128, 2), (256, 4), (300, 8), (512, 8), (4096, 8), (10 * 1024, 16)]
        {
            let geometry = Geometry::fit(mib << 20).unwrap();
            assert_eq!(geometry.sectors_per_cluster, per_cluster, "{mib} MiB");
            assert!(geometry.clusters >= MIN_CLUSTERS);
            assert_eq!(geometry.data_offset() % (1 << 20), 0, "{mib} MiB");
            // Every cluster has its FAT entry, and the last one lies inside.
            assert!(geometry.fat_bytes() / 4 >= u64::from(geometry.clusters) + 2);
            assert!(geometry.cluster_offset(geometry.clusters + 2) <= geometry.bytes());
        }
        assert!(matches!(Geometry::fit(32 << 20), Err(VolumeError::TooFewClusters { .. })));
        assert!(matches!(Geometry::fit(3 << 40), Err(VolumeError::TooLarge { .. })));
        assert!(Geometry::fit((2 << 40) - 512).is_ok());
    }

    #[test]
    fn fat32_begins_at_65525_clusters() {
        // 512-byte clusters: the smallest volume by sectors, then one cluster fewer.
        let least = (0..).map(|n| (32 << 20) + n * 512).find(|b| Geometry::with_cluster(*b, 1).is_ok()).unwrap();
        assert_eq!(Geometry::with_cluster(least, 1).unwrap().clusters, MIN_CLUSTERS);
        assert_eq!(
            Geometry::with_cluster(least - 512, 1),
            Err(VolumeError::TooFewClusters { size: least - 512, clusters: 65_524 })
        );
    }

    #[test]
    fn files_end_at_4_gib_less_one() {
        let volume = lay_out(vec![file("big", MAX_FILE)], 5 << 30).unwrap();
        assert_eq!(volume.files[0].clusters, 1 << 20);
        assert_eq!(
            lay_out(vec![file("big", MAX_FILE + 1)], 5 << 30),
            Err(VolumeError::FileTooLarge { path: "big".into(), size: 1 << 32 })
        );
    }

    #[test]
    fn everything_is_contiguous_directories_first() {
        let items = vec![file("b/z", 5000), file("a", 1), file("b/c/x", 0), Item::directory("d"), file("b/y", 4096)];
        let volume = lay_out(items, 512 << 20).unwrap();
        let paths: Vec<_> = volume.directories.iter().map(|d| (d.path.as_str(), d.first_cluster, d.clusters)).collect();
        assert_eq!(paths, [("/", 2, 1), ("/b", 3, 1), ("/d", 4, 1), ("/b/c", 5, 1)]);
        let files: Vec<_> = volume.files.iter().map(|f| (f.path.as_str(), f.first_cluster, f.clusters)).collect();
        assert_eq!(files, [("/a", 6, 1), ("/b/y", 7, 1), ("/b/z", 8, 2), ("/b/c/x", 0, 0)]);
        assert_eq!((volume.used_clusters, volume.directories[3].parent), (8, 1));
    }

    #[test]
    fn the_order_of_items_does_not_matter() {
        let items: Vec<Item> = (0..50).map(|n| file(&format!("d{}/long name {n}", n % 7), n)).collect();
        let mut turned = items.clone();
        turned.reverse();
        assert_eq!(lay_out(items, 512 << 20), lay_out(turned, 512 << 20));
    }

    #[test]
    fn what_fat_cannot_hold_is_refused_with_its_path() {
        let refuse = |items| lay_out(items, 512 << 20).unwrap_err();
        assert_eq!(
            refuse(vec![file("EFI/boot/x", 1), file("efi/BOOT/y", 1)]),
            VolumeError::Collision { first: "/EFI".into(), second: "/efi/BOOT/y".into() }
        );
        assert_eq!(
            refuse(vec![file("a/README", 1), file("a/readme", 1)]),
            VolumeError::Collision { first: "/a/README".into(), second: "/a/readme".into() }
        );
        assert!(matches!(refuse(vec![file("a", 1), file("a/b", 1)]), VolumeError::Collision { .. }));
        assert!(matches!(refuse(vec![file("a/b", 1), file("a", 1)]), VolumeError::Collision { .. }));
        assert!(matches!(refuse(vec![file("same", 1), file("same", 1)]), VolumeError::Collision { .. }));
        assert!(matches!(refuse(vec![file("a/nul", 1)]), VolumeError::Name { .. }));
        assert!(matches!(refuse(vec![file("a//b", 1)]), VolumeError::Name { reason: NameError::Empty, .. }));
        assert!(matches!(refuse(vec![file("../b", 1)]), VolumeError::Name { .. }));
        assert!(matches!(refuse(vec![file(&"d/".repeat(40), 1)]), VolumeError::Depth { .. }));
        assert!(matches!(refuse(vec![file(&"directory/".repeat(30), 1)]), VolumeError::Depth { .. }));
        let names = (0..22_000).map(|n| file(&format!("a name of two slots {n}"), 0)).collect();
        assert!(matches!(refuse(names), VolumeError::DirectoryTooLarge { .. }));
        assert_eq!(
            refuse(vec![file("big", 1 << 30)]),
            VolumeError::TooSmall { missing: (1 << 30) + 4096 - 130_560 * 4096 }
        );
    }
}
