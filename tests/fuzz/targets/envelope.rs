//! What anybody on the network may post, and what may lie on a stick.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whiteglove_core::envelope::Envelope;

fuzz_target!(|data: &[u8]| {
    if let Ok(envelope) = Envelope::parse(data) {
        assert_eq!(envelope.bytes(), data);
    }
});
