//! What takes minutes to make of a customer's Windows, kept for the next medium: one folder for each set of inputs.
//!
//! Invariant: a folder without `.part` is whole, on disk, and lists the digest of every file in it. What does not match
//! its digest any more is thrown away and made anew.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    ops::ControlFlow,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock, statvfs};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use whiteglove_core::{control::Progress, media::manifest::FileDigest, problem::Problem};
use whiteglove_image::media::Watch;

/// A customer has a Windows or two, each as Windows PE and as Setup.
const KEPT: usize = 4;
const LIST: &str = "made.json";
/// Left free on the disk for the bench's own records.
const SPARE: u64 = 256 << 20;

/// Where made things lie.
#[derive(Debug, Clone)]
pub(crate) struct Workshop {
    root: PathBuf,
}

/// A folder of them, checked.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) folder: PathBuf,
    pub(super) files: Vec<MadeFile>,
    /// What a person should know of how it was made.
    pub(super) notes: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct MadeFile {
    /// Below the folder, with `/`.
    pub(super) path: String,
    pub(super) size: u64,
    pub(super) sha256: FileDigest,
}

#[derive(Debug, Serialize, Deserialize)]
struct List {
    files: Vec<MadeFile>,
    notes: Vec<String>,
}

impl Workshop {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// What was made of these inputs, or is now. `key` tells them from all others; `room` is what making takes, in
    /// bytes.
    ///
    /// # Errors
    /// There is no room, it was cancelled, or `make` failed; nothing is left of it then.
    pub(super) fn get(
        &self,
        key: &str,
        room: u64,
        watch: Watch<'_>,
        make: impl FnOnce(&Path, Watch<'_>) -> Result<Vec<String>, Problem>,
    ) -> Result<Made, Problem> {
        let trouble = |error: &io::Error| self.trouble(error);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.root).map_err(|error| trouble(&error))?;
        let _turn = self.turn(watch)?;
        let folder = self.root.join(key);
        if let Some(list) = read_list(&folder) {
            if matches(&folder, &list, watch)? {
                // The last ones used are kept.
                let _ = File::open(&folder).and_then(|folder| folder.set_modified(std::time::SystemTime::now()));
                return Ok(Made { folder, files: list.files, notes: list.notes });
            }
            tracing::warn!(folder = %folder.display(), "what was made there is damaged, and is made anew");
            fs::remove_dir_all(&folder).map_err(|error| trouble(&error))?;
        }
        self.clear(KEPT - 1);
        self.has_room(room)?;
        let part = Part(self.root.join(format!("{key}.part")));
        fs::create_dir(&part.0).map_err(|error| trouble(&error))?;
        let notes = make(&part.0, watch).map_err(|problem| self.or_full(problem))?;
        let files = digests(&part.0, watch)?;
        let list = List { files, notes };
        let text = serde_json::to_vec_pretty(&list).map_err(|error| trouble(&io::Error::other(error)))?;
        let publish = || -> io::Result<()> {
            fs::write(part.0.join(LIST), text)?;
            for file in list.files.iter().map(|file| file.path.as_str()).chain([LIST]) {
                File::open(part.0.join(file))?.sync_all()?;
            }
            fs::rename(&part.0, &folder)?;
            File::open(&self.root)?.sync_all()
        };
        publish().map_err(|error| trouble(&error))?;
        Ok(Made { folder, files: list.files, notes: list.notes })
    }

