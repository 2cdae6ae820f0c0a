//! The one task that owns the bench. Everyone else sends an [`Input`] and reads what is published.
//!
//! Group commit: everything that waits in the inbox is decided together, written in one transaction
//! with one sync, and answered after that. While the disk syncs, the next group gathers by itself.
//!
//! Invariant: nobody hears "yes" before the journal has it.

mod answers;
mod boxes;
mod collect;
mod commands;
mod entries;
mod export;
mod front;
mod hand_over;
mod import;
mod input;
mod jobs;
mod logs;
mod netboot;
mod opening;
mod publish;
mod registration;
mod settings;
mod signin;
mod sticks;
mod tenant;
mod wire;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::sync::{mpsc, watch};
use whiteglove_core::{
    batch::BatchRow,
    bench::{Bench, Standing},
    clock::Moment,
    control::{Job, Row, Snapshot},
    customer::CustomerRow,
    device::DeviceId,
    envelope::BoxSecret,
    media_card::BoxKey,
    netboot::{BootTable, Seen},
    order::OrderStatus,
    problem::Problem,
    record::Record,
};

use answers::answer;
pub use entries::WinPeRefusal;
pub use front::{Front, FrontEnd};
pub use input::{Input, NotTaken};
use jobs::RunningJob;
pub(crate) use jobs::{erase_policy, new_media_id};
use registration::Desks;
pub use registration::{Halted, NextWork, Online};
use sticks::Sticks;
pub use sticks::SticksNews;
use wire::Network;
pub use wire::{NetbootPlan, Wire};

use crate::{
    clock::now,
    config::Config,
    journal::{self, Journal, JournalError},
    registrar::signin::SignIns,
};

/// At most this many inputs share one sync; more would only make the first of them wait.
const GROUP: usize = 256;
/// Screens are told at most ten times a second.
const PUBLISH_EVERY: Duration = Duration::from_millis(100);
/// A laptop that goes quiet on the network becomes a finding by time alone.
const STORIES_AGE: Duration = Duration::from_secs(1);

/// Standing orders by device; republished whole, there are never many.
pub type Orders = Arc<HashMap<DeviceId, Standing>>;

/// What the endpoint and front ends hold on to.
#[derive(Debug, Clone)]
pub struct Appliance {
    pub inbox: mpsc::Sender<Input>,
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    pub orders: watch::Receiver<Orders>,
    pub netboot: watch::Receiver<Arc<NetbootPlan>>,
    pub boots: watch::Receiver<Arc<BootTable>>,
    pub tenants: watch::Receiver<Arc<Vec<Online>>>,
    pub(crate) sign_ins: SignIns,
    pub bench: String,
    pub secret: BoxSecret,
}

/// Called once the journal has the records of this input, or has failed to take them.
type Then = Box<dyn FnOnce(&mut Owner, Result<(), Problem>) + Send>;

struct Owner {
    config: Config,
    key: BoxKey,
    secret: BoxSecret,
    bench: Bench,
    journal: Journal,
    inbox: mpsc::Sender<Input>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    orders: watch::Sender<Orders>,
    network: Network,
    registration: Desks,
    fronts: Vec<Front>,
    rows: Arc<Vec<Row>>,
    order_status: Option<Arc<OrderStatus>>,
    customers: Arc<Vec<CustomerRow>>,
    batches: Arc<Vec<BatchRow>>,
    endpoints: Vec<String>,
    endpoint_problem: Option<Problem>,
    problems: VecDeque<(Moment, Problem)>,
    job: Option<Job>,
    running: Option<RunningJob>,
    sticks: Sticks,
    sign_ins: SignIns,
    images: Vec<whiteglove_core::control::Image>,
    /// The disk failed in a way that ends the work.
    broken: Option<Problem>,
    /// Something a screen shows has changed.
    dirty: bool,
    /// Something in the bench has changed, so the rows are old.
    stale: bool,
}

