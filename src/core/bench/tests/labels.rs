//! Scans: found by a label, compared with a laptop on purpose, known by it alone.

use super::*;

fn titled(title: &str, tone: Tone) -> (String, Tone) {
    (title.to_owned(), tone)
}

#[test]
fn the_same_label_ten_times_is_one_record() {
    let mut shop = shop();
    shop.expects(&["PF000001"]);
    shop.boots(&laptop("PF000001", 1).with_key(1));
    for on in [None, Some(1)] {
        for code in ["PF000001", key(1).as_str(), "S/N: pf000001"] {
            let written: usize = (0..10).map(|_| shop.scan(code, on).1).sum();
            assert!(written <= 1, "{code} {on:?}: {written}");
        }
    }
    // Both codes of the box stay noted.
    let label = shop.device(1).label.clone().unwrap();
    assert_eq!((label.serial.unwrap().as_str(), label.product_key_id), ("PF000001", Some(key(1))));
    let scans = shop.history(1).iter().filter(|words| words.starts_with("label")).count();
    assert_eq!(scans, 2);
}

#[test]
fn label_laptop_and_order_agree() {
    let mut shop = shop();
    shop.expects(&["PF000001"]);
    shop.boots(&laptop("PF000001", 1));
    assert_eq!(shop.matching(1), Match::Expected);
    assert_eq!(shop.says("SPF000001", Some(1)), titled("MATCH", Tone::Good));
    assert_eq!(shop.says("SPF000001", Some(1)), titled("MATCH", Tone::Again));
    assert_eq!(shop.matching(1), Match::Matched);
    assert_eq!(shop.history(1).last(), Some(&"label SPF000001 compared: it is this laptop's"));
}

#[test]
fn without_an_order_label_and_laptop_can_agree() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    assert_eq!(shop.says("pf000001", Some(1)), titled("LABEL OK", Tone::Good));
    assert_eq!(shop.matching(1), Match::LabelAgrees);
}

#[test]
fn the_wrong_label_holds_until_the_right_one_was_scanned_and_a_person_lets_it_go() {
    let mut shop = shop();
    shop.expects(&["PF000001"]);
    shop.order("autumn", Some("Globex"), vec![line(Some("PF000009"), None)]);
    shop.boots(&laptop("PF000001", 1).with_key(1));
    shop.boots(&laptop("PF000002", 2));
    let (answer, written) = shop.scan("PF000002", Some(1));
    assert_eq!((answer.title.as_str(), answer.tone, written), ("WRONG MACHINE", Tone::Wrong, 2));
    assert_eq!(
        answer.text,
        "The label says PF000002, the laptop says PF000001. #1 is held. The label belongs to #2 21CB."
    );
    assert_eq!(shop.holds(1), [HoldReason::WrongMachine { label: "PF000002".into() }]);
    assert_eq!(shop.matching(1), Match::WrongMachine { label: "PF000002".into() });
    assert_eq!(shop.scan("PF000002", Some(1)).1, 0);
    // Another customer's label on it is worth a word of its own.
    assert!(shop.scan("PF000009", Some(1)).0.text.ends_with("PF000009 IS Globex's."));
    assert_eq!(shop.holds(1), [HoldReason::WrongMachine { label: "PF000009".into() }]);
    // Finding the laptop by its own number does not take the comparison back.
    assert_eq!(shop.scan("PF000001", None).1, 0);
    assert_eq!(shop.says("PF000001", None), titled("WRONG MACHINE", Tone::Wrong));
    assert_eq!(shop.says("PF000001", Some(1)), titled("STILL HELD", Tone::Attention));
    shop.release(1).unwrap();
    assert_eq!((shop.stage(1), shop.matching(1)), (StageName::Captured, Match::Matched));
    // The key on the wrong box, too.
    assert_eq!(shop.says(key(2).as_str(), Some(1)), titled("WRONG MACHINE", Tone::Wrong));
    shop.says("PF000001", Some(1));
    assert_eq!(shop.matching(1), Match::Matched);
}

#[test]
fn a_wrong_label_that_was_let_go_is_stopped_again_when_it_is_scanned_again() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    shop.scan("PF000002", Some(1));
    shop.release(1).unwrap();
    assert_eq!(shop.matching(1), Match::WrongMachine { label: "PF000002".into() });
    assert_eq!(shop.scan("PF000002", Some(1)).1, 1);
    assert_eq!(shop.stage(1), StageName::Held);
}

