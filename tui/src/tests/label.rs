//! Label, machine and order on a laptop's page, and what a person does when they disagree.

use whiteglove_core::{
    control::{Command, Row, Sheet, Tone, Update},
    device::{DeviceId, Signal},
    order::Match,
};

use super::detail::page_of;
use crate::{
    Msg,
    testing::{self, NOON, feed, few, press, scan, screen, snapshot_with},
    update,
};

/// Number 3 on an order, its label not scanned.
fn expected() -> Sheet {
    Sheet { matching: Match::Expected, ..testing::ready() }
}

#[test]
fn a_new_board_is_the_same_laptop_after_a_yes() {
    let mut model = page_of(testing::compared(), testing::changed_board(), 24);
    insta::assert_snapshot!(screen(&model), @r##"
    Laptop #11 PF3K9Q40                                 ▲ HELD   by agent, 1m ago

     ✗ NOT READY: held, MOTHERBOARD CHANGED since #2.

     HELD  MOTHERBOARD CHANGED: a known serial number with another TPM or UUID
           (the other is device #2).
       why  The board was replaced since it was known here, or somebody set this
            serial number on a second laptop.
       next Compare the label under the laptop with this screen. The same laptop
            with a new board: b. Two laptops whose labels both agree: release (r).
            Otherwise put it aside and call the supervisor.

    ─ Label, machine, order ─────────────────────────────────────────────────────
                  LABEL                MACHINE              ORDER
    ✓ Serial      not scanned          PF3K9Q40             PF3K9Q40
    ✓ Model                            ThinkPad X1 Carbon … ThinkPad X1 Carbon …
      Asset tag                        ACME-4711            ACME-4715
    · On the order. c: compare its label too.

                                                       ↓ 77 more lines: Down, PgDn

    NEXT  Compare the label with this screen. Same laptop, new board: b. Two
          laptops, both labels right: r. Else: call the supervisor.
    Esc back   c check label   f hash   p power off   n boots   w why   ? help
    "##);
    assert_eq!(press(&mut model, "b"), []);
    insta::assert_snapshot!(screen(&model), @r##"
    Laptop #11 PF3K9Q40                                 ▲ HELD   by agent, 1m ago

     ✗ NOT READY: held, MOTHERBOARD CHANGED since #2.

     HELD  MOTHERBOARD CHANGED: a known serial number with another TPM or UUID
           (the other is device #2).
       why  The board was replaced since it was known here, or somebody set this
           ┌─ The same laptop with a new board? ──────────────────────────┐
       next│                                                              │aptop
           │ #11 PF3K9Q40 becomes the laptop that was #2: group tag, user │se (r).
           │ and line of the order come with it, and #2 leaves the board. │
           │ Its earlier hardware hash no longer counts. Only do this if  │
    ─ Label│ the label under the laptop says the same as it did for #2.   │──────
           │                                                              │
    ✓ Seria│  y yes, do it   Esc no, go back                              │
    ✓ Model│                                                              │bon …
      Asset└──────────────────────────────────────────────────────────────┘
    · On the order. c: compare its label too.

                                                       ↓ 77 more lines: Down, PgDn

    NEXT  Compare the label with this screen. Same laptop, new board: b. Two
          laptops, both labels right: r. Else: call the supervisor.
    y yes, do it   Esc no, go back
    "##);
    assert_eq!(press(&mut model, "enter esc"), []);
    assert_eq!(press(&mut model, "b y"), [Command::SameLaptop { device: DeviceId(11) }]);
}

#[test]
fn only_a_laptop_held_for_it_may_be_a_new_board() {
    for sheet in [testing::ready(), testing::wrong_machine(), testing::wrong_customer()] {
        let mut model = page_of(testing::compared(), sheet, 24);
        assert_eq!(press(&mut model, "b y"), []);
        press(&mut model, "b");
        assert!(screen(&model).contains("not held for a number that the bench knows"), "{}", screen(&model));
    }
}

#[test]
fn a_wrong_label_shows_all_three() {
    insta::assert_snapshot!(screen(&page_of(testing::compared(), testing::wrong_machine(), 24)), @r##"
    Laptop #5 PF3K9Q3X                                 ▲ HELD   by agent, 35m ago

     ✗ NOT READY: held, WRONG MACHINE: label says PF3K9Q9Z.

     HELD  WRONG MACHINE. The label says PF3K9Q9Z.
       why  The label that was scanned for this laptop names another one.
       next Find the laptop that belongs to this label. Scan the right label for
            this one, then release it (r).

    ─ Label, machine, order ─────────────────────────────────────────────────────
                  LABEL                MACHINE              ORDER
    ✗ Serial      PF3K9Q9Z             PF3K9Q3X             not on it
    ✗ WRONG MACHINE: the label says PF3K9Q9Z.

    ─ What it is registered by ──────────────────────────────────────────────────
      The batch wants hash made on Linux
      Linux hash      none
      Windows hash    none
      Product key id  3311000000001, the machine says
                                                       ↓ 72 more lines: Down, PgDn

    NEXT  Do what stands after "next". Only then release it: r.

    Esc back   c check label   f hash   p power off   n boots   w why   ? help
    "##);
}

#[test]
fn a_wrong_customer_is_said_first() {
    insta::assert_snapshot!(screen(&page_of(testing::compared(), testing::wrong_customer(), 24)), @r##"
    Laptop #6 8GQ7T14                                  ▲ HELD   by agent, 33m ago

     ✗ NOT READY: held, WRONG CUSTOMER: belongs to Fabrikam.

     HELD  STOP: this laptop belongs to Fabrikam.
       why  It stands on the order list of batch 'FAB-02', which is another
            customer's.
       next Take it off this bench now; nothing of it may be registered here. Call
            the supervisor.

    ─ Label, machine, order ─────────────────────────────────────────────────────
                  LABEL                MACHINE              ORDER
      Serial      not scanned          8GQ7T14              not on it
    ✗ STOP: this laptop belongs to Fabrikam.

    ─ What it is registered by ──────────────────────────────────────────────────
      The batch wants hash made on Linux
      Linux hash      none
      Windows hash    none
                                                       ↓ 73 more lines: Down, PgDn

    NEXT  Do what stands after "next". Only then release it: r.

    Esc back   c check label   f hash   p power off   n boots   w why   ? help
    "##);
}

#[test]
fn a_laptop_known_by_its_label_only() {
    insta::assert_snapshot!(screen(&page_of(testing::compared(), testing::by_label(), 24)), @r##"
    Laptop #10 PF3K9Q77                               ○ ARRIVED   by scan, 8m ago

     · NOT CAPTURED YET: known from its label or a file only.

    ─ Label, machine, order ─────────────────────────────────────────────────────
                  LABEL                MACHINE              ORDER
    ✓ Serial      PF3K9Q77             not read             PF3K9Q77
      Model                            -                    ThinkPad X1 Carbon …
      Asset tag                        -                    ACME-4714
    · On the order. The laptop itself has not been read yet.

    ─ What it is registered by ──────────────────────────────────────────────────
      The batch wants hash made on Linux
      Linux hash      none
      Windows hash    none
      Product key id  none
      Tuple           incomplete: maker, model and serial number are all needed
      Registration    nobody has said yet (g)

                                                       ↓ 10 more lines: Down, PgDn

    NEXT  Boot this laptop from a stick.

    Esc back   c check label   f hash   p power off   n boots   w why   ? help
    "##);
}

#[test]
fn a_laptop_known_from_a_file_only() {
    let mut rows = few().rows.as_ref().clone();
    rows.push(Row {
        signal: Signal::Import,
        ..testing::row(16, "PF3K9Q2R", "ThinkPad X1 Carbon Gen 11 (21HMCTO1WW)", 3_000)
    });
    let mut sheet = testing::from_file();
    sheet.device.id = DeviceId(16);
    insta::assert_snapshot!(screen(&page_of(snapshot_with(rows), sheet, 36)), @r##"
    Laptop #16 PF3K9Q2R                           ● CAPTURED   by import, 50m ago

     ✓ READY: nothing we know stands in the way of pre-provisioning.

    ─ Label, machine, order ─────────────────────────────────────────────────────
                  LABEL                MACHINE              ORDER
      Serial      not scanned          PF3K9Q2R             no list
    · Nothing to compare with yet. c: scan its label.

    ─ What it is registered by ──────────────────────────────────────────────────
      The batch wants hash made on Linux
      Linux hash      none
      Windows hash    made by Windows 1h ago; OA3.xml: OA3-PF3K9Q2R.xml, line 1,
                      13m ago
      Product key id  3311000000001, the machine says
      Tuple           LENOVO / ThinkPad X1 Carbon Gen 11 (21HMCTO1WW) / PF3K9Q2R
      Setup code id   0f9b7c1e-1111-2222-3333-444455556666
      Device link     a0b1c2d3, made 2026-11-20T09:31:07Z, 2048 characters
      Group tag       ACME-Sales
      User            ada@contoso.example
      Registration    registered in the customer's own tenant (10m ago)

    ─ Identity ──────────────────────────────────────────────────────────────────
      Serial number   PF3K9Q2R
      Maker           LENOVO
      Model           ThinkPad X1 Carbon Gen 11 (21HMCTO1WW)
      System UUID     4f564e4c-0042-3510-8050-b4c04f564433
      TPM key digest  443c9f0ecba34857d35800fd0b89fb1d9abdf7604a644d33523e22a4d3b9
                      0946
      Own addresses   8c:8c:aa:10:20:30, e4:0d:36:01:02:03

                                                        ↓ 7 more lines: Down, PgDn

    NEXT  c: scan its label. Then p: switch it off, stick to the next laptop.

    Esc back   c check label   f hash   p power off   n boots   w why   ? help
    "##);
}

#[test]
fn a_replaced_laptop_says_where_it_lives_on() {
    let mut model = page_of(testing::compared(), testing::replaced(), 24);
    let text = screen(&model);
    assert!(text.contains("REPLACED: this laptop lives on as #11."), "{text}");
    assert_eq!(press(&mut model, "c"), []);
    assert!(screen(&model).contains("This laptop lives on under another number."));
}

#[test]
fn checking_a_label_takes_the_next_scan() {
    let mut model = page_of(testing::compared(), expected(), 24);
    press(&mut model, "c");
    insta::assert_snapshot!(screen(&model), @r##"
    Laptop #3 PF3K9Q2R                             ● CAPTURED   by agent, 38m ago

     ✓ READY: nothing we know stands in the way of pre-provisioning.

    ─ Label, machine, order ─────────────────────────────────────────────────────
                  LABEL                MACHINE              ORDER
    ✓ Serial      not scanned          PF3K9Q2R             PF3K9Q2R
    ✓ Model                            ThinkPad X1 Carbon … ThinkPad X1 Carbon …
    ✓ Asset┌─ Check label ────────────────────────────────────────────────┐
    · On th│                                                              │
           │ Scan the label of #3 PF3K9Q2R now.                           │
    ─ What │                                                              │──────
      The b│ The serial number under the laptop, or the code on its box.  │
      Linux│ Esc: not now.                                                │
      Windo│                                                              │
      Produ└──────────────────────────────────────────────────────────────┘
      Tuple           LENOVO / 21HMCTO1WW / PF3K9Q2R
      Registration    nobody has said yet (g)

                                                       ↓ 68 more lines: Down, PgDn

    NEXT  Scan the label of this laptop now: its serial number, or the product key
          id on its box. Esc: not now.
    Esc back   c check label   f hash   p power off   n boots   w why   ? help
    "##);
    let on = Some(DeviceId(3));
    assert_eq!(scan(&mut model, "PF3K9Q2R"), [Command::Scan { code: "PF3K9Q2R".to_owned(), on }]);
    let matched = testing::said(Tone::Good, "MATCH", "PF3K9Q2R", Some(3), "Label, laptop and order agree.");
    assert_eq!(update(&mut model, Msg::Update(Update::Scanned(Box::new(matched))), NOON), []);
    insta::assert_snapshot!(screen(&model), @r##"
     Laptop #3 PF3K9Q2R                             ● CAPTURED   by agent, 38m ago

      ✓ READY: nothing we know stands in the way of pre-provisioning.

     ─ Label, machine, order ─────────────────────────────────────────────────────
    ────────────────────────────────────────────────────────────────────────────────

                                 █   █  █  ███  ██ █ █
                                 ██ ██ █ █  █  █   █ █
                                 █ █ █ ███  █  █   ███
                                 █   █ █ █  █  █   █ █
                                 █   █ █ █  █   ██ █ █

                                       ✓ PF3K9Q2R

                             Label, laptop and order agree.

    ────────────────────────────────────────────────────────────────────────────────

                                                        ↓ 68 more lines: Down, PgDn

     NEXT  c: scan its label. Then p: switch it off, stick to the next laptop.

     Esc back   c check label   f hash   p power off   n boots   w why   ? help
    "##);
    // One scan, then scans are scans again.
    assert_eq!(scan(&mut model, "PF3K9Q31"), [Command::Scan { code: "PF3K9Q31".to_owned(), on: None }]);
}

#[test]
fn a_wrong_label_is_said_over_the_whole_width() {
    let mut model = page_of(testing::compared(), expected(), 24);
    press(&mut model, "c");
    scan(&mut model, "PF3K9Q9Z");
    let text = "The label says PF3K9Q9Z, the laptop says PF3K9Q2R. #3 is held.";
    feed(&mut model, Update::Scanned(Box::new(testing::said(Tone::Wrong, "WRONG MACHINE", "PF3K9Q9Z", Some(3), text))));
    insta::assert_snapshot!(screen(&model), @r##"
     Laptop #3 PF3K9Q2R                             ● CAPTURED   by agent, 38m ago

      ✓ READY: nothing we know stands in the way of pre-provisioning.

     ─ Label, machine, order ─────────────────────────────────────────────────────
    ────────────────────────────────────────────────────────────────────────────────

                 █   █ ██  ███ █  █  ██    █   █  █   ██ █ █ █ █  █ ███
                 █   █ █ █ █ █ ██ █ █      ██ ██ █ █ █   █ █ █ ██ █ █
                 █ █ █ ██  █ █ █ ██ █ █    █ █ █ ███ █   ███ █ █ ██ ██
                 ██ ██ █ █ █ █ █  █ █ █    █   █ █ █ █   █ █ █ █  █ █
                 █   █ █ █ ███ █  █  ██    █   █ █ █  ██ █ █ █ █  █ ███

                                       ✗ PF3K9Q9Z

             The label says PF3K9Q9Z, the laptop says PF3K9Q2R. #3 is held.

    ────────────────────────────────────────────────────────────────────────────────

                                                        ↓ 68 more lines: Down, PgDn

     NEXT  c: scan its label. Then p: switch it off, stick to the next laptop.

     Esc back   c check label   f hash   p power off   n boots   w why   ? help
    "##);
    assert_eq!(model.bell, 3);
}

#[test]
fn a_label_check_is_left_with_esc_or_by_going_away() {
    let scanned = |on| [Command::Scan { code: "PF3K9Q2R".to_owned(), on }];
    for keys in ["c esc", "c ? esc", "c e esc", "c right", "c f esc", "c p esc"] {
        let mut model = page_of(testing::compared(), expected(), 24);
        press(&mut model, keys);
        assert!(matches!(model.screen, crate::screen::Screen::Detail(_)), "{keys}");
        assert_eq!(scan(&mut model, "PF3K9Q2R"), scanned(None), "{keys}");
    }
    // Reading on does not end it.
    let mut model = page_of(testing::compared(), expected(), 24);
    press(&mut model, "c down pgdn");
    assert_eq!(scan(&mut model, "PF3K9Q2R"), scanned(Some(DeviceId(3))));
}
