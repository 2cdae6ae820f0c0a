//! The ten minutes between two synchronisations of one tenant, whoever asks for them: person, portal, script or bench.

use std::time::Duration;

use crate::clock::Moment;

/// Microsoft's page on Autopilot devices, and the answer 429 of the action.
pub const SYNC_WINDOW: Duration = Duration::from_secs(600);

/// What the service said to a wish to synchronise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synced {
    /// It runs. Also to be taken when no answer came: then it may.
    Started,
    /// One runs that somebody else asked for.
    Running,
    TooSoon {
        wait: Option<Duration>,
    },
}

#[derive(Debug, Clone, Default)]
pub struct SyncWindow {
    next: Option<Moment>,
}

impl SyncWindow {
    /// When the next one may be asked for, as far as is known.
    pub fn next(&self) -> Option<Moment> {
        self.next
    }

    /// # Errors
    /// Not before then.
    pub fn ready(&self, now: Moment) -> Result<(), Moment> {
        match self.next {
            Some(next) if next > now => Err(next),
            _ => Ok(()),
        }
    }

    pub fn answered(&mut self, synced: Synced, now: Moment) {
        let wait = match synced {
            // When another's began is not known; it was not later than now.
            Synced::Started | Synced::Running | Synced::TooSoon { wait: None } => SYNC_WINDOW,
            Synced::TooSoon { wait: Some(wait) } => wait.min(SYNC_WINDOW),
        };
        self.next = self.next.max(Some(now.after(wait)));
    }

    /// The service tells when somebody asked for one last. Its clock is not ours: what lies ahead is taken as now.
    pub fn seen(&mut self, asked: Moment, now: Moment) {
        self.next = self.next.max(Some(asked.min(now).after(SYNC_WINDOW)));
    }
}
