//! The parts of a capture: firmware, TPM, Windows key, network, disks and the rest.

use std::time::Duration;

use whiteglove_core::{
    capture::{Bus, Capture, Disk, EkCertificate, EkSource, Firmware, Msdm, Nic, NicKind, Tpm},
    clock::Moment,
    preflight, rtc,
    smbios::Smbios,
};

use super::{CLOCK_TOLERANCE_SECONDS, Page};
use crate::{theme::Tone, widget::text};

impl Page {
    pub(super) fn capture(&mut self, capture: &Capture, accepted: Option<Moment>) {
        self.firmware(&capture.firmware, capture);
        self.tpm(capture.tpm.as_ref());
        self.windows_key(capture.msdm.as_ref());
        self.network(&capture.nics);
        self.disks(&capture.disks);
        self.machine(capture, accepted);
    }

    fn firmware(&mut self, firmware: &Firmware, capture: &Capture) {
        self.heading("Firmware");
        if let Some(tables) = &capture.smbios
            && let Some(bios) = Smbios::parse(&tables.table.0).bios()
        {
            self.fact("Version", format!("{} {} ({})", bios.vendor, bios.version, bios.date));
        }
        match firmware.uefi {
            true => self.fact("Boot mode", "UEFI"),
            false => self.missing("Boot mode", "BIOS (CSM)"),
        }
        match firmware.secure_boot {
            Some(true) => self.fact("Secure Boot", "on"),
            Some(false) => self.missing("Secure Boot", "off"),
            None => self.missing("Secure Boot", "the firmware does not say"),
        }
        if firmware.setup_mode == Some(true) {
            self.missing("Setup mode", "on: no platform key is enrolled, Secure Boot protects nothing");
        }
        match &firmware.keys {
            Some(keys) => preflight::trusted(keys).iter().for_each(|(label, value)| self.fact(label, value)),
            None if firmware.uefi => self.say("Trusts (db)", "not read: the agent was an older one", Tone::Dim),
            None => {}
        }
    }

    fn tpm(&mut self, tpm: Option<&Tpm>) {
        self.heading("TPM");
        let Some(tpm) = tpm else { return self.missing("TPM", "none answered") };
        let (high, low) = tpm.firmware;
        let version = format!("{}.{}.{}.{}", high >> 16, high & 0xffff, low >> 16, low & 0xffff);
        self.fact(
            "Kind",
            format!("{} level {} revision {}.{:02}", tpm.family, tpm.level, tpm.revision / 100, tpm.revision % 100),
        );
        self.fact("Made by", format!("{}, firmware {version}", tpm.vendor.trim()));
        for key in &tpm.keys {
            let source = match key.source {
                EkSource::Persistent => "kept in the TPM",
                EkSource::Created => "made from the standard template",
            };
            self.fact("Endorsement key", format!("{source}, {} bytes public", key.public.0.len()));
        }
        if tpm.keys.is_empty() {
            self.missing("Endorsement key", "none");
        }
        for certificate in &tpm.certificates {
            self.fact("EK certificate", certificate_words(certificate));
        }
        if tpm.certificates.is_empty() {
            self.missing("EK certificate", "none in the TPM");
        }
    }

    fn windows_key(&mut self, msdm: Option<&Msdm>) {
        self.heading("Windows key in the firmware");
        match msdm {
            Some(msdm) => {
                self.fact("Product key ID", msdm.product_key_id.as_str());
                self.fact("Key ends in", format!("{} (the rest never leaves the laptop)", msdm.key_tail));
                self.fact("Injected by", &msdm.oem_id);
            }
            None => self.fact("Key", "none"),
        }
    }

    fn network(&mut self, nics: &[Nic]) {
        self.heading("Network adapters");
        for nic in nics {
            let address = match nic.permanent_mac {
                Some(mac) if mac == nic.mac => format!("{mac} (permanent)"),
                Some(mac) => format!("{mac} (permanent; now {})", nic.mac),
                None => format!("{} (the driver does not tell the permanent one)", nic.mac),
            };
            let kind = match nic.kind {
                NicKind::Wired => "wired",
                NicKind::Wireless => "wireless",
                NicKind::Other => "other",
            };
            let hardware =
                nic.hardware.map(|(vendor, device)| format!(" {vendor:04x}:{device:04x}")).unwrap_or_default();
            let link = if nic.carrier { "link up" } else { "no link" };
            self.fact(&nic.name, format!("{address}, {kind} {}{hardware}, {}, {link}", bus(nic.bus), nic.driver));
        }
        if nics.is_empty() {
            self.missing("Adapters", "none");
        }
    }

