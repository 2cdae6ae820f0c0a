//! Sticks: build an image, write one to a stick, import what came back.
//!
//! This screen erases nothing. It asks the person to type the disk's name and sends what was typed;
//! the bench decides anew by the same rule.

use std::{path::PathBuf, time::Duration};

use crossterm::event::{KeyCode, KeyEvent};
use whiteglove_core::{
    clock::Moment,
    control::{Command, Image, Job},
    disk::{Disk, ErasePermit, Policy},
    media::Recipe,
    problem::Problem,
};

use super::{Screen, ask, ask::Ask, help, problems};
use crate::{
    keymap::{self, Binding, bind},
    model::Model,
    theme::Tone,
    widget::{input::Input, meter, meter::Meter, scroll::Move, text},
};

mod draw;
pub(crate) use draw::draw;

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Idle,
    /// Naming the image to build; the complaint about what was typed last.
    Name(Input, Option<String>),
    PickImage {
        selected: usize,
    },
    PickDisk {
        image: Image,
        selected: usize,
    },
    Consent(Box<Consent>),
    /// Where a returned stick is.
    Import(Input),
}

/// The page on which a person types a disk's name.
#[derive(Debug, Clone)]
pub(crate) struct Consent {
    image: Image,
    disk: Disk,
    typed: Input,
    refused: Option<Problem>,
}

impl Step {
    pub(crate) fn input(&mut self) -> Option<&mut Input> {
        match self {
            Self::Name(input, _) | Self::Import(input) => Some(input),
            Self::Consent(consent) => Some(&mut consent.typed),
            Self::Idle | Self::PickImage { .. } | Self::PickDisk { .. } => None,
        }
    }

    pub(crate) fn takes_text(&self) -> bool {
        matches!(self, Self::Name(..) | Self::Import(_) | Self::Consent(_))
    }

    pub(crate) fn is_idle(&self) -> bool {
        matches!(self, Self::Idle)
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Build,
    Write,
    ListDisks,
    Import,
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
        &[KeyCode::Char('i')],
        Action::Import,
        "import",
        "Import the captures of a stick that came back, or hashes from a file",
    ),
    bind(&[KeyCode::Char('d')], Action::ListDisks, "disks", "Look for disks again, after plugging one in"),
    bind(&[KeyCode::Char('c')], Action::Cancel, "cancel", "Stop the running job, after a question"),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
    bind(&[KeyCode::Enter], Action::Seen, "", "Seen: put the result of a job away"),
    bind(&[KeyCode::Char('x')], Action::Hide, "", "Seen: hide the error line"),
    bind(&[KeyCode::Char('e')], Action::Problems, "", "What went wrong lately"),
];

#[derive(Debug, Clone, Copy)]
pub(crate) enum Pick {
    Move(Move),
    Choose,
    ListDisks,
    Back,
}

pub(crate) const PICK_KEYS: &[Binding<Pick>] = &[
    bind(&[KeyCode::Enter], Pick::Choose, "choose", "Choose the marked one"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Pick::Move(Move::Down), "next", "Next"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Pick::Move(Move::Up), "previous", "Previous"),
    bind(&[KeyCode::Char('d')], Pick::ListDisks, "look again", "Look for disks again, after plugging one in"),
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Pick::Back, "back", "Back; nothing happens"),
];

#[derive(Debug, Clone, Copy)]
pub(crate) enum Typing {
    Accept,
    Back,
}

pub(crate) const TEXT_KEYS: &[Binding<Typing>] = &[
    bind(&[KeyCode::Enter], Typing::Accept, "go on", "Go on with what was typed"),
    bind(&[KeyCode::Esc], Typing::Back, "back", "Back; nothing happens"),
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
    } else if let Some(action) = keymap::find(PICK_KEYS, &key) {
        pick(model, action, out);
    }
}

