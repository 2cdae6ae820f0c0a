//! What is written before the first laptop: the batch, and its medium for the network.

use whiteglove_core::{batch::Batch, problem::Problem, record::Record};

use super::{Owner, Then};
use crate::{clock::now, journal::JournalError};

impl Owner {
    pub(super) async fn open_batch(&mut self) -> Result<(), Problem> {
        let configured =
            Batch { identity: self.config.identity, boot: self.config.boot, ..Batch::named(self.config.batch.clone()) };
        match self.bench.decide_configured(&configured) {
            Some(record) => self.begin_with(record).await,
            None => Ok(()),
        }
    }

    /// The open batch.
    pub(super) fn batch(&self) -> String {
        self.bench.batch().unwrap_or(&self.config.batch).to_owned()
    }

    /// A box may be locked to one customer.
    pub(super) fn not_ours(&self, customer: Option<&str>) -> Result<(), Problem> {
        let Some(own) = &self.config.customer else { return Ok(()) };
        if customer.is_some_and(|named| named.trim().eq_ignore_ascii_case(own)) {
            return Ok(());
        }
        Err(Problem::new(
            format!("This bench works for {own} only."),
            match customer {
                Some(other) => format!("The configuration locks it to that customer, and this is {}'s.", other.trim()),
                None => "The configuration locks it to that customer, and this names none.".to_owned(),
            },
            "Do it on another bench, or take `customer` out of config.toml.",
        ))
    }

    /// A person opens a batch. Laptops that boot from the network come through a medium of it from here on.
    pub(super) fn choose_batch(&mut self, from: u64, name: &str) -> (Vec<Record>, Option<Then>) {
        let whose = self.bench.batch_named(name.trim()).and_then(|batch| batch.customer.clone());
        match self.not_ours(whose.as_deref()).and_then(|()| self.bench.decide_open(name)) {
            Ok((mut records, done)) => {
                if !records.is_empty() {
                    records.extend(self.network_medium_for(name.trim()));
                }
                let then: Then = Box::new(move |owner, written| owner.tell(from, written.map(|()| done)));
                (records, Some(then))
            }
            Err(problem) => {
                self.tell(from, Err(problem));
                (vec![], None)
            }
        }
    }

    pub(super) async fn issue_network_medium(&mut self) -> Result<(), Problem> {
        match self.network_medium_record() {
            Some(record) => self.begin_with(record).await,
            None => Ok(()),
        }
    }

    async fn begin_with(&mut self, record: Record) -> Result<(), Problem> {
        self.bench
            .apply(self.bench.next_number(), now(), record.clone())
            .map_err(|unfit| JournalError::from(unfit).problem(self.journal.path()))?;
        self.write(&[(now(), record)]).await
    }
}
