//! What laptops boot is chosen, for one or for the marked ones.

use std::sync::Arc;

use whiteglove_core::{
    control::{Command, Row, Tone, Update},
    device::DeviceId,
    netboot::{Choice, Decision, Program, Reason},
};

use crate::testing::{self, feed, on_network, press, said, scan, screen, showing};

#[test]
fn what_one_laptop_boots_is_chosen_from_a_list() {
    let mut model = showing(on_network(testing::network()));
    press(&mut model, "a n");
    insta::assert_snapshot!(screen(&model), @r##"
     whiteglove   bench-1   batch ACME-07           4 arrived   4 captured   1 held
     Laptops: http://192.168.77.1:8780   network boot: enp3s0 proxy, enp4s0 own
     3 laptops need you (a)
        #  ┌─ What to boot from the network ────────────────────────────────┐
        3 ●│                                                                │
    ▶   5 ▲│ #5 PF3K9Q2R                                                    │as #3
        8 ●│                                                                │
        9 ●│ ▶ automatic   (now)                                            │is off
       12 ○│   quick scan, once                                             │screen
       14 ●│   WinPE, once                                                  │
       15 ○│   memory test, once                                            │..
       16 ○│   its own disk                                                 │kernel
       17 ○│   nothing: leave it alone                                      │n
           │                                                                │
           │ What the batch boots, until it is captured. From then on its   │
           │ own disk.                                                      │
           │                                                                │
           │  Enter choose   Down next   Esc change nothing                 │
           │                                                                │
           └────────────────────────────────────────────────────────────────┘

     NEXT  #5: same serial as #3. Enter: see why it is held, and what to do.

     Enter choose   Down next   Esc change nothing
    "##);
    assert_eq!(
        press(&mut model, "down enter"),
        [Command::ChooseBoot { devices: vec![DeviceId(5)], choice: Choice::Boot(Program::QuickScan) }]
    );
    assert_eq!(press(&mut model, "n esc"), []);
    // The same from its own page and from the network.
    let commands = press(&mut model, "enter n end enter");
    assert_eq!(commands[1], Command::ChooseBoot { devices: vec![DeviceId(5)], choice: Choice::Ignore });
    let commands = press(&mut model, "esc s end up n end up enter");
    assert_eq!(commands[1], Command::ChooseBoot { devices: vec![DeviceId(3)], choice: Choice::LocalDisk });
}

#[test]
fn what_was_chosen_before_is_marked() {
    let mut snapshot = on_network(testing::network());
    let boot = (Decision::Boot(Program::WinPe), Reason::Chosen);
    snapshot.rows = Arc::new(snapshot.rows.iter().map(|row| Row { boot, ..row.clone() }).collect());
    let mut model = showing(snapshot);
    press(&mut model, "a n");
    assert!(screen(&model).contains("▶ WinPE, once   (now)"), "{}", screen(&model));
}

#[test]
fn marked_laptops_are_chosen_for_together() {
    let mut model = showing(on_network(testing::network()));
    press(&mut model, "home down space space");
    insta::assert_snapshot!(screen(&model), @r##"
     whiteglove   bench-1   batch ACME-07           4 arrived   4 captured   1 held
     Laptops: http://192.168.77.1:8780   network boot: enp3s0 proxy, enp4s0 own
     3 laptops need you (a)
        #   STAGE    SERIAL      MODEL       VERDICT BOOTS  AGE  LOOK AT
        3 ● CAPTURED PF3K9Q2R    ThinkPad X… ✓ ready disk   41m
     *  5 ▲ HELD     PF3K9Q2R    ThinkPad X… ✗ STOP  disk   33m  same serial as #3
     *  8 ● CAPTURED 5CG1284XYZ  HP EliteBo… ✗ STOP  disk   25m  No TPM 2.0
    ▶   9 ● CAPTURED 8GQ7T14     Latitude 7… ! warn  disk   13m  Secure Boot is off
       12 ○ ARRIVED  8GQ7T20     Latitude 7… ·       scan   10m  look at its screen
       14 ● CAPTURED PF4A01BC    ThinkPad T… ✓ ready disk    1m
       15 ○ ARRIVED  PF4A01BD    ThinkPad T… ·       scan    8s  being read ...
       16 ○ ARRIVED  (no serial)             ·       scan   20s  loading the kernel
       17 ○ ARRIVED  (no serial)             ·       scan    3m  boot it again








     NEXT  2 marked. n: choose what they boot from the network. Esc: unmark.

     Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
    press(&mut model, "n");
    assert!(screen(&model).contains("│ 2 laptops: #5, #8"), "{}", screen(&model));
    assert_eq!(press(&mut model, "esc"), []);
    assert!(screen(&model).contains("NEXT  2 marked."), "who thinks again keeps the marks");
    assert_eq!(
        press(&mut model, "n end up enter"),
        [Command::ChooseBoot { devices: vec![DeviceId(5), DeviceId(8)], choice: Choice::LocalDisk }]
    );
    assert!(!screen(&model).contains("marked"), "used once");
}

#[test]
fn marks_are_taken_back() {
    let mut model = showing(on_network(testing::network()));
    press(&mut model, "home space up space");
    assert!(!screen(&model).contains("marked"), "the same key again");
    press(&mut model, "home space space esc");
    assert!(!screen(&model).contains("marked"));
    assert!(model.board.selected.is_some(), "Esc unmarks before it does anything else");
    // What lives on under another number is not marked, and not chosen for.
    let mut model = showing(testing::compared());
    press(&mut model, "/ '#2 enter");
    press(&mut model, "esc space");
    assert!(screen(&model).contains("This laptop lives on under another number."), "{}", screen(&model));
    press(&mut model, "n");
    assert!(screen(&model).contains("This laptop lives on under another number."), "{}", screen(&model));
}

#[test]
fn a_laptop_that_is_replaced_while_it_is_marked_is_left_out() {
    let mut model = showing(testing::compared());
    press(&mut model, "home space space");
    let mut snapshot = testing::compared();
    let mut rows = (*snapshot.rows).clone();
    rows[0].stage = whiteglove_core::control::StageName::Replaced;
    snapshot.rows = Arc::new(rows);
    feed(&mut model, Update::Snapshot(Arc::new(snapshot)));
    let commands = press(&mut model, "n enter");
    assert_eq!(commands, [Command::ChooseBoot { devices: vec![DeviceId(3)], choice: Choice::Automatic }]);
}

#[test]
fn a_scan_chooses_nothing() {
    for keys in ["a n", "s m", "home space space n", "s down down m end enter"] {
        let mut model = showing(on_network(testing::network()));
        press(&mut model, keys);
        let before = format!("{:?}", model.screen);
        assert_eq!(scan(&mut model, "YNMS1234"), [Command::Scan { code: "YNMS1234".to_owned(), on: None }], "{keys}");
        assert_eq!(format!("{:?}", model.screen), before, "{keys}");
        feed(&mut model, Update::Scanned(Box::new(said(Tone::Good, "FOUND", "X", Some(9), "#9."))));
        assert!(screen(&model).contains("First finish what is on the screen, or press Esc."), "{keys}");
    }
}
