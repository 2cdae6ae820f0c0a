//! Is this stick or image what a bench made, by that bench's public key alone?
//!
//! The order is that of trust. A stick's record is signed and names the stick's extent map, which names the bytes; the
//! manifest is signed and names the files. Nothing is looked at before what vouches for it was found good, and the
//! first thing that is wrong is the answer. Nothing is ever written.
//!
//! Whatever is read may be anybody's: bounded, and refused rather than understood.

mod volume;

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use whiteglove_core::{
    control::Progress,
    media::{
        CHUNK, HEAD,
        manifest::{Listed, Manifest, ManifestError, On},
        map::{ExtentMap, MapError, MapExtent},
        sign::PublicKey,
        stick::{self, Found, Record, RecordError},
    },
    problem::Problem,
};

use crate::{
    media::{Watch, digest},
    table::{Table, TableError},
    verify::{self, VerifyError},
};

/// Files up to this size are read in a quick check, too: everything that decides what boots but kernels and images.
pub const SMALL: u64 = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("it holds no medium of whiteglove")]
    NotOurs,
    #[error(transparent)]
    Map(MapError),
    #[error("it has no record of its own: it was not written by whiteglove, or by one that kept no records yet")]
    NoRecord,
    #[error(transparent)]
    Record(RecordError),
    #[error("its extent map is not the one that was written with its record")]
    OtherMap,
    #[error("its partition table is not the one that was written: {0}")]
    Table(#[from] TableError),
    #[error("its partition table is not the one that was written")]
    OtherTable,
    #[error("the bytes at {offset} are not the ones that were written")]
    Bytes { offset: u64 },
    #[error("its boot volume has no manifest")]
    NoManifest,
    #[error(transparent)]
    Manifest(ManifestError),
    #[error("its manifest is that of another medium")]
    OtherMedium,
    #[error("its cards are those of another stick")]
    OtherStick,
    #[error("{} {path} is missing", volume_word(*.on))]
    Missing { on: On, path: String },
    #[error("{} {path} was added since", volume_word(*.on))]
    Added { on: On, path: String },
    #[error("{} {path} is not the file that was written", volume_word(*.on))]
    Changed { on: On, path: String },
    #[error("the volume {} cannot be read: {reason}", volume_word(*.on))]
    Volume { on: On, reason: String },
    #[error("cancelled")]
    Cancelled,
}

fn volume_word(on: On) -> &'static str {
    match on {
        On::Boot => "WGBOOT:",
        On::Data => "WGDATA:",
    }
}

impl CheckError {
    /// For the person who wanted to know.
    pub fn problem(&self, path: &Path) -> Problem {
        let what = match self {
            Self::Read(_) | Self::Cancelled => format!("{} was not checked.", path.display()),
            _ => format!("{} is not as a bench made it: do not boot from it.", path.display()),
        };
        let next = match self {
            Self::Read(_) => "Check that it is plugged in and that you may read it (as root, or in group disk).",
            Self::Cancelled => "Check it again before you trust it.",
            Self::NotOurs => "Choose a stick or an image that whiteglove made; whole, like /dev/sdb.",
            Self::NoRecord => {
                "Write it with whiteglove media write, which gives a stick its number and record; build an image again."
            }
            Self::Record(RecordError::OtherBench(_)) | Self::Manifest(ManifestError::OtherBench(_)) => {
                "If another bench of yours made it, check it by that bench's key: `whiteglove media key` there prints it, \
                 --key FILE takes it here. If not, find out whose it is."
            }
            Self::Record(RecordError::Format(_)) | Self::Manifest(ManifestError::Format(_)) => {
                "Check it with the version of whiteglove that made it, or a newer one."
            }
            Self::Missing { on: On::Data, .. } | Self::Changed { on: On::Data, .. } => {
                "Import what it brings back (whiteglove import), then write it whole: whiteglove media write."
            }
            Self::Added { .. } | Self::Changed { .. } | Self::Missing { .. } | Self::Bytes { .. } => {
                "Bring it back to what the bench made: whiteglove media update --full, or media write."
            }
            Self::Table(_) | Self::OtherTable => {
                "If writing it was broken off, write it again. If it was finished, find out who changed it."
            }
            _ => "Find out who had it in hand, then write it anew: whiteglove media write.",
        };
        Problem::new(what, format!("{self}."), next)
    }
}

