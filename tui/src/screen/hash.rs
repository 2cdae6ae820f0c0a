//! The hardware hashes of one laptop: what stands in them and where it comes from, and the one made on
//! Linux beside the one Windows made.

use std::time::Duration;

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};
use whiteglove_core::{
    clock::Moment,
    control::Sheet,
    device::DeviceId,
    hwhash::{HardwareHash, Verdict},
};

use super::{Screen, detail, help, problems};
use crate::{
    keymap::{Binding, bind},
    model::Model,
    theme::Theme,
    view,
    widget::{scroll, scroll::Move},
};

mod columns;
mod compare;
mod fields;
mod none;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash {
    pub(crate) device: DeviceId,
    page: Page,
    top: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Fields(Side),
    Compare { only_differences: bool },
}

/// Who made a hash, and on which side it stands beside the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Linux,
    Windows,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Scroll(Move),
    OtherHash,
    Linux,
    Windows,
    Fields,
    Compare,
    Differences,
    Problems,
    Hide,
    Help,
    Back,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Action::Back, "back", "Back to the laptop"),
    bind(
        &[KeyCode::Tab, KeyCode::BackTab],
        Action::OtherHash,
        "other hash",
        "The fields of the other hash: made on Linux, made by Windows",
    ),
    bind(&[KeyCode::Char('c')], Action::Compare, "compare", "Both hashes side by side, and back to the fields"),
    bind(&[KeyCode::Char('d')], Action::Differences, "differences", "Side by side, only what differs, and everything"),
    bind(&[KeyCode::Char('f')], Action::Fields, "fields", "The fields of one hash, and where they come from"),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
    bind(&[KeyCode::Left, KeyCode::Char('h')], Action::Linux, "", "The fields of the hash made on Linux"),
    bind(&[KeyCode::Right, KeyCode::Char('l')], Action::Windows, "", "The fields of the hash that Windows made"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Action::Scroll(Move::Down), "", "Scroll down"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Action::Scroll(Move::Up), "", "Scroll up"),
    bind(&[KeyCode::PageDown, KeyCode::Char(' ')], Action::Scroll(Move::PageDown), "", "A page down"),
    bind(&[KeyCode::PageUp], Action::Scroll(Move::PageUp), "", "A page up"),
    bind(&[KeyCode::Home], Action::Scroll(Move::Top), "", "To the top"),
    bind(&[KeyCode::End], Action::Scroll(Move::Bottom), "", "To the end"),
    bind(&[KeyCode::Char('e')], Action::Problems, "", "What went wrong lately"),
    bind(&[KeyCode::Char('x')], Action::Hide, "", "Seen: hide the error line"),
];

pub(crate) fn open(model: &mut Model, device: DeviceId) {
    let side = sheet(model, device).map_or(Side::Linux, first);
    model.screen = Screen::Hash(Hash { device, page: Page::Fields(side), top: 0 });
}

pub(crate) fn act(model: &mut Model, action: Action, now: Moment) {
    let Screen::Hash(hash) = model.screen else { return };
    let side = match hash.page {
        Page::Fields(side) => side,
        Page::Compare { .. } => sheet(model, hash.device).map_or(Side::Linux, first),
    };
    let page = match (action, hash.page) {
        (Action::Scroll(direction), _) => {
            let (width, page) = view::body(model.size);
            let len = lines(model, &hash, width, now).len();
            let top = direction.scroll(hash.top, len, page);
            model.screen = Screen::Hash(Hash { top, ..hash });
            return;
        }
        (Action::Problems, _) => return problems::open(model, now),
        (Action::Hide, _) => return model.acknowledge(now),
        (Action::Help, _) => return help::open(model),
        // Still watched: nothing has to be asked for again.
        (Action::Back, _) => return detail::back_to(model, hash.device),
        (Action::Linux, _) => Page::Fields(Side::Linux),
        (Action::Windows, _) => Page::Fields(Side::Windows),
        (Action::OtherHash, _) => Page::Fields(side.other()),
        (Action::Fields, _) | (Action::Compare, Page::Compare { .. }) => Page::Fields(side),
        (Action::Compare, Page::Fields(_)) => Page::Compare { only_differences: false },
        (Action::Differences, Page::Fields(_)) => Page::Compare { only_differences: true },
        (Action::Differences, Page::Compare { only_differences }) => {
            Page::Compare { only_differences: !only_differences }
        }
    };
    let top = if page == hash.page { hash.top } else { 0 };
    model.screen = Screen::Hash(Hash { page, top, ..hash });
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Linux => Self::Windows,
            Self::Windows => Self::Linux,
        }
    }

    fn hash(self, sheet: &Sheet) -> Option<&HardwareHash> {
        match self {
            Self::Linux => sheet.device.linux_hash().map(|made| &made.hash),
            Self::Windows => sheet.device.windows_hash.as_ref().map(|known| &known.hash),
        }
    }
}

