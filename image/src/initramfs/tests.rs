use std::process::{Command, Stdio};

use super::*;
use crate::elf::samples;
use crate::modules::{ModuleTree, WANTED, tests as module_tests};

fn small() -> Initramfs {
    let root = tempfile::tempdir().unwrap();
    module_tests::tree(
        root.path(),
        &[("drivers/net/igc.ko.xz", &["depends=ptp"]), ("drivers/ptp.ko.xz", &["depends="])],
    );
    let wanted = [crate::modules::Group { what: "network", required: &["igc"], optional: &[], preload: false }];
    let selection = ModuleTree::open(root.path(), module_tests::RELEASE).unwrap().select(&wanted).unwrap();
    Initramfs::boot_environment(samples::program(1), &selection).unwrap()
}

fn names(archive: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = archive;
    loop {
        let reader = newc::Reader::new(rest).unwrap();
        if reader.entry().is_trailer() {
            return names;
        }
        names.push(reader.entry().name().to_owned());
        rest = reader.finish().unwrap();
    }
}

#[test]
fn the_archive_is_sorted_with_directories_before_their_content() {
    let names = names(&small().cpio().unwrap());
    assert!(names.is_sorted());
    assert_eq!(&names[..4], ["dev", "dev/console", "init", "lib"]);
    assert!(names.contains(&"lib/modules/6.12.1-test-amd64/modules.alias".to_owned()));
    assert!(names.contains(&"lib/modules/6.12.1-test-amd64/kernel/drivers/net/igc.ko".to_owned()));
}

#[test]
fn the_console_is_a_character_device_for_the_first_line_of_output() {
    let archive = small().cpio().unwrap();
    let dev = newc::Reader::new(&archive[..]).unwrap();
    let console = newc::Reader::new(dev.finish().unwrap()).unwrap();
    let entry = console.entry();
    assert_eq!((entry.name(), entry.mode()), ("dev/console", 0o020_600));
    assert_eq!((entry.rdev_major(), entry.rdev_minor()), (5, 1));
}

#[test]
fn same_inputs_same_bytes() {
    for effort in [Effort::Fast, Effort::Release] {
        let once = compress(&small().cpio().unwrap(), effort, |_| Ok(())).unwrap();
        assert_eq!(once, compress(&small().cpio().unwrap(), effort, |_| Ok(())).unwrap());
        assert_eq!(zstd::decode_all(&once[..]).unwrap(), small().cpio().unwrap());
    }
}

#[test]
fn an_agent_that_needs_libraries_is_refused() {
    let root = tempfile::tempdir().unwrap();
    module_tests::tree(root.path(), &[]);
    let none = ModuleTree::open(root.path(), module_tests::RELEASE).unwrap().select(&[]).unwrap();
    let refused = |agent| Initramfs::boot_environment(agent, &none).unwrap_err();
    assert!(matches!(refused(samples::program(3)), InitramfsError::NotStatic));
    assert!(matches!(refused(b"#!/bin/sh\n".to_vec()), InitramfsError::NotAProgram(_)));
}

#[test]
fn gnu_cpio_reads_it() {
    let archive = small().cpio().unwrap();
    let started =
        Command::new("cpio").arg("-tv").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut cpio) = started else {
        println!("SKIPPED: cpio is not installed, so nothing but our own reader has read this archive");
        return;
    };
    cpio.stdin.take().unwrap().write_all(&archive).unwrap();
    let output = cpio.wait_with_output().unwrap();
    let listing = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{listing}");
    assert_eq!(listing.lines().count(), names(&archive).len());
    assert!(listing.lines().any(|l| l.starts_with("crw-------") && l.ends_with("dev/console")), "{listing}");
    assert!(listing.lines().any(|l| l.starts_with("-rwxr-xr-x") && l.ends_with(" init")), "{listing}");
}

#[test]
fn the_wanted_list_names_each_module_once() {
    let mut seen = std::collections::BTreeSet::new();
    for name in WANTED.iter().flat_map(|g| g.required.iter().chain(g.optional)) {
        assert!(seen.insert(name), "{name} is wanted twice");
    }
}
