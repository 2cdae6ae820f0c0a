//! Network adapter, disk, memory, processor, battery.

use super::{
    Found,
    Severity::{Note, Stop, Warning},
    cpu,
};
use crate::{
    capture::{Battery, Bus, Capture, NicKind, Part},
    smbios::Smbios,
};

/// 64 GB as disk makers count, Windows 11's floor.
const DISK_FLOOR: u64 = 64_000_000_000;
/// What is fitted, as SMBIOS says it: Windows 11's floor.
const MEMORY_FLOOR: u64 = 4 << 30;
/// What the kernel counts: firmware and graphics keep some of the 4 GiB.
const USABLE_FLOOR: u64 = 3 << 30;
/// Percent.
const BATTERY_EMPTY: u8 = 20;
/// Percent of what it held when new.
const BATTERY_WORN: u8 = 50;

pub(super) fn checks(capture: &Capture, found: &mut Found) {
    network(capture, found);
    disks(capture, found);
    memory(capture, found);
    cpu::check(&capture.cpu, found);
    capture.batteries.iter().for_each(|battery| check_battery(battery, found));
}

fn network(capture: &Capture, found: &mut Found) {
    let wired: Vec<_> = capture.nics.iter().filter(|nic| nic.kind == NicKind::Wired).collect();
    let names = |nics: &mut dyn Iterator<Item = &str>| nics.collect::<Vec<_>>().join(", ");
    if wired.is_empty() {
        let all = names(&mut capture.nics.iter().map(|nic| nic.name.as_str()));
        found.say(
            Warning,
            Part::Nic,
            if all.is_empty() { "no adapter at all".to_owned() } else { format!("only {all}") },
            "No wired network adapter",
            "The technician phase is unattended only over a cable.",
            "Use a dock or a USB network adapter that Windows has a driver for.",
        );
    } else if wired.iter().all(|nic| nic.bus == Bus::Usb) {
        found.say(
            Note,
            Part::Nic,
            names(&mut wired.iter().map(|nic| nic.name.as_str())),
            "Wired network only through USB",
            "The adapter's address is the dock's, not the laptop's.",
            "Nothing; the bench goes by serial and TPM.",
        );
    }
}

fn disks(capture: &Capture, found: &mut Found) {
    let internal = capture.disks.iter().filter(|disk| !disk.boot_medium && disk.bus != Bus::Usb);
    match internal.max_by_key(|disk| disk.bytes) {
        None => found.say(
            Stop,
            Part::Disk,
            format!("{} disks in all", capture.disks.len()),
            "No internal disk found",
            "It is missing, dead, or behind a RAID mode this boot environment has no driver for.",
            "Check the disk; set the storage controller to AHCI/NVMe in the firmware setup if it is on RAID.",
        ),
        Some(disk) if disk.bytes < DISK_FLOOR => {
            small_disk(format!("{} {}, {} GB", disk.name, disk.model.trim(), disk.bytes / 1_000_000_000), found);
        }
        Some(_) => {}
    }
}

pub(super) fn small_disk(evidence: String, found: &mut Found) {
    found.say(
        Stop,
        Part::Disk,
        evidence,
        "The disk is smaller than 64 GB",
        "That is below Windows 11's floor.",
        "Fit a larger disk.",
    );
}

fn memory(capture: &Capture, found: &mut Found) {
    let installed = capture.smbios.as_ref().and_then(|tables| Smbios::parse(&tables.table.0).installed_memory());
    let (bytes, floor, source) = match installed {
        Some(bytes) => (bytes, MEMORY_FLOOR, "fitted (SMBIOS)"),
        None => (capture.memory_bytes, USABLE_FLOOR, "usable"),
    };
    if (1..floor).contains(&bytes) {
        little_memory(format!("{} MiB {source}", bytes >> 20), found);
    }
}

pub(super) fn little_memory(evidence: String, found: &mut Found) {
    found.say(
        Stop,
        Part::Memory,
        evidence,
        "Less than 4 GB of memory",
        "That is below Windows 11's floor.",
        "Fit more memory.",
    );
}

fn check_battery(battery: &Battery, found: &mut Found) {
    if let Some(percent) = battery.percent.filter(|percent| *percent < BATTERY_EMPTY) {
        // On its charger it will be full before it matters.
        let severity = if battery.status.eq_ignore_ascii_case("charging") { Note } else { Warning };
        found.say(
            severity,
            Part::Battery,
            format!("{} {percent} %, {}", battery.name, battery.status.to_lowercase()),
            "The battery is nearly empty",
            "A laptop that dies in the technician phase has to start over.",
            "Put it on its charger and leave it there.",
        );
    }
    if let Some(health) = battery.health_percent.filter(|health| *health < BATTERY_WORN) {
        let cycles = battery.cycles.map_or_else(String::new, |cycles| format!(", {cycles} cycles"));
        found.say(
            Note,
            Part::Battery,
            format!("{} holds {health} % of its design{cycles}", battery.name),
            "The battery is worn",
            "It holds less than half of what it held when new.",
            "Tell the customer, or replace it before shipping.",
        );
    }
}
