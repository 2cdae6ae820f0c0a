//! Files on their way over HTTP, as the board shows them.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::sync::mpsc;
use whiteglove_core::{
    clock::Moment,
    netboot::{Carrier, TransferView},
};

use super::{super::reports::Reports, fetch::Fetch};
use crate::clock::now;

const EVERY: Duration = Duration::from_millis(250);
const MARK_EVERY: Duration = Duration::from_secs(1);
/// A screen shows some dozens.
const MOST: usize = 256;

struct Shown {
    fetch: Weak<Fetch>,
    /// When how much was taken: the last mark and the one before it.
    marks: [(Moment, u64); 2],
}

impl Shown {
    fn view(&mut self, now: Moment) -> Option<TransferView> {
        let fetch = self.fetch.upgrade()?;
        let done = fetch.taken();
        let [last, _] = self.marks;
        if now.since(last.0) >= MARK_EVERY {
            self.marks = [(now, done), last];
        }
        let [_, (at, had)] = self.marks;
        let millis = u64::try_from(now.since(at).as_millis()).unwrap_or(u64::MAX).max(1);
        Some(TransferView {
            address: fetch.who.address?,
            device: None,
            name: fetch.name.clone(),
            by: Carrier::Http,
            since: fetch.since,
            done,
            size: fetch.length,
            rate: done.saturating_sub(had).saturating_mul(1_000) / millis,
        })
    }
}

/// Shows what comes in until nobody can send any more. Sleeps while nothing runs.
pub(super) async fn show(mut running: mpsc::UnboundedReceiver<Weak<Fetch>>, reports: Reports) {
    let mut shown: Vec<Shown> = Vec::new();
    while let Some(first) = running.recv().await {
        let mut ticks = tokio::time::interval(EVERY);
        let mut next = Some(first);
        loop {
            while let Some(fetch) = next {
                let since = fetch.upgrade().map_or_else(now, |fetch| fetch.since);
                shown.push(Shown { fetch, marks: [(since, 0); 2] });
                next = running.try_recv().ok();
            }
            let now = now();
            let mut views = Vec::new();
            shown.retain_mut(|one| one.view(now).map(|view| views.push(view)).is_some());
            views.truncate(MOST);
            let over = views.is_empty();
            reports.transfers("http", views);
            if over {
                break;
            }
            ticks.tick().await;
            next = running.try_recv().ok();
        }
    }
}

/// Whether a transfer takes long enough for somebody to see it.
pub(super) fn is_worth_showing(fetch: &Arc<Fetch>) -> bool {
    fetch.length > 256 << 10
}