#[test]
fn a_laptop_without_a_serial_number_goes_by_its_label_once_somebody_said_so() {
    let mut shop = shop();
    shop.expects(&["PF000001"]);
    shop.order("autumn", Some("Globex"), vec![line(Some("PF000009"), None)]);
    shop.boots(&laptop(JUNK, 1));
    assert_eq!(shop.says("PF000001", Some(1)), titled("NOTED", Tone::Attention));
    // It stands for the line, but the laptop itself never said so.
    assert_eq!((shop.matching(1), shop.lines()), (Match::Expected, vec![Some(1)]));
    assert_eq!(shop.bench.rows[&number(1)].serial, "PF000001");
    assert_eq!(shop.scan("PF000001", None).0.device, Some(number(1)));
    // And another customer's label stops it, whatever the laptop says.
    assert_eq!(shop.says("PF000009", Some(1)), titled("WRONG CUSTOMER", Tone::Wrong));
    assert_eq!(shop.holds(1), [wrong_customer("Globex", "autumn")]);
}

#[test]
fn a_serial_number_of_thirteen_digits_is_not_taken_for_a_key() {
    let mut shop = shop();
    let thirteen = key(77);
    shop.expects(&[thirteen.as_str()]);
    shop.boots(&laptop(thirteen.as_str(), 1).with_key(3));
    assert_eq!(shop.scan(thirteen.as_str(), None).0.device, Some(number(1)));
    assert_eq!(shop.says(thirteen.as_str(), Some(1)).0, "MATCH");
}

#[test]
fn who_is_not_here() {
    let mut shop = shop();
    assert_eq!(shop.says("PF000001", None), titled("NOT HERE", Tone::Attention));
    shop.expects(&["PF000002"]);
    shop.order("autumn", Some("Globex"), vec![line(Some("PF000003"), None)]);
    assert_eq!(shop.says("PF000001", None), titled("NOT EXPECTED", Tone::Attention));
    let (answer, written) = shop.scan("PF000003", None);
    assert_eq!((answer.title.as_str(), answer.tone, written), ("WRONG CUSTOMER", Tone::Wrong, 0));
    assert!(shop.present().is_empty());
}

#[test]
fn an_expected_box_is_taken_in_and_becomes_the_laptop_that_boots() {
    let mut shop = shop();
    let listed = Expected { model: "ThinkPad X1".into(), ..line(Some("PF000001"), Some(key(1))) };
    shop.order("spring", Some("ACME"), vec![listed]);
    assert_eq!(shop.says("S/N: pf000001", None), titled("EXPECTED", Tone::Good));
    assert_eq!(shop.scan("PF000001", None).1, 0);
    assert_eq!(shop.says("PF000001", None), titled("NOT BOOTED YET", Tone::Again));
    assert_eq!((shop.device(1).identity.model.as_str(), shop.lines()), ("ThinkPad X1", vec![Some(1)]));
    // The other code on the same box, which only the order ties to the first.
    assert_eq!(shop.says(key(1).as_str(), None), titled("EXPECTED", Tone::Good));
    assert_eq!(shop.says(key(1).as_str(), None), titled("NOT BOOTED YET", Tone::Again));
    assert_eq!(shop.present(), [1]);
    let receipt = shop.boots(&laptop("PF000001", 1).with_key(1));
    assert_eq!((receipt.device, receipt.outcome), (1, Outcome::Captured));
    assert_eq!((shop.matching(1), shop.present()), (Match::Matched, vec![1]));
}

#[test]
fn a_prefix_on_the_box_is_not_part_of_the_number() {
    let mut shop = shop();
    shop.expects(&["PF0TEST1"]);
    shop.scan("1S20XW004GUSPF0TEST1", None);
    assert_eq!(shop.boots(&laptop("pf0test1", 1)).device, 1);
    assert_eq!(shop.present(), [1]);
    assert_eq!(shop.matching(1), Match::Matched);
}

