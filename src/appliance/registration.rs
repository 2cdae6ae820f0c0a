//! What registrars are given to do, and what their reports lead to.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::{oneshot, watch};
use whiteglove_core::{
    clock::Moment,
    customer::Customer,
    device::DeviceId,
    lane::Lane,
    problem::Problem,
    record::Record,
    registration::{Act, AttemptId, Desk, LineState, NetworkTest, RegistrationView, Report, Tenant, Wanted, Work},
};

use super::{Input, Owner, Then};
use crate::{clock::now, nettest};

/// A customer whose laptops the bench registers by itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Online {
    pub tenant: Tenant,
    pub lane: Lane,
    /// There is something to send, to ask or to change.
    pub pending: bool,
}

impl Online {
    /// By the same way into the same tenant.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.tenant == other.tenant && self.lane == other.lane
    }
}

/// Why a registrar could do nothing now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halted {
    pub why: Problem,
    /// `None`: until a person did something.
    pub until: Option<Moment>,
}

/// What a registrar is to do.
#[derive(Debug)]
pub struct NextWork {
    pub work: Option<Work>,
    /// If there is none: when to ask again, unless the journal grows before.
    pub wake: Option<Moment>,
}

/// The desks of all customers, and what their registrars last said of their lines.
#[derive(Debug)]
pub(super) struct Desks {
    desks: HashMap<String, Desk>,
    halted: HashMap<String, Halted>,
    /// Published whenever the journal grew: a registrar that sees it asks what to do.
    tenants: watch::Sender<Arc<Vec<Online>>>,
    testing: bool,
}

impl Desks {
    pub(super) fn new(tenants: watch::Sender<Arc<Vec<Online>>>) -> Self {
        Self { desks: HashMap::new(), halted: HashMap::new(), tenants, testing: false }
    }

    /// The bench was folded anew.
    pub(super) fn forget(&mut self) {
        self.desks.clear();
    }
}

impl Owner {
    pub(super) fn next_work(
        &mut self,
        name: &str,
        ready: Result<(), Halted>,
        reads: bool,
        reply: oneshot::Sender<NextWork>,
        at: Moment,
    ) -> (Vec<Record>, Option<Then>) {
        let nothing = |wake| NextWork { work: None, wake };
        let Some(customer) = self.bench.customer(name).filter(|customer| self.not_ours(Some(&customer.name)).is_ok())
        else {
            drop(reply.send(nothing(None)));
            return (vec![], None);
        };
        let customer = customer.clone();
        let desk = self.registration.desks.entry(customer.name.clone());
        let desk = desk.or_insert_with(|| Desk::new(&self.bench, &customer.name, at));
        if let Err(halted) = ready {
            let until = halted.until;
            if self.registration.halted.insert(customer.name, halted.clone()) != Some(halted) {
                self.dirty = true;
            }
            drop(reply.send(nothing(until)));
            return (vec![], None);
        }
        if self.registration.halted.remove(&customer.name).is_some() {
            desk.release();
        }
        let Some(fresh) = new_attempt() else {
            drop(reply.send(nothing(None)));
            return (vec![], None);
        };
        let next = desk.next(&self.bench, &customer, at, &fresh, reads);
        self.dirty |= next.work.is_some();
        let then: Then = Box::new(move |_, written| {
            // Not on the disk: the desk is made anew, and nothing is sent.
            let work = next.work.filter(|_| written.is_ok());
            drop(reply.send(NextWork { work, wake: next.wake }));
        });
        (next.records, Some(then))
    }

    pub(super) fn reported(
        &mut self,
        name: &str,
        work: &Work,
        report: Report,
        reply: oneshot::Sender<bool>,
        at: Moment,
    ) -> (Vec<Record>, Option<Then>) {
        if let Report::NotSent { why, .. } | Report::Held { why, .. } = &report {
            self.remember(why.clone());
        }
        let desk = self.registration.desks.entry(name.to_owned());
        let desk = desk.or_insert_with(|| Desk::new(&self.bench, name, at));
        let records = desk.report(&self.bench, work, report, at);
        self.dirty = true;
        if self.bench.waits_for_network() {
            self.test_network_soon(at);
        }
        // What could not be written is looked for again after the next start of the desk.
        let then: Then = Box::new(move |_, written| {
            // It may have gone with its task: the report stands all the same.
            let _gone = reply.send(written.is_ok());
        });
        (records, Some(then))
    }

