//! An export of ours given out by other people's servers, by every chain, and what goes wrong with them:
//! `scripts/test --all`.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use whiteglove_image::boot::{Content, Served, WinPe};

use crate::{
    bench_on,
    boot::{Boot, Cable},
    environment,
    laptop::{Firmware, Laptop},
    netboot,
    servers::Servers,
    support::{
        Bench,
        segment::{Machine, Segment},
        until,
    },
};

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

/// A segment with a bench, and an export of it that other people's servers give out.
struct Floor {
    servers: Servers,
    bench: Bench,
    segment: Segment,
    _machine: Machine,
}

impl Floor {
    fn new(name: &'static str, environment: &Path, http: bool) -> Self {
        Self::with(name, environment, http, ["boot.ipxe"; 2], |_| {})
    }

    /// `first`: the second of them is given in place of the first. `change`: what happens to the export before
    /// it is given out.
    fn with(name: &'static str, environment: &Path, http: bool, first: [&str; 2], change: impl FnOnce(&Path)) -> Self {
        let segment = Segment::new();
        let machine = segment.with(Some("10.77.0.1/24"));
        let bench = bench_on(&machine, environment, "");
        let tree = bench.folder.path().join("srv/whiteglove");
        bench.says(&["netboot", "export", tree.to_str().unwrap()]);
        change(&tree);
        let servers = Servers::start(name, &machine, &tree, http, first);
        Self { servers, bench, segment, _machine: machine }
    }

    /// Plugged in.
    fn laptop(&self) -> Laptop {
        let mut laptop = Laptop::bare(&self.bench.folder.path().join("laptop"), 0x1234_5678);
        laptop.cable = Some(self.segment.tap());
        laptop
    }

    fn boots(&self, name: &'static str, laptop: &Laptop) -> Boot {
        laptop.boot(name, Path::new("/nonexistent"), Cable::In)
    }

    fn captures(&self, name: &'static str, laptop: &Laptop) {
        netboot::captures(&self.bench, name, laptop);
    }
}

/// The files of the agent, as every chain ends.
const AGENT: [&str; 3] = ["boot/vmlinuz", "boot/initrd.zst", "boot/media.cpio"];

#[test]
fn an_export_by_uefi_pxe() {
    let Some(environment) = wanted() else { return };
    let floor = Floor::new("uefi-pxe", &environment, false);
    floor.captures("uefi-pxe", &floor.laptop());
    // The firmware asks for the size and hangs up, then asks for the file. GRUB opens both archives before it
    // reads them, and the small one is here first.
    let asked = ["shimx64.efi", "shimx64.efi", "grubx64.efi", "grub/grub.cfg", AGENT[0], AGENT[2], AGENT[1]];
    assert_eq!(floor.servers.by_tftp(), asked);
    assert!(floor.servers.by_http().is_empty());
}

#[test]
fn an_export_by_uefi_http() {
    let Some(environment) = wanted() else { return };
    let floor = Floor::new("uefi-http", &environment, true);
    let mut laptop = floor.laptop();
    laptop.choose_http_boot();
    floor.captures("uefi-http", &laptop);
    let asked = floor.servers.by_http();
    // EDK2 and GRUB ask for the head first; shim does not, and its name has two slashes.
    let found: Vec<_> = asked.iter().filter(|line| line.contains(" 200 ")).map(|line| words(line)).collect();
    let expected = [
        "HEAD /shimx64.efi",
        "GET /shimx64.efi",
        "GET //grubx64.efi",
        "HEAD /grub/grub.cfg",
        "GET /grub/grub.cfg",
        "HEAD /boot/vmlinuz",
        "GET /boot/vmlinuz",
        "HEAD /boot/initrd.zst",
        "GET /boot/initrd.zst",
        "HEAD /boot/media.cpio",
        "GET /boot/media.cpio",
    ];
    assert_eq!(found, expected);
    let missing: Vec<_> = asked.iter().filter(|line| !line.contains(" 200 ")).map(|line| words(line)).collect();
    let expected = [
        "GET /revocations_sku.efi",
        "GET /revocations_sbat.efi",
        "GET /shim_certificate_0.efi",
        "HEAD /grub/x86_64-efi/command.lst",
        "HEAD /grub/x86_64-efi/fs.lst",
        "HEAD /grub/x86_64-efi/crypto.lst",
        "HEAD /grub/x86_64-efi/terminal.lst",
    ];
    assert_eq!(missing, expected);
    assert!(floor.servers.by_tftp().is_empty());
}

/// Method and path.
fn words(line: &str) -> String {
    line.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

#[test]
fn an_export_by_bios_and_ipxe_over_http() {
    let Some(environment) = wanted() else { return };
    let floor = Floor::new("bios-http", &environment, true);
    let mut laptop = floor.laptop();
    laptop.firmware = Firmware::Bios;
    floor.captures("bios-http", &laptop);
    let asked: Vec<_> = floor.servers.by_http().iter().map(|line| words(line)).collect();
    assert_eq!(asked, ["GET /boot.ipxe", "GET /boot/vmlinuz", "GET /boot/initrd.zst", "GET /boot/media.cpio"]);
    assert!(floor.servers.by_tftp().is_empty());
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
        for Served { name, content } in WinPe::find(&kit).unwrap().unwrap().served(Some(b"set WG_MEDIA=5a".to_vec())) {
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
    let expected = expected.into_iter().chain([
        "winpe/boot/bcd",
        "winpe/boot/boot.sdi",
        "winpe/sources/boot.wim",
        "winpe/card.cmd",
    ]);
    let expected: Vec<_> = expected.map(|name| format!("GET /{name} 200")).collect();
    let asked = floor.servers.by_http();
    let asked: Vec<_> = asked.iter().map(|line| line.rsplit_once(' ').unwrap().0).collect();
    assert_eq!(asked, expected);
}
