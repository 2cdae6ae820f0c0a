//! Customers and batches: what may be set, what is locked, and who sees what.

use super::*;
use crate::{
    batch::{Batch, UserPolicy},
    customer::Customer,
    lane::{Ask, Lane as FileLane},
};

fn acme() -> Customer {
    Customer { group_tags: vec!["SALES".into(), "KIOSK".into()], ..Customer::named("ACME") }
}

fn spring(customer: &str) -> Batch {
    Batch { customer: Some(customer.to_owned()), group_tag: Some("SALES".into()), ..Batch::named("spring") }
}

impl Shop {
    fn customer(&mut self, customer: Customer, reason: Option<&str>) -> Result<String, Problem> {
        let (records, words) = self.bench.decide_customer(customer, reason.map(str::to_owned))?;
        self.write(records);
        Ok(words)
    }

    fn batch(&mut self, batch: Batch, reason: Option<&str>) -> Result<String, Problem> {
        let (records, words) = self.bench.decide_batch(batch, reason.map(str::to_owned))?;
        self.write(records);
        Ok(words)
    }

    fn opens(&mut self, name: &str) -> Result<String, Problem> {
        let (records, words) = self.bench.decide_open(name)?;
        self.write(records);
        Ok(words)
    }

    fn shown(&self) -> Vec<u64> {
        let shown = self.bench.devices().filter(|device| self.bench.at_work(device));
        shown.map(|device| device.id.0).collect()
    }
}

fn ask(lane: FileLane, tag: Option<&str>) -> Ask {
    Ask { lane, batch: None, group_tag: tag.map(str::to_owned), all: false, tenant_wide: false }
}

#[test]
fn a_batch_needs_a_customer_that_is_known_and_a_tag_of_that_customer() {
    let mut shop = shop();
    let refused = shop.batch(spring("ACME"), None).unwrap_err();
    assert!(refused.why.contains("no customer 'ACME'"), "{refused:?}");
    shop.customer(acme(), None).unwrap();
    let refused = shop.batch(Batch { group_tag: Some("GUESS".into()), ..spring("ACME") }, None).unwrap_err();
    assert!(refused.why.contains("SALES, KIOSK"), "{refused:?}");
    // In any spelling of the customer's name; the first one stays.
    shop.batch(spring("acme "), None).unwrap();
    assert_eq!(shop.bench.open_batch().unwrap().customer.as_deref(), Some("ACME"));
    let tuple = Batch { identity: IdentityPolicy::Tuple, ..spring("ACME") };
    let refused = shop.batch(tuple, None).unwrap_err();
    assert!(refused.why.contains("hardware hashes"), "{refused:?}");
}

#[test]
fn what_has_laptops_in_it_changes_for_a_reason_only() {
    let mut shop = shop();
    shop.customer(acme(), None).unwrap();
    shop.batch(spring("ACME"), None).unwrap();
    // Empty: no reason needed.
    shop.batch(Batch { purchase_order: Some("4711".into()), ..spring("ACME") }, None).unwrap();
    shop.boots(&laptop("PF1", 1));
    let kiosk = Batch { group_tag: Some("KIOSK".into()), ..spring("ACME") };
    let refused = shop.batch(kiosk.clone(), Some("  ")).unwrap_err();
    assert!(refused.what.contains("locked: 1 laptop is in it"), "{refused:?}");
    assert!(refused.why.contains("group tag: SALES -> KIOSK"), "{refused:?}");
    assert!(shop.batch(kiosk.clone(), Some("ticket 12")).unwrap().contains("SALES -> KIOSK"));
    assert!(
        matches!(&shop.journal.last().unwrap().1, Record::BatchSet { reason: Some(why), .. } if why == "ticket 12")
    );
    assert!(shop.batch(kiosk, None).unwrap().contains("like that already"));

    let more = Customer { sla_hours: Some(24), ..acme() };
    assert!(shop.customer(more.clone(), None).unwrap_err().what.contains("ACME is locked"));
    shop.customer(more.clone(), Some("contract")).unwrap();
    // A tag that a batch uses does not disappear under it.
    let fewer = Customer { group_tags: vec!["SALES".into()], ..more };
    let refused = shop.customer(fewer, Some("tidy")).unwrap_err();
    assert!(refused.why.contains("'spring' would be wrong"), "{refused:?}");
}

#[test]
fn laptops_do_not_change_their_owner_with_a_batch() {
    let mut shop = shop();
    shop.customer(acme(), None).unwrap();
    shop.customer(Customer::named("Fabrikam"), None).unwrap();
    shop.batch(spring("ACME"), None).unwrap();
    shop.boots(&laptop("PF1", 1));
    let refused = shop.batch(spring("Fabrikam"), Some("typo")).unwrap_err();
    assert!(refused.what.contains("stays ACME's"), "{refused:?}");
}

