//! The product from the stick's end: a laptop with Secure Boot on boots a stick of ours and comes on
//! the board. Real firmware with Microsoft's keys, Debian's signed chain, our agent; only the laptop
//! is made of software, and its processor is emulated, so a boot takes about 15 seconds.
//!
//! `scripts/test` runs this. By hand, from the root of the repository:
//!
//! ```text
//! scripts/bootenv --fast --out "$PWD/target/bootenv"
//! WHITEGLOVE_BOOTENV=$PWD/target/bootenv cargo test --test qemu -- --test-threads 1
//! ```
//!
//! Logs, timings and pictures of the laptop's screen stay in `target/qemu`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod boot;
mod forms;
mod hash;
mod laptop;
mod more;
mod netboot;
mod qmp;
mod servers;
mod signers;
mod sticks;
#[path = "../it/support/mod.rs"]
#[allow(dead_code)] // what only the other tests use
mod support;
mod tpm;
mod variables;
mod windows;

use std::{
    env, fs,
    io::Write,
    net::TcpListener,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use whiteglove_core::{
    capture::{Bus, Capture, EkSource, Keys, Part, Variable},
    certificates::{Authority, sbat, signature_list},
    control::StageName,
    device::{Device, Signal},
    envelope::EXTENSION,
    identity::EkDigest,
    msdm,
};

use crate::{
    boot::{Cable, Line, results},
    laptop::{Laptop, NVME, SATA, SERIAL, STICK_SERIAL, UUID, VIRTIO, WINDOWS_KEY},
    support::{Bench, partition, segment::Machine, tool},
};

/// The boot environment to test, or `None` after saying aloud that nothing is tested.
fn environment() -> Option<PathBuf> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let programs = [
        "qemu-system-x86_64",
        "swtpm_setup",
        "swtpm",
        "tpm2_readpublic",
        "openssl",
        "sbverify",
        "mcopy",
        "sgdisk",
        "fsck.vfat",
        "mkfs.vfat",
        "busybox",
        "ldd",
        "ip",
        "nsenter",
        "dnsmasq",
        "nginx",
    ];
    let is_missing = |program: &&str| std::process::Command::new(program).arg("--version").output().is_err();
    let missing: Vec<&str> = programs.into_iter().filter(is_missing).collect();
    let why = match set("WHITEGLOVE_BOOTENV") {
        None => "WHITEGLOVE_BOOTENV names no boot environment".to_owned(),
        Some(_) if !missing.is_empty() => format!("{} missing", missing.join(", ")),
        Some(folder) => return Some(fs::canonicalize(folder).expect("WHITEGLOVE_BOOTENV")),
    };
    assert!(set("WHITEGLOVE_REQUIRE_QEMU").is_none(), "{why}");
    // Not `eprintln`, which the test harness keeps to itself.
    let _ = writeln!(std::io::stderr(), "SKIPPED, no laptop was booted: {why}. scripts/test does all that is needed.");
    None
}

/// A bench that a laptop in QEMU reaches: to its guests, QEMU's host is 10.0.2.2.
fn bench(environment: &Path) -> Bench {
    // Free a moment ago; the bench says so if it is not any more.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut bench = Bench::without_boot_environment();
    fs::create_dir_all(bench.state()).unwrap();
    symlink(environment, bench.boot_environment()).unwrap();
    bench.config = format!(
        "bench = 'test'\nbatch = 'spring'\nlisten = '127.0.0.1:{port}'\nadvertise = ['http://10.0.2.2:{port}']\n\
         mdns = false\n"
    );
    bench.start();
    bench
}

/// A bench on a machine of a segment, 10.77.0.1. `networks`: what it serves there.
fn bench_on(machine: &Machine, environment: &Path, networks: &str) -> Bench {
    let mut bench = Bench::without_boot_environment();
    fs::create_dir_all(bench.state()).unwrap();
    symlink(environment, bench.boot_environment()).unwrap();
    bench.config = format!("bench = 'test'\nbatch = 'spring'\nlisten = '0.0.0.0:8099'\nmdns = false\n{networks}");
    let command = machine.inside(&bench.command());
    bench.spawn(command);
    bench.url();
    bench
}

