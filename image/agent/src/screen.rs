//! The laptop's own screen: one word readable across the room, who this machine is, what is
//! happening, and what the person in front of it does next. A pure function of [`State`].

mod font;

use std::time::Duration;

use whiteglove_core::api::{Order, Outcome};
use whiteglove_core::problem::Problem;

use crate::{
    net::NicStatus,
    state::{Bench, Headline, State, Stick},
};

/// The smallest console there is.
pub const MINIMUM: (usize, usize) = (80, 25);

/// Reading that takes longer than this since power-on needs a word.
const PATIENCE: Duration = Duration::from_secs(25);

/// Rows of the serial in large letters, with the line below and what is around them.
const LARGE_SERIAL: usize = 9;

/// How the headline looks: a colour and whether it asks for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Busy,
    Good,
    Attention,
    Bad,
}

/// What is drawn: lines without colours or trailing blanks, as many as the screen has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub lines: Vec<String>,
    pub tone: Tone,
    /// These lines get the tone's colour.
    pub headline: std::ops::Range<usize>,
}

/// Time as far as the screen shows it.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    pub uptime: Duration,
    /// After how long without a bench the capture goes to the stick.
    pub offline_after: Duration,
}

/// The screen as text, for a console of this size.
pub fn render(state: &State, clock: Clock, cols: usize, rows: usize) -> Frame {
    let (cols, rows) = (cols.max(40), rows.max(12));
    let inner = cols - 4;
    let (word, tone) = words(state.headline());
    let mut lines = vec![spread(" whiteglove", &format!("{} ", subtitle(state)), cols), String::new()];

    let big_rows = (rows / 3).min(21);
    let start = lines.len();
    let big = font::large(word, inner, big_rows).unwrap_or_else(|| vec![word.to_owned()]);
    lines.extend(indent(big));
    let headline = start..lines.len();
    lines.push(String::new());

    let footer = footer(state, inner, clock);
    let tight = paragraphs(&body(state, clock), inner, false);
    let airy = paragraphs(&body(state, clock), inner, true);
    // Read from where a person stands; on a small console the large serial comes before the air.
    let body = if lines.len() + footer.len() + airy.len() + LARGE_SERIAL <= rows { airy } else { tight };
    // What to do comes before how large the serial is.
    let room = rows.saturating_sub(lines.len() + footer.len() + 1);
    let machine = machine(state, inner, room.saturating_sub(body.len() + 1));
    lines.extend(indent(machine));
    lines.push(String::new());
    let room = rows.saturating_sub(lines.len() + footer.len() + 1);
    let mut body = body;
    if body.len() > room {
        body.truncate(room.saturating_sub(1));
        body.push("...".to_owned());
    }
    lines.extend(indent(body));
    lines.truncate(rows.saturating_sub(footer.len() + 1));
    lines.resize(rows.saturating_sub(footer.len() + 1), String::new());
    lines.push("\u{2500}".repeat(cols));
    lines.extend(indent(footer));
    for line in &mut lines {
        *line = line.chars().take(cols).collect::<String>().trim_end().to_owned();
    }
    Frame { lines, tone, headline }
}

impl Frame {
    /// For a Linux console: what differs from the frame that is there, line by line, nothing scrolls.
    /// A whole 4K console takes a tenth of a second to draw, and the clock ticks every second.
    pub fn ansi(&self, before: Option<&Self>) -> String {
        let colour = match self.tone {
            Tone::Busy => "\x1b[1;37m",
            Tone::Good => "\x1b[1;32m",
            Tone::Attention => "\x1b[1;33m",
            Tone::Bad => "\x1b[1;31m",
        };
        let before = before.filter(|before| before.lines.len() == self.lines.len());
        let mut text = String::new();
        for (number, line) in self.lines.iter().enumerate() {
            let same = |before: &Self| {
                before.lines[number] == *line
                    && before.headline.contains(&number) == self.headline.contains(&number)
                    && (before.tone == self.tone || !self.headline.contains(&number))
            };
            if before.is_some_and(same) {
                continue;
            }
            let (on, off) = match line.trim_start() {
                _ if self.headline.contains(&number) => (colour, "\x1b[0m"),
                // What to do is the line to be found at a glance.
                next if next.starts_with("Next:") => ("\x1b[1;37m", "\x1b[0m"),
                _ => ("", ""),
            };
            text.push_str(&format!("\x1b[{};1H{on}{line}{off}\x1b[K", number + 1));
        }
        text
    }
}

/// Wrapped, with a blank line before each paragraph but the first and the items of a list.
fn paragraphs(body: &[String], cols: usize, airy: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in body {
        if airy && !lines.is_empty() && !paragraph.starts_with(" - ") {
            lines.push(String::new());
        }
        lines.extend(wrap(paragraph, cols));
    }
    lines
}

