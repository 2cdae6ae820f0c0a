//! A flawless laptop, and one thing wrong with it at a time.

mod identity;
mod machine;

use std::sync::Arc;

use super::*;
use crate::{
    blob::Blob,
    capture::{
        Battery, Bus, Capture, Cpu, Disk, EkCertificate, EkSource, EndorsementKey, Msdm, Nic, NicKind, Rtc,
        SmbiosTables,
    },
    clock::Moment,
    device::{DeviceId, Evidence, Signal},
    envelope::MessageId,
    hwhash,
    identity::Mac,
    msdm::ProductKeyId,
    smbios::structure,
    testing,
    tpm::{certificate::with_rsa_key, rsa_public},
};

/// 2026-11-22T10:00:00Z
const NOW: Moment = Moment::from_millis(1_795_341_600_000);
const CAPTURE: MessageId = MessageId([1; 16]);

fn modulus() -> [u8; 256] {
    let mut modulus = [0x5a; 256];
    modulus[0] = 0xc1;
    modulus
}

fn tables(serial: &str, memory_mib: u16) -> SmbiosTables {
    let mut system = vec![1, 2, 3, 4];
    system.extend(testing::uuid(7));
    system.extend([6, 0, 5]);
    let [low, high] = memory_mib.to_le_bytes();
    let table = [
        structure(1, &system, &["LENOVO", "21HDCTO1WW", "ThinkPad T14 Gen 4", serial, "ThinkPad T14"]),
        structure(17, &[0, 0, 0, 0, 0, 0, 0, 0, low, high], &[]),
        structure(127, &[], &[]),
    ];
    SmbiosTables { entry_point: Blob::default(), table: Blob(table.concat()) }
}

fn nic(bus: Bus, kind: NicKind) -> Nic {
    let mac = Mac([0x8c, 0x16, 0x45, 1, 2, 3]);
    let name = if kind == NicKind::Wired { "enp0s31f6" } else { "wlp2s0" };
    Nic {
        name: name.into(),
        mac,
        permanent_mac: Some(mac),
        bus,
        kind,
        driver: "x".into(),
        hardware: None,
        carrier: true,
    }
}

fn disk() -> Disk {
    Disk {
        name: "nvme0n1".into(),
        bus: Bus::Nvme,
        bytes: 512_110_190_592,
        model: "EXAMPLE NVME 512GB".into(),
        serial: "S1".into(),
        serial_raw: String::new(),
        firmware: "1".into(),
        wwid: String::new(),
        nguid: String::new(),
        eui: "00 25 38 00 00 00 00 01".into(),
        rotational: false,
        removable: false,
        boot_medium: false,
    }
}

fn battery(percent: u8, status: &str) -> Battery {
    Battery {
        name: "BAT0".into(),
        percent: Some(percent),
        status: status.into(),
        health_percent: Some(99),
        cycles: Some(3),
    }
}

fn msdm(product_key_id: &str) -> Msdm {
    let product_key_id = ProductKeyId::try_from(product_key_id.to_owned()).unwrap();
    Msdm { oem_id: "LENOVO".into(), product_key_id, key_tail: "3V66T".into() }
}

fn flawless() -> Capture {
    let mut capture = testing::capture(CAPTURE, "unused", [0; 16], Some(1));
    capture.smbios = Some(tables("PF0TEST1", 16_384));
    let tpm = capture.tpm.as_mut().unwrap();
    tpm.vendor = "STM ".into();
    tpm.firmware = (1 << 16 | 770, 0);
    tpm.keys = vec![EndorsementKey { source: EkSource::Persistent, public: Blob(rsa_public(&modulus())) }];
    tpm.certificates = vec![EkCertificate { nv_index: 0x01c0_0002, der: Blob(with_rsa_key(&modulus())) }];
    // Group 3305: seen in the firmware of laptops with Pro.
    capture.msdm = Some(msdm("3305000000001"));
    capture.nics = vec![nic(Bus::Pci, NicKind::Wired), nic(Bus::Pci, NicKind::Wireless)];
    capture.disks = vec![disk()];
    capture.cpu = Cpu {
        vendor: "GenuineIntel".into(),
        model: "Example CPU @ 2.40GHz".into(),
        sockets: 1,
        cores: 4,
        threads: 8,
        family: 6,
        model_number: 0xba,
        stepping: 2,
    };
    capture.batteries = vec![battery(80, "Discharging")];
    capture.rtc = Some(Rtc { read: NOW });
    capture.hash = Some(hwhash::make(&capture, NOW).unwrap());
    capture
}

/// As the bench holds it when the agent delivered the capture itself.
fn device(capture: Capture) -> Device {
    Device {
        id: DeviceId(1),
        identity: capture.identity(),
        stage: Stage::Captured { since: NOW, by: Evidence::Capture(capture.id) },
        batch: "B".into(),
        signal: Signal::Agent,
        arrived: NOW,
        last: NOW,
        media: None,
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
        history: vec![(NOW, Signal::Agent, "capture taken".to_owned())],
    }
}

