use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use whiteglove_core::{envelope::BoxSecret, media_card::MediaId};

use super::*;

fn key() -> BoxKey {
    BoxSecret::from_entropy([1; 32]).public()
}

fn records(count: u8) -> Vec<(Moment, Record)> {
    let issued = |n| Record::MediaIssued { media: MediaId([n; 16]), batch: "spring".into(), network: false };
    (0..count).map(|n| (Moment::from_millis(n.into()), issued(n))).collect()
}

async fn journal_of(count: u8) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = path_in(folder.path());
    let (mut journal, _) = Journal::open(&path, &key()).await.unwrap();
    journal.append(&records(count)).await.unwrap();
    (folder, path)
}

/// Somebody with a database tool.
async fn meddle(path: &std::path::Path, sql: &'static str) {
    let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap();
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn what_was_appended_is_there_after_opening_again() {
    let (_folder, path) = journal_of(3).await;
    let (mut journal, bench) = Journal::open(&path, &key()).await.unwrap();
    assert_eq!(bench.media().len(), 3);
    journal
        .append(&[(
            Moment::from_millis(9),
            Record::BatchOpened {
                batch: "spring".into(),
                policy: Default::default(),
                boot: Default::default(),
                asked: false,
            },
        )])
        .await
        .unwrap();
    let verified = verify(&path, &key()).await.unwrap();
    assert_eq!((verified.entries, verified.last), (4, Some(Moment::from_millis(9))));
}

#[tokio::test]
async fn every_kind_of_meddling_is_found_and_named() {
    let cases: [(&str, &str); 6] = [
        (
            "UPDATE journal SET body = replace(body, 'spring', 'autumn') WHERE number = 1",
            "entry 1 was changed after it was written",
        ),
        ("UPDATE journal SET at = at + 1 WHERE number = 2", "entry 2 was changed after it was written"),
        ("UPDATE journal SET kind = 'batch-opened' WHERE number = 0", "entry 0 was changed after it was written"),
        ("DELETE FROM journal WHERE number = 1", "entry 1 is missing"),
        ("UPDATE journal SET number = 9 WHERE number = 2", "entry 2 is missing"),
        ("UPDATE journal SET hash = x'00' WHERE number = 1", "entry 1 was changed after it was written"),
    ];
    for (sql, words) in cases {
        let (_folder, path) = journal_of(3).await;
        meddle(&path, sql).await;
        assert_eq!(verify(&path, &key()).await.unwrap_err().to_string(), words, "{sql}");
        assert!(Journal::open(&path, &key()).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn a_cut_off_end_changes_the_head() {
    let (_folder, path) = journal_of(3).await;
    let head = verify(&path, &key()).await.unwrap().head;
    meddle(&path, "DELETE FROM journal WHERE number = 2").await;
    assert_ne!(verify(&path, &key()).await.unwrap().head, head);
}

#[tokio::test]
async fn the_journal_of_another_bench_is_refused() {
    let (_folder, path) = journal_of(1).await;
    let other = BoxSecret::from_entropy([2; 32]).public();
    assert!(matches!(Journal::open(&path, &other).await, Err(JournalError::OtherBench)));
}

#[tokio::test]
async fn a_full_disk_writes_nothing_and_says_so() {
    let (_folder, path) = journal_of(1).await;
    let (mut journal, _) = Journal::open(&path, &key()).await.unwrap();
    // SQLite's own limit raises the same error as a full disk: SQLITE_FULL.
    journal.limit_pages().await;
    let long = Record::BatchOpened {
        batch: "x".repeat(1 << 20),
        policy: Default::default(),
        boot: Default::default(),
        asked: false,
    };
    let failed = journal.append(&[(Moment::default(), long)]).await.unwrap_err();
    assert!(matches!(failed, JournalError::Full), "{failed}");
    assert!(failed.problem(&path).next.starts_with("Free some space"));
    assert_eq!(journal.refold().await.unwrap().next_number(), 1);
    assert_eq!(verify(&path, &key()).await.unwrap().entries, 1);
}
