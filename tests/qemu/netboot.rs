//! No stick: laptops boot from the bench switch, by every way that firmware has, with Secure Boot on where it has it.

use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    bench, bench_on,
    boot::{Boot, Cable, results},
    environment,
    laptop::{Firmware, Laptop, SERIAL},
    only_device,
    support::{
        Bench,
        segment::{Machine, Segment},
        until,
    },
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

/// A switch with a bench on it that serves it.
struct Floor {
    bench: Bench,
    segment: Segment,
    _machine: Machine,
}

impl Floor {
    fn new(environment: &Path, mode: &str) -> Self {
        let segment = Segment::new();
        let machine = segment.with(Some("10.77.0.1/24"));
        let section = format!("[[netboot]]\ninterface = 'eth0'\nmode = '{mode}'\n");
        let bench = bench_on(&machine, environment, &section);
        let floor = Self { bench, segment, _machine: machine };
        // In own mode it looks for other servers first.
        until("the port", || (floor.port()?["state"] == "serving").then_some(()));
        floor
    }

    fn port(&self) -> Option<Value> {
        let network = self.bench.snapshot()?["network"].take();
        network["ports"].as_array()?.iter().find(|port| port["interface"] == "eth0").cloned()
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

    /// What the bench says of the only laptop's way over the network.
    fn why(&self) -> String {
        self.bench.says(&["netboot", "why", "1"])
    }
}

/// Boots it until the bench has it, and nothing else has happened to it.
pub(crate) fn captures(bench: &Bench, name: &'static str, laptop: &Laptop) {
    let untouched = laptop.content_of_disks();
    let mut boot = laptop.boot(name, Path::new("/nonexistent"), Cable::In);
    boot.prints("whiteglove: starting over the network");
    let (started, captured) = (boot.says("agent start"), boot.says("captured"));
    assert_eq!(captured.text, format!("captured {SERIAL}"));
    let seconds = json!({"agent": started.seen, "captured": captured.seen});
    fs::write(results().join(format!("{name}-timings.json")), format!("{seconds}\n")).unwrap();
    let device = only_device(bench);
    let secure_boot = device.capture.unwrap().firmware.secure_boot;
    assert_eq!(secure_boot.unwrap_or_default(), laptop.firmware.secure_boot());
    bench.says(&["tell", &device.id.0.to_string(), "power-off"]);
    boot.says("order: power off");
    boot.ends();
    assert!(laptop.content_of_disks() == untouched, "the laptop's own disks were written to");
}

/// In this order, whatever else happened in between.
fn tells(story: &str, steps: &[&str]) {
    let mut rest = story;
    for step in steps {
        let Some((_, after)) = rest.split_once(step) else { panic!("{step:?} is not there, or too early:\n{story}") };
        rest = after;
    }
}

#[test]
fn by_uefi_pxe_on_a_bench_of_its_own_and_then_on_to_its_disk() {
    let Some(environment) = environment() else { return };
    let floor = Floor::new(&environment, "own");
    let laptop = floor.laptop();
    captures(&floor.bench, "own-uefi-pxe", &laptop);
    let story = floor.why();
    assert!(story.starts_with("Device #1: booted: the agent reported"), "{story}");
    let steps = [
        "asked for something to boot (PXE, x64)",
        "we offered shimx64.efi",
        "we gave it the address 10.77.0.",
        "asked for the size of shimx64.efi",
        "has shimx64.efi",
        "revocations_sbat.efi by TFTP (not there, which is normal)",
        "has grubx64.efi",
        "has grub/grub.cfg",
        "has boot/vmlinuz",
        "has boot/initrd.zst",
        "the agent reported",
        "captured",
    ];
    tells(&story, &steps);

    // Left in network-boot order it goes on to its disk, and does not wait until nobody answers.
    let asked = Instant::now();
    let boot = floor.boots("own-uefi-disk", &laptop);
    let story = until("the laptop to be sent on", || {
        let story = floor.why();
        story.contains("it goes on to its own disk").then_some(story)
    });
    assert!(story.starts_with("Device #1: sent to its own disk"), "{story}");
    // Most of it is the firmware's own start; of silence alone EDK2 takes a minute.
    assert!(asked.elapsed() < Duration::from_secs(50), "{:?}", asked.elapsed());
    drop(boot);
}

/// A DHCP server that knows nothing of network boot, as every office has one.
struct Office(Child);

impl Office {
    fn on(machine: &Machine) -> Self {
        let words = ["--keep-in-foreground", "--port=0", "--conf-file=/dev/null", "--user=root", "--interface=eth0"];
        let more = ["--bind-interfaces", "--no-ping", "--dhcp-leasefile=/dev/null", "--log-facility=-"];
        let arguments: Vec<_> = words.into_iter().chain(more).chain(["--dhcp-range=10.77.0.200,10.77.0.220"]).collect();
        Self(machine.command("dnsmasq", &arguments).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn by_uefi_http_boot_beside_another_server() {
    let Some(environment) = environment() else { return };
    let floor = Floor::new(&environment, "proxy");
    let router = floor.segment.with(Some("10.77.0.254/24"));
    let _office = Office::on(&router);
    let mut laptop = floor.laptop();
    laptop.choose_http_boot();
    captures(&floor.bench, "proxy-uefi-http", &laptop);
    let steps = [
        "asked for something to boot (HTTP Boot, x64)",
        "we offered http://10.77.0.1:8099/shimx64.efi",
        "has shimx64.efi",
        "has grubx64.efi",
        "has boot/vmlinuz",
        "has boot/initrd.zst",
        "captured",
    ];
    tells(&floor.why(), &steps);
    assert!(floor.why().contains("server 10.77.0.254 offered it 10.77.0.2"), "{}", floor.why());
    assert!(!floor.why().contains("by TFTP"), "{}", floor.why());
}

#[test]
fn by_uefi_pxe_beside_another_server() {
    let Some(environment) = environment() else { return };
    let floor = Floor::new(&environment, "proxy");
    let router = floor.segment.with(Some("10.77.0.254/24"));
    let _office = Office::on(&router);
    captures(&floor.bench, "proxy-uefi-pxe", &floor.laptop());
    let steps = ["we offered shimx64.efi", "asked us for its boot file", "we told it to load shimx64.efi", "captured"];
    tells(&floor.why(), &steps);
}

#[test]
fn by_bios_and_the_ipxe_of_its_card() {
    let Some(environment) = environment() else { return };
    let floor = Floor::new(&environment, "own");
    let mut laptop = floor.laptop();
    laptop.firmware = Firmware::Bios;
    captures(&floor.bench, "own-bios", &laptop);
    let steps = ["(iPXE, BIOS)", "boot.ipxe", "has boot/vmlinuz", "has boot/initrd.zst", "captured"];
    tells(&floor.why(), &steps);
}
