//! Canned benches, key presses and screens as text: for the tests here and in the root, and for the
//! example that shows the board without a bench.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use whiteglove_core::{
    clock::Moment,
    control::{Command, Image, Job, Progress, Row, ScanAnswer, Snapshot, StageName, Tone, Update},
    device::{DeviceId, Signal},
    disk::{Bus, Disk},
    netboot::{Decision, Program, Reason},
    order::{Expected, LineState, Match, OrderRow, OrderStatus},
    problem::Problem,
    readiness::{Severity, Verdict},
};

use crate::{Model, Msg, Theme, export, update};

mod hash;
mod laptop;
mod network;
mod registration;
mod settings;
pub use hash::{
    agreeing_hashes, differing_hashes, hash_not_made, hashes_of_two, hashes_saying, lacking_hash, linux_hash, no_hash,
    windows_hash, winpe_hash,
};
pub use laptop::{
    by_label, changed_board, from_file, held, hello, no_tpm, ready, replaced, warned, wrong_customer, wrong_machine,
};
pub use network::{
    booted, failed_port, in_trouble, network, no_cable, on_network, port, refused, rival, story_of, unseen,
};

pub use registration::{not_cleared, registering};
pub use settings::{locked, of_customers};

/// The canned benches' now: 2026-11-22 12:00:00 UTC.
pub const NOON: Moment = Moment::from_millis(1_795_348_800_000);

pub const MONOCHROME: Theme = Theme { colour: false, ascii: false };

/// A moment this long before noon.
pub fn ago(seconds: u64) -> Moment {
    Moment::from_millis(NOON.millis().saturating_sub(seconds * 1_000))
}

/// A laptop that was captured `seconds` ago and is ready.
pub fn row(number: u64, serial: &str, model: &str, seconds: u64) -> Row {
    Row {
        registration: None,
        refused: false,
        device: DeviceId(number),
        stage: StageName::Captured,
        serial: serial.to_owned(),
        model: model.to_owned(),
        signal: Signal::Agent,
        last: ago(seconds),
        arrived: ago(seconds + 40),
        simulated: false,
        worst: None,
        verdict: Verdict::Ready,
        matching: Match::Unchecked,
        attention: None,
        boot: (Decision::LocalDisk, Reason::Captured),
    }
}

/// One that has only said hello.
pub fn arrived(number: u64, serial: &str, model: &str, seconds: u64) -> Row {
    let unread = row(number, serial, model, seconds);
    let boot = (Decision::Boot(Program::QuickScan), Reason::Batch);
    Row { stage: StageName::Arrived, arrived: ago(seconds), verdict: Verdict::Unknown, boot, ..unread }
}

/// One that somebody has to look at before anything else.
pub fn stopped(reason: &str, row: Row) -> Row {
    Row { worst: Some(Severity::Stop), verdict: Verdict::NotReady, attention: Some(reason.to_owned()), ..row }
}

pub fn snapshot_with(rows: impl IntoIterator<Item = Row>) -> Snapshot {
    Snapshot {
        at: NOON,
        bench: "bench-1".to_owned(),
        batch: "ACME-07".to_owned(),
        endpoints: vec!["http://192.168.77.1:8780".to_owned()],
        rows: Arc::new(rows.into_iter().collect()),
        media_folder: PathBuf::from("/var/lib/whiteglove/media"),
        ..Snapshot::default()
    }
}

/// One of everything that the board can show.
pub fn few() -> Snapshot {
    snapshot_with([
        row(3, "PF3K9Q2R", "ThinkPad X1 Carbon Gen 11 (21HMCTO1WW)", 2_460),
        Row {
            stage: StageName::Held,
            verdict: Verdict::NotReady,
            attention: Some("same serial as #3".to_owned()),
            ..row(5, "PF3K9Q2R", "ThinkPad X1 Carbon Gen 11 (21HMCTO1WW)", 1_980)
        },
        stopped("No TPM 2.0", row(8, "5CG1284XYZ", "HP EliteBook 840 G10", 1_500)),
        Row {
            worst: Some(Severity::Warning),
            verdict: Verdict::ReadyWithWarnings,
            attention: Some("Secure Boot is off".to_owned()),
            signal: Signal::Stick,
            ..row(9, "8GQ7T14", "Latitude 7440", 780)
        },
        arrived(12, "8GQ7T20", "Latitude 7440", 600),
        Row { worst: Some(Severity::Note), ..row(14, "PF4A01BC", "ThinkPad T14 Gen 4 (21HDCTO1WW)", 95) },
        arrived(15, "PF4A01BD", "ThinkPad T14 Gen 4 (21HDCTO1WW)", 8),
    ])
}

