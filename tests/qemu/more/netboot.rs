//! Network boots that are not everybody's, and what goes wrong with them: `scripts/test --all`.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use whiteglove_image::boot::{Content, Served, WinPe};

use crate::{environment, laptop::Firmware, netboot::Floor, support::until};

/// The boot environment, if these tests are wanted.
fn wanted() -> Option<PathBuf> {
    env::var("WHITEGLOVE_ALL").ok().filter(|all| !all.is_empty())?;
    environment()
}

#[test]
fn bios_by_ipxe_over_tftp() {
    let Some(environment) = wanted() else { return };
    let floor = Floor::new("bios-tftp", &environment, false);
    let mut laptop = floor.laptop();
    laptop.firmware = Firmware::Bios;
    floor.captures("bios-tftp", &laptop);
    assert_eq!(floor.servers.by_tftp(), ["boot.ipxe", "boot/vmlinuz", "boot/initrd.zst", "boot/media.cpio"]);
    assert!(floor.servers.by_http().is_empty());
}

/// The card that QEMU has speaks iPXE, so nothing hands it ours; this script does. To ours it is a driver
/// in a ROM like any other.
const OLD_CARD: &str = "\
#!ipxe
iseq ${net0/chip} virtio-net && chain tftp://10.77.0.1/undionly.kpxe || chain boot.ipxe
";

#[test]
fn bios_with_an_old_card_by_our_ipxe() {
    let Some(environment) = wanted() else { return };
    let old_card = |tree: &Path| fs::write(tree.join("card.ipxe"), OLD_CARD).unwrap();
    let floor = Floor::with("bios-undi", &environment, true, ["boot.ipxe", "card.ipxe"], old_card);
    let mut laptop = floor.laptop();
    laptop.firmware = Firmware::Bios;
    floor.captures("bios-undi", &laptop);
    assert_eq!(floor.servers.by_tftp(), ["undionly.kpxe"]);
    let asked = floor.servers.by_http();
    assert!(asked.iter().any(|line| line.starts_with("GET /boot/media.cpio 200 ")), "{asked:?}");
}

#[test]
fn uefi_without_secure_boot_by_a_card_with_ipxe() {
    let Some(environment) = wanted() else { return };
    let floor = Floor::new("uefi-ipxe", &environment, true);
    let mut laptop = floor.laptop();
    laptop.forget_keys(Firmware::UefiIpxe);
    floor.captures("uefi-ipxe", &laptop);
    assert_eq!(floor.servers.by_http().len(), 4);
}

#[test]
fn ipxe_tries_five_times_and_then_says_what_to_do() {
    let Some(environment) = wanted() else { return };
    let lost = |tree: &Path| fs::remove_file(tree.join("boot/initrd.zst")).unwrap();
    let floor = Floor::with("bios-lost", &environment, true, ["boot.ipxe"; 2], lost);
    let mut laptop = floor.laptop();
    laptop.firmware = Firmware::Bios;
    let mut boot = floor.boots("bios-lost", &laptop);
    boot.prints("(try 1 of 5), once more in 3 seconds");
    boot.prints("whiteglove could not start this machine over the network.");
    boot.prints("Press any key to try again.");
    boot.photograph();
    let tries = |asked: &[String]| asked.iter().filter(|line| line.starts_with("GET /boot/initrd.zst 404")).count();
    assert_eq!(tries(&floor.servers.by_http()), 5);
    boot.press("spc");
    until("another try", || (tries(&floor.servers.by_http()) > 5).then_some(()));
}

#[test]
fn the_memory_test_runs_on_bios_by_ipxe() {
    let Some(environment) = wanted() else { return };
    let floor = Floor::with("bios-memtest", &environment, true, ["boot.ipxe", "memtest.ipxe"], |_| {});
    let mut laptop = floor.laptop();
    laptop.firmware = Firmware::Bios;
    let mut boot = floor.boots("bios-memtest", &laptop);
    boot.prints("whiteglove: starting the memory test");
    boot.turns_blue();
}

#[test]
fn the_memory_test_runs_on_uefi_by_ipxe() {
    let Some(environment) = wanted() else { return };
    let floor = Floor::with("uefi-memtest", &environment, true, ["boot.ipxe", "memtest.ipxe"], |_| {});
    let mut laptop = floor.laptop();
    laptop.forget_keys(Firmware::UefiIpxe);
    let mut boot = floor.boots("uefi-memtest", &laptop);
    boot.prints("whiteglove: starting the memory test");
    boot.turns_blue();
}

#[test]
fn the_memory_test_runs_on_uefi_by_pxe_with_secure_boot_off_only() {
    let Some(environment) = wanted() else { return };
    let floor = Floor::with("uefi-memtest-pxe", &environment, false, ["shimx64.efi", "memtest.efi"], |_| {});
    let mut laptop = floor.laptop();
    let mut boot = floor.boots("uefi-memtest-refused", &laptop);
    boot.prints("Access Denied");
    drop(boot);
    laptop.forget_keys(Firmware::UefiOpen);
    floor.boots("uefi-memtest-pxe", &laptop).turns_blue();
}

/// Made up: there is no Windows here, and in place of wimboot the memory test, with its first two letters.
#[test]
fn the_script_of_a_winpe_loads_all_of_it() {
    let Some(environment) = wanted() else { return };
    let bring = |tree: &Path| {
        let kit = tree.parent().unwrap().join("kit");
        let files: [(&str, &[u8]); 6] = [
            ("bootmgr", b"boot manager"),
            ("EFI/Boot/bootx64.efi", b"MZ boot manager"),
            ("Boot/BCD", b"regf store"),
            ("Boot/boot.sdi", b"$SDI0001"),
            ("Sources/boot.wim", b"MSWIM\0\0\0 image"),
            ("wimboot", &[b"MZ", &fs::read(tree.join("memtest.bin")).unwrap()[2..]].concat()),
        ];
        for (name, bytes) in files {
            fs::create_dir_all(kit.join(name).parent().unwrap()).unwrap();
            fs::write(kit.join(name), bytes).unwrap();
        }
        for Served { name, content } in WinPe::find(&kit).unwrap().unwrap().served() {
            let to = tree.join(name);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            match content {
                Content::Made(bytes) => fs::write(to, bytes).unwrap(),
                Content::Brought { path, .. } => drop(fs::copy(path, to).unwrap()),
                Content::File(file) => panic!("ours: {}", file.path.display()),
            }
        }
    };
    let floor = Floor::with("bios-winpe", &environment, true, ["boot.ipxe", "winpe.ipxe"], bring);
    let mut laptop = floor.laptop();
    laptop.firmware = Firmware::Bios;
    let mut boot = floor.boots("bios-winpe", &laptop);
    boot.turns_blue();
    let expected = ["winpe.ipxe", "winpe/wimboot", "winpe/bootmgr", "winpe/bootmgfw.efi"];
    let expected = expected.into_iter().chain(["winpe/boot/bcd", "winpe/boot/boot.sdi", "winpe/sources/boot.wim"]);
    let expected: Vec<_> = expected.map(|name| format!("GET /{name} 200")).collect();
    let asked = floor.servers.by_http();
    let asked: Vec<_> = asked.iter().map(|line| line.rsplit_once(' ').unwrap().0).collect();
    assert_eq!(asked, expected);
}