impl Appliance {
    /// Folds the journal and starts the owner. The caller holds the state lock.
    ///
    /// # Errors
    /// The journal or the key cannot be used.
    pub async fn start(config: &Config) -> Result<(Self, tokio::task::JoinHandle<Result<(), Problem>>), Problem> {
        let secret = crate::state::box_secret(&config.state)?;
        let key = secret.public();
        let path = journal::path_in(&config.state);
        let (journal, bench) = Journal::open(&path, &key).await.map_err(|error| error.problem(&path))?;
        let (inbox, messages) = mpsc::channel(4 * GROUP);
        let (snapshots, snapshots_seen) = watch::channel(Arc::default());
        let (orders, orders_seen) = watch::channel(Orders::default());
        let (plan, plan_seen) = watch::channel(Arc::default());
        let (boots, boots_seen) = watch::channel(Arc::default());
        let (tenants, tenants_seen) = watch::channel(Arc::default());
        let mut owner = Owner {
            config: config.clone(),
            key,
            secret: secret.clone(),
            bench,
            journal,
            inbox: inbox.clone(),
            snapshots,
            orders,
            network: Network::new(plan, boots),
            registration: Desks::new(tenants),
            fronts: Vec::new(),
            rows: Arc::default(),
            order_status: None,
            customers: Arc::default(),
            batches: Arc::default(),
            endpoints: Vec::new(),
            endpoint_problem: None,
            problems: VecDeque::new(),
            job: None,
            running: None,
            sticks: Sticks::new(config),
            sign_ins: SignIns::new(config),
            images: jobs::list_images(&config.media_folder()),
            broken: None,
            dirty: true,
            stale: true,
        };
        owner.open_batch().await?;
        owner.issue_network_medium().await?;
        owner.warn_of_reach();
        owner.open_vault().await;
        owner.publish_tenants();
        owner.publish();
        let handle = Self {
            inbox,
            snapshots: snapshots_seen,
            orders: orders_seen,
            netboot: plan_seen,
            boots: boots_seen,
            tenants: tenants_seen,
            sign_ins: owner.sign_ins.clone(),
            bench: config.bench.clone(),
            secret,
        };
        Ok((handle, tokio::spawn(owner.run(messages))))
    }

    /// Sends an input; an owner that is gone is the end of the process, so nothing is to be done about it here.
    pub async fn send(&self, input: Input) {
        if self.inbox.send(input).await.is_err() {
            tracing::debug!("the appliance has stopped");
        }
    }
}

/// The answer to give when the owner is gone.
pub fn stopped() -> Problem {
    Problem::new("The appliance has stopped.", "It was told to, or its disk failed.", "Start whiteglove again.")
}

impl Owner {
    async fn run(mut self, mut messages: mpsc::Receiver<Input>) -> Result<(), Problem> {
        let ended = self.work(&mut messages).await;
        // A stick that is being written is given up: it does not boot, and says so when it is tried.
        self.cancel_running_job();
        self.leave_sticks();
        ended?;
        self.publish();
        if let Err(error) = self.journal.close().await {
            tracing::warn!(%error, "the journal was not closed in order; nothing is lost");
        }
        Ok(())
    }

