//! The addresses that laptops have, in the journal's database: a laptop that knows of a lease must find one that
//! knows of it after a power cut too, or two laptops get the same address.
//!
//! Not part of the chain of the journal: a lease is no evidence. There is one row for each address ever given.
//! Group commit: whatever waits is written with one sync.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use sqlx::{
    Connection, QueryBuilder, Row, Sqlite, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::{mpsc, oneshot};
use whiteglove_core::{dhcp::own::LeaseEvent, problem::Problem};

use super::JournalError;

/// Each network has one write under way at most.
const WAITING: usize = 64;
/// SQLite binds at most 32,766 values in a statement; a row has three.
const MOST_AT_ONCE: usize = 10_000;

/// A line to the one writer.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    jobs: mpsc::Sender<Job>,
    path: PathBuf,
}

/// Told once it is on the disk, or why it is not.
pub(crate) type Written = oneshot::Receiver<Result<(), Problem>>;

#[derive(Debug)]
enum Job {
    Load { network: String, reply: oneshot::Sender<Result<Vec<LeaseEvent>, Problem>> },
    Write { network: String, events: Vec<LeaseEvent>, reply: oneshot::Sender<Result<(), Problem>> },
}

impl Ledger {
    /// Beside the journal's own connection; each waits for the other's writes, which take milliseconds.
    ///
    /// # Errors
    /// The database cannot be used.
    pub(crate) async fn open(path: &Path) -> Result<Self, Problem> {
        let connection = connect(path).await.map_err(|error| JournalError::from(error).problem(path))?;
        let (jobs, waiting) = mpsc::channel(WAITING);
        tokio::spawn(work(connection, waiting, path.to_owned()));
        Ok(Self { jobs, path: path.to_owned() })
    }

    /// The leases of one network, in the order in which they end.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) async fn load(&self, network: &str) -> Result<Vec<LeaseEvent>, Problem> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Load { network: network.to_owned(), reply };
        let sent = self.jobs.send(job).await.is_ok();
        answer.await.ok().filter(|_| sent).unwrap_or_else(|| Err(closed(&self.path)))
    }

    /// Takes what is to be known of these addresses from now on.
    pub(crate) fn write(&self, network: &str, events: Vec<LeaseEvent>) -> Written {
        let (reply, answer) = oneshot::channel();
        // A writer that is gone drops the answer, and whoever waits for it knows.
        let _ = self.jobs.try_send(Job::Write { network: network.to_owned(), events, reply });
        answer
    }

    /// For whoever waited in vain.
    pub(crate) fn closed(&self) -> Problem {
        closed(&self.path)
    }
}

fn closed(path: &Path) -> Problem {
    JournalError::Database(sqlx::Error::WorkerCrashed).problem(path)
}

async fn connect(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(std::time::Duration::from_secs(5))
        // A laptop is told of its lease only when the disk has it.
        .synchronous(SqliteSynchronous::Full);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS leases \
         (network TEXT NOT NULL, address BIGINT NOT NULL, event TEXT NOT NULL, PRIMARY KEY (network, address))",
    )
    .execute(&mut connection)
    .await?;
    Ok(connection)
}

async fn work(mut connection: SqliteConnection, mut waiting: mpsc::Receiver<Job>, path: PathBuf) {
    while let Some(first) = waiting.recv().await {
        let mut jobs = vec![first];
        while let Ok(more) = waiting.try_recv() {
            jobs.push(more);
        }
        let (mut rows, mut replies) = (BTreeMap::new(), Vec::new());
        let mut loads = Vec::new();
        for job in jobs {
            match job {
                Job::Load { network, reply } => loads.push((network, reply)),
                Job::Write { network, events, reply } => {
                    // The last word on an address counts.
                    rows.extend(events.into_iter().map(|event| ((network.clone(), event.address()), event)));
                    replies.push(reply);
                }
            }
        }
        let written = store(&mut connection, rows).await.map_err(|error| error.problem(&path));
        for reply in replies {
            let _ = reply.send(written.clone());
        }
        for (network, reply) in loads {
            let _ = reply.send(load(&mut connection, &network).await.map_err(|error| error.problem(&path)));
        }
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the leases were not closed in order; nothing is lost");
    }
}

