//! The board's picture. Only rows in sight are looked at, so ten thousand cost what fifteen do.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};
use whiteglove_core::{
    clock::Moment,
    control::{Row, Snapshot, StageName},
};

use super::{FIND_KEYS, KEYS};
use crate::{
    answer, keymap,
    model::Model,
    screen::{Screen, bench, media},
    theme::{Theme, Tone},
    view,
    widget::text,
};

mod columns;
mod next;
mod reach;
use columns::Columns;
pub(crate) use columns::short_match;

/// Where everything goes. No line comes and goes with news: rows never jump.
struct Layout {
    title: Rect,
    endpoint: Rect,
    banner: Option<Rect>,
    urgent: Rect,
    head: Rect,
    rows: Rect,
    strip: Rect,
    next: Rect,
    keys: Rect,
}

fn layout(area: Rect, simulated: bool) -> Layout {
    let above = 4 + u16::from(simulated);
    let line = |y: u16, height: u16| Rect { y: area.y + y, height, ..area };
    let rows = area.height.saturating_sub(above + 4);
    Layout {
        title: line(0, 1),
        endpoint: line(1, 1),
        banner: simulated.then(|| line(2, 1)),
        urgent: line(above - 2, 1),
        head: line(above - 1, 1),
        rows: line(above, rows),
        strip: line(above + rows, 1),
        next: line(above + rows + 1, 2),
        keys: line(above + rows + 3, 1),
    }
}

fn is_simulated(model: &Model) -> bool {
    model.snapshot.as_deref().is_some_and(|snapshot| snapshot.simulated)
}

/// How many rows are in sight on the terminal as it is.
pub(super) fn page(model: &Model) -> usize {
    let area = Rect::new(0, 0, model.size.0, model.size.1);
    usize::from(layout(area, is_simulated(model)).rows.height)
}

fn sight(model: &Model, page: usize) -> impl Iterator<Item = (usize, &Row)> {
    let rows = model.rows();
    let first = model.board.first_in_sight(rows, page);
    (first..first + page).map_while(move |at| Some((at, model.board.row(rows, at)?)))
}

pub(super) fn in_sight(model: &Model) -> impl Iterator<Item = (usize, &Row)> {
    sight(model, page(model))
}

pub(crate) fn draw(model: &Model, area: Rect, buf: &mut Buffer, now: Moment) {
    let theme = model.theme;
    let spots = layout(area, is_simulated(model));
    title(model, spots.title, buf);
    reach::draw(model, spots.endpoint, buf);
    if let Some(banner) = spots.banner {
        let words = " SIMULATED   These laptops are not real. They come from \"whiteglove demo\".";
        text::band(words, banner, buf, theme.style(Tone::Alarm), theme);
    }
    urgent(model, spots.urgent, buf);
    place(model, usize::from(spots.rows.height), spots.urgent, buf);
    if model.rows().is_empty() {
        let list = Rect { y: spots.head.y, height: spots.head.height + spots.rows.height, ..spots.rows };
        empty(model, list, buf);
    } else {
        list(model, &spots, buf, now);
    }
    strip(model, spots.strip, buf, now);
    view::next_step(&next::next(model, now), spots.next, buf, theme);
    let keys = match model.screen.base() {
        Screen::Find => keymap::footer(FIND_KEYS, theme, area.width),
        _ => keymap::footer(KEYS, theme, area.width),
    };
    text::paint(&[keys], spots.keys, buf);
}

fn title(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let full = counted(model, false);
    let width = usize::from(area.width);
    // Whole words, as long as customer and batch are whole beside them.
    let fits = |right: &str| {
        let room = width.saturating_sub(text::width(right) + 2);
        !whose(model.snapshot.as_deref(), room, theme).contains(theme.glyphs().ellipsis)
    };
    let right = if fits(&full) { full } else { counted(model, true) };
    let room = width.saturating_sub(text::width(&right) + 2);
    let left = whose(model.snapshot.as_deref(), room, theme);
    let line = format!("{}  {right}", text::fit(&left, room, theme));
    text::band(&line, area, buf, theme.style(Tone::Title), theme);
}

