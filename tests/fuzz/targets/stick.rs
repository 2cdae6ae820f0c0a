//! The head of a stick: its record, its extent map, its cards.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whiteglove_core::{
    media::{
        map::ExtentMap,
        sign::Signer,
        stick::{Found, StickId},
    },
    media_card,
};

fuzz_target!(|data: &[u8]| {
    if let Ok(found) = Found::read(data) {
        let _ = found.stick();
        assert!(found.checked(&Signer::from_seed(&[1; 32]).public()).is_err());
    }
    if let Ok(map) = ExtentMap::decode(data) {
        for extent in &map.extents {
            assert!(map.holding(extent.offset, extent.length).is_some());
        }
        let _ = map.cards.map(|(offset, length)| map.holding(offset, length));
    }
    if let Some(own) = media_card::personalised(data, StickId([0x5a; 16]), 7) {
        let (back, stick, serial) = media_card::as_on_image(&own, 9).expect("what was put in can be read");
        assert_eq!((back.len(), stick, serial), (data.len(), StickId([0x5a; 16]), 7));
    }
    let _ = media_card::as_on_image(data, 7);
});
