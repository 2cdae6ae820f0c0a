//! Bench mode as a state machine: disks come and go, sticks are begun, progress, end, or hang.
//!
//! No thread, no device: a shell shows it the machine's disks and the time, does what it says, and tells
//! how that went. A position belongs to a port, so that "remove 3" means the same place all day.

use std::time::Duration;

use super::{brought::Brought, event::Event, place::Place, remains::Remains};
use crate::{
    clock::Moment,
    control::Progress,
    disk::{Armed, Declined, Disk, ErasePermit},
    problem::Problem,
};

/// After how long without an answer a person is told, and a stick given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    pub silent: Duration,
    pub give_up: Duration,
}

impl Default for Patience {
    /// Cheap sticks pause for 20 s to tidy up, and the kernel gives a USB command 30 s before it resets the stick.
    fn default() -> Self {
        Self { silent: Duration::from_secs(35), give_up: Duration::from_secs(120) }
    }
}

/// Between two lines about the same stick.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// A disk and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    pub disk: Disk,
    pub place: Place,
}

/// A stick to be written now.
#[derive(Debug)]
pub struct Start {
    /// Names this write, never used twice.
    pub stick: u64,
    pub permit: ErasePermit,
    pub present: Present,
    pub position: usize,
}

/// How a write ended, and whether anything had been written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Ready { write_rate: Option<u64>, read_rate: Option<u64>, retries: u32 },
    Failed { touched: bool, remains: Remains, problem: Problem },
}

#[derive(Debug)]
struct Slot {
    present: Present,
    /// 0: a disk of this machine that nobody means; not spoken of.
    position: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    Busy(Busy),
    /// Ready, failed or declined: to be taken out.
    Over,
}

#[derive(Debug)]
struct Busy {
    stick: u64,
    begun: Moment,
    task: String,
    /// When this task began, and with how many bytes done.
    since: (Moment, u64),
    told: Moment,
    /// Answers of the stick, and when their number last changed.
    beats: u64,
    moved: Moment,
    silent: bool,
}

/// The bench from arming to the end.
#[derive(Debug)]
pub struct Run {
    armed: Armed,
    patience: Patience,
    /// The port of each position.
    ports: Vec<String>,
    slots: Vec<Slot>,
    begun: u64,
    ready: usize,
    failed: usize,
    stopping: bool,
}

impl Run {
    /// `known`: the ports of positions 1, 2, 3 and so on. If the bench was armed for ports, their order counts instead.
    pub fn new(armed: Armed, known: Vec<String>, patience: Patience) -> Self {
        let ports = if armed.terms().ports.is_empty() { known } else { armed.terms().ports.clone() };
        Self { armed, patience, ports, slots: Vec::new(), begun: 0, ready: 0, failed: 0, stopping: false }
    }

    /// The disks that are there now. What is new is begun or declined, what is gone makes room.
    pub fn on_disks(&mut self, there: Vec<Present>, now: Moment) -> (Vec<Start>, Vec<Event>) {
        let mut events = Vec::new();
        self.slots.retain(|slot| {
            let gone = !there.iter().any(|present| same(&present.disk, &slot.present.disk));
            // A busy stick's thread notices by itself, and tells what state the stick is in.
            let leaves = gone && matches!(slot.state, State::Over);
            if leaves && slot.position > 0 {
                events.push(Event::Removed { position: slot.position });
            }
            !leaves
        });
        let mut starts = Vec::new();
        for present in there {
            if !self.slots.iter().any(|slot| same(&slot.present.disk, &present.disk)) {
                let (start, event) = self.judge(present, now);
                starts.extend(start);
                events.extend(event);
            }
        }
        (starts, events)
    }

    fn judge(&mut self, present: Present, now: Moment) -> (Option<Start>, Option<Event>) {
        if self.stopping {
            return (None, None);
        }
        let Present { disk, place } = &present;
        let port = place.port.clone();
        match self.armed.permit(disk.clone(), &port) {
            Ok(permit) => {
                let position = self.position(&port);
                self.begun += 1;
                let stick = self.begun;
                let busy = Busy {
                    stick,
                    begun: now,
                    task: String::new(),
                    since: (now, 0),
                    told: Moment::default(),
                    beats: 0,
                    moved: now,
                    silent: false,
                };
                self.slots.push(Slot { present: present.clone(), position, state: State::Busy(busy) });
                let notes = place.warning().map(str::to_owned).into_iter().collect();
                let event = Event::Begun { position, port, stick: disk.clone(), notes };
                (Some(Start { stick, permit, present, position }), Some(event))
            }
            Err(declined) => {
                let before = self.armed.terms().before.iter().any(|was| same(was, disk));
                let problem = declined.problem(disk);
                // This machine's own disks were never meant; only what could be a stick is spoken of.
                let own = before && !matches!(declined, Declined::WasThere);
                let position = if own { 0 } else { self.position(&port) };
                let stick = disk.clone();
                self.slots.push(Slot { present, position, state: State::Over });
                (None, (!own).then_some(Event::Declined { position, port, stick, problem }))
            }
        }
    }

