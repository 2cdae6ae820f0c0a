//! A form: fields one below the other, what a person typed kept until the bench has taken it.
//!
//! A scanner's Enter never goes on: its code is left in the field to be read.

use crossterm::event::{KeyCode, KeyEvent};
use whiteglove_core::{
    clock::Moment,
    control::{Command, Snapshot},
    problem::Problem,
};

use super::{Screen, ask, ask::Ask, help, pages::FROM_SCANNER};
use crate::{
    keymap::{self, Binding, bind},
    model::Model,
    widget::input::Input,
};

mod draw;
mod field;
mod subject;
pub(crate) use draw::draw;
use field::{Field, Value, What};
pub(crate) use subject::Subject;
use subject::{Complaint, Made, complain, customer_named, text};

#[derive(Debug, Clone)]
pub(crate) struct Form {
    subject: Subject,
    fields: Vec<Field>,
    /// As they were at first.
    before: Vec<Field>,
    /// The marked line. The one below all fields saves.
    at: usize,
    step: Step,
    reason: Input,
    complaint: Option<Complaint>,
    /// What the bench says against it.
    refused: Option<Problem>,
    /// Where it was opened.
    back: Box<Screen>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Fill,
    /// What would change is shown before it does.
    Review {
        made: Made,
        changes: Vec<String>,
    },
    /// The bench is asked.
    Sent {
        made: Made,
        changes: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Go,
    Next,
    Previous,
    Other(Turn),
    Save,
    Help,
    Back,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Forward,
    Backward,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Enter], Action::Go, "next", "Next field; on the last line: save"),
    bind(&[KeyCode::Down, KeyCode::Tab], Action::Next, "", "Next field"),
    bind(&[KeyCode::Up, KeyCode::BackTab], Action::Previous, "", "The field before"),
    bind(&[KeyCode::Right], Action::Other(Turn::Forward), "other value", "The next of the values that may stand there"),
    bind(&[KeyCode::Left], Action::Other(Turn::Backward), "", "The one before"),
    bind(&[KeyCode::F(10)], Action::Save, "save", "Save, from any field"),
    bind(&[KeyCode::Esc], Action::Back, "leave", "Leave the form; asks first if something was typed"),
    bind(&[KeyCode::F(1)], Action::Help, "", "This help"),
];

/// While the changes are shown.
pub(crate) const REVIEW_KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Enter], Action::Go, "change it", "Change it as it stands there"),
    bind(&[KeyCode::Esc], Action::Back, "back", "Back to the fields; nothing changes"),
    bind(&[KeyCode::F(1)], Action::Help, "", "This help"),
];

/// While the bench is asked.
const SENT_KEYS: &[Binding<Action>] =
    &[bind(&[KeyCode::Esc], Action::Back, "back to the list", "Back to the list; what was sent is not taken back")];

impl Form {
    fn new(subject: Subject, snapshot: Option<&Snapshot>, back: Box<Screen>) -> Self {
        let fields = subject.fields(snapshot);
        Self {
            before: fields.clone(),
            fields,
            at: 0,
            step: Step::Fill,
            reason: Input::default(),
            complaint: None,
            refused: None,
            back,
            subject,
        }
    }

    /// The text field that letters go to.
    pub(crate) fn input(&mut self) -> Option<&mut Input> {
        match &self.step {
            Step::Fill => match &mut self.fields.get_mut(self.at)?.value {
                Value::Text(input) => Some(input),
                Value::Choice { .. } => None,
            },
            Step::Review { .. } => Some(&mut self.reason),
            Step::Sent { .. } => None,
        }
    }

    fn keys(&self) -> &'static [Binding<Action>] {
        match self.step {
            Step::Fill => KEYS,
            Step::Review { .. } => REVIEW_KEYS,
            Step::Sent { .. } => SENT_KEYS,
        }
    }

    fn complain(&mut self, complaint: Complaint) {
        if let Some(at) = complaint.what.and_then(|what| self.fields.iter().position(|field| field.what == what)) {
            self.at = at;
        }
        self.complaint = Some(complaint);
        self.refused = None;
    }

    /// Whatever was said of it is no longer so.
    fn changed(&mut self) {
        (self.complaint, self.refused) = (None, None);
    }

    fn turn(&mut self, turn: Turn, snapshot: Option<&Snapshot>) {
        let tags = self.tags(snapshot);
        let Some(field) = self.fields.get_mut(self.at) else { return };
        match &mut field.value {
            Value::Choice { words, at } => *at = turned(*at, words.len(), turn),
            Value::Text(input) if field.what == What::GroupTag && !tags.is_empty() => {
                // Empty stands before the first.
                let here = tags.iter().position(|tag| tag.eq_ignore_ascii_case(input.text.trim()));
                let place = turned(here.map_or(0, |here| here + 1), tags.len() + 1, turn);
                let tag = place.checked_sub(1).and_then(|place| tags.get(place)).cloned();
                *input = Input::holding(tag.unwrap_or_default());
            }
            Value::Text(_) => return,
        }
        self.changed();
    }

    /// The group tags of the customer that is chosen.
    fn tags(&self, snapshot: Option<&Snapshot>) -> Vec<String> {
        let name = customer_named(&self.fields);
        let customers = snapshot.map(|snapshot| snapshot.customers.as_slice()).unwrap_or_default();
        let own = customers.iter().find(|row| name == Some(row.customer.name.as_str()));
        own.map(|row| row.customer.group_tags.clone()).unwrap_or_default()
    }

    fn save(&mut self, out: &mut Vec<Command>) {
        self.changed();
        let named =
            !self.fields.iter().any(|field| field.what == What::Name) || text(&self.fields, What::Name).is_some();
        let made = match named {
            true => self.subject.make(&self.fields),
            false => complain(What::Name, "Give it a name first."),
        };
        match made.map(|made| (self.subject.changes(&made), made)) {
            Err(complaint) => self.complain(complaint),
            Ok((None, made)) => self.send(made, vec![], text(&self.fields, What::Reason), out),
            Ok((Some(changes), _)) if changes.is_empty() => {
                let words = "Nothing was changed, so there is nothing to save. Esc: leave.".to_owned();
                self.complaint = Some(Complaint { what: None, words });
            }
            Ok((Some(changes), made)) => self.step = Step::Review { made, changes },
        }
    }

    fn send(&mut self, made: Made, changes: Vec<String>, reason: Option<String>, out: &mut Vec<Command>) {
        out.push(self.subject.command(made.clone(), reason));
        self.step = Step::Sent { made, changes };
    }

    /// The changes are agreed to.
    fn agree(&mut self, out: &mut Vec<Command>) {
        let Step::Review { made, changes } = &self.step else { return };
        let reason = Some(self.reason.text.trim().to_owned()).filter(|reason| !reason.is_empty());
        if reason.is_none() && self.subject.devices() > 0 {
            self.refused = None;
            self.complaint = Some(Complaint { what: None, words: "Say why first. The journal keeps it.".to_owned() });
            return;
        }
        let (made, changes) = (made.clone(), changes.clone());
        self.changed();
        self.send(made, changes, reason, out);
    }
}

