//! Why did this laptop not boot? What it comes to first, then everything that was seen of it, step by step.

use std::time::Duration;

use crossterm::event::KeyCode;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};
use whiteglove_core::{
    clock::{Moment, short_age},
    control::Command,
    device::DeviceId,
    netboot::{Event, Reason, Standing, StoryView, Wire},
};

use super::{Screen, choose, detail, help, network, problems};
use crate::{
    keymap::{Binding, bind},
    model::Model,
    theme::{Theme, Tone},
    view,
    widget::{scroll, scroll::Move, text},
};

mod words;
pub(crate) use words::{asks, asks_briefly, decision};

#[derive(Debug, Clone)]
pub(crate) struct Why {
    pub(crate) device: DeviceId,
    top: usize,
    /// Where the person came from: the board, the laptop's page or the network.
    pub(crate) back: Box<Screen>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Scroll(Move),
    Boot,
    Network,
    Problems,
    Hide,
    Help,
    Back,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Action::Back, "back", "Back to where you were"),
    bind(&[KeyCode::Char('n')], Action::Boot, "choose what it boots", "Choose what this laptop boots from the network"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Action::Scroll(Move::Down), "scroll", "Scroll down"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Action::Scroll(Move::Up), "", "Scroll up"),
    bind(&[KeyCode::PageDown, KeyCode::Char(' ')], Action::Scroll(Move::PageDown), "", "A page down"),
    bind(&[KeyCode::PageUp], Action::Scroll(Move::PageUp), "", "A page up"),
    bind(&[KeyCode::Home], Action::Scroll(Move::Top), "", "To the top"),
    bind(&[KeyCode::End], Action::Scroll(Move::Bottom), "", "To the end"),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
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
    let back = Box::new(std::mem::replace(&mut model.screen, Screen::Board));
    watch(model, device, back, out);
}

/// A scan named another laptop.
pub(crate) fn show(model: &mut Model, device: DeviceId, out: &mut Vec<Command>) {
    let Screen::Why(why) = std::mem::replace(&mut model.screen, Screen::Board) else { return };
    let back = match *why.back {
        // The page of the laptop before would be somebody else's.
        Screen::Detail(_) => Box::new(Screen::Board),
        _ => why.back,
    };
    watch(model, device, back, out);
}

fn watch(model: &mut Model, device: DeviceId, back: Box<Screen>, out: &mut Vec<Command>) {
    if model.watched.as_ref().is_some_and(|watched| watched.device.id != device) {
        model.watched = None;
    }
    let watched = matches!(&*back, Screen::Detail(detail) if detail.device == device);
    model.screen = Screen::Why(Why { device, top: 0, back });
    if !watched {
        out.push(Command::Watch(Some(device)));
    }
}

pub(crate) fn act(model: &mut Model, action: Action, now: Moment, out: &mut Vec<Command>) {
    let Screen::Why(why) = &model.screen else { return };
    let device = why.device;
    match action {
        Action::Scroll(direction) => {
            let (width, page) = view::body(model.size);
            let top = direction.scroll(why.top, lines(model, device, width, now).len(), page);
            if let Screen::Why(why) = &mut model.screen {
                why.top = top;
            }
        }
        Action::Boot => choose::open_boot(model, [device]),
        Action::Network => {
            model.watched = None;
            out.push(Command::Watch(None));
            network::open(model);
        }
        Action::Problems => problems::open(model, now),
        Action::Hide => model.acknowledge(now),
        Action::Help => help::open(model),
        Action::Back => {
            let Screen::Why(why) = std::mem::replace(&mut model.screen, Screen::Board) else { return };
            model.screen = *why.back;
            if !matches!(model.screen, Screen::Detail(_)) {
                model.watched = None;
                out.push(Command::Watch(None));
            }
        }
    }
}

fn story(model: &Model, device: DeviceId) -> Option<&StoryView> {
    detail::watched(model, device)?.network.as_ref()
}

/// How a machine stands: a glyph and a word, to be read without colour.
pub(crate) fn standing(standing: Standing, theme: Theme) -> (&'static str, &'static str, Tone) {
    let glyphs = theme.glyphs();
    match standing {
        Standing::UnderWay => (glyphs.arrived, "UNDER WAY", Tone::Strong),
        Standing::Arrived => (glyphs.ready, "BOOTED", Tone::Good),
        Standing::AsTold => (glyphs.again, "AS TOLD", Tone::Plain),
        Standing::Stuck => (glyphs.not_ready, "STUCK", Tone::Alarm),
    }
}

fn lines(model: &Model, device: DeviceId, width: usize, now: Moment) -> Vec<Line<'static>> {
    let theme = model.theme;
    let Some(story) = story(model, device) else {
        let words = match detail::watched(model, device) {
            Some(_) => " Nothing is known of its way over the network yet.",
            None => " Fetching what is known of this laptop ...",
        };
        return vec![Line::raw(words)];
    };
    let mut lines = vec![];
    let (glyph, word, tone) = standing(story.diagnosis.standing, theme);
    let headline = match story.wire {
        Some(_) => said(word, &story.diagnosis.headline),
        None => "NOT SEEN on the network since the bench was started.".to_owned(),
    };
    for (n, words) in text::wrap(&headline, width.saturating_sub(4)).into_iter().enumerate() {
        let mark = if n == 0 { format!(" {glyph} ") } else { "   ".to_owned() };
        lines.push(Line::from(Span::styled(format!("{mark}{words} "), theme.style(tone))));
    }
    lines.push(Line::default());
    let styles = (theme.style(Tone::Dim), theme.style(Tone::Plain));
    if let Some(problem) = &story.diagnosis.problem {
        let strong = theme.style(Tone::Strong);
        lines.extend(text::labelled("   what", 8, &problem.what, width, (styles.0, strong)));
        lines.extend(text::labelled("   why", 8, &problem.why, width, styles));
        lines.extend(text::labelled("   next", 8, &problem.next, width, (styles.0, strong)));
        lines.push(Line::default());
    }
    let boots = format!("{} (n)", decision(story.decision, story.reason));
    lines.extend(text::labelled("   boots", 9, &boots, width, styles));
    if let Some(wire) = &story.wire {
        timeline(wire, width, theme, now, &mut lines);
    }
    lines
}

