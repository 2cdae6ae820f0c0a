//! Any records: what decodes must encode to the same bytes, and nothing may panic on the way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use whiteglove_core::hwhash::{HardwareHash, compare};

fuzz_target!(|data: &[u8]| {
    // As it comes; a fuzzer does not guess a SHA-256, so also with the frame put right around it.
    let _ = HardwareHash::from_bytes(data);
    let Ok(length) = u16::try_from(data.len() + 4) else { return };
    let mut framed = b"OA".to_vec();
    framed.extend(length.to_le_bytes());
    framed.extend(data);
    let digest = Sha256::digest(&framed);
    framed.extend(*b"CS\x24\x00");
    framed.extend(digest);
    let Ok(hash) = HardwareHash::from_bytes(&framed) else { return };
    assert_eq!(hash.to_bytes(), framed);
    let again = HardwareHash::encode(&hash.records()).expect("it came from one");
    assert_eq!(again.digest(), hash.digest(), "decoding and encoding changed the records");
    let (read, repairs) = HardwareHash::parse(&hash.to_base64()).expect("its own text");
    assert!(read == hash && repairs.is_empty());
    let _ = (hash.fields(), hash.missing(), hash.identity(), hash.doubts(), hash.made_at(), hash.product_key_id());
    let _ = compare(&hash, &again);
});
