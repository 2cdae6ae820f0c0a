//! Bench mode as a screen shows it: what is at each position, what was made, what a person does next.
//!
//! Folded from [`Event`]s, so that a board that attaches late sees the same as one that watched all along.

use serde::{Deserialize, Serialize};

use super::{brought::Brought, event::Event, remains::Remains, size::Window};
use crate::{
    clock::Moment,
    control::Progress,
    disk::{Disk, clean},
    problem::Problem,
};

/// Sticks that are listed as made or failed; older ones are only counted.
const LISTED: usize = 99;

/// Bench mode, from the first look at the image to the last stick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// File name of the image.
    pub image: String,
    pub sizes: Window,
    pub since: Moment,
    pub phase: Phase,
    /// By number. A position stays, also while it is free.
    pub positions: Vec<Position>,
    pub ready: usize,
    /// Sticks that were begun and not made, for whatever reason.
    pub failed: usize,
    /// What sticks brought back, which is on the bench now.
    #[serde(default)]
    pub collected: Brought,
    /// Sticks with this image that were made before it was armed: labels count on from there.
    pub earlier: usize,
    /// Sticks of any image that were made within half a day before it was armed.
    pub lately: usize,
    /// Newest first.
    pub ended: Vec<Ended>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The image is read before the first stick is begun.
    Checking(Progress),
    /// Every stick that is plugged in is written.
    Armed,
    /// Nothing more is begun; what was begun is finished, or stopped if `stopped`.
    Ending {
        stopped: bool,
    },
    Over(Result<(), Problem>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// From 1.
    pub number: usize,
    pub port: String,
    pub state: State,
    /// Since when it is in this state; progress does not count.
    pub since: Moment,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Free,
    Working {
        stick: Stick,
        progress: Progress,
        /// Bytes a second.
        rate: Option<u64>,
        seconds_left: Option<u64>,
        /// For so many seconds nothing has come back from it.
        silent: Option<u64>,
        notes: Vec<String>,
    },
    /// To be taken out and labelled.
    Ready {
        stick: Stick,
        label: usize,
    },
    /// To be taken out; what then, `remains` says.
    Failed {
        stick: Stick,
        remains: Remains,
        problem: Problem,
    },
    /// Not one that may be erased.
    Declined {
        stick: Stick,
        problem: Problem,
    },
}

/// How a person tells a stick from the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stick {
    pub name: String,
    pub serial: String,
    /// Bytes.
    pub size: u64,
}

impl Stick {
    pub fn of(disk: &Disk) -> Self {
        Self { name: disk.name(), serial: clean(&disk.serial), size: disk.size_bytes }
    }
}

/// A stick that was made, or was not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    pub at: Moment,
    pub position: usize,
    pub stick: Stick,
    pub how: How,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    Ready {
        /// What to write on it.
        label: usize,
        seconds: u64,
        write_rate: Option<u64>,
        read_rate: Option<u64>,
        /// Operations that had to be tried again.
        retries: u32,
    },
    Failed {
        remains: Remains,
        problem: Problem,
    },
}

