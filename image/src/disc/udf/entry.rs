//! A file entry: what it is, how long, and where its bytes lie (ECMA-167 4/14.9, 4/14.17).

use std::io::{Read, Seek};

use whiteglove_core::media::piece;

use super::{
    super::{DiscError, Image, Piece},
    LongExtent, Place, tag,
    volume::{Volume, check},
};
use crate::le::{u16_at, u32_at, u64_at};

/// Extents of one file; one of 5 GiB has six.
const MOST_EXTENTS: usize = 65_536;
/// Blocks of further extents of one file.
const MOST_CONTINUED: usize = 1_024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    File,
    Other,
}

/// A file's bytes.
pub(super) struct Data {
    pub(super) size: u64,
    /// They make up exactly `size`.
    pub(super) pieces: Vec<Piece>,
}

pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) data: Data,
}

impl Entry {
    pub(super) fn read<R: Read + Seek>(
        volume: &Volume,
        image: &mut Image<'_, R>,
        place: Place,
    ) -> Result<Self, DiscError> {
        let kinds = [tag::FILE_ENTRY, tag::EXTENDED_FILE_ENTRY];
        let bytes = volume.descriptor(image, place, &kinds, "file entry")?;
        let at = volume.offset(place)?;
        let damaged = || DiscError::Damaged { what: "file entry", at };
        // Where the lengths of the attributes and of the descriptors stand, and behind them the two.
        let lengths = if u16_at(&bytes, 0) == Some(tag::FILE_ENTRY) { 168 } else { 208 };
        let fields = || {
            let (strategy, kind, flags) = (u16_at(&bytes, 20)?, *bytes.get(27)?, u16_at(&bytes, 34)?);
            let (attributes, allocation) = (u32_at(&bytes, lengths)?, u32_at(&bytes, lengths + 4)?);
            let from = lengths.checked_add(8)?.checked_add(usize::try_from(attributes).ok()?)?;
            let length = usize::try_from(allocation).ok()?;
            bytes.get(from..from.checked_add(length)?)?;
            Some((strategy, kind, flags, u64_at(&bytes, 56)?, from, length))
        };
        let (strategy, kind, flags, size, from, length) = fields().ok_or_else(damaged)?;
        if strategy != 4 {
            return Err(DiscError::Unsupported("file entries that are rewritten by appending"));
        }
        let kind = match kind {
            4 => Kind::Directory,
            // 250: the metadata file of UDF 2.50.
            5 | 250 => Kind::File,
            _ => Kind::Other,
        };
        let pieces = match flags & 7 {
            0 => extents(volume, image, place.partition, Form::Short, &bytes[from..from + length], size)?,
            1 => extents(volume, image, place.partition, Form::Long, &bytes[from..from + length], size)?,
            3 if size <= length as u64 => {
                let mut pieces = Vec::new();
                piece::push(&mut pieces, Piece::new(at + from as u64, size));
                pieces
            }
            3 => return Err(damaged()),
            _ => return Err(DiscError::Unsupported("extended allocation descriptors")),
        };
        Ok(Self { kind, data: Data { size, pieces } })
    }
}

/// `short_ad` or `long_ad`.
#[derive(Clone, Copy)]
enum Form {
    Short,
    Long,
}

/// Follows allocation descriptors until the file is whole.
fn extents<R: Read + Seek>(
    volume: &Volume,
    image: &mut Image<'_, R>,
    partition: u16,
    form: Form,
    first: &[u8],
    size: u64,
) -> Result<Vec<Piece>, DiscError> {
    let (mut list, mut at, mut left, mut pieces) = (first.to_vec(), 0, size, Vec::new());
    let (mut extents, mut continued) = (0, 0);
    while left > 0 {
        let extent = match form {
            Form::Short => match (u32_at(&list, at), u32_at(&list, at + 4)) {
                (Some(raw), Some(block)) => Some(LongExtent { place: Place { partition, block }, raw }),
                _ => None,
            },
            Form::Long => LongExtent::at(&list, at),
        };
        at += match form {
            Form::Short => 8,
            Form::Long => LongExtent::SIZE,
        };
        let (kind, length) = extent.map_or((0, 0), |extent| (extent.raw >> 30, u64::from(extent.raw & 0x3fff_ffff)));
        let Some(extent) = extent.filter(|_| length > 0) else {
            return Err(DiscError::Damaged { what: "list of a file's extents", at: 0 });
        };
        extents += 1;
        if extents > MOST_EXTENTS {
            return Err(DiscError::TooMuch("fragments of one file"));
        }
        let take = length.min(left);
        match kind {
            0 => volume.pieces(extent.place, take)?.into_iter().for_each(|found| piece::push(&mut pieces, found)),
            // Allocated or not, nothing was recorded there.
            1 | 2 => piece::push(&mut pieces, Piece::hole(take)),
            _ => {
                continued += 1;
                if continued > MOST_CONTINUED {
                    return Err(DiscError::TooMuch("fragments of one file"));
                }
                list = continuation(volume, image, extent.place)?;
                at = 0;
                continue;
            }
        }
        left -= take;
    }
    Ok(pieces)
}

/// The descriptors of an allocation extent (ECMA-167 4/14.5).
fn continuation<R: Read + Seek>(volume: &Volume, image: &mut Image<'_, R>, place: Place) -> Result<Vec<u8>, DiscError> {
    let at = volume.offset(place)?;
    let bytes = image.at(at, usize::try_from(volume.block).unwrap_or(0))?;
    let inner = || {
        check(&bytes, tag::ALLOCATION_EXTENT, Some(place.block))?;
        let length = usize::try_from(u32_at(&bytes, 20)?).ok()?;
        bytes.get(24..24usize.checked_add(length)?)
    };
    inner().map(<[u8]>::to_vec).ok_or(DiscError::Damaged { what: "list of a file's extents", at })
}
