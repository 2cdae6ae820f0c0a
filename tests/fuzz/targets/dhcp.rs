//! A DHCP server that answers anything. What was understood must survive its own encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whiteglove_core::dhcp::Message;

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = Message::parse(data) {
        let again = Message::parse(&message.to_bytes()).expect("its own bytes");
        assert_eq!(again, message);
    }
});
