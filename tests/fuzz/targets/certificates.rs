//! Signatures of programs, a firmware's lists of certificates, and SBAT lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whiteglove_core::certificates::{authenticode, sbat, signature_list};

fuzz_target!(|data: &[u8]| {
    let _ = authenticode::signatures(data);
    let _ = signature_list::read(data);
    let (floor, level) = (sbat::read(data), sbat::level(data));
    assert!(sbat::too_old(&floor, &floor).len() <= floor.len());
    drop(level);
});
