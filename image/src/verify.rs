//! Reads an image back and believes nothing: digests of every extent, both partition tables, both
//! volumes through `fatfs`, and every planned file byte by byte.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::ControlFlow,
    path::Path,
};

use fatfs::{Dir, FatType, FileSystem, FsOptions};
use rustix::fs::Advice;
use whiteglove_core::{
    control::Progress,
    media::{
        CHUNK, DATA_LABEL, Form, HEAD, MediaPlan, Partition,
        map::{self, ExtentMap, MapError},
        stick,
        volume::{self, SECTOR},
    },
    problem::Problem,
};

use crate::{
    fat::window::Window,
    media::{Watch, digest},
    origin::Origin,
    table::{Table, TableError},
};

#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("the image cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error(transparent)]
    Map(#[from] MapError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("the bytes at {offset} are not the ones that were written{}", of(.what))]
    Digest { offset: u64, what: Option<String> },
    #[error("{what} is not what the bench signed")]
    Unsigned { what: &'static str },
    #[error("it was made from another plan")]
    OtherPlan,
    #[error("volume {label}: {what}")]
    Volume { label: String, what: String },
    #[error("it is a disc image, for virtual media; a stick made of it would have no volume for captures")]
    Disc,
    #[error("cancelled")]
    Cancelled,
}

fn of(what: &Option<String>) -> String {
    what.as_ref().map_or_else(String::new, |what| format!(" ({what})"))
}

impl VerifyError {
    /// For the person who wanted to use the image.
    pub fn problem(&self) -> Problem {
        let next = match self {
            Self::Cancelled => "Check it again before you use it.",
            Self::Disc => "Build an image for sticks: whiteglove media build --form gpt.",
            Self::Read(_) => "Check that the image is there and readable.",
            Self::Unsigned { .. } => "Find out who changed it, and build it again.",
            _ => "Build the image again; if that repeats, the disk it lies on is failing.",
        };
        Problem::new("The image was not accepted", self.to_string(), next)
    }
}

/// Opens an image or a stick to judge it, and forgets what this machine remembers of a stick: that proves nothing.
/// Where it cannot forget, reading goes on.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        let _ = rustix::fs::fadvise(&file, 0, None, Advice::DontNeed);
    }
    Ok(file)
}

/// The extent map of an image, a stick or a disc.
pub fn read_map(disk: &mut (impl Read + Seek)) -> Result<ExtentMap, VerifyError> {
    let mut block = vec![0; usize::try_from(map::ROOM).map_err(io::Error::other)?];
    disk.seek(SeekFrom::Start(map::OFFSET))?;
    disk.read_exact(&mut block).map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => VerifyError::Map(MapError::Missing),
        _ => VerifyError::Read(e),
    })?;
    let on_disc = usize::try_from(map::DISC_OFFSET - map::OFFSET).map_err(io::Error::other)?;
    let (read, place) = match ExtentMap::decode(&block) {
        Err(MapError::Missing) => (ExtentMap::decode(&block[on_disc..])?, map::DISC_OFFSET),
        read => (read?, map::OFFSET),
    };
    match read.offset() == place {
        true => Ok(read),
        false => Err(MapError::Damaged("it lies where another form has it").into()),
    }
}

/// Compares every extent with its digest.
pub(crate) fn check_extents(
    disk: &mut (impl Read + Seek),
    map: &ExtentMap,
    plan: Option<&MediaPlan>,
    watch: Watch<'_>,
) -> Result<(), VerifyError> {
    let total = map.content();
    let mut done = 0;
    let mut bytes = vec![0; usize::try_from(CHUNK).map_err(io::Error::other)?];
    for extent in &map.extents {
        let bytes = &mut bytes[..usize::try_from(extent.length).map_err(io::Error::other)?];
        disk.seek(SeekFrom::Start(extent.offset))?;
        disk.read_exact(bytes)?;
        if digest(bytes) != extent.sha256 {
            let what = plan.map(|plan| plan.what_is_at(extent.offset));
            return Err(VerifyError::Digest { offset: extent.offset, what });
        }
        done += extent.length;
        if watch(Progress { task: "checking the image".into(), done, total }).is_break() {
            return Err(VerifyError::Cancelled);
        }
    }
    Ok(())
}

/// Checks an image file, or a stick that was made from one. With its plan, also that every planned
/// file reads back through `fatfs`.
///
/// A stick may be larger than its image, and its data volume changes as captures come onto it; what it
/// boots from does not.
pub fn verify(path: &Path, plan: Option<&MediaPlan>, watch: Watch<'_>) -> Result<ExtentMap, VerifyError> {
    let mut image = open(path)?;
    let size = image.seek(SeekFrom::End(0))?;
    let mut map = read_map(&mut image)?;
    if image.metadata()?.is_file() {
        if map.size != size {
            return Err(MapError::Damaged("the image has another length than it states").into());
        }
    } else {
        if map.size > size {
            return Err(MapError::Damaged("the stick is smaller than its image").into());
        }
        let volumes = Table::read(&mut image, size)?.stretches(size);
        if let Some((_, data, _)) = volumes.iter().find(|(name, ..)| name == DATA_LABEL) {
            map.extents.retain(|extent| extent.offset < *data);
        }
    }
    if plan.is_some_and(|plan| plan.media != map.media || plan.form != map.form || plan.size != map.size) {
        return Err(VerifyError::OtherPlan);
    }
    check_extents(&mut image, &map, plan, watch)?;
    check_table(&mut image, size, map.form, plan)?;
    for partition in plan.iter().flat_map(|plan| &plan.partitions) {
        check_volume(&mut image, partition, watch)?;
    }
    Ok(map)
}

