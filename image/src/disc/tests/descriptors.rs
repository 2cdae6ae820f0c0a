//! The ways in which UDF says where the bytes of a file are (ECMA-167 4/14.14). `mkudffs` makes all three of them, of
//! discs without files; of those of `genisoimage`, which knows the short one alone, file entries are written anew here.

use super::*;

const SECTOR: usize = 2048;
const FILE_ENTRY: u16 = 261;
/// Where the partition of such a disc begins.
const PARTITION: usize = 257;
/// Of a file entry: its flags, the length of its content, of its attributes and of its descriptors.
const FLAGS: usize = 34;
const SIZE: usize = 56;
const ATTRIBUTES: usize = 168;
const LISTED: usize = 172;

fn u32_at(bytes: &[u8], at: usize) -> usize {
    crate::le::u32_at(bytes, at).unwrap() as usize
}

/// ITU-T V.41, bit by bit.
fn crc(bytes: &[u8]) -> u16 {
    let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1));
    bits.fold(0, |crc: u16, bit| if (crc & 0x8000 != 0) == bit { crc << 1 } else { crc << 1 ^ 0x1021 })
}

/// Makes the tag of a descriptor right again.
fn tagged(sector: &mut [u8], length: usize) {
    let sum = crc(&sector[16..length]);
    sector[8..10].copy_from_slice(&sum.to_le_bytes());
    sector[10..12].copy_from_slice(&u16::try_from(length - 16).unwrap().to_le_bytes());
    sector[4] = 0;
    sector[4] = sector[..16].iter().fold(0, |sum, byte| sum.wrapping_add(*byte));
}

/// The file entry of a file of this size.
fn entry_of(bytes: &[u8], size: usize) -> usize {
    let is = |at: &usize| {
        bytes[*at..*at + 2] == FILE_ENTRY.to_le_bytes() && bytes[at + SIZE..][..8] == (size as u64).to_le_bytes()
    };
    let mut found = (PARTITION * SECTOR..bytes.len()).step_by(SECTOR).filter(is);
    found.next().filter(|_| found.next().is_none()).expect("one file is of that size")
}

/// Gives a file other descriptors: of this kind, and these bytes.
fn described(bytes: &mut [u8], entry: usize, kind: u8, descriptors: &[u8]) {
    let sector = &mut bytes[entry..entry + SECTOR];
    sector[FLAGS] = sector[FLAGS] & !7 | kind;
    sector[LISTED..LISTED + 4].copy_from_slice(&u32::try_from(descriptors.len()).unwrap().to_le_bytes());
    let from = LISTED + 4 + u32_at(sector, ATTRIBUTES);
    sector[from..].fill(0);
    sector[from..from + descriptors.len()].copy_from_slice(descriptors);
    tagged(sector, from + descriptors.len());
}

/// The one short descriptor a file has: length and block.
fn short(bytes: &[u8], entry: usize) -> (usize, usize) {
    let at = entry + LISTED + 4 + u32_at(bytes, entry + ATTRIBUTES);
    (u32_at(bytes, at), u32_at(bytes, at + 4))
}

fn long(kind: u32, length: usize, block: usize) -> [u8; 16] {
    let mut descriptor = [0; 16];
    descriptor[..4].copy_from_slice(&(u32::try_from(length).unwrap() | kind << 30).to_le_bytes());
    descriptor[4..8].copy_from_slice(&u32::try_from(block).unwrap().to_le_bytes());
    descriptor
}

#[test]
fn discs_of_mkudffs_are_read_in_every_revision_and_kind() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ["--ad=inicb", "--ad=short", "--ad=long"] {
        for (revision, block) in [("1.02", 2048), ("1.50", 512), ("2.01", 2048), ("2.01", 4096)] {
            let path = folder.path().join(format!("{kind}{revision}{block}"));
            let (revision, block) = (format!("--udfrev={revision}"), format!("--blocksize={block}"));
            let arguments = ["--new-file", "--media-type=hd", "--label=MADE", kind, &revision, &block];
            let output = tool("mkudffs", &[&arguments[..], &[path.to_str().unwrap(), "3000"]].concat());
            let output = output.expect("udftools are installed");
            assert!(output.status.success(), "{}", said(&output));
            let disc = read(&fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
            assert_eq!((disc.format, disc.label.as_str(), disc.files.len()), (Format::Udf, "MADE", 0));
        }
    }
}

