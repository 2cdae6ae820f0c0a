use super::*;
use crate::{
    api::{Outcome, Receipt},
    capture::Hello,
    control::StageName,
    device::HoldReason,
    identity::Clash,
    testing::{self, smbios, uuid},
};

const STICK: MediaId = MediaId([1; 16]);
const OTHER_STICK: MediaId = MediaId([2; 16]);
const UUID_A: [u8; 16] = [0xa; 16];

fn at(ms: u64) -> Moment {
    Moment::from_millis(ms)
}

/// A bench at work on batch `spring`, with one stick of it and one of batch `autumn`.
fn bench() -> Bench {
    let mut bench = Bench::default();
    for record in [
        Record::BatchOpened { batch: "spring".into(), policy: IdentityPolicy::default() },
        Record::MediaIssued { media: STICK, batch: "spring".into() },
        Record::MediaIssued { media: OTHER_STICK, batch: "autumn".into() },
    ] {
        bench.apply(bench.next, at(0), record).unwrap();
    }
    bench
}

fn sealed(message: u8) -> Sealed {
    sealed_with(STICK, message)
}

fn sealed_with(media: MediaId, message: u8) -> Sealed {
    Sealed { media, message: MessageId([message; 16]), signal: Signal::Agent, envelope: "00".repeat(32) }
}

fn capture(message: u8, serial: &str, uuid: [u8; 16], ek: Option<u8>) -> Capture {
    testing::capture(MessageId([message; 16]), serial, uuid, ek)
}

fn hello(message: u8, serial: &str, uuid: [u8; 16]) -> (Hello, Sealed) {
    let identity = smbios(serial, uuid).identity();
    (Hello { agent: "test".into(), identity, simulated: false }, sealed(message))
}

/// Decides and writes, as the shell does.
fn take(bench: &mut Bench, capture: Capture) -> Receipt {
    let sealed = sealed(capture.id.0[0]);
    let taken = bench.decide_capture(capture, &sealed, at(1_000)).unwrap();
    write(bench, taken.records);
    taken.receipt
}

fn write(bench: &mut Bench, records: Vec<Record>) {
    for record in records {
        // What is written must survive being written.
        let text = serde_json::to_string(&record).unwrap();
        let read: Record = serde_json::from_str(&text).unwrap();
        assert_eq!(read, record);
        bench.apply(bench.next, at(1_000), read).unwrap();
    }
}

#[test]
fn hello_then_capture_is_one_device() {
    let mut bench = bench();
    let (greeting, from) = hello(1, "PF3K9Q", uuid(1));
    let records = bench.decide_hello(&greeting, &from, at(1_000)).unwrap();
    write(&mut bench, records);
    let receipt = take(&mut bench, capture(2, "PF3K9Q", uuid(1), Some(1)));
    assert_eq!((receipt.outcome, receipt.device, receipt.serial.as_deref()), (Outcome::Captured, 1, Some("PF3K9Q")));
    assert_eq!(bench.devices().count(), 1);
    assert_eq!(bench.rows().next().unwrap().stage, StageName::Captured);
}

#[test]
fn a_capture_without_a_hello_is_the_same_device_later() {
    let mut bench = bench();
    take(&mut bench, capture(2, "PF3K9Q", uuid(1), Some(1)));
    let (greeting, from) = hello(1, "PF3K9Q", uuid(1));
    let records = bench.decide_hello(&greeting, &from, at(1_000)).unwrap();
    assert_eq!(records, [Record::DeviceReturned { device: DeviceId(1), message: from.message }]);
}

#[test]
fn a_capture_sent_twice_is_written_once_even_after_its_stick_was_revoked() {
    let mut bench = bench();
    take(&mut bench, capture(2, "PF3K9Q", uuid(1), Some(1)));
    let records = bench.decide_revoke(STICK).unwrap();
    write(&mut bench, records);
    let again = bench.decide_capture(capture(2, "PF3K9Q", uuid(1), Some(1)), &sealed(2), at(9)).unwrap();
    assert_eq!((again.records.len(), again.receipt.outcome), (0, Outcome::AlreadyHere));
}

#[test]
fn a_hello_played_back_is_no_arrival() {
    let mut bench = bench();
    let (greeting, from) = hello(1, "PF3K9Q", uuid(1));
    let records = bench.decide_hello(&greeting, &from, at(1_000)).unwrap();
    write(&mut bench, records);
    assert_eq!(bench.decide_hello(&greeting, &from, at(1_000)).unwrap(), []);
}

#[test]
fn a_nameless_hello_waits_for_its_capture() {
    let (greeting, from) = hello(1, "Default string", [0; 16]);
    assert_eq!(bench().decide_hello(&greeting, &from, at(1_000)).unwrap(), []);
}

#[test]
fn a_newer_capture_counts_and_says_so() {
    let mut bench = bench();
    take(&mut bench, capture(2, "PF3K9Q", uuid(1), Some(1)));
    let receipt = take(&mut bench, capture(4, "PF3K9Q", uuid(1), Some(1)));
    assert_eq!(receipt.outcome, Outcome::CapturedAgain);
    assert_eq!(receipt.notice.unwrap().what, "This laptop was captured before (#1, 0s ago).");
    let device = bench.devices().next().unwrap();
    assert_eq!((device.captures, device.capture.as_ref().unwrap().id), (2, MessageId([4; 16])));
}

