//! Logs off a returned stick, into the bench's own folder of logs: `logs/RUN/...`, names as on the stick where they
//! are harmless. A file is there whole, on the disk, or not at all; what is there already is not written again.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use whiteglove_core::{
    control::Progress,
    disk::{Disk, clean},
    logs::{Kept, Run, SUMMARY, safe_name, serial_in},
    media::manifest::FileDigest,
    problem::Problem,
};
use whiteglove_image::captures::{
    erase::Digests,
    logs::{Log, read_logs},
};

use super::{
    Input,
    import::{Count, Report},
    jobs::Handle,
    stopped,
};

/// Of a summary, to find out whose it is.
const LONGEST_SUMMARY: u64 = 64 << 10;

enum Failed {
    /// The file on the stick is damaged; the next may be good.
    Stick(io::Error),
    /// Nothing more can be kept.
    Bench(io::Error),
}

/// Adds the digests of what is kept, on disk and in the journal, to `taken`.
pub(super) fn take_logs(
    device: &mut (impl Read + Seek),
    disk: &Disk,
    folder: &Path,
    handle: &mut Handle<'_>,
    report: &mut Report,
    taken: &mut Digests,
) -> Result<(), Problem> {
    let mut runs: BTreeMap<String, Run> = BTreeMap::new();
    let (mut full, mut count) = (None, 0);
    let read = read_logs(device, disk.size_bytes, &mut |log, bytes| {
        count += 1;
        if handle.watch(Progress { task: "keeping logs".to_owned(), done: count, total: count + 1 }).is_break() {
            return Ok(());
        }
        let name = safe_name(&log.run);
        let place = folder.join(&name);
        let run = runs.entry(name.clone()).or_insert_with(|| Run { folder: name, serial: None, files: vec![] });
        match keep(&place, log, bytes) {
            Ok(kept) => {
                if log.path == [SUMMARY] {
                    run.serial = summary(&place.join(&kept.path));
                }
                run.files.push(kept);
                Ok(())
            }
            Err(Failed::Stick(reason)) => {
                let path = clean(&log.path.join("/"));
                report.line(Count::Damaged, &format!("logs {}: {path}: REFUSED: {reason}", clean(&log.run)));
                Ok(())
            }
            Err(Failed::Bench(reason)) => {
                full = Some(reason);
                Err(io::ErrorKind::Other.into())
            }
        }
    });
    if let Some(reason) = full {
        return Err(Problem::new(
            format!("The logs on {} cannot be kept; nothing was erased from it.", disk.name()),
            format!("{} cannot be written: {reason}.", folder.display()),
            "Check the permissions and the free space of the state folder, then repeat.",
        ));
    }
    for (name, why) in read.map_err(|error| error.problem(format!("The logs on {} cannot be read.", disk.name())))? {
        report.line(Count::Refused, &format!("logs: {name}: REFUSED: {why}"));
    }
    for (_, run) in runs.into_iter().filter(|(_, run)| !run.files.is_empty()) {
        let files: Vec<_> = run.files.iter().map(|file| file.sha256.0).collect();
        let (name, serial) = (run.folder.clone(), run.serial.clone());
        let (reply, answer) = oneshot::channel();
        handle.inbox.blocking_send(Input::LogsKept { run, reply }).map_err(|_| stopped())?;
        let (device, new) = answer.blocking_recv().unwrap_or_else(|_| Err(stopped()))?;
        let of = match (device, serial) {
            (Some(device), _) => format!("#{}", device.0),
            (None, Some(serial)) => format!("{serial}, which is not on the bench"),
            (None, None) => "a laptop that they do not name".to_owned(),
        };
        let place = folder.join(&name);
        let (count, words) = match new {
            0 => (Count::Known, "here already, in"),
            _ => (Count::Logs, "in"),
        };
        report.line(count, &format!("logs {name}: {} files of {of}, {words} {}", files.len(), place.display()));
        taken.extend(files);
    }
    Ok(())
}