fn devices(bench: &Bench) -> Vec<Device> {
    bench.devices().into_iter().map(|device| serde_json::from_value(device).unwrap()).collect()
}

fn only_device(bench: &Bench) -> Device {
    let mut devices = devices(bench);
    assert_eq!(devices.len(), 1, "{devices:?}");
    devices.remove(0)
}

#[test]
fn a_laptop_with_secure_boot_comes_on_the_board_by_network_and_by_stick() {
    let Some(environment) = environment() else { return };
    let mut bench = bench(&environment);
    let (stick, card) = bench.build_stick();
    let mut laptop = Laptop::new(&bench.folder.path().join("laptop"), card.data_volume.unwrap());
    laptop.clock = hash::late();
    let untouched = laptop.content_of_disks();

    let online = by_network(&mut bench, &laptop, &stick, &environment);
    assert!(laptop.content_of_disks() == untouched, "the laptop's own disks were written to");
    // All was sent, so nothing was kept: the stick is to the byte what was built.
    bench.says(&["media", "verify", stick.to_str().unwrap()]);

    // What a pre-flight says of this laptop is what its firmware did a moment ago, with Secure Boot on.
    let told = bench.says(&["media", "preflight", stick.to_str().unwrap()]);
    assert!(told.contains(" starts by EFI/BOOT/BOOTX64.EFI, signed by third-party 2011"), "{told}");
    assert!(told.contains("LENOVO ThinkPad X1 Carbon Gen 10 (21CBCTO1WW)  1     1       -"), "{told}");

    by_stick(&bench, &laptop, &stick, &online);
    assert!(laptop.content_of_disks() == untouched, "the laptop's own disks were written to");
    bench.says(&["journal", "verify"]);
}

/// Boots with the cable in; the device that is on the board then.
fn by_network(bench: &mut Bench, laptop: &Laptop, stick: &Path, environment: &Path) -> Device {
    let mut boot = laptop.boot("online", stick, Cable::In);
    let started = boot.says("agent start");
    let captured = boot.says("captured");
    assert_eq!(captured.text, format!("captured {SERIAL}"));
    boot.photograph();

    // The laptop was told that the bench has it. From now on that is true whatever happens.
    bench.kill();
    bench.start();
    let device = only_device(bench);
    assert_eq!((device.stage.name(), device.signal, device.captures), (StageName::Captured, Signal::Agent, 1));
    assert_eq!(device.batch, "spring");
    let capture = device.capture.clone().unwrap();
    is_this_laptop(&capture, laptop);
    hash::is_of_this_laptop(&capture, laptop);
    assert!(capture.nics.iter().all(|nic| nic.carrier), "{:?}", capture.nics);
    let capture = hash::sets_its_clock(bench, &mut boot, &capture);

    // It finds its way back to a bench that was away, and does as it is told.
    bench.says(&["tell", &device.id.0.to_string(), "power-off"]);
    boot.says("order: power off");
    boot.ends();
    let identity = &device.identity;
    assert_eq!(identity.serial.as_ref().unwrap().as_str(), SERIAL);
    assert_eq!(identity.uuid.unwrap().to_string(), UUID);
    assert_eq!(
        (identity.manufacturer.as_str(), identity.macs.as_slice()),
        ("LENOVO", &[VIRTIO.mac.parse().unwrap()][..])
    );
    assert_eq!(identity.model, "ThinkPad X1 Carbon Gen 10 (21CBCTO1WW)");
    let tpm = laptop.tpm.as_ref().unwrap();
    assert_eq!(identity.ek, Some(EkDigest(Sha256::digest(tpm.certified_modulus()).into())));
    // Asked of the TPM itself, now that no laptop is using it.
    let keys = &capture.tpm.as_ref().unwrap().keys;
    assert_eq!(keys.iter().map(|key| key.source).collect::<Vec<_>>(), [EkSource::Persistent; 2]);
    let read: Vec<_> = keys.iter().map(|key| key.public.0.clone()).collect();
    assert!(read == tpm.public(["0x81010001", "0x81010016"]), "not the keys of this laptop's TPM");
    hash::carries_this_tpm(&capture, tpm);
    keep_timings(&started, &captured, &capture, environment);
    device
}

