//! Laptops that say hello and hand in captures.

use super::*;

#[test]
fn hello_then_capture_is_one_device() {
    let mut shop = shop();
    assert_eq!(shop.hello(&laptop("PF3K9Q", 1)), 1);
    let receipt = shop.boots(&laptop("PF3K9Q", 1));
    assert_eq!((receipt.outcome, receipt.device, receipt.serial.as_deref()), (Outcome::Captured, 1, Some("PF3K9Q")));
    assert_eq!(shop.present(), [1]);
    assert_eq!(shop.bench.rows().next().unwrap().stage, StageName::Captured);
    assert_eq!(shop.history(1), ["arrived", "captured"]);
}

#[test]
fn a_capture_without_a_hello_is_the_same_device_later() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1));
    shop.hello(&laptop("PF3K9Q", 1));
    assert!(matches!(shop.journal.last(), Some((_, Record::DeviceReturned { device: DeviceId(1), .. }))));
}

#[test]
fn a_capture_sent_twice_is_written_once_even_after_its_stick_was_revoked() {
    let mut shop = shop();
    let capture = laptop("PF3K9Q", 1).capture(7);
    shop.hands_in(capture.clone());
    let records = shop.bench.decide_revoke(SPRING).unwrap();
    shop.write(records);
    let again = shop.bench.decide_capture(capture, &shop.sealed(message_id(7)), at(9)).unwrap();
    assert_eq!((again.records.len(), again.receipt.outcome), (0, Outcome::AlreadyHere));
}

#[test]
fn a_hello_played_back_is_no_arrival() {
    let mut shop = shop();
    shop.hello(&laptop("PF3K9Q", 1));
    shop.messages = 0;
    assert_eq!(shop.hello(&laptop("PF3K9Q", 1)), 0);
}

#[test]
fn a_nameless_hello_waits_for_its_capture() {
    let nameless = Laptop { uuid: NOTHING, ..laptop("Default string", 1) };
    assert_eq!(shop().hello(&nameless), 0);
}

#[test]
fn a_newer_capture_counts_and_says_so() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1));
    let receipt = shop.later(1).boots(&laptop("PF3K9Q", 1));
    assert_eq!(receipt.outcome, Outcome::CapturedAgain);
    assert_eq!(receipt.notice.unwrap().what, "This laptop was captured before (#1, 1h ago).");
    let device = shop.device(1);
    assert_eq!((device.captures, device.capture.as_ref().unwrap().id), (2, message_id(2)));
    assert_eq!(shop.history(1).last(), Some(&"captured again"));
}

#[test]
fn what_could_not_be_read_this_time_is_not_forgotten() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1).with_key(5));
    // The TPM is off now, and the key is gone.
    shop.boots(&laptop("PF3K9Q", 1).without_tpm());
    let known = &shop.device(1).identity;
    assert_eq!(
        (known.ek, known.product_key_id.clone()),
        (Some(EkDigest(Sha256::digest([1; 40]).into())), Some(key(5)))
    );
    assert!(shop.device(1).capture.as_ref().unwrap().tpm.is_none());
    // So another board cannot slip in behind it.
    shop.boots(&Laptop { ek: Some(9), ..laptop("PF3K9Q", 1) });
    assert_eq!(shop.holds(2), [clash(Clash::EkChanged, 1)]);
}

#[test]
fn a_serial_number_that_was_set_anew_is_one_laptop_and_stands_in_its_history() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1));
    shop.boots(&laptop("PF3K9Z", 1));
    assert_eq!(shop.present(), [1]);
    assert_eq!(shop.history(1).last(), Some(&"captured; ITS SERIAL NUMBER WAS PF3K9Q AND IS PF3K9Z"));
}

#[test]
fn a_hello_of_a_known_board_with_a_new_serial_number_leaves_no_ghost() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1));
    // A hello has no TPM key, so it could as well be a second board with the same UUID.
    assert_eq!(shop.hello(&laptop("PF3K9Z", 1)), 0);
    shop.boots(&laptop("PF3K9Z", 1));
    assert_eq!(shop.present(), [1]);
}

#[test]
fn junk_numbers_shared_by_two_machines_are_no_clash() {
    let mut shop = shop();
    for ek in [1, 2] {
        let junk = Laptop { uuid: NOTHING, ..laptop(JUNK, ek) };
        assert_eq!(shop.boots(&junk).outcome, Outcome::Captured);
    }
    assert_eq!(shop.present(), [1, 2]);
}

#[test]
fn a_machine_without_any_name_is_held_until_it_has_one() {
    let mut shop = shop();
    let nic = |mut capture: Capture| {
        capture.nics = vec![crate::capture::Nic {
            name: "enp0s1".into(),
            mac: "00:11:22:33:44:55".parse().unwrap(),
            permanent_mac: None,
            bus: crate::capture::Bus::Pci,
            kind: crate::capture::NicKind::Wired,
            driver: "e1000e".into(),
            hardware: None,
            carrier: true,
        }];
        capture
    };
    let nameless = Laptop { uuid: [0xff; 16], ek: None, ..laptop("Default string", 1) };
    let receipt = shop.hands_in(nic(nameless.capture(100)));
    assert_eq!(receipt.outcome, Outcome::Held);
    assert_eq!(receipt.notice.unwrap().what, "Held: this machine cannot be told from another.");
    // The TPM is on now and the serial number set, as it was told to.
    let receipt = shop.hands_in(nic(laptop("PF3K9Q", 1).capture(101)));
    assert_eq!((receipt.device, receipt.outcome), (1, Outcome::Held));
    shop.release(1).unwrap();
    assert_eq!(
        (shop.stage(1), shop.device(1).identity.good_serial().unwrap().as_str()),
        (StageName::Captured, "PF3K9Q")
    );
    assert_eq!(shop.boots(&laptop("PF3K9Q", 1)).device, 1);
}

#[test]
fn media_that_are_not_good_here_and_now() {
    let mut shop = shop();
    let refused = |shop: &Shop, media| {
        let sealed = Sealed { media, ..shop.sealed(message_id(2)) };
        shop.bench.decide_capture(laptop("PF3K9Q", 1).capture(2), &sealed, at(0)).unwrap_err().what
    };
    assert_eq!(refused(&shop, MediaId([9; 16])), "This stick is unknown to the bench.");
    assert_eq!(refused(&shop, AUTUMN), "This stick belongs to batch 'autumn'.");
    let records = shop.bench.decide_revoke(SPRING).unwrap();
    shop.write(records);
    assert_eq!(refused(&shop, SPRING), "This stick was reported lost and is no longer accepted.");
    assert!(shop.present().is_empty());
}

#[test]
fn a_laptop_that_comes_back_in_another_batch_belongs_to_that_one() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1));
    shop.open("autumn", IdentityPolicy::default());
    shop.hello(&laptop("PF3K9Q", 1));
    assert_eq!(shop.device(1).batch, "autumn");
    assert_eq!(
        shop.history(1),
        ["arrived", "captured", "now in batch 'autumn', earlier in 'spring'", "switched on again"]
    );
}
