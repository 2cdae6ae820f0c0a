//! One content in every form, through the real binary: the same files with the same bytes.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::support::{Bench, digests::digests, tool};

/// Digests of files, by path in lower case, as FAT compares names.
type Files = BTreeMap<String, [u8; 32]>;

fn build(bench: &Bench, form: &str, name: &str) -> PathBuf {
    let path = bench.folder.path().join(name);
    bench.says(&["media", "build", "--form", form, "--out", path.to_str().unwrap()]);
    path
}

fn files(folder: &Path) -> Files {
    digests(folder).into_iter().map(|(path, digest)| (path.to_lowercase(), digest)).collect()
}

fn unpacked(bench: &Bench, name: &str, program: &str, arguments: &[&str]) -> Files {
    let out = bench.folder.path().join(name);
    fs::create_dir(&out).unwrap();
    let out = out.to_str().unwrap();
    let arguments: Vec<String> = arguments.iter().map(|word| word.replace("OUT", out)).collect();
    let (good, words) = tool(program, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(good, "{words}");
    files(Path::new(out))
}

/// Each medium has a card and a manifest of its own, and a disc has other words for its finder.
const OWN: [&str; 5] =
    ["boot/media.cpio", "whiteglove/manifest.json", "whiteglove/manifest.sig", "readme.txt", "stick.id"];

#[test]
fn every_form_holds_the_same_files() {
    let bench = Bench::started();
    let boot_volume = |form: &str| {
        let image = build(&bench, form, &format!("{form}.img"));
        let at = format!("{}@@1M", image.display());
        unpacked(&bench, &format!("{form}-files"), "mcopy", &["-s", "-n", "-i", &at, "::*", "OUT"])
    };
    let (gpt, mbr, mbr_efi) = (boot_volume("gpt"), boot_volume("mbr"), boot_volume("mbr-efi"));
    let disc = build(&bench, "iso", "disc.iso");
    let mut disc = unpacked(&bench, "disc-files", "7z", &["x", "-y", "-oOUT", disc.to_str().unwrap()]);
    disc.retain(|name, _| !name.starts_with("[boot]"));
    let common = |files: &Files| -> Files {
        files.iter().filter(|(name, _)| !OWN.contains(&name.as_str())).map(|(n, d)| (n.clone(), *d)).collect()
    };
    let gpt = common(&gpt);
    assert!(gpt.len() >= 8, "{gpt:?}");
    assert_eq!(common(&mbr), gpt);
    assert_eq!(common(&mbr_efi), gpt);
    for (name, digest) in &gpt {
        // The letters find their scripts beside themselves on a disc, as on the data volume.
        assert_eq!(disc.get(name), Some(digest), "{name}");
    }
    assert!(disc.contains_key("whiteglove/capture.ps1"), "the scripts are on it too");

    // A server gives out the same programs, under the names that loaders ask a server for.
    let tree = files(&build(&bench, "tree", "tree"));
    for (ours, theirs) in [
        ("efi/boot/bootx64.efi", "shimx64.efi"),
        ("boot/vmlinuz", "boot/vmlinuz"),
        ("boot/initrd.zst", "boot/initrd.zst"),
    ] {
        assert_eq!(gpt.get(ours), tree.get(theirs), "{ours}: {:?}", tree.keys());
    }
}

#[test]
fn every_form_is_what_the_bench_made_until_a_byte_of_it_changes() {
    let bench = Bench::started();
    for (form, name) in [("gpt", "a.img"), ("mbr", "b.img"), ("iso", "c.iso")] {
        let path = build(&bench, form, name);
        let file = path.to_str().unwrap();
        bench.says(&["media", "verify", file]);
        assert!(bench.says(&["media", "check", "--full", file]).contains("is what the bench made"));
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.windows(10).position(|window| window == b"vmlinuz of").unwrap();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        bench.complains(&["media", "verify", file]);
        bench.complains(&["media", "check", "--full", file]);
    }
}

#[test]
fn a_plan_is_printed_and_nothing_is_written() {
    let bench = Bench::new();
    for (form, words) in [
        ("gpt", "basic data, FAT32"),
        ("mbr", "0x0C active, FAT32"),
        ("mbr-efi", "0xEF, FAT32"),
        ("iso", "ISO 9660 for UEFI only"),
        ("tree", "shimx64.efi"),
    ] {
        let plan = bench.says(&["media", "plan", "--form", form]);
        assert!(plan.contains(words), "{plan}");
    }
    assert!(!bench.state().join("journal.db").exists() && !bench.state().join("media").exists());
    let refused = bench.complains(&["media", "plan", "--form", "floppy"]);
    assert!(refused.contains("gpt, mbr, mbr-efi, iso, tree"), "{refused}");
    let refused = bench.complains(&["media", "plan", "--add", "/nowhere"]);
    assert!(refused.contains("/nowhere"), "{refused}");
}
