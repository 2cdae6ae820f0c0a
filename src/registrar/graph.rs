//! Registration by Microsoft Graph: carries out [`Work`] with as many requests as it takes, and reports.
//!
//! It decides nothing that outlives it, and never sends anew what may be there: an import without an answer is reported
//! as lost, and settled by looking. What changes one laptop's registration (tag, user, unblocking, deletion) leads to
//! the same state however often it is done, so the bench may hand that out again.

mod act;
mod ask;
mod look;
mod send;
mod settle;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use whiteglove_core::{
    cloud::{
        Service,
        fault::{Fault, Kind},
    },
    registration::{AttemptId, Report, Work},
};

use super::{asking::Asking, paced::Paced};

/// How long after the first look an import that nobody finds may still turn up. The longest that gateways of such
/// services keep working on a request whose sender is gone is about 100 seconds.
pub(crate) const SETTLE: Duration = Duration::from_secs(120);
/// Until a person has changed something there is no use in asking often.
const REFUSED_AGAIN: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Graph {
    paced: Paced,
    asking: Asking,
    settle: Duration,
    /// When each sending of unknown fate was looked for first.
    looked: Mutex<HashMap<AttemptId, Instant>>,
    /// What may not be read in this tenant, and when it is asked for again.
    closed: Mutex<HashMap<&'static str, Instant>>,
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Graph {
    pub(crate) fn new(paced: Paced, settle: Duration) -> Self {
        Self {
            asking: Asking::new(paced.clone(), Service::Graph),
            paced,
            settle,
            looked: Mutex::default(),
            closed: Mutex::default(),
        }
    }

    /// Can be dropped at any time; what was being sent then has to be settled.
    pub(crate) async fn carry_out(&self, work: Work) -> Report {
        match work {
            Work::Send(sending) => self.send(sending).await,
            Work::Settle(settling) => self.settle(settling).await,
            Work::Poll(waiting) => self.poll(waiting).await,
            Work::Read(readings) => self.read(readings).await,
            Work::Act { attempt, act } => self.act(attempt, act).await,
            Work::Sync => self.sync().await,
        }
    }
}

/// Nothing could be asked.
pub(super) fn held(fault: Fault) -> Report {
    let wait = fault.wait.or(match fault.kind {
        Kind::Forbidden | Kind::Refused | Kind::NotFound | Kind::Conflict => Some(REFUSED_AGAIN),
        _ => None,
    });
    Report::Held { why: fault.problem, wait }
}

fn unreadable(error: &whiteglove_core::cloud::graph::Unreadable, what: &str) -> Fault {
    Fault::unreadable(Service::Graph, error, what)
}

#[cfg(test)]
mod tests;
