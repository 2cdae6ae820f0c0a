//! A plan as a table.

use std::fmt;

use super::{Form, MIB, MbrBoot, MediaPlan, Source, keep};

/// The plan as a person reads it before anything is written.
impl fmt::Display for MediaPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, kinds) = match self.form {
            Form::Gpt => ("GPT", ["basic data", "basic data"]),
            Form::Mbr(MbrBoot::Active0c) => ("MBR", ["0x0C active", "0x0C"]),
            Form::Mbr(MbrBoot::Efi) => ("MBR", ["0xEF", "0x0C"]),
            Form::Iso => match self.disc.as_ref().is_some_and(|disc| disc.bios) {
                true => ("ISO 9660 for UEFI and BIOS", ["El Torito", ""]),
                false => ("ISO 9660 for UEFI only", ["El Torito", ""]),
            },
        };
        writeln!(f, "media {}: {} MiB, {table}", self.media, self.size / MIB)?;
        for ((number, partition), kind) in self.partitions.iter().enumerate().zip(kinds) {
            let volume = &partition.volume;
            let geometry = &volume.geometry;
            writeln!(
                f,
                "\n{}. {}  {kind}, FAT32  serial {:04X}-{:04X}  LBA {}..{}  {} MiB",
                number + 1,
                partition.part.label(),
                volume.serial >> 16,
                volume.serial & 0xffff,
                partition.first_lba,
                partition.first_lba + partition.sectors() - 1,
                geometry.bytes() / MIB,
            )?;
            writeln!(
                f,
                "   clusters {} x {} B, {} free; FAT 2 x {} sectors, {} reserved",
                geometry.clusters,
                geometry.cluster_bytes(),
                volume.free_clusters(),
                geometry.fat_sectors,
                geometry.reserved,
            )?;
            writeln!(f, "   {:>8} {:>13}  path", "cluster", "bytes")?;
            for directory in &volume.directories {
                let slash = if directory.is_root() { "" } else { "/" };
                writeln!(f, "   {:>8} {:>13}  {}{slash}", directory.first_cluster, "", directory.path)?;
            }
            for file in &volume.files {
                write!(f, "   {:>8} {:>13}  {}", file.first_cluster, file.size, file.path)?;
                match &file.source {
                    Source::Inline(_) => writeln!(f)?,
                    Source::Path(path) => writeln!(f, "  <- {}", path.display())?,
                    Source::Inside { path, .. } => writeln!(f, "  <- in {}", path.display())?,
                }
            }
        }
        if let Some(keep) = &self.keep {
            let number = self.partitions.len() + 1;
            writeln!(f, "\n{number}. {}  Linux  LBA {}.. to the end of the stick", keep::KEEP_LABEL, keep.first_lba)?;
        }
        Ok(())
    }
}
