//! Who the laptop is, what the batch registers it by, and whether it may be.

use super::*;
use crate::{
    device::{Probe, WindowsHash},
    entry::{Lane, Source},
    hwhash::{Critical, HardwareHash, Record},
};

const NONE: [&str; 0] = [];

/// Headings under a policy.
fn headings(policy: IdentityPolicy, trust: &ModelTrust, device: &Device) -> Vec<String> {
    let line = |check: &Check| format!("{}: {}", check.severity.word(), check.problem.what);
    under(policy, trust, device).checks.iter().map(line).collect()
}

fn imported(hash: HardwareHash) -> Option<WindowsHash> {
    let source = Source { name: "hashes.csv".into(), line: 3 };
    Some(WindowsHash { hash, lane: Lane::IntuneCsv, source, at: NOW })
}

fn hash() -> HardwareHash {
    flawless().hash.unwrap().hash
}

/// The flawless laptop's hash with its records changed.
fn hash_with(change: impl FnOnce(&mut Vec<Record>)) -> HardwareHash {
    let mut records = hash().records();
    change(&mut records);
    HardwareHash::encode(&records).unwrap()
}

/// A laptop that is known by an imported hash only.
fn by_hash(hash: HardwareHash) -> Device {
    let mut device = device(flawless());
    device.capture = None;
    device.identity = hash.identity();
    device.stage = Stage::Captured { since: NOW, by: Evidence::Hash(hash.digest()) };
    device.windows_hash = imported(hash);
    device
}

#[test]
fn the_hash_made_on_linux_is_as_good_as_its_models_test() {
    let device = device(flawless());
    let said = |trust: &ModelTrust| headings(IdentityPolicy::LinuxHash, trust, &device);
    assert_eq!(
        said(&ModelTrust::Untested),
        ["warning: Experimental hash: this model was not compared with Windows yet"]
    );
    assert_eq!(said(&ACCEPTED), NONE);
    let differs = ModelTrust::Differs { fields: vec![Critical::DiskSerialNumber] };
    assert_eq!(said(&differs), ["STOP: Hash made on Linux differs from Windows' for this model"]);
    let check = &under(IdentityPolicy::LinuxHash, &differs, &device).checks[0];
    assert_eq!(check.evidence, "LENOVO 21HDCTO1WW: DiskSerialNumber");
    // Another policy does not rely on it.
    assert_eq!(headings(IdentityPolicy::Tuple, &differs, &device), NONE);
}

#[test]
fn a_capture_without_a_hash() {
    let mut capture = flawless();
    capture.hash = None;
    let mut device = device(capture);
    assert_eq!(headings(IdentityPolicy::LinuxHash, &ACCEPTED, &device), ["STOP: No hardware hash"]);
    assert_eq!(headings(IdentityPolicy::Tuple, &ACCEPTED, &device), NONE);
    device.windows_hash = imported(hash());
    assert_eq!(headings(IdentityPolicy::LinuxHash, &ModelTrust::Untested, &device), NONE, "Windows' own is there");
}

#[test]
fn a_batch_that_asks_for_windows_hashes() {
    let mut device = device(flawless());
    let said = |device: &Device| headings(IdentityPolicy::WindowsHash, &ModelTrust::Untested, device);
    assert_eq!(said(&device), ["STOP: Windows hash required for this batch"]);
    device.windows_hash = imported(hash());
    assert_eq!(said(&device), NONE);
}

