//! What the laptop's screen has to say, and what the agent does by itself. Pure: events in, state out.

use std::time::Duration;

use whiteglove_core::{
    api::{Order, Outcome, Receipt},
    capture::{Capture, SmbiosTables},
    problem::Problem,
    readiness::Severity,
};

use crate::{
    clock::{BenchTime, Done},
    courier::Report,
    net::NicStatus,
};

/// Without a cable nobody can answer; this is for adapters that negotiate, docks that wake up, and hands
/// that are just plugging one in. Sending is tried after that too, so nothing is lost by being quick.
const CABLE_PATIENCE: Duration = Duration::from_secs(10);
/// When saving on the stick failed: how long until it is tried again.
const SAVE_AGAIN: Duration = Duration::from_secs(5);

/// Something that happened somewhere.
#[derive(Debug)]
pub enum Event {
    /// SMBIOS was read.
    Machine {
        serial: Option<String>,
        model: String,
    },
    /// Everything was read, in so many milliseconds.
    Captured {
        capture: Box<Capture>,
        millis: u32,
    },
    Network(Vec<NicStatus>),
    Courier(Report),
    Saved(Result<(), Problem>),
    /// The agent cannot go on without a person.
    Stop(Problem),
    /// An order could not be carried out.
    OrderFailed(Problem),
    ClockSet(Result<Done, Problem>),
    Key(u8),
}

/// The capture's way onto the stick.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stick {
    /// The medium has no place for captures: booted from the network.
    #[default]
    None,
    Ready,
    Saving,
    Saved,
    Failed {
        problem: Problem,
        at: Duration,
    },
}

/// Where the bench is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Bench {
    #[default]
    Looking,
    Found(String),
    Refused(Problem),
    /// Acknowledged, then silent.
    Silent,
}

#[derive(Debug, Clone, Default)]
pub struct State {
    pub bench_name: String,
    pub batch: String,
    pub serial: Option<String>,
    pub model: String,
    /// When everything was read; `None` while reading.
    pub captured: Option<Duration>,
    pub nics: Vec<NicStatus>,
    pub bench: Bench,
    pub receipt: Option<Receipt>,
    pub stick: Stick,
    pub order: Option<Order>,
    pub stop: Option<Problem>,
    pub order_failed: Option<Problem>,
    /// What became of the hardware clock, once the bench ordered to set it.
    pub clock: Option<String>,
}

/// What the shell does about an event, beside drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Obey(Order),
    SetClock(BenchTime),
}

/// The one word that can be read across the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Headline {
    Reading,
    Waiting,
    Sending,
    Ok,
    /// Captured, and something would stop pre-provisioning.
    OkBut,
    Held,
    Saved,
    Stop,
    Off,
}

impl State {
    pub fn on(&mut self, event: Event, uptime: Duration) -> Option<Deed> {
        match event {
            Event::Machine { serial, model } => (self.serial, self.model) = (serial, model),
            Event::Captured { .. } => self.captured = Some(uptime),
            Event::Network(nics) => self.nics = nics,
            Event::Courier(report) => return self.on_report(report),
            Event::Saved(Ok(())) => self.stick = Stick::Saved,
            Event::Saved(Err(problem)) => self.stick = Stick::Failed { problem, at: uptime },
            Event::Stop(problem) => self.stop = Some(problem),
            Event::OrderFailed(problem) => {
                self.order = None;
                self.order_failed = Some(problem);
            }
            Event::ClockSet(Ok(done)) => {
                self.clock = Some(done.words);
                self.order_failed = None;
            }
            Event::ClockSet(Err(problem)) => {
                self.clock = None;
                self.order_failed = Some(problem);
            }
            Event::Key(b'p' | b'P') if self.may_be_switched_off() => {
                self.order = Some(Order::PowerOff);
                return Some(Deed::Obey(Order::PowerOff));
            }
            Event::Key(_) => {}
        }
        None
    }

