//! The manifest of a medium that anybody may have made, and the seal beside it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whiteglove_core::media::{manifest::Manifest, sign::Signer};

fuzz_target!(|data: &[u8]| {
    let signer = Signer::from_seed(&[1; 32]);
    // What is taken without a signature is taken with one, and is the same.
    if let Ok(manifest) = Manifest::parse(data) {
        let (text, seal) = manifest.seal(&signer).expect("what was read can be written");
        assert_eq!(Manifest::open(&text, &seal, &signer.public()), Ok(manifest));
    }
    let (text, seal) = data.split_at(data.len() / 2);
    assert!(Manifest::open(text, seal, &signer.public()).is_err());
});
