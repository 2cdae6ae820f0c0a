//! What people decide, and what they are told when they cannot.

use super::*;

#[test]
fn an_order_is_numbered_by_its_record() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1));
    let records = shop.bench.decide_order(number(1), Order::PowerOff).unwrap();
    shop.write(records);
    assert_eq!(shop.bench.standing_order(number(1)), Some(Standing { number: 4, order: Order::PowerOff }));
    assert!(shop.bench.decide_order(number(9), Order::PowerOff).is_err());
    // The next boot starts without orders.
    shop.boots(&laptop("PF3K9Q", 1));
    assert_eq!(shop.bench.standing_order(number(1)), None);
}

#[test]
fn a_laptop_that_never_spoke_is_told_nothing() {
    let mut shop = shop();
    shop.import(laptop("PF3K9Q", 1).entry(5)).unwrap();
    let told = shop.bench.decide_order(number(1), Order::PowerOff).unwrap_err();
    assert_eq!(told.next, "Boot it from a stick of this bench first.");
}

#[test]
fn what_is_not_held_is_not_released() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1));
    assert_eq!(shop.release(1).unwrap_err().why, "It is CAPTURED, not held.");
    assert_eq!(shop.release(7).unwrap_err().what, "There is no device #7 on this bench.");
    assert_eq!(shop.same_laptop(1).unwrap_err().next, "Nothing to do.");
}

#[test]
fn a_person_reports_what_the_service_says() {
    let mut shop = shop();
    shop.boots(&laptop("PF3K9Q", 1));
    let records = shop.bench.decide_probe(number(1), crate::device::Probe::OtherTenant).unwrap();
    shop.write(records);
    assert_eq!(shop.history(1).last(), Some(&"registration service: locked by another company"));
}
