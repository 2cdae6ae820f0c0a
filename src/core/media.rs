//! What a boot medium will be, computed before its first byte: partitions, volumes, files, extents.
//!
//! Owns the layout (`WGBOOT` and `WGDATA` as FAT32, in the partitions of one of several forms), the identifiers
//! that follow from the media id, and the extent map by which an image describes itself. Turning a
//! plan into bytes is `whiteglove-image`'s.
//!
//! Why basic data and never the ESP type: Windows Setup expects a single ESP and fails when the
//! stick brings a second, and Windows does not mount one (facts: Rufus #461). Firmware boots
//! `\EFI\BOOT\BOOTX64.EFI` from basic data on removable media all the same.
//!
//! Invariant: a plan depends on its `Spec` alone, in any order of items: same inputs, same bytes.

use sha2::{Digest, Sha256};

use crate::media_card::MediaId;
use crate::problem::Problem;

mod form;
pub mod iso;
mod item;
pub mod keep;
pub mod manifest;
pub mod map;
pub mod name;
pub mod piece;
mod recipe;
mod show;
pub mod sign;
pub mod stick;
pub mod summary;
pub mod tree;
pub mod volume;

pub use form::{Form, MbrBoot, UnknownForm};
use iso::{Disc, DiscError};
pub use item::{Contents, Item, Source};
use keep::Keep;
use map::MAX_EXTENTS;
pub use recipe::{Generation, Kind, Recipe, UnknownGeneration, Windows};
use tree::Tree;
use volume::{Geometry, SECTOR, Volume, VolumeError};

pub const MIB: u64 = 1 << 20;
/// Partition table, then the extent map, then nothing up to here. Also kept free at the end, for the
/// backup table.
pub const HEAD: u64 = MIB;
/// Unit of digesting, reading and writing.
pub const CHUNK: u64 = 4 * MIB;
/// What firmware and people see of the boot volume.
pub const BOOT_LABEL: &str = "WGBOOT";
/// Captures come back on this one.
pub const DATA_LABEL: &str = "WGDATA";
/// Smaller boot volumes are legal; firmware that miscounts clusters is not worth the saving.
pub const MIN_BOOT: u64 = 512 * MIB;
pub const DEFAULT_DATA: u64 = 256 * MIB;
/// Room left for what a technician drops on the boot volume.
const BOOT_SLACK: u64 = 64 * MIB;
const DATA_SLACK: u64 = 16 * MIB;

/// What to plan.
#[derive(Debug, Clone)]
pub struct Spec {
    pub media: MediaId,
    pub form: Form,
    pub contents: Contents,
    /// `None`: 512 MiB, or what the content and some room need.
    pub boot_size: Option<u64>,
    /// `None`: 256 MiB, or what the content and some room need.
    pub data_size: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("volume {label}: {reason}")]
    Volume { label: &'static str, reason: VolumeError },
    #[error(
        "the content is {content} bytes; one image holds at most {most} (large payloads belong on the bench, served over HTTP)"
    )]
    TooMuchContent { content: u64, most: u64 },
    #[error(transparent)]
    Disc(#[from] DiscError),
}

impl PlanError {
    /// For the person who asked for the medium.
    pub fn problem(&self) -> Problem {
        let next = match self {
            Self::Volume { reason: VolumeError::Name { .. } | VolumeError::Collision { .. }, .. } => "Rename the file.",
            Self::Volume { reason: VolumeError::Depth { .. }, .. } => "Put it into fewer or shorter folders.",
            Self::Volume { reason: VolumeError::FileTooLarge { .. }, .. } => {
                "Split it (a WIM splits into SWM parts), or leave it on the bench to be served over HTTP."
            }
            Self::Volume { reason: VolumeError::DirectoryTooLarge { .. }, .. } => "Spread the files over more folders.",
            Self::Volume { reason: VolumeError::TooSmall { .. } | VolumeError::TooFewClusters { .. }, .. } => {
                "Ask for a larger volume."
            }
            Self::Disc(DiscError::LongName { .. } | DiscError::Semicolon { .. }) => {
                "Rename the file, or build a stick."
            }
            Self::Volume { reason: VolumeError::TooLarge { .. }, .. }
            | Self::TooMuchContent { .. }
            | Self::Disc(DiscError::TooLarge) => "Put less on the stick; the bench serves large payloads over HTTP.",
        };
        Problem::new("The medium cannot be made like this", self.to_string(), next)
    }
}

