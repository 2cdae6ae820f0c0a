//! Disc images, which are mostly empty: an input says how many sectors there are, then which of them hold what.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use whiteglove_image::disc::{Disc, Piece};

const SECTOR: usize = 2048;
/// 8 MiB: the anchors of UDF lie at sector 256, and 256 before the end.
const MOST: usize = 4096;

/// `tests/fixtures/disc/sparse` makes such an input of a disc.
fn disc(data: &[u8]) -> Vec<u8> {
    let [low, high, rest @ ..] = data else { return vec![] };
    let mut bytes = vec![0; (usize::from(u16::from_le_bytes([*low, *high])) % MOST + 1) * SECTOR];
    let mut rest = rest;
    while let [low, high, length_low, length_high, more @ ..] = rest {
        let at = usize::from(u16::from_le_bytes([*low, *high])) * SECTOR % bytes.len();
        let length = usize::from(u16::from_le_bytes([*length_low, *length_high])) % (SECTOR + 1);
        let (content, more) = more.split_at(more.len().min(length));
        bytes[at..at + content.len()].copy_from_slice(content);
        rest = more;
    }
    bytes
}

fuzz_target!(|data: &[u8]| {
    if let Ok(disc) = Disc::read(&mut Cursor::new(disc(data))) {
        for file in &disc.files {
            assert!(file.pieces.iter().all(|piece| piece.end() <= disc.length));
            assert_eq!(file.pieces.iter().map(|piece: &Piece| piece.length).sum::<u64>(), file.size);
            assert!(file.path.split('/').all(|step| !step.is_empty() && step != ".."));
        }
    }
});
