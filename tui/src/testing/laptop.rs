//! Canned laptops, whole.

use std::sync::Arc;

use whiteglove_core::{
    blob::Blob,
    capture::{
        Battery, Bus, Capture, Cpu, Disk, Display, EkCertificate, EkSource, EndorsementKey, Finding, Firmware, Msdm,
        Nic, NicKind, Part, Rtc, SmbiosTables, Timing, Tpm,
    },
    device::{Device, DeviceId, HoldReason, Signal, Stage},
    envelope::MessageId,
    identity::{Clash, Mac},
    media_card::MediaId,
    msdm::product_key_id,
};

use super::ago;

/// A structure of the SMBIOS table with its strings.
fn structure(kind: u8, body: &[u8], strings: &[&str]) -> Vec<u8> {
    let mut bytes = vec![kind, u8::try_from(body.len() + 4).unwrap_or(u8::MAX), 0, 0];
    bytes.extend(body);
    for string in strings {
        bytes.extend(string.as_bytes());
        bytes.push(0);
    }
    bytes.extend(if strings.is_empty() { &[0, 0][..] } else { &[0] });
    bytes
}

fn smbios(serial: &str) -> SmbiosTables {
    let mut system = vec![1, 2, 3, 4];
    system.extend(*b"LNVO\x42\x00\x10\x35\x80\x50\xb4\xc0\x4f\x56\x44\x33");
    system.extend([6, 5, 6]);
    let mut table = structure(0, &[1, 2, 0, 0, 3], &["LENOVO", "N3XET56W (1.31)", "08/14/2026"]);
    table.extend(structure(
        1,
        &system,
        &["LENOVO", "21HMCTO1WW", "ThinkPad X1 Carbon Gen 11", serial, "LENOVO_MT_21HM", "ThinkPad X1"],
    ));
    table.extend(structure(2, &[1, 2, 3, 4], &["LENOVO", "21HMCTO1WW", "SDK0T76530 WIN", "L1HF38A0123"]));
    table.extend(structure(3, &[1, 10, 0, 2, 3], &["LENOVO", serial, "ACME-4711"]));
    table.extend(structure(17, &[0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x40], &[]));
    table.extend(structure(127, &[], &[]));
    SmbiosTables { entry_point: Blob(vec![]), table: Blob(table) }
}

