//! The files of one volume beside the manifest's list of them.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use fatfs::{Dir, FileSystem, FsOptions};
use sha2::{Digest, Sha256};
use whiteglove_core::{
    disk::clean,
    media::{
        CHUNK, Part,
        manifest::{self, FileDigest, Listed, MAX_BYTES, MAX_SIGNATURE_BYTES, Manifest, On, folded},
        map::MapExtent,
        sign::PublicKey,
        stick::Own,
    },
    media_card,
};

use super::{CheckError, How, Look, SMALL, counted};
use crate::fat::window::{Allowance, Window};

/// Twice the largest directory FAT knows, with its chain.
const LISTING: u64 = 8 << 20;
/// Windows allows fewer; ours have a handful.
const DEEPEST: usize = 40;
const MOST_FILES: usize = 200_000;
/// What operating systems leave on every volume they see. None of it is ever started.
const LITTER: [&str; 7] = [
    "system volume information",
    "$recycle.bin",
    ".fseventsd",
    ".spotlight-v100",
    ".trashes",
    ".trash-0",
    ".trash-1000",
];

type Folder<'a, 'd> = Dir<'a, Window<&'d mut File>>;

/// How many of these extents, from the first, hold the boot volume's tables and directories.
pub(super) fn structures(disk: &mut File, boot: (u64, u64), extents: &[MapExtent]) -> Result<usize, CheckError> {
    let mut sector = [0; 512];
    disk.seek(SeekFrom::Start(boot.0))?;
    disk.read_exact(&mut sector)?;
    let reserved = u64::from(u16::from_le_bytes([sector[14], sector[15]]));
    let fat = u64::from(u32::from_le_bytes([sector[36], sector[37], sector[38], sector[39]]));
    // Directories come next, then files. A thousand names take less than a chunk.
    let end = boot.0.saturating_add((reserved + 2 * fat) * 512 + CHUNK);
    Ok(extents.partition_point(|extent| extent.offset < end))
}

impl Look<'_> {
    /// Reads the manifest and believes it if the bench signed it.
    pub(super) fn manifest(&mut self, boot: (u64, u64), key: &PublicKey) -> Result<Manifest, CheckError> {
        let failed = |error: io::Error| CheckError::Volume { on: On::Boot, reason: error.to_string() };
        let window = Window::new(&mut self.disk, boot.0, boot.1);
        let allowance = window.allowance();
        allowance.renew(LISTING);
        let fs = FileSystem::new(window, FsOptions::new()).map_err(failed)?;
        let take = |path: &str, most: usize| {
            allowance.renew(LISTING + most as u64);
            let file = fs.root_dir().open_file(path).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => CheckError::NoManifest,
                _ => failed(error),
            })?;
            let mut bytes = Vec::new();
            file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
            Ok::<_, CheckError>(bytes)
        };
        let text = take(manifest::PATH, MAX_BYTES)?;
        let seal = take(manifest::SIGNATURE_PATH, MAX_SIGNATURE_BYTES)?;
        let manifest = Manifest::open(&text, &seal, key).map_err(CheckError::Manifest)?;
        if manifest.media != self.map.media {
            return Err(CheckError::OtherMedium);
        }
        self.report.checked.push("the manifest is signed by the bench".into());
        Ok(manifest)
    }

    /// Names and sizes of all files, and the content of those that are small, or of all. `proven`: the content is
    /// compared by the extent map. Whether something lies there that an operating system left.
    pub(super) fn files(
        &mut self,
        on: On,
        place: (u64, u64),
        manifest: &Manifest,
        proven: bool,
    ) -> Result<bool, CheckError> {
        let listed = manifest.files.iter().filter(|file| file.on == on);
        let missing: HashMap<String, &Listed> = listed.map(|file| (folded(&file.path), file)).collect();
        let count = missing.len();
        let kept = on == On::Data && self.record.as_ref().is_some_and(|record| record.updated);
        let own = self.record.as_ref().map(|record| Own { media: record.media, stick: record.stick });
        let all = self.how == How::Full && !proven;
        let mut disk = self.disk.try_clone()?;
        let window = Window::new(&mut disk, place.0, place.1);
        let allowance = window.allowance();
        let mut walk =
            Walk { on, missing, all, kept, own, allowance, seen: 0, litter: false, others: vec![], look: self };
        walk.allowance.renew(LISTING);
        let failed = |error: io::Error| CheckError::Volume { on, reason: error.to_string() };
        let fs = FileSystem::new(window, FsOptions::new()).map_err(failed)?;
        walk.folder("", &fs.root_dir(), 0)?;
        let (litter, others) = (walk.litter, std::mem::take(&mut walk.others));
        let missing = walk.missing.values().map(|file| file.path.clone()).min();
        if let Some(path) = missing.filter(|_| !kept) {
            return Err(CheckError::Missing { on, path });
        }
        let content = if self.how == How::Full { "and content" } else { "and the content of those up to 1 MiB" };
        let words = match on {
            On::Boot => format!("{} to boot from: names, sizes {content}, and no others", counted(count, "file")),
            On::Data => {
                format!("{} of the data volume that the bench put there", counted(count - others.len(), "file"))
            }
        };
        self.report.checked.push(words);
        if !others.is_empty() {
            self.report.notes.push(format!(
                "the data volume was kept when the stick was brought up to date: {} on it are not those of this medium",
                others.join(", ")
            ));
        }
        Ok(litter)
    }
}

