//! Signatures of programs, a firmware's lists of certificates, and SBAT lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whiteglove_core::certificates::{
    authenticode::{self, ProgramDigest},
    sbat, signature_list,
};

fuzz_target!(|data: &[u8]| {
    let _ = authenticode::signatures(data);
    let read = signature_list::read(data);
    // A program of no list is named by none.
    assert!(read.digests > 0 || !signature_list::names(data, &ProgramDigest([0x5a; 32])));
    let (floor, level) = (sbat::read(data), sbat::level(data));
    assert!(sbat::too_old(&floor, &floor).len() <= floor.len());
    drop(level);
});
