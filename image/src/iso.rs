//! What a disc image of ours says of itself, in the place of a partition table: the boot volume inside it.
//!
//! Read from its El Torito catalog, where firmware finds it too. Everything else of the descriptors is compared with the
//! extent map's digest, like all that was written.

use std::io::{Read, Seek, SeekFrom};

use whiteglove_core::media::{BOOT_LABEL, MediaPlan, iso::SECTOR};

use crate::{le::u32_at, table::TableError};

/// Sectors of the primary descriptor and of the boot record (ECMA-119, 6.7.1; El Torito, 2.0).
const PRIMARY: u64 = 16;
const BOOT_RECORD: u64 = 17;
const EFI: u8 = 0xef;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disc {
    /// Of the boot volume, in bytes.
    offset: u64,
    length: u64,
}

impl Disc {
    pub(crate) fn of(plan: &MediaPlan) -> Self {
        let offset = plan.partitions.first().map_or(0, |volume| volume.offset());
        Self { offset, length: plan.size - offset }
    }

    /// The bytes may be anybody's.
    pub(crate) fn read(image: &mut (impl Read + Seek), size: u64) -> Result<Self, TableError> {
        let primary = sector(image, PRIMARY)?;
        let boot = sector(image, BOOT_RECORD)?;
        if !primary.starts_with(b"\x01CD001\x01") || !boot.starts_with(b"\0CD001\x01EL TORITO SPECIFICATION") {
            return Err(TableError::Foreign("it has no descriptors of a bootable disc"));
        }
        let sectors = u64::from(number(&primary, 80));
        let catalog = sector(image, u64::from(number(&boot, 71)))?;
        // The entry of UEFI is the first of a catalog for it alone, and stands in a section behind that of a BIOS.
        let at = if catalog[1] == EFI { 32 } else { 96 };
        let ours = at == 32 || (catalog[64], catalog[65]) == (0x91, EFI);
        let offset = u64::from(number(&catalog, at + 8)) * SECTOR;
        let end = sectors * SECTOR;
        if !ours || catalog[at] != 0x88 || offset >= end || end > size {
            return Err(TableError::Foreign("its boot catalog names no volume on it"));
        }
        Ok(Self { offset, length: end - offset })
    }

    /// Name, offset and length in bytes.
    pub(crate) fn stretch(self) -> (String, u64, u64) {
        (BOOT_LABEL.to_owned(), self.offset, self.length)
    }
}

fn sector(image: &mut (impl Read + Seek), number: u64) -> Result<[u8; 2048], TableError> {
    let mut sector = [0; 2048];
    image.seek(SeekFrom::Start(number * SECTOR))?;
    image.read_exact(&mut sector)?;
    Ok(sector)
}

fn number(sector: &[u8; 2048], at: usize) -> u32 {
    u32_at(sector, at).unwrap_or(0)
}

#[cfg(test)]
mod tests;
