use std::sync::Arc;

use whiteglove_core::{
    api::Order,
    control::{Command, Sheet, Snapshot, Update},
    device::{DeviceId, Probe},
};

use crate::{
    Model, Msg,
    testing::{self, NOON, ago, arrived, feed, few, press, screen, showing, snapshot_with},
    update,
};

fn page(sheet: Sheet) -> Model {
    page_at(sheet, 24)
}

fn page_at(sheet: Sheet, height: u16) -> Model {
    page_of(few(), sheet, height)
}

pub(super) fn page_of(snapshot: Snapshot, sheet: Sheet, height: u16) -> Model {
    let mut model = testing::showing_at(snapshot, (80, height));
    let number = sheet.device.id.0;
    let commands = press(&mut model, &format!("/ '#{number} enter"));
    // "#3" finds one; the rest are reached the same way.
    assert_eq!(commands, [Command::Watch(Some(DeviceId(number)))]);
    feed(&mut model, Update::Watched(Some(Arc::new(sheet))));
    model
}

#[test]
fn everything_the_capture_said() {
    insta::assert_snapshot!(screen(&page_at(testing::ready(), 92)), @r##"
    Laptop #3 PF3K9Q2R                             ● CAPTURED   by agent, 41m ago

     ✓ READY: nothing we know stands in the way of pre-provisioning.

    ─ Label, machine, order ─────────────────────────────────────────────────────
                  LABEL                MACHINE              ORDER
      Serial      not scanned          PF3K9Q2R             no list
    · Nothing to compare with yet. c: scan its label.

    ─ What it is registered by ──────────────────────────────────────────────────
      The batch wants hash made on Linux
      Linux hash      none
      Windows hash    none
      Product key id  3311000000001, the machine says
      Tuple           LENOVO / 21HMCTO1WW / PF3K9Q2R
      Registration    nobody has said yet (g)

    ─ Identity ──────────────────────────────────────────────────────────────────
      Serial number   PF3K9Q2R
      Maker           LENOVO
      Model           ThinkPad X1 Carbon Gen 11 (21HMCTO1WW)
      Product         21HMCTO1WW
      SKU             LENOVO_MT_21HM
      Family          ThinkPad X1
      Case            notebook
      Asset tag       ACME-4711
      System board    LENOVO 21HMCTO1WW L1HF38A0123
      System UUID     4f564e4c-0042-3510-8050-b4c04f564433
      TPM key digest  443c9f0ecba34857d35800fd0b89fb1d9abdf7604a644d33523e22a4d3b9
                      0946
      Own addresses   8c:8c:aa:10:20:30, e4:0d:36:01:02:03

    ─ Firmware ──────────────────────────────────────────────────────────────────
      Version         LENOVO N3XET56W (1.31) (08/14/2026)
      Boot mode       UEFI
      Secure Boot     on
      Trusts (db)     Windows 2011/2023, third-party 2011/2023
      Refuses (dbx)   1 program
      Floors          Linux loaders 2024010900
      Keys by (KEK)   Debian UEFI Secure Boot (PK/KEK key), Microsoft 2011

    ─ TPM ───────────────────────────────────────────────────────────────────────
      Kind            2.0 level 0 revision 1.59
      Made by         IFX, firmware 7.85.4555.0
      Endorsement key kept in the TPM, 122 bytes public
      EK certificate  RSA 2048, 1180 bytes, at 0x01c00002

    ─ Windows key in the firmware ───────────────────────────────────────────────
      Product key ID  3311000000001
      Key ends in     T83GX (the rest never leaves the laptop)
      Injected by     LENOVO

    ─ Network adapters ──────────────────────────────────────────────────────────
      enp0s31f6       8c:8c:aa:10:20:30 (permanent), wired PCI 8086:1a1e, e1000e,
                      link up
      wlp0s20f3       e4:0d:36:01:02:03 (permanent; now 02:00:00:00:00:01),
                      wireless PCI 8086:51f0, iwlwifi, no link

    ─ Disks ─────────────────────────────────────────────────────────────────────
      nvme0n1         SAMSUNG MZVL2512HCJQ-00BL7, 512.1 GB, NVMe
                      serial S64KNX0T123456, firmware FXM7601Q, wwid
                      eui.002538b831b01234, eui 002538b831b01234

    ─ Machine ───────────────────────────────────────────────────────────────────
      Processor       13th Gen Intel(R) Core(TM) i7-1355U, 10 cores, 12 threads
      Memory          16.0 GiB installed, 15.2 GiB usable
      Battery         BAT0: 71% full, charging, 99% of its first capacity, 3
                      cycles
      Display         eDP-1: 1920 x 1200 pixels, 301 x 188 mm
      Clock           right within a minute of the bench, on UTC

    ─ Where the time went ───────────────────────────────────────────────────────
      Reading         0.5 s in all
      By part         SMBIOS 4 ms, TPM 480 ms, disk 31 ms

    ─ History, newest first ─────────────────────────────────────────────────────
       41m agent      captured
       41m agent      arrived

    ─ Capture ───────────────────────────────────────────────────────────────────
      Batch           ACME-07
      Boot medium     11111111111111111111111111111111
      Capture         2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a
      Agent           0.1.0
      Captures kept   1




    NEXT  c: scan its label. Then p: switch it off, stick to the next laptop.

    Esc back   c check label   f hash   p power off   n boots   w why   ? help
    "##);
}

#[test]
fn what_is_missing_comes_first() {
    insta::assert_snapshot!(screen(&page(testing::no_tpm())), @r##"
    Laptop #8 5CG1284XYZ                           ● CAPTURED   by agent, 25m ago

     ✗ NOT READY: No TPM 2.0.

    ─ Label, machine, order ─────────────────────────────────────────────────────
                  LABEL                MACHINE              ORDER
      Serial      not scanned          5CG1284XYZ           no list
    · Nothing to compare with yet. c: scan its label.

    ─ Readiness, worst first ────────────────────────────────────────────────────
     STOP  No TPM 2.0
       why  Pre-provisioning proves the laptop's identity with its TPM; none
            answered.
       read SMBIOS type 43 names one, /dev/tpm0 is not there
       next Turn the TPM (Intel PTT, AMD fTPM, Security Device) on in the firmware
            setup and boot again.

     warning  The clock is off by minutes
       why  TPM attestation compares times and refuses what is minutes off.
                                                       ↓ 79 more lines: Down, PgDn

    NEXT  Do what stands after "next", then boot this laptop from the stick again.

    Esc back   c check label   f hash   p power off   n boots   w why   ? help
    "##);
}

#[test]
fn a_clock_that_is_wrong_and_a_finding() {
    let text = screen(&page_at(testing::no_tpm(), 110));
    assert!(text.contains("Clock           7m11s slow: TPM attestation needs the right time."), "{text}");
    assert!(text.contains("TPM             no TPM device; the firmware lists none"), "{text}");
}

#[test]
fn a_held_laptop_is_released_by_a_second_key() {
    let mut model = page(testing::held());
    insta::assert_snapshot!(screen(&model), @r##"
    Laptop #5 PF3K9Q2R                                 ▲ HELD   by agent, 33m ago

     ✗ NOT READY: held, same serial as #3.

     HELD  same serial number on two machines (the other is device #3).
       why  The system board was replaced and given an old serial, or a serial was
            set twice.
       next Compare the label under the laptop with this screen. The same laptop
            with a new board: b. Two laptops whose labels both agree: release (r).
            Otherwise put it aside and call the supervisor.

    ─ Label, machine, order ─────────────────────────────────────────────────────
                  LABEL                MACHINE              ORDER
      Serial      not scanned          PF3K9Q2R             no list
    · Nothing to compare with yet. c: scan its label.

    ─ What it is registered by ──────────────────────────────────────────────────
      The batch wants hash made on Linux
      Linux hash      none
                                                       ↓ 74 more lines: Down, PgDn

    NEXT  Compare the label with this screen. Same laptop, new board: b. Two
          laptops, both labels right: r. Else: call the supervisor.
    Esc back   c check label   f hash   p power off   n boots   w why   ? help
    "##);
    assert_eq!(press(&mut model, "r"), []);
    insta::assert_snapshot!(screen(&model), @r##"
    Laptop #5 PF3K9Q2R                                 ▲ HELD   by agent, 33m ago

     ✗ NOT READY: held, same serial as #3.

     HELD  same serial number on two machines (the other is device #3).
       why  The system board was replaced and given an old serial, or a serial was
            set twice.
       next┌─ Release this laptop? ───────────────────────────────────────┐aptop
           │                                                              │se (r).
           │ #5 PF3K9Q2R goes on as a machine of its own. Only do this    │
           │ after you compared its serial number with the label under    │
    ─ Label│ the laptop.                                                  │──────
           │                                                              │
      Seria│  y yes, do it   Esc no, go back                              │
    · Nothi│                                                              │
           └──────────────────────────────────────────────────────────────┘
    ─ What it is registered by ──────────────────────────────────────────────────
      The batch wants hash made on Linux
      Linux hash      none
                                                       ↓ 74 more lines: Down, PgDn

    NEXT  Compare the label with this screen. Same laptop, new board: b. Two
          laptops, both labels right: r. Else: call the supervisor.
    y yes, do it   Esc no, go back
    "##);
    assert_eq!(press(&mut model, "enter r x space"), []);
    assert_eq!(press(&mut model, "n"), []);
    assert_eq!(press(&mut model, "r y"), [Command::Release { device: DeviceId(5) }]);
}

#[test]
fn only_a_held_laptop_is_released() {
    let mut model = page(testing::ready());
    assert_eq!(press(&mut model, "r y"), []);
    press(&mut model, "r");
    assert!(screen(&model).contains("This laptop is not held; there is nothing to release."));
}

#[test]
fn orders_need_a_yes() {
    let mut model = page(testing::ready());
    assert_eq!(press(&mut model, "p esc p n d enter esc"), []);
    assert_eq!(press(&mut model, "p y"), [Command::Order { device: DeviceId(3), order: Order::PowerOff }]);
    assert_eq!(press(&mut model, "d y"), [Command::Order { device: DeviceId(3), order: Order::BootNext }]);
    feed(&mut model, Update::Done("#3 PF3K9Q2R will restart".into()));
    assert!(screen(&model).contains(" #3 PF3K9Q2R will restart"));
}

#[test]
fn a_laptop_that_only_said_hello() {
    let text = screen(&page(testing::hello()));
    assert!(text.contains("NOT CAPTURED YET: only the first hello has arrived."), "{text}");
    assert!(text.contains(" NEXT  Wait: it is being read. This page fills by itself."), "{text}");
}

#[test]
fn scrolling_stops_at_the_end() {
    let mut model = page(testing::ready());
    press(&mut model, "end down down");
    let end = screen(&model);
    assert!(end.contains("Captures kept   1"), "{end}");
    press(&mut model, "up down");
    assert_eq!(screen(&model), end);
    press(&mut model, "home");
    assert!(screen(&model).contains("READY"));
}

#[test]
fn the_neighbour_is_one_key_away() {
    let mut model = showing(few());
    press(&mut model, "home enter");
    assert_eq!(press(&mut model, "right"), [Command::Watch(Some(DeviceId(5)))]);
    assert_eq!(press(&mut model, "left left"), [Command::Watch(Some(DeviceId(3)))]);
    assert_eq!(press(&mut model, "esc"), [Command::Watch(None)]);
}

#[test]
fn a_page_of_another_laptop_is_not_shown() {
    let mut model = page(testing::ready());
    feed(&mut model, Update::Watched(Some(Arc::new(testing::no_tpm()))));
    assert!(screen(&model).contains("Fetching what is known"));
    feed(&mut model, Update::Snapshot(Arc::new(Snapshot::default())));
    assert!(screen(&model).contains("no longer on the board"));
}

#[test]
fn a_capture_from_a_stick_says_nothing_about_the_clock() {
    let mut sheet = testing::no_tpm();
    for entry in &mut sheet.device.history {
        entry.1 = whiteglove_core::device::Signal::Stick;
    }
    let text = screen(&page_at(sheet, 110));
    assert!(text.contains("cannot be compared: this capture came on a stick"), "{text}");
}

#[test]
fn a_silent_laptop_sends_the_person_to_its_screen() {
    let mut model = showing(snapshot_with([arrived(1, "PF1", "X", 299)]));
    assert!(screen(&model).contains("being read ..."));
    update(&mut model, Msg::Tick, NOON.after(std::time::Duration::from_secs(1)));
    assert_eq!(model.counts.needing, 1);
}

#[test]
fn warnings_evidence_and_every_lane() {
    insta::assert_snapshot!(screen(&page_of(testing::compared(), testing::warned(), 70)), @r##"
    Laptop #3 PF3K9Q2R                             ● CAPTURED   by agent, 38m ago

     ! READY WITH WARNINGS: 2 to look at.

    ─ Label, machine, order ─────────────────────────────────────────────────────
                  LABEL                MACHINE              ORDER
    ✓ Serial      PF3K9Q2R             PF3K9Q2R             PF3K9Q2R
    ✓ Model                            ThinkPad X1 Carbon … ThinkPad X1 Carbon …
    ✓ Asset tag                        ACME-4711            ACME-4711
    ✓ MATCH: label, machine and order agree.

    ─ Readiness, worst first ────────────────────────────────────────────────────
     warning  Secure Boot is off
       why  Windows may be installed, but most compliance policies then mark the
            laptop as not compliant.
       read SecureBoot=0
       next Turn Secure Boot on in the firmware setup.

     warning  Marks of an earlier association in the firmware
       why  A device association wins over classic registration: the laptop would
            go another company's way.
       read DeviceLinkId, 36 bytes
       next Ask whose it was; have the association removed before it is
            registered.

     note  Wired network only through USB
       why  The adapter's address is the dock's, not the laptop's.
       next Nothing; the bench goes by serial and TPM.

    ─ What it is registered by ──────────────────────────────────────────────────
      The batch wants hash made on Linux
      Linux hash      accepted: one laptop of this model agreed with Windows
      Windows hash    made by Windows 1h ago; OA3.xml: OA3-PF3K9Q2R.xml, line 1,
                      13m ago
      Both            agree in every critical field (f)
      Product key id  3311000000001, the machine says
      Tuple           LENOVO / 21HMCTO1WW / PF3K9Q2R
      Setup code id   0f9b7c1e-1111-2222-3333-444455556666
      Device link     a0b1c2d3, made 2026-11-20T09:31:07Z, 2048 characters
      Group tag       ACME-Sales
      User            ada@contoso.example
      Registration    registered in the customer's own tenant (10m ago)

    ─ Identity ──────────────────────────────────────────────────────────────────
      Serial number   PF3K9Q2R
      Maker           LENOVO
      Model           ThinkPad X1 Carbon Gen 11 (21HMCTO1WW)
      Product         21HMCTO1WW
      SKU             LENOVO_MT_21HM
      Family          ThinkPad X1
      Case            notebook
      Asset tag       ACME-4711
      System board    LENOVO 21HMCTO1WW L1HF38A0123
      System UUID     4f564e4c-0042-3510-8050-b4c04f564433
      TPM key digest  443c9f0ecba34857d35800fd0b89fb1d9abdf7604a644d33523e22a4d3b9
                      0946
      Own addresses   8c:8c:aa:10:20:30, e4:0d:36:01:02:03

    ─ Firmware ──────────────────────────────────────────────────────────────────
      Version         LENOVO N3XET56W (1.31) (08/14/2026)
      Boot mode       UEFI
      Secure Boot     on
      Trusts (db)     Windows 2011/2023, third-party 2011/2023
      Refuses (dbx)   1 program
      Floors          Linux loaders 2024010900
                                                       ↓ 46 more lines: Down, PgDn

    NEXT  Captured. Do what stands after "next" if you can. Then p: switch it off.

    Esc back   c check label   f hash   p power off   n boots   w why   ? help
    "##);
}

#[test]
fn the_clock_is_set_after_a_yes() {
    let mut model = page(testing::no_tpm());
    assert_eq!(press(&mut model, "t"), []);
    assert!(screen(&model).contains("Set the clock of this laptop?"), "{}", screen(&model));
    assert_eq!(press(&mut model, "y"), [Command::Order { device: DeviceId(8), order: Order::SetClock }]);
}

#[test]
fn a_clock_on_local_time_is_right() {
    let mut sheet = testing::ready();
    let mut capture = sheet.device.capture.as_deref().unwrap().clone();
    capture.rtc = Some(whiteglove_core::capture::Rtc { read: ago(2_463).after(std::time::Duration::from_secs(3_600)) });
    sheet.device.capture = Some(Arc::new(capture));
    let text = screen(&page_at(sheet, 110));
    assert!(text.contains("right within a minute of the bench, on UTC+01:00"), "{text}");
}

#[test]
fn what_the_service_says_is_chosen() {
    let mut model = page(testing::ready());
    press(&mut model, "g");
    insta::assert_snapshot!(screen(&model), @r##"
    Laptop #3 PF3K9Q2R                             ● CAPTURED   by agent, 41m ago

     ✓ READY: nothing we know stands in the way of pre-provisioning.

    ─ Label, machine, order ─────────────────────────────────────────────────────
                  LABEL                MACHINE              ORDER
      Serial      not scanned          PF3K9Q2R             no list
    · Nothing to compare with yet. c: scan its label.
           ┌─ What does the registration service say? ────────────────────┐
    ─ What │                                                              │──────
      The b│ f: nobody has #3 PF3K9Q2R. o: the customer's own tenant has  │
      Linux│ it (error 806). l: another company has it (error 808).       │
      Windo│                                                              │
      Produ│  f free   o ours   l locked   Esc not known                  │
      Tuple│                                                              │
      Regis└──────────────────────────────────────────────────────────────┘

    ─ Identity ──────────────────────────────────────────────────────────────────
      Serial number   PF3K9Q2R
                                                       ↓ 66 more lines: Down, PgDn

    NEXT  c: scan its label. Then p: switch it off, stick to the next laptop.

    f free   o ours   l locked   Esc not known
    "##);
    assert_eq!(press(&mut model, "enter y esc"), []);
    for (key, probe) in [("f", Probe::Free), ("o", Probe::Ours), ("l", Probe::OtherTenant)] {
        assert_eq!(press(&mut model, &format!("g {key}")), [Command::Probe { device: DeviceId(3), probe }]);
    }
}
