//! Pages that ask one thing each, one after the other: their keys, and what a key does to a text field.

use crossterm::event::{KeyCode, KeyEvent};

use crate::{
    keymap::{self, Binding, bind},
    widget::{input::Input, scroll::Move},
};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Pick {
    Move(Move),
    Choose,
    ListDisks,
    Add,
    Back,
}

pub(crate) const PICK_KEYS: &[Binding<Pick>] = &[
    bind(&[KeyCode::Enter], Pick::Choose, "choose", "Choose the marked one"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Pick::Move(Move::Down), "next", "Next"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Pick::Move(Move::Up), "previous", "Previous"),
    bind(&[KeyCode::Char('d')], Pick::ListDisks, "look again", "Look for disks again, after plugging one in"),
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Pick::Back, "back", "Back; nothing happens"),
];

/// Of pages on which no disk is chosen.
pub(crate) const CHOICE_KEYS: &[Binding<Pick>] = &[
    bind(&[KeyCode::Enter], Pick::Choose, "choose", "Choose the marked one"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Pick::Move(Move::Down), "next", "Next"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Pick::Move(Move::Up), "previous", "Previous"),
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Pick::Back, "back", "Back; nothing happens"),
];

#[derive(Debug, Clone, Copy)]
pub(crate) enum Typing {
    Accept,
    Back,
}

pub(crate) const TEXT_KEYS: &[Binding<Typing>] = &[
    bind(&[KeyCode::Enter], Typing::Accept, "go on", "Go on with what was typed"),
    bind(&[KeyCode::Esc], Typing::Back, "back", "Back; nothing happens"),
];

/// What a key did to a page with a text field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    /// The text is another: what was said of the old one is no longer so.
    Changed,
    Accept,
    /// A scanner ends with Enter: its text is left there to be read.
    FromScanner,
    Back,
    Nothing,
}

pub(crate) const FROM_SCANNER: &str = "That came from a scanner. If it is right, press Enter yourself.";

pub(crate) fn typed(input: Option<&mut Input>, key: &KeyEvent, by_scanner: bool) -> Typed {
    if input.is_some_and(|input| input.key(key)) {
        return Typed::Changed;
    }
    match keymap::find(TEXT_KEYS, key) {
        Some(Typing::Accept) if by_scanner => Typed::FromScanner,
        Some(Typing::Accept) => Typed::Accept,
        Some(Typing::Back) => Typed::Back,
        None => Typed::Nothing,
    }
}
