//! The state folder: whose it is, and that only one appliance works in it.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};
use whiteglove_core::{
    envelope::BoxSecret,
    media::sign::{PublicKey, Signer},
    problem::Problem,
};
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

/// The key by which the bench signs what it makes, born when it is first needed. Media made with a lost one are still
/// good, and cannot be checked any more.
///
/// # Errors
/// It cannot be read, made, or is damaged.
pub fn signer(state: &Path) -> Result<Signer, Problem> {
    let path = sign_path(state);
    if !path.exists() {
        make_signer(state, &path)?;
    }
    read_signer(&path)
}

/// The public half, by which others check; nothing is made.
///
/// # Errors
/// There is none yet, or it cannot be read.
pub fn public_key(state: &Path) -> Result<PublicKey, Problem> {
    read_signer(&sign_path(state)).map(|signer| signer.public())
}

/// Whether this bench has signed anything yet.
pub fn has_signed(state: &Path) -> bool {
    sign_path(state).exists()
}

fn sign_path(state: &Path) -> PathBuf {
    state.join("sign.key")
}

fn read_signer(path: &Path) -> Result<Signer, Problem> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
        Problem::new(
            format!("The bench's signing key {} cannot be read.", path.display()),
            format!("The system says: {error}."),
            "Check its permissions, or restore the file from your copy.",
        )
    })?;
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), &mut *seed).map_err(|_| {
        Problem::new(
            format!("The bench's signing key {} is damaged.", path.display()),
            "It is not 64 hex digits.",
            "Restore the file from your copy; or move it away: a new one is made, and sticks made before it are not \
             recognised any more.",
        )
    })?;
    Ok(Signer::from_seed(&seed))
}

/// Bench mode and the appliance may both be first: whoever comes second takes the other's.
fn make_signer(state: &Path, path: &Path) -> Result<(), Problem> {
    let failed = |why: String| {
        Problem::new(
            format!("The bench's signing key {} cannot be made.", path.display()),
            why,
            "Free some space or check the permissions of the folder, then try again.",
        )
    };
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|error| failed(format!("No randomness: {error}.")))?;
    let mut name = [0; 8];
    getrandom::fill(&mut name).map_err(|error| failed(format!("No randomness: {error}.")))?;
    let part = state.join(format!("sign.{}.part", hex::encode(name)));
    let write = || -> std::io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(state)?;
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&part)?;
        writeln!(file, "{}", *Zeroizing::new(hex::encode(*seed)))?;
        file.sync_all()?;
        match std::fs::hard_link(&part, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            linked => linked?,
        }
        std::fs::remove_file(&part)?;
        File::open(state)?.sync_all()
    };
    write().map_err(|error| failed(format!("The system says: {error}.")))
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
    fn the_signing_key_is_made_once_whoever_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_signed(folder.path()) && public_key(folder.path()).is_err(), "asking makes none");
        let keys: Vec<PublicKey> = std::thread::scope(|scope| {
            let one = || scope.spawn(|| signer(folder.path()).unwrap().public());
            let all: Vec<_> = (0..4).map(|_| one()).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == public_key(folder.path()).unwrap()));
        let mode = std::fs::metadata(folder.path().join("sign.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(folder.path().join("sign.key"), "hello").unwrap();
        assert!(signer(folder.path()).unwrap_err().what.ends_with("is damaged."), "and never replaced");
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
