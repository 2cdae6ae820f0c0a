//! What identifies a machine in a hash, and what Windows' own validator insists on.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{HardwareHash, Origin, Record};
use crate::{
    clock::Moment,
    identity::{EkDigest, Identity, Mac, Serial, SystemUuid},
    msdm::ProductKeyId,
    smbios::{System, Text},
};

/// The fields that `oa3tool /ValidateHwHash` calls critical (Microsoft's list).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Critical {
    DiskSerialNumber,
    TpmVersion,
    EkPubHash,
    MacAddress,
    ProductKeyId,
    SmbiosSystemFamily,
    SmbiosSystemManufacturer,
    SmbiosSystemProductName,
    SmbiosSystemSerialNumber,
    SmbiosUuid,
}

impl Critical {
    pub const ALL: [Self; 10] = [
        Self::DiskSerialNumber,
        Self::TpmVersion,
        Self::EkPubHash,
        Self::MacAddress,
        Self::ProductKeyId,
        Self::SmbiosSystemFamily,
        Self::SmbiosSystemManufacturer,
        Self::SmbiosSystemProductName,
        Self::SmbiosSystemSerialNumber,
        Self::SmbiosUuid,
    ];

    /// As Windows' tools print it.
    pub fn name(self) -> &'static str {
        match self {
            Self::DiskSerialNumber => "DiskSerialNumber",
            Self::TpmVersion => "TpmVersion",
            Self::EkPubHash => "EkPubHash",
            Self::MacAddress => "MacAddress",
            Self::ProductKeyId => "ProductKeyId",
            Self::SmbiosSystemFamily => "SmbiosSystemFamily",
            Self::SmbiosSystemManufacturer => "SmbiosSystemManufacturer",
            Self::SmbiosSystemProductName => "SmbiosSystemProductName",
            Self::SmbiosSystemSerialNumber => "SmbiosSystemSerialNumber",
            Self::SmbiosUuid => "SmbiosUuid",
        }
    }
}

/// What Windows writes for an SMBIOS string whose number is 0.
pub(super) const NO_STRING: &[u8] = b"SMBIOS_STRING_INDEX_0";
/// 1970 to 2000 in seconds.
pub(super) const YEAR_2000: u64 = 946_684_800;
/// NDIS_PHYSICAL_MEDIUM of a wired adapter; some drivers leave it at 0, unspecified.
pub(super) const WIRED: u32 = 14;
const UNSPECIFIED: u32 = 0;
/// The identifier in record 11 is made of the TPM's endorsement key.
pub(super) const BY_TPM_KEY: u8 = 1;

impl Critical {
    /// The record it stands in. `EkPubHash` has none of its own: it is the identifier in record 11.
    pub(super) fn kind(self) -> u16 {
        match self {
            Self::DiskSerialNumber => 7,
            Self::TpmVersion => 13,
            Self::EkPubHash => 11,
            Self::MacAddress => 8,
            Self::ProductKeyId => 24,
            Self::SmbiosSystemFamily => 19,
            Self::SmbiosSystemManufacturer => 16,
            Self::SmbiosSystemProductName => 17,
            Self::SmbiosSystemSerialNumber => 14,
            Self::SmbiosUuid => 12,
        }
    }

    /// Whether a value of its record's kind says something.
    fn is_given(self, value: &[u8], hash: &HardwareHash) -> bool {
        let text = without_nul(value);
        match self {
            Self::EkPubHash => ek_pub_hash(hash).is_some(),
            Self::MacAddress => matches!(Record::decode(8, value), Record::Network { mac, .. } if mac.0 != [0; 6]),
            Self::ProductKeyId => product_key_id(hash).is_some(),
            // All zeros is "not present", all ones "not settable" (SMBIOS 7.2.1).
            Self::SmbiosUuid => value.len() == 16 && value != [0; 16] && value != [0xff; 16],
            // `serial|product|vendor`: the names alone tell no two disks apart.
            Self::DiskSerialNumber => !is_blank(text.split(|byte| *byte == b'|').next().unwrap_or_default()),
            Self::TpmVersion
            | Self::SmbiosSystemFamily
            | Self::SmbiosSystemManufacturer
            | Self::SmbiosSystemProductName
            | Self::SmbiosSystemSerialNumber => !is_blank(text),
        }
    }
}

pub(super) fn missing(hash: &HardwareHash) -> Vec<Critical> {
    let mut missing = Critical::ALL.to_vec();
    // One walk: hashes are checked by the hundred thousand, and the list is soon short.
    for (kind, value) in hash.raw_records() {
        if let Some(at) = missing.iter().position(|critical| critical.kind() == kind)
            && missing[at].is_given(value, hash)
        {
            missing.remove(at);
        }
    }
    missing
}