async fn store(
    connection: &mut SqliteConnection,
    rows: BTreeMap<(String, Ipv4Addr), LeaseEvent>,
) -> Result<(), JournalError> {
    let rows: Vec<_> = rows.into_iter().collect();
    // One statement, as a rule; every further one is a transaction of its own, which is as good: no reply goes out
    // before all of them are written.
    for part in rows.chunks(MOST_AT_ONCE) {
        let mut texts = Vec::with_capacity(part.len());
        for (number, (_, event)) in (0..).zip(part) {
            texts.push(serde_json::to_string(event).map_err(|error| JournalError::Unreadable(number, error))?);
        }
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO leases (network, address, event) ");
        insert.push_values(part.iter().zip(texts), |mut row, (((network, address), _), text)| {
            row.push_bind(network.clone()).push_bind(i64::from(address.to_bits())).push_bind(text);
        });
        insert.push(" ON CONFLICT (network, address) DO UPDATE SET event = excluded.event");
        insert.build().persistent(part.len() == 1).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn load(connection: &mut SqliteConnection, network: &str) -> Result<Vec<LeaseEvent>, JournalError> {
    let rows =
        sqlx::query("SELECT address, event FROM leases WHERE network = $1").bind(network).fetch_all(connection).await?;
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let address = u64::try_from(row.get::<i64, _>(0)).unwrap_or(0);
        let event: LeaseEvent =
            serde_json::from_str(row.get(1)).map_err(|error| JournalError::Unreadable(address, error))?;
        events.push(event);
    }
    // A client's newest address is the one that ends last.
    events.sort_by_key(|event| match event {
        LeaseEvent::Offered { until, .. }
        | LeaseEvent::Granted { until, .. }
        | LeaseEvent::Conflicted { until, .. } => *until,
        LeaseEvent::Withdrawn { at, .. } | LeaseEvent::Released { at, .. } => *at,
    });
    Ok(events)
}

#[cfg(test)]
mod tests {
    use whiteglove_core::{clock::Moment, dhcp::own::ClientId, identity::Mac};

    use super::*;

    fn granted(last: u8, to: u8, until: u64) -> LeaseEvent {
        let (address, mac) = (Ipv4Addr::new(10, 0, 0, last), Mac([2, 0, 0, 0, 0, to]));
        LeaseEvent::Granted { address, client: ClientId::Mac(mac), mac, until: Moment::from_millis(until) }
    }

    #[tokio::test]
    async fn what_was_written_last_of_each_address_is_there_after_opening_again() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = super::super::path_in(folder.path());
        let ledger = Ledger::open(&path).await.unwrap();
        let write = |network, events| {
            let written = ledger.write(network, events);
            async { written.await.unwrap() }
        };
        write("e0", vec![granted(1, 1, 50), granted(2, 2, 20)]).await.unwrap();
        write("e1", vec![granted(1, 9, 10)]).await.unwrap();
        write("e0", vec![granted(1, 1, 60), granted(1, 3, 10)]).await.unwrap();
        write("e0", vec![]).await.unwrap();
        let again = Ledger::open(&path).await.unwrap();
        assert_eq!(again.load("e0").await.unwrap(), [granted(1, 3, 10), granted(2, 2, 20)]);
        assert_eq!(again.load("e1").await.unwrap(), [granted(1, 9, 10)]);
        assert_eq!(again.load("e2").await.unwrap(), []);
    }

    #[tokio::test]
    async fn many_rows_are_written_and_nothing_is_where_nobody_can_write() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = super::super::path_in(folder.path());
        let ledger = Ledger::open(&path).await.unwrap();
        let of = |n: u32| LeaseEvent::Conflicted { address: Ipv4Addr::from_bits(n), until: Moment::from_millis(1) };
        ledger.write("e0", (0..25_000).map(of).collect()).await.unwrap().unwrap();
        assert_eq!(ledger.load("e0").await.unwrap().len(), 25_000);
        let nowhere = Ledger::open(&folder.path().join("no/such/folder/journal.db")).await.unwrap_err();
        assert!(nowhere.what.contains("journal.db"), "{nowhere}");
    }
}
