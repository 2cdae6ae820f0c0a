//! Bench mode: arm it once, then walk along the hub and do what stands there in large letters.
//!
//! This screen erases nothing. It asks a person for the words that arm the bench and sends what was typed; the bench
//! decides anew by the same rule. What is shown is the bench's own: a board that attaches later shows the same.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use whiteglove_core::{
    clock::Moment,
    control::{Arm, Command, Image, Teach},
    disk::Policy,
    sticks::{
        size::Window,
        view::{BenchMode, View},
    },
};

use super::{
    Screen, ask,
    ask::Ask,
    help, media,
    pages::{CHOICE_KEYS, FROM_SCANNER, PICK_KEYS, Pick, TEXT_KEYS, Typed, typed},
    problems,
};
use crate::{
    keymap::{self, Binding, bind},
    model::Model,
    widget::{input::Input, scroll::Move},
};

mod call;
mod draw;
pub(crate) use draw::draw;

/// What sticks for this purpose have today: 16, 32 and 64 GB as printed on them.
const USUAL_SIZES: &str = "14G..70G";

#[derive(Debug, Clone)]
pub(crate) enum Bench {
    /// What happens at each position, or how to begin.
    Watch {
        top: usize,
    },
    PickImage {
        selected: usize,
    },
    Arming(Box<Arming>),
    /// The ports are shown to the bench one after the other.
    Teach,
}

/// What a person decided so far of what is to be erased.
#[derive(Debug, Clone)]
pub(crate) struct Arming {
    at: At,
    image: Image,
    sizes: Input,
    /// Only at the positions that were taught.
    taught_only: bool,
    plugged_in: bool,
    typed: Input,
    complaint: Option<String>,
}

/// The steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Sizes,
    Ports,
    PluggedIn,
    Words,
}

impl Bench {
    pub(crate) fn watch() -> Self {
        Self::Watch { top: 0 }
    }

    pub(crate) fn input(&mut self) -> Option<&mut Input> {
        match self {
            Self::Arming(arming) => match arming.at {
                At::Sizes => Some(&mut arming.sizes),
                At::Words => Some(&mut arming.typed),
                At::Ports | At::PluggedIn => None,
            },
            _ => None,
        }
    }

    pub(crate) fn takes_text(&self) -> bool {
        matches!(self, Self::Arming(arming) if matches!(arming.at, At::Sizes | At::Words))
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Arm,
    Disarm,
    Stop,
    Teach,
    Scroll(Move),
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
        "Back to the sticks; an armed bench goes on",
    ),
    bind(&[KeyCode::Char('a')], Action::Arm, "arm", "Arm the bench: every stick plugged in from then on is erased"),
    bind(&[KeyCode::Char('d')], Action::Disarm, "disarm", "Begin no more sticks; those that were begun are finished"),
    bind(&[KeyCode::Char('s')], Action::Stop, "stop now", "Stop also the sticks being written, after a question"),
    bind(&[KeyCode::Char('t')], Action::Teach, "teach ports", "Say which port is position 1, which is 2, and so on"),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Action::Scroll(Move::Down), "", "Scroll down"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Action::Scroll(Move::Up), "", "Scroll up"),
    bind(&[KeyCode::PageDown, KeyCode::Char(' ')], Action::Scroll(Move::PageDown), "", "A page down"),
    bind(&[KeyCode::PageUp], Action::Scroll(Move::PageUp), "", "A page up"),
    bind(&[KeyCode::Char('x')], Action::Hide, "", "Seen: hide the error line"),
    bind(&[KeyCode::Char('e')], Action::Problems, "", "What went wrong lately"),
];

#[derive(Debug, Clone, Copy)]
pub(crate) enum Lesson {
    Keep,
    Again,
    Back,
}

pub(crate) const TEACH_KEYS: &[Binding<Lesson>] = &[
    bind(&[KeyCode::Enter], Lesson::Keep, "keep", "Remember the positions as they are shown"),
    bind(&[KeyCode::Char('t')], Lesson::Again, "begin again", "Forget what was shown and begin with position 1"),
    bind(
        &[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace],
        Lesson::Back,
        "back",
        "Back; positions stay as they were",
    ),
];

pub(crate) fn open(model: &mut Model, out: &mut Vec<Command>) {
    model.screen = Screen::Bench(Bench::watch());
    out.push(Command::ListDisks);
}

pub(crate) fn mode(model: &Model) -> Option<&BenchMode> {
    model.snapshot.as_deref().map(|snapshot| &*snapshot.sticks)
}

/// The bench mode that runs, or the last one.
pub(crate) fn run(model: &Model) -> Option<&View> {
    mode(model)?.run.as_ref()
}

pub(crate) fn is_armed(model: &Model) -> bool {
    mode(model).is_some_and(BenchMode::is_armed)
}

