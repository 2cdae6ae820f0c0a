//! FAT32 volumes: our plan turned into bytes, and a careful way to read anybody's.
//!
//! Why not written by `fatfs` (0.3.6, the last release): every subdirectory it makes has long-name
//! entries before `.` and `..` and a first-level `..` that names cluster 2, so `fsck.vfat` rejects it;
//! a root directory that grows shows junk on a used stick; and it is slow by the square of the names
//! in a directory (2,000 files: over two minutes). It reads well, and reads with it are a second
//! opinion on what we wrote.

pub(crate) mod encode;
pub(crate) mod stream;
pub(crate) mod tree;
pub(crate) mod window;
