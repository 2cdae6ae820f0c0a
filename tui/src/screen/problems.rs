//! What went wrong lately: what, why, and what to do next.

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};
use whiteglove_core::clock::{Moment, short_age};

use super::{Screen, help};
use crate::{
    keymap::{Binding, bind},
    model::Model,
    theme::Tone,
    view,
    widget::{scroll, scroll::Move, text},
};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Scroll(Move),
    Help,
    Back,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Action::Back, "back", "Back to where you were"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Action::Scroll(Move::Down), "scroll", "Scroll down"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Action::Scroll(Move::Up), "", "Scroll up"),
    bind(&[KeyCode::PageDown, KeyCode::Char(' ')], Action::Scroll(Move::PageDown), "", "A page down"),
    bind(&[KeyCode::PageUp], Action::Scroll(Move::PageUp), "", "A page up"),
    bind(&[KeyCode::Home], Action::Scroll(Move::Top), "", "To the newest problem"),
    bind(&[KeyCode::End], Action::Scroll(Move::Bottom), "", "To the oldest problem"),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
];

pub(crate) fn open(model: &mut Model, now: Moment) {
    model.acknowledge(now);
    let back = Box::new(std::mem::replace(&mut model.screen, Screen::Board));
    model.screen = Screen::Problems { top: 0, back };
}

pub(crate) fn act(model: &mut Model, action: Action, now: Moment) {
    let (width, page) = view::body(model.size);
    let len = lines(model, width, now).len();
    let Screen::Problems { top, back } = &mut model.screen else { return };
    match action {
        Action::Scroll(direction) => *top = direction.scroll(*top, len, page),
        Action::Help => help::open(model),
        Action::Back => model.screen = std::mem::replace(back, Screen::Board),
    }
}

fn lines(model: &Model, width: usize, now: Moment) -> Vec<Line<'static>> {
    let mut lines = vec![];
    // What stops the bench now stands first, however long ago it began.
    if let Some(problem) = model.endpoint_problem() {
        lines.extend(text::problem(problem, ("NOW", Tone::Alarm), width, model.theme));
        lines.push(Line::default());
    }
    for (at, problem) in model.problems() {
        if Some(problem) == model.endpoint_problem() {
            continue;
        }
        let age = format!("{:>4} ago", short_age(now.since(*at)));
        lines.extend(text::problem(problem, (&age, Tone::Warn), width, model.theme));
        lines.push(Line::default());
    }
    if lines.is_empty() {
        lines.push(Line::raw(" Nothing went wrong so far."));
    }
    lines
}

pub(crate) fn draw(model: &Model, top: usize, area: Rect, buf: &mut Buffer, now: Moment) {
    let chrome = view::Chrome {
        title: "Problems".to_owned(),
        right: String::new(),
        next: "Do what stands after \"next\". Esc: back.".to_owned(),
    };
    let body = chrome.draw(model, KEYS, area, buf, now);
    let lines = lines(model, usize::from(body.width), now);
    scroll::paint(&lines, top, body, buf, model.theme);
}
