//! From the anchor to the partitions: what has to be known before the first file.

use std::io::{Read, Seek};

use whiteglove_core::media::piece;

use super::{
    super::{DiscError, Image, Piece},
    LongExtent, Place,
    entry::Entry,
    tag, text,
};
use crate::le::{u16_at, u32_at};

/// Blocks of volume descriptors that are looked at; a disc has about six.
const MOST_DESCRIPTORS: usize = 64;
const MOST_MAPS: usize = 4;
/// Of discs, of disks, and of disks with large sectors.
const BLOCKS: [u64; 3] = [2048, 512, 4096];

pub(super) struct Volume {
    pub(super) block: u64,
    pub(super) label: String,
    file_set: Place,
    maps: Vec<Map>,
}

/// How a partition's blocks lie in the image.
enum Map {
    /// From one byte to another.
    Plain { start: u64, end: u64 },
    /// UDF 2.50: everything but contents lies inside a file.
    Metadata { pieces: Vec<Piece> },
}

/// Does the recognition sequence (ECMA-167 2/8.3) name UDF?
pub(super) fn is_udf<R: Read + Seek>(image: &mut Image<'_, R>) -> Result<bool, DiscError> {
    // One a sector, of whatever size, but at least 2048 bytes.
    for step in [2048, 4096] {
        for number in 0..64 {
            let Ok(sector) = image.at(32768 + number * step, 7) else { break };
            match &sector[1..6] {
                b"NSR02" | b"NSR03" => return Ok(true),
                b"CD001" | b"BEA01" | b"BOOT2" | b"CDW02" => {}
                _ => break,
            }
        }
    }
    Ok(false)
}

/// A descriptor with a sound tag (ECMA-167 3/7.2): of this kind, and at this block if it is to know.
pub(super) fn check(bytes: &[u8], kind: u16, block: Option<u32>) -> Option<()> {
    let head = bytes.get(..16)?;
    let sum = head.iter().enumerate().filter(|(at, _)| *at != 4).fold(0u8, |sum, (_, byte)| sum.wrapping_add(*byte));
    let right = u16_at(head, 0)? == kind
        && head[4] == sum
        && block.is_none_or(|block| u32_at(head, 12) == Some(block))
        // A checksum over more than is at hand cannot be checked; Linux lets that pass, too.
        && bytes.get(16..16 + usize::from(u16_at(head, 10)?)).is_none_or(|body| Some(crc(body)) == u16_at(head, 8));
    right.then_some(())
}

/// CRC of ITU-T V.41, as ECMA-167 3/7.2.6 has it.
pub(super) fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 })
    })
}

impl Volume {
    pub(super) fn find<R: Read + Seek>(image: &mut Image<'_, R>) -> Result<Self, DiscError> {
        for block in BLOCKS {
            let last = (image.length / block).saturating_sub(1);
            for place in [256, last.saturating_sub(256), last] {
                let Some(anchor) = anchor(image, block, place)? else { continue };
                // The second extent is a copy of the first, for when that cannot be read.
                return match Self::load(image, block, anchor[0]) {
                    Err(DiscError::Damaged { .. }) => Self::load(image, block, anchor[1]),
                    other => other,
                };
            }
        }
        // Where the end is missing, so are the other places.
        Err(DiscError::Damaged { what: "anchor", at: 256 * BLOCKS[0] })
    }

