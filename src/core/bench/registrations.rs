//! Fold of what was sent to the registration service, and of what it said.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Bench, fold::Misfit};
use crate::{
    clock::Moment,
    customer::{Customer, Way},
    device::{DeviceId, Event, Signal},
    entry::ZtdId,
    lane::{Lane, Row},
    problem::Problem,
    registration::{
        Act, AttemptId, Counts, Dossier, ImportId, ImportState, Override, Progress, Reading, Seen, Tested, Waiting,
    },
};

/// A sending without an outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    pub attempt: AttemptId,
    pub customer: String,
    pub lane: Lane,
    pub group_tag: String,
    pub devices: Vec<DeviceId>,
    pub since: Moment,
}

/// One customer's laptops by how far they are, so that nobody looks through all of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Queue {
    waiting: BTreeSet<DeviceId>,
    sending: BTreeSet<DeviceId>,
    working: BTreeSet<DeviceId>,
    complete: BTreeSet<DeviceId>,
    failed: BTreeSet<DeviceId>,
    open: BTreeMap<AttemptId, Open>,
    acts: BTreeMap<AttemptId, Act>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Registrations {
    dossiers: BTreeMap<DeviceId, Dossier>,
    /// By folded name of the customer.
    queues: BTreeMap<String, Queue>,
    /// Of sendings and acts without an outcome.
    customers: HashMap<AttemptId, String>,
    pub(super) tested: Option<Tested>,
}

impl Queue {
    fn of(&mut self, progress: &Progress) -> Option<&mut BTreeSet<DeviceId>> {
        match progress {
            Progress::Unasked => None,
            Progress::Waiting { .. } => Some(&mut self.waiting),
            Progress::Sending { .. } => Some(&mut self.sending),
            Progress::Working { .. } => Some(&mut self.working),
            Progress::Complete { .. } => Some(&mut self.complete),
            Progress::Failed { .. } => Some(&mut self.failed),
        }
    }
}

fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

impl Registrations {
    pub(super) fn dossier(&self, device: DeviceId) -> Option<&Dossier> {
        self.dossiers.get(&device)
    }

    fn queue(&mut self, customer: &str) -> &mut Queue {
        self.queues.entry(folded(customer)).or_default()
    }

    fn set(&mut self, device: DeviceId, progress: Progress) {
        let dossier = self.dossiers.entry(device).or_default();
        let customer = dossier.customer.clone();
        let queue = self.queues.entry(folded(&customer)).or_default();
        if let Some(set) = queue.of(&dossier.progress) {
            set.remove(&device);
        }
        if let Some(set) = queue.of(&progress) {
            set.insert(device);
        }
        dossier.progress = progress;
    }

    /// Whose tenant it is for from here on; of another one nothing counts any more.
    fn entrust(&mut self, device: DeviceId, customer: String) {
        if self.dossiers.get(&device).is_some_and(|dossier| dossier.customer != customer) {
            self.set(device, Progress::Unasked);
            self.dossiers.remove(&device);
        }
        self.dossiers.entry(device).or_default().customer = customer;
    }

    pub(super) fn every_complete(&self) -> impl Iterator<Item = DeviceId> {
        self.queues.values().flat_map(|queue| queue.complete.iter().copied())
    }

    fn open_mut(&mut self, attempt: &AttemptId) -> Option<&mut Open> {
        let customer = self.customers.get(attempt)?;
        self.queues.get_mut(customer)?.open.get_mut(attempt)
    }

    fn close(&mut self, attempt: &AttemptId) -> Option<Open> {
        let customer = self.customers.remove(attempt)?;
        self.queues.get_mut(&customer)?.open.remove(attempt)
    }

    /// What was known of the same machine by its papers alone, or by another board.
    pub(super) fn inherit(&mut self, from: DeviceId, to: DeviceId) {
        let Some(papers) = self.dossiers.get(&from).cloned() else { return };
        let known = self.dossiers.get(&to).is_some_and(|own| own.progress != Progress::Unasked);
        self.set(from, Progress::Unasked);
        // What is being sent under the old number is answered under it; it is looked for by its serial number then.
        if !known && !matches!(papers.progress, Progress::Sending { .. }) {
            let progress = papers.progress.clone();
            self.dossiers.insert(to, Dossier { progress: Progress::Unasked, ..papers });
            self.set(to, progress);
        }
    }
}

