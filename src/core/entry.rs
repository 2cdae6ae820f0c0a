//! What came to the bench by another way than our agent: one line of a file, one code from a scanner.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    hwhash::HardwareHash,
    identity::{Identity, Serial},
    msdm::ProductKeyId,
};

/// One machine as a file or a code describes it. At least one of serial, product key id, hash and
/// Autopilot id is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub lane: Lane,
    pub serial: Option<Serial>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_key_id: Option<ProductKeyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<HardwareHash>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub manufacturer: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group_tag: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub assigned_user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_link: Option<DeviceLink>,
    /// The Autopilot device id that the Windows setup screen shows as a QR code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ztd_id: Option<ZtdId>,
}

/// Which way an entry came. Decides what it proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// `OA3.xml` of WinPE's oa3tool.
    Oa3,
    /// The CSV that Intune takes, as `Get-WindowsAutopilotInfo` and Windows setup write it.
    IntuneCsv,
    /// The CSV that Partner Center takes.
    PartnerCsv,
    /// Corporate identifiers: maker, model and serial number, without header.
    IdentifierCsv,
    /// A file with a hash and nothing else.
    BareHash,
    /// `*.devicelink.csv` of Windows' setup menu.
    DeviceLinkCsv,
    /// What our own script for Windows wrote beside its CSV.
    WindowsScript,
    /// The `deviceLink:` QR code of the same menu.
    DeviceLinkQr,
    /// The JSON QR code of the pre-provisioning screen.
    SetupQr,
    /// A serial number or product key id, scanned from the box.
    Label,
}

impl Lane {
    pub fn words(self) -> &'static str {
        match self {
            Self::Oa3 => "OA3.xml",
            Self::IntuneCsv => "Autopilot CSV",
            Self::PartnerCsv => "Partner Center CSV",
            Self::IdentifierCsv => "corporate identifiers CSV",
            Self::BareHash => "hardware hash",
            Self::DeviceLinkCsv => "devicelink CSV",
            Self::WindowsScript => "capture in Windows",
            Self::DeviceLinkQr => "deviceLink QR code",
            Self::SetupQr => "setup screen QR code",
            Self::Label => "box label",
        }
    }
}

/// The association data of Windows' own export, signed by the machine's TPM: kept and handed on as it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceLink {
    /// Base64 of JSON (file) or of gzipped JSON (QR code), unchanged.
    pub data: String,
    pub link_id: Option<String>,
    /// As the machine writes it, ISO 8601.
    pub created: Option<String>,
}

impl fmt::Debug for DeviceLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceLink({} characters)", self.data.len())
    }
}

/// A GUID, as Graph names an Autopilot device. Lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ZtdId(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a GUID (expected 8-4-4-4-12 hex digits)")]
pub struct NotAGuid;

/// A GUID as it is written, in lower case and without braces.
pub(crate) fn guid(text: &str) -> Result<String, NotAGuid> {
    let text = text.trim().trim_matches(['{', '}']).to_ascii_lowercase();
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let hex = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if lengths != [8, 4, 4, 4, 12] || !hex {
        return Err(NotAGuid);
    }
    Ok(text)
}

impl ZtdId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ZtdId {
    type Error = NotAGuid;
    fn try_from(text: String) -> Result<Self, NotAGuid> {
        guid(&text).map(Self)
    }
}

impl From<ZtdId> for String {
    fn from(id: ZtdId) -> Self {
        id.0
    }
}

impl Entry {
    pub fn new(lane: Lane) -> Self {
        Self {
            lane,
            serial: None,
            product_key_id: None,
            hash: None,
            manufacturer: String::new(),
            model: String::new(),
            group_tag: String::new(),
            assigned_user: String::new(),
            device_link: None,
            ztd_id: None,
        }
    }

    /// Who it speaks of: what the hash says, completed by the columns beside it.
    pub fn identity(&self) -> Identity {
        let mut identity = self.hash.as_ref().map(HardwareHash::identity).unwrap_or_default();
        if identity.good_serial().is_none() {
            identity.serial = self.serial.clone().or(identity.serial);
        }
        identity.product_key_id = identity.product_key_id.or_else(|| self.product_key_id.clone());
        for (known, column) in [(&mut identity.manufacturer, &self.manufacturer), (&mut identity.model, &self.model)] {
            if known.is_empty() {
                known.clone_from(column);
            }
        }
        identity
    }
}

/// What became of one line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// As an editor counts them, from 1.
    pub number: u64,
    /// What was put right, in words.
    pub repairs: Vec<String>,
    /// What is worth knowing although nothing was changed.
    pub remarks: Vec<String>,
    pub outcome: Result<Box<Entry>, Refusal>,
}

/// Gathers what there is to say of a line.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) repairs: Vec<String>,
    pub(crate) remarks: Vec<String>,
}

impl Notes {
    pub(crate) fn repair(&mut self, what: impl Into<String>) {
        self.repairs.push(what.into());
    }

    pub(crate) fn remark(&mut self, what: impl Into<String>) {
        self.remarks.push(what.into());
    }
}

/// Why a line was not taken, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub why: String,
    pub next: String,
}

/// Where an entry stood, for the journal and the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// File name without its folder, or what scanned it.
    pub name: String,
    pub line: u64,
}
