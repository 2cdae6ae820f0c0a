//! What one stick differs by from its image: identifiers in the partition table, serial numbers of its volumes, its
//! number in the archive of the cards, and its record. A few bytes at known places; all else is the image's.
//!
//! The places are found in the image, and the chunks that hold them are compared with their digests before anything
//! is put into them. So the stick's own extent map is as good as the image's, and costs a few chunks' reading.

use std::{collections::BTreeMap, sync::Arc};

use whiteglove_core::{
    clock::Moment,
    media::{
        map::{self, ExtentDigest, ExtentMap, MapExtent},
        sign::Signer,
        stick::{self, Own, Record, StickId},
    },
    media_card,
    sticks::health::Name,
};

use super::{Cause, source::Image};
use crate::{aligned::Aligned, media::digest, table::Table, verify::VerifyError};

/// A stick is made as one of its own, with a record of that.
#[derive(Debug, Clone)]
pub struct Issue {
    /// For a stick that has no number yet; one that is updated keeps its own.
    pub stick: StickId,
    pub written: Moment,
    pub operator: String,
    /// Version of whiteglove.
    pub tool: String,
    pub usb: Name,
    pub signer: Arc<Signer>,
}

/// Offsets of a FAT32 boot sector: volume serial, number of the backup sector, the words that say what it is.
const SERIAL: usize = 67;
const BACKUP: usize = 50;
const KIND: std::ops::Range<usize> = 82..90;
const LONGEST_CARDS: usize = 64 << 10;

/// What goes on one stick in the place of what the image has.
#[derive(Debug)]
pub(super) struct Personal {
    pub(super) table: Table,
    /// Where, and what. None of them overlap.
    patches: Vec<(u64, Vec<u8>)>,
    /// Of the extents that patches touch, by their number.
    digests: BTreeMap<usize, ExtentDigest>,
    /// As much as there is room for, or nothing for a stick without a record.
    record: Vec<u8>,
    /// The one the stick has, if it says all that a new one would but when and by whom.
    kept: Option<Vec<u8>>,
    number: Option<(StickId, ExtentDigest)>,
}

impl Personal {
    /// A stick that is the image, byte for byte but for its backup table.
    pub(super) fn none(image: &Image) -> Self {
        Self {
            table: image.table.clone(),
            patches: vec![],
            digests: BTreeMap::new(),
            record: vec![],
            kept: None,
            number: None,
        }
    }

    /// An image without cards (a box, a tree of a person's own) may boot by the identifiers it was made with, so its
    /// sticks keep them and get a record only.
    ///
    /// # Errors
    /// The image cannot be read, or is not what its map says.
    pub(super) fn new(image: &Image, issue: &Issue, capacity: u64, updated: bool) -> Result<Self, Cause> {
        let mut personal = Self::none(image);
        let own = Own { media: image.media(), stick: issue.stick };
        if personal.cards(image, own)? {
            personal.table = image.table.personalised(own);
            personal.serials(image, own)?;
            personal.digest(image)?;
        }
        let (head, _) = personal.table.ends(capacity)?;
        let before = usize::try_from(stick::OFFSET).unwrap_or(usize::MAX).min(head.len());
        let record = Record {
            stick: issue.stick,
            media: own.media,
            map: personal.map_digest(image)?,
            table: digest(&head[..before]),
            written: issue.written,
            operator: stick::operator(&issue.operator),
            tool: issue.tool.clone(),
            usb: issue.usb.clone(),
            updated,
        };
        personal.record = record.seal(&issue.signer).map_err(Cause::Record)?;
        personal.number = Some((record.stick, record.map));
        Ok(personal)
    }

    /// Whether there are any.
    fn cards(&mut self, image: &Image, own: Own) -> Result<bool, Cause> {
        let Some((offset, length)) = image.map.cards else { return Ok(false) };
        // They are a few hundred bytes. A map that says otherwise is not one of ours.
        let length = usize::try_from(length).ok().filter(|length| *length <= LONGEST_CARDS);
        let Some(length) = length else { return Ok(false) };
        let mut archive = vec![0; length];
        image.read(offset, &mut archive).map_err(VerifyError::Read)?;
        let Some(changed) = media_card::personalised(&archive, own.stick, own.serial(DATA)) else { return Ok(false) };
        self.patches.push((offset, changed));
        Ok(true)
    }

