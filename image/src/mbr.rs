//! The partition table of an MBR: four entries in the first sector, and a signature by which Windows tells disks apart.
//!
//! There is no official document; the shape is that of UEFI specification 2.10, 5.2.1, and what Linux and
//! `sfdisk` read. Nothing of it lies at the end of the disk, so that sticks of all sizes have the same.

use std::io::{Read, Seek, SeekFrom};

use whiteglove_core::media::{
    BOOT_LABEL, DATA_LABEL, Form, HEAD, MbrBoot, MediaPlan, Part, stick::Own, volume::SECTOR,
};

use crate::table::TableError;

const ENTRIES: usize = 446;
const FAT32: u8 = 0x0c;
const EFI: u8 = 0xef;
/// What stands for the whole disk where a GPT follows.
const PROTECTIVE: u8 = 0xee;
const ACTIVE: u8 = 0x80;
/// `int 18h`: tells a BIOS that nothing here starts, so that it goes on to its next disk. Then halt, for good.
const NOTHING_HERE: [u8; 5] = [0xcd, 0x18, 0xf4, 0xeb, 0xfd];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mbr {
    signature: [u8; 4],
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    active: bool,
    kind: u8,
    first: u32,
    sectors: u32,
}

impl Mbr {
    pub(crate) fn of(plan: &MediaPlan) -> Self {
        let [a, b, c, d, ..] = plan.disk_guid;
        let entries = plan.partitions.iter().map(|partition| {
            let kind = match (partition.part, plan.form) {
                (Part::Boot, Form::Mbr(MbrBoot::Efi)) => EFI,
                _ => FAT32,
            };
            let active = partition.part == Part::Boot && plan.form == Form::Mbr(MbrBoot::Active0c);
            let sectors = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
            Entry { active, kind, first: sectors(partition.first_lba), sectors: sectors(partition.sectors()) }
        });
        Self { signature: [a, b, c, d], entries: entries.collect() }
    }

    /// The same partitions under a stick's own signature.
    pub(crate) fn personalised(&self, own: Own) -> Self {
        Self { signature: own.disk_signature().to_le_bytes(), entries: self.entries.clone() }
    }

    /// The bytes may be anybody's; one that only guards a GPT is none.
    pub(crate) fn read(disk: &mut (impl Read + Seek), size: u64) -> Result<Self, TableError> {
        let mut sector = [0; 512];
        if size < SECTOR {
            return Err(TableError::Foreign("the disk is too small to hold one"));
        }
        disk.seek(SeekFrom::Start(0))?;
        disk.read_exact(&mut sector)?;
        Self::parse(&sector)
    }

    fn parse(sector: &[u8; 512]) -> Result<Self, TableError> {
        let (front, table) = sector.split_at(ENTRIES);
        let (table, [0x55, 0xaa]) = table.split_at(64) else {
            return Err(TableError::Foreign("the first sector has no mark of one"));
        };
        let mut entries = Vec::new();
        for entry in table.chunks_exact(16) {
            let &[status, _, _, _, kind, _, _, _, a, b, c, d, e, f, g, h] = entry else { continue };
            // A volume without partitions has code or text here, and the same mark.
            if status & !ACTIVE != 0 {
                return Err(TableError::Foreign("an entry is neither active nor inactive"));
            }
            let (first, sectors) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
            if kind == PROTECTIVE {
                return Err(TableError::Foreign("it guards a GPT"));
            }
            if kind != 0 && first != 0 && sectors != 0 {
                entries.push(Entry { active: status == ACTIVE, kind, first, sectors });
            }
        }
        let signature = match front {
            [.., a, b, c, d, _, _] => [*a, *b, *c, *d],
            _ => [0; 4],
        };
        match entries.is_empty() {
            true => Err(TableError::Foreign("it has no partitions")),
            false => Ok(Self { signature, entries }),
        }
    }

    /// For images that we made: one after the other, between the first MiB and the last.
    pub(crate) fn check(&self, size: u64) -> Result<(), TableError> {
        let mut at = HEAD;
        for entry in &self.entries {
            let (first, length) = entry.stretch();
            if first < at {
                return Err(TableError::Foreign("its partitions overlap"));
            }
            at = first + length;
        }
        match size.checked_sub(HEAD).is_some_and(|end| at <= end) {
            true => Ok(()),
            false => Err(TableError::Foreign("a partition ends beyond the disk")),
        }
    }

    /// Offset and length in bytes of every partition that begins on the disk. It holds no names: on media of ours
    /// the boot volume is first and the data volume second.
    pub(crate) fn stretches(&self, size: u64) -> Vec<(String, u64, u64)> {
        let names = [BOOT_LABEL, DATA_LABEL, "", ""].into_iter().map(str::to_owned);
        let stretches = self.entries.iter().map(Entry::stretch).zip(names);
        let on_disk = stretches.filter(|((first, _), _)| *first < size);
        on_disk.map(|((first, length), name)| (name, first, length.min(size - first))).collect()
    }

    pub(crate) fn sector(&self) -> [u8; 512] {
        let mut sector = [0; 512];
        sector[..NOTHING_HERE.len()].copy_from_slice(&NOTHING_HERE);
        sector[440..444].copy_from_slice(&self.signature);
        for (entry, room) in self.entries.iter().zip(sector[ENTRIES..510].chunks_exact_mut(16)) {
            room.copy_from_slice(&entry.bytes());
        }
        sector[510..].copy_from_slice(&[0x55, 0xaa]);
        sector
    }
}

