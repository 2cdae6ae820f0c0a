//! Verdict and match on the board's lines.

use std::sync::Arc;

use whiteglove_core::control::Snapshot;

use crate::testing::{self, NOON, press, screen, showing, showing_at, snapshot_with};

#[test]
fn label_machine_and_order_on_the_list() {
    let mut model = showing(testing::compared());
    insta::assert_snapshot!(screen(&model), @r##"
    whiteglove   bench-1   batch ACME-07           1 arrived   6 captured   3 held
    Laptops report to http://192.168.77.1:8780                5 of 12 expected (o)
    6 laptops need you (a)
       #   STAGE    SERIAL       MODEL     VERDICT MATCH     AGE  LOOK AT
       1 ● CAPTURED PF3K9Q31     ThinkPad… ✓ ready match     41m
       3 ● CAPTURED PF3K9Q2R     ThinkPad… ! warn  match     38m  Secure Boot is o…
       4 ● CAPTURED 5CG1284XYZ   HP Elite… ✗ STOP  unlisted  36m  not on the order
       5 ▲ HELD     PF3K9Q3X     ThinkPad… ✗ STOP  WRONG     35m  label PF3K9Q9Z
       6 ▲ HELD     8GQ7T14      Latitude… ✗ STOP  CUSTOMER  33m  of Fabrikam
       7 ● CAPTURED 8GQ7T20      Latitude… ✗ STOP  batch?    31m  of ACME-06
       8 ● CAPTURED PF3K9Q2R     ThinkPad… ✗ STOP  twice     30m  same line as #3
       9 ● CAPTURED 012345678901 Surface … ✓ ready expected  11m  compare its label
      10 ○ ARRIVED  PF3K9Q77               ·       expected   8m  boot it from a s…
      11 ▲ HELD     PF3K9Q40     ThinkPad… ✗ STOP  expected   1m  MOTHERBOARD CHAN…







    NEXT  a: go to the first laptop that needs you.

    Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
    // A replaced laptop is found by who asks for its number, and counts nowhere.
    assert_eq!(model.counts.held + model.counts.captured + model.counts.arrived, 10);
    press(&mut model, "/ 'pf3k9q40");
    assert!(screen(&model).contains("1 found"));
    press(&mut model, "esc / '#2");
    let text = screen(&model);
    assert!(text.contains("1 found") && text.contains("lives on as #11"), "{text}");
    press(&mut model, "esc / 'replaced");
    assert!(screen(&model).contains("1 found"));
}

#[test]
fn a_wide_board_says_the_match_in_whole_words() {
    insta::assert_snapshot!(screen(&showing_at(testing::compared(), (132, 24))), @r##"
    whiteglove   bench-1   batch ACME-07                                                               1 arrived   6 captured   3 held
    Laptops report to http://192.168.77.1:8780                                                                    5 of 12 expected (o)
    6 laptops need you (a)
       #   STAGE    SERIAL       MODEL                 VERDICT MATCH          SIGNAL    AGE  ARRIVED  LOOK AT
       1 ● CAPTURED PF3K9Q31     ThinkPad X1 Carbon G… ✓ ready match          agent     41m      41m
       3 ● CAPTURED PF3K9Q2R     ThinkPad X1 Carbon G… ! warn  match          agent     38m      39m  Secure Boot is off
       4 ● CAPTURED 5CG1284XYZ   HP EliteBook 840 G10  ✗ STOP  not expected   agent     36m      37m  This laptop is not on the order
       5 ▲ HELD     PF3K9Q3X     ThinkPad X1 Carbon G… ✗ STOP  WRONG MACHINE  agent     35m      35m  label PF3K9Q9Z
       6 ▲ HELD     8GQ7T14      Latitude 7440         ✗ STOP  WRONG CUSTOMER agent     33m      34m  of Fabrikam
       7 ● CAPTURED 8GQ7T20      Latitude 7440         ✗ STOP  other batch    agent     31m      32m  of ACME-06
       8 ● CAPTURED PF3K9Q2R     ThinkPad X1 Carbon G… ✗ STOP  duplicate      agent     30m      30m  same line as #3
       9 ● CAPTURED 012345678901 Surface Laptop 6 for… ✓ ready expected       agent     11m      12m  compare its label
      10 ○ ARRIVED  PF3K9Q77                           ·       expected       scan       8m       8m  boot it from a stick
      11 ▲ HELD     PF3K9Q40     ThinkPad X1 Carbon G… ✗ STOP  expected       agent      1m       2m  MOTHERBOARD CHANGED since #2







    NEXT  a: go to the first laptop that needs you.

    Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
}

#[test]
fn the_longest_serial_leaves_room_for_what_to_look_at() {
    let mut rows = testing::compared().rows.as_ref().clone();
    rows[0].serial = "VMware-56 4d 1c 7a 2f 33 90 11-8e 5a 01 02 03 04".to_owned();
    rows[0].model = "x".repeat(64);
    for row in &mut rows {
        row.device.0 += 99_990;
    }
    let model = showing(Snapshot { order: Some(Arc::new(testing::ordered(500, &[]))), ..snapshot_with(rows) });
    insta::assert_snapshot!(screen(&model), @r##"
    whiteglove   bench-1   batch ACME-07           1 arrived   6 captured   3 held
    Laptops report to http://192.168.77.1:8780               0 of 500 expected (o)
    6 laptops need you (a)
          #   STAGE    SERIAL      MODEL     VERDICT MATCH     AGE  LOOK AT
      99991 ● CAPTURED VMware-56 … xxxxxxxx… ✓ ready match     41m
      99993 ● CAPTURED PF3K9Q2R    ThinkPad… ! warn  match     38m  Secure Boot is…
      99994 ● CAPTURED 5CG1284XYZ  HP Elite… ✗ STOP  unlisted  36m  not on the ord…
      99995 ▲ HELD     PF3K9Q3X    ThinkPad… ✗ STOP  WRONG     35m  label PF3K9Q9Z
      99996 ▲ HELD     8GQ7T14     Latitude… ✗ STOP  CUSTOMER  33m  of Fabrikam
      99997 ● CAPTURED 8GQ7T20     Latitude… ✗ STOP  batch?    31m  of ACME-06
      99998 ● CAPTURED PF3K9Q2R    ThinkPad… ✗ STOP  twice     30m  same line as #3
      99999 ● CAPTURED 0123456789… Surface … ✓ ready expected  11m  compare its la…
     100000 ○ ARRIVED  PF3K9Q77              ·       expected   8m  boot it from a…
     100001 ▲ HELD     PF3K9Q40    ThinkPad… ✗ STOP  expected   1m  MOTHERBOARD CH…







    NEXT  a: go to the first laptop that needs you.

    Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
}

#[test]
fn who_needs_a_person() {
    let snapshot = testing::compared();
    let model = showing(snapshot.clone());
    let in_need: Vec<_> =
        snapshot.rows.iter().filter(|row| model.needs_a_person(row, NOON)).map(|row| row.device.0).collect();
    // Not on the order, wrong label, wrong customer, other batch, twice, held. A label alone is not silent.
    assert_eq!(in_need, [4, 5, 6, 7, 8, 11]);
}

#[test]
fn the_counter_stands_beside_long_addresses() {
    let endpoints = (1..6).map(|n| format!("http://192.168.77.{n}:8780")).collect();
    let model = showing(Snapshot { endpoints, ..testing::compared() });
    let text = screen(&model);
    assert!(text.lines().nth(1).unwrap().ends_with("… 5 of 12 expected (o)"), "{text}");
}
