//! Machines from files.

use super::*;

#[test]
fn a_line_is_taken_once() {
    let mut shop = shop();
    assert_eq!(shop.import(laptop("PF000001", 1).entry(5)).unwrap(), (number(1), Admission::New));
    assert_eq!(shop.import(laptop("PF000001", 1).entry(5)).unwrap(), (number(1), Admission::Known));
    assert_eq!((shop.stage(1), shop.device(1).signal), (StageName::Captured, Signal::Import));
    assert_eq!(shop.history(1), ["known from a file", "Windows hash from list.csv, line 2"]);
    // The same hash with a group tag beside it.
    let tagged = Entry { group_tag: "SALES".into(), ..laptop("PF000001", 1).entry(5) };
    assert_eq!(shop.import(tagged.clone()).unwrap(), (number(1), Admission::Added));
    assert_eq!(shop.import(tagged).unwrap(), (number(1), Admission::Known));
    assert_eq!(shop.device(1).group_tag, "SALES");
}

#[test]
fn files_in_any_order_settle_on_the_best_hash() {
    let old = laptop("PF000001", 1).entry(5);
    let new = laptop("PF000001", 1).entry(500_000_000);
    // WinPE without the TPM's library, later than both.
    let blind = laptop("PF000001", 1).without_tpm().entry(600_000_000);
    // Its clock was far ahead: its time says nothing.
    let ahead = laptop("PF000001", 1).entry(u32::MAX);
    let orders: [[usize; 4]; 4] = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]];
    for order in orders {
        let mut shop = shop();
        let entries = [&old, &new, &blind, &ahead];
        order.iter().for_each(|index| drop(shop.import(entries[*index].clone()).unwrap()));
        assert_eq!(shop.device(1).windows_hash.as_ref().map(|known| &known.hash), new.hash.as_ref(), "{order:?}");
        for entry in entries {
            assert_eq!(shop.import(entry.clone()).unwrap().1, Admission::Known);
        }
        assert_eq!(shop.present(), [1]);
    }
}

#[test]
fn a_file_speaks_of_a_laptop_that_boots_later() {
    let mut shop = shop();
    shop.import(laptop("PF000001", 1).entry(5)).unwrap();
    let receipt = shop.boots(&laptop("PF000001", 1));
    assert_eq!((receipt.device, receipt.outcome), (1, Outcome::Captured));
    assert_eq!(shop.import(laptop("PF000001", 1).entry(5)).unwrap().1, Admission::Known);
    assert!(shop.device(1).windows_hash.is_some() && shop.device(1).capture.is_some());
}

#[test]
fn a_serial_number_or_a_key_ties_a_line_to_what_is_known() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    assert_eq!(shop.import(tuple(Some("pf000001"), Some(key(1)))).unwrap(), (number(1), Admission::Added));
    assert_eq!(shop.import(tuple(None, Some(key(1)))).unwrap(), (number(1), Admission::Known));
    assert_eq!(shop.import(tuple(Some("PF000001"), None)).unwrap(), (number(1), Admission::Known));
}

#[test]
fn a_hash_of_our_own_agent_proves_nothing_whenever_it_comes() {
    let made = |laptop: &Laptop, message| {
        let mut capture = laptop.capture(message);
        capture.hash = Some(MadeHash { hash: laptop.hash(7), sources: vec![] });
        capture
    };
    let mut shop = shop();
    shop.hands_in(made(&laptop("PF000001", 1), 90));
    assert!(shop.import(laptop("PF000001", 1).entry(7)).unwrap_err().why.contains("our own agent made"));
    assert_eq!(shop.device(1).windows_hash, None);
    // The file came before the laptop did: what was taken for Windows' is set aside.
    shop.import(laptop("PF000002", 2).entry(7)).unwrap();
    shop.hands_in(made(&laptop("PF000002", 2), 91));
    assert_eq!(shop.device(2).windows_hash, None);
    assert_eq!(shop.history(2).last(), Some(&"the imported hash was our own agent's: set aside"));
    assert_eq!(shop.bench.models().count(), 0);
}

#[test]
fn a_hash_of_another_board_is_held() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    let hold = clash(Clash::BoardChanged, 1);
    assert_eq!(shop.import(laptop("PF000001", 2).entry(5)).unwrap(), (number(2), Admission::Held(hold.clone())));
    assert_eq!(shop.import(laptop("PF000001", 2).entry(5)).unwrap(), (number(2), Admission::Known));
    // More of a held laptop is kept, and it is still held.
    let tagged = Entry { group_tag: "SALES".into(), ..laptop("PF000001", 2).entry(5) };
    assert_eq!(shop.import(tagged).unwrap(), (number(2), Admission::Held(hold)));
    // A line with the serial number alone could mean either.
    let refusal = shop.import(tuple(Some("PF000001"), None)).unwrap_err();
    assert!(refusal.why.contains("#1 and #2"), "{refusal:?}");
}

#[test]
fn a_hash_without_a_tpm_is_tied_by_uuid_and_one_without_both_by_serial() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    assert_eq!(shop.import(laptop("PF000001", 1).without_tpm().entry(5)).unwrap().0, number(1));
    let by_serial = Laptop { uuid: NOTHING, ..laptop("PF000001", 1).without_tpm() };
    assert_eq!(shop.import(by_serial.entry(6)).unwrap().0, number(1));
    assert_eq!(
        shop.import(laptop("PF000001", 2).without_tpm().entry(7)).unwrap().1,
        Admission::Held(clash(Clash::BoardChanged, 1))
    );
}

#[test]
fn a_label_that_is_known_becomes_the_machine_in_the_file() {
    let mut shop = shop();
    shop.expects(&["PF000001"]);
    shop.scan("PF000001", None);
    assert_eq!(shop.import(laptop("PF000001", 1).entry(5)).unwrap(), (number(1), Admission::Added));
    assert_eq!((shop.stage(1), shop.matching(1)), (StageName::Captured, Match::Matched));
}

#[test]
fn what_says_nothing_is_refused() {
    let mut shop = shop();
    let nameless = Laptop { uuid: NOTHING, ek: None, ..laptop("Default string", 1) };
    assert!(shop.import(nameless.entry(5)).is_err());
    assert!(shop.import(tuple(Some(JUNK), None)).is_err());
    assert!(shop.present().is_empty());
}

#[test]
fn an_import_is_for_the_batch_that_is_open() {
    let mut shop = shop();
    shop.import(laptop("PF000001", 1).entry(5)).unwrap();
    shop.open("autumn", IdentityPolicy::default());
    assert_eq!(shop.import(laptop("PF000001", 1).entry(5)).unwrap(), (number(1), Admission::Added));
    assert_eq!(shop.device(1).batch, "autumn");
    assert_eq!(shop.import(laptop("PF000001", 1).entry(5)).unwrap(), (number(1), Admission::Known));
}
