//! An ISO with the shape of Windows' own, and what the command says of it. Nothing of Microsoft's is in it.

use std::fs;

use serde_json::Value;

use crate::support::{
    Bench,
    windows_iso::{Install, Shape},
};

#[test]
fn a_disc_says_what_is_on_it() {
    let bench = Bench::without_boot_environment();
    let iso = Shape::default().make(bench.folder.path()).to_str().unwrap().to_owned();
    let words = bench.says(&["media", "windows", &iso]);
    assert!(words.contains("UDF 'CCCOMA_X64FRE'"), "{words}");
    assert!(words.contains("efi/boot/bootx64.efi  cannot be judged: it is not an EFI program"), "{words}");
    let starts: Vec<_> = words.lines().filter(|line| line.ends_with("starts")).collect();
    assert_eq!(starts.len(), 1, "{words}");
    assert!(starts[0].contains("Windows Setup (x64)") && starts[0].contains("x64"), "{words}");
    let json: Value = serde_json::from_str(&bench.says(&["media", "windows", &iso, "--json"])).unwrap();
    assert_eq!(json["wims"][0]["images"][0]["name"], "Microsoft Windows PE (x64)");
    assert_eq!(json["wims"][0]["boot_index"], 2);
}

#[test]
fn half_a_download_and_another_disc_are_told_apart() {
    let bench = Bench::without_boot_environment();
    let iso = Shape::default().make(bench.folder.path()).to_str().unwrap().to_owned();
    let bytes = fs::read(&iso).unwrap();
    // The image's last part, and the padding behind it, are missing.
    fs::write(&iso, &bytes[..bytes.len() / 2]).unwrap();
    let words = bench.complains(&["media", "windows", &iso]);
    assert!(words.contains("download") || words.contains("Download"), "{words}");
    fs::write(&iso, "<html>Your session has expired</html>").unwrap();
    let words = bench.complains(&["media", "windows", &iso]);
    assert!(words.contains("neither a UDF nor an ISO 9660"), "{words}");
}

#[test]
fn every_shape_of_a_disc_says_what_it_has() {
    let bench = Bench::without_boot_environment();
    let shapes = [
        (Shape::default(), &["sources/boot.wim", "sources/install.wim"][..]),
        (
            Shape { install: Install::Esd, loader_ex: None, ..Shape::default() },
            &["sources/boot.wim", "sources/install.esd"],
        ),
        (Shape { install: Install::None, architecture: 12, ..Shape::default() }, &["sources/boot.wim"]),
    ];
    for (shape, wims) in shapes {
        let iso = shape.make(bench.folder.path());
        let json: Value =
            serde_json::from_str(&bench.says(&["media", "windows", iso.to_str().unwrap(), "--json"])).unwrap();
        let found: Vec<_> = json["wims"].as_array().unwrap().iter().map(|wim| wim["path"].as_str().unwrap()).collect();
        assert_eq!(found, wims, "{json}");
    }
}
