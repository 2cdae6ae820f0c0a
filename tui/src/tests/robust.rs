//! Whatever is pressed, sent or resized, nothing panics, and nothing dangerous is asked for unless a
//! person did what it takes.

use std::{sync::Arc, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use whiteglove_core::{
    clock::Moment,
    control::{Command, Snapshot, Tone, Update},
    device::DeviceId,
    dhcp::netboot::{Architecture, Protocol},
    disk::Disk,
    netboot::{Carrier, ClientView, Mode, NetworkView, PortView, RivalView, Seen, TransferView},
    problem::Problem,
};

use crate::{
    Model, Msg, render_to_string, render_to_svg,
    testing::{self, MONOCHROME, NOON, few, image, many, on_network, snapshot_with, stick, system_disk, writing},
    update, view,
};

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48)
}

fn key() -> impl Strategy<Value = Msg> {
    let code = prop_oneof![
        4 => proptest::sample::select("?/amexqrpnyjkhlbwdicotfgvs #3UltraPF".chars().collect::<Vec<_>>()).prop_map(KeyCode::Char),
        1 => any::<char>().prop_map(KeyCode::Char),
        4 => proptest::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Up, KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::Home,
            KeyCode::End, KeyCode::PageUp, KeyCode::PageDown, KeyCode::Backspace, KeyCode::F(1), KeyCode::Tab,
        ]),
    ];
    code.prop_map(|code| Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

/// Whatever a system calls its interfaces and rivals name, in any number and of any size.
fn network() -> impl Strategy<Value = NetworkView> {
    let number = prop_oneof![0..9_u64, any::<u64>()];
    (".{0,40}", proptest::collection::vec((number, 0_u64..20), 0..30), any::<bool>()).prop_map(
        |(text, all, trouble)| {
            let canned = if trouble { testing::in_trouble() } else { testing::network() };
            let mut network = NetworkView::default();
            for (n, (number, device)) in all.into_iter().enumerate() {
                let name = format!("{text}{n}");
                let ports = canned.ports.get(n % 5).map(|port| PortView {
                    interface: name.clone(),
                    asked: number,
                    answered: number,
                    leases: n * 1_000_000,
                    ..port.clone()
                });
                let clients = canned.clients.get(n % 4).map(|client| ClientView {
                    device: Some(DeviceId(device)),
                    port: name.clone(),
                    mac: if number % 3 == 0 { None } else { client.mac },
                    answer: text.clone(),
                    headline: text.clone(),
                    last: Moment::from_millis(number),
                    ..client.clone()
                });
                let transfers = testing::network().transfers.into_iter().map(|transfer| TransferView {
                    name: name.clone(),
                    done: number,
                    size: device,
                    rate: number,
                    ..transfer
                });
                let rivals = canned.rivals.iter().map(|rival| RivalView {
                    port: name.clone(),
                    file: Some(text.clone()),
                    answers: number,
                    ..rival.clone()
                });
                network.ports.extend(ports);
                network.clients.extend(clients);
                network.transfers.extend(transfers.take(n % 2));
                network.rivals.extend(rivals.take(n % 3 / 2));
            }
            network
        },
    )
}

fn news() -> impl Strategy<Value = Msg> {
    let images = Snapshot { images: vec![image("ACME-07.img", 5), image("B.img", 9)], ..few() };
    let update = prop_oneof![
        Just(Update::Snapshot(Arc::new(snapshot_with([])))),
        Just(Update::Snapshot(Arc::new(images))),
        Just(Update::Snapshot(Arc::new(many(40)))),
        any::<u64>().prop_map(|done| Update::Snapshot(Arc::new(Snapshot { job: Some(writing(done, 3)), ..few() }))),
        Just(Update::Watched(None)),
        Just(Update::Watched(Some(Arc::new(testing::no_tpm())))),
        Just(Update::Watched(Some(Arc::new(testing::held())))),
        Just(Update::Watched(Some(Arc::new(testing::warned())))),
        Just(Update::Watched(Some(Arc::new(testing::by_label())))),
        Just(Update::Watched(Some(Arc::new(testing::refused())))),
        Just(Update::Watched(Some(Arc::new(testing::booted())))),
        Just(Update::Snapshot(Arc::new(testing::compared()))),
        Just(Update::Snapshot(Arc::new(on_network(testing::network())))),
        Just(Update::Snapshot(Arc::new(on_network(testing::in_trouble())))),
        network().prop_map(|network| Update::Snapshot(Arc::new(on_network(network)))),
        (".*", ".*", 0_u64..20).prop_map(|(title, text, id)| {
            let tone = if id % 2 == 0 { Tone::Good } else { Tone::Wrong };
            Update::Scanned(Box::new(testing::said(tone, &title, &text, Some(id), &text)))
        }),
        Just(Update::Disks(vec![])),
        Just(Update::Disks(vec![system_disk(), stick()])),
        ".*".prop_map(|text| Update::Problem(Problem::new(text.clone(), text.clone(), text))),
        ".*".prop_map(Update::Done),
    ];
    update.prop_map(Msg::Update)
}

fn message() -> impl Strategy<Value = Msg> {
    prop_oneof![
        12 => key(),
        2 => news(),
        1 => ".*".prop_map(Msg::Paste),
        1 => (1_u16..=200, 1_u16..=60).prop_map(|(width, height)| Msg::Resize { width, height }),
        2 => Just(Msg::Tick),
    ]
}

proptest! {
    // Many messages make up one case; PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn no_keys_panic_at_any_size(
        messages in proptest::collection::vec((message(), 0_u64..60), 0..60),
        size in (1_u16..=200, 1_u16..=60),
    ) {
        let mut model = Model::new(MONOCHROME, size);
        let mut now = NOON;
        let mut said_yes = false;
        update(&mut model, Msg::Update(Update::Snapshot(Arc::new(few()))), now);
        for (message, wait) in messages {
            now = now.after(Duration::from_millis(wait));
            // Held back for a moment, as every letter is.
            said_yes |= matches!(&message, Msg::Key(key) if key.code == KeyCode::Char('y') || key.code == KeyCode::Char('Y'));
            for command in update(&mut model, message, now) {
                match command {
                    Command::WriteMedia { disk, typed, .. } => {
                        assert_eq!(typed.trim().to_lowercase(), disk.name().to_lowercase());
                        assert_eq!(disk, stick());
                    }
                    Command::SetNetwork { mode: Mode::Own, .. } => assert!(said_yes),
                    Command::ChooseBoot { devices, .. } => assert!(!devices.is_empty()),
                    _ => {}
                }
            }
            render_to_string(&model, model.size.0, model.size.1, now);
            // Also on a terminal that has just changed its size.
            render_to_string(&model, size.0, size.1, now);
        }
        // A tick at the right moment is never asked for again at once.
        let mut due = now;
        for _ in 0..5 {
            let Some(wake) = view::wake(&model, due) else { break };
            due = due.max(wake);
            update(&mut model, Msg::Tick, due);
            if let Some(next) = view::wake(&model, due) {
                assert!(next > due);
            }
        }
        render_to_svg(&model, size.0, size.1, now);
    }

    #[test]
    fn a_scan_asks_for_nothing(
        keys in proptest::collection::vec(key(), 0..12),
        code in "[A-Za-z0-9]{4,24}",
    ) {
        let images = vec![image("ACME-07.img", 5)];
        let mut model = testing::showing(Snapshot { images, ..on_network(testing::in_trouble()) });
        testing::feed(&mut model, Update::Disks(vec![stick(), system_disk()]));
        let mut now = NOON;
        for key in keys {
            now = now.after(Duration::from_millis(300));
            update(&mut model, key, now);
            update(&mut model, Msg::Tick, now.after(Duration::from_millis(100)));
        }
        now = now.after(Duration::from_secs(1));
        // Key repeat is let through, so a code that starts like one is not for this test.
        let repeats = code.as_bytes().windows(3).any(|three| three.iter().all(|byte| *byte == three[0]));
        if !repeats && model.exit.is_none() {
            let before = format!("{:?}", model.exit);
            let codes = code.chars().map(KeyCode::Char).chain([KeyCode::Enter]);
            for code in codes {
                now = now.after(Duration::from_millis(6));
                for command in update(&mut model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)), now) {
                    assert!(matches!(command, Command::Scan { .. }), "{command:?}");
                }
            }
            assert_eq!(format!("{:?}", model.exit), before);
        }
    }

    #[test]
    fn what_a_laptop_calls_itself_is_only_text(name in ".{0,80}") {
        let row = testing::row(1, &name, &format!("{name}\u{202e}\u{1b}[2J\u{7}"), 5);
        let mut model = testing::showing(Snapshot { bench: name.clone(), batch: name.clone(), ..snapshot_with([row]) });
        let mut sheet = testing::ready();
        sheet.device.id = DeviceId(1);
        sheet.device.identity.model = format!("{name}\u{2067}\n{name}");
        sheet.device.group_tag.clone_from(&name);
        testing::feed(&mut model, Update::Watched(Some(Arc::new(sheet))));
        let answer = testing::said(Tone::Wrong, &name, &name, None, &name);
        testing::feed(&mut model, Update::Scanned(Box::new(answer)));
        let text = testing::screen(&model);
        assert!(!text.chars().any(|c| c != '\n' && is_hostile(c)), "{text:?}");
        testing::feed(&mut model, Update::Disks(vec![Disk { vendor: name.clone(), model: name.clone(), serial: name, ..stick() }]));
        for keys in ["down", "enter", "esc m", "w", "esc esc e"] {
            testing::press(&mut model, keys);
            let text = testing::screen(&model);
            assert!(!text.chars().any(|c| c != '\n' && is_hostile(c)), "{text:?}");
            assert_eq!(text.lines().count(), 24);
        }
    }

    #[test]
    fn what_comes_over_the_wire_is_only_text(name in ".{0,80}", size in (80_u16..=130, 24_u16..=40)) {
        let name = format!("{name}\u{202e}\u{1b}[2J\u{7}\n{name}");
        let mut network = testing::in_trouble();
        let canned = testing::network();
        network.ports.extend(canned.ports);
        network.transfers = canned.transfers;
        for port in &mut network.ports {
            port.interface.clone_from(&name);
        }
        for rival in &mut network.rivals {
            rival.file = Some(name.clone());
        }
        for transfer in &mut network.transfers {
            transfer.name.clone_from(&name);
        }
        for client in &mut network.clients {
            (client.answer, client.headline, client.port) = (name.clone(), name.clone(), name.clone());
        }
        let by = Carrier::Tftp;
        let seen = vec![
            (9_000, Seen::Asked { architecture: Architecture::Bios, protocol: Protocol::Pxe, boot_server: false, relay: None }),
            (8_000, Seen::Rival { server: [10, 0, 0, 1].into(), address: None, file: Some(name.clone()), wins: true }),
            (7_000, Seen::NotThere { name: name.clone(), by }),
            (6_000, Seen::Broken { name: name.clone(), had: 1, size: 2, how: name, by }),
        ];
        let sheet = testing::story_of(testing::hello(), &network.ports, seen);
        let number = sheet.device.id.0;
        let mut model = testing::showing_at(on_network(network), size);
        testing::press(&mut model, &format!("/ '#{number} enter"));
        testing::feed(&mut model, Update::Watched(Some(Arc::new(sheet))));
        for keys in ["esc", "w", "end", "n", "esc esc s", "m", "esc down", "down", "down", "down", "down", "end"] {
            testing::press(&mut model, keys);
            let text = testing::screen(&model);
            assert!(!text.chars().any(|c| c != '\n' && is_hostile(c)), "{text:?}");
            assert_eq!(text.lines().count(), usize::from(size.1));
        }
    }
}

fn is_hostile(c: char) -> bool {
    c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)
}

/// Found by the test above: a column of the match had no room at all.
#[test]
fn a_page_in_a_sliver_of_a_window_is_scrolled() {
    for width in 1..40 {
        let sheet = testing::wrong_machine();
        let row = whiteglove_core::control::Row { device: sheet.device.id, ..few().rows[0].clone() };
        let mut model = testing::showing_at(snapshot_with([row]), (width, 12));
        testing::press(&mut model, "enter");
        testing::feed(&mut model, Update::Watched(Some(Arc::new(sheet))));
        testing::press(&mut model, "down end");
        assert_eq!(testing::screen(&model).lines().count(), 12);
    }
}