/// A key outside of a text field.
pub(crate) fn key(model: &mut Model, key: KeyEvent, now: Moment, out: &mut Vec<Command>) {
    let Screen::Bench(bench) = &model.screen else { return };
    match bench {
        Bench::Watch { .. } => {
            if let Some(action) = keymap::find(KEYS, &key) {
                act(model, action, now, out);
            }
        }
        Bench::PickImage { .. } | Bench::Arming(_) => {
            if let Some(action) = keymap::find(PICK_KEYS, &key) {
                pick(model, action, out);
            }
        }
        Bench::Teach => {
            if let Some(lesson) = keymap::find(TEACH_KEYS, &key) {
                learn(model, lesson, out);
            }
        }
    }
}

fn act(model: &mut Model, action: Action, now: Moment, out: &mut Vec<Command>) {
    let armed = is_armed(model);
    match action {
        Action::Arm if armed => model.notice = Some("The bench is armed. Plug sticks in, or d: disarm it.".to_owned()),
        Action::Arm => begin(model, out),
        Action::Disarm | Action::Stop if !armed => {
            model.notice = Some("The bench is not armed: no stick is erased.".to_owned());
        }
        // Asked only if a stick would be left half written.
        Action::Stop if run(model).is_some_and(|run| run.busy() > 0) => {
            let busy = run(model).map_or(0, View::busy);
            ask::open(model, Ask::StopSticks { busy });
        }
        Action::Disarm | Action::Stop => out.push(Command::DisarmBench { stop: matches!(action, Action::Stop) }),
        Action::Teach if armed => {
            model.notice = Some("Not while the bench is armed: the sticks would be erased. d: disarm it.".to_owned());
        }
        Action::Teach => {
            model.screen = Screen::Bench(Bench::Teach);
            out.push(Command::TeachPositions(Teach::Begin));
        }
        Action::Scroll(direction) => draw::scroll(model, direction, now),
        Action::Hide => model.acknowledge(now),
        Action::Problems => problems::open(model, now),
        Action::Help => help::open(model),
        Action::Back => media::open(model, out),
    }
}

fn begin(model: &mut Model, out: &mut Vec<Command>) {
    if let Some(job) = model.running_job() {
        model.notice = Some(format!("One thing at a time: \"{}\" still runs. Wait until it is done.", job.title));
        return;
    }
    match media::images(model) {
        [] => model.notice = Some("There is no image yet. Esc, then b: build one first.".to_owned()),
        [only] => arm(model, only.clone()),
        _ => model.screen = Screen::Bench(Bench::PickImage { selected: 0 }),
    }
    out.push(Command::ListDisks);
}

fn arm(model: &mut Model, image: Image) {
    model.screen = Screen::Bench(Bench::Arming(Box::new(Arming {
        at: At::Sizes,
        image,
        sizes: Input::proposing(USUAL_SIZES),
        taught_only: false,
        plugged_in: false,
        typed: Input::default(),
        complaint: None,
    })));
}

/// Sticks that are plugged in and would be erased too, if they are meant.
fn plugged_in(model: &Model, sizes: Window) -> usize {
    let disks = model.disks.iter().flatten();
    disks.filter(|disk| disk.refusal(Policy::default()).is_none() && sizes.contains(disk.size_bytes)).count()
}

impl Arming {
    fn window(&self) -> Option<Window> {
        self.sizes.text.trim().parse().ok()
    }

    fn words(&self) -> String {
        format!("erase {}", self.window().map(|sizes| sizes.to_string()).unwrap_or_default())
    }

    /// The steps that have something to ask.
    fn steps(&self, model: &Model) -> Vec<At> {
        let taught = mode(model).is_some_and(|mode| !mode.positions.is_empty());
        let there = self.window().is_some_and(|sizes| plugged_in(model, sizes) > 0);
        let asked = [(At::Sizes, true), (At::Ports, taught), (At::PluggedIn, there), (At::Words, true)];
        asked.into_iter().filter(|(_, asked)| *asked).map(|(at, _)| at).collect()
    }

    fn next(&mut self, model: &Model) {
        let mut later = self.steps(model).into_iter().skip_while(|at| *at != self.at).skip(1);
        self.at = later.next().unwrap_or(At::Words);
        self.complaint = None;
    }

    /// Whether there is a step before.
    fn back(&mut self, model: &Model) -> bool {
        let before = self.steps(model).into_iter().take_while(|at| *at != self.at).last();
        self.complaint = None;
        self.typed = Input::default();
        before.map(|at| self.at = at).is_some()
    }
}

