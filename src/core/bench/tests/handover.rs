//! Hand-over: for whose key a batch may be sealed, and that it goes out by the rules of an export.

use super::{export::whole, *};
use crate::{
    batch::Batch,
    customer::Customer,
    handover::{Ask, HandedOver, Recipient, RecipientSecret},
    lane::Lane as Out,
};

fn key(n: u8) -> Recipient {
    RecipientSecret::from_entropy([n; 32]).public()
}

fn ask(to: Option<Recipient>) -> Ask {
    Ask { batch: None, lane: None, group_tag: None, all: false, tenant_wide: false, to }
}

impl Shop {
    fn owned(customers: &[Customer]) -> Self {
        let mut shop = shop();
        for customer in customers {
            let (records, _) = shop.bench.decide_customer(customer.clone(), None).unwrap();
            shop.write(records);
        }
        let batch = Batch { customer: Some(customers[0].name.clone()), ..Batch::named("spring") };
        let (records, _) = shop.bench.decide_batch(batch, None).unwrap();
        shop.write(records);
        let laptop = laptop("PF000001", 1);
        let hash = whole(&laptop.hash(5), laptop.ek.map(|ek| [ek; 256]));
        shop.import(Entry { hash: Some(hash), ..Entry::new(Lane::IntuneCsv) }).unwrap();
        shop
    }
}

#[test]
fn it_is_sealed_for_the_key_of_this_customer_and_no_other() {
    let with = |name: &str, to| Customer { hand_over_to: to, ..Customer::named(name) };
    let shop = Shop::owned(&[with("ACME", Some(key(1))), with("Umbrella", Some(key(2)))]);
    let decided = |to| shop.bench.decide_hand_over(&ask(to));
    assert_eq!(decided(None).unwrap().1, key(1));
    assert_eq!(decided(Some(key(1))).unwrap().1, key(1));
    assert!(decided(Some(key(3))).unwrap_err().what.contains("not the customer's key"));

    let shop = Shop::owned(&[with("ACME", None), with("Umbrella", Some(key(2)))]);
    let decided = |to| shop.bench.decide_hand_over(&ask(to));
    assert!(decided(None).unwrap_err().what.contains("no key"));
    assert_eq!(decided(Some(key(1))).unwrap().1, key(1));
    let refused = decided(Some(key(2))).unwrap_err();
    assert!(refused.why.contains("Umbrella is set with it") && refused.why.contains("ACME's"), "{refused}");
}

#[test]
fn the_lane_is_the_customers_and_the_rules_are_those_of_an_export() {
    let partner = Customer { lane: Out::Partner, hand_over_to: Some(key(1)), ..Customer::named("ACME") };
    let mut shop = Shop::owned(&[partner]);
    let (chosen, _) = shop.bench.decide_hand_over(&ask(None)).unwrap();
    assert_eq!((chosen.lane, chosen.rows.len()), (Out::Partner, 1));
    let corporate = Ask { lane: Some(Out::Corporate), ..ask(None) };
    assert!(shop.bench.decide_hand_over(&corporate).unwrap_err().next.ends_with("add --tenant-wide."));
    let (chosen, _) = shop.bench.decide_hand_over(&Ask { tenant_wide: true, ..corporate }).unwrap();
    assert_eq!(chosen.lane, Out::Corporate);

    let file = chosen.files().remove(0);
    let sealed = HandedOver { to: key(1), bundle: "spring.wgh".into(), sha256: "00".repeat(32) };
    shop.write(vec![Record::Exported {
        lane: Out::Corporate,
        batch: "spring".into(),
        file: file.name.clone(),
        sha256: file.digest(),
        group_tag: None,
        devices: file.devices,
        handed_over: Some(sealed),
    }]);
    let again = Ask { lane: Some(Out::Corporate), tenant_wide: true, ..ask(None) };
    assert!(shop.bench.decide_hand_over(&again).unwrap().0.rows.is_empty(), "it went out");
    let history = &shop.device(1).history;
    let said =
        format!("in corporate-spring-001.csv ({}) of spring.wgh, for key {}", &file_digest(&chosen), key(1).brief());
    assert!(history.iter().any(|(_, _, words)| words.ends_with(&said)), "{history:?} {said}");
}

fn file_digest(chosen: &crate::lane::Chosen) -> String {
    chosen.files()[0].digest()[..12].to_owned()
}
