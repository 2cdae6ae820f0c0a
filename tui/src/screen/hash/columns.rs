//! Cells side by side, each wrapped in its own column.

use ratatui::{
    style::Style,
    text::{Line, Span},
};

use crate::{
    theme::{Theme, Tone},
    widget::text,
};

/// One column of a row.
pub(super) struct Cell {
    room: usize,
    lines: Vec<(String, Style)>,
}

impl Cell {
    pub(super) fn new(text: &str, room: usize, style: Style) -> Self {
        Self { room, lines: vec![] }.and(text, style)
    }

    /// Below what is there.
    pub(super) fn and(mut self, text: &str, style: Style) -> Self {
        if !text.is_empty() {
            self.lines.extend(text::wrap(text, self.room).into_iter().map(|line| (line, style)));
        }
        self
    }

    /// A value of a hash, down to its blanks; `None` is not the same as an empty one.
    pub(super) fn value(value: Option<&str>, room: usize, style: Style, theme: Theme) -> Self {
        let dim = theme.style(Tone::Dim);
        match value {
            None => Self::new("(not in it)", room, dim),
            Some("") => Self::new("(empty)", room, dim),
            Some(value) => {
                Self { room, lines: pieces(value, room, theme).into_iter().map(|line| (line, style)).collect() }
            }
        }
    }
}

/// As high as the highest cell, with a blank between columns.
pub(super) fn row(cells: &[Cell], theme: Theme) -> Vec<Line<'static>> {
    let height = cells.iter().map(|cell| cell.lines.len()).max().unwrap_or(0);
    let line = |n: usize| {
        let spans = cells.iter().map(|cell| match cell.lines.get(n) {
            Some((text, style)) => {
                let text = text::fit(text, cell.room, theme);
                let words = text.trim_end().len();
                (text[..words].to_owned(), *style, text[words..].to_owned())
            }
            None => (String::new(), Style::new(), " ".repeat(cell.room)),
        });
        // The blanks carry no style: a reversed cell would become a bar.
        Line::from_iter(spans.flat_map(|(text, style, rest)| [Span::styled(text, style), Span::raw(rest + " ")]))
    };
    (0..height).map(line).collect()
}

/// Stands for a blank that nobody would see.
pub(super) fn blank(theme: Theme) -> char {
    if theme.ascii { '_' } else { '·' }
}

/// Blanks at the ends and in a row count, and they are what Linux and Windows differ in most: disks pad their
/// serial numbers. So a line ends early only where a single blank stands for the break, and is full otherwise.
fn pieces(value: &str, room: usize, theme: Theme) -> Vec<String> {
    let mut pieces = vec![];
    let mut piece = String::new();
    for c in value.chars() {
        // A sign of its own, or two values that differ in it would look the same.
        let c = if c.is_control() { '?' } else { c };
        if text::width(&piece) + text::width(c.encode_utf8(&mut [0; 4])) > room.max(1) && !piece.is_empty() {
            let rest = break_at_blank(&mut piece);
            pieces.push(visible(&piece, theme));
            piece = rest;
        }
        piece.push(c);
    }
    pieces.push(visible(&piece, theme));
    pieces
}

/// Ends a line at the last blank of its second half and gives what comes behind it.
fn break_at_blank(line: &mut String) -> String {
    let alone = |at: &usize| {
        let (before, after) = (&line[..*at], &line[at + 1..]);
        *at > line.len() / 2 && !after.is_empty() && !before.ends_with(' ') && !after.starts_with(' ')
    };
    let Some(at) = line.rmatch_indices(' ').map(|(at, _)| at).find(alone) else { return String::new() };
    let rest = line.split_off(at + 1);
    line.pop();
    rest
}

fn visible(piece: &str, theme: Theme) -> String {
    let is_blank = |c: Option<&char>| c.is_none_or(|c| *c == ' ');
    let chars: Vec<char> = piece.chars().collect();
    let mark = |(n, c): (usize, &char)| {
        let alone = *c == ' ' && !is_blank(n.checked_sub(1).and_then(|n| chars.get(n))) && !is_blank(chars.get(n + 1));
        if *c != ' ' || alone { *c } else { blank(theme) }
    };
    chars.iter().enumerate().map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Theme = Theme { colour: false, ascii: false };
    const ASCII: Theme = Theme { colour: false, ascii: true };

    #[test]
    fn blanks_that_count_are_seen() {
        assert_eq!(pieces("  S64K 1 ", 20, PLAIN), ["··S64K 1·"]);
        assert_eq!(pieces("a  b", 20, PLAIN), ["a··b"]);
        assert_eq!(pieces(" ", 20, ASCII), ["_"]);
        assert_eq!(pieces("one two", 20, PLAIN), ["one two"]);
        assert_eq!(pieces("a\0b", 20, PLAIN), ["a?b"]);
    }

    #[test]
    fn a_blank_where_a_line_ends_is_seen_too() {
        assert_eq!(pieces("abcd efgh", 4, PLAIN), ["abcd", "·efg", "h"]);
        assert_eq!(pieces("abc defg", 4, PLAIN), ["abc·", "defg"]);
        assert_eq!(pieces("abc defg", 6, PLAIN), ["abc de", "fg"]);
        assert_eq!(pieces("abcd ef gh", 6, PLAIN), ["abcd", "ef gh"]);
        assert_eq!(pieces("abcd  fgh", 6, PLAIN), ["abcd··", "fgh"]);
        assert_eq!(pieces("日本語", 1, PLAIN), ["日", "本", "語"]);
    }

    #[test]
    fn columns_stay_apart_however_long_they_are() {
        let cells = [
            Cell::new("abcdefgh", 4, Style::new()),
            Cell::value(None, 6, Style::new(), PLAIN),
            Cell::value(Some(""), 7, Style::new(), PLAIN).and("why", Style::new()),
        ];
        let lines: Vec<_> = row(&cells, PLAIN).iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["abcd (not   (empty) ", "efgh in it) why     "]);
    }
}