/// Label, machine and order in every way they can stand to each other, and one laptop that was replaced.
pub fn compared() -> Snapshot {
    let x1 = "ThinkPad X1 Carbon Gen 11 (21HMCTO1WW)";
    let matching = |matching, row| Row { matching, ..row };
    let held = |matching, reason: &str, row| Row { stage: StageName::Held, matching, ..stopped(reason, row) };
    let label = "PF3K9Q9Z".to_owned();
    let (customer, batch) = ("Fabrikam".to_owned(), "FAB-02".to_owned());
    let unlisted = |row, matching: Match| {
        let what = matching.problem().map_or_else(String::new, |problem| problem.what);
        stopped(&what, Row { matching, ..row })
    };
    let elsewhere = Match::OtherBatch { batch: "ACME-06".to_owned() };
    let rows = [
        matching(Match::Matched, row(1, "PF3K9Q31", x1, 2_460)),
        Row {
            stage: StageName::Replaced,
            verdict: Verdict::Unknown,
            attention: Some("lives on as #11".to_owned()),
            ..row(2, "PF3K9Q40", x1, 2_400)
        },
        Row {
            matching: Match::Matched,
            worst: Some(Severity::Warning),
            verdict: Verdict::ReadyWithWarnings,
            attention: Some("Secure Boot is off".to_owned()),
            ..row(3, "PF3K9Q2R", x1, 2_300)
        },
        unlisted(row(4, "5CG1284XYZ", "HP EliteBook 840 G10", 2_200), Match::NotExpected),
        held(Match::WrongMachine { label }, "WRONG MACHINE: label says PF3K9Q9Z", row(5, "PF3K9Q3X", x1, 2_100)),
        held(
            Match::WrongCustomer { customer, batch },
            "WRONG CUSTOMER: belongs to Fabrikam",
            row(6, "8GQ7T14", "Latitude 7440", 2_000),
        ),
        unlisted(row(7, "8GQ7T20", "Latitude 7440", 1_900), elsewhere),
        unlisted(row(8, "PF3K9Q2R", x1, 1_800), Match::Duplicate { other: DeviceId(3) }),
        matching(Match::Expected, row(9, "012345678901", "Surface Laptop 6 for Business", 700)),
        Row { signal: Signal::Scan, matching: Match::Expected, ..arrived(10, "PF3K9Q77", "", 500) },
        Row {
            matching: Match::Expected,
            ..held(Match::Unchecked, "MOTHERBOARD CHANGED since #2", row(11, "PF3K9Q40", x1, 90))
        },
    ];
    Snapshot { order: Some(Arc::new(ordered(12, &[(0, 3), (1, 1), (2, 9), (3, 10), (4, 11)]))), ..snapshot_with(rows) }
}

/// An order of so many lines; of the given ones the laptop is here.
pub fn ordered(lines: usize, here: &[(usize, u64)]) -> OrderStatus {
    let serials = ["PF3K9Q2R", "PF3K9Q31", "012345678901", "PF3K9Q77", "PF3K9Q40"];
    let row = |n: usize| OrderRow {
        expected: Expected {
            serial: serials.get(n).map_or_else(|| format!("PF3K{n:04}"), |serial| (*serial).to_owned()).try_into().ok(),
            product_key_id: None,
            manufacturer: "Lenovo".to_owned(),
            model: if n == 2 { "Surface Laptop 6" } else { "ThinkPad X1 Carbon Gen 11" }.to_owned(),
            asset_tag: format!("ACME-{:04}", 4_711 + n),
        },
        state: match here.iter().find(|(line, _)| *line == n) {
            Some((_, device)) => LineState::Here { device: DeviceId(*device) },
            None => LineState::Missing,
        },
    };
    OrderStatus { customer: Some("Contoso Ltd".to_owned()), lines: (0..lines).map(row).collect() }
}

/// What the bench says to a scan of a laptop.
pub fn said(tone: Tone, title: &str, shown: &str, device: Option<u64>, text: &str) -> ScanAnswer {
    ScanAnswer {
        shown: shown.to_owned(),
        device: device.map(DeviceId),
        others: 0,
        tone,
        title: title.to_owned(),
        text: text.to_owned(),
    }
}

/// As many captured laptops as asked for.
pub fn many(count: u64) -> Snapshot {
    let models = ["ThinkPad T14 Gen 4 (21HDCTO1WW)", "Latitude 7440", "HP EliteBook 840 G10"];
    snapshot_with((1..=count).map(|n| {
        let model = models.iter().cycle().nth(usize::try_from(n % 3).unwrap_or(0)).copied().unwrap_or_default();
        let serial = format!("PF{n:06X}");
        if n % 17 == 0 { arrived(n, &serial, model, n % 240) } else { row(n, &serial, model, (count - n) * 20) }
    }))
}

