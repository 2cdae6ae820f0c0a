//! The boot environment: a directory with Debian's signed shim, GRUB and kernel, our initramfs, and
//! `bootenv.json`, which names every file with its size, SHA-256 and the package it came from.
//!
//! Invariant: nothing of it is used before its digest matched, and the directory appears whole or
//! not at all. No secret is in it; what belongs to one medium travels in [`media_cpio`].

mod bench_box;
mod build;
mod grub;
mod ipxe;
mod pe;
mod served;
pub mod signers;
mod winpe;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use whiteglove_core::media_card::{MediaCard, StickCard};
use whiteglove_core::problem::Problem;

pub use bench_box::{BenchBox, BenchBoxError, FOLDER as BENCH_BOX_FOLDER, bench_box_grub_cfg};
pub use build::{BuildInputs, build};
pub use grub::{KERNEL_ARGUMENTS, grub_cfg, network_grub_cfg};
pub use ipxe::{ipxe_script, memtest_script};
#[cfg(any(test, feature = "testing"))]
pub use pe::made;
pub use pe::{PeError, architecture};
pub use served::{Content, Served, served};
pub use winpe::{WIMBOOT, WinPe, WinPeError};

use crate::initramfs::{Initramfs, InitramfsError};
use crate::modules::ModulesError;

/// Largest initramfs we accept at [`Effort::Release`](crate::initramfs::Effort). It is read by
/// firmware USB drivers (5 MB/s on a bad day) and fetched by every laptop that boots from the network.
pub const INITRD_BUDGET_BYTES: u64 = 10 << 20;

const FORMAT: u32 = 1;
const MANIFEST: &str = "bootenv.json";

