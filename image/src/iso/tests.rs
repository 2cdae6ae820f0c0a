use std::{collections::BTreeMap, fs, io::Cursor, process::Command};

use sha2::{Digest, Sha256};
use whiteglove_core::media::{Contents, Form, Item, MediaPlan, Spec};

use super::*;
use crate::{
    media::build_file,
    testing::{digests::digests, noise, on, spec},
    verify::{VerifyError, verify},
};

fn plan(bios: bool) -> MediaPlan {
    let boot = vec![
        Item::inline("EFI/BOOT/BOOTX64.EFI", noise(1, 900_000)),
        Item::inline("boot/initrd.zst", noise(2, 5_000_001)),
        Item::inline("boot/empty", vec![]),
        Item::inline("README.TXT", b"words\r\n".to_vec()),
        Item::inline("Drivers/A network adapter (64 bit), v1.2/setup information.inf", noise(3, 70_000)),
    ];
    let many = (0..200).map(|n| Item::inline(format!("many/This is file {n:03} of them.bin"), noise(n, 100)));
    let contents =
        Contents { boot: boot.into_iter().chain(many).collect(), data: vec![], bios: bios.then(|| noise(9, 40_000)) };
    MediaPlan::new(Spec { form: Form::Iso, contents, boot_size: None, data_size: None, ..spec() }).unwrap()
}

fn built(plan: &MediaPlan) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disc.iso");
    build_file(plan, &path, &mut on).unwrap();
    (folder, path)
}

fn succeeds(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|_| panic!("{program} is missing"));
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {text}");
    text
}

fn planned(plan: &MediaPlan) -> BTreeMap<String, [u8; 32]> {
    let files = plan.partitions[0].volume.files.iter();
    let one = |file: &whiteglove_core::media::volume::File| match &file.source {
        whiteglove_core::media::Source::Inline(bytes) => {
            (file.path.trim_start_matches('/').to_owned(), Sha256::digest(bytes).into())
        }
        other => panic!("{other:?}"),
    };
    files.map(one).collect()
}

#[test]
fn readers_we_did_not_write_find_every_file_by_its_long_and_its_short_name() {
    let plan = plan(true);
    let (folder, path) = built(&plan);
    let disc = path.to_str().unwrap();
    let out = folder.path().join("out");
    succeeds("7z", &["x", "-y", &format!("-o{}", out.display()), disc]);
    let mut found = digests(&out);
    // 7z shows what is booted as files too.
    found.retain(|name, _| !name.starts_with("[BOOT]"));
    assert_eq!(found, planned(&plan));

    // The primary tree: other names, the same bytes.
    let short = succeeds("isoinfo", &["-i", disc, "-f"]);
    assert_eq!(
        short.lines().filter(|line| line.contains(';')).count(),
        plan.partitions[0].volume.files.len(),
        "{short}"
    );
    let loader = Command::new("isoinfo").args(["-i", disc, "-x", "/EFI/BOOT/BOOTX64.EFI;1"]).output().unwrap().stdout;
    assert_eq!(loader, noise(1, 900_000));
    let toc = succeeds("xorriso", &["-indev", disc, "-report_el_torito", "plain", "-pvd_info"]);
    assert!(toc.contains("platform_id=0x00") || toc.contains("BIOS"), "{toc}");
    assert!(toc.contains("UEFI"), "{toc}");
}

#[test]
fn the_volume_for_uefi_is_a_clean_fat_and_holds_the_same() {
    let plan = plan(false);
    let (folder, path) = built(&plan);
    let (_, offset, length) = Disc::of(&plan).stretch();
    let image = fs::read(&path).unwrap();
    assert_eq!(image.len() as u64, offset + length);
    let volume = folder.path().join("volume");
    fs::write(&volume, &image[usize::try_from(offset).unwrap()..]).unwrap();
    succeeds("fsck.vfat", &["-n", volume.to_str().unwrap()]);
    let out = folder.path().join("fat");
    fs::create_dir(&out).unwrap();
    succeeds("mcopy", &["-s", "-n", "-i", volume.to_str().unwrap(), "::*", out.to_str().unwrap()]);
    assert_eq!(digests(&out), planned(&plan));
}

#[test]
fn a_disc_verifies_and_any_changed_byte_of_it_is_found() {
    let plan = plan(true);
    let (_folder, path) = built(&plan);
    verify(&path, Some(&plan), &mut on).unwrap();
    let whole = fs::read(&path).unwrap();
    let (_, volume, _) = Disc::of(&plan).stretch();
    for at in [16 * 2048 + 80, 20 * 2048 + 40, 64 << 10, 1 << 20, volume + 3, volume + (3 << 20)] {
        let mut bytes = whole.clone();
        bytes[usize::try_from(at).unwrap()] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(verify(&path, None, &mut on).is_err(), "byte {at}");
    }
}

#[test]
fn the_same_plan_gives_the_same_disc() {
    let (_one, first) = built(&plan(true));
    let (_other, second) = built(&plan(true));
    assert_eq!(Sha256::digest(fs::read(first).unwrap()), Sha256::digest(fs::read(second).unwrap()));
}

#[test]
fn a_disc_is_not_written_to_a_stick() {
    let (_folder, path) = built(&plan(false));
    let refused = crate::write::source::Image::open(&path).unwrap_err();
    assert!(matches!(refused, VerifyError::Disc));
    assert!(refused.problem().next.contains("--form gpt"));
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]
    #[test]
    fn any_descriptors_are_read_or_refused(at in 0_usize..5 * 2048, byte in 0_u8..=255, size in 0_u64..1 << 30) {
        let mut bytes = vec![0; 32 << 10];
        bytes.extend(plan(true).disc.unwrap().descriptors);
        bytes[(32 << 10) + at] = byte;
        if let Ok(disc) = Disc::read(&mut Cursor::new(bytes), size) {
            let (_, offset, length) = disc.stretch();
            proptest::prop_assert!(offset + length <= size);
        }
    }
}
