//! One medium as a disc and with an MBR: each starts the same agent.

use std::path::PathBuf;

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

/// No other volume of ours is in the laptop.
const NO_VOLUME: u32 = 1;

pub(crate) fn captures(name: &'static str, form: &str, file: &str, firmware: Firmware) {
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
