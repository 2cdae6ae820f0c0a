//! What a capture says about pre-provisioning: everything known today to make it fail later, each
//! with a reason and a remedy, worst first.
//!
//! Pre-provisioning is TPM attestation: no TPM 2.0 with an endorsement key, no technician phase.

use serde::{Deserialize, Serialize};

use crate::{
    batch::{IdentityPolicy, ModelTrust},
    capture::{Bus, Capture, NicKind, Part},
    device::{Device, Stage},
    order::Match,
    problem::Problem,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// May fail, or costs time later.
    Warning,
    /// Pre-provisioning cannot work like this.
    Stop,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Stop => "STOP",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub severity: Severity,
    pub part: Part,
    /// What was read that says so: `IFX 7.61.2785.0`, `Boot0001, SecureBoot=0`.
    #[serde(default)]
    pub evidence: String,
    pub problem: Problem,
}

/// What the checks come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing was captured yet.
    #[default]
    Unknown,
    Ready,
    ReadyWithWarnings,
    NotReady,
}

impl Verdict {
    pub fn words(self) -> &'static str {
        match self {
            Self::Unknown => "not captured yet",
            Self::Ready => "ready",
            Self::ReadyWithWarnings => "ready with warnings",
            Self::NotReady => "not ready",
        }
    }
}

/// Checks, worst first, and their sum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    pub verdict: Verdict,
    pub checks: Vec<Check>,
}

/// What the bench knows beside the device itself.
#[derive(Debug, Clone)]
pub struct Around<'a> {
    pub policy: IdentityPolicy,
    pub trust: &'a ModelTrust,
    pub matching: &'a Match,
}

/// Everything known today to make pre-provisioning of this device fail later.
pub fn assess(device: &Device, around: &Around<'_>) -> Readiness {
    let mut checks = device.capture.as_deref().map(checks).unwrap_or_default();
    if let Some(problem) = around.matching.problem() {
        checks.push(Check { severity: Severity::Stop, part: Part::Order, evidence: String::new(), problem });
    }
    checks.sort_by_key(|check| std::cmp::Reverse(check.severity));
    let held = matches!(device.stage, Stage::Held { .. });
    let verdict = match checks.first().map(|check| check.severity) {
        _ if matches!(device.stage, Stage::Arrived { .. } | Stage::Replaced { .. }) => Verdict::Unknown,
        Some(Severity::Stop) => Verdict::NotReady,
        _ if held => Verdict::NotReady,
        Some(Severity::Warning) => Verdict::ReadyWithWarnings,
        Some(Severity::Note) | None => Verdict::Ready,
    };
    Readiness { verdict, checks }
}

/// 64 GB as disk makers count, Windows 11's floor.
const DISK_FLOOR: u64 = 64_000_000_000;
/// Windows 11 asks for 4 GiB; firmware and graphics keep some of it from the kernel's count.
const MEMORY_FLOOR: u64 = 3 << 30;

