//! Disks that belong to something larger: encrypted volumes, LVM, RAID.
//!
//! One that is in use shows as a holder in sysfs. One that is not in use just now looks like any
//! other stick, so its first bytes are asked, and those of its partitions.
//! Source: LUKS1 and LUKS2 on-disk formats; lvm2 `lib/format_text`; Linux `md_p.h`.

use std::io::{self, Read, Seek, SeekFrom};

use crate::{
    aligned::Blockwise,
    table::{Table, TableError},
};

const MD_MAGIC: [u8; 4] = 0xa92b_4efc_u32.to_le_bytes();
const BLOCK: usize = 4096;

/// What the disk or one of its partitions is a part of.
pub(crate) fn member<D: Read + Seek>(device: &mut D, size: u64) -> io::Result<Option<&'static str>> {
    let mut disk = Blockwise::new(device, size);
    let mut stretches = vec![(0, size)];
    match Table::read(&mut disk, size) {
        Ok(table) => stretches.extend(table.stretches(size).into_iter().map(|(_, offset, length)| (offset, length))),
        Err(TableError::Io(error)) => return Err(error),
        Err(_) => {}
    }
    for (offset, length) in stretches {
        if let Some(of) = part_of(&mut disk, offset, length.min(size.saturating_sub(offset)))? {
            return Ok(Some(of));
        }
    }
    Ok(None)
}

fn part_of(disk: &mut (impl Read + Seek), offset: u64, length: u64) -> io::Result<Option<&'static str>> {
    // Nothing that small is a volume of any kind.
    if length < 0x2_0000 {
        return Ok(None);
    }
    let mut start = [0; 2 * BLOCK];
    read(disk, offset, &mut start)?;
    if start.starts_with(b"LUKS\xba\xbe") {
        return Ok(Some("an encrypted volume (LUKS)"));
    }
    // The label lies in any of the first four sectors.
    if start.chunks(512).take(4).any(|sector| sector.starts_with(b"LABELONE") && sector[24..].starts_with(b"LVM2")) {
        return Ok(Some("a volume group (LVM)"));
    }
    // Formats 1.1 and 1.2 begin with it; 1.0 has it 8 KiB before the end, 0.90 in the last whole 64 KiB.
    let mut marks = vec![0, BLOCK as u64, (length & !0xffff) - 0x1_0000];
    marks.push((length / 512 - 16) / 8 * BLOCK as u64);
    for place in marks {
        let mut mark = [0; 4];
        read(disk, offset + place, &mut mark)?;
        if mark == MD_MAGIC {
            return Ok(Some("a RAID (md)"));
        }
    }
    Ok(None)
}

fn read(disk: &mut (impl Read + Seek), offset: u64, out: &mut [u8]) -> io::Result<()> {
    disk.seek(SeekFrom::Start(offset))?;
    disk.read_exact(out)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::testing::{built, plan};

    const SIZE: usize = 4 << 20;

    fn says(put: &[(usize, &[u8])]) -> Option<&'static str> {
        let mut disk = vec![0x41; SIZE];
        disk[..1024].fill(0);
        for (at, bytes) in put {
            disk[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        member(&mut Cursor::new(disk), SIZE as u64).unwrap()
    }

    /// A DOS partition from 1 MiB on, two MiB long.
    const MBR: &[(usize, &[u8])] =
        &[(446, &[0, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 16, 0, 0]), (510, &[0x55, 0xaa])];

    #[test]
    fn what_belongs_to_something_larger_is_known_whole_or_in_a_partition() {
        let mut label = [0; 32];
        label[..8].copy_from_slice(b"LABELONE");
        label[24..].copy_from_slice(b"LVM2 001");
        let table: [(usize, &[u8], &str); 7] = [
            (0, b"LUKS\xba\xbe\0\x02", "LUKS"),
            (512, &label, "LVM"),
            (1536, &label, "LVM"),
            (0, &MD_MAGIC, "RAID"),
            (BLOCK, &MD_MAGIC, "RAID"),
            ((2 << 20) - 0x1_0000, &MD_MAGIC, "RAID"),
            ((2 << 20) - 8192, &MD_MAGIC, "RAID"),
        ];
        for (at, bytes, what) in table {
            let at_end = if at > BLOCK { SIZE - (2 << 20) + at } else { at };
            assert!(says(&[(at_end, bytes)]).unwrap().contains(what), "{at} {what}");
            let partitioned = [MBR, &[((1 << 20) + at, bytes)]].concat();
            assert!(says(&partitioned).unwrap().contains(what), "{at} {what} in a partition");
        }
    }

    #[test]
    fn an_ordinary_stick_belongs_to_nothing() {
        assert_eq!(says(&[]), None);
        assert_eq!(says(MBR), None);
        // A partition that begins beyond the end, and one that ends there.
        let wild: &[(usize, &[u8])] =
            &[(454, &[0xff, 0xff, 0xff, 0x7f]), (466, &[0x83]), (470, &[0, 8, 0, 0, 0xff, 0xff, 0xff, 0xff])];
        assert_eq!(says(&[MBR, wild].concat()), None);
        let plan = plan();
        let (_folder, image) = built(&plan);
        assert_eq!(member(&mut std::fs::File::open(image).unwrap(), plan.size).unwrap(), None);
        for size in [0, 511, 512, 70_000] {
            assert_eq!(member(&mut Cursor::new(vec![0; size]), size as u64).unwrap(), None);
        }
    }
}
