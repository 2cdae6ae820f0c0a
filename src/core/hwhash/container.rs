//! The frame around the records: magic, length, digest, zero tail.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Critical, Field, Origin, Record, Repair, text};
use crate::{clock::Moment, hex_id::hex_id, identity::Identity, msdm::ProductKeyId};

hex_id!(
    /// The SHA-256 that a hash carries over its own records: names one capture of one machine.
    HashDigest, 32
);

/// `OA`.
const MAGIC: [u8; 2] = *b"OA";
/// `CS`, and the length of the record that holds the digest.
const CHECKSUM_HEAD: [u8; 4] = [b'C', b'S', 36, 0];
const CHECKSUM_RECORD: usize = 36;
/// What every tool pads to: 4000 characters of base64.
pub(super) const USUAL_SIZE: usize = 3000;
/// Nothing that calls itself a hash is larger; keeps a hostile file from filling memory.
pub(super) const LARGEST: usize = 64 << 10;

/// A whole, well-formed hardware hash. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HardwareHash {
    /// Magic to digest; the zeros behind it are only counted.
    used: Arc<[u8]>,
    size: usize,
}

/// Why some bytes are no hardware hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    #[error("there is nothing")]
    Empty,
    #[error("it is not base64: {0}")]
    NotBase64(String),
    #[error("it does not begin with the letters OA: this is something else")]
    NotAHash,
    #[error("it ends after {have} of {want} bytes: it was cut off")]
    Truncated { have: usize, want: usize },
    #[error("the record at byte {at} does not fit: the hash is damaged")]
    Record { at: usize },
    #[error("the digest behind the records is missing: the hash is damaged")]
    NoDigest,
    #[error("its digest does not match: at least one character was changed or lost")]
    Digest,
    #[error("there are bytes behind its end: two hashes were run together, or it is damaged")]
    Tail,
    #[error("it is larger than any hash")]
    TooLarge,
}

/// The records do not fit into the length field of two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the records are longer than 65535 bytes")]
pub struct TooLong;