/// The two volumes of a medium, and what their identifiers are derived from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Boot,
    Data,
}

impl Part {
    pub fn label(self) -> &'static str {
        match self {
            Self::Boot => BOOT_LABEL,
            Self::Data => DATA_LABEL,
        }
    }

    /// The FAT volume serial of this part of a medium; known before the plan, so that the media
    /// card inside the boot volume can name the data volume.
    pub fn serial(self, media: MediaId) -> u32 {
        let [a, b, c, d, ..] = derive(media, &format!("serial {}", self.label()));
        u32::from_le_bytes([a, b, c, d])
    }
}

/// An identifier of this medium for one use: SHA-256 of the use and the media id, in a version 8
/// UUID (RFC 9562, 5.8). No clock and no randomness, so an image can be built again bit by bit.
fn derive(media: MediaId, usage: &str) -> [u8; 16] {
    let digest = Sha256::new().chain_update(b"whiteglove media ").chain_update(usage).chain_update(media.0).finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    id[6] = id[6] & 0x0f | 0x80;
    id[8] = id[8] & 0x3f | 0x80;
    id
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    pub part: Part,
    /// As fields are written in text, big-endian.
    pub guid: [u8; 16],
    pub first_lba: u64,
    pub volume: Volume,
}

impl Partition {
    pub fn offset(&self) -> u64 {
        self.first_lba * SECTOR
    }

    pub fn sectors(&self) -> u64 {
        u64::from(self.volume.geometry.sectors)
    }

    /// The bytes of the image that this partition fills; the rest of it is free space.
    pub fn content(&self) -> std::ops::Range<u64> {
        self.offset()..self.offset() + self.volume.content_len()
    }

    /// The content in stretches of at most `CHUNK`: offset and length.
    pub fn chunks(&self) -> impl Iterator<Item = (u64, u64)> + use<> {
        let mut content = self.content();
        std::iter::from_fn(move || {
            let (at, length) = (content.start, CHUNK.min(content.end - content.start));
            content.start += length;
            (length > 0).then_some((at, length))
        })
    }
}

/// A stretch of the image that holds something, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    pub offset: u64,
    pub length: u64,
    pub what: String,
}

/// Everything about an image but its files' bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaPlan {
    pub media: MediaId,
    pub form: Form,
    /// Of a GPT; the first four bytes are the disk signature of an MBR.
    pub disk_guid: [u8; 16],
    /// The image's length in bytes; a stick may be larger.
    pub size: u64,
    /// Boot, then data, in the order of their sectors.
    pub partitions: Vec<Partition>,
    /// Behind them, if a machine is to run from this medium.
    pub keep: Option<Keep>,
    /// What makes it a disc.
    pub disc: Option<Disc>,
}

impl MediaPlan {
    pub fn new(spec: Spec) -> Result<Self, PlanError> {
        let Spec { media, form, contents, boot_size, data_size } = spec;
        if !form.is_stick() {
            return Self::disc(media, contents, boot_size);
        }
        let mut at = HEAD;
        let mut partitions = Vec::new();
        let parts = [
            (Part::Boot, contents.boot, boot_size, MIN_BOOT, BOOT_SLACK),
            (Part::Data, contents.data, data_size, DEFAULT_DATA, DATA_SLACK),
        ];
        for (part, items, size, least, slack) in parts {
            let volume = plan_volume(media, part, items, size.unwrap_or(0), (least, slack), at)
                .map_err(|reason| PlanError::Volume { label: part.label(), reason })?;
            let guid = derive(media, &format!("partition {}", part.label()));
            let first_lba = at / SECTOR;
            at += volume.geometry.bytes();
            partitions.push(Partition { part, guid, first_lba, volume });
        }
        let size = at + HEAD;
        Self { media, form, disk_guid: derive(media, "disk"), size, partitions, keep: None, disc: None }.bounded()
    }

