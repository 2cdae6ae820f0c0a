//! A hash made here beside one that Windows made.

use super::{changed, full, saying, without};
use crate::{
    hwhash::{Comparison, Critical, HardwareHash, Record, Verdict, compare},
    identity::{Mac, SystemUuid},
};

fn adapter(medium: u32, last: u8, bus: &str) -> Record {
    Record::Network { medium, mac: Mac([2, 0, 0, 0, 0, last]), bus: bus.into() }
}

/// The full vector with these adapters instead of its own.
fn with_adapters(adapters: &[&Record]) -> HardwareHash {
    changed(|records| {
        let at = records.iter().position(|record| record.kind() == 8).unwrap();
        records.retain(|record| record.kind() != 8);
        records.splice(at..at, adapters.iter().copied().cloned());
    })
}

fn another_key(records: &mut [Record]) {
    for record in records {
        if let Record::EkPub { modulus } = record {
            modulus.0[9] ^= 1;
        }
    }
}

fn another_uuid(records: &mut [Record]) {
    for record in records {
        if let Record::SmbiosUuid { uuid } = record {
            *uuid = SystemUuid(*b"another machine.");
        }
    }
}

fn row<'a>(comparison: &'a Comparison, name: &str) -> (bool, Option<&'a str>, Option<&'a str>) {
    let row = comparison.fields.iter().find(|row| row.name == name).unwrap();
    (row.same, row.left.as_deref(), row.right.as_deref())
}

#[test]
fn every_critical_field_that_differs_is_named_and_shown() {
    let cases = [
        (Critical::DiskSerialNumber, "DiskSerialNumber", saying(7, "OTHER|EXAMPLE NVME 512GB|")),
        (Critical::TpmVersion, "TPMVersion", saying(13, "TPM-Version:2.0 and so on")),
        (Critical::ProductKeyId, "ProductKeyID", saying(24, "3305000000002")),
        (Critical::SmbiosSystemFamily, "SmbiosSystemFamily", saying(19, "Example Book ")),
        (Critical::SmbiosSystemManufacturer, "SmbiosSystemManufacturer", saying(16, "EXAMPLE INC.")),
        (Critical::SmbiosSystemProductName, "SmbiosSystemProductName", without(17)),
        (Critical::SmbiosSystemSerialNumber, "SmbiosSystemSerialNumber", saying(14, "SN-EXAMPLE-2")),
        (Critical::SmbiosUuid, "SmbiosUuid", changed(|records| another_uuid(records))),
        (Critical::EkPubHash, "EkPubHash", changed(|records| another_key(records))),
        (Critical::MacAddress, "MacAddress 1", with_adapters(&[&adapter(9, 2, "PCI")])),
    ];
    for (critical, name, other) in cases {
        for (left, right) in [(&full(), &other), (&other, &full())] {
            let comparison = compare(left, right);
            assert_eq!(comparison.verdict, Verdict::Differs(vec![critical]));
            let differing: Vec<_> = comparison.fields.iter().filter(|row| !row.same).collect();
            assert!(differing.iter().any(|row| row.critical == Some(critical)), "{differing:?}");
            assert!(differing.iter().all(|row| row.critical == Some(critical)), "{differing:?}");
        }
        let comparison = compare(&full(), &other);
        assert!(!row(&comparison, name).0, "{name}");
    }
}

#[test]
fn what_made_it_and_when_does_not_count() {
    let later = changed(|records| {
        records[0] = Record::Versions {
            tool_build: [10, 0, 22621, 1],
            os_build: [10, 0, 22621, 1],
            seconds: 830_000_000,
            zone_quarters: -32,
            os_type: 1,
            architecture: 9,
            tool: 8,
        }
    });
    let comparison = compare(&full(), &later);
    assert_eq!(comparison.verdict, Verdict::Accepted);
    assert_eq!(row(&comparison, "OSType"), (false, Some("FullOS"), Some("WinPE")));
}

#[test]
fn a_capture_from_winpe_that_lacks_the_rest_is_still_accepted() {
    let winpe = changed(|records| records.retain(|record| !matches!(record.kind(), 9 | 26 | 27 | 28 | 35)));
    let comparison = compare(&full(), &winpe);
    assert_eq!(comparison.verdict, Verdict::Accepted);
    assert_eq!(row(&comparison, "DisplayResolution"), (false, Some("1920 x 1080 pixels"), None));
    assert_eq!(compare(&winpe, &full()).verdict, Verdict::Accepted);
}

