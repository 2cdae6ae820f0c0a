//! What goes on a stick: the boot environment, this medium's card, words for whoever finds it, and
//! whatever the person adds.

use std::{
    fs,
    path::{Path, PathBuf},
};

use whiteglove_core::{
    media::{Item, MediaPlan, Spec},
    media_card::{ARCHIVE, MediaCard},
    problem::Problem,
    script,
};
use whiteglove_image::boot::{self, BootEnv};

use crate::{answer, evidence::Sealing};

/// Computed and printable before anything is written.
///
/// # Errors
/// The boot environment is missing or damaged, or the content does not fit a stick.
pub(crate) fn plan(
    boot_environment: &Path,
    card: &MediaCard,
    add: Option<&Path>,
    sealing: &Sealing,
) -> Result<MediaPlan, Problem> {
    let environment = BootEnv::open(boot_environment).map_err(Problem::from)?;
    let mut boot = boot_items(&environment, card)?;
    if let Some(folder) = add {
        let taken: Vec<String> = boot.iter().map(|item| item_path(item).to_ascii_lowercase()).collect();
        let added = folder_items(folder)?;
        answer::check_added(&added)?;
        for item in added {
            if taken.contains(&item_path(&item).to_ascii_lowercase()) {
                return Err(Problem::new(
                    format!("{} cannot be added.", folder.display()),
                    format!("It brings its own {}, which is part of the boot environment.", item_path(&item)),
                    "Rename or remove that file and build again.",
                ));
            }
            boot.push(item);
        }
    }
    let mut data = vec![
        Item::directory("captures"),
        Item::directory("logs"),
        Item::inline("README.TXT", finder_words(card).into_bytes()),
    ];
    data.extend(script::data_files(card.media).into_iter().map(|(path, bytes)| Item::inline(path, bytes)));
    sealing.seal(&mut boot, &data, card, &environment)?;
    let spec = Spec { media: card.media, boot, data, boot_size: None, data_size: None };
    MediaPlan::new(spec).map_err(|error| {
        Problem::new(
            "The stick cannot be laid out.",
            format!("{error}."),
            "Add fewer or smaller files, or rename the file it speaks of, and build again.",
        )
    })
}

fn item_path(item: &Item) -> &str {
    match item {
        Item::Directory { path } | Item::File { path, .. } => path,
    }
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

fn internal(what: &str, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        format!("{what} could not be made."),
        format!("{error}."),
        "Report this; it is a defect of whiteglove.",
    )
}

/// Everything below a folder. Links are refused: what a stick holds must not depend on the host.
fn folder_items(folder: &Path) -> Result<Vec<Item>, Problem> {
    let unreadable = |path: &Path, error: &dyn std::fmt::Display| {
        Problem::new(
            format!("{} cannot be added.", path.display()),
            format!("{error}."),
            "Check that it is there and readable, and build again.",
        )
    };
    let mut items = Vec::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).map_err(|error| unreadable(&next, &error))? {
            let path = entry.map_err(|error| unreadable(&next, &error))?.path();
            let about = fs::symlink_metadata(&path).map_err(|error| unreadable(&path, &error))?;
            let relative = path.strip_prefix(folder).unwrap_or(&path);
            let name = relative.to_str().ok_or_else(|| unreadable(&path, &"Its name is not UTF-8"))?.to_owned();
            if about.is_dir() {
                items.push(Item::directory(name));
                folders.push(path);
            } else if about.is_file() {
                items.push(Item::host(name, about.len(), path));
            } else {
                return Err(unreadable(&path, &"It is a link or a device, not a file"));
            }
        }
    }
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
