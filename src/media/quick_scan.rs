//! Boots a laptop into our agent, which tells the bench who it is.

use whiteglove_core::{
    media::{Contents, Item},
    media_card::{ARCHIVE, MediaCard},
    problem::Problem,
    script,
};
use whiteglove_image::boot::{self, BootEnv};

use super::{Does, finder_words, internal, returning};

/// The boot environment, this medium's card, words for whoever finds it, scripts for Windows.
///
/// # Errors
/// None that a person can cause.
pub(super) fn contents(environment: &BootEnv, card: &MediaCard) -> Result<Contents, Problem> {
    Ok(Contents { boot: boot_items(environment, card)?, data: returning(card, Does::Captures), bios: None })
}

fn boot_items(environment: &BootEnv, card: &MediaCard) -> Result<Vec<Item>, Problem> {
    let json = card.to_json().map_err(|error| internal("the media card", &error))?;
    let cpio = boot::media_cpio(&json).map_err(|error| internal("the media card's archive", &error))?;
    let grub_cfg = boot::grub_cfg().into_bytes();
    let host = |to: &str, file: &boot::BootFile| Item::host(to, file.size, file.path.clone());
    let mut items = vec![
        host("EFI/BOOT/BOOTX64.EFI", &environment.shim),
        host("EFI/BOOT/grubx64.efi", &environment.grub),
        // Debian's GRUB looks in its prefix first; a laptop's own disk must not win the search for one.
        Item::inline("EFI/debian/grub.cfg", grub_cfg.clone()),
        Item::inline("EFI/BOOT/grub.cfg", grub_cfg),
        host("boot/vmlinuz", &environment.kernel),
        host("boot/initrd.zst", &environment.initrd),
        Item::inline(ARCHIVE, cpio),
        Item::inline("README.TXT", finder_words(card, Does::Captures).into_bytes()),
    ];
    items.extend(script::starters(card.media).into_iter().map(|(path, bytes)| Item::inline(path, bytes)));
    items.extend(environment.mok_manager.as_ref().map(|file| host("EFI/BOOT/mmx64.efi", file)));
    Ok(items)
}