fn act(model: &mut Model, action: Action, now: Moment, out: &mut Vec<Command>) {
    let busy = model.running_job().map(|job| job.title.clone());
    match (action, busy) {
        (Action::Build | Action::Write | Action::Import, Some(title)) => {
            model.notice = Some(format!("One thing at a time: \"{title}\" still runs. Wait, or c: cancel it."));
        }
        (Action::Build, None) => model.screen = Screen::Media(Step::Name(Input::proposing(proposed_name(model)), None)),
        (Action::Write, None) => start_writing(model, out),
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
            let ended = model.finished_job().map(|job| job.started);
            model.dismissed = ended.or(model.dismissed);
        }
        (Action::Hide, _) => model.acknowledge(now),
        (Action::Problems, _) => problems::open(model, now),
        (Action::Help, _) => help::open(model),
        (Action::Back, _) => model.screen = Screen::Board,
    }
}

fn images(model: &Model) -> &[Image] {
    model.snapshot.as_deref().map(|snapshot| snapshot.images.as_slice()).unwrap_or_default()
}

fn start_writing(model: &mut Model, out: &mut Vec<Command>) {
    match images(model) {
        [] => model.notice = Some("There is no image yet. b: build one first.".to_owned()),
        [only] => {
            let image = only.clone();
            pick_disk(model, image, out);
        }
        _ => model.screen = Screen::Media(Step::PickImage { selected: 0 }),
    }
}

fn pick_disk(model: &mut Model, image: Image, out: &mut Vec<Command>) {
    model.screen = Screen::Media(Step::PickDisk { image, selected: 0 });
    // What was plugged in meanwhile is what the person wants to write.
    out.push(Command::ListDisks);
}

fn pick(model: &mut Model, action: Pick, out: &mut Vec<Command>) {
    let Screen::Media(step) = model.screen.clone() else { return };
    match (action, step) {
        (Pick::Back, _) => model.screen = Screen::Media(Step::Idle),
        (Pick::ListDisks, _) => {
            model.disks = None;
            out.push(Command::ListDisks);
        }
        (Pick::Move(direction), Step::PickImage { selected }) => {
            let selected = direction.apply(selected, images(model).len(), 1);
            model.screen = Screen::Media(Step::PickImage { selected });
        }
        (Pick::Move(direction), Step::PickDisk { image, selected }) => {
            let selected = direction.apply(selected, model.disks.as_ref().map_or(0, Vec::len), 1);
            model.screen = Screen::Media(Step::PickDisk { image, selected });
        }
        (Pick::Choose, Step::PickImage { selected }) => {
            if let Some(image) = images(model).get(selected).cloned() {
                pick_disk(model, image, out);
            }
        }
        (Pick::Choose, Step::PickDisk { image, selected }) => {
            let Some(disk) = model.disks.as_ref().and_then(|disks| disks.get(selected)).cloned() else { return };
            match why_not(&disk, &image) {
                Some(why) => model.notice = Some(format!("{} cannot be written: {why}.", disk.name())),
                None => {
                    let typed = Input::default();
                    let consent = Consent { image, disk, typed, refused: None };
                    model.screen = Screen::Media(Step::Consent(Box::new(consent)));
                }
            }
        }
        (Pick::Move(_) | Pick::Choose, _) => {}
    }
}

/// Why this disk is not for this image, in words.
fn why_not(disk: &Disk, image: &Image) -> Option<String> {
    let refusal = disk.refusal(Policy::default());
    refusal.map(|refusal| refusal.to_string()).or_else(|| {
        (disk.size_bytes < image.bytes)
            .then(|| format!("it is too small, the image needs {}", text::bytes(image.bytes)))
    })
}

/// A key for a text field. An Enter that a scanner sent only leaves the text there to be read.
pub(crate) fn text_key(model: &mut Model, key: KeyEvent, by_scanner: bool, out: &mut Vec<Command>) {
    if let Some(input) = model.screen.input()
        && input.key(&key)
    {
        clear_complaint(model);
        return;
    }
    match keymap::find(TEXT_KEYS, &key) {
        Some(Typing::Accept) if by_scanner => {
            model.notice = Some("That came from a scanner. If it is right, press Enter yourself.".to_owned());
        }
        Some(Typing::Accept) => accept(model, out),
        Some(Typing::Back) => model.screen = Screen::Media(Step::Idle),
        None => {}
    }
}

