//! Named values for a person, as Windows' tools name them.

use serde::{Deserialize, Serialize};

use super::HardwareHash;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The record it stands in.
    pub kind: u16,
    /// `SmbiosSystemSerialNumber`, `MacAddress`.
    pub name: String,
    pub value: String,
}

pub(super) fn fields(_hash: &HardwareHash) -> Vec<Field> {
    vec![]
}
