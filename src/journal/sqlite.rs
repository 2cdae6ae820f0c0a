//! The journal in SQLite, through sqlx.

use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use sqlx::{
    Connection, QueryBuilder, Row, Sqlite, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous},
};
use whiteglove_core::{bench::Bench, clock::Moment, media_card::BoxKey, record::Record};

use super::{Entry, Hash, JournalError, Verified, chain, check, genesis};

const FORMAT: &str = "1";
/// SQLite binds at most 32,766 values in a statement; an entry has five.
pub(super) const MOST_AT_ONCE: usize = 6_000;

/// The one writer. Whoever holds it has locked the state folder.
#[derive(Debug)]
pub struct Journal {
    connection: SqliteConnection,
    path: PathBuf,
    bench: BoxKey,
    next: u64,
    head: Hash,
}

impl Journal {
    /// Opens or begins the journal and folds it.
    ///
    /// # Errors
    /// The file cannot be used, or what it says does not hold together.
    pub async fn open(path: &Path, bench: &BoxKey) -> Result<(Self, Bench), JournalError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged capture is on disk before the acknowledgement.
            .synchronous(SqliteSynchronous::Full);
        let mut connection = SqliteConnection::connect_with(&options).await?;
        prepare(&mut connection, bench).await?;
        let verified = fold(&mut connection, bench).await?;
        let head = decode_hash(&verified.head).unwrap_or_else(|| genesis(bench));
        let journal = Self { connection, path: path.to_owned(), bench: *bench, next: verified.entries, head };
        Ok((journal, verified.bench))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all records in one statement, which SQLite does whole or not at all, and one sync.
    ///
    /// # Errors
    /// The disk is full or fails, or there are more than `MOST_AT_ONCE`; nothing is written then.
    pub async fn append(&mut self, records: &[(Moment, Record)]) -> Result<(), JournalError> {
        if records.is_empty() {
            return Ok(());
        }
        if records.len() > MOST_AT_ONCE {
            return Err(JournalError::TooMany(records.len()));
        }
        let (mut number, mut head) = (self.next, self.head);
        let mut entries = Vec::with_capacity(records.len());
        for (at, record) in records {
            let body = serde_json::to_string(record).map_err(|error| JournalError::Unreadable(number, error))?;
            let kind = record.kind().to_owned();
            head = chain(&head, number, *at, &kind, &body);
            entries.push(Entry { number, at: *at, kind, body, hash: head });
            number += 1;
        }
        // One statement: every further one would be another trip to sqlx's thread and back.
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO journal (number, at, kind, body, hash) ");
        insert.push_values(entries, |mut row, entry| {
            row.push_bind(i64::try_from(entry.number).unwrap_or(i64::MAX))
                .push_bind(i64::try_from(entry.at.millis()).unwrap_or(i64::MAX))
                .push_bind(entry.kind)
                .push_bind(entry.body)
                .push_bind(entry.hash.to_vec());
        });
        // Kept prepared for the usual case, one record; others differ in length every time.
        insert.build().persistent(records.len() == 1).execute(&mut self.connection).await?;
        (self.next, self.head) = (number, head);
        Ok(())
    }

    /// Folds the write-ahead log into the database, so that the one file is the whole journal.
    ///
    /// # Errors
    /// The disk fails; nothing is lost, the next start reads the log.
    pub async fn close(self) -> Result<(), JournalError> {
        Ok(self.connection.close().await?)
    }

    #[cfg(test)]
    pub(super) async fn limit_pages(&mut self) {
        let limit = sqlx::query("PRAGMA max_page_count = 1").execute(&mut self.connection).await;
        assert!(limit.is_ok());
    }

    /// Folds anew what is on disk: after a failed append, memory must not know more than the disk.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub async fn refold(&mut self) -> Result<Bench, JournalError> {
        let verified = fold(&mut self.connection, &self.bench).await?;
        self.next = verified.entries;
        self.head = decode_hash(&verified.head).unwrap_or_else(|| genesis(&self.bench));
        Ok(verified.bench)
    }
}

/// Checks a journal from the first entry to the last without changing it, also while a bench writes to it.
///
/// # Errors
/// The first entry that does not hold, by its number.
pub async fn verify(path: &Path, bench: &BoxKey) -> Result<Verified, JournalError> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    check_format(&mut connection, bench).await?;
    fold(&mut connection, bench).await
}

async fn prepare(connection: &mut SqliteConnection, bench: &BoxKey) -> Result<(), JournalError> {
    sqlx::query("CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS journal \
         (number BIGINT PRIMARY KEY, at BIGINT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL)",
    )
    .execute(&mut *connection)
    .await?;
    for (name, value) in [("format", FORMAT.to_owned()), ("bench", bench.to_string())] {
        sqlx::query("INSERT INTO about (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(value)
            .execute(&mut *connection)
            .await?;
    }
    check_format(connection, bench).await
}

async fn check_format(connection: &mut SqliteConnection, bench: &BoxKey) -> Result<(), JournalError> {
    let about = sqlx::query("SELECT name, value FROM about").fetch_all(&mut *connection).await?;
    for row in about {
        match (row.get::<String, _>(0).as_str(), row.get::<String, _>(1)) {
            ("format", format) if format != FORMAT => return Err(JournalError::Newer(format)),
            ("bench", key) if key != bench.to_string() => return Err(JournalError::OtherBench),
            _ => {}
        }
    }
    Ok(())
}

async fn fold(connection: &mut SqliteConnection, key: &BoxKey) -> Result<Verified, JournalError> {
    let mut bench = Bench::default();
    let mut head = genesis(key);
    let mut last = None;
    let mut rows = sqlx::query("SELECT number, at, kind, body, hash FROM journal ORDER BY number").fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let expected = bench.next_number();
        let entry = entry_of(&row).ok_or(JournalError::Changed(expected))?;
        let record = check(&entry, expected, &head)?;
        bench.apply(entry.number, entry.at, record)?;
        head = entry.hash;
        last = Some(entry.at);
    }
    drop(rows);
    Ok(Verified { entries: bench.next_number(), head: hex::encode(head), last, bench })
}

/// `None` if a column is not what this program writes.
fn entry_of(row: &SqliteRow) -> Option<Entry> {
    Some(Entry {
        number: u64::try_from(row.try_get::<i64, _>(0).ok()?).ok()?,
        at: Moment::from_millis(u64::try_from(row.try_get::<i64, _>(1).ok()?).ok()?),
        kind: row.try_get(2).ok()?,
        body: row.try_get(3).ok()?,
        hash: row.try_get::<Vec<u8>, _>(4).ok()?.try_into().ok()?,
    })
}

fn decode_hash(text: &str) -> Option<Hash> {
    hex::decode(text).ok()?.try_into().ok()
}
