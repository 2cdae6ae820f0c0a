//! Canned hardware hashes: every value is made up.

use std::sync::Arc;

use whiteglove_core::{
    batch::ModelTrust,
    blob::Blob,
    capture::{Finding, Part},
    control::Sheet,
    device::WindowsHash,
    entry::{Lane, Source},
    hwhash::{CannotMake, Comparison, FieldSource, HardwareHash, HashDigest, MadeHash, Record, Verdict},
    identity::{Mac, SystemUuid},
};

use super::{ago, laptop};

/// What tells one canned laptop from the next.
struct Unit {
    serial: &'static str,
    disk: &'static str,
    /// Its endorsement key is nothing but this byte, and `key_digest` the SHA-256 of that.
    key: u8,
    key_digest: &'static str,
}

/// Laptop 3 of the few.
const THIS: Unit = Unit {
    serial: "PF3K9Q2R",
    disk: "0025_38B8_31B0_1234.|EXAMPLE MZVL2512 NVME|",
    key: 0x91,
    key_digest: "1d9916f5c839dcd37af837820c29319d21e612aada4d8ea10cdc452a3834a1b7",
};

const OTHER: Unit = Unit {
    serial: "PF3K9Q7X",
    disk: "0025_38B8_31B0_9999.|EXAMPLE MZVL2512 NVME|",
    key: 0xb3,
    key_digest: "574dc98033226db6a0e54699daac8cb025bdd007a1906dd5aed358359ed5a58d",
};

fn text(kind: u16, text: &str) -> Record {
    // Only the disk of record 7 stands there without a NUL.
    Record::Text { kind, text: text.to_owned(), nul: kind != 7 }
}

fn network(medium: u32, last: u8) -> Record {
    Record::Network { medium, mac: Mac([0x02, 0, 0, 0, 0, last]), bus: "PCI".to_owned() }
}

/// What Windows would say of it.
fn records(unit: &Unit) -> Vec<Record> {
    let Unit { serial, disk, key, key_digest } = *unit;
    // A digest is a list of 32 bytes, as a hash carries it.
    let id = key_digest.parse().map(|HashDigest(id)| id).unwrap_or_default();
    vec![
        Record::Versions {
            tool_build: [10, 0, 26_100, 1_742],
            os_build: [10, 0, 26_100, 1_742],
            seconds: 848_660_000,
            zone_quarters: 4,
            os_type: 2,
            architecture: 9,
            tool: 9,
        },
        Record::Processor { architecture: 9, packages: 1, cores: 10, threads: 12, hyper_threading: 1 },
        Record::Ram { total_gib: 16, max_gib: 64, slots: 2, arrays: 1, ecc: 3 },
        text(3, "GenuineIntel"),
        Record::Disk { gigabytes: 512, bus: 17, seek_penalty: 0, trim: 1 },
        text(7, disk),
        network(14, 1),
        network(9, 2),
        Record::Enclosure { chassis: 10, role: 2, optical: 0, digitizer: 0, touches: 0 },
        text(13, "TPM-Version:2.0 -Level:0-Revision:1.59-VendorID:'TEST'-Firmware:458837.298516480"),
        Record::EkPub { modulus: Blob(vec![key; 256]) },
        Record::OfflineDeviceId { status: 0, method: 1, flag: 0, id },
        Record::SmbiosUuid { uuid: SystemUuid([key, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]) },
        text(14, serial),
        text(15, "LENOVO"),
        text(16, "LENOVO"),
        text(17, "21HMCTO1WW"),
        text(18, "LENOVO_MT_21HM"),
        text(19, "ThinkPad X1"),
        text(23, "ThinkPad X1 Carbon Gen 11"),
        text(20, "LENOVO"),
        text(21, "21HMCTO1WW"),
        text(22, " "),
        text(24, "3311000000001"),
        text(28, disk),
    ]
}

fn source_of(kind: u16) -> (&'static str, &'static str) {
    match kind {
        1 => ("the bench's clock", "low: differs every time, and is not matched"),
        2..=4 => ("/proc/cpuinfo", ""),
        5 => ("SMBIOS types 16, 17", ""),
        6 => ("sysfs", ""),
        7 | 28 => ("NVMe identifier", "medium: depends on the storage driver that Windows has"),
        8 => ("permanent address", "medium: which adapters Windows lists"),
        10 => ("SMBIOS type 3", ""),
        11 => ("SHA-256 of the endorsement key", ""),
        13 => ("TPM2_GetCapability", ""),
        15 => ("SMBIOS type 0", ""),
        20..=22 => ("SMBIOS type 2", ""),
        24 => ("MSDM table", ""),
        25 => ("TPM, 0x81010001", ""),
        _ => ("SMBIOS type 1", ""),
    }
}

