//! A box in the middle of the screen, over what is there.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::text;
use crate::theme::Theme;

/// Draws the box as wide as `width` and as high as its lines need.
pub(crate) fn draw(
    title: &str,
    lines: &[Line<'_>],
    width: u16,
    style: Style,
    area: Rect,
    buf: &mut Buffer,
    theme: Theme,
) {
    let width = width.min(area.width);
    let height = text::cells(lines.len() + 4).min(area.height);
    if width < 4 || height < 3 {
        return;
    }
    let spot = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let inner = usize::from(width) - 2;
    let glyphs = theme.glyphs();
    let [top_left, top_right, bottom_left, bottom_right] = glyphs.corners;
    let title = text::cut(&format!(" {title} "), inner.saturating_sub(1), theme);
    let rest = inner.saturating_sub(1 + text::width(&title));
    let head = format!("{top_left}{}{title}{}{top_right}", glyphs.rule, glyphs.rule.repeat(rest));
    let foot = format!("{bottom_left}{}{bottom_right}", glyphs.rule.repeat(inner));
    let blank = format!("{side}{}{side}", " ".repeat(inner), side = glyphs.side);
    for y in spot.top()..spot.bottom() {
        let line = match y {
            y if y == spot.top() => &head,
            y if y + 1 == spot.bottom() => &foot,
            _ => &blank,
        };
        // Reset first: what lies under the box must not shine through.
        let row = Rect { y, height: 1, ..spot };
        buf.set_style(row, Style::reset());
        text::paint(&[Line::from(Span::styled(line.as_str(), style))], row, buf);
    }
    let inside = Rect { x: spot.x + 2, y: spot.y + 2, width: width - 4, height: height.saturating_sub(3) };
    text::paint(lines, inside, buf);
}
