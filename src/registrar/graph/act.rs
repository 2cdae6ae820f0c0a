//! What a person asked for of one registration, and of the tenant's synchronisation.

use whiteglove_core::{
    cloud::{
        Request, Service,
        fault::{Fault, Kind},
        graph,
    },
    registration::{Act, Amendment, AttemptId, Registration, Report},
};

use super::{Graph, held, unreadable};
use crate::registrar::asking::understood;
use crate::registrar::paced::Missed;

impl Graph {
    /// Each of them can be done twice without harm, so what nobody answered is reported as lost and handed out again.
    pub(super) async fn act(&self, attempt: AttemptId, act: Act) -> Report {
        let done = match &act {
            Act::Amend(amendment) => self.amend(amendment).await,
            Act::Unblock { registration, .. } => {
                self.done(&graph::unblock(registration), "letting the laptop be provisioned once more").await
            }
            Act::Deregister { registration, .. } => {
                match self.done(&graph::delete(registration), "deleting the registration").await {
                    // Somebody was faster.
                    Err(fault) if fault.kind == Kind::NotFound => Ok(()),
                    done => done,
                }
            }
        };
        match done {
            Ok(()) => Report::Acted { attempt, outcome: Ok(()) },
            Err(fault) => match fault.kind {
                Kind::Lost | Kind::Unreadable => {
                    Report::Lost { attempt, why: format!("{} {}", fault.problem.what, fault.problem.why) }
                }
                Kind::Unreached | Kind::Throttled | Kind::Unauthorized => held(fault),
                // A person asked for it, and is told; a fault of the service may be one that this request brings about.
                Kind::Faulty | Kind::Forbidden | Kind::NotFound | Kind::Conflict | Kind::Refused => {
                    Report::Acted { attempt, outcome: Err(fault.problem) }
                }
            },
        }
    }

    async fn done(&self, request: &Request, what: &str) -> Result<(), Fault> {
        self.order(request, what).await.map(drop)
    }

    /// Group tag, user and name together, if they are not like that already.
    async fn amend(&self, wanted: &Amendment) -> Result<(), Fault> {
        let what = "setting group tag, user and name";
        let answer = self.ask(&graph::get(&wanted.registration), what).await?;
        let now = graph::registration(&answer).map_err(|error| unreadable(&error, what))?;
        if is_so(&now, wanted) {
            return Ok(());
        }
        if wanted.user.is_empty() && !now.user.is_empty() {
            self.done(&graph::unassign_user(&wanted.registration), "taking the user away").await?;
        }
        match self.done(&graph::update(wanted), what).await {
            // Some tenants take a user by its own action only.
            Err(fault) if fault.kind == Kind::Refused && !wanted.user.is_empty() && now.user != wanted.user => {
                let assigned = self.done(&graph::assign_user(&wanted.registration, &wanted.user), what).await;
                // The first refusal says more.
                assigned.map_err(|second| if second.kind == Kind::Refused { fault } else { second })?;
                self.done(&graph::update(wanted), what).await
            }
            done => done,
        }
    }

    /// Ten minutes are kept whoever synchronised last. That somebody else did, or does just now, is as good.
    pub(super) async fn sync(&self) -> Report {
        if self.paced.sync_ready().is_err() {
            return Report::Synced;
        }
        let what = "synchronising the tenant";
        // What others did is not known before it was asked; without an answer the service will say so itself.
        match self.ask(&graph::get_settings(), what).await {
            Ok(answer) => {
                let asked = graph::settings(&answer).ok().and_then(|settings| settings.last_asked);
                asked.into_iter().for_each(|at| self.paced.sync_seen(at));
            }
            Err(fault) if fault.kind.passes() => return held(fault),
            Err(fault) => tracing::debug!(problem = %fault.problem, "the last synchronisation is not known"),
        }
        if self.paced.sync_ready().is_err() {
            return Report::Synced;
        }
        let answer = self.paced.send(&graph::sync()).await;
        let is_sent = !matches!(answer, Err(Missed::NotNow { .. }));
        match understood(Service::Graph, answer, what) {
            Ok(_) => Report::Synced,
            // It runs, it ran just now, or it may.
            Err(fault) if is_sent && matches!(fault.kind, Kind::Conflict | Kind::Throttled | Kind::Lost) => {
                Report::Synced
            }
            Err(fault) => held(fault),
        }
    }
}

fn is_so(now: &Registration, wanted: &Amendment) -> bool {
    now.group_tag == wanted.group_tag && now.user.eq_ignore_ascii_case(&wanted.user) && now.name == wanted.name
}
