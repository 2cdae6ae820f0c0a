//! When the next request may go: one [`Pacer`] per tenant and service, through which all of them pass.
//!
//! Published limits are those of a sliding window, as seen from the service. What was sent counts until its answer is
//! here, and then for a whole window more: the service counted it at some time in between, so it never sees more than
//! it allows, however slow the line is. Microsoft's page on throttling (Intune, enrolment): 20 seconds; 100 writes and
//! 1000 requests for one application in one tenant. Each part of a `$batch` counts by itself.
//!
//! A `Retry-After` is waited for to its end. Where there is none, which Intune does, waits grow and are spread by a
//! random number that is handed in. After some failures in a row nothing is sent but one probe at a time.
//!
//! `now` has to be of a clock that never goes back.

mod sync;
mod view;
mod window;

use std::time::Duration;

pub use sync::{SYNC_WINDOW, SyncWindow, Synced};
pub use view::{View, Why};
use window::Window;

use super::{Answer, Cost, Service, Silence};
use crate::clock::Moment;

/// What a tenant grants one application at one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub window: Duration,
    pub any: u32,
    pub writes: u32,
    /// Requests under way together.
    pub at_once: u32,
}

impl Limits {
    pub fn of(service: Service) -> Self {
        match service {
            Service::Graph => Self { window: Duration::from_secs(20), any: 1000, writes: 100, at_once: 4 },
            // None are published; what answers 429 to a few a second is not asked more than that.
            Service::PartnerCenter => Self { window: Duration::from_secs(60), any: 120, writes: 60, at_once: 2 },
        }
    }
}

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// A line that is down costs nobody anything to try, and is back some time.
const LONGEST_WAIT_FOR_THE_LINE: Duration = Duration::from_secs(60);
/// Failures in a row after which only a probe is sent.
const BREAK_AFTER: u32 = 5;
/// The service's word counts, but not for weeks: a slip of its clock would stop the bench.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 3600);
/// What waits for an answer of another request looks again then; it is woken before.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Leave to send one request. Goes back with what came of it.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Ticket {
    cost: Cost,
    sent: Moment,
    probe: bool,
}

/// What came of a request, as far as the pace goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The service works, whatever it says of the request itself.
    Answered,
    Throttled {
        wait: Option<Duration>,
    },
    Faulty {
        wait: Option<Duration>,
    },
    /// It was sent, and no answer came.
    Lost,
    /// There was no connection.
    NotSent,
    /// We did not wait for it. It may be at the service.
    Abandoned,
}

impl Outcome {
    pub fn of(result: &Result<Answer, Silence>) -> Self {
        match result {
            Ok(answer) => match answer.status {
                429 => Self::Throttled { wait: answer.retry_after },
                408 | 500.. => Self::Faulty { wait: answer.retry_after },
                _ => Self::Answered,
            },
            Err(Silence::NotSent(_)) => Self::NotSent,
            Err(Silence::Lost(_)) => Self::Lost,
        }
    }

