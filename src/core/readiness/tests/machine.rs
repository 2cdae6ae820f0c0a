//! What the machine itself is like.

use super::*;
use crate::capture::{Finding, FirmwareVariable, TpmPresence};

#[test]
fn a_tpm_that_is_not_there_says_why() {
    let absent = |presence| {
        after(move |capture| {
            capture.tpm = None;
            capture.tpm_presence = presence;
        })
    };
    assert_eq!(absent(TpmPresence::None), ["STOP: No TPM 2.0"]);
    assert_eq!(absent(TpmPresence::Unknown), ["STOP: No TPM 2.0"], "an old agent");
    assert_eq!(absent(TpmPresence::Hidden), ["STOP: The TPM is switched off"]);
    assert_eq!(absent(TpmPresence::Silent), ["STOP: The TPM does not answer"]);
    assert_eq!(absent(TpmPresence::Version12), ["STOP: The TPM is version 1.2"]);
}

#[test]
fn a_tpm_without_endorsement_key_or_certificate() {
    only(|capture| tpm(capture).keys.clear(), "STOP: The TPM gave no endorsement key");
    let without = |vendor: &'static str| {
        after(move |capture| {
            tpm(capture).certificates.clear();
            tpm(capture).vendor = vendor.into();
            tpm(capture).firmware = (0x0100_0000, 0);
        })
    };
    // In the processor: the vendor's service has it.
    for vendor in ["INTC", "AMD", "QCOM"] {
        assert_eq!(without(vendor), ["note: No EK certificate in the TPM"], "{vendor}");
    }
    // A chip on the board, and a virtual machine's.
    for vendor in ["IFX", "NTC", "STM ", "IBM "] {
        assert_eq!(without(vendor), ["warning: No EK certificate in the TPM"], "{vendor}");
    }
    let mut other = modulus();
    other[255] ^= 2;
    only(
        |capture| tpm(capture).certificates[0].der = Blob(with_rsa_key(&other)),
        "warning: The EK certificate is of another key",
    );
}

#[test]
fn the_service_of_the_vendor_is_named() {
    let host = |vendor: &str| {
        let mut capture = flawless();
        tpm(&mut capture).certificates.clear();
        tpm(&mut capture).vendor = vendor.into();
        let checks = under(IdentityPolicy::Tuple, &ACCEPTED, &device(capture)).checks;
        let check = checks.into_iter().find(|check| check.part == Part::EkCertificate).unwrap();
        check.problem.next
    };
    assert!(host("INTC").contains("https://ekop.intel.com"));
    assert!(host("AMD").contains("https://ftpm.amd.com"));
    assert!(host("QCOM").contains("https://ekcert.spserv.microsoft.com"));
}

fn tpm(capture: &mut Capture) -> &mut crate::capture::Tpm {
    capture.tpm.as_mut().unwrap()
}

/// Firmware as people write it, in the two properties that a TPM gives.
fn firmware(version: [u32; 4]) -> (u32, u32) {
    let [a, b, c, d] = version;
    (a << 16 | b, c << 16 | d)
}

