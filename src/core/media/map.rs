//! The extent map: an image's own list of the stretches that hold something, with their digests.
//!
//! It lies at LBA 64, after the 128 GPT entries and before the first partition. The writer skips
//! only what the map leaves out, and trusts no byte whose digest it does not state. A run of zeros is
//! never skipped for being zero: below it on a used stick lies old data.
//!
//! Shape: magic (8), format u32 LE, length u32 LE, SHA-256 of the JSON (32), JSON, zeros.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{CHUNK, Form, HEAD};
use crate::hex_id::hex_id;
use crate::media_card::MediaId;

pub const OFFSET: u64 = 64 * 512;
/// Where it lies on a disc, which has its descriptors at [`OFFSET`].
pub const DISC_OFFSET: u64 = 64 << 10;
/// Bytes from `OFFSET` to the first partition.
pub const ROOM: u64 = HEAD - OFFSET;
/// At about 110 bytes of JSON each these fill less than the gap: 31 GiB of content.
pub const MAX_EXTENTS: usize = 8000;
/// Extents begin and end on these, so that direct I/O can carry them.
pub const ALIGN: u64 = 4096;

const MAGIC: [u8; 8] = *b"WGEXTMAP";
const FORMAT: u32 = 1;
const PREFIX: usize = 48;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    #[error("there is no extent map: this is not an image made by whiteglove")]
    Missing,
    #[error("the extent map has format {0}; this program knows {FORMAT}")]
    Format(u32),
    #[error("the extent map is damaged: {0}")]
    Damaged(&'static str),
    #[error("the extent map does not fit before the first partition")]
    TooLarge,
}

hex_id!(
    /// SHA-256 of an extent's bytes.
    ExtentDigest, 32
);

/// `[offset, length, sha256]` in JSON: an array, as there are thousands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u64, u64, ExtentDigest)", into = "(u64, u64, ExtentDigest)")]
pub struct MapExtent {
    pub offset: u64,
    pub length: u64,
    pub sha256: ExtentDigest,
}

impl From<(u64, u64, ExtentDigest)> for MapExtent {
    fn from((offset, length, sha256): (u64, u64, ExtentDigest)) -> Self {
        Self { offset, length, sha256 }
    }
}