fn made(records: &[Record]) -> Option<MadeHash> {
    let hash = HardwareHash::encode(records).ok()?;
    let fields = hash.fields();
    let included = records.iter().map(|record| {
        let kind = record.kind();
        let field = fields.iter().find(|field| field.kind == kind);
        let name = field.map(|field| field.name.trim_end_matches(" 1").to_owned()).unwrap_or_default();
        let (source, risk) = source_of(kind);
        FieldSource { kind, name, included: true, source: source.to_owned(), risk: risk.to_owned() }
    });
    let left_out = [
        (26, "ProductKeyPkPn", "left out: only Windows' own tables tell it"),
        (30, "GpuName", "left out: WinPE has none either"),
    ];
    let left_out = left_out.map(|(kind, name, why)| FieldSource {
        kind,
        name: name.to_owned(),
        included: false,
        source: why.to_owned(),
        risk: String::new(),
    });
    let sources = included.chain(left_out).collect();
    Some(MadeHash { hash, sources })
}

fn of_windows(records: &[Record]) -> Option<WindowsHash> {
    Some(WindowsHash {
        hash: HardwareHash::encode(records).ok()?,
        lane: Lane::Oa3,
        source: Source { name: "OA3-PF3K9Q2R.xml".to_owned(), line: 1 },
        at: ago(780),
    })
}

/// Laptop 3 of the few with these hashes; compared as the bench compares them.
fn laptop_with(linux: Option<&[Record]>, windows: Option<&[Record]>, trust: ModelTrust) -> Sheet {
    let mut sheet = Sheet { trust, ..laptop::ready() };
    if let Some(capture) = &mut sheet.device.capture {
        Arc::make_mut(capture).hash = linux.and_then(made);
    }
    sheet.device.windows_hash = windows.and_then(of_windows);
    sheet.comparison = sheet.device.comparison();
    sheet
}

/// Made on Linux, nothing missing; nobody imported another one.
pub fn linux_hash() -> Sheet {
    laptop_with(Some(&records(&THIS)), None, ModelTrust::Untested)
}

/// Windows made one, and our agent did not.
pub fn windows_hash() -> Sheet {
    laptop_with(None, Some(&records(&THIS)), ModelTrust::Untested)
}

/// WinPE without the driver for the TPM made one, and our agent did not.
pub fn winpe_hash() -> Sheet {
    let mut records = records(&THIS);
    records.retain(|record| ![11, 13, 25].contains(&record.kind()));
    if let Some(Record::Versions { os_type, .. }) = records.first_mut() {
        *os_type = 1;
    }
    laptop_with(None, Some(&records), ModelTrust::Untested)
}

/// No TPM, no disk, no Windows key.
pub fn lacking_hash() -> Sheet {
    let lacking = [7, 11, 13, 24, 25, 28];
    let records: Vec<_> = records(&THIS).into_iter().filter(|record| !lacking.contains(&record.kind())).collect();
    laptop_with(Some(&records), None, ModelTrust::Untested)
}

/// Both, and every critical field is the same.
pub fn agreeing_hashes() -> Sheet {
    let records = records(&THIS);
    laptop_with(Some(&records), Some(&records), ModelTrust::Accepted { units: 1 })
}

/// Windows' driver gives the disk's serial number in another way, with the blanks that fill it up. It also
/// knows more, and was asked later; neither counts.
pub fn differing_hashes() -> Sheet {
    let mut windows = records(&Unit { disk: "      S64KNX0T000001|EXAMPLE MZVL2512 NVME|", ..THIS });
    if let Some(Record::Versions { seconds, .. }) = windows.first_mut() {
        *seconds += 1_200;
    }
    windows.push(text(26, "[TH]X19-00001"));
    let sheet = laptop_with(Some(&records(&THIS)), Some(&windows), ModelTrust::Untested);
    let trust = match &sheet.comparison {
        Some(Comparison { verdict: Verdict::Differs(fields), .. }) => ModelTrust::Differs { fields: fields.clone() },
        _ => ModelTrust::Untested,
    };
    Sheet { trust, ..sheet }
}

/// Somebody imported the hash of the laptop beside it.
pub fn hashes_of_two() -> Sheet {
    let other = records(&OTHER);
    laptop_with(Some(&records(&THIS)), Some(&other), ModelTrust::Untested)
}

/// Both, and what only one of them says is this text.
pub fn hashes_saying(words: &str) -> Sheet {
    let mut linux = records(&THIS);
    linux.push(text(36, words));
    laptop_with(Some(&linux), Some(&records(&THIS)), ModelTrust::Untested)
}

/// Neither.
pub fn no_hash() -> Sheet {
    laptop_with(None, None, ModelTrust::Untested)
}

/// Neither, and our agent said why it made none.
pub fn hash_not_made() -> Sheet {
    let mut sheet = no_hash();
    if let Some(capture) = &mut sheet.device.capture {
        let what = CannotMake::NoSmbios.to_string();
        Arc::make_mut(capture).findings.push(Finding { part: Part::Hash, what });
    }
    sheet
}
