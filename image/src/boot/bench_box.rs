//! What a bench box is made of: a directory with the signed boot chain, an initramfs that finds the stick, a Debian
//! and the layer over it with whiteglove, and `box.json`, which names every file with its size and SHA-256.
//!
//! Invariant: as for a boot environment, nothing of it is used before its digest matched. The chain up to the kernel is
//! checked by the firmware with Secure Boot; what comes after it, as on every Debian, is not.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use whiteglove_core::problem::Problem;

use super::{BootEnv, BootError, BootFile, digest, pe};

const FORMAT: u32 = 1;
const MANIFEST: &str = "box.json";
/// What is in it, for a person: Debian's packages and their versions, a line each.
const PACKAGES: &str = "packages";
/// The folder of the boot volume that holds all of it; the initramfs knows it too.
pub const FOLDER: &str = "box";

/// A closed set: names in a manifest are compared, never joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Shim,
    MokManager,
    Grub,
    Kernel,
    Initrd,
    Debian,
    Bench,
    Packages,
}

const ROLES: [Role; 8] =
    [Role::Shim, Role::MokManager, Role::Grub, Role::Kernel, Role::Initrd, Role::Debian, Role::Bench, Role::Packages];

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Shim => "shimx64.efi",
            Self::MokManager => "mmx64.efi",
            Self::Grub => "grubx64.efi",
            Self::Kernel => "vmlinuz",
            Self::Initrd => "initrd.img",
            Self::Debian => "debian.squashfs",
            Self::Bench => "bench.squashfs",
            Self::Packages => PACKAGES,
        }
    }

    /// Firmware, or what it started, asks for its signature.
    fn is_signed(self) -> bool {
        matches!(self, Self::Shim | Self::MokManager | Self::Grub | Self::Kernel)
    }

    fn is_squashfs(self) -> bool {
        matches!(self, Self::Debian | Self::Bench)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum BenchBoxError {
    #[error("what a bench box is made of is not in {}", dir.display())]
    Missing { dir: PathBuf },
    #[error("{} cannot be understood: {why}", path.display())]
    Manifest { path: PathBuf, why: String },
    #[error("{} is not what box.json says: {why}", path.display())]
    Changed { path: PathBuf, why: &'static str },
    #[error("{} is no part of a bench box: {why}", path.display())]
    Unfit { path: PathBuf, why: String },
    #[error("{} cannot be read or written: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Boot(#[from] BootError),
}

impl From<BenchBoxError> for Problem {
    fn from(error: BenchBoxError) -> Self {
        let what = error.to_string();
        let (why, next) = match error {
            BenchBoxError::Missing { .. } => (
                "Debian has not been fetched and put together yet, or was put into another place",
                "run scripts/box (about four minutes the first time)",
            ),
            BenchBoxError::Manifest { .. } => {
                ("it was made by another version of whiteglove, or edited", "run scripts/box to make it anew")
            }
            BenchBoxError::Changed { .. } => (
                "the file was changed or damaged after it was made",
                "run scripts/box to make it anew; if it happens again, check this disk",
            ),
            BenchBoxError::Unfit { .. } => (
                "a box with it would not start, and nobody could see why",
                "run scripts/box --refresh; if it happens again, report it",
            ),
            BenchBoxError::Io { .. } => (
                "the file system refused, as said above",
                "check free space and permissions, then run scripts/box again",
            ),
            BenchBoxError::Boot(error) => return error.into(),
        };
        Self::new(what, why, next)
    }
}

/// `box.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    /// When the Debian archive was published that it is made of, in seconds since 1970.
    debian_of: u64,
    files: Vec<Listed>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Listed {
    name: String,
    size: u64,
    #[serde(with = "hex::serde")]
    sha256: [u8; 32],
}

/// Parts of a bench box, each checked against its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchBox {
    /// When the Debian archive was published that it is made of, in seconds since 1970.
    pub debian_of: u64,
    pub shim: BootFile,
    pub mok_manager: Option<BootFile>,
    pub grub: BootFile,
    /// All of them, and the manifest: what the boot volume's folder holds, so that a box can make another.
    pub files: Vec<BootFile>,
}

impl BenchBox {
    /// # Errors
    /// There is none, or a file is not what it was.
    pub fn open(dir: &Path) -> Result<Self, BenchBoxError> {
        let path = dir.join(MANIFEST);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BenchBoxError::Missing { dir: dir.to_owned() });
            }
            Err(source) => return Err(BenchBoxError::Io { path, source }),
        };
        let bad = |why: String| BenchBoxError::Manifest { path: path.clone(), why };
        let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(bad(format!("its format is {}, this program knows {FORMAT}", manifest.format)));
        }
        let listed = |role: Role| {
            let Some(listed) = manifest.files.iter().find(|file| file.name == role.name()) else { return Ok(None) };
            let found = read(dir, role.name())?;
            if (found.size, found.sha256) == (listed.size, listed.sha256) {
                return Ok(Some(found));
            }
            let why = if found.size == listed.size { "its SHA-256 differs" } else { "its size differs" };
            Err(BenchBoxError::Changed { path: found.path, why })
        };
        let mut parts = [const { None }; ROLES.len()];
        for (part, role) in parts.iter_mut().zip(ROLES) {
            *part = listed(role)?;
            if part.is_none() && role != Role::MokManager {
                return Err(bad(format!("it lists no {}", role.name())));
            }
        }
        let mut files: Vec<BootFile> = parts.iter().flatten().cloned().collect();
        files.push(read(dir, MANIFEST)?);
        let [Some(shim), mok_manager, Some(grub), ..] = parts else { return Err(bad("it is not whole".to_owned())) };
        Ok(Self { debian_of: manifest.debian_of, shim, mok_manager, grub, files })
    }

    /// Completes `dir`, in which the kernel, the initramfs, both file systems and the list of packages lie, by the
    /// boot loaders of a boot environment and the manifest.
    ///
    /// # Errors
    /// A file is missing or could not be booted.
    pub fn pack(dir: &Path, environment: &BootEnv, debian_of: u64) -> Result<Self, BenchBoxError> {
        let loaders = [(Role::Shim, Some(&environment.shim)), (Role::Grub, Some(&environment.grub))];
        for (role, file) in loaders.into_iter().chain([(Role::MokManager, environment.mok_manager.as_ref())]) {
            let Some(file) = file else { continue };
            let path = dir.join(role.name());
            fs::copy(&file.path, &path).map_err(|source| BenchBoxError::Io { path, source })?;
        }
        let mut files = Vec::new();
        for role in ROLES {
            if role == Role::MokManager && environment.mok_manager.is_none() {
                continue;
            }
            let file = read(dir, role.name())?;
            check(role, &file.path)?;
            files.push(Listed { name: role.name().to_owned(), size: file.size, sha256: file.sha256 });
        }
        let path = dir.join(MANIFEST);
        let failed = |source: io::Error| BenchBoxError::Io { path: path.clone(), source };
        let json =
            serde_json::to_vec_pretty(&Manifest { format: FORMAT, debian_of, files }).map_err(|e| failed(e.into()))?;
        fs::write(&path, json).map_err(failed)?;
        Self::open(dir)
    }
}

