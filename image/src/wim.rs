//! What can be known of a WIM file without unpacking it: header, list of images, table of resources
//! (Microsoft, "Windows Imaging File Format"; flags of 2012 and later as wimlib documents them).
//!
//! Contents are wimlib's work. This says which image to ask it for, whether a part is missing, what does not split,
//! and whether there is enough room, before minutes go into it.

use std::io::{self, Read, Seek, SeekFrom};

use whiteglove_core::windows::{
    Edition,
    edition::{self, EditionsError},
};

use crate::le::{u16_at, u32_at, u64_at};

mod settle;
mod sparse;

pub use settle::settle;

const HEADER: usize = 208;
const ENTRY: usize = 50;
/// `install.wim` of all editions has some hundred thousand.
const MOST_RESOURCES: u64 = 2_000_000;
/// Some tens of KiB are usual.
const LONGEST_XML: u64 = 8 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    None,
    Xpress,
    Lzx,
    Lzms,
}

/// What a WIM file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wim {
    pub compression: Compression,
    /// `.esd`: many files compressed as one, which does not split.
    pub solid: bool,
    /// Of a split set (`.swm`): this part and how many there are; (1, 1) otherwise.
    pub part: (u16, u16),
    /// The image that starts, from 1; 0 is none.
    pub boot_index: u32,
    pub images: Vec<Edition>,
    /// Bytes of the largest resource as it is stored. A part of a split set cannot be smaller.
    pub largest: u64,
    /// In bytes, as its resources say; a file that is shorter was cut off.
    pub length: u64,
    /// Offset and bytes of header, table of resources and list of images.
    pub lists: [(u64, u64); 3],
    /// SHA-1 of the files' contents is what wimlib names them by.
    pub resources: Vec<Resource>,
}

/// Where a content lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    pub at: u64,
    /// Bytes in the file.
    pub stored: u64,
    pub sha1: [u8; 20],
    pub metadata: bool,
    pub part: u16,
}

