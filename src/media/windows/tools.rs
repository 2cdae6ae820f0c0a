//! The programs of Microsoft's by which Windows PE captures: the customer's own, out of their ADK or their Windows.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use whiteglove_core::{
    problem::Problem,
    windows::{Architecture, pe},
};
use whiteglove_image::{boot, media::Watch};

use super::{iso::Iso, wimlib::WimFile};

/// One of them.
struct Known {
    name: &'static str,
    /// Where Windows PE has it.
    to: &'static str,
    /// Where a Windows that is to be installed has it; `None`: only the ADK does.
    installed: Option<&'static str>,
    /// What is not possible without it.
    without: &'static str,
}

const KNOWN: [Known; 3] = [
    Known {
        name: "oa3tool.exe",
        to: pe::OA3TOOL,
        installed: None,
        without: "this Windows PE captures no hash (it comes with the Windows ADK, Deployment Tools)",
    },
    Known {
        name: "PCPKsp.dll",
        to: pe::PCPKSP,
        installed: Some("/Windows/System32/PCPKsp.dll"),
        without: "hashes say nothing of the TPM, and pre-provisioning needs that",
    },
    Known {
        name: "curl.exe",
        to: pe::CURL,
        installed: Some("/Windows/System32/curl.exe"),
        without: "hashes go on the stick only, not to the bench over the network",
    },
];

/// None of them has more.
const LARGEST: u64 = 64 << 20;

/// Place in Windows PE, and the file.
type Program = (&'static str, PathBuf);

/// Those a person has put into a folder.
#[derive(Debug, Default)]
pub(super) struct Tools {
    found: Vec<Program>,
}

impl Tools {
    /// What is in a person's folder, whatever the case of its letters.
    ///
    /// # Errors
    /// The folder or a file cannot be read, or a program is for other processors.
    pub(super) fn find(folder: &Path, architecture: Architecture) -> Result<Self, Problem> {
        let failed = |path: &Path, error: &io::Error| {
            Problem::new(
                format!("{} cannot be used.", path.display()),
                format!("The system says: {error}."),
                "Name a folder with oa3tool.exe in it, and what else of Microsoft's tools goes into Windows PE.",
            )
        };
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| failed(folder, &error))? {
            let path = entry.map_err(|error| failed(folder, &error))?.path();
            let named = |known: &&Known| path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(known.name));
            let Some(known) = KNOWN.iter().find(named) else { continue };
            let bytes = read(&path).map_err(|error| failed(&path, &error))?;
            match boot::architecture(&bytes) {
                Some(own) if own == architecture => found.push((known.to, path)),
                own => {
                    let own = own.map_or_else(|| "no program of Windows".to_owned(), |own| format!("for {own}"));
                    return Err(Problem::new(
                        format!("{} cannot be used.", path.display()),
                        format!("It is {own}, and the ISO is for {architecture}."),
                        "Take the one from the folder of that processor (the ADK has amd64 and arm64).",
                    ));
                }
            }
        }
        found.sort();
        Ok(Self { found })
    }

    /// What tells them from others.
    pub(super) fn fingerprint(&self) -> Result<[u8; 32], Problem> {
        let mut sha = Sha256::new();
        for (to, path) in &self.found {
            let bytes = read(path).map_err(|error| {
                Problem::new(
                    format!("{} cannot be read.", path.display()),
                    format!("{error}."),
                    "Check it, and try again.",
                )
            })?;
            sha.update(to.as_bytes());
            sha.update(Sha256::digest(bytes));
        }
        Ok(sha.finalize().into())
    }

    /// All that can be had: place in Windows PE and file. The rest is looked for in what the ISO installs, out of which
    /// it comes into `folder`. And what a person should know of what is missing.
    pub(super) fn gather(
        &self,
        iso: &Iso,
        folder: &Path,
        watch: Watch<'_>,
    ) -> Result<(Vec<Program>, Vec<String>), Problem> {
        let mut gathered = self.found.clone();
        let missing: Vec<&Known> =
            KNOWN.iter().filter(|known| !gathered.iter().any(|(to, _)| *to == known.to)).collect();
        let wanted: Vec<&str> = missing.iter().filter_map(|known| known.installed).collect();
        if !wanted.is_empty() {
            installed(iso, &wanted, folder, watch)?;
        }
        let mut notes = Vec::new();
        for known in missing {
            let from = known.installed.map(|path| folder.join(path.trim_start_matches('/')));
            match from.and_then(|path| spelled(&path)) {
                Some(path) => gathered.push((known.to, path)),
                None => notes.push(format!("Without {}: {}.", known.name, known.without)),
            }
        }
        gathered.sort();
        Ok((gathered, notes))
    }
}

/// A file of a folder, whatever the case of its letters.
pub(super) fn named(folder: &Path, name: &str) -> Option<PathBuf> {
    spelled(&folder.join(name)).filter(|path| path.is_file())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A file by its name as Windows compares it: WIM files spell theirs as they like.
fn spelled(path: &Path) -> Option<PathBuf> {
    let mut at = PathBuf::new();
    for step in path.components() {
        let exact = at.join(step);
        at = match exact.exists() {
            true => exact,
            false => {
                let mut entries = fs::read_dir(&at).ok()?.filter_map(Result::ok);
                entries.find(|entry| entry.file_name().eq_ignore_ascii_case(step.as_os_str()))?.path()
            }
        };
    }
    Some(at)
}

/// Takes files out of the first Windows that the ISO installs, without copying all of it. Nothing, if that cannot be
/// (many files compressed as one, parts on other discs).
fn installed(iso: &Iso, wanted: &[&str], folder: &Path, watch: Watch<'_>) -> Result<(), Problem> {
    let Some(image) = iso.install().filter(|image| !image.wim.solid && image.wim.part == (1, 1)) else { return Ok(()) };
    let Some(lists) = image.wim.metadata(1) else { return Ok(()) };
    let failed = |error: &io::Error| {
        Problem::new(
            "Windows was not prepared.",
            format!("{} cannot be copied out of {}: {error}.", image.file.path, iso.path.display()),
            "Check the disk and the ISO, and try again.",
        )
    };
    let sparse = WimFile { path: folder.join("sparse.wim"), called: &image.file.path };
    let mut out = File::create(&sparse.path).map_err(|error| failed(&error))?;
    let mut source = iso.reader(&image.file);
    image.wim.copy_sparse(&mut source, &mut out, &[lists]).map_err(|error| failed(&error))?;
    out.set_len(image.file.size).map_err(|error| failed(&error))?;
    let mut paths = Vec::new();
    for path in wanted {
        let Some(sha1) = sparse.digest_of(1, path, watch)? else { continue };
        let Some(resource) = image.wim.resource(sha1) else { continue };
        image.wim.copy_sparse(&mut source, &mut out, &[resource]).map_err(|error| failed(&error))?;
        paths.push(*path);
    }
    if !paths.is_empty() {
        sparse.extract(1, &paths, folder, watch)?;
    }
    fs::remove_file(&sparse.path).map_err(|error| failed(&error))
}