/// How many laptops are how far: in words, or each by the sign that stands before its stage below.
fn counted(model: &Model, short: bool) -> String {
    let counts = model.counts;
    let registers = counts.registered + counts.cleared > 0;
    let all = [
        (StageName::Arrived, counts.arrived, "arrived", true),
        (StageName::Captured, counts.captured, "captured", true),
        (StageName::Registered, counts.registered, "registered", registers),
        (StageName::Cleared, counts.cleared, "safe to boot", registers),
        (StageName::Held, counts.held, "held", true),
    ];
    let (mut words, gap) = (String::new(), if registers { "  " } else { "   " });
    for (stage, count, word, shown) in all {
        if !shown || (registers && count == 0) {
            continue;
        }
        if !words.is_empty() {
            words.push_str(gap);
        }
        let (glyph, _) = model.theme.stage(stage);
        words.push_str(&if short && registers { format!("{glyph}{count}") } else { format!("{count} {word}") });
    }
    words.push(' ');
    words
}

/// Whose laptops these are: customer and batch before the names of the bench and of the program.
fn whose(snapshot: Option<&Snapshot>, room: usize, theme: Theme) -> String {
    let Some(snapshot) = snapshot else { return " whiteglove".to_owned() };
    let batch = match snapshot.batch.as_str() {
        "" => "no batch open".to_owned(),
        batch => format!("batch {batch}"),
    };
    let Some(customer) = &snapshot.customer else { return format!(" whiteglove   {}   {batch}", snapshot.bench) };
    let short = batch.strip_prefix("batch ").unwrap_or(&batch);
    let ways = [
        format!(" whiteglove   {}   {customer}   {batch}", snapshot.bench),
        format!(" {}   {customer}   {batch}", snapshot.bench),
        format!(" {customer}   {batch}"),
    ];
    let fitting = ways.into_iter().find(|way| text::width(way) <= room);
    // Either may be 32 letters long; the ends of both matter less than that both are there.
    fitting.unwrap_or_else(|| {
        let theirs = (room / 2).max(room.saturating_sub(text::width(short) + 4));
        format!(" {}   {short}", text::cut(customer, theirs.saturating_sub(4), theme))
    })
}

/// The filter if one is on, else how many laptops wait for a person.
fn urgent(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let room = usize::from(area.width).saturating_sub(1);
    let found = model.board.len(model.rows());
    if let Screen::Find = model.screen.base() {
        let count = format!("  {found} found");
        let shown = text::tail(&model.board.filter, room.saturating_sub(8 + text::width(&count)));
        let line = Line::from(vec![
            Span::styled(" Find: ", theme.style(Tone::Key)),
            Span::styled(shown.to_owned(), theme.style(Tone::Strong)),
            Span::styled(theme.glyphs().caret, theme.style(Tone::Key)),
            Span::raw(count),
        ]);
        return text::paint(&[line], area, buf);
    }
    if !model.board.filter.is_empty() {
        let words = format!(" Only \"{}\": {found} of {}. Esc shows all.", model.board.filter, model.laptops());
        return text::band(&words, area, buf, theme.style(Tone::Warn), theme);
    }
    match model.counts.needing {
        0 => {}
        1 => text::band(" 1 laptop needs you (a)", area, buf, theme.style(Tone::Warn), theme),
        n => text::band(&format!(" {n} laptops need you (a)"), area, buf, theme.style(Tone::Warn), theme),
    }
}

/// Which rows are in sight, when that is not all of them.
fn place(model: &Model, page: usize, area: Rect, buf: &mut Buffer) {
    let len = model.board.len(model.rows());
    if len <= page {
        return;
    }
    let first = model.board.first_in_sight(model.rows(), page);
    let words = format!(" {} to {} of {len} ", first + 1, (first + page).min(len));
    let x = area.right().saturating_sub(text::cells(text::width(&words)));
    buf.set_string(x, area.y, words, model.theme.style(Tone::Dim));
}

