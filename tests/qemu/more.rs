//! Other laptops, and sticks that somebody changed: `scripts/test --all`, a boot each.

mod bench_box;
mod export;
mod forms;

use std::{
    env, fs,
    fs::File,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use whiteglove_core::{
    capture::{Bus, Part},
    clock::Moment,
    disk::{self, Disk, ErasePermit, Policy},
    media::{sign::Signer, stick::StickId},
    media_card::MediaCard,
    sticks::health::Name,
};
use whiteglove_image::write::{Issue, Manner, source::Image, write_in};

use crate::{
    bench,
    boot::Cable,
    environment,
    laptop::{E1000E, Laptop, NVME, SERIAL, USB},
    only_device,
    support::{Bench, card_of, tool},
};

/// A bench and a stick of it, if these tests are wanted.
fn bench_and_stick() -> Option<(Bench, PathBuf, MediaCard)> {
    env::var("WHITEGLOVE_ALL").ok().filter(|all| !all.is_empty())?;
    let bench = bench(&environment()?);
    let (stick, card) = bench.build_stick();
    Some((bench, stick, card))
}

fn folder(bench: &Bench) -> PathBuf {
    bench.folder.path().join("laptop")
}

/// Changes a file on the boot volume.
fn change(bench: &Bench, stick: &Path, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let file = bench.folder.path().join("changed");
    let (at, path, name) = (format!("{}@@1M", stick.display()), file.to_str().unwrap(), format!("::{name}"));
    let (read, report) = tool("mcopy", &["-n", "-i", &at, &name, path]);
    assert!(read, "{report}");
    let mut bytes = fs::read(&file).unwrap();
    change(&mut bytes);
    fs::write(&file, bytes).unwrap();
    let (written, report) = tool("mcopy", &["-o", "-i", &at, path, &name]);
    assert!(written, "{report}");
}

#[test]
fn a_changed_kernel_does_not_start_and_the_screen_says_what_to_do() {
    let Some((bench, stick, card)) = bench_and_stick() else { return };
    change(&bench, &stick, "/boot/vmlinuz", |kernel| {
        let middle = kernel.len() / 2;
        kernel[middle] ^= 1;
    });
    let laptop = Laptop::bare(&folder(&bench), card.data_volume.unwrap());
    let mut boot = laptop.boot("changed-kernel", &stick, Cable::In);
    boot.prints("bad shim signature");
    boot.prints("whiteglove could not start from this stick.");
    boot.prints("Press Esc to switch this laptop off.");
    boot.photograph();
    assert!(!boot.serial().contains("agent start"));
    boot.press("esc");
    boot.ends();
    assert!(bench.devices().is_empty());
}

#[test]
fn a_changed_boot_loader_does_not_start() {
    let Some((bench, stick, card)) = bench_and_stick() else { return };
    change(&bench, &stick, "/EFI/BOOT/grubx64.efi", |grub| {
        let middle = grub.len() / 2;
        grub[middle] ^= 1;
    });
    let laptop = Laptop::bare(&folder(&bench), card.data_volume.unwrap());
    let mut boot = laptop.boot("changed-grub", &stick, Cable::In);
    boot.prints("Verification failed");
    assert!(!boot.serial().contains("whiteglove: starting"));
}

#[test]
fn a_laptop_without_tpm_and_windows_key_comes_on_the_board_and_says_so() {
    let Some((bench, stick, card)) = bench_and_stick() else { return };
    let laptop = Laptop::bare(&folder(&bench), card.data_volume.unwrap());
    let mut boot = laptop.boot("bare", &stick, Cable::In);
    boot.says(&format!("captured {SERIAL}"));
    boot.photograph();
    let device = only_device(&bench);
    let capture = device.capture.unwrap();
    assert_eq!((&capture.tpm, &capture.msdm, device.identity.ek), (&None, &None, None));
    let mut missing: Vec<Part> = capture.findings.iter().map(|finding| finding.part).collect();
    missing.sort();
    assert_eq!(missing, [Part::Tpm, Part::Msdm, Part::Display], "{:?}", capture.findings);
    boot.press("p");
    boot.ends();
}

#[test]
fn intel_and_usb_adapters_are_found_and_named() {
    let Some((bench, stick, card)) = bench_and_stick() else { return };
    let mut laptop = Laptop::bare(&folder(&bench), card.data_volume.unwrap());
    laptop.nics = vec![E1000E, USB];
    let mut boot = laptop.boot("adapters", &stick, Cable::In);
    boot.says(&format!("captured {SERIAL}"));
    let device = only_device(&bench);
    let capture = device.capture.unwrap();
    let mut nics: Vec<_> = capture.nics.iter().map(|nic| (nic.driver.as_str(), nic.bus, nic.permanent_mac)).collect();
    nics.sort_by_key(|nic| nic.0 != "e1000e");
    assert_eq!(nics[0], ("e1000e", Bus::Pci, Some(E1000E.mac.parse().unwrap())));
    assert_eq!((nics.len(), nics[1].1, nics[1].2), (2, Bus::Usb, Some(USB.mac.parse().unwrap())), "{nics:?}");
    // Adapters go from laptop to laptop, so what is on USB names nobody.
    assert_eq!(device.identity.macs, [E1000E.mac.parse().unwrap()]);
    boot.press("p");
    boot.ends();
}

#[test]
fn a_stick_larger_than_its_image_boots_once_it_is_written() {
    let Some((bench, image, card)) = bench_and_stick() else { return };
    let length = fs::metadata(&image).unwrap().len();
    let stick = bench.folder.path().join("stick");
    let file = File::options().read(true).write(true).create(true).truncate(true).open(&stick).unwrap();
    let size = length + (200 << 20);
    file.set_len(size).unwrap();
    let named = Disk {
        path: stick.clone(),
        number: (8, 16),
        size_bytes: size,
        sector_size: 512,
        vendor: "Test".into(),
        model: "Stick".into(),
        serial: String::new(),
        bus: disk::Bus::Usb,
        removable: true,
        read_only: false,
        diskseq: None,
        mounted: vec![],
        holders: vec![],
        is_system: false,
    };
    let issue = Issue {
        stick: StickId([0x3a; 16]),
        written: Moment::from_millis(1_764_000_000_000),
        operator: "Jana".into(),
        tool: "0.1.0".into(),
        usb: Name::of(&named),
        signer: Arc::new(Signer::from_seed(&[1; 32])),
    };
    let permit = ErasePermit::confirm(named, "Stick", length, Policy::default()).unwrap();
    let manner = Manner { issue: Some(issue), ..Manner::default() };
    let image = Image::open(&image).unwrap();
    let watch = &mut |_| ControlFlow::Continue(());
    write_in(manner, image, permit, |_| Ok(file), &mut |_| Ok(()), watch).unwrap();
    let (clean, report) = tool("sgdisk", &["-v", stick.to_str().unwrap()]);
    assert!(clean && report.contains("No problems found"), "{report}");
    // Its data volume is its own, and not the image's; the laptop's disk has one that looks the same all the same.
    let own = card_of(&stick).data_volume.unwrap();
    assert_ne!(own, card.data_volume.unwrap());
    let laptop = Laptop::bare(&folder(&bench), own);
    let mut boot = laptop.boot("written", &stick, Cable::Out);
    boot.says("saved to stick");
    boot.press("p");
    boot.ends();
    assert!(bench.says(&["import", stick.to_str().unwrap()]).contains(": 1 new."));
    assert_eq!(only_device(&bench).capture.unwrap().stick, Some(StickId([0x3a; 16])));
}

#[test]
fn the_bench_sends_a_laptop_to_its_next_boot_entry() {
    let Some((bench, stick, card)) = bench_and_stick() else { return };
    let laptop = Laptop::bare(&folder(&bench), card.data_volume.unwrap());
    let mut boot = laptop.boot("boot-next", &stick, Cable::In);
    boot.says(&format!("captured {SERIAL}"));
    boot.stays_on_when_restarted();
    bench.says(&["tell", &only_device(&bench).id.0.to_string(), "boot-next"]);
    let entry = boot.says("next boot entry is Boot").text.split_off("next boot entry is ".len());
    // The laptop's own disk, which has nothing to boot; not the firmware's setup, which is in the order too.
    boot.prints(&format!("failed to load {entry} \"UEFI QEMU NVMe Ctrl {} 1\"", NVME.serial));
}
