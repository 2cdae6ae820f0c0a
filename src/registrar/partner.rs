//! Registration by Partner Center: batches whose name is the group tag, and the jobs that work on them.
//!
//! Nothing that may be there is sent again: a request without an answer is reported as lost, and settled by looking
//! which devices the batch has. No answer names a registration; reading back is Graph's.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use tokio::time::Instant;
use whiteglove_core::{
    cloud::{
        Service,
        fault::{Fault, Kind},
        graph::{Unreadable, same_serial},
        partner::{self, Job, Known, MOST_DEVICES, Track},
    },
    device::DeviceId,
    lane::{Line, laptops},
    problem::Problem,
    registration::{Act, AttemptId, ImportState, Report, Sending, Settling, Waiting, Work},
};

use super::{
    asking::Asking,
    graph::{held, locked},
    paced::Paced,
};

/// How long after the first look a device that nobody finds may still turn up: the page's own example of a job takes
/// ten minutes, and a device is listed when its job has ended.
pub(crate) const SETTLE: Duration = Duration::from_secs(30 * 60);
/// Pages of a batch; a hundred devices in each.
const MOST_PAGES: usize = 200;
const SERVICE: Service = Service::PartnerCenter;

#[derive(Debug)]
pub(crate) struct Partner {
    asking: Asking,
    /// The customer, as Partner Center knows it.
    tenant: String,
    settle: Duration,
    /// When each sending of unknown fate was looked for first.
    looked: Mutex<HashMap<AttemptId, Instant>>,
}

fn unreadable(error: &Unreadable, what: &str) -> Fault {
    Fault::unreadable(SERVICE, error, what)
}

impl Partner {
    pub(crate) fn new(paced: Paced, tenant: String, settle: Duration) -> Self {
        Self { asking: Asking::new(paced, SERVICE), tenant, settle, looked: Mutex::default() }
    }

    /// Can be dropped at any time; what was being sent then has to be settled.
    pub(crate) async fn carry_out(&self, work: Work) -> Report {
        match work {
            Work::Send(sending) => self.send(sending).await,
            Work::Settle(settling) => self.settle(settling).await,
            Work::Poll(waiting) => self.poll(&waiting).await,
            // Nothing is seen of them from here.
            Work::Read(_) => Report::Read(vec![]),
            Work::Act { attempt, act } => {
                let what = match act {
                    Act::Amend(_) => "changed",
                    Act::Unblock { .. } => "let be provisioned again",
                    Act::Deregister { .. } => "deleted",
                };
                Report::Acted { attempt, outcome: Err(by_graph(what)) }
            }
            // It has no such thing.
            Work::Sync => Report::Synced,
        }
    }

    async fn send(&self, sending: Sending) -> Report {
        let Sending { attempt, group_tag, rows, .. } = sending;
        let fits = rows.iter().all(|row| matches!(row.line, Line::Partner { .. }));
        if !fits || rows.is_empty() || rows.len() > MOST_DEVICES {
            let why = Problem::new(
                "Nothing was sent to Partner Center",
                format!("a request holds 1 to {MOST_DEVICES} lines that are for it, and these are {}", rows.len()),
                "Look which lane the customer has, and ask for the registration again.",
            );
            return Report::NotSent { attempt, why };
        }
        if group_tag.trim().is_empty() {
            // Sending it would give the laptops a group tag that nobody chose.
            let state =
                ImportState::Failed { code: 0, name: "A batch needs a name: set the batch's group tag".to_owned() };
            let refused = rows.iter().map(|row| (row.device, state.clone())).collect();
            return Report::Sent { attempt, taken: vec![], refused };
        }
        let exists = match self.exists(&group_tag).await {
            Ok(exists) => exists,
            Err(fault) => return held(fault),
        };
        let what = format!("the registration of {}", laptops(rows.len()));
        let append = partner::append(&self.tenant, &group_tag, &rows, &attempt);
        let sent = match exists {
            true => self.asking.order(&append, &what).await,
            false => {
                let create = partner::create(&self.tenant, &group_tag, &rows, &attempt);
                match self.asking.order(&create, &what).await {
                    // Somebody made it meanwhile.
                    Err(fault) if fault.kind == Kind::Conflict => self.asking.order(&append, &what).await,
                    sent => sent,
                }
            }
        };
        let answer = match sent {
            Ok(answer) => answer,
            Err(fault) if fault.kind.may_be_done() => return lost(attempt, &fault),
            Err(fault) if fault.kind == Kind::Refused => return Report::NotSent { attempt, why: fault.problem },
            Err(fault) => return held(fault),
        };
        let Some(job) = Track::job_at(&answer) else {
            let why = format!("{} took {what} and does not say which job works on it", SERVICE.words());
            return Report::Lost { attempt, why };
        };
        let taken = rows.iter().filter_map(|row| Some((row.device, Track::of(&job, row)?.import()))).collect();
        Report::Sent { attempt, taken, refused: vec![] }
    }

