//! What wimlib is asked for, each with its progress.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use whiteglove_core::{control::Progress, problem::Problem};
use whiteglove_image::media::Watch;

use super::workshop::cancelled;
use crate::process::{self, ProcessError, Tool};

/// `WIMLIB_ERR_PATH_DOES_NOT_EXIST`, with which wimlib-imagex then ends.
const NO_SUCH_PATH: i32 = 49;

/// One WIM file on this machine.
pub(super) struct WimFile<'a> {
    pub(super) path: PathBuf,
    /// What a person knows it by.
    pub(super) called: &'a str,
}

impl WimFile<'_> {
    /// One of its images into a file of its own, which starts.
    pub(super) fn export(&self, index: u32, to: &Path, watch: Watch<'_>) -> Result<(), Problem> {
        let arguments = [os("export"), self.os(), os(index.to_string()), os(to), os("--boot")];
        self.run(&arguments, "", "copying Windows PE", size(&self.path), watch).map(drop)
    }

    /// The SHA-1 of a file's content, by which the WIM file lists it. `None`: there is no such file.
    pub(super) fn digest_of(&self, index: u32, path: &str, watch: Watch<'_>) -> Result<Option<[u8; 20]>, Problem> {
        let path = os(format!("--path={path}"));
        let arguments = [os("dir"), self.os(), os(index.to_string()), path, os("--detailed")];
        let text = match self.try_run(&arguments, "", "looking for a file", 0, watch) {
            Err(ProcessError::Failed { status, .. }) if status.code() == Some(NO_SUCH_PATH) => return Ok(None),
            ran => ran.map_err(|error| self.problem(&error))?,
        };
        let line = text.lines().find_map(|line| line.trim().strip_prefix("Hash"));
        let digits = line.and_then(|line| line.split_once("0x"));
        let mut sha1 = [0; 20];
        Ok(digits.and_then(|(_, digits)| hex::decode_to_slice(digits.trim(), &mut sha1).ok()).map(|()| sha1))
    }

    /// Files and folders of an image, by patterns, below `folder` as they lie in it. Those that are not there are
    /// left out.
    pub(super) fn extract(
        &self,
        index: u32,
        patterns: &[&str],
        folder: &Path,
        watch: Watch<'_>,
    ) -> Result<(), Problem> {
        let mut destination = OsString::from("--dest-dir=");
        destination.push(folder);
        let mut arguments = vec![os("extract"), self.os(), os(index.to_string())];
        arguments.extend(patterns.iter().map(os));
        arguments.extend([destination]);
        arguments.extend(["--preserve-dir-structure", "--nullglob", "--no-acls", "--no-attributes"].map(os));
        self.run(&arguments, "", "unpacking boot files", 0, watch).map(drop)
    }

    /// Changes an image in place.
    pub(super) fn update(&self, index: u32, changes: &[Change<'_>], watch: Watch<'_>) -> Result<(), Problem> {
        let script: String = changes.iter().map(Change::line).collect();
        self.run(&[os("update"), self.os(), os(index.to_string())], &script, "adding to Windows PE", 0, watch).map(drop)
    }

    /// Into parts of at most so many MiB, the first of which is `to`.
    pub(super) fn split(&self, to: &Path, mib: u64, watch: Watch<'_>) -> Result<(), Problem> {
        let arguments = [os("split"), self.os(), os(to), os(mib.to_string())];
        self.run(&arguments, "", "splitting what Setup installs", size(&self.path), watch).map(drop)
    }

    /// Unpacks everything and compares it with its digests.
    pub(super) fn verify(&self, watch: Watch<'_>) -> Result<(), Problem> {
        self.run(&[os("verify"), self.os()], "", "checking Windows PE", size(&self.path), watch).map(drop)
    }

    fn os(&self) -> OsString {
        self.path.clone().into_os_string()
    }

    fn run(
        &self,
        arguments: &[OsString],
        input: &str,
        task: &str,
        size: u64,
        watch: Watch<'_>,
    ) -> Result<String, Problem> {
        self.try_run(arguments, input, task, size, watch).map_err(|error| self.problem(&error))
    }

    fn try_run(
        &self,
        arguments: &[OsString],
        input: &str,
        task: &str,
        size: u64,
        watch: Watch<'_>,
    ) -> Result<String, ProcessError> {
        let mut done = 0;
        process::run(Tool::Wimlib, arguments, input, &mut |piece| {
            if let Some(percent) = percent(piece) {
                done = size / 100 * percent;
            }
            watch(Progress { task: task.to_owned(), done, total: size })
        })
    }

    fn problem(&self, error: &ProcessError) -> Problem {
        match error {
            ProcessError::Cancelled => cancelled(),
            error => error.problem(format!("{} could not be used.", self.called)),
        }
    }
}

/// A change of an image.
pub(super) enum Change<'a> {
    Add { from: &'a Path, to: &'a str },
    Rename { from: &'a str, to: &'a str },
}

impl Change<'_> {
    fn line(&self) -> String {
        match self {
            Self::Add { from, to } => {
                format!("add {} {}\n", quoted(&from.to_string_lossy()), quoted(&format!("/{to}")))
            }
            Self::Rename { from, to } => format!("rename {} {}\n", quoted(from), quoted(to)),
        }
    }
}

/// As wimlib reads a path: in quotes of the kind that does not occur in it.
fn quoted(path: &str) -> String {
    let quote = if path.contains('"') { '\'' } else { '"' };
    format!("{quote}{path}{quote}")
}

/// `Archiving file data: 96 MiB of 450 MiB (21%) done`
fn percent(piece: &str) -> Option<u64> {
    let (before, _) = piece.rsplit_once("%)")?;
    before.rsplit_once('(')?.1.trim().parse().ok().filter(|percent| *percent <= 100)
}

fn os(text: impl AsRef<std::ffi::OsStr>) -> OsString {
    text.as_ref().to_owned()
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |about| about.len())
}
