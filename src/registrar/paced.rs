//! The one door to a service for one tenant: every request waits here until it may go, and what comes of it is told to
//! the [`Pacer`], which decides. Requests go in the order in which they came, so that a large one is not overtaken for
//! ever.
//!
//! Whoever stops waiting, stops: a request that was not sent yet is not sent, and one that was is noted as abandoned.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};
use whiteglove_core::{
    clock::Moment,
    cloud::{
        Answer, Request, Service, Silence, graph,
        pace::{Limits, Outcome, Pacer, Synced, Ticket, View},
    },
    problem::Problem,
};

use super::line::Line;

/// Longer waits are not sat out here: whoever asks does something else meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missed {
    /// Nothing was sent: nobody is signed in.
    NoToken(Problem),
    /// Nothing was sent: it may not go before then.
    NotNow {
        wait: Duration,
        view: View,
    },
    Silence(Silence),
}

/// What is behind the door.
#[derive(Debug)]
pub(crate) enum Way {
    Line(Line),
    #[cfg(test)]
    Script(super::testing::Script),
}

impl Way {
    /// Whether there is a token. What is missing is a person's business, and no sign of how the service is.
    async fn admitted(&self, service: Service) -> Result<(), Problem> {
        match self {
            Self::Line(line) => line.tokens().bearer(service).await.map(drop),
            #[cfg(test)]
            Self::Script(_) => Ok(()),
        }
    }

    async fn send(&self, request: &Request) -> Result<Answer, Silence> {
        match self {
            Self::Line(line) => line.send(request).await,
            #[cfg(test)]
            Self::Script(script) => script.send(request).await,
        }
    }
}

/// Clones are the same door.
#[derive(Debug, Clone)]
pub(crate) struct Paced(Arc<Door>);

#[derive(Debug)]
struct Door {
    way: Way,
    pacer: Mutex<Pacer>,
    /// Held by the one that is next. Tokio hands it on in the order in which it was asked for.
    turn: tokio::sync::Mutex<()>,
    /// An answer came, or a person is in a hurry: what was to be waited for may be over.
    changed: Notify,
    views: watch::Sender<View>,
    clock: Clock,
}

/// A clock that the bench's time service cannot turn back while something waits.
#[derive(Debug)]
struct Clock {
    began: Instant,
    wall: Moment,
}

impl Clock {
    fn now(&self) -> Moment {
        self.wall.after(self.began.elapsed())
    }

    fn instant(&self, at: Moment) -> Instant {
        self.began + at.since(self.wall)
    }
}

impl Paced {
    pub(crate) fn new(way: Way, limits: Limits) -> Self {
        let door = Door {
            way,
            pacer: Mutex::new(Pacer::new(limits)),
            turn: tokio::sync::Mutex::default(),
            changed: Notify::new(),
            views: watch::Sender::default(),
            clock: Clock { began: Instant::now(), wall: crate::clock::now() },
        };
        Self(Arc::new(door))
    }

    /// When the next request may go, why not now, and when the tenant may be synchronised: each time that changes.
    pub(crate) fn views(&self) -> watch::Receiver<View> {
        self.0.views.subscribe()
    }

    /// A person is sure that it works again. What the service asked for is waited for all the same.
    pub(crate) fn hurry(&self) {
        let now = self.0.clock.now();
        self.0.pacer().hurry(now);
        self.0.publish(now);
    }

    /// Waits until it may go, sends it, and hands back what came.
    ///
    /// # Errors
    /// Nobody is signed in, it may not go for a while, or no whole answer came.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, Missed> {
        let door = &self.0;
        door.way.admitted(request.service).await.map_err(Missed::NoToken)?;
        let leave = door.leave(request).await?;
        let result = door.way.send(request).await;
        leave.used(request, &result);
        result.map_err(Missed::Silence)
    }

    /// For what nobody waits for: lets all others pass, and waits as long as it takes.
    ///
    /// # Errors
    /// Nobody is signed in, or no whole answer came.
    pub(crate) async fn send_idle(&self, request: &Request) -> Result<Answer, Missed> {
        let door = &self.0;
        door.way.admitted(request.service).await.map_err(Missed::NoToken)?;
        let leave = door.leave_idle(request).await;
        let result = door.way.send(request).await;
        leave.used(request, &result);
        result.map_err(Missed::Silence)
    }

    /// Whether the tenant may be synchronised, as far as is known.
    ///
    /// # Errors
    /// How long not.
    pub(crate) fn sync_ready(&self) -> Result<(), Duration> {
        let now = self.0.clock.now();
        self.0.pacer().sync().ready(now).map_err(|at| at.since(now))
    }

    /// Somebody asked for a synchronisation then.
    pub(crate) fn sync_seen(&self, at: Moment) {
        let now = self.0.clock.now();
        self.0.pacer().sync().seen(at, now);
        self.0.publish(now);
    }
}

