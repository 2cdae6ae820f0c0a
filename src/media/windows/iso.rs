//! A customer's ISO of Windows, opened once: its file system and the WIM files on it.

use std::{
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use whiteglove_core::{
    problem::Problem,
    windows::{
        Architecture,
        layout::{BOOT_IMAGE, INSTALL_IMAGES, Names},
    },
};
use whiteglove_image::{
    disc::{Disc, DiscFile, PieceReader},
    wim::{Wim, WimError},
};

#[derive(Debug)]
pub(crate) struct Iso {
    pub(crate) path: PathBuf,
    file: File,
    pub(crate) disc: Disc,
    /// `boot.wim` first, then what Setup installs from.
    pub(crate) images: Vec<Image>,
}

/// A WIM file on it.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) file: DiscFile,
    pub(crate) wim: Wim,
}

impl Iso {
    /// # Errors
    /// It is no disc, not one of Windows, or was cut off.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let file = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
            true => Err(io::ErrorKind::IsADirectory.into()),
            false => Ok(file),
        });
        let file = file.map_err(|error| {
            Problem::new(
                format!("{} cannot be read.", path.display()),
                format!("The system says: {error}."),
                "Check that it is there, that it is an ISO file, and that you may read it.",
            )
        })?;
        let disc = Disc::read(&mut BufReader::new(&file)).map_err(|error| error.problem(path))?;
        let mut images = Vec::new();
        for known in [BOOT_IMAGE].into_iter().chain(INSTALL_IMAGES) {
            let Some(found) = disc.find(known) else { continue };
            // An own reader with a buffer: its header is read in many small steps.
            let wim = Wim::read(&mut BufReader::new(found.open(&file)));
            images.push(Image { file: found.clone(), wim: wim.map_err(|error| damaged(path, found, &error))? });
        }
        if images.is_empty() {
            return Err(Problem::new(
                format!("{} is no disc of Windows.", path.display()),
                format!(
                    "It is a disc ({}) with {} files, and none is sources/boot.wim or sources/install.wim.",
                    disc.format.words(),
                    disc.files.len()
                ),
                "Name the ISO of Windows 10 or 11 as it was downloaded; ISOs of drivers or languages start nothing.",
            ));
        }
        Ok(Self { path: path.to_owned(), file, disc, images })
    }

    pub(crate) fn reader<'a>(&'a self, file: &'a DiscFile) -> PieceReader<'a, &'a File> {
        file.open(&self.file)
    }

    /// # Errors
    /// It has none, so nothing starts from it.
    pub(super) fn boot(&self) -> Result<&Image, Problem> {
        self.images.iter().find(|image| image.file.path.eq_ignore_ascii_case(BOOT_IMAGE)).ok_or_else(|| {
            Problem::new(
                format!("{} starts nothing.", self.path.display()),
                "It has no sources/boot.wim.",
                "Name the ISO of Windows that a laptop is installed from.",
            )
        })
    }

    /// What Setup installs from.
    pub(super) fn install(&self) -> Option<&Image> {
        self.images.iter().find(|image| !image.file.path.eq_ignore_ascii_case(BOOT_IMAGE))
    }

    /// # Errors
    /// Its image does not say.
    pub(super) fn architecture(&self) -> Result<Architecture, Problem> {
        let boot = self.boot()?;
        boot.wim.boots().and_then(|image| image.architecture).ok_or_else(|| {
            Problem::new(
                format!("{} cannot be used.", self.path.display()),
                format!("{} does not say for which processors it is.", boot.file.path),
                "Use an ISO of Windows as Microsoft gives it out.",
            )
        })
    }

    pub(super) fn names(&self) -> Names {
        Names::new(self.disc.files.iter().map(|file| file.path.as_str()))
    }

    /// What tells its content from any other's without all of it being read: where every file lies, and the digests
    /// by which its WIM files know theirs.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        let mut sha = Sha256::new_with_prefix(b"whiteglove windows disc\n");
        let mut number = |value: u64| sha.update(value.to_le_bytes());
        number(self.disc.length);
        for image in &self.images {
            number(u64::from(image.wim.boot_index));
            for resource in &image.wim.resources {
                [resource.at, resource.stored].into_iter().for_each(&mut number);
            }
        }
        for file in &self.disc.files {
            number(file.path.len() as u64);
            number(file.size);
            for piece in &file.pieces {
                [piece.at.unwrap_or(u64::MAX), piece.length].into_iter().for_each(&mut number);
            }
        }
        for image in &self.images {
            image.wim.resources.iter().for_each(|resource| sha.update(resource.sha1));
        }
        self.disc.files.iter().for_each(|file| sha.update(file.path.as_bytes()));
        sha.finalize().into()
    }
}

fn damaged(path: &Path, file: &DiscFile, error: &WimError) -> Problem {
    Problem::new(
        format!("{} of {} cannot be used.", file.path, path.display()),
        format!("{error}."),
        "Download the ISO again, and compare its digest with the one beside the download.",
    )
}