fn summary(path: &Path) -> Option<whiteglove_core::identity::Serial> {
    let mut text = Vec::new();
    File::open(path).ok()?.take(LONGEST_SUMMARY).read_to_end(&mut text).ok()?;
    serial_in(&text)
}

/// `place`: the folder of the run.
fn keep(place: &Path, log: &Log, bytes: &mut dyn Read) -> Result<Kept, Failed> {
    let names: Vec<String> = log.path.iter().map(|name| safe_name(name)).collect();
    let wanted = names.join("/");
    let target = place.join(&wanted);
    let folder = target.parent().unwrap_or(place);
    let part = folder.join(".part");
    fs::create_dir_all(folder).map_err(Failed::Bench)?;
    let mut file = File::create(&part).map_err(Failed::Bench)?;
    let mut sha = Sha256::new();
    let (mut buffer, mut size) = (vec![0; 1 << 17], 0);
    loop {
        let length = match bytes.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(reason) => {
                drop(fs::remove_file(&part));
                return Err(Failed::Stick(reason));
            }
        };
        sha.update(&buffer[..length]);
        file.write_all(&buffer[..length]).map_err(Failed::Bench)?;
        size += length as u64;
    }
    if size != log.size {
        drop(fs::remove_file(&part));
        return Err(Failed::Stick(io::Error::other("it is cut off")));
    }
    let digest: [u8; 32] = sha.finalize().into();
    file.sync_all().map_err(Failed::Bench)?;
    let path = settle(place, &wanted, &part, &digest).map_err(Failed::Bench)?;
    // The name, and those of the folders that may be new.
    for folder in place.join(&path).ancestors().skip(1).take(log.path.len() + 2) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(Failed::Bench)?;
    }
    Ok(Kept { path, bytes: size, sha256: FileDigest(digest) })
}

/// Gives the file its name; with its digest, if another file has that name.
fn settle(place: &Path, wanted: &str, part: &Path, digest: &[u8; 32]) -> io::Result<String> {
    let unlike = format!("{wanted}.{}", hex::encode(&digest[..8]));
    for path in [wanted, unlike.as_str()] {
        let target: PathBuf = place.join(path);
        if !target.exists() {
            fs::rename(part, target)?;
            return Ok(path.to_owned());
        }
        // No longer than a log that is taken.
        if <[u8; 32]>::from(Sha256::digest(fs::read(&target)?)) == *digest {
            fs::remove_file(part)?;
            return Ok(path.to_owned());
        }
    }
    Err(io::Error::other(format!("{unlike} is there and is another file")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(path: &[&str], size: u64) -> Log {
        Log { run: "PF1".into(), path: path.iter().map(|name| (*name).to_owned()).collect(), size }
    }

    #[test]
    fn what_is_kept_is_whole_once_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("PF1");
        let kept =
            |path: &[&str], bytes: &[u8]| keep(&place, &log(path, bytes.len() as u64), &mut &*bytes).ok().unwrap();
        let first = kept(&["intune", "a b.log"], b"one");
        assert_eq!((first.path.as_str(), first.bytes), ("intune/a_b.log", 3));
        assert_eq!(kept(&["intune", "a b.log"], b"one"), first);
        // Another stick, another run of the same minute.
        let second = kept(&["intune", "a b.log"], b"two");
        assert!(second.path.starts_with("intune/a_b.log.") && second.path.len() == first.path.len() + 17);
        assert_eq!(kept(&["intune", "a b.log"], b"two"), second);
        assert_eq!(fs::read(place.join(&first.path)).unwrap(), b"one");
        assert_eq!(fs::read(place.join(&second.path)).unwrap(), b"two");
        let outside = kept(&["..", "..", "x"], b"three");
        assert_eq!(outside.path, "_./_./x");
        assert!(matches!(keep(&place, &log(&["cut"], 9), &mut &b"short"[..]), Err(Failed::Stick(_))));
        assert!(!place.join("cut").exists());
        let names: Vec<_> =
            fs::read_dir(place.join("intune")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
    }
}
