//! Who signed what a laptop starts, and whom its firmware trusts: the generations of certificates that decide
//! whether Secure Boot lets a stick in.
//!
//! Microsoft's authorities of 2011 expire in 2026. Firmware looks at no date, so what they signed goes on
//! starting wherever they are trusted and not revoked; but what is new is signed by those of 2023 only, and
//! laptops may trust either, both, or have the old ones revoked. So both sides are read and compared here.
//!
//! An authority is known by its name. That is enough to tell a person what to expect; whether a signature is
//! genuine is for the firmware, which has the keys.

pub mod authenticode;
pub mod sbat;
pub mod signature_list;
pub mod testing;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    der::{FIELD_0, INTEGER, OBJECT_ID, SEQUENCE, SET, object, objects, without},
    disk,
};

/// A certificate authority that laptops trust, or not, to say what may start.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Authority {
    /// Microsoft Windows Production PCA 2011: Windows' own boot manager until 2026.
    #[serde(rename = "windows-2011")]
    Windows2011,
    /// Windows UEFI CA 2023: the boot manager since.
    #[serde(rename = "windows-2023")]
    Windows2023,
    /// Microsoft Corporation UEFI CA 2011: shim and other third parties; "3rd party UEFI CA" in firmware menus.
    #[serde(rename = "third-party-2011")]
    ThirdParty2011,
    /// Microsoft UEFI CA 2023: third parties since.
    #[serde(rename = "third-party-2023")]
    ThirdParty2023,
    /// Microsoft Option ROM UEFI CA 2023: cards only, since the third parties were split.
    #[serde(rename = "option-rom-2023")]
    OptionRom2023,
    /// Debian Secure Boot CA: in no firmware; Debian's shim brings it along.
    #[serde(rename = "debian")]
    Debian,
    /// Any other, by its common name.
    #[serde(rename = "other")]
    Other(String),
}

impl Authority {
    /// By the name it has in its certificate.
    pub fn called(name: &str) -> Self {
        match name {
            "Microsoft Windows Production PCA 2011" => Self::Windows2011,
            "Windows UEFI CA 2023" => Self::Windows2023,
            "Microsoft Corporation UEFI CA 2011" => Self::ThirdParty2011,
            "Microsoft UEFI CA 2023" => Self::ThirdParty2023,
            "Microsoft Option ROM UEFI CA 2023" => Self::OptionRom2023,
            "Debian Secure Boot CA" => Self::Debian,
            other => Self::Other(other.to_owned()),
        }
    }

    /// As its certificate names it.
    pub fn name(&self) -> &str {
        match self {
            Self::Windows2011 => "Microsoft Windows Production PCA 2011",
            Self::Windows2023 => "Windows UEFI CA 2023",
            Self::ThirdParty2011 => "Microsoft Corporation UEFI CA 2011",
            Self::ThirdParty2023 => "Microsoft UEFI CA 2023",
            Self::OptionRom2023 => "Microsoft Option ROM UEFI CA 2023",
            Self::Debian => "Debian Secure Boot CA",
            Self::Other(name) => name,
        }
    }

    /// Short, for a column: `Windows 2011`, `third-party 2023`.
    pub fn words(&self) -> &str {
        match self {
            Self::Windows2011 => "Windows 2011",
            Self::Windows2023 => "Windows 2023",
            Self::ThirdParty2011 => "third-party 2011",
            Self::ThirdParty2023 => "third-party 2023",
            Self::OptionRom2023 => "option ROM 2023",
            Self::Debian => "Debian",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// `third-party 2011 and third-party 2023`; `nobody` where there is none.
pub fn listed(authorities: &[Authority], between: &str) -> String {
    match authorities {
        [] => "nobody".to_owned(),
        all => all.iter().map(Authority::words).collect::<Vec<_>>().join(&format!(" {between} ")),
    }
}

/// A security version number: what Microsoft counts up when boot managers before it are no longer to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Svn {
    pub major: u16,
    pub minor: u16,
}

impl Svn {
    /// The upper half is the major number, in files and in the firmware's list alike.
    pub fn from_u32(value: u32) -> Self {
        let [minor_low, minor_high, major_low, major_high] = value.to_le_bytes();
        Self { major: u16::from_le_bytes([major_low, major_high]), minor: u16::from_le_bytes([minor_low, minor_high]) }
    }
}

impl fmt::Display for Svn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The fields of an X.509 certificate (RFC 5280, 4.1) that a chain is walked by, as DER.
#[derive(Debug, Clone, Copy)]
struct Fields<'a> {
    serial: &'a [u8],
    issuer: &'a [u8],
    subject: &'a [u8],
}

fn fields(certificate: &[u8]) -> Option<Fields<'_>> {
    let (certificate, _) = object(certificate, SEQUENCE)?;
    let (body, _) = object(certificate, SEQUENCE)?;
    // The version; certificates of version 1 have none.
    let (serial, rest) = object(without(body, FIELD_0), INTEGER)?;
    let (_algorithm, rest) = object(rest, SEQUENCE)?;
    let (issuer, rest) = object(rest, SEQUENCE)?;
    let (_validity, rest) = object(rest, SEQUENCE)?;
    let (subject, _) = object(rest, SEQUENCE)?;
    Some(Fields { serial, issuer, subject })
}