/// "STUCK: our offer was not taken."; a headline that begins with the word needs it once.
pub(crate) fn said(word: &str, headline: &str) -> String {
    let head = headline.get(..word.len()).filter(|head| head.eq_ignore_ascii_case(word));
    let rest = head.and_then(|_| headline.get(word.len()..)).unwrap_or(headline);
    let rest = rest.trim_start_matches([':', ' ']).trim_end_matches('.');
    if rest.is_empty() { format!("{word}.") } else { format!("{word}: {rest}.") }
}

fn timeline(wire: &Wire, width: usize, theme: Theme, now: Moment, lines: &mut Vec<Line<'static>>) {
    let (before, this): (Vec<_>, Vec<_>) = wire.events.iter().partition(|event| event.at < wire.began);
    let began = short_age(now.since(wire.began));
    lines.push(Line::default());
    lines.push(text::heading(&format!("This try, begun {began} ago"), width, theme));
    for event in &this {
        step(event, wire.began, false, width, theme, lines);
    }
    if !before.is_empty() {
        lines.push(Line::default());
        lines.push(text::heading("Tries before", width, theme));
        for event in &before {
            step(event, wire.began, true, width, theme, lines);
        }
    }
    let macs: Vec<_> = wire.macs.iter().map(ToString::to_string).collect();
    lines.push(Line::default());
    lines.push(text::heading("On the wire", width, theme));
    let dim = theme.style(Tone::Dim);
    let mut fact = |label: &str, value: String| {
        if !value.is_empty() {
            lines.extend(text::labelled(&format!("   {label}"), 13, &value, width, (dim, theme.style(Tone::Plain))));
        }
    };
    fact("Port", wire.port.clone());
    fact("Asks", asks(wire.architecture, wire.protocol));
    fact("Address", wire.address.map_or_else(String::new, |address| address.to_string()));
    fact("Adapters", macs.join(", "));
    fact("UUID", wire.uuid.map_or_else(String::new, |uuid| uuid.to_string()));
    fact("Heard", format!("{} ago", short_age(now.since(wire.first))));
}

fn step(event: &Event, began: Moment, old: bool, width: usize, theme: Theme, lines: &mut Vec<Line<'static>>) {
    let words = event.seen.words();
    let often = match event.times {
        0 | 1 => String::new(),
        n => format!("  {}{n}, last {}", theme.glyphs().times, offset(event.last, began)),
    };
    let tone = if old { Tone::Dim } else { words::tone(&event.seen) };
    let styles = (theme.style(Tone::Dim), theme.style(tone));
    let label = format!("{:>9}", offset(event.at, began));
    lines.extend(text::labelled(&label, 11, &format!("{words}{often}"), width, styles));
}

/// `+0.4s`, `+1m05s`; before this try `-2m09s`.
fn offset(at: Moment, began: Moment) -> String {
    let (sign, time) = match at < began {
        true => ('-', began.since(at)),
        false => ('+', at.since(began)),
    };
    match time.as_millis() {
        millis @ 0..60_000 => format!("{sign}{}.{}s", millis / 1_000, millis % 1_000 / 100),
        _ => format!("{sign}{}", text::duration(time)),
    }
}

fn next(model: &Model, device: DeviceId) -> &'static str {
    let Some(story) = story(model, device) else { return "Esc: back." };
    match story.diagnosis.standing {
        Standing::Stuck => "Do what stands after \"next\", then boot it again. This page follows it.",
        Standing::UnderWay if story.wire.is_none() && story.reason == Reason::Captured => {
            "Nothing to do: it has been captured. n: choose something else for it."
        }
        Standing::UnderWay if story.wire.is_none() => "Do what stands after \"next\". This page follows it.",
        Standing::UnderWay => "Wait: it is under way. This page follows it.",
        Standing::Arrived => "Nothing to do: it has booted. Esc: back.",
        Standing::AsTold => "Nothing to do, if that is right. n: choose something else for it.",
    }
}

pub(crate) fn draw(model: &Model, why: &Why, area: Rect, buf: &mut Buffer, now: Moment) {
    let device = why.device;
    let who = detail::who(model, device);
    let story = story(model, device);
    let stuck = story.is_some_and(|story| story.diagnosis.standing == Standing::Stuck);
    let title = if stuck { format!("Why did {who} not boot?") } else { format!("Network boot of {who}") };
    let wire = story.and_then(|story| story.wire.as_ref());
    let right =
        wire.map_or_else(String::new, |wire| format!("{}, {} ", asks(wire.architecture, wire.protocol), wire.port));
    let chrome = view::Chrome { title, right, next: next(model, device).to_owned() };
    let body = chrome.draw(model, KEYS, area, buf, now);
    let lines = lines(model, device, usize::from(body.width), now);
    scroll::paint(&lines, why.top, body, buf, model.theme);
}

/// The youngest age on the page.
pub(crate) fn youngest(model: &Model, now: Moment) -> Option<Duration> {
    let Screen::Why(why) = model.screen.base() else { return None };
    let wire = story(model, why.device)?.wire.as_ref()?;
    Some(now.since(wire.began.max(wire.first)))
}
