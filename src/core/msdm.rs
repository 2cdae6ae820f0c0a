//! The ACPI table `MSDM` that holds a laptop's Windows key, and the ProductKeyID inside that key.
//!
//! The key is a base-24 number with one `N` inserted; the number's fields carry a group and a serial
//! which together are the 13-digit ProductKeyID of OA 3.0. Layout and checksum: measured on
//! Microsoft's published generic keys, see the tests.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::capture::Msdm;

const ALPHABET: &[u8; 24] = b"BCDFGHJKMPQRTVWXY2346789";
/// ACPI header of 36 bytes, then five words, then the key.
const KEY_OFFSET: usize = 56;
const KEY_LENGTH: usize = 29;

/// Thirteen digits: group (4) and serial (9).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProductKeyId(String);

/// Some text is not a [`ProductKeyId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a product key id is 13 digits")]
pub struct NotAProductKeyId;

impl ProductKeyId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ProductKeyId {
    type Error = NotAProductKeyId;
    fn try_from(text: String) -> Result<Self, NotAProductKeyId> {
        match text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Ok(Self(text)),
            false => Err(NotAProductKeyId),
        }
    }
}

/// Blanks around it do not count.
impl FromStr for ProductKeyId {
    type Err = NotAProductKeyId;
    fn from_str(text: &str) -> Result<Self, NotAProductKeyId> {
        text.trim().to_owned().try_into()
    }
}

impl From<ProductKeyId> for String {
    fn from(id: ProductKeyId) -> Self {
        id.0
    }
}

impl fmt::Display for ProductKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MsdmError {
    #[error("the table is not an MSDM table")]
    NotMsdm,
    #[error("the table ends before the key does")]
    Truncated,
    #[error("the table holds no product key of the 5x5 form")]
    NotAKey,
    #[error("the key's checksum is wrong: a blank or damaged key was injected at the factory")]
    Checksum,
    /// The fields have room for more digits than an id has; no key of OA 3.0 uses it.
    #[error("the key is well-formed, but of a kind that has no product key id of 13 digits")]
    NoId,
}

/// Reads the table and lets go of the key: only its id and tail come back.
///
/// # Errors
/// What is wrong with the table or the key.
pub fn parse(table: &[u8]) -> Result<Msdm, MsdmError> {
    if !table.starts_with(b"MSDM") {
        return Err(MsdmError::NotMsdm);
    }
    let key = table.get(KEY_OFFSET..KEY_OFFSET + KEY_LENGTH).ok_or(MsdmError::Truncated)?;
    let key = std::str::from_utf8(key).map_err(|_| MsdmError::NotAKey)?;
    let oem_id = table.get(10..16).unwrap_or_default();
    Ok(Msdm {
        oem_id: String::from_utf8_lossy(oem_id).trim_matches(['\0', ' ']).to_owned(),
        product_key_id: product_key_id(key)?,
        key_tail: key[KEY_LENGTH - 5..].to_owned(),
    })
}

/// # Errors
/// [`MsdmError::NotAKey`], [`MsdmError::Checksum`] or [`MsdmError::NoId`].
pub fn product_key_id(key: &str) -> Result<ProductKeyId, MsdmError> {
    let bytes = key.as_bytes();
    let dashes = [5, 11, 17, 23];
    let well_formed = bytes.len() == KEY_LENGTH && (0..KEY_LENGTH).all(|i| (bytes[i] == b'-') == dashes.contains(&i));
    if !well_formed {
        return Err(MsdmError::NotAKey);
    }
    let symbols: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != b'-').collect();
    let mut positions_of_n = symbols.iter().enumerate().filter(|(_, symbol)| **symbol == b'N');
    let (Some((n, _)), None) = (positions_of_n.next(), positions_of_n.next()) else {
        return Err(MsdmError::NotAKey);
    };
    // The place of the N is the first digit, the other 24 characters follow.
    let mut value = n as u128;
    for symbol in symbols.iter().filter(|symbol| **symbol != b'N') {
        let digit = ALPHABET.iter().position(|c| c == symbol).ok_or(MsdmError::NotAKey)?;
        // 24 * 24^24 < 2^115: cannot overflow.
        value = value * 24 + digit as u128;
    }
    const CHECKSUM: u128 = 0x3ff << 103;
    let claimed = (value & CHECKSUM) >> 103;
    if u128::from(crc32((value & !CHECKSUM).to_le_bytes()) & 0x3ff) != claimed {
        return Err(MsdmError::Checksum);
    }
    let group = value & 0xf_ffff;
    let serial = (value >> 20) & 0x3fff_ffff;
    ProductKeyId::try_from(format!("{group:04}{serial:09}")).map_err(|NotAProductKeyId| MsdmError::NoId)
}