    fn position(&mut self, port: &str) -> usize {
        if let Some(at) = self.ports.iter().position(|known| known == port) {
            return at + 1;
        }
        self.ports.push(port.to_owned());
        self.ports.len()
    }

    pub fn on_progress(&mut self, stick: u64, progress: &Progress, now: Moment) -> Option<Event> {
        let (position, busy) = self.busy(stick)?;
        let Progress { task, done, total } = progress;
        if busy.task != *task {
            busy.task.clone_from(task);
            busy.since = (now, *done);
        } else if now.since(busy.told) < TELL_EVERY {
            return None;
        }
        busy.told = now;
        let millis = now.since(busy.since.0).as_millis();
        let moved = u128::from(done.saturating_sub(busy.since.1));
        // The first second says little about the next hundred.
        let rate = (millis >= 1000).then(|| u64::try_from(moved * 1000 / millis).unwrap_or(0)).filter(|rate| *rate > 0);
        let seconds_left = rate.map(|rate| total.saturating_sub(*done) / rate);
        let (task, done, total) = (task.clone(), *done, *total);
        Some(Event::Progress { position, task, done, total, rate, seconds_left })
    }

    /// What it brought back is on the bench.
    pub fn on_collected(&mut self, stick: u64, brought: Brought) -> Option<Event> {
        self.busy(stick).map(|(position, _)| Event::Collected { position, brought })
    }

    pub fn on_ended(&mut self, stick: u64, outcome: Outcome, now: Moment) -> Option<Event> {
        let (position, busy) = self.busy(stick)?;
        let seconds = now.since(busy.begun).as_secs();
        let slot = self.slots.iter_mut().find(|slot| slot.is(stick))?;
        slot.state = State::Over;
        let stick = slot.present.disk.clone();
        Some(match outcome {
            Outcome::Ready { write_rate, read_rate, retries } => {
                self.ready += 1;
                Event::Ready { position, stick, seconds, write_rate, read_rate, retries }
            }
            Outcome::Failed { touched, remains, problem } => {
                self.failed += 1;
                if !touched {
                    self.armed.give_back();
                }
                Event::Failed { position, stick, remains, problem }
            }
        })
    }

    /// Sticks that are to be given up, and what there is to tell. `beats` counts the answers of a stick.
    pub fn on_tick(&mut self, beats: impl Fn(u64) -> u64, now: Moment) -> (Vec<u64>, Vec<Event>) {
        let (mut given_up, mut events) = (Vec::new(), Vec::new());
        let Patience { silent, give_up } = self.patience;
        for slot in &mut self.slots {
            let State::Busy(busy) = &mut slot.state else { continue };
            let count = beats(busy.stick);
            if count != busy.beats {
                (busy.beats, busy.moved, busy.silent) = (count, now, false);
                continue;
            }
            let still = now.since(busy.moved);
            let (position, seconds) = (slot.position, still.as_secs());
            if still >= give_up {
                given_up.push(busy.stick);
                slot.state = State::Over;
                self.failed += 1;
                let problem = Problem::new(
                    "The stick was given up; do not boot from it",
                    format!("nothing came back from it for {seconds} s"),
                    "Pull it out and write it at another port; if that repeats, throw it away.",
                );
                let (stick, remains) = (slot.present.disk.clone(), Remains::Suspect);
                events.push(Event::Failed { position, stick, remains, problem });
            } else if still >= silent && !busy.silent {
                busy.silent = true;
                events.push(Event::Silent { position, seconds });
            }
        }
        (given_up, events)
    }

    /// Begins nothing more.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Said once nothing is being written and nothing will be.
    pub fn finished(&self) -> Option<Event> {
        let busy = self.slots.iter().any(|slot| matches!(slot.state, State::Busy(_)));
        let over = self.stopping || self.armed.is_spent();
        (over && !busy).then_some(Event::Finished { ready: self.ready, failed: self.failed })
    }

    fn busy(&mut self, stick: u64) -> Option<(usize, &mut Busy)> {
        self.slots.iter_mut().find_map(|slot| match &mut slot.state {
            State::Busy(busy) if busy.stick == stick => Some((slot.position, busy)),
            _ => None,
        })
    }
}

/// Without the kernel's count two sticks that follow each other under one name are one.
fn same(a: &Disk, b: &Disk) -> bool {
    (&a.path, a.number, a.diskseq) == (&b.path, b.number, b.diskseq)
}

impl Slot {
    fn is(&self, stick: u64) -> bool {
        matches!(&self.state, State::Busy(busy) if busy.stick == stick)
    }
}

#[cfg(test)]
mod tests;
