//! One line of text that a person types. The cursor is at its end: names are short.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::text::{Line, Span};

use super::text;
use crate::theme::{Theme, Tone};

const LONGEST: usize = 200;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) text: String,
    /// Still as it was proposed: the first letter replaces it.
    fresh: bool,
}

impl Input {
    pub(crate) fn proposing(text: impl Into<String>) -> Self {
        Self { text: text.into(), fresh: true }
    }

    pub(crate) fn holding(text: String) -> Self {
        Self { text, fresh: false }
    }

    /// Whether the key was one for typing.
    pub(crate) fn key(&mut self, key: &KeyEvent) -> bool {
        match key.code {
            KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => self.text.clear(),
            KeyCode::Char(_) if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => return false,
            KeyCode::Char(c) => {
                if std::mem::take(&mut self.fresh) {
                    self.text.clear();
                }
                self.push(c);
            }
            KeyCode::Backspace => {
                self.text.pop();
            }
            _ => return false,
        }
        self.fresh = false;
        true
    }

    pub(crate) fn paste(&mut self, pasted: &str) {
        if std::mem::take(&mut self.fresh) {
            self.text.clear();
        }
        pasted.trim().chars().for_each(|c| self.push(c));
    }

    fn push(&mut self, c: char) {
        if !c.is_control() && self.text.chars().count() < LONGEST {
            self.text.push(c);
        }
    }

    pub(crate) fn line(&self, label: &str, room: usize, theme: Theme) -> Line<'static> {
        let room = room.saturating_sub(text::width(label) + 2);
        let tone = if self.fresh { Tone::Dim } else { Tone::Strong };
        Line::from(vec![
            Span::raw(format!("{label} ")),
            Span::styled(text::tail(&self.text, room).to_owned(), theme.style(tone)),
            Span::styled(theme.glyphs().caret, theme.style(Tone::Key)),
        ])
    }
}