    /// Until told to stop, or the disk ends it.
    async fn work(&mut self, messages: &mut mpsc::Receiver<Input>) -> Result<(), Problem> {
        let mut publish_at: Option<tokio::time::Instant> = None;
        loop {
            let next = async {
                match publish_at {
                    Some(at) => tokio::time::timeout_at(at, messages.recv()).await,
                    None => Ok(messages.recv().await),
                }
            };
            match next.await {
                Err(_) => {
                    self.publish();
                    publish_at = self.is_network_alive().then(|| tokio::time::Instant::now() + STORIES_AGE);
                }
                Ok(None) => return Ok(()),
                Ok(Some(first)) => {
                    let mut group = vec![first];
                    while group.len() < GROUP
                        && let Ok(more) = messages.try_recv()
                    {
                        group.push(more);
                    }
                    let stop = self.take_group(group).await?;
                    if self.dirty {
                        let soon = tokio::time::Instant::now() + PUBLISH_EVERY;
                        publish_at = Some(publish_at.map_or(soon, |at| at.min(soon)));
                    }
                    if stop {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Decides a group of inputs, writes what they cause, and only then answers.
    async fn take_group(&mut self, group: Vec<Input>) -> Result<bool, Problem> {
        let at = now();
        let mut stop = false;
        let mut records: Vec<(Moment, Record)> = Vec::new();
        let mut answers: Vec<Then> = Vec::new();
        let mut touched: BTreeSet<DeviceId> = BTreeSet::new();
        for input in group {
            stop |= matches!(input, Input::Stop);
            let (caused, then) = self.decide(input, at);
            for record in caused {
                self.apply(at, &record, &mut touched)?;
                records.push((at, record));
            }
            answers.extend(then);
        }
        // What became known may have made somebody safe to boot, or not any more.
        while !touched.is_empty() {
            for record in self.bench.decide_follow_ups(&std::mem::take(&mut touched)) {
                self.apply(at, &record, &mut touched)?;
                records.push((at, record));
            }
        }
        let written = if records.is_empty() { Ok(()) } else { self.write(&records).await };
        for answer in answers {
            answer(self, written.clone());
        }
        match self.broken.take() {
            Some(problem) => Err(problem),
            None => Ok(stop),
        }
    }

    /// At once, so that the next input of the group is decided on it; if the write fails, the whole fold is made anew
    /// from the disk.
    fn apply(&mut self, at: Moment, record: &Record, touched: &mut BTreeSet<DeviceId>) -> Result<(), Problem> {
        self.bench.apply(self.bench.next_number(), at, record.clone()).map_err(|unfit| {
            tracing::error!(%unfit, "a decision does not fit its own bench");
            JournalError::from(unfit).problem(self.journal.path())
        })?;
        touched.extend(self.bench.touched(record));
        Ok(())
    }

    async fn write(&mut self, records: &[(Moment, Record)]) -> Result<(), Problem> {
        self.stale = true;
        self.dirty = true;
        let failed = match self.journal.append(records).await {
            Ok(()) => {
                self.publish_orders();
                self.publish_tenants();
                return Ok(());
            }
            Err(error) => error,
        };
        tracing::error!(error = %failed, "the journal did not take {} records", records.len());
        let problem = failed.problem(self.journal.path());
        self.remember(problem.clone());
        match self.journal.refold().await {
            Ok(bench) => {
                self.bench = bench;
                self.registration.forget();
            }
            // The disk can neither be written nor read: what is in memory may not be on it, so nothing
            // more may be shown or acknowledged.
            Err(error) => {
                tracing::error!(%error, "the journal cannot be read back");
                self.broken = Some(error.problem(self.journal.path()));
            }
        }
        self.publish_orders();
        Err(problem)
    }

    /// The records an input causes, and what to do once they are on disk.
    fn decide(&mut self, input: Input, at: Moment) -> (Vec<Record>, Option<Then>) {
        match input {
            Input::Hello { hello, sealed, reply } => match self.bench.decide_hello(&hello, &sealed, at) {
                Ok(records) => {
                    self.saw_agent(&hello.identity, Seen::Hello, at);
                    (records, Some(answer(reply, ())))
                }
                Err(problem) => self.refuse(reply, problem),
            },
            Input::Capture { capture, sealed, reply } => {
                let identity = capture.identity();
                match self.bench.decide_capture(*capture, &sealed, at) {
                    Ok(taken) => {
                        self.saw_agent(&identity, Seen::Captured, at);
                        (taken.records, Some(answer(reply, taken.receipt)))
                    }
                    Err(problem) => self.refuse(reply, problem),
                }
            }
            Input::Entry { entry, source, reply } => self.take_entry(*entry, &source, reply, at),
            Input::WinPe { media, entry, reply } => self.take_winpe(media, *entry, reply, at),
            Input::OrderList { batch, customer, source, lines, reply } => {
                let batch = batch.unwrap_or_else(|| self.batch());
                let records = self.bench.decide_order_list(&batch, customer, &source, lines);
                (records, Some(answer(reply, ())))
            }
            Input::Exported { records, reply } => match self.bench.decide_exported(records) {
                Ok(records) => (records, Some(answer(reply, ()))),
                Err(problem) => self.refuse(reply, problem),
            },
            Input::TenantChange { record, reply } => (vec![*record], Some(answer(reply, ()))),
            Input::LogsKept { run, reply } => {
                let (records, device, new) = self.bench.decide_logs(run, at);
                (records, Some(answer(reply, (device, new))))
            }
            Input::MediaBuilt { media, programs } => (vec![Record::MediaBuilt { media, programs }], None),
            Input::StickMade(made) => (vec![Record::StickWritten { made }], None),
            Input::IssueCard { media, reply } => {
                let record = Record::MediaIssued { media, batch: self.batch(), network: false };
                let card = self.card(media);
                (vec![record], Some(answer(reply, card)))
            }
            Input::Attach(front) => {
                self.fronts.push(front);
                (vec![], None)
            }
            Input::Detach(id) => {
                self.fronts.retain(|front| front.id != id);
                (vec![], None)
            }
            Input::Command { from, command } => self.command(from, command, at),
            Input::Endpoint(state) => {
                self.dirty = true;
                match state {
                    Ok(urls) => {
                        self.endpoint_problem = None;
                        self.endpoints = urls;
                    }
                    Err(problem) => {
                        self.endpoint_problem = Some(problem);
                        self.endpoints.clear();
                    }
                }
                (vec![], None)
            }
            Input::Wire(wire) => (self.hear(wire, at), None),
            Input::Trouble(problem) => {
                self.remember(problem);
                (vec![], None)
            }
            Input::Progress(progress) => {
                self.dirty = true;
                if let Some(job) = &mut self.job {
                    job.progress = progress;
                }
                (vec![], None)
            }
            Input::NextWork { customer, ready, reads, reply } => self.next_work(&customer, ready, reads, reply, at),
            Input::Report { customer, work, report, reply } => self.reported(&customer, &work, report, reply, at),
            Input::NetworkTested(test) => (self.network_tested(test), None),
            Input::Sticks(news) => {
                self.hear_sticks(news);
                (vec![], None)
            }
            Input::SignedIn(answer) => (vec![], Some(Self::show_sign_ins(answer))),
            Input::Reply { to, update } => {
                self.reply(to, &update);
                (vec![], None)
            }
            Input::Settings { from, found, reason } => self.settings_found(from, found, reason.as_deref()),
            Input::JobDone { from, outcome } => {
                self.finish_job(from, outcome);
                (vec![], None)
            }
            Input::Stop => (vec![], None),
        }
    }
}
