//! A passphrase is typed: nothing of it is shown, kept or printed, and a scanner's Enter does not send it.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};
use whiteglove_core::{control::Command, secret::Secret, sign_in};

use super::{
    Screen,
    pages::{TEXT_KEYS, Typing},
};
use crate::{
    keymap,
    model::Model,
    theme::Tone,
    widget::{dialog, text},
};

const LONGEST: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Unlock,
    /// There is nothing kept yet: it is chosen, and typed twice.
    Set,
}

#[derive(Clone)]
pub(crate) struct Passphrase {
    purpose: For,
    typed: Secret,
    letters: usize,
    /// What was typed first.
    first: Option<Secret>,
    complaint: Option<&'static str>,
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passphrase").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

impl Passphrase {
    fn clear(&mut self) {
        (self.typed, self.letters) = (Secret::default(), 0);
    }

    fn push(&mut self, letter: char) {
        if letter.is_control() || self.letters >= LONGEST {
            return;
        }
        // In one piece from the start: growing would leave copies behind.
        let mut longer = String::with_capacity(LONGEST * 4);
        longer.push_str(self.typed.expose());
        longer.push(letter);
        (self.typed, self.letters) = (Secret::new(longer), self.letters + 1);
    }

    fn pop(&mut self) {
        let mut shorter = String::with_capacity(LONGEST * 4);
        shorter.push_str(self.typed.expose());
        if shorter.pop().is_some() {
            self.letters -= 1;
        }
        self.typed = Secret::new(shorter);
    }

    pub(crate) fn paste(&mut self, pasted: &str) {
        pasted.trim_end_matches(['\r', '\n']).chars().for_each(|letter| self.push(letter));
    }

    /// What is to be sent, once it is whole.
    fn accept(&mut self) -> Option<sign_in::Ask> {
        self.complaint = None;
        if self.typed.is_empty() {
            self.complaint = Some("Type it first.");
            return None;
        }
        let passphrase = std::mem::take(&mut self.typed);
        self.letters = 0;
        match (self.purpose, self.first.take()) {
            (For::Unlock, _) => Some(sign_in::Ask::Unlock { passphrase }),
            (For::Set, None) => {
                self.first = Some(passphrase);
                None
            }
            (For::Set, Some(first)) if first == passphrase => Some(sign_in::Ask::SetPassphrase { passphrase }),
            (For::Set, Some(_)) => {
                self.complaint = Some("The two are not the same. Begin again.");
                None
            }
        }
    }
}

pub(crate) fn open(model: &mut Model, purpose: For) {
    let passphrase = Passphrase { purpose, typed: Secret::default(), letters: 0, first: None, complaint: None };
    let back = Box::new(std::mem::replace(&mut model.screen, Screen::Board));
    model.screen = Screen::Passphrase { passphrase, back };
}

pub(crate) fn key(model: &mut Model, key: KeyEvent, out: &mut Vec<Command>) {
    let Screen::Passphrase { passphrase, back } = &mut model.screen else { return };
    match (key.code, keymap::find(TEXT_KEYS, &key)) {
        (_, Some(Typing::Back)) => model.screen = std::mem::replace(back, Screen::Board),
        (_, Some(Typing::Accept)) => {
            if let Some(ask) = passphrase.accept() {
                out.push(Command::SignIn(ask));
                model.screen = std::mem::replace(back, Screen::Board);
            }
        }
        (KeyCode::Char('u'), None) if key.modifiers.contains(KeyModifiers::CONTROL) => passphrase.clear(),
        (KeyCode::Char(letter), None) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
            passphrase.complaint = None;
            passphrase.push(letter);
        }
        (KeyCode::Backspace, None) => passphrase.pop(),
        _ => {}
    }
}

pub(crate) fn draw(passphrase: &Passphrase, model: &Model, area: Rect, buf: &mut Buffer) {
    const WIDTH: u16 = 64;
    let theme = model.theme;
    let (title, words) = match (passphrase.purpose, &passphrase.first) {
        (For::Unlock, _) => (
            "Unlock",
            "What this bench keeps for signing in is locked by a passphrase. It stays unlocked until the bench stops.",
        ),
        (For::Set, None) => (
            "Choose a passphrase",
            "It locks what this bench keeps for signing in by itself. Take four or more words, ten letters at least. Nobody \
             can recover it: write it down and keep it apart from the bench.",
        ),
        (For::Set, Some(_)) => ("Choose a passphrase", "Type the same once more."),
    };
    let mut lines: Vec<Line<'_>> = text::wrap(words, usize::from(WIDTH) - 4).into_iter().map(Line::raw).collect();
    lines.push(Line::default());
    let stars = "*".repeat(passphrase.letters.min(40));
    lines.push(Line::from(vec![
        Span::raw("Passphrase: "),
        Span::styled(stars, theme.style(Tone::Strong)),
        Span::styled(theme.glyphs().caret, theme.style(Tone::Key)),
    ]));
    if let Some(complaint) = passphrase.complaint {
        lines.push(Line::from(Span::styled(complaint, theme.style(Tone::Warn))));
    }
    lines.push(Line::default());
    lines.push(keymap::footer(TEXT_KEYS, theme, WIDTH - 4));
    let style = if theme.colour { theme.style(Tone::Warn) } else { Style::new() };
    dialog::draw(title, &lines, WIDTH, style, area, buf, theme);
}
