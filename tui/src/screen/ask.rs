//! Questions. `y` is the only yes: Enter is what scanners end with.

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect, style::Style, text::Line};
use whiteglove_core::{
    api::Order,
    control::Command,
    device::{DeviceId, Probe},
    lane::Lane,
    netboot::Mode,
    sign_in,
    sticks::view::View,
};

use super::{Screen, bench, form};
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
    /// The held device is `other` with a new board.
    SameLaptop {
        device: DeviceId,
        who: String,
        other: DeviceId,
    },
    /// What the registration service says of it.
    Probe {
        device: DeviceId,
        who: String,
    },
    CancelJob {
        title: String,
    },
    /// Sticks of bench mode are being written.
    StopSticks {
        busy: usize,
    },
    /// Laptops are captured for another batch from then on.
    OpenBatch {
        name: String,
        customer: Option<String>,
    },
    /// Laptops are to be registered; none named: all that can be.
    Register {
        devices: Vec<DeviceId>,
        customer: String,
        lane: Lane,
        tag: Option<String>,
    },
    /// One that waits is not to be registered after all.
    DropRegistration {
        device: DeviceId,
        who: String,
    },
    /// Nobody is to be signed in any more.
    SignOut {
        customer: String,
    },
    /// A form is left with what was typed into it.
    DropForm,
    /// The bench is to give addresses there.
    OwnNetwork {
        interface: String,
    },
}

impl Ask {
    pub(crate) fn keys(&self) -> &'static [Binding<Action>] {
        match self {
            Self::Probe { .. } => PROBE_KEYS,
            Self::Register { devices, .. } if !devices.is_empty() => REGISTER_KEYS,
            _ => KEYS,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Yes,
    /// Not only those that were named.
    All,
    Said(Probe),
    No,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Char('y')], Action::Yes, "yes, do it", "Yes, do it"),
    bind(&[KeyCode::Esc, KeyCode::Char('n')], Action::No, "no, go back", "No, go back; nothing happens"),
];

/// Where some are named.
pub(crate) const REGISTER_KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Char('y')], Action::Yes, "yes, these", "Register the marked laptops, or the chosen one"),
    bind(&[KeyCode::Char('a')], Action::All, "all captured", "Register all captured laptops of the batch that can be"),
    bind(&[KeyCode::Esc, KeyCode::Char('n')], Action::No, "no, go back", "No, go back; nothing is sent"),
];

