//! Files of the vault: one line that says what it is and its check sum, then JSON. Written whole or not at all.
//!
//! The check sum tells damage from a wrong key. Who changes a file on purpose makes it right again, and is found out by
//! the seals inside.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::VaultError;

const MAGIC: &str = "whiteglove-vault";
const VERSION: &str = "1";
/// A certificate with its chain has some thousand bytes.
const LONGEST: u64 = 1 << 20;

/// What kind of file; it stands in its first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Locks,
    Key,
    Credential,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Locks => "locks",
            Self::Key => "key",
            Self::Credential => "credential",
        }
    }
}

/// `Ok(None)`: there is no such file.
pub(super) fn read<T: DeserializeOwned>(path: &Path, kind: Kind) -> Result<Option<T>, VaultError> {
    let unreadable = |error: io::Error| VaultError::Unusable(path.to_owned(), error.to_string());
    let damaged = || VaultError::Damaged(path.to_owned());
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
        Ok(meta) if !meta.is_file() || meta.len() > LONGEST => return Err(damaged()),
        Ok(_) => {}
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| damaged())?;
    let (first, body) = text.split_once('\n').ok_or_else(damaged)?;
    let [magic, version, word, sum] = first.split(' ').collect::<Vec<_>>()[..] else { return Err(damaged()) };
    if magic != MAGIC || word != kind.word() {
        return Err(damaged());
    }
    if version != VERSION && version.bytes().all(|byte| byte.is_ascii_digit()) && !version.is_empty() {
        return Err(VaultError::Newer(path.to_owned()));
    }
    if version != VERSION || sum != hex::encode(Sha256::digest(body.as_bytes())) {
        return Err(damaged());
    }
    serde_json::from_str(body).map(Some).map_err(|_| damaged())
}

pub(super) fn write<T: Serialize>(path: &Path, kind: Kind, value: &T) -> Result<(), VaultError> {
    let unusable = |why: String| VaultError::Unusable(path.to_owned(), why);
    let body = serde_json::to_string(value).map_err(|error| unusable(error.to_string()))?;
    let sum = hex::encode(Sha256::digest(body.as_bytes()));
    let text = format!("{MAGIC} {VERSION} {} {sum}\n{body}", kind.word());
    let part = Part::prepare(path, text.as_bytes()).map_err(|error| unusable(error.to_string()))?;
    part.commit().map_err(|error| unusable(error.to_string()))
}

/// Everything is on disk, under another name.
pub(super) struct Part {
    part: PathBuf,
    path: PathBuf,
}

impl Part {
    pub(super) fn prepare(path: &Path, bytes: &[u8]) -> io::Result<Self> {
        let part = path.with_extension("part");
        // What a crash left there may have been somebody's link.
        match fs::remove_file(&part) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(Self { part, path: path.to_owned() })
    }

    pub(super) fn commit(self) -> io::Result<()> {
        fs::rename(&self.part, &self.path)?;
        sync_folder(&self.path)
    }
}

fn sync_folder(of: &Path) -> io::Result<()> {
    of.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

pub(super) fn make_folder(path: &Path) -> Result<(), VaultError> {
    let unusable = |error: io::Error| VaultError::Unusable(path.to_owned(), error.to_string());
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unusable)?;
    sync_folder(path).map_err(unusable)
}

/// Its bytes first, then its name. A disk may keep old bytes elsewhere; they are worth nothing without the vault's key.
pub(super) fn destroy(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).open(path) {
        Ok(mut file) => {
            let length = file.metadata()?.len().min(LONGEST);
            file.rewind()?;
            io::copy(&mut io::Read::take(io::repeat(0), length), &mut file)?;
            file.sync_all()?;
            fs::remove_file(path)?;
            sync_folder(path)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
