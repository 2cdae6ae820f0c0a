//! Colours and glyphs. Nothing is said by colour alone: every tone has a word or a glyph beside it,
//! so the board reads the same without colour, on a serial line and for the colour-blind (blue and
//! yellow, never green against red).

use std::env;

use ratatui::style::{Color, Modifier, Style};
use whiteglove_core::{
    control::StageName,
    readiness::{Severity, Verdict},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    pub colour: bool,
    pub ascii: bool,
}

/// What a piece of text means to the person who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    /// Labels and what can be skipped.
    Dim,
    Strong,
    Good,
    /// May cost time later.
    Warn,
    /// A person is needed.
    Alarm,
    Key,
    Title,
    Selected,
}

#[derive(Debug)]
pub(crate) struct Glyphs {
    pub(crate) arrived: &'static str,
    pub(crate) captured: &'static str,
    pub(crate) registered: &'static str,
    pub(crate) held: &'static str,
    pub(crate) replaced: &'static str,
    pub(crate) ready: &'static str,
    pub(crate) warning: &'static str,
    pub(crate) not_ready: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) again: &'static str,
    pub(crate) marker: &'static str,
    pub(crate) times: &'static str,
    pub(crate) ellipsis: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) full: &'static str,
    pub(crate) empty: &'static str,
    pub(crate) caret: &'static str,
    pub(crate) more: &'static str,
    pub(crate) corners: [&'static str; 4],
    pub(crate) side: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    arrived: "○",
    captured: "●",
    registered: "◆",
    held: "▲",
    replaced: "·",
    ready: "✓",
    warning: "!",
    not_ready: "✗",
    unknown: "·",
    again: "=",
    marker: "▶",
    times: "×",
    ellipsis: "…",
    rule: "─",
    full: "█",
    empty: "░",
    caret: "█",
    more: "↓",
    corners: ["┌", "┐", "└", "┘"],
    side: "│",
};

const ASCII: Glyphs = Glyphs {
    arrived: "o",
    captured: "*",
    registered: "@",
    held: "!",
    replaced: "-",
    ready: "+",
    warning: "!",
    not_ready: "X",
    unknown: "-",
    again: "=",
    marker: ">",
    times: "x",
    ellipsis: "~",
    rule: "-",
    full: "#",
    empty: ".",
    caret: "_",
    more: "v",
    corners: ["+", "+", "+", "+"],
    side: "|",
};

impl Theme {
    /// `NO_COLOR` (no-color.org), `WHITEGLOVE_ASCII`, and what the locale can show. The Linux console
    /// shows UTF-8 but its fonts lack our glyphs.
    pub fn from_env() -> Self {
        Self::from_vars(|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(&var).unwrap_or_default().to_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        let term = var("TERM").unwrap_or_default();
        let plain_font = matches!(term.as_str(), "linux" | "dumb" | "vt100" | "vt102" | "vt220");
        let ascii = match var("WHITEGLOVE_ASCII").as_deref() {
            Some("0") => false,
            Some(_) => true,
            None => !utf8 || plain_font,
        };
        let monochrome = matches!(term.as_str(), "dumb" | "vt100" | "vt102" | "vt220");
        Self { colour: var("NO_COLOR").is_none() && !monochrome, ascii }
    }

    pub(crate) fn glyphs(self) -> &'static Glyphs {
        if self.ascii { &ASCII } else { &UNICODE }
    }

    pub(crate) fn style(self, tone: Tone) -> Style {
        let plain = Style::new();
        if !self.colour {
            return match tone {
                Tone::Plain | Tone::Dim | Tone::Good => plain,
                Tone::Strong | Tone::Warn | Tone::Key => plain.add_modifier(Modifier::BOLD),
                Tone::Alarm | Tone::Title | Tone::Selected => plain.add_modifier(Modifier::REVERSED),
            };
        }
        match tone {
            Tone::Plain => plain,
            Tone::Dim => plain.add_modifier(Modifier::DIM),
            Tone::Strong => plain.add_modifier(Modifier::BOLD),
            Tone::Good => plain.fg(Color::Cyan),
            Tone::Warn => plain.fg(Color::Yellow),
            Tone::Alarm => plain.fg(Color::Black).bg(Color::Yellow),
            Tone::Key => plain.fg(Color::Cyan).add_modifier(Modifier::BOLD),
            Tone::Title => plain.fg(Color::White).bg(Color::Blue),
            Tone::Selected => plain.add_modifier(Modifier::REVERSED),
        }
    }

    pub(crate) fn stage(self, stage: StageName) -> (&'static str, Tone) {
        match stage {
            StageName::Arrived => (self.glyphs().arrived, Tone::Plain),
            StageName::Captured => (self.glyphs().captured, Tone::Good),
            StageName::Registered => (self.glyphs().registered, Tone::Plain),
            StageName::Cleared => (self.glyphs().ready, Tone::Good),
            StageName::Held => (self.glyphs().held, Tone::Alarm),
            StageName::Replaced => (self.glyphs().replaced, Tone::Dim),
        }
    }

    /// A verdict in one glyph and one word of at most five letters.
    pub(crate) fn verdict(self, verdict: Verdict) -> (&'static str, &'static str, Tone) {
        let glyphs = self.glyphs();
        match verdict {
            Verdict::Unknown => (glyphs.unknown, "", Tone::Dim),
            Verdict::Ready => (glyphs.ready, "ready", Tone::Good),
            Verdict::ReadyWithWarnings => (glyphs.warning, "warn", Tone::Warn),
            Verdict::NotReady => (glyphs.not_ready, "STOP", Tone::Alarm),
        }
    }
}

pub(crate) fn severity(severity: Severity) -> Tone {
    match severity {
        Severity::Note => Tone::Dim,
        Severity::Warning => Tone::Warn,
        Severity::Stop => Tone::Alarm,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theme(vars: &[(&str, &str)]) -> (bool, bool) {
        let theme =
            Theme::from_vars(|name| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()));
        (theme.colour, theme.ascii)
    }

    #[test]
    fn the_environment_decides() {
        assert_eq!(theme(&[("LANG", "en_US.UTF-8"), ("TERM", "xterm-256color")]), (true, false));
        assert_eq!(theme(&[("LANG", "C.utf8"), ("NO_COLOR", "1")]), (false, false));
        assert_eq!(theme(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]), (true, true));
        assert_eq!(theme(&[]), (true, true));
        assert_eq!(theme(&[("LANG", "de_DE.UTF-8"), ("WHITEGLOVE_ASCII", "1")]), (true, true));
        assert_eq!(theme(&[("LANG", "de_DE.UTF-8"), ("TERM", "linux")]), (true, true));
        assert_eq!(theme(&[("TERM", "linux"), ("WHITEGLOVE_ASCII", "0")]), (true, false));
        assert_eq!(theme(&[("LANG", "C.UTF-8"), ("TERM", "vt100")]), (false, true));
    }
}
