//! The signed list of what is on a medium, made when everything else of it is decided.

use std::{
    collections::HashMap,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
};

use sha2::{Digest, Sha256};
use whiteglove_core::{
    clock::Moment,
    control::Progress,
    media::{
        Item, Source,
        manifest::{self, About, FileDigest, Listed, Loader, Manifest, On},
        sign::Signer,
    },
    media_card::MediaCard,
    problem::Problem,
};
use whiteglove_image::{
    boot::signers,
    media::{BuildError, Watch},
    origin::Origin,
    seal,
};

use crate::sticks::TOOL;

/// What a medium is signed with.
#[derive(Debug)]
pub(crate) struct Sealing {
    pub(crate) signer: Signer,
    /// When the medium was entered into the journal.
    pub(crate) issued: Moment,
}

impl Sealing {
    /// `watch`: `None` if nobody gets to see the medium. Then no file is read, and the list is as long as the real one.
    ///
    /// # Errors
    /// As of [`list`] and [`seal`].
    pub(crate) fn seal(
        &self,
        boot: &mut Vec<Item>,
        data: &[Item],
        card: &MediaCard,
        known: &Known,
        watch: Option<Watch<'_>>,
    ) -> Result<(), Problem> {
        let about = About {
            tool: TOOL.to_owned(),
            media: card.media,
            bench: card.bench.clone(),
            batch: card.batch.clone(),
            issued: self.issued,
        };
        let loaders = loaders(boot)?;
        let volumes: [(On, &[Item]); 2] = [(On::Boot, boot), (On::Data, data)];
        let files = match watch {
            Some(watch) => list(&volumes, known, watch)?,
            None => files(&volumes).map(|file| file.listed([0; 32])).collect(),
        };
        seal(boot, about, loaders, files, &self.signer)
    }
}

impl Sealing {
    /// Signs what was built, as a whole.
    ///
    /// # Errors
    /// It cannot be written any more.
    pub(crate) fn image(&self, image: &Path) -> Result<(), Problem> {
        seal::seal(image, TOOL, self.issued, &self.signer).map_err(|error| {
            Problem::new(
                format!("{} is built, but not signed.", image.display()),
                format!("{error}."),
                "Free space on that disk or choose another place, then build again.",
            )
        })
    }
}

/// A boot manager has 3 MiB at most, a unified kernel image some 60.
const LARGEST_LOADER: u64 = 128 << 20;

/// Digests that are known already, as the file was checked a moment ago.
pub(crate) type Known = HashMap<PathBuf, [u8; 32]>;

/// Puts the manifest and its signature with the rest of the boot volume.
///
/// # Errors
/// The manifest would not be taken back.
pub(crate) fn seal(
    boot: &mut Vec<Item>,
    about: About,
    loaders: Vec<Loader>,
    files: Vec<Listed>,
    signer: &Signer,
) -> Result<(), Problem> {
    let (text, seal) = Manifest::new(about, loaders, files).seal(signer).map_err(|error| {
        Problem::new(
            "The medium cannot be signed.",
            format!("{error}."),
            "Look for two files whose names differ by the case of letters only, or one named whiteglove/manifest.json.",
        )
    })?;
    boot.push(Item::inline(manifest::PATH, text));
    boot.push(Item::inline(manifest::SIGNATURE_PATH, seal));
    Ok(())
}

/// Whose signatures firmware finds on what it may start from this volume.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn loaders(boot: &[Item]) -> Result<Vec<Loader>, Problem> {
    let mut loaders = Vec::new();
    for item in boot {
        let Item::File { path, size, source } = item else { continue };
        if !path.to_lowercase().ends_with(".efi") || *size > LARGEST_LOADER {
            continue;
        }
        let mut program = Vec::new();
        let read = Origin::open(source).and_then(|mut origin| origin.read_to_end(&mut program));
        read.map_err(|error| unreadable(named(path, source), &error))?;
        let signed_by = signers::read(&program);
        // One that is no program is not started; its digest is in the list all the same.
        let signed_by = signed_by.map(|signers| signers.for_firmware()).unwrap_or_default();
        loaders.push(Loader { path: path.trim_matches('/').to_owned(), signed_by });
    }
    Ok(loaders)
}

