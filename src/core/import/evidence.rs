//! What our own script for Windows (`a` on a stick, [`crate::script`]) writes beside its CSV: the same
//! identity, and what Windows says of the TPM, in one JSON object.

use std::io::Read;

use serde::Deserialize;

use super::{NOTHING, Out, Stop, fields::Fields};
use crate::{
    entry::{Lane, Notes},
    problem::Problem,
};

const FORMAT: &str = "whiteglove-windows-capture";
/// A hash of 4000 characters and some words.
const LONGEST: u64 = 64 << 10;
const NEXT: &str = "Import the CSV of the same name beside it, or type a on that laptop again.";

/// All keys that are read; a test holds the script to them.
#[cfg(test)]
pub(crate) const KEYS: &[&str] = &[
    "format",
    "version",
    "serial",
    "product_key_id",
    "hardware_hash",
    "manufacturer",
    "model",
    "secure_boot",
    "tpm",
    "tenant_domain",
    "windows_edition",
];

#[derive(Deserialize)]
struct Evidence {
    format: String,
    version: u32,
    #[serde(default)]
    serial: String,
    #[serde(default)]
    product_key_id: String,
    #[serde(default)]
    hardware_hash: String,
    #[serde(default)]
    manufacturer: String,
    #[serde(default)]
    model: String,
    secure_boot: Option<bool>,
    #[serde(default)]
    tpm: Tpm,
    #[serde(default)]
    tenant_domain: String,
    #[serde(default)]
    windows_edition: String,
}

/// `Win32_Tpm`, and its own word on whether it is ready for attestation.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Tpm {
    present: bool,
    enabled: Option<bool>,
    ready: Option<bool>,
    /// Why it is not: bits of `IsReadyInformation`.
    information: Option<i64>,
    spec: String,
    manufacturer: String,
    manufacturer_version: String,
}

pub(super) fn read(source: impl Read, out: &mut Out<'_>) -> Result<(), Stop> {
    let mut bytes = Vec::new();
    source.take(LONGEST + 1).read_to_end(&mut bytes)?;
    let not_ours = |why: String| Stop::Failed(Problem::new(NOTHING, why, NEXT));
    if bytes.len() as u64 > LONGEST {
        return Err(not_ours("it is JSON, and too long to be a capture of our script".to_owned()));
    }
    let evidence: Evidence = serde_json::from_slice(&bytes)
        .map_err(|error| not_ours(format!("it is not the evidence of our script, or it is damaged: {error}")))?;
    if evidence.format != FORMAT || evidence.version != 1 {
        return Err(not_ours("it is JSON, but not a capture of our script in a version that is known here".to_owned()));
    }
    let mut notes = Notes::default();
    evidence.remarks().into_iter().for_each(|remark| notes.remark(remark));
    let fields = Fields {
        serial: evidence.serial,
        product_key_id: evidence.product_key_id,
        hash: evidence.hardware_hash,
        manufacturer: evidence.manufacturer,
        model: evidence.model,
        ..Fields::default()
    };
    let outcome = fields.entry(Lane::WindowsScript, &mut notes);
    out.line(1, notes, outcome)
}

impl Evidence {
    /// What a technician should know before the technician phase; nothing that is as it should be.
    fn remarks(&self) -> Vec<String> {
        let mut remarks = vec![];
        let tpm = &self.tpm;
        let maker = [&tpm.manufacturer, &tpm.manufacturer_version].map(|text| clean(text)).join(" ");
        if !tpm.present {
            remarks.push("Windows saw no TPM: pre-provisioning fails until it is switched on".to_owned());
        } else if !tpm.spec.is_empty() && !tpm.spec.starts_with("2.0") {
            let version = clean(tpm.spec.split(',').next().unwrap_or_default());
            remarks.push(format!("the TPM ({maker}) is version {version}: pre-provisioning needs 2.0"));
        } else if tpm.enabled == Some(false) {
            remarks.push(format!("the TPM ({maker}) is switched off"));
        } else if tpm.ready == Some(false) {
            let bits = tpm.information.map_or_else(String::new, |bits| format!(", reason {bits:#x}"));
            remarks.push(format!("Windows says the TPM ({maker}) is not ready{bits}"));
        }
        if self.secure_boot == Some(false) {
            remarks.push("Secure Boot is off".to_owned());
        }
        if !self.tenant_domain.is_empty() {
            remarks.push(format!("the laptop knows an Autopilot profile of {} already", clean(&self.tenant_domain)));
        }
        // Core is the SKU that boxes call Home.
        if self.windows_edition.starts_with("Core") {
            remarks.push("it runs Windows Home, which Autopilot refuses (0x80180022)".to_owned());
        }
        remarks
    }
}

/// From a stick that was anywhere: for a report, not for a terminal to obey.
fn clean(text: &str) -> String {
    text.trim().chars().filter(|c| c.is_ascii() && !c.is_ascii_control()).take(80).collect()
}