/// How thorough a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Signatures, tables, file systems, names and sizes of all files, content of the small ones.
    Quick,
    /// Every byte that was written, but for what may change on a data volume.
    Full,
}

/// A medium that is what its bench made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub manifest: Manifest,
    /// `None`: an image.
    pub record: Option<Record>,
    /// What was found good, and what was not looked at, in words.
    pub checked: Vec<String>,
    pub unchecked: Vec<String>,
    /// What is not as it was and does no harm.
    pub notes: Vec<String>,
}

/// What is known of the medium while it is looked through.
struct Look<'a> {
    disk: File,
    size: u64,
    map: ExtentMap,
    record: Option<Record>,
    how: How,
    watch: Watch<'a>,
    done: u64,
    total: u64,
    report: Words,
}

#[derive(Default)]
struct Words {
    checked: Vec<String>,
    unchecked: Vec<String>,
    notes: Vec<String>,
}

/// Checks a stick, a copy of one, or an image.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(path: &Path, key: &PublicKey, how: How, watch: Watch<'_>) -> Result<Report, CheckError> {
    let mut disk = verify::open(path)?;
    let size = disk.seek(SeekFrom::End(0))?;
    let is_file = disk.metadata()?.is_file();
    let map = verify::read_map(&mut disk).map_err(|error| match error {
        VerifyError::Map(MapError::Missing) => CheckError::NotOurs,
        VerifyError::Map(error) => CheckError::Map(error),
        VerifyError::Read(error) => CheckError::Read(error),
        _ => CheckError::NotOurs,
    })?;
    let found = Found::read(&read_at(&mut disk, stick::OFFSET, stick::ROOM)?);
    let whole = map.form.is_disc() || is_file && map.size == size;
    let signed = match found.and_then(|found| found.checked(key)) {
        // An image that something else has put on a stick.
        Ok(record) if record.is_of_image() && !whole => return Err(CheckError::NoRecord),
        Ok(record) => record,
        Err(RecordError::Missing) => return Err(CheckError::NoRecord),
        Err(error) => return Err(CheckError::Record(error)),
    };
    let record = Some(signed.clone()).filter(|record| !record.is_of_image());
    let mut look = Look { disk, size, map, record, how, watch, done: 0, total: 0, report: Words::default() };
    look.record(&signed)?;
    let table = look.table(&signed)?;
    let manifest = look.volumes(&table, key)?;
    let Look { record, report, .. } = look;
    Ok(Report { manifest, record, checked: report.checked, unchecked: report.unchecked, notes: report.notes })
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn read_at(disk: &mut File, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    disk.seek(SeekFrom::Start(offset))?;
    disk.read_exact(&mut bytes)?;
    Ok(bytes)
}

