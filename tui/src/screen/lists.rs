//! Lists for those who register: of which batch, for which portal, into which folder, and what became of it.

use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent};
use whiteglove_core::{
    clock::Moment,
    control::Command,
    lane::{self, Ask, Lane},
    problem::Problem,
};

use super::{
    Screen, help,
    media::mounted_stick,
    pages::{CHOICE_KEYS, FROM_SCANNER, Pick, Typed, typed},
    problems,
};
use crate::{
    keymap::{self, Binding, bind},
    model::Model,
    widget::input::Input,
};

mod draw;
pub(crate) use draw::draw;

#[derive(Debug, Clone)]
pub(crate) struct Lists {
    at: At,
    /// Where in [`LANES`].
    lane: usize,
    batch: Input,
    /// Also those that went out before.
    all: bool,
    tag: Input,
    agreed: Input,
    folder: Input,
    complaint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Lane,
    Batch,
    Which,
    /// The group tag of all of them.
    Tag,
    /// What it does to the whole tenant is wanted.
    Agreed,
    Folder,
    /// What became of it.
    Result,
}

const LANES: [Lane; 4] = Lane::ALL;
/// What a person types who knows what corporate identifiers do.
const YES: &str = "yes";

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Again,
    Seen,
    Problems,
    Help,
    Back,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Action::Back, "back", "Back to the board"),
    bind(&[KeyCode::Char('l')], Action::Again, "another list", "Make another list"),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
    bind(&[KeyCode::Enter], Action::Seen, "", "Seen: put the result away, and back to the board"),
    bind(&[KeyCode::Char('e')], Action::Problems, "", "What went wrong lately"),
];

impl Lists {
    fn new(model: &Model) -> Self {
        let snapshot = model.snapshot.as_deref();
        let batch = snapshot.map(|snapshot| snapshot.batch.clone()).unwrap_or_default();
        let beside = snapshot.and_then(|snapshot| snapshot.media_folder.parent()).map(|state| state.join("lists"));
        let folder = mounted_stick(model).or_else(|| Some(beside?.display().to_string())).unwrap_or_default();
        Self {
            at: At::Lane,
            lane: 0,
            batch: Input::proposing(batch),
            all: false,
            tag: Input::default(),
            agreed: Input::default(),
            folder: Input::proposing(folder),
            complaint: None,
        }
    }

    fn lane(&self) -> Lane {
        LANES.get(self.lane).copied().unwrap_or_default()
    }

    fn pages(&self) -> &'static [At] {
        match self.lane() {
            Lane::Intune | Lane::Partner => &[At::Lane, At::Batch, At::Which, At::Tag, At::Folder, At::Result],
            Lane::Corporate => &[At::Lane, At::Agreed, At::Batch, At::Which, At::Folder, At::Result],
            Lane::Association => &[At::Lane, At::Batch, At::Which, At::Folder, At::Result],
        }
    }

    fn turn(&mut self) {
        let here = self.pages().iter().position(|page| *page == self.at);
        self.at = here.and_then(|here| self.pages().get(here + 1)).copied().unwrap_or(At::Result);
        self.complaint = None;
    }

    /// Whether there is a page before this one.
    fn back(&mut self) -> bool {
        self.complaint = None;
        let before = self.pages().iter().take_while(|page| **page != self.at).last();
        before.map(|page| self.at = *page).is_some()
    }

    pub(crate) fn input(&mut self) -> Option<&mut Input> {
        match self.at {
            At::Batch => Some(&mut self.batch),
            At::Tag => Some(&mut self.tag),
            At::Agreed => Some(&mut self.agreed),
            At::Folder => Some(&mut self.folder),
            At::Lane | At::Which | At::Result => None,
        }
    }

    pub(crate) fn takes_text(&self) -> bool {
        matches!(self.at, At::Batch | At::Tag | At::Agreed | At::Folder)
    }

    fn ask(&self) -> Command {
        let typed = |input: &Input| Some(input.text.trim().to_owned()).filter(|text| !text.is_empty());
        let lane = self.lane();
        let ask = Ask {
            lane,
            batch: typed(&self.batch),
            group_tag: typed(&self.tag).filter(|_| lane.is_autopilot()),
            all: self.all,
            tenant_wide: lane == Lane::Corporate,
        };
        Command::Export { ask, out: PathBuf::from(self.folder.text.trim()) }
    }

    /// What was typed is taken, or there is a complaint.
    fn accept(&mut self, out: &mut Vec<Command>) {
        self.complaint = match self.at {
            At::Batch if self.batch.text.trim().is_empty() => Some("Give the name of a batch.".to_owned()),
            At::Agreed if !self.agreed.text.trim().eq_ignore_ascii_case(YES) => {
                Some(format!("Only {YES} goes on. If the customer does not want that, Esc."))
            }
            At::Folder if !self.folder.text.trim().starts_with('/') => {
                Some("Give the whole path, from the first slash on.".to_owned())
            }
            _ => None,
        };
        if self.complaint.is_some() {
            return;
        }
        if self.at == At::Folder {
            out.push(self.ask());
        }
        self.turn();
    }
}

pub(crate) fn open(model: &mut Model, out: &mut Vec<Command>) {
    if let Some(job) = model.running_job() {
        model.notice = Some(format!("One thing at a time: \"{}\" still runs. m: look at it.", job.title));
        return;
    }
    model.screen = Screen::Lists(Box::new(Lists::new(model)));
    out.push(Command::ListDisks);
}

/// A key outside of a text field.
pub(crate) fn key(model: &mut Model, key: KeyEvent, now: Moment, out: &mut Vec<Command>) {
    let Screen::Lists(lists) = &mut model.screen else { return };
    if lists.at == At::Result {
        if let Some(action) = keymap::find(KEYS, &key) {
            act(model, action, now, out);
        }
        return;
    }
    match keymap::find(CHOICE_KEYS, &key) {
        Some(Pick::Move(direction)) => match lists.at {
            At::Lane => lists.lane = direction.apply(lists.lane, LANES.len(), 1),
            At::Which => lists.all = !lists.all,
            _ => {}
        },
        Some(Pick::Choose) => lists.turn(),
        Some(Pick::Back) => back(model),
        Some(Pick::ListDisks | Pick::Add) | None => {}
    }
}

fn act(model: &mut Model, action: Action, now: Moment, out: &mut Vec<Command>) {
    let seen = model.finished_job().map(|job| job.started);
    match action {
        Action::Again => open(model, out),
        Action::Seen => {
            model.dismissed = seen.or(model.dismissed);
            model.screen = Screen::Board;
        }
        Action::Problems => problems::open(model, now),
        Action::Help => help::open(model),
        Action::Back => model.screen = Screen::Board,
    }
}

fn back(model: &mut Model) {
    let Screen::Lists(lists) = &mut model.screen else { return };
    if !lists.back() {
        model.screen = Screen::Board;
    }
}

/// A key for a text field. An Enter that a scanner sent only leaves the text there to be read.
pub(crate) fn text_key(model: &mut Model, key: KeyEvent, by_scanner: bool, out: &mut Vec<Command>) {
    let Screen::Lists(lists) = &mut model.screen else { return };
    match typed(lists.input(), &key, by_scanner) {
        Typed::Changed => lists.complaint = None,
        Typed::FromScanner => model.notice = Some(FROM_SCANNER.to_owned()),
        Typed::Accept => lists.accept(out),
        Typed::Back => back(model),
        Typed::Nothing => {}
    }
}

/// What corporate identifiers do, as the bench says it to whoever did not agree.
fn warning() -> Problem {
    lane::tenant_wide()
}
