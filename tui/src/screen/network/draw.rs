//! The picture of the networks: sections of short rows; the chosen one opens and says all.

use std::ops::Range;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};
use whiteglove_core::{
    clock::Moment,
    netboot::{Mode, PortState, Standing},
};

use super::{Item, KEYS, Network, Section, chosen, items};
use crate::{model::Model, theme::Tone, view, widget::scroll};

mod rows;
use rows::Rows;

/// The lines of one thing; of the first of a section with the section's head above.
struct Block<'a> {
    lines: Vec<Line<'a>>,
}

/// Where the window begins so that the chosen thing is in it, whole if it fits.
pub(super) fn top(model: &Model, network: &Network, items: &[Item<'_>]) -> usize {
    let (width, page) = view::body(model.size);
    // Ages do not change how many lines there are, nor does what is not in sight.
    let blocks = blocks(model, network, items, width, Moment::default(), 0..0);
    let before: usize = blocks.iter().take(network.place).map(|block| block.lines.len()).sum();
    let own = blocks.get(network.place).map_or(0, |block| block.lines.len());
    let all = blocks.iter().map(|block| block.lines.len()).sum::<usize>();
    // The last line of the window says how much there is below.
    let page = page.saturating_sub(1).max(1);
    let lowest = (before + own).saturating_sub(page).min(before);
    network.top.clamp(lowest, before).min(all.saturating_sub(page))
}

pub(crate) fn draw(model: &Model, network: &Network, area: Rect, buf: &mut Buffer, now: Moment) {
    let items = model.network().map(items).unwrap_or_default();
    let on = items.iter().filter(|item| matches!(item, Item::Port(port) if port.mode != Mode::Off)).count();
    let stuck = items.iter().filter(|item| item.section() == Section::Stuck).count();
    let right = format!("{on} of {} ports on   {stuck} stuck ", ports(&items));
    let chrome = view::Chrome { title: "Network".to_owned(), right, next: next(model, network) };
    let body = chrome.draw(model, KEYS, area, buf, now);
    // A list that has just become shorter is shown from further up.
    let height = usize::from(body.height);
    let sight = network.top.saturating_sub(height)..network.top + height;
    let blocks = blocks(model, network, &items, usize::from(body.width), now, sight);
    let mut lines: Vec<_> = blocks.into_iter().flat_map(|block| block.lines).collect();
    if lines.is_empty() {
        lines.push(Line::raw(" This computer has no network port that a laptop could be on."));
    } else if !items.iter().any(|item| matches!(item, Item::Client(_))) {
        lines.push(Line::default());
        lines.push(Line::from(Span::styled("  No laptop has asked yet.", model.theme.style(Tone::Strong))));
        let steps = match on {
            0 => "  Mark a port and press m to turn network boot on there.",
            _ => "  Boot one: F12 (Lenovo, Dell) or F9 (HP), then PXE or HTTP Boot over IPv4.",
        };
        lines.push(Line::raw(steps));
    }
    scroll::paint(&lines, network.top, body, buf, model.theme);
}

fn ports(items: &[Item<'_>]) -> usize {
    items.iter().filter(|item| matches!(item, Item::Port(_))).count()
}

/// Lines that are not in `sight` stay empty: who it is is looked up among all laptops, a thousand times for nothing.
fn blocks(
    model: &Model,
    network: &Network,
    items: &[Item<'_>],
    width: usize,
    now: Moment,
    sight: Range<usize>,
) -> Vec<Block<'static>> {
    let rows = Rows { model, theme: model.theme, width, now };
    let mut section = None;
    let mut line = 0;
    let block = |(place, item): (usize, &Item<'_>)| {
        let mut lines = vec![];
        if section != Some(item.section()) {
            if section.is_some() {
                lines.push(Line::default());
            }
            section = Some(item.section());
            lines.push(rows.head(item.section(), items));
        }
        let is_chosen = network.place == place;
        let is_in_sight = sight.contains(&(line + lines.len()));
        lines.push(if is_in_sight { rows.row(item, is_chosen) } else { Line::default() });
        if is_chosen {
            lines.extend(rows.opened(item));
        }
        line += lines.len();
        Block { lines }
    };
    items.iter().enumerate().map(block).collect()
}

fn next(model: &Model, network: &Network) -> String {
    match chosen(model, network) {
        None => "Esc: back.".to_owned(),
        Some(Item::Port(port)) => match &port.state {
            PortState::Failed(_) => "Do what stands after \"next\". m: choose how this port serves.".to_owned(),
            PortState::Waiting(_) => {
                "Do what stands after \"next\"; it goes on by itself. m: choose its mode.".to_owned()
            }
            PortState::Looking => "Wait some seconds: it looks for another DHCP server first.".to_owned(),
            PortState::Off => "m: turn network boot on for this port.".to_owned(),
            PortState::Serving | PortState::Beside(_) => {
                "Boot laptops from the network. Down: who asks. m: choose the mode of this port.".to_owned()
            }
        },
        Some(Item::Client(client)) => match (client.device, client.standing) {
            (Some(_), Standing::Stuck) => "Enter: why it did not boot, and what to do.".to_owned(),
            (Some(_), Standing::UnderWay) => "Wait: it is under way. Enter: every step.".to_owned(),
            (Some(_), _) => "Enter: every step. n: choose what it boots.".to_owned(),
            (None, Standing::Stuck) => {
                "It is not on the board, as it never said who it is. Boot it from a stick.".to_owned()
            }
            (None, _) => "It is not on the board yet. Wait.".to_owned(),
        },
        Some(Item::Transfer(_)) => "Wait: a file is on its way. Enter: every step of this laptop.".to_owned(),
        Some(Item::Rival(rival)) if rival.file.is_some() => {
            "Ask whoever runs that server to switch its network boot off (options 60, 66 and 67).".to_owned()
        }
        Some(Item::Rival(_)) => "Nothing to do.".to_owned(),
    }
}
