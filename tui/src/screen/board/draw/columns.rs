//! One laptop on one line. Eighty columns hold a real serial number and what a person has to look at;
//! everything between makes room for these two.

use ratatui::{
    style::Style,
    text::{Line, Span},
};
use whiteglove_core::{
    clock::{Moment, short_age},
    control::{Row, StageName},
    device::Signal,
    netboot::{Decision, Program, Reason, Standing},
    order::Match,
    readiness::Verdict,
};

use crate::{
    model::{Model, is_silent, is_wrong},
    theme::{Theme, Tone},
    widget::text,
};

/// From here on there is room for how we know it, since when it is here, and whole words.
const WIDE: u16 = 110;
/// The least at which a model's name still means something.
const MODEL: usize = 10;
/// The least for what a person has to look at.
const LOOK: usize = 17;

/// Rooms in cells, the gap behind each included. A room of zero: the column is not there.
pub(super) struct Columns {
    number: usize,
    /// Of the stage's word.
    stage: usize,
    serial: usize,
    model: usize,
    verdict: usize,
    matching: usize,
    /// What it boots from the network; not there while no network is served.
    boot: usize,
    signal: usize,
    on_bench: usize,
    look: usize,
}

impl Columns {
    pub(super) fn of(width: u16, largest: u64, board: &Model) -> Self {
        let wide = width >= WIDE;
        let number = largest.to_string().len().max(3);
        let compared = board.order().is_some() || board.counts.matched;
        let matching = match (compared, wide) {
            (false, _) => 0,
            (true, false) => 9,
            (true, true) => 15,
        };
        let (signal, on_bench) = if wide { (9, 9) } else { (0, 0) };
        let verdict = 8;
        let stage = if board.counts.registered > 0 { 10 } else { 8 };
        // Marker 2, mark 1, glyph and gaps 3, age 4, gap 2.
        let fixed = 2 + number + 1 + 3 + stage + verdict + matching + signal + 4 + on_bench + 2;
        let free = usize::from(width).saturating_sub(fixed);
        let boot = match (board.uses_network(), wide) {
            (false, _) => 0,
            (true, true) => 12,
            (true, false) if free >= 12 + MODEL + LOOK + 6 => 6,
            (true, false) => 0,
        };
        let free = free - boot;
        // "(no serial)" is the least that must fit.
        let spare = free.saturating_sub(12 + MODEL + LOOK);
        let serial = (board.counts.longest_serial + 1).clamp(12, 12 + spare);
        let rest = free.saturating_sub(serial);
        // Two fifths for the model: what to look at is read first.
        let model = (rest * 2 / 5).max(MODEL).min(rest);
        Self { number, stage, serial, model, verdict, matching, boot, signal, on_bench, look: rest - model }
    }

    pub(super) fn head(&self, theme: Theme) -> String {
        format!(
            "  {} {}{}{}{}{}{}{}{}{}  {}",
            text::fit_right("#", self.number, theme),
            text::fit("  STAGE", self.stage + 3, theme),
            text::fit("SERIAL", self.serial, theme),
            text::fit("MODEL", self.model, theme),
            text::fit("VERDICT", self.verdict, theme),
            text::fit("MATCH", self.matching, theme),
            text::fit("BOOTS", self.boot, theme),
            text::fit("SIGNAL", self.signal, theme),
            text::fit_right("AGE", 4, theme),
            text::fit_right(if self.on_bench > 0 { "ARRIVED" } else { "" }, self.on_bench, theme),
            text::fit("LOOK AT", self.look, theme),
        )
    }

    pub(super) fn line(&self, row: &Row, board: &Model, now: Moment) -> Line<'static> {
        let theme = board.theme;
        let selected = board.board.selected == Some(row.device);
        let (glyph, stage_tone) = theme.stage(row.stage);
        let (sign, verdict, verdict_tone) = theme.verdict(row.verdict);
        let (matching, match_tone) = self.matching(&row.matching);
        let (look, look_tone) = look_at(row, board, self.look, now);
        let replaced = row.stage == StageName::Replaced;
        let style = |tone: Tone| match (selected, tone) {
            // On the selected row only an alarm keeps its own colours.
            (true, tone) if tone != Tone::Alarm || !theme.colour => Style::new(),
            (false, _) if replaced => theme.style(Tone::Dim),
            (_, tone) => theme.style(tone),
        };
        let serial = if row.serial.is_empty() { "(no serial)" } else { &row.serial };
        let gap = |text: &str, room: usize| match room {
            0 => String::new(),
            room => format!("{} ", text::fit(text, room - 1, theme)),
        };
        let since = short_age(now.since(row.arrived));
        let on_bench = if self.on_bench > 0 { since.as_str() } else { "" };
        // Blanks beside an alarm stay plain: a bar of them would be louder than the word.
        let padded = |words: &str, room: usize, tone: Tone| {
            let words = text::cut(words, room.saturating_sub(1), theme);
            let rest = room.saturating_sub(text::width(&words));
            [Span::styled(words, style(tone)), Span::raw(" ".repeat(rest))]
        };
        let mut spans = vec![
            Span::raw(if selected { theme.glyphs().marker } else { " " }),
            Span::raw(if board.board.is_marked(row.device) { "*" } else { " " }),
            Span::raw(text::fit_right(&row.device.0.to_string(), self.number, theme)),
            Span::styled(if row.simulated { "~" } else { " " }, style(Tone::Warn)),
            Span::styled(format!("{glyph} {:<1$}", row.stage.word(), self.stage), style(stage_tone)),
            Span::raw(" "),
            Span::styled(gap(serial, self.serial), style(Tone::Strong)),
            Span::styled(gap(&row.model, self.model), style(Tone::Plain)),
        ];
        spans.extend(padded(&format!("{sign} {verdict}"), self.verdict, verdict_tone));
        spans.extend(padded(matching, self.matching, match_tone));
        let boot_tone = if row.boot.1 == Reason::Chosen { Tone::Strong } else { Tone::Dim };
        spans.push(Span::styled(gap(self.boot(row), self.boot), style(boot_tone)));
        spans.extend([
            Span::raw(gap(row.signal.word(), self.signal)),
            Span::raw(text::fit_right(&short_age(now.since(row.last)), 4, theme)),
            Span::raw(text::fit_right(on_bench, self.on_bench, theme)),
            Span::raw("  "),
            Span::styled(text::cut(&look, self.look, theme), style(look_tone)),
        ]);
        Line::from(spans)
    }

    /// What it boots from the network when it asks next, in what fits.
    fn boot(&self, row: &Row) -> &'static str {
        let wide = self.boot > 6;
        match row.boot.0 {
            _ if row.stage == StageName::Replaced => "",
            decision if wide => decision.words(),
            Decision::Boot(Program::QuickScan) => "scan",
            Decision::Boot(Program::WinPe) => "WinPE",
            Decision::Boot(Program::MemoryTest) => "mem",
            Decision::LocalDisk => "disk",
            Decision::Ignore => "-",
        }
    }

    /// How label, machine and order agree, in what fits.
    fn matching(&self, matching: &Match) -> (&'static str, Tone) {
        let words = match matching {
            _ if self.matching == 0 => "",
            _ if self.matching > 14 => matching.word(),
            matching => short_match(matching),
        };
        let tone = match matching {
            Match::Matched | Match::LabelAgrees => Tone::Good,
            Match::WrongMachine { .. } | Match::WrongCustomer { .. } => Tone::Alarm,
            matching if is_wrong(matching) => Tone::Warn,
            _ => Tone::Plain,
        };
        (words, tone)
    }
}