#[test]
fn fields_that_the_hash_lacks() {
    let said = |gone: &[u16]| {
        let mut device = device(flawless());
        device.windows_hash = imported(hash_with(|records| records.retain(|record| !gone.contains(&record.kind()))));
        headings(IdentityPolicy::WindowsHash, &ACCEPTED, &device)
    };
    assert_eq!(said(&[13]), ["STOP: The hash lacks TpmVersion"]);
    assert_eq!(said(&[25, 11]), ["STOP: The hash lacks EkPubHash"]);
    assert_eq!(said(&[14]), ["STOP: The hash lacks SmbiosSystemSerialNumber"]);
    assert_eq!(said(&[16]), ["STOP: The hash lacks SmbiosSystemManufacturer"]);
    assert_eq!(said(&[19]), ["warning: The hash lacks SmbiosSystemFamily"]);
    assert_eq!(
        said(&[13, 7, 24]),
        ["STOP: The hash lacks TpmVersion", "warning: The hash lacks DiskSerialNumber, ProductKeyId"]
    );
    assert_eq!(said(&[10]), NONE, "no critical field");
}

#[test]
fn what_the_laptop_has_not_is_not_missing_in_its_hash() {
    only(|capture| capture.msdm = None, "note: No Windows key in the firmware");
}

#[test]
fn an_imported_hash_of_another_board() {
    let mut device = device(flawless());
    let mut other = modulus();
    other[255] ^= 2;
    let digest: [u8; 32] = sha2::Digest::finalize(sha2::Digest::chain_update(sha2::Sha256::default(), other)).into();
    device.windows_hash = imported(hash_with(|records| {
        for record in records {
            match record {
                Record::EkPub { modulus } => modulus.0 = other.to_vec(),
                Record::OfflineDeviceId { id, .. } => *id = digest,
                _ => {}
            }
        }
    }));
    let said = |policy| headings(policy, &ACCEPTED, &device);
    assert_eq!(said(IdentityPolicy::WindowsHash), ["STOP: The imported hash is of another board"]);
    assert_eq!(said(IdentityPolicy::Tuple), ["warning: The imported hash is of another board"]);
}

#[test]
fn registration_by_name() {
    let said = |device: &Device| headings(IdentityPolicy::Tuple, &ACCEPTED, device);
    let mut nameless = flawless();
    nameless.msdm = None;
    let mut system = vec![0, 0, 0, 1];
    system.extend(testing::uuid(7));
    system.extend([6, 0, 0]);
    nameless.smbios =
        Some(SmbiosTables { entry_point: Blob::default(), table: Blob(structure(1, &system, &["PF0TEST1"])) });
    let mut device = device(nameless);
    let want = ["STOP: Cannot be registered by name: no maker, no model", "note: No Windows key in the firmware"];
    assert_eq!(said(&device), want);
    // The number from the box does as well, and is a Windows key too.
    device.product_key_id = Some(ProductKeyId::try_from("3305000000001".to_owned()).unwrap());
    assert_eq!(said(&device), NONE);
}

#[test]
fn a_serial_number_or_uuid_that_is_none() {
    let filler = |capture: &mut Capture| capture.smbios = Some(tables("To be filled by O.E.M.", 8_192));
    only(filler, "STOP: No usable serial number");
    let mut capture = flawless();
    filler(&mut capture);
    let by_key = headings(IdentityPolicy::Tuple, &ACCEPTED, &device(capture));
    assert_eq!(by_key, ["warning: No usable serial number"], "the product key id registers it");

    let mut capture = flawless();
    let mut known = device(capture.clone());
    known.identity.uuid = Some(crate::identity::SystemUuid([0; 16]));
    assert_eq!(said(&known), ["warning: No usable system UUID"]);
    capture.smbios = None;
    assert!(said(&device(capture)).contains(&"STOP: No usable serial number".to_owned()));
}

#[test]
fn windows_home_is_stopped_and_other_editions_are_not() {
    let group = |group: &str| after(|capture| capture.msdm = Some(msdm(&format!("{group}000000001"))));
    for home in ["3258", "3261", "3267", "3272", "3277"] {
        assert_eq!(group(home), ["STOP: Home edition: fails with 0x80180022"], "{home}");
    }
    for other in ["3257", "3278", "3280", "3305", "3308", "3556", "9999"] {
        assert_eq!(group(other), NONE, "{other}");
    }
}

