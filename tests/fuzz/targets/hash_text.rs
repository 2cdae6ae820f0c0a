//! The text of a hash, damaged in any way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whiteglove_core::hwhash::HardwareHash;

fuzz_target!(|text: &str| {
    if let Ok((hash, _)) = HardwareHash::parse(text) {
        let (again, repairs) = HardwareHash::parse(&hash.to_base64()).expect("its own text");
        assert!(again == hash && repairs.is_empty());
    }
});
