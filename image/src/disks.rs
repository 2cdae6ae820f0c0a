//! The disks of this machine, from sysfs and procfs alone: no `lsblk`, no udev, no C library.
//!
//! Everything is read below a root that tests replace. What sits *on* a disk counts as the disk's:
//! partitions, and the LVM, LUKS and RAID devices above them, however deep.
//! Source: kernel Documentation/ABI/stable/sysfs-block and Documentation/filesystems/proc.rst.

mod place;

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;
use whiteglove_core::disk::{Bus, Disk, ErasePermit, Refusal, clean};

/// Where to look. `Default` is this machine.
#[derive(Debug, Clone)]
pub struct Machine {
    pub sys: PathBuf,
    pub proc: PathBuf,
    pub dev: PathBuf,
}

impl Default for Machine {
    fn default() -> Self {
        Self { sys: "/sys".into(), proc: "/proc".into(), dev: "/dev".into() }
    }
}

/// Kernel inventions without a medium that a person could hold, or that are seen through their disk.
const NOT_DISKS: [&str; 8] = ["ram", "zram", "dm-", "md", "sr", "fd", "nbd", "mtdblock"];
/// Mounts without which this machine does not run as it does.
const SYSTEM: [&str; 12] =
    ["/", "/usr", "/var", "/etc", "/home", "/boot", "/boot/efi", "/efi", "/opt", "/srv", "/nix", "/nix/store"];

impl Machine {
    /// Every disk, in the order of names; also those that must not be erased, each with its reasons.
    pub fn disks(&self) -> io::Result<Vec<Disk>> {
        let in_use = InUse::read(&self.proc);
        let mut disks = Vec::new();
        for entry in fs::read_dir(self.sys.join("block"))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            // Boot and replay areas of soldered memory are areas of a disk that is listed already.
            let area = name.starts_with("mmcblk") && (name.contains("boot") || name.contains("rpmb"));
            if area || NOT_DISKS.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            // A disk may vanish between the listing and here; then it is no disk.
            if let Some(disk) = self.describe(&name, &in_use) {
                disks.push(disk);
            }
        }
        disks.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(disks)
    }

    /// The disk under a path, as it is now.
    pub fn disk(&self, path: &Path) -> io::Result<Disk> {
        let known = self.disks()?;
        let wanted = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let found = known.into_iter().find(|disk| disk.path == path || disk.path == wanted);
        found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{} is not a whole disk", path.display())))
    }

    fn describe(&self, name: &str, in_use: &InUse) -> Option<Disk> {
        let block = self.sys.join("block").join(name);
        let block = block.canonicalize().ok()?;
        let size = number(&block.join("size"))? * 512;
        let bus = bus_of(&block, name);
        if bus == Bus::Loop && size == 0 {
            return None; // a free loop device
        }
        let stack = self.stack(&block, name);
        let mounted = in_use.mounts(&stack);
        let swap = stack.iter().any(|node| in_use.swaps.contains(&node.name));
        let system = swap || mounted.iter().any(|at| SYSTEM.contains(&at.as_str()));
        let text = |path: PathBuf| fs::read_to_string(path).map(|t| clean(&t)).unwrap_or_default();
        let first =
            |paths: &[PathBuf]| paths.iter().map(|p| text(p.clone())).find(|t| !t.is_empty()).unwrap_or_default();
        let usb = usb_device(&block);
        let of_usb = |file: &str| usb.iter().map(|usb| usb.join(file)).collect::<Vec<_>>();
        let serial = [of_usb("serial"), vec![block.join("device/serial"), block.join("serial")]].concat();
        Some(Disk {
            // sysfs writes a slash in a device name as an exclamation mark.
            path: self.dev.join(name.replace('!', "/")),
            number: device_number(&block)?,
            size_bytes: size,
            sector_size: number(&block.join("queue/logical_block_size"))
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(512),
            vendor: first(&[vec![block.join("device/vendor")], of_usb("manufacturer")].concat()),
            model: first(&[vec![block.join("device/model"), block.join("device/name")], of_usb("product")].concat()),
            serial: first(&serial),
            bus,
            removable: number(&block.join("removable")) == Some(1),
            // Unreadable counts as protected: what cannot be asked is not erased.
            read_only: number(&block.join("ro")) != Some(0),
            diskseq: number(&block.join("diskseq")),
            mounted: mounted.iter().map(|at| clean(at)).collect(),
            holders: stack.iter().filter(|node| node.holds).map(|node| clean(&node.label)).collect(),
            is_system: system,
        })
    }

    /// The disk, its partitions, and whatever is stacked on them.
    fn stack(&self, block: &Path, name: &str) -> Vec<Node> {
        let mut nodes = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = vec![(block.to_owned(), name.to_owned(), false)];
        while let Some((path, name, holds)) = next.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
                if entry.path().join("partition").exists() {
                    next.push((entry.path(), entry.file_name().to_string_lossy().into_owned(), false));
                }
            }
            for holder in fs::read_dir(path.join("holders")).into_iter().flatten().flatten() {
                let holder = holder.file_name().to_string_lossy().into_owned();
                next.push((self.sys.join("block").join(&holder), holder, true));
            }
            let label = fs::read_to_string(path.join("dm/name")).map(|n| format!("{name} ({})", n.trim()));
            let label = label.unwrap_or_else(|_| name.clone());
            nodes.push(Node { number: device_number(&path), name, label, holds });
        }
        nodes
    }

    /// Opens the disk of a permit for writing, if it is still the one that was named.
    ///
    /// `O_EXCL` on a block device makes the kernel refuse while anything is mounted from it, and keeps
    /// others from mounting it. `O_DIRECT` keeps a stick's gigabytes out of the page cache, so that
    /// progress is the stick's and what is read back comes from the stick.
    pub fn open(&self, permit: &ErasePermit) -> Result<File, OpenError> {
        let path = &permit.disk().path;
        let failed = |reason| OpenError::Open { path: path.clone(), reason };
        let flags = i32::try_from((OFlags::EXCL | OFlags::DIRECT).bits()).map_err(|e| failed(io::Error::other(e)))?;
        // A front end may claim anything of a disk: one that must not be erased is not even opened.
        permit.still_holds(&self.disk(path).map_err(failed)?).map_err(OpenError::Refused)?;
        let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).map_err(failed)?;
        // Asked after opening: from here on the file stays with this disk, whatever its name does.
        let now = self.disk(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let opened = (rustix::fs::major(metadata.rdev()), rustix::fs::minor(metadata.rdev()));
        if !metadata.file_type().is_block_device() || opened != now.number {
            return Err(OpenError::Refused(Refusal::Changed { what: "the device number".into() }));
        }
        permit.still_holds(&now).map_err(OpenError::Refused)?;
        Ok(file)
    }

    /// Opens a disk to read what is on it, if it is still the one that was listed. Whoever works with it is not
    /// disturbed.
    ///
    /// # Errors
    /// It is gone, or may not be read.
    pub fn look(&self, disk: &Disk) -> io::Result<File> {
        let file = File::open(&disk.path)?;
        let (now, metadata) = (self.disk(&disk.path)?, file.metadata()?);
        let opened = (rustix::fs::major(metadata.rdev()), rustix::fs::minor(metadata.rdev()));
        let same = opened == disk.number && now.number == disk.number && now.diskseq == disk.diskseq;
        if same { Ok(file) } else { Err(io::Error::other("another disk has its name now")) }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{path} cannot be opened: {reason}")]
    Open { path: PathBuf, reason: io::Error },
    #[error(transparent)]
    Refused(Refusal),
}

