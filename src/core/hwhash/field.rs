//! Named values for a person, as Windows' tools name them.
//!
//! Names are those `oa3tool /DecodeHwHash` prints, as far as its output is published; the others are ours. Values
//! are words and units instead of its bare numbers. A text stands as it is, blanks at its ends included.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{HardwareHash, Record, critical::YEAR_2000, words};
use crate::clock::civil;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The record it stands in.
    pub kind: u16,
    /// `SmbiosSystemSerialNumber`, `MacAddress`.
    pub name: String,
    pub value: String,
}

/// Longer values are shown by both ends, their length and their digest.
const SHOWN_BYTES: usize = 32;

pub(super) fn fields(hash: &HardwareHash) -> Vec<Field> {
    let records = hash.records();
    let mut seen = Vec::with_capacity(records.len());
    let mut fields = vec![];
    for record in &records {
        let kind = record.kind();
        seen.push(kind);
        let several = records.iter().filter(|other| other.kind() == kind).count() > 1;
        let number = several.then(|| seen.iter().filter(|other| **other == kind).count());
        let named = of(record).into_iter().map(|(name, value)| Field { kind, name: numbered(&name, number), value });
        fields.extend(named);
    }
    fields
}

/// `MacAddress 2`, where there are several of a kind.
pub(super) fn numbered(name: &str, number: Option<usize>) -> String {
    number.map_or_else(|| name.to_owned(), |number| format!("{name} {number}"))
}

/// What one record says, in the order in which a person reads it.
pub(super) fn of(record: &Record) -> Vec<(Cow<'static, str>, String)> {
    let single = |value| vec![(name(record.kind()), value)];
    let named = |fields: Vec<(&'static str, String)>| fields.into_iter().map(|(n, v)| (Cow::Borrowed(n), v)).collect();
    match record {
        Record::Versions { tool_build, os_build, seconds, zone_quarters, os_type, architecture, tool } => {
            let local = i64::from(*seconds) + 900 * i64::from(*zone_quarters);
            named(vec![
                ("ToolVersion", tool.to_string()),
                ("ToolBuild", tool_build.map(|part| part.to_string()).join(".")),
                ("OSType", words::os_type(*os_type)),
                ("OsCpuArchitecture", words::architecture((*architecture).into())),
                ("OsBuild", os_build.map(|part| part.to_string()).join(".")),
                ("OsSystemTime", format!("{}Z", timestamp((*seconds).into()))),
                ("OsLocalTime", timestamp(local) + &zone(*zone_quarters)),
            ])
        }
        Record::Processor { architecture, packages, cores, threads, hyper_threading } => named(vec![
            ("ProcessorArchitecture", words::architecture(*architecture)),
            ("ProcessorPackages", packages.to_string()),
            ("ProcessorCores", cores.to_string()),
            ("ProcessorThreads", threads.to_string()),
            ("ProcessorHyperThreading", words::yes_no(*hyper_threading)),
        ]),
        Record::CoreClasses { classes } => {
            let class =
                |c: &super::CoreClass| format!("class {}: {} cores, {} threads", c.efficiency, c.cores, c.threads);
            single(classes.iter().map(class).collect::<Vec<_>>().join("; "))
        }
        Record::Ram { total_gib, max_gib, slots, arrays, ecc } => named(vec![
            ("TotalPhysicalRAM", format!("{total_gib} GiB")),
            ("SmbiosRamMaximumCapacity", format!("{max_gib} GiB")),
            ("SmbiosRamSlots", slots.to_string()),
            ("SmbiosRamArrayCount", arrays.to_string()),
            ("SmbiosRamErrorCorrection", words::error_correction(*ecc)),
        ]),
        Record::Disk { gigabytes, bus, seek_penalty, trim } => named(vec![
            ("DiskCapacity", format!("{gigabytes} GB")),
            ("DiskBusType", words::storage_bus(*bus)),
            ("IncursSeekPenalty", words::yes_no((*seek_penalty).into())),
            ("TrimEnabled", words::yes_no((*trim).into())),
        ]),
        Record::Network { medium, mac, bus } => single(format!("{mac}, {}, {}", words::medium(*medium), shown(bus))),
        Record::Display { width_mm, height_mm, width_px, height_px, technology } => named(vec![
            ("DisplaySize", unless_none(*width_mm, *height_mm, "mm")),
            ("DisplayResolution", unless_none(*width_px, *height_px, "pixels")),
            ("VideoOutputTechnology", words::video_output(*technology)),
        ]),
        Record::DisplayCm { width, height } => single(unless_none(*width, *height, "cm")),
        Record::Enclosure { chassis, role, optical, digitizer, touches } => named(vec![
            ("ChassisType", words::chassis(*chassis)),
            ("PowerPlatformRole", words::role(*role)),
            ("OpticalDiskDrive", words::yes_no((*optical).into())),
            ("DigitizerSupportID", words::digitizer(*digitizer)),
            ("MaximumTouches", touches.to_string()),
        ]),
        Record::EkPub { modulus } => named(vec![
            ("TPM EkPub", bytes(&modulus.0)),
            // No record holds it; Windows prints it all the same.
            ("EkPubHash", hex::encode(Sha256::digest(&modulus.0))),
        ]),
        Record::OfflineDeviceId { status, method, flag, id } => named(vec![
            ("OfflineDeviceId", hex::encode(id)),
            ("OfflineDeviceIdMethod", words::offline_id(*method)),
            ("OfflineDeviceIdStatus", format!("{status}, flag {flag}")),
        ]),
        Record::SmbiosUuid { uuid } => single(uuid.to_string()),
        Record::Gpu { video_memory, system_memory, removal, local } => named(vec![
            ("DedicatedVideoMemory", memory(*video_memory)),
            ("DedicatedSystemMemory", memory(*system_memory)),
            ("RemovalPolicy", words::removal(*removal)),
            ("InLocalMachineContainer", words::yes_no((*local).into())),
        ]),
        Record::GpuName { text } => single(shown(text)),
        // Filled up with NULs to the length that the processor gives; they say nothing.
        Record::Text { kind: 4, text, .. } => single(shown(text.trim_end_matches('\0'))),
        Record::Text { kind, text, nul } if *nul == ends_with_nul(*kind) => single(shown(text)),
        Record::Text { text, nul: true, .. } => single(shown(text) + " (and a NUL)"),
        Record::Text { text, nul: false, .. } => single(shown(text) + " (without a NUL at its end)"),
        Record::Other { kind, value } if is_text(*kind) => single(value.0.escape_ascii().to_string()),
        Record::Other { value, .. } => single(bytes(&value.0)),
    }
}

/// Of a record that has one field, or is not understood.
pub(super) fn name(kind: u16) -> Cow<'static, str> {
    Cow::Borrowed(match kind {
        1 => "Versions",
        2 => "Processor",
        3 => "ProcessorManufacturer",
        4 => "ProcessorModel",
        5 => "RAM",
        6 => "Disk",
        7 => "DiskSerialNumber",
        8 => "MacAddress",
        9 => "Display",
        10 => "Enclosure",
        11 => "OfflineDeviceId",
        12 => "SmbiosUuid",
        13 => "TPMVersion",
        14 => "SmbiosSystemSerialNumber",
        15 => "SmbiosFirmwareVendor",
        16 => "SmbiosSystemManufacturer",
        17 => "SmbiosSystemProductName",
        18 => "SmbiosSkuNumber",
        19 => "SmbiosSystemFamily",
        20 => "SmbiosBoardManufacturer",
        21 => "SmbiosBoardProduct",
        22 => "SmbiosBoardVersion",
        23 => "SmbiosSystemVersion",
        24 => "ProductKeyID",
        25 => "TPM EkPub",
        26 => "ProductKeyPkPn",
        27 => "DisplayCm",
        28 => "DiskSSNKernel",
        29 => "GPU",
        30 => "GPUName",
        34 => "CoreClasses",
        36 => "GeoInfo",
        37 => "LicensingHardwareId",
        _ => return Cow::Owned(format!("Record {kind}")),
    })
}

