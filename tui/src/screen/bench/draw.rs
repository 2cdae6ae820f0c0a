//! The pictures of bench mode.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};
use whiteglove_core::{
    clock::{Moment, short_age},
    problem::Problem,
    sticks::{
        remains::Remains,
        view::{Ended, How, Phase, Position, State, Stick, View},
    },
};

use super::{Arming, At, Bench, KEYS, TEACH_KEYS, call::call, is_armed, mode, plugged_in, run};
use crate::{
    keymap::Binding,
    model::Model,
    screen::{
        Screen,
        media::{self, PICK_KEYS, TEXT_KEYS},
    },
    theme::{Theme, Tone},
    view::{self, Chrome},
    widget::{big, meter, scroll, scroll::Move, text},
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
        Bench::PickImage { .. } => chrome.draw::<media::Pick>(model, PICK_KEYS, area, buf, now),
        Bench::Arming(arming) => match arming.at {
            At::Sizes | At::Words => chrome.draw(model, TEXT_KEYS, area, buf, now),
            At::Ports | At::PluggedIn => chrome.draw(model, PICK_KEYS as &[Binding<_>], area, buf, now),
        },
    };
    let page = Page { model, width: usize::from(body.width), now };
    let mut top = 0;
    let lines = match bench {
        Bench::Watch { top: scrolled } => {
            top = *scrolled;
            page.watch(usize::from(body.height))
        }
        Bench::PickImage { selected } => page.pick_image(*selected),
        Bench::Arming(arming) => page.arming(arming),
        Bench::Teach => page.teach(),
    };
    scroll::paint(&lines, top, body, buf, model.theme);
}

pub(super) fn scroll(model: &mut Model, direction: Move, now: Moment) {
    let (width, height) = view::body(model.size);
    let len = Page { model, width, now }.watch(height).len();
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

struct Page<'a> {
    model: &'a Model,
    width: usize,
    now: Moment,
}

type Lines = Vec<Line<'static>>;

