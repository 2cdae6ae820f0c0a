//! The board's picture. Only rows in sight are looked at, so ten thousand cost what fifteen do.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};
use whiteglove_core::{
    clock::Moment,
    control::{Row, Snapshot, StageName, Tone as Sound},
    device::Signal,
    netboot::{Mode, PortState, PortView, Standing},
    order::Match,
    readiness::Verdict,
};

use super::{FIND_KEYS, KEYS};
use crate::{
    answer, keymap,
    model::{Model, is_silent, is_wrong},
    screen::{Screen, media},
    theme::Tone,
    view,
    widget::text,
};

mod columns;
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
    endpoint(model, spots.endpoint, buf);
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
    view::next_step(&next(model, now), spots.next, buf, theme);
    let keys = match model.screen.base() {
        Screen::Find => keymap::footer(FIND_KEYS, theme, area.width),
        _ => keymap::footer(KEYS, theme, area.width),
    };
    text::paint(&[keys], spots.keys, buf);
}

fn title(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let counts = model.counts;
    let right = format!("{} arrived   {} captured   {} held ", counts.arrived, counts.captured, counts.held);
    let left = match model.snapshot.as_deref() {
        Some(snapshot) if !snapshot.batch.is_empty() => {
            format!(" whiteglove   {}   batch {}", snapshot.bench, snapshot.batch)
        }
        Some(snapshot) => format!(" whiteglove   {}   no batch open", snapshot.bench),
        None => " whiteglove".to_owned(),
    };
    let room = usize::from(area.width).saturating_sub(text::width(&right) + 2);
    let line = format!("{}  {right}", text::fit(&left, room, theme));
    text::band(&line, area, buf, theme.style(Tone::Title), theme);
}

fn endpoint(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let Some(snapshot) = model.snapshot.as_deref() else { return };
    if let Some(problem) = &snapshot.endpoint_problem {
        let words = format!(" LAPTOPS CANNOT REPORT   {}", problem.what);
        return text::band(&words, area, buf, theme.style(Tone::Alarm), theme);
    }
    let urls = snapshot.endpoints.join("  ");
    let [long, short] = match snapshot.endpoints.as_slice() {
        [] => [" Starting; laptops cannot report yet.", " Starting."].map(str::to_owned),
        _ => [format!(" Laptops report to {urls}"), format!(" Laptops: {urls}")],
    };
    let counter = counter(snapshot);
    let room = usize::from(area.width).saturating_sub(text::width(&counter) + 1);
    let (network, tone) = network_boot(&snapshot.network.ports);
    // The names of the ports are worth more than whole sentences.
    let all = [(&long, 0), (&short, 0), (&long, 1), (&short, 1)];
    let fitting = all.into_iter().filter_map(|(report, n)| Some((report, network.get(n)?.as_str())));
    let fitting = fitting.into_iter().find(|(report, network)| text::width(report) + 3 + text::width(network) <= room);
    let (report, network) = fitting.unwrap_or((&short, network.last().map_or("", String::as_str)));
    let report = match network {
        "" => text::cut(&long, room, theme),
        network => text::cut(report, room.saturating_sub(3 + text::width(network)), theme),
    };
    let gap = if network.is_empty() { "" } else { "   " };
    let line = Line::from(vec![
        Span::styled(report, theme.style(Tone::Dim)),
        Span::raw(gap),
        Span::styled(network.to_owned(), theme.style(tone)),
    ]);
    text::paint(&[line], Rect { width: text::cells(room), ..area }, buf);
    buf.set_string(area.x + text::cells(room + 1), area.y, counter, theme.style(Tone::Strong));
}

/// What the bench does on its networks: in words, and shorter. Nothing while it is silent on all.
fn network_boot(ports: &[PortView]) -> (Vec<String>, Tone) {
    let on: Vec<_> = ports.iter().filter(|port| port.mode != Mode::Off).collect();
    let failed = on.iter().filter(|port| matches!(port.state, PortState::Failed(_))).count();
    if failed > 0 {
        let names = on.iter().filter(|port| matches!(port.state, PortState::Failed(_)));
        let names: Vec<_> = names.map(|port| port.interface.as_str()).collect();
        let words = format!("NETWORK BOOT FAILED: {} (s)", names.join(", "));
        return (vec![words, "NETWORK BOOT FAILED (s)".to_owned()], Tone::Alarm);
    }
    let port = |port: &&PortView| match port.state {
        PortState::Waiting(_) => format!("{} waits", port.interface),
        PortState::Looking => format!("{} looks", port.interface),
        _ => format!("{} {}", port.interface, port.mode.word()),
    };
    let waits = on.iter().any(|port| matches!(port.state, PortState::Waiting(_)));
    let tone = if waits { Tone::Warn } else { Tone::Dim };
    match on.len() {
        0 => (vec![], Tone::Dim),
        n => {
            let words = on.iter().map(port).collect::<Vec<_>>().join(", ");
            let short = match (n, waits) {
                (_, true) => "network boot: waits (s)".to_owned(),
                (1, false) => "network boot: on".to_owned(),
                (n, false) => format!("network boot: {n} ports"),
            };
            (vec![format!("network boot: {words}"), short], tone)
        }
    }
}

