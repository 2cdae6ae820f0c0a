//! Whatever a scanner types.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whiteglove_core::scan::{self, Scan};

fuzz_target!(|code: &str| {
    if let Scan::Serial(serial) = scan::read(code) {
        assert!(scan::means(&serial, &serial), "{serial:?} does not mean itself");
    }
});