/// Exactly this machine: everything it says, and nothing found wrong that is not so.
fn is_this_laptop(capture: &Capture, laptop: &Laptop) {
    let firmware = &capture.firmware;
    assert_eq!((firmware.uefi, firmware.secure_boot, firmware.setup_mode), (true, Some(true), Some(false)));
    is_what_its_flash_holds(firmware.keys.as_ref().unwrap(), laptop);

    let certificates = &capture.tpm.as_ref().unwrap().certificates;
    let maker = laptop.tpm.as_ref().unwrap();
    assert_eq!(
        certificates.iter().map(|certificate| certificate.nv_index).collect::<Vec<_>>(),
        [0x01c0_0002, 0x01c0_0016]
    );
    for (certificate, kind) in certificates.iter().zip(["rsa2048", "secp384r1"]) {
        assert!(certificate.der.0 == maker.certificate(kind), "the certificate of the {kind} key differs");
    }

    let windows = capture.msdm.as_ref().unwrap();
    assert_eq!((windows.product_key_id.as_str(), windows.oem_id.as_str()), ("3308000000000", "LENOVO"));
    // The same digits as in the Product ID that Windows shows for this key: 00330-80000-00000-AA...
    assert_eq!(windows.product_key_id, msdm::product_key_id(WINDOWS_KEY).unwrap());
    assert_eq!(windows.key_tail, "3V66T");

    let nics: Vec<_> = capture.nics.iter().map(|nic| (nic.permanent_mac, nic.bus, nic.driver.as_str())).collect();
    assert_eq!(nics, [(Some(VIRTIO.mac.parse().unwrap()), Bus::Virtio, "virtio_net")]);

    let mut disks: Vec<_> = capture
        .disks
        .iter()
        .map(|disk| (disk.bus, disk.model.as_str(), disk.serial.as_str(), disk.bytes >> 20, disk.boot_medium))
        .collect();
    disks.sort_by_key(|disk| disk.3);
    let stick = disks.pop().unwrap();
    assert_eq!((stick.0, stick.2, stick.4), (Bus::Usb, STICK_SERIAL, true));
    assert_eq!(
        disks,
        [(Bus::Sata, SATA.model, SATA.serial, 64, false), (Bus::Nvme, NVME.model, NVME.serial, 128, false)]
    );

    assert!((900 << 20..1 << 30).contains(&capture.memory_bytes), "{}", capture.memory_bytes);
    let findings: Vec<_> = capture.findings.iter().map(|finding| finding.part).collect();
    // The one thing this laptop does not have is a driver for its display.
    assert_eq!(findings, [Part::Display], "{:?}", capture.findings);
}

/// The lists byte for byte as they lie in the flash of this very firmware, and the floor that shim left there.
fn is_what_its_flash_holds(keys: &Keys, laptop: &Laptop) {
    let flash = fs::read(laptop.path("variables.fd")).unwrap();
    for (name, variable) in [("db", &keys.db), ("dbx", &keys.dbx), ("KEK", &keys.kek)] {
        let value = variable.value().unwrap_or_else(|| panic!("{name}: {variable:?}"));
        assert!(
            flash.windows(value.len()).any(|held| held == value),
            "{name}: {} bytes that are not in the flash",
            value.len()
        );
    }
    let list = |variable: &Variable| signature_list::read(variable.value().unwrap());
    let (db, dbx) = (list(&keys.db), list(&keys.dbx));
    assert!(db.authorities.starts_with(&[Authority::Windows2011, Authority::ThirdParty2011]), "{db:?}");
    assert!(!db.damaged && !dbx.damaged && dbx.digests > 0, "{dbx:?}");
    let floor = keys.sbat.value().unwrap();
    assert!(sbat::level(floor).is_some() && sbat::read(floor).len() > 1, "{}", String::from_utf8_lossy(floor));
}

