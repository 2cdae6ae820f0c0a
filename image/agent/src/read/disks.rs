//! Disks, from sysfs alone: no disk is opened.

use whiteglove_core::capture::{Bus, Disk, Part};

use super::{Notes, Root};

const BLOCK: &str = "sys/block";

pub(super) fn disks(root: &Root, boot_disk: Option<&str>, notes: &mut Notes) -> Vec<Disk> {
    let mut disks = Vec::new();
    for name in root.names(BLOCK).into_iter().filter(|name| is_a_disk(name)) {
        let of = |attribute: &str| root.text(&format!("{BLOCK}/{name}/{attribute}"));
        // 512-byte units, whatever the disk's own sector is. None in a card reader without a card.
        let bytes = of("size").parse::<u64>().unwrap_or(0).saturating_mul(512);
        if bytes == 0 {
            continue;
        }
        let bus = bus(root, &name);
        let first = |attributes: &[&str]| {
            attributes.iter().map(|attribute| of(attribute)).find(|text| !text.is_empty()).unwrap_or_default()
        };
        let vendor = if matches!(bus, Bus::Usb | Bus::Other) { of("device/vendor") } else { String::new() };
        let ata = if bus == Bus::Sata { AtaNames::read(root, &name) } else { AtaNames::default() };
        let model = match ata.model.is_empty() {
            true => first(&["device/model", "device/name"]),
            false => ata.model,
        };
        disks.push(Disk {
            bytes,
            model: format!("{vendor} {model}").trim().to_owned(),
            serial: serial(root, &name, bus),
            serial_raw: ata.serial,
            firmware: first(&["device/firmware_rev", "device/rev", "device/fwrev"]),
            wwid: first(&["wwid", "device/wwid"]),
            nguid: of("nguid"),
            eui: of("eui"),
            rotational: of("queue/rotational") == "1",
            removable: of("removable") == "1",
            boot_medium: boot_disk == Some(name.as_str()),
            bus,
            name,
        });
    }
    controllers_without_driver(root, notes);
    if !disks.iter().any(|disk| disk.bus != Bus::Usb) {
        notes.find(Part::Disk, "no internal disk");
    }
    disks
}

/// Whether a disk of the laptop's own has appeared yet.
pub(crate) fn has_an_internal_disk(root: &Root) -> bool {
    root.names(BLOCK).iter().any(|name| {
        let size = root.number(&format!("{BLOCK}/{name}/size")).unwrap_or(0);
        size > 0 && is_a_disk(name) && bus(root, name) != Bus::Usb
    })
}

/// Neither memory nor software, nor the second path to a disk (`nvme0c0n1` beside `nvme0n1`).
fn is_a_disk(name: &str) -> bool {
    const OTHER: [&str; 9] = ["loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd", "mtdblock"];
    let second_path = name.strip_prefix("nvme").is_some_and(|rest| rest.contains('c'));
    // An eMMC's boot areas are not disks of their own.
    let boot_area = name.starts_with("mmcblk") && (name.contains("boot") || name.contains("rpmb"));
    !second_path && !boot_area && !OTHER.iter().any(|prefix| name.starts_with(prefix))
}

pub(crate) fn bus(root: &Root, name: &str) -> Bus {
    let path = root.real(&format!("{BLOCK}/{name}"));
    let below = |part: &str| path.contains(part);
    match name {
        // USB first: enclosures make NVMe and SATA disks look like SCSI behind it.
        _ if below("/usb") => Bus::Usb,
        _ if name.starts_with("nvme") => Bus::Nvme,
        _ if name.starts_with("mmcblk") => Bus::Mmc,
        _ if below("/ata") => Bus::Sata,
        _ if below("/virtio") => Bus::Virtio,
        _ => Bus::Other,
    }
}

