//! Records 13, 25 and 11: what TPM, its endorsement key, and the device id that is made of the key.

use sha2::{Digest, Sha256};

use super::List;
use crate::{
    blob::Blob,
    capture::{Capture, EkSource, Tpm, TpmPresence},
    hwhash::Record,
    tpm::{certificate, rsa_modulus},
};

/// TPM_EK: the id is the SHA-256 of the key's modulus.
const METHOD_EK: u8 = 1;
/// RSA 2048, in bytes; the record has room for nothing else.
const MODULUS: usize = 256;

pub(super) fn add(list: &mut List, capture: &Capture) {
    let Some(tpm) = &capture.tpm else {
        let why = match capture.tpm_presence {
            TpmPresence::Hidden => "the TPM is switched off in the firmware",
            TpmPresence::Version12 => "the TPM is version 1.2",
            TpmPresence::Silent => "the TPM does not answer",
            TpmPresence::None | TpmPresence::Unknown | TpmPresence::Answers => "no TPM",
        };
        list.leave_out(13, why);
        list.leave_out(25, why);
        // Windows makes one from a random number that it writes itself, later.
        list.leave_out(11, format!("{why}; without its key the id cannot be known beforehand"));
        return;
    };
    list.put_text(13, version(tpm).as_bytes(), "TPM2_GetCapability", "");

    let rsa = tpm.keys.iter().find_map(|key| Some((key.source, rsa_modulus(&key.public.0)?)));
    let Some((source, modulus)) = rsa.filter(|(_, modulus)| modulus.len() == MODULUS) else {
        let why = "the TPM gave no RSA 2048 endorsement key";
        list.leave_out(25, why);
        return list.leave_out(11, why);
    };
    let read = match source {
        EkSource::Persistent => "kept in the TPM (handle 0x81010001)",
        EkSource::Created => "made by the TPM from the default template, as none is kept in it",
    };
    let (certified, risk) = match (certificate::agree(tpm), source) {
        (Some(true), _) => ("the EK certificate names the same key", ""),
        (Some(false), _) => (
            "the EK certificate names ANOTHER key",
            "high: Windows may take the key of the certificate, or one from a template kept in the TPM",
        ),
        (None, EkSource::Persistent) => ("no EK certificate to compare it with", "low"),
        (None, EkSource::Created) => (
            "no EK certificate to compare it with",
            "medium: a template of the maker's own, kept in the TPM, would give another key",
        ),
    };
    let modulus = modulus.to_vec();
    let id = Sha256::digest(&modulus).into();
    list.put(Record::EkPub { modulus: Blob(modulus) }, format!("RSA key {read}; {certified}"), risk);
    list.put(
        Record::OfflineDeviceId { status: 0, method: METHOD_EK, flag: 0, id },
        "SHA-256 of the RSA key's modulus, which is the EkPubHash too",
        risk,
    );
}

/// `TPM-Version:2.0 -Level:0-Revision:1.64-VendorID:'IBM '-Firmware:538513443.1455670`
fn version(tpm: &Tpm) -> String {
    // Both are four characters in the TPM, NULs shown as blanks.
    let Tpm { family, level, revision, vendor, firmware: (first, second), .. } = tpm;
    let (major, minor) = (revision / 100, revision % 100);
    format!(
        "TPM-Version:{family:<4}-Level:{level}-Revision:{major}.{minor:02}-VendorID:'{vendor:<4}'-Firmware:{first}.{second}"
    )
}