pub fn image(name: &str, seconds: u64) -> Image {
    Image { name: name.to_owned(), bytes: 1_153_433_600, made: ago(seconds) }
}

pub fn stick() -> Disk {
    Disk {
        path: PathBuf::from("/dev/sdb"),
        number: (8, 16),
        size_bytes: 15_376_318_464,
        sector_size: 512,
        vendor: "SanDisk".to_owned(),
        model: "Ultra".to_owned(),
        serial: "4C530001220714".to_owned(),
        bus: Bus::Usb,
        removable: true,
        read_only: false,
        diskseq: Some(12),
        mounted: vec![],
        holders: vec![],
        is_system: false,
    }
}

/// The disk this computer runs from.
pub fn system_disk() -> Disk {
    Disk {
        path: PathBuf::from("/dev/nvme0n1"),
        number: (259, 0),
        size_bytes: 512_110_190_592,
        vendor: String::new(),
        model: "Samsung SSD 980 PRO 500GB".to_owned(),
        serial: "S5GYNX0R400000".to_owned(),
        bus: Bus::Nvme,
        removable: false,
        diskseq: Some(1),
        mounted: vec!["/".to_owned(), "/boot/efi".to_owned()],
        is_system: true,
        ..stick()
    }
}

pub fn writing(done: u64, seconds: u64) -> Job {
    Job {
        title: "Writing ACME-07.img to Ultra".to_owned(),
        started: ago(seconds),
        progress: Progress { task: "writing".to_owned(), done, total: 1_153_433_600 },
        outcome: None,
    }
}

pub fn port_in_use() -> Problem {
    Problem::new(
        "port 8780 is in use",
        "Another program on this computer listens there; perhaps a second whiteglove.",
        "Close the other program, or set another port under \"listen\" in the configuration, and start again.",
    )
}

/// A board of 80x24 that has this snapshot.
pub fn showing(snapshot: Snapshot) -> Model {
    showing_at(snapshot, (80, 24))
}

pub fn showing_at(snapshot: Snapshot, size: (u16, u16)) -> Model {
    let mut model = Model::new(MONOCHROME, size);
    feed(&mut model, Update::Snapshot(Arc::new(snapshot)));
    model
}

pub fn feed(model: &mut Model, news: Update) {
    update(model, Msg::Update(news), NOON);
}

/// Presses keys by name, separated by blanks, as slowly as a person: `down enter m b esc`.
/// `'text` types a text letter by letter.
///
/// # Panics
/// On a name that is no key: the test is wrong.
pub fn press(model: &mut Model, keys: &str) -> Vec<Command> {
    let mut commands = vec![];
    let mut now = NOON;
    let mut push = |model: &mut Model, code: KeyCode, modifiers| {
        commands.extend(update(model, Msg::Key(KeyEvent::new(code, modifiers)), now));
        now = now.after(Duration::from_millis(200));
        commands.extend(update(model, Msg::Tick, now));
    };
    for name in keys.split_whitespace() {
        let code = match name {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "pgdn" => KeyCode::PageDown,
            "pgup" => KeyCode::PageUp,
            "backspace" => KeyCode::Backspace,
            "tab" => KeyCode::Tab,
            "f1" => KeyCode::F(1),
            "f10" => KeyCode::F(10),
            "space" => KeyCode::Char(' '),
            "ctrl-c" => {
                push(model, KeyCode::Char('c'), KeyModifiers::CONTROL);
                continue;
            }
            text if text.len() > 1 && text.starts_with('\'') => {
                text[1..].chars().for_each(|c| push(model, KeyCode::Char(c), KeyModifiers::NONE));
                continue;
            }
            single if single.chars().count() == 1 => KeyCode::Char(single.chars().next().unwrap_or(' ')),
            other => panic_on(other),
        };
        push(model, code, KeyModifiers::NONE);
    }
    commands
}

#[expect(clippy::panic, reason = "only tests call this, and this test is wrong")]
fn panic_on(name: &str) -> ! {
    panic!("no key is called {name:?}")
}

/// What a scanner does: quick letters, then Enter.
pub fn scan(model: &mut Model, code: &str) -> Vec<Command> {
    let letters = code.chars().map(KeyCode::Char).chain([KeyCode::Enter]);
    let mut now = NOON;
    let mut commands = vec![];
    for code in letters {
        commands.extend(update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)), now));
        now = now.after(Duration::from_millis(8));
    }
    commands.extend(update(model, Msg::Tick, now.after(Duration::from_millis(40))));
    commands
}

/// The screen at noon, in the size the model believes in.
pub fn screen(model: &Model) -> String {
    export::render_to_string(model, model.size.0, model.size.1, NOON)
}
