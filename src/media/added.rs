//! What a person adds to a medium: a folder of their own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use whiteglove_core::{media::Item, problem::Problem};

use crate::answer;

/// Puts everything below `folder` with what is on the boot volume already.
///
/// # Errors
/// It cannot be read, the linter of answer files refuses it, or it would replace what the medium boots by.
pub(super) fn add(folder: &Path, boot: &mut Vec<Item>) -> Result<(), Problem> {
    let taken: Vec<String> = boot.iter().map(|item| item.path().to_ascii_lowercase()).collect();
    let added = items(folder)?;
    answer::check_added(&added)?;
    for item in added {
        if taken.contains(&item.path().to_ascii_lowercase()) {
            return Err(Problem::new(
                format!("{} cannot be added.", folder.display()),
                format!("It brings its own {}, which is part of the boot environment.", item.path()),
                "Rename or remove that file and build again.",
            ));
        }
        boot.push(item);
    }
    Ok(())
}

/// Everything below a folder. Links are refused: what a stick holds must not depend on the host.
fn items(folder: &Path) -> Result<Vec<Item>, Problem> {
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
