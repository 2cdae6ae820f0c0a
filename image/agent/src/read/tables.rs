//! What the firmware left in memory: SMBIOS, UEFI variables, the ACPI table with the Windows key.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    sync::Arc,
};

use whiteglove_core::{
    blob::Blob,
    capture::{Firmware, FirmwareVariable, Keys, Msdm, Part, SmbiosTables, Variable},
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

const EFIVARS: &str = "sys/firmware/efi/efivars";
/// EFI_GLOBAL_VARIABLE (UEFI 2.10, 3.3).
pub(crate) const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// EFI_IMAGE_SECURITY_DATABASE_GUID (UEFI 2.10, 32.6.1)
const DATABASE: &str = "d719b2cb-3d3a-4596-a3bc-dad00e67656f";
/// Shim's own; only `SbatLevelRT` of it is shown to an operating system.
const SHIM: &str = "605dab50-e046-4300-abb6-3dd810dd8b23";
/// Four bytes stand before a value.
const ATTRIBUTES: usize = 4;

pub(super) fn firmware(root: &Root, notes: &mut Notes) -> Firmware {
    let uefi = root.exists("sys/firmware/efi");
    if !uefi {
        notes.find(Part::Firmware, "booted in BIOS (CSM) mode, not UEFI");
        return Firmware::default();
    }
    // Four bytes of attributes, then the value.
    let flag = |name: &str| match root.bytes(&format!("{EFIVARS}/{name}-{GLOBAL}")) {
        Ok(bytes) => bytes.get(4).map(|value| *value == 1),
        Err(_) => None,
    };
    let firmware = Firmware {
        uefi,
        secure_boot: flag("SecureBoot"),
        setup_mode: flag("SetupMode"),
        keys: Some(keys(root, notes)),
    };
    if firmware.secure_boot.is_none() {
        notes.find(Part::Firmware, "the UEFI variable SecureBoot cannot be read");
    }
    firmware
}

fn keys(root: &Root, notes: &mut Notes) -> Keys {
    let mut read = |name: &str, namespace: &str| {
        let value = variable(root, name, namespace);
        if let Variable::Unread(why) = &value {
            notes.find(Part::Firmware, format!("the UEFI variable {name} cannot be read: {why}"));
        }
        value
    };
    Keys {
        db: read("db", DATABASE),
        dbx: read("dbx", DATABASE),
        kek: read("KEK", GLOBAL),
        sbat: read("SbatLevelRT", SHIM),
    }
}

/// Whatever the firmware claims, no more than an envelope has room for.
fn variable(root: &Root, name: &str, namespace: &str) -> Variable {
    let most = ATTRIBUTES + Keys::MOST_BYTES;
    let mut bytes = Vec::new();
    let file = File::open(root.path(&format!("{EFIVARS}/{name}-{namespace}")));
    match file.and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Variable::Absent,
        Err(error) => Variable::Unread(error.to_string()),
        Ok(length) if length > most => Variable::Unread(format!("it is longer than {} KiB", Keys::MOST_BYTES >> 10)),
        // A variable without a value is none (UEFI 2.10, 8.2).
        Ok(length) if length <= ATTRIBUTES => Variable::Absent,
        Ok(_) => Variable::Value(Arc::new(Blob(bytes.split_off(ATTRIBUTES)))),
    }
}

/// Where Windows' device association keeps its marks; they outlive a new installation. Their names differ
/// between Microsoft's pages and what was seen, so all of the namespace count.
const DEVICE_LINK: &str = "b3de75da-819c-4fd5-9f01-c3d49e8cbbd7";
/// An identifier or a date; what is longer is a token, and nobody's business.
const SHORT: usize = 80;

pub(super) fn device_link(root: &Root, notes: &mut Notes) -> Vec<FirmwareVariable> {
    let mut found = Vec::new();
    for file in root.names(EFIVARS) {
        let Some((name, namespace)) = file.split_at_checked(file.len().saturating_sub(DEVICE_LINK.len())) else {
            continue;
        };
        let Some(name) = name.strip_suffix('-').filter(|_| namespace.eq_ignore_ascii_case(DEVICE_LINK)) else {
            continue;
        };
        let value = root.bytes(&format!("{EFIVARS}/{file}")).unwrap_or_else(|error| {
            notes.find(Part::DeviceLink, format!("the UEFI variable {name} cannot be read: {error}"));
            Vec::new()
        });
        // Four bytes of attributes, then the value.
        let value = value.get(4..).unwrap_or_default();
        let bytes = u32::try_from(value.len()).unwrap_or(u32::MAX);
        found.push(FirmwareVariable { name: name.to_owned(), bytes, text: short_text(value) });
    }
    found
}

/// Printable ASCII, in bytes or in UTF-16.
fn short_text(value: &[u8]) -> Option<String> {
    let (units, rest) = value.as_chunks::<2>();
    let wide = rest.is_empty() && !units.is_empty() && units.iter().all(|[_, high]| *high == 0);
    let text: Vec<u8> = match wide {
        true => units.iter().map(|[low, _]| *low).collect(),
        false => value.to_vec(),
    };
    let end = text.iter().rposition(|byte| *byte != 0)? + 1;
    let text =
        text.get(..end).filter(|text| text.len() <= SHORT && text.iter().all(|byte| (0x20..0x7f).contains(byte)))?;
    String::from_utf8(text.to_vec()).ok()
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
