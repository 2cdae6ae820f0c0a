//! An ISO with the shape of Windows' own, and what the command says of it. Nothing of Microsoft's is in it.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{Bench, tool};

/// UDF beside ISO 9660, two images in `boot.wim`, of which the second starts, as on Windows' discs.
fn disc(folder: &Path) -> String {
    let (tree, iso) = (folder.join("disc"), folder.join("win.iso"));
    for inside in ["efi/boot", "sources"] {
        fs::create_dir_all(tree.join(inside)).unwrap();
    }
    fs::write(tree.join("efi/boot/bootx64.efi"), "MZ, but no program").unwrap();
    let image = folder.join("image");
    fs::create_dir_all(image.join("Windows/System32")).unwrap();
    fs::write(image.join("setup.exe"), vec![7; 5000]).unwrap();
    let wim = tree.join("sources/boot.wim");
    let (image, wim) = (image.to_str().unwrap(), wim.to_str().unwrap());
    let about = ["--image-property", "WINDOWS/ARCH=9", "--image-property", "WINDOWS/VERSION/BUILD=26100"];
    let first = [&["capture", image, wim, "Windows PE (x64)", "--compress=LZX"][..], &about].concat();
    let second = [&["append", image, wim, "Windows Setup (x64)", "--boot"][..], &about].concat();
    for arguments in [first, second] {
        let (good, text) = tool("wimlib-imagex", &arguments);
        assert!(good, "{text}");
    }
    let (good, text) = tool(
        "genisoimage",
        &["-quiet", "-udf", "-V", "CCCOMA_X64FRE", "-o", iso.to_str().unwrap(), tree.to_str().unwrap()],
    );
    assert!(good, "{text}");
    iso.to_str().unwrap().to_owned()
}

#[test]
fn a_disc_says_what_is_on_it() {
    let bench = Bench::without_boot_environment();
    let iso = disc(bench.folder.path());
    let words = bench.says(&["media", "windows", &iso]);
    assert!(words.contains("UDF 'CCCOMA_X64FRE'"), "{words}");
    assert!(words.contains("efi/boot/bootx64.efi  cannot be judged: it is not an EFI program"), "{words}");
    let starts: Vec<_> = words.lines().filter(|line| line.ends_with("starts")).collect();
    assert_eq!(starts.len(), 1, "{words}");
    assert!(starts[0].contains("Windows Setup (x64)") && starts[0].contains("x64"), "{words}");
    let json: Value = serde_json::from_str(&bench.says(&["media", "windows", &iso, "--json"])).unwrap();
    assert_eq!(json["wims"][0]["images"][0]["name"], "Windows PE (x64)");
    assert_eq!(json["wims"][0]["boot_index"], 2);
}

#[test]
fn half_a_download_and_another_disc_are_told_apart() {
    let bench = Bench::without_boot_environment();
    let iso = disc(bench.folder.path());
    let bytes = fs::read(&iso).unwrap();
    // The image's last part, and the padding behind it, are missing.
    fs::write(&iso, &bytes[..600_000.min(bytes.len() / 2)]).unwrap();
    let words = bench.complains(&["media", "windows", &iso]);
    assert!(words.contains("download") || words.contains("Download"), "{words}");
    fs::write(&iso, "<html>Your session has expired</html>").unwrap();
    let words = bench.complains(&["media", "windows", &iso]);
    assert!(words.contains("neither a UDF nor an ISO 9660"), "{words}");
}