struct Walk<'a, 'w> {
    on: On,
    missing: HashMap<String, &'a Listed>,
    all: bool,
    /// The data volume may hold files of an earlier medium.
    kept: bool,
    own: Option<Own>,
    allowance: Allowance,
    seen: usize,
    litter: bool,
    /// Files of an earlier medium.
    others: Vec<String>,
    look: &'a mut Look<'w>,
}

impl Walk<'_, '_> {
    fn failed(&self, reason: &impl ToString) -> CheckError {
        CheckError::Volume { on: self.on, reason: reason.to_string() }
    }

    fn folder(&mut self, path: &str, folder: &Folder<'_, '_>, depth: usize) -> Result<(), CheckError> {
        if depth > DEEPEST {
            return Err(self.failed(&"its folders lead in circles"));
        }
        self.allowance.renew(LISTING);
        let mut entries = Vec::new();
        for entry in folder.iter() {
            entries.push(entry.map_err(|error| self.failed(&error))?);
            self.seen += 1;
            if self.seen > MOST_FILES {
                return Err(self.failed(&"there are more files than anybody puts on a stick"));
            }
        }
        for entry in entries {
            let name = entry.file_name();
            if name == "." || name == ".." {
                continue;
            }
            if path.is_empty() && LITTER.contains(&name.to_lowercase().as_str()) {
                self.litter = true;
                continue;
            }
            let here = if path.is_empty() { name } else { format!("{path}/{name}") };
            if entry.is_dir() {
                self.folder(&here, &entry.to_dir(), depth + 1)?;
                continue;
            }
            let Some(listed) = self.missing.remove(&folded(&here)) else {
                let its_own = [manifest::PATH, manifest::SIGNATURE_PATH].contains(&folded(&here).as_str());
                // On the data volume people and laptops put what they like; nothing starts from it by itself.
                if self.on == On::Boot && !its_own {
                    return Err(CheckError::Added { on: self.on, path: clean(&here) });
                }
                continue;
            };
            let read = listed.size <= SMALL || self.all;
            let same = entry.len() == listed.size && (!read || self.same(&mut entry.to_file(), listed)?);
            if !same && self.kept {
                self.others.push(listed.path.clone());
            } else if !same {
                return Err(CheckError::Changed { on: self.on, path: listed.path.clone() });
            }
        }
        Ok(())
    }

    fn same(&mut self, file: &mut impl Read, listed: &Listed) -> Result<bool, CheckError> {
        if self.on == On::Boot
            && media_card::is_personal(&listed.path)
            && let Some(own) = self.own.filter(|_| self.look.map.cards.is_some())
        {
            return self.cards(file, listed, own);
        }
        let mut sha = Sha256::new();
        let mut buffer = vec![0; 1 << 18];
        let mut left = listed.size;
        while left > 0 {
            self.allowance.renew(LISTING);
            let length = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let bytes = &mut buffer[..length];
            file.read_exact(bytes).map_err(|error| self.failed(&error))?;
            sha.update(&*bytes);
            left -= length as u64;
            self.look.step("reading files", length as u64)?;
        }
        Ok(FileDigest(sha.finalize().into()) == listed.sha256)
    }

    /// The one file in which a stick differs from its image: by its own number and its data volume's, and nothing else.
    fn cards(&mut self, file: &mut impl Read, listed: &Listed, own: Own) -> Result<bool, CheckError> {
        self.allowance.renew(LISTING + SMALL);
        let mut archive = Vec::new();
        file.take(SMALL).read_to_end(&mut archive).map_err(|error| self.failed(&error))?;
        let as_made = media_card::as_on_image(&archive, Part::Data.serial(own.media));
        let Some((as_made, stick, serial)) = as_made else { return Ok(false) };
        if (stick, serial) != (own.stick, own.serial(2)) {
            return Err(CheckError::OtherStick);
        }
        self.look.step("reading files", listed.size)?;
        Ok(FileDigest(Sha256::digest(&as_made).into()) == listed.sha256)
    }
}
