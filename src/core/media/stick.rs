//! What makes one stick of an image different from another: its number, what follows from that, and the signed record
//! of when, by whom and onto what it was written.
//!
//! The record lies in the free gap between partition table and extent map, at [`OFFSET`]. It names the digests of the
//! stick's own table and extent map, so with it everything the stick holds is signed.
//!
//! Shape: magic (8), format u32 LE, length u32 LE of the JSON, public key (32), signature over the JSON (64), JSON,
//! zeros up to [`ROOM`].

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    map::{self, ExtentDigest},
    sign::{PublicKey, Purpose, Signature, Signer},
};
use crate::{clock::Moment, disk::clean, hex_id::hex_id, media_card::MediaId, sticks::health::Name};

hex_id!(
    /// Names one stick as long as it is whiteglove's: kept when it is updated or written to the end later. Public.
    StickId, 16
);

/// Behind the 128 entries of a GPT (LBA 2 to 33), on a block boundary for direct I/O.
pub const OFFSET: u64 = 20 << 10;
pub const ROOM: u64 = map::OFFSET - OFFSET;

const MAGIC: [u8; 8] = *b"WGSTICK1";
const FORMAT: u32 = 1;
const PREFIX: usize = 8 + 4 + 4 + 32 + 64;

/// Sixteen bytes of a medium or stick for one use, in a version 8 UUID (RFC 9562, 5.8). Neither clock nor randomness.
fn derive(media: MediaId, stick: StickId, usage: &str) -> [u8; 16] {
    let digest = Sha256::new()
        .chain_update(b"whiteglove stick ")
        .chain_update(usage)
        .chain_update(media.0)
        .chain_update(stick.0);
    let mut id = [0; 16];
    id.copy_from_slice(&digest.finalize()[..16]);
    id[6] = id[6] & 0x0f | 0x80;
    id[8] = id[8] & 0x3f | 0x80;
    id
}

/// One stick of one medium: all its identifiers follow from the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    pub media: MediaId,
    pub stick: StickId,
}

impl Own {
    pub fn disk_guid(self) -> [u8; 16] {
        derive(self.media, self.stick, "disk")
    }

    /// The disk signature of an MBR; never zero, which stands for none.
    pub fn disk_signature(self) -> u32 {
        let [a, b, c, d, ..] = derive(self.media, self.stick, "mbr");
        u32::from_le_bytes([a, b, c, d]).max(1)
    }

    /// `number` counts the partitions from 1.
    pub fn partition_guid(self, number: u32) -> [u8; 16] {
        derive(self.media, self.stick, &format!("partition {number}"))
    }

    /// The FAT volume serial of that partition.
    pub fn serial(self, number: u32) -> u32 {
        let [a, b, c, d, ..] = derive(self.media, self.stick, &format!("serial {number}"));
        u32::from_le_bytes([a, b, c, d])
    }
}

/// Who wrote a stick, when and onto what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub stick: StickId,
    pub media: MediaId,
    /// SHA-256 of the extent map as it lies on the stick, zeros and all.
    pub map: ExtentDigest,
    /// SHA-256 of what stands before this record: the partition table, which no map covers.
    pub table: ExtentDigest,
    pub written: Moment,
    pub operator: String,
    /// Version of whiteglove.
    pub tool: String,
    /// What the stick said of itself over USB.
    pub usb: Name,
    /// It was brought up to date, with what people and Windows had on its data volume.
    #[serde(default)]
    pub updated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("there is no stick record")]
    Missing,
    #[error("the stick record was made by a newer whiteglove (format {0}; this one knows {FORMAT})")]
    Format(u32),
    #[error("the stick record is damaged: {0}")]
    Damaged(&'static str),
    #[error("the stick record is signed by another bench (key {0})")]
    OtherBench(PublicKey),
    #[error("the stick record is not what the bench signed")]
    Forged,
}

/// A record as it lies on a stick: readable, and not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    json: Vec<u8>,
    key: PublicKey,
    signature: Signature,
    record: Record,
}

impl Record {
    /// Of an image, which is no stick: so that everything sticks are made from is signed.
    pub fn of_image(media: MediaId, map: ExtentDigest, table: ExtentDigest, issued: Moment, tool: String) -> Self {
        let usb = Name { vendor: String::new(), model: String::new(), serial: String::new(), size: 0 };
        let (stick, operator) = (StickId([0; 16]), String::new());
        Self { stick, media, map, table, written: issued, operator, tool, usb, updated: false }
    }

    pub fn is_of_image(&self) -> bool {
        self.stick.0 == [0; 16]
    }

    /// The whole room, ready to be written at [`OFFSET`].
    ///
    /// # Errors
    /// The texts in it are absurdly long.
    pub fn seal(&self, signer: &Signer) -> Result<Vec<u8>, RecordError> {
        let json = serde_json::to_vec(self).map_err(|_| RecordError::Damaged("its JSON"))?;
        let room = usize::try_from(ROOM).map_err(|_| RecordError::Damaged("its length"))?;
        let length = u32::try_from(json.len()).map_err(|_| RecordError::Damaged("its length"))?;
        if PREFIX + json.len() > room {
            return Err(RecordError::Damaged("its length"));
        }
        let mut block = Vec::with_capacity(room);
        block.extend_from_slice(&MAGIC);
        block.extend_from_slice(&FORMAT.to_le_bytes());
        block.extend_from_slice(&length.to_le_bytes());
        block.extend_from_slice(&signer.public().0);
        block.extend_from_slice(&signer.sign(Purpose::Stick, &json).0);
        block.extend_from_slice(&json);
        block.resize(room, 0);
        Ok(block)
    }
}

