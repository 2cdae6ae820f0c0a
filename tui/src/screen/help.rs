//! Help, made from the key tables and from what the board's words mean.

use crossterm::event::KeyCode;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};
use whiteglove_core::{
    clock::Moment,
    control::{Settings, StageName, Tone as Sound},
    device::{DeviceId, Signal},
    netboot::{Mode, Standing},
    order::Match,
    readiness::{Severity, Verdict},
};

use super::{
    Screen, ask, batches, bench, board, board::short_match, choose, detail, form, hash, lint, lists, media, network,
    order, pages, problems, registration, why,
};
use crate::{
    answer,
    keymap::{self, Binding, bind},
    model::Model,
    theme::{Theme, Tone},
    view,
    widget::{scroll, scroll::Move, text},
};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Scroll(Move),
    Back,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(
        &[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Char('?'), KeyCode::F(1)],
        Action::Back,
        "close help",
        "Close the help",
    ),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Action::Scroll(Move::Down), "scroll", "Scroll down"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Action::Scroll(Move::Up), "", "Scroll up"),
    bind(&[KeyCode::PageDown, KeyCode::Char(' ')], Action::Scroll(Move::PageDown), "page down", "A page down"),
    bind(&[KeyCode::PageUp], Action::Scroll(Move::PageUp), "", "A page up"),
    bind(&[KeyCode::Home], Action::Scroll(Move::Top), "", "To the top"),
    bind(&[KeyCode::End], Action::Scroll(Move::Bottom), "", "To the end"),
];

pub(crate) fn open(model: &mut Model) {
    let back = Box::new(std::mem::replace(&mut model.screen, Screen::Board));
    model.screen = Screen::Help { top: 0, back };
}

pub(crate) fn act(model: &mut Model, action: Action) {
    let (width, page) = view::body(model.size);
    let Screen::Help { top, back } = &mut model.screen else { return };
    match action {
        Action::Scroll(direction) => *top = direction.scroll(*top, lines(back, width, model.theme).len(), page),
        Action::Back => model.screen = std::mem::replace(back, Screen::Board),
    }
}

const BENCH: &str = "Bench mode";
const LISTS: &str = "Lists for the portals";
const BATCHES: &str = "Batches";
const CUSTOMERS: &str = "Customers";
const LINT: &str = "The check of a tenant";
const REGISTRATION: &str = "Registration";
const FORM: &str = "A form";
const ORDER: &str = "The order";
const HASH: &str = "The hardware hash";
const NETWORK: &str = "The network";
const WHY: &str = "Why it did not boot";
const CHOOSE: &str = "Choosing what to boot, or a mode";

