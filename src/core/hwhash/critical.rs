//! What identifies a machine in a hash, and what Windows' own validator insists on.

use serde::{Deserialize, Serialize};

use super::{HardwareHash, Origin, Record};
use crate::{clock::Moment, identity::Identity, msdm::ProductKeyId};

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

pub(super) fn missing(_hash: &HardwareHash) -> Vec<Critical> {
    vec![]
}

pub(super) fn identity(_hash: &HardwareHash) -> Identity {
    Identity::default()
}

pub(super) fn product_key_id(_hash: &HardwareHash) -> Option<ProductKeyId> {
    None
}

pub(super) fn origin(hash: &HardwareHash) -> Origin {
    let os = hash.records().into_iter().find_map(|record| match record {
        Record::Versions { os_type, .. } => Some(os_type),
        _ => None,
    });
    match os {
        Some(1) => Origin::WinPe,
        Some(2) => Origin::FullOs,
        _ => Origin::Unknown,
    }
}

pub(super) fn made_at(_hash: &HardwareHash) -> Option<Moment> {
    None
}