fn turned(at: usize, len: usize, turn: Turn) -> usize {
    match turn {
        Turn::Forward if at + 1 < len => at + 1,
        Turn::Forward => 0,
        Turn::Backward => at.checked_sub(1).unwrap_or(len.saturating_sub(1)),
    }
}

pub(crate) fn open(model: &mut Model, subject: Subject, back: Screen) {
    model.screen = Screen::Form(Box::new(Form::new(subject, model.snapshot.as_deref(), Box::new(back))));
}

/// Any key: letters are for the marked field.
pub(crate) fn key(model: &mut Model, key: KeyEvent, by_scanner: bool, out: &mut Vec<Command>) {
    let snapshot = model.snapshot.clone();
    let Screen::Form(form) = &mut model.screen else { return };
    let action = keymap::find(form.keys(), &key);
    if action.is_none() {
        if form.input().is_some_and(|input| input.key(&key)) {
            form.changed();
        }
        return;
    }
    let last = form.fields.len();
    match (action, &form.step) {
        (Some(Action::Help), _) => help::open(model),
        (Some(Action::Back), _) => back(model),
        (Some(Action::Go), _) if by_scanner => model.notice = Some(FROM_SCANNER.to_owned()),
        (Some(Action::Go), Step::Review { .. }) => form.agree(out),
        (Some(Action::Go), Step::Fill) if form.at == last => form.save(out),
        (Some(Action::Save), Step::Fill) => form.save(out),
        (Some(Action::Go | Action::Next), Step::Fill) => form.at = (form.at + 1).min(last),
        (Some(Action::Previous), Step::Fill) => form.at = form.at.saturating_sub(1),
        (Some(Action::Other(turn)), Step::Fill) => form.turn(turn, snapshot.as_deref()),
        _ => {}
    }
}

fn back(model: &mut Model) {
    let Screen::Form(form) = &mut model.screen else { return };
    match form.step {
        Step::Review { .. } => {
            form.step = Step::Fill;
            form.changed();
        }
        // What was sent is not taken back by leaving.
        Step::Sent { .. } => leave(model),
        Step::Fill if form.fields != form.before => ask::open(model, Ask::DropForm),
        Step::Fill => leave(model),
    }
}

/// Back to where it was opened.
pub(crate) fn leave(model: &mut Model) {
    let Screen::Form(form) = &model.screen else { return };
    model.screen = (*form.back).clone();
}

/// The bench took it.
pub(crate) fn done(model: &mut Model) {
    let Some(form) = model.screen.form() else { return };
    let Step::Sent { made, .. } = &form.step else { return };
    let name = match made {
        Made::Customer(customer) => Some(customer.name.clone()),
        Made::Batch(batch) => Some(batch.name.clone()),
        Made::File(_) | Made::Override { .. } | Made::SignIn { .. } => None,
    };
    let mut back = (*form.back).clone();
    if let (Screen::Batches(list), Some(name)) = (&mut back, name) {
        list.mark(&name);
    }
    // Also below a help that was opened meanwhile.
    model.screen = back;
}

/// The bench says no: all that was typed stays. Whether a form was waiting for that.
pub(crate) fn refused(model: &mut Model, problem: &Problem, now: Moment) -> bool {
    let Some(form) = model.screen.form() else { return false };
    let Step::Sent { made, changes } = &form.step else { return false };
    form.step = match changes.is_empty() {
        true => Step::Fill,
        false => Step::Review { made: made.clone(), changes: changes.clone() },
    };
    form.refused = Some(problem.clone());
    // It stands in the form; across the screen as well it would hide the next one.
    model.acknowledge(now);
    model.ring(1);
    true
}
