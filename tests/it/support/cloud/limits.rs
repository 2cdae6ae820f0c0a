//! The published limits of Intune's enrolment bucket, as sliding windows: per 20 seconds 200 writes and 2000 requests a
//! tenant, half of that an app in a tenant. Each part of a batch counts.

use std::collections::{HashMap, VecDeque};

const WINDOW: u64 = 20_000;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) writes: usize,
    pub(crate) all: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) tenant: Limit,
    pub(crate) app: Limit,
}

impl Limits {
    pub(crate) const PUBLISHED: Self =
        Self { tenant: Limit { writes: 200, all: 2_000 }, app: Limit { writes: 100, all: 1_000 } };
}

/// When what was asked, by tenant and by app in it.
#[derive(Debug, Default)]
pub(crate) struct Windows(HashMap<String, Window>);

#[derive(Debug, Default)]
struct Window {
    writes: VecDeque<u64>,
    all: VecDeque<u64>,
}

impl Window {
    /// How long until one more fits. What is refused does not count.
    fn wait(&mut self, limit: Limit, write: bool, now: u64) -> Option<u64> {
        for past in [&mut self.writes, &mut self.all] {
            while past.front().is_some_and(|at| at + WINDOW <= now) {
                past.pop_front();
            }
        }
        let full = |past: &VecDeque<u64>, most: usize| {
            (past.len() >= most).then(|| past.front().map_or(WINDOW, |at| at + WINDOW - now))
        };
        let writes = if write { full(&self.writes, limit.writes) } else { None };
        writes.max(full(&self.all, limit.all))
    }

    fn take(&mut self, write: bool, now: u64) {
        self.all.push_back(now);
        if write {
            self.writes.push_back(now);
        }
    }
}

impl Windows {
    /// Takes one request in, or says how many seconds to wait.
    pub(crate) fn take(&mut self, limits: &Limits, tenant: &str, app: &str, write: bool, now: u64) -> Result<(), u32> {
        let both = [(tenant.to_owned(), limits.tenant), (format!("{tenant} {app}"), limits.app)];
        let waits =
            both.iter().filter_map(|(key, limit)| self.0.entry(key.clone()).or_default().wait(*limit, write, now));
        if let Some(wait) = waits.max() {
            return Err(u32::try_from(wait.div_ceil(1_000)).unwrap());
        }
        for (key, _) in both {
            self.0.entry(key).or_default().take(write, now);
        }
        Ok(())
    }
}