/// The files of a boot environment by role. A closed set: names in a manifest are compared, never joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Shim,
    MokManager,
    Grub,
    NetworkGrub,
    Kernel,
    Initrd,
    BiosIpxe,
    MemtestEfi,
    MemtestBios,
    DiscGrub,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Shim => "shimx64.efi",
            Self::MokManager => "mmx64.efi",
            Self::Grub => "grubx64.efi",
            Self::NetworkGrub => "grubnetx64.efi",
            Self::Kernel => "vmlinuz",
            Self::Initrd => "initrd.zst",
            Self::BiosIpxe => "undionly.kpxe",
            Self::MemtestEfi => "memtest.efi",
            Self::MemtestBios => "memtest.bin",
            Self::DiscGrub => "grubcd.img",
        }
    }

    /// Whether Secure Boot has a say in it: not for BIOS machines, and nobody signs a memory test.
    fn is_signed(self) -> bool {
        match self {
            Self::Shim | Self::MokManager | Self::Grub | Self::NetworkGrub | Self::Kernel => true,
            Self::Initrd | Self::BiosIpxe | Self::MemtestEfi | Self::MemtestBios | Self::DiscGrub => false,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum BootError {
    #[error("there is no boot environment in {}", dir.display())]
    Missing { dir: PathBuf },
    #[error("the boot environment in {} cannot be understood: {why}", dir.display())]
    Manifest { dir: PathBuf, why: String },
    #[error("{} is not what bootenv.json says: {why}", path.display())]
    Changed { path: PathBuf, why: String },
    #[error("{} cannot be read or written: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("the unpacked packages hold no {what}")]
    NotUnpacked { what: &'static str, package: &'static str },
    #[error("{} cannot be booted with Secure Boot: {source}", path.display())]
    NotSigned { path: PathBuf, source: PeError },
    #[error(transparent)]
    Modules(#[from] ModulesError),
    #[error("{} cannot go into the initramfs: {source}", path.display())]
    Agent { path: PathBuf, source: InitramfsError },
    #[error("the boot environment in {} has no GRUB for the network", dir.display())]
    NoNetworkGrub { dir: PathBuf },
    #[error("the archive with the media card cannot be made: {0}")]
    Card(InitramfsError),
    #[error("the initramfs is {size} bytes, its budget is {budget}")]
    OverBudget { size: u64, budget: u64, largest: Vec<(String, usize)> },
    #[error("cancelled")]
    Cancelled,
}

impl From<BootError> for Problem {
    fn from(error: BootError) -> Self {
        let what = error.to_string();
        let (why, next) = match error {
            BootError::Missing { .. } => (
                "Debian's boot chain has not been fetched yet, or was fetched to another place".to_owned(),
                "run scripts/bootenv (about two minutes the first time)".to_owned(),
            ),
            BootError::Manifest { .. } => (
                "it was made by another version of whiteglove, or bootenv.json was edited".to_owned(),
                "run scripts/bootenv to make it anew".to_owned(),
            ),
            BootError::Changed { .. } => (
                "the file was changed or damaged after it was made".to_owned(),
                "run scripts/bootenv to make it anew; if it happens again, check this disk".to_owned(),
            ),
            BootError::Io { .. } => (
                "the file system refused, as said above".to_owned(),
                "check free space and permissions, then run scripts/bootenv again".to_owned(),
            ),
            BootError::NotUnpacked { package, .. } => (
                format!("it comes from Debian's package {package}"),
                "run scripts/bootenv --refresh".to_owned(),
            ),
            BootError::NotSigned { .. } => (
                "firmware with Secure Boot on starts only what Microsoft, and after it Debian, signed".to_owned(),
                "run scripts/bootenv --refresh; a package named *-unsigned is the wrong one".to_owned(),
            ),
            BootError::Modules(ModulesError::Unknown { .. }) => (
                "this kernel dropped or renamed it".to_owned(),
                "correct the list in image/src/modules/wanted.rs, or mark the module optional there".to_owned(),
            ),
            BootError::Modules(_) => (
                "the unpacked kernel package is damaged or mixed with another".to_owned(),
                "delete the whiteglove cache directory (~/.cache/whiteglove/tree) and run scripts/bootenv again".to_owned(),
            ),
            BootError::Agent { .. } => (
                "the kernel starts the agent before any library exists".to_owned(),
                "let scripts/bootenv build the agent; by hand, build it with -C target-feature=+crt-static".to_owned(),
            ),
            BootError::NoNetworkGrub { .. } => (
                "it was made before it carried that".to_owned(),
                "run scripts/bootenv to make it anew".to_owned(),
            ),
            BootError::Card(_) => (
                "the card does not fit into it".to_owned(),
                "report this; it is a defect of whiteglove".to_owned(),
            ),
            BootError::OverBudget { largest, .. } => (
                format!(
                    "largest modules: {}",
                    largest.iter().map(|(name, size)| format!("{name} {} KiB", size / 1024)).collect::<Vec<_>>().join(", ")
                ),
                "remove what no laptop needs from image/src/modules/wanted.rs, or raise the budget in image/src/boot.rs with a reason".to_owned(),
            ),
            BootError::Cancelled => ("it was asked for".to_owned(), "run scripts/bootenv when you want it".to_owned()),
        };
        Self::new(what, why, next)
    }
}

/// One file whose content matched its digest when the environment was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootFile {
    pub path: PathBuf,
    pub size: u64,
    pub sha256: [u8; 32],
    /// `package version` as Debian names them; for the initramfs, what it was made of.
    pub source: String,
}

/// A boot environment that was checked file by file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootEnv {
    pub dir: PathBuf,
    pub kernel_release: String,
    pub shim: BootFile,
    /// Lets a person enrol keys at boot; the chain works without it.
    pub mok_manager: Option<BootFile>,
    pub grub: BootFile,
    /// The GRUB that loads by TFTP or HTTP; an environment made before it was carried has none.
    pub network_grub: Option<BootFile>,
    pub kernel: BootFile,
    pub initrd: BootFile,
    /// iPXE over the network driver in a BIOS machine's ROM, for its boot by PXE.
    pub bios_ipxe: Option<BootFile>,
    /// Memtest86+. UEFI starts it with Secure Boot off only.
    pub memtest_efi: Option<BootFile>,
    pub memtest_bios: Option<BootFile>,
    /// GRUB as a BIOS starts it from a disc (El Torito); an environment made before it was carried has none.
    pub disc_grub: Option<BootFile>,
    pub modules: Vec<String>,
    /// Modules whose hardware may want a firmware file, none of which is carried.
    pub asking_for_firmware: Vec<String>,
    pub initrd_budget_bytes: u64,
}

impl BootEnv {
    /// Reads `bootenv.json` and every file it names, and compares their digests.
    pub fn open(dir: &Path) -> Result<Self, BootError> {
        let manifest = Manifest::read(dir)?;
        let required = |role| {
            manifest.check(dir, role)?.ok_or_else(|| BootError::Manifest {
                dir: dir.to_owned(),
                why: format!("it lists no {}", Role::name(role)),
            })
        };
        Ok(Self {
            shim: required(Role::Shim)?,
            mok_manager: manifest.check(dir, Role::MokManager)?,
            grub: required(Role::Grub)?,
            network_grub: manifest.check(dir, Role::NetworkGrub)?,
            kernel: required(Role::Kernel)?,
            initrd: required(Role::Initrd)?,
            bios_ipxe: manifest.check(dir, Role::BiosIpxe)?,
            memtest_efi: manifest.check(dir, Role::MemtestEfi)?,
            memtest_bios: manifest.check(dir, Role::MemtestBios)?,
            disc_grub: manifest.check(dir, Role::DiscGrub)?,
            dir: dir.to_owned(),
            kernel_release: manifest.kernel_release,
            modules: manifest.modules,
            asking_for_firmware: manifest.asking_for_firmware,
            initrd_budget_bytes: manifest.initrd_budget_bytes,
        })
    }

    /// All files: those of the agent in the order in which a laptop reads them, then the others.
    pub fn files(&self) -> impl Iterator<Item = &BootFile> {
        let loaders = [&self.shim].into_iter().chain(&self.mok_manager).chain([&self.grub]).chain(&self.network_grub);
        let others = self.bios_ipxe.iter().chain(&self.memtest_efi).chain(&self.memtest_bios).chain(&self.disc_grub);
        loaders.chain([&self.kernel, &self.initrd]).chain(others)
    }
}

/// `bootenv.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    kernel_release: String,
    files: Vec<ManifestFile>,
    modules: Vec<String>,
    #[serde(default)]
    asking_for_firmware: Vec<String>,
    initrd_budget_bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct ManifestFile {
    name: String,
    size: u64,
    #[serde(with = "hex::serde")]
    sha256: [u8; 32],
    source: String,
}

impl Manifest {
    fn read(dir: &Path) -> Result<Self, BootError> {
        let path = dir.join(MANIFEST);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(BootError::Missing { dir: dir.to_owned() }),
            Err(source) => return Err(BootError::Io { path, source }),
        };
        let bad = |why: String| BootError::Manifest { dir: dir.to_owned(), why };
        let manifest: Self = serde_json::from_slice(&text).map_err(|e| bad(e.to_string()))?;
        if manifest.format != FORMAT {
            return Err(bad(format!("its format is {}, this program knows {FORMAT}", manifest.format)));
        }
        Ok(manifest)
    }

    /// The listed file of this role, once its size and digest match.
    fn check(&self, dir: &Path, role: Role) -> Result<Option<BootFile>, BootError> {
        let Some(listed) = self.files.iter().find(|file| file.name == role.name()) else { return Ok(None) };
        let path = dir.join(role.name());
        let (size, sha256) = match digest(&path) {
            Ok(found) => found,
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                return Err(BootError::Changed { path, why: "it is not there".to_owned() });
            }
            Err(source) => return Err(BootError::Io { path, source }),
        };
        if size != listed.size {
            return Err(BootError::Changed { path, why: format!("{size} bytes instead of {}", listed.size) });
        }
        if sha256 != listed.sha256 {
            return Err(BootError::Changed { path, why: "its SHA-256 differs".to_owned() });
        }
        Ok(Some(BootFile { path, size, sha256, source: listed.source.clone() }))
    }
}

fn digest(path: &Path) -> io::Result<(u64, [u8; 32])> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((size, hasher.finalize().into())),
            n => {
                hasher.update(&buffer[..n]);
                size += n as u64;
            }
        }
    }
}

/// The second initrd, which makes one medium different from another: `card` (the JSON of a
/// [`MediaCard`]) at [`MediaCard::PATH`], and beside it room for the number of each stick. Uncompressed, so that it
/// can be made and read anywhere.
pub fn media_cpio(card: &[u8]) -> Result<Vec<u8>, InitramfsError> {
    let mut root = Initramfs::default();
    root.file(MediaCard::PATH.trim_start_matches('/'), card.to_vec(), 0o600);
    root.file(StickCard::PATH.trim_start_matches('/'), StickCard::blank(), 0o600);
    root.cpio()
}

#[cfg(test)]
mod tests;
