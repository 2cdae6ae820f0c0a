//! One laptop: first what to do, then everything its capture said.

use std::time::Duration;

use crossterm::event::KeyCode;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};
use whiteglove_core::{
    api::Order,
    clock::{Moment, short_age},
    control::{Command, Row, Sheet, StageName},
    device::{DeviceId, HoldReason, Signal, Stage},
    order::{Expected, LineState},
    readiness::Verdict,
};

use super::{
    Screen, ask,
    ask::Ask,
    board, choose,
    form::{self, Subject},
    hash, help, network, problems, registration, why,
};
use crate::{
    keymap::{Binding, bind},
    model::{Model, is_silent, is_wrong},
    theme::Tone,
    view,
    widget::{dialog, scroll, scroll::Move},
};

mod sections;
use sections::Around;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Detail {
    pub(crate) device: DeviceId,
    top: usize,
    /// The next scan is the label of this laptop.
    checking: bool,
}

impl Detail {
    fn new(device: DeviceId) -> Self {
        Self { device, top: 0, checking: false }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Scroll(Move),
    Neighbour(Move),
    CheckLabel,
    Release,
    SameLaptop,
    Probe,
    Register,
    DropRegistration,
    Override,
    Order(Order),
    Boot,
    Network,
    Why,
    Problems,
    Hide,
    Hash,
    Help,
    Back,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Action::Back, "back", "Back to the board"),
    bind(
        &[KeyCode::Char('c')],
        Action::CheckLabel,
        "check label",
        "Compare the label: the next scan is the label of this laptop",
    ),
    bind(
        &[KeyCode::Char('f')],
        Action::Hash,
        "hash",
        "The hardware hash, field by field; ours beside the one Windows made",
    ),
    bind(&[KeyCode::Char('r')], Action::Release, "", "End a hold: you compared the label and it is right"),
    bind(&[KeyCode::Char('p')], Action::Order(Order::PowerOff), "power off", "Switch the laptop off, after a question"),
    bind(&[KeyCode::Char('n')], Action::Boot, "boots", "Choose what it boots from the network"),
    bind(&[KeyCode::Char('w')], Action::Why, "why", "Why it did not boot from the network, step by step"),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
    bind(
        &[KeyCode::Char('b')],
        Action::SameLaptop,
        "",
        "A held laptop: it is the same one as before, with a new board; after a question",
    ),
    bind(
        &[KeyCode::Char('t')],
        Action::Order(Order::SetClock),
        "",
        "Set the laptop's clock from this bench's, after a question",
    ),
    bind(
        &[KeyCode::Char('g')],
        Action::Probe,
        "",
        "Note what the registration service says: free, ours, or locked by another company",
    ),
    bind(
        &[KeyCode::Char('d')],
        Action::Order(Order::BootNext),
        "",
        "Restart the laptop into its next boot entry, after a question",
    ),
    bind(&[KeyCode::Char('i')], Action::Register, "", "Register this laptop, after a question"),
    bind(&[KeyCode::Char('u')], Action::DropRegistration, "", "Do not register it after all, while it is not sent"),
    bind(
        &[KeyCode::Char('o')],
        Action::Override,
        "",
        "Take the responsibility for a condition of \"Safe to boot\" that does not hold, with name and reason",
    ),
    bind(&[KeyCode::Right, KeyCode::Char('l')], Action::Neighbour(Move::Down), "", "The next laptop of the board"),
    bind(&[KeyCode::Left, KeyCode::Char('h')], Action::Neighbour(Move::Up), "", "The previous laptop of the board"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Action::Scroll(Move::Down), "", "Scroll down"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Action::Scroll(Move::Up), "", "Scroll up"),
    bind(&[KeyCode::PageDown, KeyCode::Char(' ')], Action::Scroll(Move::PageDown), "", "A page down"),
    bind(&[KeyCode::PageUp], Action::Scroll(Move::PageUp), "", "A page up"),
    bind(&[KeyCode::Home], Action::Scroll(Move::Top), "", "To the top"),
    bind(&[KeyCode::End], Action::Scroll(Move::Bottom), "", "To the end"),
    bind(
        &[KeyCode::Char('s')],
        Action::Network,
        "",
        "Network boot: where the bench serves, who asks, and who is stuck",
    ),
    bind(&[KeyCode::Char('e')], Action::Problems, "", "What went wrong lately"),
    bind(&[KeyCode::Char('x')], Action::Hide, "", "Seen: hide the error line"),
];

pub(crate) fn open(model: &mut Model, device: DeviceId, out: &mut Vec<Command>) {
    if model.watched.as_ref().is_some_and(|watched| watched.device.id != device) {
        model.watched = None;
    }
    model.screen = Screen::Detail(Detail::new(device));
    out.push(Command::Watch(Some(device)));
}