/// The section of the screen that was open comes first.
fn lines(open: &Screen, width: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut sections = vec![
        ("Board", keymap::help(board::KEYS)),
        ("Find", keymap::help(board::FIND_KEYS)),
        ("One laptop", keymap::help(detail::KEYS)),
        ("Sticks", keymap::help(media::KEYS)),
        (LISTS, keymap::help(lists::KEYS)),
        (BATCHES, keymap::help(batches::KEYS)),
        (CUSTOMERS, keymap::help(batches::CUSTOMER_KEYS)),
        (REGISTRATION, keymap::help(registration::KEYS)),
        (LINT, keymap::help(lint::KEYS)),
        ("Registering", keymap::help(ask::REGISTER_KEYS)),
        (FORM, keymap::help(form::KEYS)),
        ("A form that changes something", keymap::help(form::REVIEW_KEYS)),
        (BENCH, keymap::help(bench::KEYS)),
        ("Teaching the ports", keymap::help(bench::TEACH_KEYS)),
        ("Choosing an image or a disk", keymap::help(pages::PICK_KEYS)),
        ("The plan of an image", keymap::help(media::PLAN_KEYS)),
        ("Typing", keymap::help(pages::TEXT_KEYS)),
        ("Questions", keymap::help(ask::KEYS)),
        ("What the service says", keymap::help(ask::PROBE_KEYS)),
        ("Problems", keymap::help(problems::KEYS)),
        (ORDER, keymap::help(order::KEYS)),
        (HASH, keymap::help(hash::KEYS)),
        (NETWORK, keymap::help(network::KEYS)),
        (WHY, keymap::help(why::KEYS)),
        (CHOOSE, keymap::help(choose::KEYS)),
    ];
    let first = match open {
        Screen::Find => "Find",
        Screen::Detail(_) => "One laptop",
        Screen::Media(_) => "Sticks",
        Screen::Bench(_) => BENCH,
        Screen::Lists(_) => LISTS,
        Screen::Batches(shown) if shown.of == Settings::Customers => CUSTOMERS,
        Screen::Batches(_) => BATCHES,
        Screen::Form(_) => FORM,
        Screen::Registration(_) => REGISTRATION,
        Screen::Lint(_) => LINT,
        Screen::Problems { .. } => "Problems",
        Screen::Order(_) => ORDER,
        Screen::Hash(_) => HASH,
        Screen::Network(_) => NETWORK,
        Screen::Why(_) => WHY,
        Screen::Choose { .. } => CHOOSE,
        Screen::Board | Screen::Help { .. } | Screen::Ask { .. } | Screen::Passphrase { .. } => "Board",
    };
    let first = sections.iter().position(|(title, _)| *title == first).unwrap_or(0);
    let first = sections.remove(first);
    let mut lines = vec![];
    let mut section = |title: &str, entries: &[(String, &str)], tone: Tone| {
        lines.push(text::heading(title, width, theme));
        for (key, meaning) in entries {
            lines.extend(text::labelled(
                &format!("  {key}"),
                20,
                meaning,
                width,
                (theme.style(tone), ratatui::style::Style::new()),
            ));
        }
        lines.push(Line::default());
    };
    let (title, keys) = first;
    section(&format!("Keys: {title}"), &keys, Tone::Key);
    section("Scanner", &scanner(theme), Tone::Key);
    section("Stages: how far a laptop is", &stages(theme), Tone::Strong);
    section("Signals: how we know it", &signals(), Tone::Strong);
    section("Verdict: can it be pre-provisioned?", &verdicts(theme), Tone::Strong);
    section("Its reasons, on the laptop's page", &reasons(), Tone::Strong);
    section("Match: label, machine and order", &matches(), Tone::Strong);
    section("Boots: what it is told when it asks the network", &boots(), Tone::Strong);
    section("Network boot: how far a laptop is", &standings(theme), Tone::Strong);
    section("Network boot: how the bench lives on a network", &modes(), Tone::Strong);
    for (title, keys) in sections {
        section(&format!("Keys: {title}"), &keys, Tone::Key);
    }
    lines.push(Line::from(Span::styled(
        " Text below problems: \"why\" is the reason, \"next\" is what you do now.",
        theme.style(Tone::Dim),
    )));
    lines
}

fn scanner(theme: Theme) -> Vec<(String, &'static str)> {
    let entry = |tone: Sound, meaning| (answer::look(tone, theme).0.to_owned(), meaning);
    vec![
        (
            "scan".to_owned(),
            "Scan a serial number, the product key id of a box, or the QR code of Windows' setup, on any screen: the \
             bench says who it is and whether it belongs here. A scan never presses a button.",
        ),
        entry(Sound::Good, "Right, and new."),
        entry(Sound::Again, "Seen before; nothing changed."),
        entry(Sound::Attention, "One bell: somebody has to look."),
        entry(Sound::Wrong, "Three bells: stop. It is not what it should be."),
    ]
}

fn stages(theme: Theme) -> Vec<(String, &'static str)> {
    let entry = |stage: StageName, meaning| (format!("{} {}", theme.stage(stage).0, stage.word()), meaning);
    vec![
        entry(
            StageName::Arrived,
            "Booted from us and said hello, or asked the network for it. It is being read; wait.",
        ),
        entry(StageName::Captured, "Everything about it is read and kept on this bench. Done, unless it needs repair."),
        entry(StageName::Registered, "The service has it. Not safe to start yet: its page says what is missing."),
        entry(StageName::Cleared, "Safe to boot: start it, and at the first page of setup press Windows x5."),
        entry(StageName::Held, "A person has to look: open it with Enter and do what stands after \"next\"."),
        ("~".to_owned(), "Before a stage: a simulated laptop, not a real one."),
    ]
}