/// Both ends, read by the crate that did not lay them out, and equal to what they would be anew.
pub(crate) fn check_table(
    image: &mut (impl Read + Seek),
    size: u64,
    form: Form,
    plan: Option<&MediaPlan>,
) -> Result<Table, VerifyError> {
    let table = Table::read_strict(form, image, size)?;
    if plan.is_some_and(|plan| Table::of(plan) != table) {
        return Err(VerifyError::OtherPlan);
    }
    if !form.is_stick() {
        // What a disc has instead is among the extents.
        return Ok(table);
    }
    let (mut head, tail) = table.ends(size)?;
    let mut found = vec![0; head.len()];
    let gap = usize::try_from(map::OFFSET).map_err(io::Error::other)?;
    image.seek(SeekFrom::Start(0))?;
    image.read_exact(&mut found)?;
    // A stick's record is its own.
    let record = gap - usize::try_from(stick::ROOM).map_err(io::Error::other)?..gap;
    head[record.clone()].copy_from_slice(&found[record]);
    if found[..gap] != head[..gap] {
        return Err(VerifyError::Digest { offset: 0, what: Some("partition table".into()) });
    }
    image.seek(SeekFrom::Start(size - HEAD))?;
    image.read_exact(&mut found)?;
    if found != tail {
        return Err(VerifyError::Digest { offset: size - HEAD, what: Some("end of the medium".into()) });
    }
    Ok(table)
}

fn check_volume<R: Read + Seek>(image: &mut R, partition: &Partition, watch: Watch<'_>) -> Result<(), VerifyError> {
    let planned = &partition.volume;
    let wrong = |what: String| VerifyError::Volume { label: planned.label_text(), what };
    let window = Window::new(image, partition.offset(), partition.sectors() * SECTOR);
    let fs = FileSystem::new(window, FsOptions::new()).map_err(|e| wrong(e.to_string()))?;
    let stats = fs.stats()?;
    let label = fs.read_volume_label_from_root_dir()?;
    let flags = fs.read_status_flags()?;
    let checks = [
        ("it is not FAT32", fs.fat_type() == FatType::Fat32),
        ("its serial is another", fs.volume_id() == planned.serial),
        ("its label is another", label.as_deref() == Some(planned.label_text().trim_end())),
        ("it is marked as not cleanly unmounted", !flags.dirty() && !flags.io_error()),
        ("its cluster count is another", stats.total_clusters() == planned.geometry.clusters),
        ("its free space is another", stats.free_clusters() == planned.free_clusters()),
    ];
    if let Some((what, _)) = checks.iter().find(|(_, good)| !good) {
        return Err(wrong((*what).to_owned()));
    }
    let total = planned.files.iter().map(|f| f.size).sum();
    let mut walk = Walk { planned, done: 0, total, watch, buffers: (vec![0; 1 << 18], vec![0; 1 << 18]) };
    walk.directory(0, &fs.root_dir())
}

struct Walk<'a> {
    planned: &'a volume::Volume,
    done: u64,
    total: u64,
    watch: Watch<'a>,
    buffers: (Vec<u8>, Vec<u8>),
}

impl Walk<'_> {
    fn wrong(&self, what: String) -> VerifyError {
        VerifyError::Volume { label: self.planned.label_text(), what }
    }

    /// One listing per directory: finding each name by itself would be slow by the square.
    fn directory<R: Read + Seek>(&mut self, number: usize, found: &Dir<'_, Window<&mut R>>) -> Result<(), VerifyError> {
        let directory = &self.planned.directories[number];
        let mut missing: HashMap<&str, volume::Target> =
            directory.entries.iter().map(|entry| (entry.name.as_str(), entry.target)).collect();
        for entry in found.iter() {
            let entry = entry?;
            let name = entry.file_name();
            if name == "." || name == ".." {
                continue;
            }
            let here = format!("{}/{name}", directory.path.trim_end_matches('/'));
            match missing.remove(name.as_str()) {
                Some(volume::Target::Directory(number)) if entry.is_dir() => {
                    self.directory(number, &entry.to_dir())?;
                }
                Some(volume::Target::File(number)) if entry.is_file() => {
                    let file = &self.planned.files[number];
                    if entry.len() != file.size {
                        return Err(self.wrong(format!("{here} is {} bytes, not {}", entry.len(), file.size)));
                    }
                    self.file(&mut entry.to_file(), file)?;
                }
                Some(_) => return Err(self.wrong(format!("{here} is of another kind"))),
                None => return Err(self.wrong(format!("{here} was not planned"))),
            }
        }
        match missing.into_keys().min() {
            Some(name) => Err(self.wrong(format!("{name} is missing in {}", directory.path))),
            None => Ok(()),
        }
    }

    fn file(&mut self, found: &mut impl Read, file: &volume::File) -> Result<(), VerifyError> {
        let mut source = Origin::open(&file.source)?;
        let mut left = file.size;
        while left > 0 {
            let (ours, theirs) = &mut self.buffers;
            let length = ours.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let (ours, theirs) = (&mut ours[..length], &mut theirs[..length]);
            source.read_exact(ours)?;
            found.read_exact(theirs)?;
            if ours != theirs {
                return Err(self.wrong(format!("{} differs from its source", file.path)));
            }
            left -= length as u64;
            self.done += length as u64;
            let progress = Progress { task: "comparing files".into(), done: self.done, total: self.total };
            if (self.watch)(progress) == ControlFlow::Break(()) {
                return Err(VerifyError::Cancelled);
            }
        }
        Ok(())
    }
}