    fn load<R: Read + Seek>(image: &mut Image<'_, R>, block: u64, extent: (u32, u32)) -> Result<Self, DiscError> {
        let descriptors = Descriptors::read(image, block, extent)?;
        let at = u64::from(extent.0) * block;
        let damaged = |what| DiscError::Damaged { what, at };
        let (_, logical) = descriptors.logical.as_ref().ok_or_else(|| damaged("logical volume descriptor"))?;
        let inner = || {
            let label = logical.get(84..212)?;
            let used = usize::from(label[127]).min(127);
            let label = text(&label[..used]).unwrap_or_default();
            Some((label, u32_at(logical, 212)?, LongExtent::at(logical, 248)?, u32_at(logical, 268)?))
        };
        let (label, size, file_set, count) = inner().ok_or_else(|| damaged("logical volume descriptor"))?;
        if u64::from(size) != block {
            return Err(DiscError::Unsupported("blocks of another size than its sectors"));
        }
        let count = usize::try_from(count).ok().filter(|count| (1..=MOST_MAPS).contains(count));
        let count = count.ok_or_else(|| damaged("partition maps"))?;
        let label = label.chars().filter(|c| !c.is_control()).collect();
        let mut volume = Self { block, label, file_set: file_set.place, maps: Vec::new() };
        let mut at = 440;
        for _ in 0..count {
            let map = logical.get(at..).and_then(|rest| rest.get(..usize::from(*rest.get(1)?)));
            let map = map.filter(|map| map.len() >= 6).ok_or_else(|| damaged("partition maps"))?;
            at += map.len();
            let map = volume.map(image, &descriptors, map)?;
            volume.maps.push(map);
        }
        Ok(volume)
    }

    fn map<R: Read + Seek>(
        &self,
        image: &mut Image<'_, R>,
        descriptors: &Descriptors,
        map: &[u8],
    ) -> Result<Map, DiscError> {
        let plain = |number: u16| {
            let found = descriptors.partitions.iter().find(|(known, ..)| *known == number);
            let (_, first, blocks, _) = found.ok_or(DiscError::Damaged { what: "partition maps", at: 0 })?;
            let start = u64::from(*first) * self.block;
            Ok::<_, DiscError>((start, start + u64::from(*blocks) * self.block))
        };
        match (map[0], map.get(5..28)) {
            (1, _) => {
                let (start, end) = plain(u16_at(map, 4).unwrap_or(0))?;
                Ok(Map::Plain { start, end })
            }
            (2, Some(name)) if name.starts_with(b"*UDF Metadata Partition") => {
                let (start, end) = plain(u16_at(map, 38).unwrap_or(0))?;
                let file = u32_at(map, 40).ok_or(DiscError::Damaged { what: "partition maps", at: 0 })?;
                // The file is in the partition below, which a volume of this one map stands for.
                let below = Self {
                    block: self.block,
                    label: String::new(),
                    file_set: self.file_set,
                    maps: vec![Map::Plain { start, end }],
                };
                let entry = Entry::read(&below, image, Place { partition: 0, block: file })?;
                Ok(Map::Metadata { pieces: entry.data.pieces })
            }
            (2, Some(name)) if name.starts_with(b"*UDF Virtual Partition") => {
                Err(DiscError::Unsupported("a virtual partition"))
            }
            (2, Some(name)) if name.starts_with(b"*UDF Sparable Partition") => {
                Err(DiscError::Unsupported("a sparable partition"))
            }
            _ => Err(DiscError::Unsupported("an unknown kind of partition")),
        }
    }

    /// Where the root folder's entry lies (ECMA-167 4/14.1).
    pub(super) fn root<R: Read + Seek>(&self, image: &mut Image<'_, R>) -> Result<Place, DiscError> {
        let set = self.descriptor(image, self.file_set, &[tag::FILE_SET], "file set descriptor")?;
        let root = LongExtent::at(&set, 400).ok_or(DiscError::Damaged { what: "file set descriptor", at: 0 })?;
        Ok(root.place)
    }

    /// One block that has to be one of these descriptors.
    pub(super) fn descriptor<R: Read + Seek>(
        &self,
        image: &mut Image<'_, R>,
        place: Place,
        kinds: &[u16],
        what: &'static str,
    ) -> Result<Vec<u8>, DiscError> {
        let at = self.offset(place)?;
        let bytes = image.at(at, usize::try_from(self.block).unwrap_or(0))?;
        match kinds.iter().any(|kind| check(&bytes, *kind, Some(place.block)).is_some()) {
            true => Ok(bytes),
            false => Err(DiscError::Damaged { what, at }),
        }
    }

