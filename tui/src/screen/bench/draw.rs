//! The pictures of bench mode.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};
use whiteglove_core::{
    clock::{Moment, short_age},
    sticks::{
        remains::Remains,
        view::{Ended, How, Phase, Position, State, Stick, View},
    },
};

use super::{
    Arming, At, Bench, CHOICE_KEYS, KEYS, PICK_KEYS, TEACH_KEYS, TEXT_KEYS, call::call, is_armed, mode, plugged_in, run,
};
use crate::{
    model::Model,
    screen::{Screen, media},
    theme::{Theme, Tone},
    view::{self, Chrome},
    widget::{big, meter, page::Page, scroll, scroll::Move, text},
};

/// Columns of one position: three fit on 120 columns, two on 80.
const CELL: usize = 39;
/// Sticks listed below the positions.
const LISTED: usize = 12;

pub(crate) fn draw(model: &Model, bench: &Bench, area: Rect, buf: &mut Buffer, now: Moment) {
    let chrome = Chrome { title: "Bench mode".to_owned(), right: right(model), next: next(model, bench) };
    let body = match bench {
        Bench::Watch { .. } => chrome.draw(model, KEYS, area, buf, now),
        Bench::Teach => chrome.draw(model, TEACH_KEYS, area, buf, now),
        Bench::PickImage { .. } => chrome.draw(model, PICK_KEYS, area, buf, now),
        Bench::Arming(arming) => match arming.at {
            At::Sizes | At::Words => chrome.draw(model, TEXT_KEYS, area, buf, now),
            At::Ports | At::PluggedIn => chrome.draw(model, CHOICE_KEYS, area, buf, now),
        },
    };
    let mut page = Page::new(usize::from(body.width), model.theme);
    let mut top = 0;
    match bench {
        Bench::Watch { top: scrolled } => {
            top = *scrolled;
            watch(model, &mut page, usize::from(body.height), now);
        }
        Bench::PickImage { selected } => pick_image(model, &mut page, *selected, now),
        Bench::Arming(decided) => arming(model, &mut page, decided),
        Bench::Teach => teach(model, &mut page),
    }
    scroll::paint(&page.lines, top, body, buf, model.theme);
}

pub(super) fn scroll(model: &mut Model, direction: Move, now: Moment) {
    let (width, height) = view::body(model.size);
    let mut page = Page::new(width, model.theme);
    watch(model, &mut page, height, now);
    let len = page.lines.len();
    if let Screen::Bench(Bench::Watch { top }) = &mut model.screen {
        *top = direction.scroll(*top, len, height);
    }
}

fn right(model: &Model) -> String {
    match run(model) {
        Some(run) => {
            let lately = run.lately + run.ready;
            format!("{}   done {}   not made {}   12 h: {lately}", run.image, run.ready, run.failed)
        }
        None => String::new(),
    }
}

fn next(model: &Model, bench: &Bench) -> String {
    let step = match bench {
        Bench::Watch { .. } if !is_armed(model) && model.unseen_problem().is_some() => view::READ_ERROR,
        Bench::Watch { .. } => match run(model) {
            Some(run) => return call(run).1,
            None if media::images(model).is_empty() => "Esc, then b: build the first image.",
            None if mode(model).is_none_or(|mode| mode.positions.is_empty()) => {
                "t: teach the ports, so that the screen can say \"remove 3\". Then a: arm."
            }
            None => "a: arm the bench. Nothing is erased before you have typed the words for it.",
        },
        Bench::PickImage { .. } => "Down, Up: choose what every stick becomes. Enter: go on.",
        Bench::Arming(arming) => match arming.at {
            At::Sizes => "Enter: sticks of these sizes, or type others. Nothing is erased yet.",
            At::Ports => "Down, Up: choose. Enter: go on. Nothing is erased yet.",
            At::PluggedIn => "Down, Up: choose. Enter: go on. Nothing is erased yet.",
            At::Words => "Type the words, then Enter arms the bench. Esc: back.",
        },
        Bench::Teach => {
            let taught = mode(model).and_then(|mode| mode.teaching.as_ref()).map_or(0, Vec::len);
            return match taught {
                0 => "Plug a stick into the port that is to be position 1.".to_owned(),
                n => format!("Plug one into the port of position {}. That was the last? Enter: keep.", n + 1),
            };
        }
    };
    step.to_owned()
}