impl Door {
    /// Nothing in it can be half done, so a panic elsewhere leaves it usable.
    fn pacer(&self) -> MutexGuard<'_, Pacer> {
        self.pacer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, now: Moment) {
        let view = self.pacer().view(now);
        self.views.send_if_modified(|shown| {
            let changed = *shown != view;
            *shown = view;
            changed
        });
    }

    /// Something changed for those who wait, too.
    fn publish(&self, now: Moment) {
        self.show(now);
        self.changed.notify_waiters();
    }

    /// Never keeps its turn while it waits.
    async fn leave_idle(&self, request: &Request) -> Leave<'_> {
        loop {
            let (asked, now) = {
                let _turn = self.turn.lock().await;
                let now = self.clock.now();
                (self.pacer().ready_idle(request.cost, now), now)
            };
            match asked {
                Ok(ticket) => {
                    let leave = Leave { door: self, ticket: Some(ticket) };
                    self.show(now);
                    return leave;
                }
                Err(at) => sleep_until(self.clock.instant(at)).await,
            }
        }
    }

    async fn leave(&self, request: &Request) -> Result<Leave<'_>, Missed> {
        let _turn = self.turn.lock().await;
        loop {
            // Before the look, or what changes just after it is missed.
            let changed = self.changed.notified();
            let now = self.clock.now();
            let asked = self.pacer().ready(request.cost, now);
            match asked {
                Ok(ticket) => {
                    let leave = Leave { door: self, ticket: Some(ticket) };
                    self.show(now);
                    return Ok(leave);
                }
                Err(at) if at.since(now) > PATIENCE => {
                    self.show(now);
                    let view = self.views.borrow().clone();
                    return Err(Missed::NotNow { wait: at.since(now), view });
                }
                Err(at) => {
                    self.show(now);
                    tokio::select! {
                        () = sleep_until(self.clock.instant(at)) => {}
                        () = changed => {}
                    }
                }
            }
        }
    }
}

/// Leave to send one request. Forgotten, it tells the pacer that nobody waited for the answer.
struct Leave<'a> {
    door: &'a Door,
    ticket: Option<Ticket>,
}

impl Leave<'_> {
    fn used(mut self, request: &Request, result: &Result<Answer, Silence>) {
        if graph::is_sync(request) {
            let now = self.door.clock.now();
            if let Some(synced) = synced(result) {
                self.door.pacer().sync().answered(synced, now);
            }
        }
        self.end(outcome(request, result));
    }

    fn end(&mut self, outcome: Outcome) {
        let Some(ticket) = self.ticket.take() else { return };
        let now = self.door.clock.now();
        self.door.pacer().answered(ticket, outcome, now, jitter());
        self.door.publish(now);
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.end(Outcome::Abandoned);
    }
}

/// What it tells of the service as a whole.
fn outcome(request: &Request, result: &Result<Answer, Silence>) -> Outcome {
    let whole = Outcome::of(result);
    let Ok(answer) = result else { return whole };
    if graph::is_sync(request) && answer.status == 429 {
        // Speaks of synchronising only.
        return Outcome::Answered;
    }
    if whole != Outcome::Answered || !graph::is_batch(request) {
        return whole;
    }
    let Ok(parts) = graph::answers(answer, graph::MOST_PARTS) else { return whole };
    let parts: Vec<Outcome> = parts.into_iter().flatten().map(|part| Outcome::of(&Ok(part))).collect();
    let throttled = parts.iter().copied().filter(|part| matches!(part, Outcome::Throttled { .. }));
    match throttled.reduce(Outcome::worst) {
        Some(throttled) => throttled,
        // One part that always fails is that part's fault, not the service's.
        None if parts.contains(&Outcome::Answered) => Outcome::Answered,
        None => parts.into_iter().fold(whole, Outcome::worst),
    }
}

fn synced(result: &Result<Answer, Silence>) -> Option<Synced> {
    match result {
        Ok(answer) => match answer.status {
            200..300 => Some(Synced::Started),
            409 => Some(Synced::Running),
            429 => Some(Synced::TooSoon { wait: answer.retry_after }),
            _ => None,
        },
        Err(Silence::Lost(_)) => Some(Synced::Started),
        Err(Silence::NotSent(_)) => None,
    }
}

/// Without randomness all benches come back together: bad, and no reason to stop.
fn jitter() -> u64 {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes),
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests;
