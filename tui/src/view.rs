//! The picture of a model, and what all screens have in common: a title, the next step, the keys.

use std::time::Duration;

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};
use whiteglove_core::clock::{Moment, short_age};

use crate::{
    answer,
    keymap::{self, Binding},
    model::Model,
    screen::{
        Screen, ask, batches, bench, board, choose, detail, form, hash, help, lint, lists, media, network, order,
        pages, passphrase, problems, registration, why,
    },
    theme::{Theme, Tone},
    widget::text,
};

/// Columns and rows below which the board says so instead of drawing half a screen.
pub const SMALLEST: (u16, u16) = (80, 24);

pub fn view(model: &Model, frame: &mut Frame<'_>, now: Moment) {
    let area = frame.area();
    draw(model, area, frame.buffer_mut(), now);
}

pub(crate) fn draw(model: &Model, area: Rect, buf: &mut Buffer, now: Moment) {
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(area, buf, model.theme);
    } else {
        screen(model, &model.screen, area, buf, now);
        if let Some(flash) = &model.flash {
            answer::draw(flash, area, buf, model.theme);
        }
    }
    text::sweep(buf);
}

fn screen(model: &Model, shown: &Screen, area: Rect, buf: &mut Buffer, now: Moment) {
    match shown {
        Screen::Board | Screen::Find => board::draw(model, area, buf, now),
        Screen::Detail(detail) => detail::draw(model, detail, area, buf, now),
        Screen::Hash(hash) => hash::draw(model, hash, area, buf, now),
        Screen::Order(list) => order::draw(model, list, area, buf, now),
        Screen::Media(step) => media::draw(model, step, area, buf, now),
        Screen::Lists(lists) => lists::draw(model, lists, area, buf, now),
        Screen::Batches(shown) => batches::draw(model, shown, area, buf, now),
        Screen::Form(form) => form::draw(model, form, area, buf, now),
        Screen::Lint(lint) => lint::draw(model, lint, area, buf, now),
        Screen::Registration(shown) => registration::draw(model, shown, area, buf, now),
        Screen::Bench(bench) => bench::draw(model, bench, area, buf, now),
        Screen::Network(shown) => network::draw(model, shown, area, buf, now),
        Screen::Why(why) => why::draw(model, why, area, buf, now),
        Screen::Problems { top, .. } => problems::draw(model, *top, area, buf, now),
        Screen::Help { top, back } => help::draw(model, *top, back, area, buf, now),
        Screen::Ask { ask, back } => {
            screen(model, back, area, buf, now);
            footer_over(ask.keys(), model, area, buf);
            ask::draw(ask, model, area, buf);
        }
        Screen::Passphrase { passphrase, back } => {
            screen(model, back, area, buf, now);
            footer_over(pages::TEXT_KEYS, model, area, buf);
            passphrase::draw(passphrase, model, area, buf);
        }
        Screen::Choose { choose, back } => {
            screen(model, back, area, buf, now);
            footer_over(choose::KEYS, model, area, buf);
            choose::draw(choose, model, area, buf);
        }
    }
}

/// The footer below would promise keys that do not work now.
fn footer_over<A>(keys: &[Binding<A>], model: &Model, area: Rect, buf: &mut Buffer) {
    let footer = Rect { y: area.bottom() - 1, height: 1, ..area };
    buf.set_style(footer, Style::reset());
    text::band("", footer, buf, Style::new(), model.theme);
    text::paint(&[keymap::footer(keys, model.theme, area.width)], footer, buf);
}

fn too_small(area: Rect, buf: &mut Buffer, theme: Theme) {
    let message = format!(
        "This window is {} x {}. The board needs {} x {}. Make it larger, or the letters smaller.",
        area.width, area.height, SMALLEST.0, SMALLEST.1
    );
    let lines: Vec<Line<'_>> = text::wrap(&message, usize::from(area.width))
        .into_iter()
        .map(|line| Line::from(Span::styled(line, theme.style(Tone::Strong))))
        .collect();
    text::paint(&lines, area, buf);
}

/// The next step while an error waits to be read.
pub(crate) const READ_ERROR: &str = "e: read what went wrong and what to do about it.";

/// Title, next step and keys around a screen's body.
pub(crate) struct Chrome {
    pub(crate) title: String,
    pub(crate) right: String,
    pub(crate) next: String,
}

/// Title and a blank line above; the strip, two lines of next step and the keys below.
const ABOVE: u16 = 2;
const BELOW: u16 = 4;

/// Columns and rows of the body on a terminal of this size.
pub(crate) fn body((width, height): (u16, u16)) -> (usize, usize) {
    (usize::from(width.saturating_sub(2)), usize::from(height.saturating_sub(ABOVE + BELOW)))
}

