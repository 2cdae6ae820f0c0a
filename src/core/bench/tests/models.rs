//! The acceptance test of a model: our hash and Windows' own of the same unit.

use super::*;
use crate::{batch::ModelTrust, hwhash::Critical};

/// Captured with a hash made on Linux that says what Windows would say, but for the disk's number.
fn made(laptop: &Laptop, message: u64, agrees: bool) -> Capture {
    let mut capture = laptop.capture(message);
    let mut records = laptop.hash(9).records();
    if !agrees {
        records.push(HashRecord::Text { kind: 7, text: "S1|M|V".to_owned(), nul: false });
    }
    capture.hash = Some(MadeHash { hash: HardwareHash::encode(&records).unwrap(), sources: vec![] });
    capture
}

fn trust(shop: &Shop) -> ModelTrust {
    shop.bench.trust(&ModelName { manufacturer: "LENOVO".into(), product: "21CB".into() })
}

fn differs() -> ModelTrust {
    ModelTrust::Differs { fields: vec![Critical::DiskSerialNumber] }
}

#[test]
fn a_model_is_trusted_after_both_hashes_of_a_unit_agreed() {
    let mut shop = shop();
    shop.hands_in(made(&laptop("PF000001", 1), 50, true));
    assert_eq!(trust(&shop), ModelTrust::Untested);
    shop.import(laptop("PF000001", 1).entry(5)).unwrap();
    assert_eq!(trust(&shop), ModelTrust::Accepted { units: 1 });
    // In the other order, the second unit.
    shop.import(laptop("PF000002", 2).entry(5)).unwrap();
    shop.hands_in(made(&laptop("PF000002", 2), 51, true));
    assert_eq!(trust(&shop), ModelTrust::Accepted { units: 2 });
    assert_eq!(shop.bench.models().count(), 1);
}

#[test]
fn one_unit_that_differs_speaks_against_the_model_until_it_agrees() {
    let mut shop = shop();
    shop.import(laptop("PF000001", 1).entry(5)).unwrap();
    shop.import(laptop("PF000002", 2).entry(5)).unwrap();
    shop.hands_in(made(&laptop("PF000001", 1), 50, true));
    shop.hands_in(made(&laptop("PF000002", 2), 51, false));
    assert_eq!(trust(&shop), differs());
    // A newer agent reads the disk's number as Windows does.
    shop.hands_in(made(&laptop("PF000002", 2), 52, true));
    assert_eq!(trust(&shop), ModelTrust::Accepted { units: 2 });
    // What can no longer be compared no longer counts.
    shop.boots(&laptop("PF000002", 2));
    assert_eq!(trust(&shop), ModelTrust::Accepted { units: 1 });
}

#[test]
fn a_board_that_was_replaced_no_longer_counts() {
    let mut shop = shop();
    shop.import(laptop("PF000001", 1).entry(5)).unwrap();
    shop.hands_in(made(&laptop("PF000001", 1), 50, false));
    assert_eq!(trust(&shop), differs());
    shop.later(48).boots(&laptop("PF000001", 2));
    shop.same_laptop(2).unwrap();
    assert_eq!(trust(&shop), ModelTrust::Untested);
    assert_eq!(shop.bench.models().count(), 0);
}

#[test]
fn a_simulated_laptop_never_counts() {
    let mut shop = shop();
    shop.import(laptop("PF000001", 1).entry(5)).unwrap();
    shop.hands_in(Capture { simulated: true, ..made(&laptop("PF000001", 1), 50, true) });
    assert_eq!(trust(&shop), ModelTrust::Untested);
}