impl Found {
    /// Reads the room of a stick that anybody may have made.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn read(block: &[u8]) -> Result<Self, RecordError> {
        let fields = block.strip_prefix(&MAGIC).ok_or(RecordError::Missing)?;
        let cut = RecordError::Damaged("its length");
        let (format, fields) = fields.split_first_chunk::<4>().ok_or(cut.clone())?;
        let format = u32::from_le_bytes(*format);
        if format != FORMAT {
            return Err(RecordError::Format(format));
        }
        let (length, fields) = fields.split_first_chunk::<4>().ok_or(cut.clone())?;
        let (key, fields) = fields.split_first_chunk::<32>().ok_or(cut.clone())?;
        let (signature, fields) = fields.split_first_chunk::<64>().ok_or(cut.clone())?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| cut.clone())?;
        let (json, rest) = fields.split_at_checked(length).ok_or(cut)?;
        // What is not signed is not there.
        if rest.iter().any(|byte| *byte != 0) {
            return Err(RecordError::Damaged("something follows it"));
        }
        let record = serde_json::from_slice(json).map_err(|_| RecordError::Damaged("its JSON"))?;
        Ok(Self { json: json.to_vec(), key: PublicKey(*key), signature: Signature(*signature), record })
    }

    /// The stick's number, whoever signed it: a stick keeps it when another bench takes it over. `None`: it is a copy
    /// of an image.
    pub fn stick(&self) -> Option<StickId> {
        Some(self.record.stick).filter(|_| !self.record.is_of_image())
    }

    /// # Errors
    /// Another bench signed it, or none.
    pub fn checked(self, key: &PublicKey) -> Result<Record, RecordError> {
        if self.key != *key {
            return Err(RecordError::OtherBench(self.key));
        }
        match key.signed(Purpose::Stick, &self.json, &self.signature) {
            true => Ok(self.record),
            false => Err(RecordError::Forged),
        }
    }
}

/// A person's name as it goes into a record: what they typed, without what could harm a screen.
pub fn operator(name: &str) -> String {
    clean(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signer() -> Signer {
        Signer::from_seed(&[5; 32])
    }

    fn record() -> Record {
        Record {
            stick: StickId([3; 16]),
            media: MediaId([4; 16]),
            map: ExtentDigest([5; 32]),
            table: ExtentDigest([6; 32]),
            written: Moment::from_millis(1_764_000_000_000),
            operator: "Jana".into(),
            tool: "0.1.0".into(),
            usb: Name { vendor: "SanDisk".into(), model: "Ultra".into(), serial: "4C53".into(), size: 16 << 30 },
            updated: false,
        }
    }

    fn checked(block: &[u8]) -> Result<Record, RecordError> {
        Found::read(block)?.checked(&signer().public())
    }

    #[test]
    fn it_reads_back_and_fills_its_room() {
        let block = record().seal(&signer()).unwrap();
        assert_eq!(block.len() as u64, ROOM);
        assert_eq!(checked(&block), Ok(record()));
        assert_eq!(checked(&vec![0; block.len()]), Err(RecordError::Missing));
        assert_eq!(checked(&[]), Err(RecordError::Missing));
    }

    #[test]
    fn every_changed_bit_is_refused() {
        let block = record().seal(&signer()).unwrap();
        for at in (0..block.len()).take(1000).chain([block.len() - 1]) {
            for bit in [1, 0x80] {
                let mut bad = block.clone();
                bad[at] ^= bit;
                assert!(checked(&bad).is_err(), "{at}");
            }
        }
        for cut in [8, 12, 50, PREFIX, PREFIX + 10] {
            assert!(checked(&block[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn another_bench_is_named_and_the_stick_keeps_its_number() {
        let other = Signer::from_seed(&[6; 32]);
        let found = Found::read(&record().seal(&other).unwrap()).unwrap();
        assert_eq!(found.stick(), Some(record().stick));
        assert_eq!(found.checked(&signer().public()), Err(RecordError::OtherBench(other.public())));
    }

    #[test]
    fn a_stick_that_calls_itself_a_book_is_refused() {
        let usb = Name { vendor: "x".repeat(20_000), ..record().usb };
        assert!(Record { usb, ..record() }.seal(&signer()).is_err());
    }

    #[test]
    fn every_identifier_follows_from_medium_and_stick() {
        let own = Own { media: MediaId([1; 16]), stick: StickId([2; 16]) };
        let others = [Own { media: MediaId([9; 16]), ..own }, Own { stick: StickId([9; 16]), ..own }];
        for other in others {
            assert_ne!(own.disk_guid(), other.disk_guid());
            assert_ne!(own.disk_signature(), other.disk_signature());
            assert_ne!(own.partition_guid(1), other.partition_guid(1));
            assert_ne!(own.serial(2), other.serial(2));
        }
        assert_ne!(own.partition_guid(1), own.partition_guid(2));
        assert_ne!(own.serial(1), own.serial(2));
        assert_eq!((own.disk_guid()[6] >> 4, own.disk_guid()[8] >> 6), (8, 2));
    }

    proptest! {
        #[test]
        fn anybodys_bytes_are_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            prop_assert!(checked(&bytes).is_err());
            let ours = [&MAGIC[..], &FORMAT.to_le_bytes(), &bytes].concat();
            prop_assert!(checked(&ours).is_err());
        }
    }
}
