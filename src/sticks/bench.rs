//! Bench mode: looks at the machine's disks, does what [`Run`] says, tells it how that went.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use whiteglove_core::{
    disk::{Armed, Disk},
    problem::Problem,
    sticks::{
        event::Event,
        health::{Ended, Entry, Name},
        run::{Outcome, Present, Run, Start},
    },
};
use whiteglove_image::{
    disks::Machine,
    write::{
        Cause, Manner, Seen, WriteError, Written,
        many::{Many, Told, What},
        settle,
        source::Image,
    },
};

use super::Log;
use crate::clock::now;

/// A stick in the hand of a person who walks to the next port is nowhere for longer than that.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What bench mode works with.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) machine: Machine,
    pub(crate) image: Arc<Image>,
    pub(crate) armed: Armed,
    /// Where sticks are remembered.
    pub(crate) folder: PathBuf,
}

/// What is known of a stick while it is written.
struct Hand {
    disk: Disk,
    name: Name,
    port: String,
    written: u64,
}

/// Works until all sticks it was armed for are done, or `stop` is set and those begun have ended.
///
/// # Errors
/// The machine's disks cannot be listed.
pub(crate) fn bench(bench: Bench, stop: &AtomicBool, say: &mut dyn FnMut(&Event)) -> Result<(), Problem> {
    let (tell, told) = mpsc::channel();
    let mut shop = Shop {
        many: Many::new(Arc::clone(&bench.image), tell),
        run: Run::new(bench.armed),
        log: Log::in_folder(bench.folder),
        hands: BTreeMap::new(),
        machine: bench.machine,
        image: bench.image,
    };
    let mut stopped = false;
    loop {
        if stop.load(Ordering::Relaxed) && !stopped {
            stopped = true;
            shop.run.stop();
            shop.many.stop();
        }
        shop.look(say)?;
        let until = Instant::now() + LOOK_EVERY;
        while Instant::now() < until {
            match told.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(told) => shop.hear(told, say),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        shop.tick(say);
        if let Some(finished) = shop.run.finished() {
            say(&finished);
            return Ok(());
        }
    }
}

struct Shop {
    many: Many,
    run: Run,
    log: Log,
    hands: BTreeMap<u64, Hand>,
    machine: Machine,
    image: Arc<Image>,
}

impl Shop {
    fn look(&mut self, say: &mut dyn FnMut(&Event)) -> Result<(), Problem> {
        let disks = self.machine.disks().map_err(|error| unlisted(&error))?;
        let present = |disk: Disk| Present { place: self.machine.place(&disk), disk };
        let (starts, events) = self.run.on_disks(disks.into_iter().map(present).collect(), now());
        for mut event in events {
            if let Event::Begun { stick, notes, .. } = &mut event {
                notes.extend(self.log.health(&Name::of(stick)).advice());
            }
            say(&event);
        }
        starts.into_iter().for_each(|start| self.begin(start));
        Ok(())
    }

    fn begin(&mut self, start: Start) {
        let Start { stick, permit, present: Present { disk, place }, .. } = start;
        let name = Name::of(&disk);
        let resume = self.log.resume(&name, self.image.fingerprint());
        self.hands.insert(stick, Hand { disk, name, port: place.port, written: 0 });
        let machine = self.machine.clone();
        let manner = Manner { resume, ..Manner::default() };
        self.many.begin(stick, permit, move |permit| machine.open(permit), settle, manner);
    }

    fn hear(&mut self, told: Told, say: &mut dyn FnMut(&Event)) {
        let Told { stick, what } = told;
        let event = match what {
            What::Progress(progress) => {
                if let Some(hand) = self.hands.get_mut(&stick).filter(|_| progress.task == "writing") {
                    self.log.mark(&hand.name, self.image.fingerprint(), hand.written, progress.done);
                    hand.written = progress.done;
                }
                self.run.on_progress(stick, &progress, now())
            }
            What::Ended(ended) => {
                self.many.forget(stick);
                if let Some(hand) = self.hands.remove(&stick) {
                    self.remember(&hand, &ended);
                }
                self.run.on_ended(stick, outcome(*ended), now())
            }
        };
        if let Some(event) = event {
            say(&event);
        }
    }

    fn tick(&mut self, say: &mut dyn FnMut(&Event)) {
        let (given_up, events) = self.run.on_tick(|stick| self.many.beats(stick), now());
        for stick in given_up {
            self.many.leave(stick);
            if let Some(hand) = self.hands.remove(&stick) {
                self.log.add(&self.entry(&hand, Ended::Hung, Seen::default()));
            }
        }
        events.iter().for_each(say);
    }

    fn remember(&self, hand: &Hand, ended: &Result<Written, WriteError>) {
        let (ended, seen) = match ended {
            Ok(written) => (Ended::Ready, written.seen),
            Err(error) => (
                match &error.cause {
                    Cause::Device { .. } | Cause::Differs { .. } => Ended::Failed { why: error.to_string() },
                    Cause::Fake { keeps, .. } => Ended::Fake { keeps: *keeps },
                    _ => Ended::Otherwise,
                },
                error.seen,
            ),
        };
        if matches!(ended, Ended::Ready | Ended::Fake { .. }) {
            self.log.clear(&hand.name);
        }
        tracing::info!(disk = %hand.disk, port = hand.port, ?ended, "stick");
        self.log.add(&self.entry(hand, ended, seen));
    }

    fn entry(&self, hand: &Hand, ended: Ended, seen: Seen) -> Entry {
        Entry {
            at: now(),
            stick: hand.name.clone(),
            port: hand.port.clone(),
            media: self.image.media(),
            ended,
            bytes: seen.written.bytes,
            write_rate: seen.written.rate(),
            read_rate: seen.read.rate(),
            retries: seen.retries,
        }
    }
}

fn outcome(ended: Result<Written, WriteError>) -> Outcome {
    match ended {
        Ok(Written { seen, .. }) => {
            Outcome::Ready { write_rate: seen.written.rate(), read_rate: seen.read.rate(), retries: seen.retries }
        }
        Err(error) => Outcome::Failed { touched: error.touched, problem: error.problem() },
    }
}

pub(crate) fn unlisted(error: &std::io::Error) -> Problem {
    Problem::new(
        "The disks of this machine cannot be listed.",
        format!("The system says: {error}."),
        "Check that /sys is mounted.",
    )
}