#[test]
fn one_customers_laptops_are_not_shown_while_anothers_batch_is_open() {
    let mut shop = shop();
    shop.customer(acme(), None).unwrap();
    shop.customer(Customer::named("Fabrikam"), None).unwrap();
    shop.batch(spring("ACME"), None).unwrap();
    shop.batch(Batch { customer: Some("Fabrikam".into()), ..Batch::named("autumn") }, None).unwrap();
    shop.boots(&laptop("PF1", 1));
    assert_eq!(shop.shown(), [1]);

    assert!(shop.opens("winter").unwrap_err().why.contains("There are: autumn, spring"));
    shop.opens("autumn").unwrap();
    shop.stick = AUTUMN;
    shop.boots(&laptop("PF2", 2));
    assert_eq!(shop.shown(), [2]);
    let refused = shop.release(1).unwrap_err();
    assert!(refused.what.contains("another customer's"), "{refused:?}");
    let (answer, written) = shop.scan("PF1", None);
    assert_eq!((answer.title.as_str(), answer.tone, answer.device, written), ("WRONG CUSTOMER", Tone::Wrong, None, 0));
    assert!(answer.text.contains("for ACME, batch 'spring'"), "{answer:?}");
    assert_eq!(shop.bench.sheet(DeviceId(1)), None);
    let other = Ask { batch: Some("spring".into()), ..ask(FileLane::Intune, None) };
    assert!(shop.bench.decide_export(&other).unwrap_err().why.contains("another customer's"));
    let own = shop.bench.decide_export(&ask(FileLane::Intune, None)).unwrap();
    assert_eq!(own.batch, "autumn");

    shop.opens("spring").unwrap();
    assert_eq!(shop.shown(), [1]);
}

#[test]
fn lists_carry_the_tag_of_the_batch_and_no_other() {
    let mut shop = shop();
    shop.customer(acme(), None).unwrap();
    shop.batch(spring("ACME"), None).unwrap();
    shop.hands_in(laptop("PF000001", 1).made_capture(70));
    let text = |shop: &Shop, tag| {
        let chosen = shop.bench.decide_export(&ask(FileLane::Intune, tag))?;
        Ok::<_, Problem>(
            chosen.files().iter().map(|file| String::from_utf8_lossy(&file.bytes).into_owned()).collect::<String>(),
        )
    };
    assert!(text(&shop, None).unwrap().contains(",SALES\r\n"));
    assert!(text(&shop, Some("kiosk")).unwrap().contains(",KIOSK\r\n"));
    assert!(text(&shop, Some("GUESS")).unwrap_err().what.contains("not one of ACME's"));
}

#[test]
fn a_laptop_without_the_user_it_needs_stays_here() {
    let mut shop = shop();
    shop.batch(Batch { assigned_user: UserPolicy::Required, ..Batch::named("spring") }, None).unwrap();
    shop.boots(&laptop("PF1", 1));
    let chosen = shop.bench.decide_export(&ask(FileLane::Intune, None)).unwrap();
    assert!(chosen.rows.is_empty());
    assert!(chosen.left_out[0].words().contains("No user is assigned"), "{:?}", chosen.left_out);
}

#[test]
fn the_configuration_is_obeyed_when_it_changes_and_not_again() {
    let mut shop = shop();
    let configured = Batch::named("spring");
    assert_eq!(shop.bench.decide_configured(&configured), None);
    shop.batch(Batch::named("autumn"), None).unwrap();
    shop.opens("autumn").unwrap();
    // A restart with the same file: what a person opened stays open.
    assert_eq!(shop.bench.decide_configured(&configured), None);
    let changed = shop.bench.decide_configured(&Batch::named("winter")).unwrap();
    shop.write(vec![changed]);
    assert_eq!(shop.bench.batch(), Some("winter"));
}

#[test]
fn an_order_list_belongs_to_the_customer_that_the_batch_was_set_for() {
    let mut shop = shop();
    shop.customer(acme(), None).unwrap();
    shop.customer(Customer::named("Fabrikam"), None).unwrap();
    shop.batch(Batch { customer: Some("Fabrikam".into()), ..Batch::named("autumn") }, None).unwrap();
    shop.batch(spring("ACME"), None).unwrap();
    // The list itself names nobody.
    shop.order("autumn", None, vec![line(Some("PF9"), None)]);
    shop.boots(&laptop("PF9", 9));
    assert!(matches!(shop.matching(1), Match::WrongCustomer { customer, .. } if customer == "Fabrikam"));
    assert_eq!(shop.stage(1), StageName::Held);
}

#[test]
fn a_front_end_sees_settings_but_never_how_many_laptops_another_customer_has() {
    let mut shop = shop();
    shop.customer(acme(), None).unwrap();
    shop.customer(Customer::named("Fabrikam"), None).unwrap();
    shop.batch(spring("ACME"), None).unwrap();
    shop.batch(Batch { customer: Some("Fabrikam".into()), ..Batch::named("autumn") }, None).unwrap();
    shop.boots(&laptop("PF1", 1));
    let counts = |shop: &Shop, locked_to: Option<&str>| {
        let (customers, batches) = shop.bench.settings_at_work(locked_to);
        let customers = customers.iter().map(|row| (row.customer.name.clone(), row.devices));
        let batches = batches.iter().map(|row| (row.batch.name.clone(), row.devices));
        customers.chain(batches).map(|(name, devices)| format!("{name} {devices}")).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(counts(&shop, None), "ACME 1, Fabrikam 0, autumn 0, spring 1");
    assert_eq!(counts(&shop, Some("acme")), "ACME 1, spring 1");
    shop.opens("autumn").unwrap();
    assert_eq!(counts(&shop, None), "ACME 0, Fabrikam 0, autumn 0, spring 0");
    // Its own lists are whole all the same.
    assert!(shop.bench.batches().iter().any(|row| row.devices == 1));
}