fn signals() -> Vec<(String, &'static str)> {
    let entry = |signal: Signal, meaning| (signal.word().to_owned(), meaning);
    vec![
        entry(Signal::Agent, "The laptop itself told us over the network."),
        entry(Signal::Stick, "Read from a stick that came back, perhaps days later."),
        entry(Signal::Import, "Read from a file that somebody imported."),
        entry(Signal::WindowsPe, "Windows PE on the laptop sent its hash over the network."),
        entry(Signal::Scan, "A code that somebody scanned."),
        entry(Signal::Operator, "A person at this bench did it."),
        entry(Signal::Network, "Its firmware asked this network for something to boot. Nothing else is known yet."),
    ]
}

fn verdicts(theme: Theme) -> Vec<(String, &'static str)> {
    let entry = |verdict: Verdict, meaning| {
        let (glyph, word, _) = theme.verdict(verdict);
        (format!("{glyph} {word}"), meaning)
    };
    vec![
        entry(Verdict::Ready, "Nothing we know stands in the way."),
        entry(Verdict::ReadyWithWarnings, "It may fail, or cost time later: open it and see why."),
        entry(Verdict::NotReady, "It cannot work like this: open it and repair what stands there."),
        entry(Verdict::Unknown, "Not captured yet."),
    ]
}

fn reasons() -> Vec<(String, &'static str)> {
    let entry = |severity: Severity, meaning| (severity.word().to_owned(), meaning);
    vec![
        entry(Severity::Stop, "Cannot work like this. Repair it first."),
        entry(Severity::Warning, "May fail, or costs time later."),
        entry(Severity::Note, "Worth knowing. Nothing to do."),
    ]
}

fn boots() -> Vec<(String, &'static str)> {
    let entry = |word: &str, meaning| (word.to_owned(), meaning);
    vec![
        entry("scan", "The quick scan: it is read in seconds, and its disk is not touched."),
        entry("WinPE, mem", "What somebody chose for it, once: Windows PE or the memory test."),
        entry("disk", "Its own disk: it has been captured, or somebody chose that."),
        entry("-", "It is left alone: not answered at all."),
    ]
}

fn standings(theme: Theme) -> Vec<(String, &'static str)> {
    let entry = |standing, meaning| {
        let (glyph, word, _) = why::standing(standing, theme);
        (format!("{glyph} {word}"), meaning)
    };
    vec![
        entry(Standing::UnderWay, "Nothing is wrong so far; wait."),
        entry(Standing::Arrived, "It started our agent, and that spoke to the bench."),
        entry(Standing::AsTold, "It was sent to its own disk, or is left alone."),
        entry(Standing::Stuck, "It asked and did not get here: open it and do what stands after \"next\"."),
    ]
}

fn modes() -> Vec<(String, &'static str)> {
    let entry = |mode: Mode, meaning| (mode.word().to_owned(), meaning);
    vec![
        entry(Mode::Off, "Silent. Laptops there boot from a stick."),
        entry(Mode::Proxy, "Beside the network's own DHCP server: names what to boot, gives no addresses."),
        entry(Mode::Own, "On a switch of the bench's own: gives the addresses too, unless another server does."),
    ]
}

fn matches() -> Vec<(String, &'static str)> {
    let entry = |matching: Match, meaning| (short_match(&matching).to_owned(), meaning);
    let nobody = String::new;
    let other = DeviceId(0);
    vec![
        entry(Match::Matched, "Label, machine and order agree."),
        entry(Match::LabelAgrees, "Label and machine agree; there is no order list."),
        entry(Match::Expected, "On the order. Nobody has compared its label yet."),
        entry(Match::NotExpected, "There is an order, and this is not on it."),
        entry(Match::OtherBatch { batch: nobody() }, "On the order of another batch of this customer."),
        entry(Match::Duplicate { other }, "Another laptop here stands for the same line of the order."),
        entry(
            Match::WrongMachine { label: nobody() },
            "The label scanned for it names another laptop. Do not ship it.",
        ),
        entry(
            Match::WrongCustomer { customer: nobody(), batch: nobody() },
            "On another customer's order. Take it off this bench.",
        ),
    ]
}

pub(crate) fn draw(model: &Model, top: usize, open: &Screen, area: Rect, buf: &mut Buffer, now: Moment) {
    let chrome = view::Chrome {
        title: "Help".to_owned(),
        right: String::new(),
        next: "Down and Up move. Esc: back to where you were.".to_owned(),
    };
    let body = chrome.draw(model, KEYS, area, buf, now);
    let lines = lines(open, usize::from(body.width), model.theme);
    scroll::paint(&lines, top, body, buf, model.theme);
}
