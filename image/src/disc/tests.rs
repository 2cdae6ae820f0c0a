//! Discs of other people's programs, and what could be done to them.

use std::{fs, io::Cursor, path::Path};

use proptest::prelude::*;

use super::*;
use crate::testing::{noise, said, tool};

mod descriptors;

const BIG: usize = 3_000_001;

fn tree(folder: &Path) {
    for (path, bytes) in [
        ("README.TXT", noise(1, 100)),
        ("sources/boot.wim", noise(2, BIG)),
        ("sources/empty", vec![]),
        ("efi/microsoft/boot/A rather long name, with spaces.ttf", noise(3, 5_000)),
    ] {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    fs::create_dir(folder.join("nothing here")).unwrap();
}

fn made(program: &str, options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, out) = (folder.path().join("tree"), folder.path().join("made.iso"));
    tree(&from);
    let mut arguments = options.to_vec();
    arguments.extend(["-V", "MADE", "-o", out.to_str().unwrap(), from.to_str().unwrap()]);
    let output = tool(program, &arguments).expect("the program is installed");
    assert!(output.status.success(), "{}", said(&output));
    fs::read(out).unwrap()
}

/// As oscdimg makes Windows' discs: nothing of ISO 9660 to fall back on.
fn udf_only() -> Vec<u8> {
    let mut bytes = made("genisoimage", &["-quiet", "-udf", "-J", "-r"]);
    for number in 16..64 {
        if bytes[number * 2048 + 1..].starts_with(b"CD001") {
            bytes[number * 2048..(number + 1) * 2048].fill(0);
            bytes[number * 2048 + 1..number * 2048 + 6].copy_from_slice(b"BEA01");
        }
    }
    bytes
}

fn read(bytes: &[u8]) -> Result<Disc, DiscError> {
    Disc::read(&mut Cursor::new(bytes))
}

fn content(bytes: &[u8], file: &DiscFile) -> Vec<u8> {
    let mut content = Vec::new();
    file.open(Cursor::new(bytes)).read_to_end(&mut content).unwrap();
    content
}

fn assert_whole(bytes: &[u8], format: Format) {
    let disc = read(bytes).unwrap();
    assert_eq!((disc.format, disc.label.as_str()), (format, "MADE"));
    assert_eq!(disc.directories, ["efi", "efi/microsoft", "efi/microsoft/boot", "nothing here", "sources"]);
    let names: Vec<_> = disc.files.iter().map(|file| file.path.as_str()).collect();
    let expected =
        ["README.TXT", "efi/microsoft/boot/A rather long name, with spaces.ttf", "sources/boot.wim", "sources/empty"];
    assert_eq!(names, expected);
    assert_eq!(content(bytes, disc.find("SOURCES/BOOT.WIM").unwrap()), noise(2, BIG));
    assert_eq!(content(bytes, disc.find("readme.txt").unwrap()), noise(1, 100));
    assert_eq!(disc.find("sources/empty").unwrap().size, 0);
}

#[test]
fn udf_alone_and_beside_iso_9660_is_read() {
    assert_whole(&made("genisoimage", &["-quiet", "-udf", "-J", "-r"]), Format::Udf);
    assert_whole(&udf_only(), Format::Udf);
}

#[test]
fn iso_9660_is_read_by_the_longest_names_it_has() {
    assert_whole(&made("genisoimage", &["-quiet", "-J", "-r"]), Format::Joliet);
    assert_whole(&made("xorriso", &["-as", "mkisofs", "-quiet", "-r"]), Format::RockRidge);
    let plain = made("genisoimage", &["-quiet"]);
    let disc = read(&plain).unwrap();
    assert_eq!(disc.format, Format::Iso9660);
    assert_eq!(content(&plain, disc.find("sources/boot.wim").unwrap()), noise(2, BIG));
}

#[test]
fn a_file_is_read_from_any_place_in_it() {
    let bytes = udf_only();
    let disc = read(&bytes).unwrap();
    let mut file = disc.find("sources/boot.wim").unwrap().open(Cursor::new(&bytes));
    let mut some = [0; 7];
    file.seek(SeekFrom::End(-7)).unwrap();
    file.read_exact(&mut some).unwrap();
    assert_eq!(some, noise(2, BIG)[BIG - 7..]);
    assert_eq!(file.read(&mut some).unwrap(), 0);
}

