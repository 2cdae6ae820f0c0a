//! Registration: how far the laptops of the open batch's customer are, what the bench waits for, and who it is at the
//! service.

use std::time::Duration;

use crossterm::event::KeyCode;
use whiteglove_core::{
    clock::Moment,
    cloud::{Service, endpoints::Permission},
    control::{Command, Row, Snapshot, StageName},
    lane::Lane,
    sign_in::{self, SignInState, SignInView, VaultState},
};

use super::{
    Screen,
    ask::{self, Ask},
    detail,
    form::{self, Subject},
    help, lint, passphrase, problems,
};
use crate::{
    keymap::{Binding, bind},
    model::Model,
    view,
    widget::scroll::Move,
};

mod draw;
pub(crate) use draw::draw;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Registration {
    /// Where among the laptops that are not through.
    place: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Move(Move),
    Open,
    SignIn,
    SignOut,
    Check,
    Unlock,
    Register,
    Test,
    Tenant,
    Problems,
    Hide,
    Help,
    Back,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Action::Back, "back", "Back to the board"),
    bind(&[KeyCode::Char('r')], Action::Register, "register", "Register all captured laptops of the batch"),
    bind(
        &[KeyCode::Char('i')],
        Action::SignIn,
        "sign in",
        "Sign in for this shift: the code is entered on any device, no password comes to the bench",
    ),
    bind(&[KeyCode::Char('u')], Action::Unlock, "unlock", "Unlock what the bench keeps for signing in by itself"),
    bind(&[KeyCode::Enter], Action::Open, "laptop", "Open the marked laptop: what it waits for, and what to do"),
    bind(&[KeyCode::Char('t')], Action::Test, "test network", "Test whether what laptops need can be reached"),
    bind(
        &[KeyCode::Char('v')],
        Action::Tenant,
        "",
        "Check the tenant before the first laptop is started: what there will make this batch fail",
    ),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
    bind(
        &[KeyCode::Char('c')],
        Action::Check,
        "",
        "Ask the service for something harmless, to see whether the sign-in works",
    ),
    bind(&[KeyCode::Char('o')], Action::SignOut, "", "End the shift: nobody is signed in any more, after a question"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Action::Move(Move::Down), "", "Next laptop"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Action::Move(Move::Up), "", "Previous laptop"),
    bind(&[KeyCode::PageDown, KeyCode::Char(' ')], Action::Move(Move::PageDown), "", "A page down"),
    bind(&[KeyCode::PageUp], Action::Move(Move::PageUp), "", "A page up"),
    bind(&[KeyCode::Char('e')], Action::Problems, "", "What went wrong lately"),
    bind(&[KeyCode::Char('x')], Action::Hide, "", "Seen: hide the error line"),
];

pub(crate) fn open(model: &mut Model) {
    model.screen = Screen::Registration(Registration::default());
}

/// Laptops whose registration is under way; those that want a person first.
fn under_way(snapshot: &Snapshot) -> Vec<&Row> {
    let open = |row: &&Row| row.stage != StageName::Replaced && row.registration.is_some();
    let mut rows: Vec<_> = snapshot.rows.iter().filter(open).collect();
    rows.sort_by_key(|row| !wants_a_person(row, snapshot));
    rows
}

fn wants_a_person(row: &Row, snapshot: &Snapshot) -> bool {
    row.refused || set_aside(row, snapshot).is_some()
}

/// Why it cannot be sent as it is.
fn set_aside<'a>(row: &Row, snapshot: &'a Snapshot) -> Option<&'a str> {
    let number = format!("#{}", row.device.0);
    let aside = snapshot.registration.as_deref()?.aside.iter();
    aside.into_iter().find(|(who, _)| who.split_whitespace().next() == Some(&number)).map(|(_, why)| why.as_str())
}

/// What a person does so that anything is sent at all; `None`: nothing.
pub(crate) fn sign_in_first(snapshot: &Snapshot) -> Option<&'static str> {
    let view = snapshot.registration.as_deref()?;
    let waits = view.counts.waiting + view.counts.sending + view.counts.importing > 0;
    match sign_in(snapshot).map(|view| &view.state) {
        _ if !waits => None,
        None | Some(SignInState::NoCredential | SignInState::NeedsPerson | SignInState::Failed(_)) => {
            Some("g: sign in; nothing is registered before.")
        }
        Some(SignInState::NeedsUnlock) => Some("g: type the passphrase; nothing is registered before."),
        Some(SignInState::Code { .. }) => Some("g: enter the sign-in code that stands there."),
        Some(SignInState::Ready | SignInState::SignedIn { .. }) => None,
    }
}

/// The sign-ins of the customer at work.
fn sign_ins(snapshot: &Snapshot) -> impl Iterator<Item = &SignInView> {
    let own = |view: &&SignInView| {
        snapshot.customer.as_deref().is_some_and(|customer| customer.eq_ignore_ascii_case(&view.customer))
    };
    snapshot.sign_ins.list.iter().filter(own)
}