impl Page<'_> {
    fn theme(&self) -> Theme {
        self.model.theme
    }

    fn heading(&self, title: &str) -> Line<'static> {
        text::heading(title, self.width, self.theme())
    }

    fn words(&self, words: &str) -> Lines {
        text::wrap(words, self.width - 4).into_iter().map(|line| Line::raw(format!("  {line}"))).collect()
    }

    fn styled(&self, words: &str, tone: Tone) -> Line<'static> {
        Line::from(Span::styled(text::cut(words, self.width, self.theme()), self.theme().style(tone)))
    }

    fn choice(&self, words: &str, selected: bool) -> Line<'static> {
        let theme = self.theme();
        let marker = if selected { theme.glyphs().marker } else { " " };
        let style = if selected { theme.style(Tone::Selected) } else { Style::new() };
        Line::from(Span::styled(text::fit(&format!("{marker} {words}"), self.width, theme), style))
    }

    fn watch(&self, height: usize) -> Lines {
        let Some(run) = run(self.model) else { return self.idle() };
        let mut lines = self.call(run, height);
        if let Phase::Checking(progress) = &run.phase {
            let of = format!("{} of {}", text::bytes(progress.done), text::bytes(progress.total));
            lines.push(self.styled(&format!("  {} {}%   {of}", progress.task, meter::percent(progress)), Tone::Strong));
        }
        if let Phase::Over(Err(problem)) = &run.phase {
            lines.extend(text::problem(problem, ("STOPPED", Tone::Alarm), self.width, self.theme()));
            lines.push(Line::default());
        }
        lines.extend(self.grid(run));
        lines.extend(self.reasons(run));
        lines.extend(self.ended(run));
        lines
    }

    fn idle(&self) -> Lines {
        let mut lines = vec![self.heading("Many sticks at once")];
        lines.extend(self.words(
            "Arm the bench once. From then on every stick that is plugged in is erased, written, read back, and you are \
             told to remove it.",
        ));
        lines.push(Line::default());
        lines.extend(self.words(
            "A stick that came back with captures or logs is emptied first: they are imported, and only then it is \
                 erased. What cannot be imported stays on its stick, and that stick is not erased.",
        ));
        lines.push(Line::default());
        lines.push(self.heading("Positions"));
        lines.extend(match mode(self.model).map(|mode| mode.positions.as_slice()).unwrap_or_default() {
            [] => self.words("Not taught yet: ports are numbered as sticks come. t: say which port is which."),
            ports => {
                let named = ports.iter().enumerate().map(|(n, port)| format!("{} is port {port}", n + 1));
                self.words(&named.collect::<Vec<_>>().join(", "))
            }
        });
        lines
    }

    /// Large if there is room, in reverse if not.
    fn call(&self, run: &View, height: usize) -> Lines {
        let (title, _) = call(run);
        let theme = self.theme();
        let rows = run.positions.len().div_ceil((self.width / CELL).max(1)) * 2;
        let letters = big::rows(&title, self.width.saturating_sub(2), theme).filter(|_| rows + 8 <= height);
        let mut lines: Lines = match letters {
            Some(letters) => {
                let style = theme.style(Tone::Strong);
                letters.into_iter().map(|row| Line::from(Span::styled(format!(" {row}"), style))).collect()
            }
            None => vec![Line::from(Span::styled(
                text::fit(&format!(" {title}"), self.width, theme),
                theme.style(Tone::Selected).patch(theme.style(Tone::Strong)),
            ))],
        };
        lines.push(Line::default());
        lines
    }

    fn grid(&self, run: &View) -> Lines {
        let across = (self.width / CELL).max(1);
        let mut lines = vec![self.heading(&format!("Positions   {} sticks only", run.sizes))];
        if run.positions.is_empty() {
            lines.extend(self.words("None yet: a port becomes a position when a stick comes to it."));
        }
        for row in run.positions.chunks(across) {
            let cells: Vec<[Vec<Span<'static>>; 2]> = row.iter().map(|position| self.cell(position)).collect();
            for n in 0..2 {
                lines.push(Line::from(cells.iter().flat_map(|cell| cell[n].clone()).collect::<Vec<_>>()));
            }
        }
        lines.push(Line::default());
        lines
    }

    /// Two lines: number, sign and word; who the stick is.
    fn cell(&self, position: &Position) -> [Vec<Span<'static>>; 2] {
        let theme = self.theme();
        let glyphs = theme.glyphs();
        let (glyph, word, tone) = match &position.state {
            State::Free => (glyphs.unknown, "free".to_owned(), Tone::Dim),
            State::Working { silent: Some(seconds), .. } => {
                (glyphs.warning, format!("SILENT for {seconds}s"), Tone::Warn)
            }
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
    fn reasons(&self, run: &View) -> Lines {
        let mut lines = vec![];
        for position in &run.positions {
            match &position.state {
                State::Failed { problem, .. } => lines.extend(self.reason(position.number, problem, Tone::Alarm)),
                State::Declined { problem, .. } => lines.extend(self.reason(position.number, problem, Tone::Warn)),
                State::Working { notes, .. } => {
                    for note in notes {
                        let head = format!("{:>3} note ", position.number);
                        let styles = (self.theme().style(Tone::Warn), Style::new());
                        lines.extend(text::labelled(&head, 9, note, self.width, styles));
                    }
                }
                State::Free | State::Ready { .. } => {}
            }
        }
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines
    }

    fn reason(&self, number: usize, problem: &Problem, tone: Tone) -> Lines {
        text::problem(problem, (&number.to_string(), tone), self.width, self.theme())
    }

    fn ended(&self, run: &View) -> Lines {
        if run.ended.is_empty() {
            return vec![];
        }
        let mut lines = vec![self.heading("Sticks that ended, the newest first")];
        lines.extend(run.ended.iter().take(LISTED).map(|ended| self.one_ended(ended)));
        if run.ended.len() > LISTED {
            lines.push(self.styled(&format!("  and {} more", run.ended.len() - LISTED), Tone::Dim));
        }
        lines
    }

    fn one_ended(&self, ended: &Ended) -> Line<'static> {
        let ago = format!("{} ago", short_age(self.now.since(ended.at)));
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
                (
                    "not made".to_owned(),
                    format!("{}, {then}", text::sentence(&state.to_lowercase()).trim_end_matches('.')),
                    Tone::Warn,
                )
            }
        };
        let who = text::fit(&named(&ended.stick), 24, self.theme());
        self.styled(&format!("  {head:<10}at {:<3}{who} {ago:>8}  {words}", ended.position), tone)
    }

    fn pick_image(&self, selected: usize) -> Lines {
        let mut lines = vec![self.heading("What is every stick to become?")];
        for (n, image) in media::images(self.model).iter().enumerate() {
            let age = short_age(self.now.since(image.made));
            let name = text::fit(&image.name, 40, self.theme());
            lines.push(self.choice(&format!("{name}{:>10}   {age} ago", text::bytes(image.bytes)), n == selected));
        }
        lines
    }

    fn arming(&self, arming: &Arming) -> Lines {
        let mut lines = vec![self.heading(&format!("Arm the bench with {}", arming.image.name))];
        let sizes = arming.window();
        match arming.at {
            At::Sizes => {
                lines.extend(self.words("Sticks of which sizes, as printed on them? All others are left alone."));
                lines.push(Line::default());
                lines.push(arming.sizes.line("  Sizes:", self.width, self.theme()));
            }
            At::Ports => {
                let taught = mode(self.model).map_or(0, |mode| mode.positions.len());
                lines.extend(self.words("Sticks at which ports?"));
                lines.push(Line::default());
                lines.push(self.choice("At every USB port of this computer", !arming.taught_only));
                let only = format!("Only at the {taught} positions that were taught");
                lines.push(self.choice(&only, arming.taught_only));
            }
            At::PluggedIn => {
                let there = sizes.map_or(0, |sizes| plugged_in(self.model, sizes));
                lines.extend(self.words(&format!("{there} sticks of these sizes are plugged in already.")));
                lines.push(Line::default());
                lines.push(self.choice("Leave them alone", !arming.plugged_in));
                lines.push(self.choice("Erase and write them too", arming.plugged_in));
            }
            At::Words => lines.extend(self.consent(arming)),
        }
        if let Some(complaint) = &arming.complaint {
            lines.push(Line::default());
            let style = self.theme().style(Tone::Warn);
            let wrapped = text::wrap(complaint, self.width - 4).into_iter();
            lines.extend(wrapped.map(|line| Line::from(Span::styled(format!("  {line}"), style))));
        }
        lines
    }

    fn consent(&self, arming: &Arming) -> Lines {
        let (theme, width) = (self.theme(), self.width);
        let styles = (theme.style(Tone::Dim), theme.style(Tone::Strong));
        let mut lines = vec![self.styled(" EVERY STICK PLUGGED IN FROM NOW ON WILL BE ERASED ", Tone::Alarm)];
        lines.push(Line::default());
        let taught = mode(self.model).map_or(0, |mode| mode.positions.len());
        let there = arming.window().map_or(0, |sizes| plugged_in(self.model, sizes));
        let facts = [
            ("Sizes", arming.window().map(|sizes| sizes.to_string()).unwrap_or_default()),
            (
                "Ports",
                if arming.taught_only { format!("positions 1 to {taught}") } else { "every USB port".to_owned() },
            ),
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
            lines.extend(text::labelled(&format!("   {label}"), 20, value, width, styles));
        }
        lines.push(Line::default());
        lines.extend(self.words("Captures and logs that a stick brings back are imported before it is erased."));
        lines.push(Line::default());
        lines.push(Line::from(vec![
            Span::raw("  To arm the bench, type:  "),
            Span::styled(arming.words(), theme.style(Tone::Strong)),
        ]));
        lines.push(arming.typed.line("  >", width, theme));
        lines
    }

    fn teach(&self) -> Lines {
        let mut lines = vec![self.heading("Which port is position 1?")];
        lines.extend(self.words(
            "Pull all sticks out. Then plug one stick into each port, in the order in which the positions are to be \
             numbered. Nothing is written to them.",
        ));
        lines.push(Line::default());
        let taught = mode(self.model).and_then(|mode| mode.teaching.as_deref()).unwrap_or_default();
        for (n, port) in taught.iter().enumerate() {
            lines.push(self.styled(&format!("  {:>3}   port {port}", n + 1), Tone::Strong));
        }
        lines.push(self.styled(&format!("  {:>3}   ...", taught.len() + 1), Tone::Dim));
        // The newest stays in sight.
        let (_, height) = view::body(self.model.size);
        let hidden = lines.len().saturating_sub(height);
        lines.drain(4.min(lines.len())..(4 + hidden).min(lines.len()));
        lines
    }
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
