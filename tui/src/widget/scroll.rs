//! A window on more lines than fit.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::text;
use crate::theme::{Theme, Tone};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
}

impl Move {
    /// From `position` in `0..len`, with `page` lines in sight.
    pub(crate) fn apply(self, position: usize, len: usize, page: usize) -> usize {
        let last = len.saturating_sub(1);
        // One line stays in sight for the eye to hold on to.
        let page = page.saturating_sub(1).max(1);
        match self {
            Self::Up => position.saturating_sub(1),
            Self::Down => (position + 1).min(last),
            Self::PageUp => position.saturating_sub(page),
            Self::PageDown => (position + page).min(last),
            Self::Top => 0,
            Self::Bottom => last,
        }
    }

    /// The same for a text without a selected line: its last line stops at the bottom.
    pub(crate) fn scroll(self, top: usize, len: usize, page: usize) -> usize {
        self.apply(top, len, page).min(len.saturating_sub(page))
    }
}

/// The first of `page` lines so that `position` is in sight, near where the window was.
pub(crate) fn top(hint: usize, position: usize, len: usize, page: usize) -> usize {
    let lowest = (position + 1).saturating_sub(page);
    hint.clamp(lowest, position.max(lowest)).min(len.saturating_sub(page))
}

/// Draws from line `top`; when there is more, the last row says so instead of hiding text.
pub(crate) fn paint(lines: &[Line<'_>], top: usize, area: Rect, buf: &mut Buffer, theme: Theme) {
    let page = usize::from(area.height);
    let top = top.min(lines.len().saturating_sub(page));
    let rest = lines.get(top..).unwrap_or_default();
    if rest.len() <= page {
        return text::paint(rest, area, buf);
    }
    let shown = page.saturating_sub(1);
    text::paint(&rest[..shown], area, buf);
    let more = format!("{} {} more lines: Down, PgDn", theme.glyphs().more, rest.len() - shown);
    let last = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
    let more = text::fit_right(&more, usize::from(area.width), theme);
    text::paint(&[Line::from(Span::styled(more, theme.style(Tone::Key)))], last, buf);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_follows_the_selected_line() {
        assert_eq!(top(0, 9, 20, 5), 5);
        assert_eq!(top(7, 9, 20, 5), 7);
        assert_eq!(top(19, 9, 20, 5), 9);
        assert_eq!(top(19, 19, 20, 5), 15);
        assert_eq!(top(3, 0, 2, 5), 0);
        assert_eq!(top(0, 0, 0, 0), 0);
    }
}
