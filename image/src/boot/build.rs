//! Makes a boot environment from unpacked Debian packages and the agent.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use sha2::{Digest, Sha256};
use whiteglove_core::control::Progress;

use super::{BootEnv, BootError, FORMAT, INITRD_BUDGET_BYTES, MANIFEST, Manifest, ManifestFile, Role, pe};
use crate::initramfs::{Effort, Initramfs, InitramfsError, compress};
use crate::modules::{Group, ModuleTree, Selection, WANTED};

/// Everything a boot environment is made of. Same inputs, same bytes.
#[derive(Debug, Clone)]
pub struct BuildInputs<'a> {
    /// Debian's packages, unpacked into one tree. `packages` in it lists what: `name version` a line.
    pub root: &'a Path,
    /// The static agent.
    pub agent: &'a Path,
    /// Replaced as a whole when everything is made and checked.
    pub out: &'a Path,
    pub effort: Effort,
}

/// A file to copy, where Debian puts it and from which package.
struct Copied {
    role: Role,
    path: PathBuf,
    package: String,
}

/// Builds into a directory beside `out` and puts it in place last. `progress` may say stop.
pub fn build(
    inputs: &BuildInputs<'_>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<BootEnv, BootError> {
    build_from(inputs, WANTED, progress)
}

pub(super) fn build_from(
    inputs: &BuildInputs<'_>,
    wanted: &[Group],
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<BootEnv, BootError> {
    let staging = Staging::beside(inputs.out)?;
    let release = kernel_release(inputs.root)?;
    let mut files = Vec::new();
    for Copied { role, path, package } in copied_files(inputs.root, &release)? {
        let bytes = read(&path)?;
        if role.is_signed() {
            pe::signatures(&bytes).map_err(|source| BootError::NotSigned { path, source })?;
        }
        files.push(staging.add(role, &bytes, package_version(inputs.root, &package)?)?);
    }

    let modules = select(inputs.root, &release, wanted, progress)?;
    let agent_error = |source| BootError::Agent { path: inputs.agent.to_owned(), source };
    let initramfs = Initramfs::boot_environment(read(inputs.agent)?, &modules).map_err(agent_error)?;
    let archive = initramfs.cpio().map_err(agent_error)?;
    let mut initrd = compress(&archive, inputs.effort, |done| {
        let report = Progress { task: "compressing".to_owned(), done: done as u64, total: archive.len() as u64 };
        // Only a stop makes an error here: the compressor writes to memory.
        if progress(report).is_break() { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    })
    .map_err(|e| match e.kind() {
        io::ErrorKind::Interrupted => BootError::Cancelled,
        _ => agent_error(InitramfsError::Write(e)),
    })?;
    // The kernel wants the second archive at a multiple of four. GRUB fills up, its own EFI loader does not.
    initrd.resize(initrd.len().next_multiple_of(4), 0);
    within_budget(initrd.len() as u64, inputs.effort, &modules)?;
    let kernel = package_version(inputs.root, &kernel_package(&release))?;
    files.push(staging.add(
        Role::Initrd,
        &initrd,
        format!("agent and {} modules of {kernel}", modules.modules.len()),
    )?);

    staging.finish(
        inputs.out,
        &Manifest {
            format: FORMAT,
            kernel_release: release,
            files,
            asking_for_firmware: modules.asking_for_firmware(),
            modules: modules.modules.into_keys().collect(),
            initrd_budget_bytes: INITRD_BUDGET_BYTES,
        },
    )?;
    BootEnv::open(inputs.out)
}

/// The one kernel below `boot/`.
fn kernel_release(root: &Path) -> Result<String, BootError> {
    let missing = BootError::NotUnpacked { what: "boot/vmlinuz-*", package: "linux-image-amd64" };
    let boot = root.join("boot");
    let Ok(entries) = fs::read_dir(&boot) else { return Err(missing) };
    let mut releases: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_prefix("vmlinuz-")?.to_owned()))
        .collect();
    releases.sort();
    // Two kernels in one tree would leave it to chance which modules match.
    match (releases.pop(), releases.is_empty()) {
        (Some(release), true) => Ok(release),
        (Some(_), false) => {
            Err(BootError::NotUnpacked { what: "single kernel (there are several)", package: "linux-image-amd64" })
        }
        (None, _) => Err(missing),
    }
}

fn kernel_package(release: &str) -> String {
    format!("linux-image-{release}")
}