    fn disks(&mut self, disks: &[Disk]) {
        self.heading("Disks");
        for disk in disks {
            let medium = if disk.boot_medium { " (the stick it booted from)" } else { "" };
            let kind = if disk.rotational { ", spinning" } else { "" };
            let words = format!("{}, {}, {}{kind}{medium}", disk.model.trim(), text::bytes(disk.bytes), bus(disk.bus));
            self.fact(&disk.name, words);
            let numbers = [
                ("serial", &disk.serial),
                ("firmware", &disk.firmware),
                ("wwid", &disk.wwid),
                ("nguid", &disk.nguid),
                ("eui", &disk.eui),
            ];
            let told = numbers.iter().filter(|(_, value)| !value.trim().is_empty());
            let told: Vec<_> = told.map(|(label, value)| format!("{label} {}", value.trim())).collect();
            self.say("", &told.join(", "), Tone::Dim);
        }
        if disks.is_empty() {
            self.missing("Disks", "none found");
        }
    }

    fn machine(&mut self, capture: &Capture, accepted: Option<Moment>) {
        self.heading("Machine");
        let cpu = &capture.cpu;
        self.fact("Processor", format!("{}, {} cores, {} threads", cpu.model.trim(), cpu.cores, cpu.threads));
        let installed = capture.smbios.as_ref().and_then(|tables| Smbios::parse(&tables.table.0).installed_memory());
        let gib = |bytes: u64| format!("{}.{} GiB", bytes >> 30, ((bytes & ((1 << 30) - 1)) * 10) >> 30);
        match installed {
            Some(installed) => {
                self.fact("Memory", format!("{} installed, {} usable", gib(installed), gib(capture.memory_bytes)));
            }
            None => self.fact("Memory", format!("{} usable", gib(capture.memory_bytes))),
        }
        for battery in &capture.batteries {
            let percent =
                battery.percent.map_or_else(|| "charge unknown".to_owned(), |percent| format!("{percent}% full"));
            let health =
                battery.health_percent.map(|health| format!(", {health}% of its first capacity")).unwrap_or_default();
            let cycles = battery.cycles.map(|cycles| format!(", {cycles} cycles")).unwrap_or_default();
            self.fact(
                "Battery",
                format!("{}: {percent}, {}{health}{cycles}", battery.name, battery.status.to_lowercase()),
            );
        }
        for display in &capture.displays {
            let words = format!(
                "{}: {} x {} pixels, {} x {} mm",
                display.connector, display.width_px, display.height_px, display.width_mm, display.height_mm
            );
            self.fact("Display", words);
        }
        self.clock(capture, accepted);
    }

    fn clock(&mut self, capture: &Capture, accepted: Option<Moment>) {
        let Some(rtc) = capture.rtc else { return self.missing("Clock", "could not be read") };
        let Some(accepted) = accepted else {
            return self.fact("Clock", "cannot be compared: this capture came on a stick");
        };
        // Windows keeps local time in the chip, so hours off may be right.
        let drift = rtc::drift(rtc.read, accepted);
        let off = drift.seconds.unsigned_abs();
        if off < CLOCK_TOLERANCE_SECONDS {
            return self.fact("Clock", format!("right within a minute of the bench, on {}", drift.zone()));
        }
        let side = if drift.seconds < 0 { "slow" } else { "fast" };
        let off = text::duration(Duration::from_secs(off));
        self.missing("Clock", &format!("{off} {side}: TPM attestation needs the right time. t: set it from the bench"));
    }
}

fn certificate_words(certificate: &EkCertificate) -> String {
    let kind = match certificate.nv_index {
        0x01c0_0002 => "RSA 2048",
        0x01c0_000a => "ECC P-256",
        _ => "other key",
    };
    format!("{kind}, {} bytes, at {:#010x}", certificate.der.0.len(), certificate.nv_index)
}

fn bus(bus: Bus) -> &'static str {
    match bus {
        Bus::Pci => "PCI",
        Bus::Usb => "USB",
        Bus::Nvme => "NVMe",
        Bus::Sata => "SATA",
        Bus::Mmc => "eMMC or card",
        Bus::Virtio => "virtual",
        Bus::Other => "other bus",
    }
}