fn watch(model: &Model, page: &mut Page, height: usize, now: Moment) {
    let Some(run) = run(model) else { return idle(model, page) };
    big_call(run, page, height);
    if let Phase::Checking(progress) = &run.phase {
        let of = format!("{} of {}", text::bytes(progress.done), text::bytes(progress.total));
        page.styled(&format!("  {} {}%   {of}", progress.task, meter::percent(progress)), Tone::Strong);
    }
    if let Phase::Over(Err(problem)) = &run.phase {
        page.problem(problem, ("STOPPED", Tone::Alarm));
        page.blank();
    }
    grid(run, page);
    reasons(run, page);
    list_ended(run, page, now);
}

fn idle(model: &Model, page: &mut Page) {
    page.heading("Many sticks at once");
    page.words(
        "Arm the bench once. From then on every stick that is plugged in is erased, written, read back, and you are \
         told to remove it.",
    );
    page.blank();
    page.words(
        "A stick that came back with captures or logs is emptied first: they are imported, and only then it is \
         erased. What cannot be imported stays on its stick, and that stick is not erased.",
    );
    page.blank();
    page.heading("Positions");
    match mode(model).map(|mode| mode.positions.as_slice()).unwrap_or_default() {
        [] => page.words("Not taught yet: ports are numbered as sticks come. t: say which port is which."),
        ports => {
            let named = ports.iter().enumerate().map(|(n, port)| format!("{} is port {port}", n + 1));
            page.words(&named.collect::<Vec<_>>().join(", "));
        }
    }
}

/// Large if there is room, in reverse if not.
fn big_call(run: &View, page: &mut Page, height: usize) {
    let (title, _) = call(run);
    let theme = page.theme;
    let rows = run.positions.len().div_ceil((page.width / CELL).max(1)) * 2;
    let letters = big::rows(&title, page.width.saturating_sub(2), theme).filter(|_| rows + 8 <= height);
    match letters {
        Some(letters) => {
            let style = theme.style(Tone::Strong);
            page.lines.extend(letters.into_iter().map(|row| Line::from(Span::styled(format!(" {row}"), style))));
        }
        None => page.lines.push(Line::from(Span::styled(
            text::fit(&format!(" {title}"), page.width, theme),
            theme.style(Tone::Selected).patch(theme.style(Tone::Strong)),
        ))),
    }
    page.blank();
}

