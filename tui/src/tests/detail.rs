use std::sync::Arc;

use whiteglove_core::{
    api::Order,
    control::{Command, Snapshot, Update},
    device::{Device, DeviceId, Stage},
};

use crate::{
    Model, Msg,
    testing::{self, NOON, ago, arrived, feed, few, press, screen, showing, snapshot_with},
    update,
};

fn page(device: Device) -> Model {
    page_at(device, 24)
}

fn page_at(device: Device, height: u16) -> Model {
    let mut model = testing::showing_at(few(), (80, height));
    let number = device.id.0;
    let commands = press(&mut model, &format!("/ '#{number} enter"));
    // "#3" finds one; the rest are reached the same way.
    assert_eq!(commands, [Command::Watch(Some(DeviceId(number)))]);
    feed(&mut model, Update::Watched(Some(Arc::new(device))));
    model
}

#[test]
fn everything_the_capture_said() {
    insta::assert_snapshot!(screen(&page_at(testing::ready(), 76)), @r##"
    Laptop #3 PF3K9Q2R                             ● CAPTURED   by agent, 41m ago

     READY: nothing we know stands in the way of pre-provisioning.

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
      Clock           right within a minute of the bench

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





    NEXT  Ready. p: switch it off, take the stick to the next laptop.

    Esc back   r release   p power off   n boot next   Right next laptop   ? help
    "##);
}

#[test]
fn what_is_missing_comes_first() {
    insta::assert_snapshot!(screen(&page(testing::no_tpm())), @r##"
    Laptop #8 5CG1284XYZ                           ● CAPTURED   by agent, 25m ago

     STOP  No TPM 2.0
       why  Pre-provisioning proves the laptop's identity with its TPM; none
            answered.
       next Turn the TPM (Intel PTT, AMD fTPM, Security Device) on in the firmware
            setup and boot again.

    ─ Identity ──────────────────────────────────────────────────────────────────
      Serial number   5CG1284XYZ
      Maker           LENOVO
      Model           ThinkPad X1 Carbon Gen 11 (21HMCTO1WW)
      Product         21HMCTO1WW
      SKU             LENOVO_MT_21HM
      Family          ThinkPad X1
      Case            notebook
      Asset tag       ACME-4711
      System board    LENOVO 21HMCTO1WW L1HF38A0123
      System UUID     4f564e4c-0042-3510-8050-b4c04f564433
                                                       ↓ 53 more lines: Down, PgDn

    NEXT  Do what stands after "next", then boot this laptop from the stick again.

    Esc back   r release   p power off   n boot next   Right next laptop   ? help
    "##);
}

#[test]
fn a_clock_that_is_wrong_and_a_finding() {
    let text = screen(&page_at(testing::no_tpm(), 90));
    assert!(text.contains("Clock           7m11s slow: set it in the firmware setup"), "{text}");
    assert!(text.contains("TPM             no TPM device; the firmware lists none"), "{text}");
}

#[test]
fn a_held_laptop_is_released_by_a_second_key() {
    let mut model = page(testing::held());
    insta::assert_snapshot!(screen(&model), @r##"
    Laptop #5 PF3K9Q2R                                 ▲ HELD   by agent, 33m ago

     HELD  same serial number on two machines (the other is device #3).
       why  The system board was replaced and given an old serial, or a serial was
            set twice.
       next Compare the label under the laptop with this screen. If it is right,
            release the device (r); if not, take the laptop off the bench and call
            the supervisor.

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
                                                       ↓ 55 more lines: Down, PgDn

    NEXT  Compare the serial number above with the label under the laptop. Right:
          r. Wrong: call the supervisor.
    Esc back   r release   p power off   n boot next   Right next laptop   ? help
    "##);
    assert_eq!(press(&mut model, "r"), []);
    insta::assert_snapshot!(screen(&model), @r##"
    Laptop #5 PF3K9Q2R                                 ▲ HELD   by agent, 33m ago

     HELD  same serial number on two machines (the other is device #3).
       why  The system board was replaced and given an old serial, or a serial was
            set twice.
       next Compare the label under the laptop with this screen. If it is right,
            release the device (r); if not, take the laptop off the bench and call
           ┌─ Release this laptop? ───────────────────────────────────────┐
           │                                                              │
    ─ Ident│ #5 PF3K9Q2R goes on as a machine of its own. Only do this    │──────
      Seria│ after you compared its serial number with the label under    │
      Maker│ the laptop.                                                  │
      Model│                                                              │
      Produ│  y yes, do it   Esc no, go back                              │
      SKU  │                                                              │
      Famil└──────────────────────────────────────────────────────────────┘
      Case            notebook
      Asset tag       ACME-4711
      System board    LENOVO 21HMCTO1WW L1HF38A0123
                                                       ↓ 55 more lines: Down, PgDn

    NEXT  Compare the serial number above with the label under the laptop. Right:
          r. Wrong: call the supervisor.
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
    assert_eq!(press(&mut model, "p esc n enter esc"), []);
    assert_eq!(press(&mut model, "p y"), [Command::Order { device: DeviceId(3), order: Order::PowerOff }]);
    assert_eq!(press(&mut model, "n y"), [Command::Order { device: DeviceId(3), order: Order::BootNext }]);
    feed(&mut model, Update::Done("#3 PF3K9Q2R will restart".into()));
    assert!(screen(&model).contains(" #3 PF3K9Q2R will restart"));
}

#[test]
fn a_laptop_that_only_said_hello() {
    let ready = testing::ready();
    let hello = Device {
        id: DeviceId(15),
        stage: Stage::Arrived { since: ago(8) },
        capture: None,
        captures: 0,
        history: vec![],
        ..ready
    };
    let text = screen(&page(hello));
    assert!(text.contains(" Not captured yet: only the first hello has arrived."), "{text}");
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
    let mut device = testing::no_tpm();
    for entry in &mut device.history {
        entry.1 = whiteglove_core::device::Signal::Stick;
    }
    let text = screen(&page_at(device, 90));
    assert!(text.contains("cannot be compared: this capture came on a stick"), "{text}");
}

#[test]
fn a_silent_laptop_sends_the_person_to_its_screen() {
    let mut model = showing(snapshot_with([arrived(1, "PF1", "X", 299)]));
    assert!(screen(&model).contains("being read ..."));
    update(&mut model, Msg::Tick, NOON.after(std::time::Duration::from_secs(1)));
    assert_eq!(model.counts.needing, 1);
}
