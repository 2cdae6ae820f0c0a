use std::io::Cursor;

use proptest::prelude::*;
use whiteglove_core::media::{Contents, Form, Item, MbrBoot, MediaPlan, Part, Spec};

use super::*;
use crate::testing::{built, extract, noise, spec};

fn stick() -> MediaPlan {
    stick_as(Form::Gpt)
}

fn stick_as(form: Form) -> MediaPlan {
    let data = vec![
        Item::inline("captures/0f3c.wgc", noise(1, 30_000)),
        Item::inline("captures/1A longer name than eight.WGC", noise(2, 1)),
        Item::inline("captures/notes.txt", b"not a capture".to_vec()),
        Item::inline("captures/PF1-20261125-101112.csv", b"hash".to_vec()),
        Item::inline("captures/PF1-20261125-101112.evidence.json", b"evidence".to_vec()),
        Item::inline("captures/PF1-20261125-101113.csv.part", b"ha".to_vec()),
        Item::inline("captures/PF2-Wed-11-25-2026-10-11-12-34.xml", b"report".to_vec()),
        Item::inline("captures/PF2-Wed-11-25-2026-10-11-12-34.xml.part", b"rep".to_vec()),
        Item::inline("order.csv", b"somebody's list".to_vec()),
        Item::inline("captures/empty.wgc", vec![]),
        Item::inline("captures/huge.wgc", noise(3, usize::try_from(MAX_BYTES).unwrap() + 1)),
        Item::directory("captures/folder.wgc"),
        Item::inline("README.TXT", b"x".to_vec()),
    ];
    let contents = Contents { boot: vec![], data, bios: None };
    MediaPlan::new(Spec { contents, form, boot_size: Some(34 << 20), data_size: Some(34 << 20), ..spec() }).unwrap()
}

fn collect(from: &Path) -> Result<(Vec<(String, usize)>, Summary), CaptureError> {
    let mut found = Vec::new();
    let summary = read(from, &mut |name, bytes| found.push((name.to_owned(), bytes.len())))?;
    Ok((found, summary))
}

fn expected() -> (Vec<(String, usize)>, Summary) {
    let skipped = vec![
        ("empty.wgc".to_owned(), "it is empty; the stick was pulled too early".to_owned()),
        ("huge.wgc".to_owned(), "it is too large to be a capture".to_owned()),
    ];
    let found = [
        ("0f3c.wgc", 30_000),
        ("1A longer name than eight.WGC", 1),
        ("PF1-20261125-101112.csv", 4),
        ("PF1-20261125-101112.evidence.json", 8),
        ("PF2-Wed-11-25-2026-10-11-12-34.xml", 6),
    ];
    (found.map(|(name, length)| (name.to_owned(), length)).into(), Summary { read: 5, skipped })
}

#[test]
fn captures_come_back_from_image_partition_and_folder() {
    let (_mbr_folder, mbr) = built(&stick_as(Form::Mbr(MbrBoot::Efi)));
    assert_eq!(collect(&mbr).unwrap(), expected());
    let plan = stick();
    let (folder, image) = built(&plan);
    assert_eq!(collect(&image).unwrap(), expected());
    assert_eq!(collect(extract(&plan, Part::Data, &image).path()).unwrap(), expected());

    let mounted = folder.path().join("mounted");
    fs::create_dir_all(mounted.join("captures/folder.wgc")).unwrap();
    fs::write(mounted.join("captures/0f3c.wgc"), noise(1, 30_000)).unwrap();
    fs::write(mounted.join("captures/1A longer name than eight.WGC"), noise(2, 1)).unwrap();
    fs::write(mounted.join("captures/empty.wgc"), []).unwrap();
    fs::write(mounted.join("captures/huge.wgc"), noise(3, usize::try_from(MAX_BYTES).unwrap() + 1)).unwrap();
    fs::write(mounted.join("captures/PF1-20261125-101112.csv"), "hash").unwrap();
    fs::write(mounted.join("captures/PF1-20261125-101112.evidence.json"), "evidence").unwrap();
    fs::write(mounted.join("captures/PF2-Wed-11-25-2026-10-11-12-34.xml"), "report").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", mounted.join("captures/link.wgc")).unwrap();
    assert_eq!(collect(&mounted).unwrap(), expected());
    // Whoever names the folder itself looks for lists in it, too: none is handed out twice.
    let (mut sealed, mut summary) = expected();
    sealed.retain(|(name, _)| is_sealed(name));
    summary.read = 2;
    assert_eq!(collect(&mounted.join("captures")).unwrap(), (sealed, summary));
}