impl Look<'_> {
    fn step(&mut self, task: &str, bytes: u64) -> Result<(), CheckError> {
        self.done += bytes;
        let progress = Progress { task: task.into(), done: self.done.min(self.total), total: self.total };
        if (self.watch)(progress).is_break() { Err(CheckError::Cancelled) } else { Ok(()) }
    }

    /// The record vouches for the map: as it lies there, not as it was understood.
    fn record(&mut self, record: &Record) -> Result<(), CheckError> {
        let gap = read_at(&mut self.disk, self.map.offset(), HEAD - self.map.offset())?;
        if record.map != digest(&gap) {
            return Err(CheckError::OtherMap);
        }
        if record.media != self.map.media {
            return Err(CheckError::OtherMedium);
        }
        if self.map.size > self.size {
            return Err(CheckError::Map(MapError::Damaged("the stick is smaller than its image")));
        }
        let whose = if record.is_of_image() { "image" } else { "stick" };
        let words = format!("the {whose}'s record is signed by the bench, and its extent map is the one it names");
        self.report.checked.push(words);
        Ok(())
    }

    fn table(&mut self, signed: &Record) -> Result<Table, CheckError> {
        let table = match verify::check_table(&mut self.disk, self.size, self.map.form, None) {
            Ok(table) => table,
            Err(VerifyError::Table(error)) => return Err(error.into()),
            Err(VerifyError::Read(error)) => return Err(error.into()),
            Err(_) => return Err(CheckError::OtherTable),
        };
        let head = read_at(&mut self.disk, 0, stick::OFFSET)?;
        if signed.table != digest(&head) {
            return Err(CheckError::OtherTable);
        }
        let words = match self.map.form.is_disc() {
            true => "the disc's boot catalog",
            false => "the partition table, at both ends, as the record names it",
        };
        self.report.checked.push(words.into());
        Ok(table)
    }

    /// Compares these extents with the map.
    fn extents(&mut self, extents: &[MapExtent]) -> Result<(), CheckError> {
        let mut bytes = vec![0; usize::try_from(CHUNK).map_err(io::Error::other)?];
        for extent in extents {
            let bytes = &mut bytes[..usize::try_from(extent.length).map_err(io::Error::other)?];
            self.disk.seek(SeekFrom::Start(extent.offset))?;
            self.disk.read_exact(bytes)?;
            if digest(bytes) != extent.sha256 {
                return Err(CheckError::Bytes { offset: extent.offset });
            }
            self.step("comparing", extent.length)?;
        }
        Ok(())
    }

    fn volumes(&mut self, table: &Table, key: &PublicKey) -> Result<Manifest, CheckError> {
        let stretches = table.stretches(self.size);
        let place = |number: usize| stretches.get(number).map(|(_, offset, length)| (*offset, *length));
        let Some(boot) = place(0) else { return Err(CheckError::OtherTable) };
        let data = place(1);
        let manifest = self.manifest(boot, key)?;
        // On an image the data volume is as it was made; on a stick it is people's.
        let end = data.filter(|_| self.record.is_some()).map_or(u64::MAX, |(offset, _)| offset);
        let mut extents = self.map.extents.clone();
        extents.retain(|extent| extent.offset < end);
        let structures = volume::structures(&mut self.disk, boot, &extents)?;
        let whole = self.how == How::Full;
        let proven = whole && self.record.is_some();
        let large = |listed: &&Listed| listed.size > SMALL;
        let unread = manifest.files.iter().filter(large);
        self.total = match whole {
            true => extents.iter().map(|extent| extent.length).sum(),
            false => extents[..structures].iter().map(|extent| extent.length).sum(),
        };
        self.total += manifest
            .files
            .iter()
            .filter(|file| !proven && whole || file.size <= SMALL)
            .map(|file| file.size)
            .sum::<u64>();
        let litter = self.files(On::Boot, boot, &manifest, proven)?;
        match self.extents(&extents[..structures]) {
            Err(CheckError::Bytes { .. }) if litter => {
                self.report.notes.push(
                    "Windows or macOS left a folder of its own on the boot volume, so its file system is not byte for byte \
                     what was written; every file was looked at instead (media update puts it right)"
                        .into(),
                );
            }
            compared => {
                compared?;
                self.report.checked.push("the boot volume's file system, byte for byte".into());
            }
        }
        if whole {
            self.extents(&extents[structures..])?;
            let all: u64 = extents.iter().map(|extent| extent.length).sum();
            self.report
                .checked
                .push(format!("all that was written for booting, byte for byte: {} MB", all / 1_000_000));
        } else {
            let (files, bytes) = unread.fold((0, 0), |(files, bytes), file| (files + 1, bytes + file.size));
            if files > 0 {
                self.report.unchecked.push(format!(
                    "the content of {} over 1 MiB ({} MB): --full reads them",
                    counted(files, "file"),
                    bytes / 1_000_000
                ));
            }
        }
        if let Some(data) = data {
            self.files(On::Data, data, &manifest, false)?;
            if self.record.is_some() {
                let since = "what came onto the data volume since: captures and logs are sealed or judged by import";
                self.report.unchecked.push(since.into());
            }
        }
        Ok(manifest)
    }
}

#[cfg(test)]
mod tests;