fn capture(serial: &str) -> Capture {
    Capture {
        id: MessageId([0x2a; 16]),
        agent: "0.1.0".to_owned(),
        simulated: false,
        smbios: Some(smbios(serial)),
        firmware: Firmware { uefi: true, secure_boot: Some(true), setup_mode: Some(false) },
        tpm: Some(Tpm {
            family: "2.0".to_owned(),
            level: 0,
            revision: 159,
            vendor: "IFX".to_owned(),
            firmware: (0x0007_0055, 0x11cb_0000),
            keys: vec![EndorsementKey { source: EkSource::Persistent, public: Blob(vec![0x5a; 122]) }],
            certificates: vec![EkCertificate { nv_index: 0x01c0_0002, der: Blob(vec![0x30; 1_180]) }],
        }),
        // Microsoft's published generic key, as in the tests of the decoder.
        msdm: product_key_id("W269N-WFGWX-YVC9B-4J6C9-T83GX").ok().map(|product_key_id| Msdm {
            oem_id: "LENOVO".to_owned(),
            product_key_id,
            key_tail: "T83GX".to_owned(),
        }),
        nics: vec![
            Nic {
                name: "enp0s31f6".to_owned(),
                mac: Mac([0x8c, 0x8c, 0xaa, 0x10, 0x20, 0x30]),
                permanent_mac: Some(Mac([0x8c, 0x8c, 0xaa, 0x10, 0x20, 0x30])),
                bus: Bus::Pci,
                kind: NicKind::Wired,
                driver: "e1000e".to_owned(),
                hardware: Some((0x8086, 0x1a1e)),
                carrier: true,
            },
            Nic {
                name: "wlp0s20f3".to_owned(),
                mac: Mac([0x02, 0, 0, 0, 0, 1]),
                permanent_mac: Some(Mac([0xe4, 0x0d, 0x36, 0x01, 0x02, 0x03])),
                bus: Bus::Pci,
                kind: NicKind::Wireless,
                driver: "iwlwifi".to_owned(),
                hardware: Some((0x8086, 0x51f0)),
                carrier: false,
            },
        ],
        disks: vec![Disk {
            name: "nvme0n1".to_owned(),
            bus: Bus::Nvme,
            bytes: 512_110_190_592,
            model: "SAMSUNG MZVL2512HCJQ-00BL7".to_owned(),
            serial: "S64KNX0T123456".to_owned(),
            serial_raw: String::new(),
            firmware: "FXM7601Q".to_owned(),
            wwid: "eui.002538b831b01234".to_owned(),
            nguid: String::new(),
            eui: "002538b831b01234".to_owned(),
            rotational: false,
            removable: false,
            boot_medium: false,
        }],
        cpu: Cpu {
            vendor: "GenuineIntel".to_owned(),
            model: "13th Gen Intel(R) Core(TM) i7-1355U".to_owned(),
            sockets: 1,
            cores: 10,
            threads: 12,
            family: 6,
            model_number: 186,
            stepping: 3,
        },
        memory_bytes: 16_400_000_000,
        batteries: vec![Battery {
            name: "BAT0".to_owned(),
            percent: Some(71),
            status: "Charging".to_owned(),
            health_percent: Some(99),
            cycles: Some(3),
        }],
        displays: vec![Display {
            connector: "eDP-1".to_owned(),
            width_px: 1920,
            height_px: 1200,
            width_mm: 301,
            height_mm: 188,
        }],
        rtc: Some(Rtc { read: ago(2_463) }),
        device_link: vec![],
        hash: None,
        findings: vec![],
        timings: vec![
            Timing { part: Part::Smbios, millis: 4 },
            Timing { part: Part::Tpm, millis: 480 },
            Timing { part: Part::Disk, millis: 31 },
        ],
    }
}

fn device(number: u64, capture: Capture) -> Device {
    Device {
        id: DeviceId(number),
        identity: capture.identity(),
        stage: Stage::Captured { since: ago(2_460), capture: capture.id },
        batch: "ACME-07".to_owned(),
        signal: Signal::Agent,
        arrived: ago(2_500),
        last: ago(2_460),
        media: MediaId([0x11; 16]),
        simulated: false,
        capture: Some(Arc::new(capture)),
        captures: 1,
        history: vec![
            (ago(2_500), Signal::Agent, "arrived".to_owned()),
            (ago(2_460), Signal::Agent, "captured".to_owned()),
        ],
    }
}

/// Number 3 of the few: nothing is missing.
pub fn ready() -> Device {
    device(3, capture("PF3K9Q2R"))
}

/// Number 8: its TPM is off and its clock is slow.
pub fn no_tpm() -> Device {
    let mut capture = capture("5CG1284XYZ");
    capture.tpm = None;
    capture.rtc = Some(Rtc { read: ago(2_460 + 431) });
    capture.findings = vec![Finding { part: Part::Tpm, what: "no TPM device; the firmware lists none".to_owned() }];
    device(8, capture)
}

/// Number 5: claims the serial number of number 3.
pub fn held() -> Device {
    let device = device(5, capture("PF3K9Q2R"));
    let reason = HoldReason::Clash { clash: Clash::SerialOnOtherBoard, other: DeviceId(3) };
    let mut history = device.history.clone();
    history.push((ago(2_460), Signal::Agent, "held: same serial as #3".to_owned()));
    Device { stage: Stage::Held { at: Box::new(device.stage), reason, since: ago(2_460) }, history, ..device }
}