impl Entry {
    fn stretch(&self) -> (u64, u64) {
        (u64::from(self.first) * SECTOR, u64::from(self.sectors) * SECTOR)
    }

    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[0] = if self.active { ACTIVE } else { 0 };
        bytes[1..4].copy_from_slice(&cylinders(u64::from(self.first)));
        bytes[4] = self.kind;
        bytes[5..8].copy_from_slice(&cylinders(u64::from(self.first) + u64::from(self.sectors) - 1));
        bytes[8..12].copy_from_slice(&self.first.to_le_bytes());
        bytes[12..].copy_from_slice(&self.sectors.to_le_bytes());
        bytes
    }
}

/// A sector by head, sector and cylinder of a disk with 255 heads and 63 sectors, as everybody assumes; beyond 8 GB
/// the number that says "look at the other field".
fn cylinders(lba: u64) -> [u8; 3] {
    let (cylinder, head, sector) = (lba / (255 * 63), lba / 63 % 255, lba % 63 + 1);
    match (u16::try_from(cylinder), u8::try_from(head), u8::try_from(sector)) {
        (Ok(cylinder @ ..1024), Ok(head), Ok(sector)) => {
            let [low, high] = cylinder.to_le_bytes();
            [head, sector | high << 6, low]
        }
        _ => [0xfe, 0xff, 0xff],
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;
    use whiteglove_core::media::Spec;

    use super::*;
    use crate::testing::{self, built, said, tool};

    fn plan(boot: MbrBoot) -> MediaPlan {
        MediaPlan::new(Spec { form: Form::Mbr(boot), ..testing::spec() }).unwrap()
    }

    #[test]
    fn what_is_made_reads_back() {
        for boot in [MbrBoot::Active0c, MbrBoot::Efi] {
            let plan = plan(boot);
            let table = Mbr::of(&plan);
            assert_eq!(Mbr::read(&mut Cursor::new(table.sector()), plan.size).unwrap(), table);
            table.check(plan.size).unwrap();
            assert!(table.check(plan.size - HEAD).is_err());
            let volumes: Vec<_> = plan.partitions.iter().map(|p| (p.part.label().to_owned(), p.offset())).collect();
            let read = table.stretches(plan.size).into_iter().map(|(name, offset, _)| (name, offset));
            assert_eq!(read.collect::<Vec<_>>(), volumes);
        }
    }

    #[test]
    fn sfdisk_reads_what_was_planned() {
        for (boot, kinds) in [(MbrBoot::Active0c, "type=c, bootable"), (MbrBoot::Efi, "type=ef")] {
            let plan = plan(boot);
            let (_folder, image) = built(&plan);
            let Some(output) = tool("sfdisk", &["--dump", &image.to_string_lossy()]) else { return };
            let text = said(&output);
            assert!(output.status.success(), "{text}");
            let [a, b, c, d, ..] = plan.disk_guid;
            let signature = u32::from_le_bytes([a, b, c, d]);
            assert!(text.contains("label: dos") && text.contains(&format!("label-id: {signature:#010x}")), "{text}");
            let lines: Vec<_> = text.lines().filter(|line| line.contains("start=")).collect();
            for (partition, line) in plan.partitions.iter().zip(&lines) {
                let numbers: Vec<u64> =
                    line.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
                assert!(numbers.contains(&partition.first_lba), "{line}");
                assert!(numbers.contains(&partition.sectors()), "{line}");
            }
            assert!(lines.len() == 2 && lines[0].ends_with(kinds) && lines[1].ends_with("type=c"), "{text}");
            let verified = tool("sfdisk", &["--verify", &image.to_string_lossy()]).unwrap();
            assert!(said(&verified).contains("No errors detected"), "{}", said(&verified));
        }
    }

    #[test]
    fn what_is_no_table_of_this_kind_is_refused() {
        let good = Mbr::of(&plan(MbrBoot::Active0c)).sector();
        for (at, byte) in [(510, 0), (446, 0x41), (450, PROTECTIVE)] {
            let mut bad = good;
            bad[at] = byte;
            assert!(matches!(Mbr::parse(&bad), Err(TableError::Foreign(_))), "{at}");
        }
        assert!(Mbr::parse(&[0; 512]).is_err());
        let mut reversed = Mbr::parse(&good).unwrap();
        reversed.entries.reverse();
        assert!(reversed.check(u64::MAX).is_err());
    }

    proptest! {
        /// Whatever the bytes are, a partition that is told of begins and ends on the disk.
        #[test]
        fn any_sector_is_read_or_refused(mut bytes in prop::array::uniform32(any::<u8>()), size in 512u64..1 << 42) {
            let mut sector = [0; 512];
            bytes[0] &= ACTIVE;
            bytes[16] &= ACTIVE;
            sector[ENTRIES..ENTRIES + 32].copy_from_slice(&bytes);
            sector[510..].copy_from_slice(&[0x55, 0xaa]);
            if let Ok(table) = Mbr::parse(&sector) {
                for (_, first, length) in table.stretches(size) {
                    prop_assert!(first + length <= size);
                }
                let _ = table.check(size);
                prop_assert_eq!(Mbr::parse(&table.sector()).unwrap(), table);
            }
        }
    }
}
