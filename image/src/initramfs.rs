//! A Linux initramfs: a cpio archive in `newc` format, compressed with zstd.
//!
//! The kernel's `Documentation/driver-api/early-userspace/buffer-format.rst` is the format.
//! Invariant: same entries, same bytes. Paths sorted, times and owners zero, inode numbers counted.

use std::collections::BTreeMap;
use std::io::{self, Write};

use cpio::newc::{self, ModeFileType};

use crate::elf::{Elf, NotElf};
use crate::modules::Selection;

#[derive(Debug, thiserror::Error)]
pub enum InitramfsError {
    #[error("the agent cannot be the first program: {0}")]
    NotAProgram(#[from] NotElf),
    #[error("the agent cannot be the first program: it is linked dynamically, and the initramfs has no libraries")]
    NotStatic,
    #[error("{path} is {size} bytes, more than a newc archive can hold")]
    TooLarge { path: String, size: usize },
    #[error("the initramfs cannot be written: {0}")]
    Write(#[from] io::Error),
}

#[derive(Debug)]
enum Node {
    Directory,
    File { bytes: Vec<u8>, permissions: u32 },
    CharDevice { major: u32, minor: u32 },
}

/// What a booting kernel unpacks into its root. Paths are relative: `dev/console`.
#[derive(Debug, Default)]
pub struct Initramfs {
    /// Sorted, so a directory always precedes what is in it.
    nodes: BTreeMap<String, Node>,
}

impl Initramfs {
    /// The boot environment: `agent` as `/init`, the modules with their index, and mount points.
    pub fn boot_environment(agent: Vec<u8>, modules: &Selection) -> Result<Self, InitramfsError> {
        if !Elf::parse(&agent)?.is_static_program() {
            return Err(InitramfsError::NotStatic);
        }
        let mut root = Self::default();
        for directory in ["dev", "mnt", "proc", "run", "sys", "tmp"] {
            root.directory(directory);
        }
        // The kernel opens it for the first program's output, before anything mounts devtmpfs.
        root.nodes.insert("dev/console".to_owned(), Node::CharDevice { major: 5, minor: 1 });
        root.file("init", agent, 0o755);
        let lib = format!("lib/modules/{}", modules.release);
        for module in modules.modules.values() {
            root.file(&format!("{lib}/{}", module.path), module.bytes.clone(), 0o644);
        }
        root.file(&format!("{lib}/modules.alias"), modules.alias_file().into_bytes(), 0o644);
        root.file(&format!("{lib}/modules.dep"), modules.dep_file().into_bytes(), 0o644);
        root.file(&format!("{lib}/modules.preload"), modules.preload_file().into_bytes(), 0o644);
        root.file(&format!("{lib}/modules.softdep"), modules.softdep_file().into_bytes(), 0o644);
        Ok(root)
    }

    /// Adds a directory and those above it.
    pub fn directory(&mut self, path: &str) {
        for (end, _) in path.match_indices('/').chain([(path.len(), "")]) {
            self.nodes.entry(path[..end].to_owned()).or_insert(Node::Directory);
        }
    }

    /// Adds a file and the directories above it.
    pub fn file(&mut self, path: &str, bytes: Vec<u8>, permissions: u32) {
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.directory(parent);
        }
        self.nodes.insert(path.to_owned(), Node::File { bytes, permissions });
    }

    /// The archive, uncompressed.
    pub fn cpio(&self) -> Result<Vec<u8>, InitramfsError> {
        let mut archive = Vec::new();
        for (inode, (path, node)) in (1..).zip(&self.nodes) {
            let entry = newc::Builder::new(path).ino(inode);
            let (entry, bytes) = match node {
                Node::Directory => (entry.mode(0o755).nlink(2).set_mode_file_type(ModeFileType::Directory), &[][..]),
                Node::File { bytes, permissions } => {
                    (entry.mode(*permissions).set_mode_file_type(ModeFileType::Regular), &bytes[..])
                }
                Node::CharDevice { major, minor } => {
                    let entry = entry.mode(0o600).set_mode_file_type(ModeFileType::Char);
                    (entry.rdev_major(*major).rdev_minor(*minor), &[][..])
                }
            };
            let size = u32::try_from(bytes.len())
                .map_err(|_| InitramfsError::TooLarge { path: path.clone(), size: bytes.len() })?;
            let mut writer = entry.write(archive, size);
            writer.write_all(bytes)?;
            archive = writer.finish()?;
        }
        Ok(newc::trailer(archive)?)
    }
}

/// Bytes between two reports while compressing.
const PROGRESS_STEP: usize = 1 << 20;

/// How hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// zstd 3: well under a second, a third larger.
    Fast,
    /// zstd 19: what sticks are made with.
    Release,
}

impl Effort {
    pub fn zstd_level(self) -> i32 {
        match self {
            Self::Fast => 3,
            Self::Release => 19,
        }
    }
}

/// Compresses for the kernel's own decompressor, which checks the checksum. `each` hears how many
/// bytes are in so far.
pub fn compress(archive: &[u8], effort: Effort, mut each: impl FnMut(usize) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), effort.zstd_level())?;
    encoder.include_checksum(true)?;
    encoder.set_pledged_src_size(Some(archive.len() as u64))?;
    // One thread: at this window several workers would still find only one job, and with one the
    // progress is real and the bytes do not depend on the machine.
    for (chunk, done) in archive.chunks(PROGRESS_STEP).zip((0..).step_by(PROGRESS_STEP)) {
        each(done)?;
        encoder.write_all(chunk)?;
    }
    encoder.finish()
}

#[cfg(test)]
mod tests;
