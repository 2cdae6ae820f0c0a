//! The hardware hash of one laptop, field by field.

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};
use whiteglove_core::{clock::Moment, control::Command, device::DeviceId};

use super::{Screen, detail, help};
use crate::{
    keymap::{Binding, bind},
    model::Model,
    view,
    widget::text,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hash {
    pub(crate) device: DeviceId,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Help,
    Back,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Action::Back, "back", "Back to the laptop"),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
];

pub(crate) fn open(model: &mut Model, device: DeviceId) {
    model.screen = Screen::Hash(Hash { device });
}

pub(crate) fn act(model: &mut Model, action: Action, _now: Moment, _out: &mut Vec<Command>) {
    let Screen::Hash(hash) = &model.screen else { return };
    match action {
        Action::Help => help::open(model),
        // Still watched: nothing has to be asked for again.
        Action::Back => detail::back_to(model, hash.device),
    }
}

pub(crate) fn draw(model: &Model, hash: &Hash, area: Rect, buf: &mut Buffer, now: Moment) {
    let chrome = view::Chrome {
        title: format!("Hardware hash of #{}", hash.device.0),
        right: String::new(),
        next: "Esc: back.".to_owned(),
    };
    let body = chrome.draw(model, KEYS, area, buf, now);
    text::paint(&[Line::raw(" The hash is not decoded yet.")], body, buf);
}
