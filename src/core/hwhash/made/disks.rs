//! Records 6 and 7: which disk, and its serial number in the words of the Windows driver. The riskiest
//! part, for every driver has words of its own.

use super::List;
use crate::{
    capture::{Bus, Capture, Disk},
    hwhash::Record,
};

/// BusTypeSata and BusTypeNvme of STORAGE_BUS_TYPE.
const SATA: u16 = 11;
const NVME: u16 = 17;

pub(super) fn add(list: &mut List, capture: &Capture) {
    let mut found = false;
    for disk in capture.disks.iter().filter(|disk| !disk.boot_medium) {
        match words(disk) {
            Ok(words) => {
                found = true;
                let rotates = u8::from(disk.rotational);
                let record = Record::Disk {
                    gigabytes: disk.bytes / 1_000_000_000,
                    bus: words.bus,
                    seek_penalty: rotates,
                    trim: 1 - rotates,
                };
                let risk = "low: whether it takes TRIM is concluded from its not rotating";
                list.put(record, format!("{}, sysfs", disk.name), risk);
                let source = format!("{}, {}", disk.name, words.source);
                list.put(Record::decode(7, words.text.as_bytes()), source, words.risk);
            }
            Err(why) => {
                list.leave_out(6, format!("{}: {why}", disk.name));
                list.leave_out(7, format!("{}: {why}", disk.name));
            }
        }
    }
    if !found {
        list.leave_out(7, "no built-in disk whose serial number Windows shows in a way that is known");
    }
}

struct Words {
    bus: u16,
    /// `serial|product|vendor`
    text: String,
    source: &'static str,
    risk: &'static str,
}

fn words(disk: &Disk) -> Result<Words, &'static str> {
    match disk.bus {
        _ if disk.removable => Err("removable"),
        Bus::Usb => Err("on USB, not part of the laptop"),
        Bus::Nvme => {
            let id = nvme_id(disk)
                .ok_or("it has neither an NGUID nor an EUI-64, and what Windows shows then is not known")?;
            Ok(Words {
                bus: NVME,
                text: format!("{}|{}|", in_fours(&id), disk.model),
                source: "namespace identifier and model",
                risk: "medium to high: as Windows' own NVMe driver writes it; behind a RAID or VMD controller another \
                       driver may write something else",
            })
        }
        Bus::Sata if disk.serial_raw.trim().is_empty() => {
            Err("its serial number cannot be read as it stands in the drive")
        }
        Bus::Sata => Ok(Words {
            bus: SATA,
            text: format!("{}|{}|", disk.serial_raw, disk.model),
            source: "serial number as it stands in the drive, with its blanks, and model",
            risk: "medium to high: some Windows drivers (Intel RST) take the blanks off",
        }),
        Bus::Mmc => Err("an eMMC, whose serial number Windows shows in a way that is not known"),
        Bus::Virtio => Err("a virtual disk, whose serial number depends on the driver installed in Windows"),
        Bus::Pci | Bus::Other => Err("on a bus for which the words of Windows are not known"),
    }
}

/// The NGUID in 32 hex digits, else the EUI-64 in 16; nothing if the drive has only zeros.
fn nvme_id(disk: &Disk) -> Option<String> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_uppercase();
    let good = |id: &String| id.chars().any(|digit| digit != '0');
    let wwid = disk.wwid.strip_prefix("eui.").map(digits).unwrap_or_default();
    let of_length = |length: usize, id: String| Some(id).filter(|id| id.len() == length).filter(good);
    of_length(32, digits(&disk.nguid))
        .or_else(|| of_length(32, wwid.clone()))
        .or_else(|| of_length(16, digits(&disk.eui)))
        .or_else(|| of_length(16, wwid))
}

/// `0025_3800_0000_0001.`
fn in_fours(digits: &str) -> String {
    let fours: Vec<&str> = digits.as_bytes().chunks(4).filter_map(|four| std::str::from_utf8(four).ok()).collect();
    format!("{}.", fours.join("_"))
}
