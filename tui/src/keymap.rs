//! One table per screen binds its keys and writes its footer and its help: a key that works is a key
//! that shows.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::text::{Line, Span};

use crate::{
    theme::{Theme, Tone},
    widget::text,
};

#[derive(Debug)]
pub(crate) struct Binding<A: 'static> {
    /// The first one is shown in the footer.
    pub(crate) keys: &'static [KeyCode],
    pub(crate) action: A,
    /// One or two words for the footer; empty keeps it out of there.
    pub(crate) label: &'static str,
    /// A sentence for the help screen.
    pub(crate) help: &'static str,
}

pub(crate) const fn bind<A>(
    keys: &'static [KeyCode],
    action: A,
    label: &'static str,
    help: &'static str,
) -> Binding<A> {
    Binding { keys, action, label, help }
}

/// Letters work in either case: caps lock is not an error.
pub(crate) fn find<A: Copy>(table: &[Binding<A>], key: &KeyEvent) -> Option<A> {
    if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return None;
    }
    let code = match key.code {
        KeyCode::Char(c) => KeyCode::Char(c.to_ascii_lowercase()),
        code => code,
    };
    table.iter().find(|binding| binding.keys.contains(&code)).map(|binding| binding.action)
}

/// What is printed on the key.
pub(crate) fn cap(key: KeyCode) -> String {
    match key {
        KeyCode::Char(' ') => "Space".to_owned(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::F(n) => format!("F{n}"),
        KeyCode::PageDown => "PgDn".to_owned(),
        KeyCode::PageUp => "PgUp".to_owned(),
        other => format!("{other:?}"),
    }
}

/// As many keys as fit, in the order of the table.
pub(crate) fn footer<A>(table: &[Binding<A>], theme: Theme, width: u16) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    let mut left = usize::from(width).saturating_sub(1);
    for binding in table.iter().filter(|binding| !binding.label.is_empty()) {
        let Some(key) = binding.keys.first().map(|key| cap(*key)) else { continue };
        let label = format!(" {}   ", binding.label);
        let needed = text::width(&key) + text::width(label.trim_end());
        let Some(rest) = left.checked_sub(needed) else { break };
        left = rest.saturating_sub(3);
        spans.push(Span::styled(key, theme.style(Tone::Key)));
        spans.push(Span::raw(label));
    }
    Line::from(spans)
}

/// Keys and what they do, for the help screen.
pub(crate) fn help<A>(table: &[Binding<A>]) -> Vec<(String, &'static str)> {
    let caps = |keys: &[KeyCode]| keys.iter().map(|key| cap(*key)).collect::<Vec<_>>().join(", ");
    table.iter().map(|binding| (caps(binding.keys), binding.help)).collect()
}