#[test]
fn wireless_adapters_may_be_missing_on_the_left_and_wired_ones_may_not() {
    let [wired, wifi, bluetooth] = [adapter(14, 1, "PCI"), adapter(9, 2, "PCI"), adapter(10, 3, "BTH")];
    let of = with_adapters;
    let all = of(&[&wired, &wifi, &bluetooth]);
    let only_wired = compare(&of(&[&wired]), &all);
    assert_eq!(only_wired.verdict, Verdict::Accepted);
    assert_eq!(only_wired.remarks.len(), 2, "{:?}", only_wired.remarks);
    let differs = Verdict::Differs(vec![Critical::MacAddress]);
    assert_eq!(compare(&of(&[&wifi, &bluetooth]), &all).verdict, differs);
    // One that Windows does not list is one too many.
    assert_eq!(compare(&all, &of(&[&wired])).verdict, differs);
    assert_eq!(compare(&of(&[]), &of(&[&wifi])).verdict, differs);
    // In which order they stand does not matter, and each is shown beside itself.
    let swapped = compare(&of(&[&wifi, &wired]), &of(&[&wired, &wifi]));
    assert_eq!(swapped.verdict, Verdict::Accepted);
    assert_eq!(row(&swapped, "MacAddress 1").1, row(&swapped, "MacAddress 1").2);
    // The address counts, how it is attached is told.
    let elsewhere = compare(&of(&[&wired]), &of(&[&adapter(14, 1, "VMBUS")]));
    assert_eq!(elsewhere.verdict, Verdict::Accepted);
    assert!(elsewhere.remarks[0].contains("VMBUS"), "{:?}", elsewhere.remarks);
}

#[test]
fn blanks_in_a_disk_serial_are_a_difference_that_says_so() {
    let comparison = compare(&saying(7, "  S1234 |EXAMPLE|"), &saying(7, "S1234 |EXAMPLE|"));
    assert_eq!(comparison.verdict, Verdict::Differs(vec![Critical::DiskSerialNumber]));
    assert!(comparison.remarks[0].contains("only in blanks"), "{:?}", comparison.remarks);
}

#[test]
fn several_disks_may_stand_in_any_order() {
    let disk = |text: &str| Record::Text { kind: 7, text: text.into(), nul: false };
    let with = |disks: [&str; 2]| {
        changed(|records| {
            let at = records.iter().position(|record| record.kind() == 7).unwrap();
            records.splice(at..=at, disks.map(disk));
        })
    };
    let comparison = compare(&with(["A|X|", "B|X|"]), &with(["B|X|", "A|X|"]));
    assert_eq!(comparison.verdict, Verdict::Accepted);
    assert_eq!(row(&comparison, "DiskSerialNumber 2"), (true, Some("B|X|"), Some("B|X|")));
}

#[test]
fn two_machines_are_no_test() {
    let other = changed(|records| {
        another_uuid(records);
        another_key(records);
    });
    // Same serial, but board and TPM are others.
    assert_eq!(compare(&full(), &other).verdict, Verdict::OtherMachine);
    let other_serial = changed(|records| {
        another_key(records);
        let serial = records.iter_mut().find(|record| record.kind() == 14).unwrap();
        *serial = Record::Text { kind: 14, text: "SN-EXAMPLE-2".into(), nul: true };
    });
    assert_eq!(compare(&full(), &other_serial).verdict, Verdict::OtherMachine);
}

#[test]
fn one_contradiction_among_numbers_that_agree_is_a_difference_and_is_told() {
    let comparison = compare(&full(), &changed(|records| another_key(records)));
    assert_eq!(comparison.verdict, Verdict::Differs(vec![Critical::EkPubHash]));
    let told = "Of one machine by the serial number and the UUID, but not by the TPM's key";
    assert!(comparison.remarks[0].starts_with(told), "{:?}", comparison.remarks);
}

#[test]
fn what_neither_has_is_called_untested() {
    let bare = without(24);
    let comparison = compare(&bare, &bare);
    assert_eq!(comparison.verdict, Verdict::Accepted);
    assert_eq!(comparison.remarks, ["Not tested, for neither has it: ProductKeyId"]);
    let anonymous = HardwareHash::encode(&[]).unwrap();
    assert!(compare(&anonymous, &anonymous).remarks[0].contains("only assumed"));
}
