//! `kill -9` at every step of a registration of 500 laptops: each is registered exactly once, and none forgotten.

use std::{
    collections::BTreeMap,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::support::cloud::{
    contract::Host,
    faults::Fault,
    site::{Site, serials},
    world::Pace,
};

/// What is in a journal of which a bench is the writer.
struct Watched {
    runtime: tokio::runtime::Runtime,
    connection: SqliteConnection,
}

impl Watched {
    fn open(state: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let options = SqliteConnectOptions::new().filename(state.join("journal.db")).read_only(true);
        let connection = runtime.block_on(SqliteConnection::connect_with(&options)).unwrap();
        Self { runtime, connection }
    }

    fn last(&mut self) -> i64 {
        let row = sqlx::query("SELECT COALESCE(MAX(number), -1) FROM journal").fetch_one(&mut self.connection);
        self.runtime.block_on(row).unwrap().get(0)
    }

    /// How many records of each kind there are after that number.
    fn kinds_after(&mut self, number: i64) -> BTreeMap<String, i64> {
        let query = sqlx::query("SELECT kind, COUNT(*) FROM journal WHERE number > ? GROUP BY kind").bind(number);
        let rows = self.runtime.block_on(query.fetch_all(&mut self.connection)).unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}

const LAPTOPS: usize = 500;

fn site_with(laptops: &[String]) -> Site {
    let pace = Pace { import: 300..3_000, profile: 300..3_000, in_sync: 10_000_000, ..Pace::QUICK };
    let site = Site::new(pace, &[("Contoso", "SALES")]);
    site.give_secret("Contoso");
    site.arrive("Contoso", laptops);
    site
}

#[test]
fn killed_whenever_the_journal_grew() {
    let laptops = serials(LAPTOPS, "PF");
    let mut site = site_with(&laptops);
    let mut journal = Watched::open(&site.bench.state());
    let beginning = journal.last();
    let mut before = beginning;
    site.register();
    let began = Instant::now();
    // After what the process was killed, and how often.
    let mut killed: BTreeMap<String, usize> = BTreeMap::new();
    loop {
        // One record for each laptop at the end: some of these are enough.
        let new = loop {
            let new = journal.kinds_after(before);
            // A sending that was begun and not answered is looked for during two minutes before it is sent again.
            let most = |kind: &str| if ["sending-begun", "sending-undone"].contains(&kind) { 2 } else { 10 };
            if new.keys().any(|kind| killed.get(kind).is_none_or(|times| *times < most(kind))) {
                break new;
            }
            if journal.kinds_after(beginning).get("device-cleared") == Some(&i64::try_from(LAPTOPS).unwrap()) {
                break BTreeMap::new();
            }
            assert!(began.elapsed() < Duration::from_secs(1_200), "{killed:?}: {:?}", site.bench.snapshot());
            thread::sleep(Duration::from_millis(1));
        };
        if new.is_empty() {
            break;
        }
        // It is written down; the process does not live to do more.
        site.bench.kill();
        new.into_keys().for_each(|kind| *killed.entry(kind).or_default() += 1);
        before = journal.last();
        site.start();
    }
    for kind in ["registration-asked", "sending-begun", "sending-ended", "imports-said", "registrations-seen"] {
        assert!(killed.contains_key(kind), "{killed:?}");
    }
    site.exactly_once("Contoso", &laptops);
    assert!(site.bench.says(&["journal", "verify"]).starts_with("The journal is whole"));
}

#[test]
fn killed_between_every_request_and_its_answer() {
    let laptops = serials(LAPTOPS, "PF");
    let mut site = site_with(&laptops);
    site.register();
    // Each route of a registration, before the service did anything and after. What it sends comes first, as there are
    // only some of these; the others come again with every start.
    let steps = [
        (Host::Graph, "POST", "/import", 2),
        (Host::Entra, "POST", "/token", 1),
        (Host::Graph, "GET", "/importedWindowsAutopilotDeviceIdentities", 1),
        (Host::Graph, "POST", "/$batch", 1),
    ];
    let mut met = Vec::new();
    for (host, method, path, times) in steps {
        for fault in [Fault::HoldBefore, Fault::HoldAfter].iter().cycle().take(2 * times) {
            site.bench.kill();
            let before = {
                let mut world = site.cloud.world();
                world.faults.on(host, method, path, 0, 1, fault.clone());
                world.holding
            };
            site.start();
            let began = Instant::now();
            while site.cloud.world().holding == before && began.elapsed() < Duration::from_secs(20) {
                thread::sleep(Duration::from_millis(1));
            }
            if site.cloud.world().holding > before {
                met.push(format!("{fault:?} {path}"));
            }
            site.cloud.world().faults.clear();
        }
    }
    site.bench.kill();
    site.start();
    for (_, _, path, _) in steps {
        for fault in [Fault::HoldBefore, Fault::HoldAfter] {
            assert!(met.contains(&format!("{fault:?} {path}")), "{path} {fault:?} was not met: {met:?}");
        }
    }
    site.cleared(LAPTOPS, Duration::from_secs(180));
    site.exactly_once("Contoso", &laptops);
}

#[test]
fn what_arrives_after_the_line_was_cut_is_not_sent_twice() {
    let laptops = serials(20, "PF");
    let site = site_with(&laptops);
    // The service goes on with what it was sent, though nobody waits for its answer any more.
    site.cloud.world().faults.on(Host::Graph, "POST", "/import", 0, 1, Fault::Late(8_000));
    site.register();
    site.cleared(20, Duration::from_secs(240));
    site.exactly_once("Contoso", &laptops);
}
