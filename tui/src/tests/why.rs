//! Why a laptop did not boot: what it comes to, and every step.

use std::sync::Arc;

use whiteglove_core::{
    control::{Command, Sheet, Tone, Update},
    device::DeviceId,
};

use crate::{
    Model,
    testing::{self, feed, on_network, press, said, screen, showing_at},
};

fn why(sheet: Sheet, height: u16) -> Model {
    let mut model = showing_at(on_network(testing::network()), (80, height));
    let number = sheet.device.id.0;
    let commands = press(&mut model, &format!("/ '#{number} enter w"));
    assert_eq!(commands, [Command::Watch(Some(DeviceId(number)))]);
    feed(&mut model, Update::Watched(Some(Arc::new(sheet))));
    model
}

#[test]
fn what_it_comes_to_first_then_every_step() {
    insta::assert_snapshot!(screen(&why(testing::refused(), 48)), @r##"
    Why did #17 not boot?                                         x64 PXE, enp3s0

     ✗ STUCK: loader delivered, firmware refused it.

       what shimx64.efi was delivered whole, 2 times, and the laptop did not start
            it.
       why  Firmware with Secure Boot on refuses it silently if "Microsoft 3rd
            Party UEFI CA" is off, as it is on Secured-core laptops.
       next In the firmware setup turn on "Allow Microsoft 3rd Party UEFI CA"
            (Lenovo, Dell: Security, Secure Boot; Surface: Secure Boot, Microsoft
            & 3rd-party CA), then boot it again.

       boots quick scan, as the batch does (n)

    ─ This try, begun 41s ago ───────────────────────────────────────────────────
        +0.0s  asked for something to boot (PXE, x64) ×2, last +4.0s
        +0.0s  we offered shimx64.efi ×2, last +4.0s
        +0.9s  server 192.168.1.1 offered it 192.168.1.117
        +8.1s  asked us for its boot file (PXE, x64)
        +8.1s  we told it to load shimx64.efi
        +8.4s  asked for the size of shimx64.efi (965 KB)
        +8.5s  loads shimx64.efi (965 KB) by TFTP
        +8.9s  has shimx64.efi (965 KB in 0.4 s by TFTP)

    ─ Tries before ──────────────────────────────────────────────────────────────
       -2m29s  asked for something to boot (PXE, x64) ×2, last -2m25s
       -2m28s  we offered shimx64.efi ×2, last -2m24s
       -2m28s  server 192.168.1.1 offered it 192.168.1.117
       -2m20s  asked us for its boot file (PXE, x64)
       -2m20s  we told it to load shimx64.efi
       -2m20s  asked for the size of shimx64.efi (965 KB)
       -2m20s  loads shimx64.efi (965 KB) by TFTP
       -2m20s  has shimx64.efi (965 KB in 0.4 s by TFTP)

    ─ On the wire ───────────────────────────────────────────────────────────────
       Port      enp3s0
       Asks      x64 PXE
       Adapters  8c:8c:aa:10:20:30
       UUID      4f564e4c-0042-3510-8050-b4c04f564433
       Heard     3m ago





    NEXT  Do what stands after "next", then boot it again. This page follows it.

    Esc back   n choose what it boots   Down scroll   ? help
    "##);
}

#[test]
fn on_the_smallest_window_the_steps_scroll() {
    let mut model = why(testing::refused(), 24);
    insta::assert_snapshot!(screen(&model), @r##"
    Why did #17 not boot?                                         x64 PXE, enp3s0

     ✗ STUCK: loader delivered, firmware refused it.

       what shimx64.efi was delivered whole, 2 times, and the laptop did not start
            it.
       why  Firmware with Secure Boot on refuses it silently if "Microsoft 3rd
            Party UEFI CA" is off, as it is on Secured-core laptops.
       next In the firmware setup turn on "Allow Microsoft 3rd Party UEFI CA"
            (Lenovo, Dell: Security, Secure Boot; Surface: Secure Boot, Microsoft
            & 3rd-party CA), then boot it again.

       boots quick scan, as the batch does (n)

    ─ This try, begun 41s ago ───────────────────────────────────────────────────
        +0.0s  asked for something to boot (PXE, x64) ×2, last +4.0s
        +0.0s  we offered shimx64.efi ×2, last +4.0s
        +0.9s  server 192.168.1.1 offered it 192.168.1.117
        +8.1s  asked us for its boot file (PXE, x64)
                                                       ↓ 21 more lines: Down, PgDn

    NEXT  Do what stands after "next", then boot it again. This page follows it.

    Esc back   n choose what it boots   Down scroll   ? help
    "##);
    press(&mut model, "end down");
    assert!(screen(&model).contains("UUID      4f564e4c-0042-3510-8050-b4c04f564433"), "{}", screen(&model));
    press(&mut model, "home");
    assert!(screen(&model).contains("STUCK: loader delivered"), "{}", screen(&model));
}

#[test]
fn another_servers_file_is_named() {
    insta::assert_snapshot!(screen(&why(testing::rival(), 24)), @r##"
    Why did #16 not boot?                                         x64 PXE, enp3s0

     ✗ STUCK: another server's boot file wins.

       what This laptop follows another boot server, 192.168.1.1.
       why  It names "pxelinux.0", and firmware prefers that to our offer.
       next Switch network boot off on 192.168.1.1 (options 60, 66 and 67), or
            give the bench a switch of its own and mode = "own".

       boots quick scan, as the batch does (n)

    ─ This try, begun 20s ago ───────────────────────────────────────────────────
        +0.0s  asked for something to boot (PXE, x64)
        +0.0s  we offered shimx64.efi
        +0.9s  server 192.168.1.1 offered it 192.168.1.116 and names "pxelinux.0",
               WHICH FIRMWARE PREFERS

    ─ On the wire ───────────────────────────────────────────────────────────────
       Port      enp3s0
                                                        ↓ 4 more lines: Down, PgDn

    NEXT  Do what stands after "next", then boot it again. This page follows it.

    Esc back   n choose what it boots   Down scroll   ? help
    "##);
}

#[test]
fn one_that_booted_shows_where_the_time_went() {
    insta::assert_snapshot!(screen(&why(testing::booted(), 34)), @r##"
    Network boot of #15 PF4A01BD                                  x64 PXE, enp3s0

     ✓ BOOTED: the agent reported.

       boots quick scan, as the batch does (n)

    ─ This try, begun 1m ago ────────────────────────────────────────────────────
        +0.0s  asked for something to boot (PXE, x64) ×2, last +4.0s
        +0.0s  we offered shimx64.efi ×2, last +4.0s
        +0.9s  server 192.168.1.1 offered it 192.168.1.117
        +8.1s  asked us for its boot file (PXE, x64)
        +8.1s  we told it to load shimx64.efi
        +8.4s  asked for the size of shimx64.efi (965 KB)
        +8.5s  loads shimx64.efi (965 KB) by TFTP
        +8.9s  has shimx64.efi (965 KB in 0.4 s by TFTP)
        +9.1s  looked for revocations.efi by TFTP (not there, which is normal)
       +10.0s  has grubx64.efi (2.3 MB in 0.3 s by TFTP)
       +11.0s  has grub/grub.cfg (612 B in 0.0 s by TFTP)
       +15.0s  has boot/vmlinuz (14.6 MB in 1.2 s by HTTP)
       +22.0s  has boot/initrd.zst (73.4 MB in 6.4 s by HTTP)
       +38.0s  the agent reported
       +51.0s  captured

    ─ On the wire ───────────────────────────────────────────────────────────────
       Port      enp3s0
       Asks      x64 PXE
       Adapters  8c:8c:aa:10:20:30
       UUID      4f564e4c-0042-3510-8050-b4c04f564433
       Heard     1m ago


    NEXT  Nothing to do: it has booted. Esc: back.

    Esc back   n choose what it boots   Down scroll   ? help
    "##);
}

#[test]
fn one_that_never_asked_is_told_how_to() {
    insta::assert_snapshot!(screen(&why(testing::unseen(), 24)), @r##"
    Network boot of #3 PF3K9Q2R

     ○ NOT SEEN on the network since the bench was started.

       what Nothing was heard from this laptop on the network.
       why  Its firmware did not ask: network boot is off, the cable is in a port
            that is not the bench's, or it uses another network card.
       next Check the link lights. In the firmware setup turn on the network stack
            (PXE or HTTP Boot), then choose the network in its boot menu (F12; HP:
            F9).

       boots own disk, because it has been captured (n)









    NEXT  Nothing to do: it has been captured. n: choose something else for it.

    Esc back   n choose what it boots   Down scroll   ? help
    "##);
}

#[test]
fn before_anything_is_known() {
    let mut model = showing_at(on_network(testing::network()), (80, 24));
    press(&mut model, "end w");
    assert!(screen(&model).contains("Fetching what is known"), "{}", screen(&model));
    // A bench that keeps no story of it.
    let sheet = Sheet { network: None, ..testing::refused() };
    feed(&mut model, Update::Watched(Some(Arc::new(sheet))));
    assert!(screen(&model).contains("Nothing is known of its way"), "{}", screen(&model));
}

#[test]
fn it_goes_back_to_where_it_was_asked() {
    let mut model = why(testing::refused(), 24);
    assert_eq!(press(&mut model, "esc"), [], "the laptop's page still shows it");
    assert!(screen(&model).contains(" Laptop #17"), "{}", screen(&model));
    press(&mut model, "esc");
    assert_eq!(press(&mut model, "w esc"), [Command::Watch(Some(DeviceId(17))), Command::Watch(None)]);
    assert!(screen(&model).contains("whiteglove   bench-1"), "{}", screen(&model));
    // Help and questions come back here.
    press(&mut model, "w ? esc n esc");
    assert!(screen(&model).contains("of #17"), "{}", screen(&model));
}

#[test]
fn the_network_is_one_key_away_as_the_remedies_say() {
    let mut model = why(testing::refused(), 24);
    assert_eq!(press(&mut model, "s"), [Command::Watch(None)]);
    assert!(screen(&model).contains(" Network   "), "{}", screen(&model));
    assert_eq!(press(&mut model, "esc enter s"), [Command::Watch(Some(DeviceId(17))), Command::Watch(None)]);
    assert!(screen(&model).contains(" Network   "), "{}", screen(&model));
}

#[test]
fn a_scan_asks_of_the_other_laptop() {
    let mut model = why(testing::refused(), 24);
    let answer = said(Tone::Good, "FOUND", "8GQ7T14", Some(9), "#9");
    let commands = crate::update(&mut model, crate::Msg::Update(Update::Scanned(Box::new(answer))), testing::NOON);
    assert_eq!(commands, [Command::Watch(Some(DeviceId(9)))]);
    press(&mut model, "x");
    assert!(screen(&model).contains(" Network boot of #9 8GQ7T14"), "{}", screen(&model));
    // Back is not the page of the laptop before.
    assert_eq!(press(&mut model, "esc"), [Command::Watch(None)]);
    assert!(screen(&model).contains("▶   9"), "{}", screen(&model));
}

#[test]
fn the_laptops_own_page_says_it_in_two_lines() {
    let mut model = why(testing::refused(), 24);
    press(&mut model, "esc");
    let text = screen(&model);
    assert!(text.contains("   Boots (n)       quick scan, as the batch does"), "{text}");
    assert!(text.contains("   Stands (w)      ✗ STUCK: loader delivered, firmware refused it."), "{text}");
    feed(&mut model, Update::Watched(Some(Arc::new(Sheet { network: None, ..testing::refused() }))));
    assert!(!screen(&model).contains("Network boot"), "a bench without networks");
}
