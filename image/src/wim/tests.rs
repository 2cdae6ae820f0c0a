use std::{fs, io::Cursor, path::Path};

use proptest::prelude::*;
use whiteglove_core::windows::Architecture;

use super::*;
use crate::testing::{noise, tool};

/// A WIM as wimlib makes it, with Windows' properties set.
fn made(folder: &Path, options: &[&str]) -> Vec<u8> {
    let (tree, out) = (folder.join("tree"), folder.join("made.wim"));
    fs::create_dir_all(tree.join("Windows/System32")).unwrap();
    fs::write(tree.join("Windows/System32/one.exe"), noise(1, 300_000)).unwrap();
    fs::write(tree.join("setup.exe"), noise(2, 50_000)).unwrap();
    let mut arguments = vec!["capture", tree.to_str().unwrap(), out.to_str().unwrap(), "Microsoft Windows PE (x64)"];
    arguments.extend(["--image-property", "WINDOWS/ARCH=9", "--image-property", "WINDOWS/EDITIONID=WindowsPE"]);
    arguments.extend([
        "--image-property",
        "WINDOWS/VERSION/BUILD=26100",
        "--image-property",
        "WINDOWS/VERSION/MAJOR=10",
    ]);
    arguments.extend(options);
    let said = tool("wimlib-imagex", &arguments).expect("wimtools is installed");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    fs::read(out).unwrap()
}

fn read(bytes: &[u8]) -> Result<Wim, WimError> {
    Wim::read(&mut Cursor::new(bytes))
}

#[test]
fn what_wimlib_makes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for (options, compression) in [
        (&["--compress=none"][..], Compression::None),
        (&["--compress=XPRESS"], Compression::Xpress),
        (&["--compress=LZX", "--boot"], Compression::Lzx),
    ] {
        let wim = read(&made(folder.path(), options)).unwrap();
        assert_eq!((wim.compression, wim.solid, wim.part), (compression, false, (1, 1)), "{options:?}");
        assert_eq!(wim.boot_index, u32::from(options.contains(&"--boot")));
        let image = wim.boots().unwrap();
        assert_eq!((image.index, image.name.as_str()), (1, "Microsoft Windows PE (x64)"));
        assert_eq!((image.architecture, image.version.as_str()), (Some(Architecture::X64), "10.0.26100.0"));
        // Noise does not compress: the larger file, whatever it is packed with.
        assert!((300_000..301_000).contains(&wim.largest), "{}", wim.largest);
        assert_eq!(wim.resources.iter().filter(|resource| resource.metadata).count(), 1);
        assert_eq!(wim.resources.len(), 3);
    }
}

#[test]
fn a_solid_one_is_known_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let wim = read(&made(folder.path(), &["--solid"])).unwrap();
    assert!(wim.solid);
    assert!((350_000..360_000).contains(&wim.largest), "{}", wim.largest);
}

#[test]
fn parts_of_a_split_set_say_which_they_are() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path(), &["--compress=none"]);
    let (whole, parts) = (folder.path().join("made.wim"), folder.path().join("made.swm"));
    let said = tool("wimlib-imagex", &["split", whole.to_str().unwrap(), parts.to_str().unwrap(), "0.2"]).unwrap();
    assert!(said.status.success());
    let second = read(&fs::read(folder.path().join("made2.swm")).unwrap()).unwrap();
    assert_eq!(second.part, (2, 3));
}

#[test]
fn a_cut_file_is_said_to_be_cut() {
    let folder = tempfile::tempdir().unwrap();
    let whole = made(folder.path(), &["--compress=none"]);
    for length in [0, 7, 8, 207, 208, 1000, whole.len() / 2, whole.len() - 1] {
        let error = read(&whole[..length]).unwrap_err();
        let right = match length {
            0..8 => matches!(error, WimError::Not),
            _ => matches!(error, WimError::Truncated { .. }),
        };
        assert!(right, "{length}: {error}");
    }
}

#[test]
fn tables_that_cannot_be_are_refused_before_memory_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let whole = made(folder.path(), &["--compress=none"]);
    for at in [48, 72] {
        let mut bytes = whole.clone();
        bytes[at..at + 7].copy_from_slice(&[0xff; 7]);
        assert!(matches!(read(&bytes), Err(WimError::TooMuch(_))), "{at}");
    }
    let mut unfinished = whole;
    unfinished[16] |= 0x40;
    assert!(matches!(read(&unfinished), Err(WimError::Unfinished)));
}

proptest! {
    #[test]
    fn anything_behind_a_header_is_read_or_refused(
        mut bytes in proptest::collection::vec(any::<u8>(), 208..600),
        (table, xml) in (0u64..700, 0u64..700),
    ) {
        bytes[..16].copy_from_slice(b"MSWIM\0\0\0\xd0\0\0\0\0\x0d\x01\0");
        bytes[16..20].fill(0);
        bytes[40..44].copy_from_slice(&[1, 0, 1, 0]);
        bytes[48..56].copy_from_slice(&table.to_le_bytes());
        bytes[56..64].copy_from_slice(&208u64.to_le_bytes());
        bytes[64..72].copy_from_slice(&table.to_le_bytes());
        bytes[72..80].copy_from_slice(&xml.to_le_bytes());
        bytes[80..88].copy_from_slice(&208u64.to_le_bytes());
        let _ = read(&bytes);
    }
}
