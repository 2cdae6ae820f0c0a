//! What a batch relies on.

use serde::{Deserialize, Serialize};

/// By which identity the laptops of a batch are registered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityPolicy {
    /// The hash our agent made; experimental until a model's acceptance test passed.
    #[default]
    LinuxHash,
    /// Only a hash that Windows or WinPE made counts.
    WindowsHash,
    /// Maker, model and serial number, or the product key id: what Partner Center takes.
    Tuple,
}

impl IdentityPolicy {
    pub fn words(self) -> &'static str {
        match self {
            Self::LinuxHash => "hash made on Linux",
            Self::WindowsHash => "hash made by Windows",
            Self::Tuple => "maker, model and serial, or product key id",
        }
    }
}

/// A laptop model, by the strings that Windows registers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ModelName {
    pub manufacturer: String,
    pub product: String,
}

impl std::fmt::Display for ModelName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.manufacturer.trim(), self.product.trim())
    }
}

/// What comparisons with Windows' own hash say of the hash we make for a model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelTrust {
    /// No laptop of this model was compared yet.
    #[default]
    Untested,
    /// All that were compared agreed in every critical field.
    Accepted { units: usize },
    /// At least one differed, in these.
    Differs { fields: Vec<crate::hwhash::Critical> },
}

impl ModelTrust {
    pub fn words(&self) -> String {
        match self {
            Self::Untested => "experimental: not compared with Windows for this model yet".to_owned(),
            Self::Accepted { units: 1 } => "accepted: one laptop of this model agreed with Windows".to_owned(),
            Self::Accepted { units } => format!("accepted: {units} laptops of this model agreed with Windows"),
            Self::Differs { fields } => {
                let names: Vec<_> = fields.iter().map(|field| field.name()).collect();
                format!("NOT accepted: differs from Windows in {}", names.join(", "))
            }
        }
    }
}
