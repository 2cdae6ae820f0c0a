//! UDF 1.02 to 2.60 (OSTA; ECMA-167), as far as discs that are written once use it.
//!
//! From the anchor to the volume descriptors, from them to the partitions, from the file set to the root's
//! information control block, and from there down. Type 1 partitions and the metadata partition of 2.50; a
//! virtual or sparable one is of rewritable media and refused by name.

mod entry;
mod volume;

use std::io::{Read, Seek};

use entry::{Data, Entry, Kind};
use volume::{Volume, is_udf};
use whiteglove_core::media::piece;

use super::{Disc, DiscError, Folder, Format, Found, Image};
use crate::le::{u16_at, u32_at};

/// Numbers of descriptors (ECMA-167 3/7.2.1 and 4/7.2.1).
mod tag {
    pub(super) const PRIMARY: u16 = 1;
    pub(super) const ANCHOR: u16 = 2;
    pub(super) const POINTER: u16 = 3;
    pub(super) const PARTITION: u16 = 5;
    pub(super) const LOGICAL_VOLUME: u16 = 6;
    pub(super) const TERMINATING: u16 = 8;
    pub(super) const FILE_SET: u16 = 256;
    pub(super) const FILE_IDENTIFIER: u16 = 257;
    pub(super) const ALLOCATION_EXTENT: u16 = 258;
    pub(super) const FILE_ENTRY: u16 = 261;
    pub(super) const EXTENDED_FILE_ENTRY: u16 = 266;
}

/// A block of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    partition: u16,
    block: u32,
}

/// A place with a length, `long_ad` (ECMA-167 4/14.14.2), without its two bits of kind.
#[derive(Debug, Clone, Copy)]
struct LongExtent {
    place: Place,
    /// The two upper bits say what kind it is.
    raw: u32,
}

impl LongExtent {
    const SIZE: usize = 16;

    fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let (raw, block, partition) = (u32_at(bytes, at)?, u32_at(bytes, at + 4)?, u16_at(bytes, at + 8)?);
        bytes.get(at..at + Self::SIZE)?;
        Some(Self { place: Place { partition, block }, raw })
    }
}

/// `None`: the image has no UDF.
pub(super) fn read<R: Read + Seek>(image: &mut Image<'_, R>) -> Result<Option<Disc>, DiscError> {
    if !is_udf(image)? {
        return Ok(None);
    }
    let volume = Volume::find(image)?;
    let mut found = Found::new(image.length);
    let root = volume.root(image)?;
    found.enter("", root)?;
    let mut open = vec![Folder { path: String::new(), place: root }];
    while let Some(folder) = open.pop() {
        let entry = Entry::read(&volume, image, folder.place)?;
        if entry.kind != Kind::Directory {
            return Err(DiscError::Damaged { what: "root folder", at: volume.offset(folder.place)? });
        }
        let records = image.all(&entry.data.pieces, entry.data.size)?;
        for (name, place, is_directory) in identifiers(&records, &entry.data)? {
            let path = Found::<Place>::path(&folder.path, &name)?;
            if is_directory {
                found.enter(&path, place)?;
                found.directory(path.clone())?;
                open.push(Folder { path, place });
            } else {
                let entry = Entry::read(&volume, image, place)?;
                match entry.kind {
                    Kind::File => found.file(path, entry.data.size, entry.data.pieces)?,
                    // A folder that its identifier calls a file would escape the guard against cycles.
                    Kind::Directory => {
                        return Err(DiscError::Damaged { what: "file entry", at: volume.offset(place)? });
                    }
                    // Links and devices have no place on a Windows disc, and none on a stick.
                    Kind::Other => {}
                }
            }
        }
    }
    found.done(Format::Udf, volume.label).map(Some)
}

const DIRECTORY: u8 = 1 << 1;
const DELETED: u8 = 1 << 2;
const PARENT: u8 = 1 << 3;

/// The file identifier descriptors of a folder (ECMA-167 4/14.4): name, where its entry lies, whether it is a folder.
fn identifiers(records: &[u8], data: &Data) -> Result<Vec<(String, Place, bool)>, DiscError> {
    const HEAD: usize = 38;
    let mut found = Vec::new();
    let mut at = 0;
    while at < records.len() {
        let from = piece::slice(&data.pieces, at as u64, 1).first().and_then(|piece| piece.at).unwrap_or(0);
        let damaged = DiscError::Damaged { what: "folder", at: from };
        let rest = &records[at..];
        let head = || {
            volume::check(rest, tag::FILE_IDENTIFIER, None)?;
            let (flags, name) = (*rest.get(18)?, usize::from(*rest.get(19)?));
            let extent = LongExtent::at(rest, 20)?;
            let private = usize::from(u16_at(rest, 36)?);
            let name = rest.get(HEAD + private..HEAD + private + name)?;
            Some((flags, extent, name, (HEAD + private + name.len()).next_multiple_of(4)))
        };
        let Some((flags, extent, name, length)) = head() else { return Err(damaged) };
        at += length;
        if flags & (DELETED | PARENT) == 0 {
            let name = text(name).ok_or(damaged)?;
            found.push((name, extent.place, flags & DIRECTORY != 0));
        }
    }
    Ok(found)
}

/// d-characters of OSTA (UDF 2.1.1): the first byte says how many bits each has.
fn text(bytes: &[u8]) -> Option<String> {
    match bytes.split_first()? {
        (8, rest) => Some(rest.iter().copied().map(char::from).collect()),
        (16, rest) if rest.len().is_multiple_of(2) => {
            let units = rest.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).collect::<Result<_, _>>().ok()
        }
        _ => None,
    }
}