impl Chrome {
    /// Draws itself and gives the room that is left.
    pub(crate) fn draw<A>(
        &self,
        model: &Model,
        keys: &[Binding<A>],
        area: Rect,
        buf: &mut Buffer,
        now: Moment,
    ) -> Rect {
        let theme = model.theme;
        let simulated = model.snapshot.as_deref().is_some_and(|snapshot| snapshot.simulated);
        let mark = if simulated { " SIMULATED " } else { "" };
        let room = usize::from(area.width).saturating_sub(text::width(mark));
        let right = text::cut(&self.right, room.saturating_sub(text::width(&self.title) + 4), theme);
        let left = text::fit(&format!(" {}", self.title), room.saturating_sub(text::width(&right) + 1), theme);
        let row = Rect { height: 1, ..area };
        text::band("", row, buf, theme.style(Tone::Title), theme);
        buf.set_string(area.x, area.y, format!("{left}{right}"), theme.style(Tone::Title));
        buf.set_string(area.x + text::cells(room), area.y, mark, theme.style(Tone::Alarm));
        strip(model, Rect { y: area.bottom() - 4, height: 1, ..area }, buf, now);
        next_step(&self.next, Rect { y: area.bottom() - 3, height: 2, ..area }, buf, theme);
        text::paint(&[keymap::footer(keys, theme, area.width)], Rect { y: area.bottom() - 1, height: 1, ..area }, buf);
        let (width, height) = body((area.width, area.height));
        Rect { x: area.x + 1, y: area.y + ABOVE, width: text::cells(width), height: text::cells(height) }
    }
}

/// One line for what is new: a problem nobody has looked at, or that something asked for is done.
/// Whether it had anything to say.
pub(crate) fn strip(model: &Model, area: Rect, buf: &mut Buffer, now: Moment) -> bool {
    let theme = model.theme;
    if let Some((at, problem)) = model.unseen_problem() {
        let words = format!(" ERROR {} ago: {}", short_age(now.since(*at)), problem.what);
        let keys = " e: read   x: hide ";
        let room = usize::from(area.width).saturating_sub(text::width(keys));
        text::band(&format!("{}{keys}", text::fit(&words, room, theme)), area, buf, theme.style(Tone::Alarm), theme);
        return true;
    }
    let Some(words) = model.news() else { return false };
    text::band(&format!(" {words}"), area, buf, theme.style(Tone::Good), theme);
    true
}

/// At all times, what to do now.
pub(crate) fn next_step(step: &str, area: Rect, buf: &mut Buffer, theme: Theme) {
    let lines = text::labelled(
        " NEXT",
        7,
        step,
        usize::from(area.width).saturating_sub(1),
        (theme.style(Tone::Key), theme.style(Tone::Strong)),
    );
    text::paint(&lines, area, buf);
}

/// When the picture changes by time alone; `None` while it stands still.
pub(crate) fn wake(model: &Model, now: Moment) -> Option<Moment> {
    let quick = model.burst.deadline(now);
    let flash = model.flash.as_ref().and_then(|flash| flash.until);
    let ages = match model.screen.base() {
        Screen::Board | Screen::Find => board::youngest(model, now),
        Screen::Detail(_) => detail::youngest(model, now),
        Screen::Hash(_) => hash::youngest(model, now),
        Screen::Media(_) => media::youngest(model, now),
        Screen::Bench(_) => bench::youngest(model, now),
        Screen::Network(_) => network::youngest(model, now),
        Screen::Why(_) => why::youngest(model, now),
        Screen::Registration(_) => registration::youngest(model, now),
        _ => None,
    };
    let job = model.running_job().map(|_| Duration::ZERO);
    let age = ages.into_iter().chain(job).min().map(|age| now.after(until_it_reads_older(age)));
    [quick, flash, age].into_iter().flatten().min()
}

/// How long an age goes on reading the same; see `short_age`.
fn until_it_reads_older(age: Duration) -> Duration {
    let unit = match age.as_secs() {
        0..60 => 1_000,
        60..3_600 => 60_000,
        3_600..86_400 => 3_600_000,
        _ => 86_400_000,
    };
    let past = age.as_millis() % unit;
    Duration::from_millis(u64::try_from(unit - past).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_redrawn_when_it_reads_older() {
        let until = |ms| until_it_reads_older(Duration::from_millis(ms)).as_millis();
        assert_eq!([0, 1, 999, 59_999, 60_000, 119_000].map(until), [1_000, 999, 1, 1, 60_000, 1_000]);
        assert_eq!(until(3_600_000), 3_600_000);
    }
}