pub(super) fn is_text(kind: u16) -> bool {
    matches!(kind, 3 | 4 | 7 | 13..=24 | 26 | 28 | 36)
}

/// As Windows writes it: the disk's serial number and the region stand without.
pub(super) fn ends_with_nul(kind: u16) -> bool {
    is_text(kind) && !matches!(kind, 7 | 36)
}

/// Control characters would move the cursor; everything else stays, blanks too.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    shown
}

fn bytes(value: &[u8]) -> String {
    if value.len() <= SHOWN_BYTES {
        return hex::encode(value);
    }
    let (head, tail, digest) = (&value[..8], &value[value.len() - 4..], Sha256::digest(value));
    let digest = hex::encode(&digest[..8]);
    format!("{}..{}, {} bytes, SHA-256 {digest}..", hex::encode(head), hex::encode(tail), value.len())
}

fn memory(bytes: u64) -> String {
    match bytes {
        0 => "none".to_owned(),
        _ if bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ => format!("{bytes} bytes"),
    }
}

fn unless_none(width: u16, height: u16, unit: &str) -> String {
    match (width, height) {
        (u16::MAX, u16::MAX) => "none".to_owned(),
        _ => format!("{width} x {height} {unit}"),
    }
}

/// `+05:30`. Tool version 3 always writes `+30:00`, and Windows prints that.
fn zone(quarters: i8) -> String {
    let minutes = 15 * i32::from(quarters).abs();
    format!("{}{:02}:{:02}", if quarters < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
}

/// ISO 8601 without a zone, of seconds since 2000.
pub(super) fn timestamp(seconds: i64) -> String {
    let seconds = seconds + YEAR_2000.cast_signed();
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_since_2000_read_as_dates() {
        let shown = [0, 5_097_600 - 86_400, 820_454_400, u32::MAX].map(|seconds| timestamp(seconds.into()));
        assert_eq!(shown, ["2000-01-01T00:00:00", "2000-02-28T00:00:00", "2025-12-31T00:00:00", "2136-02-07T06:28:15"]);
        assert_eq!(timestamp(-900), "1999-12-31T23:45:00");
        assert_eq!([-20, 22, 0, 120].map(zone), ["-05:00", "+05:30", "+00:00", "+30:00"]);
    }
}
