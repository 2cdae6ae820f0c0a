//! A medium with a customer's Windows: firmware starts what lies where Microsoft's boot manager is, with Secure Boot on.
//!
//! No file of Microsoft's is at hand, so Debian's signed shim is the boot manager of a made-up disc. What it starts is
//! added to the medium as a person would add files.

use std::fs;

use crate::{
    bench,
    boot::Cable,
    environment,
    laptop::{Firmware, Laptop},
    support::windows_iso::Shape,
};

const WORDS: &str = "started from the place of the boot manager";

pub(crate) fn starts(name: &'static str, form: &str, firmware: Firmware) {
    let Some(environment) = environment() else { return };
    let bench = bench(&environment);
    let at = |name: &str| bench.folder.path().join(name);
    let shim = fs::read(environment.join("shimx64.efi")).unwrap();
    let iso = Shape { loader: shim.clone(), loader_ex: Some(shim), ..Shape::default() }.make(bench.folder.path());
    let add = at("add");
    fs::create_dir_all(add.join("EFI/BOOT")).unwrap();
    fs::create_dir_all(add.join("EFI/debian")).unwrap();
    fs::copy(environment.join("grubx64.efi"), add.join("EFI/BOOT/grubx64.efi")).unwrap();
    // It looks in its prefix first.
    let words = format!("echo \"{WORDS}: ${{root}}\"\nls /sources /EFI/Microsoft/Boot\nsleep 5\nhalt\n");
    fs::write(add.join("EFI/debian/grub.cfg"), words).unwrap();
    let medium = at(&format!("{name}.{form}"));
    let [iso, add, out] = [&iso, &add, &medium].map(|path| path.to_str().unwrap());
    bench.says(&["media", "build", "--kind", "winpe", "--iso", iso, "--add", add, "--form", form, "--out", out]);
    let mut laptop = Laptop::bare(&at("laptop"), 1);
    laptop.firmware = firmware;
    let mut boot = laptop.boot(name, &medium, Cable::Out);
    boot.prints(WORDS);
    boot.prints("boot.wim");
    boot.photograph();
}

#[test]
fn firmware_starts_the_boot_manager_of_windows_pe_with_secure_boot_on() {
    starts("winpe", "gpt", Firmware::Uefi);
}
