use whiteglove_core::{control::Command, device::DeviceId};

use crate::testing::{few, press, row, scan, screen, showing, snapshot_with};

#[test]
fn a_scan_jumps_to_the_laptop() {
    let mut model = showing(few());
    assert_eq!(scan(&mut model, "5cg1284xyz"), []);
    assert_eq!(model.board.selected, Some(DeviceId(8)));
    insta::assert_snapshot!(screen(&model), @r##"
     whiteglove   bench-1   batch ACME-07           2 arrived   4 captured   1 held
     Laptops report to http://192.168.77.1:8780
     3 laptops need you (a)
        #   STAGE    SERIAL      MODEL           SIGNAL    AGE  LOOK AT
        3 ● CAPTURED PF3K9Q2R    ThinkPad X1 Ca… agent     41m  ready
        5 ▲ HELD     PF3K9Q2R    ThinkPad X1 Ca… agent     33m  same serial as #3
    ▶   8 ● CAPTURED 5CG1284XYZ  HP EliteBook 8… agent     25m  STOP No TPM 2.0
        9 ● CAPTURED 8GQ7T14     Latitude 7440   stick     13m  Secure Boot is off
       12 ○┌─ FOUND ────────────────────────────────────────────────────────┐creen
       14 ●│                                                                │
       15 ○│  5CG1284XYZ                                                    │.
           │                                                                │
           │ #8 CAPTURED, but STOP: No TPM 2.0. Press Enter.                │
           │                                                                │
           └────────────────────────────────────────────────────────────────┘





     Scanned: 5CG1284XYZ
     NEXT  This laptop cannot be pre-provisioned as it is. Enter: see what to
           repair.
     Enter open   / find   a needs you   m sticks   e errors   ? help   q quit
    "##);
    assert!(!model.bell);
}

#[test]
fn a_laptop_that_is_not_here_is_said_loudly() {
    let mut model = showing(few());
    scan(&mut model, "PF9ZZZZZ");
    assert!(model.bell);
    insta::assert_snapshot!(screen(&model), @r##"
    whiteglove   bench-1   batch ACME-07           2 arrived   4 captured   1 held
    Laptops report to http://192.168.77.1:8780
    3 laptops need you (a)
       #   STAGE    SERIAL      MODEL           SIGNAL    AGE  LOOK AT
       3 ● CAPTURED PF3K9Q2R    ThinkPad X1 Ca… agent     41m  ready
       5 ▲ HELD     PF3K9Q2R    ThinkPad X1 Ca… agent     33m  same serial as #3
       8 ● CAPTURED 5CG1284XYZ  HP EliteBook 8… agent     25m  STOP No TPM 2.0
       9 ● CAPTURED 8GQ7T14     Latitude 7440   stick     13m  Secure Boot is off
      12 ○┌─ NOT HERE ─────────────────────────────────────────────────────┐creen
      14 ●│                                                                │
      15 ○│  PF9ZZZZZ                                                      │.
          │                                                                │
          │ No laptop with this serial number has reported here. Boot it   │
          │ from a stick, then scan it again.                              │
          │                                                                │
          └────────────────────────────────────────────────────────────────┘




    Scanned: PF9ZZZZZ (not here)
    NEXT  Do what the box says. Any key or the next scan puts it away.

    Enter open   / find   a needs you   m sticks   e errors   ? help   q quit
    "##);
    // The next scan is never blocked.
    scan(&mut model, "PF4A01BC");
    assert_eq!(model.board.selected, Some(DeviceId(14)));
    assert!(screen(&model).contains("#14 CAPTURED and ready."));
    press(&mut model, "down");
    assert!(screen(&model).contains(" Scanned: PF4A01BC  PF9ZZZZZ (not here)"));
}

#[test]
fn one_serial_on_two_laptops_is_said() {
    let mut model = showing(few());
    scan(&mut model, "PF3K9Q2R");
    assert!(screen(&model).contains("2 laptops report this serial number. Compare their labels."));
    assert!(model.bell);
}

#[test]
fn codes_in_their_makers_forms_find_the_laptop() {
    for code in ["1S21HMCTO1WWPF4A01BC", "S/N:PF4A01BC", r#"{"ZtdId":"","SerialNumber":"PF4A01BC"}"#] {
        let mut model = showing(few());
        scan(&mut model, code);
        assert_eq!(model.board.selected, Some(DeviceId(14)), "{code}");
    }
}

#[test]
fn a_scan_ends_a_filter_that_hides_the_laptop() {
    let mut model = showing(few());
    press(&mut model, "/ 'latitude enter");
    scan(&mut model, "PF4A01BC");
    assert_eq!(model.board.selected, Some(DeviceId(14)));
    assert!(model.board.filter.is_empty());
}

#[test]
fn a_scan_on_a_laptops_page_opens_the_other_page() {
    let mut model = showing(few());
    press(&mut model, "a enter");
    let commands = scan(&mut model, "PF4A01BC");
    assert_eq!(commands, [Command::Watch(Some(DeviceId(14)))]);
    assert!(screen(&model).contains(" Laptop #14 PF4A01BC"));
}

#[test]
fn a_scan_answers_no_question() {
    // The serial number holds the y that would release the laptop.
    let mut model = showing(snapshot_with([row(1, "YYNN1234", "X", 5)]));
    press(&mut model, "down enter p");
    assert_eq!(scan(&mut model, "YYNN1234"), []);
    assert!(screen(&model).contains("Switch this laptop off?") || screen(&model).contains("FOUND"));
    assert_eq!(press(&mut model, "y").len(), 1);
}
