//! The synthetic vectors (tests/fixtures/hwhash, see the README there) and whatever else can be made of them.

use std::num::NonZeroU16;

use proptest::{collection::vec, prelude::*};
use sha2::{Digest, Sha256};

use super::{critical::NO_STRING, *};
use crate::{
    blob::Blob,
    identity::{EkDigest, Mac},
};

mod compare;
mod damage;

const FULL: &str = include_str!("../../../tests/fixtures/hwhash/synthetic_full.b64");
const FULL_VALUES: &str = include_str!("../../../tests/fixtures/hwhash/synthetic_full.json");
const BASE: &str = include_str!("../../../tests/fixtures/hwhash/synthetic_base_12_14_16_17.b64");
const BASE_VALUES: &str = include_str!("../../../tests/fixtures/hwhash/synthetic_base_12_14_16_17.json");

fn full() -> HardwareHash {
    HardwareHash::parse(FULL).unwrap().0
}

fn base() -> HardwareHash {
    HardwareHash::parse(BASE).unwrap().0
}

/// The full one with its records changed.
fn changed(change: impl FnOnce(&mut Vec<Record>)) -> HardwareHash {
    let mut records = full().records();
    change(&mut records);
    HardwareHash::encode(&records).unwrap()
}

fn without(kind: u16) -> HardwareHash {
    changed(|records| records.retain(|record| record.kind() != kind))
}

/// The full one with one text in place of another.
fn saying(kind: u16, text: &str) -> HardwareHash {
    changed(|records| {
        let record = records.iter_mut().find(|record| record.kind() == kind).unwrap();
        *record = Record::Text { kind, text: text.into(), nul: kind != 7 };
    })
}

/// A record as the reference encoder's list has it.
fn listed(record: &Record) -> serde_json::Value {
    use serde_json::json;
    match record {
        Record::Versions { tool_build, os_build, seconds, zone_quarters, os_type, architecture, tool } => json!({
            "ToolBuild": tool_build, "OsBuild": os_build, "secs": seconds, "tz": zone_quarters, "os": os_type,
            "arch": architecture, "tool": tool,
        }),
        Record::Processor { architecture, packages, cores, threads, hyper_threading } => json!({
            "arch": architecture, "packages": packages, "cores": cores, "threads": threads, "ht": hyper_threading,
        }),
        Record::Ram { total_gib, max_gib, slots, arrays, ecc } => {
            json!({ "total": total_gib, "maxcap": max_gib, "slots": slots, "arrays": arrays, "ecc": ecc })
        }
        Record::Disk { gigabytes, bus, seek_penalty, trim } => {
            json!({ "gb": gigabytes, "bus": bus, "seek": seek_penalty, "trim": trim })
        }
        Record::Network { medium, mac, bus } => json!({ "medium": medium, "mac": mac, "bus": bus }),
        Record::Display { width_mm, height_mm, width_px, height_px, technology } => json!({
            "w_mm": width_mm, "h_mm": height_mm, "w_px": width_px, "h_px": height_px, "vot": technology,
        }),
        Record::DisplayCm { width, height } => json!({ "w_cm": width, "h_cm": height }),
        Record::Enclosure { chassis, role, optical, digitizer, touches } => json!({
            "chassis": chassis, "role": role, "optical": optical, "digitizer": digitizer, "touches": touches,
        }),
        Record::EkPub { modulus } => json!(hex::encode(&modulus.0)),
        Record::OfflineDeviceId { status, method, flag, id } => {
            json!({ "status": status, "method": method, "flag": flag, "id": hex::encode(id) })
        }
        Record::SmbiosUuid { uuid } => json!(uuid),
        Record::Gpu { video_memory, system_memory, removal, local } => {
            json!({ "vram": video_memory, "sysram": system_memory, "removal": removal, "local": local })
        }
        // With every NUL it is filled up with, here.
        Record::Text { kind: 4, text, nul: true } => json!(format!("{text}\0")),
        Record::GpuName { text } | Record::Text { text, .. } => json!(text),
        Record::CoreClasses { .. } | Record::Other { .. } => panic!("not in the vectors: {record:?}"),
    }
}

#[test]
fn both_vectors_decode_to_the_values_that_went_in_and_encode_to_the_same_text() {
    for (text, values) in [(FULL, FULL_VALUES), (BASE, BASE_VALUES)] {
        let (hash, repairs) = HardwareHash::parse(text).unwrap();
        assert_eq!(repairs, []);
        assert_eq!(hash.to_base64(), text.trim_end());
        let records = hash.records();
        assert_eq!(HardwareHash::encode(&records).unwrap(), hash);
        let expected: Vec<(u16, String, serde_json::Value)> = serde_json::from_str(values).unwrap();
        assert_eq!(records.len(), expected.len());
        for (record, (kind, name, value)) in records.iter().zip(&expected) {
            assert_eq!((record.kind(), &listed(record)), (*kind, value), "{name}");
        }
    }
}

