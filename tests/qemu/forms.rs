//! One medium as a disc and with an MBR: each starts the same agent.

use std::{env, path::PathBuf};

use crate::{
    bench,
    boot::Cable,
    environment,
    laptop::{Firmware, Laptop, SERIAL},
    only_device,
    support::Bench,
};

fn built(bench: &Bench, form: &str, name: &str) -> PathBuf {
    let path = bench.folder.path().join(name);
    bench.says(&["media", "build", "--form", form, "--out", path.to_str().unwrap()]);
    path
}

fn all() -> bool {
    env::var("WHITEGLOVE_ALL").is_ok_and(|all| !all.is_empty())
}

/// No other volume of ours is in the laptop.
const NO_VOLUME: u32 = 1;

fn captures(name: &'static str, form: &str, file: &str, firmware: Firmware) {
    let Some(environment) = environment() else { return };
    let bench = bench(&environment);
    let medium = built(&bench, form, file);
    let mut laptop = Laptop::bare(&bench.folder.path().join("laptop"), NO_VOLUME);
    laptop.firmware = firmware;
    let mut boot = laptop.boot(name, &medium, Cable::In);
    let line = boot.says(&format!("captured {SERIAL}"));
    boot.photograph();
    let device = only_device(&bench);
    let capture = device.capture.unwrap();
    assert_eq!(capture.firmware.secure_boot == Some(true), firmware.secure_boot(), "{line:?}");
    boot.press("p");
    boot.ends();
}

#[test]
fn a_disc_as_virtual_media_captures_with_secure_boot_on() {
    captures("disc-uefi", "iso", "disc.iso", Firmware::Uefi);
}

#[test]
fn a_bios_starts_the_same_disc() {
    if all() {
        captures("disc-bios", "iso", "disc.iso", Firmware::Bios);
    }
}

#[test]
fn a_stick_with_an_mbr_captures_with_secure_boot_on() {
    if all() {
        captures("mbr", "mbr", "mbr.img", Firmware::Uefi);
        captures("mbr-efi", "mbr-efi", "mbr-efi.img", Firmware::Uefi);
    }
}