struct Node {
    number: Option<(u32, u32)>,
    name: String,
    label: String,
    holds: bool,
}

/// What procfs says is mounted or swapped to.
struct InUse {
    /// Device number, source and mount point.
    mounts: Vec<((u32, u32), String, String)>,
    /// Kernel names: `sda2`, `dm-1`.
    swaps: BTreeSet<String>,
}

impl InUse {
    fn read(proc: &Path) -> Self {
        let text = |file: &str| fs::read_to_string(proc.join(file)).unwrap_or_default();
        let mounts = text("self/mountinfo").lines().filter_map(mount).collect();
        let last = |path: &str| unescape(path).rsplit('/').next().unwrap_or_default().to_owned();
        let swaps = text("swaps").lines().skip(1).filter_map(|line| line.split_whitespace().next()).map(last).collect();
        Self { mounts, swaps }
    }

    fn mounts(&self, stack: &[Node]) -> Vec<String> {
        let on = |(number, source, _): &&((u32, u32), String, String)| {
            // btrfs shows an invented device number; its source still names a device.
            stack.iter().any(|node| node.number == Some(*number) || source.strip_prefix("/dev/") == Some(&node.name))
        };
        let points: BTreeSet<String> = self.mounts.iter().filter(on).map(|(_, _, at)| at.clone()).collect();
        points.into_iter().collect()
    }
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw`
fn mount(line: &str) -> Option<((u32, u32), String, String)> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(2);
    let device = pair(before.next()?)?;
    let point = before.nth(1)?;
    let source = after.split(' ').nth(1)?;
    Some((device, unescape(source), unescape(point)))
}

/// The kernel writes space, tab, newline and backslash as three octal digits.
fn unescape(text: &str) -> String {
    ["\\040", "\\011", "\\012", "\\134"]
        .iter()
        .zip([" ", "\t", "\n", "\\"])
        .fold(text.to_owned(), |t, (from, to)| t.replace(from, to))
}

fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn pair(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn device_number(block: &Path) -> Option<(u32, u32)> {
    pair(&fs::read_to_string(block.join("dev")).ok()?)
}

/// From the place of the disk in the device tree. USB comes first: an NVMe or SATA bridge in a USB
/// case is a USB disk.
fn bus_of(block: &Path, name: &str) -> Bus {
    let has = |matches: fn(&str) -> bool| block.components().any(|c| c.as_os_str().to_str().is_some_and(matches));
    if has(|c| c.strip_prefix("usb").is_some_and(|n| n.parse::<u32>().is_ok())) {
        Bus::Usb
    } else if name.starts_with("loop") {
        Bus::Loop
    } else if has(|c| c == "nvme") {
        Bus::Nvme
    } else if has(|c| c.strip_prefix("ata").is_some_and(|n| n.parse::<u32>().is_ok())) {
        Bus::Sata
    } else if has(|c| c == "mmc_host") {
        Bus::Mmc
    } else if has(|c| c.starts_with("virtio")) {
        Bus::Virtio
    } else {
        Bus::Other
    }
}

/// The USB device a disk hangs on: the nearest ancestor that has a vendor id.
fn usb_device(block: &Path) -> Option<PathBuf> {
    block.ancestors().find(|path| path.join("idVendor").exists()).map(Path::to_owned)
}

#[cfg(test)]
mod tests;
