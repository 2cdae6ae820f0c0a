//! A bench whose customers are tenants of the fake, with laptops that have hashes of their own.

use std::fs;

use sha2::{Digest, Sha256};
use whiteglove_core::{
    hwhash::{HardwareHash, Record},
    identity::{Mac, SystemUuid},
};

/// What Windows would write of a laptop with this number, and of no other.
pub(crate) fn hash(serial: &str) -> HardwareHash {
    let digest = Sha256::digest(serial);
    let mut uuid: [u8; 16] = digest[..16].try_into().unwrap();
    uuid[7] = uuid[7] & 0x0f | 0x40;
    let text = |kind, text: &str| Record::Text { kind, text: text.to_owned(), nul: kind != 7 };
    let records = [
        Record::Versions {
            tool_build: [10, 0, 26100, 1],
            os_build: [10, 0, 26100, 1742],
            seconds: 820_454_400,
            zone_quarters: 4,
            os_type: 2,
            architecture: 9,
            tool: 9,
        },
        Record::Network {
            medium: 14,
            mac: Mac([2, digest[16], digest[17], digest[18], digest[19], digest[20]]),
            bus: "PCI".to_owned(),
        },
        Record::SmbiosUuid { uuid: SystemUuid(uuid) },
        text(14, serial),
        text(16, "LENOVO"),
        text(17, "21CB"),
    ];
    HardwareHash::encode(&records).unwrap()
}

/// As `Get-WindowsAutopilotInfo` writes it.
pub(crate) fn list<'a>(serials: impl IntoIterator<Item = &'a str>) -> String {
    let mut csv = "Device Serial Number,Windows Product ID,Hardware Hash\r\n".to_owned();
    for serial in serials {
        csv += &format!("{serial},,{}\r\n", hash(serial).to_base64());
    }
    csv
}

/// A file beside the bench.
pub(crate) fn file(bench: &super::super::Bench, name: &str, text: &str) -> String {
    let path = bench.folder.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

pub(crate) fn serials(count: usize, front: &str) -> Vec<String> {
    (0..count).map(|n| format!("{front}{n:05}")).collect()
}