impl From<MapExtent> for (u64, u64, ExtentDigest) {
    fn from(extent: MapExtent) -> Self {
        (extent.offset, extent.length, extent.sha256)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtentMap {
    pub media: MediaId,
    /// Maps made before there was a second form do not say it.
    #[serde(default, skip_serializing_if = "is_gpt")]
    pub form: Form,
    /// The image's length: the smallest stick it fits on.
    pub size: u64,
    /// In the order of their offsets, none touching the head or the tail.
    pub extents: Vec<MapExtent>,
    /// Offset and length of the archive with the cards, in which each stick gets its own number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cards: Option<(u64, u64)>,
}

fn is_gpt(form: &Form) -> bool {
    *form == Form::Gpt
}

impl ExtentMap {
    pub fn content(&self) -> u64 {
        self.extents.iter().map(|extent| extent.length).sum()
    }

    /// Where it lies on the medium.
    pub fn offset(&self) -> u64 {
        if self.form.is_stick() { OFFSET } else { DISC_OFFSET }
    }

    /// The whole gap, ready to be written at [`Self::offset`].
    pub fn encode(&self) -> Result<Vec<u8>, MapError> {
        let json = serde_json::to_vec(self).map_err(|_| MapError::TooLarge)?;
        let length = u32::try_from(json.len()).map_err(|_| MapError::TooLarge)?;
        let room = usize::try_from(HEAD - self.offset()).map_err(|_| MapError::TooLarge)?;
        if PREFIX + json.len() > room {
            return Err(MapError::TooLarge);
        }
        let mut block = Vec::with_capacity(room);
        block.extend_from_slice(&MAGIC);
        block.extend_from_slice(&FORMAT.to_le_bytes());
        block.extend_from_slice(&length.to_le_bytes());
        block.extend_from_slice(&Sha256::digest(&json));
        block.extend_from_slice(&json);
        block.resize(room, 0);
        Ok(block)
    }

    /// Reads the gap of an image that anybody may have made.
    pub fn decode(block: &[u8]) -> Result<Self, MapError> {
        let (prefix, rest) = block.split_first_chunk::<PREFIX>().ok_or(MapError::Missing)?;
        let fields = prefix.strip_prefix(&MAGIC).ok_or(MapError::Missing)?;
        let (format, fields) = fields.split_first_chunk::<4>().ok_or(MapError::Missing)?;
        let (length, digest) = fields.split_first_chunk::<4>().ok_or(MapError::Missing)?;
        let format = u32::from_le_bytes(*format);
        if format != FORMAT {
            return Err(MapError::Format(format));
        }
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| MapError::Damaged("its length"))?;
        let json = rest.get(..length).ok_or(MapError::Damaged("its length"))?;
        if Sha256::digest(json)[..] != *digest {
            return Err(MapError::Damaged("its digest does not match"));
        }
        let map: Self = serde_json::from_slice(json).map_err(|_| MapError::Damaged("its JSON"))?;
        map.check()?;
        Ok(map)
    }

    /// The number of the extent that holds all of these bytes.
    pub fn holding(&self, offset: u64, length: u64) -> Option<usize> {
        let number = self.extents.partition_point(|extent| extent.offset <= offset).checked_sub(1)?;
        let extent = self.extents.get(number)?;
        (offset.checked_add(length)? <= extent.offset + extent.length).then_some(number)
    }

    /// SHA-256 of the whole gap: what a stick's record names.
    ///
    /// # Errors
    /// It does not fit.
    pub fn digest(&self) -> Result<ExtentDigest, MapError> {
        Ok(ExtentDigest(Sha256::digest(self.encode()?).into()))
    }

    /// The digest proves no damage, not good will: a map must not lead the writer astray either.
    fn check(&self) -> Result<(), MapError> {
        let (mut at, end) = match self.form.is_stick() {
            true => (HEAD, self.size.checked_sub(HEAD).ok_or(MapError::Damaged("its size"))?),
            // The descriptors in front of the map, and no second table behind.
            false => (OFFSET, self.size),
        };
        if self.extents.len() > MAX_EXTENTS {
            return Err(MapError::Damaged("it has too many extents"));
        }
        for extent in &self.extents {
            let hides_map = extent.offset < HEAD && extent.offset.saturating_add(extent.length) > DISC_OFFSET;
            if extent.offset < at || extent.offset % ALIGN != 0 || hides_map {
                return Err(MapError::Damaged("extents overlap or are not aligned"));
            }
            if extent.length == 0 || extent.length > CHUNK || extent.length % ALIGN != 0 {
                return Err(MapError::Damaged("an extent has an impossible length"));
            }
            at =
                extent.offset.checked_add(extent.length).ok_or(MapError::Damaged("an extent ends beyond the image"))?;
            if at > end {
                return Err(MapError::Damaged("an extent ends beyond the image"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(extents: Vec<(u64, u64)>) -> ExtentMap {
        let extents = extents
            .into_iter()
            .map(|(offset, length)| MapExtent { offset, length, sha256: ExtentDigest([7; 32]) })
            .collect();
        ExtentMap { media: MediaId([1; 16]), form: Form::Gpt, size: 100 << 30, extents, cards: None }
    }

    #[test]
    fn a_map_reads_back() {
        let map = map(vec![(HEAD, CHUNK), (HEAD + CHUNK, 4096), (1 << 30, CHUNK)]);
        let block = map.encode().unwrap();
        assert_eq!(block.len() as u64, ROOM);
        assert_eq!(ExtentMap::decode(&block), Ok(map));
    }

    #[test]
    fn a_map_says_its_form_and_one_from_before_forms_is_of_a_gpt() {
        for form in Form::ALL {
            let map = ExtentMap { form, ..map(vec![(HEAD, CHUNK)]) };
            let block = map.encode().unwrap();
            let json = String::from_utf8_lossy(&block[PREFIX..]).into_owned();
            assert_eq!(json.contains("form"), form != Form::Gpt, "{json}");
            assert_eq!(ExtentMap::decode(&block), Ok(map));
        }
    }

    #[test]
    fn the_largest_map_fits_the_gap() {
        let full = map((0..MAX_EXTENTS as u64).map(|n| (HEAD + n * CHUNK, CHUNK)).collect());
        let block = full.encode().unwrap();
        assert_eq!(ExtentMap::decode(&block), Ok(full));
    }

    #[test]
    fn a_damaged_or_misleading_map_is_refused() {
        assert_eq!(ExtentMap::decode(&[]), Err(MapError::Missing));
        assert_eq!(ExtentMap::decode(&vec![0; 1 << 20]), Err(MapError::Missing));
        let good = map(vec![(HEAD, CHUNK)]).encode().unwrap();
        for (at, what) in
            [(0, MapError::Missing), (8, MapError::Format(0)), (60, MapError::Damaged("its digest does not match"))]
        {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(ExtentMap::decode(&bad), Err(what));
        }
        for cut in [1, 47, 48, 100] {
            assert!(ExtentMap::decode(&good[..cut]).is_err());
        }
        for extents in [
            vec![(0, 4096)],
            vec![(HEAD, 0)],
            vec![(HEAD, 100)],
            vec![(HEAD + 1, 4096)],
            vec![(HEAD, 2 * CHUNK)],
            vec![(HEAD, CHUNK), (HEAD, CHUNK)],
            vec![(2 * HEAD, CHUNK), (HEAD, 4096)],
            vec![(u64::MAX - 4095, 4096)],
            vec![((100 << 30) - HEAD, 4096)],
        ] {
            let block = map(extents.clone()).encode().unwrap();
            assert!(matches!(ExtentMap::decode(&block), Err(MapError::Damaged(_))), "{extents:?}");
        }
    }
}
