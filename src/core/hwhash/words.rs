//! What the numbers in a hash are called. Sources: the SMBIOS specification (types 3 and 16) and the headers of
//! the Windows SDK and driver kit named at each.

use crate::smbios::{Chassis, Text};

fn named(name: &str, number: impl std::fmt::Display) -> String {
    match name {
        "" => format!("unknown ({number})"),
        name => name.to_owned(),
    }
}

/// 255 is what Windows writes when the drive does not answer the question.
pub(super) fn yes_no(number: u32) -> String {
    let name = match number {
        0 => "no",
        1 => "yes",
        255 => "unknown",
        _ => "",
    };
    named(name, number)
}

pub(super) fn os_type(number: u8) -> String {
    let name = match number {
        1 => "WinPE",
        2 => "FullOS",
        _ => "",
    };
    named(name, number)
}

/// PROCESSOR_ARCHITECTURE_*, winnt.h.
pub(super) fn architecture(number: u16) -> String {
    let name = match number {
        0 => "x86",
        5 => "ARM",
        9 => "x64",
        12 => "ARM64",
        _ => "",
    };
    named(name, number)
}

/// SMBIOS 7.17.3.
pub(super) fn error_correction(number: u8) -> String {
    let name = match number {
        1 => "other",
        3 => "none",
        4 => "parity",
        5 => "single-bit ECC",
        6 => "multi-bit ECC",
        7 => "CRC",
        _ => "",
    };
    named(name, number)
}

/// STORAGE_BUS_TYPE, ntddstor.h.
pub(super) fn storage_bus(number: u16) -> String {
    let name = match number {
        1 => "SCSI",
        2 => "ATAPI",
        3 => "ATA",
        4 => "IEEE 1394",
        6 => "Fibre Channel",
        7 => "USB",
        8 => "RAID",
        9 => "iSCSI",
        10 => "SAS",
        11 => "SATA",
        12 => "SD",
        13 => "MMC",
        14 => "virtual",
        15 => "file-backed virtual",
        16 => "storage spaces",
        17 => "NVMe",
        18 => "storage class memory",
        19 => "UFS",
        _ => "",
    };
    named(name, number)
}

/// NDIS_PHYSICAL_MEDIUM, ntddndis.h.
pub(super) fn medium(number: u32) -> String {
    let name = match number {
        0 => "unspecified medium",
        1 | 9 => "Wi-Fi",
        8 => "mobile broadband",
        10 => "Bluetooth",
        14 => "Ethernet",
        _ => return format!("medium {number}"),
    };
    name.to_owned()
}

/// D3DKMDT_VIDEO_OUTPUT_TECHNOLOGY, d3dkmdt.h.
pub(super) fn video_output(number: u32) -> String {
    let name = match number {
        0 => "VGA",
        4 => "DVI",
        5 => "HDMI",
        6 => "LVDS",
        10 => "DisplayPort",
        11 => "embedded DisplayPort",
        15 => "Miracast",
        16 => "indirect, wired",
        17 => "indirect, virtual",
        0x8000_0000 => "internal",
        u32::MAX => "none or other",
        _ => "",
    };
    named(name, format_args!("{number:#x}"))
}

/// SMBIOS 7.4.1.
pub(super) fn chassis(number: u8) -> String {
    let none = Text(b"");
    let name = Chassis { kind: number & 0x7f, manufacturer: none, serial: none, asset_tag: none }.kind_name();
    format!("{name} ({number})")
}

/// POWER_PLATFORM_ROLE, winnt.h.
pub(super) fn role(number: u8) -> String {
    let name = match number {
        0 => "unspecified",
        1 => "desktop",
        2 => "mobile",
        3 => "workstation",
        4 => "enterprise server",
        5 => "small office server",
        6 => "appliance",
        7 => "performance server",
        8 => "slate",
        _ => "",
    };
    named(name, number)
}

/// Bits of GetSystemMetrics(SM_DIGITIZER), winuser.h.
pub(super) fn digitizer(bits: u8) -> String {
    const NAMES: [(u8, &str); 6] = [
        (0x01, "built-in touch"),
        (0x02, "external touch"),
        (0x04, "built-in pen"),
        (0x08, "external pen"),
        (0x40, "several inputs"),
        (0x80, "ready"),
    ];
    let set: Vec<_> = NAMES.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect();
    match bits {
        0 => "none".to_owned(),
        _ => format!("{} ({bits:#04x})", set.join(", ")),
    }
}

/// CM_REMOVAL_POLICY_*, cfgmgr32.h.
pub(super) fn removal(number: u8) -> String {
    let name = match number {
        1 => "fixed",
        2 => "removable, orderly",
        3 => "removable at any time",
        _ => "",
    };
    named(name, number)
}

/// As Windows' own programs that ask for the offline identifier call them.
pub(super) fn offline_id(method: u8) -> String {
    let name = match method {
        1 => "TPM_EK",
        2 => "UEFI_VARIABLE_TPM",
        3 => "UEFI_VARIABLE_RANDOMSEED",
        4 => "UEFI_DEV_LOCK_UNLOCK",
        5 => "XBOX_CONSOLE_ID",
        6 => "REGISTRY_ENTRY",
        _ => "",
    };
    named(name, method)
}
