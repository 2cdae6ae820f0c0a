//! Front ends: the board in this process, an attached one, a command line that waits for one answer.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::{mpsc, watch};
use whiteglove_core::{
    control::{Command, Sheet, Snapshot, Update},
    device::DeviceId,
    problem::Problem,
};

use super::{Appliance, Input, Owner};
use crate::clock::now;

const REMEMBERED_PROBLEMS: usize = 50;

type Watched = Option<Arc<Sheet>>;

/// The owner's end.
#[derive(Debug)]
pub struct Front {
    pub(super) id: u64,
    watching: Option<DeviceId>,
    watched: watch::Sender<Watched>,
    /// Answers to this front end's own commands; it asks no faster than a person.
    replies: mpsc::UnboundedSender<Update>,
}

/// The front end's end: send commands, await updates. Snapshots coalesce; answers do not.
#[derive(Debug)]
pub struct FrontEnd {
    id: u64,
    inbox: mpsc::Sender<Input>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    watched: watch::Receiver<Watched>,
    replies: mpsc::UnboundedReceiver<Update>,
}

impl FrontEnd {
    pub async fn attach(appliance: &Appliance) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let (watched, watched_seen) = watch::channel(None);
        let (replies, replies_seen) = mpsc::unbounded_channel();
        appliance.send(Input::Attach(Front { id, watching: None, watched, replies })).await;
        let mut snapshots = appliance.snapshots.clone();
        snapshots.mark_changed();
        Self { id, inbox: appliance.inbox.clone(), snapshots, watched: watched_seen, replies: replies_seen }
    }

    pub async fn send(&self, command: Command) {
        if self.inbox.send(Input::Command { from: self.id, command }).await.is_err() {
            tracing::debug!("the appliance has stopped");
        }
    }

    /// The next thing to show; `None` when the appliance is gone.
    pub async fn next(&mut self) -> Option<Update> {
        tokio::select! {
            // Answers first: a snapshot must not tell the outcome before the answer does.
            biased;
            reply = self.replies.recv() => reply,
            seen = self.watched.changed() => {
                seen.ok()?;
                Some(Update::Watched(self.watched.borrow_and_update().clone()))
            }
            seen = self.snapshots.changed() => {
                seen.ok()?;
                Some(Update::Snapshot(Arc::clone(&self.snapshots.borrow_and_update())))
            }
        }
    }
}

impl Drop for FrontEnd {
    fn drop(&mut self) {
        // If the inbox is full the owner will notice at the next reply; a front end is cheap.
        let _ = self.inbox.try_send(Input::Detach(self.id));
    }
}

impl Owner {
    pub(super) fn tell(&mut self, id: u64, outcome: Result<String, Problem>) {
        if let Err(problem) = &outcome {
            self.remember(problem.clone());
        }
        self.reply(id, &outcome.map_or_else(Update::Problem, Update::Done));
    }

    /// Newest first; the same problem again only moves up.
    pub(super) fn remember(&mut self, problem: Problem) {
        let known = self.problems.iter().position(|(_, known)| *known == problem);
        match known.map(|index| self.problems.remove(index)) {
            // Whoever sends garbage all day must not fill the log's disk with it.
            Some(_) => tracing::debug!(what = problem.what, "again"),
            None => tracing::warn!(what = problem.what, why = problem.why, "problem"),
        }
        self.problems.push_front((now(), problem));
        self.problems.truncate(REMEMBERED_PROBLEMS);
        self.dirty = true;
    }

    pub(super) fn reply(&mut self, id: u64, update: &Update) {
        self.fronts.retain(|front| front.id != id || front.replies.send(update.clone()).is_ok());
    }

    pub(super) fn watch(&mut self, id: u64, device: Option<DeviceId>) {
        if let Some(front) = self.fronts.iter_mut().find(|front| front.id == id) {
            front.watching = device;
        }
        self.publish_watched();
    }

    pub(super) fn publish_watched(&self) {
        let at = now();
        for front in &self.fronts {
            let sheet = front.watching.and_then(|id| self.sheet(id, at));
            let unchanged = front.watched.borrow().as_deref() == sheet.as_ref();
            if !unchanged {
                front.watched.send_replace(sheet.map(Arc::new));
            }
        }
    }
}