fn pick(model: &mut Model, action: Pick, out: &mut Vec<Command>) {
    let Screen::Bench(mut bench) = model.screen.clone() else { return };
    match (action, &mut bench) {
        (Pick::ListDisks, _) => {
            model.disks = None;
            return out.push(Command::ListDisks);
        }
        (Pick::Move(direction), Bench::PickImage { selected }) => {
            *selected = direction.apply(*selected, media::images(model).len(), 1);
        }
        (Pick::Choose, Bench::PickImage { selected }) => {
            if let Some(image) = media::images(model).get(*selected).cloned() {
                return arm(model, image);
            }
        }
        (Pick::Move(_), Bench::Arming(arming)) => match arming.at {
            At::Ports => arming.taught_only = !arming.taught_only,
            At::PluggedIn => arming.plugged_in = !arming.plugged_in,
            At::Sizes | At::Words => {}
        },
        (Pick::Choose, Bench::Arming(arming)) => arming.next(model),
        (Pick::Back, _) => return back(model),
        (Pick::Move(_) | Pick::Choose | Pick::Add, _) => {}
    }
    model.screen = Screen::Bench(bench);
}

fn back(model: &mut Model) {
    let Screen::Bench(bench) = model.screen.clone() else { return };
    let to = match bench {
        Bench::Arming(mut arming) => match arming.back(model) {
            true => Bench::Arming(arming),
            false if media::images(model).len() > 1 => {
                let place = media::images(model).iter().position(|image| image.name == arming.image.name);
                Bench::PickImage { selected: place.unwrap_or(0) }
            }
            false => Bench::watch(),
        },
        _ => Bench::watch(),
    };
    model.screen = Screen::Bench(to);
}

/// A key for a text field. An Enter that a scanner sent only leaves the text there to be read.
pub(crate) fn text_key(model: &mut Model, key: KeyEvent, by_scanner: bool, out: &mut Vec<Command>) {
    match typed(model.screen.input(), &key, by_scanner) {
        Typed::Changed => {
            if let Screen::Bench(Bench::Arming(arming)) = &mut model.screen {
                arming.complaint = None;
            }
        }
        Typed::FromScanner => model.notice = Some(FROM_SCANNER.to_owned()),
        Typed::Accept => accept(model, out),
        Typed::Back => back(model),
        Typed::Nothing => {}
    }
}

fn accept(model: &mut Model, out: &mut Vec<Command>) {
    let Screen::Bench(Bench::Arming(mut arming)) = model.screen.clone() else { return };
    match arming.at {
        At::Sizes => match arming.sizes.text.trim().parse::<Window>() {
            Ok(_) => arming.next(model),
            Err(error) => arming.complaint = Some(format!("{error}. From the smallest to the largest: 14G..70G")),
        },
        At::Words => {
            let words = arming.words();
            let (image, Some(sizes)) = (arming.image.name.clone(), arming.window()) else { return };
            if arming.typed.text.trim().to_lowercase() == words.to_lowercase() {
                let taught = mode(model).map(|mode| mode.positions.clone()).unwrap_or_default();
                let ports = if arming.taught_only { taught } else { vec![] };
                let (plugged_in, typed) = (arming.plugged_in, arming.typed.text.clone());
                model.screen = Screen::Bench(Bench::watch());
                let arm = Arm { image: image.into(), sizes, ports, most: None, plugged_in, typed };
                return out.push(Command::ArmBench(arm));
            }
            arming.complaint = Some(format!("The words are \"{words}\". The bench is not armed."));
        }
        At::Ports | At::PluggedIn => {}
    }
    model.screen = Screen::Bench(Bench::Arming(arming));
}

fn learn(model: &mut Model, lesson: Lesson, out: &mut Vec<Command>) {
    let (teach, screen) = match lesson {
        Lesson::Keep => (Teach::Keep, Bench::watch()),
        Lesson::Again => (Teach::Begin, Bench::Teach),
        Lesson::Back => (Teach::Drop, Bench::watch()),
    };
    model.screen = Screen::Bench(screen);
    out.push(Command::TeachPositions(teach));
}

/// How often to ring for what is new: a stick that is ready is heard, one that failed is heard more.
pub(crate) fn rings(before: Option<&View>, after: Option<&View>) -> u8 {
    let (Some(before), Some(after)) = (before, after) else { return 0 };
    match before.since == after.since {
        true if after.failed > before.failed => 3,
        true if after.ready > before.ready => 1,
        _ => 0,
    }
}

/// Bench mode on one line of the board.
pub(crate) fn in_one_line(model: &Model) -> Option<String> {
    let run = run(model).filter(|run| !run.is_over())?;
    let (title, _) = call::call(run);
    let counts = format!("{} ready, {} not made, {} being written", run.ready, run.failed, run.busy());
    Some(format!("Bench mode: {title}   {counts}   (m m: look)"))
}

pub(crate) fn youngest(model: &Model, now: Moment) -> Option<Duration> {
    run(model)?.ended.iter().map(|ended| now.since(ended.at)).min()
}