#[test]
fn known_bad_tpm_firmware_and_its_neighbours() {
    const ROCA: &str = "STOP: TPM firmware makes weak RSA keys (ROCA)";
    const TIMEOUT: &str = "warning: TPM firmware whose attestation times out";
    const AMD: &str = "warning: AMD fTPM firmware whose attestation fails";
    const FAIL: &str = "warning: TPM firmware with a known weakness (TPM-FAIL)";
    const WRITE: &str = "note: TPM firmware that a program can switch off until the next power cycle";
    // Numbers as in the advisories that the table names; an empty heading means that nothing may be said.
    let rows = [
        ("IFX", [4, 33, 0, 0], ROCA),
        ("IFX", [4, 34, 1010, 2], ""),
        ("IFX", [4, 39, 0, 0], ""),
        ("IFX", [4, 40, 119, 0], ROCA),
        ("IFX", [4, 42, 9999, 9], ROCA),
        ("IFX", [4, 43, 257, 0], ""),
        ("IFX", [5, 61, 2785, 0], ROCA),
        ("IFX", [5, 62, 3126, 2], ""),
        ("IFX", [6, 42, 0, 0], ROCA),
        ("IFX", [6, 43, 0, 0], ""),
        ("IFX", [7, 61, 2785, 0], ROCA),
        ("IFX", [7, 62, 3126, 0], ""),
        ("IFX", [7, 85, 4555, 0], ""),
        ("IFX", [133, 32, 0, 0], ROCA),
        ("IFX", [133, 33, 0, 0], ""),
        ("IFX", [15, 20, 0, 0], ""),
        ("IFX", [15, 22, 16832, 0], TIMEOUT),
        ("IFX", [15, 23, 0, 0], ""),
        ("AMD", [3, 58, 0, 5], AMD),
        ("AMD", [3, 58, 2, 5], ""),
        ("AMD", [6, 24, 0, 6], ""),
        ("STM ", [71, 12, 0, 0], FAIL),
        ("STM ", [71, 16, 0, 0], ""),
        ("STM ", [73, 4, 17568, 4452], FAIL),
        ("STM ", [73, 8, 0, 0], FAIL),
        ("STM ", [73, 20, 0, 0], ""),
        ("STM ", [73, 64, 0, 0], ""),
        ("STM ", [74, 16, 0, 0], FAIL),
        ("STM ", [74, 20, 0, 0], ""),
        ("STM ", [1, 770, 0, 0], ""),
        ("INTC", [11, 6, 0, 1136], FAIL),
        ("INTC", [11, 8, 64, 9999], FAIL),
        ("INTC", [11, 8, 65, 3590], ""),
        ("INTC", [11, 11, 50, 0], FAIL),
        ("INTC", [11, 22, 65, 0], ""),
        ("INTC", [402, 1, 0, 0], ""),
        ("NTC", [7, 2, 1, 0], FAIL),
        ("NTC", [7, 2, 2, 0], ""),
        ("NTC", [7, 2, 3, 1], ""),
        ("NTC", [1, 3, 2, 8], WRITE),
        ("NTC", [1, 3, 2, 20], ""),
        // The same number of another vendor says nothing.
        ("STM ", [7, 61, 2785, 0], ""),
        ("IFX", [71, 12, 0, 0], ""),
    ];
    for (vendor, version, heading) in rows {
        let said = after(|capture| {
            tpm(capture).vendor = vendor.into();
            tpm(capture).firmware = firmware(version);
        });
        let want: &[&str] = if heading.is_empty() { &[] } else { &[heading] };
        assert_eq!(said, want, "{vendor} {version:?}");
    }
}

#[test]
fn the_version_is_shown_as_the_advisories_write_it() {
    let mut capture = flawless();
    tpm(&mut capture).vendor = "IFX".into();
    tpm(&mut capture).firmware = firmware([7, 61, 2785, 0]);
    let checks = under(IdentityPolicy::Tuple, &ACCEPTED, &device(capture)).checks;
    assert_eq!(checks[0].evidence, "IFX 7.61.2785.0 (Microsoft ADV170012; Infineon TPM update)");
}

#[test]
fn an_rsa_3072_key_is_noted_for_the_vendors_that_had_trouble_with_it() {
    let with = |vendor: &'static str| {
        after(move |capture| {
            let der = tpm(capture).certificates[0].der.clone();
            tpm(capture).certificates.push(EkCertificate { nv_index: 0x01c0_001c, der });
            tpm(capture).vendor = vendor.into();
        })
    };
    assert_eq!(with("NTC"), ["note: The TPM has an RSA 3072 endorsement key"]);
    assert_eq!(with("IFX"), [""; 0]);
}

#[test]
fn how_it_boots() {
    only(|capture| capture.firmware.uefi = false, "STOP: Booted in BIOS (CSM) mode");
    only(|capture| capture.firmware.secure_boot = Some(false), "warning: Secure Boot is off");
    only(|capture| capture.firmware.secure_boot = None, "warning: Secure Boot is off");
    only(|capture| capture.firmware.setup_mode = Some(true), "warning: Secure Boot has no keys (setup mode)");
    nothing(|capture| capture.firmware.setup_mode = None);
}