#[derive(Debug, thiserror::Error)]
pub enum WimError {
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it is no WIM file")]
    Not,
    #[error("it is of a version that this program does not know")]
    Version,
    #[error("it was being written when it was copied")]
    Unfinished,
    #[error("its {0} is damaged")]
    Damaged(&'static str),
    #[error("it ends at {length} bytes, and what it lists goes on to {needed}")]
    Truncated { needed: u64, length: u64 },
    #[error("its {0} is larger than any")]
    TooMuch(&'static str),
    #[error(transparent)]
    Editions(#[from] EditionsError),
}

mod flag {
    pub(super) const COMPRESSED: u32 = 0x2;
    pub(super) const UNFINISHED: u32 = 0x40;
    pub(super) const XPRESS: u32 = 0x2_0000;
    pub(super) const LZX: u32 = 0x4_0000;
    pub(super) const LZMS: u32 = 0x8_0000;
    pub(super) const XPRESS_2: u32 = 0x20_0000;
}

mod resource_flag {
    pub(super) const METADATA: u8 = 0x2;
    pub(super) const COMPRESSED: u8 = 0x4;
    pub(super) const SOLID: u8 = 0x10;
}

/// `RESHDR_DISK_SHORT`: 7 bytes of stored size, flags, offset, original size.
struct Header {
    stored: u64,
    flags: u8,
    at: u64,
    original: u64,
}

impl Header {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let first = u64_at(bytes, 0)?;
        let flags = u8::try_from(first >> 56).ok()?;
        Some(Self { stored: first & ((1 << 56) - 1), flags, at: u64_at(bytes, 8)?, original: u64_at(bytes, 16)? })
    }
}

impl Wim {
    /// Does it begin like one?
    pub fn is(head: &[u8]) -> bool {
        head.starts_with(b"MSWIM\0\0\0")
    }

    /// # Errors
    /// It is no WIM, is cut off, or lists what cannot be.
    pub fn read<R: Read + Seek>(source: &mut R) -> Result<Self, WimError> {
        let length = source.seek(SeekFrom::End(0))?;
        source.seek(SeekFrom::Start(0))?;
        let mut head = Vec::new();
        source.by_ref().take(HEADER as u64).read_to_end(&mut head)?;
        if !Self::is(&head) {
            return Err(WimError::Not);
        }
        let damaged = || WimError::Damaged("header");
        if head.len() < HEADER {
            return Err(WimError::Truncated { needed: HEADER as u64, length });
        }
        let (version, flags) = (u32_at(&head, 12).ok_or_else(damaged)?, u32_at(&head, 16).ok_or_else(damaged)?);
        // 1.13, and 3.584 of files with solid resources.
        if !matches!(version, 0x10d00 | 0xe00) {
            return Err(WimError::Version);
        }
        if flags & flag::UNFINISHED != 0 {
            return Err(WimError::Unfinished);
        }
        let compression = match flags {
            _ if flags & flag::COMPRESSED == 0 => Compression::None,
            _ if flags & flag::LZX != 0 => Compression::Lzx,
            _ if flags & flag::LZMS != 0 => Compression::Lzms,
            _ if flags & (flag::XPRESS | flag::XPRESS_2) != 0 => Compression::Xpress,
            _ => return Err(damaged()),
        };
        let part = (u16_at(&head, 40).ok_or_else(damaged)?, u16_at(&head, 42).ok_or_else(damaged)?);
        let boot_index = u32_at(&head, 120).ok_or_else(damaged)?;
        if part.0 == 0 || part.0 > part.1 {
            return Err(damaged());
        }
        let table = Header::parse(&head[48..72]).ok_or_else(damaged)?;
        let xml = Header::parse(&head[72..96]).ok_or_else(damaged)?;
        let images = editions(source, &xml, length)?;
        let resources = table_entries(source, &table, length)?;
        let needed = resources.iter().map(|(header, ..)| header.at.saturating_add(header.stored)).max().unwrap_or(0);
        if needed > length {
            return Err(WimError::Truncated { needed, length });
        }
        let solid = resources.iter().any(|(header, ..)| header.flags & resource_flag::SOLID != 0);
        let largest = resources.iter().map(|(header, ..)| header.stored).max().unwrap_or(0);
        let resources = resources.into_iter().map(|(header, part, sha1)| Resource {
            at: header.at,
            stored: header.stored,
            sha1,
            metadata: header.flags & resource_flag::METADATA != 0,
            part,
        });
        let lists = [(0, HEADER as u64), (table.at, table.stored), (xml.at, xml.stored)];
        let resources = resources.collect();
        Ok(Self { compression, solid, part, boot_index, images, largest, length, lists, resources })
    }

    /// The image that starts, or the last.
    pub fn boots(&self) -> Option<&Edition> {
        self.images.iter().find(|image| image.index == self.boot_index).or(self.images.last())
    }
}

fn read_at<R: Read + Seek>(source: &mut R, header: &Header, length: u64) -> Result<Vec<u8>, WimError> {
    let needed = header.at.saturating_add(header.stored);
    if needed > length {
        return Err(WimError::Truncated { needed, length });
    }
    let mut bytes = vec![0; usize::try_from(header.stored).map_err(|_| WimError::TooMuch("table"))?];
    source.seek(SeekFrom::Start(header.at))?;
    source.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn editions<R: Read + Seek>(source: &mut R, xml: &Header, length: u64) -> Result<Vec<Edition>, WimError> {
    if xml.stored > LONGEST_XML {
        return Err(WimError::TooMuch("list of images"));
    }
    if xml.flags & resource_flag::COMPRESSED != 0 || !xml.stored.is_multiple_of(2) {
        return Err(WimError::Damaged("list of images"));
    }
    let bytes = read_at(source, xml, length)?;
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let text = String::from_utf16(&units).map_err(|_| WimError::Damaged("list of images"))?;
    Ok(edition::read(&text)?)
}

type Listed = (Header, u16, [u8; 20]);

fn table_entries<R: Read + Seek>(source: &mut R, table: &Header, length: u64) -> Result<Vec<Listed>, WimError> {
    if table.stored > MOST_RESOURCES * ENTRY as u64 {
        return Err(WimError::TooMuch("table of resources"));
    }
    if table.flags & resource_flag::COMPRESSED != 0 || table.stored != table.original {
        return Err(WimError::Damaged("table of resources"));
    }
    let bytes = read_at(source, table, length)?;
    let entry = |entry: &[u8]| -> Option<Listed> {
        Some((Header::parse(entry)?, u16_at(entry, 24)?, *entry.get(30..)?.first_chunk()?))
    };
    let entries: Option<Vec<Listed>> = bytes.chunks_exact(ENTRY).map(entry).collect();
    // Contents inside a solid resource are listed by their place in what it unpacks to, not in the file; the
    // resource itself has the size 0x100000000 as its mark (wimlib, solid resources).
    let outside = |(header, ..): &Listed| header.flags & resource_flag::SOLID == 0 || header.original == SOLID_MARK;
    Ok(entries.ok_or(WimError::Damaged("table of resources"))?.into_iter().filter(outside).collect())
}

const SOLID_MARK: u64 = 1 << 32;

#[cfg(test)]
mod tests;
