use std::{fs, ops::ControlFlow, path::PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;
use whiteglove_core::{
    clock::Moment,
    media::{
        Contents, Form, Item, MbrBoot, MediaPlan, Part, Spec,
        manifest::{self, About, FileDigest},
        sign::Signer,
        stick::StickId,
    },
    media_card::{ARCHIVE, MediaId},
};

use super::*;
use crate::{
    testing::{
        built, cards, issue, noise, on, said,
        stick::{Fake, Fault},
        tool,
    },
    write::{Manner, source::Image, update::update, write_in},
};

fn key() -> PublicKey {
    issue(1).signer.public()
}

/// A medium as a bench makes it, with a small file, one that a quick check does not read, and scripts for Windows.
fn medium(seed: u64) -> (MediaPlan, TempDir, PathBuf) {
    medium_by(seed, &issue(1).signer, Form::Gpt)
}

fn medium_by(seed: u64, signer: &Signer, form: Form) -> (MediaPlan, TempDir, PathBuf) {
    let media = MediaId([0x5a; 16]);
    let mut boot = vec![
        Item::inline("EFI/BOOT/BOOTX64.EFI", noise(seed, 900_000)),
        Item::inline("boot/initrd.zst", noise(2, 16_000_000)),
        cards(media),
    ];
    let data = vec![Item::directory("captures"), Item::inline("a.cmd", noise(seed, 900))];
    let listed = |on, items: &[Item]| {
        let file = |item: &Item| match item {
            Item::File { path, size, source: whiteglove_core::media::Source::Inline(bytes) } => {
                Some(Listed { on, path: path.clone(), size: *size, sha256: FileDigest(digest(bytes).0) })
            }
            _ => None,
        };
        items.iter().filter_map(file).collect::<Vec<_>>()
    };
    let files = [listed(On::Boot, &boot), listed(On::Data, &data)].concat();
    let about = About {
        tool: "0.1.0".into(),
        media,
        bench: "bench-1".into(),
        batch: "autumn".into(),
        issued: Moment::from_millis(1_764_000_000_000),
    };
    let (text, seal) = Manifest::new(about, vec![], files).seal(signer).unwrap();
    boot.push(Item::inline(manifest::PATH, text));
    boot.push(Item::inline(manifest::SIGNATURE_PATH, seal));
    let contents = Contents { boot, data, bios: None };
    let spec = Spec { form, contents, boot_size: Some(33 << 20), data_size: Some(33 << 20), ..crate::testing::spec() };
    let plan = MediaPlan::new(spec).unwrap();
    let (folder, image) = built(&plan);
    crate::seal::seal(&image, "0.1.0", Moment::from_millis(1_764_000_000_000), signer).unwrap();
    (plan, folder, image)
}

fn written(image: &Path, number: u8) -> Fake {
    let image = Image::open(image).unwrap();
    let stick = Fake::new(image.size() + (1 << 20), Fault::None);
    let manner = Manner { probe: false, issue: Some(issue(number)), ..Manner::default() };
    write_in(manner, image, stick.permit(), |_| Ok(stick.plug()), &mut |_| Ok(()), &mut on).unwrap();
    stick
}

fn look(bytes: &[u8], how: How) -> Result<Report, CheckError> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("stick");
    fs::write(&path, bytes).unwrap();
    check(&path, &key(), how, &mut on)
}

/// Where a file of the boot volume lies.
fn place(plan: &MediaPlan, part: Part, path: &str) -> usize {
    let partition = plan.partition(part).unwrap();
    let file = partition.volume.files.iter().find(|file| file.path.trim_start_matches('/') == path).unwrap();
    usize::try_from(partition.offset() + partition.volume.geometry.cluster_offset(file.first_cluster)).unwrap()
}

#[test]
fn an_image_and_its_sticks_are_what_the_bench_made() {
    let (_plan, _folder, image) = medium(1);
    for how in [How::Quick, How::Full] {
        let report = check(&image, &key(), how, &mut on).unwrap();
        assert_eq!(report.record, None);
        assert_eq!(report.manifest.files.len(), 4);
        let stick = written(&image, 3);
        let report = look(&stick.borrow().bytes, how).unwrap();
        assert_eq!(report.record.as_ref().unwrap().stick, StickId([3; 16]));
        assert_eq!(report.notes, [] as [&str; 0]);
        let unread = report.unchecked.iter().any(|line| line.contains("1 file over 1 MiB (16 MB)"));
        assert_eq!(unread, how == How::Quick, "{:?}", report.unchecked);
    }
}

