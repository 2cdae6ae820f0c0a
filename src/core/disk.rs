//! Disks of the bench, and the consent to erase one.
//!
//! Invariant: nothing is erased without an `ErasePermit`; only a person who typed the disk's name
//! makes one, only for a removable USB disk that nothing on this machine uses, and the writer takes
//! it by value: one consent, one erase.

use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{problem::Problem, sticks::gigabytes};

mod armed;

pub use armed::{Armed, Declined, Terms};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bus {
    Usb,
    Sata,
    Nvme,
    Mmc,
    Virtio,
    Loop,
    Other,
}

impl Bus {
    pub fn word(self) -> &'static str {
        match self {
            Self::Usb => "USB",
            Self::Sata => "SATA",
            Self::Nvme => "NVMe",
            Self::Mmc => "memory card slot",
            Self::Virtio => "virtual disk",
            Self::Loop => "loop device",
            Self::Other => "internal bus",
        }
    }
}

/// A whole disk, as the kernel described it at one moment. Texts have passed `clean`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// `/dev/sdb`.
    pub path: PathBuf,
    /// Major and minor: what ties an open file to this description.
    pub number: (u32, u32),
    pub size_bytes: u64,
    pub sector_size: u32,
    pub vendor: String,
    pub model: String,
    pub serial: String,
    pub bus: Bus,
    pub removable: bool,
    pub read_only: bool,
    /// Counts every disk this kernel has met (Linux 5.15): tells a stick from the one that took its name.
    pub diskseq: Option<u64>,
    /// Where the disk or anything on it is mounted.
    pub mounted: Vec<String>,
    /// LVM, LUKS, RAID and the like that sit on it.
    pub holders: Vec<String>,
    /// Holds the running system or its swap, directly or under LVM, LUKS or RAID.
    pub is_system: bool,
}

/// Removes what a device's own description could do to a screen: control characters, invisible ones
/// and overrides of the writing direction. A stick may call itself anything.
pub fn clean(text: &str) -> String {
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffd}' | '\u{e0000}'..='\u{e007f}')
    };
    let kept: String =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !invisible(*c)).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(64).collect()
}

impl Disk {
    /// What a person types to consent: the model, or the device's name if it has none.
    pub fn name(&self) -> String {
        let model = clean(&self.model);
        if !model.is_empty() {
            return model;
        }
        let file = self.path.file_name().unwrap_or_default();
        clean(&file.to_string_lossy())
    }

    /// Why this disk is not to be erased; `None` is the only yes. The gravest reason comes first.
    pub fn refusal(&self, policy: Policy) -> Option<Refusal> {
        let rehearsal = policy.allow_loop && self.bus == Bus::Loop;
        if self.is_system {
            Some(Refusal::System)
        } else if !self.mounted.is_empty() {
            Some(Refusal::Mounted { at: self.mounted.clone() })
        } else if !self.holders.is_empty() {
            Some(Refusal::InUse { by: self.holders.clone() })
        } else if self.bus != Bus::Usb && !rehearsal {
            Some(Refusal::NotUsb { bus: self.bus })
        } else if !self.removable && !rehearsal {
            Some(Refusal::NotRemovable)
        } else if self.size_bytes == 0 {
            Some(Refusal::NoMedium)
        } else if self.read_only {
            Some(Refusal::ReadOnly)
        } else if self.sector_size != 512 {
            Some(Refusal::SectorSize { bytes: self.sector_size })
        } else {
            None
        }
    }
}

impl fmt::Display for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}  {}", self.name(), gigabytes(self.size_bytes), self.path.display())?;
        if !self.serial.is_empty() {
            write!(f, "  serial {}", clean(&self.serial))?;
        }
        Ok(())
    }
}

/// What is allowed beyond removable USB disks. The default allows nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// Loop devices, to rehearse the writer on a file. Never set for a person at the bench.
    pub allow_loop: bool,
}

