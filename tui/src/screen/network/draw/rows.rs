//! One thing on a network in one row, and in full when it is chosen.

use ratatui::{
    style::Style,
    text::{Line, Span},
};
use whiteglove_core::{
    clock::{Moment, short_age},
    device::DeviceId,
    netboot::{ClientView, Mode, PortState, PortView, RivalView, Standing, TransferView},
};

use super::{Item, Section};
use crate::{
    model::Model,
    screen::{detail, why},
    theme::{Theme, Tone},
    widget::text,
};

/// From here on there is room for the port and for what a laptop was told.
const WIDE: usize = 108;

/// Draws rows, with all at hand that they need.
pub(super) struct Rows<'a> {
    pub(super) model: &'a Model,
    pub(super) theme: Theme,
    pub(super) width: usize,
    pub(super) now: Moment,
}

/// A cell of a row: its text, its room with the gap behind, its tone.
type Cell = (String, usize, Tone);

impl Rows<'_> {
    pub(super) fn head(&self, section: Section, items: &[Item<'_>]) -> Line<'static> {
        let count = items.iter().filter(|item| item.section() == section).count();
        let wide = self.width >= WIDE;
        let (title, columns) = match section {
            Section::Ports => ("PORT".to_owned(), "CABLE ADDRESS            MODE  STATE          ASKED  TOLD LEASES"),
            Section::Stuck if wide => {
                (format!("STUCK ({count})"), "HEARD ASKS       CAME TO   PORT        TOLD               WHY")
            }
            Section::Heard if wide => {
                (format!("HEARD ({count})"), "HEARD ASKS       CAME TO   PORT        TOLD               STANDS")
            }
            Section::Stuck => (format!("STUCK ({count})"), "HEARD ASKS       CAME TO   WHY"),
            Section::Loading => ("LOADING NOW".to_owned(), "FILE"),
            Section::Heard => (format!("HEARD ({count})"), "HEARD ASKS       CAME TO   STANDS"),
            Section::Rivals => ("OTHER SERVERS".to_owned(), "PORT         HEARD ANSWERS  GIVES"),
        };
        let room = self.first(section);
        Line::from(vec![
            Span::styled(format!("  {}", text::fit(&title, room, self.theme)), self.theme.style(Tone::Strong)),
            Span::styled(
                text::cut(columns, self.width.saturating_sub(room + 2), self.theme),
                self.theme.style(Tone::Dim),
            ),
        ])
    }

    /// Room for the first column.
    fn first(&self, section: Section) -> usize {
        match section {
            Section::Ports => 12,
            Section::Rivals => 16,
            _ => 18,
        }
    }

    pub(super) fn row(&self, item: &Item<'_>, is_chosen: bool) -> Line<'static> {
        let cells = match item {
            Item::Port(port) => self.port(port),
            Item::Client(client) => self.client(client),
            Item::Transfer(transfer) => self.transfer(transfer),
            Item::Rival(rival) => self.rival(rival),
        };
        let theme = self.theme;
        let style = |tone: Tone| match (is_chosen, tone) {
            // On the chosen row only an alarm keeps its own colours.
            (true, tone) if tone != Tone::Alarm || !theme.colour => Style::new(),
            (_, tone) => theme.style(tone),
        };
        let mut spans =
            vec![Span::raw(if is_chosen { format!("{} ", theme.glyphs().marker) } else { "  ".to_owned() })];
        let mut left = self.width.saturating_sub(2);
        let last = cells.len().saturating_sub(1);
        for (n, (words, room, tone)) in cells.into_iter().enumerate() {
            let room = if n == last { left } else { room.min(left) };
            // The gap stays plain: a bar of an alarm would be louder than its word.
            let words = text::cut(&words, room.saturating_sub(usize::from(n != last)), theme);
            let gap = room.saturating_sub(text::width(&words));
            spans.push(Span::styled(words, style(tone)));
            spans.push(Span::raw(" ".repeat(gap)));
            left -= room;
        }
        let line = Line::from(spans);
        if is_chosen { line.style(theme.style(Tone::Selected)) } else { line }
    }

    fn port(&self, port: &PortView) -> Vec<Cell> {
        let glyphs = self.theme.glyphs();
        let (state, tone) = match &port.state {
            PortState::Off => ("off".to_owned(), Tone::Dim),
            PortState::Looking => (format!("{} looks", glyphs.arrived), Tone::Plain),
            PortState::Serving => (format!("{} serves", glyphs.ready), Tone::Good),
            PortState::Beside(_) => (format!("{} no address", glyphs.warning), Tone::Warn),
            PortState::Waiting(_) => (format!("{} waits", glyphs.warning), Tone::Warn),
            PortState::Failed(_) => (format!("{} FAILED", glyphs.not_ready), Tone::Alarm),
        };
        let cable = match port.link {
            Some(true) => "in",
            Some(false) => "NONE",
            None => "?",
        };
        let address = port.address.map_or_else(|| "none".to_owned(), |(address, prefix)| format!("{address}/{prefix}"));
        let leases = if port.mode == Mode::Own { port.leases.to_string() } else { String::new() };
        let right = |count: String, room: usize| text::fit_right(&count, room, self.theme);
        let cable_tone = if port.link == Some(false) && port.mode != Mode::Off { Tone::Warn } else { Tone::Plain };
        vec![
            (port.interface.clone(), 12, Tone::Strong),
            (cable.to_owned(), 6, cable_tone),
            (address, 19, Tone::Plain),
            (port.mode.word().to_owned(), 6, Tone::Plain),
            (state, 15, tone),
            (right(port.asked.to_string(), 5), 6, Tone::Plain),
            (right(port.answered.to_string(), 5), 6, Tone::Plain),
            (right(leases, 6), 0, Tone::Plain),
        ]
    }

    /// A laptop's number and serial as on the board, else its address.
    fn who(&self, device: Option<DeviceId>, otherwise: impl FnOnce() -> String) -> String {
        device.map_or_else(otherwise, |device| detail::who(self.model, device))
    }

    fn client(&self, client: &ClientView) -> Vec<Cell> {
        let (glyph, _, tone) = why::standing(client.standing, self.theme);
        let who = self.who(client.device, || client.mac.map_or_else(|| "?".to_owned(), |mac| mac.to_string()));
        let headline = format!("{glyph} {}", client.headline);
        let heard = text::fit_right(&short_age(self.now.since(client.last)), 5, self.theme);
        let mut cells = vec![
            (who, 18, Tone::Strong),
            (heard, 6, Tone::Plain),
            (why::asks_briefly(client.architecture, client.protocol), 11, Tone::Plain),
            (client.reached.map_or("", |stage| stage.word()).to_owned(), 10, Tone::Plain),
        ];
        if self.width >= WIDE {
            cells.push((client.port.clone(), 12, Tone::Plain));
            cells.push((client.answer.clone(), 19, Tone::Plain));
        }
        cells.push((headline, 0, if client.standing == Standing::UnderWay { Tone::Plain } else { tone }));
        cells
    }

    fn transfer(&self, transfer: &TransferView) -> Vec<Cell> {
        const BAR: u64 = 10;
        let glyphs = self.theme.glyphs();
        let percent = transfer.percent().min(100);
        let full = usize::try_from(percent * BAR / 100).unwrap_or(0);
        let bar = glyphs.full.repeat(full) + &glyphs.empty.repeat(usize::try_from(BAR).unwrap_or(0) - full);
        let rate = match transfer.rate {
            0 => "stands still".to_owned(),
            rate => format!("{}/s", text::bytes(rate)),
        };
        let tone = if transfer.rate == 0 { Tone::Warn } else { Tone::Plain };
        vec![
            (self.who(transfer.device, || transfer.address.to_string()), 18, Tone::Strong),
            (transfer.name.clone(), 19, Tone::Plain),
            (transfer.by.word().to_owned(), 6, Tone::Plain),
            (bar, 11, Tone::Good),
            (text::fit_right(&format!("{percent}%"), 4, self.theme), 6, Tone::Plain),
            (rate, 0, tone),
        ]
    }

    fn rival(&self, rival: &RivalView) -> Vec<Cell> {
        let (gives, tone) = match (&rival.file, rival.gives_addresses) {
            (Some(file), true) => (format!("{} addresses, and {file}", self.theme.glyphs().warning), Tone::Warn),
            (Some(file), false) => (format!("{} {file}", self.theme.glyphs().warning), Tone::Warn),
            (None, true) => ("addresses".to_owned(), Tone::Plain),
            (None, false) => ("nothing that matters here".to_owned(), Tone::Dim),
        };
        let right = |words: String, room: usize| text::fit_right(&words, room, self.theme);
        vec![
            (rival.server.to_string(), 16, Tone::Strong),
            (rival.port.clone(), 13, Tone::Plain),
            (right(short_age(self.now.since(rival.last)), 5), 6, Tone::Plain),
            (right(rival.answers.to_string(), 7), 9, Tone::Plain),
            (gives, 0, tone),
        ]
    }

    /// What the chosen row says more.
    pub(super) fn opened(&self, item: &Item<'_>) -> Vec<Line<'static>> {
        let mut lines = vec![];
        let mut say = |words: String| {
            let wrapped = text::wrap(&words, self.width.saturating_sub(4));
            lines.extend(wrapped.into_iter().map(|line| Line::raw(format!("    {line}"))));
        };
        match item {
            Item::Port(port) => {
                if let Some(configured) = port.configured {
                    say(format!("The configuration says {}; somebody chose otherwise here.", configured.word()));
                }
                if let (Mode::Own, Some((first, last))) = (port.mode, port.pool) {
                    say(format!("It gives the addresses {first} to {last}."));
                }
                if let PortState::Beside(server) = port.state {
                    say(format!(
                        "Another DHCP server, {server}, gives addresses here: the bench only names what to boot."
                    ));
                }
                if let Some(problem) = port.state.problem() {
                    let head = match port.state {
                        PortState::Failed(_) => ("FAILED", Tone::Alarm),
                        _ => ("WAITS", Tone::Warn),
                    };
                    let problem = text::problem(problem, head, self.width.saturating_sub(2), self.theme);
                    lines.extend(problem.into_iter().map(indented));
                }
            }
            Item::Client(client) => {
                let told = match client.answer.as_str() {
                    "" => "told nothing yet".to_owned(),
                    answer => format!("told {answer}"),
                };
                let address = client.address.map_or_else(String::new, |address| format!(", at {address}"));
                let mac = client.mac.map_or_else(String::new, |mac| format!(", adapter {mac}"));
                say(format!("On {}{address}{mac}; {told}.", client.port));
                say(text::sentence(&client.headline));
            }
            Item::Transfer(transfer) => {
                let (done, size) = (text::bytes(transfer.done), text::bytes(transfer.size));
                let time = text::duration(self.now.since(transfer.since));
                say(format!("{done} of {size} in {time}, to {}.", transfer.address));
            }
            Item::Rival(rival) => {
                let first = short_age(self.now.since(rival.first));
                say(match &rival.file {
                    Some(file) => format!(
                        "It tells laptops to boot {file}; some follow it and not the bench. First seen {first} ago."
                    ),
                    None if rival.gives_addresses => {
                        format!("A usual DHCP server. The bench and it go together. First seen {first} ago.")
                    }
                    None => format!("First seen {first} ago."),
                });
            }
        }
        lines
    }
}

fn indented(mut line: Line<'static>) -> Line<'static> {
    line.spans.insert(0, Span::raw("  "));
    line
}