#[test]
fn a_stick_with_an_mbr_is_its_own_too() {
    for boot in [MbrBoot::Active0c, MbrBoot::Efi] {
        let (_plan, _folder, image) = medium_by(1, &issue(1).signer, Form::Mbr(boot));
        check(&image, &key(), How::Full, &mut on).unwrap();
        let sticks = [3, 4].map(|number| written(&image, number).borrow().bytes.clone());
        assert_ne!(sticks[0][440..444], sticks[1][440..444], "disk signatures");
        for bytes in &sticks {
            look(bytes, How::Full).unwrap();
        }
        // Its signature, the kind of its first partition, code in front of it, a table behind it, the end.
        for at in [440, 450, 100, 512, sticks[0].len() - 512] {
            let mut bad = sticks[0].clone();
            bad[at] ^= 1;
            let error = look(&bad, How::Quick).unwrap_err();
            assert!(matches!(error, CheckError::OtherTable | CheckError::Table(_)), "{at}: {error}");
        }
    }
}

#[test]
fn what_was_said_of_a_stick_reads_like_this() {
    let (_plan, _folder, image) = medium(1);
    let stick = written(&image, 3);
    let mut said = String::new();
    for how in [How::Quick, How::Full] {
        let report = look(&stick.borrow().bytes, how).unwrap();
        for (head, lines) in [("checked", &report.checked), ("not read", &report.unchecked)] {
            lines.iter().for_each(|line| said.push_str(&format!("{how:?} {head}: {line}\n")));
        }
    }
    insta::assert_snapshot!(said);
}

