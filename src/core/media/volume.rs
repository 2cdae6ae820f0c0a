//! One FAT32 volume, laid out before its first byte is written: every directory and file contiguous,
//! directories first, no gaps.
//!
//! Source: Microsoft FAT specification 1.03. Sectors are 512 bytes; media with 4,096-byte logical
//! sectors are refused elsewhere, not handled. Why ours and not a library's: what `fatfs` 0.3.6
//! writes is refused by `fsck.vfat` and slow by the square of the files (facts in image/src/fat).

use super::Source;
use super::name::{NameError, ShortName};

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
pub(super) const MAX_PATH_UNITS: usize = 255;
pub(super) const MAX_DEPTH: usize = 32;
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

    pub(super) fn clusters_for(&self, bytes: u64) -> u64 {
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

impl Directory {
    pub fn is_root(&self) -> bool {
        self.path == "/"
    }

    /// 32-byte slots: the volume label in the root, `.` and `..` elsewhere, then the entries.
    pub(super) fn slots(&self) -> usize {
        let own = if self.is_root() { 1 } else { 2 };
        own + self.entries.iter().map(|entry| entry.short.slots(&entry.name)).sum::<usize>()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.slots() as u64 * 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