    /// One volume with everything: nothing comes back on a disc.
    fn disc(media: MediaId, contents: Contents, size: Option<u64>) -> Result<Self, PlanError> {
        let Contents { boot, data, bios } = contents.read_only();
        let bios = bios.as_deref();
        let failed = |reason| PlanError::Volume { label: BOOT_LABEL, reason };
        let tree = Tree::grow(boot.into_iter().chain(data).collect()).map_err(failed)?;
        let at = Disc::volume_offset(tree.directories(), bios);
        let size = size.map_or_else(|| tree.volume_size(iso::MIN_VOLUME, MIB), |size| size.next_multiple_of(MIB));
        let volume = volume_of(media, Part::Boot, tree, size, at).map_err(failed)?;
        let disc = Disc::lay_out(&volume, bios)?;
        let guid = derive(media, &format!("partition {BOOT_LABEL}"));
        let size = at + volume.geometry.bytes();
        let partitions = vec![Partition { part: Part::Boot, guid, first_lba: at / SECTOR, volume }];
        let plan = Self {
            media,
            form: Form::Iso,
            disk_guid: derive(media, "disk"),
            size,
            partitions,
            keep: None,
            disc: Some(disc),
        };
        plan.bounded()
    }

    fn bounded(self) -> Result<Self, PlanError> {
        let plan = self;
        let content: u64 = plan.partitions.iter().map(|p| p.volume.content_len()).sum();
        if plan.chunks().count() > MAX_EXTENTS {
            return Err(PlanError::TooMuchContent { content, most: MAX_EXTENTS as u64 * CHUNK });
        }
        Ok(plan)
    }

    /// The stretches that are written and digested as one, in order: content, nothing else.
    pub fn chunks(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let disc = self.disc_parts().into_iter().flat_map(|(at, bytes)| {
            let starts = (0..bytes.len() as u64).step_by(usize::try_from(CHUNK).unwrap_or(1));
            starts.map(move |start| (at + start, CHUNK.min(bytes.len() as u64 - start)))
        });
        let volumes = self.partitions.iter().flat_map(Partition::chunks);
        disc.chain(volumes).chain(self.keep.as_ref().map(Keep::blank))
    }

    /// What lies before the volume of a disc: offset and bytes, in order.
    pub fn disc_parts(&self) -> Vec<(u64, &[u8])> {
        let Some(disc) = &self.disc else { return vec![] };
        vec![(iso::DESCRIPTORS, &disc.descriptors), (HEAD, &disc.tree)]
    }

    /// Everything that will be written, in the order of its place.
    pub fn extents(&self) -> Vec<Extent> {
        let head = if self.form.is_stick() { "partition table, extent map" } else { "disc descriptors, extent map" };
        let mut all = vec![Extent { offset: 0, length: HEAD, what: head.into() }];
        let trees = self.disc.iter().map(|disc| disc.tree.len() as u64);
        all.extend(trees.map(|length| Extent { offset: HEAD, length, what: "trees of the disc".into() }));
        for partition in &self.partitions {
            let volume = &partition.volume;
            let geometry = &volume.geometry;
            let label = partition.part.label();
            let at = |cluster| partition.offset() + geometry.cluster_offset(cluster);
            let long = |clusters: u32| u64::from(clusters) * geometry.cluster_bytes();
            let reserved = u64::from(geometry.reserved) * SECTOR;
            let mut push = |offset, length, what| all.push(Extent { offset, length, what });
            push(partition.offset(), reserved, format!("{label} boot sectors"));
            push(partition.offset() + reserved, 2 * geometry.fat_bytes(), format!("{label} allocation tables"));
            for directory in &volume.directories {
                push(
                    at(directory.first_cluster),
                    long(directory.clusters),
                    format!("{label} directory {}", directory.path),
                );
            }
            for file in volume.files.iter().filter(|file| file.clusters > 0) {
                push(at(file.first_cluster), long(file.clusters), format!("{label} {}", file.path));
            }
        }
        if let Some((offset, length)) = self.keep.as_ref().map(Keep::blank) {
            all.push(Extent { offset, length, what: format!("{} beginning", keep::KEEP_LABEL) });
        }
        let tail = match self.form {
            Form::Gpt => "backup partition table",
            // Zeros, so that an old backup table of a used stick does not come back.
            Form::Mbr(_) => "end of the medium",
            Form::Iso => return all,
        };
        all.push(Extent { offset: self.size - HEAD, length: HEAD, what: tail.into() });
        all
    }