#[test]
fn two_boxes_codes_become_one_laptop_when_it_boots() {
    let mut shop = shop();
    shop.open("spring", IdentityPolicy::Tuple);
    assert_eq!(shop.says("PF000001", None), titled("TAKEN IN", Tone::Good));
    assert_eq!(shop.says(key(1).as_str(), None), titled("TAKEN IN", Tone::Good));
    assert_eq!(shop.present(), [1, 2]);
    let receipt = shop.boots(&laptop("PF000001", 1).with_key(1));
    assert_eq!((receipt.device, shop.present()), (1, vec![1]));
    assert_eq!(shop.history(2).last(), Some(&"is the same laptop as #1"));
    assert_eq!(shop.history(1).last(), Some(&"is what was known as #2"));
    assert_eq!(shop.matching(1), Match::LabelAgrees);
    assert_eq!(shop.scan(key(1).as_str(), None).0.device, Some(number(1)));
}

#[test]
fn without_a_list_a_tuple_batch_takes_the_number_behind_lenovos_model() {
    let mut shop = shop();
    shop.open("spring", IdentityPolicy::Tuple);
    shop.scan("1S20XW004GUSPF0TEST1", None);
    assert_eq!(shop.device(1).identity.serial.as_ref().unwrap().as_str(), "PF0TEST1");
}

#[test]
fn two_laptops_that_say_one_number_are_not_chosen_between() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    shop.boots(&laptop("PF000001", 2));
    let (answer, written) = shop.scan("PF000001", None);
    assert_eq!((answer.title.as_str(), answer.others, written), ("MORE THAN ONE", 1, 0));
    assert_eq!(answer.text, "#1 and #2 say this number of themselves. Compare their labels.");
}

#[test]
fn a_laptop_of_another_batch_has_to_boot_first() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    shop.open("autumn", IdentityPolicy::default());
    let (answer, written) = shop.scan("PF000001", None);
    assert_eq!((answer.title.as_str(), written), ("ANOTHER BATCH", 0));
    assert_eq!(answer.text, "#1 21CB was here for batch 'spring'. Boot it from a stick of batch 'autumn'.");
}

#[test]
fn a_wrong_customer_found_by_its_label_is_a_full_stop() {
    let mut shop = shop();
    shop.order("autumn", Some("Globex"), vec![line(Some("PF000001"), None)]);
    shop.boots(&laptop("PF000001", 1));
    assert_eq!(shop.says("PF000001", None), titled("WRONG CUSTOMER", Tone::Wrong));
    // Also where its label is wrong as well.
    shop.scan("PF000002", Some(1));
    assert!(matches!(shop.matching(1), Match::WrongCustomer { .. }));
}

#[test]
fn the_code_on_the_setup_screen_is_the_laptops_word() {
    let mut shop = shop();
    shop.expects(&["PF000001"]);
    shop.boots(&laptop("PF000001", 1));
    shop.boots(&laptop("PF000002", 2));
    let code = |serial: &str, tail: u32| {
        format!(r#"{{"ZtdId":"aaaaaaaa-bbbb-cccc-dddd-{tail:012}","SerialNumber":"{serial}"}}"#)
    };
    assert_eq!(shop.says(&code("PF000001", 1), None), titled("SETUP CODE", Tone::Good));
    assert_eq!(shop.says(&code("PF000001", 1), None), titled("KNOWN", Tone::Again));
    assert_eq!(shop.device(1).ztd_id.as_ref().unwrap().as_str(), "aaaaaaaa-bbbb-cccc-dddd-000000000001");
    // It is no label: label and laptop were not compared.
    assert_eq!(shop.matching(1), Match::Expected);
    // With another laptop's record open, nothing is noted.
    let (answer, written) = shop.scan(&code("PF000002", 2), Some(1));
    assert_eq!((answer.title.as_str(), answer.tone, written), ("OTHER LAPTOP", Tone::Wrong, 0));
    assert_eq!(shop.stage(1), StageName::Captured);
    assert_eq!(shop.says(&code("PF000002", 2), None), titled("NOT EXPECTED", Tone::Attention));
    assert_eq!(shop.says(&code("PF000003", 3), None), titled("NOT EXPECTED", Tone::Attention));
    assert_eq!(shop.present(), [1, 2, 3]);
}

#[test]
fn what_cannot_be_read_changes_nothing() {
    let mut shop = shop();
    assert_eq!(shop.says("  ", None), titled("NOT READ", Tone::Attention));
    assert_eq!(shop.journal.len(), 3);
}