#[test]
fn one_serial_on_two_boards_is_held_and_nothing_is_lost() {
    let mut bench = bench();
    take(&mut bench, capture(2, "PF3K9Q", uuid(1), Some(1)));
    let receipt = take(&mut bench, capture(4, "PF3K9Q", uuid(2), Some(2)));
    assert_eq!((receipt.outcome, receipt.device), (Outcome::Held, 2));
    assert!(receipt.notice.unwrap().what.contains("same serial number on two machines (the other is device #1)"));
    let held = bench.device(DeviceId(2)).unwrap();
    assert!(held.capture.is_some());
    assert_eq!(bench.rows().nth(1).unwrap().attention.as_deref(), Some("same serial as #1"));
    // The first one is not touched, and the held one finds itself again.
    assert_eq!(bench.device(DeviceId(1)).unwrap().stage.name(), StageName::Captured);
    assert_eq!(take(&mut bench, capture(5, "PF3K9Q", uuid(2), Some(2))).device, 2);
    let records = bench.decide_release(DeviceId(2), at(2_000)).unwrap();
    write(&mut bench, records);
    assert_eq!(bench.device(DeviceId(2)).unwrap().stage.name(), StageName::Captured);
}

#[test]
fn a_held_laptop_that_sends_its_capture_again_is_still_held() {
    let mut bench = bench();
    take(&mut bench, capture(2, "PF3K9Q", uuid(1), Some(1)));
    let held = take(&mut bench, capture(4, "PF3K9Q", uuid(2), Some(2)));
    // Its answer got lost, or the bench restarted: a technician must not see OK now.
    let again = take(&mut bench, capture(4, "PF3K9Q", uuid(2), Some(2)));
    assert_eq!((again.outcome, again.notice), (Outcome::Held, held.notice));
    assert_eq!((held.stored, again.stored), (true, false));
    let records = bench.decide_release(DeviceId(2), at(2_000)).unwrap();
    write(&mut bench, records);
    assert_eq!(take(&mut bench, capture(4, "PF3K9Q", uuid(2), Some(2))).outcome, Outcome::AlreadyHere);
}

#[test]
fn one_uuid_on_two_machines_is_held() {
    let mut bench = bench();
    take(&mut bench, capture(2, "PF3K9Q", uuid(1), Some(1)));
    take(&mut bench, capture(4, "PF3K9R", uuid(1), Some(2)));
    let Stage::Held { reason, .. } = &bench.device(DeviceId(2)).unwrap().stage else { panic!("not held") };
    assert_eq!(*reason, HoldReason::Clash { clash: Clash::UuidOnOtherBoard, other: DeviceId(1) });
}

#[test]
fn junk_numbers_shared_by_two_machines_are_no_clash() {
    let mut bench = bench();
    for (message, ek) in [(2, 1), (4, 2)] {
        let junk = capture(message, "To be filled by O.E.M.", [0; 16], Some(ek));
        assert_eq!(take(&mut bench, junk).outcome, Outcome::Captured);
    }
    assert_eq!(bench.devices().count(), 2);
}

#[test]
fn a_machine_without_any_name_is_held() {
    let mut bench = bench();
    let receipt = take(&mut bench, capture(2, "Default string", [0xff; 16], None));
    assert_eq!(receipt.outcome, Outcome::Held);
    assert_eq!(receipt.notice.unwrap().what, "Held: this machine cannot be told from another.");
}

#[test]
fn media_that_are_not_good_here_and_now() {
    let mut bench = bench();
    let refused = |bench: &Bench, media| {
        bench.decide_capture(capture(2, "PF3K9Q", UUID_A, Some(1)), &sealed_with(media, 2), at(0)).unwrap_err().what
    };
    assert_eq!(refused(&bench, MediaId([9; 16])), "This stick is unknown to the bench.");
    assert_eq!(refused(&bench, OTHER_STICK), "This stick belongs to batch 'autumn'.");
    let records = bench.decide_revoke(STICK).unwrap();
    write(&mut bench, records);
    assert_eq!(refused(&bench, STICK), "This stick was reported lost and is no longer accepted.");
    assert_eq!(bench.devices().count(), 0);
}

#[test]
fn the_fold_refuses_a_journal_that_contradicts_itself() {
    let mut bench = bench();
    let gap = bench.apply(7, at(0), Record::BatchOpened { batch: "x".into(), policy: IdentityPolicy::default() });
    assert_eq!(gap, Err(Unfit::OutOfOrder(7, 2)));
    let nobody = bench.apply(3, at(0), Record::DeviceReleased { device: DeviceId(0) });
    assert_eq!(nobody, Err(Unfit::NoSuchDevice(3, 0)));
    assert_eq!(bench.next_number(), 3);
}

#[test]
fn an_order_is_numbered_by_its_record() {
    let mut bench = bench();
    take(&mut bench, capture(2, "PF3K9Q", uuid(1), Some(1)));
    let records = bench.decide_order(DeviceId(1), Order::PowerOff).unwrap();
    write(&mut bench, records);
    assert_eq!(bench.standing_order(DeviceId(1)), Some(Standing { number: 4, order: Order::PowerOff }));
    assert!(bench.decide_order(DeviceId(9), Order::PowerOff).is_err());
    // The next boot starts without orders.
    take(&mut bench, capture(5, "PF3K9Q", uuid(1), Some(1)));
    assert_eq!(bench.standing_order(DeviceId(1)), None);
}
