//! Customers and batches as people set them: one by one, or all that are in a file.

use std::{collections::BTreeSet, path::PathBuf};

use whiteglove_core::{
    batch::Batch, bench::Changed, control::Settings, customer::Customer, problem::Problem, record::Record,
};

use super::{Input, Owner, Then};
use crate::settings::{self, Found};

impl Owner {
    pub(super) fn set_customer(&self, customer: Customer, reason: Option<String>) -> Result<Changed, Problem> {
        self.not_ours(Some(&customer.name))?;
        self.bench.decide_customer(customer, reason)
    }

    pub(super) fn set_batch(&self, batch: Batch, reason: Option<String>) -> Result<Changed, Problem> {
        self.not_ours(batch.customer.as_deref())?;
        self.bench.decide_batch(batch, reason)
    }

    /// Reads the file on a thread of its own: a path may lead to a share that hangs, and the bench goes on.
    pub(super) fn find_settings(&mut self, from: u64, of: Settings, place: PathBuf, reason: Option<String>) {
        let inbox = self.inbox.clone();
        let read = move || {
            let found = settings::find(of, &place);
            drop(inbox.blocking_send(Input::Settings { from, found, reason }));
        };
        if let Err(error) = std::thread::Builder::new().name("settings".into()).spawn(read) {
            let why = format!("The system says: {error}.");
            self.tell(from, Err(Problem::new("The file was not read.", why, "Close other programs and try again.")));
        }
    }

    /// All of them or none: who reads "not taken" need not wonder which.
    pub(super) fn settings_found(
        &mut self,
        from: u64,
        found: Result<Found, Problem>,
        reason: Option<&str>,
    ) -> (Vec<Record>, Option<Then>) {
        match found.and_then(|found| self.decide_settings(found, reason)) {
            Ok((records, done)) => {
                let then: Then = Box::new(move |owner, written| owner.tell(from, written.map(|()| done)));
                (records, Some(then))
            }
            Err(problem) => {
                self.tell(from, Err(problem));
                (vec![], None)
            }
        }
    }

    fn decide_settings(&self, found: Found, reason: Option<&str>) -> Result<Changed, Problem> {
        let decided: Vec<Changed> = match found {
            Found::Customers(all) => {
                no_twins("customer", all.iter().map(|customer| customer.name.as_str()))?;
                let several = all.len() > 1;
                let set = |customer: Customer| {
                    let name = customer.name.clone();
                    self.set_customer(customer, reason.map(str::to_owned))
                        .map_err(|problem| of_several(several, &name, problem))
                };
                all.into_iter().map(set).collect::<Result<_, _>>()?
            }
            Found::Batches(all) => {
                no_twins("batch", all.iter().map(|batch| batch.name.as_str()))?;
                let several = all.len() > 1;
                let set = |batch: Batch| {
                    let name = batch.name.clone();
                    self.set_batch(batch, reason.map(str::to_owned))
                        .map_err(|problem| of_several(several, &name, problem))
                };
                all.into_iter().map(set).collect::<Result<_, _>>()?
            }
        };
        let (records, words): (Vec<_>, Vec<_>) = decided.into_iter().unzip();
        let words = match words.as_slice() {
            [one] => one.clone(),
            many => {
                let changed = records.iter().filter(|records| !records.is_empty()).count();
                format!("{} taken from the file; {changed} of them are new or were changed.", many.len())
            }
        };
        Ok((records.into_iter().flatten().collect(), words))
    }
}

/// Which of several is meant, and that none of the others was taken either.
fn of_several(several: bool, name: &str, problem: Problem) -> Problem {
    match several {
        false => problem,
        true => Problem::new(
            format!("Nothing of the file was taken, because of '{}'.", name.trim()),
            format!("{} {}", problem.what, problem.why),
            problem.next,
        ),
    }
}

/// Each is decided on what the bench knows, and not on the lines before it.
fn no_twins<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), Problem> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.trim().to_lowercase()) {
            return Err(Problem::new(
                "Nothing of the file was taken.",
                format!("The {what} '{}' is in it twice.", name.trim()),
                "Leave one of them.",
            ));
        }
    }
    Ok(())
}