fn words(headline: Headline) -> (&'static str, Tone) {
    match headline {
        Headline::Reading => ("READING", Tone::Busy),
        Headline::Waiting => ("WAITING", Tone::Busy),
        Headline::Sending => ("SENDING", Tone::Busy),
        Headline::Ok => ("OK", Tone::Good),
        // Green would say that all is well, and the technician would walk on.
        Headline::OkBut => ("OK BUT", Tone::Attention),
        Headline::Held => ("HELD", Tone::Attention),
        Headline::Saved => ("SAVED", Tone::Attention),
        Headline::Stop => ("STOP", Tone::Bad),
        Headline::Off => ("BYE", Tone::Good),
    }
}

fn subtitle(state: &State) -> String {
    match (state.bench_name.is_empty(), state.batch.is_empty()) {
        (true, _) => String::new(),
        (false, true) => format!("bench {}", state.bench_name),
        (false, false) => format!("bench {}, batch {}", state.bench_name, state.batch),
    }
}

/// The serial large where there is room, since it is what a person compares with the label.
fn machine(state: &State, cols: usize, room: usize) -> Vec<String> {
    let serial = match (&state.serial, state.captured) {
        (Some(serial), _) => serial.as_str(),
        (None, Some(_)) => "no serial number",
        (None, None) => "",
    };
    let done = matches!(state.headline(), Headline::Ok | Headline::OkBut | Headline::Held | Headline::Saved);
    let large =
        if done && state.serial.is_some() { font::large(serial, cols, room.saturating_sub(2).min(14)) } else { None };
    match large {
        Some(mut lines) => {
            lines.extend([String::new(), format!("{serial}   {}", state.model)]);
            lines
        }
        None => vec![format!("{serial}   {}", state.model).trim().to_owned()],
    }
}

/// What is happening and what to do next, a paragraph each.
fn body(state: &State, clock: Clock) -> Vec<String> {
    let mut text = Vec::new();
    match state.headline() {
        Headline::Reading => {
            text.push("Reading who this laptop is. Nothing on its disk is touched.".to_owned());
            text.push(match clock.uptime < PATIENCE {
                true => "Nothing to do; this takes a few seconds.".to_owned(),
                false => "Nothing to do; some TPMs need up to two minutes to show their key.".to_owned(),
            });
        }
        Headline::Waiting => waiting(state, clock, &mut text),
        Headline::Sending => text.push("The bench answers. Sending.".to_owned()),
        Headline::Ok => {
            let known = state.receipt.as_ref().is_some_and(|receipt| receipt.outcome == Outcome::CapturedAgain);
            text.push(match known {
                true => "The bench knew this laptop and has a fresh capture of it now.".to_owned(),
                false => "The bench has this laptop.".to_owned(),
            });
            text.push("Next: leave it, or switch it off (P). The stick can go into the next laptop.".to_owned());
            missing(state, &mut text);
        }
        Headline::OkBut => {
            text.push("The bench has this laptop, but pre-provisioning cannot work with it as it is.".to_owned());
            missing(state, &mut text);
            text.push("Next: mend that, then boot this laptop from the stick again.".to_owned());
        }
        Headline::Held => {
            text.push("The bench has this laptop, but a person has to look at it first.".to_owned());
            if let Some(notice) = state.receipt.as_ref().and_then(|receipt| receipt.notice.as_ref()) {
                problem(notice, &mut text);
            }
            missing(state, &mut text);
        }
        Headline::Saved => {
            text.push(
                match state.bench {
                    Bench::Refused(_) => {
                        "The bench did not take the capture, so it is on the stick, sealed. Nothing is lost."
                    }
                    _ => "No bench answered, so the sealed capture is on the stick. Nothing is lost.",
                }
                .to_owned(),
            );
            text.push(
                "Next: switch this laptop off (P). The stick can go into the next laptop; import it at the bench later. \
                 Or plug in the bench's cable: sending is still being tried."
                    .to_owned(),
            );
            if let Bench::Refused(refusal) = &state.bench {
                problem(refusal, &mut text);
            }
        }
        Headline::Stop => {
            if let Some(stop) = &state.stop {
                problem(stop, &mut text);
            } else if let Bench::Refused(refusal) = &state.bench {
                problem(refusal, &mut text);
                text.push(stick_line(state, clock));
            }
        }
        Headline::Off => text.push(match state.order {
            Some(Order::BootNext) => "The bench says: restarting into the next boot entry.".to_owned(),
            _ => "Switching off.".to_owned(),
        }),
    }
    text.extend(state.clock.clone());
    if let Some(failed) = &state.order_failed {
        problem(failed, &mut text);
    }
    if state.receipt.is_some() && state.bench == Bench::Silent {
        text.push("The bench is not answering at the moment; that does not matter for this laptop.".to_owned());
    }
    text
}