#[test]
fn what_the_registration_service_said() {
    let mut device = device(flawless());
    let mut said_with = |probe| {
        device.probe = Some((NOW, probe));
        said(&device)
    };
    assert_eq!(said_with(Probe::OtherTenant), ["STOP: Locked by another company (808)"]);
    assert_eq!(said_with(Probe::Ours), ["note: Registered already in the customer's own tenant (806)"]);
    assert_eq!(said_with(Probe::Free), NONE);
}

#[test]
fn label_and_order() {
    let device = device(flawless());
    let of = |matching: Match| {
        assess(&device, &Around { policy: IdentityPolicy::Tuple, trust: &ACCEPTED, matching: &matching, medium: None })
    };
    assert_eq!(of(Match::Matched).verdict, Verdict::Ready);
    let readiness = of(Match::NotExpected);
    assert_eq!(readiness.because(), Some("This laptop is not on the order"));
    let check = &readiness.checks[0];
    assert_eq!(check.evidence, "serial PF0TEST1, product key id 3305000000001");
    assert_eq!((check.part, check.severity), (Part::Order, Severity::Stop));
}

#[test]
fn a_laptop_that_only_an_imported_hash_knows() {
    let said = |hash| headings(IdentityPolicy::WindowsHash, &ModelTrust::Untested, &by_hash(hash));
    const NOTE: &str = "note: Known only by an imported hash";
    assert_eq!(said(hash()), [NOTE]);
    let without = |gone: &'static [u16]| hash_with(|records| records.retain(|record| !gone.contains(&record.kind())));
    assert_eq!(said(without(&[13, 25, 11])), ["STOP: No TPM in the hash", NOTE]);
    assert_eq!(said(without(&[25, 11])), ["STOP: No TPM endorsement key in the hash", NOTE]);
    assert_eq!(said(without(&[24])), [NOTE], "no Windows key: nobody looked");
    let tpm = |text: &str| {
        let text = text.to_owned();
        hash_with(|records| {
            let words = records.iter_mut().find(|record| record.kind() == 13).unwrap();
            *words = Record::Text { kind: 13, text, nul: true };
        })
    };
    let roca = "TPM-Version:2.0 -Level:0-Revision:1.16-VendorID:'IFX '-Firmware:458813.182517760";
    assert_eq!(said(tpm(roca)), ["STOP: TPM firmware makes weak RSA keys (ROCA)", NOTE]);
    let old = "TPM-Version:01.02-SpecLevel:2-Errata:3-VendorID:'IFX '-Firmware:4.40";
    assert_eq!(said(tpm(old)), ["STOP: The TPM is version 1.2", NOTE]);
    assert_eq!(said(tpm("something else")), [NOTE]);
    let small = hash_with(|records| {
        records.push(Record::Ram { total_gib: 2, max_gib: 2, slots: 1, arrays: 1, ecc: 3 });
        for record in records {
            if let Record::Disk { gigabytes, .. } = record {
                *gigabytes = 63;
            }
        }
    });
    assert_eq!(said(small), ["STOP: The disk is smaller than 64 GB", "STOP: Less than 4 GB of memory", NOTE]);
}

#[test]
fn a_home_key_is_seen_in_an_imported_hash_too() {
    let hash = hash_with(|records| {
        let key = records.iter_mut().find(|record| record.kind() == 24).unwrap();
        *key = Record::Text { kind: 24, text: "3258000000001".into(), nul: true };
    });
    let readiness = under(IdentityPolicy::WindowsHash, &ACCEPTED, &by_hash(hash));
    assert_eq!(readiness.because(), Some("Home edition: fails with 0x80180022"));
}

proptest::proptest! {
    #[test]
    fn no_words_of_a_tpm_panic(text in ".{0,60}") {
        let _ = crate::readiness::imported::TpmWords::parse(&text);
        let _ = crate::readiness::imported::TpmWords::parse(&format!("TPM-Version:{text}-VendorID:'{text}'-Firmware:{text}"));
    }
}
