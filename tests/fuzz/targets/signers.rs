//! Programs with their headers, sections, resources and certificate tables.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = whiteglove_image::boot::signers::read(data);
});
