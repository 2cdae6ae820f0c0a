//! Canned laptops, whole.

use std::sync::Arc;

use whiteglove_core::{
    blob::Blob,
    capture::{
        Battery, Bus, Capture, Cpu, Disk, Display, EkCertificate, EkSource, EndorsementKey, Finding, Firmware, Keys,
        Msdm, Nic, NicKind, Part, Rtc, SmbiosTables, Timing, Tpm, TpmPresence, Variable,
    },
    control::Sheet,
    device::{Device, DeviceId, Evidence, HoldReason, Label, Probe, Signal, Stage},
    entry::DeviceLink,
    envelope::MessageId,
    identity::{Clash, Mac, Serial},
    media_card::MediaId,
    msdm::product_key_id,
    order::Match,
    problem::Problem,
    readiness::{Check, Readiness, Severity, Verdict},
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

/// Both generations of certificates, a list of one dangerous program, and a floor as shim sets it.
fn keys() -> Keys {
    let value = |bytes: &[u8]| Variable::Value(Arc::new(Blob(bytes.to_vec())));
    Keys {
        db: value(include_bytes!("../../../tests/fixtures/firmware/made-db-both.esl")),
        dbx: value(include_bytes!("../../../tests/fixtures/firmware/ovmf-dbx.esl")),
        kek: value(include_bytes!("../../../tests/fixtures/firmware/ovmf-KEK.esl")),
        sbat: value(b"sbat,1,2024010900\nshim,4\ngrub,3\n"),
    }
}

fn capture(serial: &str) -> Capture {
    Capture {
        id: MessageId([0x2a; 16]),
        agent: "0.1.0".to_owned(),
        simulated: false,
        stick: None,
        smbios: Some(smbios(serial)),
        firmware: Firmware { uefi: true, secure_boot: Some(true), setup_mode: Some(false), keys: Some(keys()) },
        tpm: Some(Tpm {
            family: "2.0".to_owned(),
            level: 0,
            revision: 159,
            vendor: "IFX".to_owned(),
            firmware: (0x0007_0055, 0x11cb_0000),
            keys: vec![EndorsementKey { source: EkSource::Persistent, public: Blob(vec![0x5a; 122]) }],
            certificates: vec![EkCertificate { nv_index: 0x01c0_0002, der: Blob(vec![0x30; 1_180]) }],
        }),
        tpm_presence: TpmPresence::Answers,
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
        stage: Stage::Captured { since: ago(2_460), by: Evidence::Capture(capture.id) },
        batch: "ACME-07".to_owned(),
        signal: Signal::Agent,
        arrived: ago(2_500),
        last: ago(2_460),
        media: Some(MediaId([0x11; 16])),
        simulated: false,
        capture: Some(Arc::new(capture)),
        captures: 1,
        windows_hash: None,
        product_key_id: None,
        device_link: None,
        ztd_id: None,
        group_tag: String::new(),
        assigned_user: String::new(),
        label: None,
        probe: None,
        boot: Default::default(),
        history: vec![
            (ago(2_500), Signal::Agent, "arrived".to_owned()),
            (ago(2_460), Signal::Agent, "captured".to_owned()),
        ],
    }
}

fn serial(text: &str) -> Option<Serial> {
    Serial::try_from(text.to_owned()).ok()
}

fn label(serial_of_label: &str) -> Option<Label> {
    Some(Label { serial: serial(serial_of_label), product_key_id: None, at: ago(2_430) })
}

fn sheet(device: Device, matching: Match, verdict: Verdict, checks: Vec<Check>) -> Sheet {
    Sheet {
        gate: None,
        dossier: None,
        device,
        readiness: Readiness { verdict, checks },
        matching,
        trust: Default::default(),
        policy: Default::default(),
        comparison: None,
        network: None,
    }
}

fn check(severity: Severity, part: Part, evidence: &str, [what, why, next]: [&str; 3]) -> Check {
    let problem = Problem { what: what.to_owned(), why: why.to_owned(), next: next.to_owned() };
    Check { severity, part, evidence: evidence.to_owned(), problem }
}

fn order_check(matching: &Match) -> Vec<Check> {
    let of = |problem| Check { severity: Severity::Stop, part: Part::Order, evidence: String::new(), problem };
    matching.problem().map(of).into_iter().collect()
}

/// Number 3 of the few: nothing is missing.
pub fn ready() -> Sheet {
    sheet(device(3, capture("PF3K9Q2R")), Match::Unchecked, Verdict::Ready, vec![])
}

/// Number 8: its TPM is off and its clock is slow.
pub fn no_tpm() -> Sheet {
    let mut capture = capture("5CG1284XYZ");
    capture.tpm = None;
    capture.tpm_presence = TpmPresence::Hidden;
    capture.rtc = Some(Rtc { read: ago(2_460 + 431) });
    capture.findings = vec![Finding { part: Part::Tpm, what: "no TPM device; the firmware lists none".to_owned() }];
    let checks = vec![
        check(
            Severity::Stop,
            Part::Tpm,
            "SMBIOS type 43 names one, /dev/tpm0 is not there",
            [
                "No TPM 2.0",
                "Pre-provisioning proves the laptop's identity with its TPM; none answered.",
                "Turn the TPM (Intel PTT, AMD fTPM, Security Device) on in the firmware setup and boot again.",
            ],
        ),
        check(
            Severity::Warning,
            Part::Rtc,
            "7m11s slow, on UTC",
            [
                "The clock is off by minutes",
                "TPM attestation compares times and refuses what is minutes off.",
                "t: set it from the bench.",
            ],
        ),
    ];
    sheet(device(8, capture), Match::Unchecked, Verdict::NotReady, checks)
}

/// Number 3: ready with warnings, compared with Windows, and everything that an import can bring.
pub fn warned() -> Sheet {
    let compared = super::hash::agreeing_hashes();
    let mut device = compared.device;
    device.device_link = Some(DeviceLink {
        data: "x".repeat(2_048),
        link_id: Some("a0b1c2d3".to_owned()),
        created: Some("2026-11-20T09:31:07Z".to_owned()),
    });
    device.ztd_id = "0f9b7c1e-1111-2222-3333-444455556666".to_owned().try_into().ok();
    device.group_tag = "ACME-Sales".to_owned();
    device.assigned_user = "ada@contoso.example".to_owned();
    device.label = label("PF3K9Q2R");
    device.probe = Some((ago(600), Probe::Ours));
    let warning = |part, evidence: &str, problem| check(Severity::Warning, part, evidence, problem);
    let checks = vec![
        warning(
            Part::Firmware,
            "SecureBoot=0",
            [
                "Secure Boot is off",
                "Windows may be installed, but most compliance policies then mark the laptop as not compliant.",
                "Turn Secure Boot on in the firmware setup.",
            ],
        ),
        warning(
            Part::DeviceLink,
            "DeviceLinkId, 36 bytes",
            [
                "Marks of an earlier association in the firmware",
                "A device association wins over classic registration: the laptop would go another company's way.",
                "Ask whose it was; have the association removed before it is registered.",
            ],
        ),
        check(
            Severity::Note,
            Part::Nic,
            "",
            [
                "Wired network only through USB",
                "The adapter's address is the dock's, not the laptop's.",
                "Nothing; the bench goes by serial and TPM.",
            ],
        ),
    ];
    let readiness = Readiness { verdict: Verdict::ReadyWithWarnings, checks };
    Sheet { device, readiness, matching: Match::Matched, ..compared }
}

fn held_for(number: u64, serial: &str, reason: HoldReason, matching: Match) -> Sheet {
    let device = device(number, capture(serial));
    let mut history = device.history.clone();
    history.push((ago(2_460), Signal::Operator, format!("held: {}", reason.brief())));
    let stage = Stage::Held { at: Box::new(device.stage), reason, since: ago(2_460) };
    let checks = order_check(&matching);
    sheet(Device { stage, history, ..device }, matching, Verdict::NotReady, checks)
}

/// Number 5: claims the serial number of number 3.
pub fn held() -> Sheet {
    let reason = HoldReason::Clash { clash: Clash::SerialOnOtherBoard, other: DeviceId(3) };
    held_for(5, "PF3K9Q2R", reason, Match::Unchecked)
}

/// Number 11: number 2 came back with another board.
pub fn changed_board() -> Sheet {
    let reason = HoldReason::Clash { clash: Clash::BoardChanged, other: DeviceId(2) };
    held_for(11, "PF3K9Q40", reason, Match::Expected)
}

/// Number 5 of those compared: somebody put another one's label on it.
pub fn wrong_machine() -> Sheet {
    let name = "PF3K9Q9Z".to_owned();
    let reason = HoldReason::WrongMachine { label: name.clone() };
    let mut sheet = held_for(5, "PF3K9Q3X", reason, Match::WrongMachine { label: name });
    sheet.device.label = label("PF3K9Q9Z");
    sheet
}

/// Number 6: on another customer's order.
pub fn wrong_customer() -> Sheet {
    let (customer, batch) = ("Fabrikam".to_owned(), "FAB-02".to_owned());
    let reason = HoldReason::WrongCustomer { customer: customer.clone(), batch: batch.clone() };
    held_for(6, "8GQ7T14", reason, Match::WrongCustomer { customer, batch })
}

/// Number 15: nothing but its first hello.
pub fn hello() -> Sheet {
    let read = device(15, capture("PF4A01BD"));
    let history = vec![(ago(8), Signal::Agent, "arrived".to_owned())];
    let stage = Stage::Arrived { since: ago(8) };
    let unread = Device { stage, arrived: ago(8), last: ago(8), capture: None, captures: 0, history, ..read };
    sheet(unread, Match::Unchecked, Verdict::Unknown, vec![])
}

/// Number 10: only its box was scanned.
pub fn by_label() -> Sheet {
    let Sheet { mut device, .. } = hello();
    device.id = DeviceId(10);
    device.identity = Default::default();
    device.identity.serial = serial("PF3K9Q77");
    device.signal = Signal::Scan;
    device.media = None;
    device.label = label("PF3K9Q77");
    device.history = vec![(ago(500), Signal::Scan, "arrived".to_owned())];
    sheet(device, Match::Expected, Verdict::Unknown, vec![])
}

/// Number 12: known from a file that WinPE wrote.
pub fn from_file() -> Sheet {
    let Sheet { device: warned, .. } = warned();
    let stage = match &warned.windows_hash {
        Some(windows) => Stage::Captured { since: ago(3_000), by: Evidence::Hash(windows.hash.digest()) },
        None => warned.stage.clone(),
    };
    let mut device =
        Device { id: DeviceId(12), stage, signal: Signal::Import, media: None, capture: None, captures: 0, ..warned };
    device.label = None;
    sheet(device, Match::Unchecked, Verdict::Ready, vec![])
}

/// Number 2: lives on as number 11.
pub fn replaced() -> Sheet {
    let mut device = device(2, capture("PF3K9Q40"));
    device.stage = Stage::Replaced { by: DeviceId(11), since: ago(60) };
    device.history.push((ago(60), Signal::Operator, "lives on as #11 with another board".to_owned()));
    sheet(device, Match::Unchecked, Verdict::Unknown, vec![])
}
