//! Whatever is pressed, sent or resized, nothing panics, and nothing dangerous is asked for unless a
//! person did what it takes.

use std::{sync::Arc, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use whiteglove_core::{
    control::{Command, Snapshot, Tone, Update},
    device::DeviceId,
    disk::Disk,
    problem::Problem,
};

use crate::{
    Model, Msg, render_to_string, render_to_svg,
    testing::{self, MONOCHROME, NOON, few, image, many, snapshot_with, stick, system_disk, writing},
    update, view,
};

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48)
}

fn key() -> impl Strategy<Value = Msg> {
    let code = prop_oneof![
        4 => proptest::sample::select("?/amexqrpnyjkhlbwdicotfgv #3UltraPF".chars().collect::<Vec<_>>()).prop_map(KeyCode::Char),
        1 => any::<char>().prop_map(KeyCode::Char),
        4 => proptest::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Up, KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::Home,
            KeyCode::End, KeyCode::PageUp, KeyCode::PageDown, KeyCode::Backspace, KeyCode::F(1), KeyCode::Tab,
        ]),
    ];
    code.prop_map(|code| Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
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
        Just(Update::Snapshot(Arc::new(testing::compared()))),
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
        update(&mut model, Msg::Update(Update::Snapshot(Arc::new(few()))), now);
        for (message, wait) in messages {
            now = now.after(Duration::from_millis(wait));
            for command in update(&mut model, message, now) {
                if let Command::WriteMedia { disk, typed, .. } = command {
                    assert_eq!(typed.trim().to_lowercase(), disk.name().to_lowercase());
                    assert_eq!(disk, stick());
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
        let mut model = testing::showing(Snapshot { images: vec![image("ACME-07.img", 5)], ..few() });
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
        let hostile = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
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
        assert!(!text.chars().any(|c| c != '\n' && hostile(c)), "{text:?}");
        testing::feed(&mut model, Update::Disks(vec![Disk { vendor: name.clone(), model: name.clone(), serial: name, ..stick() }]));
        for keys in ["down", "enter", "esc m", "w", "esc esc e"] {
            testing::press(&mut model, keys);
            let text = testing::screen(&model);
            assert!(!text.chars().any(|c| c != '\n' && hostile(c)), "{text:?}");
            assert_eq!(text.lines().count(), 24);
        }
    }
}