#[test]
fn what_an_association_left_behind() {
    let variable = |name: &str| FirmwareVariable { name: name.into(), bytes: 16, text: None };
    for names in [&["DeviceLinkId", "DeviceLinkBlob", "DeviceLinkUtc"][..], &["DeviceLinkJwtCompressed"]] {
        only(
            |capture| capture.device_link = names.iter().map(|name| variable(name)).collect(),
            "STOP: Associated with a tenant in its firmware (DeviceLink)",
        );
    }
    only(
        |capture| capture.device_link = vec![variable("DeviceLinkId"), variable("DeviceLinkCreationTimeUtc")],
        "warning: Windows made an association id for it before (DeviceLink)",
    );
}

#[test]
fn network_adapters() {
    only(|capture| drop(capture.nics.remove(0)), "warning: No wired network adapter");
    let wired = |bus| {
        after(move |capture| {
            capture.nics.push(nic(bus, NicKind::Wired));
            capture.nics.remove(0);
        })
    };
    // Its address is a dock's, so the hash that is made here has none.
    assert_eq!(wired(Bus::Usb)[0], "note: Wired network only through USB");
    assert_eq!(wired(Bus::Pci), [""; 0]);
}

#[test]
fn disk_and_memory_floors() {
    let disks = |change: fn(&mut Disk)| {
        let mut capture = flawless();
        change(&mut capture.disks[0]);
        said(&device(capture))
    };
    assert_eq!(disks(|disk| disk.bytes = 63_999_999_999), ["STOP: The disk is smaller than 64 GB"]);
    assert_eq!(disks(|disk| disk.bytes = 64_000_000_000), [""; 0]);
    assert_eq!(disks(|disk| disk.bus = Bus::Usb), ["STOP: No internal disk found"]);
    assert_eq!(disks(|disk| disk.boot_medium = true), ["STOP: No internal disk found"]);

    let memory = |mib| after(|capture| capture.smbios = Some(tables("PF0TEST1", mib)));
    assert_eq!(memory(4_095), ["STOP: Less than 4 GB of memory"]);
    assert_eq!(memory(4_096), [""; 0]);
    // Without type 17 what the kernel counts has to do, of which graphics took its part.
    let usable = |bytes| {
        after(|capture| {
            capture.smbios = Some(tables("PF0TEST1", 0));
            capture.memory_bytes = bytes;
        })
    };
    assert_eq!(usable((3 << 30) - 1), ["STOP: Less than 4 GB of memory"]);
    assert_eq!(usable(3 << 30), [""; 0]);
    assert_eq!(usable(0), [""; 0], "not read");
}

#[test]
fn processors_that_windows_11_does_not_know() {
    // Family, model and stepping: kernel sources (intel-family.h) and AMD's revision guides.
    let rows = [
        ("GenuineIntel", "Core i5-6300U", 6, 0x4e, 3, false),
        ("GenuineIntel", "Core i7-4600U", 6, 0x45, 1, false),
        ("GenuineIntel", "Xeon Gold 6130", 6, 0x55, 4, true),
        ("GenuineIntel", "Core i5-7300U", 6, 0x8e, 9, false),
        ("GenuineIntel", "Core i5-8250U", 6, 0x8e, 10, true),
        ("GenuineIntel", "Core m3-8100Y CPU @ 1.10GHz", 6, 0x8e, 9, true),
        ("GenuineIntel", "Core i7-7700HQ", 6, 0x9e, 9, false),
        ("GenuineIntel", "Core i7-7820HQ", 6, 0x9e, 9, true),
        ("GenuineIntel", "Core i7-8850H", 6, 0x9e, 10, true),
        ("GenuineIntel", "Core Ultra 5 125U", 6, 0xaa, 4, true),
        ("GenuineIntel", "Pentium 4", 15, 4, 1, true),
        ("AuthenticAMD", "A10-9600P", 21, 101, 1, false),
        ("AuthenticAMD", "Ryzen 7 1700", 23, 1, 1, false),
        ("AuthenticAMD", "Ryzen 5 PRO 2500U", 23, 17, 0, false),
        ("AuthenticAMD", "Ryzen 7 2700", 23, 8, 2, true),
        ("AuthenticAMD", "Ryzen 5 PRO 3500U", 23, 24, 1, true),
        ("AuthenticAMD", "Ryzen 7 PRO 7840U", 25, 116, 1, true),
        ("Qualcomm", "Snapdragon X", 8, 1, 1, true),
        ("GenuineIntel", "not read", 0, 0, 0, true),
    ];
    for (vendor, name, family, model_number, stepping, supported) in rows {
        let said = after(|capture| {
            capture.cpu = Cpu {
                vendor: vendor.into(),
                model: name.into(),
                family,
                model_number,
                stepping,
                ..capture.cpu.clone()
            };
        });
        let want: &[&str] = if supported { &[] } else { &["warning: The processor is too old for Windows 11"] };
        assert_eq!(said, want, "{name}");
    }
}

