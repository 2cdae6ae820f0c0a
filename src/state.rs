//! The state folder: whose it is, and that only one appliance works in it.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use rustix::fs::{FlockOperation, flock};
use whiteglove_core::{envelope::BoxSecret, problem::Problem};
use zeroize::Zeroizing;

/// Held as long as the appliance works in the folder; the lock goes with the process, also by `kill -9`.
#[derive(Debug)]
pub struct StateLock(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

/// `Ok(None)`: another whiteglove works there.
///
/// # Errors
/// The folder cannot be made or used.
pub fn lock(state: &Path) -> Result<Option<StateLock>, Problem> {
    let unusable = |error: std::io::Error| {
        Problem::new(
            format!("The state folder {} cannot be used.", state.display()),
            format!("The system says: {error}."),
            "Make it writable for this user, or name another one: whiteglove --state DIR.",
        )
    };
    // Captures and the key are nobody else's business.
    DirBuilder::new().recursive(true).mode(0o700).create(state).map_err(unusable)?;
    // It may have been made by somebody less careful, like the script that puts the boot environment in it.
    std::fs::set_permissions(state, std::fs::Permissions::from_mode(0o700)).map_err(unusable)?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(state.join("lock"))
        .map_err(unusable)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(StateLock(file))),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(unusable(error.into())),
    }
}

/// The bench's key, born at the first start.
///
/// # Errors
/// It cannot be read, written or is damaged. A new one is never made beside an existing journal: what
/// sticks brought back could then not be opened any more.
pub fn box_secret(state: &Path) -> Result<BoxSecret, Problem> {
    let path = state.join("box.key");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let text = Zeroizing::new(text);
            let mut entropy = Zeroizing::new([0; 32]);
            hex::decode_to_slice(text.trim(), &mut *entropy).map_err(|_| {
                Problem::new(
                    format!("The bench's key {} is damaged.", path.display()),
                    "It is not 64 hex digits.",
                    "Restore the file from your copy. Without it captures on sticks made by this bench cannot be opened.",
                )
            })?;
            Ok(BoxSecret::from_entropy(*entropy))
        }
        Err(error) if error.kind() == ErrorKind::NotFound && !crate::journal::path_in(state).exists() => create(&path),
        Err(error) => Err(Problem::new(
            format!("The bench's key {} cannot be read.", path.display()),
            format!("The system says: {error}."),
            "Restore the file from your copy; it belongs to the journal beside it.",
        )),
    }
}

fn create(path: &Path) -> Result<BoxSecret, Problem> {
    let failed = |why: String| {
        Problem::new(
            format!("The bench's key {} cannot be made.", path.display()),
            why,
            "Free some space or check the permissions of the folder, then start again.",
        )
    };
    let mut entropy = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *entropy).map_err(|error| failed(format!("No randomness: {error}.")))?;
    let write = || -> std::io::Result<()> {
        let part = path.with_extension("part");
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&part)?;
        writeln!(file, "{}", *Zeroizing::new(hex::encode(*entropy)))?;
        file.sync_all()?;
        std::fs::rename(&part, path)?;
        File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
    };
    write().map_err(|error| failed(format!("The system says: {error}.")))?;
    Ok(BoxSecret::from_entropy(*entropy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stays_the_same_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let first = box_secret(folder.path()).unwrap();
        assert_eq!(box_secret(folder.path()).unwrap().public(), first.public());
        let mode = std::fs::metadata(folder.path().join("box.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_lost_key_is_not_silently_replaced() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(crate::journal::path_in(folder.path()), "").unwrap();
        assert!(box_secret(folder.path()).unwrap_err().next.starts_with("Restore"));
        std::fs::write(folder.path().join("box.key"), "hello").unwrap();
        assert!(box_secret(folder.path()).unwrap_err().what.ends_with("is damaged."));
    }

    #[test]
    fn only_one_works_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path()).unwrap();
        assert!(held.is_some());
        assert!(lock(folder.path()).unwrap().is_none());
        drop(held);
        assert!(lock(folder.path()).unwrap().is_some());
    }
}