/// Why a disk is not erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    #[error("this computer runs from it")]
    System,
    #[error("it is mounted at {}", at.join(", "))]
    Mounted { at: Vec<String> },
    #[error("it is in use by {}", by.join(", "))]
    InUse { by: Vec<String> },
    #[error("it is not on USB ({})", bus.word())]
    NotUsb { bus: Bus },
    #[error("it is a USB disk that does not call itself removable: an external drive, not a stick")]
    NotRemovable,
    #[error("the slot is empty")]
    NoMedium,
    #[error("it is write-protected")]
    ReadOnly,
    #[error("it has sectors of {bytes} bytes; sticks are made with 512")]
    SectorSize { bytes: u32 },
    #[error("it is a part of {of}")]
    Member { of: String },
    #[error("it is {missing} bytes too small for the image")]
    TooSmall { missing: u64 },
    #[error("its name is {name:?}, not {typed:?}")]
    WrongName { name: String, typed: String },
    #[error("it is not the disk that was named: {what} is not what it was")]
    Changed { what: String },
}

impl Refusal {
    fn next(&self) -> &'static str {
        match self {
            Self::System => "Choose another disk. Nothing was written.",
            Self::Mounted { .. } => "Make sure nothing on it is needed, unmount it (eject), and try again.",
            Self::InUse { .. } => "Take it out of what uses it, or choose another stick.",
            Self::NotUsb { .. } | Self::NotRemovable => "Use a USB stick.",
            Self::NoMedium => "Insert a card, or choose a stick.",
            Self::ReadOnly => "Slide its lock open if it has one; if not, the stick is worn out: take another.",
            Self::SectorSize { .. } => "Use another stick.",
            Self::Member { .. } => "If nothing on it is needed, clear it first (wipefs -a), or take another stick.",
            Self::TooSmall { .. } => "Use a larger stick.",
            Self::WrongName { .. } => "Type the name exactly as it is shown beside the disk.",
            Self::Changed { .. } => "List the disks again and choose the stick anew. Nothing was written.",
        }
    }

    /// For the person who wanted this disk erased.
    pub fn problem(&self, disk: &Disk) -> Problem {
        Problem::new(format!("{} will not be erased", disk.name()), self.to_string(), self.next())
    }
}

/// Proof that a person named this disk and that it may be erased. Made by `confirm` alone.
#[derive(Debug)]
pub struct ErasePermit {
    disk: Disk,
    policy: Policy,
}

