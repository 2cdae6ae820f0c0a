//! One task for each customer whose laptops the bench registers by itself: it asks the owner of the bench what to do,
//! does it, and reports. It may be killed at any time: what has to be known is in the journal before and after.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::oneshot,
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;
use whiteglove_core::{
    clock::Moment,
    cloud::{
        Service,
        pace::{Limits, View},
    },
    lane::Lane,
    problem::Problem,
    registration::{ImportId, ImportState, Report, Work},
    sign_in::SignInState,
};

use super::{
    association::{self, Association},
    graph::{self, Graph},
    line::Line,
    paced::{Paced, Way},
    partner::{self, Partner},
    signin::SignIns,
};
use crate::{
    appliance::{Appliance, Halted, Input, NextWork, Online},
    clock::now,
};

/// Whoever cannot sign in by itself just now tries again then.
const SIGN_IN_AGAIN: Duration = Duration::from_secs(15);
/// Shorter waits for the service are sat out by the request itself.
const SHORT: Duration = Duration::from_secs(2);

/// Whoever carries out the work of a lane. To add one: its transport in this folder, and an arm here.
#[derive(Debug)]
enum Registrar {
    Graph(Graph),
    /// Partner Center registers; what Intune makes of it is Graph's to tell.
    Partner {
        partner: Partner,
        graph: Graph,
    },
    Association(Association),
    /// Of corporate identifiers nothing is read back.
    Identifiers(Association),
}

impl Registrar {
    fn service(&self) -> Service {
        match self {
            Self::Graph(_) | Self::Association(_) | Self::Identifiers(_) => Service::Graph,
            Self::Partner { .. } => Service::PartnerCenter,
        }
    }

    /// Nothing depends on it.
    async fn tidy(&self, over: &[ImportId]) {
        match self {
            Self::Graph(graph) => graph.tidy(over).await,
            Self::Partner { .. } | Self::Association(_) | Self::Identifiers(_) => {}
        }
    }

    async fn carry_out(&self, work: Work) -> Report {
        match self {
            Self::Graph(graph) => graph.carry_out(work).await,
            Self::Partner { partner, graph } => match work {
                Work::Read(_) | Work::Act { .. } | Work::Sync => graph.carry_out(work).await,
                Work::Send(_) | Work::Settle(_) | Work::Poll(_) => partner.carry_out(work).await,
            },
            Self::Association(association) | Self::Identifiers(association) => association.carry_out(work).await,
        }
    }
}

/// Keeps a worker for each of those that the owner names, until told to stop.
///
/// # Errors
/// None yet: a customer whose line cannot be set up is shown so, and the others go on.
pub(crate) async fn run(appliance: Appliance, stop: CancellationToken) -> Result<(), Problem> {
    let mut tenants = appliance.tenants.clone();
    let mut workers: HashMap<String, (Online, CancellationToken, JoinHandle<()>)> = HashMap::new();
    loop {
        let named = Arc::clone(&tenants.borrow_and_update());
        workers.retain(|customer, (online, stop, task)| {
            let same = |other: &&Online| other.tenant.customer == *customer && other.is_like(online);
            let stays = named.iter().any(|other| same(&other)) && !task.is_finished();
            if !stays {
                stop.cancel();
            }
            stays
        });
        for online in named.iter().filter(|online| online.pending) {
            workers.entry(online.tenant.customer.clone()).or_insert_with(|| {
                let stop = stop.child_token();
                let task = tokio::spawn(work(appliance.clone(), online.clone(), stop.clone()));
                (online.clone(), stop, task)
            });
        }
        tokio::select! {
            () = stop.cancelled() => break,
            changed = tenants.changed() => if changed.is_err() { break },
        }
    }
    for (_, (_, stop, task)) in workers {
        stop.cancel();
        drop(task.await);
    }
    Ok(())
}

async fn work(appliance: Appliance, online: Online, stop: CancellationToken) {
    let sign_ins = appliance.sign_ins.clone();
    let line = match sign_ins.line(&online.tenant) {
        Ok(line) => line,
        Err(problem) => return appliance.send(Input::Trouble(problem)).await,
    };
    let worker = Worker::new(&appliance, &online, line, sign_ins);
    tokio::select! {
        () = stop.cancelled() => {}
        () = worker.run() => {}
    }
}

struct Worker {
    appliance: Appliance,
    customer: String,
    registrar: Arc<Registrar>,
    line: Line,
    paced: Paced,
    sign_ins: SignIns,
}

