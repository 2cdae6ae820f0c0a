//! Room for what a machine that runs from the medium keeps: a partition behind the volumes, up to the last MiB of
//! whatever the image is written to.
//!
//! It lies outside what an image states of itself, but for its beginning: that is blank after a whole write, so
//! nothing that was on a used stick is taken for what the machine kept. An update leaves it alone, as it does all
//! that begins at the data volume.

use super::{HEAD, MIB, MediaPlan, derive, volume::SECTOR};

/// As the partition table names it.
pub const KEEP_LABEL: &str = "WGSTATE";
/// Of the partition in an image, where it holds nothing yet.
const ROOM: u64 = 16 * MIB;
/// How much of it a whole write leaves as zeros.
pub const BLANK: u64 = MIB;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// As fields are written in text, big-endian.
    pub guid: [u8; 16],
    pub first_lba: u64,
}

impl Keep {
    /// Its blank beginning: offset and length in bytes.
    pub fn blank(&self) -> (u64, u64) {
        (self.first_lba * SECTOR, BLANK)
    }

    /// Where it ends on a medium of `size` bytes.
    pub fn last_lba(size: u64) -> u64 {
        (size.saturating_sub(HEAD) / SECTOR).saturating_sub(1)
    }
}

impl MediaPlan {
    /// The same medium with such room behind its volumes.
    #[must_use]
    pub fn keeping(self) -> Self {
        let first_lba = (self.size - HEAD) / SECTOR;
        let keep = Keep { guid: derive(self.media, &format!("partition {KEEP_LABEL}")), first_lba };
        Self { size: self.size + ROOM, keep: Some(keep), ..self }
    }
}
