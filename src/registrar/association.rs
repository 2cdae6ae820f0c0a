//! Device preparation through Graph: device association, one laptop in each request, and corporate identifiers.
//!
//! Both are known to the service when it has answered, so there is nothing to poll. Neither is a registration for
//! Autopilot.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use tokio::time::Instant;
use whiteglove_core::{
    cloud::{
        Service, association,
        fault::{Fault, Kind},
        graph::{self, AssociatedDevice, same_serial},
        identifiers::{self, MOST_IDENTIFIERS, Present},
    },
    device::DeviceId,
    lane::{Lane, Row, laptops},
    problem::Problem,
    registration::{Association as Mark, AttemptId, ImportState, Reading, Report, Seen, Sending, Settling, Work},
};

use super::{
    asking::Asking,
    graph::{held, locked},
    paced::Paced,
};

/// As for imports: the longest that a request of unknown fate may still be at work.
pub(crate) const SETTLE: Duration = Duration::from_secs(120);
const MOST_PAGES: usize = 200;

#[derive(Debug)]
pub(crate) struct Association {
    asking: Asking,
    settle: Duration,
    looked: Mutex<HashMap<AttemptId, Instant>>,
}

fn complete() -> ImportState {
    ImportState::Complete { registration: None }
}

fn failed(code: i64, name: &str) -> ImportState {
    ImportState::Failed { code, name: name.to_owned() }
}

fn unreadable(error: &graph::Unreadable, what: &str) -> Fault {
    Fault::unreadable(Service::Graph, error, what)
}

impl Association {
    pub(crate) fn new(paced: Paced, settle: Duration) -> Self {
        Self { asking: Asking::new(paced, Service::Graph), settle, looked: Mutex::default() }
    }

    /// Can be dropped at any time; what was being sent then has to be settled.
    pub(crate) async fn carry_out(&self, work: Work) -> Report {
        match work {
            Work::Send(sending) => match sending.lane {
                Lane::Association => self.associate(sending).await,
                _ => self.identify(sending).await,
            },
            Work::Settle(settling) => self.settle(settling).await,
            // What was taken in is complete: nothing is left that could be waited for.
            Work::Poll(waiting) => {
                Report::Polled(waiting.into_iter().map(|one| (one.device, ImportState::Gone)).collect())
            }
            Work::Read(readings) => self.read(&readings).await,
            Work::Act { attempt, .. } => Report::Acted { attempt, outcome: Err(no_registration()) },
            Work::Sync => Report::Synced,
        }
    }

    /// One after the other. What is known when a request is lost is reported; the rest stays open and is settled.
    async fn associate(&self, sending: Sending) -> Report {
        let Sending { attempt, rows, .. } = sending;
        let (mut said, mut stopped) = (vec![], None);
        for row in &rows {
            let Some(request) = association::associate(row) else {
                said.push((row.device, failed(0, "This line is not for device association")));
                continue;
            };
            let what = format!("the association of {}", row.called);
            match self.asking.order(&request, &what).await {
                Ok(_) => said.push((row.device, complete())),
                Err(fault) if fault.kind == Kind::Conflict => match self.associated().await {
                    Ok(all) if all.iter().any(|one| same_serial(&one.serial, &row.called)) => {
                        said.push((row.device, complete()));
                    }
                    Ok(_) => said.push((row.device, failed(409, "It is associated, and not in this tenant"))),
                    Err(fault) => {
                        stopped = Some(fault);
                        break;
                    }
                },
                Err(fault) if fault.kind == Kind::Refused => {
                    said.push((row.device, failed(400, &fault.problem.why)));
                }
                Err(fault) => {
                    stopped = Some(fault);
                    break;
                }
            }
        }
        match stopped {
            Some(fault) if said.is_empty() && fault.kind.may_be_done() => lost(attempt, &fault),
            Some(fault) if said.is_empty() => held(fault),
            _ => Report::Sent { attempt, taken: vec![], refused: said },
        }
    }