impl Worker {
    fn new(appliance: &Appliance, online: &Online, line: Line, sign_ins: SignIns) -> Self {
        let paced = |service| Paced::new(Way::Line(line.clone()), Limits::of(service));
        let to_graph = paced(Service::Graph);
        let (registrar, paced) = match online.lane {
            Lane::Intune => (Registrar::Graph(Graph::new(to_graph.clone(), graph::SETTLE)), to_graph),
            Lane::Partner => {
                let to_partner = paced(Service::PartnerCenter);
                let partner = Partner::new(to_partner.clone(), online.tenant.id.clone(), partner::SETTLE);
                let graph = Graph::new(to_graph, graph::SETTLE);
                (Registrar::Partner { partner, graph }, to_partner)
            }
            lane @ (Lane::Corporate | Lane::Association) => {
                let association = Association::new(to_graph.clone(), association::SETTLE);
                let registrar = match lane {
                    Lane::Association => Registrar::Association(association),
                    _ => Registrar::Identifiers(association),
                };
                (registrar, to_graph)
            }
        };
        let customer = online.tenant.customer.clone();
        Self { appliance: appliance.clone(), customer, registrar: Arc::new(registrar), line, paced, sign_ins }
    }

    async fn run(&self) {
        let mut journal = self.appliance.tenants.clone();
        let mut signed_in = self.sign_ins.seen();
        let mut pace = self.paced.views();
        let mut at_work: JoinSet<(Work, Report)> = JoinSet::new();
        loop {
            journal.mark_unchanged();
            signed_in.mark_unchanged();
            pace.mark_unchanged();
            let ready = self.ready().await;
            let was_ready = ready.is_ok();
            let Some(next) = self.next_work(ready).await else { return };
            if let Some(work) = next.work {
                let registrar = Arc::clone(&self.registrar);
                at_work.spawn(async move {
                    let report = registrar.carry_out(work.clone()).await;
                    (work, report)
                });
                continue;
            }
            tokio::select! {
                Some(done) = at_work.join_next(), if !at_work.is_empty() => match done {
                    Ok((work, report)) => self.report(work, report).await,
                    Err(error) => tracing::error!(%error, "a piece of registration work ended by itself"),
                },
                changed = journal.changed() => if changed.is_err() { return },
                _ = signed_in.changed(), if !was_ready => self.paced.hurry(),
                _ = pace.changed(), if !was_ready => {}
                () = until(next.wake) => {}
            }
        }
    }

    /// Whether anything could be sent now.
    async fn ready(&self) -> Result<(), Halted> {
        let service = self.registrar.service();
        if let Err(why) = self.line.tokens().bearer(service).await {
            let waits = !self.needs_a_person(service);
            return Err(Halted { why, until: waits.then(|| now().after(SIGN_IN_AGAIN)) });
        }
        let View { next, why, .. } = self.paced.views().borrow().clone();
        match next.zip(why) {
            Some((until, why)) if why.is_trouble() && until > now().after(SHORT) => {
                let what = format!("{} is not asked now.", service.words());
                let problem = Problem::new(what, why.words(), "Nothing to do: the bench tries again by itself.");
                Err(Halted { why: problem, until: Some(until) })
            }
            _ => Ok(()),
        }
    }

    /// Time alone does not help.
    fn needs_a_person(&self, service: Service) -> bool {
        let shown = self.sign_ins.shown();
        let own = shown.list.iter().find(|view| view.customer == self.customer && view.service == service);
        own.is_some_and(|view| view.state.is_at_rest() && view.state != SignInState::Ready)
    }

    /// Whether what is registered can be read back: Partner Center cannot, and Graph takes a right of its own.
    fn reads(&self) -> bool {
        match *self.registrar {
            Registrar::Graph(_) | Registrar::Association(_) => true,
            Registrar::Identifiers(_) => false,
            Registrar::Partner { .. } => !self.needs_a_person(Service::Graph),
        }
    }

    /// `None`: the appliance has stopped.
    async fn next_work(&self, ready: Result<(), Halted>) -> Option<NextWork> {
        let (reply, next) = oneshot::channel();
        let customer = self.customer.clone();
        self.appliance.inbox.send(Input::NextWork { customer, ready, reads: self.reads(), reply }).await.ok()?;
        next.await.ok()
    }

    /// Returns when it is written, or cannot be: then it is looked for anew.
    async fn report(&self, work: Work, report: Report) {
        let over = over(&work, &report);
        let (reply, written) = oneshot::channel();
        let customer = self.customer.clone();
        self.appliance.send(Input::Report { customer, work: Box::new(work), report, reply }).await;
        if written.await == Ok(true) && !over.is_empty() {
            let registrar = Arc::clone(&self.registrar);
            tokio::spawn(async move { registrar.tidy(&over).await });
        }
    }
}

/// Imports that have come to their end: their records at the service are of no more use.
fn over(work: &Work, report: &Report) -> Vec<ImportId> {
    let (Work::Poll(asked), Report::Polled(said)) = (work, report) else { return vec![] };
    let ended = |device| {
        said.iter().any(|(other, state)| {
            *other == device && matches!(state, ImportState::Complete { .. } | ImportState::Failed { .. })
        })
    };
    asked.iter().filter(|waiting| ended(waiting.device)).map(|waiting| waiting.import.clone()).collect()
}

async fn until(wake: Option<Moment>) {
    match wake {
        Some(at) => tokio::time::sleep(at.since(now())).await,
        None => std::future::pending().await,
    }
}