pub(crate) const PROBE_KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Char('f')], Action::Said(Probe::Free), "free", "Nobody has registered this laptop"),
    bind(
        &[KeyCode::Char('o')],
        Action::Said(Probe::Ours),
        "ours",
        "It is registered in the customer's own tenant (806)",
    ),
    bind(
        &[KeyCode::Char('l')],
        Action::Said(Probe::OtherTenant),
        "locked",
        "Another company has it (808): it cannot be registered here",
    ),
    bind(&[KeyCode::Esc, KeyCode::Char('n')], Action::No, "not known", "Go back; nothing is noted"),
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
        (Action::Yes, Ask::SameLaptop { device, .. }) => out.push(Command::SameLaptop { device }),
        (Action::Yes, Ask::CancelJob { .. }) => out.push(Command::CancelJob),
        (Action::Yes, Ask::StopSticks { .. }) => out.push(Command::DisarmBench { stop: true }),
        (Action::Yes, Ask::OwnNetwork { interface }) => out.push(Command::SetNetwork { interface, mode: Mode::Own }),
        (Action::Yes, Ask::OpenBatch { name, .. }) => out.push(Command::OpenBatch { name }),
        (Action::Yes, Ask::Register { devices, .. }) => {
            model.board.unmark();
            out.push(Command::Register { devices, by: None });
        }
        (Action::All, Ask::Register { .. }) => {
            model.board.unmark();
            out.push(Command::Register { devices: vec![], by: None });
        }
        (Action::Yes, Ask::DropRegistration { device, .. }) => {
            out.push(Command::DropRegistration { devices: vec![device] });
        }
        (Action::Yes, Ask::SignOut { customer }) => out.push(Command::SignIn(sign_in::Ask::End { customer })),
        (Action::Yes, Ask::DropForm) => form::leave(model),
        (Action::Said(probe), Ask::Probe { device, .. }) => out.push(Command::Probe { device, probe }),
        // Their tables hold no such key.
        (Action::Yes, Ask::Probe { .. }) | (Action::Said(_) | Action::All, _) => {}
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
            let sticks = match bench::run(model).map_or(0, View::busy) {
                0 => "",
                _ => " Sticks that bench mode is writing are left half written and do not boot.",
            };
            let text = format!(
                "The bench ends with the board that started it; laptops cannot report until it is started \
                 again.{job}{sticks} A bench that was started on its own goes on. All that was captured is kept."
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
            format!(
                "The clock of {who} is set from this bench's, when it listens: its own screen still has to wait for \
                 the bench. Nothing else of it changes."
            ),
        ),
        Ask::Order { who, order: Order::Stay, .. } => ("Let this laptop wait?", format!("{who} stays as it is.")),
        Ask::SameLaptop { who, other, .. } => {
            let text = format!(
                "{who} becomes the laptop that was #{0}: group tag, user and line of the order come with it, and #{0} leaves the board. Its \
                 earlier hardware hash no longer counts. Only do this if the label under the laptop says the same as \
                 it did for #{0}.",
                other.0
            );
            ("The same laptop with a new board?", text)
        }
        Ask::Probe { who, .. } => {
            let text = format!(
                "f: nobody has {who}. o: the customer's own tenant has it (error 806). l: another company has it \
                 (error 808)."
            );
            ("What does the registration service say?", text)
        }
        Ask::CancelJob { title } => (
            "Stop this job?",
            format!("\"{title}\" is stopped. A stick that is half written does not boot; write it again."),
        ),
        Ask::StopSticks { busy } => (
            "Stop the sticks being written?",
            format!(
                "{busy} of them are half written: their old content is gone and they do not boot. Written again, they go \
                 on where they were. To let them be finished instead: n, then d."
            ),
        ),
        Ask::OpenBatch { name, customer } => {
            let whose = match customer {
                Some(customer) => format!(" of {customer}"),
                None => " (nobody's)".to_owned(),
            };
            let open = model.snapshot.as_deref();
            let open = open.map(|snapshot| (snapshot.batch.as_str(), snapshot.customer.as_deref()));
            let other = open.is_some_and(|(_, open)| match (open, customer.as_deref()) {
                (Some(open), Some(other)) => !open.eq_ignore_ascii_case(other),
                _ => false,
            });
            let hidden = if other {
                " The laptops of the customer before leave the board; nothing of them is lost."
            } else {
                ""
            };
            let before = match open {
                Some((batch, _)) if !batch.is_empty() => format!("STICKS OF {batch} ARE NOT TAKEN ANY MORE"),
                _ => "Sticks of other batches are not taken".to_owned(),
            };
            let text = format!(
                "Laptops are captured for batch {name}{whose} from now on. {before}: build sticks for {name} (m). \
                 Laptops that boot from the network need nothing.{hidden}"
            );
            ("Work on another batch?", text)
        }
        Ask::Register { devices, customer, lane, tag } => {
            let which = match devices.as_slice() {
                [] => "All captured laptops of this batch that are not registered yet".to_owned(),
                [one] => format!("Laptop #{}", one.0),
                many => format!("{} marked laptops", many.len()),
            };
            let tag = tag.as_ref().map(|tag| format!(", with the group tag {tag}")).unwrap_or_default();
            let verb = if devices.len() == 1 { "goes" } else { "go" };
            let text = format!(
                "{which} {verb} to {customer}'s tenant ({}){tag}. Those that cannot be sent stay here and say why. The \
                 bench sends each once, also if it is switched off meanwhile.",
                lane.words()
            );
            ("Register?", text)
        }
        Ask::DropRegistration { who, .. } => (
            "Not register this laptop after all?",
            format!(
                "{who} is not sent. What is with the service already stays there: that is taken back in the portal."
            ),
        ),
        Ask::SignOut { customer } => (
            "End the shift?",
            format!("Nobody is signed in for {customer} any more. What waits is sent after the next sign-in."),
        ),
        Ask::DropForm => (
            "Leave this form?",
            "What you typed is thrown away. Nothing of it was saved. To keep it: n, then F10.".to_owned(),
        ),
        Ask::OwnNetwork { interface } => (
            "Give addresses on this network?",
            format!(
                "The bench becomes the DHCP server on {interface}. Only do this if that cable goes to a switch of the \
                 bench's own: in an office network it would disturb everybody. It looks for another DHCP server first, \
                 and gives no address beside one."
            ),
        ),
    }
}

pub(crate) fn draw(ask: &Ask, model: &Model, area: Rect, buf: &mut Buffer) {
    const WIDTH: u16 = 64;
    let (title, text) = words(ask, model);
    let theme = model.theme;
    let mut lines: Vec<Line<'_>> = text::wrap(&text, usize::from(WIDTH) - 4).into_iter().map(Line::raw).collect();
    lines.push(Line::default());
    lines.push(crate::keymap::footer(ask.keys(), theme, WIDTH - 4));
    let style = if theme.colour { theme.style(Tone::Warn) } else { Style::new() };
    dialog::draw(title, &lines, WIDTH, style, area, buf, theme);
}
