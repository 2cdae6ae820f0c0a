//! Bench mode: looks at the machine's disks, does what [`Run`] says, tells it how that went.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use whiteglove_core::{
    disk::{Armed, Disk},
    media::stick::StickId,
    problem::Problem,
    sticks::{
        event::Event,
        health::{Ended, Name},
        made::Made,
        run::{Outcome, Patience, Present, Run, Start},
    },
};
use whiteglove_image::write::{
    Manner, Returned, Seen, WriteError, Written,
    many::{Many, Told, What},
    source::Image,
};

use super::{
    Device, Hardware, Log,
    issuer::{Issuer, Stick, ended, entry},
};
use crate::{clock::now, state::StateLock};

/// A stick in the hand of a person who walks to the next port is nowhere for longer than that.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What bench mode works with.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) hardware: Hardware,
    pub(crate) image: Arc<Image>,
    pub(crate) armed: Armed,
    pub(crate) patience: Patience,
    /// The ports of positions 1, 2, 3 and so on, where a person taught them.
    pub(crate) known: Vec<String>,
    pub(crate) log: Log,
    /// No other process remembers sticks in that folder meanwhile.
    pub(crate) alone: StateLock,
    pub(crate) issuer: Issuer,
    /// What is done about sticks that bring something back.
    pub(crate) returned: Returned,
    /// Told of each stick that is finished, for the journal.
    pub(crate) note: Note,
}

/// Takes what was made where it is kept.
pub(crate) struct Note(pub(crate) Box<dyn FnMut(Made) + Send>);

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Note(..)")
    }
}

/// What a person wants of a bench that runs. It only ever gets more urgent.
#[derive(Debug, Default)]
pub(crate) struct Wish(AtomicU8);

impl Wish {
    /// Begin nothing more, and finish what was begun.
    pub(crate) fn finish(&self) {
        self.0.fetch_max(1, Ordering::Relaxed);
    }

    /// Every stick stops at its next chunk.
    pub(crate) fn stop(&self) {
        self.0.fetch_max(2, Ordering::Relaxed);
    }

    pub(crate) fn is_any(&self) -> bool {
        self.get().0
    }

    /// To begin nothing more, and to stop.
    fn get(&self) -> (bool, bool) {
        let wish = self.0.load(Ordering::Relaxed);
        (wish >= 1, wish >= 2)
    }
}

/// What is known of a stick while it is written.
struct Hand {
    disk: Disk,
    name: Name,
    port: String,
    number: StickId,
    written: u64,
}

/// Works until all sticks it was armed for are done, or a person wishes it to end and those begun have ended.
///
/// # Errors
/// The machine's disks cannot be listed.
pub(crate) fn bench(bench: Bench, wish: &Wish, say: &mut dyn FnMut(&Event)) -> Result<(), Problem> {
    let _alone = bench.alone;
    let (tell, told) = mpsc::channel();
    let mut shop = Shop {
        many: Many::new(Arc::clone(&bench.image), tell),
        run: Run::new(bench.armed, bench.known, bench.patience),
        log: bench.log,
        hands: BTreeMap::new(),
        hardware: bench.hardware,
        image: bench.image,
        issuer: bench.issuer,
        returned: bench.returned,
        note: bench.note,
    };
    let mut stopped = false;
    loop {
        let (finish, stop) = wish.get();
        if finish {
            shop.run.stop();
        }
        if stop && !std::mem::replace(&mut stopped, true) {
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
    hardware: Hardware,
    image: Arc<Image>,
    issuer: Issuer,
    returned: Returned,
    note: Note,
}

impl Shop {
    fn look(&mut self, say: &mut dyn FnMut(&Event)) -> Result<(), Problem> {
        let disks = self.hardware.disks().map_err(|error| unlisted(&error))?;
        let present = |disk: Disk| Present { place: self.hardware.place(&disk), disk };
        let (starts, events) = self.run.on_disks(disks.into_iter().map(present).collect(), now());
        for mut event in events {
            if let Event::Begun { stick, notes, port, .. } = &mut event {
                notes.extend(self.log.health(&Name::of(stick)).advice());
                notes.extend(self.log.port_advice(port, now()));
            }
            say(&event);
        }
        starts.into_iter().try_for_each(|start| self.begin(start))
    }

    fn begin(&mut self, start: Start) -> Result<(), Problem> {
        let Start { stick, permit, present: Present { disk, place }, .. } = start;
        let name = Name::of(&disk);
        let begun = self.log.begun(&name, self.image.fingerprint());
        let issue = self.issuer.issue(begun.as_ref().and_then(|begun| begun.number), name.clone())?;
        self.hands.insert(stick, Hand { disk, name, port: place.port, number: issue.stick, written: 0 });
        let hardware = self.hardware.clone();
        let resume = begun.map_or(0, |begun| begun.written);
        let returned = self.returned.clone();
        let manner = Manner { resume, issue: Some(issue), returned, ..Manner::default() };
        self.many.begin(stick, permit, move |permit| hardware.open(permit), Device::settle, manner);
        Ok(())
    }

    fn hear(&mut self, told: Told, say: &mut dyn FnMut(&Event)) {
        let Told { stick, what } = told;
        let event = match what {
            What::Progress(progress) => {
                if let Some(hand) = self.hands.get_mut(&stick).filter(|_| progress.task == "writing") {
                    self.log.mark(&hand.name, self.image.fingerprint(), hand.number, hand.written, progress.done);
                    hand.written = progress.done;
                }
                self.run.on_progress(stick, &progress, now())
            }
            What::Collected(brought) => self.run.on_collected(stick, brought),
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
                self.log.add(&entry(&hand.name, &hand.port, self.image.media(), Ended::Hung, Seen::default()));
            }
        }
        events.iter().for_each(say);
    }

    fn remember(&mut self, hand: &Hand, written: &Result<Written, WriteError>) {
        let (ended, seen) = match written {
            Ok(written) => (Ended::Ready, written.seen),
            Err(error) => (ended(error), error.seen),
        };
        if matches!(ended, Ended::Ready | Ended::Fake { .. }) {
            self.log.clear(&hand.name);
        }
        tracing::info!(disk = %hand.disk, port = hand.port, ?ended, "stick");
        let media = self.image.media();
        self.log.add(&entry(&hand.name, &hand.port, media, ended, seen));
        if let Ok(written) = written {
            let stick = Stick { usb: &hand.name, port: &hand.port, number: written.stick };
            self.issuer.made(&stick, media, seen, false).into_iter().for_each(&mut self.note.0);
        }
    }
}

fn outcome(ended: Result<Written, WriteError>) -> Outcome {
    match ended {
        Ok(Written { seen, .. }) => {
            Outcome::Ready { write_rate: seen.written.rate(), read_rate: seen.read.rate(), retries: seen.retries }
        }
        Err(error) => Outcome::Failed { touched: error.touched, remains: error.remains(), problem: error.problem() },
    }
}

pub(crate) fn unlisted(error: &std::io::Error) -> Problem {
    Problem::new(
        "The disks of this machine cannot be listed.",
        format!("The system says: {error}."),
        "Check that /sys is mounted.",
    )
}

#[cfg(test)]
mod tests;