/// What is missing, worst first; empty means that nothing known stands in the way.
pub fn checks(capture: &Capture) -> Vec<Check> {
    let mut found = Vec::new();
    let mut say = |severity, part, what: &str, why: &str, next: &str| {
        // The first part is a heading here, for a list and a column, so it stays without a full stop.
        let problem = Problem { what: what.to_owned(), why: why.to_owned(), next: next.to_owned() };
        found.push(Check { severity, part, evidence: String::new(), problem });
    };
    let identity = capture.identity();

    match &capture.tpm {
        None => say(
            Severity::Stop,
            Part::Tpm,
            "No TPM 2.0",
            "Pre-provisioning proves the laptop's identity with its TPM; none answered.",
            "Turn the TPM (Intel PTT, AMD fTPM, Security Device) on in the firmware setup and boot again.",
        ),
        Some(tpm) if tpm.keys.is_empty() => say(
            Severity::Stop,
            Part::EndorsementKey,
            "The TPM gave no endorsement key",
            "Without it the hardware hash lacks the TPM and attestation fails.",
            "Clear the TPM in the firmware setup and boot again; if it stays, the board needs service.",
        ),
        Some(tpm) if tpm.certificates.is_empty() => say(
            Severity::Warning,
            Part::EkCertificate,
            "No EK certificate in the TPM",
            "Firmware TPMs fetch it from the vendor's service during Windows setup, which needs the internet then.",
            "Let the bench network reach the TPM vendor's service (ekop.intel.com, ftpm.amd.com) in the technician phase.",
        ),
        Some(_) => {}
    }
    if !capture.firmware.uefi {
        say(
            Severity::Stop,
            Part::Firmware,
            "Booted in BIOS (CSM) mode",
            "Windows 11 and TPM attestation need UEFI.",
            "Switch the firmware to UEFI only, Secure Boot on, and boot again.",
        );
    } else if capture.firmware.secure_boot != Some(true) {
        say(
            Severity::Warning,
            Part::Firmware,
            "Secure Boot is off",
            "Windows may be installed, but most compliance policies then mark the laptop as not compliant.",
            "Turn Secure Boot on in the firmware setup.",
        );
    }
    if identity.good_serial().is_none() {
        say(
            Severity::Stop,
            Part::Smbios,
            "No usable serial number",
            "Registration needs the maker's serial number; the firmware holds none.",
            "Have the maker's service tool set it, then boot again.",
        );
    }
    if identity.good_uuid().is_none() {
        say(
            Severity::Warning,
            Part::Smbios,
            "No usable system UUID",
            "The firmware holds none, or one that many machines share.",
            "Check that registration accepted this device before shipping it.",
        );
    }
    let wired = capture.nics.iter().filter(|nic| nic.kind == NicKind::Wired);
    if wired.clone().next().is_none() {
        say(
            Severity::Warning,
            Part::Nic,
            "No wired network adapter",
            "The technician phase is unattended only over a cable.",
            "Use a dock or a USB network adapter that Windows has a driver for.",
        );
    } else if wired.clone().all(|nic| nic.bus == Bus::Usb) {
        say(
            Severity::Note,
            Part::Nic,
            "Wired network only through USB",
            "The adapter's address is the dock's, not the laptop's.",
            "Nothing; the bench goes by serial and TPM.",
        );
    }
    let internal = capture.disks.iter().filter(|disk| !disk.boot_medium && disk.bus != Bus::Usb);
    match internal.map(|disk| disk.bytes).max() {
        None => say(
            Severity::Stop,
            Part::Disk,
            "No internal disk found",
            "It is missing, dead, or behind a RAID mode this boot environment has no driver for.",
            "Check the disk; set the storage controller to AHCI/NVMe in the firmware setup if it is on RAID.",
        ),
        Some(bytes) if bytes < DISK_FLOOR => say(
            Severity::Stop,
            Part::Disk,
            "The disk is smaller than 64 GB",
            "That is below Windows 11's floor.",
            "Fit a larger disk.",
        ),
        Some(_) => {}
    }
    if capture.memory_bytes > 0 && capture.memory_bytes < MEMORY_FLOOR {
        say(
            Severity::Stop,
            Part::Memory,
            "Less than 4 GB of memory",
            "That is below Windows 11's floor.",
            "Fit more memory.",
        );
    }
    if capture.msdm.is_none() {
        say(
            Severity::Note,
            Part::Msdm,
            "No Windows key in the firmware",
            "The laptop was sold without Windows, or its board was replaced.",
            "Make sure that a volume or subscription licence covers it.",
        );
    }
    for battery in &capture.batteries {
        if battery.percent.is_some_and(|percent| percent < 20) {
            say(
                Severity::Warning,
                Part::Battery,
                "The battery is nearly empty",
                "A laptop that dies in the technician phase has to start over.",
                "Put it on its charger.",
            );
        }
    }
    found.sort_by_key(|check| std::cmp::Reverse(check.severity));
    found
}
