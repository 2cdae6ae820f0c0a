//! Batches and customers: looked at, opened, made and changed.

use std::{path::PathBuf, sync::Arc};

use whiteglove_core::{
    batch::Batch,
    control::{Command, Settings, Snapshot, Update},
    customer::{Customer, Way},
    lane::Lane,
    problem::Problem,
};

use crate::{
    Model, Msg,
    testing::{NOON, feed, few, locked, of_customers, press, scan, screen, showing},
    update,
};

fn shown(keys: &str) -> Model {
    let mut model = showing(of_customers());
    assert_eq!(press(&mut model, keys), []);
    model
}

fn has(model: &Model, words: &str) {
    assert!(screen(model).contains(words), "no {words:?} on\n{}", screen(model));
}

#[test]
fn the_board_names_the_customer_beside_the_batch() {
    let title = |snapshot: Snapshot| screen(&showing(snapshot)).lines().next().unwrap_or_default().trim().to_owned();
    insta::assert_snapshot!(title(of_customers()), @"bench-1   Contoso Ltd   batch ACME-07          2 arrived   4 captured   1 held");
    let long = Snapshot {
        customer: Some("The Very Long Name Of A Customer".into()),
        batch: "spring rollout of the north 2027".into(),
        ..few()
    };
    insta::assert_snapshot!(title(long), @"The Very Long Name…   spring rollout of the …  2 arrived   4 captured   1 held");
}

#[test]
fn batches_are_listed_with_what_they_are() {
    insta::assert_snapshot!(screen(&shown("b")));
    let model = shown("b down");
    insta::assert_snapshot!(screen(&model));
    let mut model = showing(few());
    press(&mut model, "b");
    has(&model, "c: set the first customer");
    press(&mut model, "c");
    has(&model, "No customer is set yet");
    press(&mut model, "esc esc");
    has(&model, "Laptops report to");
}

#[test]
fn another_batch_is_opened_by_a_yes_that_names_what_ends() {
    let mut model = shown("b enter");
    has(&model, "Batch ACME-07 is open already.");
    press(&mut model, "down enter");
    insta::assert_snapshot!(screen(&model));
    assert_eq!(press(&mut model, "enter"), [], "a scanner's Enter is no yes");
    assert_eq!(press(&mut model, "n"), []);
    assert_eq!(press(&mut model, "enter y"), [Command::OpenBatch { name: "FAB-02".into() }]);
    feed(&mut model, Update::Done("Batch 'FAB-02' is open.".into()));
    has(&model, "Batch 'FAB-02' is open.");
}

#[test]
fn a_batch_is_made_in_a_form() {
    let mut model = shown("b n");
    insta::assert_snapshot!(screen(&model));
    // Its customer is the one at work; left and right go through what may stand there.
    press(&mut model, "'ACME-08 enter down 'PO-4712 enter right right");
    has(&model, "Group tag          KIOSK");
    press(&mut model, "right");
    assert!(!screen(&model).contains("KIOSK"));
    press(&mut model, "left left enter right enter 'White enter left");
    has(&model, "< maker, model and serial, or product key id >");
    let batch = Batch {
        customer: Some("Contoso Ltd".into()),
        purchase_order: Some("PO-4712".into()),
        group_tag: Some("SALES".into()),
        assigned_user: whiteglove_core::batch::UserPolicy::Required,
        profile: Some("White".into()),
        identity: whiteglove_core::batch::IdentityPolicy::Tuple,
        ..Batch::named("ACME-08")
    };
    let sent = Command::SetBatch { batch: Box::new(batch.clone()), reason: None };
    assert_eq!(press(&mut model, "f10"), [sent]);
    has(&model, "The bench is asked");
    assert_eq!(press(&mut model, "enter f10"), [], "once is enough");
    // The bench says no: nothing is lost, and it says so in the form alone.
    let refused = batch.checked(of_customers().customers.first().map(|row| &row.customer)).unwrap_err();
    feed(&mut model, Update::Problem(refused.clone()));
    insta::assert_snapshot!(screen(&model));
    let mut late = of_customers();
    late.problems = vec![(NOON, refused)];
    feed(&mut model, Update::Snapshot(Arc::new(late)));
    assert!(!screen(&model).contains("ERROR"), "{}", screen(&model));
    press(&mut model, "right");
    assert!(!screen(&model).contains("NOT TAKEN"));
    let Some(Command::SetBatch { batch, .. }) = press(&mut model, "f10").pop() else { panic!() };
    assert_eq!(batch.identity, whiteglove_core::batch::IdentityPolicy::LinuxHash);
    feed(&mut model, Update::Done("Batch 'ACME-08' is there.".into()));
    has(&model, "Batch 'ACME-08' is there.");
    has(&model, "GROUP TAG");
}

