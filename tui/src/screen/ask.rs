//! Yes-or-no questions. `y` is the only yes: Enter is what scanners end with.

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect, style::Style, text::Line};
use whiteglove_core::{api::Order, control::Command, device::DeviceId};

use super::Screen;
use crate::{
    keymap::{Binding, bind},
    model::Model,
    msg::Exit,
    theme::Tone,
    widget::{dialog, text},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    Quit,
    /// `who` is what the person saw when the question came up.
    Release {
        device: DeviceId,
        who: String,
    },
    Order {
        device: DeviceId,
        who: String,
        order: Order,
    },
    CancelJob {
        title: String,
    },
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Yes,
    No,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Char('y')], Action::Yes, "yes, do it", "Yes, do it"),
    bind(&[KeyCode::Esc, KeyCode::Char('n')], Action::No, "no, go back", "No, go back; nothing happens"),
];

pub(crate) fn open(model: &mut Model, ask: Ask) {
    let back = Box::new(std::mem::replace(&mut model.screen, Screen::Board));
    // A question over a question: the newer one counts.
    let back = match *back {
        Screen::Ask { back, .. } => back,
        screen => Box::new(screen),
    };
    model.screen = Screen::Ask { ask, back };
}

pub(crate) fn act(model: &mut Model, action: Action, out: &mut Vec<Command>) {
    let Screen::Ask { ask, back } = std::mem::replace(&mut model.screen, Screen::Board) else { return };
    model.screen = *back;
    match (action, ask) {
        (Action::No, _) => {}
        (Action::Yes, Ask::Quit) => model.exit = Some(Exit::Quit),
        (Action::Yes, Ask::Release { device, .. }) => out.push(Command::Release { device }),
        (Action::Yes, Ask::Order { device, order, .. }) => out.push(Command::Order { device, order }),
        (Action::Yes, Ask::CancelJob { .. }) => out.push(Command::CancelJob),
    }
}

/// The question and what a yes leads to.
fn words(ask: &Ask, model: &Model) -> (&'static str, String) {
    match ask {
        Ask::Quit => {
            let job = match model.running_job() {
                Some(job) => format!(" \"{}\" is stopped half-way.", job.title),
                None => String::new(),
            };
            let text = format!(
                "The bench ends with the board that started it; laptops cannot report until it is started \
                 again.{job} A bench that was started on its own goes on. All that was captured is kept."
            );
            ("Quit?", text)
        }
        Ask::Release { who, .. } => {
            let text = format!(
                "{who} goes on as a machine of its own. Only do this after you compared its serial number with the \
                 label under the laptop."
            );
            ("Release this laptop?", text)
        }
        Ask::Order { who, order: Order::PowerOff, .. } => {
            ("Switch this laptop off?", format!("{who} switches itself off. Its capture is kept."))
        }
        Ask::Order { who, order: Order::BootNext, .. } => {
            let text = format!("{who} restarts into its next boot entry, normally Windows. Take the stick out then.");
            ("Restart this laptop?", text)
        }
        Ask::Order { who, order: Order::SetClock, .. } => (
            "Set the clock of this laptop?",
            format!("The clock of {who} is set to the time of this bench. Nothing else of it is changed."),
        ),
        Ask::Order { who, order: Order::Stay, .. } => ("Let this laptop wait?", format!("{who} stays as it is.")),
        Ask::CancelJob { title } => (
            "Stop this job?",
            format!("\"{title}\" is stopped. A stick that is half written does not boot; write it again."),
        ),
    }
}

pub(crate) fn draw(ask: &Ask, model: &Model, area: Rect, buf: &mut Buffer) {
    const WIDTH: u16 = 64;
    let (title, text) = words(ask, model);
    let theme = model.theme;
    let mut lines: Vec<Line<'_>> = text::wrap(&text, usize::from(WIDTH) - 4).into_iter().map(Line::raw).collect();
    lines.push(Line::default());
    lines.push(crate::keymap::footer(KEYS, theme, WIDTH - 4));
    let style = if theme.colour { theme.style(Tone::Warn) } else { Style::new() };
    dialog::draw(title, &lines, WIDTH, style, area, buf, theme);
}