    /// One at a time: a second one may be after the same thing.
    fn turn(&self, watch: Watch<'_>) -> Result<File, Problem> {
        let open = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(self.root.join("lock"));
        let file = open.map_err(|error| self.trouble(&error))?;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(file),
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    let task = "waiting for another whiteglove that prepares Windows".to_owned();
                    if watch(Progress { task, done: 0, total: 0 }).is_break() {
                        return Err(cancelled());
                    }
                    std::thread::sleep(std::time::Duration::from_millis(200));
                }
                Err(error) => return Err(self.trouble(&error.into())),
            }
        }
    }

    /// Removes what a killed one left, and all but the last few that were used.
    fn clear(&self, keep: usize) {
        let Ok(entries) = fs::read_dir(&self.root) else { return };
        let mut folders: Vec<_> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let about = entry.metadata().ok().filter(fs::Metadata::is_dir)?;
                Some((about.modified().ok()?, entry.path()))
            })
            .collect();
        folders.sort();
        let unfinished = |path: &Path| path.extension().is_some_and(|ending| ending == "part");
        let whole = folders.iter().filter(|(_, path)| !unfinished(path)).count();
        let mut surplus = whole.saturating_sub(keep);
        for (_, path) in &folders {
            let old = !unfinished(path) && surplus > 0;
            surplus -= usize::from(old);
            if (old || unfinished(path))
                && let Err(error) = fs::remove_dir_all(path)
            {
                tracing::warn!(folder = %path.display(), %error, "what is not needed any more stays");
            }
        }
    }

    fn free(&self) -> Option<u64> {
        let about = statvfs(&self.root).ok()?;
        Some(about.f_bavail.saturating_mul(about.f_frsize))
    }

    fn has_room(&self, room: u64) -> Result<(), Problem> {
        match self.free() {
            Some(free) if free < room + SPARE => Err(no_room(&self.root, room + SPARE, free)),
            _ => Ok(()),
        }
    }

    /// A full disk is the reason, whatever the program that met it says.
    fn or_full(&self, problem: Problem) -> Problem {
        match self.free() {
            Some(free) if free < 16 << 20 => Problem::new(
                problem.what,
                format!("The disk of {} is full.", self.root.display()),
                "Free space on it, and try again.",
            ),
            _ => problem,
        }
    }

    fn trouble(&self, error: &io::Error) -> Problem {
        Problem::new(
            "Windows was not prepared.",
            format!("{} cannot be used: {error}.", self.root.display()),
            "Check the permissions and the free space there, and try again.",
        )
    }
}

pub(super) fn cancelled() -> Problem {
    Problem::new(
        "Windows was not prepared.",
        "It was cancelled.",
        "Start again when you want it; nothing is left behind.",
    )
}

fn no_room(place: &Path, needed: u64, free: u64) -> Problem {
    let gb = |bytes: u64| whiteglove_core::sticks::gigabytes(bytes);
    Problem::new(
        "Windows was not prepared.",
        format!("It takes {} in {}, and {} are free.", gb(needed), place.display(), gb(free)),
        "Free space there, or move the state folder to a larger disk.",
    )
}

/// An unfinished folder, removed unless it was renamed.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // What stops this will stop the next attempt, which says so.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn read_list(folder: &Path) -> Option<List> {
    serde_json::from_slice(&fs::read(folder.join(LIST)).ok()?).ok()
}

fn matches(folder: &Path, list: &List, watch: Watch<'_>) -> Result<bool, Problem> {
    let total = list.files.iter().map(|file| file.size).sum();
    let mut done = 0;
    for file in &list.files {
        let path = folder.join(&file.path);
        if fs::metadata(&path).map(|about| about.len()).ok() != Some(file.size) {
            return Ok(false);
        }
        let digest = digest(&path, &mut |bytes| {
            done += bytes;
            watch(Progress { task: "checking what was prepared".into(), done, total })
        });
        match digest {
            Ok(digest) if digest == file.sha256 => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(cancelled()),
            Ok(_) | Err(_) => return Ok(false),
        }
    }
    Ok(true)
}