fn grid(run: &View, page: &mut Page) {
    let across = (page.width / CELL).max(1);
    page.heading(&format!("Positions   {} sticks only", run.sizes));
    if run.positions.is_empty() {
        page.words("None yet: a port becomes a position when a stick comes to it.");
    }
    for row in run.positions.chunks(across) {
        let cells: Vec<[Vec<Span<'static>>; 2]> = row.iter().map(|position| cell(position, page.theme)).collect();
        for n in 0..2 {
            page.lines.push(Line::from(cells.iter().flat_map(|cell| cell[n].clone()).collect::<Vec<_>>()));
        }
    }
    page.blank();
}

/// Two lines: number, sign and word; who the stick is.
fn cell(position: &Position, theme: Theme) -> [Vec<Span<'static>>; 2] {
    let glyphs = theme.glyphs();
    let (glyph, word, tone) = match &position.state {
        State::Free => (glyphs.unknown, "free".to_owned(), Tone::Dim),
        State::Working { silent: Some(seconds), .. } => (glyphs.warning, format!("SILENT for {seconds}s"), Tone::Warn),
        State::Working { progress, rate, seconds_left, .. } => {
            let mut words = format!("{} {}%", short_task(&progress.task), meter::percent(progress));
            if let (Some(rate), Some(left)) = (rate, seconds_left) {
                let left = text::duration(std::time::Duration::from_secs(*left));
                words.push_str(&format!(" {} MB/s {left}", rate / 1_000_000));
            }
            (glyphs.arrived, words, Tone::Plain)
        }
        State::Ready { label, .. } => (glyphs.ready, format!("READY  label it {label}"), Tone::Good),
        State::Failed { remains, .. } => {
            let (glyph, tone) = match remains {
                Remains::Suspect | Remains::Useless => (glyphs.not_ready, Tone::Alarm),
                Remains::AsItWas | Remains::Kept | Remains::HalfWritten => (glyphs.warning, Tone::Warn),
            };
            let (state, then) = remains.words();
            (glyph, format!("{state}  {then}"), tone)
        }
        State::Declined { .. } => (glyphs.warning, "NOT THIS ONE".to_owned(), Tone::Warn),
    };
    let number = Span::styled(format!("{:>3} ", position.number), theme.style(Tone::Strong));
    let state = Span::styled(text::fit(&format!("{glyph} {word}"), CELL - 5, theme), theme.style(tone));
    let under = match stick(&position.state) {
        Some(stick) => format!("      {}", named(stick)),
        None => format!("      port {}", position.port),
    };
    let under = Span::styled(text::fit(&under, CELL, theme), theme.style(Tone::Dim));
    [vec![number, state, Span::raw(" ")], vec![under]]
}

/// Why some are not written, and what to do with each.
fn reasons(run: &View, page: &mut Page) {
    let before = page.lines.len();
    for position in &run.positions {
        let number = position.number.to_string();
        match &position.state {
            State::Failed { problem, .. } => page.problem(problem, (&number, Tone::Alarm)),
            State::Declined { problem, .. } => page.problem(problem, (&number, Tone::Warn)),
            State::Working { notes, .. } => {
                let styles = (page.theme.style(Tone::Warn), Style::new());
                for note in notes {
                    let head = format!("{number:>3} note ");
                    page.lines.extend(text::labelled(&head, 9, note, page.width, styles));
                }
            }
            State::Free | State::Ready { .. } => {}
        }
    }
    if page.lines.len() > before {
        page.blank();
    }
}

fn list_ended(run: &View, page: &mut Page, now: Moment) {
    if run.ended.is_empty() {
        return;
    }
    page.heading("Sticks that ended, the newest first");
    for ended in run.ended.iter().take(LISTED) {
        one_ended(ended, page, now);
    }
    if run.ended.len() > LISTED {
        page.styled(&format!("  and {} more", run.ended.len() - LISTED), Tone::Dim);
    }
}

fn one_ended(ended: &Ended, page: &mut Page, now: Moment) {
    let ago = format!("{} ago", short_age(now.since(ended.at)));
    let (head, words, tone) = match &ended.how {
        How::Ready { label, seconds, write_rate, read_rate, retries } => {
            let mb = |rate: &Option<u64>| rate.map_or("?".to_owned(), |rate| (rate / 1_000_000).to_string());
            let took = text::duration(std::time::Duration::from_secs(*seconds));
            let again = if *retries > 0 { format!(", {retries} tries more") } else { String::new() };
            let words = format!("{took}, wrote {}, read {} MB/s{again}", mb(write_rate), mb(read_rate));
            (format!("label {label}"), words, Tone::Plain)
        }
        How::Failed { remains, .. } => {
            let (state, then) = remains.words();
            ("not made".to_owned(), format!("{}, {then}", text::capitalised(&state.to_lowercase())), Tone::Warn)
        }
    };
    let who = text::fit(&named(&ended.stick), 24, page.theme);
    page.styled(&format!("  {head:<10}at {:<3}{who} {ago:>8}  {words}", ended.position), tone);
}

fn pick_image(model: &Model, page: &mut Page, selected: usize, now: Moment) {
    page.heading("What is every stick to become?");
    for (n, image) in media::images(model).iter().enumerate() {
        page.image(image, now, n == selected);
    }
}

fn arming(model: &Model, page: &mut Page, arming: &Arming) {
    page.heading(&format!("Arm the bench with {}", arming.image.name));
    let sizes = arming.window();
    match arming.at {
        At::Sizes => {
            page.words("Sticks of which sizes, as printed on them? All others are left alone.");
            page.blank();
            page.field("  Sizes:", &arming.sizes);
        }
        At::Ports => {
            let taught = mode(model).map_or(0, |mode| mode.positions.len());
            page.words("Sticks at which ports?");
            page.blank();
            page.choice("At every USB port of this computer", !arming.taught_only, Tone::Plain);
            let only = format!("Only at the {taught} positions that were taught");
            page.choice(&only, arming.taught_only, Tone::Plain);
        }
        At::PluggedIn => {
            let there = sizes.map_or(0, |sizes| plugged_in(model, sizes));
            page.words(&format!("{there} sticks of these sizes are plugged in already."));
            page.blank();
            page.choice("Leave them alone", !arming.plugged_in, Tone::Plain);
            page.choice("Erase and write them too", arming.plugged_in, Tone::Plain);
        }
        At::Words => consent(model, page, arming),
    }
    if let Some(complaint) = &arming.complaint {
        page.blank();
        page.warning(complaint);
    }
}

fn consent(model: &Model, page: &mut Page, arming: &Arming) {
    page.styled(" EVERY STICK PLUGGED IN FROM NOW ON WILL BE ERASED ", Tone::Alarm);
    page.blank();
    let taught = mode(model).map_or(0, |mode| mode.positions.len());
    let there = arming.window().map_or(0, |sizes| plugged_in(model, sizes));
    let facts = [
        ("Sizes", arming.window().map(|sizes| sizes.to_string()).unwrap_or_default()),
        ("Ports", if arming.taught_only { format!("positions 1 to {taught}") } else { "every USB port".to_owned() }),
        (
            "Plugged in now",
            match (arming.plugged_in, there) {
                (true, there) => format!("{there}, which are erased too"),
                (false, _) => "left alone".to_owned(),
            },
        ),
        ("Each becomes", format!("{}, {}", arming.image.name, text::bytes(arming.image.bytes))),
    ];
    for (label, value) in &facts {
        page.fact(label, 20, value);
    }
    page.blank();
    page.words("Captures and logs that a stick brings back are imported before it is erased.");
    page.blank();
    page.prompt("To arm the bench, type:  ", &arming.words());
    page.field("  >", &arming.typed);
}

fn teach(model: &Model, page: &mut Page) {
    page.heading("Which port is position 1?");
    page.words(
        "Pull all sticks out. Then plug one stick into each port, in the order in which the positions are to be \
         numbered. Nothing is written to them.",
    );
    page.blank();
    let taught = mode(model).and_then(|mode| mode.teaching.as_deref()).unwrap_or_default();
    for (n, port) in taught.iter().enumerate() {
        page.styled(&format!("  {:>3}   port {port}", n + 1), Tone::Strong);
    }
    page.styled(&format!("  {:>3}   ...", taught.len() + 1), Tone::Dim);
    // The newest stays in sight.
    let (_, height) = view::body(model.size);
    let hidden = page.lines.len().saturating_sub(height);
    let from = 4.min(page.lines.len());
    page.lines.drain(from..(from + hidden).min(page.lines.len()));
}

fn stick(state: &State) -> Option<&Stick> {
    match state {
        State::Free => None,
        State::Working { stick, .. }
        | State::Ready { stick, .. }
        | State::Failed { stick, .. }
        | State::Declined { stick, .. } => Some(stick),
    }
}

/// Name and the end of the serial number: that end is what differs between the sticks of a box.
fn named(stick: &Stick) -> String {
    let serial: Vec<char> = stick.serial.chars().collect();
    let tail: String = serial[serial.len().saturating_sub(6)..].iter().collect();
    match tail.is_empty() {
        true => stick.name.clone(),
        false => format!("{tail} {}", stick.name),
    }
}

fn short_task(task: &str) -> &str {
    match task {
        "reading back" => "reading",
        task => task,
    }
}
