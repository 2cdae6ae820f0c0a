//! Files that claim to carry identities. Lines must come in order, each once.
#![no_main]

use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use whiteglove_core::import;

fuzz_target!(|data: &[u8]| {
    let mut last = 0;
    let _ = import::read(data, &mut |line| {
        assert!(line.number >= last, "line {} after {last}", line.number);
        last = line.number;
        if let Ok(entry) = line.outcome {
            let json = serde_json::to_string(&entry).expect("plain data");
            assert_eq!(serde_json::from_str::<whiteglove_core::entry::Entry>(&json).expect("its own text"), *entry);
        }
        ControlFlow::Continue(())
    });
});