    async fn identify(&self, sending: Sending) -> Report {
        let Sending { attempt, rows, .. } = sending;
        let named: Vec<(&Row, String)> =
            rows.iter().filter_map(|row| Some((row, identifiers::identifier(row)?))).collect();
        if named.is_empty() || named.len() < rows.len() {
            let why = Problem::new(
                "No corporate identifier was imported",
                "there are lines in it that are none",
                "Look which lane the customer has, and ask for it again.",
            );
            return Report::NotSent { attempt, why };
        }
        let mut said = vec![];
        for chunk in named.chunks(MOST_IDENTIFIERS) {
            let texts: Vec<String> = chunk.iter().map(|(_, text)| text.clone()).collect();
            let what = format!("the corporate identifiers of {}", laptops(texts.len()));
            let answer = match self.asking.order(&identifiers::import(&texts), &what).await {
                Ok(answer) => answer,
                Err(_) if !said.is_empty() => break,
                Err(fault) if fault.kind.may_be_done() => return lost(attempt, &fault),
                Err(fault) if fault.kind == Kind::Refused => return Report::NotSent { attempt, why: fault.problem },
                Err(fault) => return held(fault),
            };
            let mut present = identifiers::present(&answer).unwrap_or_default();
            if !texts.iter().all(|text| present.has(text)) {
                // It may say of one that was there before that it did not take it in.
                match self.search(&texts).await {
                    Ok(found) => present.add(found),
                    Err(fault) => return lost(attempt, &fault),
                }
            }
            said.extend(chunk.iter().map(|(row, text)| match present.has(text) {
                true => (row.device, complete()),
                false => (row.device, failed(0, "The service did not take the identifier in")),
            }));
        }
        Report::Sent { attempt, taken: vec![], refused: said }
    }

    async fn search(&self, texts: &[String]) -> Result<Present, Fault> {
        let what = "looking corporate identifiers up";
        let answer = self.asking.ask(&identifiers::search(texts), what).await?;
        identifiers::present(&answer).map_err(|error| unreadable(&error, what))
    }

    async fn associated(&self) -> Result<Vec<AssociatedDevice>, Fault> {
        let what = "the list of device associations";
        let pages = self.asking.pages(graph::associations(), what, MOST_PAGES, graph::associated_devices, |_| false);
        pages.await.map(|(all, _)| all)
    }

    /// Looks which of them are there.
    async fn settle(&self, settling: Settling) -> Report {
        let Settling { attempt, lane, lines, .. } = settling;
        let first = *locked(&self.looked).entry(attempt.clone()).or_insert_with(Instant::now);
        let found = match lane {
            Lane::Association => self.found_associated(&lines).await,
            _ => self.found_identified(&lines).await,
        };
        let found = match found {
            Ok(found) => found,
            Err(fault) => return held(fault),
        };
        let missing = lines.len() - found.len();
        if missing == 0 {
            locked(&self.looked).remove(&attempt);
        }
        if !found.is_empty() {
            let refused = found.into_iter().map(|device| (device, complete())).collect();
            return Report::Sent { attempt, taken: vec![], refused };
        }
        if first.elapsed() < self.settle {
            return Report::Lost { attempt, why: format!("{} are not with the service yet", laptops(missing)) };
        }
        locked(&self.looked).remove(&attempt);
        let why = Problem::new(
            format!("{} of a sending never arrived", laptops(missing)),
            "the service does not know them",
            "Nothing: it is sent again.",
        );
        Report::NotSent { attempt, why }
    }

    async fn found_associated(&self, lines: &[Reading]) -> Result<Vec<DeviceId>, Fault> {
        let all = self.associated().await?;
        let there = |line: &&Reading| all.iter().any(|one| same_serial(&one.serial, &line.called));
        Ok(lines.iter().filter(there).map(|line| line.device).collect())
    }

    /// The whole identifier is not known any more, only the number in it.
    async fn found_identified(&self, lines: &[Reading]) -> Result<Vec<DeviceId>, Fault> {
        let what = "the list of corporate identifiers";
        let pages = self.asking.pages(identifiers::list(), what, MOST_PAGES, identifiers::listed_serials, |_| false);
        let (serials, _) = pages.await?;
        let there = |line: &&Reading| serials.iter().any(|serial| identifiers::is_serial(serial, &line.called));
        Ok(lines.iter().filter(there).map(|line| line.device).collect())
    }

    async fn read(&self, readings: &[Reading]) -> Report {
        let all = match self.associated().await {
            Ok(all) => all,
            Err(fault) if fault.kind.passes() => return held(fault),
            // Not open to this tenant, or to this application: nothing is seen, and nobody is held up by it.
            Err(fault) => {
                tracing::debug!(problem = %fault.problem, "device associations are not read");
                return Report::Read(vec![]);
            }
        };
        let mark = |called: &str| match all.iter().find(|one| same_serial(&one.serial, called)) {
            Some(one) => Mark::Present { id: one.id.clone(), state: one.state.clone() },
            None => Mark::Absent,
        };
        let seen = |one: &Reading| {
            let association = Some(mark(&one.called));
            (one.device, Seen { registrations: vec![], association, technician: None })
        };
        Report::Read(readings.iter().map(seen).collect())
    }
}

fn lost(attempt: AttemptId, fault: &Fault) -> Report {
    Report::Lost { attempt, why: format!("{} {}", fault.problem.what, fault.problem.why) }
}

fn no_registration() -> Problem {
    Problem::new(
        "Nothing was changed",
        "laptops of device preparation have no registration for Autopilot",
        "Look in the Intune admin center under device preparation.",
    )
}

#[cfg(test)]
mod tests;