#[test]
fn the_digest_is_plain_sha_256_of_everything_up_to_the_length() {
    let bytes = full().to_bytes();
    let length = usize::from(u16::from_le_bytes([bytes[2], bytes[3]]));
    assert_eq!(full().digest().0, <[u8; 32]>::from(Sha256::digest(&bytes[..length])));
    assert_eq!(bytes.len(), 3000);
}

#[test]
fn the_full_vector_has_every_critical_field_and_nothing_odd() {
    assert_eq!(full().missing(), []);
    assert_eq!(full().doubts(), [] as [&str; 0]);
    assert_eq!(full().origin(), Origin::FullOs);
    assert_eq!(full().made_at().unwrap().millis(), 1_767_139_200_000);
    assert_eq!(base().made_at(), None);
    assert_eq!(base().origin(), Origin::Unknown);
}

#[test]
fn the_base_vector_lacks_what_is_not_in_it() {
    use Critical as C;
    let missing = [C::DiskSerialNumber, C::TpmVersion, C::EkPubHash, C::MacAddress, C::ProductKeyId];
    assert_eq!(base().missing(), [&missing[..], &[C::SmbiosSystemFamily]].concat());
}

#[test]
fn a_critical_field_that_is_absent_blank_or_a_placeholder_is_missing() {
    let no_string = std::str::from_utf8(NO_STRING).unwrap();
    for critical in Critical::ALL {
        assert_eq!(without(critical.kind()).missing(), [critical]);
    }
    for critical in Critical::ALL.into_iter().filter(|critical| matches!(critical.kind(), 13..=24)) {
        for text in ["", "  ", no_string] {
            assert_eq!(saying(critical.kind(), text).missing(), [critical], "{text:?}");
        }
    }
    assert_eq!(saying(7, " |EXAMPLE NVME 512GB|").missing(), [Critical::DiskSerialNumber]);
    assert_eq!(saying(24, "330500000000X").missing(), [Critical::ProductKeyId]);
}

#[test]
fn the_key_digest_is_missing_if_the_identifier_is_of_another_key_or_another_method() {
    let with = |change: &dyn Fn(&mut u8, &mut [u8; 32])| {
        changed(|records| {
            for record in records {
                if let Record::OfflineDeviceId { method, id, .. } = record {
                    change(method, id);
                }
            }
        })
    };
    let of_another_key = with(&|_, id| id[7] ^= 1);
    assert_eq!(of_another_key.missing(), [Critical::EkPubHash]);
    assert!(of_another_key.doubts()[0].contains("two TPMs"), "{:?}", of_another_key.doubts());
    assert_eq!(with(&|method, _| *method = 3).missing(), [Critical::EkPubHash]);
    assert_eq!(without(25).missing(), [Critical::EkPubHash]);
}

#[test]
fn a_hash_names_its_machine_as_the_machine_itself_does() {
    let identity = full().identity();
    assert_eq!(identity.serial.as_ref().unwrap().as_str(), "SN-EXAMPLE-1");
    assert_eq!(identity.uuid.unwrap().to_string(), "00112233-4455-6677-8899-aabbccddeeff");
    let ek: EkDigest = "d2eb3afc22d8e95ab74b91b5da686023c404a1ad8a20deaf6bf9148371273037".parse().unwrap();
    assert_eq!(identity.ek, Some(ek));
    assert_eq!(without(25).identity().ek, Some(ek), "the identifier is the same digest");
    // The other one is Wi-Fi.
    assert_eq!(identity.macs, ["02:00:00:00:00:01".parse::<Mac>().unwrap()]);
    assert_eq!(identity.product_key_id.unwrap().as_str(), "3305000000001");
    assert_eq!((identity.manufacturer.as_str(), identity.model.as_str()), ("Example Inc.", "Example Book 14"));
}

#[test]
fn lenovo_puts_the_name_into_the_version() {
    let mut records = full().records();
    for (kind, text) in [(16, "LENOVO"), (17, "21CBCTO1WW"), (23, "ThinkPad X1 ")] {
        let record = records.iter_mut().find(|record| record.kind() == kind).unwrap();
        *record = Record::Text { kind, text: text.into(), nul: true };
    }
    let identity = HardwareHash::encode(&records).unwrap().identity();
    assert_eq!(identity.model, "ThinkPad X1 (21CBCTO1WW)");
}

#[test]
fn a_machine_without_strings_has_no_serial_rather_than_a_placeholder() {
    let no_string = std::str::from_utf8(NO_STRING).unwrap();
    let identity = saying(14, no_string).identity();
    assert_eq!(identity.serial, None);
    assert_eq!(saying(16, no_string).identity().manufacturer, "");
}

