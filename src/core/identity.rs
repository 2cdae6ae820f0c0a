//! Who a machine is, and when two sightings are one machine.
//!
//! No single number can be trusted: boards ship with `To be filled by O.E.M.` as their serial, with
//! all-zero UUIDs, and whole batches share one. So a value counts only if it is not junk, and the
//! TPM's endorsement key, which nobody can type in, outranks the strings.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{hex_id::hex_id, msdm::ProductKeyId};

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

/// UUIDs that vendors ship on more than one machine, as printed.
const SHARED_UUIDS: [&str; 4] = [
    "03000200-0400-0500-0006-000700080009",
    "00020003-0004-0005-0006-000700080009",
    "12345678-1234-5678-90ab-cddeefaabbcc",
    "fefefefe-fefe-fefe-fefe-fefefefefefe",
];

impl SystemUuid {
    /// All zeros ("not present") and all FF ("not settable", SMBIOS 3.x 7.2.1), any other single
    /// repeated byte, and the constants board vendors forgot to replace.
    pub fn is_junk(&self) -> bool {
        self.0.iter().all(|byte| *byte == self.0[0]) || SHARED_UUIDS.contains(&self.to_string().as_str())
    }
}

/// Mixed-endian text since SMBIOS 2.6: the first three fields are little-endian in the table.
impl fmt::Display for SystemUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let b = &self.0;
        let swapped = [b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6]];
        let hex = hex::encode(swapped) + &hex::encode(&b[8..]);
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
        let mut b = [0; 16];
        hex::decode_to_slice(digits, &mut b).map_err(|_| NotAUuid)?;
        b[..4].reverse();
        b[4..6].reverse();
        b[6..8].reverse();
        Ok(Self(b))
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
        const JUNK: [&str; 18] = [
            "to be filled by o.e.m.",
            "tobefilledbyo.e.m.",
            "default string",
            "system serial number",
            "none",
            "n/a",
            "na",
            "not applicable",
            "not specified",
            "not available",
            "unknown",
            "invalid",
            "oem",
            "o.e.m.",
            "123456789",
            "1234567890",
            "0123456789",
            "serial number",
        ];
        let lower = self.0.to_ascii_lowercase();
        let mut characters = lower.chars();
        let first = characters.next();
        JUNK.contains(&lower.as_str())
            // One repeated character: 0000000, xxxxxxx, .......
            || characters.all(|c| Some(c) == first)
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

    pub fn compare(&self, other: &Self) -> Sighting {
        let serial = agree(self.good_serial(), other.good_serial());
        let uuid = agree(self.good_uuid(), other.good_uuid());
        let ek = agree(self.ek, other.ek);
        match (ek, uuid, serial) {
            // One TPM is one board, whatever the strings say; strings are edited in service.
            (Some(true), Some(false), _) => Sighting::Conflict(Clash::EkWithOtherUuid),
            (Some(true), _, _) => Sighting::Same,
            (Some(false), Some(true), Some(true)) => Sighting::Conflict(Clash::EkChanged),
            (Some(false), _, Some(true)) => Sighting::Conflict(Clash::SerialOnOtherBoard),
            (Some(false), Some(true), _) => Sighting::Conflict(Clash::UuidOnOtherBoard),
            (Some(false), _, _) => Sighting::Different,
            (None, Some(true), Some(false)) => Sighting::Conflict(Clash::UuidOnOtherBoard),
            (None, Some(true), _) => Sighting::Same,
            (None, Some(false), Some(true)) => Sighting::Conflict(Clash::SerialOnOtherBoard),
            (None, Some(false), _) => Sighting::Different,
            (None, None, Some(true)) => Sighting::Same,
            (None, None, Some(false)) => Sighting::Different,
            // What a label alone can say; boards of one lot never share a Windows key.
            (None, None, None) if self.product_key_id.is_some() && other.product_key_id.is_some() => {
                match self.product_key_id == other.product_key_id {
                    true => Sighting::Same,
                    false => Sighting::Different,
                }
            }
            // No number left to go by. A shared factory address of a built-in NIC decides.
            (None, None, None) => {
                let shared = self.macs.iter().any(|mac| mac.is_from_the_factory() && other.macs.contains(mac));
                if shared { Sighting::Same } else { Sighting::Different }
            }
        }
    }
}

fn agree<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<bool> {
    Some(one? == other?)
}

/// What two identities say about each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    Same,
    Different,
    /// They share what no two machines may share, and differ where one machine cannot.
    Conflict(Clash),
}

/// What two machines claim at once. A person resolves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clash {
    /// Two boards with one serial number, both on the bench these hours.
    SerialOnOtherBoard,
    /// A serial number the bench knows from earlier, with another TPM and UUID now.
    BoardChanged,
    /// Serial number and UUID are known, the TPM's key is another one.
    EkChanged,
    UuidOnOtherBoard,
    EkWithOtherUuid,
}

#[cfg(test)]
mod tests;
