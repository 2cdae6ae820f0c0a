//! The order's picture. Only lines in sight are laid out.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};
use whiteglove_core::{
    clock::Moment,
    control::Row,
    device::DeviceId,
    order::{Expected, LineState, OrderRow, OrderStatus},
};

use super::{KEYS, OrderList, TEXT_KEYS};
use crate::{
    model::Model,
    theme::{Theme, Tone},
    view,
    widget::text,
};

/// Lines in sight: the body without its head.
pub(super) fn page(size: (u16, u16)) -> usize {
    view::body(size).1.saturating_sub(1)
}

pub(crate) fn draw(model: &Model, list: &OrderList, area: Rect, buf: &mut Buffer, now: Moment) {
    let snapshot = model.snapshot.as_deref();
    let batch = snapshot.map(|snapshot| snapshot.batch.as_str()).unwrap_or_default();
    let order = model.order();
    let customer = order.and_then(|order| order.customer.as_deref());
    let title = match customer {
        Some(customer) => format!("Order {batch} for {customer}"),
        None => format!("Order {batch}"),
    };
    let right = order.map_or_else(String::new, |order| {
        let here = order.here();
        format!("{here} of {} here, {} missing ", order.lines.len(), order.lines.len() - here)
    });
    let chrome = view::Chrome { title, right, next: next(model, list, order) };
    let body = match list.is_typing() {
        true => chrome.draw(model, TEXT_KEYS, area, buf, now),
        false => chrome.draw(model, KEYS, area, buf, now),
    };
    match (&list.typing, order) {
        (Some(import), _) => {
            let width = usize::from(body.width);
            let mut lines = vec![text::heading("Import an order list", width, model.theme)];
            lines.extend(words("A CSV file with a column for the serial number, or one serial number a line.", width));
            lines.push(Line::default());
            match &import.file {
                None => {
                    lines.push(import.input.line("  File:", width, model.theme));
                    lines.push(Line::default());
                    let hint = "The path is one on the bench's own computer. Importing twice does no harm.";
                    lines.extend(words(hint, width));
                }
                Some(file) => {
                    lines.extend(words(&format!("File: {}", file.display()), width));
                    lines.push(import.input.line("  Customer:", width, model.theme));
                    lines.push(Line::default());
                    let hint = "A laptop that stands on another customer's list is stopped. Leave it empty if the file \
                                has a column for the customer, or if there is only one.";
                    lines.extend(words(hint, width));
                }
            }
            text::paint(&lines, body, buf);
        }
        (None, None) => text::paint(&no_list(usize::from(body.width), model.theme), body, buf),
        (None, Some(order)) => lines(model, list, order, body, buf),
    }
}

fn words(sentence: &str, width: usize) -> impl Iterator<Item = Line<'static>> {
    text::wrap(sentence, width.saturating_sub(2)).into_iter().map(|line| Line::raw(format!("  {line}")))
}

fn no_list(width: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = vec![
        Line::default(),
        Line::from(Span::styled("  There is no order list for this batch.", theme.style(Tone::Strong))),
        Line::default(),
    ];
    lines.extend(words(
        "With one, every label and every laptop is compared with what the customer ordered: what is missing, what is \
         not expected, what belongs to somebody else.",
        width,
    ));
    lines.push(Line::default());
    lines.extend(
        [
            "  i   type the path of the list here",
            "      or, in a shell:  whiteglove order import FILE --customer NAME",
            "",
            "  A CSV file with a column for the serial number, or one number a line.",
        ]
        .map(Line::raw),
    );
    lines
}

/// Rooms in cells, gaps included.
struct Columns {
    serial: usize,
    model: usize,
    asset: usize,
}

impl Columns {
    /// Marker 2, state 25.
    const FIXED: usize = 27;

    fn of(width: usize, order: &OrderStatus) -> Self {
        let longest = |of: fn(&Expected) -> usize| order.lines.iter().map(|line| of(&line.expected)).max().unwrap_or(0);
        let free = width.saturating_sub(Self::FIXED);
        let serial = (longest(|expected| text::width(&number(expected))) + 2).clamp(12, 12 + free / 3);
        let asset = match longest(|expected| text::width(&expected.asset_tag)) {
            0 => 0,
            longest => (longest + 2).clamp(11, 16),
        };
        Self { serial, model: free.saturating_sub(serial + asset), asset }
    }
}

/// What the line is known by.
fn number(expected: &Expected) -> String {
    match (&expected.serial, &expected.product_key_id) {
        (Some(serial), _) => serial.to_string(),
        (None, Some(key)) => format!("key id {key}"),
        (None, None) => String::new(),
    }
}

