//! Which bytes of a file travel in which block. Content itself never comes near this crate.

use std::ops::Range;

use super::packet;

/// How a file is cut into blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Bytes.
    pub size: u64,
    /// Bytes in every block but the last.
    pub block: u16,
}

impl Shape {
    /// The number of the last block, from 1. It is shorter than the others and so ends the transfer: empty if the
    /// size is a multiple of the block, and for an empty file.
    pub fn last(self) -> u64 {
        self.size / u64::from(self.block.max(1)) + 1
    }

    /// Where a block's content lies in the file. Empty beyond its end.
    pub fn range(self, block: u64) -> Range<u64> {
        let end = |count: u64| count.saturating_mul(u64::from(self.block)).min(self.size);
        end(block.saturating_sub(1))..end(block)
    }
}

/// Blocks that follow each other, to be sent at once. All datagrams but the last have the same length, which is
/// what the kernel's segmentation (`UDP_SEGMENT`) asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flight {
    pub shape: Shape,
    /// Counts on beyond 65535; only the wire wraps.
    pub first: u64,
    pub count: u16,
}

impl Flight {
    /// Each datagram: what goes in front, and which bytes of the file follow.
    pub fn datagrams(self) -> impl Iterator<Item = ([u8; 4], Range<u64>)> {
        let blocks = self.first..self.first.saturating_add(u64::from(self.count));
        blocks.map(move |block| (packet::data_header(wire(block)), self.shape.range(block)))
    }

    /// Bytes of the file in it; they lie side by side.
    pub fn content(self) -> Range<u64> {
        let last = self.first.saturating_add(u64::from(self.count)).saturating_sub(1);
        self.shape.range(self.first).start..self.shape.range(last).end
    }
}

/// The number a block has in a packet: 65536 follows 65535 as 0. All of today's clients do so; a few old ones start
/// again at 1 or give up.
pub(super) fn wire(block: u64) -> u16 {
    let [.., high, low] = block.to_be_bytes();
    u16::from_be_bytes([high, low])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_block_is_the_short_one() {
        let cut = |size, block| {
            let shape = Shape { size, block };
            (shape.last(), shape.range(shape.last()))
        };
        assert_eq!(cut(0, 512), (1, 0..0));
        assert_eq!(cut(511, 512), (1, 0..511));
        assert_eq!(cut(512, 512), (2, 512..512));
        assert_eq!(cut(513, 512), (2, 512..513));
        assert_eq!(cut(5 << 30, 1468), (3_657_159, 5_368_707_944..5 << 30));
        assert_eq!(Shape { size: 512, block: 512 }.range(9), 512..512);
    }

    #[test]
    fn a_flight_crosses_the_wrap_of_the_wire() {
        let flight = Flight { shape: Shape { size: 1 << 30, block: 8 }, first: 65_535, count: 3 };
        let sent: Vec<_> = flight.datagrams().collect();
        assert_eq!(sent[0], ([0, 3, 0xff, 0xff], 524_272..524_280));
        assert_eq!(sent[1], ([0, 3, 0, 0], 524_280..524_288));
        assert_eq!(sent[2], ([0, 3, 0, 1], 524_288..524_296));
        assert_eq!(flight.content(), 524_272..524_296);
    }
}
