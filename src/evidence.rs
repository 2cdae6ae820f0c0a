//! The signed list of what is on a medium, made when everything else of it is decided.

use std::{
    collections::HashMap,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use sha2::{Digest, Sha256};
use whiteglove_core::{
    clock::Moment,
    media::{
        Item, Source,
        manifest::{self, About, FileDigest, Listed, Loader, Manifest, On},
        sign::Signer,
    },
    media_card::MediaCard,
    problem::Problem,
};
use whiteglove_image::{
    boot::{BootEnv, signers},
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
    /// # Errors
    /// As of [`seal`].
    pub(crate) fn seal(
        &self,
        boot: &mut Vec<Item>,
        data: &[Item],
        card: &MediaCard,
        environment: &BootEnv,
    ) -> Result<(), Problem> {
        let about = About {
            tool: TOOL.to_owned(),
            media: card.media,
            bench: card.bench.clone(),
            batch: card.batch.clone(),
            issued: self.issued,
        };
        let known = environment.files().map(|file| (file.path.clone(), file.sha256)).collect();
        let loaders = loaders(boot)?;
        seal(boot, data, about, loaders, &known, &self.signer)
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
/// A file cannot be read, or the manifest would not be taken back.
pub(crate) fn seal(
    boot: &mut Vec<Item>,
    data: &[Item],
    about: About,
    loaders: Vec<Loader>,
    known: &Known,
    signer: &Signer,
) -> Result<(), Problem> {
    let files = list(&[(On::Boot, boot), (On::Data, data)], known)?;
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

fn list(volumes: &[(On, &[Item])], known: &Known) -> Result<Vec<Listed>, Problem> {
    let items = volumes.iter().flat_map(|(on, items)| items.iter().map(|item| (*on, item)));
    let files: Vec<(On, &str, u64, &Source)> = items
        .filter_map(|(on, item)| match item {
            Item::File { path, size, source } => Some((on, path.as_str(), *size, source)),
            Item::Directory { .. } => None,
        })
        .collect();
    let next = AtomicUsize::new(0);
    let listed = Mutex::new(Vec::with_capacity(files.len()));
    // Two, as everywhere: it is all arithmetic, and the bench has other things to do.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((on, path, size, source)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let sha256 = digest(path, source, known);
                    let line = sha256.map(|sha256| Listed {
                        on: *on,
                        path: path.trim_matches('/').to_owned(),
                        size: *size,
                        sha256: FileDigest(sha256),
                    });
                    listed.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                }
            });
        }
    });
    listed.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
}

fn digest(path: &str, source: &Source, known: &Known) -> Result<[u8; 32], Problem> {
    if let Source::Path(path) = source
        && let Some(digest) = known.get(path)
    {
        return Ok(*digest);
    }
    of_file(source).map_err(|error| unreadable(named(path, source), &error))
}

/// What a person knows a file by.
fn named<'a>(path: &'a str, source: &'a Source) -> &'a Path {
    match source {
        Source::Inline(_) => Path::new(path),
        Source::Path(path) | Source::Inside { path, .. } => path,
    }
}

fn of_file(source: &Source) -> io::Result<[u8; 32]> {
    let mut origin = Origin::open(source)?;
    let mut sha = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match origin.read(&mut buffer)? {
            0 => return Ok(sha.finalize().into()),
            length => sha.update(&buffer[..length]),
        }
    }
}

#[cfg(test)]
mod tests {
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
        seal(&mut boot, &data, about(), vec![], &Known::new(), &signer).unwrap();
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
        let sealed = |mut boot: Vec<Item>| seal(&mut boot, &[], about(), vec![], &Known::new(), &signer).unwrap_err();
        assert!(sealed(vec![Item::host("x", 1, "/nowhere/x".into())]).what.contains("/nowhere/x"));
        let twice = vec![Item::inline("a", vec![]), Item::inline("A", vec![])];
        assert!(sealed(twice).why.contains("twice"));
    }
}