#[test]
fn a_customer_is_made_and_what_cannot_be_is_said_at_its_field() {
    let mut model = shown("b c n");
    insta::assert_snapshot!(screen(&model));
    assert_eq!(press(&mut model, "f10"), []);
    has(&model, "Give it a name first.");
    assert_eq!(press(&mut model, "'Northwind enter '0000-1 f10"), []);
    has(&model, "32 hexadecimal digits in five groups");
    press(&mut model, "backspace backspace backspace backspace backspace backspace");
    let tenant = "00000000-0000-4000-8000-00000000aa09";
    press(&mut model, &format!("'{tenant} enter enter right enter right enter enter 'SALES,KIOSK space 'LAB enter"));
    assert_eq!(press(&mut model, "'NW-%SERIAL% enter 'soon enter enter"), []);
    has(&model, "Give a number of whole hours, or nothing.");
    press(&mut model, "backspace backspace backspace backspace");
    let customer = Customer {
        tenant: tenant.to_owned().try_into().ok(),
        lane: Lane::Partner,
        way: Way::Online,
        group_tags: vec!["SALES".into(), "KIOSK".into(), "LAB".into()],
        naming: Some("NW-%SERIAL%".into()),
        sla_hours: Some(24),
        ..Customer::named("Northwind")
    };
    let sent = Command::SetCustomer { customer: Box::new(customer), reason: None };
    assert_eq!(press(&mut model, "'24 enter enter"), [sent]);
    feed(&mut model, Update::Done("Northwind is a customer of this bench now.".into()));
    has(&model, "REGISTERED IN");
}

#[test]
fn what_has_laptops_in_it_shows_each_change_and_wants_a_reason() {
    let mut model = shown("b a");
    press(&mut model, "f10");
    has(&model, "Nothing was changed");
    press(&mut model, "down down right down down backspace f10");
    insta::assert_snapshot!(screen(&model));
    assert_eq!(press(&mut model, "enter"), []);
    has(&model, "Say why first.");
    assert_eq!(press(&mut model, "esc f10 'ticket space '12"), []);
    let Some(Command::SetBatch { batch, reason }) = press(&mut model, "enter").pop() else { panic!() };
    assert_eq!((batch.name.as_str(), batch.group_tag.as_deref()), ("ACME-07", Some("KIOSK")));
    assert_eq!(reason.as_deref(), Some("ticket 12"));
    // The name is no field: what is there keeps it.
    assert!(!screen(&model).contains("Name "));
    let locked = Problem::new("Batch 'ACME-07' is locked.", "7 laptops would be affected.", "Say why.");
    feed(&mut model, Update::Problem(locked));
    has(&model, "NOT TAKEN");
    has(&model, "group tag: SALES -> KIOSK");
    has(&model, "Why: ticket 12");
}

#[test]
fn a_form_is_not_left_by_mistake() {
    let mut model = shown("b n esc");
    has(&model, "GROUP TAG");
    press(&mut model, "n 'x esc");
    has(&model, "Leave this form?");
    press(&mut model, "n");
    has(&model, "Name               x");
    press(&mut model, "esc y");
    has(&model, "GROUP TAG");
    // A scanner's Enter does not go on, and its code does not carry the person away from a choice.
    press(&mut model, "n");
    assert_eq!(scan(&mut model, "ACME-09"), []);
    has(&model, "That came from a scanner.");
    has(&model, "Name               ACME-09");
    press(&mut model, "enter");
    assert_eq!(scan(&mut model, "PF3K9Q2R"), []);
    has(&model, "< Contoso Ltd >");
    assert_eq!(update(&mut model, Msg::Paste("PF3K9Q2R".into()), NOON), []);
    has(&model, "< Contoso Ltd >");
    press(&mut model, "f1");
    has(&model, "Keys: A form");
    press(&mut model, "esc f10");
    feed(&mut model, Update::Done("Batch 'ACME-09' is there.".into()));
    has(&model, "GROUP TAG");
}

#[test]
fn a_file_is_named_by_its_path() {
    let mut model = shown("b f");
    insta::assert_snapshot!(screen(&model));
    assert_eq!(press(&mut model, "'batches.csv f10"), []);
    has(&model, "from the first slash on");
    press(&mut model, "backspace backspace backspace backspace backspace backspace");
    press(&mut model, "backspace backspace backspace backspace backspace backspace");
    let take = |of, from: &str, reason: Option<&str>| Command::TakeSettings {
        of,
        from: PathBuf::from(from),
        reason: reason.map(str::to_owned),
    };
    let keys = "'/mnt/batches.csv enter 'order enter enter";
    assert_eq!(press(&mut model, keys), [take(Settings::Batches, "/mnt/batches.csv", Some("order"))]);
    let mut model = shown("b c f");
    let keys = "'/mnt/acme.toml f10";
    assert_eq!(press(&mut model, keys), [take(Settings::Customers, "/mnt/acme.toml", None)]);
    feed(&mut model, Update::Problem(Problem::new("No customer was taken.", "It cannot be read.", "Check the path.")));
    has(&model, "NOT TAKEN No customer was taken.");
    has(&model, "/mnt/acme.toml");
}

#[test]
fn a_bench_for_one_customer_shows_that_one() {
    let mut model = showing(locked());
    press(&mut model, "b");
    has(&model, "this bench works for Contoso Ltd only");
    assert!(!screen(&model).contains("Fabrikam"));
    press(&mut model, "c");
    insta::assert_snapshot!(screen(&model));
    press(&mut model, "n");
    has(&model, "Name               Contoso Ltd");
}

#[test]
fn everything_fits_in_ascii_and_at_any_size() {
    let theme = crate::Theme { colour: false, ascii: true };
    for (width, height) in [(80, 24), (132, 50)] {
        for keys in ["b", "b c", "b n", "b down enter", "b a down right f10", "b c n", "b f"] {
            let mut model = Model::new(theme, (width, height));
            feed(&mut model, Update::Snapshot(Arc::new(of_customers())));
            press(&mut model, keys);
            let text = screen(&model);
            assert!(text.is_ascii(), "{text}");
            assert!(!text.contains("more lines"), "{keys} at {width}x{height}\n{text}");
        }
    }
}
