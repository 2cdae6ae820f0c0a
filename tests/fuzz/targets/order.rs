//! Order lists in any shape.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whiteglove_core::order;

fuzz_target!(|data: &[u8]| {
    let _ = order::read(data, &mut |line| {
        if let Ok(listed) = line.outcome {
            assert!(listed.expected.serial.is_some() || listed.expected.product_key_id.is_some());
        }
    });
});