impl Bench {
    pub fn dossier(&self, device: DeviceId) -> Option<&Dossier> {
        self.registrations.dossier(device)
    }

    pub fn network_test(&self) -> Option<&Tested> {
        self.registrations.tested.as_ref()
    }

    /// Customers whose laptops the bench registers by itself.
    pub fn online(&self) -> impl Iterator<Item = &Customer> {
        self.batches.all_customers().filter(|customer| customer.way == Way::Online)
    }

    fn queue(&self, customer: &str) -> Option<&Queue> {
        self.registrations.queues.get(&folded(customer))
    }

    pub fn registration_counts(&self, customer: &str) -> Counts {
        self.queue(customer).map_or_else(Counts::default, |queue| Counts {
            waiting: queue.waiting.len(),
            sending: queue.sending.len(),
            importing: queue.working.len(),
            registered: queue.complete.len(),
            refused: queue.failed.len(),
        })
    }

    /// Whether there is anything to send, to ask or to change at the service.
    pub fn is_pending(&self, customer: &str) -> bool {
        let Counts { waiting, sending, importing, registered, .. } = self.registration_counts(customer);
        waiting + sending + importing + registered > 0 || self.open_acts(customer).next().is_some()
    }

    /// Sendings without an outcome, oldest name first.
    pub fn open_sendings(&self, customer: &str) -> impl Iterator<Item = &Open> {
        self.queue(customer).into_iter().flat_map(|queue| queue.open.values())
    }

    pub fn open_acts(&self, customer: &str) -> impl Iterator<Item = (&AttemptId, &Act)> {
        self.queue(customer).into_iter().flat_map(|queue| queue.acts.iter())
    }

