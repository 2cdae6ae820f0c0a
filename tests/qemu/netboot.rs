//! No stick: firmware with Secure Boot on loads an export of ours by TFTP, from a server that is not ours.

use std::{fs, path::Path};

use serde_json::json;

use crate::{
    bench, bench_on,
    boot::{Boot, Cable, results},
    environment,
    laptop::{Firmware, Laptop, SERIAL},
    only_device,
    segment::Segment,
    servers::Servers,
    support::Bench,
};

#[test]
fn an_export_boots_a_laptop_over_the_network() {
    let Some(environment) = environment() else { return };
    let bench = bench(&environment);
    let tree = bench.folder.path().join("srv/whiteglove");
    let answer = bench.says(&["netboot", "export", tree.to_str().unwrap()]);
    assert!(answer.contains("is ready: medium"), "{answer}");
    // A server that gives it out is not to be surprised.
    assert!(bench.complains(&["netboot", "export", tree.to_str().unwrap()]).contains("is there already"));

    let mut laptop = Laptop::bare(&bench.folder.path().join("laptop"), 0x1234_5678);
    laptop.tftp = Some(tree.clone());
    let untouched = laptop.content_of_disks();
    let mut boot = laptop.boot("netboot", &tree, Cable::In);
    boot.prints("whiteglove: starting over the network");
    assert_eq!(boot.says("captured").text, format!("captured {SERIAL}"));
    let device = only_device(&bench);
    assert!(fs::read_to_string(tree.join("README.TXT")).unwrap().contains(&device.media.unwrap().to_string()));
    assert!(device.capture.unwrap().firmware.secure_boot == Some(true));

    bench.says(&["tell", &device.id.0.to_string(), "power-off"]);
    boot.says("order: power off");
    boot.ends();
    assert!(laptop.content_of_disks() == untouched, "the laptop's own disks were written to");
}

/// A segment with a bench, and an export of it that other people's servers give out.
pub(crate) struct Floor {
    pub(crate) servers: Servers,
    pub(crate) bench: Bench,
    segment: Segment,
}

impl Floor {
    pub(crate) fn new(name: &'static str, environment: &Path, http: bool) -> Self {
        Self::with(name, environment, http, ["boot.ipxe"; 2], |_| {})
    }

    /// `first`: the second of them is given in place of the first. `change`: what happens to the export before
    /// it is given out.
    pub(crate) fn with(
        name: &'static str,
        environment: &Path,
        http: bool,
        first: [&str; 2],
        change: impl FnOnce(&Path),
    ) -> Self {
        let segment = Segment::new();
        let bench = bench_on(&segment, environment);
        let tree = bench.folder.path().join("srv/whiteglove");
        bench.says(&["netboot", "export", tree.to_str().unwrap()]);
        change(&tree);
        let servers = Servers::start(name, &segment, &tree, http, first);
        Self { servers, bench, segment }
    }

    /// Plugged in.
    pub(crate) fn laptop(&self) -> Laptop {
        let mut laptop = Laptop::bare(&self.bench.folder.path().join("laptop"), 0x1234_5678);
        laptop.cable = Some(self.segment.tap(0));
        laptop
    }

    pub(crate) fn boots(&self, name: &'static str, laptop: &Laptop) -> Boot {
        laptop.boot(name, Path::new("/nonexistent"), Cable::In)
    }

    /// Boots it until the bench has it, and nothing else has happened to it.
    pub(crate) fn captures(&self, name: &'static str, laptop: &Laptop) {
        let untouched = laptop.content_of_disks();
        let mut boot = self.boots(name, laptop);
        boot.prints("whiteglove: starting over the network");
        let (started, captured) = (boot.says("agent start"), boot.says("captured"));
        assert_eq!(captured.text, format!("captured {SERIAL}"));
        let seconds = json!({"agent": started.seen, "captured": captured.seen});
        fs::write(results().join(format!("{name}-timings.json")), format!("{seconds}\n")).unwrap();
        let device = only_device(&self.bench);
        let secure_boot = device.capture.unwrap().firmware.secure_boot;
        assert_eq!(secure_boot.unwrap_or_default(), laptop.firmware.secure_boot());
        self.bench.says(&["tell", &device.id.0.to_string(), "power-off"]);
        boot.says("order: power off");
        boot.ends();
        assert!(laptop.content_of_disks() == untouched, "the laptop's own disks were written to");
    }
}

/// The files of the agent, as every chain ends.
const AGENT: [&str; 3] = ["boot/vmlinuz", "boot/initrd.zst", "boot/media.cpio"];

#[test]
fn uefi_by_pxe() {
    let Some(environment) = environment() else { return };
    let floor = Floor::new("uefi-pxe", &environment, false);
    floor.captures("uefi-pxe", &floor.laptop());
    // The firmware asks for the size and hangs up, then asks for the file. GRUB opens both archives before it
    // reads them, and the small one is here first.
    let asked = ["shimx64.efi", "shimx64.efi", "grubx64.efi", "grub/grub.cfg", AGENT[0], AGENT[2], AGENT[1]];
    assert_eq!(floor.servers.by_tftp(), asked);
    assert!(floor.servers.by_http().is_empty());
}

#[test]
fn uefi_by_http() {
    let Some(environment) = environment() else { return };
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
fn bios_by_ipxe_over_http() {
    let Some(environment) = environment() else { return };
    let floor = Floor::new("bios-http", &environment, true);
    let mut laptop = floor.laptop();
    laptop.firmware = Firmware::Bios;
    floor.captures("bios-http", &laptop);
    let asked: Vec<_> = floor.servers.by_http().iter().map(|line| words(line)).collect();
    assert_eq!(asked, ["GET /boot.ipxe", "GET /boot/vmlinuz", "GET /boot/initrd.zst", "GET /boot/media.cpio"]);
    assert!(floor.servers.by_tftp().is_empty());
}
