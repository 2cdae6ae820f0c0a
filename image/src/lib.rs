//! Plans turned into bytes: the boot environment, partitions, file systems, sticks.
//! Synchronous over `Read`, `Write` and `Seek`; starts no process.

pub mod boot;
mod elf;
pub mod initramfs;
pub mod modules;
