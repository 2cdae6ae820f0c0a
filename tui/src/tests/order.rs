use std::{path::PathBuf, sync::Arc};

use whiteglove_core::{
    control::{Command, Snapshot, Tone, Update},
    device::DeviceId,
    order::OrderStatus,
};

use crate::testing::{compared, feed, few, ordered, press, said, scan, screen, showing, snapshot_with};

fn with_order(order: OrderStatus) -> Snapshot {
    Snapshot { order: Some(Arc::new(order)), ..compared() }
}

#[test]
fn what_is_missing_stands_first() {
    let mut model = showing(compared());
    press(&mut model, "o");
    insta::assert_snapshot!(screen(&model), @r##"
    Order ACME-07 for Contoso Ltd                         5 of 12 here, 7 missing

      SERIAL        MODEL                     ASSET TAG  STATE
      PF3K0005      Lenovo ThinkPad X1 Carbo… ACME-4716  ○ missing
      PF3K0006      Lenovo ThinkPad X1 Carbo… ACME-4717  ○ missing
      PF3K0007      Lenovo ThinkPad X1 Carbo… ACME-4718  ○ missing
      PF3K0008      Lenovo ThinkPad X1 Carbo… ACME-4719  ○ missing
      PF3K0009      Lenovo ThinkPad X1 Carbo… ACME-4720  ○ missing
      PF3K0010      Lenovo ThinkPad X1 Carbo… ACME-4721  ○ missing
      PF3K0011      Lenovo ThinkPad X1 Carbo… ACME-4722  ○ missing
      PF3K9Q2R      Lenovo ThinkPad X1 Carbo… ACME-4711  ● #3 captured ! warn
      PF3K9Q31      Lenovo ThinkPad X1 Carbo… ACME-4712  ● #1 captured ✓ ready
      012345678901  Lenovo Surface Laptop 6   ACME-4713  ● #9 captured ✓ ready
      PF3K9Q77      Lenovo ThinkPad X1 Carbo… ACME-4714  ○ #10 arrived ·
      PF3K9Q40      Lenovo ThinkPad X1 Carbo… ACME-4715  ▲ #11 held ✗ STOP






    NEXT  Scan the boxes that came: each line says when its laptop is here. m:
          only what is missing.
    Esc back   Enter open   m missing only   i import   ? help
    "##);
}

#[test]
fn without_a_list_it_says_how_to_import_one() {
    let mut model = showing(few());
    assert!(!screen(&model).contains("expected"));
    press(&mut model, "o");
    insta::assert_snapshot!(screen(&model), @r##"
    Order ACME-07


      There is no order list for this batch.

      With one, every label and every laptop is compared with what the customer
      ordered: what is missing, what is not expected, what belongs to somebody
      else.

      i   type the path of the list here
          or, in a shell:  whiteglove order import FILE --customer NAME

      A CSV file with a column for the serial number, or one number a line.








    NEXT  i: import the customer's order list.

    Esc back   Enter open   m missing only   i import   ? help
    "##);
    press(&mut model, "i '/media/stick/contoso_q7.csv");
    insta::assert_snapshot!(screen(&model), @r##"
    Order ACME-07

    ─ Import an order list ──────────────────────────────────────────────────────
      A CSV file with a column for the serial number, or one serial number a line.

      File: /media/stick/contoso_q7.csv█

      The path is one on the bench's own computer. Importing twice does no harm.













    NEXT  Type the path of the file, then Enter. Esc: back.

    Enter go on   Esc back
    "##);
    let from = PathBuf::from("/media/stick/contoso_q7.csv");
    assert_eq!(press(&mut model, "enter"), []);
    let text = screen(&model);
    assert!(text.contains("File: /media/stick/contoso_q7.csv") && text.contains("Customer:"), "{text}");
    assert!(text.contains("A laptop that stands on another customer's list is stopped."), "{text}");
    let named = press(&mut model, "'Contoso enter");
    assert_eq!(named, [Command::ImportOrder { from: from.clone(), batch: None, customer: Some("Contoso".into()) }]);
    press(&mut model, "i '/media/stick/contoso_q7.csv enter");
    assert_eq!(press(&mut model, "enter"), [Command::ImportOrder { from, batch: None, customer: None }]);
    assert!(screen(&model).contains("There is no order list"), "the path is put away");
    // Nothing typed, nothing asked; a scanner's Enter asks nothing either.
    assert_eq!(press(&mut model, "i enter"), []);
    assert_eq!(scan(&mut model, "PF3K9Q2R"), []);
    assert!(screen(&model).contains("That came from a scanner."));
    press(&mut model, "esc");
    assert!(screen(&model).contains("There is no order list"));
    press(&mut model, "esc");
    assert!(screen(&model).contains("LOOK AT"));
}

#[test]
fn an_empty_list_says_so() {
    let mut model = showing(with_order(OrderStatus::default()));
    press(&mut model, "o");
    let text = screen(&model);
    assert!(text.contains("The list is empty. i: import another one."), "{text}");
    assert!(text.contains("0 of 0 here, 0 missing"), "{text}");
}

#[test]
fn five_hundred_lines_scroll() {
    let mut model = showing(with_order(ordered(500, &[(0, 1), (499, 3)])));
    press(&mut model, "o");
    assert!(screen(&model).contains(" 1 to 17 of 500"), "{}", screen(&model));
    press(&mut model, "pgdn pgdn");
    assert!(screen(&model).contains("▶ "));
    press(&mut model, "end");
    let end = screen(&model);
    assert!(end.contains(" 484 to 500 of 500"), "{end}");
    assert!(end.contains("▶ PF3K0499"), "what is here stands last: {end}");
    press(&mut model, "m");
    assert!(screen(&model).contains(" of 498"), "{}", screen(&model));
    press(&mut model, "m");
    assert!(screen(&model).contains(" of 500"));
}

#[test]
fn only_what_is_missing() {
    let mut model = showing(with_order(ordered(3, &[(0, 1), (2, 9)])));
    press(&mut model, "o m");
    let text = screen(&model);
    assert!(text.contains("PF3K9Q31") && !text.contains("PF3K9Q2R"), "{text}");
    feed(&mut model, Update::Snapshot(Arc::new(with_order(ordered(3, &[(0, 1), (1, 3), (2, 9)])))));
    let text = screen(&model);
    assert!(text.contains("Nothing is missing: all 3 are here."), "{text}");
}

#[test]
fn the_marked_line_stays_marked_when_its_laptop_comes() {
    let mut model = showing(with_order(ordered(6, &[(0, 1)])));
    press(&mut model, "o down");
    assert!(screen(&model).contains("▶ PF3K9Q31"), "{}", screen(&model));
    assert_eq!(press(&mut model, "enter"), []);
    assert!(screen(&model).contains("This one is missing: scan its box"));
    feed(&mut model, Update::Snapshot(Arc::new(with_order(ordered(6, &[(0, 1), (1, 3)])))));
    assert!(screen(&model).contains("▶ PF3K9Q31"), "{}", screen(&model));
    assert_eq!(press(&mut model, "enter"), [Command::Watch(Some(DeviceId(3)))]);
    assert!(screen(&model).contains(" Laptop #3"));
}

#[test]
fn counting_goes_on_over_a_scan() {
    let mut model = showing(compared());
    press(&mut model, "o");
    feed(&mut model, Update::Scanned(Box::new(said(Tone::Good, "FOUND", "012345678901", Some(9), "#9 is here."))));
    press(&mut model, "x");
    let text = screen(&model);
    assert!(text.contains("▶ 012345678901"), "{text}");
}

#[test]
fn a_list_without_customer_and_tags() {
    let mut order = ordered(2, &[(0, 1)]);
    order.customer = None;
    for line in &mut order.lines {
        line.expected.asset_tag.clear();
        line.expected.manufacturer.clear();
        line.expected.model.clear();
    }
    order.lines[1].expected.serial = None;
    order.lines[1].expected.product_key_id = "3311000000001".to_owned().try_into().ok();
    let mut model = showing(Snapshot { order: Some(Arc::new(order)), ..snapshot_with(vec![]) });
    press(&mut model, "o");
    insta::assert_snapshot!(screen(&model), @r##"
    Order ACME-07                                          1 of 2 here, 1 missing

      SERIAL                MODEL                        STATE
      key id 3311000000001                               ○ missing
      PF3K9Q2R                                           ● #1 here
















    NEXT  Scan the boxes that came: each line says when its laptop is here. m:
          only what is missing.
    Esc back   Enter open   m missing only   i import   ? help
    "##);
}
