//! The GUID partition table through the crate `gpt`: made in memory, written where the caller wants it.
//!
//! The table's two ends depend on the size of the stick, so they are made anew for each; the crate
//! writes no protective MBR by itself, and asserts on tables that are not 128 x 128 bytes, so foreign
//! ones are looked at first. Source: UEFI specification 2.10, chapter 5.

use std::{
    collections::BTreeMap,
    io::{self, Read, Seek, SeekFrom, Write},
};

use ::gpt::{GptConfig, GptError, disk::LogicalBlockSize, mbr::ProtectiveMBR, partition::Partition, partition_types};
use uuid::Uuid;
use whiteglove_core::media::{
    HEAD, MediaPlan,
    keep::{KEEP_LABEL, Keep},
    stick::Own,
    volume::SECTOR,
};

use crate::{
    le::u32_at,
    table::{END, TableError},
};

const _: () = assert!(END as u64 == HEAD);

impl From<GptError> for TableError {
    fn from(e: GptError) -> Self {
        match e {
            GptError::Io(e) => Self::Io(e),
            other => Self::Gpt(other.to_string()),
        }
    }
}

/// A partition table apart from any disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gpt {
    disk: Uuid,
    partitions: BTreeMap<u32, Partition>,
}

impl Gpt {
    pub(crate) fn of(plan: &MediaPlan) -> Self {
        let partitions = plan.partitions.iter().map(|partition| Partition {
            part_type_guid: partition_types::BASIC,
            part_guid: Uuid::from_bytes(partition.guid),
            first_lba: partition.first_lba,
            last_lba: partition.first_lba + partition.sectors() - 1,
            flags: 0,
            name: partition.part.label().to_owned(),
        });
        let keep = plan.keep.iter().map(|keep| Partition {
            part_type_guid: partition_types::LINUX_FS,
            part_guid: Uuid::from_bytes(keep.guid),
            first_lba: keep.first_lba,
            last_lba: Keep::last_lba(plan.size),
            flags: 0,
            name: KEEP_LABEL.to_owned(),
        });
        Self { disk: Uuid::from_bytes(plan.disk_guid), partitions: (1..).zip(partitions.chain(keep)).collect() }
    }

    /// The same partitions with a stick's own identifiers.
    pub(crate) fn personalised(&self, own: Own) -> Self {
        let mut table = self.clone();
        table.disk = Uuid::from_bytes(own.disk_guid());
        for (number, partition) in &mut table.partitions {
            partition.part_guid = Uuid::from_bytes(own.partition_guid(*number));
        }
        table
    }

    /// Reads the primary table, or the backup if the primary is damaged. The bytes may be anybody's.
    pub(crate) fn read(disk: &mut (impl Read + Seek), size: u64) -> Result<Self, TableError> {
        let ends = Ends::load(disk, size)?;
        for header in [&ends.head[512..1024], &ends.tail[END - 512..]] {
            let field = |at| u32_at(header, at).unwrap_or(0);
            if header.starts_with(b"EFI PART") && (field(84) != 128 || field(80) > 128) {
                return Err(TableError::Foreign("its entries are not 128 times 128 bytes"));
            }
        }
        let table = GptConfig::new().open_from_device(ends)?;
        Ok(Self { disk: *table.guid(), partitions: table.partitions().clone() })
    }

    /// Both tables must be valid and agree; for images that we made.
    pub(crate) fn read_strict(disk: &mut (impl Read + Seek), size: u64) -> Result<Self, TableError> {
        let table = Self::read(disk, size)?;
        let ends = Ends::load(disk, size)?;
        GptConfig::new().only_valid_headers(true).open_from_device(ends)?;
        Ok(table)
    }

    /// Offset and length in bytes of every partition that lies on the disk, with its name.
    pub(crate) fn stretches(&self, size: u64) -> Vec<(String, u64, u64)> {
        let inside = |p: &&Partition| p.is_used() && p.first_lba <= p.last_lba && p.last_lba < size / SECTOR;
        let stretch = |p: &Partition| (p.name.clone(), p.first_lba * SECTOR, (p.last_lba - p.first_lba + 1) * SECTOR);
        self.partitions.values().filter(inside).map(stretch).collect()
    }

    /// The first and the last MiB of a disk of `size` bytes that has this table and nothing else.
    pub(crate) fn ends(&self, size: u64) -> Result<(Vec<u8>, Vec<u8>), TableError> {
        let mut ends = Ends { size, at: 0, head: vec![0; END], tail: vec![0; END] };
        let sectors = u32::try_from(size / SECTOR - 1).unwrap_or(u32::MAX);
        ProtectiveMBR::with_lb_size(sectors).overwrite_lba0(&mut ends).map_err(|e| TableError::Gpt(e.to_string()))?;
        let config = GptConfig::new().writable(true).logical_block_size(LogicalBlockSize::Lb512);
        let mut table = config.create_from_device(&mut ends, Some(self.disk))?;
        let mut partitions = self.partitions.clone();
        let is_kept = |p: &&mut Partition| p.name == KEEP_LABEL && p.part_type_guid == partition_types::LINUX_FS;
        for partition in partitions.values_mut().filter(is_kept) {
            partition.last_lba = Keep::last_lba(size);
        }
        table.update_partitions(partitions)?;
        table.write_inplace()?;
        drop(table);
        Ok((ends.head, ends.tail))
    }
}

/// The two ends of a disk, in memory: all that a partition table touches.
#[derive(Debug)]
struct Ends {
    size: u64,
    at: u64,
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Ends {
    fn load(disk: &mut (impl Read + Seek), size: u64) -> Result<Self, TableError> {
        if size < 2 * HEAD || !size.is_multiple_of(SECTOR) {
            return Err(TableError::Foreign("the disk is too small to hold one"));
        }
        let (mut head, mut tail) = (vec![0; END], vec![0; END]);
        disk.seek(SeekFrom::Start(0))?;
        disk.read_exact(&mut head)?;
        disk.seek(SeekFrom::Start(size - HEAD))?;
        disk.read_exact(&mut tail)?;
        Ok(Self { size, at: 0, head, tail })
    }

    /// The bytes from the current place to the end of the end it is in.
    fn here(&mut self) -> io::Result<&mut [u8]> {
        let tail = self.size - HEAD;
        let (end, from) = if self.at >= tail { (&mut self.tail, self.at - tail) } else { (&mut self.head, self.at) };
        let from = usize::try_from(from).map_err(io::Error::other)?;
        end.get_mut(from..).ok_or_else(|| io::Error::other("a partition table does not reach there"))
    }
}

impl Read for Ends {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let here = self.here()?;
        let length = out.len().min(here.len());
        out[..length].copy_from_slice(&here[..length]);
        self.at += length as u64;
        Ok(length)
    }
}

impl Write for Ends {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let here = self.here()?;
        let length = bytes.len().min(here.len());
        here[..length].copy_from_slice(&bytes[..length]);
        self.at += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Ends {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
