//! The partition table of a disk or image, of either kind, apart from where it lies.

use std::io::{self, Read, Seek};

use whiteglove_core::media::{Form, MediaPlan, stick::Own};

use crate::{gpt::Gpt, iso::Disc, mbr::Mbr};

/// Bytes at either end of a disk that a table can take.
pub(crate) const END: usize = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("there is no valid partition table: {0}")]
    Gpt(String),
    #[error("the partition table is not one of ours: {0}")]
    Foreign(&'static str),
    #[error(transparent)]
    Io(#[from] io::Error),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Table {
    Gpt(Gpt),
    Mbr(Mbr),
    Disc(Disc),
}

impl Table {
    pub(crate) fn of(plan: &MediaPlan) -> Self {
        match plan.form {
            Form::Gpt => Self::Gpt(Gpt::of(plan)),
            Form::Mbr(_) => Self::Mbr(Mbr::of(plan)),
            Form::Iso => Self::Disc(Disc::of(plan)),
        }
    }

    /// The same partitions with a stick's own identifiers.
    pub(crate) fn personalised(&self, own: Own) -> Self {
        match self {
            Self::Gpt(table) => Self::Gpt(table.personalised(own)),
            Self::Mbr(table) => Self::Mbr(table.personalised(own)),
            Self::Disc(disc) => Self::Disc(*disc),
        }
    }

    /// Whatever the disk has; a GPT counts when it is damaged at one end, too. The bytes may be anybody's.
    pub(crate) fn read(disk: &mut (impl Read + Seek), size: u64) -> Result<Self, TableError> {
        match Gpt::read(disk, size) {
            Ok(table) => Ok(Self::Gpt(table)),
            Err(no_gpt) => Mbr::read(disk, size).map(Self::Mbr).map_err(|_| no_gpt),
        }
    }

    /// The table of a medium that says it has this form, whole.
    pub(crate) fn read_strict(form: Form, disk: &mut (impl Read + Seek), size: u64) -> Result<Self, TableError> {
        match form {
            Form::Gpt => Gpt::read_strict(disk, size).map(Self::Gpt),
            Form::Mbr(_) => {
                let table = Mbr::read(disk, size)?;
                table.check(size)?;
                Ok(Self::Mbr(table))
            }
            Form::Iso => Disc::read(disk, size).map(Self::Disc),
        }
    }

    /// Name, offset and length in bytes of every partition that lies on the disk.
    pub(crate) fn stretches(&self, size: u64) -> Vec<(String, u64, u64)> {
        match self {
            Self::Gpt(table) => table.stretches(size),
            Self::Mbr(table) => table.stretches(size),
            Self::Disc(disc) => vec![disc.stretch()],
        }
    }

    /// The first and the last MiB of a disk of `size` bytes that has this table and nothing else.
    pub(crate) fn ends(&self, size: u64) -> Result<(Vec<u8>, Vec<u8>), TableError> {
        match self {
            Self::Gpt(table) => table.ends(size),
            Self::Mbr(table) => {
                let mut head = vec![0; END];
                let sector = table.sector();
                head[..sector.len()].copy_from_slice(&sector);
                Ok((head, vec![0; END]))
            }
            Self::Disc(_) => Err(TableError::Foreign("a disc has none")),
        }
    }
}
