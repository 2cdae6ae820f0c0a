//! The TPM: there, version 2.0, answering, with an endorsement key and a certificate for it, and not of a
//! firmware that is known to fail.

use super::{
    Found,
    Severity::{Note, Stop, Warning},
    tpm_firmware,
};
use crate::{
    capture::{Capture, Part, Tpm, TpmPresence},
    tpm::certificate,
};

pub(super) fn checks(capture: &Capture, found: &mut Found) {
    match (&capture.tpm, capture.tpm_presence) {
        (Some(tpm), _) if tpm.family.starts_with('2') => answering(tpm, capture, found),
        (Some(tpm), _) => version_12(&format!("TPM {}", tpm.family), found),
        (None, TpmPresence::Version12) => version_12("TPM 1.2 device", found),
        (None, TpmPresence::Hidden) => found.say(
            Stop,
            Part::Tpm,
            evidence(capture, "the firmware describes a TPM, no device"),
            "The TPM is switched off",
            "The firmware's tables name a TPM, and it shows none. Pre-provisioning proves the laptop's identity with it.",
            "Turn the TPM (Security Device, Intel PTT, AMD fTPM) on in the firmware setup, not only \"hidden\" or \
             \"available\", and boot again.",
        ),
        (None, TpmPresence::Silent) => found.say(
            Stop,
            Part::Tpm,
            evidence(capture, "no sensible answer"),
            "The TPM does not answer",
            "There is a TPM, and it gave no sensible answer.",
            "Switch the laptop off, pull the power for ten seconds and boot again. If it stays, update the firmware or send \
             the laptop to service.",
        ),
        (None, TpmPresence::None | TpmPresence::Unknown | TpmPresence::Answers) => found.say(
            Stop,
            Part::Tpm,
            evidence(capture, "no device, no firmware table"),
            "No TPM 2.0",
            "Pre-provisioning proves the laptop's identity with its TPM; none answered.",
            "Turn the TPM (Intel PTT, AMD fTPM, Security Device) on in the firmware setup and boot again.",
        ),
    }
}

pub(super) fn version_12(evidence: &str, found: &mut Found) {
    found.say(
        Stop,
        Part::Tpm,
        evidence,
        "The TPM is version 1.2",
        "Attestation needs TPM 2.0; with 1.2 the join fails (0x801C03EA).",
        "Many of these can be switched or updated to 2.0: with the maker's TPM tool, or in the firmware setup. Then boot again.",
    );
}

fn answering(tpm: &Tpm, capture: &Capture, found: &mut Found) {
    let vendor = tpm.vendor.trim();
    let shown = shown(tpm);
    if tpm.keys.is_empty() {
        found.say(
            Stop,
            Part::EndorsementKey,
            evidence_of(Part::EndorsementKey, capture, &shown),
            "The TPM gave no endorsement key",
            "Without it the hardware hash lacks the TPM and attestation fails.",
            "Clear the TPM in the firmware setup and boot again; if it stays, the board needs service.",
        );
    } else if tpm.certificates.is_empty() {
        no_certificate(vendor, &shown, found);
    } else if certificate::agree(tpm) == Some(false) {
        found.say(
            Warning,
            Part::EkCertificate,
            &shown,
            "The EK certificate is of another key",
            "The TPM gave an endorsement key that its own certificate does not name, so a service may not vouch for it.",
            "Clear the TPM in the firmware setup and boot again. If it stays, compare with a hash that Windows made of this laptop.",
        );
    }
    tpm_firmware::check(vendor, tpm.firmware, found);
    let rsa_3072 = tpm.certificates.iter().any(|certificate| certificate.nv_index == RSA_3072_CERTIFICATE);
    if rsa_3072 && matches!(vendor, "STM" | "NTC") {
        found.say(
            Note,
            Part::EkCertificate,
            format!("{shown}, certificate at {RSA_3072_CERTIFICATE:#010x}"),
            "The TPM has an RSA 3072 endorsement key",
            "The first laptops with one failed attestation in the technician phase (0x81039001); their makers' updates cured it.",
            "Nothing, unless attestation fails: then bring the firmware up to date.",
        );
    }
}

/// Handle of the certificate of an RSA 3072 key: EK Credential Profile 2.5, 2.2.1.5. Trouble with it: Windows
/// Autopilot known issues, May 2025.
const RSA_3072_CERTIFICATE: u32 = 0x01c0_001c;

/// Where Windows fetches the certificate of a TPM that lives in the processor. Hosts: Windows Autopilot
/// requirements, networking. Vendors: TCG vendor ID registry.
fn certificate_service(vendor: &str) -> Option<&'static str> {
    match vendor {
        "INTC" => Some("ekop.intel.com"),
        "AMD" => Some("ftpm.amd.com"),
        "QCOM" => Some("ekcert.spserv.microsoft.com"),
        _ => None,
    }
}

fn no_certificate(vendor: &str, shown: &str, found: &mut Found) {
    let heading = "No EK certificate in the TPM";
    // Chips on the board, which leave their factory with it.
    const CHIPS: [&str; 7] = ["IFX", "STM", "NTC", "NTZ", "ATML", "BRCM", "WEC"];
    match certificate_service(vendor) {
        // The normal state of a new laptop with a TPM in its processor: a matter of the network, not of the laptop.
        Some(host) => found.say(
            Note,
            Part::EkCertificate,
            shown,
            heading,
            format!("That is usual for a TPM in the processor: Windows fetches the certificate from {host} during setup."),
            format!("The bench network has to reach https://{host} and *.microsoftaik.azure.net in the technician phase."),
        ),
        None if CHIPS.contains(&vendor) => found.say(
            Warning,
            Part::EkCertificate,
            shown,
            heading,
            "A TPM chip leaves its factory with a certificate. Without one no service can vouch for it, and attestation fails.",
            "Bring the TPM's firmware up to date and boot again. If there is still none, try the technician phase with this \
             laptop alone before the batch relies on its kind.",
        ),
        None => found.say(
            Warning,
            Part::EkCertificate,
            shown,
            heading,
            "We know of no service where this vendor's certificate could be fetched. Virtual machines have none at all.",
            "Try the technician phase with this laptop alone before the batch relies on its kind.",
        ),
    }
}

fn shown(tpm: &Tpm) -> String {
    format!("{} {}", tpm.vendor.trim(), tpm_firmware::Version::of(tpm.firmware))
}

/// What the agent said of the part, or else `otherwise`.
fn evidence(capture: &Capture, otherwise: &str) -> String {
    evidence_of(Part::Tpm, capture, otherwise)
}

fn evidence_of(part: Part, capture: &Capture, otherwise: &str) -> String {
    let said: Vec<&str> = capture.findings.iter().filter(|f| f.part == part).map(|f| f.what.as_str()).collect();
    match said.is_empty() {
        true => otherwise.to_owned(),
        false => said.join("; "),
    }
}
