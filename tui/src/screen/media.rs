//! Sticks: build an image, write one to a stick, take in what came back.
//!
//! This screen erases nothing. It asks the person to type the disk's name and sends what was typed;
//! the bench decides anew by the same rule.

use std::{path::PathBuf, time::Duration};

use crossterm::event::{KeyCode, KeyEvent};
use whiteglove_core::{
    clock::Moment,
    control::{Command, Image, Job, Snapshot},
    disk::{Disk, Policy},
    problem::Problem,
    sticks::brought::Brought,
};

use super::{
    Screen, ask,
    ask::Ask,
    bench, help,
    pages::{CHOICE_KEYS, FROM_SCANNER, PICK_KEYS, Pick, TEXT_KEYS, Typed, typed},
    problems,
};
use crate::{
    keymap::{self, Binding, bind},
    model::Model,
    theme::Tone,
    widget::{input::Input, meter, meter::Meter, scroll::Move, text},
};

mod build;
mod consent;
pub(crate) mod draw;
use build::Building;
pub(crate) use build::planned;
use consent::{Consent, Task};
pub(crate) use draw::draw;

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Idle,
    Build(Box<Building>),
    PickImage {
        selected: usize,
        what: What,
    },
    PickDisk {
        task: Task,
        selected: usize,
    },
    Consent(Box<Consent>),
    /// Where a returned stick is.
    Import(Input),
    /// What is to be checked.
    Check(Input),
}

/// What an image is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Write,
    Update,
}

impl What {
    fn with(self, image: Image) -> Task {
        match self {
            Self::Write => Task::Write(image),
            Self::Update => Task::Update(image),
        }
    }
}

impl Step {
    pub(crate) fn input(&mut self) -> Option<&mut Input> {
        match self {
            Self::Import(input) | Self::Check(input) => Some(input),
            Self::Build(building) => building.input(),
            Self::Consent(consent) => Some(&mut consent.typed),
            Self::Idle | Self::PickImage { .. } | Self::PickDisk { .. } => None,
        }
    }