#[test]
fn the_same_bytes_come_back() {
    let (_folder, image) = built(&stick());
    let mut first = None;
    read(&image, &mut |_, bytes| {
        first.get_or_insert(bytes);
    })
    .unwrap();
    assert_eq!(first, Some(noise(1, 30_000)));
}

#[test]
fn a_stick_that_is_not_ours_is_a_clear_problem() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    assert!(matches!(collect(&path), Err(CaptureError::Read { .. })));
    assert!(matches!(collect(folder.path()), Err(CaptureError::NoFolder { .. })));
    assert!(matches!(collect(Path::new("/dev/null")), Err(CaptureError::Read { .. })));
    for bytes in [vec![], vec![0; 100], noise(1, 3 << 20), vec![0xff; 3 << 20]] {
        fs::write(&path, bytes).unwrap();
        let error = collect(&path).unwrap_err();
        assert!(matches!(error, CaptureError::NoVolume { .. }), "{error}");
        assert!(!error.problem().next.is_empty());
    }
    // Ours, but the folder was deleted.
    let plan = MediaPlan::new(Spec { contents: Contents::default(), ..spec() }).unwrap();
    let (_folder, image) = built(&plan);
    assert!(matches!(collect(&image), Err(CaptureError::NoFolder { .. })));
}

#[test]
fn a_directory_that_leads_back_to_itself_ends() {
    let plan = stick();
    let (_folder, image) = built(&plan);
    let mut bytes = fs::read(&image).unwrap();
    let data = plan.partition(Part::Data).unwrap();
    let captures = data.volume.directories.iter().find(|d| d.path == "/captures").unwrap();
    let at = |offset: u64| usize::try_from(data.offset() + offset).unwrap();
    // Its one cluster is followed by itself, and is full of deleted entries.
    let fat = at(u64::from(data.volume.geometry.reserved) * 512) + usize::try_from(captures.first_cluster).unwrap() * 4;
    bytes[fat..fat + 4].copy_from_slice(&captures.first_cluster.to_le_bytes());
    let cluster = at(data.volume.geometry.cluster_offset(captures.first_cluster));
    for slot in bytes[cluster..cluster + 512].chunks_mut(32) {
        slot[0] = 0xe5;
    }
    fs::write(&image, bytes).unwrap();
    let (found, summary) = collect(&image).unwrap();
    assert_eq!(found, []);
    assert!(summary.skipped[0].1.contains("circles"), "{summary:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever happened to a stick, reading it ends, and in words.
    #[test]
    fn nonsense_is_survived(hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u32>()), 1..40)) {
        thread_local!(static GOOD: (MediaPlan, Vec<u8>) = {
            let plan = stick();
            let (_folder, image) = built(&plan);
            let bytes = fs::read(image).unwrap();
            (plan, bytes)
        });
        GOOD.with(|(plan, good)| {
            let data = plan.partition(Part::Data).unwrap();
            let start = usize::try_from(data.offset()).unwrap();
            let mut volume = good[start..].to_vec();
            // Where structures are: boot sector and FSInfo, the FAT's beginning, the directories.
            let fat = usize::from(data.volume.geometry.reserved) * 512;
            let clusters = usize::try_from(data.volume.geometry.data_offset()).unwrap();
            let places: Vec<usize> = (11..96).chain(512..1024).chain(fat..fat + 64).chain(clusters..clusters + 2048).collect();
            for (index, value) in hits {
                let at = places[index.index(places.len())];
                volume[at..at + 4].copy_from_slice(&value.to_le_bytes());
            }
            let size = volume.len() as u64;
            let _ = read_disk(&mut Cursor::new(volume), size, &mut |_, bytes| assert!(bytes.len() as u64 <= MAX_BYTES));
        });
    }
}

/// CRC-32 as GPT wants it.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[test]
fn a_forged_partition_table_is_refused_and_not_believed() {
    let (_folder, image) = built(&stick());
    let good = fs::read(&image).unwrap();
    // Entry size, entry count, place of the entries: each with a checksum that fits.
    for (at, value) in [(84, 256u32), (80, u32::MAX), (72, 0xffff_fff0)] {
        let mut bad = good.clone();
        let last = bad.len() - 512;
        for header in [512, last] {
            let header = &mut bad[header..header + 92];
            header[at..at + 4].copy_from_slice(&value.to_le_bytes());
            header[16..20].fill(0);
            let sum = crc(header).to_le_bytes();
            header[16..20].copy_from_slice(&sum);
        }
        fs::write(&image, bad).unwrap();
        assert!(matches!(collect(&image), Err(CaptureError::NoVolume { .. })), "{at}");
    }
}