/// The service that registers the laptops of this customer.
fn service(snapshot: &Snapshot) -> Service {
    match snapshot.registration.as_deref().map(|registration| registration.lane) {
        Some(Lane::Partner) => Service::PartnerCenter,
        _ => Service::Graph,
    }
}

fn sign_in(snapshot: &Snapshot) -> Option<&SignInView> {
    let service = service(snapshot);
    sign_ins(snapshot).find(|view| view.service == service)
}

pub(crate) fn act(model: &mut Model, action: Action, now: Moment, out: &mut Vec<Command>) {
    let Some(snapshot) = model.snapshot.clone() else {
        model.screen = Screen::Board;
        return;
    };
    let Screen::Registration(shown) = &mut model.screen else { return };
    let all = under_way(&snapshot);
    let rows = all.len();
    let place = shown.place.min(rows.saturating_sub(1));
    match action {
        Action::Move(direction) => shown.place = direction.apply(place, rows, draw::LISTED),
        Action::Open => match all.get(place) {
            Some(row) => {
                model.board.select_device(row.device);
                super::board::rows_changed(model);
                detail::open(model, row.device, out);
            }
            None => model.notice = Some("No laptop waits for anything here.".to_owned()),
        },
        Action::SignIn => begin(model, &snapshot, out),
        Action::SignOut => match snapshot.customer.clone() {
            Some(customer) => ask::open(model, Ask::SignOut { customer }),
            None => model.notice = Some(draw::NOBODY.to_owned()),
        },
        Action::Check => match &snapshot.customer {
            Some(customer) => {
                let (customer, service) = (customer.clone(), service(&snapshot));
                out.push(Command::SignIn(sign_in::Ask::Check { customer, service }));
            }
            None => model.notice = Some(draw::NOBODY.to_owned()),
        },
        Action::Unlock => match snapshot.sign_ins.vault {
            VaultState::Open => model.notice = Some("It is unlocked already, until the bench stops.".to_owned()),
            VaultState::Locked => passphrase::open(model, passphrase::For::Unlock),
            VaultState::Absent => passphrase::open(model, passphrase::For::Set),
        },
        Action::Register => ask_to_register(model, vec![]),
        Action::Test => out.push(Command::TestNetwork),
        Action::Tenant => match snapshot.customer.clone() {
            Some(customer) => lint::open(model, snapshot.batch.clone(), Some(customer), out),
            None => model.notice = Some(draw::NOBODY.to_owned()),
        },
        Action::Problems => problems::open(model, now),
        Action::Hide => model.acknowledge(now),
        Action::Help => help::open(model),
        Action::Back => model.screen = Screen::Board,
    }
}

/// These, or all that can be.
pub(crate) fn ask_to_register(model: &mut Model, devices: Vec<whiteglove_core::device::DeviceId>) {
    let registration = model.snapshot.as_deref().and_then(|snapshot| snapshot.registration.clone());
    match registration {
        Some(registration) => {
            let tag = model.snapshot.as_deref().and_then(open_tag);
            let ask = Ask::Register { devices, customer: registration.customer.clone(), lane: registration.lane, tag };
            ask::open(model, ask);
        }
        None => model.notice = Some(draw::not_online(model.snapshot.as_deref()).to_owned()),
    }
}

fn open_tag(snapshot: &Snapshot) -> Option<String> {
    snapshot.batches.iter().find(|row| row.open)?.batch.group_tag.clone()
}

fn begin(model: &mut Model, snapshot: &Snapshot, out: &mut Vec<Command>) {
    let Some(customer) = snapshot.customer.clone() else {
        model.notice = Some(draw::NOBODY.to_owned());
        return;
    };
    let service = service(snapshot);
    match sign_in(snapshot).map(|view| &view.state) {
        Some(SignInState::NeedsUnlock) => {
            model.notice = Some("u: unlock first; then it signs in by itself.".to_owned());
        }
        Some(SignInState::SignedIn { .. }) => {
            model.notice =
                Some("It is signed in. c: check it. o: end the shift first, to sign in as somebody else.".to_owned());
        }
        Some(SignInState::Code { .. }) => {
            model.notice = Some("Enter the code that stands here. A new one comes when it is over.".to_owned());
        }
        None | Some(SignInState::NoCredential) => {
            let back = model.screen.clone();
            form::open(model, Subject::SignIn { customer, service }, back);
        }
        _ => {
            let permissions = Permission::USUAL.to_vec();
            out.push(Command::SignIn(sign_in::Ask::Begin { customer, service, client_id: None, permissions }));
        }
    }
}

/// Times that run down are on the screen.
pub(crate) fn youngest(model: &Model, now: Moment) -> Option<Duration> {
    let snapshot = model.snapshot.as_deref()?;
    let runs_down = draw::counts_down(snapshot, now);
    runs_down.then_some(Duration::ZERO).or_else(|| {
        let (_, height) = view::body(model.size);
        under_way(snapshot).into_iter().take(height).map(|row| now.since(row.last)).min()
    })
}
