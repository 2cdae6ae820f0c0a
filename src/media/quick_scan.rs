//! Boots a laptop into our agent, which tells the bench who it is.

use whiteglove_core::{
    media::{Contents, Item},
    media_card::{ARCHIVE, MediaCard},
    problem::Problem,
    script,
};
use whiteglove_image::boot::{self, BootEnv};

use super::internal;

/// The boot environment, this medium's card, words for whoever finds it, scripts for Windows.
///
/// # Errors
/// None that a person can cause.
pub(super) fn contents(environment: &BootEnv, card: &MediaCard) -> Result<Contents, Problem> {
    let mut data = vec![
        Item::directory("captures"),
        Item::directory("logs"),
        Item::inline("README.TXT", finder_words(card).into_bytes()),
    ];
    data.extend(script::data_files(card.media).into_iter().map(|(path, bytes)| Item::inline(path, bytes)));
    Ok(Contents { boot: boot_items(environment, card)?, data, bios: None })
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
        Item::inline("README.TXT", finder_words(card).into_bytes()),
    ];
    items.extend(script::starters(card.media).into_iter().map(|(path, bytes)| Item::inline(path, bytes)));
    items.extend(environment.mok_manager.as_ref().map(|file| host("EFI/BOOT/mmx64.efi", file)));
    Ok(items)
}

/// CR LF: it will be opened in Notepad.
fn finder_words(card: &MediaCard) -> String {
    [
        "This is a whiteglove boot stick.".to_owned(),
        String::new(),
        format!("It belongs to the bench '{}' (batch '{}').", card.bench, card.batch),
        format!("Its number is {}.", card.media),
        String::new(),
        "It starts a laptop so that it can tell the bench who it is. It changes nothing on the laptop.".to_owned(),
        "It holds no password. What it captures when a laptop starts from it is sealed; only the bench can open it."
            .to_owned(),
        String::new(),
        "In Windows setup: press Shift and F10, and type the stick's drive letter, a colon, a backslash, and"
            .to_owned(),
        "  a   who is this laptop: its hardware hash and TPM, as readable files in the folder captures".to_owned(),
        "  w   how far is the technician phase".to_owned(),
        "  l   keep the logs, before anything is reset".to_owned(),
        "for example D:\\a; if Windows does not know it, E:\\a. Bring the stick back to the bench afterwards."
            .to_owned(),
        String::new(),
        "Found it? Please give it back to the IT department that uses it.".to_owned(),
        "Lost it? Tell the bench: whiteglove media revoke NUMBER".to_owned(),
        String::new(),
    ]
    .join("\r\n")
}
