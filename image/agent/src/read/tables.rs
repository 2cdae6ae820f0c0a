//! What the firmware left in memory: SMBIOS, UEFI variables, the ACPI table with the Windows key.

use std::io::ErrorKind;

use whiteglove_core::{
    blob::Blob,
    capture::{Firmware, Msdm, Part, SmbiosTables},
    msdm,
};

use super::{Notes, Root};

pub(super) fn smbios(root: &Root, notes: &mut Notes) -> Option<SmbiosTables> {
    let read = |name: &str| root.bytes(&format!("sys/firmware/dmi/tables/{name}"));
    match (read("smbios_entry_point"), read("DMI")) {
        (Ok(entry_point), Ok(table)) => Some(SmbiosTables { entry_point: Blob(entry_point), table: Blob(table) }),
        (Err(error), _) | (_, Err(error)) => {
            let why = match error.kind() {
                ErrorKind::NotFound => "the firmware gave the kernel no SMBIOS table".to_owned(),
                _ => format!("the SMBIOS table cannot be read: {error}"),
            };
            notes.find(Part::Smbios, why);
            None
        }
    }
}

/// EFI_GLOBAL_VARIABLE (UEFI 2.10, 3.3).
pub(crate) const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";

pub(super) fn firmware(root: &Root, notes: &mut Notes) -> Firmware {
    let uefi = root.exists("sys/firmware/efi");
    if !uefi {
        notes.find(Part::Firmware, "booted in BIOS (CSM) mode, not UEFI");
        return Firmware::default();
    }
    // Four bytes of attributes, then the value.
    let flag = |name: &str| match root.bytes(&format!("sys/firmware/efi/efivars/{name}-{GLOBAL}")) {
        Ok(bytes) => bytes.get(4).map(|value| *value == 1),
        Err(_) => None,
    };
    let firmware = Firmware { uefi, secure_boot: flag("SecureBoot"), setup_mode: flag("SetupMode") };
    if firmware.secure_boot.is_none() {
        notes.find(Part::Firmware, "the UEFI variable SecureBoot cannot be read");
    }
    firmware
}

pub(super) fn msdm(root: &Root, notes: &mut Notes) -> Option<Msdm> {
    let mut table = match root.bytes("sys/firmware/acpi/tables/MSDM") {
        Ok(table) => table,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            notes.find(Part::Msdm, "the firmware holds no Windows key (no MSDM table)");
            return None;
        }
        Err(error) => {
            notes.find(Part::Msdm, format!("the MSDM table cannot be read: {error}"));
            return None;
        }
    };
    let parsed = msdm::parse(&table);
    // The key is not ours to keep.
    table.fill(0);
    parsed.map_err(|error| notes.find(Part::Msdm, format!("the MSDM table is no use: {error}"))).ok()
}
