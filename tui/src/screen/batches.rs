//! Batches and customers of this bench: which there are and which is open; opened, made and changed from here.

use crossterm::event::KeyCode;
use whiteglove_core::{
    batch::BatchRow,
    clock::Moment,
    control::{Command, Settings, Snapshot},
    customer::CustomerRow,
};

use super::{
    Screen, ask,
    ask::Ask,
    form::{self, Subject},
    help, lint, problems,
};
use crate::{
    keymap::{Binding, bind},
    model::Model,
    widget::scroll::Move,
};

mod draw;
pub(crate) use draw::draw;

/// What the person looks at. What is marked is marked by its name: lists grow while they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batches {
    pub(super) of: Settings,
    batch: Option<String>,
    customer: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Move(Move),
    Choose,
    New,
    Amend,
    File,
    Other,
    Tenant,
    Problems,
    Hide,
    Help,
    Back,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(
        &[KeyCode::Enter],
        Action::Choose,
        "work on it",
        "Open the marked batch: laptops are captured for it from then on",
    ),
    bind(&[KeyCode::Char('n')], Action::New, "new", "Make a new batch"),
    bind(&[KeyCode::Char('a')], Action::Amend, "change", "Change (amend) the marked batch"),
    bind(&[KeyCode::Char('c')], Action::Other, "customers", "The customers of this bench"),
    bind(&[KeyCode::Char('f')], Action::File, "file", "Take batches from a TOML or CSV file"),
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Action::Back, "back", "Back to the board"),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
    bind(
        &[KeyCode::Char('v')],
        Action::Tenant,
        "",
        "Check the tenant of the marked batch: what there will make its laptops fail",
    ),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Action::Move(Move::Down), "", "Next batch"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Action::Move(Move::Up), "", "Previous batch"),
    bind(&[KeyCode::PageDown, KeyCode::Char(' ')], Action::Move(Move::PageDown), "", "A page down"),
    bind(&[KeyCode::PageUp], Action::Move(Move::PageUp), "", "A page up"),
    bind(&[KeyCode::Home], Action::Move(Move::Top), "", "The first batch"),
    bind(&[KeyCode::End], Action::Move(Move::Bottom), "", "The last batch"),
    bind(&[KeyCode::Char('e')], Action::Problems, "", "What went wrong lately"),
    bind(&[KeyCode::Char('x')], Action::Hide, "", "Seen: hide the error line"),
];

pub(crate) const CUSTOMER_KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Enter, KeyCode::Char('a')], Action::Amend, "change", "Change (amend) the marked customer"),
    bind(&[KeyCode::Char('n')], Action::New, "new", "Make a new customer"),
    bind(&[KeyCode::Char('f')], Action::File, "file", "Take customers from a TOML or CSV file"),
    bind(
        &[KeyCode::Esc, KeyCode::Char('c'), KeyCode::Char('q'), KeyCode::Backspace],
        Action::Back,
        "back to batches",
        "Back to the batches",
    ),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Action::Move(Move::Down), "", "Next customer"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Action::Move(Move::Up), "", "Previous customer"),
    bind(&[KeyCode::PageDown, KeyCode::Char(' ')], Action::Move(Move::PageDown), "", "A page down"),
    bind(&[KeyCode::PageUp], Action::Move(Move::PageUp), "", "A page up"),
    bind(&[KeyCode::Home], Action::Move(Move::Top), "", "The first customer"),
    bind(&[KeyCode::End], Action::Move(Move::Bottom), "", "The last customer"),
    bind(&[KeyCode::Char('e')], Action::Problems, "", "What went wrong lately"),
    bind(&[KeyCode::Char('x')], Action::Hide, "", "Seen: hide the error line"),
];

impl Batches {
    fn new() -> Self {
        Self { of: Settings::Batches, batch: None, customer: None }
    }