/// How much of the order is here.
fn counter(snapshot: &Snapshot) -> String {
    let Some(order) = snapshot.order.as_deref() else { return String::new() };
    format!("{} of {} expected (o) ", order.here(), order.lines.len())
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
    ];
    let by_network = [
        "1  Plug a laptop into the bench switch: its own port, or a USB adapter.",
        "2  Switch it on and choose the network in its boot menu: PXE or HTTP Boot.",
        "   F12 (Lenovo, Dell), F9 (HP).",
        "3  The laptop appears here by itself. Its disk is not touched.",
        "",
        "   It does not boot? s shows who asks, and why. m makes a stick instead.",
        "   A stick came back from laptops without network: m, then i imports it.",
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
    if let Some(job) = model.job() {
        let (words, tone) = media::in_one_line(job, &model.meter);
        return text::band(&format!(" {words}"), area, buf, theme.style(tone), theme);
    }
    if let Some(scans) = answer::listed(model) {
        text::band(&scans, area, buf, theme.style(Tone::Dim), theme);
    }
}

/// The next step, for someone who sees this for the first time.
fn next(model: &Model, now: Moment) -> String {
    if let Screen::Find = model.screen.base() {
        return "Type a part of the serial number, model or stage. Enter: done. Esc: show all.".to_owned();
    }
    if let Some(problem) = model.endpoint_problem() {
        return problem.next.clone();
    }
    if model.flash.as_ref().is_some_and(|flash| matches!(flash.tone, Sound::Attention | Sound::Wrong)) {
        return "Do what the box says. Any key or the next scan puts it away.".to_owned();
    }
    let rows = model.rows();
    if model.snapshot.is_none() {
        return "Wait a moment.".to_owned();
    }
    match model.board.marked() {
        0 => {}
        n => return format!("{n} marked. n: choose what they boot from the network. Esc: unmark."),
    }
    let failed = model.failed_port().map(|(port, _)| format!("s: see why {port} cannot serve, and what to do."));
    if rows.is_empty() {
        return failed.unwrap_or_else(|| "Follow the steps above.".to_owned());
    }
    let Some(row) = model.board.selected_row(rows) else {
        // Also of one that is not on the board.
        let clients = model.network().map(|network| network.clients.as_slice()).unwrap_or_default();
        let stuck = clients.iter().any(|client| client.standing == Standing::Stuck);
        let network = if stuck { " s: who is stuck on the network." } else { "" };
        return match model.counts.needing {
            _ if model.unseen_problem().is_some() => view::READ_ERROR.to_owned(),
            _ if let Some(failed) = failed => failed,
            0 if stuck => "s: see who is stuck on the network, and why.".to_owned(),
            0 if model.uses_network() => {
                "Boot the next laptop from the network. Scan a serial number or press Down to choose a laptop."
                    .to_owned()
            }
            0 => "Boot the next laptop from a stick. Scan a serial number or press Down to choose a laptop.".to_owned(),
            1 => format!("a: go to the laptop that needs you.{network}"),
            _ => format!("a: go to the first laptop that needs you.{network}"),
        };
    };
    if let Some(headline) = stuck_first(model, row, now) {
        return format!("#{}: {}. w: see why it did not boot, and what to do.", row.device.0, headline);
    }
    match (&row.attention, row.stage) {
        // The column may have cut it.
        (Some(reason), StageName::Arrived | StageName::Captured | StageName::Held) => {
            format!("#{}: {}. {}", row.device.0, reason.trim_end_matches('.'), step_for(row, model, now))
        }
        _ => step_for(row, model, now).to_owned(),
    }
}

/// What keeps it from booting, unless something worse is to be done first.
pub(super) fn stuck_first<'a>(model: &'a Model, row: &Row, now: Moment) -> Option<&'a str> {
    let worse = row.stage == StageName::Held || row.verdict == Verdict::NotReady || is_silent(row, now);
    model.stuck(row).filter(|_| !worse && !is_wrong(&row.matching) && row.stage != StageName::Replaced)
}

/// What to do with the chosen laptop.
fn step_for(row: &Row, model: &Model, now: Moment) -> &'static str {
    match (row.stage, row.verdict) {
        (StageName::Replaced, _) => "Nothing to do: this laptop lives on under another number. Enter: its history.",
        (StageName::Held, _) => "Enter: see why it is held, and what to do.",
        _ if is_wrong(&row.matching) => "Enter: see label, machine and order side by side.",
        (_, Verdict::NotReady) => "It cannot be pre-provisioned like this. Enter: see what to repair.",
        (StageName::Captured, Verdict::ReadyWithWarnings) => {
            "Enter: see what may cost time later. Or go on with the next laptop."
        }
        (StageName::Captured, _) if row.matching == Match::Expected => {
            "Captured and ready. Enter, then c: compare its label. Then p: switch it off."
        }
        (StageName::Captured, _) => {
            "Captured and ready. Enter, then p: switch it off. Take the stick to the next laptop."
        }
        (StageName::Arrived, _) if is_silent(row, now) => {
            "Nothing more came from this laptop. Go to it and do what its own screen says."
        }
        (StageName::Arrived, _) if row.signal != Signal::Agent && is_under_way(row, model) => {
            "Wait: this laptop boots from the network. w: see how far it is."
        }
        (StageName::Arrived, _) if row.signal == Signal::Network => {
            "It asked the network and nothing came of it. Boot it again. w: what was seen."
        }
        (StageName::Arrived, _) if row.signal != Signal::Agent => {
            "Known from its label or a file only. Boot this laptop from a stick."
        }
        (StageName::Arrived, _) => "Wait: this laptop is being read. Leave its cable and its stick in.",
    }
}

fn is_under_way(row: &Row, model: &Model) -> bool {
    model.client(row.device).is_some_and(|client| client.standing == Standing::UnderWay)
}