#[test]
fn every_record_shows_under_the_name_windows_gives_it() {
    let fields: Vec<_> = full().fields().into_iter().map(|field| format!("{} = {}", field.name, field.value)).collect();
    insta::assert_snapshot!(fields.join("\n"));
    assert!(fields.iter().all(|line| line.chars().count() <= 110), "two lines of a small screen at most");
}

#[test]
fn what_is_not_understood_is_shown_in_hex_and_keeps_its_bytes() {
    let odd = [
        Record::decode(2, &[1, 2, 3]),
        Record::decode(35, &[2, 0xfd, 0]),
        Record::decode(600, &[0xab; 100]),
        Record::decode(14, b"caf\xe9\0"),
    ];
    assert!(odd.iter().all(|record| matches!(record, Record::Other { .. })));
    let hash = HardwareHash::encode(&odd).unwrap();
    assert_eq!(hash.records(), odd);
    let fields: Vec<_> = hash.fields().into_iter().map(|field| (field.name, field.value)).collect();
    assert_eq!(fields[0], ("Processor".into(), "010203".into()));
    assert_eq!(fields[1], ("Record 35".into(), "02fd00".into()));
    assert!(fields[2].1.starts_with("abababababababab..abababab, 100 bytes, SHA-256 "), "{}", fields[2].1);
    assert_eq!(fields[3], ("SmbiosSystemSerialNumber".into(), r"caf\xe9\x00".into()));
}

#[test]
fn a_value_with_one_byte_too_many_or_too_few_is_not_guessed_at() {
    for record in full().records() {
        let value = record.value();
        assert_eq!(Record::decode(record.kind(), &value), record);
        if matches!(record, Record::Text { .. } | Record::GpuName { .. }) {
            continue;
        }
        let longer = [&*value, &[0]].concat();
        for other in [&value[..value.len() - 1], &longer] {
            assert!(matches!(Record::decode(record.kind(), other), Record::Other { .. }), "{record:?}");
        }
    }
}

#[test]
fn a_hybrid_processor_and_a_name_beyond_ascii_come_back() {
    let classes =
        vec![CoreClass { efficiency: 1, cores: 2, threads: 4 }, CoreClass { efficiency: 0, cores: 8, threads: 8 }];
    let record = Record::CoreClasses { classes };
    assert_eq!(*record.value(), [2, 1, 2, 0, 4, 0, 0, 8, 0, 8, 0]);
    assert_eq!(Record::decode(34, &record.value()), record);
    let record = Record::GpuName { text: "Größe|𝄞".into() };
    assert_eq!(Record::decode(30, &record.value()), record);
    // Half of a pair is no text.
    assert!(matches!(Record::decode(30, &[0x00, 0xd8]), Record::Other { .. }));
}

#[test]
fn oddities_are_told_in_sentences() {
    let doubt = |hash: HardwareHash| hash.doubts().join("\n");
    assert!(doubt(saying(28, "OTHER|EXAMPLE NVME 512GB|")).contains("7 and 28"));
    assert!(doubt(saying(14, "Default string")).contains("'Default string', which many machines have"));
    assert!(doubt(saying(24, "12")).contains("13 digits"));
    assert!(doubt(changed(|records| records.swap(0, 5))).contains("order"));
    assert!(doubt(changed(|records| records.push(records[2].clone()))).contains("2 records of RAM"));
    assert!(
        doubt(changed(|records| records.push(Record::Other { kind: 99, value: Blob(vec![1]) }))).contains("type 99")
    );
    assert!(
        doubt(changed(|records| records[1] = Record::Other { kind: 2, value: Blob(vec![1]) })).contains("Processor")
    );
    let unterminated = Record::Text { kind: 14, text: "SN-EXAMPLE-1".into(), nul: false };
    let at = full().records().iter().position(|record| record.kind() == 14).unwrap();
    assert!(doubt(changed(|records| records[at] = unterminated)).contains("does not end with a NUL"));
    let early = changed(|records| {
        if let Record::Versions { seconds, .. } = &mut records[0] {
            *seconds = 3600;
        }
    });
    assert!(doubt(early).contains("2000-01-01T01:00:00"));
    let short = &full().to_bytes()[..2000];
    assert!(doubt(HardwareHash::from_bytes(short).unwrap()).contains("2000 bytes"));
    assert!(doubt(base()).contains("when and by what"));
}