/// The hash to begin with: the laptop's own, unless only Windows made one.
fn first(sheet: &Sheet) -> Side {
    match (Side::Linux.hash(sheet), Side::Windows.hash(sheet)) {
        (None, Some(_)) => Side::Windows,
        _ => Side::Linux,
    }
}

fn sheet(model: &Model, device: DeviceId) -> Option<&Sheet> {
    model.watched.as_deref().filter(|sheet| sheet.device.id == device)
}

/// Where lines go, and how.
#[derive(Clone, Copy)]
struct Paper {
    width: usize,
    theme: Theme,
    now: Moment,
}

fn lines(model: &Model, hash: &Hash, width: usize, now: Moment) -> Vec<Line<'static>> {
    let paper = Paper { width, theme: model.theme, now };
    let Some(sheet) = sheet(model, hash.device) else {
        return vec![Line::raw(" Fetching what is known of this laptop ...")];
    };
    match hash.page {
        Page::Fields(side) => fields::lines(sheet, side, paper),
        Page::Compare { only_differences } => compare::lines(sheet, only_differences, paper),
    }
}

fn next(sheet: &Sheet, page: Page) -> &'static str {
    let linux = Side::Linux.hash(sheet);
    let windows = Side::Windows.hash(sheet);
    let missing = |hash: Option<&HardwareHash>| hash.is_some_and(|hash| !hash.missing().is_empty());
    match (page, linux, windows, &sheet.comparison) {
        (_, None, None, _) => "Do what stands after \"next\". Esc: back.",
        (Page::Fields(side), ..) if side.hash(sheet).is_none() => {
            "Do what stands after \"next\". Tab: the hash that is there."
        }
        (Page::Fields(side), ..) if missing(side.hash(sheet)) => {
            "Do what stands beside each missing field, then capture this laptop again."
        }
        (Page::Compare { .. }, .., None) => "Do what stands after \"next\". f: the hash that is there.",
        (Page::Compare { .. }, .., Some(comparison)) => match comparison.verdict {
            Verdict::Accepted => "Nothing to do: both say the same of this laptop. Esc: back.",
            Verdict::Differs(_) | Verdict::OtherMachine => "Do what stands after \"next\". d: only what differs.",
        },
        (Page::Fields(_), .., Some(_)) => "c: both hashes side by side. Tab: the other one.",
        (Page::Fields(_), None, ..) => "Tab: why there is no hash made on Linux.",
        (Page::Fields(_), .., None) => "c: how to find out whether Windows would make the same hash.",
    }
}

pub(crate) fn draw(model: &Model, hash: &Hash, area: Rect, buf: &mut Buffer, now: Moment) {
    let sheet = sheet(model, hash.device);
    let serial = sheet.and_then(|sheet| sheet.device.identity.serial.as_ref());
    let serial = serial.map_or_else(String::new, |serial| format!(" {serial}"));
    let right = match hash.page {
        Page::Fields(Side::Linux) => "made on Linux ",
        Page::Fields(Side::Windows) => "made by Windows ",
        Page::Compare { only_differences: false } => "side by side ",
        Page::Compare { only_differences: true } => "only what differs ",
    };
    let chrome = view::Chrome {
        title: format!("Hardware hash of #{}{serial}", hash.device.0),
        right: right.to_owned(),
        next: sheet.map_or("Wait: this page fills by itself.", |sheet| next(sheet, hash.page)).to_owned(),
    };
    let body = chrome.draw(model, KEYS, area, buf, now);
    let lines = lines(model, hash, usize::from(body.width), now);
    scroll::paint(&lines, hash.top, body, buf, model.theme);
}

/// The youngest age on the page.
pub(crate) fn youngest(model: &Model, now: Moment) -> Option<Duration> {
    let Screen::Hash(hash) = model.screen.base() else { return None };
    let windows = sheet(model, hash.device)?.device.windows_hash.as_ref()?;
    Some(now.since(windows.at))
}
