//! What `l` kept on a stick: a folder for each run, with files and folders of Windows in it, read one by one.
//!
//! The bytes may be anybody's: depth, number and length are bounded, and what is beyond stays on the stick.

use std::io::{self, Read, Seek};

use fatfs::{Dir, DirEntry, FileSystem, FsOptions};
use whiteglove_core::disk::clean;

use super::erase::{EraseError, place};
use crate::{
    aligned::Blockwise,
    fat::window::{Allowance, Window},
};

pub(super) const FOLDER: &str = "logs";
/// An archive of the diagnostics tool has up to 20 MB.
pub const MAX_LOG_BYTES: u64 = 64 << 20;
/// Of one run.
pub(super) const MAX_FILES: usize = 2_000;
pub(super) const MAX_RUNS: usize = 2_000;
pub(super) const DEEPEST: usize = 6;
/// Twice the largest directory FAT knows, with its chain.
const LISTING: u64 = 8 << 20;

/// A file of a run, as it is called on the stick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    pub run: String,
    /// Folders, then the name.
    pub path: Vec<String>,
    pub size: u64,
}

/// Hands every file of every run to `each`, run by run. What was passed over, with the reason.
///
/// # Errors
/// The stick is not ours or cannot be read, or `each` failed.
pub fn read_logs<D: Read + Seek>(
    device: &mut D,
    size: u64,
    each: &mut dyn FnMut(&Log, &mut dyn Read) -> io::Result<()>,
) -> Result<Vec<(String, String)>, EraseError> {
    let mut blocks = Blockwise::new(device, size);
    let (start, length) = place(&mut blocks, size)?;
    let window = Window::new(blocks, start, length);
    let allowance = window.allowance();
    allowance.renew(LISTING);
    let fs = FileSystem::new(window, FsOptions::new())?;
    allowance.renew(LISTING);
    let folder = match fs.root_dir().open_dir(FOLDER) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        folder => folder?,
    };
    let mut walk = Walk { allowance, each, files: 0, skipped: vec![] };
    for (count, entry) in walk.entries(&folder)?.into_iter().filter(DirEntry::is_dir).enumerate() {
        if count == MAX_RUNS {
            walk.skip(FOLDER, "there are more runs than one stick can have made");
            break;
        }
        walk.files = 0;
        walk.folder(&entry.file_name(), &[], &entry.to_dir())?;
    }
    Ok(walk.skipped)
}

struct Walk<'a> {
    allowance: Allowance,
    each: &'a mut dyn FnMut(&Log, &mut dyn Read) -> io::Result<()>,
    /// Of the run.
    files: usize,
    skipped: Vec<(String, String)>,
}

impl Walk<'_> {
    fn entries<'f, R: Read + Seek>(&self, folder: &Dir<'f, Window<R>>) -> io::Result<Vec<DirEntry<'f, Window<R>>>> {
        self.allowance.renew(LISTING);
        let all = folder.iter().collect::<io::Result<Vec<_>>>()?;
        Ok(all.into_iter().filter(|entry| !matches!(entry.file_name().as_str(), "." | "..")).collect())
    }

    fn skip(&mut self, name: &str, why: &str) {
        // As bounded as the rest.
        if self.skipped.len() < 1000 {
            self.skipped.push((clean(name), why.to_owned()));
        }
    }

    fn folder<R: Read + Seek>(&mut self, run: &str, path: &[String], folder: &Dir<'_, Window<R>>) -> io::Result<()> {
        for entry in self.entries(folder)? {
            let name = entry.file_name();
            let path = [path, std::slice::from_ref(&name)].concat();
            if entry.is_dir() {
                match path.len() < DEEPEST {
                    true => self.folder(run, &path, &entry.to_dir())?,
                    false => self.skip(&name, "it lies deeper than Windows has logs"),
                }
                continue;
            }
            self.files += 1;
            let size = entry.len();
            if self.files > MAX_FILES {
                self.skip(run, "there are more files in it than one run leaves");
                return Ok(());
            }
            if size > MAX_LOG_BYTES {
                self.skip(&name, "it is too large to be a log");
                continue;
            }
            self.allowance.renew(LISTING + 2 * size);
            (self.each)(&Log { run: run.to_owned(), path, size }, &mut entry.to_file().take(size))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use whiteglove_core::media::{Contents, Item, MediaPlan, Spec};

    use super::*;
    use crate::testing::{built, noise, spec};

    #[test]
    fn every_file_of_every_run_is_handed_out_and_what_is_beyond_is_named() {
        let deep = format!("logs/PF2/{}x.log", "a/".repeat(DEEPEST));
        let data = vec![
            Item::inline("logs/PF1-20261125-101112/summary.txt", b"whiteglove logs of PF1\r\n".to_vec()),
            Item::inline("logs/PF1-20261125-101112/intune/agent of Windows.log", noise(1, 70_000)),
            Item::inline("logs/PF1-20261125-101112/empty.log", vec![]),
            Item::inline("logs/loose.txt", noise(2, 10)),
            Item::inline(deep, noise(3, 10)),
            Item::inline("captures/a.wgc", noise(4, 10)),
        ];
        let contents = Contents { boot: vec![], data, bios: None };
        let spec = Spec { contents, boot_size: Some(33 << 20), data_size: Some(33 << 20), ..spec() };
        let (_folder, image) = built(&MediaPlan::new(spec).unwrap());
        let bytes = std::fs::read(image).unwrap();
        let size = bytes.len() as u64;
        let mut found = Vec::new();
        let skipped = read_logs(&mut Cursor::new(bytes.clone()), size, &mut |log, bytes| {
            let mut content = Vec::new();
            bytes.read_to_end(&mut content)?;
            assert_eq!(content.len() as u64, log.size);
            found.push((log.run.clone(), log.path.join("/"), content.len()));
            Ok(())
        });
        found.sort();
        let run = "PF1-20261125-101112".to_owned();
        let expected = [("empty.log", 0), ("intune/agent of Windows.log", 70_000), ("summary.txt", 24)];
        assert_eq!(found, expected.map(|(path, size)| (run.clone(), path.to_owned(), size)));
        assert_eq!(skipped.unwrap(), [("a".to_owned(), "it lies deeper than Windows has logs".to_owned())]);
        let failed = read_logs(&mut Cursor::new(bytes), size, &mut |_, _| Err(io::Error::other("full")));
        assert!(matches!(failed, Err(EraseError::Io(_))));
        assert!(matches!(
            read_logs(&mut Cursor::new(vec![0; 4 << 20]), 4 << 20, &mut |_, _| Ok(())),
            Err(EraseError::NotOurs(_))
        ));
    }
}