#[test]
fn a_hash_goes_through_json_with_its_length() {
    for hash in [full(), base(), HardwareHash::from_bytes(&full().to_bytes()[..2999]).unwrap()] {
        let json = serde_json::to_string(&hash).unwrap();
        let back: HardwareHash = serde_json::from_str(&json).unwrap();
        assert_eq!(back.to_bytes(), hash.to_bytes());
        let records = serde_json::to_string(&hash.records()).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Record>>(&records).unwrap(), hash.records());
    }
    assert!(serde_json::from_str::<HardwareHash>(r#""3000:T0E=""#).is_err());
    assert!(serde_json::from_str::<HardwareHash>(&format!(r#""99999999:{}""#, FULL.trim_end())).is_err());
}

#[test]
fn records_that_do_not_fit_the_length_field_are_refused() {
    let large = Record::Other { kind: 40, value: Blob(vec![7; 40_000]) };
    assert_eq!(HardwareHash::encode([&large, &large]), Err(TooLong));
    let hash = HardwareHash::encode([&large]).unwrap();
    assert_eq!(HardwareHash::parse(&hash.to_base64()).unwrap(), (hash, vec![]));
}

/// Anything a record can be, as decoding gives it.
fn any_record() -> impl Strategy<Value = Record> {
    let known = prop_oneof![Just(1), Just(2), 3..40_u16, any::<u16>()];
    let bytes = (known, vec(any::<u8>(), 0..80)).prop_map(|(kind, value)| Record::decode(kind, &value));
    let text = (prop_oneof![Just(7_u16), 13..25_u16], any::<String>(), any::<bool>())
        .prop_map(|(kind, text, nul)| Record::decode(kind, &Record::Text { kind, text, nul }.value()));
    let network = (any::<u32>(), any::<[u8; 6]>(), any::<String>()).prop_map(|(medium, mac, bus)| Record::Network {
        medium,
        mac: Mac(mac),
        bus,
    });
    let id = (any::<u32>(), any::<u8>(), any::<u8>(), any::<[u8; 32]>())
        .prop_map(|(status, method, flag, id)| Record::OfflineDeviceId { status, method, flag, id });
    let key = vec(any::<u8>(), 256).prop_map(|modulus| Record::EkPub { modulus: Blob(modulus) });
    let class = (any::<u8>(), any::<u16>(), any::<u16>());
    let classes = vec(class, 0..6).prop_map(|classes| {
        let class = |(efficiency, cores, threads)| CoreClass { efficiency, cores, threads };
        Record::CoreClasses { classes: classes.into_iter().map(class).collect() }
    });
    let numbers = (any::<u64>(), any::<u64>(), any::<u16>(), any::<u8>(), any::<u8>());
    let numbers = numbers.prop_flat_map(|(a, b, c, d, e)| {
        prop_oneof![
            Just(Record::Ram { total_gib: a, max_gib: b, slots: c, arrays: c, ecc: d }),
            Just(Record::Disk { gigabytes: a, bus: c, seek_penalty: d, trim: e }),
            Just(Record::Gpu { video_memory: a, system_memory: b, removal: d, local: e }),
            Just(Record::Enclosure { chassis: d, role: e, optical: d, digitizer: e, touches: d }),
        ]
    });
    prop_oneof![bytes, text, network, id, key, classes, numbers]
}

proptest! {
    #[test]
    fn any_list_of_records_encodes_and_decodes_to_itself(records in vec(any_record(), 0..40)) {
        let hash = HardwareHash::encode(&records).unwrap();
        prop_assert_eq!(hash.records(), &records[..]);
        let (back, repairs) = HardwareHash::parse(&hash.to_base64()).unwrap();
        prop_assert_eq!(&back, &hash);
        prop_assert_eq!(repairs, vec![]);
        let json = serde_json::to_string(&records).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<Record>>(&json).unwrap(), records);
        // Whatever is in it, it can be shown, judged and compared.
        let _ = (hash.fields(), hash.doubts(), hash.missing(), hash.identity(), hash.made_at(), hash.origin());
        // With a list that is all junk there may be no numbers to go by; equal it is.
        let all_same = super::compare(&hash, &hash);
        prop_assert_eq!(all_same.verdict, Verdict::Accepted);
        prop_assert!(all_same.fields.iter().all(|field| field.same));
    }

    #[test]
    fn what_decodes_gives_back_its_bytes(kind in any::<u16>(), value in vec(any::<u8>(), 0..300)) {
        for kind in [kind, kind % 40] {
            let record = Record::decode(kind, &value);
            prop_assert_eq!(record.kind(), kind);
            prop_assert_eq!(&*record.value(), &value[..]);
        }
    }

    #[test]
    fn no_bytes_and_no_text_panic(bytes in vec(any::<u8>(), 0..400), text in any::<String>(), by in any::<NonZeroU16>()) {
        let _ = HardwareHash::from_bytes(&bytes);
        let _ = HardwareHash::from_bytes(&[b"OA", &bytes[..]].concat());
        let _ = HardwareHash::parse(&text);
        // Somewhere inside a good one, too.
        let mut damaged = full().to_bytes();
        let at = usize::from(by.get()) % damaged.len();
        damaged.truncate(at);
        damaged.extend(bytes);
        let _ = HardwareHash::from_bytes(&damaged);
    }
}