    /// What lies at a byte of the image, for error messages.
    pub fn what_is_at(&self, offset: u64) -> String {
        let hit = self.extents().into_iter().find(|e| (e.offset..e.offset + e.length).contains(&offset));
        hit.map_or_else(|| "free space".to_owned(), |extent| extent.what)
    }

    pub fn partition(&self, part: Part) -> Option<&Partition> {
        self.partitions.iter().find(|partition| partition.part == part)
    }
}

fn plan_volume(
    media: MediaId,
    part: Part,
    items: Vec<Item>,
    size: u64,
    (least, slack): (u64, u64),
    offset: u64,
) -> Result<Volume, VolumeError> {
    let tree = Tree::grow(items)?;
    let size = if size == 0 { tree.volume_size(least, slack) } else { size.next_multiple_of(MIB) };
    volume_of(media, part, tree, size, offset)
}

fn volume_of(media: MediaId, part: Part, tree: Tree, size: u64, offset: u64) -> Result<Volume, VolumeError> {
    let geometry = Geometry::fit(size)?;
    let hidden = u32::try_from(offset / SECTOR).map_err(|_| VolumeError::TooLarge { size })?;
    let mut label = [b' '; 11];
    for (slot, byte) in label.iter_mut().zip(part.label().bytes()) {
        *slot = byte;
    }
    tree.lay_out(label, part.serial(media), hidden, geometry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        Spec {
            media: MediaId([0x5a; 16]),
            form: Form::Gpt,
            contents: Contents {
                boot: vec![
                    Item::host("EFI/BOOT/BOOTX64.EFI", 950_000, "/boot/shim".into()),
                    Item::inline("boot/media.cpio", vec![1; 700]),
                    Item::inline("README.TXT", b"If found, please return.".to_vec()),
                ],
                data: vec![Item::directory("captures")],
                bios: None,
            },
            boot_size: None,
            data_size: None,
        }
    }

    #[test]
    fn the_plan_reads_as_a_table() {
        insta::assert_snapshot!(MediaPlan::new(spec()).unwrap().to_string());
    }

    #[test]
    fn the_form_changes_the_table_and_no_volume() {
        let gpt = MediaPlan::new(spec()).unwrap();
        for (form, said) in [
            (Form::Mbr(MbrBoot::Active0c), "WGBOOT  0x0C active, FAT32"),
            (Form::Mbr(MbrBoot::Efi), "WGBOOT  0xEF, FAT32"),
        ] {
            let mbr = MediaPlan::new(Spec { form, ..spec() }).unwrap();
            assert_eq!((&mbr.partitions, mbr.size), (&gpt.partitions, gpt.size));
            assert!(mbr.to_string().contains(said), "{mbr}");
        }
    }

    #[test]
    fn room_to_keep_something_lies_behind_the_volumes_and_changes_neither() {
        let plain = MediaPlan::new(spec()).unwrap();
        let plan = plain.clone().keeping();
        assert_eq!((&plan.partitions, plan.disk_guid), (&plain.partitions, plain.disk_guid));
        let keep = plan.keep.clone().unwrap();
        let data = plan.partition(Part::Data).unwrap();
        assert_eq!(keep.first_lba, data.first_lba + data.sectors());
        assert_eq!(plan.size, plain.size + (16 << 20));
        assert_eq!(plan.chunks().last(), Some(keep.blank()));
        assert_eq!(plan.what_is_at(keep.blank().0), "WGSTATE beginning");
        // On a larger stick it takes what is there, but for the last MiB, whatever its size.
        assert_eq!(keep::Keep::last_lba(plan.size) + 1, (plan.size - HEAD) / SECTOR);
        assert_eq!(keep::Keep::last_lba((4 << 30) + 512) + 1, (4 << 21) + 1 - 2048);
        assert!(
            plan.to_string()
                .ends_with(&format!("3. WGSTATE  Linux  LBA {}.. to the end of the stick\n", keep.first_lba))
        );
    }

    #[test]
    fn identifiers_follow_from_the_media_id() {
        let plan = MediaPlan::new(spec()).unwrap();
        assert_eq!(plan, MediaPlan::new(spec()).unwrap());
        let other = MediaPlan::new(Spec { media: MediaId([0x5b; 16]), ..spec() }).unwrap();
        assert_ne!(plan.disk_guid, other.disk_guid);
        for (ours, theirs) in plan.partitions.iter().zip(&other.partitions) {
            assert_ne!(ours.guid, theirs.guid);
            assert_ne!(ours.volume.serial, theirs.volume.serial);
            assert_eq!(ours.volume.serial, ours.part.serial(plan.media));
            assert_eq!((ours.guid[6] >> 4, ours.guid[8] >> 6), (8, 2));
        }
        assert_ne!(plan.partitions[0].guid, plan.partitions[1].guid);
    }

    #[test]
    fn extents_and_chunks_cover_the_same_content() {
        let plan = MediaPlan::new(spec()).unwrap();
        let extents = plan.extents();
        assert!(extents.windows(2).all(|pair| pair[0].offset + pair[0].length <= pair[1].offset));
        assert_eq!(extents.last().map(|e| e.offset + e.length), Some(plan.size));
        let inner: u64 = extents[1..extents.len() - 1].iter().map(|e| e.length).sum();
        // Chunks round the content of a volume up to 4 KiB.
        let chunks: u64 = plan.chunks().map(|(_, length)| length).sum();
        assert!(chunks >= inner && chunks - inner < 8192);
        assert!(plan.chunks().all(|(at, length)| at % 4096 == 0 && length % 4096 == 0 && length <= CHUNK));
        assert_eq!(plan.what_is_at(0), "partition table, extent map");
        assert_eq!(plan.what_is_at(1 << 20), "WGBOOT boot sectors");
        assert_eq!(plan.what_is_at(plan.size - 1), "backup partition table");
    }

    #[test]
    fn the_boot_volume_grows_with_its_content() {
        let boot = vec![Item::host("a", 3 << 30, "/a".into()), Item::host("b", 3 << 30, "/b".into())];
        let with = |boot| Contents { boot, ..spec().contents };
        let plan = MediaPlan::new(Spec { contents: with(boot), ..spec() }).unwrap();
        let volume = &plan.partitions[0].volume;
        assert!(u64::from(volume.free_clusters()) * volume.geometry.cluster_bytes() >= BOOT_SLACK);
        assert!(volume.geometry.bytes() < (6 << 30) + 100 * MIB);
        let many = (0..20).map(|n| Item::host(format!("f{n}"), 2 << 30, "/f".into())).collect();
        let refused = MediaPlan::new(Spec { contents: with(many), ..spec() });
        assert!(matches!(refused, Err(PlanError::TooMuchContent { .. })));
        let refused = MediaPlan::new(Spec { data_size: Some(20 << 20), ..spec() });
        assert!(matches!(refused, Err(PlanError::Volume { label: "WGDATA", .. })));
    }
}