impl HardwareHash {
    /// Checks everything that can be checked: magic, length, every record's frame, digest, zero tail.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HashError> {
        Self::from_padded(bytes, 0)
    }

    /// As [`Self::from_bytes`], of bytes with `zeros` more behind them, if the digest ends before those.
    pub(super) fn from_padded(bytes: &[u8], zeros: usize) -> Result<Self, HashError> {
        if bytes.is_empty() {
            return Err(HashError::Empty);
        }
        let size = bytes.len() + zeros;
        if size > LARGEST + CHECKSUM_RECORD {
            return Err(HashError::TooLarge);
        }
        // What is too short for the magic may still be its beginning.
        if !bytes.iter().zip(MAGIC).all(|(have, want)| *have == want) {
            return Err(HashError::NotAHash);
        }
        let Some(([_, _, l0, l1], _)) = bytes.split_first_chunk() else {
            return Err(HashError::Truncated { have: bytes.len(), want: 4 + CHECKSUM_RECORD });
        };
        let length = usize::from(u16::from_le_bytes([*l0, *l1]));
        let truncated = HashError::Truncated { have: bytes.len(), want: length + CHECKSUM_RECORD };
        let Some((records, rest)) = bytes.split_at_checked(length) else { return Err(truncated) };
        let mut walk = Walk { bytes: records, at: 4 };
        if let Some(at) = walk.find_map(Result::err) {
            return Err(HashError::Record { at });
        }
        let Some((checksum, tail)) = rest.split_at_checked(CHECKSUM_RECORD) else { return Err(truncated) };
        let digest = checksum.strip_prefix(&CHECKSUM_HEAD).ok_or(HashError::NoDigest)?;
        if digest != Sha256::digest(records).as_slice() {
            return Err(HashError::Digest);
        }
        // Two thirds of a usual hash are zeros; folded, they are looked at many at a time.
        if tail.iter().fold(0, |any, byte| any | byte) != 0 {
            return Err(HashError::Tail);
        }
        Ok(Self { used: bytes[..length + CHECKSUM_RECORD].into(), size })
    }

    /// Reads the text form and says what it had to repair: padding, line breaks, quotes.
    ///
    /// # Errors
    /// It is not base64, or what [`Self::from_bytes`] finds.
    pub fn parse(text: &str) -> Result<(Self, Vec<Repair>), HashError> {
        text::parse(text)
    }

    /// Frames the records in this order, padded as every tool pads.
    ///
    /// # Errors
    /// The records are too long for their length field.
    pub fn encode<'a>(records: impl IntoIterator<Item = &'a Record>) -> Result<Self, TooLong> {
        let mut used = MAGIC.to_vec();
        used.extend([0, 0]);
        for record in records {
            let value = record.value();
            let length = u16::try_from(value.len() + 4).map_err(|_| TooLong)?;
            used.extend(record.kind().to_le_bytes());
            used.extend(length.to_le_bytes());
            used.extend_from_slice(&value);
        }
        let length = u16::try_from(used.len()).map_err(|_| TooLong)?;
        used[2..4].copy_from_slice(&length.to_le_bytes());
        let digest = Sha256::digest(&used);
        used.extend(CHECKSUM_HEAD);
        used.extend(digest);
        let size = used.len().max(USUAL_SIZE);
        Ok(Self { used: used.into(), size })
    }

    /// The bytes it was read from, zero tail included.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.used.to_vec();
        bytes.resize(self.size, 0);
        bytes
    }

    /// As registration takes it: standard base64 with padding.
    pub fn to_base64(&self) -> String {
        text::encode(&self.to_bytes())
    }

    /// In the order in which they stand.
    pub fn records(&self) -> Vec<Record> {
        // Counted first: a record is some ninety bytes, and moving them while the list grows costs more.
        let mut records = Vec::with_capacity(self.raw_records().count());
        for (kind, value) in self.raw_records() {
            records.push(Record::decode(kind, value));
        }
        records
    }

    /// With the zeros behind its end.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Type and value of each record.
    pub(super) fn raw_records(&self) -> impl Iterator<Item = (u16, &[u8])> {
        let end = self.used.len() - CHECKSUM_RECORD;
        Walk { bytes: &self.used[..end], at: 4 }.filter_map(Result::ok)
    }

    pub fn digest(&self) -> HashDigest {
        let mut digest = [0; 32];
        digest.copy_from_slice(&self.used[self.used.len() - 32..]);
        HashDigest(digest)
    }

    /// Critical fields it lacks; Windows' own validator calls the hash bad for each.
    pub fn missing(&self) -> Vec<Critical> {
        super::critical::missing(self)
    }

    /// Who the machine is, in the same terms as a capture of our agent.
    pub fn identity(&self) -> Identity {
        super::critical::identity(self)
    }

    pub fn product_key_id(&self) -> Option<ProductKeyId> {
        super::critical::product_key_id(self)
    }

    /// Named values in the order of the records, for a person.
    pub fn fields(&self) -> Vec<Field> {
        super::field::fields(self)
    }

    /// What is odd about it although it is whole, in sentences for a person. None of it keeps a hash from being used.
    pub fn doubts(&self) -> Vec<String> {
        super::doubts::doubts(self)
    }

    pub fn origin(&self) -> Origin {
        super::critical::origin(self)
    }

    /// When it was made, by the clock of the machine it was made on.
    pub fn made_at(&self) -> Option<Moment> {
        super::critical::made_at(self)
    }
}

impl fmt::Debug for HardwareHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HardwareHash({})", &self.digest().to_string()[..16])
    }
}

/// `size:base64 of what is used`, a third of the usual text.
impl Serialize for HardwareHash {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&format_args!("{}:{}", self.size, text::encode(&self.used)))
    }
}

impl<'de> Deserialize<'de> for HardwareHash {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        let (size, used) = text.split_once(':').ok_or_else(|| D::Error::custom("a hash is `size:base64`"))?;
        let size: usize = size.parse().map_err(D::Error::custom)?;
        let (hash, _) = Self::parse(used).map_err(D::Error::custom)?;
        if size < hash.used.len() || size > LARGEST + CHECKSUM_RECORD {
            return Err(D::Error::custom("the size of a hash does not fit it"));
        }
        Ok(Self { size, ..hash })
    }
}

/// Steps from record to record; `Err` is the offset of one that does not fit, and the end.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<(u16, &'a [u8]), usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        let rest = self.bytes.get(at..).filter(|rest| !rest.is_empty())?;
        self.at = self.bytes.len();
        let Some(([k0, k1, l0, l1], _)) = rest.split_first_chunk() else { return Some(Err(at)) };
        let length = usize::from(u16::from_le_bytes([*l0, *l1]));
        let Some(value) = rest.get(4..length) else { return Some(Err(at)) };
        self.at = at + length;
        Some(Ok((u16::from_le_bytes([*k0, *k1]), value)))
    }
}