#[test]
fn a_file_inside_its_own_entry_is_read() {
    let mut bytes = udf_only();
    let entry = entry_of(&bytes, 100);
    described(&mut bytes, entry, 3, &noise(1, 100));
    assert_whole(&bytes, Format::Udf);
    let disc = read(&bytes).unwrap();
    let at = disc.find("README.TXT").unwrap().pieces[0].at.unwrap();
    assert!((entry as u64..(entry + SECTOR) as u64).contains(&at), "it is read from there");
    // One that says that it is longer than what is there.
    bytes[entry + SIZE] += 1;
    let length = LISTED + 4 + u32_at(&bytes, entry + ATTRIBUTES) + 100;
    tagged(&mut bytes[entry..entry + SECTOR], length);
    assert!(matches!(read(&bytes), Err(DiscError::Damaged { what: "file entry", .. })));
}

#[test]
fn a_folder_inside_its_own_entry_is_read() {
    let mut bytes = udf_only();
    let disc = read(&bytes).unwrap();
    assert!(disc.find("sources/boot.wim").is_some());
    // Every folder, from the root on down.
    let folders = (PARTITION * SECTOR..bytes.len()).step_by(SECTOR);
    let folders: Vec<usize> =
        folders.filter(|at| bytes[*at..*at + 2] == FILE_ENTRY.to_le_bytes() && bytes[at + 27] == 4).collect();
    assert_eq!(folders.len(), 6);
    for entry in folders {
        let (length, block) = short(&bytes, entry);
        let records = bytes[(PARTITION + block) * SECTOR..][..length].to_vec();
        described(&mut bytes, entry, 3, &records);
        bytes[(PARTITION + block) * SECTOR..][..length].fill(0);
    }
    assert_whole(&bytes, Format::Udf);
}

#[test]
fn a_file_in_pieces_of_long_descriptors_is_read() {
    let mut bytes = udf_only();
    let entry = entry_of(&bytes, BIG);
    let (length, block) = short(&bytes, entry);
    assert_eq!(length, BIG);
    let first = 100 * SECTOR;
    let pieces = [long(0, first, block), long(0, length - first, block + 100)];
    described(&mut bytes, entry, 1, &pieces.concat());
    assert_whole(&bytes, Format::Udf);

    // The list goes on in a block of its own, which is the last of the file's: it then has a hole there.
    let last = block + (length - 1) / SECTOR;
    let rest = length - (last - block) * SECTOR;
    let mut continued = [0; SECTOR];
    continued[..2].copy_from_slice(&258u16.to_le_bytes());
    continued[2..4].copy_from_slice(&bytes[entry + 2..entry + 4]);
    continued[12..16].copy_from_slice(&u32::try_from(last).unwrap().to_le_bytes());
    let more = [long(0, length - rest - first, block + 100), long(2, rest, 0)].concat();
    continued[20..24].copy_from_slice(&u32::try_from(more.len()).unwrap().to_le_bytes());
    continued[24..24 + more.len()].copy_from_slice(&more);
    tagged(&mut continued, 24 + more.len());
    bytes[(PARTITION + last) * SECTOR..][..SECTOR].copy_from_slice(&continued);
    described(&mut bytes, entry, 1, &[long(0, first, block), long(3, SECTOR, last)].concat());
    let disc = read(&bytes).unwrap();
    let mut wanted = noise(2, BIG);
    wanted[length - rest..].fill(0);
    assert!(content(&bytes, disc.find("sources/boot.wim").unwrap()) == wanted);

    // One that goes on in itself has an end all the same.
    let itself = [long(3, SECTOR, last)].concat();
    let at = (PARTITION + last) * SECTOR;
    bytes[at + 20..at + 24].copy_from_slice(&u32::try_from(itself.len()).unwrap().to_le_bytes());
    bytes[at + 24..at + 40].copy_from_slice(&itself);
    tagged(&mut bytes[at..at + SECTOR], 40);
    assert!(matches!(read(&bytes), Err(DiscError::TooMuch("fragments of one file"))));
}
