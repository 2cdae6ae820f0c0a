//! What a person adds to a medium: a folder of their own.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use whiteglove_core::{
    media::{Item, manifest::folded},
    problem::Problem,
};

use crate::answer;

/// Puts everything below `folder` with what is on the boot volume already.
///
/// # Errors
/// It cannot be read, the linter of answer files refuses it, or it would replace what the medium boots by.
pub(super) fn add(folder: &Path, boot: &mut Vec<Item>) -> Result<(), Problem> {
    let known = |item: &Item| (folded(item.path()), matches!(item, Item::Directory { .. }));
    let taken: HashMap<String, bool> = boot.iter().map(known).collect();
    let added = items(folder)?;
    answer::check_added(&added)?;
    for item in added {
        let (path, is_folder) = known(&item);
        let there = taken.get(&path);
        if there.is_some_and(|there_is_folder| is_folder && *there_is_folder) {
            // Its own comes into the one that is there.
            continue;
        }
        if there.is_some() {
            return Err(Problem::new(
                format!("{} cannot be added.", folder.display()),
                format!("It brings its own {}, which is part of what the medium boots by.", item.path()),
                "Rename or remove that file and build again.",
            ));
        }
        boot.push(item);
    }
    Ok(())
}

/// What the linter of answer files says of it that is no error.
///
/// # Errors
/// As of [`add`].
pub(super) fn warnings(folder: &Path) -> Result<Vec<Problem>, Problem> {
    answer::check_added(&items(folder)?)
}

/// Everything below a folder. Links are refused: what a stick holds must not depend on the host.
pub(super) fn items(folder: &Path) -> Result<Vec<Item>, Problem> {
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

/// Gives folders that are there under another spelling the one that came first: `Sources` and `sources` are one to FAT
/// and to Windows.
pub(super) fn spell_alike(items: &mut [Item]) {
    let mut known: HashMap<String, String> = HashMap::new();
    for item in items {
        let path = item.path().trim_matches('/').to_owned();
        let folders = match item {
            Item::Directory { .. } => path.as_str(),
            Item::File { .. } => path.rsplit_once('/').map_or("", |(folders, _)| folders),
        };
        let mut spelled = String::new();
        for step in folders.split('/').filter(|step| !step.is_empty()) {
            let slash = if spelled.is_empty() { "" } else { "/" };
            let here = format!("{spelled}{slash}{step}");
            spelled = known.entry(folded(&here)).or_insert(here).clone();
        }
        let name = &path[folders.len()..];
        item.rename(format!("{spelled}{name}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_spelled_as_it_was_first() {
        let mut items = [
            Item::directory("sources"),
            Item::inline("EFI/Boot/bootx64.efi", vec![]),
            Item::inline("Sources/$OEM$/$$/Panther/Unattend.xml", vec![]),
            Item::inline("SOURCES/$oem$/x", vec![]),
            Item::directory("efi/BOOT/more"),
            Item::inline("/README.TXT", vec![]),
        ];
        spell_alike(&mut items);
        let paths: Vec<_> = items.iter().map(Item::path).collect();
        let expected = [
            "sources",
            "EFI/Boot/bootx64.efi",
            "sources/$OEM$/$$/Panther/Unattend.xml",
            "sources/$OEM$/x",
            "EFI/Boot/more",
            "README.TXT",
        ];
        assert_eq!(paths, expected);
    }
}