#[test]
fn a_disc_that_was_cut_off_is_said_to_be_or_is_none() {
    for bytes in [udf_only(), made("genisoimage", &["-quiet", "-J", "-r"])] {
        for length in [0, 40_000, 600_000, bytes.len() / 2] {
            let error = read(&bytes[..length]).unwrap_err();
            let right = match length {
                0 => matches!(error, DiscError::Unknown),
                _ => matches!(error, DiscError::Truncated { .. } | DiscError::Damaged { .. } | DiscError::Unknown),
            };
            assert!(right, "{length}: {error}");
        }
        let half = read(&bytes[..bytes.len() / 2]).unwrap_err();
        assert!(matches!(half, DiscError::Truncated { .. }), "{half}");
    }
}

/// Where a name stands in an ISO 9660 record, as this disc spells it.
fn place_of(bytes: &[u8], name: &[u8]) -> usize {
    bytes.windows(name.len()).position(|window| window == name).unwrap()
}

#[test]
fn a_name_that_leads_out_of_its_folder_is_refused() {
    for name in [&b"../../X.TX"[..], b"..\\..\\X.TX", b"/etc/passw"] {
        let mut bytes = made("genisoimage", &["-quiet"]);
        let at = place_of(&bytes, b"README.TXT;1");
        bytes[at..at + name.len()].copy_from_slice(name);
        assert!(matches!(read(&bytes), Err(DiscError::Name(_))), "{}", name.escape_ascii());
    }
}

#[test]
fn a_folder_inside_itself_is_entered_once() {
    let mut bytes = made("genisoimage", &["-quiet"]);
    // The record of `SOURCES` is given the place of the root.
    let root: [u8; 8] = bytes[16 * 2048 + 158..16 * 2048 + 166].try_into().unwrap();
    let first = u32::from_le_bytes([root[0], root[1], root[2], root[3]]) as usize * 2048;
    let at = first + place_of(&bytes[first..], b"SOURCES") - 33;
    bytes[at + 2..at + 10].copy_from_slice(&root);
    assert!(matches!(read(&bytes), Err(DiscError::Cycle(_))));
}

#[test]
fn a_file_larger_than_its_disc_is_no_file() {
    let mut bytes = made("genisoimage", &["-quiet"]);
    let at = place_of(&bytes, b"BOOT.WIM;1") - 33;
    bytes[at + 10..at + 14].copy_from_slice(&0xffff_0000u32.to_le_bytes());
    assert!(matches!(read(&bytes), Err(DiscError::Truncated { .. })));
}

#[test]
fn files_share_bytes_but_not_without_measure() {
    let shared = |times: u64| {
        let mut found = Found::<u32>::new(1000);
        (0..times).for_each(|n| found.file(n.to_string(), 1000, vec![Piece::new(0, 1000)]).unwrap());
        found.done(Format::Udf, String::new())
    };
    assert_eq!(shared(4).unwrap().files.len(), 4);
    assert!(matches!(shared(5), Err(DiscError::TooMuch("content in files"))));
}

#[test]
fn a_damaged_descriptor_is_named() {
    let mut bytes = udf_only();
    let anchor = 256 * 2048;
    bytes[anchor + 4] ^= 1;
    let end = bytes.len();
    // The other anchors too.
    for at in (0..end).step_by(2048).filter(|at| *at != anchor) {
        if bytes[at] == 2 && bytes[at + 1] == 0 && at > anchor {
            bytes[at + 4] ^= 1;
        }
    }
    assert!(matches!(read(&bytes), Err(DiscError::Damaged { what: "anchor", .. })));
}

#[test]
fn bits_that_flip_are_an_error_or_another_disc() {
    let udf = udf_only();
    let iso = made("genisoimage", &["-quiet", "-J", "-r"]);
    proptest!(ProptestConfig::with_cases(200), |(on_udf: bool, flips in proptest::collection::vec((0usize..700_000, 0u8..8), 1..40))| {
        let mut bytes = if on_udf { udf.clone() } else { iso.clone() };
        for (at, bit) in flips {
            // Where the descriptors and folders are, not the contents.
            bytes[32_768 + at % 620_000] ^= 1 << bit;
        }
        if let Ok(disc) = read(&bytes) {
            for file in &disc.files {
                prop_assert!(file.pieces.iter().all(|piece| piece.end() <= disc.length));
                prop_assert_eq!(file.pieces.iter().map(|piece| piece.length).sum::<u64>(), file.size);
                prop_assert!(!file.path.split('/').any(|step| step == ".." || step.is_empty()));
            }
        }
    });
}