const ACCEPTED: ModelTrust = ModelTrust::Accepted { units: 1 };

fn under(policy: IdentityPolicy, trust: &ModelTrust, device: &Device) -> Readiness {
    assess(device, &Around { policy, trust, matching: &Match::Unchecked, medium: None })
}

/// What the checks say of a laptop whose model is accepted: severity and heading.
fn said(device: &Device) -> Vec<String> {
    let line = |check: &Check| format!("{}: {}", check.severity.word(), check.problem.what);
    under(IdentityPolicy::LinuxHash, &ACCEPTED, device).checks.iter().map(line).collect()
}

/// What is said of the flawless laptop after this change to its capture, its hash made after it.
fn after(change: impl FnOnce(&mut Capture)) -> Vec<String> {
    let mut capture = flawless();
    change(&mut capture);
    capture.hash = Some(hwhash::make(&capture, NOW).unwrap());
    said(&device(capture))
}

/// The only thing said after this change.
#[track_caller]
fn only(change: impl FnOnce(&mut Capture), heading: &str) {
    assert_eq!(after(change), [heading]);
}

#[track_caller]
fn nothing(change: impl FnOnce(&mut Capture)) {
    assert_eq!(after(change), [""; 0]);
}

#[test]
fn a_flawless_laptop_is_ready_without_a_word() {
    let device = device(flawless());
    for policy in [IdentityPolicy::LinuxHash, IdentityPolicy::Tuple] {
        let readiness = under(policy, &ACCEPTED, &device);
        assert_eq!((readiness.verdict, readiness.checks.as_slice()), (Verdict::Ready, [].as_slice()), "{policy:?}");
        assert_eq!((readiness.because(), readiness.words().as_str()), (None, "ready"));
    }
}

#[test]
fn the_verdict_says_why() {
    let mut capture = flawless();
    capture.firmware.secure_boot = Some(false);
    let with_warning = under(IdentityPolicy::Tuple, &ACCEPTED, &device(capture.clone()));
    assert_eq!((with_warning.verdict, with_warning.because()), (Verdict::ReadyWithWarnings, None));
    assert_eq!(with_warning.words(), "ready with warnings");
    capture.tpm = None;
    let stopped = under(IdentityPolicy::Tuple, &ACCEPTED, &device(capture));
    assert_eq!((stopped.verdict, stopped.because()), (Verdict::NotReady, Some("No TPM 2.0")));
    assert_eq!(stopped.words(), "not ready because: No TPM 2.0");
    assert!(stopped.checks.is_sorted_by_key(|check| std::cmp::Reverse(check.severity)), "worst first");
}

#[test]
fn what_was_not_captured_has_no_verdict_and_what_is_held_is_not_ready() {
    let mut known = device(flawless());
    known.stage =
        Stage::Held { at: Box::new(known.stage.clone()), reason: crate::device::HoldReason::Anonymous, since: NOW };
    let held = under(IdentityPolicy::Tuple, &ACCEPTED, &known);
    assert_eq!((held.verdict, held.because()), (Verdict::NotReady, None));
    known.stage = Stage::Arrived { since: NOW };
    known.capture = None;
    let arrived = under(IdentityPolicy::LinuxHash, &ACCEPTED, &known);
    assert_eq!((arrived.verdict, arrived.checks.len()), (Verdict::Unknown, 0));
}

#[test]
fn every_check_says_what_was_read_and_what_to_do() {
    let mut capture = testing::capture(CAPTURE, "To be filled by O.E.M.", [0; 16], None);
    capture.firmware.uefi = false;
    capture.cpu = Cpu { vendor: "GenuineIntel".into(), family: 6, model_number: 60, ..Cpu::default() };
    capture.batteries = vec![battery(3, "Discharging")];
    capture.memory_bytes = 1 << 30;
    capture.rtc = Some(Rtc { read: Moment::from_millis(0) });
    let mut device = device(capture);
    device.probe = Some((NOW, crate::device::Probe::OtherTenant));
    let matching = Match::WrongCustomer { customer: "Fabrikam".into(), batch: "F1".into() };
    let around =
        Around { policy: IdentityPolicy::LinuxHash, trust: &ModelTrust::Untested, matching: &matching, medium: None };
    let checks = assess(&device, &around).checks;
    assert!(checks.len() >= 13, "{checks:#?}");
    for check in &checks {
        assert!(!check.evidence.is_empty(), "{check:#?}");
        assert!(!check.problem.what.ends_with('.'), "a heading: {check:#?}");
        assert!(check.problem.why.ends_with('.') && check.problem.next.ends_with('.'), "sentences: {check:#?}");
    }
    assert_eq!(checks[0].part, Part::Order, "what concerns the whole laptop first");
}
