//! Keeps the sealed capture on the boot stick when no bench answers.
//!
//! Invariant: nothing but the data volume that the medium's card names by its FAT serial is ever
//! opened for writing, and only disks on USB are looked at.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{fsync, sync, syncfs},
    mount::{MountFlags, UnmountFlags, mount, unmount},
};
use whiteglove_core::{
    capture::Bus,
    envelope::{EXTENSION, MessageId},
    problem::Problem,
};

use crate::read::{self, Root};

const MOUNT_POINT: &str = "run/stick";
const FOLDER: &str = "captures";

/// The data volume of the stick we were booted from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// `sda`
    pub disk: String,
    /// `sda2`
    pub partition: String,
}

#[derive(Debug, thiserror::Error)]
pub enum StickError {
    #[error("it is not plugged in")]
    Absent,
    #[error("its data volume cannot be opened: {0}")]
    Mount(io::Error),
    #[error("it is full")]
    Full,
    #[error("it cannot be written: {0}")]
    Write(io::Error),
    #[error("what was written does not read back the same")]
    Differs,
}

impl StickError {
    pub fn problem(&self) -> Problem {
        let next = match self {
            Self::Absent => "Plug the stick back in. Saving is tried again by itself.",
            Self::Full => {
                "Take the stick to the bench, import its captures and delete them, then boot this laptop again."
            }
            Self::Mount(_) | Self::Write(_) | Self::Differs => {
                "Connect this laptop to the bench network instead, or boot it from another stick; this one may be worn out."
            }
        };
        Problem::new("The capture could not be saved on the stick.", format!("About the stick: {self}."), next)
    }
}

/// Looks at the first sector of every partition of every USB disk for the serial.
pub fn find(root: &Root, serial: u32) -> Option<Volume> {
    for disk in root.names("sys/block").into_iter().filter(|disk| read::disk_bus(root, disk) == Bus::Usb) {
        for partition in root.names(&format!("sys/block/{disk}")) {
            let is_one = root.exists(&format!("sys/block/{disk}/{partition}/partition"));
            if is_one && volume_serial(&root.path(&format!("dev/{partition}"))) == Some(serial) {
                return Some(Volume { disk, partition });
            }
        }
    }
    None
}

/// BS_VolID of a FAT32 boot sector (FAT specification 1.03, 3.3). Opened for reading only.
fn volume_serial(device: &Path) -> Option<u32> {
    let mut sector = [0; 512];
    File::open(device).ok()?.read_exact(&mut sector).ok()?;
    let fat32 = &sector[82..90] == b"FAT32   " && sector[510..] == [0x55, 0xaa];
    fat32.then(|| u32::from_le_bytes([sector[67], sector[68], sector[69], sector[70]]))
}

/// Writes the capture, makes sure that it is on the stick, and reads it back.
///
/// # Errors
/// Where it got stuck. Nothing half written is left under the capture's name.
pub fn save(root: &Root, serial: u32, id: MessageId, envelope: &[u8]) -> Result<(), StickError> {
    let volume = find(root, serial).ok_or(StickError::Absent)?;
    let device = root.path(&format!("dev/{}", volume.partition));
    let name = format!("{id}.{EXTENSION}");
    {
        let mounted = Mounted::new(root, &device, MountFlags::empty())?;
        write_to(&mounted.0, &name, envelope)?;
        let directory = File::open(&mounted.0).map_err(StickError::Write)?;
        syncfs(&directory).map_err(|error| StickError::Write(error.into()))?;
    }
    sync();
    // Unmounted, so this comes from the stick and not from memory.
    let mounted = Mounted::new(root, &device, MountFlags::RDONLY)?;
    match fs::read(mounted.0.join(FOLDER).join(&name)) {
        Ok(bytes) if bytes == envelope => Ok(()),
        _ => Err(StickError::Differs),
    }
}

