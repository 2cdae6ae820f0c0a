//! Carries out a plan that a person agreed to: step by step, and no further than the first that fails.

use std::time::Duration;

use tokio::time::Instant;
use whiteglove_core::{
    cloud::{
        fault::{Fault, Kind},
        plan::{self, Act, Plan, Step},
    },
    problem::Problem,
};

use super::asking::Asking;

/// How patiently is waited until something has gone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) between: Duration,
    pub(crate) most: Duration,
}

impl Patience {
    /// A registration goes within minutes as a rule.
    pub(crate) const USUAL: Self = Self { between: Duration::from_secs(15), most: Duration::from_secs(15 * 60) };
}

/// Steps that are done, and why not all of them are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) done: usize,
    pub(crate) problem: Option<Problem>,
}

/// Why a step is not done.
struct Stop {
    problem: Problem,
    /// It may be done after all: no whole answer came.
    perhaps: bool,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self { perhaps: fault.kind.may_be_done(), problem: fault.problem }
    }
}

pub(crate) async fn carry_out(asking: &Asking, plan: &Plan, patience: Patience) -> Outcome {
    let mut made = None;
    for (done, step) in plan.steps.iter().enumerate() {
        if let Err(stop) = one(asking, step, &mut made, patience).await {
            return Outcome { done, problem: Some(stopped_at(plan, done, step, &stop)) };
        }
    }
    Outcome { done: plan.steps.len(), problem: None }
}

fn stopped_at(plan: &Plan, done: usize, step: &Step, stop: &Stop) -> Problem {
    let Stop { problem, perhaps } = stop;
    let before = match (done, perhaps) {
        (0, false) => "Nothing was changed".to_owned(),
        (0, true) => "Nothing was changed before".to_owned(),
        (1, _) => "The first step is done".to_owned(),
        (done, _) => format!("The first {done} steps are done"),
    };
    let is = if *perhaps { "may be done or not" } else { "is not" };
    let (number, all) = (done + 1, plan.steps.len());
    let why = format!("{before}; step {number} of {all} ({}) {is}: {} {}", step.what, problem.what, problem.why);
    let next = match perhaps {
        true => "Have the plan made anew: it is made of what the tenant says then.".to_owned(),
        false => format!("{} Then have the plan made anew: it has what is left.", problem.next),
    };
    Problem::new("The plan was not carried out to its end", why, next)
}

async fn one(asking: &Asking, step: &Step, made: &mut Option<String>, patience: Patience) -> Result<(), Stop> {
    let what = format!("this: {}", step.what);
    let begun = Instant::now();
    match &step.act {
        Act::Send(request) => {
            *made = plan::made(&asking.order(request, &what).await?);
            Ok(())
        }
        act @ Act::SendToMade(_) => {
            let Some(id) = made.as_deref() else {
                let problem = Problem::new(
                    "the service does not say what it made before",
                    "its answer had no id",
                    "Look for it in the Intune admin center and do this step there.",
                );
                return Err(Stop { problem, perhaps: false });
            };
            asking.order(&act.to_made(id), &what).await?;
            Ok(())
        }
        Act::Remove(request) => match asking.order(request, &what).await {
            Err(fault) if fault.kind == Kind::NotFound => Ok(()),
            done => Ok(done.map(drop)?),
        },
        Act::UntilGone(request) => loop {
            match asking.ask(request, &what).await {
                Err(fault) if fault.kind == Kind::NotFound => return Ok(()),
                Err(fault) if !fault.kind.passes() => return Err(Stop { problem: fault.problem, perhaps: false }),
                _ if begun.elapsed() >= patience.most => {
                    let problem = Problem::new(
                        "it is still there",
                        format!("{} minutes have passed", patience.most.as_secs() / 60),
                        "Wait, and look again later; Intune takes its time now and then.",
                    );
                    return Err(Stop { problem, perhaps: false });
                }
                _ => tokio::time::sleep(patience.between).await,
            }
        },
    }
}

#[cfg(test)]
mod tests;
