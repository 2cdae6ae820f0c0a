//! A laptop that is known only by a hash that Windows or WinPE made: what that hash tells.

use super::{
    Found,
    Severity::{Note, Stop},
    parts, tpm, tpm_firmware,
};
use crate::{capture::Part, device::WindowsHash, hwhash::Record};

/// The record of the TPM's own words.
const TPM_VERSION: u16 = 13;

pub(super) fn checks(imported: &WindowsHash, found: &mut Found) {
    let records = imported.hash.records();
    let source = format!("{}, line {}", imported.source.name, imported.source.line);
    let tpm = records.iter().find_map(|record| match record {
        Record::Text { kind: TPM_VERSION, text, .. } => Some(text.as_str()),
        _ => None,
    });
    match tpm.map(TpmWords::parse) {
        None => found.say(
            Stop,
            Part::Tpm,
            format!("no TpmVersion in the hash ({source})"),
            "No TPM in the hash",
            "The hash was made without the TPM: WinPE without PCPKsp.dll, a TPM that is switched off, or none. Pre-provisioning \
             then fails although the laptop is registered.",
            "Turn the TPM on, and capture it again: with our agent, or in WinPE with PCPKsp.dll.",
        ),
        Some(Some(words)) if !words.family.starts_with('2') => tpm::version_12(tpm.unwrap_or_default(), found),
        Some(Some(words)) => tpm_firmware::check(&words.vendor, words.firmware, found),
        // Words of another form: nothing to go by.
        Some(None) => {}
    }
    if tpm.is_some() && imported.hash.identity().ek.is_none() {
        found.say(
            Stop,
            Part::EndorsementKey,
            format!("no EkPub in the hash ({source})"),
            "No TPM endorsement key in the hash",
            "Registration takes such a hash, and attestation in the technician phase fails.",
            "Capture it again: with our agent, or in WinPE with PCPKsp.dll beside oa3tool.",
        );
    }
    let gigabytes = records.iter().filter_map(|record| match record {
        Record::Disk { gigabytes, .. } => Some(*gigabytes),
        _ => None,
    });
    if let Some(gigabytes) = gigabytes.max().filter(|gigabytes| *gigabytes < 64) {
        parts::small_disk(format!("{gigabytes} GB ({source})"), found);
    }
    let memory = records.iter().find_map(|record| match record {
        Record::Ram { total_gib, .. } => Some(*total_gib),
        _ => None,
    });
    // Whole GiB of what Windows counts: a laptop with 4 GiB may say 3.
    if let Some(gib) = memory.filter(|gib| (1..3).contains(gib)) {
        parts::little_memory(format!("{gib} GiB ({source})"), found);
    }
    found.say(
        Note,
        Part::Hash,
        source,
        "Known only by an imported hash",
        "Firmware, Secure Boot, clock, EK certificate and battery were not read.",
        "Boot it from a stick if you want them checked too.",
    );
}

/// `TPM-Version:2.0 -Level:0-Revision:1.38-VendorID:'IFX '-Firmware:458813.182452224`
pub(super) struct TpmWords {
    pub(super) family: String,
    pub(super) vendor: String,
    pub(super) firmware: (u32, u32),
}

impl TpmWords {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (family, rest) = text.strip_prefix("TPM-Version:")?.split_once('-')?;
        let family = match family.trim() {
            // As a TPM 1.2 writes it.
            "01.02" => "1.2",
            family => family,
        };
        let (_, rest) = rest.split_once("VendorID:'")?;
        let (vendor, rest) = rest.split_once('\'')?;
        let firmware = rest.strip_prefix("-Firmware:").and_then(|numbers| {
            let (one, two) = numbers.trim().split_once('.')?;
            Some((one.parse().ok()?, two.parse().ok()?))
        });
        let vendor = vendor.trim_matches([' ', '\0']).to_owned();
        Some(Self { family: family.to_owned(), vendor, firmware: firmware.unwrap_or_default() })
    }
}