#[test]
fn a_quick_check_reads_little() {
    let (_plan, _folder, image) = medium(1);
    let mut total = 0;
    check(&image, &key(), How::Quick, &mut |progress: Progress| {
        total = progress.total;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(total < 10 << 20, "{total}");
    let cancelled = check(&image, &key(), How::Full, &mut |_| ControlFlow::Break(()));
    assert!(matches!(cancelled, Err(CheckError::Cancelled)));
}

#[test]
fn a_swapped_file_is_found() {
    let (plan, _folder, image) = medium(1);
    let stick = written(&image, 3);
    let bytes = stick.borrow().bytes.clone();
    let tampered = |at: usize, how| {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        look(&bad, how)
    };
    let loader = place(&plan, Part::Boot, "EFI/BOOT/BOOTX64.EFI") + 500;
    let error = tampered(loader, How::Quick).unwrap_err();
    assert!(matches!(&error, CheckError::Changed { path, .. } if path == "EFI/BOOT/BOOTX64.EFI"), "{error}");
    let large = place(&plan, Part::Boot, "boot/initrd.zst") + 14_000_000;
    tampered(large, How::Quick).expect("what a quick check says it did not read");
    assert!(matches!(tampered(large, How::Full).unwrap_err(), CheckError::Bytes { .. }));
    let script = place(&plan, Part::Data, "a.cmd");
    let error = tampered(script, How::Quick).unwrap_err();
    assert!(matches!(error, CheckError::Changed { on: On::Data, .. }), "{error}");
    assert!(error.problem(Path::new("/dev/sdb")).next.contains("Import"));
    let card = place(&plan, Part::Boot, ARCHIVE);
    let serial = card + bytes[card..].windows(14).position(|window| window == b"\"data_volume\":").unwrap() + 14;
    let stick_number = card + bytes[card..].windows(10).position(|window| window == b"{\"stick\":\"").unwrap() + 10;
    for at in [serial, stick_number] {
        assert!(matches!(tampered(at, How::Quick).unwrap_err(), CheckError::OtherStick));
    }
}

#[test]
fn a_file_that_was_added_or_taken_away_is_found() {
    let (plan, _folder, image) = medium(1);
    let stick = written(&image, 3);
    // In the directory, its last entry is renamed: one is missing, and one is new.
    let boot = plan.partition(Part::Boot).unwrap();
    let root = usize::try_from(boot.offset() + boot.volume.geometry.cluster_offset(2)).unwrap();
    let folder = boot.volume.directories.iter().find(|directory| directory.path == "/EFI/BOOT").unwrap();
    let folder = usize::try_from(boot.offset() + boot.volume.geometry.cluster_offset(folder.first_cluster)).unwrap();
    let mut bad = stick.borrow().bytes.clone();
    let entry = folder + bad[folder..folder + 4096].windows(11).position(|name| name == b"BOOTX64 EFI").unwrap();
    bad[entry + 4] = b'Y';
    let error = look(&bad, How::Quick).unwrap_err();
    assert!(matches!(&error, CheckError::Added { path, .. } if path == "EFI/BOOT/BOOTY64.EFI"), "{error}");
    bad[entry] = 0xe5;
    let error = look(&bad, How::Quick).unwrap_err();
    assert!(matches!(&error, CheckError::Missing { path, .. } if path == "EFI/BOOT/BOOTX64.EFI"), "{error}");
    // What an operating system leaves in the root is no harm, and is said.
    let mut littered = stick.borrow().bytes.clone();
    let free = root + littered[root..root + 4096].chunks(32).position(|slot| slot[0] == 0).unwrap() * 32;
    let mut slot = [0; 32];
    slot[..11].copy_from_slice(b"FSEVEN~1   ");
    slot[11] = 0x10;
    littered[free..free + 32].copy_from_slice(&slot);
    assert!(matches!(
        look(&littered, How::Quick).unwrap_err(),
        CheckError::Added { .. } | CheckError::Volume { .. } | CheckError::Bytes { .. }
    ));
    slot[..11].copy_from_slice(b"_TRASH-0   ");
    slot[0] = b'.';
    littered[free..free + 32].copy_from_slice(&slot);
    // Of eight letters and no long name: `.TRASH-0`.
    let report = look(&littered, How::Full).unwrap();
    assert!(report.notes[0].contains("left a folder of its own"), "{report:?}");
}

#[test]
fn a_record_and_a_map_that_do_not_belong_together_are_found() {
    let (_plan, _folder, image) = medium(1);
    let (_, _other_folder, other) = medium(2);
    let (one, two) = (written(&image, 3), written(&other, 3));
    let (one, two) = (one.borrow().bytes.clone(), two.borrow().bytes.clone());
    // An older map and all that it names, under the record of a newer one.
    let mut bad = two.clone();
    bad[20 << 10..32 << 10].copy_from_slice(&one[20 << 10..32 << 10]);
    assert!(matches!(look(&bad, How::Quick).unwrap_err(), CheckError::OtherMap));
    let mut bad = one.clone();
    bad[32 << 10..1 << 20].copy_from_slice(&two[32 << 10..1 << 20]);
    assert!(matches!(look(&bad, How::Quick).unwrap_err(), CheckError::OtherMap));
    // Another stick's record with its map: the table's identifiers are not that stick's.
    let third = written(&image, 4);
    let mut bad = one.clone();
    bad[20 << 10..1 << 20].copy_from_slice(&third.borrow().bytes[20 << 10..1 << 20]);
    assert!(matches!(look(&bad, How::Quick).unwrap_err(), CheckError::OtherTable));
    // No record at all, or that of the image: copied by something else.
    let mut bad = one;
    bad[20 << 10..32 << 10].fill(0);
    let error = look(&bad, How::Quick).unwrap_err();
    assert!(matches!(error, CheckError::NoRecord), "{error}");
    let mut copy = fs::read(&image).unwrap();
    assert!(look(&copy, How::Quick).is_ok());
    copy.resize(copy.len() + 512, 0);
    let error = look(&copy, How::Quick).unwrap_err();
    assert!(matches!(error, CheckError::NoRecord), "{error}");
}

#[test]
fn what_another_bench_signed_is_told_apart() {
    let theirs = Signer::from_seed(&[1; 32]);
    let (_plan, _folder, image) = medium_by(1, &theirs, Form::Gpt);
    let error = check(&image, &key(), How::Quick, &mut on).unwrap_err();
    assert!(matches!(error, CheckError::Record(RecordError::OtherBench(key)) if key == theirs.public()), "{error}");
    assert!(error.problem(&image).next.contains("--key FILE"));
    assert!(check(&image, &theirs.public(), How::Quick, &mut on).is_ok());
    // Written by us, but made by them: the files are not vouched for by our key.
    let stick = written(&image, 3);
    let error = look(&stick.borrow().bytes, How::Quick).unwrap_err();
    assert!(matches!(error, CheckError::Manifest(ManifestError::OtherBench(_))), "{error}");
}

#[test]
fn an_updated_stick_checks_again() {
    let (_plan, _folder, image) = medium(1);
    let (_, _other_folder, other) = medium(2);
    let stick = written(&image, 3);
    let bring = |image: &Path, fully| {
        let image = Image::open(image).unwrap();
        update(image, stick.permit(), |_| Ok(stick.plug()), &mut |_| Ok(()), Some(issue(9)), fully, &mut on).unwrap()
    };
    bring(&other, false);
    for how in [How::Quick, How::Full] {
        let report = look(&stick.borrow().bytes, how).unwrap();
        let record = report.record.unwrap();
        assert!(record.updated && record.stick == StickId([3; 16]));
        assert!(report.notes[0].contains("a.cmd on it are not those of this medium"), "{:?}", report.notes);
    }
}

#[test]
fn what_is_no_medium_or_was_not_finished_is_said() {
    let said = |bytes: &[u8]| look(bytes, How::Quick).unwrap_err();
    assert!(matches!(said(&vec![0x41; 3 << 20]), CheckError::NotOurs));
    assert!(matches!(said(b"short"), CheckError::NotOurs));
    let (_plan, _folder, image) = medium(1);
    let stick = written(&image, 3);
    let mut bad = stick.borrow().bytes.clone();
    bad[..4096].fill(0);
    let error = said(&bad);
    assert!(matches!(error, CheckError::Table(_)), "{error}");
    assert!(error.problem(Path::new("/dev/sdb")).next.contains("write it again"));
}

#[test]
fn every_byte_of_the_head_counts_and_nothing_makes_it_panic() {
    let (plan, _folder, image) = medium(1);
    let stick = written(&image, 3);
    let bytes = stick.borrow().bytes.clone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("stick");
    fs::write(&path, &bytes).unwrap();
    let content: Vec<std::ops::Range<usize>> = plan
        .partition(Part::Boot)
        .unwrap()
        .chunks()
        .map(|(at, length)| usize::try_from(at).unwrap()..usize::try_from(at + length).unwrap())
        .collect();
    let boot = content[0].start..content[content.len() - 1].end;
    let places = prop_oneof![
        // The table, the record, the map and its end, the boot volume's file system, anywhere that is written.
        0..34 * 512usize,
        (20 << 10)..(21 << 10) as usize,
        (32 << 10)..(34 << 10) as usize,
        boot.start..boot.start + (32 << 10),
        boot,
        bytes.len() - 33 * 512..bytes.len(),
    ];
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 48, ..ProptestConfig::default() });
    let flip = |at: usize, bit: u8| {
        use std::os::unix::fs::FileExt;
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&[bytes[at] ^ bit], at as u64).unwrap();
        let found = check(&path, &key(), How::Full, &mut on);
        file.write_all_at(&bytes[at..=at], at as u64).unwrap();
        found
    };
    runner
        .run(&(places, 0u8..8), |(at, bit)| {
            prop_assert!(flip(at, 1 << bit).is_err(), "bit {} of byte {}", bit, at);
            Ok(())
        })
        .unwrap();
    assert!(check(&path, &key(), How::Full, &mut on).is_ok());
}

#[test]
fn a_partition_that_somebody_added_is_found() {
    let (_plan, folder, image) = medium(1);
    let stick = written(&image, 3);
    let path = folder.path().join("stick");
    fs::write(&path, &stick.borrow().bytes).unwrap();
    // Whoever does it keeps the table whole, as any tool does; firmware might boot from it.
    let more = ["--new=3:0:+1M", "--typecode=3:ef00", &path.to_string_lossy()].map(str::to_owned);
    let Some(output) = tool("sgdisk", &more.each_ref().map(String::as_str)) else { return };
    assert!(output.status.success(), "{}", said(&output));
    let error = check(&path, &key(), How::Quick, &mut on).unwrap_err();
    assert!(matches!(error, CheckError::OtherTable), "{error}");
}
