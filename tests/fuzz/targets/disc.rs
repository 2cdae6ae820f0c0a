//! Disc images. An input holds what begins at byte 32768, where both file systems do; before it are zeros.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use whiteglove_image::disc::{Disc, Piece};

fuzz_target!(|data: &[u8]| {
    let mut bytes = vec![0; 32768];
    bytes.extend_from_slice(data);
    if let Ok(disc) = Disc::read(&mut Cursor::new(&bytes)) {
        for file in &disc.files {
            assert!(file.pieces.iter().all(|piece| piece.end() <= disc.length));
            assert_eq!(file.pieces.iter().map(|piece: &Piece| piece.length).sum::<u64>(), file.size);
            assert!(file.path.split('/').all(|step| !step.is_empty() && step != ".."));
        }
    }
});