/// Under another name first: a stick that is pulled out leaves no half capture.
fn write_to(volume: &Path, name: &str, bytes: &[u8]) -> Result<(), StickError> {
    let folder = volume.join(FOLDER);
    // Sixteen hex digits of the id are enough to not meet another one.
    let part = folder.join(format!("{}.part", name.get(..16).unwrap_or(name)));
    let written = || -> io::Result<()> {
        fs::create_dir_all(&folder)?;
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        fsync(&file)?;
        fs::rename(&part, folder.join(name))
    };
    written().map_err(|error| {
        let _ = fs::remove_file(&part);
        match error.kind() {
            io::ErrorKind::StorageFull => StickError::Full,
            _ => StickError::Write(error),
        }
    })
}

/// Unmounts when dropped.
struct Mounted(PathBuf);

impl Mounted {
    fn new(root: &Root, device: &Path, access: MountFlags) -> Result<Self, StickError> {
        let point = root.path(MOUNT_POINT);
        fs::create_dir_all(&point).map_err(StickError::Mount)?;
        let flags = access | MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        // Debian's default character set is UTF-8, whose module the kernel could not ask for here.
        let options = c"iocharset=ascii,codepage=437";
        mount(device, &point, c"vfat", flags, options).map_err(|error| StickError::Mount(error.into()))?;
        Ok(Self(point))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if unmount(&self.0, UnmountFlags::empty()).is_err() {
            // Pulled out while we wrote: let go of it, or the mount point stays taken.
            let _ = unmount(&self.0, UnmountFlags::DETACH);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const SERIAL: u32 = 0x1234_abcd;

    fn boot_sector(serial: u32) -> Vec<u8> {
        let mut sector = vec![0; 512];
        sector[67..71].copy_from_slice(&serial.to_le_bytes());
        sector[82..90].copy_from_slice(b"FAT32   ");
        sector[510..].copy_from_slice(&[0x55, 0xaa]);
        sector
    }

    /// A disk with two partitions, the second with this serial.
    fn disk(root: &Path, name: &str, bus: &str, serial: u32) {
        let device = root.join(format!("sys/devices/pci0000:00/{bus}/block/{name}"));
        fs::create_dir_all(root.join("sys/block")).unwrap();
        fs::create_dir_all(root.join("dev")).unwrap();
        for (part, serial) in [("1", 1), ("2", serial)] {
            fs::create_dir_all(device.join(format!("{name}{part}"))).unwrap();
            fs::write(device.join(format!("{name}{part}/partition")), part).unwrap();
            fs::write(root.join(format!("dev/{name}{part}")), boot_sector(serial)).unwrap();
        }
        symlink(&device, root.join(format!("sys/block/{name}"))).unwrap();
    }

    #[test]
    fn only_a_usb_disk_can_be_the_stick() {
        let temp = tempfile::tempdir().unwrap();
        disk(temp.path(), "sda", "ata1", SERIAL);
        let root = Root::new(temp.path());
        assert_eq!(find(&root, SERIAL), None, "the laptop's own disk, whatever stands on it");
        disk(temp.path(), "sdb", "usb2/2-1", SERIAL);
        assert_eq!(find(&root, SERIAL), Some(Volume { disk: "sdb".into(), partition: "sdb2".into() }));
        assert_eq!(find(&root, 7), None);
    }

    #[test]
    fn a_capture_appears_under_its_name_when_it_is_whole() {
        let temp = tempfile::tempdir().unwrap();
        write_to(temp.path(), "0123456789abcdef0123456789abcdef.wgc", b"sealed").unwrap();
        write_to(temp.path(), "0123456789abcdef0123456789abcdef.wgc", b"sealed again").unwrap();
        let names: Vec<_> = fs::read_dir(temp.path().join(FOLDER)).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["0123456789abcdef0123456789abcdef.wgc"]);
    }

    #[test]
    fn a_volume_that_takes_nothing_says_so() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join(FOLDER), "a file where the folder should be").unwrap();
        let error = write_to(temp.path(), "x.wgc", b"sealed").unwrap_err();
        assert!(matches!(error, StickError::Write(_)));
        assert!(error.problem().next.contains("another stick"));
        let root = Root::new(temp.path());
        assert!(matches!(save(&root, SERIAL, MessageId([0; 16]), b""), Err(StickError::Absent)));
    }
}