fn lines(model: &Model, list: &OrderList, order: &OrderStatus, body: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let shown = list.shown(order);
    let page = usize::from(body.height).saturating_sub(1);
    let columns = Columns::of(usize::from(body.width), order);
    let top = list.top.min(shown.len().saturating_sub(page));
    let head = format!(
        "  {}{}{}{}",
        text::fit("SERIAL", columns.serial, theme),
        text::fit("MODEL", columns.model, theme),
        text::fit(if columns.asset > 0 { "ASSET TAG" } else { "" }, columns.asset, theme),
        "STATE"
    );
    let row = Rect { height: body.height.min(1), ..body };
    text::band(&head, row, buf, theme.style(Tone::Dim), theme);
    if shown.len() > page {
        let words = format!(" {} to {} of {}", top + 1, (top + page).min(shown.len()), shown.len());
        let x = body.right().saturating_sub(text::cells(text::width(&words)));
        buf.set_string(x, body.y, words, theme.style(Tone::Dim));
    }
    let numbers = shown.iter().skip(top).take(page);
    for (number, y) in numbers.zip(body.top() + 1..body.bottom()) {
        let Some(line) = order.lines.get(*number) else { continue };
        let chosen = list.line == Some(*number);
        let area = Rect { y, height: 1, ..body };
        if chosen {
            buf.set_style(area, theme.style(Tone::Selected));
        }
        text::paint(&[order_line(line, chosen, &columns, model)], area, buf);
    }
    if shown.is_empty() {
        let nothing = match order.lines.len() {
            0 => "  The list is empty. i: import another one.".to_owned(),
            1 => "  Nothing is missing: the one laptop is here.".to_owned(),
            all => format!("  Nothing is missing: all {all} are here."),
        };
        let area = Rect { y: body.y + 2, height: body.height.saturating_sub(2), ..body };
        text::paint(&[Line::from(Span::styled(nothing, theme.style(Tone::Strong)))], area, buf);
    }
}

fn row(model: &Model, device: DeviceId) -> Option<&Row> {
    let rows = model.rows();
    rows.binary_search_by_key(&device, |row| row.device).ok().and_then(|at| rows.get(at))
}

fn order_line(line: &OrderRow, chosen: bool, columns: &Columns, model: &Model) -> Line<'static> {
    let theme = model.theme;
    let style = |tone: Tone| if chosen { Style::new() } else { theme.style(tone) };
    let gap = |text: &str, room: usize| match room {
        0 => String::new(),
        room => format!("{} ", text::fit(text, room - 1, theme)),
    };
    let expected = &line.expected;
    let name = match (expected.manufacturer.as_str(), expected.model.as_str()) {
        (maker, model) if model.starts_with(maker) => model.to_owned(),
        (maker, model) => format!("{maker} {model}").trim().to_owned(),
    };
    let (state, tone) = match line.state {
        LineState::Missing => (format!("{} missing", theme.glyphs().arrived), Tone::Warn),
        LineState::Here { device } => match row(model, device) {
            Some(row) => {
                let (glyph, _) = theme.stage(row.stage);
                let (sign, verdict, _) = theme.verdict(row.verdict);
                (format!("{glyph} #{} {} {sign} {verdict}", device.0, row.stage.word().to_lowercase()), Tone::Plain)
            }
            None => (format!("{} #{} here", theme.glyphs().captured, device.0), Tone::Plain),
        },
    };
    Line::from(vec![
        Span::raw(if chosen { format!("{} ", theme.glyphs().marker) } else { "  ".to_owned() }),
        Span::styled(gap(&number(expected), columns.serial), style(Tone::Strong)),
        Span::raw(gap(&name, columns.model)),
        Span::raw(gap(&expected.asset_tag, columns.asset)),
        Span::styled(text::cut(state.trim_end(), 25, theme), style(tone)),
    ])
}

fn next(model: &Model, list: &OrderList, order: Option<&OrderStatus>) -> String {
    let step = match order {
        _ if list.typing.as_ref().is_some_and(|import| import.file.is_some()) => {
            "Type the customer's name, then Enter. Esc: back, nothing is imported."
        }
        _ if list.is_typing() => "Type the path of the file, then Enter. Esc: back.",
        _ if model.unseen_problem().is_some() => view::READ_ERROR,
        None => "i: import the customer's order list.",
        Some(order) if order.lines.is_empty() => "i: import the customer's order list.",
        Some(order) if order.here() == order.lines.len() => "Nothing is missing. Esc: back to the board.",
        Some(_) => "Scan the boxes that came: each line says when its laptop is here. m: only what is missing.",
    };
    step.to_owned()
}
