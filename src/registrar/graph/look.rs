//! Looking: how far imports are, and what the tenant holds of a laptop.

use std::collections::HashMap;

use tokio::time::Instant;
use whiteglove_core::{
    cloud::{
        fault::{Fault, Kind},
        graph::{self, AssociatedDevice, Event, Imported, MOST_PARTS, ManagedDevice, same_serial},
    },
    device::DeviceId,
    lane::laptops,
    registration::{Association, ImportId, ImportState, Reading, Registration, Report, Seen, Technician, Waiting},
};

use super::{Graph, held, locked, unreadable};

/// Pages of what a number in a search brings.
const MOST_FOUND: usize = 20;
/// Pages of device associations. A tenant with more of them is asked for nothing.
const MOST_ASSOCIATED: usize = 20;
/// Pages of Intune's report of deployments, fifty in each.
const MOST_EVENTS: usize = 20;
/// When what may not be read is asked for again.
const CLOSED: std::time::Duration = std::time::Duration::from_secs(3600);

impl Graph {
    /// A list tells of many in one request, so it is read first; whom it does not name is asked for by id, as only that
    /// can tell that an import is gone.
    pub(super) async fn poll(&self, waiting: Vec<Waiting>) -> Report {
        let mut states: HashMap<ImportId, ImportState> = HashMap::new();
        if waiting.len() > MOST_PARTS {
            let wanted =
                |imports: &[Imported]| waiting.iter().all(|one| imports.iter().any(|import| import.id == one.import));
            // No more pages than asking by id would take.
            let most = waiting.len().div_ceil(MOST_PARTS);
            let list = self.pages(graph::list_imported(), "the list of imports", most, graph::imported_list, wanted);
            match list.await {
                Ok((imports, _)) => states.extend(imports.into_iter().map(|import| (import.id, import.state))),
                Err(fault) if fault.kind.passes() => return held(fault),
                Err(fault) => tracing::debug!(problem = %fault.problem, "imports are asked for one by one"),
            }
        }
        let rest: Vec<&Waiting> = waiting.iter().filter(|one| !states.contains_key(&one.import)).collect();
        let requests: Vec<_> = rest.iter().map(|one| graph::get_imported(&one.import)).collect();
        let what = format!("the state of {}", laptops(waiting.len()));
        let mut missed = None;
        for (one, answer) in rest.iter().zip(self.each(&requests, &what).await) {
            let state = match answer {
                Ok(answer) => graph::imported(&answer).map(|import| import.state).map_err(|e| unreadable(&e, &what)),
                Err(fault) if fault.kind == Kind::NotFound => Ok(ImportState::Gone),
                Err(fault) => Err(fault),
            };
            match state {
                Ok(state) => drop(states.insert(one.import.clone(), state)),
                Err(fault) => missed = Some(fault),
            }
        }
        let said: Vec<(DeviceId, ImportState)> =
            waiting.iter().filter_map(|one| Some((one.device, states.get(&one.import)?.clone()))).collect();
        match missed {
            Some(fault) if said.is_empty() => held(fault),
            _ => Report::Polled(said),
        }
    }

    /// By id where it is known, else by number; each with its profile, and whether a device association stands against
    /// it.
    pub(super) async fn read(&self, readings: Vec<Reading>) -> Report {
        let mut missed = None;
        let mut seen: Vec<(DeviceId, &str, Vec<Registration>)> = vec![];
        let known: Vec<_> = readings.iter().filter_map(|one| Some((one, one.registration.as_ref()?))).collect();
        let requests: Vec<_> = known.iter().map(|(_, id)| graph::get(id)).collect();
        let mut search: Vec<&Reading> = readings.iter().filter(|one| one.registration.is_none()).collect();
        for ((one, _), answer) in known.iter().zip(self.each(&requests, "reading registrations back").await) {
            match answer.and_then(|answer| read_back(&answer)) {
                Ok(registration) => seen.push((one.device, &one.called, vec![registration])),
                // Deleted, or registered anew under another id.
                Err(fault) if fault.kind == Kind::NotFound => search.push(one),
                Err(fault) => missed = Some(fault),
            }
        }
        // Of a laptop without a number nothing can be found, and nothing is said.
        search.retain(|one| !one.called.trim().is_empty());
        for (one, found) in search.iter().zip(self.searched(&search).await) {
            match found {
                Ok(found) => match self.with_profiles(found).await {
                    Ok(found) => seen.push((one.device, &one.called, found)),
                    Err(fault) => missed = Some(fault),
                },
                Err(fault) => missed = Some(fault),
            }
        }
        if let (Some(fault), true) = (missed, seen.is_empty()) {
            return held(fault);
        }
        let associated = if seen.is_empty() { None } else { self.associated().await };
        let enrolled = seen.iter().flat_map(|(.., registrations)| registrations).filter(|one| was_enrolled(one));
        let enrolled: Vec<&str> = enrolled.map(|one| one.serial.as_str()).collect();
        let (events, managed) = self.deployed(&enrolled).await;
        let seen = seen.iter().map(|(device, called, registrations)| {
            let association = associated.as_deref().map(|all| association(all, called, registrations));
            let known = registrations.iter().filter(|one| was_enrolled(one));
            let technician = known.filter_map(|one| Technician::of(&one.serial, &events, &managed)).next();
            (*device, Seen { registrations: registrations.clone(), association, technician })
        });
        Report::Read(seen.collect())
    }

