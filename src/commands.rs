//! Each subcommand: asks the bench, prints for people (stdout is the result, stderr is the talk).
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the command line's own output")]

mod answer;
mod batches;
mod bench;
mod bench_box;
mod bootenv;
mod demo;
mod doctor;
mod explain;
mod export;
mod handover;
mod media;
mod netboot;
mod registration;
mod secrets;
mod tenant;

use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    time::Instant,
};

pub use answer::answer;
pub use batches::{batch, customer};
pub use bench::{import, order, probe, release, same_laptop, scan, tell};
pub use bench_box::bench_box;
pub use bootenv::bootenv;
pub use demo::demo;
pub use doctor::doctor;
pub use explain::explain;
pub use export::export;
pub use handover::handover;
pub use media::{collect, media};
pub use netboot::netboot;
pub use registration::{register, registration};
pub use secrets::{secret, sign_in};
pub use tenant::{profile, tenant};
use whiteglove_core::{
    clock::short_age,
    control::{Command, Progress, Snapshot, Update},
    problem::Problem,
};

use crate::{
    clock::now,
    config::Config,
    journal::{self, Verified},
    session::{self, Extent},
    state,
};

/// # Errors
/// Another whiteglove has the folder, or the endpoint cannot come up.
pub async fn serve(config: &Config) -> Result<(), Problem> {
    let running = session::start(config, Extent::Headless).await?.ok_or_else(|| {
        Problem::new(
            "whiteglove runs already.",
            format!("Another process works in {}.", config.state.display()),
            "Run `whiteglove` to attach a board to it, or stop it first.",
        )
    })?;
    eprintln!("whiteglove serves from {}; stop it with Ctrl-C.", config.state.display());
    running.until_stopped().await
}

/// Reads the journal beside whoever writes it.
pub(crate) async fn read_journal(config: &Config) -> Result<Verified, Problem> {
    let path = journal::path_in(&config.state);
    if !path.exists() {
        return Err(Problem::new(
            format!("There is no journal in {}.", config.state.display()),
            "No bench has worked in this folder yet.",
            "Start whiteglove once, or name the right folder: whiteglove --state DIR.",
        ));
    }
    let key = state::box_secret(&config.state)?.public();
    journal::verify(&path, &key).await.map_err(|error| error.problem(&path))
}

/// # Errors
/// The journal cannot be read.
pub async fn devices(config: &Config, json: bool) -> Result<(), Problem> {
    let bench = read_journal(config).await?.bench;
    if json {
        let devices: Vec<_> = bench.devices().filter(|device| bench.at_work(device)).collect();
        return print_json(&devices);
    }
    let head = ["no", "stage", "serial", "model", "verdict", "match", "signal", "age", "look at"].map(str::to_owned);
    let lines = bench.rows_at_work().map(|row| {
        let simulated = if row.simulated { "simulated " } else { "" };
        [
            row.device.0.to_string(),
            row.stage.word().to_owned(),
            row.serial.clone(),
            row.model.clone(),
            row.verdict.words().to_owned(),
            row.matching.word().to_owned(),
            row.signal.word().to_owned(),
            short_age(now().since(row.last)),
            format!("{simulated}{}", row.attention.as_deref().unwrap_or("")),
        ]
    });
    print(&columns(&std::iter::once(head).chain(lines).collect::<Vec<_>>()))
}

/// Rows in columns as wide as their widest cell.
pub(crate) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: [usize; N] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Problem::new("This cannot be written as JSON.", error.to_string(), "Report this."))?;
    print(&text)
}

/// A reader that has gone (`| head`) is no error.
pub(crate) fn print(text: &str) -> Result<(), Problem> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Problem::new("The output cannot be written.", error.to_string(), "Check where it goes."))
        }
        _ => Ok(()),
    }
}

/// # Errors
/// The first entry that does not hold.
pub async fn verify_journal(config: &Config) -> Result<(), Problem> {
    let verified = read_journal(config).await?;
    let last = verified.last.map_or_else(|| "never".to_owned(), |at| format!("{} ago", short_age(now().since(at))));
    print(&format!(
        "The journal is whole: {} entries, the last written {last}, {} devices.\nhead {}",
        verified.entries,
        verified.bench.devices().count(),
        verified.head
    ))
}

pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Problem> {
    std::path::absolute(path)
        .map_err(|error| Problem::new(format!("{} is no path.", path.display()), error.to_string(), "Check it."))
}

pub(crate) async fn ask(config: &Config, command: Command) -> Result<(), Problem> {
    let mut meter = Meter::default();
    let show = |snapshot: &Snapshot| {
        if let Some(job) = snapshot.job.as_ref().filter(|job| job.outcome.is_none()) {
            meter.show(&job.progress);
        }
    };
    let answer = session::ask(config, command, show).await;
    meter.end();
    match answer? {
        Update::Done(words) => print(&words),
        _ => Ok(()),
    }
}

/// One line that tells how far a long task is; silent where nobody watches.
#[derive(Debug, Default)]
struct Meter {
    shown: bool,
    began: Option<(String, Instant)>,
}

impl Meter {
    fn show(&mut self, progress: &Progress) {
        if !std::io::stderr().is_terminal() || progress.total == 0 {
            return;
        }
        if self.began.as_ref().is_none_or(|(task, _)| *task != progress.task) {
            self.began = Some((progress.task.clone(), Instant::now()));
        }
        let percent = progress.done.saturating_mul(100) / progress.total;
        let seconds = self.began.as_ref().map_or(0, |(_, at)| at.elapsed().as_secs().max(1));
        let rate = progress.done / seconds.max(1) / 1_000_000;
        eprint!("\r\x1b[K{}: {percent}% of {} MB, {rate} MB/s", progress.task, progress.total / 1_000_000);
        self.shown = true;
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.shown) {
            eprint!("\r\x1b[K");
        }
    }
}