#[test]
fn batteries() {
    let with = |battery: Battery| after(|capture| capture.batteries = vec![battery]);
    assert_eq!(with(battery(19, "Discharging")), ["warning: The battery is nearly empty"]);
    assert_eq!(with(battery(19, "Charging")), ["note: The battery is nearly empty"]);
    assert_eq!(with(battery(20, "Discharging")), [""; 0]);
    assert_eq!(with(Battery { health_percent: Some(49), ..battery(90, "Full") }), ["note: The battery is worn"]);
    assert_eq!(with(Battery { health_percent: Some(50), ..battery(90, "Full") }), [""; 0]);
    assert_eq!(with(Battery { health_percent: None, percent: None, ..battery(0, "") }), [""; 0]);
    nothing(|capture| capture.batteries.clear());
}

#[test]
fn the_clock() {
    let off = |seconds: i64| {
        let mut capture = flawless();
        let read = NOW.millis().checked_add_signed(seconds * 1_000).unwrap();
        capture.rtc = Some(Rtc { read: Moment::from_millis(read) });
        said(&device(capture))
    };
    assert_eq!(off(59), [""; 0]);
    assert_eq!(off(-60), ["note: The clock is 1 min behind"]);
    assert_eq!(off(179), ["note: The clock is 2 min 59 s ahead"]);
    assert_eq!(off(-180), ["warning: The clock is 3 min behind"]);
    assert_eq!(off(-599), ["warning: The clock is 9 min 59 s behind"]);
    assert_eq!(off(-600), ["STOP: The clock is 10 min behind"]);
    assert_eq!(off(-900 * 86_400), ["STOP: The clock is 900 days behind"]);
    assert_eq!(off(2 * 3_600), [""; 0], "local time, as Windows keeps it");
    assert_eq!(off(2 * 3_600 + 200), ["warning: The clock is 3 min 20 s ahead"]);
}

#[test]
fn the_clock_of_a_capture_that_travelled_on_a_stick_is_not_judged() {
    let mut capture = flawless();
    capture.rtc = Some(Rtc { read: Moment::from_millis(0) });
    let mut device = device(capture);
    assert_eq!(heard_directly_at(&device), Some(NOW));
    assert_eq!(said(&device).len(), 1);
    device.history = vec![(NOW, Signal::Stick, "capture taken".to_owned())];
    assert_eq!(heard_directly_at(&device), None);
    assert_eq!(said(&device), [""; 0]);
}

#[test]
fn a_hold_noted_with_the_capture_does_not_hide_whose_clock_it_was() {
    let mut device = device(flawless());
    device.history.push((NOW, Signal::Operator, "held: same serial as #2".to_owned()));
    device.stage =
        Stage::Held { at: Box::new(device.stage.clone()), reason: crate::device::HoldReason::Anonymous, since: NOW };
    assert_eq!(heard_directly_at(&device), Some(NOW));
}

#[test]
fn what_the_agent_said_is_the_evidence() {
    let mut capture = flawless();
    capture.tpm = None;
    capture.tpm_presence = TpmPresence::Silent;
    capture.findings = vec![Finding { part: Part::Tpm, what: "TPM_RC_FAILURE".into() }];
    let checks = under(IdentityPolicy::Tuple, &ACCEPTED, &device(capture)).checks;
    assert_eq!(checks[0].evidence, "TPM_RC_FAILURE");
}
