//! TPM firmware that is known to fail attestation, or to have a weakness for which attestation may be refused.
//!
//! Numbers as Windows' Get-Tpm prints them: the halves of TPM_PT_FIRMWARE_VERSION_1 and _2, each high half
//! first (oofhours.com, "Fun with TPM firmware version numbers"). Infineon, STMicroelectronics, Nuvoton and AMD
//! publish exactly these; Intel's PTT carries the management engine's version up to 11.x and numbers of its own
//! after that, so nothing is said of newer ones.

use std::fmt;

use super::{Found, Severity};
use crate::capture::Part;

/// Compared number by number, the first counts most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version([u16; 4]);

impl Version {
    pub(super) fn of((one, two): (u32, u32)) -> Self {
        let [a, b, c, d] = one.to_be_bytes();
        let [e, f, g, h] = two.to_be_bytes();
        Self([
            u16::from_be_bytes([a, b]),
            u16::from_be_bytes([c, d]),
            u16::from_be_bytes([e, f]),
            u16::from_be_bytes([g, h]),
        ])
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a}.{b}.{c}.{d}")
    }
}

/// One trouble, whoever's firmware has it.
struct Trouble {
    severity: Severity,
    what: &'static str,
    why: &'static str,
    /// The document that says so.
    source: &'static str,
}

/// A run of versions of one vendor that have it.
struct Line {
    vendor: &'static str,
    from: [u16; 4],
    /// The first that has it no more.
    below: [u16; 4],
    /// AMD counts the cure in the third number.
    third: Option<u16>,
    trouble: &'static Trouble,
}

static ROCA: Trouble = Trouble {
    severity: Severity::Stop,
    what: "TPM firmware makes weak RSA keys (ROCA)",
    why: "Keys of this firmware can be factored (CVE-2017-15361). The attestation service refuses it (0x81039024, or \
          0x801C0003 with \"TPM firmware needs update\").",
    source: "Microsoft ADV170012; Infineon TPM update",
};
static SLB9672_TIMEOUT: Trouble = Trouble {
    severity: Severity::Warning,
    what: "TPM firmware whose attestation times out",
    why: "On laptops with Infineon's SLB9672 and firmware 15.22 attestation may fail with a time-out.",
    source: "Windows Autopilot known issues, June 2023",
};
static AMD_ASP: Trouble = Trouble {
    severity: Severity::Warning,
    what: "AMD fTPM firmware whose attestation fails",
    why: "Attestation fails with 0x80070490 on AMD fTPM 3.x.0.x; AMD cured it in 2022 (3.x.2.x), in BIOS updates of the laptop's maker.",
    source: "Windows Autopilot known issues; AMD support article on fTPM attestation, July 2025",
};
static TPM_FAIL: Trouble = Trouble {
    severity: Severity::Warning,
    what: "TPM firmware with a known weakness (TPM-FAIL)",
    why: "Elliptic curve keys leak through timing (CVE-2019-16863, CVE-2019-11090, CVE-2020-25082). A TPM with known \
          weaknesses may be refused (0x81039024).",
    source: "ST TPM firmware update page; INTEL-SA-00241; Nuvoton SA-002",
};
static NUVOTON_WRITE: Trouble = Trouble {
    severity: Severity::Note,
    what: "TPM firmware that a program can switch off until the next power cycle",
    why: "A command with a bad length makes it stop answering (CVE-2023-1017). Attestation itself is not harmed.",
    source: "Nuvoton SA-003",
};

const fn run(vendor: &'static str, from: [u16; 2], below: [u16; 2], trouble: &'static Trouble) -> Line {
    Line { vendor, from: [from[0], from[1], 0, 0], below: [below[0], below[1], 0, 0], third: None, trouble }
}

const fn one(vendor: &'static str, version: [u16; 2], trouble: &'static Trouble) -> Line {
    run(vendor, version, [version[0], version[1] + 1], trouble)
}

