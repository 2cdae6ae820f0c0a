//! Memory that direct I/O accepts, without a line of unsafe code.

use whiteglove_core::media::CHUNK;

/// Direct I/O wants memory, offsets and lengths on the device's blocks; every block size divides this.
pub(crate) const ALIGN: usize = 4096;

/// Room for one chunk, its first byte on a block boundary.
pub(crate) struct Aligned {
    bytes: Vec<u8>,
    from: usize,
}

impl Aligned {
    pub(crate) fn new() -> Self {
        let chunk = usize::try_from(CHUNK).unwrap_or(0);
        let bytes = vec![0; chunk + ALIGN];
        // The vector is never grown, so its memory stays where it is.
        let from = bytes.as_ptr().align_offset(ALIGN).min(ALIGN);
        Self { bytes, from }
    }

    /// The first `length` bytes, at most a chunk: plans and extent maps are checked for that.
    pub(crate) fn of(&mut self, length: u64) -> &mut [u8] {
        let length = usize::try_from(length.min(CHUNK)).unwrap_or(0);
        &mut self.bytes[self.from..self.from + length]
    }
}