/// From a screen below this one. The laptop is still watched.
pub(crate) fn back_to(model: &mut Model, device: DeviceId) {
    model.screen = Screen::Detail(Detail::new(device));
}

/// The laptop whose label the scan at hand is, if one was asked for. One scan, then it is over.
pub(crate) fn end_label_check(model: &mut Model) -> Option<DeviceId> {
    let Screen::Detail(detail) = &mut model.screen else { return None };
    std::mem::take(&mut detail.checking).then_some(detail.device)
}

pub(crate) fn act(model: &mut Model, action: Action, now: Moment, out: &mut Vec<Command>) {
    let Screen::Detail(detail) = model.screen else { return };
    let device = detail.device;
    // Scrolling is reading; anything else means that no label is at hand now.
    if !matches!(action, Action::Scroll(_) | Action::CheckLabel)
        && end_label_check(model).is_some()
        && matches!(action, Action::Back)
    {
        return;
    }
    match action {
        Action::Scroll(direction) => {
            let (width, page) = view::body(model.size);
            let len = lines(model, device, width, now).len();
            let top = direction.scroll(detail.top, len, page);
            model.screen = Screen::Detail(Detail { top, ..detail });
        }
        Action::Neighbour(direction) => {
            board::step(model, direction);
            if let Some(next) = model.board.selected.filter(|next| *next != device) {
                open(model, next, out);
            }
        }
        Action::CheckLabel => match stage(model, device) {
            Some(StageName::Replaced) => model.notice = Some("This laptop lives on under another number.".to_owned()),
            _ => model.screen = Screen::Detail(Detail { checking: true, ..detail }),
        },
        Action::SameLaptop => match new_board_of(model, device) {
            Some(other) => ask::open(model, Ask::SameLaptop { device, who: who(model, device), other }),
            None => {
                let words = "This laptop is not held for a number that the bench knows from another board.";
                model.notice = Some(words.to_owned());
            }
        },
        Action::Probe => ask::open(model, Ask::Probe { device, who: who(model, device) }),
        Action::Register => registration::ask_to_register(model, vec![device]),
        Action::DropRegistration => ask::open(model, Ask::DropRegistration { device, who: who(model, device) }),
        Action::Override => {
            let gate = watched(model, device).and_then(|sheet| sheet.gate.as_ref());
            let open = gate.map(Subject::overridable).unwrap_or_default();
            if open.is_empty() {
                let words = "Nothing to override here: what is not registered has to be registered (i).";
                model.notice = Some(words.to_owned());
                return;
            }
            let subject = Subject::Override { device, who: who(model, device), open };
            form::open(model, subject, Screen::Detail(detail));
        }
        Action::Release => match stage(model, device) {
            Some(StageName::Held) => ask::open(model, Ask::Release { device, who: who(model, device) }),
            _ => model.notice = Some("This laptop is not held; there is nothing to release.".to_owned()),
        },
        Action::Order(order) => ask::open(model, Ask::Order { device, who: who(model, device), order }),
        Action::Boot => choose::open_boot(model, [device]),
        Action::Why => why::open(model, device, out),
        Action::Network => {
            model.watched = None;
            out.push(Command::Watch(None));
            network::open(model);
        }
        Action::Problems => problems::open(model, now),
        Action::Hide => model.acknowledge(now),
        Action::Hash => hash::open(model, device),
        Action::Help => help::open(model),
        Action::Back => {
            model.screen = Screen::Board;
            model.watched = None;
            out.push(Command::Watch(None));
        }
    }
}

pub(crate) fn row(model: &Model, device: DeviceId) -> Option<&Row> {
    let rows = model.rows();
    let selected = model.board.selected_row(rows).filter(|row| row.device == device);
    selected.or_else(|| rows.iter().find(|row| row.device == device))
}

pub(crate) fn watched(model: &Model, device: DeviceId) -> Option<&Sheet> {
    model.watched.as_deref().filter(|sheet| sheet.device.id == device)
}

fn stage(model: &Model, device: DeviceId) -> Option<StageName> {
    row(model, device).map(|row| row.stage).or_else(|| watched(model, device).map(|sheet| sheet.device.stage.name()))
}

/// `#7 PF3K9Q`, as on the board.
pub(crate) fn who(model: &Model, device: DeviceId) -> String {
    match row(model, device) {
        Some(row) if !row.serial.is_empty() => format!("#{} {}", device.0, row.serial),
        _ => format!("#{}", device.0),
    }
}

fn lines(model: &Model, device: DeviceId, width: usize, now: Moment) -> Vec<Line<'static>> {
    match watched(model, device) {
        Some(sheet) => {
            let around = Around { expected: expected(model, device), listed: model.order().is_some() };
            sections::all(sheet, &around, width, model.theme, now)
        }
        None => vec![Line::raw(" Fetching what is known of this laptop ...")],
    }
}