    /// To whoever registers: also when nothing of it changed, as there may be more to do.
    pub(super) fn publish_tenants(&self) {
        let online = |customer: &Customer| {
            let tenant = Tenant {
                customer: customer.name.clone(),
                id: customer.tenant.as_ref()?.to_string(),
                cloud: customer.cloud,
            };
            self.not_ours(Some(&customer.name)).is_ok().then_some(Online {
                tenant,
                lane: customer.lane,
                pending: self.bench.is_pending(&customer.name),
            })
        };
        self.registration.tenants.send_replace(Arc::new(self.bench.online().filter_map(online).collect()));
    }

    /// When its registration was read back last, also unchanged: that is not in the journal.
    pub(super) fn read_at(&self, device: DeviceId) -> Option<Moment> {
        let dossier = self.bench.dossier(device)?;
        self.registration.desks.get(&dossier.customer)?.read_at(device)
    }

    /// What is registered for the customer of the open batch. Others' is never shown.
    pub(super) fn registration_view(&self, at: Moment) -> Option<RegistrationView> {
        let customer = self.bench.customer(self.bench.customer_of(&self.batch())?)?;
        let mut view = match self.registration.desks.get(&customer.name) {
            Some(desk) => desk.view(&self.bench, customer, at),
            None => Desk::default().view(&self.bench, customer, at),
        };
        if let Some(Halted { why, until }) = self.registration.halted.get(&customer.name) {
            let why = why.clone();
            view.state = match until {
                Some(until) => LineState::Waiting { until: *until, why },
                None => LineState::Stopped { why },
            };
        }
        Some(view)
    }

    pub(super) fn change_registration(
        &self,
        act: Act,
        wanted: Wanted,
        by: Option<String>,
    ) -> Result<(Vec<Record>, String), Problem> {
        let attempt = new_attempt().ok_or_else(no_randomness)?;
        let done = format!("To be done for device #{}: {}.", act.device().0, act.words());
        let by = by.or_else(|| self.config.operator.clone());
        self.bench.decide_act(act, wanted, attempt, by).map(|records| (records, done))
    }

    /// A person asks: the answer comes when it is tested.
    pub(super) fn test_network(&mut self, from: u64) {
        self.registration.testing = true;
        let (inbox, test) = (self.inbox.clone(), self.config.network_test.clone());
        tokio::spawn(async move {
            let tested = nettest::run(&test).await;
            let outcome = tested.problem().map_or_else(|| Ok(tested.words()), Err);
            drop(inbox.send(Input::NetworkTested(tested)).await);
            let update = match outcome {
                Ok(words) => whiteglove_core::control::Update::Done(words),
                Err(problem) => whiteglove_core::control::Update::Problem(problem),
            };
            drop(inbox.send(Input::Reply { to: from, update }).await);
        });
    }

    /// By itself, when laptops wait for it and the last one is long ago.
    fn test_network_soon(&mut self, at: Moment) {
        let recent = self.bench.network_test().is_some_and(|(tested, test)| {
            let again = if test.passed() { nettest::AGAIN } else { nettest::AGAIN_IF_FAILED };
            at.since(*tested) < again
        });
        if recent || self.registration.testing {
            return;
        }
        self.registration.testing = true;
        let (inbox, test) = (self.inbox.clone(), self.config.network_test.clone());
        tokio::spawn(async move {
            let tested = nettest::run(&test).await;
            drop(inbox.send(Input::NetworkTested(tested)).await);
        });
    }

    pub(super) fn network_tested(&mut self, test: NetworkTest) -> Vec<Record> {
        self.registration.testing = false;
        if let Some(problem) = test.problem() {
            self.remember(problem);
        }
        self.dirty = true;
        tracing::debug!(at = now().millis(), passed = test.passed(), "the network was tested");
        vec![Record::NetworkTested { test }]
    }
}

fn new_attempt() -> Option<AttemptId> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok().map(|()| AttemptId::from_random(bytes))
}

fn no_randomness() -> Problem {
    Problem::new("Nothing was changed.", "The system gives no randomness.", "Start this machine again.")
}
