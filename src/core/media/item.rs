//! What goes on a medium, before it has a place there.

use std::{collections::HashSet, fmt, path::PathBuf};

use super::piece::Piece;

/// Where a file's bytes come from. Opaque here: the core opens nothing.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    Inline(Vec<u8>),
    Path(PathBuf),
    /// Lies inside a larger file, a disc of Windows, from which it is not unpacked first.
    Inside {
        path: PathBuf,
        pieces: Vec<Piece>,
    },
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // An inline file may be the media card; its token has no place in a log.
            Self::Inline(bytes) => write!(f, "Inline({} bytes)", bytes.len()),
            Self::Path(path) => write!(f, "Path({})", path.display()),
            Self::Inside { path, pieces } => write!(f, "Inside({}, {} pieces)", path.display(), pieces.len()),
        }
    }
}

/// One thing to put on a volume. Paths are relative to it, with `/`; missing parents are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Directory { path: String },
    File { path: String, size: u64, source: Source },
}

impl Item {
    pub fn directory(path: impl Into<String>) -> Self {
        Self::Directory { path: path.into() }
    }

    pub fn inline(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self::File { path: path.into(), size: bytes.len() as u64, source: Source::Inline(bytes) }
    }

    /// A file of the host; `size` is what it was when the plan was made, and is held to.
    pub fn host(path: impl Into<String>, size: u64, from: PathBuf) -> Self {
        Self::File { path: path.into(), size, source: Source::Path(from) }
    }

    /// A file that lies in pieces inside one of the host.
    pub fn inside(path: impl Into<String>, size: u64, from: PathBuf, pieces: Vec<Piece>) -> Self {
        Self::File { path: path.into(), size, source: Source::Inside { path: from, pieces } }
    }

    pub fn path(&self) -> &str {
        match self {
            Self::Directory { path } | Self::File { path, .. } => path,
        }
    }

    pub fn rename(&mut self, to: String) {
        match self {
            Self::Directory { path } | Self::File { path, .. } => *path = to,
        }
    }

    /// The same in a folder.
    pub fn below(mut self, folder: &str) -> Self {
        self.rename(format!("{folder}/{}", self.path()));
        self
    }
}

/// What is on a medium, whatever its form. A person's view is by volume: what it boots from, what comes back on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    pub boot: Vec<Item>,
    pub data: Vec<Item>,
    /// The program that a BIOS starts from a disc.
    pub bios: Option<Vec<u8>>,
}

impl Contents {
    /// As a disc or a tree has it: one volume, nothing to come back on it, and what both volumes of a stick have once.
    pub fn read_only(self) -> Self {
        let Self { mut boot, data, bios } = self;
        let here: HashSet<String> = boot.iter().map(|item| item.path().to_lowercase()).collect();
        let files = data.into_iter().filter(|item| matches!(item, Item::File { .. }));
        boot.extend(files.filter(|item| !here.contains(&item.path().to_lowercase())));
        Self { boot, data: vec![], bios }
    }
}