impl ErasePermit {
    /// `typed` is what the person typed, compared with `Disk::name` without regard to case or to
    /// space around it. `image_size` is the length of what will be written.
    pub fn confirm(disk: Disk, typed: &str, image_size: u64, policy: Policy) -> Result<Self, Refusal> {
        if let Some(refusal) = disk.refusal(policy) {
            return Err(refusal);
        }
        if disk.size_bytes < image_size {
            return Err(Refusal::TooSmall { missing: image_size - disk.size_bytes });
        }
        let name = disk.name();
        if name.is_empty() || clean(typed).to_lowercase() != name.to_lowercase() {
            return Err(Refusal::WrongName { name, typed: clean(typed) });
        }
        Ok(Self { disk, policy })
    }

    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Whether the disk as it is *now* is still the one that was named, and still free. A name like
    /// `/dev/sdb` goes to the next stick as soon as the first one leaves.
    pub fn still_holds(&self, now: &Disk) -> Result<(), Refusal> {
        let was = &self.disk;
        let same = [
            ("the path", was.path == now.path),
            ("the device number", was.number == now.number),
            ("the size", was.size_bytes == now.size_bytes),
            ("the serial number", was.serial == now.serial),
            ("the model", was.model == now.model && was.vendor == now.vendor),
            ("the connection", was.bus == now.bus),
            ("the order of arrival", was.diskseq == now.diskseq),
        ];
        if let Some((what, _)) = same.iter().find(|(_, same)| !same) {
            return Err(Refusal::Changed { what: (*what).to_owned() });
        }
        now.refusal(self.policy).map_or(Ok(()), Err)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn stick() -> Disk {
        Disk {
            path: "/dev/sdb".into(),
            number: (8, 16),
            size_bytes: 16_000_000_000,
            sector_size: 512,
            vendor: "SanDisk".into(),
            model: "Ultra".into(),
            serial: "4C530001".into(),
            bus: Bus::Usb,
            removable: true,
            read_only: false,
            diskseq: Some(12),
            mounted: vec![],
            holders: vec![],
            is_system: false,
        }
    }

    fn confirm(disk: Disk, typed: &str) -> Result<ErasePermit, Refusal> {
        ErasePermit::confirm(disk, typed, 1 << 30, Policy::default())
    }

    #[test]
    fn only_the_typed_name_consents() {
        assert!(confirm(stick(), "Ultra").is_ok());
        assert!(confirm(stick(), "  ultra ").is_ok());
        for typed in ["", "y", "yes", "Ultra Fit", "sdb", "/dev/sdb"] {
            assert!(matches!(confirm(stick(), typed), Err(Refusal::WrongName { .. })), "{typed:?}");
        }
        let nameless = Disk { model: String::new(), ..stick() };
        assert!(confirm(nameless.clone(), "").is_err());
        assert!(confirm(nameless, "sdb").is_ok());
    }

    #[test]
    fn every_reason_to_refuse_is_one() {
        let table: [(Disk, Refusal); 9] = [
            (Disk { is_system: true, ..stick() }, Refusal::System),
            (Disk { mounted: vec!["/mnt".into()], ..stick() }, Refusal::Mounted { at: vec!["/mnt".into()] }),
            (Disk { holders: vec!["dm-0".into()], ..stick() }, Refusal::InUse { by: vec!["dm-0".into()] }),
            (Disk { bus: Bus::Nvme, ..stick() }, Refusal::NotUsb { bus: Bus::Nvme }),
            (Disk { bus: Bus::Loop, ..stick() }, Refusal::NotUsb { bus: Bus::Loop }),
            (Disk { removable: false, ..stick() }, Refusal::NotRemovable),
            (Disk { size_bytes: 0, ..stick() }, Refusal::NoMedium),
            (Disk { read_only: true, ..stick() }, Refusal::ReadOnly),
            (Disk { sector_size: 4096, ..stick() }, Refusal::SectorSize { bytes: 4096 }),
        ];
        for (disk, why) in table {
            assert_eq!(confirm(disk.clone(), "Ultra").err(), Some(why.clone()));
            let problem = why.problem(&disk);
            assert!(!problem.why.is_empty() && !problem.next.is_empty());
        }
        let small = Disk { size_bytes: (1 << 30) - 512, ..stick() };
        assert_eq!(confirm(small, "Ultra").err(), Some(Refusal::TooSmall { missing: 512 }));
    }

    #[test]
    fn a_rehearsal_policy_opens_loop_devices_and_nothing_else() {
        let policy = Policy { allow_loop: true };
        let file =
            Disk { bus: Bus::Loop, removable: false, model: String::new(), path: "/dev/loop7".into(), ..stick() };
        assert_eq!(file.refusal(policy), None);
        assert!(ErasePermit::confirm(file.clone(), "loop7", 0, policy).is_ok());
        assert_eq!(Disk { is_system: true, ..file }.refusal(policy), Some(Refusal::System));
        assert!(Disk { bus: Bus::Sata, ..stick() }.refusal(policy).is_some());
        assert!(Disk { removable: false, ..stick() }.refusal(policy).is_some());
    }

    #[test]
    fn another_stick_under_the_same_name_is_noticed() {
        let permit = confirm(stick(), "Ultra").unwrap();
        assert_eq!(permit.still_holds(&stick()), Ok(()));
        // Two sticks of one maker with one serial: only the kernel's count tells them apart.
        let twin = Disk { diskseq: Some(13), ..stick() };
        assert_eq!(permit.still_holds(&twin), Err(Refusal::Changed { what: "the order of arrival".into() }));
        let other = Disk { serial: "4C530002".into(), ..stick() };
        assert_eq!(permit.still_holds(&other), Err(Refusal::Changed { what: "the serial number".into() }));
        let mounted = Disk { mounted: vec!["/media/stick".into()], ..stick() };
        assert!(matches!(permit.still_holds(&mounted), Err(Refusal::Mounted { .. })));
    }

    #[test]
    fn a_hostile_name_shows_as_plain_text() {
        let evil = Disk { model: "\u{202e}kcits\u{202c} \x1b[2JUltra\n\u{200b} Fit".into(), ..stick() };
        assert_eq!(evil.name(), "kcits [2JUltra Fit");
        assert_eq!(evil.to_string(), "kcits [2JUltra Fit  16.0 GB  /dev/sdb  serial 4C530001");
        assert_eq!(clean(&"x".repeat(500)).len(), 64);
    }
}
