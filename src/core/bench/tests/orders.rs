//! What is expected, what is here, and whose it is.

use super::*;

#[test]
fn the_order_counts_what_is_here() {
    let mut shop = shop();
    shop.expects(&["PF000001", "PF000002"]);
    shop.boots(&laptop("PF000001", 1));
    shop.boots(&laptop("PF000009", 9));
    assert_eq!(shop.lines(), [Some(1), None]);
    assert_eq!((shop.matching(1), shop.matching(2)), (Match::Expected, Match::NotExpected));
    // The customer's file knows the second one; that does not bring it here.
    shop.import(laptop("PF000002", 2).entry(5)).unwrap();
    assert_eq!((shop.matching(3), shop.lines()), (Match::Expected, vec![Some(1), None]));
    shop.boots(&laptop("PF000002", 2));
    assert_eq!((shop.lines(), shop.present()), (vec![Some(1), Some(3)], vec![1, 2, 3]));
}

#[test]
fn case_blanks_and_makers_prefixes_do_not_count() {
    let mut shop = shop();
    shop.expects(&["S/N: pf-000001", "1S20XW004GUSPF0TEST1", "spf000003"]);
    shop.boots(&laptop("PF000001", 1));
    shop.boots(&laptop("PF0TEST1", 2));
    shop.boots(&laptop("PF000003", 3));
    assert_eq!(shop.lines(), [Some(1), Some(2), Some(3)]);
}

#[test]
fn a_line_with_a_product_key_id_only_is_met_by_the_key_in_the_firmware() {
    let mut shop = shop();
    shop.order("spring", None, vec![line(None, Some(key(1))), line(None, Some(key(2)))]);
    shop.boots(&laptop("PF000001", 1).with_key(2));
    assert_eq!((shop.matching(1), shop.lines()), (Match::Expected, vec![None, Some(1)]));
}

#[test]
fn a_longer_list_completes_the_shorter_one() {
    let mut shop = shop();
    shop.order("spring", Some("ACME"), vec![line(Some("PF000001"), None), line(None, Some(key(2)))]);
    let tagged = Expected { asset_tag: "A-17".into(), ..line(Some("pf000001"), Some(key(1))) };
    let longer = vec![tagged, line(Some("PF000002"), Some(key(2))), line(Some("PF000003"), Some(key(2)))];
    assert_eq!(shop.order("spring", Some("ACME"), longer.clone()), 1);
    let lines = shop.bench.order_status().unwrap().lines;
    let shown: Vec<_> = lines
        .iter()
        .map(|row| (row.expected.serial.as_ref().unwrap().as_str(), row.expected.asset_tag.as_str()))
        .collect();
    // The same product key id beside two serial numbers is somebody's slip, and stays two lines.
    assert_eq!(shown, [("PF000001", "A-17"), ("PF000002", ""), ("PF000003", "")]);
    // Once more changes nothing.
    assert_eq!(shop.order("spring", Some("ACME"), longer), 0);
    shop.boots(&laptop(JUNK, 1).with_key(1));
    assert_eq!(shop.lines(), [Some(1), None, None]);
}

#[test]
fn a_wrong_customer_is_stopped_when_it_arrives() {
    let mut shop = shop();
    shop.expects(&["PF000001"]);
    shop.order("autumn", Some("Globex"), vec![line(Some("PF000002"), None), line(None, Some(key(3)))]);
    let stop = wrong_customer("Globex", "autumn");
    shop.hello(&laptop("PF000002", 2));
    assert_eq!(shop.holds(1), std::slice::from_ref(&stop));
    let receipt = shop.boots(&laptop("PF000002", 2));
    assert_eq!((receipt.outcome, &receipt.notice), (Outcome::Held, &Some(stop.problem())));
    assert!(receipt.missing.iter().any(|missing| missing.what == "STOP: this laptop belongs to Globex"), "{receipt:?}");
    // Only the capture knows the key in the firmware.
    shop.hello(&laptop("PF000003", 3).with_key(3));
    assert_eq!(shop.stage(2), StageName::Arrived);
    let receipt = shop.boots(&laptop("PF000003", 3).with_key(3));
    assert_eq!((receipt.device, receipt.outcome, shop.holds(2)), (2, Outcome::Held, vec![stop]));
    // Booting it ten times asks once.
    let before = shop.journal.len();
    (0..10).for_each(|_| drop(shop.boots(&laptop("PF000003", 3).with_key(3))));
    assert_eq!(shop.journal.len(), before + 10);
}

