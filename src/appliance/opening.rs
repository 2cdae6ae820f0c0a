//! What is written before the first laptop: the batch, and its medium for the network.

use whiteglove_core::{problem::Problem, record::Record};

use super::Owner;
use crate::{clock::now, journal::JournalError};

impl Owner {
    pub(super) async fn open_batch(&mut self) -> Result<(), Problem> {
        if self.bench.batch() == Some(&self.config.batch)
            && self.bench.policy() == self.config.identity
            && self.bench.program() == self.config.boot
        {
            return Ok(());
        }
        self.begin_with(Record::BatchOpened {
            batch: self.config.batch.clone(),
            policy: self.config.identity,
            boot: self.config.boot,
        })
        .await
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
