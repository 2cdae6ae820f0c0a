//! Bench mode in the appliance: armed by a front end, it goes on while none is attached.

use std::{
    ops::ControlFlow,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::mpsc;
use whiteglove_core::{
    control::{Arm, Command, Teach},
    problem::Problem,
    sticks::{
        event::Event,
        view::{BenchMode, Phase, View},
    },
};

use super::{Input, Owner, collect::Collector};
use crate::{
    clock::now,
    config::Config,
    demo::sticks::Hub,
    sticks::{self, Hardware, Issuer, Note, Prepared, Wanted, Wish, ports},
};

const TELL_EVERY: Duration = Duration::from_millis(100);

/// No front end waits for the answer; they count from 1.
const NOBODY: u64 = 0;

/// What a thread of bench mode tells the owner.
#[derive(Debug)]
pub enum SticksNews {
    Checking(whiteglove_core::control::Progress),
    Armed {
        earlier: usize,
        lately: usize,
    },
    Event(Box<Event>),
    Over(Result<(), Problem>),
    Taught(Vec<String>),
    /// The lesson broke off.
    NotTaught(Problem),
}

/// What the owner holds of bench mode.
#[derive(Debug)]
pub(super) struct Sticks {
    pub(super) hardware: Hardware,
    pub(super) shown: Arc<BenchMode>,
    running: Option<Arc<Wish>>,
    lesson: Option<Arc<AtomicBool>>,
}

impl Sticks {
    pub(super) fn new(config: &Config) -> Self {
        let hardware = match config.simulated {
            true => Hardware::Simulated(Arc::new(Hub::new(&config.state))),
            false => Hardware::default(),
        };
        let positions = ports::read(&config.state);
        let shown = Arc::new(BenchMode { positions, ..BenchMode::default() });
        Self { hardware, shown, running: None, lesson: None }
    }
}

impl Owner {
    pub(super) fn arm_bench(&mut self, from: u64, arm: Arm) {
        if self.sticks.running.is_some() {
            let busy = Problem::new(
                "Bench mode is armed already.",
                "It writes one image at a time.",
                "Disarm it first, then arm it for the other image.",
            );
            return self.tell(from, Err(busy));
        }
        self.end_lesson();
        let Arm { image: name, sizes, ports, most, plugged_in, typed } = arm;
        let image = self.config.media_folder().join(&name);
        let known = if ports.is_empty() { self.sticks.shown.positions.clone() } else { ports.clone() };
        let shown = name.file_name().unwrap_or(name.as_os_str()).to_string_lossy().into_owned();
        self.show_sticks(|sticks| sticks.run = Some(View::new(shown, sizes, &known, now())));
        let wish = Arc::new(Wish::default());
        self.sticks.running = Some(Arc::clone(&wish));
        let work = Work {
            hardware: self.sticks.hardware.clone(),
            config: self.config.clone(),
            image,
            wanted: Wanted { sizes, ports, most, plugged_in },
            typed,
            wish,
            inbox: self.inbox.clone(),
            collector: self.collector(),
        };
        let inbox = self.inbox.clone();
        // A thread of its own, not one of the runtime's: a stick that hangs must not keep the program from ending.
        let spawned = std::thread::Builder::new().name("sticks".into()).spawn(move || {
            let inbox = work.inbox.clone();
            let over = work.run();
            drop(inbox.blocking_send(Input::Sticks(SticksNews::Over(over))));
        });
        if let Err(error) = spawned {
            let problem = Problem::new("Bench mode cannot start.", format!("The system says: {error}."), "Try again.");
            drop(inbox.try_send(Input::Sticks(SticksNews::Over(Err(problem)))));
        }
    }

    /// `stop`: sticks that are being written are stopped too, and do not boot.
    pub(super) fn disarm_bench(&mut self, from: u64, stop: bool) {
        let Some(wish) = &self.sticks.running else {
            return self.tell(from, Ok("Bench mode is not armed.".to_owned()));
        };
        match stop {
            true => wish.stop(),
            false => wish.finish(),
        }
        self.show_sticks(|sticks| {
            if let Some(run) = sticks.run.as_mut().filter(|run| !run.is_over()) {
                let stopped = stop || matches!(run.phase, Phase::Ending { stopped: true });
                run.phase = Phase::Ending { stopped };
            }
        });
    }

    /// At the end of the process: nothing waits for sticks that are being written.
    pub(super) fn leave_sticks(&mut self) {
        if let Some(wish) = &self.sticks.running {
            wish.stop();
        }
        self.end_lesson();
    }

    /// Bench mode takes every stick itself: nothing else is written meanwhile.
    pub(super) fn refuse_while_armed(&self) -> Result<(), Problem> {
        match self.sticks.running {
            None => Ok(()),
            Some(_) => Err(Problem::new(
                "Nothing else is written while bench mode is armed.",
                "It takes every stick that is plugged in.",
                "Disarm bench mode first (d on its screen).",
            )),
        }
    }

    pub(super) fn hear_sticks(&mut self, news: SticksNews) {
        match news {
            SticksNews::Checking(progress) => self.show_run(|run| {
                if matches!(run.phase, Phase::Checking(_)) {
                    run.phase = Phase::Checking(progress);
                }
            }),
            SticksNews::Armed { earlier, lately } => self.show_run(|run| {
                (run.earlier, run.lately) = (earlier, lately);
                if matches!(run.phase, Phase::Checking(_)) {
                    run.phase = Phase::Armed;
                }
            }),
            SticksNews::Event(event) => self.show_run(|run| run.apply(&event, now())),
            SticksNews::Over(over) => {
                self.sticks.running = None;
                if let Err(problem) = &over {
                    self.remember(problem.clone());
                }
                self.show_run(|run| run.phase = Phase::Over(over));
            }
            SticksNews::Taught(ports) if self.sticks.lesson.is_some() => {
                self.show_sticks(|sticks| sticks.teaching = Some(ports));
            }
            SticksNews::Taught(_) => {}
            SticksNews::NotTaught(problem) => {
                self.end_lesson();
                self.remember(problem);
            }
        }
    }

    pub(super) fn teach_positions(&mut self, from: u64, teach: Teach) {
        match teach {
            Teach::Begin if self.sticks.running.is_some() => {
                let armed = Problem::new(
                    "Positions cannot be taught now.",
                    "Bench mode is armed: a stick that is plugged in would be erased.",
                    "Disarm it first (d on its screen).",
                );
                self.tell(from, Err(armed));
            }
            Teach::Begin => self.begin_lesson(from),
            Teach::Keep => {
                let taught = self.sticks.shown.teaching.clone().unwrap_or_default();
                self.end_lesson();
                if taught.is_empty() {
                    return self.tell(from, Ok("No port was shown: positions stay as they were.".to_owned()));
                }
                match ports::keep(&self.config.state, &taught) {
                    Ok(()) => {
                        let done = format!("{} positions are known from now on.", taught.len());
                        self.show_sticks(|sticks| sticks.positions = taught);
                        self.tell(from, Ok(done));
                    }
                    Err(problem) => self.tell(from, Err(problem)),
                }
            }
            Teach::Drop => self.end_lesson(),
        }
    }

    fn begin_lesson(&mut self, from: u64) {
        self.end_lesson();
        let stop = Arc::new(AtomicBool::new(false));
        self.sticks.lesson = Some(Arc::clone(&stop));
        self.show_sticks(|sticks| sticks.teaching = Some(Vec::new()));
        let (hardware, inbox) = (self.sticks.hardware.clone(), self.inbox.clone());
        let spawned = std::thread::Builder::new().name("positions".into()).spawn(move || {
            let tell = |news| drop(inbox.blocking_send(Input::Sticks(news)));
            let taught = ports::teach(&hardware, &stop, &mut |ports| tell(SticksNews::Taught(ports.to_vec())));
            if let Err(problem) = taught {
                tell(SticksNews::NotTaught(problem));
            }
        });
        if let Err(error) = spawned {
            self.end_lesson();
            let why = format!("The system says: {error}.");
            self.tell(from, Err(Problem::new("Positions cannot be taught now.", why, "Try again.")));
        }
    }

    fn end_lesson(&mut self) {
        if let Some(stop) = self.sticks.lesson.take() {
            stop.store(true, Ordering::Relaxed);
        }
        if self.sticks.shown.teaching.is_some() {
            self.show_sticks(|sticks| sticks.teaching = None);
        }
    }

    fn show_sticks(&mut self, change: impl FnOnce(&mut BenchMode)) {
        change(Arc::make_mut(&mut self.sticks.shown));
        self.dirty = true;
    }

    fn show_run(&mut self, change: impl FnOnce(&mut View)) {
        self.show_sticks(|sticks| {
            if let Some(run) = &mut sticks.run {
                change(run);
            }
        });
    }
}

/// What the thread takes with it.
struct Work {
    hardware: Hardware,
    config: Config,
    image: PathBuf,
    wanted: Wanted,
    typed: String,
    wish: Arc<Wish>,
    inbox: mpsc::Sender<Input>,
    collector: Collector,
}

impl Work {
    fn run(self) -> Result<(), Problem> {
        let Self { hardware, config, image, wanted, typed, wish, inbox, collector } = self;
        let mut told: Option<Instant> = None;
        let mut watch = |progress| {
            if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                told = Some(Instant::now());
                // Progress may be dropped, never wait.
                let _ = inbox.try_send(Input::Sticks(SticksNews::Checking(progress)));
            }
            if wish.is_any() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let prepared = match Prepared::new(hardware, &config.state, &image, &mut watch) {
            // Disarmed before it was armed: nothing happened to any stick.
            Err(_) if wish.is_any() => return Ok(()),
            prepared => prepared?,
        };
        let (earlier, lately) = prepared.made();
        let (terms, _) = prepared.terms(wanted)?;
        let tell = |news| drop(inbox.blocking_send(Input::Sticks(news)));
        let journal = inbox.clone();
        let note = Note(Box::new(move |made| {
            let command = Command::NoteStick { made: Box::new(made) };
            drop(journal.blocking_send(Input::Command { from: NOBODY, command }));
        }));
        let returned = collector.before_writing();
        let bench = prepared.arm(terms, &typed, Issuer::new(&config, None)?, returned, note)?;
        tell(SticksNews::Armed { earlier, lately });
        sticks::bench(bench, &wish, &mut |event| match event {
            Event::Progress { .. } => drop(inbox.try_send(Input::Sticks(SticksNews::Event(Box::new(event.clone()))))),
            event => tell(SticksNews::Event(Box::new(event.clone()))),
        })
    }
}