fn copied_files(root: &Path, release: &str) -> Result<Vec<Copied>, BootError> {
    let list = [
        (Role::Shim, "usr/lib/shim/shimx64.efi.signed".to_owned(), "shim-signed"),
        (Role::MokManager, "usr/lib/shim/mmx64.efi.signed".to_owned(), "shim-helpers-amd64-signed"),
        (Role::Grub, "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed".to_owned(), "grub-efi-amd64-signed"),
        (Role::NetworkGrub, "usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed".to_owned(), "grub-efi-amd64-signed"),
        (Role::Kernel, format!("boot/vmlinuz-{release}"), "linux-image-amd64"),
        (Role::BiosIpxe, "usr/lib/ipxe/undionly.kpxe".to_owned(), "ipxe"),
        (Role::MemtestEfi, "boot/memtest86+x64.efi".to_owned(), "memtest86+"),
        (Role::MemtestBios, "boot/memtest86+x64.bin".to_owned(), "memtest86+"),
        // Put together by scripts/bootenv, with the package's own tool.
        (Role::DiscGrub, "grubcd.img".to_owned(), "grub-pc-bin"),
    ];
    let mut found = Vec::new();
    for (role, relative, package) in list {
        let path = root.join(relative);
        if !path.is_file() {
            match role {
                Role::Shim | Role::Grub | Role::Kernel => {
                    return Err(BootError::NotUnpacked { what: role.name(), package });
                }
                _ => continue,
            }
        }
        let package = if role == Role::Kernel { kernel_package(release) } else { package.to_owned() };
        found.push(Copied { role, path, package });
    }
    Ok(found)
}

/// `package version` out of the tree's list, so that a laptop's boot files can be traced to Debian.
fn package_version(root: &Path, package: &str) -> Result<String, BootError> {
    let path = root.join("packages");
    let list = fs::read_to_string(&path).map_err(|source| BootError::Io { path, source })?;
    let version = list.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()? == package).then(|| words.next())?
    });
    Ok(format!("{package} {}", version.unwrap_or("of unknown version")))
}

fn select(
    root: &Path,
    release: &str,
    wanted: &[Group],
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Selection, BootError> {
    let report = Progress { task: "reading kernel modules".to_owned(), done: 0, total: 0 };
    if progress(report).is_break() {
        return Err(BootError::Cancelled);
    }
    Ok(ModuleTree::open(root, release)?.select(wanted)?)
}

/// A fast build is for tests and is a third larger; the budget is for what sticks are made with.
pub(super) fn within_budget(size: u64, effort: Effort, modules: &Selection) -> Result<(), BootError> {
    if effort == Effort::Fast || size <= INITRD_BUDGET_BYTES {
        return Ok(());
    }
    let mut largest: Vec<_> = modules.modules.iter().map(|(name, m)| (name.clone(), m.bytes.len())).collect();
    largest.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    largest.truncate(8);
    Err(BootError::OverBudget { size, budget: INITRD_BUDGET_BYTES, largest })
}

fn read(path: &Path) -> Result<Vec<u8>, BootError> {
    fs::read(path).map_err(|source| BootError::Io { path: path.to_owned(), source })
}

/// A directory that is gone again unless it was finished.
struct Staging {
    dir: PathBuf,
}

impl Staging {
    fn beside(out: &Path) -> Result<Self, BootError> {
        let mut name = out.file_name().unwrap_or(out.as_os_str()).to_owned();
        name.push(".part");
        let dir = out.with_file_name(name);
        let made = match fs::remove_dir_all(&dir) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => fs::create_dir_all(&dir),
        };
        made.map_err(|source| BootError::Io { path: dir.clone(), source })?;
        Ok(Self { dir })
    }

    fn add(&self, role: Role, bytes: &[u8], source: String) -> Result<ManifestFile, BootError> {
        self.write(role.name(), bytes)?;
        Ok(ManifestFile {
            name: role.name().to_owned(),
            size: bytes.len() as u64,
            sha256: Sha256::digest(bytes).into(),
            source,
        })
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), BootError> {
        let path = self.dir.join(name);
        let write = || {
            let mut file = File::create(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|source| BootError::Io { path: path.clone(), source })
    }

    /// Writes the manifest and exchanges the directory with `out` in one step.
    fn finish(self, out: &Path, manifest: &Manifest) -> Result<(), BootError> {
        let mut json = serde_json::to_vec_pretty(manifest)
            .map_err(|e| BootError::Io { path: self.dir.join(MANIFEST), source: e.into() })?;
        json.push(b'\n');
        self.write(MANIFEST, &json)?;
        let place = || -> io::Result<()> {
            File::open(&self.dir)?.sync_all()?;
            if !out.exists() {
                return fs::rename(&self.dir, out);
            }
            // After an exchange the old directory is the one that `Drop` removes. Where the file
            // system cannot exchange, there is a moment without a boot environment, never a mixed one.
            if renameat_with(CWD, &self.dir, CWD, out, RenameFlags::EXCHANGE).is_err() {
                fs::remove_dir_all(out)?;
                fs::rename(&self.dir, out)?;
            }
            Ok(())
        };
        place().map_err(|source| BootError::Io { path: out.to_owned(), source })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}
