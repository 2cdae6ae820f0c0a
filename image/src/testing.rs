//! What the tests of images and sticks share: small media, and the tools of other people that judge them.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

pub(crate) mod digests;
pub(crate) mod stick;

use tempfile::TempDir;
use whiteglove_core::{
    clock::Moment,
    control::Progress,
    media::{Contents, Form, Item, MediaPlan, Part, Spec, sign::Signer, stick::StickId},
    media_card::{ARCHIVE, BoxKey, MediaCard, MediaId, MediaToken},
    sticks::health::Name,
};

use crate::write::Issue;

pub(crate) fn on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Bytes that differ from place to place and from seed to seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A small medium with everything that has ever been a special case.
pub(crate) fn items() -> Vec<Item> {
    vec![
        Item::inline("EFI/BOOT/BOOTX64.EFI", noise(1, 950_001)),
        Item::inline("EFI/BOOT/grub.cfg", noise(2, 511)),
        Item::inline("EFI/debian/grub.cfg", noise(3, 512)),
        Item::inline("boot/vmlinuz", noise(4, 8_500_000)),
        Item::inline("boot/initrd.zst", noise(5, 4096)),
        Item::inline("boot/media.cpio", noise(6, 4097)),
        Item::inline("boot/empty", vec![]),
        Item::inline("README.TXT", b"If found, please return.\r\n".to_vec()),
        Item::inline("A rather long name, with spaces.text", noise(7, 1)),
        Item::inline("A rather long name, with commas.text", noise(8, 2)),
        Item::inline("thirteen unit", noise(9, 3)),
        Item::inline("\u{dc}ml\u{e4}ute \u{1f600}.txt", noise(10, 4)),
        Item::inline("deep/er/and/deep er/still/file.bin", noise(11, 70_000)),
        Item::directory("nothing here"),
    ]
}

pub(crate) fn spec() -> Spec {
    Spec {
        media: MediaId([0x5a; 16]),
        form: Form::Gpt,
        contents: Contents {
            boot: items(),
            data: vec![Item::directory("captures"), Item::inline("README.TXT", b"Captures go here.\r\n".to_vec())],
            bios: None,
        },
        boot_size: Some(64 << 20),
        data_size: Some(40 << 20),
    }
}

/// The same with something else on its boot volume.
pub(crate) fn spec_with(boot: Vec<Item>) -> Spec {
    let spec = spec();
    Spec { contents: Contents { boot, ..spec.contents }, ..spec }
}

pub(crate) fn plan() -> MediaPlan {
    MediaPlan::new(spec()).unwrap()
}

/// The smallest medium: two volumes of 33 MiB, a few MiB of content.
pub(crate) fn small() -> (MediaPlan, TempDir, PathBuf) {
    small_with(1)
}

/// The same with another loader.
pub(crate) fn small_with(seed: u64) -> (MediaPlan, TempDir, PathBuf) {
    let loader = Item::inline("EFI/BOOT/BOOTX64.EFI", noise(seed, 5_000_000));
    let boot = vec![loader, Item::inline("boot/x", noise(2, 9_000_000))];
    let spec = Spec { boot_size: Some(33 << 20), data_size: Some(33 << 20), ..spec_with(boot) };
    let plan = MediaPlan::new(spec).unwrap();
    let (folder, path) = built(&plan);
    (plan, folder, path)
}

/// What a medium with cards has for an archive of them.
pub(crate) fn cards(plan_of: MediaId) -> Item {
    let card = MediaCard {
        media: plan_of,
        box_key: BoxKey([1; 32]),
        token: MediaToken::new([2; 32]),
        endpoints: vec![],
        batch: "autumn".into(),
        bench: "bench-1".into(),
        data_volume: Some(Part::Data.serial(plan_of)),
    };
    Item::inline(ARCHIVE, crate::boot::media_cpio(&card.to_json().unwrap()).unwrap())
}