    /// The byte of the image where a block begins.
    pub(super) fn offset(&self, place: Place) -> Result<u64, DiscError> {
        let pieces = self.pieces(place, self.block)?;
        let one = pieces.first().filter(|piece| piece.length == self.block);
        one.and_then(|piece| piece.at).ok_or(DiscError::Damaged { what: "address of a block", at: 0 })
    }

    /// Where in the image so many bytes from a block on lie.
    pub(super) fn pieces(&self, place: Place, length: u64) -> Result<Vec<Piece>, DiscError> {
        let from = u64::from(place.block) * self.block;
        let damaged = DiscError::Damaged { what: "address of a block", at: from };
        match self.maps.get(usize::from(place.partition)) {
            Some(Map::Plain { start, end }) if start + from + length <= *end => {
                Ok(vec![Piece::new(start + from, length)])
            }
            Some(Map::Metadata { pieces }) => {
                let found = piece::slice(pieces, from, length);
                match found.iter().map(|piece| piece.length).sum::<u64>() == length {
                    true => Ok(found),
                    false => Err(damaged),
                }
            }
            _ => Err(damaged),
        }
    }
}

/// The extents (block, bytes) of the volume descriptors, if the anchor is there.
fn anchor<R: Read + Seek>(
    image: &mut Image<'_, R>,
    block: u64,
    place: u64,
) -> Result<Option<[(u32, u32); 2]>, DiscError> {
    let (Ok(number), Ok(length)) = (u32::try_from(place), usize::try_from(block)) else { return Ok(None) };
    let bytes = match image.at(place * block, length) {
        Ok(bytes) => bytes,
        Err(DiscError::Truncated { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let extent = |at| Some((u32_at(&bytes, at + 4)?, u32_at(&bytes, at)?));
    let found = check(&bytes, tag::ANCHOR, Some(number)).and_then(|()| Some([extent(16)?, extent(24)?]));
    Ok(found)
}

/// Those that matter; of each the one with the highest sequence number counts (ECMA-167 3/8.4.3).
#[derive(Default)]
struct Descriptors {
    logical: Option<(u32, Vec<u8>)>,
    /// Number, first block, blocks, sequence number.
    partitions: Vec<(u16, u32, u32, u32)>,
}

impl Descriptors {
    fn read<R: Read + Seek>(
        image: &mut Image<'_, R>,
        block: u64,
        (mut at, mut bytes): (u32, u32),
    ) -> Result<Self, DiscError> {
        let mut found = Self::default();
        let mut looked = 0;
        while u64::from(bytes) >= block {
            looked += 1;
            if looked > MOST_DESCRIPTORS {
                return Err(DiscError::TooMuch("volume descriptors"));
            }
            let here = image.at(u64::from(at) * block, usize::try_from(block).unwrap_or(0))?;
            let is = |kind| check(&here, kind, Some(at)).is_some();
            let sequence = u32_at(&here, 16).unwrap_or(0);
            let mut next = (at.saturating_add(1), bytes - u32::try_from(block).unwrap_or(bytes));
            if is(tag::TERMINATING) {
                break;
            } else if is(tag::POINTER) {
                next = (u32_at(&here, 24).unwrap_or(0), u32_at(&here, 20).unwrap_or(0));
            } else if is(tag::PARTITION) {
                let fields = (u16_at(&here, 22), u32_at(&here, 188), u32_at(&here, 192));
                if let (Some(number), Some(first), Some(blocks)) = fields {
                    let old = found.partitions.iter().position(|(known, ..)| *known == number);
                    match old {
                        Some(old) if found.partitions[old].3 > sequence => {}
                        Some(old) => found.partitions[old] = (number, first, blocks, sequence),
                        None => found.partitions.push((number, first, blocks, sequence)),
                    }
                }
            } else if is(tag::LOGICAL_VOLUME) {
                if found.logical.as_ref().is_none_or(|(known, _)| *known <= sequence) {
                    found.logical = Some((sequence, here));
                }
            } else if !is(tag::PRIMARY) && here.iter().all(|byte| *byte == 0) {
                break;
            }
            (at, bytes) = next;
        }
        Ok(found)
    }
}