fn clear_complaint(model: &mut Model) {
    match &mut model.screen {
        Screen::Media(Step::Name(_, complaint)) => *complaint = None,
        Screen::Media(Step::Consent(consent)) => consent.refused = None,
        _ => {}
    }
}

fn accept(model: &mut Model, out: &mut Vec<Command>) {
    let Screen::Media(step) = std::mem::replace(&mut model.screen, Screen::Media(Step::Idle)) else { return };
    match step {
        Step::Name(input, _) => match file_name(&input.text, images(model)) {
            Ok(name) => out.push(Command::BuildMedia { out: PathBuf::from(name), recipe: Recipe::default() }),
            Err(complaint) => model.screen = Screen::Media(Step::Name(input, Some(complaint))),
        },
        Step::Import(input) => match input.text.trim() {
            "" => model.screen = Screen::Media(Step::Import(input)),
            place => out.push(Command::Import { from: PathBuf::from(place) }),
        },
        Step::Consent(consent) => {
            let Consent { image, disk, typed, .. } = *consent;
            // Asked of the same rule the bench asks, to answer at once. The permit itself is of no use here.
            match ErasePermit::confirm(disk.clone(), &typed.text, image.bytes, Policy::default()) {
                Ok(_) => out.push(Command::WriteMedia {
                    image: PathBuf::from(image.name),
                    disk,
                    typed: typed.text,
                    operator: None,
                }),
                Err(refusal) => {
                    let refused = Some(refusal.problem(&disk));
                    model.screen = Screen::Media(Step::Consent(Box::new(Consent { image, disk, typed, refused })));
                }
            }
        }
        Step::Idle | Step::PickImage { .. } | Step::PickDisk { .. } => {}
    }
}

/// A name that is a file name and nothing else, ending in `.img`.
fn file_name(typed: &str, images: &[Image]) -> Result<String, String> {
    let typed = typed.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if typed.is_empty() || typed.starts_with('.') || !typed.chars().all(plain) {
        return Err("Use letters, digits, - and _ only.".to_owned());
    }
    if typed.len() > 80 {
        return Err("That is too long; 80 characters are enough.".to_owned());
    }
    let name = if typed.ends_with(".img") { typed.to_owned() } else { format!("{typed}.img") };
    match images.iter().any(|image| image.name == name) {
        true => Err(format!("{name} exists already. Use another name.")),
        false => Ok(name),
    }
}

/// The batch's name made into a file name that is not taken.
fn proposed_name(model: &Model) -> String {
    let batch = model.snapshot.as_deref().map(|snapshot| snapshot.batch.as_str()).unwrap_or_default();
    let mut stem: String = batch.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    stem = stem.trim_matches('-').to_owned();
    if stem.is_empty() {
        stem = "stick".to_owned();
    }
    let names = std::iter::once(format!("{stem}.img")).chain((2..).map(|n| format!("{stem}-{n}.img")));
    names.into_iter().find(|name| !images(model).iter().any(|image| &image.name == name)).unwrap_or_default()
}

/// Where a returned stick is, if one is plugged in.
fn returned_stick(model: &Model) -> Option<String> {
    let sticks = model.disks.iter().flatten().filter(|disk| disk.removable && !disk.is_system && disk.size_bytes > 0);
    let place = |disk: &Disk| disk.mounted.first().cloned().unwrap_or_else(|| disk.path.display().to_string());
    sticks.map(place).next()
}

/// Sticks first; the choice stays with its disk, not with its place in the list.
pub(crate) fn disks_listed(model: &mut Model, mut disks: Vec<Disk>, now: Moment) {
    disks.sort_by_key(|disk| disk.refusal(Policy::default()).is_some());
    let same =
        |one: &Disk, other: &Disk| one.path == other.path && one.diskseq == other.diskseq && one.number == other.number;
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
    model.disks = Some(disks);
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
