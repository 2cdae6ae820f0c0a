//! The picture as text, for tests and measurements, and as SVG, for the README.

use std::fmt::Write;

use ratatui::{
    buffer::{Buffer, Cell},
    layout::Rect,
    style::{Color, Modifier},
};
use unicode_width::UnicodeWidthStr;
use whiteglove_core::clock::Moment;

use crate::{model::Model, view};

fn render(model: &Model, width: u16, height: u16, now: Moment) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    view::draw(model, area, &mut buffer, now);
    buffer
}

/// The cells of one row with their columns; the second half of a wide character is not a cell.
fn row(buffer: &Buffer, y: u16) -> Vec<(u16, &Cell)> {
    let mut cells = vec![];
    let mut x = buffer.area.left();
    while x < buffer.area.right() {
        let cell = &buffer[(x, y)];
        cells.push((x, cell));
        x = x.saturating_add(columns_of(cell));
    }
    cells
}

/// The screen as lines of text, blanks at their ends removed.
pub fn render_to_string(model: &Model, width: u16, height: u16, now: Moment) -> String {
    let buffer = render(model, width, height, now);
    let mut text = String::new();
    for y in 0..height {
        let line: String = row(&buffer, y).iter().map(|(_, cell)| cell.symbol()).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

const CELL: (f64, f64) = (8.4, 18.0);
const MARGIN: f64 = 12.0;
const BACKGROUND: &str = "#101418";
const FOREGROUND: &str = "#d8dee4";

/// The screen as a picture: plain SVG, no script, no font of its own, the same bytes every time.
pub fn render_to_svg(model: &Model, width: u16, height: u16, now: Moment) -> String {
    let buffer = render(model, width, height, now);
    let size = (f64::from(width) * CELL.0 + 2.0 * MARGIN, f64::from(height) * CELL.1 + 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.1} {1:.1}\" width=\"{0:.1}\" height=\"{1:.1}\" \
         font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n",
        size.0, size.1
    );
    for y in 0..height {
        let cells = row(&buffer, y);
        for run in cells.chunk_by(|(_, a), (_, b)| look(a) == look(b)) {
            draw_run(&mut svg, run, y);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

#[derive(PartialEq)]
struct Look {
    ink: &'static str,
    paper: &'static str,
    bold: bool,
    dim: bool,
}

fn look(cell: &Cell) -> Look {
    let (mut ink, mut paper) = (colour(cell.fg, FOREGROUND), colour(cell.bg, BACKGROUND));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut ink, &mut paper);
    }
    let bold = cell.modifier.contains(Modifier::BOLD);
    Look { ink, paper, bold, dim: cell.modifier.contains(Modifier::DIM) }
}

fn draw_run(svg: &mut String, run: &[(u16, &Cell)], y: u16) {
    let (Some((first, cell)), Some((last, end))) = (run.first(), run.last()) else { return };
    let Look { ink, paper, bold, dim } = look(cell);
    let columns = last - first + columns_of(end);
    let (x, top) = (MARGIN + f64::from(*first) * CELL.0, MARGIN + f64::from(y) * CELL.1);
    let length = f64::from(columns) * CELL.0;
    // Writing to a String cannot fail.
    if paper != BACKGROUND {
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"{length:.1}\" height=\"{}\" fill=\"{paper}\"/>",
            CELL.1
        );
    }
    let weight = if bold { " font-weight=\"bold\"" } else { "" };
    let opacity = if dim { " opacity=\"0.65\"" } else { "" };
    for phrase in phrases(run) {
        let (Some((first, _)), Some((last, end))) = (phrase.first(), phrase.last()) else { continue };
        let text: String = phrase.iter().map(|(_, cell)| cell.symbol()).collect();
        let columns = last - first + columns_of(end);
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" textLength=\"{:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
             fill=\"{ink}\"{weight}{opacity}>{}</text>",
            MARGIN + f64::from(*first) * CELL.0,
            top + 13.5,
            f64::from(columns) * CELL.0,
            escaped(&text)
        );
    }
}

/// The parts between two blanks and more: viewers differ in what they do with rows of blanks.
fn phrases<'a, 'b>(run: &'a [(u16, &'b Cell)]) -> Vec<&'a [(u16, &'b Cell)]> {
    let blank = |at: usize| run.get(at).is_none_or(|(_, cell)| cell.symbol() == " ");
    let mut phrases = vec![];
    let mut start = None;
    for at in 0..=run.len() {
        match start {
            None if !blank(at) => start = Some(at),
            Some(from) if blank(at) && blank(at + 1) => {
                phrases.push(&run[from..at]);
                start = None;
            }
            _ => {}
        }
    }
    phrases
}

fn columns_of(cell: &Cell) -> u16 {
    u16::try_from(cell.symbol().width()).unwrap_or(1).max(1)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The sixteen colours as a friendly terminal shows them.
fn colour(colour: Color, default: &'static str) -> &'static str {
    match colour {
        Color::Black => "#101418",
        Color::Red => "#e06c75",
        Color::Green => "#98c379",
        Color::Yellow => "#e5c07b",
        Color::Blue => "#2f5f9e",
        Color::Magenta => "#c678dd",
        Color::Cyan => "#63c5da",
        Color::Gray => "#abb2bf",
        Color::DarkGray => "#5c6370",
        Color::White => "#ffffff",
        _ => default,
    }
}
