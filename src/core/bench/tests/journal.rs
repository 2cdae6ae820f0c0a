//! What was once written stays readable, and folds to the same bench.

use super::*;

/// Written by version 0.1.0, one record a line, before batches had a policy and captures a hash.
const FIRST_VERSION: &str = include_str!("journal-0.1.0.jsonl");
/// One record of every kind, as this version began to write them.
const EVERY_KIND: &str = include_str!("journal-identities.jsonl");

fn folded(journal: &str) -> Bench {
    let mut bench = Bench::default();
    for (number, line) in journal.lines().enumerate() {
        let record: Record = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        bench.apply(number as u64, at(1_000 * number as u64), record).unwrap();
    }
    bench
}

#[test]
fn a_journal_of_the_first_version_folds() {
    let bench = folded(FIRST_VERSION);
    assert_eq!((bench.batch(), bench.policy()), (Some("spring"), IdentityPolicy::LinuxHash));
    let stages: Vec<_> = bench.rows().map(|row| (row.serial.as_str(), row.stage)).collect();
    assert_eq!(stages, [("PF000001", StageName::Captured), ("PF000001", StageName::Captured)]);
    let first = bench.device(number(1)).unwrap();
    assert_eq!(first.any_product_key_id().unwrap().as_str(), "3311000000001");
    assert_eq!(first.linux_hash(), None);
    let words: Vec<_> = bench.device(number(2)).unwrap().history.iter().map(|(.., words)| words.as_str()).collect();
    assert_eq!(
        words,
        [
            "arrived",
            "captured",
            "held: same serial as #1",
            "released (was held: same serial as #1)",
            "told to power off"
        ]
    );
    assert_eq!(bench.standing_order(number(2)), Some(Standing { number: 8, order: Order::PowerOff }));
    assert!(bench.media()[&SPRING].revoked);
}

#[test]
fn every_kind_of_record_stays_readable() {
    let bench = folded(EVERY_KIND);
    let mut kinds: Vec<_> =
        EVERY_KIND.lines().map(|line| serde_json::from_str::<Record>(line).unwrap().kind()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "batch-opened",
            "board-replaced",
            "boot-chosen",
            "boot-taken",
            "capture-taken",
            "device-arrived",
            "device-held",
            "device-joined",
            "device-released",
            "device-returned",
            "device-seen",
            "entry-taken",
            "exported",
            "label-scanned",
            "media-issued",
            "media-revoked",
            "network-mode-chosen",
            "order-given",
            "order-listed",
            "probe-said",
        ]
    );
    assert_eq!(bench.devices().count(), 5);
    assert_eq!(bench.exports_of(number(3))[0].file, "partner-spring-001.csv");
}

#[test]
fn the_fold_refuses_a_journal_that_contradicts_itself_and_stays_as_it_was() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    shop.boots(&laptop("PF000001", 2));
    shop.same_laptop(2).unwrap();
    let before = shop.bench.clone();
    let next = shop.bench.next_number();
    let mut refused = |record: Record| {
        let error = shop.bench.apply(next, at(0), record).unwrap_err();
        assert_eq!(shop.bench, before, "{error}");
        error
    };
    let nobody = |device| Unfit::NoSuchDevice(next, device);
    let capture = Box::new(laptop("PF000001", 1).capture(70));
    let taken = |device| Record::CaptureTaken {
        device: Some(DeviceId(device)),
        media: SPRING,
        signal: Signal::Agent,
        envelope: String::new(),
        capture: capture.clone(),
    };
    assert_eq!(refused(Record::DeviceReleased { device: number(0) }), nobody(0));
    assert_eq!(refused(Record::DeviceReturned { device: number(9), message: message_id(99) }), nobody(9));
    assert_eq!(refused(taken(9)), nobody(9));
    assert_eq!(refused(Record::BoardReplaced { old: number(2), device: number(9) }), nobody(9));
    assert_eq!(refused(Record::DeviceJoined { device: number(9), into: number(2) }), nobody(9));
    for record in [
        taken(1),
        Record::DeviceReturned { device: number(1), message: message_id(99) },
        Record::DeviceReleased { device: number(2) },
        Record::BoardReplaced { old: number(1), device: number(2) },
        Record::BoardReplaced { old: number(2), device: number(1) },
        Record::DeviceJoined { device: number(2), into: number(1) },
        Record::DeviceHeld { device: number(1), reason: HoldReason::Anonymous },
    ] {
        assert!(matches!(refused(record), Unfit::Refused(..)));
    }
    let gap = shop.bench.apply(next + 4, at(0), Record::DeviceReleased { device: number(2) });
    assert_eq!(gap, Err(Unfit::OutOfOrder(next + 4, next - 1)));
}
