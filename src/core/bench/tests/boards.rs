//! One machine or two: boards that were replaced, numbers that two machines claim.

use super::*;

#[test]
fn one_serial_on_two_boards_is_held_and_nothing_is_lost() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1));
    let receipt = shop.boots(&laptop("PF3K9Q", 2));
    assert_eq!((receipt.outcome, receipt.device), (Outcome::Held, 2));
    assert!(receipt.notice.unwrap().what.contains("same serial number on two machines (the other is device #1)"));
    assert!(shop.device(2).capture.is_some());
    assert_eq!(shop.bench.rows().nth(1).unwrap().attention.as_deref(), Some("same serial as #1"));
    // The first one is not touched, and the held one finds itself again.
    assert_eq!(shop.stage(1), StageName::Captured);
    assert_eq!(shop.boots(&laptop("PF3K9Q", 2)).device, 2);
    shop.release(2).unwrap();
    assert_eq!(shop.stage(2), StageName::Captured);
    // A person looked: it is not asked again.
    assert_eq!(shop.boots(&laptop("PF3K9Q", 2)).outcome, Outcome::CapturedAgain);
}

#[test]
fn a_held_laptop_that_sends_its_capture_again_is_still_held() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1));
    let capture = laptop("PF3K9Q", 2).capture(50);
    let held = shop.hands_in(capture.clone());
    // Its answer got lost, or the bench restarted: a technician must not see OK now.
    let again = shop.hands_in(capture.clone());
    assert_eq!((again.outcome, again.notice), (Outcome::Held, held.notice));
    assert_eq!((held.stored, again.stored), (true, false));
    shop.release(2).unwrap();
    assert_eq!(shop.hands_in(capture).outcome, Outcome::AlreadyHere);
}

#[test]
fn what_changed_is_said_loudly() {
    let known = laptop("PF3K9Q", 1);
    let cases = [
        // After hours, it is a laptop that came back; within the shift, two laptops.
        (20, laptop("PF3K9Q", 2), Clash::BoardChanged, "MOTHERBOARD CHANGED since #1"),
        (1, laptop("PF3K9Q", 2), Clash::SerialOnOtherBoard, "same serial as #1"),
        (20, Laptop { ek: Some(2), ..known.clone() }, Clash::EkChanged, "TPM OR BOARD CHANGED since #1"),
        (20, Laptop { uuid: uuid(2), ..known.clone() }, Clash::UuidChanged, "UUID OR BOARD CHANGED since #1"),
        (20, Laptop { uuid: NOTHING, ..laptop("PF3K9Q", 2) }, Clash::BoardChanged, "MOTHERBOARD CHANGED since #1"),
        (20, laptop("PF3K9Q", 2).without_tpm(), Clash::BoardChanged, "MOTHERBOARD CHANGED since #1"),
        (
            1,
            Laptop { serial: "PF3K9R".into(), ek: Some(2), ..known.clone() },
            Clash::UuidOnOtherBoard,
            "same UUID as #1",
        ),
        (
            1,
            Laptop { serial: "PF3K9R".into(), uuid: uuid(2), ..known.clone() },
            Clash::EkWithOtherUuid,
            "same TPM as #1",
        ),
        (
            1,
            Laptop { uuid: NOTHING, ek: Some(2), serial: "pf3k9q".into(), key: None },
            Clash::SerialOnOtherBoard,
            "same serial as #1",
        ),
    ];
    for (hours, other, kind, brief) in cases {
        let mut shop = shop();
        shop.boots(&known);
        let receipt = shop.later(hours).boots(&other);
        assert_eq!((receipt.outcome, receipt.device), (Outcome::Held, 2), "{other:?}");
        assert_eq!(shop.holds(2), [clash(kind, 1)], "{other:?}");
        assert_eq!(shop.bench.rows[&number(2)].attention.as_deref(), Some(brief));
        assert_eq!(receipt.notice, Some(clash(kind, 1).problem()));
    }
}

#[test]
fn a_board_that_says_hello_before_its_tpm_is_known_is_still_caught() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1));
    // A refurbished board: new serial number, new UUID, and the TPM that we know.
    let refurbished = Laptop { ek: Some(1), ..laptop("PF3K9R", 2) };
    shop.hello(&refurbished);
    assert_eq!(shop.stage(2), StageName::Arrived);
    let receipt = shop.boots(&refurbished);
    assert_eq!((receipt.device, receipt.outcome), (2, Outcome::Held));
    assert_eq!(shop.holds(2), [clash(Clash::EkWithOtherUuid, 1)]);
    shop.release(2).unwrap();
    // Settled: booting it again asks nothing.
    shop.hello(&refurbished);
    assert_eq!(shop.boots(&refurbished).outcome, Outcome::CapturedAgain);
}