impl View {
    /// Before the image is checked. `ports` are the positions that are known, in their order.
    pub fn new(image: String, sizes: Window, ports: &[String], now: Moment) -> Self {
        let position = |(n, port): (usize, &String)| Position {
            number: n + 1,
            port: port.clone(),
            state: State::Free,
            since: now,
        };
        Self {
            image,
            sizes,
            since: now,
            phase: Phase::Checking(Progress { task: "reading the image".to_owned(), done: 0, total: 0 }),
            positions: ports.iter().enumerate().map(position).collect(),
            ready: 0,
            failed: 0,
            collected: Brought::default(),
            earlier: 0,
            lately: 0,
            ended: Vec::new(),
        }
    }

    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over(_))
    }

    /// Sticks that are being written.
    pub fn busy(&self) -> usize {
        self.positions.iter().filter(|position| matches!(position.state, State::Working { .. })).count()
    }

    pub fn apply(&mut self, event: &Event, now: Moment) {
        match event {
            Event::Begun { position, port, stick, notes } => {
                let progress = Progress { task: "looking at it".to_owned(), done: 0, total: 0 };
                let (stick, notes) = (Stick::of(stick), notes.clone());
                let state = State::Working { stick, progress, rate: None, seconds_left: None, silent: None, notes };
                self.put(*position, port, state, now);
            }
            Event::Declined { position, port, stick, problem } => {
                let state = State::Declined { stick: Stick::of(stick), problem: problem.clone() };
                self.put(*position, port, state, now);
            }
            Event::Progress { position, task, done, total, rate, seconds_left } => {
                if let Some(State::Working { progress, rate: r, seconds_left: left, silent, .. }) = self.at(*position) {
                    *progress = Progress { task: task.clone(), done: *done, total: *total };
                    (*r, *left, *silent) = (*rate, *seconds_left, None);
                }
            }
            Event::Collected { position, brought } => {
                self.collected = self.collected.and(*brought);
                if let Some(State::Working { notes, .. }) = self.at(*position) {
                    notes.push(format!("it brought {brought} back: on the bench now"));
                }
            }
            Event::Silent { position, seconds } => {
                if let Some(State::Working { silent, .. }) = self.at(*position) {
                    *silent = Some(*seconds);
                }
            }
            Event::Ready { position, stick, seconds, write_rate, read_rate, retries } => {
                self.ready += 1;
                let (stick, label) = (Stick::of(stick), self.earlier + self.ready);
                let how = How::Ready {
                    label,
                    seconds: *seconds,
                    write_rate: *write_rate,
                    read_rate: *read_rate,
                    retries: *retries,
                };
                self.end(*position, stick.clone(), how, now);
                self.change(*position, State::Ready { stick, label }, now);
            }
            Event::Failed { position, stick, remains, problem } => {
                self.failed += 1;
                let (stick, remains, problem) = (Stick::of(stick), *remains, problem.clone());
                self.end(*position, stick.clone(), How::Failed { remains, problem: problem.clone() }, now);
                self.change(*position, State::Failed { stick, remains, problem }, now);
            }
            Event::Removed { position } => self.change(*position, State::Free, now),
            Event::Armed { .. } | Event::Finished { .. } => {}
        }
    }

    fn at(&mut self, number: usize) -> Option<&mut State> {
        self.positions.iter_mut().find(|position| position.number == number).map(|position| &mut position.state)
    }

    fn change(&mut self, number: usize, state: State, now: Moment) {
        if let Some(position) = self.positions.iter_mut().find(|position| position.number == number) {
            (position.state, position.since) = (state, now);
        }
    }

    fn put(&mut self, number: usize, port: &str, state: State, now: Moment) {
        let position = Position { number, port: port.to_owned(), state, since: now };
        match self.positions.binary_search_by_key(&number, |position| position.number) {
            Ok(at) => self.positions[at] = position,
            Err(at) => self.positions.insert(at, position),
        }
    }

    fn end(&mut self, position: usize, stick: Stick, how: How, at: Moment) {
        self.ended.insert(0, Ended { at, position, stick, how });
        self.ended.truncate(LISTED);
    }
}

/// What a screen shows of bench mode and of where sticks are plugged in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BenchMode {
    /// The one that runs, or the last one.
    pub run: Option<View>,
    /// The port of each position, as it was taught.
    pub positions: Vec<String>,
    /// The ports that were taught so far, while a person plugs a stick into one after the other.
    pub teaching: Option<Vec<String>>,
}

impl BenchMode {
    /// Sticks that are plugged in now are erased.
    pub fn is_armed(&self) -> bool {
        self.run.as_ref().is_some_and(|run| !run.is_over())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::tests::stick;

    fn view() -> View {
        let ports = ["2-1.1".to_owned(), "2-1.2".to_owned()];
        View::new("a.img".into(), "14G..70G".parse().unwrap(), &ports, Moment::from_millis(1))
    }

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(1000 * seconds)
    }

    fn begun(position: usize, port: &str) -> Event {
        Event::Begun { position, port: port.into(), stick: stick(), notes: vec!["slow port".into()] }
    }

