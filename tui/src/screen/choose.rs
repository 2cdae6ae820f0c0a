//! One of a few, in a box over the screen: what laptops boot from the network, or how the bench lives on a
//! network.

use crossterm::event::KeyCode;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};
use whiteglove_core::{
    control::{Command, StageName},
    device::DeviceId,
    netboot::{Choice, Decision, Mode, Program, Reason},
};

use super::{
    Screen,
    ask::{self, Ask},
    detail,
};
use crate::{
    keymap::{Binding, bind, footer},
    model::Model,
    theme::Tone,
    widget::{dialog, scroll::Move, text},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choose {
    /// `who` is what the person saw when the box came up.
    Boot {
        devices: Vec<DeviceId>,
        who: String,
        /// What one laptop boots as it is; not said of several.
        now: Option<Choice>,
        at: usize,
    },
    Mode {
        interface: String,
        /// What it is now.
        mode: Mode,
        configured: Option<Mode>,
        at: usize,
    },
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Move(Move),
    Accept,
    Back,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Enter], Action::Accept, "choose", "Choose the marked line"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Action::Move(Move::Down), "next", "Next line"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Action::Move(Move::Up), "", "Previous line"),
    bind(&[KeyCode::Home], Action::Move(Move::Top), "", "The first line"),
    bind(&[KeyCode::End], Action::Move(Move::Bottom), "", "The last line"),
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Action::Back, "change nothing", "Change nothing"),
];

const MODES: [Mode; 3] = [Mode::Off, Mode::Proxy, Mode::Own];
/// Behind the line that is so already.
const NOW: &str = "   (now)";

/// What these laptops boot from the network. One that lives on under another number boots under that.
pub(crate) fn open_boot(model: &mut Model, devices: impl IntoIterator<Item = DeviceId>) {
    let rows = model.rows();
    let is_here = |device: &DeviceId| {
        let row = rows.iter().find(|row| row.device == *device);
        row.is_some_and(|row| row.stage != StageName::Replaced)
    };
    let devices: Vec<_> = devices.into_iter().filter(is_here).collect();
    let (who, now) = match devices.as_slice() {
        [] => {
            model.notice = Some("This laptop lives on under another number.".to_owned());
            return;
        }
        [one] => (detail::who(model, *one), detail::row(model, *one).map(|row| choice_of(row.boot))),
        several => {
            let numbers: Vec<_> = several.iter().map(|device| format!("#{}", device.0)).collect();
            (format!("{} laptops: {}", several.len(), numbers.join(", ")), None)
        }
    };
    let at = Choice::ALL.iter().position(|choice| Some(*choice) == now).unwrap_or(0);
    open(model, Choose::Boot { devices, who, now, at });
}

/// What a person must have chosen for it to be so.
fn choice_of(boot: (Decision, Reason)) -> Choice {
    match boot {
        (_, Reason::Batch | Reason::Captured | Reason::Registered) => Choice::Automatic,
        (Decision::Boot(program), Reason::Chosen) => Choice::Boot(program),
        (Decision::LocalDisk, Reason::Chosen) => Choice::LocalDisk,
        (Decision::Ignore, Reason::Chosen) => Choice::Ignore,
    }
}

/// How the bench lives on the network of this interface.
pub(crate) fn open_mode(model: &mut Model, interface: &str) {
    let ports = model.network().map(|network| network.ports.as_slice()).unwrap_or_default();
    let Some(port) = ports.iter().find(|port| port.interface == interface) else { return };
    let at = MODES.iter().position(|mode| *mode == port.mode).unwrap_or(0);
    let choose = Choose::Mode { interface: port.interface.clone(), mode: port.mode, configured: port.configured, at };
    open(model, choose);
}

fn open(model: &mut Model, choose: Choose) {
    let back = Box::new(std::mem::replace(&mut model.screen, Screen::Board));
    model.screen = Screen::Choose { choose, back };
}

impl Choose {
    fn at(&self) -> usize {
        match self {
            Self::Boot { at, .. } | Self::Mode { at, .. } => *at,
        }
    }

    fn at_mut(&mut self) -> &mut usize {
        match self {
            Self::Boot { at, .. } | Self::Mode { at, .. } => at,
        }
    }

    /// Each line that can be chosen, and what it means.
    fn options(&self) -> Vec<(String, &'static str)> {
        match self {
            Self::Boot { now, .. } => {
                let mark = |choice| if Some(choice) == *now { NOW } else { "" };
                let line = |choice: Choice| format!("{}{}", boot_line(choice), mark(choice));
                Choice::ALL.map(|choice| (line(choice), boot_meaning(choice))).to_vec()
            }
            Self::Mode { mode: now, .. } => {
                let mark = |mode| if mode == *now { NOW } else { "" };
                let line = |mode: Mode| format!("{}{}", mode.words(), mark(mode));
                MODES.map(|mode| (line(mode), mode_meaning(mode))).to_vec()
            }
        }
    }
}