/// Of every file below a folder, in the order of their paths.
fn digests(root: &Path, watch: Watch<'_>) -> Result<Vec<MadeFile>, Problem> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    let walked = (|| -> io::Result<()> {
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next)? {
                let (path, about) = {
                    let entry = entry?;
                    (entry.path(), entry.metadata()?)
                };
                match about.is_dir() {
                    true => folders.push(path),
                    false => found.push((path, about.len())),
                }
            }
        }
        Ok(())
    })();
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::Interrupted => cancelled(),
        _ => Problem::new(
            "Windows was not prepared.",
            format!("What was made cannot be read back: {error}."),
            "Check the disk of the state folder, and try again.",
        ),
    };
    walked.map_err(failed)?;
    found.sort();
    let total = found.iter().map(|(_, size)| size).sum();
    let mut done = 0;
    let file = |(path, size): (PathBuf, u64)| {
        let sha256 = digest(&path, &mut |bytes| {
            done += bytes;
            watch(Progress { task: "digesting what was prepared".into(), done, total })
        });
        let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        Ok(MadeFile { path: relative, size, sha256: sha256? })
    };
    found.into_iter().map(file).collect::<io::Result<_>>().map_err(failed)
}

/// `Interrupted`: the person cancelled.
fn digest(path: &Path, watch: &mut dyn FnMut(u64) -> ControlFlow<()>) -> io::Result<FileDigest> {
    let mut file = File::open(path)?;
    let (mut sha, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        let length = match file.read(&mut buffer) {
            Ok(0) => return Ok(FileDigest(sha.finalize().into())),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        sha.update(&buffer[..length]);
        if watch(length as u64).is_break() {
            return Err(io::ErrorKind::Interrupted.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(_: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn makes(words: &str) -> impl FnOnce(&Path, Watch<'_>) -> Result<Vec<String>, Problem> {
        move |folder, _| {
            fs::create_dir(folder.join("below")).unwrap();
            fs::write(folder.join("below/file"), words).unwrap();
            Ok(vec!["a note".to_owned()])
        }
    }

    fn never(_: &Path, _: Watch<'_>) -> Result<Vec<String>, Problem> {
        panic!("it is there already");
    }

    #[test]
    fn what_was_made_is_made_once_and_anew_when_it_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let workshop = Workshop::new(folder.path().join("windows"));
        let made = workshop.get("key", 0, &mut on, makes("words")).unwrap();
        assert_eq!((made.files.len(), made.files[0].path.as_str(), made.files[0].size), (1, "below/file", 5));
        let again = workshop.get("key", 0, &mut on, never).unwrap();
        assert_eq!(again.notes, ["a note"]);
        fs::write(again.folder.join("below/file"), "wordz").unwrap();
        workshop.get("key", 0, &mut on, makes("words")).unwrap();
        assert_eq!(fs::read(made.folder.join("below/file")).unwrap(), b"words");
    }

    #[test]
    fn nothing_is_left_of_what_failed_or_was_cancelled() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("windows");
        let workshop = Workshop::new(root.clone());
        let problem = workshop
            .get("key", 0, &mut on, |folder, _| {
                fs::write(folder.join("half"), "x").unwrap();
                Err(cancelled())
            })
            .unwrap_err();
        assert!(problem.why.contains("cancelled"));
        let problem = workshop.get("key", 0, &mut |_| ControlFlow::Break(()), makes("words")).unwrap_err();
        assert!(problem.why.contains("cancelled"));
        let left: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["lock"]);
    }

    #[test]
    fn too_little_room_is_said_before_anything_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let workshop = Workshop::new(folder.path().to_owned());
        let problem = workshop.get("key", 1 << 60, &mut on, never).unwrap_err();
        assert!(problem.why.contains("free"), "{problem}");
    }

    #[test]
    fn the_last_few_are_kept_and_what_a_killed_one_left_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let workshop = Workshop::new(folder.path().to_owned());
        fs::create_dir(folder.path().join("killed.part")).unwrap();
        for number in 0..=KEPT {
            workshop.get(&number.to_string(), 0, &mut on, makes("x")).unwrap();
        }
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["1", "2", "3", "4", "lock"]);
    }
}