/// As [`small_with`], for sticks that get a number.
pub(crate) fn carded(seed: u64) -> (MediaPlan, TempDir, PathBuf) {
    let loader = Item::inline("EFI/BOOT/BOOTX64.EFI", noise(seed, 5_000_000));
    let boot = vec![loader, Item::inline("boot/x", noise(2, 9_000_000)), cards(spec().media)];
    let contents = Contents { boot, ..spec().contents };
    let spec = Spec { contents, boot_size: Some(33 << 20), data_size: Some(33 << 20), ..spec() };
    let plan = MediaPlan::new(spec).unwrap();
    let (folder, path) = built(&plan);
    (plan, folder, path)
}

/// A stick is to be one of its own.
pub(crate) fn issue(stick: u8) -> Issue {
    Issue {
        stick: StickId([stick; 16]),
        written: Moment::from_millis(1_764_000_000_000),
        operator: "Jana".into(),
        tool: "0.1.0".into(),
        usb: Name::of(&self::stick::disk(1)),
        signer: Arc::new(Signer::from_seed(&[9; 32])),
    }
}

/// Builds a plan into a fresh folder.
pub(crate) fn built(plan: &MediaPlan) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("stick.img");
    crate::media::build_file(plan, &path, &mut on).unwrap();
    (folder, path)
}

/// Runs somebody else's tool, or says that it is not there.
pub(crate) fn tool(name: &str, args: &[&str]) -> Option<Output> {
    let found =
        ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].iter().map(|dir| Path::new(dir).join(name)).find(|p| p.exists());
    let Some(found) = found else {
        eprintln!("SKIPPED: {name} is not installed, so nobody else judged this image");
        return None;
    };
    Some(Command::new(found).args(args).env("MTOOLS_SKIP_CHECK", "0").env("LC_ALL", "C.UTF-8").output().unwrap())
}

/// Another's program that has to be there and to succeed; what it said.
pub(crate) fn succeeds(command: &mut Command) -> String {
    let output = command.env("LC_ALL", "C.UTF-8").output();
    let output = output.unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// `sgdisk -v` or `sfdisk --verify`, and `fsck.vfat -n`, find nothing to complain about.
pub(crate) fn assert_clean(plan: &MediaPlan, disk: &Path) {
    let (judge, option, praise) = match plan.form {
        Form::Gpt => ("sgdisk", "-v", "No problems found"),
        Form::Mbr(_) => ("sfdisk", "--verify", "No errors detected"),
        Form::Iso => panic!("a disc has no table"),
    };
    if let Some(output) = tool(judge, &[option, &disk.to_string_lossy()]) {
        let text = said(&output);
        assert!(output.status.success() && text.contains(praise), "{judge}: {text}");
        assert!(!text.contains("Caution") && !text.contains("Warning"), "{judge}: {text}");
    }
    for part in [Part::Boot, Part::Data] {
        let volume = extract(plan, part, disk);
        if let Some(output) = tool("fsck.vfat", &["-n", &volume.path().to_string_lossy()]) {
            let text = said(&output);
            // Its name and version, and a count of files: any other line is a complaint.
            assert!(output.status.success() && text.lines().count() == 2, "fsck.vfat on {part:?}: {text}");
        }
    }
}

/// A partition by itself in a file, as `fsck.vfat` takes no offset.
pub(crate) fn extract(plan: &MediaPlan, part: Part, disk: &Path) -> tempfile::NamedTempFile {
    let partition = plan.partition(part).unwrap();
    let mut disk = File::open(disk).unwrap();
    disk.seek(SeekFrom::Start(partition.offset())).unwrap();
    let mut out = tempfile::NamedTempFile::new().unwrap();
    let length = partition.sectors() * 512;
    std::io::copy(&mut disk.take(length), out.as_file_mut()).unwrap();
    out.as_file_mut().flush().unwrap();
    out
}

/// A used medium: a file full of one byte, standing for a stick.
pub(crate) fn dirty(folder: &Path, name: &str, size: u64, fill: u8) -> PathBuf {
    let path = folder.join(name);
    let mut file = File::create(&path).unwrap();
    let block = vec![fill; 1 << 20];
    let mut left = size;
    while left > 0 {
        let length = left.min(1 << 20);
        file.write_all(&block[..usize::try_from(length).unwrap()]).unwrap();
        left -= length;
    }
    fs::canonicalize(path).unwrap()
}