fn serial(root: &Root, name: &str, bus: Bus) -> String {
    let direct = [format!("{BLOCK}/{name}/device/serial"), format!("{BLOCK}/{name}/serial")];
    if let Some(serial) = direct.iter().map(|path| root.text(path)).find(|text| !text.is_empty()) {
        return serial;
    }
    // SCSI vital product data, page 80h: four bytes of head (SPC-4, 7.8.15).
    if let Ok(page) = root.bytes(&format!("{BLOCK}/{name}/device/vpd_pg80")) {
        let text = String::from_utf8_lossy(page.get(4..).unwrap_or_default()).trim_matches(['\0', ' ']).to_owned();
        if !text.is_empty() {
            return text;
        }
    }
    match bus {
        // `t10.ATA     MODEL (40 characters)  SERIAL`
        Bus::Sata => {
            let wwid = root.text(&format!("{BLOCK}/{name}/device/wwid"));
            let serial = wwid.strip_prefix("t10.ATA").and_then(|rest| rest.split_whitespace().last());
            serial.unwrap_or_default().to_owned()
        }
        // The USB device somewhere above the SCSI disk.
        Bus::Usb => {
            let mut above = format!("{BLOCK}/{name}/device");
            for _ in 0..8 {
                above.push_str("/..");
                if root.exists(&format!("{above}/idVendor")) {
                    return root.text(&format!("{above}/serial"));
                }
            }
            String::new()
        }
        _ => String::new(),
    }
}

/// What a SATA drive calls itself, whole: the kernel's `model` is cut after 16 characters, as SCSI has
/// it, and its serial number loses the blanks that right-align it in the drive.
#[derive(Debug, Default)]
struct AtaNames {
    model: String,
    serial: String,
}

/// IDENTIFY DEVICE, words 27 to 46 and 10 to 19 (ACS-4, 7.13.6).
const ATA_MODEL: usize = 40;
const ATA_SERIAL: usize = 20;

impl AtaNames {
    fn read(root: &Root, name: &str) -> Self {
        let page = |number: &str| root.bytes(&format!("{BLOCK}/{name}/device/vpd_pg{number}")).unwrap_or_default();
        // Page 80h: four bytes of head, then the serial number (SPC-4, 7.8.15).
        let serial = page("80").get(4..).map(untrimmed).unwrap_or_default();
        let names = page("83");
        let descriptor = ata_descriptor(names.get(4..).unwrap_or_default()).unwrap_or_default();
        let (model, inside) = descriptor.split_at_checked(ATA_MODEL).unwrap_or_default();
        Self {
            model: untrimmed(model).trim().to_owned(),
            serial: match serial.trim().is_empty() {
                true => untrimmed(inside.get(..ATA_SERIAL).unwrap_or_default()),
                false => serial,
            },
        }
    }
}

/// Model and serial number behind `ATA     `, the T10 vendor identification (type 1) that SAT-4, 10.4.2 has
/// in page 83h.
fn ata_descriptor(mut designators: &[u8]) -> Option<&[u8]> {
    while let [_, kind, _, length, rest @ ..] = designators {
        let (content, next) = rest.split_at_checked(usize::from(*length))?;
        if kind & 0x0f == 1
            && let Some(names) = content.strip_prefix(b"ATA     ")
        {
            return Some(names);
        }
        designators = next;
    }
    None
}

/// Blanks are kept, NULs are not text.
fn untrimmed(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\0', "")
}

/// PCI storage controllers (class 01) that nobody drives, such as RAID modes.
fn controllers_without_driver(root: &Root, notes: &mut Notes) {
    let bus = "sys/bus/pci/devices";
    for slot in root.names(bus) {
        let of = |attribute: &str| root.text(&format!("{bus}/{slot}/{attribute}"));
        if of("class").starts_with("0x01") && !root.exists(&format!("{bus}/{slot}/driver")) {
            let id = format!("{}:{}", of("vendor").trim_start_matches("0x"), of("device").trim_start_matches("0x"));
            notes.find(Part::Disk, format!("storage controller {id} at {slot} has no driver here"));
        }
    }
}