/// In at most eight letters.
pub(crate) fn short_match(matching: &Match) -> &'static str {
    match matching {
        Match::NotExpected => "unlisted",
        Match::WrongMachine { .. } => "WRONG",
        Match::WrongCustomer { .. } => "CUSTOMER",
        Match::OtherBatch { .. } => "batch?",
        Match::Duplicate { .. } => "twice",
        fits => fits.word(),
    }
}

/// What the column beside it does not say of a contradiction, if `words` says no more than the two together.
fn in_short(matching: &Match, words: &str) -> Option<String> {
    let repeats = words.starts_with(matching.word()) || matching.problem().is_some_and(|problem| problem.what == words);
    if !repeats {
        return None;
    }
    match matching {
        Match::NotExpected => Some("not on the order".to_owned()),
        Match::WrongMachine { label } => Some(format!("label {label}")),
        Match::WrongCustomer { customer, .. } => Some(format!("of {customer}")),
        Match::OtherBatch { batch } => Some(format!("of {batch}")),
        Match::Duplicate { other } => Some(format!("same line as #{}", other.0)),
        Match::Unchecked | Match::LabelAgrees | Match::Expected | Match::Matched => None,
    }
}

/// What a person has to look at, in a few words; nothing if there is nothing.
fn look_at(row: &Row, board: &Model, room: usize, now: Moment) -> (String, Tone) {
    let reason = row.attention.clone().map(|words| match text::width(&words) > room {
        true => in_short(&row.matching, &words).unwrap_or(words),
        false => words,
    });
    match (row.stage, row.verdict) {
        (StageName::Replaced, _) => (reason.unwrap_or_default(), Tone::Dim),
        (StageName::Held, _) => (reason.unwrap_or_else(|| "open it".to_owned()), Tone::Alarm),
        (StageName::Arrived, _) if is_silent(row, now) => ("look at its screen".to_owned(), Tone::Alarm),
        (_, Verdict::NotReady) => (reason.unwrap_or_else(|| "open it".to_owned()), Tone::Alarm),
        _ if let Some(headline) = board.stuck(row) => (headline.to_owned(), Tone::Alarm),
        _ if row.refused => (row.registration.clone().unwrap_or_default(), Tone::Alarm),
        (StageName::Cleared, _) => ("SAFE TO BOOT".to_owned(), Tone::Good),
        // Where it is on its way says more than what may cost time later; that stands on its page.
        (StageName::Captured | StageName::Registered, _) if let Some(words) = &row.registration => {
            (words.clone(), Tone::Dim)
        }
        (_, Verdict::ReadyWithWarnings) => (reason.unwrap_or_default(), Tone::Warn),
        (StageName::Arrived, _) if row.signal != Signal::Agent => from_elsewhere(row, board),
        (StageName::Arrived, _) => ("being read ...".to_owned(), Tone::Dim),
        // On the order and ready: its label is what nobody has looked at yet.
        (StageName::Captured, _) if row.matching == Match::Expected => ("compare its label".to_owned(), Tone::Dim),
        (StageName::Captured | StageName::Registered, _) => (String::new(), Tone::Plain),
    }
}

/// Of one that the agent has not spoken for: how far it is on the network, else how it may get here.
fn from_elsewhere(row: &Row, board: &Model) -> (String, Tone) {
    match board.client(row.device) {
        Some(client) if matches!(client.standing, Standing::UnderWay | Standing::AsTold) => {
            (client.headline.clone(), Tone::Dim)
        }
        _ if row.signal == Signal::Network => ("boot it again".to_owned(), Tone::Plain),
        _ => ("boot it from a stick".to_owned(), Tone::Plain),
    }
}
