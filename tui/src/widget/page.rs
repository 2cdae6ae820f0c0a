//! A page of lines, written from the top: what screens that ask one thing a page have in common.

use ratatui::{
    style::Style,
    text::{Line, Span},
};
use whiteglove_core::{
    clock::{Moment, short_age},
    control::Image,
    problem::Problem,
};

use super::{input::Input, text};
use crate::theme::{Theme, Tone};

pub(crate) struct Page {
    pub(crate) width: usize,
    pub(crate) theme: Theme,
    pub(crate) lines: Vec<Line<'static>>,
}

impl Page {
    pub(crate) fn new(width: usize, theme: Theme) -> Self {
        Self { width, theme, lines: vec![] }
    }

    pub(crate) fn heading(&mut self, title: &str) {
        self.lines.push(text::heading(title, self.width, self.theme));
    }

    pub(crate) fn blank(&mut self) {
        self.lines.push(Line::default());
    }

    /// One line, cut where the page ends.
    pub(crate) fn styled(&mut self, words: &str, tone: Tone) {
        let style = self.theme.style(tone);
        self.lines.push(Line::from(Span::styled(text::cut(words, self.width, self.theme), style)));
    }

    pub(crate) fn words(&mut self, words: &str) {
        self.said(words, Style::new());
    }

    pub(crate) fn warning(&mut self, words: &str) {
        self.said(words, self.theme.style(Tone::Warn));
    }

    fn said(&mut self, words: &str, style: Style) {
        let wrapped = text::wrap(words, self.width.saturating_sub(4)).into_iter();
        self.lines.extend(wrapped.map(|line| Line::from(Span::styled(format!("  {line}"), style))));
    }

    /// What is asked for, and what was typed so far.
    pub(crate) fn field(&mut self, label: &str, input: &Input) {
        self.lines.push(input.line(label, self.width, self.theme));
    }

    /// A line that can be marked.
    pub(crate) fn choice(&mut self, words: &str, selected: bool, tone: Tone) {
        let marker = if selected { self.theme.glyphs().marker } else { " " };
        let line = text::fit(&format!("{marker} {words}"), self.width, self.theme);
        let style = self.theme.style(if selected { Tone::Selected } else { tone });
        self.lines.push(Line::from(Span::styled(line, style)));
    }

    /// A choice and when to take it.
    pub(crate) fn option(&mut self, name: &str, when: &str, selected: bool) {
        self.choice(&format!("{}{when}", text::fit(name, 20, self.theme)), selected, Tone::Plain);
    }

    pub(crate) fn fact(&mut self, label: &str, room: usize, value: &str) {
        let styles = (self.theme.style(Tone::Dim), self.theme.style(Tone::Strong));
        self.lines.extend(text::labelled(&format!("   {label}"), room, value, self.width, styles));
    }

    /// What is to be typed, word by word as it stands there.
    pub(crate) fn prompt(&mut self, words: &str, typed: &str) {
        let strong = self.theme.style(Tone::Strong);
        let typed = Span::styled(typed.to_owned(), strong);
        if text::width(words) + typed.width() + 2 <= self.width {
            return self.lines.push(Line::from(vec![Span::raw(format!("  {words}")), typed]));
        }
        self.words(words);
        self.lines.push(Line::from(vec![Span::raw("    "), typed]));
    }

    pub(crate) fn problem(&mut self, problem: &Problem, head: (&str, Tone)) {
        self.lines.extend(text::problem(problem, head, self.width, self.theme));
    }

    pub(crate) fn image(&mut self, image: &Image, now: Moment, selected: bool) {
        let age = short_age(now.since(image.made));
        let name = text::fit(&image.name, 40, self.theme);
        self.choice(&format!("{name}{:>10}   {age} ago", text::bytes(image.bytes)), selected, Tone::Plain);
    }

    /// What a bench says in several lines, as they are.
    pub(crate) fn answer(&mut self, words: &str) {
        let (theme, room) = (self.theme, self.width.saturating_sub(9));
        let mut mark = Span::styled(" DONE ", theme.style(Tone::Selected));
        let mut style = theme.style(Tone::Strong);
        for line in words.lines() {
            for line in text::wrap(line, room) {
                let mark = std::mem::replace(&mut mark, Span::raw("      "));
                self.lines.push(Line::from(vec![Span::raw(" "), mark, Span::raw(" "), Span::styled(line, style)]));
            }
            style = Style::new();
        }
    }

    /// How far a long task is: its bar.
    pub(crate) fn bar(&mut self, percent: u64) {
        let glyphs = self.theme.glyphs();
        let room = self.width.saturating_sub(10);
        let full = (usize::try_from(percent).unwrap_or(0) * room / 100).min(room);
        self.lines.push(Line::from(vec![
            Span::raw("  "),
            Span::styled(glyphs.full.repeat(full), self.theme.style(Tone::Good)),
            Span::styled(glyphs.empty.repeat(room - full), self.theme.style(Tone::Dim)),
            Span::styled(format!(" {percent:>3}%"), self.theme.style(Tone::Strong)),
        ]));
    }
}
