//! Who a machine is, and when two sightings are one machine.
//!
//! No single number can be trusted: boards ship with `To be filled by O.E.M.` as their serial, with
//! all-zero UUIDs, and whole batches share one. So a value counts only if it is not junk, and the
//! TPM's endorsement key, which nobody can type in, outranks the strings.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{hex_id::hex_id, msdm::ProductKeyId};

mod junk;
mod sighting;

pub use sighting::{Clash, Sighting, Tie};

hex_id!(
    /// SHA-256 over the RSA endorsement key's modulus, or over the whole public area of another kind of key.
    EkDigest, 32
);

/// An Ethernet address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Neither all zeros, nor multicast, nor made up by software (IEEE 802, local bit).
    pub fn is_from_the_factory(self) -> bool {
        self.0 != [0; 6] && self.0[0] & 0b11 == 0
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an Ethernet address (expected six hex bytes)")]
pub struct NotAMac;

impl FromStr for Mac {
    type Err = NotAMac;
    fn from_str(text: &str) -> Result<Self, NotAMac> {
        let digits: String = text.trim().chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
        let mut bytes = [0; 6];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| NotAMac)?;
        Ok(Self(bytes))
    }
}

impl Serialize for Mac {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// SMBIOS type 1 UUID: the 16 bytes as they stand in the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SystemUuid(pub [u8; 16]);

impl SystemUuid {
    /// In the order of its text form. Mixed-endian since SMBIOS 2.6: the first three fields are
    /// little-endian in the table.
    fn printed(&self) -> [u8; 16] {
        let mut bytes = self.0;
        bytes[..4].reverse();
        bytes[4..6].reverse();
        bytes[6..8].reverse();
        bytes
    }

    /// All zeros ("not present") and all FF ("not settable", SMBIOS 3.x 7.2.1), any other single
    /// repeated byte, and the constants board vendors forgot to replace.
    pub fn is_junk(&self) -> bool {
        junk::is_shared_uuid(self)
    }
}

impl fmt::Display for SystemUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = hex::encode(self.printed());
        write!(f, "{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

impl fmt::Debug for SystemUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID (expected 32 hex digits)")]
pub struct NotAUuid;

impl FromStr for SystemUuid {
    type Err = NotAUuid;
    fn from_str(text: &str) -> Result<Self, NotAUuid> {
        let digits: String = text.trim().chars().filter(|c| *c != '-').collect();
        let mut printed = [0; 16];
        hex::decode_to_slice(digits, &mut printed).map_err(|_| NotAUuid)?;
        // The same swaps lead back.
        Ok(Self(Self(printed).printed()))
    }
}

impl Serialize for SystemUuid {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SystemUuid {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A system serial number, blanks at the ends removed, never empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Serial(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a serial number is 1 to 64 printable characters")]
pub struct NotASerial;

impl Serial {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What firmware says when nobody gave the machine a serial.
    pub fn is_junk(&self) -> bool {
        junk::is_no_serial(&self.0)
    }

    /// Makers use one case throughout; only people and scanners change it.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }

    /// Equal for serials that are the same.
    pub(crate) fn key(&self) -> String {
        self.0.to_ascii_uppercase()
    }
}

impl TryFrom<String> for Serial {
    type Error = NotASerial;
    fn try_from(text: String) -> Result<Self, NotASerial> {
        let trimmed = text.trim();
        let printable = trimmed.chars().all(|c| !c.is_control());
        // A bound for screens and labels; the SMBIOS specification's own advice is 64.
        if trimmed.is_empty() || trimmed.chars().count() > 64 || !printable {
            return Err(NotASerial);
        }
        Ok(Self(trimmed.to_owned()))
    }
}

impl From<Serial> for String {
    fn from(serial: Serial) -> Self {
        serial.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything about a machine that says who it is. Any part may be missing or junk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub serial: Option<Serial>,
    pub uuid: Option<SystemUuid>,
    pub ek: Option<EkDigest>,
    /// Permanent addresses of the machine's own NICs; a dock's dongle travels and proves nothing.
    pub macs: Vec<Mac>,
    /// Of the Windows key in the firmware, another one in every laptop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_key_id: Option<ProductKeyId>,
    pub manufacturer: String,
    pub model: String,
}

impl Identity {
    /// The serial, if it tells machines apart.
    pub fn good_serial(&self) -> Option<&Serial> {
        self.serial.as_ref().filter(|serial| !serial.is_junk())
    }

    /// The UUID, if it tells machines apart.
    pub fn good_uuid(&self) -> Option<SystemUuid> {
        self.uuid.filter(|uuid| !uuid.is_junk())
    }

    /// Nothing here tells this machine from the next one.
    pub fn is_anonymous(&self) -> bool {
        self.good_serial().is_none() && self.good_uuid().is_none() && self.ek.is_none() && self.product_key_id.is_none()
    }

    /// What is known of a machine after it was looked at again: the newer word counts, but a part
    /// that could not be read this time (a TPM switched off, a serial lost) is not forgotten.
    #[must_use]
    pub fn renewed(self, newer: Self) -> Self {
        let text = |old: String, new: String| if new.is_empty() { old } else { new };
        Self {
            serial: newer
                .good_serial()
                .or(self.good_serial())
                .or(newer.serial.as_ref())
                .or(self.serial.as_ref())
                .cloned(),
            uuid: newer.good_uuid().or(self.good_uuid()).or(newer.uuid).or(self.uuid),
            ek: newer.ek.or(self.ek),
            macs: if newer.macs.is_empty() { self.macs } else { newer.macs },
            product_key_id: newer.product_key_id.or(self.product_key_id),
            manufacturer: text(self.manufacturer, newer.manufacturer),
            model: text(self.model, newer.model),
        }
    }
}

#[cfg(test)]
mod tests;