fn empty(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let Some(snapshot) = model.snapshot.as_deref() else {
        let waiting = [Line::default(), Line::raw("   Waiting for the bench ...")];
        return text::paint(&waiting, area, buf);
    };
    let mut lines = vec![Line::default()];
    if let Some(problem) = &snapshot.endpoint_problem {
        lines.extend(text::problem(problem, ("STOP", Tone::Alarm), usize::from(area.width) - 2, theme));
        lines.push(Line::default());
    }
    let first = match snapshot.images.is_empty() {
        true => "1  m: make a stick. There, b builds the image and w writes it.",
        false => "1  m: make a stick. There, w writes the image to a USB stick.",
    };
    let by_stick = [
        first,
        "2  Put the stick and a network cable into a laptop and switch it on.",
        "   Choose the stick in its boot menu: F12 (Lenovo, Dell), F9 (HP).",
        "3  The laptop appears here by itself. Its disk is not touched.",
        "",
        "   Without a stick: s turns network boot on.",
        "   A stick came back from laptops without network: m, then i imports it.",
        "   Laptops of another customer or batch: b.",
    ];
    let by_network = [
        "1  Plug a laptop into the bench switch: its own port, or a USB adapter.",
        "2  Switch it on and choose the network in its boot menu: PXE or HTTP Boot.",
        "   F12 (Lenovo, Dell), F9 (HP).",
        "3  The laptop appears here by itself. Its disk is not touched.",
        "",
        "   It does not boot? s shows who asks, and why. m makes a stick instead.",
        "   A stick came back from laptops without network: m, then i imports it.",
        "   Laptops of another customer or batch: b.",
    ];
    let steps = if model.uses_network() { by_network } else { by_stick };
    lines.push(Line::from(Span::styled("   No laptops yet.", theme.style(Tone::Strong))));
    lines.push(Line::default());
    lines.extend(steps.map(|step| Line::raw(format!("   {step}"))));
    text::paint(&lines, area, buf);
}

fn list(model: &Model, spots: &Layout, buf: &mut Buffer, now: Moment) {
    let theme = model.theme;
    let largest = model.rows().last().map_or(0, |row| row.device.0);
    let columns = Columns::of(spots.rows.width, largest, model);
    text::band(&columns.head(theme), spots.head, buf, theme.style(Tone::Dim), theme);
    let page = usize::from(spots.rows.height);
    let mut shown = 0;
    for ((_, row), y) in sight(model, page).zip(spots.rows.top()..) {
        let selected = model.board.selected == Some(row.device);
        let area = Rect { y, height: 1, ..spots.rows };
        if selected {
            buf.set_style(area, theme.style(Tone::Selected));
        }
        text::paint(&[columns.line(row, model, now)], area, buf);
        shown += 1;
    }
    if shown == 0 {
        let words =
            [Line::default(), Line::raw(format!("   No laptop matches \"{}\". Esc shows all.", model.board.filter))];
        text::paint(&words, spots.rows, buf);
    }
}

/// One line for what concerns the whole bench: the newest problem, else the job, else the last scans.
fn strip(model: &Model, area: Rect, buf: &mut Buffer, now: Moment) {
    let theme = model.theme;
    if view::strip(model, area, buf, now) {
        return;
    }
    // A scan that waits for its answer says so at once, whatever else there is to tell.
    if let Some(scans) = answer::listed(model).filter(|_| model.asked.is_some()) {
        return text::band(&scans, area, buf, theme.style(Tone::Strong), theme);
    }
    if let Some(words) = bench::in_one_line(model) {
        return text::band(&format!(" {words}"), area, buf, theme.style(Tone::Good), theme);
    }
    if let Some(job) = model.job() {
        let (words, tone) = media::in_one_line(job, &model.meter);
        return text::band(&format!(" {words}"), area, buf, theme.style(tone), theme);
    }
    if let Some(scans) = answer::listed(model) {
        text::band(&scans, area, buf, theme.style(Tone::Dim), theme);
    }
}
