//! Text on a grid of cells: widths, cutting, wrapping, and the one place where what a laptop or a
//! stick calls itself is made harmless ([`sweep`]).

use std::time::Duration;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use whiteglove_core::{problem::Problem, readiness::Severity};

use crate::theme::{self, Theme, Tone};

pub(crate) fn width(text: &str) -> usize {
    text.width()
}

pub(crate) fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// Exactly `room` cells: cut with an ellipsis or filled with blanks.
pub(crate) fn fit(text: &str, room: usize, theme: Theme) -> String {
    let mut fitted = cut(text, room, theme);
    let missing = room.saturating_sub(width(&fitted));
    fitted.extend(std::iter::repeat_n(' ', missing));
    fitted
}

/// The same, filled on the left.
pub(crate) fn fit_right(text: &str, room: usize, theme: Theme) -> String {
    let cut = cut(text, room, theme);
    format!("{}{cut}", " ".repeat(room.saturating_sub(width(&cut))))
}

/// At most `room` cells.
pub(crate) fn cut(text: &str, room: usize, theme: Theme) -> String {
    // Controls have no width on the grid but would be counted here.
    let clean = text.chars().filter(|c| !is_harmful(*c));
    let mut kept = String::new();
    let mut used = 0;
    let mut room_for_ellipsis = 0;
    for c in clean {
        let wide = c.width().unwrap_or(0);
        if used + wide > room {
            kept.truncate(room_for_ellipsis);
            if room > 0 {
                kept.push_str(theme.glyphs().ellipsis);
            }
            return kept;
        }
        kept.push(c);
        used += wide;
        if used < room {
            room_for_ellipsis = kept.len();
        }
    }
    kept
}

/// The end of a text that is too long to show: what is being typed matters more than how it began.
pub(crate) fn tail(text: &str, room: usize) -> &str {
    let mut shown = text;
    while width(shown) > room {
        let mut rest = shown.chars();
        rest.next();
        shown = rest.as_str();
    }
    shown
}

/// Breaks at blanks; words longer than a line are broken anywhere.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = vec![];
    let mut line = String::new();
    for word in text.split_whitespace() {
        let gap = usize::from(!line.is_empty());
        if width(&line) + gap + width(word) <= room {
            if gap == 1 {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            if width(&line) + c.width().unwrap_or(0) > room {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// A label in front of text that wraps beside it.
pub(crate) fn labelled(
    label: &str,
    label_room: usize,
    text: &str,
    room: usize,
    styles: (Style, Style),
) -> Vec<Line<'static>> {
    let label = format!("{label:<label_room$}");
    let wrapped = wrap(text, room.saturating_sub(label_room));
    let first = std::iter::once(label).chain(std::iter::repeat(" ".repeat(label_room)));
    wrapped
        .into_iter()
        .zip(first)
        .map(|(text, label)| Line::from(vec![Span::styled(label, styles.0), Span::styled(text, styles.1)]))
        .collect()
}

/// What, why, next: the three lines of every problem.
pub(crate) fn problem(problem: &Problem, head: (&str, Tone), room: usize, theme: Theme) -> Vec<Line<'static>> {
    problem_with(problem, "", head, room, theme)
}

/// The same with what was read that says so; without that if it is empty.
pub(crate) fn problem_with(
    problem: &Problem,
    evidence: &str,
    head: (&str, Tone),
    room: usize,
    theme: Theme,
) -> Vec<Line<'static>> {
    let dim = theme.style(Tone::Dim);
    let strong = theme.style(Tone::Strong);
    let mut lines = vec![];
    let mark = format!(" {} ", head.0);
    let what = wrap(&problem.what, room.saturating_sub(width(&mark) + 1));
    for (n, what) in what.into_iter().enumerate() {
        let mark = match n {
            0 => Span::styled(mark.clone(), theme.style(head.1)),
            _ => Span::raw(" ".repeat(width(&mark))),
        };
        lines.push(Line::from(vec![mark, Span::raw(" "), Span::styled(what, strong)]));
    }
    lines.extend(labelled("   why", 8, &problem.why, room, (dim, Style::new())));
    if !evidence.trim().is_empty() {
        lines.extend(labelled("   read", 8, evidence, room, (dim, dim)));
    }
    lines.extend(labelled("   next", 8, &problem.next, room, (dim, strong)));
    lines
}

pub(crate) fn severity(severity: Severity) -> (&'static str, Tone) {
    (severity.word(), theme::severity(severity))
}

/// A few words as a sentence of their own.
pub(crate) fn sentence(words: &str) -> String {
    format!("{}.", capitalised(words.trim().trim_end_matches('.')))
}

pub(crate) fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}", letters.as_str())
}