    /// What is registered under each of the numbers. Without profiles: a list does not tell them.
    pub(super) async fn searched(&self, readings: &[&Reading]) -> Vec<Result<Vec<Registration>, Fault>> {
        let requests: Vec<_> = readings.iter().map(|one| graph::search(&one.called)).collect();
        let answers = self.each(&requests, "looking registrations up").await;
        let mut found = Vec::with_capacity(answers.len());
        for ((one, request), answer) in readings.iter().zip(requests).zip(answers) {
            found.push(
                match answer {
                    Ok(answer) => match graph::registrations(&answer) {
                        Ok(page) if page.next.is_none() => Ok(page.items),
                        // Rare: a number so short that many others contain it.
                        Ok(_) => {
                            let what = "looking a registration up";
                            let pages = self.pages(request, what, MOST_FOUND, graph::registrations, |_| false).await;
                            pages.map(|(items, _)| items)
                        }
                        Err(error) => Err(unreadable(&error, "looking registrations up")),
                    },
                    Err(fault) => Err(fault),
                }
                .map(|mut items| {
                    items.retain(|item| same_serial(&item.serial, &one.called));
                    items
                }),
            );
        }
        found
    }

    async fn with_profiles(&self, found: Vec<Registration>) -> Result<Vec<Registration>, Fault> {
        let requests: Vec<_> = found.iter().map(|found| graph::get(&found.id)).collect();
        let mut whole = vec![];
        for answer in self.each(&requests, "reading registrations back").await {
            match answer.and_then(|answer| read_back(&answer)) {
                Ok(registration) => whole.push(registration),
                Err(fault) if fault.kind == Kind::NotFound => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(whole)
    }

    /// All device associations of the tenant. `None`: nobody knows.
    async fn associated(&self) -> Option<Vec<AssociatedDevice>> {
        let what = "the list of device associations";
        let pages = self.pages(graph::associations(), what, MOST_ASSOCIATED, graph::associated_devices, |_| false);
        match self.unless_closed(what, pages).await? {
            (all, true) => Some(all),
            (_, false) => None,
        }
    }

    /// What Intune tells of laptops that were started. Only those cost anything, and what may not be read is missing.
    async fn deployed(&self, serials: &[&str]) -> (Vec<Event>, Vec<ManagedDevice>) {
        if serials.is_empty() {
            return (vec![], vec![]);
        }
        let what = "Intune's report of deployments";
        let pages = self.pages(graph::events(), what, MOST_EVENTS, graph::events_of, |_| false);
        let events = self.unless_closed(what, pages).await.map(|(events, _)| events).unwrap_or_default();
        let what = "Intune's managed devices";
        let managed = self.unless_closed(what, async {
            let requests: Vec<_> = serials.iter().map(|serial| graph::managed_devices_with(serial)).collect();
            let mut managed = vec![];
            for answer in self.each(&requests, what).await {
                let page = graph::managed_devices(&answer?).map_err(|error| unreadable(&error, what))?;
                managed.extend(page.items);
            }
            Ok(managed)
        });
        (events, managed.await.unwrap_or_default())
    }

    /// What is refused is not asked for again for a while: a right that is missing is not given every minute.
    async fn unless_closed<T>(&self, what: &'static str, asking: impl Future<Output = Result<T, Fault>>) -> Option<T> {
        if locked(&self.closed).get(what).is_some_and(|until| Instant::now() < *until) {
            return None;
        }
        let fault = match asking.await {
            Ok(told) => return Some(told),
            Err(fault) => fault,
        };
        if !fault.kind.passes() {
            locked(&self.closed).insert(what, Instant::now() + CLOSED);
        }
        tracing::debug!(problem = %fault.problem, "{what} is not known");
        None
    }
}

/// Somebody started it.
fn was_enrolled(registration: &Registration) -> bool {
    let is = |word: &str, of: &str| word.eq_ignore_ascii_case(of);
    is(&registration.enrollment, "enrolled")
        || is(&registration.userless, "blocked")
        || !registration.managed_device.is_empty()
}

fn read_back(answer: &whiteglove_core::cloud::Answer) -> Result<Registration, Fault> {
    graph::registration(answer).map_err(|error| unreadable(&error, "reading registrations back"))
}

fn association(all: &[AssociatedDevice], called: &str, registrations: &[Registration]) -> Association {
    let mine = |one: &&AssociatedDevice| {
        same_serial(&one.serial, called) || registrations.iter().any(|own| same_serial(&one.serial, &own.serial))
    };
    match all.iter().find(mine) {
        Some(one) => Association::Present { id: one.id.clone(), state: one.state.clone() },
        None => Association::Absent,
    }
}
