//! Memory that direct I/O accepts, without a line of unsafe code.

use std::io::{self, Read, Seek, SeekFrom};

use whiteglove_core::media::CHUNK;

/// Direct I/O wants memory, offsets and lengths on the device's blocks; every block size divides this.
pub(crate) const ALIGN: usize = 4096;

/// Room for one chunk or less, its first byte on a block boundary.
#[derive(Debug)]
pub(crate) struct Aligned {
    bytes: Vec<u8>,
    from: usize,
}

impl Aligned {
    pub(crate) fn new() -> Self {
        Self::with_room(CHUNK)
    }

    pub(crate) fn with_room(length: u64) -> Self {
        let bytes = vec![0; usize::try_from(length.min(CHUNK)).unwrap_or(0) + ALIGN];
        // The vector is never grown, so its memory stays where it is.
        let from = bytes.as_ptr().align_offset(ALIGN).min(ALIGN);
        Self { bytes, from }
    }

    /// The first `length` bytes, at most what there is room for: plans and extent maps are checked for that.
    pub(crate) fn of(&mut self, length: u64) -> &mut [u8] {
        let length = self.fitting(length);
        &mut self.bytes[self.from..self.from + length]
    }

    pub(crate) fn get(&self, length: u64) -> &[u8] {
        let length = self.fitting(length);
        &self.bytes[self.from..self.from + length]
    }

    fn fitting(&self, length: u64) -> usize {
        usize::try_from(length).unwrap_or(usize::MAX).min(self.bytes.len() - ALIGN)
    }
}

/// Any bytes of a device that is read in whole blocks into memory on a block: what direct I/O demands,
/// for readers that know nothing of it.
#[derive(Debug)]
pub(crate) struct Blockwise<'a, D> {
    device: &'a mut D,
    size: u64,
    at: u64,
}

impl<'a, D: Read + Seek> Blockwise<'a, D> {
    pub(crate) fn new(device: &'a mut D, size: u64) -> Self {
        Self { device, size, at: 0 }
    }
}

impl<D: Read + Seek> Read for Blockwise<'_, D> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let block = ALIGN as u64;
        let first = self.at / block * block;
        let skip = self.at - first;
        let wanted = (skip + out.len() as u64).next_multiple_of(block).min(CHUNK).min(self.size.saturating_sub(first));
        let length = usize::try_from(wanted.saturating_sub(skip)).map_err(io::Error::other)?.min(out.len());
        if length == 0 {
            return Ok(0);
        }
        let mut buffer = Aligned::with_room(wanted);
        let bytes = buffer.of(wanted);
        self.device.seek(SeekFrom::Start(first))?;
        self.device.read_exact(bytes)?;
        let skip = usize::try_from(skip).map_err(io::Error::other)?;
        out[..length].copy_from_slice(&bytes[skip..skip + length]);
        self.at += length as u64;
        Ok(length)
    }
}

impl<D> Seek for Blockwise<'_, D> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
