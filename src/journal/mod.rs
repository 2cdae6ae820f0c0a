//! The append-only journal: the bench's only memory.
//!
//! Promises:
//! - What [`Journal::append`] returned `Ok` for is on the disk (WAL, `synchronous=FULL`), in order, all or nothing.
//! - Nothing is ever changed or removed. Every entry carries the SHA-256 over the one before it and
//!   itself, so an edited, missing or reordered entry is found by [`verify`]. The chain begins with the
//!   bench's public key: a journal of another bench does not pass for this one's. What a chain cannot
//!   show is a cut-off end; keep the head that `journal verify` prints to prove that too.
//! - One writer. Readers see whole transactions.

mod leases;
mod sqlite;

use std::path::PathBuf;

use sha2::{Digest, Sha256};
use whiteglove_core::{
    bench::{Bench, Unfit},
    clock::Moment,
    media_card::BoxKey,
    problem::Problem,
    record::Record,
};

pub(crate) use leases::{Ledger, Written};
pub use sqlite::{Journal, verify};

/// One entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub number: u64,
    pub at: Moment,
    pub kind: String,
    pub body: String,
    pub hash: Hash,
}

pub type Hash = [u8; 32];

/// The hash before the first entry.
fn genesis(bench: &BoxKey) -> Hash {
    Sha256::new().chain_update(b"whiteglove journal 1").chain_update(bench.0).finalize().into()
}

/// SHA-256 over everything an entry says and the hash before it; lengths keep the fields apart.
fn chain(before: &Hash, number: u64, at: Moment, kind: &str, body: &str) -> Hash {
    Sha256::new()
        .chain_update(before)
        .chain_update(number.to_be_bytes())
        .chain_update(at.millis().to_be_bytes())
        .chain_update((kind.len() as u64).to_be_bytes())
        .chain_update(kind)
        .chain_update(body)
        .finalize()
        .into()
}

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the disk is full")]
    Full,
    #[error("the database said: {0}")]
    Database(#[source] sqlx::Error),
    #[error("entry {0} is missing")]
    Missing(u64),
    #[error("entry {0} was changed after it was written")]
    Changed(u64),
    #[error("entry {0} cannot be read: {1}")]
    Unreadable(u64, serde_json::Error),
    #[error("{0}")]
    Unfit(#[from] Unfit),
    #[error("it was written by a newer whiteglove (format {0})")]
    Newer(String),
    #[error("it belongs to another bench")]
    OtherBench,
    #[error("{0} entries at once are more than one statement takes")]
    TooMany(usize),
}

impl From<sqlx::Error> for JournalError {
    fn from(error: sqlx::Error) -> Self {
        // SQLITE_FULL, or an I/O error of the WAL, which is what a full disk looks like from there.
        let full = error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "13");
        if full { Self::Full } else { Self::Database(error) }
    }
}

impl JournalError {
    /// For a person. `path` is where the journal is.
    pub fn problem(&self, path: &std::path::Path) -> Problem {
        let what = format!("The journal {} cannot be used.", path.display());
        let next = match self {
            Self::Full => "Free some space on that disk. Nothing that was acknowledged is lost; laptops keep trying.",
            Self::Database(_) => {
                "Check that the disk is mounted and writable and that nothing else uses this file, then start again."
            }
            Self::Missing(_) | Self::Changed(_) | Self::Unreadable(..) | Self::Unfit(_) => {
                "Do not work on. Copy the whole folder aside as evidence, then restore the last good copy."
            }
            Self::TooMany(_) => "Report this; it is a defect of whiteglove.",
            Self::Newer(_) => "Start the newer version of whiteglove again.",
            Self::OtherBench => "Restore the box.key that belongs to this journal, or use another state folder.",
        };
        Problem::new(what, format!("{self}."), next)
    }
}

/// What `verify` found: as much as was right, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    pub entries: u64,
    /// Hash of the last entry, hex.
    pub head: String,
    pub last: Option<Moment>,
    pub bench: Bench,
}

/// Where a journal lives.
pub fn path_in(state: &std::path::Path) -> PathBuf {
    state.join("journal.db")
}

/// Reads an entry back into a record and checks it against the chain.
fn check(entry: &Entry, expected: u64, before: &Hash) -> Result<Record, JournalError> {
    if entry.number != expected {
        return Err(JournalError::Missing(expected));
    }
    if chain(before, entry.number, entry.at, &entry.kind, &entry.body) != entry.hash {
        return Err(JournalError::Changed(entry.number));
    }
    serde_json::from_str(&entry.body).map_err(|error| JournalError::Unreadable(entry.number, error))
}

#[cfg(test)]
mod tests;
