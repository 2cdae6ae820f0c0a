//! The export for other people's boot servers, as a tree of files. tests/qemu boots one.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::{Value, json};

use crate::support::{Bench, tool};

fn files(folder: &Path) -> Vec<String> {
    let (listed, text) = tool("find", &[folder.to_str().unwrap(), "-type", "f", "-printf", "%P\n"]);
    assert!(listed, "{text}");
    let mut names: Vec<_> = text.lines().map(str::to_owned).collect();
    names.sort();
    names
}

#[test]
fn an_export_is_the_boot_environment_under_the_names_loaders_ask_for() {
    let bench = Bench::started();
    let tree = bench.folder.path().join("srv/boot");
    bench.says(&["netboot", "export", tree.to_str().unwrap()]);
    let expected = [
        "README.TXT",
        "boot.ipxe",
        "boot/initrd.zst",
        "boot/media.cpio",
        "boot/vmlinuz",
        "dnsmasq.conf",
        "grub/grub.cfg",
        "grubx64.efi",
        "memtest.bin",
        "memtest.efi",
        "memtest.ipxe",
        "mmx64.efi",
        "nginx.conf",
        "shimx64.efi",
        "undionly.kpxe",
    ];
    assert_eq!(files(&tree), expected);
    let environment = bench.boot_environment();
    for (name, from) in [
        ("shimx64.efi", "shimx64.efi"),
        // shim asks for this name; over the network it has to be the other GRUB.
        ("grubx64.efi", "grubnetx64.efi"),
        ("boot/vmlinuz", "vmlinuz"),
        ("boot/initrd.zst", "initrd.zst"),
        ("undionly.kpxe", "undionly.kpxe"),
    ] {
        assert!(fs::read(tree.join(name)).unwrap() == fs::read(environment.join(from)).unwrap(), "{name}");
    }
    // Servers run as somebody else.
    for name in expected {
        assert_eq!(fs::metadata(tree.join(name)).unwrap().permissions().mode() & 0o777, 0o644, "{name}");
    }
    for folder in ["", "grub", "boot"] {
        assert_eq!(fs::metadata(tree.join(folder)).unwrap().permissions().mode() & 0o777, 0o755, "{folder}");
    }
    // Loaders of all kinds find their way: none is handed itself again.
    let dnsmasq = fs::read_to_string(tree.join("dnsmasq.conf")).unwrap();
    for line in ["dhcp-boot=tag:ipxe,boot.ipxe", "dhcp-boot=tag:bios,tag:!ipxe,undionly.kpxe"] {
        assert!(dnsmasq.lines().any(|other| other == line), "{line}");
    }
    // The bench takes what boots from it, and the medium can be revoked like any other.
    let list = bench.says(&["media", "list"]);
    let number = list.split_whitespace().next().unwrap();
    assert!(fs::read_to_string(tree.join("README.TXT")).unwrap().contains(number));
    bench.says(&["media", "revoke", number]);
}

#[test]
fn an_export_writes_over_nothing_and_leaves_nothing_half_done() {
    let bench = Bench::started();
    let tree = bench.folder.path().join("boot");
    fs::create_dir(&tree).unwrap();
    assert!(bench.complains(&["netboot", "export", tree.to_str().unwrap()]).contains("is there already"));
    assert!(files(&tree).is_empty());

    let environment = bench.boot_environment();
    let manifest = environment.join("bootenv.json");
    let mut old: Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    old["files"].as_array_mut().unwrap().retain(|file| file["name"] != json!("grubnetx64.efi"));
    fs::write(&manifest, old.to_string()).unwrap();
    let elsewhere = bench.folder.path().join("elsewhere/boot");
    let complaint = bench.complains(&["netboot", "export", elsewhere.to_str().unwrap()]);
    assert!(complaint.contains("GRUB for the network") && complaint.contains("scripts/bootenv"), "{complaint}");
    assert!(!elsewhere.exists());
}