    pub(crate) fn takes_text(&self) -> bool {
        match self {
            Self::Build(building) => building.takes_text(),
            Self::Import(_) | Self::Check(_) | Self::Consent(_) => true,
            Self::Idle | Self::PickImage { .. } | Self::PickDisk { .. } => false,
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        matches!(self, Self::Idle)
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Build,
    Write,
    Update,
    Many,
    ListDisks,
    Import,
    Collect,
    Check,
    Cancel,
    Seen,
    Hide,
    Problems,
    Help,
    Back,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(
        &[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace],
        Action::Back,
        "back",
        "Back to the board; a running job goes on",
    ),
    bind(&[KeyCode::Char('b')], Action::Build, "build", "Build a stick image for the open batch"),
    bind(&[KeyCode::Char('w')], Action::Write, "write", "Write an image to a USB stick; asks which, and for its name"),
    bind(
        &[KeyCode::Char('u')],
        Action::Update,
        "update",
        "Bring a stick to another image: only what differs is written, captures stay",
    ),
    bind(&[KeyCode::Char('m')], Action::Many, "many", "Bench mode: many sticks at once, each by itself"),
    bind(
        &[KeyCode::Char('i')],
        Action::Import,
        "import",
        "Import the captures of a stick that came back, or hashes from a file",
    ),
    bind(
        &[KeyCode::Char('r')],
        Action::Collect,
        "return",
        "A stick that came back: import what it brings, then erase that from it; asks for its name",
    ),
    bind(&[KeyCode::Char('v')], Action::Check, "", "Check whether a stick or an image is what this bench made"),
    bind(&[KeyCode::Char('d')], Action::ListDisks, "", "Look for disks again, after plugging one in"),
    bind(&[KeyCode::Char('c')], Action::Cancel, "", "Stop the running job, after a question"),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
    bind(&[KeyCode::Enter], Action::Seen, "", "Seen: put the result of a job away; after a build, go on and write it"),
    bind(&[KeyCode::Char('x')], Action::Hide, "", "Seen: hide the error line"),
    bind(&[KeyCode::Char('e')], Action::Problems, "", "What went wrong lately"),
];

/// The plan of a medium that is to be built.
pub(crate) const PLAN_KEYS: &[Binding<Pick>] = &[
    bind(&[KeyCode::Enter], Pick::Choose, "build", "Build it as it is planned"),
    bind(&[KeyCode::Char('f')], Pick::Add, "add a folder", "Put what is in a folder on it too"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Pick::Move(Move::Down), "", "Scroll down"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Pick::Move(Move::Up), "", "Scroll up"),
    bind(&[KeyCode::PageDown, KeyCode::Char(' ')], Pick::Move(Move::PageDown), "", "A page down"),
    bind(&[KeyCode::PageUp], Pick::Move(Move::PageUp), "", "A page up"),
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Pick::Back, "back", "One page back; nothing is made"),
];

pub(crate) fn open(model: &mut Model, out: &mut Vec<Command>) {
    model.screen = Screen::Media(Step::Idle);
    out.push(Command::ListDisks);
}

/// A key outside of a text field.
pub(crate) fn key(model: &mut Model, key: KeyEvent, now: Moment, out: &mut Vec<Command>) {
    let Screen::Media(step) = &model.screen else { return };
    if step.is_idle() {
        if let Some(action) = keymap::find(KEYS, &key) {
            act(model, action, now, out);
        }
    } else if let Step::Build(building) = step
        && building.at == build::At::Plan
    {
        if let Some(action) = keymap::find(PLAN_KEYS, &key) {
            pick(model, action, out);
        }
    } else if let Some(action) = keymap::find(PICK_KEYS, &key) {
        pick(model, action, out);
    }
}

fn act(model: &mut Model, action: Action, now: Moment, out: &mut Vec<Command>) {
    let busy = model.running_job().map(|job| job.title.clone());
    match (action, busy) {
        (
            Action::Build | Action::Write | Action::Update | Action::Import | Action::Collect | Action::Check,
            Some(title),
        ) => {
            model.notice = Some(format!("One thing at a time: \"{title}\" still runs. Wait, or c: cancel it."));
        }
        (Action::Write | Action::Update | Action::Import | Action::Collect, None) if bench::is_armed(model) => {
            model.notice =
                Some("Bench mode takes every stick that is plugged in. m, then d: disarm it first.".to_owned());
        }
        (Action::Build, None) => model.screen = Screen::Media(Step::Build(Box::new(Building::new(model)))),
        (Action::Write, None) => start_writing(model, What::Write, out),
        (Action::Update, None) => start_writing(model, What::Update, out),
        (Action::Collect, None) => pick_disk(model, Task::Collect, out),
        (Action::Many, _) => bench::open(model, out),
        (Action::Check, None) => {
            let newest =
                || Some(snapshot(model)?.media_folder.join(&images(model).first()?.name).display().to_string());
            let place = returned_stick(model).or_else(newest).unwrap_or_default();
            model.screen = Screen::Media(Step::Check(Input::proposing(place)));
        }
        (Action::Import, None) => {
            let place = returned_stick(model).unwrap_or_default();
            model.screen = Screen::Media(Step::Import(Input::proposing(place)));
        }
        (Action::ListDisks, _) => {
            model.disks = None;
            out.push(Command::ListDisks);
        }
        (Action::Cancel, Some(title)) => ask::open(model, Ask::CancelJob { title }),
        (Action::Cancel, None) => model.notice = Some("Nothing is running.".to_owned()),
        (Action::Seen, _) => {
            let built = built(model).cloned();
            let ended = model.finished_job().map(|job| job.started);
            model.dismissed = ended.or(model.dismissed);
            if let Some(image) = built {
                model.built = None;
                pick_disk(model, Task::Write(image), out);
            }
        }
        (Action::Hide, _) => model.acknowledge(now),
        (Action::Problems, _) => problems::open(model, now),
        (Action::Help, _) => help::open(model),
        (Action::Back, _) => model.screen = Screen::Board,
    }
}

fn snapshot(model: &Model) -> Option<&Snapshot> {
    model.snapshot.as_deref()
}

/// The image that was built last from here, once its job has ended well and the person has not seen it yet.
pub(super) fn built(model: &Model) -> Option<&Image> {
    let ended = model.finished_job()?;
    let name = model.built.as_ref().filter(|name| ended.title.contains(name.as_str()))?;
    images(model).iter().find(|image| image.name == *name).filter(|_| matches!(ended.outcome, Some(Ok(_))))
}

pub(crate) fn images(model: &Model) -> &[Image] {
    snapshot(model).map(|snapshot| snapshot.images.as_slice()).unwrap_or_default()
}

fn start_writing(model: &mut Model, what: What, out: &mut Vec<Command>) {
    match images(model) {
        [] => model.notice = Some("There is no image yet. b: build one first.".to_owned()),
        [only] => {
            let image = only.clone();
            pick_disk(model, what.with(image), out);
        }
        _ => model.screen = Screen::Media(Step::PickImage { selected: 0, what }),
    }
}

fn pick_disk(model: &mut Model, task: Task, out: &mut Vec<Command>) {
    model.screen = Screen::Media(Step::PickDisk { task, selected: 0 });
    // What was plugged in meanwhile is what the person wants to write.
    out.push(Command::ListDisks);
}

fn pick(model: &mut Model, action: Pick, out: &mut Vec<Command>) {
    let Screen::Media(step) = model.screen.clone() else { return };
    match (action, step) {
        (action, Step::Build(building)) => {
            let step = build::pick(model, building, action, out).map_or(Step::Idle, Step::Build);
            model.screen = Screen::Media(step);
        }
        (Pick::Back, step) => back(model, step),
        (Pick::ListDisks, _) => {
            model.disks = None;
            out.push(Command::ListDisks);
        }
        (Pick::Move(direction), Step::PickImage { selected, what }) => {
            let selected = direction.apply(selected, images(model).len(), 1);
            model.screen = Screen::Media(Step::PickImage { selected, what });
        }
        (Pick::Move(direction), Step::PickDisk { task, selected }) => {
            let selected = direction.apply(selected, model.disks.as_ref().map_or(0, Vec::len), 1);
            model.screen = Screen::Media(Step::PickDisk { task, selected });
        }
        (Pick::Choose, Step::PickImage { selected, what }) => {
            if let Some(image) = images(model).get(selected).cloned() {
                pick_disk(model, what.with(image), out);
            }
        }
        (Pick::Choose, Step::PickDisk { task, selected }) => {
            let Some(disk) = model.disks.as_ref().and_then(|disks| disks.get(selected)).cloned() else { return };
            match task.why_not(&disk) {
                Some(why) => model.notice = Some(format!("{} cannot be written: {why}.", disk.name())),
                None => model.screen = Screen::Media(Step::Consent(Box::new(Consent::new(task, disk)))),
            }
        }
        (Pick::Move(_) | Pick::Choose | Pick::Add, _) => {}
    }
}

/// One page back, with the choice that was made there.
fn back(model: &mut Model, step: Step) {
    let place = |name: &str| images(model).iter().position(|image| image.name == name).unwrap_or(0);
    let to = match step {
        Step::Build(mut building) => match building.back() {
            true => Step::Build(building),
            false => Step::Idle,
        },
        Step::PickDisk { task: Task::Write(image), .. } if images(model).len() > 1 => {
            Step::PickImage { selected: place(&image.name), what: What::Write }
        }
        Step::PickDisk { task: Task::Update(image), .. } if images(model).len() > 1 => {
            Step::PickImage { selected: place(&image.name), what: What::Update }
        }
        Step::Consent(consent) => {
            let Consent { task, disk, .. } = *consent;
            let disks = model.disks.iter().flatten();
            let selected = disks.clone().position(|listed| listed.path == disk.path).unwrap_or(0);
            Step::PickDisk { task, selected }
        }
        _ => Step::Idle,
    };
    model.screen = Screen::Media(to);
}

/// A key for a text field. An Enter that a scanner sent only leaves the text there to be read.
pub(crate) fn text_key(model: &mut Model, key: KeyEvent, by_scanner: bool, out: &mut Vec<Command>) {
    match typed(model.screen.input(), &key, by_scanner) {
        Typed::Changed => clear_complaint(model),
        Typed::FromScanner => model.notice = Some(FROM_SCANNER.to_owned()),
        Typed::Accept => accept(model, out),
        Typed::Back => {
            if let Screen::Media(step) = model.screen.clone() {
                back(model, step);
            }
        }
        Typed::Nothing => {}
    }
}

fn clear_complaint(model: &mut Model) {
    match &mut model.screen {
        Screen::Media(Step::Build(building)) => building.complaint = None,
        Screen::Media(Step::Consent(consent)) => consent.refused = None,
        _ => {}
    }
}

fn accept(model: &mut Model, out: &mut Vec<Command>) {
    let Screen::Media(step) = std::mem::replace(&mut model.screen, Screen::Media(Step::Idle)) else { return };
    match step {
        Step::Build(mut building) => {
            building.accept(images(model), out);
            model.screen = Screen::Media(Step::Build(building));
        }
        Step::Check(input) => match input.text.trim() {
            "" => model.screen = Screen::Media(Step::Check(input)),
            what => out.push(Command::CheckMedia { what: PathBuf::from(what), fully: false }),
        },
        Step::Import(input) => match input.text.trim() {
            "" => model.screen = Screen::Media(Step::Import(input)),
            place => out.push(Command::Import { from: PathBuf::from(place) }),
        },
        Step::Consent(consent) => match consent.accept() {
            Ok(command) => out.push(command),
            Err(consent) => model.screen = Screen::Media(Step::Consent(consent)),
        },
        Step::Idle | Step::PickImage { .. } | Step::PickDisk { .. } => {}
    }
}

/// Where a returned stick is, if one is plugged in.
fn returned_stick(model: &Model) -> Option<String> {
    let sticks = model.disks.iter().flatten().filter(|disk| disk.removable && !disk.is_system && disk.size_bytes > 0);
    let place = |disk: &Disk| disk.mounted.first().cloned().unwrap_or_else(|| disk.path.display().to_string());
    sticks.map(place).next()
}

/// Where a stick is mounted, if one is.
pub(crate) fn mounted_stick(model: &Model) -> Option<String> {
    let sticks = model.disks.iter().flatten().filter(|disk| disk.removable && !disk.is_system);
    sticks.filter_map(|disk| disk.mounted.first().cloned()).next()
}

/// Two sticks that follow each other under one name are two.
pub(crate) fn same(one: &Disk, other: &Disk) -> bool {
    one.path == other.path && one.diskseq == other.diskseq && one.number == other.number
}

/// Sticks first; the choice stays with its disk, not with its place in the list.
pub(crate) fn disks_listed(model: &mut Model, mut disks: Vec<Disk>, now: Moment, out: &mut Vec<Command>) {
    disks.sort_by_key(|disk| disk.refusal(Policy::default()).is_some());
    let mut gone = None;
    if let Screen::Media(step) = &mut model.screen {
        match step {
            Step::PickDisk { selected, .. } => {
                let chosen = model.disks.as_ref().and_then(|old| old.get(*selected));
                let place = chosen.and_then(|chosen| disks.iter().position(|disk| same(disk, chosen)));
                *selected = place.unwrap_or(0);
            }
            Step::Consent(consent) if !disks.iter().any(|disk| same(disk, &consent.disk)) => {
                gone = Some(consent.disk.name());
                *step = Step::Idle;
            }
            _ => {}
        }
    }
    if let Some(name) = gone {
        let next = "Plug it in again and choose it anew (w).";
        model.tell(
            Problem::new(format!("{name} is gone"), "It was unplugged while you were asked for its name.", next),
            now,
        );
    }
    model.looked.retain(|(disk, _)| disks.iter().any(|listed| same(listed, disk)));
    // Whoever chooses a stick sees what it would lose. One that is being written is not asked.
    let at_sticks = matches!(model.screen.base(), Screen::Media(_));
    if at_sticks && model.running_job().is_none() && !bench::is_armed(model) {
        let sticks = disks.iter().filter(|disk| disk.refusal(Policy::default()).is_none());
        let unknown = sticks.filter(|disk| !model.looked.iter().any(|(known, _)| same(known, disk)));
        out.extend(unknown.map(|disk| Command::LookAt { disk: disk.clone() }));
    }
    model.disks = Some(disks);
}

/// The bench looked at what is on a stick.
pub(crate) fn looked(model: &mut Model, disk: Disk, brought: Result<Brought, Problem>) {
    model.looked.retain(|(known, _)| !same(known, &disk));
    model.looked.push((disk, brought));
}

/// A job ended: whatever was on a stick may be another now.
pub(crate) fn job_ended(model: &mut Model, out: &mut Vec<Command>) {
    model.looked.clear();
    if matches!(model.screen.base(), Screen::Media(_)) {
        out.push(Command::ListDisks);
    }
}

/// The job on one line of the board.
pub(crate) fn in_one_line(job: &Job, meter: &Meter) -> (String, Tone) {
    match &job.outcome {
        None => {
            let left =
                meter.left(&job.progress).map(|left| format!(", {} left", text::duration(left))).unwrap_or_default();
            (
                format!("{}: {} {}%{left}   (m: look)", job.title, job.progress.task, meter::percent(&job.progress)),
                Tone::Good,
            )
        }
        Some(Ok(_)) => (format!("DONE: {}   (m: look   x: hide)", job.title), Tone::Good),
        Some(Err(problem)) => (format!("FAILED: {}: {}   (m: look   x: hide)", job.title, problem.what), Tone::Alarm),
    }
}

/// The youngest age on the screen.
pub(crate) fn youngest(model: &Model, now: Moment) -> Option<Duration> {
    images(model).iter().map(|image| now.since(image.made)).min()
}