static KNOWN: [Line; 29] = [
    // ADV170012's list: 4.33 and earlier, 4.40 to 4.42, 5.61, 6.42, 7.61 and 133.32 and earlier.
    run("IFX", [4, 0], [4, 34], &ROCA),
    run("IFX", [4, 40], [4, 43], &ROCA),
    run("IFX", [5, 0], [5, 62], &ROCA),
    run("IFX", [6, 0], [6, 43], &ROCA),
    run("IFX", [7, 0], [7, 62], &ROCA),
    run("IFX", [133, 0], [133, 33], &ROCA),
    one("IFX", [15, 22], &SLB9672_TIMEOUT),
    Line { vendor: "AMD", from: [3, 0, 0, 0], below: [4, 0, 0, 0], third: Some(0), trouble: &AMD_ASP },
    // ST names each version; what is not named is not affected.
    one("STM", [71, 0], &TPM_FAIL),
    one("STM", [71, 4], &TPM_FAIL),
    one("STM", [71, 12], &TPM_FAIL),
    one("STM", [73, 0], &TPM_FAIL),
    one("STM", [73, 4], &TPM_FAIL),
    one("STM", [73, 5], &TPM_FAIL),
    one("STM", [73, 8], &TPM_FAIL),
    one("STM", [73, 9], &TPM_FAIL),
    one("STM", [74, 0], &TPM_FAIL),
    one("STM", [74, 4], &TPM_FAIL),
    one("STM", [74, 5], &TPM_FAIL),
    one("STM", [74, 8], &TPM_FAIL),
    one("STM", [74, 9], &TPM_FAIL),
    one("STM", [74, 16], &TPM_FAIL),
    // Cured in 11.8.65, 11.11.65 and 11.22.65.
    Line { vendor: "INTC", from: [11, 0, 0, 0], below: [11, 8, 65, 0], third: None, trouble: &TPM_FAIL },
    Line { vendor: "INTC", from: [11, 10, 0, 0], below: [11, 11, 65, 0], third: None, trouble: &TPM_FAIL },
    Line { vendor: "INTC", from: [11, 20, 0, 0], below: [11, 22, 65, 0], third: None, trouble: &TPM_FAIL },
    // NPCT75x 7.2.0.1, 7.2.0.2, 7.2.1.0.
    Line { vendor: "NTC", from: [7, 2, 0, 1], below: [7, 2, 2, 0], third: None, trouble: &TPM_FAIL },
    // NPCT65x.
    Line { vendor: "NTC", from: [1, 3, 0, 1], below: [1, 3, 0, 2], third: None, trouble: &NUVOTON_WRITE },
    Line { vendor: "NTC", from: [1, 3, 1, 0], below: [1, 3, 1, 1], third: None, trouble: &NUVOTON_WRITE },
    Line { vendor: "NTC", from: [1, 3, 2, 8], below: [1, 3, 2, 9], third: None, trouble: &NUVOTON_WRITE },
];

impl Line {
    fn has(&self, vendor: &str, version: Version) -> bool {
        let range = Version(self.from)..Version(self.below);
        let third = self.third.is_none_or(|third| version.0[2] == third);
        self.vendor == vendor && range.contains(&version) && third
    }
}

pub(super) fn check(vendor: &str, firmware: (u32, u32), found: &mut Found) {
    let version = Version::of(firmware);
    let Some(line) = KNOWN.iter().find(|line| line.has(vendor, version)) else { return };
    let Trouble { severity, what, why, source } = line.trouble;
    let next = match severity {
        Severity::Note => "Nothing now. The laptop maker's TPM update removes it.",
        _ => {
            "Install the laptop maker's TPM or BIOS update, then boot again. Do not retry the technician phase before."
        }
    };
    found.say(*severity, Part::Tpm, format!("{vendor} {version} ({source})"), *what, *why, next);
}
