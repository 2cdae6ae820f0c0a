//! The networks, what a laptop boots from them, and rows that are marked for it.

use std::sync::Arc;

use whiteglove_core::{
    control::{Command, Row, Snapshot, Tone, Update},
    device::DeviceId,
    netboot::{Decision, Mode, NetworkView, Program, Reason},
};

use crate::{
    Model,
    testing::{self, feed, few, on_network, press, said, scan, screen, showing, showing_at, snapshot_with},
};

fn only(network: NetworkView) -> Model {
    let mut model = showing(Snapshot { network: Arc::new(network), ..snapshot_with([]) });
    press(&mut model, "s");
    model
}

fn own(interface: &str) -> Command {
    Command::SetNetwork { interface: interface.to_owned(), mode: Mode::Own }
}

#[test]
fn a_bench_without_a_port_says_so() {
    insta::assert_snapshot!(screen(&only(NetworkView::default())), @r##"
    Network                                             0 of 0 ports on   0 stuck

     This computer has no network port that a laptop could be on.


















    NEXT  Esc: back.

    Esc back   Enter why   m mode of a port   n what it boots   ? help
    "##);
}

#[test]
fn nobody_has_asked_yet() {
    let quiet = NetworkView { clients: vec![], transfers: vec![], rivals: vec![], ..testing::network() };
    insta::assert_snapshot!(screen(&only(quiet)), @r##"
    Network                                             2 of 3 ports on   0 stuck

      PORT        CABLE ADDRESS            MODE  STATE          ASKED  TOLD LEASES
    ▶ enp3s0      in    192.168.1.20/24    proxy ✓ serves          41    38
      enp4s0      in    192.168.77.1/24    own   ✓ serves           4     4      3
      wlp2s0      ?     none               off   off                0     0

      No laptop has asked yet.
      Boot one: F12 (Lenovo, Dell) or F9 (HP), then PXE or HTTP Boot over IPv4.












    NEXT  Boot laptops from the network. Down: who asks. m: choose the mode of
          this port.
    Esc back   Enter why   m mode of a port   n what it boots   ? help
    "##);
}

#[test]
fn a_good_day() {
    let mut model = showing(on_network(testing::network()));
    press(&mut model, "s");
    insta::assert_snapshot!(screen(&model), @r##"
    Network                                             2 of 3 ports on   0 stuck

      PORT        CABLE ADDRESS            MODE  STATE          ASKED  TOLD LEASES
    ▶ enp3s0      in    192.168.1.20/24    proxy ✓ serves          41    38
      enp4s0      in    192.168.77.1/24    own   ✓ serves           4     4      3
      wlp2s0      ?     none               off   off                0     0

      LOADING NOW       FILE
      #16               boot/initrd.zst    HTTP  ████░░░░░░  42%  11.5 MB/s

      HEARD (3)         HEARD ASKS       CAME TO   STANDS
      #16                  1s x64 PXE    GRUB/iPXE ○ loading the kernel
      #15 PF4A01BD        30s x64 PXE    agent     ✓ booted: the agent reported
      #3 PF3K9Q2R          5m x64 PXE    asks      = sent to its own disk

      OTHER SERVERS   PORT         HEARD ANSWERS  GIVES
      192.168.1.1     enp3s0          8s      57  addresses




    NEXT  Boot laptops from the network. Down: who asks. m: choose the mode of
          this port.
    Esc back   Enter why   m mode of a port   n what it boots   ? help
    "##);
    press(&mut model, "down");
    assert!(screen(&model).contains("It gives the addresses 192.168.77.100 to 192.168.77.200."), "{}", screen(&model));
    press(&mut model, "end");
    assert!(screen(&model).contains("A usual DHCP server. The bench and it go together."), "{}", screen(&model));
}

#[test]
fn what_is_wrong_stands_open() {
    let mut model = showing(on_network(testing::in_trouble()));
    press(&mut model, "s");
    insta::assert_snapshot!(screen(&model), @r##"
    Network                                             3 of 3 ports on   2 stuck

      PORT        CABLE ADDRESS            MODE  STATE          ASKED  TOLD LEASES
    ▶ enp3s0      in    192.168.1.20/24    proxy ✗ FAILED           3     0
       FAILED  UDP port 67 is in use.
         why  Another DHCP server runs on this computer, dnsmasq most likely.
         next Stop it: systemctl stop dnsmasq. Then choose the mode of this port
              again (m).
      enp4s0      NONE  none               own   ! waits            0     0      0
      enp5s0      in    192.168.1.20/24    proxy ! no address       0     0

      STUCK (2)         HEARD ASKS       CAME TO   WHY
      #17                 15s x64 PXE    loader    ✗ loader delivered, firmware r…
      8c:8c:aa:10:20:63    1m arm64 HTTP asks      ✗ nothing to boot for this kin…

      HEARD (1)         HEARD ASKS       CAME TO   STANDS
      #16                  1s x64 PXE    GRUB/iPXE ○ loading the kernel

      OTHER SERVERS   PORT         HEARD ANSWERS  GIVES
      192.168.1.1     enp3s0          8s      57  ! addresses, and pxelinux.0

    NEXT  Do what stands after "next". m: choose how this port serves.

    Esc back   Enter why   m mode of a port   n what it boots   ? help
    "##);
    // A laptop that is stuck stands before those that are well.
    press(&mut model, "down down down");
    insta::assert_snapshot!(screen(&model), @r##"
    Network                                             3 of 3 ports on   2 stuck

      PORT        CABLE ADDRESS            MODE  STATE          ASKED  TOLD LEASES
      enp3s0      in    192.168.1.20/24    proxy ✗ FAILED           3     0
      enp4s0      NONE  none               own   ! waits            0     0      0
      enp5s0      in    192.168.1.20/24    proxy ! no address       0     0

      STUCK (2)         HEARD ASKS       CAME TO   WHY
    ▶ #17                 15s x64 PXE    loader    ✗ loader delivered, firmware r…
        On enp3s0, at 192.168.1.117, adapter 8c:8c:aa:10:20:11; told shimx64.efi.
        Loader delivered, firmware refused it.
      8c:8c:aa:10:20:63    1m arm64 HTTP asks      ✗ nothing to boot for this kin…

      HEARD (1)         HEARD ASKS       CAME TO   STANDS
      #16                  1s x64 PXE    GRUB/iPXE ○ loading the kernel

      OTHER SERVERS   PORT         HEARD ANSWERS  GIVES
      192.168.1.1     enp3s0          8s      57  ! addresses, and pxelinux.0



    NEXT  Enter: why it did not boot, and what to do.

    Esc back   Enter why   m mode of a port   n what it boots   ? help
    "##);
    press(&mut model, "down");
    assert!(screen(&model).contains("NEXT  It is not on the board"), "{}", screen(&model));
    assert_eq!(press(&mut model, "enter"), []);
    assert!(screen(&model).contains("This machine is not on the board"), "{}", screen(&model));
}

#[test]
fn a_wide_window_has_room_for_the_port_and_what_was_told() {
    let mut model = showing_at(on_network(testing::in_trouble()), (120, 30));
    press(&mut model, "s");
    insta::assert_snapshot!(screen(&model), @r##"
    Network                                                                                     3 of 3 ports on   2 stuck

      PORT        CABLE ADDRESS            MODE  STATE          ASKED  TOLD LEASES
    ▶ enp3s0      in    192.168.1.20/24    proxy ✗ FAILED           3     0
       FAILED  UDP port 67 is in use.
         why  Another DHCP server runs on this computer, dnsmasq most likely.
         next Stop it: systemctl stop dnsmasq. Then choose the mode of this port again (m).
      enp4s0      NONE  none               own   ! waits            0     0      0
      enp5s0      in    192.168.1.20/24    proxy ! no address       0     0

      STUCK (2)         HEARD ASKS       CAME TO   PORT        TOLD               WHY
      #17                 15s x64 PXE    loader    enp3s0      shimx64.efi        ✗ loader delivered, firmware refused it
      8c:8c:aa:10:20:63    1m arm64 HTTP asks      enp3s0      nothing for arm64  ✗ nothing to boot for this kind of mach…

      HEARD (1)         HEARD ASKS       CAME TO   PORT        TOLD               STANDS
      #16                  1s x64 PXE    GRUB/iPXE enp3s0      shimx64.efi        ○ loading the kernel

      OTHER SERVERS   PORT         HEARD ANSWERS  GIVES
      192.168.1.1     enp3s0          8s      57  ! addresses, and pxelinux.0








    NEXT  Do what stands after "next". m: choose how this port serves.

    Esc back   Enter why   m mode of a port   n what it boots   ? help
    "##);
}

#[test]
fn enter_on_a_laptop_asks_why_and_comes_back() {
    let mut model = showing(on_network(testing::in_trouble()));
    let commands = press(&mut model, "s down down down enter");
    assert_eq!(commands, [Command::Watch(Some(DeviceId(17)))]);
    feed(&mut model, Update::Watched(Some(Arc::new(testing::refused()))));
    assert!(screen(&model).contains(" Why did #17 not boot?"), "{}", screen(&model));
    assert_eq!(press(&mut model, "esc"), [Command::Watch(None)]);
    assert!(screen(&model).contains("▶ #17"), "{}", screen(&model));
}

#[test]
fn what_is_chosen_stays_chosen_while_others_come_and_go() {
    let mut model = showing(on_network(testing::network()));
    press(&mut model, "s end up");
    assert!(screen(&model).contains("▶ #3 PF3K9Q2R"), "{}", screen(&model));
    let mut network = testing::in_trouble();
    network.clients.extend(testing::network().clients.into_iter().skip(1));
    feed(&mut model, Update::Snapshot(Arc::new(on_network(network))));
    assert!(screen(&model).contains("▶ #3 PF3K9Q2R"), "{}", screen(&model));
}

#[test]
fn a_long_list_is_walked_to_its_end_in_any_window() {
    let mut network = testing::network();
    let client = network.clients[1].clone();
    let clients = (0..200_u8).map(|n| {
        let mac = Some(whiteglove_core::identity::Mac([2, 0, 0, 0, 0, n]));
        whiteglove_core::netboot::ClientView { device: None, mac, ..client.clone() }
    });
    network.clients = clients.collect();
    let mut model = showing(on_network(network));
    press(&mut model, "s end up");
    assert!(screen(&model).contains("▶ 02:00:00:00:00:c7"), "{}", screen(&model));
    assert!(screen(&model).contains("  02:00:00:00:00:c0"), "{}", screen(&model));
    crate::update(&mut model, crate::Msg::Resize { width: 100, height: 150 }, testing::NOON);
    assert!(screen(&model).contains("  02:00:00:00:00:50"), "{}", screen(&model));
    press(&mut model, "home");
    assert!(screen(&model).contains("▶ enp3s0") && screen(&model).contains("  02:00:00:00:00:50"));
}

#[test]
fn a_network_of_our_own_needs_a_yes() {
    let mut model = showing(on_network(testing::network()));
    press(&mut model, "s down down m");
    insta::assert_snapshot!(screen(&model), @r##"
    Network                                             2 of 3 ports on   0 stuck

      PORT        CABLE ADDRESS            MODE  STATE          ASKED  TOLD LEASES
      enp3s0      in    192.168.1.20/24    proxy ✓ serves          41    38
      enp4s0      in    192.168.77.1/24    own   ✓ serves           4     4      3
    ▶ wlp2┌─ Network boot ─────────────────────────────────────────────────┐
          │                                                                │
      LOAD│ How the bench lives on wlp2s0.                                 │
      #16 │                                                                │
          │ ▶ off: silent on this network   (now)                          │
      HEAR│   proxyDHCP: beside a DHCP server, gives no addresses          │
      #16 │   own DHCP: a bench network without another server             │
      #15 │                                                                │ted
      #3 P│ Laptops on this network boot from a stick only.                │
          │                                                                │
      OTHE│                                                                │
      192.│  Enter choose   Down next   Esc change nothing                 │
          │                                                                │
          └────────────────────────────────────────────────────────────────┘


    NEXT  m: turn network boot on for this port.

    Enter choose   Down next   Esc change nothing
    "##);
    assert_eq!(
        press(&mut model, "down enter"),
        [Command::SetNetwork { interface: "wlp2s0".to_owned(), mode: Mode::Proxy }]
    );
    assert_eq!(press(&mut model, "m end enter"), [], "it asks first");
    insta::assert_snapshot!(screen(&model), @r##"
    Network                                             2 of 3 ports on   0 stuck

      PORT        CABLE ADDRESS            MODE  STATE          ASKED  TOLD LEASES
      enp3s0      in    192.168.1.20/24    proxy ✓ serves          41    38
      enp4s0      in    192.168.77.1/24    own   ✓ serves           4     4      3
    ▶ wlp2s0      ?     none               off   off                0     0

      LOADI┌─ Give addresses on this network? ────────────────────────────┐
      #16  │                                                              │
           │ The bench becomes the DHCP server on wlp2s0. Only do this if │
      HEARD│ that cable goes to a switch of the bench's own: in an office │
      #16  │ network it would disturb everybody. It looks for another     │
      #15 P│ DHCP server first, and gives no address beside one.          │rted
      #3 PF│                                                              │
           │  y yes, do it   Esc no, go back                              │
      OTHER│                                                              │
      192.1└──────────────────────────────────────────────────────────────┘




    NEXT  m: turn network boot on for this port.

    y yes, do it   Esc no, go back
    "##);
    assert_eq!(press(&mut model, "enter space n"), []);
    assert_eq!(press(&mut model, "m end enter y"), [own("wlp2s0")]);
    assert_eq!(press(&mut model, "m esc"), []);
    // Of a laptop's line there is no mode.
    press(&mut model, "end m");
    assert!(screen(&model).contains("Mark a port first"), "{}", screen(&model));
}

#[test]
fn a_mode_that_the_configuration_does_not_say_is_told() {
    let mut model = showing(on_network(testing::in_trouble()));
    press(&mut model, "s home down down m");
    let text = screen(&model);
    assert!(text.contains("│ How the bench lives on enp5s0. The configuration says own; "), "{text}");
}

#[test]
fn a_scan_marks_the_conversation_of_its_laptop() {
    let mut model = showing(on_network(testing::network()));
    press(&mut model, "s");
    scan(&mut model, "PF3K9Q2R");
    feed(&mut model, Update::Scanned(Box::new(said(Tone::Good, "FOUND", "PF3K9Q2R", Some(3), "#3"))));
    press(&mut model, "x");
    assert!(screen(&model).contains("▶ #3 PF3K9Q2R"), "{}", screen(&model));
    // One that is on no network is on the board.
    feed(&mut model, Update::Scanned(Box::new(said(Tone::Good, "FOUND", "8GQ7T14", Some(9), "#9"))));
    press(&mut model, "x");
    assert!(screen(&model).contains("▶   9"), "{}", screen(&model));
}

#[test]
fn the_board_says_how_the_network_is() {
    insta::assert_snapshot!(screen(&showing(on_network(testing::network()))), @r##"
    whiteglove   bench-1   batch ACME-07           4 arrived   4 captured   1 held
    Laptops: http://192.168.77.1:8780   network boot: enp3s0 proxy, enp4s0 own
    3 laptops need you (a)
       #   STAGE    SERIAL      MODEL       VERDICT BOOTS  AGE  LOOK AT
       3 ● CAPTURED PF3K9Q2R    ThinkPad X… ✓ ready disk   41m
       5 ▲ HELD     PF3K9Q2R    ThinkPad X… ✗ STOP  disk   33m  same serial as #3
       8 ● CAPTURED 5CG1284XYZ  HP EliteBo… ✗ STOP  disk   25m  No TPM 2.0
       9 ● CAPTURED 8GQ7T14     Latitude 7… ! warn  disk   13m  Secure Boot is off
      12 ○ ARRIVED  8GQ7T20     Latitude 7… ·       scan   10m  look at its screen
      14 ● CAPTURED PF4A01BC    ThinkPad T… ✓ ready disk    1m
      15 ○ ARRIVED  PF4A01BD    ThinkPad T… ·       scan    8s  being read ...
      16 ○ ARRIVED  (no serial)             ·       scan   20s  loading the kernel
      17 ○ ARRIVED  (no serial)             ·       scan    3m  boot it again








    NEXT  a: go to the first laptop that needs you.

    Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
    let first_lines = |network| {
        let text = screen(&showing(on_network(network)));
        let next = text.lines().find(|line| line.contains("NEXT")).unwrap_or_default();
        format!("{}\n{next}", text.lines().nth(1).unwrap_or_default())
    };
    insta::assert_snapshot!(first_lines(testing::in_trouble()), @r##"
    Laptops report to http://192.168.77.1:8780   NETWORK BOOT FAILED: enp3s0 (s)
    NEXT  s: see why enp3s0 cannot serve, and what to do.
    "##);
    let waiting = NetworkView { ports: vec![testing::no_cable()], ..testing::in_trouble() };
    insta::assert_snapshot!(first_lines(waiting), @r##"
    Laptops report to http://192.168.77.1:8780   network boot: enp4s0 waits
    NEXT  a: go to the first laptop that needs you. s: who is stuck on the
    "##);
    // The order needs its room as well.
    let order = Some(Arc::new(testing::ordered(12, &[])));
    let text = screen(&showing(Snapshot { order, ..on_network(testing::network()) }));
    let second = text.lines().nth(1).unwrap_or_default();
    assert_eq!(second.trim(), "Laptops: http://192.168.77.1:8780   network boot: 2 ports 0 of 12 expected (o)");
    let silent = NetworkView { ports: vec![], ..testing::network() };
    assert!(!screen(&showing(on_network(silent))).contains("network boot"), "a bench that is silent everywhere");
}

#[test]
fn an_empty_board_with_a_network_says_how_to_boot_from_it() {
    let empty = NetworkView { clients: vec![], transfers: vec![], ..testing::network() };
    insta::assert_snapshot!(screen(&showing(Snapshot { network: Arc::new(empty), ..snapshot_with([]) })), @r##"
    whiteglove   bench-1   batch ACME-07           0 arrived   0 captured   0 held
    Laptops: http://192.168.77.1:8780   network boot: enp3s0 proxy, enp4s0 own


      No laptops yet.

      1  Plug a laptop into the bench switch: its own port, or a USB adapter.
      2  Switch it on and choose the network in its boot menu: PXE or HTTP Boot.
         F12 (Lenovo, Dell), F9 (HP).
      3  The laptop appears here by itself. Its disk is not touched.

         It does not boot? s shows who asks, and why. m makes a stick instead.
         A stick came back from laptops without network: m, then i imports it.
         Laptops of another customer or batch: b.







    NEXT  Follow the steps above.

    Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
}

#[test]
fn a_stuck_laptop_needs_a_person() {
    let mut model = showing(on_network(testing::in_trouble()));
    assert!(screen(&model).contains(" 4 laptops need you (a)"), "{}", screen(&model));
    press(&mut model, "a a a a");
    assert_eq!(model.board.selected, Some(DeviceId(17)));
    let text = screen(&model);
    assert!(text.contains("NEXT  #17: loader delivered, firmware refused it. w: see why it did not boot"), "{text}");
    assert_eq!(press(&mut model, "w"), [Command::Watch(Some(DeviceId(17)))]);
    assert_eq!(press(&mut model, "esc"), [Command::Watch(None)]);
    // What is worse stays first: it is held, whatever the network says.
    let mut network = testing::in_trouble();
    network.clients[1].device = Some(DeviceId(5));
    let model = showing(on_network(network));
    assert!(screen(&model).contains("same serial as #3"), "{}", screen(&model));
}

#[test]
fn one_that_has_spoken_since_is_not_stuck() {
    let mut network = testing::in_trouble();
    // Number 15 says hello by a stick, eight seconds ago; the network heard it before.
    network.clients[1].device = Some(DeviceId(15));
    network.clients[1].last = testing::ago(9);
    assert!(screen(&showing(on_network(network.clone()))).contains(" 3 laptops need you (a)"));
    network.clients[1].last = testing::ago(7);
    assert!(screen(&showing(on_network(network))).contains(" 4 laptops need you (a)"));
}

#[test]
fn a_wide_board_has_room_for_what_a_laptop_boots() {
    let mut snapshot = on_network(testing::network());
    let chosen = |row: &Row| match row.device.0 {
        9 => Row { boot: (Decision::Boot(Program::MemoryTest), Reason::Chosen), ..row.clone() },
        14 => Row { boot: (Decision::Ignore, Reason::Chosen), ..row.clone() },
        _ => row.clone(),
    };
    snapshot.rows = Arc::new(snapshot.rows.iter().map(chosen).collect());
    let text = screen(&showing_at(snapshot, (120, 24)));
    assert!(text.contains("BOOTS"), "{text}");
    assert!(text.contains("memory test") && text.contains("nothing") && text.contains("own disk"), "{text}");
    assert!(!screen(&showing_at(few(), (120, 24))).contains("BOOTS"), "no network is served");
}