    pub fn waiting(&self, customer: &str) -> impl Iterator<Item = DeviceId> + '_ {
        self.queue(customer).into_iter().flat_map(|queue| queue.waiting.iter().copied())
    }

    pub fn importing(&self, customer: &str) -> impl Iterator<Item = DeviceId> + '_ {
        self.queue(customer).into_iter().flat_map(|queue| queue.working.iter().copied())
    }

    pub fn registered(&self, customer: &str) -> impl Iterator<Item = DeviceId> + '_ {
        self.queue(customer).into_iter().flat_map(|queue| queue.complete.iter().copied())
    }

    /// What goes out of a laptop that was asked for, and with which group tag.
    ///
    /// # Errors
    /// Why it cannot go as it is.
    pub(crate) fn sending_row(&self, id: DeviceId, lane: Lane) -> Result<(Row, String), crate::entry::Refusal> {
        let refusal = |why: &str, next: &str| crate::entry::Refusal { why: why.to_owned(), next: next.to_owned() };
        let device = self.devices.get(&id).ok_or_else(|| refusal("It is not on the bench.", "Nothing to do."))?;
        let set = self.batch_named(&device.batch).ok_or_else(|| refusal("It is in no batch.", "Capture it again."))?;
        if let Some(refusal) = self.stands_against(device) {
            return Err(refusal);
        }
        let tag = set.group_tag.clone().filter(|_| lane.is_autopilot());
        let row = self.row_of(device, lane, set, tag.as_deref())?;
        let tag = tag.or_else(|| Some(device.group_tag.clone()).filter(|_| lane.is_autopilot()));
        Ok((row, tag.unwrap_or_default()))
    }

    pub(crate) fn poll_of(&self, id: DeviceId) -> Option<Waiting> {
        let Progress::Working { import, .. } = &self.dossier(id)?.progress else { return None };
        Some(Waiting { device: id, import: import.clone(), called: self.called(id) })
    }

    pub(crate) fn reading_of(&self, id: DeviceId) -> Option<Reading> {
        let dossier = self.dossier(id).filter(|dossier| dossier.progress.is_complete())?;
        Some(Reading { device: id, registration: dossier.registration().cloned(), called: self.called(id) })
    }

    /// By which number the service knows it: its serial number, else the id of its Windows key.
    pub(crate) fn called(&self, id: DeviceId) -> String {
        let Some(device) = self.devices.get(&id) else { return String::new() };
        let serial = device.any_serial().map(ToString::to_string);
        serial.or_else(|| device.any_product_key_id().map(ToString::to_string)).unwrap_or_default()
    }

    pub(super) fn fold_asked(&mut self, devices: &[DeviceId], by: Option<&str>, at: Moment) -> Result<(), Misfit> {
        for id in devices {
            let customer = self.device_mut(*id)?.batch.clone();
            let customer = self.customer_of(&customer).unwrap_or_default().to_owned();
            let words = by.map_or_else(|| "to be registered".to_owned(), |by| format!("to be registered, says {by}"));
            self.device_mut(*id)?.note(at, Signal::Operator, words);
            self.registrations.entrust(*id, customer);
            self.registrations.set(*id, Progress::Waiting { since: at });
            self.refresh(*id);
        }
        Ok(())
    }

    pub(super) fn fold_dropped(&mut self, devices: &[DeviceId], at: Moment) -> Result<(), Misfit> {
        for id in devices {
            self.device_mut(*id)?.note(at, Signal::Operator, "not to be registered after all");
            self.registrations.set(*id, Progress::Unasked);
            self.refresh(*id);
        }
        Ok(())
    }

    pub(super) fn fold_begun(&mut self, open: Open) -> Result<(), Misfit> {
        for id in &open.devices {
            self.device_mut(*id)?;
            let (attempt, since) = (open.attempt.clone(), open.since);
            self.registrations.set(*id, Progress::Sending { attempt, since });
            self.refresh(*id);
        }
        self.registrations.customers.insert(open.attempt.clone(), folded(&open.customer));
        self.registrations.queue(&open.customer).open.insert(open.attempt.clone(), open);
        Ok(())
    }

    pub(super) fn fold_ended(
        &mut self,
        attempt: &AttemptId,
        taken: Vec<(DeviceId, ImportId)>,
        refused: Vec<(DeviceId, ImportState)>,
        at: Moment,
    ) -> Result<(), Misfit> {
        let settled: BTreeSet<DeviceId> =
            taken.iter().map(|(id, _)| *id).chain(refused.iter().map(|(id, _)| *id)).collect();
        if let Some(open) = self.registrations.open_mut(attempt) {
            open.devices.retain(|id| !settled.contains(id));
            if open.devices.is_empty() {
                self.registrations.close(attempt);
            }
        }
        for (id, import) in taken {
            let known = self.device_mut(id)?;
            known.note(at, Signal::Service, format!("sent for registration ({})", import.0));
            self.registrations.set(id, Progress::Working { import, since: at, word: "sent".to_owned() });
            self.refresh(id);
        }
        self.fold_said(refused, at)
    }

    pub(super) fn fold_undone(&mut self, attempt: &AttemptId, why: &str, at: Moment) -> Result<(), Misfit> {
        let Some(open) = self.registrations.close(attempt) else { return Ok(()) };
        for id in open.devices {
            self.device_mut(id)?.note(at, Signal::Service, format!("was not sent: {why}"));
            self.registrations.set(id, Progress::Waiting { since: at });
            self.refresh(id);
        }
        Ok(())
    }

    pub(super) fn fold_said(&mut self, said: Vec<(DeviceId, ImportState)>, at: Moment) -> Result<(), Misfit> {
        for (id, state) in said {
            self.device_mut(id)?;
            match state {
                ImportState::Working { word } => {
                    if let Some(Progress::Working { import, since, .. }) = self.progress(id) {
                        self.registrations.set(id, Progress::Working { import, since, word });
                    }
                }
                ImportState::Complete { registration } => self.complete(id, registration, false, at)?,
                ImportState::Failed { code, name } if is_already_ours(code, &name) => {
                    self.complete(id, None, true, at)?;
                }
                ImportState::Failed { code, name } => {
                    self.device_mut(id)?.note(at, Signal::Service, format!("registration refused: {name} ({code})"));
                    self.registrations.set(id, Progress::Failed { since: at, code, name });
                }
                // Whoever cleared the list of imports: the registration itself tells.
                ImportState::Gone => self.complete(id, None, true, at)?,
            }
            self.refresh(id);
        }
        Ok(())
    }

    /// Of all of them the gate may stand otherwise.
    pub(super) fn refresh_registered(&mut self) {
        let registered: Vec<DeviceId> = self.registrations.every_complete().collect();
        registered.into_iter().for_each(|id| self.refresh(id));
    }

    fn progress(&self, id: DeviceId) -> Option<Progress> {
        self.dossier(id).map(|dossier| dossier.progress.clone())
    }

    fn complete(&mut self, id: DeviceId, registration: Option<ZtdId>, already: bool, at: Moment) -> Result<(), Misfit> {
        // Complete once more only to bring the id, which may come late.
        let (since, already) = match self.progress(id) {
            Some(Progress::Complete { since, already, .. }) => (since, already),
            _ => (at, already),
        };
        let words = match (&registration, already) {
            (_, true) => "the service has it already".to_owned(),
            (Some(id), _) => format!("registered as {}", id.as_str()),
            (None, _) => "registered".to_owned(),
        };
        self.by_service(id, Event::Registered, at, words)?;
        self.registrations.set(id, Progress::Complete { since, registration, already });
        Ok(())
    }

    pub(super) fn fold_seen(&mut self, seen: Vec<(DeviceId, Seen)>, at: Moment) -> Result<(), Misfit> {
        for (id, seen) in seen {
            let known = self.device_mut(id)?;
            known.note(at, Signal::Service, seen.words());
            if let [only] = seen.registrations.as_slice() {
                known.ztd_id = Some(only.id.clone());
            }
            self.registrations.dossiers.entry(id).or_default().seen = Some((at, seen));
            self.refresh(id);
        }
        Ok(())
    }

    pub(super) fn fold_overridden(&mut self, id: DeviceId, given: Override) -> Result<(), Misfit> {
        let Override { condition, by, reason, at, .. } = &given;
        let words = format!("{} overridden by {by}: {reason}", condition.words());
        self.device_mut(id)?.note(*at, Signal::Operator, words);
        self.registrations.dossiers.entry(id).or_default().overrides.push(given);
        self.refresh(id);
        Ok(())
    }

    pub(super) fn fold_act(
        &mut self,
        attempt: AttemptId,
        customer: &str,
        act: Act,
        by: Option<&str>,
        at: Moment,
    ) -> Result<(), Misfit> {
        let by = by.map_or_else(String::new, |by| format!(", says {by}"));
        self.device_mut(act.device())?.note(at, Signal::Operator, format!("to do: {}{by}", act.words()));
        self.registrations.customers.insert(attempt.clone(), folded(customer));
        self.registrations.queue(customer).acts.insert(attempt, act);
        Ok(())
    }

    pub(super) fn fold_act_ended(
        &mut self,
        attempt: &AttemptId,
        problem: Option<&Problem>,
        at: Moment,
    ) -> Result<(), Misfit> {
        let act = self.registrations.customers.remove(attempt).and_then(|customer| {
            let queue = self.registrations.queues.get_mut(&customer)?;
            queue.acts.remove(attempt)
        });
        let Some(act) = act else { return Ok(()) };
        let id = act.device();
        let words = match problem {
            None => format!("done: {}", act.words()),
            Some(problem) => format!("NOT done: {}: {} {}", act.words(), problem.what, problem.why),
        };
        self.device_mut(id)?.note(at, Signal::Service, words);
        if problem.is_none() && matches!(act, Act::Deregister { .. }) {
            self.device_mut(id)?.ztd_id = None;
            if let Some(dossier) = self.registrations.dossiers.get_mut(&id) {
                (dossier.seen, dossier.overrides) = (None, vec![]);
            }
            self.registrations.set(id, Progress::Unasked);
            let known = self.device_mut(id)?;
            if known.stage.is_registered() {
                known.step(Event::Deregistered, Signal::Service, at, "its registration was deleted")?;
            }
        }
        self.refresh(id);
        Ok(())
    }
}

/// Some portals show 806 for what another company holds too; the name and the read-back tell them apart.
fn is_already_ours(code: i64, name: &str) -> bool {
    match name.trim() {
        "" => code == 806,
        name => name.eq_ignore_ascii_case("ZtdDeviceAlreadyAssigned"),
    }
}