/// For `scripts/bench`, which prints them.
fn keep_timings(started: &Line, captured: &Line, capture: &Capture, environment: &Path) {
    let hundredths = |seconds: f64| (seconds * 100.0).round() / 100.0;
    let size = |name: &str| fs::metadata(environment.join(name)).unwrap().len();
    let read: serde_json::Map<String, Value> = capture
        .timings
        .iter()
        .map(|timing| (serde_json::to_value(timing.part).unwrap().as_str().unwrap().to_owned(), timing.millis.into()))
        .collect();
    let timings = json!({
        "power_on_to_agent_start_s": hundredths(started.seen),
        "power_on_to_captured_s": hundredths(captured.seen),
        "agent_start_to_captured_s": hundredths(captured.at - started.at),
        "initrd_bytes": size("initrd.zst"),
        "kernel_bytes": size("vmlinuz"),
        "read_ms": read,
    });
    eprintln!("{timings}");
    fs::write(results().join("timings.json"), format!("{timings}\n")).unwrap();
}

/// Boots without a network and brings the stick back.
fn by_stick(bench: &Bench, laptop: &Laptop, stick: &Path, online: &Device) {
    let mut boot = laptop.boot("offline", stick, Cable::Out);
    boot.says("saved to stick");
    boot.photograph();
    // "Next: switch this laptop off (P)."
    boot.press("p");
    boot.ends();

    let path = stick.to_str().unwrap();
    assert_eq!(only_device(bench).captures, 2, "nothing came by network");
    let captures = captures_on(stick);
    assert_eq!(captures.len(), 1, "{captures:?}");
    let (found, _) = tool("grep", &["-qaF", "-e", SERIAL, "-e", UUID, path]);
    assert!(!found, "the stick tells its finder who the laptop is");
    data_volume_is_clean(bench, stick);

    assert!(bench.says(&["import", path]).contains(": 1 added to what was known."));
    let device = only_device(bench);
    assert_eq!((device.id, &device.identity), (online.id, &online.identity));
    assert_eq!((device.stage.name(), device.signal, device.captures), (StageName::Captured, Signal::Stick, 3));
    let capture = device.capture.unwrap();
    assert_eq!(captures, [format!("{}.{EXTENSION}", capture.id)]);
    is_this_laptop(&capture, laptop);
    assert!(capture.nics.iter().all(|nic| !nic.carrier), "{:?}", capture.nics);
    assert_eq!(capture.smbios, online.capture.as_ref().unwrap().smbios);

    assert!(bench.says(&["import", path]).contains(": 1 here already."));
    assert_eq!(only_device(bench).captures, 3);
}

/// Names of the sealed captures on a stick's data volume.
fn captures_on(stick: &Path) -> Vec<String> {
    let at = format!("{}@@{}", stick.display(), partition(stick, 2).start);
    let (listed, listing) = tool("mdir", &["-b", "-i", &at, "::/captures"]);
    assert!(listed, "{listing}");
    listing.lines().map(|line| line.trim_start_matches("::/captures/").to_owned()).collect()
}

fn data_volume_is_clean(bench: &Bench, stick: &Path) {
    let volume = bench.folder.path().join("volume.img");
    let range = partition(stick, 2);
    let (part, of) = (format!("skip={}", range.start), format!("count={}", range.end - range.start));
    let (from, to) = (format!("if={}", stick.display()), format!("of={}", volume.display()));
    let flags = "iflag=skip_bytes,count_bytes";
    let (copied, report) = tool("dd", &[&from, &to, &part, &of, flags, "bs=1M", "conv=sparse", "status=none"]);
    assert!(copied, "{report}");
    let (clean, report) = tool("fsck.vfat", &["-n", volume.to_str().unwrap()]);
    assert!(clean, "{report}");
}