#[test]
fn the_same_laptop_with_a_new_board_lives_on_under_its_new_number() {
    let mut shop = shop();
    shop.expects(&["PF3K9Q"]);
    shop.import(Entry { group_tag: "SALES".into(), ..laptop("PF3K9Q", 1).entry(5) }).unwrap();
    shop.boots(&laptop("PF3K9Q", 1));
    shop.scan("PF3K9Q", Some(1));
    shop.later(48).boots(&laptop("PF3K9Q", 2));
    shop.same_laptop(2).unwrap();
    assert_eq!((shop.stage(1), shop.stage(2)), (StageName::Replaced, StageName::Captured));
    assert_eq!(shop.history(1).last(), Some(&"lives on as #2 with another board"));
    assert_eq!(shop.history(2).last(), Some(&"same laptop as #1, its board was replaced"));
    // The tag and the label are the laptop's; the hash was the old board's.
    let device = shop.device(2);
    assert_eq!((device.group_tag.as_str(), device.windows_hash.is_none()), ("SALES", true));
    assert_eq!((shop.matching(2), shop.lines()), (Match::Matched, vec![Some(2)]));
    assert_eq!(shop.present(), [2]);
    assert_eq!(shop.says("PF3K9Q", None).0, "NOT READY");
    assert_eq!(shop.scan("PF3K9Q", None).0.device, Some(number(2)));
    // Nobody orders the old number about.
    let told = shop.bench.decide_order(number(1), Order::PowerOff).unwrap_err();
    assert_eq!(told.why, "Its laptop lives on as #2.");
    assert!(shop.bench.decide_scan("PF3K9Q", Some(number(1)), shop.now).is_err());
    assert!(shop.bench.decide_probe(number(1), crate::device::Probe::Free).is_err());
    assert!(shop.release(1).is_err() && shop.same_laptop(2).is_err());
}

#[test]
fn the_old_board_comes_back() {
    let mut shop = shop();
    let old = laptop("PF3K9Q", 1).capture(60);
    shop.hands_in(old.clone());
    shop.later(48).boots(&laptop("PF3K9Q", 2));
    shop.same_laptop(2).unwrap();
    // The very capture again, from a stick that was in a drawer.
    let again = shop.hands_in(old);
    assert_eq!((again.outcome, again.device, again.stored), (Outcome::Held, 1, false));
    assert!(again.notice.unwrap().what.contains("lives on as device #2"));
    // The old board itself, still with the laptop's serial number.
    let receipt = shop.boots(&laptop("PF3K9Q", 1));
    assert_eq!((receipt.device, receipt.outcome), (3, Outcome::Held));
    assert_eq!(shop.holds(3), [clash(Clash::SerialOnOtherBoard, 2)]);
    // Put into another laptop, it is that laptop.
    let receipt = shop.boots(&laptop("PF3K9S", 4));
    assert_eq!(receipt.outcome, Outcome::Captured);
}

#[test]
fn a_third_board_replaces_the_second_whichever_was_asked_about() {
    let mut shop = shop();
    for board in [1, 2, 3] {
        shop.later(20).boots(&laptop("PF3K9Q", board));
    }
    assert_eq!(shop.holds(3), [clash(Clash::BoardChanged, 1)]);
    shop.same_laptop(2).unwrap();
    // What #3 was held against lives on as #2.
    shop.same_laptop(3).unwrap();
    assert_eq!(shop.present(), [3]);
    assert!(matches!(shop.device(2).stage, Stage::Replaced { by: DeviceId(3), .. }));
    assert_eq!(shop.stage(3), StageName::Captured);
}

#[test]
fn the_other_device_may_be_held_itself() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1));
    shop.scan("PF9999", Some(1));
    shop.later(20).boots(&laptop("PF3K9Q", 2));
    shop.same_laptop(2).unwrap();
    assert_eq!((shop.stage(1), shop.stage(2)), (StageName::Replaced, StageName::Captured));
    // The wrong label was on the old board's record; it does not move over.
    assert_eq!(shop.device(2).label, None);
}

#[test]
fn a_second_reason_does_not_hide_the_first() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1));
    shop.boots(&laptop("PF3K9Q", 2));
    shop.order("autumn", Some("Globex"), vec![line(Some("PF3K9Q"), None)]);
    assert_eq!(shop.holds(2), [wrong_customer("Globex", "autumn"), clash(Clash::SerialOnOtherBoard, 1)]);
    shop.expects(&["PF3K9Q"]);
    shop.release(2).unwrap();
    assert_eq!(shop.holds(2), [clash(Clash::SerialOnOtherBoard, 1)]);
    shop.same_laptop(2).unwrap();
    assert_eq!(shop.stage(2), StageName::Captured);
}

#[test]
fn a_stale_file_does_not_throw_the_live_board_away() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 2));
    // The customer's list, made by Windows before the board was replaced.
    let (device, admission) = shop.import(laptop("PF3K9Q", 1).entry(5)).unwrap();
    assert_eq!((device, admission), (number(2), Admission::Held(clash(Clash::BoardChanged, 1))));
    shop.same_laptop(2).unwrap();
    assert_eq!((shop.stage(1), shop.stage(2)), (StageName::Captured, StageName::Replaced));
}

#[test]
fn a_file_made_after_the_last_boot_speaks_of_the_new_board() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1));
    shop.later(48);
    let a_little_ago = u32::try_from(shop.now.millis() / 1000 - 946_684_800 - 3600).unwrap();
    shop.import(laptop("PF3K9Q", 2).entry(a_little_ago)).unwrap();
    shop.same_laptop(2).unwrap();
    assert_eq!((shop.stage(1), shop.stage(2)), (StageName::Replaced, StageName::Captured));
}

#[test]
fn a_capture_that_fits_two_laptops_is_kept_and_asked_about() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1));
    shop.boots(&laptop("PF3K9Q", 2));
    shop.release(2).unwrap();
    let blind = Laptop { uuid: NOTHING, ek: None, ..laptop("PF3K9Q", 3) };
    assert_eq!(shop.hello(&blind), 0);
    let receipt = shop.boots(&blind);
    assert_eq!((receipt.device, receipt.outcome), (1, Outcome::Held));
    assert_eq!(shop.holds(1), [clash(Clash::SerialOnOtherBoard, 2)]);
}