    /// Of the parts of a `$batch`: the worst of them speaks for all.
    pub fn worst(self, other: Self) -> Self {
        match (self, other) {
            (Self::Throttled { wait: one }, Self::Throttled { wait: other }) => {
                Self::Throttled { wait: one.max(other) }
            }
            (Self::Throttled { wait }, _) | (_, Self::Throttled { wait }) => Self::Throttled { wait },
            (Self::Faulty { wait: one }, Self::Faulty { wait: other }) => Self::Faulty { wait: one.max(other) },
            (Self::Answered, other) | (other, Self::Answered) => other,
            (one, _) => one,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Pacer {
    limits: Limits,
    window: Window,
    under_way: u32,
    /// How many may be; falls when the service groans and grows when it does not.
    allowed: u32,
    good: u32,
    /// As the service asked.
    asked: Moment,
    /// Our own wait.
    own: Moment,
    failures: u32,
    last: Option<Why>,
    /// Failures of what was sent before are those of the same fit.
    since: Moment,
    broken: bool,
    probing: bool,
    sync: SyncWindow,
}

impl Pacer {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            window: Window::default(),
            under_way: 0,
            allowed: limits.at_once.max(1),
            good: 0,
            asked: Moment::default(),
            own: Moment::default(),
            failures: 0,
            last: None,
            since: Moment::default(),
            broken: false,
            probing: false,
            sync: SyncWindow::default(),
        }
    }

    /// Leave to send now.
    ///
    /// # Errors
    /// Not before then. An answer to another request may change that, either way.
    pub fn ready(&mut self, cost: Cost, now: Moment) -> Result<Ticket, Moment> {
        self.window.forget(now, self.limits.window);
        self.not_before(cost, now).map_or(Ok(()), |(at, _)| Err(at))?;
        self.under_way += 1;
        self.window.take(cost);
        self.probing |= self.broken;
        Ok(Ticket { cost, sent: now, probe: self.broken })
    }

    /// The same for what nobody waits for: it goes only while half of the limits stays free for the rest.
    ///
    /// # Errors
    /// As there.
    pub fn ready_idle(&mut self, cost: Cost, now: Moment) -> Result<Ticket, Moment> {
        let (writes, any) = (self.limits.writes / 2, self.limits.any / 2);
        let reads = cost.reads.saturating_add(any.saturating_sub(writes));
        let with_the_rest = Cost { reads, writes: cost.writes.saturating_add(writes) };
        self.not_before(with_the_rest, now).map_or(Ok(()), |(at, _)| Err(at))?;
        self.ready(cost, now)
    }

    fn not_before(&self, cost: Cost, now: Moment) -> Option<(Moment, Why)> {
        let look_again = now.after(LOOK_AGAIN);
        if self.asked > now && self.asked >= self.own {
            return Some((self.asked, Why::Asked));
        }
        if self.own > now {
            return Some((self.own, self.last.unwrap_or(Why::Asked)));
        }
        if self.broken && self.probing {
            return Some((look_again, Why::Probe));
        }
        if self.under_way >= self.allowed {
            return Some((look_again, Why::UnderWay));
        }
        let at = self.window.room_at(cost, self.limits, now)?;
        Some((at.unwrap_or(look_again), Why::Limit))
    }

    /// What came of it. `jitter` is any random number.
    #[expect(clippy::needless_pass_by_value, reason = "a ticket is good for one request")]
    pub fn answered(&mut self, ticket: Ticket, outcome: Outcome, now: Moment, jitter: u64) {
        self.under_way = self.under_way.saturating_sub(1);
        self.window.answered(ticket.cost, now, outcome != Outcome::NotSent);
        if ticket.probe {
            self.probing = false;
        }
        let news = ticket.sent >= self.since;
        match outcome {
            Outcome::Answered if news => self.went_well(),
            Outcome::Answered | Outcome::Abandoned => {}
            // Zero would be an invitation to a flood: it is as good as none.
            Outcome::Throttled { wait: Some(wait) } if !wait.is_zero() => {
                self.ask(wait, now);
                if news {
                    self.slow_down(now);
                }
            }
            Outcome::Throttled { .. } if news => self.failed(Why::Throttled, now, jitter),
            Outcome::Faulty { wait } => {
                if let Some(wait) = wait {
                    self.ask(wait, now);
                }
                if news {
                    self.failed(Why::Faulty, now, jitter);
                }
            }
            Outcome::Lost if news => self.failed(Why::NoAnswer, now, jitter),
            Outcome::NotSent if news => self.failed(Why::NoLine, now, jitter),
            Outcome::Throttled { .. } | Outcome::Lost | Outcome::NotSent => {}
        }
    }

    fn went_well(&mut self) {
        self.failures = 0;
        self.broken = false;
        self.good += 1;
        if self.good >= self.allowed {
            self.good = 0;
            self.allowed = (self.allowed + 1).min(self.limits.at_once.max(1));
        }
    }

    fn ask(&mut self, wait: Duration, now: Moment) {
        self.asked = self.asked.max(now.after(wait.min(LONGEST_ASKED)));
    }

    fn slow_down(&mut self, now: Moment) {
        self.allowed = (self.allowed / 2).max(1);
        self.good = 0;
        // Strictly later than whatever was sent until now.
        self.since = now.after(Duration::from_millis(1));
    }

    fn failed(&mut self, why: Why, now: Moment, jitter: u64) {
        self.slow_down(now);
        self.failures = self.failures.saturating_add(1);
        self.broken |= self.failures >= BREAK_AFTER;
        self.last = Some(why);
        let longest = if why == Why::NoLine { LONGEST_WAIT_FOR_THE_LINE } else { LONGEST_WAIT };
        let wait = FIRST_WAIT.saturating_mul(1 << (self.failures - 1).min(16)).min(longest);
        // Half of it for sure, half by chance: benches that failed together do not come back together.
        let half = u64::try_from(wait.as_millis() / 2).unwrap_or(u64::MAX);
        let by_chance = jitter % half.saturating_add(1);
        self.own = self.own.max(now.after(Duration::from_millis(half.saturating_add(by_chance))));
    }

    /// A person mended the line and will not wait: ends our own waiting, not what the service asked for.
    pub fn hurry(&mut self, now: Moment) {
        self.own = self.own.min(now);
    }

    /// What there is to see on a screen.
    pub fn view(&self, now: Moment) -> View {
        let next = self.not_before(Cost::WRITE, now);
        View {
            next: next.map(|(at, _)| at),
            why: next.map(|(_, why)| why),
            failures: self.failures,
            broken: self.broken,
            under_way: self.under_way,
            sync_from: self.sync.next().filter(|at| *at > now),
        }
    }

    /// The tenant's window for synchronising, which is nobody's alone.
    pub fn sync(&mut self) -> &mut SyncWindow {
        &mut self.sync
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
