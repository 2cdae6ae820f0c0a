//! The forms that the default run leaves out, a boot each.

use std::env;

use crate::{forms::captures, laptop::Firmware, windows::starts};

fn wanted() -> bool {
    env::var("WHITEGLOVE_ALL").is_ok_and(|all| !all.is_empty())
}

#[test]
fn a_bios_starts_the_same_disc() {
    if wanted() {
        captures("disc-bios", "iso", "disc.iso", Firmware::Bios);
    }
}

#[test]
fn a_stick_with_an_mbr_captures_with_secure_boot_on() {
    if wanted() {
        captures("mbr", "mbr", "mbr.img", Firmware::Uefi);
        captures("mbr-efi", "mbr-efi", "mbr-efi.img", Firmware::Uefi);
    }
}

#[test]
fn firmware_starts_windows_pe_from_a_disc_and_by_an_mbr_too() {
    if wanted() {
        starts("winpe-disc", "iso", Firmware::Uefi);
        starts("winpe-mbr", "mbr", Firmware::Uefi);
    }
}