fn boot_line(choice: Choice) -> String {
    match choice {
        Choice::Boot(_) => format!("{}, once", choice.words()),
        _ => choice.words().to_owned(),
    }
}

fn boot_meaning(choice: Choice) -> &'static str {
    match choice {
        Choice::Automatic => "What the batch boots, until it is captured. From then on its own disk.",
        Choice::Boot(Program::QuickScan) => {
            "It is read once more, also if it was captured before. Its disk is not touched."
        }
        Choice::Boot(Program::WinPe) => "The customer's Windows PE, the next time it asks. Then automatic again.",
        Choice::Boot(Program::MemoryTest) => {
            "The next time it asks; then automatic again. Needs Secure Boot off: nobody signs the memory test."
        }
        Choice::LocalDisk => "Whenever it asks it is sent on to its own disk, captured or not.",
        Choice::Ignore => "It is not answered and boots as if the bench were not there.",
    }
}

fn mode_meaning(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "Laptops on this network boot from a stick only.",
        Mode::Proxy => {
            "Right in an office network: its own server gives the addresses, the bench only names what to boot."
        }
        Mode::Own => {
            "Only for a switch of the bench's own. The bench gives addresses there. It looks for another DHCP server \
             first, and gives none beside one."
        }
    }
}

pub(crate) fn act(model: &mut Model, action: Action, out: &mut Vec<Command>) {
    let Screen::Choose { choose, back } = &mut model.screen else { return };
    match action {
        Action::Move(direction) => {
            let len = choose.options().len();
            *choose.at_mut() = direction.apply(choose.at(), len, len);
        }
        Action::Back => model.screen = std::mem::replace(back, Screen::Board),
        Action::Accept => {
            let choose = choose.clone();
            model.screen = std::mem::replace(back, Screen::Board);
            accept(model, choose, out);
        }
    }
}

fn accept(model: &mut Model, choose: Choose, out: &mut Vec<Command>) {
    match choose {
        Choose::Boot { devices, at, .. } => {
            let Some(choice) = Choice::ALL.get(at).copied() else { return };
            // They have done what they were made for.
            model.board.unmark();
            out.push(Command::ChooseBoot { devices, choice });
        }
        Choose::Mode { interface, at, .. } => match MODES.get(at).copied() {
            // A second DHCP server in somebody's office is the one thing here that disturbs others.
            Some(Mode::Own) => ask::open(model, Ask::OwnNetwork { interface }),
            Some(mode) => out.push(Command::SetNetwork { interface, mode }),
            None => {}
        },
    }
}

pub(crate) fn draw(choose: &Choose, model: &Model, area: Rect, buf: &mut Buffer) {
    const WIDTH: u16 = 66;
    let theme = model.theme;
    let room = usize::from(WIDTH) - 4;
    let (title, question) = match choose {
        Choose::Boot { who, .. } => ("What to boot from the network", who.clone()),
        Choose::Mode { interface, configured, .. } => {
            let configured = configured.map_or_else(String::new, |mode| {
                format!(" The configuration says {}; somebody chose otherwise here.", mode.word())
            });
            ("Network boot", format!("How the bench lives on {interface}.{configured}"))
        }
    };
    let strong = theme.style(Tone::Strong);
    // A selection may be long: its end matters less than the choices below it.
    let mut lines: Vec<_> =
        text::wrap(&question, room).into_iter().take(3).map(|line| Line::from(Span::styled(line, strong))).collect();
    lines.push(Line::default());
    let options = choose.options();
    for (n, (words, _)) in options.iter().enumerate() {
        let (mark, style) = match n == choose.at() {
            true => (theme.glyphs().marker, theme.style(Tone::Selected)),
            false => (" ", Style::new()),
        };
        lines.push(Line::from(Span::styled(text::fit(&format!("{mark} {words}"), room, theme), style)));
    }
    lines.push(Line::default());
    let meaning = options.get(choose.at()).map(|(_, meaning)| *meaning).unwrap_or_default();
    let mut meaning = text::wrap(meaning, room);
    // The box keeps its height while the mark moves.
    meaning.resize(3, String::new());
    lines.extend(meaning.into_iter().map(Line::raw));
    lines.push(footer(KEYS, theme, WIDTH - 4));
    dialog::draw(title, &lines, WIDTH, theme.style(Tone::Key), area, buf, theme);
}