fn unreadable(path: &Path, error: &io::Error) -> Problem {
    Problem::new(
        format!("{} cannot go on the medium.", path.display()),
        format!("The system says: {error}."),
        "Check that it is there and readable, and build again.",
    )
}

/// A file that goes on a medium.
#[derive(Clone, Copy)]
struct Going<'a> {
    on: On,
    path: &'a str,
    size: u64,
    source: &'a Source,
}

impl Going<'_> {
    fn listed(&self, sha256: [u8; 32]) -> Listed {
        Listed {
            on: self.on,
            path: self.path.trim_matches('/').to_owned(),
            size: self.size,
            sha256: FileDigest(sha256),
        }
    }
}

fn files<'a>(volumes: &'a [(On, &'a [Item])]) -> impl Iterator<Item = Going<'a>> {
    let items = volumes.iter().flat_map(|(on, items)| items.iter().map(|item| (*on, item)));
    items.filter_map(|(on, item)| match item {
        Item::File { path, size, source } => Some(Going { on, path, size: *size, source }),
        Item::Directory { .. } => None,
    })
}

/// What a thread that reads tells.
enum Told {
    Read(u64),
    File(Result<Listed, Problem>),
}

/// Reads every file whose digest is not known. What a person adds may be many gigabytes.
///
/// # Errors
/// A file cannot be read, or `watch` says that nobody wants it any more.
pub(crate) fn list(volumes: &[(On, &[Item])], known: &Known, watch: Watch<'_>) -> Result<Vec<Listed>, Problem> {
    let files: Vec<Going<'_>> = files(volumes).collect();
    let is_known = |file: &Going<'_>| matches!(file.source, Source::Path(path) if known.contains_key(path));
    let total = files.iter().filter(|file| !is_known(file)).map(|file| file.size).sum();
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    // Two, as everywhere: it is all arithmetic, and the bench has other things to do.
    std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        for _ in 0..2 {
            let (files, next, stop, tell) = (&files, &next, &stop, tell.clone());
            scope.spawn(move || {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // Nobody listens any more once it was cancelled or a file cannot be read.
                    let read = |bytes| !stop.load(Ordering::Relaxed) && tell.send(Told::Read(bytes)).is_ok();
                    let Some(digest) = digest(file, known, read).transpose() else { return };
                    if tell.send(Told::File(digest.map(|digest| file.listed(digest)))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        let (mut listed, mut done) = (Vec::with_capacity(files.len()), 0);
        while let Ok(told) = told.recv() {
            match told {
                Told::Read(bytes) => {
                    done += bytes;
                    let progress = Progress { task: "reading the files".into(), done, total };
                    if watch(progress).is_break() {
                        stop.store(true, Ordering::Relaxed);
                        return Err(BuildError::Cancelled.problem());
                    }
                }
                Told::File(file) => listed.push(file.inspect_err(|_| stop.store(true, Ordering::Relaxed))?),
            }
        }
        Ok(listed)
    })
}

/// `None`: `read`, which is told of bytes as they are read, wants no more.
fn digest(file: &Going<'_>, known: &Known, read: impl Fn(u64) -> bool) -> Result<Option<[u8; 32]>, Problem> {
    if let Source::Path(path) = file.source
        && let Some(digest) = known.get(path)
    {
        return Ok(Some(*digest));
    }
    of_file(file.source, read).map_err(|error| unreadable(named(file.path, file.source), &error))
}

/// What a person knows a file by.
fn named<'a>(path: &'a str, source: &'a Source) -> &'a Path {
    match source {
        Source::Inline(_) => Path::new(path),
        Source::Path(path) | Source::Inside { path, .. } => path,
    }
}

fn of_file(source: &Source, read: impl Fn(u64) -> bool) -> io::Result<Option<[u8; 32]>> {
    let mut origin = Origin::open(source)?;
    let mut sha = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match origin.read(&mut buffer)? {
            0 => return Ok(Some(sha.finalize().into())),
            length if read(length as u64) => sha.update(&buffer[..length]),
            _ => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use whiteglove_core::media_card::MediaId;

    use super::*;

    fn about() -> About {
        About {
            tool: "0.1.0".into(),
            media: MediaId([1; 16]),
            bench: "b".into(),
            batch: "b".into(),
            issued: Moment::from_millis(5),
        }
    }

    #[test]
    fn every_file_is_listed_with_its_digest_and_the_list_is_signed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host");
        std::fs::write(&path, vec![7; 700_000]).unwrap();
        let mut boot = vec![
            Item::inline("/README.TXT", b"words".to_vec()),
            Item::directory("empty"),
            Item::host("boot/x", 700_000, path),
        ];
        let data = vec![Item::inline("a.cmd", b"a".to_vec())];
        let signer = Signer::from_seed(&[1; 32]);
        let mut told = Vec::new();
        let mut watch = |progress| {
            told.push(progress);
            ControlFlow::Continue(())
        };
        let files = list(&[(On::Boot, &boot), (On::Data, &data)], &Known::new(), &mut watch).unwrap();
        seal(&mut boot, about(), vec![], files, &signer).unwrap();
        assert_eq!(told.last().map(|last| (last.done, last.total)), Some((700_006, 700_006)));
        let bytes =
            |wanted: &str| match boot.iter().find(|item| matches!(item, Item::File { path, .. } if path == wanted)) {
                Some(Item::File { source: Source::Inline(bytes), .. }) => bytes.clone(),
                _ => panic!("{wanted} is missing"),
            };
        let (text, seal) = (bytes(manifest::PATH), bytes(manifest::SIGNATURE_PATH));
        let manifest = Manifest::open(&text, &seal, &signer.public()).unwrap();
        let names: Vec<_> = manifest.files.iter().map(|file| (file.on, file.path.as_str(), file.size)).collect();
        assert_eq!(names, [(On::Boot, "README.TXT", 5), (On::Boot, "boot/x", 700_000), (On::Data, "a.cmd", 1)]);
        assert_eq!(manifest.files[1].sha256.0, <[u8; 32]>::from(Sha256::digest(vec![7; 700_000])));
    }

    #[test]
    fn what_cannot_be_read_or_is_there_twice_is_said() {
        let signer = Signer::from_seed(&[1; 32]);
        let sealed = |mut boot: Vec<Item>| {
            let files = list(&[(On::Boot, &boot)], &Known::new(), &mut |_| ControlFlow::Continue(()))?;
            seal(&mut boot, about(), vec![], files, &signer)
        };
        let sealed = |boot| sealed(boot).unwrap_err();
        assert!(sealed(vec![Item::host("x", 1, "/nowhere/x".into())]).what.contains("/nowhere/x"));
        let twice = vec![Item::inline("a", vec![]), Item::inline("A", vec![])];
        assert!(sealed(twice).why.contains("twice"));
    }

    #[test]
    fn cancelled_it_reads_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let size = 1 << 40;
        std::fs::File::create(&path).unwrap().set_len(size).unwrap();
        let boot = vec![Item::host("one", size, path.clone()), Item::host("two", size, path)];
        let mut left = 3;
        let mut watch = |progress: Progress| {
            assert!(progress.done <= progress.total && progress.total == 2 * size);
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let problem = list(&[(On::Boot, &boot)], &Known::new(), &mut watch).unwrap_err();
        assert_eq!(problem.why, "Cancelled.");
    }
}