fn read(dir: &Path, name: &str) -> Result<BootFile, BenchBoxError> {
    let path = dir.join(name);
    match digest(&path) {
        Ok((size, sha256)) => Ok(BootFile { path, size, sha256, source: "scripts/box".to_owned() }),
        Err(source) if source.kind() == io::ErrorKind::NotFound => {
            Err(BenchBoxError::Changed { path, why: "it is not there" })
        }
        Err(source) => Err(BenchBoxError::Io { path, source }),
    }
}

fn check(role: Role, path: &Path) -> Result<(), BenchBoxError> {
    let unfit = |why: String| BenchBoxError::Unfit { path: path.to_owned(), why };
    let failed = |source| BenchBoxError::Io { path: path.to_owned(), source };
    if role.is_signed() {
        pe::signatures(&fs::read(path).map_err(failed)?).map_err(|error| unfit(error.to_string()))?;
    }
    if role.is_squashfs() {
        let mut magic = [0; 4];
        let mut file = fs::File::open(path).map_err(failed)?;
        io::Read::read_exact(&mut file, &mut magic).map_err(failed)?;
        // FAT cannot hold more, and GRUB's and the kernel's word for it is "cannot be read".
        let size = file.metadata().map_err(failed)?.len();
        if &magic != b"hsqs" || size > u64::from(u32::MAX) {
            return Err(unfit("it is no squashfs of at most 4 GiB".to_owned()));
        }
    }
    Ok(())
}

