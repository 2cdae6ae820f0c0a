//! WIM files: header, list of images, table of resources.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use whiteglove_image::wim::Wim;

fuzz_target!(|data: &[u8]| {
    if let Ok(wim) = Wim::read(&mut Cursor::new(data)) {
        assert!(wim.resources.iter().all(|resource| resource.at + resource.stored <= wim.length));
    }
});
