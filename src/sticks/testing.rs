//! An image that a stick can be made of.

use std::{ops::ControlFlow, path::Path};

use whiteglove_core::{
    media::{Contents, Form, Item, MediaPlan, Spec},
    media_card::{ARCHIVE, BoxKey, MediaCard, MediaId, MediaToken},
};
use whiteglove_image::{boot, media::build_file};

/// Of so many megabytes, and with another loader for each `byte`; its size.
pub(crate) fn image(path: &Path, megabytes: usize, byte: u8) -> u64 {
    let media = MediaId([7; 16]);
    let card = MediaCard {
        media,
        box_key: BoxKey([1; 32]),
        token: MediaToken::new([2; 32]),
        endpoints: vec![],
        batch: "b".into(),
        bench: "b".into(),
        data_volume: Some(5),
    };
    let cards = boot::media_cpio(&card.to_json().unwrap()).unwrap();
    let boot = vec![
        Item::inline("EFI/BOOT/BOOTX64.EFI", vec![byte; 5000]),
        Item::inline(ARCHIVE, cards),
        Item::inline("large", vec![3; megabytes << 20]),
    ];
    let size = Some(u64::try_from(megabytes + 40).unwrap() << 20);
    let contents = Contents { boot, data: vec![], bios: None };
    let spec = Spec { media, form: Form::Gpt, contents, boot_size: size, data_size: Some(33 << 20) };
    let plan = MediaPlan::new(spec).unwrap();
    build_file(&plan, path, &mut |_| ControlFlow::Continue(())).unwrap();
    plan.size
}