/// Whose certificate this is, by its subject. `None` if it is no certificate.
pub fn subject(certificate: &[u8]) -> Option<Authority> {
    Some(Authority::called(&common_name(fields(certificate)?.subject)))
}

/// X.520, 6.2.2 and 6.4: common name, organisational unit, organisation.
const NAMES: [[u8; 3]; 3] = [[0x55, 4, 3], [0x55, 4, 11], [0x55, 4, 10]];

/// The common name in the content of a DER name, fit for a screen; what stands for one where there is none.
fn common_name(name: &[u8]) -> String {
    let value = |wanted: &[u8]| {
        let of_one = |set| objects(set).filter(|pair| pair.tag == SEQUENCE).map(|pair| pair.content);
        let mut pairs = objects(name).filter(|set| set.tag == SET).flat_map(|set| of_one(set.content));
        pairs.find_map(|pair| {
            let (id, value) = object(pair, OBJECT_ID)?;
            let value = objects(value).next().filter(|_| id == wanted)?;
            Some(text(value.tag, value.content)).filter(|text| !text.is_empty())
        })
    };
    NAMES.iter().find_map(|id| value(id)).unwrap_or_else(|| "a name nobody gave".to_owned())
}

/// A string of a name (RFC 5280, 4.1.2.4). BMPString is UTF-16, the others are ASCII or UTF-8 in what was seen.
fn text(tag: u8, bytes: &[u8]) -> String {
    const BMP_STRING: u8 = 0x1e;
    // Names end at 64 characters by their standard.
    let bytes = bytes.get(..256).unwrap_or(bytes);
    let text = match tag {
        BMP_STRING => {
            let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            String::from_utf16_lossy(&units)
        }
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    disk::clean(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_authorities_are_the_same_both_ways() {
        for authority in [
            Authority::Windows2011,
            Authority::Windows2023,
            Authority::ThirdParty2011,
            Authority::ThirdParty2023,
            Authority::OptionRom2023,
            Authority::Debian,
            Authority::Other("Fabrikam Test CA".to_owned()),
        ] {
            assert_eq!(Authority::called(authority.name()), authority);
            assert_eq!(subject(&testing::certificate(authority.name(), "Somebody")), Some(authority));
        }
    }

    #[test]
    fn the_wire_has_words_that_stay() {
        let written = serde_json::to_string(&[Authority::ThirdParty2011, Authority::Other("X".to_owned())]).unwrap();
        assert_eq!(written, r#"["third-party-2011",{"other":"X"}]"#);
    }

    #[test]
    fn a_name_nobody_can_show_is_still_a_name() {
        let name = |tag, bytes: &[u8]| common_name(&testing::name(tag, bytes));
        assert_eq!(name(0x0c, b"Evil\x1b[2J CA"), "Evil[2J CA");
        assert_eq!(name(0x1e, &[0, b'A', 0, b'B', 7]), "AB");
        assert_eq!(name(0x13, b""), "a name nobody gave");
        assert_eq!(common_name(b"\x31\x80nonsense"), "a name nobody gave");
    }

    #[test]
    fn the_upper_half_of_a_security_version_is_its_major_number() {
        assert_eq!(Svn::from_u32(0x0007_0002).to_string(), "7.2");
        assert!(Svn::from_u32(0x0003_ffff) < Svn::from_u32(0x0007_0000));
    }
}
