use super::{
    super::{Contents, Form, Item, MediaPlan, PlanError, Spec},
    *,
};
use crate::media_card::MediaId;

fn plan(bios: Option<Vec<u8>>, boot: Vec<Item>) -> Result<MediaPlan, PlanError> {
    let contents = Contents { boot, data: vec![], bios };
    MediaPlan::new(Spec { media: MediaId([0x5a; 16]), form: Form::Iso, contents, boot_size: None, data_size: None })
}

fn boot() -> Vec<Item> {
    vec![
        Item::host("EFI/BOOT/BOOTX64.EFI", 950_000, "/boot/shim".into()),
        Item::inline("boot/media.cpio", vec![1; 700]),
        Item::inline("README.TXT", b"words".to_vec()),
        Item::inline("boot/A long name of a file.txt", vec![2; 3000]),
        Item::inline("boot/empty", vec![]),
    ]
}

fn little(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// Names, first sectors and lengths of a directory, as a reader walks it.
fn listed(disc: &Disc, sector: u32, length: u32) -> Vec<(Vec<u8>, u32, u32, bool)> {
    let at = usize::try_from(u64::from(sector) * SECTOR - HEAD).unwrap();
    let mut found = vec![];
    for sector in disc.tree[at..at + usize::try_from(length).unwrap()].chunks(SIZE) {
        let mut rest = sector;
        while let Some(&length) = rest.first().filter(|length| **length > 0) {
            let (record, after) = rest.split_at(usize::from(length));
            let name = record[33..33 + usize::from(record[32])].to_vec();
            assert_eq!(u32::from_be_bytes(record[6..10].try_into().unwrap()), little(record, 2));
            found.push((name, little(record, 2), little(record, 10), record[25] == 2));
            rest = after;
        }
    }
    found
}

#[test]
fn both_trees_lead_to_the_bytes_of_the_volume() {
    let plan = plan(Some(vec![7; 5000]), boot()).unwrap();
    let disc = plan.disc.as_ref().unwrap();
    let boot = &plan.partitions[0];
    for (at, wanted) in [(0, &b"BOOT"[..]), (2 * SIZE, b"\0b\0o\0o\0t")] {
        let descriptor = &disc.descriptors[at..at + SIZE];
        assert_eq!(u64::from(little(descriptor, 80)) * SECTOR, plan.size);
        let root = listed(disc, little(descriptor, 158), little(descriptor, 166));
        let below = root.iter().find(|(name, ..)| name == wanted).unwrap();
        assert!(below.3);
        let files = listed(disc, below.1, below.2);
        let sizes: Vec<u32> = files[2..].iter().map(|(_, _, size, _)| *size).collect();
        assert_eq!(sizes.iter().sum::<u32>(), 3700);
        for (_, sector, size, _) in &files[2..] {
            let file =
                boot.volume.files.iter().find(|file| file.size == u64::from(*size) && file.path.starts_with("/boot"));
            let file = file.unwrap();
            let place = boot.offset() + boot.volume.geometry.cluster_offset(file.first_cluster);
            assert_eq!(u64::from(*sector) * SECTOR, if *size == 0 { 0 } else { place });
        }
    }
}

#[test]
fn the_catalog_names_the_volume_for_uefi_and_the_program_for_a_bios() {
    let volume = |plan: &MediaPlan| u32::try_from(plan.partitions[0].offset() / SECTOR).unwrap();
    let with = plan(Some(vec![7; 5000]), boot()).unwrap();
    let catalog = &with.disc.as_ref().unwrap().descriptors[4 * SIZE..];
    assert_eq!((catalog[1], catalog[32], catalog[64], catalog[65]), (X86, 0x88, 0x91, EFI));
    let program = little(catalog, 40);
    assert_eq!(little(catalog, 96 + 8), volume(&with));
    let at = usize::try_from(u64::from(program) * SECTOR - HEAD).unwrap();
    let tree = &with.disc.as_ref().unwrap().tree;
    let sum = 0x0707_0707_u32.wrapping_mul((5000 - 64) / 4);
    assert_eq!(
        [little(tree, at + 8), little(tree, at + 12), little(tree, at + 16), little(tree, at + 20)],
        [16, program, 5000, sum]
    );

    let without = plan(None, boot()).unwrap();
    let catalog = &without.disc.as_ref().unwrap().descriptors[4 * SIZE..];
    assert_eq!((catalog[1], catalog[32], catalog[64]), (EFI, 0x88, 0));
    assert_eq!(little(catalog, 40), volume(&without));
    let sum = catalog[..32].chunks(2).fold(0_u16, |sum, word| sum.wrapping_add(u16::from_le_bytes([word[0], word[1]])));
    assert_eq!(sum, 0);
}

#[test]
fn names_that_collide_when_they_are_short_are_numbered() {
    let many = (0..300).map(|n| Item::inline(format!("a/This is file {n:03}+.data"), vec![1; 10])).collect();
    let plan = plan(None, many).unwrap();
    let disc = plan.disc.as_ref().unwrap();
    let root = listed(disc, little(&disc.descriptors, 158), little(&disc.descriptors, 166));
    let (_, sector, length, _) = root.iter().find(|(name, ..)| name == b"A").unwrap();
    let names: Vec<_> = listed(disc, *sector, *length).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names.len(), 302);
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 302);
    let allowed = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"_.;".contains(byte);
    assert!(names[2..].iter().all(|name| name.len() <= 14 && name.iter().all(allowed)));
    assert!(names[2..].is_sorted());
}

#[test]
fn what_no_disc_can_name_is_refused() {
    let long = format!("{}.txt", "x".repeat(100));
    assert!(matches!(plan(None, vec![Item::inline(long, vec![])]), Err(PlanError::Disc(DiscError::LongName { .. }))));
    let refused = plan(None, vec![Item::inline("a;b", vec![])]).unwrap_err();
    assert_eq!(refused.problem().next, "Rename the file, or build a stick.");
}

#[test]
fn a_disc_has_what_both_volumes_of_a_stick_have_once() {
    let contents = Contents {
        boot: vec![Item::inline("README.TXT", b"boot".to_vec()), Item::inline("a.cmd", vec![])],
        data: vec![
            Item::directory("captures"),
            Item::inline("readme.txt", b"data".to_vec()),
            Item::inline("x/y", vec![]),
        ],
        bios: None,
    };
    let paths: Vec<_> = contents.read_only().boot.iter().map(|item| item.path().to_owned()).collect();
    assert_eq!(paths, ["README.TXT", "a.cmd", "x/y"]);
}