    fn on_report(&mut self, report: Report) -> Option<Deed> {
        match report {
            Report::Found { url } => self.bench = Bench::Found(url),
            Report::Delivered(receipt) => {
                // A machine sees "already here" after the bench restarted: what it said before still holds.
                self.receipt = Some(receipt);
            }
            Report::Refused(problem) => self.bench = Bench::Refused(problem),
            Report::Lost(_) if self.receipt.is_some() => self.bench = Bench::Silent,
            Report::Lost(_) => self.bench = Bench::Looking,
            Report::NotFound { .. } if self.receipt.is_some() => self.bench = Bench::Silent,
            Report::NotFound { strangers, .. } => {
                // Nobody proved to be our bench; somebody may at least say why.
                let said = strangers.into_iter().find_map(|stranger| Some((stranger.url, stranger.problem?)));
                self.bench = said.map_or(Bench::Looking, |(url, problem)| {
                    Bench::Refused(Problem::new(
                        format!("A bench at {url} does not know this stick."),
                        format!("It says: {}", problem.what),
                        "Check that the cable leads to the bench this stick was made at, or take the stick there.",
                    ))
                });
            }
            Report::Order(order) => {
                self.order = Some(order);
                return Some(Deed::Obey(order));
            }
            Report::SetClock(bench) => {
                self.clock = Some("Setting the hardware clock from the bench's.".to_owned());
                return Some(Deed::SetClock(bench));
            }
        }
        None
    }

    /// Time to save on the stick: nobody took the capture for `patience`, nobody can, or the bench refuses it.
    pub fn wants_the_stick(&self, uptime: Duration, patience: Duration) -> bool {
        let Some(ready_at) = self.captured else { return false };
        if self.receipt.is_some() {
            return false;
        }
        match &self.stick {
            Stick::None | Stick::Saving | Stick::Saved => false,
            Stick::Failed { at, .. } => uptime.saturating_sub(*at) >= SAVE_AGAIN,
            Stick::Ready => {
                matches!(self.bench, Bench::Refused(_)) || uptime.saturating_sub(ready_at) >= self.waits(patience)
            }
        }
    }

    fn waits(&self, patience: Duration) -> Duration {
        match self.nics.iter().any(|nic| nic.cable) {
            true => patience,
            false => patience.min(CABLE_PATIENCE),
        }
    }

    /// Seconds until the capture goes to the stick, for the screen.
    pub fn saves_in(&self, uptime: Duration, patience: Duration) -> Option<u64> {
        let waiting = self.receipt.is_none() && self.stick == Stick::Ready;
        let ready_at = self.captured.filter(|_| waiting)?;
        Some(self.waits(patience).saturating_sub(uptime.saturating_sub(ready_at)).as_secs())
    }

    /// Nothing is lost by switching off now.
    pub fn may_be_switched_off(&self) -> bool {
        self.receipt.is_some() || self.stick == Stick::Saved || self.stop.is_some()
    }

    pub fn headline(&self) -> Headline {
        match (&self.receipt, &self.bench) {
            _ if self.order.is_some_and(|order| order != Order::Stay) => Headline::Off,
            _ if self.stop.is_some() => Headline::Stop,
            (Some(receipt), _) if receipt.outcome == Outcome::Held => Headline::Held,
            (Some(receipt), _) if receipt.missing.iter().any(|missing| missing.severity == Severity::Stop) => {
                Headline::OkBut
            }
            (Some(_), _) => Headline::Ok,
            _ if self.stick == Stick::Saved => Headline::Saved,
            _ if self.captured.is_none() => Headline::Reading,
            (None, Bench::Found(_)) => Headline::Sending,
            (None, Bench::Refused(_)) => Headline::Stop,
            (None, _) => Headline::Waiting,
        }
    }

    pub fn has_an_address(&self) -> bool {
        self.nics.iter().any(|nic| nic.lease.is_some())
    }
}

/// Serial and model for the screen.
pub fn machine(smbios: Option<&SmbiosTables>) -> Event {
    let identity = smbios.map(SmbiosTables::identity).unwrap_or_default();
    // "HP HP EliteBook" says it twice.
    let model = match identity.model.to_lowercase().starts_with(&identity.manufacturer.to_lowercase()) {
        true => identity.model,
        false => format!("{} {}", identity.manufacturer, identity.model).trim().to_owned(),
    };
    Event::Machine { serial: identity.serial.map(|serial| serial.as_str().to_owned()), model }
}

#[cfg(test)]
mod tests;
