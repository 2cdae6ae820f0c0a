//! Plans turned into bytes: the boot environment, partitions, file systems, sticks.
//! Synchronous over `Read`, `Write` and `Seek`; starts no process.

mod aligned;
pub mod boot;
pub mod captures;
pub mod check;
pub mod disc;
pub mod disks;
mod elf;
mod fat;
mod gpt;
pub mod initramfs;
mod iso;
mod le;
mod mbr;
pub mod media;
mod members;
pub mod modules;
pub mod origin;
pub mod seal;
pub mod starts;
mod table;
#[cfg(test)]
mod testing;
pub mod verify;
pub mod wim;
pub mod write;