/// `── Title ─────`
pub(crate) fn heading(title: &str, room: usize, theme: Theme) -> Line<'static> {
    let rule = theme.glyphs().rule;
    let rest = room.saturating_sub(width(title) + 4);
    Line::from(vec![
        Span::styled(format!("{rule} "), theme.style(Tone::Dim)),
        Span::styled(title.to_owned(), theme.style(Tone::Strong)),
        Span::styled(format!(" {}", rule.repeat(rest)), theme.style(Tone::Dim)),
    ])
}

/// A full row in one style, blanks included.
pub(crate) fn band(text: &str, area: Rect, buf: &mut Buffer, style: Style, theme: Theme) {
    if area.is_empty() {
        return;
    }
    buf.set_string(area.x, area.y, fit(text, usize::from(area.width), theme), style);
}

/// Lines from the top of an area; what does not fit is not drawn.
pub(crate) fn paint(lines: &[Line<'_>], area: Rect, buf: &mut Buffer) {
    for (line, y) in lines.iter().zip(area.top()..area.bottom()) {
        buf.set_line(area.x, y, line, area.width);
    }
}

/// As it is printed on sticks and disks: powers of ten.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    for (unit, name) in UNITS {
        if count >= unit {
            let tenths = u128::from(count) * 10 / u128::from(unit);
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
    }
    format!("{count} B")
}

/// `9s`, `1m05s`, `2h03m`.
pub(crate) fn duration(time: Duration) -> String {
    match time.as_secs() {
        s @ 0..60 => format!("{s}s"),
        s @ 60..3_600 => format!("{}m{:02}s", s / 60, s % 60),
        s => format!("{}h{:02}m", s / 3_600, s / 60 % 60),
    }
}

/// Last of all, over the whole picture: nothing that a laptop or a stick calls itself can move the
/// cursor, hide text, turn its direction or pile marks on a cell, whichever screen let it through.
pub(crate) fn sweep(buf: &mut Buffer) {
    for cell in &mut buf.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() && !symbol.bytes().any(|byte| byte.is_ascii_control()) {
            continue;
        }
        let wide = width(symbol);
        let mut kept: String = symbol.chars().filter(|c| !is_harmful(*c)).take(3).collect();
        if kept.chars().any(is_right_to_left) {
            kept = "?".to_owned();
        }
        if width(&kept) != wide {
            kept = "?".repeat(wide.max(1));
        }
        if kept != symbol {
            cell.set_symbol(&kept);
        }
    }
}

/// Controls, invisible characters and overrides of the writing direction.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A letter of a right-to-left script re-orders its neighbours on terminals that know how: one serial
/// number could swap the columns of its row.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Theme = Theme { colour: false, ascii: false };

    #[test]
    fn text_is_cut_by_cells_not_by_letters() {
        assert_eq!(fit("ThinkPad", 5, PLAIN), "Thin…");
        assert_eq!(fit("日本語ノート", 5, PLAIN), "日本…");
        assert_eq!(fit("日本語", 4, PLAIN), "日… ");
        assert_eq!(fit("ab", 4, PLAIN), "ab  ");
        assert_eq!(fit_right("7", 3, PLAIN), "  7");
        assert_eq!(fit("abc", 0, PLAIN), "");
        assert_eq!(fit("abc", 1, PLAIN), "…");
        assert_eq!(tail("/media/stick", 5), "stick");
    }

    #[test]
    fn long_words_break_anywhere() {
        assert_eq!(wrap("a stick is here", 8), ["a stick", "is here"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("日本語", 1).concat(), "日本語");
    }

    #[test]
    fn a_hostile_name_stays_in_its_cells() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 24, 1));
        buf.set_string(0, 0, "A\u{202e}B\u{1b}[2JC\u{200d}D\u{5d0}E\u{301}\u{302}\u{303}\u{304}", Style::new());
        buf[(23, 0)].set_symbol("\u{1b}");
        sweep(&mut buf);
        let text: String = buf.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(!text.chars().any(|c| is_harmful(c) || is_right_to_left(c)), "{text:?}");
        assert!(text.starts_with("AB[2JCD?"), "{text:?}");
        assert_eq!(cut("A\u{202e}B\nC", 9, PLAIN), "ABC");
    }

    #[test]
    fn sizes_and_times_read_like_the_print() {
        assert_eq!([999, 1_500, 16_000_000_000, u64::MAX].map(bytes), ["999 B", "1.5 kB", "16.0 GB", "18446744.0 TB"]);
        assert_eq!([9, 65, 7_380].map(|s| duration(Duration::from_secs(s))), ["9s", "1m05s", "2h03m"]);
    }
}