    fn ready(position: usize) -> Event {
        let (write_rate, read_rate) = (Some(30_000_000), Some(90_000_000));
        Event::Ready { position, stick: stick(), seconds: 61, write_rate, read_rate, retries: 0 }
    }

    #[test]
    fn a_stick_is_followed_from_port_to_label() {
        let mut view = View { earlier: 6, ..view() };
        view.apply(&begun(2, "2-1.2"), at(1));
        assert_eq!(view.busy(), 1);
        let (task, rate) = ("writing".to_owned(), Some(4));
        view.apply(&Event::Progress { position: 2, task, done: 40, total: 100, rate, seconds_left: Some(15) }, at(2));
        view.apply(&Event::Silent { position: 2, seconds: 36 }, at(40));
        let State::Working { progress, silent, notes, .. } = &view.positions[1].state else { panic!("{view:?}") };
        assert_eq!((progress.done, *silent, notes.len()), (40, Some(36), 1));
        view.apply(&ready(2), at(61));
        assert!(matches!(&view.positions[1].state, State::Ready { label: 7, .. }), "{view:?}");
        assert_eq!((view.ready, view.busy(), view.positions[1].since), (1, 0, at(61)));
        view.apply(&Event::Removed { position: 2 }, at(70));
        assert_eq!(view.positions[1].state, State::Free);
        assert!(matches!(view.ended[0].how, How::Ready { label: 7, seconds: 61, .. }));
    }

    #[test]
    fn a_failure_counts_and_the_next_label_does_not_skip_a_number() {
        let mut view = view();
        let problem = Problem::new("gone", "pulled", "write it again");
        view.apply(&begun(1, "2-1.1"), at(1));
        let remains = Remains::HalfWritten;
        view.apply(&Event::Failed { position: 1, stick: stick(), remains, problem: problem.clone() }, at(2));
        view.apply(&begun(2, "2-1.2"), at(3));
        view.apply(&ready(2), at(4));
        assert_eq!((view.ready, view.failed), (1, 1));
        assert!(
            matches!(&view.positions[0].state, State::Failed { problem: p, remains: Remains::HalfWritten, .. } if *p == problem)
        );
        assert!(matches!(&view.positions[1].state, State::Ready { label: 1, .. }));
    }

    #[test]
    fn what_sticks_bring_back_is_said_at_the_port_and_summed() {
        let mut view = view();
        let brought = |captures| Brought { captures, ..Brought::default() };
        view.apply(&begun(1, "2-1.1"), at(1));
        view.apply(&Event::Collected { position: 1, brought: brought(3) }, at(2));
        let State::Working { notes, .. } = &view.positions[0].state else { panic!("{view:?}") };
        assert_eq!(notes[1], "it brought 3 captures back: on the bench now");
        view.apply(&ready(1), at(60));
        view.apply(&begun(1, "2-1.1"), at(61));
        view.apply(&Event::Collected { position: 1, brought: brought(2) }, at(62));
        assert_eq!(view.collected, brought(5));
    }

    #[test]
    fn ports_that_nobody_taught_become_positions_in_order() {
        let mut view = view();
        view.apply(&begun(4, "1-4"), at(1));
        let problem = Problem::new("no", "too large", "take another");
        view.apply(&Event::Declined { position: 3, port: "1-3".into(), stick: stick(), problem }, at(1));
        let numbers: Vec<_> = view.positions.iter().map(|position| position.number).collect();
        assert_eq!(numbers, [1, 2, 3, 4]);
        // Late news of a position that nobody knows changes nothing.
        let before = view.clone();
        view.apply(&Event::Removed { position: 9 }, at(2));
        view.apply(&Event::Silent { position: 1, seconds: 40 }, at(2));
        assert_eq!(view, before);
    }

    #[test]
    fn a_long_day_is_counted_and_its_list_stays_short() {
        let mut view = view();
        for n in 0..250 {
            view.apply(&begun(1, "2-1.1"), at(n));
            view.apply(&ready(1), at(n));
        }
        assert_eq!((view.ready, view.ended.len()), (250, LISTED));
        assert!(matches!(view.ended[0].how, How::Ready { label: 250, .. }));
    }
}