    async fn exists(&self, group_tag: &str) -> Result<bool, Fault> {
        let what = "the list of batches";
        let answer = self.asking.ask(&partner::batches(&self.tenant), what).await?;
        let names = partner::batch_names(&answer).map_err(|error| unreadable(&error, what))?;
        Ok(names.iter().any(|name| name == group_tag))
    }

    /// A job is asked for once, however many laptops it has.
    async fn poll(&self, waiting: &[Waiting]) -> Report {
        let (mut jobs, mut said, mut missed): (HashMap<String, Option<Job>>, Vec<_>, _) =
            (HashMap::new(), vec![], None);
        let mut failed: HashSet<String> = HashSet::new();
        for one in waiting {
            // Of another lane, or of a version that is gone.
            let Some(track) = Track::parse(&one.import) else {
                said.push((one.device, ImportState::Gone));
                continue;
            };
            if failed.contains(&track.job) {
                continue;
            }
            let known = match jobs.get(&track.job) {
                Some(known) => known,
                None => match self.job(&track.job).await {
                    Ok(job) => jobs.entry(track.job.clone()).or_insert(job),
                    Err(fault) => {
                        failed.insert(track.job);
                        missed = Some(fault);
                        continue;
                    }
                },
            };
            said.push((one.device, known.as_ref().map_or(ImportState::Gone, |job| job.state(&track.device))));
        }
        match missed {
            Some(fault) if said.is_empty() => held(fault),
            _ => Report::Polled(said),
        }
    }

    /// `None`: it is not known any more.
    async fn job(&self, id: &str) -> Result<Option<Job>, Fault> {
        let what = "the state of a batch job";
        match self.asking.ask(&partner::job(&self.tenant, id), what).await {
            Ok(answer) => partner::job_status(&answer).map(Some).map_err(|error| unreadable(&error, what)),
            Err(fault) if fault.kind == Kind::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Looks which of them the batch has. A job may still be at work on it, so "it is not there" is said only when
    /// enough time has passed since it was first looked for in this life of the program.
    async fn settle(&self, settling: Settling) -> Report {
        let Settling { attempt, group_tag, lines, .. } = settling;
        let first = *locked(&self.looked).entry(attempt.clone()).or_insert_with(Instant::now);
        let known = match self.known(&group_tag).await {
            Ok(known) => known,
            Err(fault) => return held(fault),
        };
        let is = |known: &Known, called: &str| {
            known.is(called) || same_serial(&known.serial, called) || same_serial(&known.product_key, called)
        };
        let found: Vec<(DeviceId, ImportState)> = lines
            .iter()
            .filter(|line| known.iter().any(|known| is(known, &line.called)))
            .map(|line| (line.device, ImportState::Complete { registration: None }))
            .collect();
        let missing = lines.len() - found.len();
        if missing == 0 {
            locked(&self.looked).remove(&attempt);
        }
        if !found.is_empty() {
            return Report::Sent { attempt, taken: vec![], refused: found };
        }
        if first.elapsed() >= self.settle {
            locked(&self.looked).remove(&attempt);
            let why = Problem::new(
                format!("{} of a sending never arrived", laptops(missing)),
                format!("the batch {group_tag} at Partner Center does not have them"),
                "Nothing: it is sent again.",
            );
            return Report::NotSent { attempt, why };
        }
        Report::Lost { attempt, why: format!("{} are not in the batch yet", laptops(missing)) }
    }

    /// Devices of a batch; none if there is no such batch.
    async fn known(&self, group_tag: &str) -> Result<Vec<Known>, Fault> {
        let what = "the devices of a batch";
        let (mut all, mut from, mut seen) = (vec![], None::<String>, HashSet::new());
        for _ in 0..MOST_PAGES {
            let answer = match self.asking.ask(&partner::devices(&self.tenant, group_tag, from.as_deref()), what).await
            {
                Ok(answer) => answer,
                Err(fault) if fault.kind == Kind::NotFound && from.is_none() => return Ok(vec![]),
                Err(fault) => return Err(fault),
            };
            let page = partner::known_devices(&answer).map_err(|error| unreadable(&error, what))?;
            all.extend(page.items);
            match page.next {
                None => return Ok(all),
                // A list that leads back into itself has no end.
                Some(next) if !seen.insert(next.clone()) => {
                    let error = Unreadable { at: "continuationToken".to_owned(), why: "it leads back".to_owned() };
                    return Err(unreadable(&error, what));
                }
                next => from = next,
            }
        }
        Ok(all)
    }
}

fn lost(attempt: AttemptId, fault: &Fault) -> Report {
    Report::Lost { attempt, why: format!("{} {}", fault.problem.what, fault.problem.why) }
}

fn by_graph(what: &str) -> Problem {
    Problem::new(
        format!("Registrations are not {what} at Partner Center"),
        "it shows what it took in, and neither profile nor state of a laptop",
        "Let the customer grant a sign-in for Graph, or look in the customer's Intune admin center.",
    )
}

#[cfg(test)]
mod tests;