    pub(crate) fn keys(&self) -> &'static [Binding<Action>] {
        match self.of {
            Settings::Batches => KEYS,
            Settings::Customers => CUSTOMER_KEYS,
        }
    }

    pub(crate) fn mark(&mut self, name: &str) {
        match self.of {
            Settings::Batches => self.batch = Some(name.trim().to_owned()),
            Settings::Customers => self.customer = Some(name.trim().to_owned()),
        }
    }

    /// Nothing marked yet: the open batch, and its customer.
    fn place(&self, snapshot: &Snapshot) -> usize {
        let found = match self.of {
            Settings::Batches => {
                let named = |row: &BatchRow| match &self.batch {
                    Some(name) => row.batch.name == *name,
                    None => row.open,
                };
                snapshot.batches.iter().position(named)
            }
            Settings::Customers => {
                let name = self.customer.as_ref().or(snapshot.customer.as_ref());
                let named = |row: &CustomerRow| name.is_some_and(|name| row.customer.name.eq_ignore_ascii_case(name));
                snapshot.customers.iter().position(named)
            }
        };
        found.unwrap_or(0)
    }

    fn batch<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a BatchRow> {
        snapshot.batches.get(self.place(snapshot))
    }

    fn customer<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a CustomerRow> {
        snapshot.customers.get(self.place(snapshot))
    }

    fn step(&mut self, direction: Move, snapshot: &Snapshot) {
        let len = match self.of {
            Settings::Batches => snapshot.batches.len(),
            Settings::Customers => snapshot.customers.len(),
        };
        let to = direction.apply(self.place(snapshot), len, draw::LISTED);
        let name = match self.of {
            Settings::Batches => snapshot.batches.get(to).map(|row| row.batch.name.clone()),
            Settings::Customers => snapshot.customers.get(to).map(|row| row.customer.name.clone()),
        };
        if let Some(name) = name {
            self.mark(&name);
        }
    }
}

pub(crate) fn open(model: &mut Model) {
    model.screen = Screen::Batches(Batches::new());
}

pub(crate) fn act(model: &mut Model, action: Action, now: Moment, out: &mut Vec<Command>) {
    let Some(snapshot) = model.snapshot.clone() else {
        model.screen = Screen::Board;
        return;
    };
    let Screen::Batches(shown) = &mut model.screen else { return };
    match (action, shown.of) {
        (Action::Move(direction), _) => shown.step(direction, &snapshot),
        (Action::Other, _) => shown.of = Settings::Customers,
        (Action::Back, Settings::Customers) => shown.of = Settings::Batches,
        (Action::Back, Settings::Batches) => model.screen = Screen::Board,
        (Action::Choose, _) => match shown.batch(&snapshot) {
            Some(row) if row.open => model.notice = Some(format!("Batch {} is open already.", row.batch.name)),
            Some(row) => {
                let ask = Ask::OpenBatch { name: row.batch.name.clone(), customer: row.customer.clone() };
                ask::open(model, ask);
            }
            None => {}
        },
        (Action::New, of) => {
            let (subject, back) = (new(of), shown.clone());
            form::open(model, subject, Screen::Batches(back));
        }
        (Action::Amend, of) => {
            let subject = match of {
                Settings::Batches => shown.batch(&snapshot).map(|row| Subject::Batch(Box::new(row.clone()))),
                Settings::Customers => shown.customer(&snapshot).map(|row| Subject::Customer(Box::new(row.clone()))),
            };
            let back = shown.clone();
            // Nothing is there to be changed: then it is to be made.
            form::open(model, subject.unwrap_or_else(|| new(of)), Screen::Batches(back));
        }
        (Action::File, of) => {
            let back = shown.clone();
            form::open(model, Subject::File(of), Screen::Batches(back));
        }
        (Action::Tenant, _) => match shown.batch(&snapshot) {
            Some(row) if row.customer.is_some() => {
                let (batch, customer) = (row.batch.name.clone(), row.customer.clone());
                lint::open(model, batch, customer, out);
            }
            _ => model.notice = Some("This batch is nobody's: it has no tenant. a: give it a customer.".to_owned()),
        },
        (Action::Problems, _) => problems::open(model, now),
        (Action::Hide, _) => model.acknowledge(now),
        (Action::Help, _) => help::open(model),
    }
}

fn new(of: Settings) -> Subject {
    match of {
        Settings::Batches => Subject::NewBatch,
        Settings::Customers => Subject::NewCustomer,
    }
}
