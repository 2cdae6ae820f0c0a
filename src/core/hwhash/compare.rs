//! Two hashes field by field: the acceptance test of a hash made on Linux.

use serde::{Deserialize, Serialize};

use super::{Critical, HardwareHash};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The field's name, with its number where there are several of a kind.
    pub name: String,
    /// `None`: it is only in the other one.
    pub left: Option<String>,
    pub right: Option<String>,
    pub critical: Option<Critical>,
    /// Equal values are listed too, so that the two stand side by side.
    pub same: bool,
}

/// What a comparison says about the hash on the left (made on Linux) by the one on the right (Windows or WinPE).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every critical field is the same. Wireless adapters that only the right one lists do not count:
    /// WinPE often lists none either.
    Accepted,
    Differs(Vec<Critical>),
    /// Serial, UUID or TPM key say that these are two machines: no test at all.
    OtherMachine,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    pub verdict: Verdict,
    /// In the order of the left hash, then what only the right one has.
    pub fields: Vec<Difference>,
    /// What is worth knowing although it does not count, in sentences.
    pub remarks: Vec<String>,
}

pub fn compare(_left: &HardwareHash, _right: &HardwareHash) -> Comparison {
    Comparison { verdict: Verdict::Differs(vec![]), fields: vec![], remarks: vec![] }
}