/// CRC-32/BZIP2: polynomial 04C11DB7, not reflected, inverted. Sixteen bytes: a table would be longer than the loop.
fn crc32(bytes: [u8; 16]) -> u32 {
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| match crc >> 31 {
            1 => crc << 1 ^ 0x04c1_1db7,
            _ => crc << 1,
        })
    });
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRO_KMS: &str = "W269N-WFGWX-YVC9B-4J6C9-T83GX";

    /// Public keys that choose an edition and activate nothing: the client setup keys of Microsoft Learn, "Key
    /// Management Services (KMS) client activation and product keys" (KMS), and the keys that Windows' own media
    /// carry for each edition (generic). The ids:
    /// computed by a program of its own from the layout alone.
    const PUBLISHED: [(&str, &str, &str); 12] = [
        ("Home, generic", "YTMG3-N6DKC-DKB77-7M9GH-8HVX7", "3261000000000"),
        ("Home N, generic", "4CPRK-NM3K3-X6XXQ-RXX86-WXCHW", "3270000000000"),
        ("Home Single Language, generic", "BT79Q-G7N6G-PGBYW-4YWX6-6F4BT", "3276000000000"),
        ("Pro, generic", "VK7JG-NPHTM-C97JM-9MPGT-3V66T", "3308000000000"),
        ("Pro N, generic", "2B87N-8KFHP-DKV6R-Y2C8J-PKCKT", "3316000000000"),
        ("Education, generic", "YNMGQ-8RYV3-4PGQ3-C8XTP-7CFBY", "3280000000000"),
        ("Enterprise, generic", "XGVPP-NMH47-7TTHJ-W3FW7-8HV2C", "3289000000000"),
        ("Pro, KMS", PRO_KMS, "3311000000001"),
        ("Pro N, KMS", "MH37W-N47XK-V7XM9-C7227-GCQG9", "3319000000001"),
        ("Education, KMS", "NW6C2-QMPVW-D7KKK-3GKT6-VCFB2", "3281000000001"),
        ("Enterprise, KMS", "NPPR9-FWDCX-D2C8J-H872K-2YT43", "3290000000003"),
        ("Enterprise N, KMS", "DPH2V-TTNVB-4X9Q3-TJR4H-KHJW4", "3299000000001"),
    ];

    fn table(key: &str) -> Vec<u8> {
        let mut table = b"MSDM\x55\x00\x00\x00\x03\x00LENOVOTP-X1   ".to_vec();
        table.resize(36, 0);
        for word in [1_u32, 0, 1, 0, 29] {
            table.extend(word.to_le_bytes());
        }
        table.extend(key.as_bytes());
        table
    }

    #[test]
    fn published_keys_give_their_product_key_ids() {
        for (edition, key, id) in PUBLISHED {
            assert_eq!(product_key_id(key).map(String::from), Ok(id.to_owned()), "{edition}");
        }
    }

    #[test]
    fn an_id_is_thirteen_digits_wherever_it_comes_from() {
        let id: ProductKeyId = " 3305000000001\r\n".parse().unwrap();
        assert_eq!(id.as_str(), "3305000000001");
        assert_eq!(serde_json::from_str::<ProductKeyId>(r#""3305000000001""#).unwrap(), id);
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""3305000000001""#);
        for text in ["", "330500000000", "33050000000011", "330500000000X", "٣٣٠٥٠٠٠"] {
            assert_eq!(text.parse::<ProductKeyId>(), Err(NotAProductKeyId), "{text}");
            assert!(serde_json::from_value::<ProductKeyId>(text.into()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_key_itself_does_not_come_back() {
        let msdm = parse(&table(PRO_KMS)).unwrap();
        assert_eq!((msdm.oem_id.as_str(), msdm.key_tail.as_str()), ("LENOVO", "T83GX"));
        assert!(!format!("{msdm:?}").contains("W269N"));
    }

    #[test]
    fn a_typo_is_caught_by_the_checksum() {
        assert_eq!(product_key_id("W269N-WFGWX-YVC9B-4J6C9-T83GY"), Err(MsdmError::Checksum));
    }

    #[test]
    fn what_is_no_key() {
        for text in ["", "W269N", "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA", "N269N-WFGWX-YVC9B-4J6C9-T83GX"] {
            assert_eq!(product_key_id(text), Err(MsdmError::NotAKey), "{text}");
        }
        assert_eq!(parse(&table(PRO_KMS)[..80]), Err(MsdmError::Truncated));
        assert_eq!(parse(b"SLIC"), Err(MsdmError::NotMsdm));
        assert_eq!(parse(&table(&"\0".repeat(29))), Err(MsdmError::NotAKey));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..120)) {
            let _ = parse(&bytes);
            let mut table = table("");
            table.extend(bytes);
            let _ = parse(&table);
        }
    }
}