#[test]
fn a_wrong_customer_is_stopped_when_the_list_comes_later_and_let_go_when_it_was_wrong() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    shop.import(laptop("PF000002", 2).entry(5)).unwrap();
    shop.boots(&laptop("PF000003", 3));
    let globex = vec![line(Some("PF000001"), None), line(Some("PF000002"), None)];
    assert_eq!(shop.order("autumn", Some("Globex"), globex), 3);
    let stop = wrong_customer("Globex", "autumn");
    assert_eq!((shop.holds(1), shop.holds(2), shop.stage(3)), (vec![stop.clone()], vec![stop], StageName::Captured));
    let refused = shop.release(1).unwrap_err();
    assert!(refused.why.contains("still stands on the order of Globex"), "{refused}");
    // This batch's own list has it too: it was bought back, or the other list was wrong.
    shop.expects(&["PF000001"]);
    shop.release(1).unwrap();
    assert_eq!((shop.stage(1), shop.matching(1)), (StageName::Captured, Match::Expected));
    // Or the customer's name was: the list is imported again with the right one.
    shop.order("autumn", Some(" acme"), vec![line(Some("PF000002"), None)]);
    assert_eq!(shop.matching(2), Match::OtherBatch { batch: "autumn".into() });
    shop.release(2).unwrap();
}

#[test]
fn a_wrong_customer_is_stopped_in_a_file() {
    let mut shop = shop();
    shop.expects(&["PF000001"]);
    shop.order("autumn", Some("Globex"), vec![line(Some("PF000002"), None)]);
    let stop = wrong_customer("Globex", "autumn");
    let (device, admission) = shop.import(tuple(Some("PF000002"), None)).unwrap();
    assert_eq!((device, admission), (number(1), Admission::Held(stop)));
    assert_eq!(shop.import(tuple(Some("PF000002"), None)).unwrap(), (number(1), Admission::Known));
}

#[test]
fn what_was_put_aside_goes_on_when_its_own_batch_is_open() {
    let mut shop = shop();
    shop.expects(&["PF000001"]);
    shop.order("autumn", Some("Globex"), vec![line(Some("PF000002"), None)]);
    shop.boots(&laptop("PF000002", 2));
    shop.open("autumn", IdentityPolicy::default());
    let receipt = shop.boots(&laptop("PF000002", 2));
    assert_eq!((receipt.outcome, shop.matching(1)), (Outcome::CapturedAgain, Match::Expected));
    // And what was at home in spring is stopped here.
    shop.open("spring", IdentityPolicy::default());
    shop.boots(&laptop("PF000001", 1));
    shop.open("autumn", IdentityPolicy::default());
    shop.hello(&laptop("PF000001", 1));
    assert_eq!(shop.holds(2), [wrong_customer("ACME", "spring")]);
}

#[test]
fn a_batch_that_is_over_is_left_alone() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    shop.open("autumn", IdentityPolicy::default());
    // Shipped in spring, now leased to the next one: on the new list before it is back.
    assert_eq!(shop.order("autumn", Some("Globex"), vec![line(Some("PF000001"), None)]), 1);
    assert_eq!((shop.stage(1), shop.lines()), (StageName::Captured, vec![None]));
    assert_eq!(shop.boots(&laptop("PF000001", 1)).outcome, Outcome::CapturedAgain);
    assert_eq!(shop.lines(), [Some(1)]);
}

#[test]
fn another_batch_of_the_same_customer_is_no_stop() {
    let mut shop = shop();
    shop.expects(&["PF000001"]);
    shop.order("autumn", Some("acme "), vec![line(Some("PF000002"), None)]);
    shop.order("winter", Some("Globex"), vec![line(Some("PF000002"), None)]);
    shop.order("summer", None, vec![line(Some("PF000003"), None)]);
    assert_eq!(shop.boots(&laptop("PF000002", 2)).outcome, Outcome::Captured);
    assert_eq!(shop.boots(&laptop("PF000003", 3)).outcome, Outcome::Captured);
    assert_eq!(shop.matching(1), Match::OtherBatch { batch: "autumn".into() });
    assert_eq!(shop.matching(2), Match::OtherBatch { batch: "summer".into() });
}

#[test]
fn two_laptops_on_one_line_are_duplicates_until_one_is_the_other() {
    let mut shop = shop();
    shop.order("spring", Some("ACME"), vec![line(Some("PF000001"), Some(key(1)))]);
    shop.boots(&laptop("PF000001", 1));
    shop.boots(&laptop("PF000007", 7).with_key(1));
    assert_eq!((shop.matching(1), shop.matching(2)), (Match::Expected, Match::Duplicate { other: number(1) }));
    assert_eq!(shop.says("PF000007", None), ("DUPLICATE".to_owned(), Tone::Wrong));
    // A serial number that the laptop no longer says stands for nothing.
    shop.boots(&laptop("PF000005", 1));
    assert_eq!((shop.matching(1), shop.matching(2)), (Match::NotExpected, Match::Matched));
    assert_eq!(shop.lines(), [Some(2)]);
}