    fn serials(&mut self, image: &Image, own: Own) -> Result<(), Cause> {
        for (number, (_, offset, _)) in (1..).zip(image.table.stretches(image.size())) {
            let mut sector = [0; 512];
            image.read(offset, &mut sector).map_err(VerifyError::Read)?;
            if &sector[KIND] != b"FAT32   " {
                continue;
            }
            let serial = own.serial(number).to_le_bytes().to_vec();
            let backup = u64::from(u16::from_le_bytes([sector[BACKUP], sector[BACKUP + 1]]));
            for at in [Some(0), Some(backup).filter(|backup| (1..32).contains(backup))].into_iter().flatten() {
                self.patches.push((offset + at * 512 + SERIAL as u64, serial.clone()));
            }
        }
        Ok(())
    }

    /// The digests of what the patched extents will be.
    fn digest(&mut self, image: &Image) -> Result<(), Cause> {
        let mut chunk = None;
        for (offset, bytes) in &self.patches {
            let holding = image.map.holding(*offset, bytes.len() as u64);
            // Free space, or across two extents: nothing that we made.
            let number = holding.ok_or(VerifyError::Map(map::MapError::Damaged("a patch lies outside of it")))?;
            if self.digests.contains_key(&number) {
                continue;
            }
            let extent = &image.map.extents[number];
            let bytes = chunk.get_or_insert_with(Aligned::new).of(extent.length);
            image.checked(extent, bytes)?;
            self.patch(extent.offset, bytes);
            self.digests.insert(number, digest(bytes));
        }
        Ok(())
    }

    /// Puts into these bytes of the image what the stick has of its own there.
    pub(super) fn patch(&self, offset: u64, bytes: &mut [u8]) {
        for (at, own) in &self.patches {
            // Where they overlap, seen from either.
            let (from, end) = ((*at).max(offset), (at + own.len() as u64).min(offset + bytes.len() as u64));
            let place = |of: u64| usize::try_from(of).unwrap_or(usize::MAX);
            if from < end {
                bytes[place(from - offset)..place(end - offset)]
                    .copy_from_slice(&own[place(from - at)..place(end - at)]);
            }
        }
    }

    /// The stick's, and the digest of its own map.
    pub(super) fn number(&self) -> Option<(StickId, ExtentDigest)> {
        self.number
    }

    pub(super) fn touches(&self, extent: usize) -> bool {
        self.digests.contains_key(&extent)
    }

    pub(super) fn extents(&self, image: &Image) -> Vec<MapExtent> {
        let mut extents = image.map.extents.clone();
        for (number, digest) in &self.digests {
            extents[*number].sha256 = *digest;
        }
        extents
    }

    pub(super) fn map(&self, image: &Image) -> ExtentMap {
        ExtentMap { extents: self.extents(image), ..image.map.clone() }
    }

    fn map_digest(&self, image: &Image) -> Result<ExtentDigest, Cause> {
        Ok(self.map(image).digest().map_err(VerifyError::Map)?)
    }

    /// The stick's own map as it lies on it. Encoded when it is needed, as it takes a MiB.
    pub(super) fn gap(&self, image: &Image) -> Result<Vec<u8>, Cause> {
        match self.digests.is_empty() {
            true => Ok(image.gap().to_vec()),
            false => Ok(self.map(image).encode().map_err(VerifyError::Map)?),
        }
    }

    /// Puts the record where it belongs, into what stands before the map.
    pub(super) fn put_record(&self, start: &mut [u8]) {
        let at = usize::try_from(stick::OFFSET).unwrap_or(usize::MAX);
        let record = self.kept.as_ref().unwrap_or(&self.record);
        if let Some(room) = start.get_mut(at..at + record.len()) {
            room.copy_from_slice(record);
        }
    }

    /// A record of this bench that says all that a new one would, but when and by whom, stays until anything changes.
    pub(super) fn keep_record(&mut self, found: &[u8], signer: &Signer) -> bool {
        let checked = |block: &[u8]| stick::Found::read(block)?.checked(&signer.public());
        let (Ok(old), Ok(new)) = (checked(found), checked(&self.record)) else { return false };
        let same = (old.stick, old.media, old.map, old.table) == (new.stick, new.media, new.map, new.table);
        self.kept = same.then(|| found.to_vec());
        same
    }

    /// Something changes after all.
    pub(super) fn renew_record(&mut self) {
        self.kept = None;
    }
}

/// The data volume's number in the table.
const DATA: u32 = 2;

#[cfg(test)]
mod tests;