/// The text of the stick's `grub.cfg`. `serial`: of the boot volume, by which the initramfs knows the stick it is on.
pub fn bench_box_grub_cfg(serial: u32) -> String {
    let arguments = format!(
        "boot=whiteglove whiteglove.boot={:04X}-{:04X} console=ttyS0,115200 console=tty0 quiet loglevel=3 panic=60 \
         systemd.show_status=false systemd.ssh_auto=no",
        serial >> 16,
        serial & 0xffff
    );
    format!(
        "\
# whiteglove: starts the bench box from this stick. Made by `whiteglove media build --kind box`; do not edit.
set timeout=0
set timeout_style=hidden
set pager=0

echo 'whiteglove: starting the bench box; about a minute from a slow stick'
if linux /{FOLDER}/vmlinuz {arguments}; then
  if initrd /{FOLDER}/initrd.img; then
    boot
  fi
fi

echo ''
echo 'The bench box could not start from this stick.'
echo 'The stick is damaged, or a file on it was changed.'
echo 'Try again; if it happens again, update it from its image: what the bench knows stays.'
echo ''
echo 'Press Esc to switch this PC off.'
sleep --interruptible 3600
halt
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_initramfs_is_told_the_volume_it_is_on_and_no_disk_is_searched() {
        let text = bench_box_grub_cfg(0x00ab_cdef);
        assert!(text.contains("linux /box/vmlinuz boot=whiteglove whiteglove.boot=00AB-CDEF "), "{text}");
        assert!(!text.contains("search") && !text.contains("menuentry") && text.is_ascii());
    }

    /// What scripts/box puts there, and a boot environment to complete it from.
    fn parts() -> (tempfile::TempDir, BootEnv) {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
        let signed = pe::sample(&[b"kernel"]);
        put("vmlinuz", &signed);
        put("initrd.img", b"initramfs");
        put("debian.squashfs", b"hsqs and more");
        put("bench.squashfs", b"hsqs and less");
        put(PACKAGES, b"systemd 257\n");
        put("loader", &signed);
        let loader = read(dir.path(), "loader").unwrap();
        let environment = BootEnv {
            dir: dir.path().to_owned(),
            kernel_release: String::new(),
            shim: loader.clone(),
            mok_manager: None,
            grub: loader.clone(),
            network_grub: None,
            kernel: loader.clone(),
            initrd: loader,
            bios_ipxe: None,
            memtest_efi: None,
            memtest_bios: None,
            disc_grub: None,
            modules: vec![],
            asking_for_firmware: vec![],
            initrd_budget_bytes: 0,
        };
        (dir, environment)
    }

    #[test]
    fn packed_parts_open_until_one_changes() {
        let (dir, environment) = parts();
        let packed = BenchBox::pack(dir.path(), &environment, 1_760_000_000).unwrap();
        assert_eq!(packed, BenchBox::open(dir.path()).unwrap());
        let names: Vec<_> = packed.files.iter().map(|file| file.path.file_name().unwrap().to_owned()).collect();
        assert_eq!(
            names,
            [
                "shimx64.efi",
                "grubx64.efi",
                "vmlinuz",
                "initrd.img",
                "debian.squashfs",
                "bench.squashfs",
                PACKAGES,
                MANIFEST
            ]
        );
        fs::write(dir.path().join("bench.squashfs"), b"hsqs and leSs").unwrap();
        let problem = Problem::from(BenchBox::open(dir.path()).unwrap_err());
        assert!(problem.what.contains("bench.squashfs") && problem.what.contains("its SHA-256 differs"), "{problem}");
    }

    #[test]
    fn what_would_not_boot_is_not_packed() {
        let (dir, environment) = parts();
        fs::write(dir.path().join("debian.squashfs"), b"tar").unwrap();
        assert!(matches!(BenchBox::pack(dir.path(), &environment, 1_760_000_000), Err(BenchBoxError::Io { .. })));
        fs::write(dir.path().join("debian.squashfs"), b"a tar").unwrap();
        assert!(matches!(BenchBox::pack(dir.path(), &environment, 1_760_000_000), Err(BenchBoxError::Unfit { .. })));
        let (dir, environment) = parts();
        fs::write(dir.path().join("vmlinuz"), pe::sample(&[])).unwrap();
        let unsigned = BenchBox::pack(dir.path(), &environment, 1_760_000_000).unwrap_err().to_string();
        assert!(unsigned.contains("vmlinuz") && unsigned.contains("no signature"), "{unsigned}");
    }

    #[test]
    fn where_there_is_none_the_script_that_makes_it_is_named() {
        let empty = tempfile::tempdir().unwrap();
        let problem = Problem::from(BenchBox::open(empty.path()).unwrap_err());
        assert!(problem.next.contains("scripts/box"), "{problem}");
    }
}