fn waiting(state: &State, clock: Clock, text: &mut Vec<String>) {
    text.push("This laptop is read. Now it has to reach the bench.".to_owned());
    let cable = state.nics.iter().any(|nic| nic.cable);
    text.push(match (state.nics.is_empty(), cable, state.has_an_address()) {
        (true, ..) => "No wired network adapter was found. Plug in a dock or a USB network adapter.".to_owned(),
        (_, false, _) => "Waiting for the network: is the cable in?".to_owned(),
        (_, true, false) => {
            "Waiting for the network: the cable is in, but nobody hands out addresses. A switch may need a minute."
                .to_owned()
        }
        (_, true, true) => "The network works, but no bench answers. Is whiteglove running there?".to_owned(),
    });
    text.push(stick_line(state, clock));
    if let Stick::Failed { problem: failed, .. } = &state.stick {
        problem(failed, text);
    }
}

fn stick_line(state: &State, clock: Clock) -> String {
    match &state.stick {
        Stick::None => {
            "This medium has no place to keep the capture; it is sent as soon as a bench answers.".to_owned()
        }
        Stick::Ready => match state.saves_in(clock.uptime, clock.offline_after) {
            Some(0) | None => "Saving on the stick. Leave it in.".to_owned(),
            Some(seconds) => format!("If that does not change, it is saved on the stick in {seconds} s. Leave it in."),
        },
        Stick::Saving => "Saving on the stick. Leave it in.".to_owned(),
        Stick::Saved => "The capture is saved on the stick.".to_owned(),
        Stick::Failed { .. } => "Saving on the stick failed and is tried again.".to_owned(),
    }
}

fn missing(state: &State, text: &mut Vec<String>) {
    let missing = state.receipt.as_ref().map(|receipt| receipt.missing.as_slice()).unwrap_or_default();
    if missing.is_empty() {
        if state.headline() == Headline::Ok {
            text.push("Nothing known is missing for pre-provisioning.".to_owned());
        }
        return;
    }
    text.push("Missing for pre-provisioning:".to_owned());
    text.extend(missing.iter().map(|item| format!(" - {item}")));
}

fn problem(problem: &Problem, text: &mut Vec<String>) {
    text.push(problem.what.clone());
    text.push(format!("Why: {}", problem.why));
    text.push(format!("Next: {}", problem.next));
}

/// Adapters with their addresses, then the key that works now.
fn footer(state: &State, cols: usize, clock: Clock) -> Vec<String> {
    let mut lines: Vec<String> = state.nics.iter().take(3).map(nic_line).collect();
    if lines.is_empty() {
        lines.push("no wired network adapter yet".to_owned());
    }
    let keys = if state.may_be_switched_off() { "P switch off" } else { "" };
    let seconds = clock.uptime.as_secs();
    lines.push(spread(keys, &format!("{}:{:02}", seconds / 60, seconds % 60), cols));
    lines
}

fn nic_line(nic: &NicStatus) -> String {
    let address = match (&nic.lease, nic.cable) {
        (Some(lease), _) => format!("{}/{}", lease.address, lease.prefix),
        (None, true) => "asking for an address".to_owned(),
        (None, false) => "no cable".to_owned(),
    };
    format!("{:<12} {}  {address}", nic.name, nic.mac)
}

fn spread(left: &str, right: &str, cols: usize) -> String {
    let gap = cols.saturating_sub(left.chars().count() + right.chars().count());
    format!("{left}{}{right}", " ".repeat(gap))
}

fn indent(lines: Vec<String>) -> impl Iterator<Item = String> {
    lines.into_iter().map(|line| if line.is_empty() { line } else { format!("  {line}") })
}

/// Words over lines; a list item's later lines stand below its text.
fn wrap(text: &str, cols: usize) -> Vec<String> {
    let hang = if text.starts_with(" - ") { "   " } else { "" };
    let mut lines = Vec::new();
    let mut line = if hang.is_empty() { String::new() } else { " -".to_owned() };
    for word in text.trim_start_matches(" - ").split_whitespace() {
        let needs = word.chars().count() + 1;
        if !line.trim().is_empty() && line.chars().count() + needs > cols {
            lines
                .push(std::mem::replace(&mut line, hang.trim_end_matches(' ').to_owned() + &hang[1.min(hang.len())..]));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests;