/// The line of the order that this laptop stands for.
fn expected(model: &Model, device: DeviceId) -> Option<&Expected> {
    let here = LineState::Here { device };
    model.order()?.lines.iter().find(|line| line.state == here).map(|line| &line.expected)
}

/// The device it may be, with another board.
fn new_board_of(model: &Model, device: DeviceId) -> Option<DeviceId> {
    match &watched(model, device)?.device.stage {
        Stage::Held { reason: reason @ HoldReason::Clash { other, .. }, .. } if reason.may_be_new_board() => {
            Some(*other)
        }
        _ => None,
    }
}

fn next(model: &Model, detail: &Detail, now: Moment) -> String {
    let device = detail.device;
    if detail.checking {
        return "Scan the label of this laptop now: its serial number, or the product key id on its box. Esc: not now."
            .to_owned();
    }
    let Some(row) = row(model, device) else {
        return "This laptop is no longer on the board. Esc: back.".to_owned();
    };
    let sheet = watched(model, device);
    let verdict = sheet.map_or(row.verdict, |sheet| sheet.readiness.verdict);
    let labelled = sheet.is_none_or(|sheet| sheet.device.label.is_some());
    let step = match (row.stage, verdict) {
        (StageName::Replaced, _) => "Nothing to do here: this laptop lives on under another number.",
        (StageName::Held, _) if new_board_of(model, device).is_some() => {
            "Compare the label with this screen. Same laptop, new board: b. Two laptops, both labels right: r. Else: \
             call the supervisor."
        }
        (StageName::Held, _) => "Do what stands after \"next\". Only then release it: r.",
        _ if is_wrong(&row.matching) => "Do what stands after \"next\". c: scan its label again.",
        _ if model.stuck(row).is_some() => "w: see why it did not boot from the network, and what to do.",
        (_, Verdict::NotReady) => "Do what stands after \"next\", then boot this laptop from the stick again.",
        (StageName::Cleared, _) => "Safe to boot: start it, and at the first page of setup press Windows x5.",
        _ if row.refused => "It was refused: do what stands after \"next\". Then i: register it again.",
        (StageName::Registered, _) => "Do not start it yet: what is missing stands under \"Safe to boot\".",
        (StageName::Captured, _) if !labelled => "c: scan its label. Then p: switch it off, stick to the next laptop.",
        (StageName::Captured, Verdict::ReadyWithWarnings) => {
            "Captured. Do what stands after \"next\" if you can. Then p: switch it off."
        }
        (StageName::Captured, _) => "Ready. p: switch it off, take the stick to the next laptop.",
        (StageName::Arrived, _) if is_silent(row, now) => "Go to this laptop and do what its own screen says.",
        (StageName::Arrived, _) if row.signal == Signal::Network => {
            "Wait until it has booted. w: see how far it is on the network."
        }
        (StageName::Arrived, _) if row.signal != Signal::Agent => "Boot this laptop from a stick.",
        (StageName::Arrived, _) => "Wait: it is being read. This page fills by itself.",
    };
    step.to_owned()
}

pub(crate) fn draw(model: &Model, detail: &Detail, area: Rect, buf: &mut Buffer, now: Moment) {
    let device = detail.device;
    let right = row(model, device).map_or_else(String::new, |row| {
        let (glyph, _) = model.theme.stage(row.stage);
        let age = short_age(now.since(row.last));
        format!("{glyph} {}   by {}, {age} ago ", row.stage.word(), row.signal.word())
    });
    let chrome =
        view::Chrome { title: format!("Laptop {}", who(model, device)), right, next: next(model, detail, now) };
    let body = chrome.draw(model, KEYS, area, buf, now);
    let lines = lines(model, device, usize::from(body.width), now);
    scroll::paint(&lines, detail.top, body, buf, model.theme);
    if detail.checking {
        let strong = model.theme.style(Tone::Strong);
        let words = [
            Line::from(Span::styled(format!("Scan the label of {} now.", who(model, device)), strong)),
            Line::default(),
            Line::raw("The serial number under the laptop, or the code on its box."),
            Line::raw("Esc: not now."),
        ];
        dialog::draw("Check label", &words, 64, model.theme.style(Tone::Key), area, buf, model.theme);
    }
}

/// The youngest age on the page.
pub(crate) fn youngest(model: &Model, now: Moment) -> Option<Duration> {
    let Screen::Detail(detail) = model.screen.base() else { return None };
    let device = watched(model, detail.device);
    let newest = device.and_then(|sheet| sheet.device.history.last()).map(|(at, ..)| *at);
    let last = row(model, detail.device).map(|row| row.last);
    newest.into_iter().chain(last).map(|at| now.since(at)).min()
}