pub(super) fn identity(hash: &HardwareHash) -> Identity {
    // The same reading as of the machine's own table, so that both give one model name.
    let system = System {
        manufacturer: text(hash, 16),
        product: text(hash, 17),
        version: text(hash, 23),
        serial: text(hash, 14),
        uuid: uuid(hash),
        sku: text(hash, 18),
        family: text(hash, 19),
    };
    let built_in_and_wired =
        |(medium, _, bus): &(u32, Mac, String)| matches!(*medium, WIRED | UNSPECIFIED) && bus == "PCI";
    Identity {
        serial: Serial::try_from(system.serial.to_string()).ok(),
        uuid: system.uuid,
        // A hash without the key itself still carries its digest.
        ek: modulus_digest(hash).or_else(|| offline_id(hash)).map(EkDigest),
        macs: macs(hash).filter(built_in_and_wired).map(|(_, mac, _)| mac).collect(),
        product_key_id: product_key_id(hash),
        manufacturer: system.manufacturer.to_string().trim().to_owned(),
        model: system.model_name(),
    }
}

pub(super) fn product_key_id(hash: &HardwareHash) -> Option<ProductKeyId> {
    values(hash, 24).find_map(|value| String::from_utf8_lossy(value).parse().ok())
}

pub(super) fn origin(hash: &HardwareHash) -> Origin {
    match versions(hash) {
        Some(Record::Versions { os_type: 1, .. }) => Origin::WinPe,
        Some(Record::Versions { os_type: 2, .. }) => Origin::FullOs,
        _ => Origin::Unknown,
    }
}

pub(super) fn made_at(hash: &HardwareHash) -> Option<Moment> {
    let Some(Record::Versions { seconds, .. }) = versions(hash) else { return None };
    Some(Moment::from_millis((YEAR_2000 + u64::from(seconds)) * 1000))
}

/// Bytes of the modulus, which is all there is in record 25.
const RSA_2048: usize = 256;

fn versions(hash: &HardwareHash) -> Option<Record> {
    decoded(hash, 1).next()
}

/// The digest of the endorsement key, if records 25 and 11 agree about it.
pub(super) fn ek_pub_hash(hash: &HardwareHash) -> Option<[u8; 32]> {
    modulus_digest(hash).filter(|digest| offline_id(hash) == Some(*digest))
}

pub(super) fn modulus_digest(hash: &HardwareHash) -> Option<[u8; 32]> {
    let mut keys = hash.raw_records().filter(|(kind, value)| *kind == 25 && value.len() == RSA_2048);
    keys.next().map(|(_, modulus)| Sha256::digest(modulus).into())
}

/// The identifier in record 11, if it was made of the TPM's key.
pub(super) fn offline_id(hash: &HardwareHash) -> Option<[u8; 32]> {
    decoded(hash, 11).find_map(|record| match record {
        Record::OfflineDeviceId { method: BY_TPM_KEY, id, .. } => Some(id),
        _ => None,
    })
}

fn uuid(hash: &HardwareHash) -> Option<SystemUuid> {
    decoded(hash, 12).find_map(|record| match record {
        Record::SmbiosUuid { uuid } => Some(uuid),
        _ => None,
    })
}

fn macs(hash: &HardwareHash) -> impl Iterator<Item = (u32, Mac, String)> {
    decoded(hash, 8).filter_map(|record| match record {
        Record::Network { medium, mac, bus } => Some((medium, mac, bus)),
        _ => None,
    })
}

fn decoded(hash: &HardwareHash, kind: u16) -> impl Iterator<Item = Record> {
    hash.raw_records().filter(move |(each, _)| *each == kind).map(|(kind, value)| Record::decode(kind, value))
}

/// A text as the firmware has it; empty where Windows found none.
fn text(hash: &HardwareHash, kind: u16) -> Text<'_> {
    Text(values(hash, kind).find(|value| !is_blank(value)).unwrap_or_default())
}

/// Texts of a kind, without the NULs at their ends.
pub(super) fn values(hash: &HardwareHash, kind: u16) -> impl Iterator<Item = &[u8]> {
    hash.raw_records().filter(move |(each, _)| *each == kind).map(|(_, value)| without_nul(value))
}

fn without_nul(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &value[..end]
}

fn is_blank(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text.is_empty() || text == NO_STRING
}
