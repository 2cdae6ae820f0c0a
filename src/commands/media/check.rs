//! `whiteglove media check`, `key` and `sticks`: what was made, and whether it still is what was made.

use std::{ops::ControlFlow, path::Path};

use serde_json::json;
use whiteglove_core::{
    certificates::listed,
    clock::short_age,
    disk::clean,
    media::sign::PublicKey,
    problem::Problem,
    sticks::{gigabytes, health::Name, made},
};
use whiteglove_image::check::{self, How, Report};

use super::super::{Meter, columns, print, print_json, read_journal};
use crate::{clock::now, config::Config, state, sticks::Log};

/// # Errors
/// What is wrong with it first, and what to do.
pub(super) fn check(config: &Config, what: &Path, full: bool, key: Option<&Path>, json: bool) -> Result<(), Problem> {
    let key = match key {
        Some(file) => read_key(file)?,
        None if state::has_signed(&config.state) => state::public_key(&config.state)?,
        None => {
            return Err(Problem::new(
                format!("{} was not checked.", what.display()),
                "This machine has no key to check it by: it has made no media itself.",
                "Ask the bench that made it for its key (`whiteglove media key > bench.pub` there), and add --key bench.pub.",
            ));
        }
    };
    let how = if full { How::Full } else { How::Quick };
    let mut meter = Meter::default();
    let report = check::check(what, &key, how, &mut |progress| {
        meter.show(&progress);
        ControlFlow::Continue(())
    });
    meter.end();
    let report = report.map_err(|error| error.problem(what))?;
    match json {
        true => print_json(&as_json(&report)),
        false => print(&words(what, &report)),
    }
}

fn read_key(file: &Path) -> Result<PublicKey, Problem> {
    let bad = |why: String| {
        Problem::new(
            format!("{} is no bench's key.", file.display()),
            why,
            "It is one line of 64 hex digits, as `whiteglove media key` prints it at the bench.",
        )
    };
    let text = std::fs::read_to_string(file).map_err(|error| bad(format!("The system says: {error}.")))?;
    text.parse().map_err(|_| bad("It holds something else.".to_owned()))
}

fn words(what: &Path, report: &Report) -> String {
    let manifest = &report.manifest;
    let age = |at| short_age(now().since(at));
    let mut lines = vec![format!("{} is what the bench made.", what.display()), String::new()];
    lines.push(format!("medium    {}", manifest.media));
    lines.push(format!(
        "          bench '{}', batch '{}', issued {} ago, whiteglove {}",
        manifest.bench,
        manifest.batch,
        age(manifest.issued),
        manifest.tool
    ));
    if let Some(record) = &report.record {
        let how = if record.updated { "brought up to date" } else { "written" };
        lines.push(format!("stick     {}", record.stick));
        lines.push(format!(
            "          {how} {} ago by {} onto {}, {}",
            age(record.written),
            record.operator,
            name(&record.usb),
            gigabytes(record.usb.size),
        ));
    }
    for loader in &manifest.loaders {
        let signed = listed(&loader.signed_by, "and");
        lines.push(format!("loader    {}: signed by {signed}", loader.path));
    }
    let parts = [("checked", &report.checked), ("not read", &report.unchecked), ("note", &report.notes)];
    for (head, said) in parts {
        lines.extend(said.iter().map(|line| format!("{head:<9} {line}")));
    }
    lines.join("\n")
}

fn as_json(report: &Report) -> serde_json::Value {
    let manifest = &report.manifest;
    json!({
        "good": true,
        "media": manifest.media,
        "bench": manifest.bench,
        "batch": manifest.batch,
        "issued": manifest.issued,
        "tool": manifest.tool,
        "loaders": manifest.loaders,
        "files": manifest.files.len(),
        "record": report.record,
        "checked": report.checked,
        "unchecked": report.unchecked,
        "notes": report.notes,
    })
}

/// A stick may call itself anything, or nothing.
fn name(usb: &Name) -> String {
    match clean(&format!("{} {}", usb.vendor, usb.model)) {
        name if name.is_empty() => "a stick without a name".to_owned(),
        name => name,
    }
}

/// # Errors
/// There is none yet and it cannot be made.
pub(super) fn key(config: &Config) -> Result<(), Problem> {
    print(&state::signer(&config.state)?.public().to_string())
}

/// # Errors
/// The journal cannot be read.
pub(super) async fn sticks(config: &Config, json: bool) -> Result<(), Problem> {
    let bench = read_journal(config).await?.bench;
    let log = Log::in_folder(config.state.join("sticks")).entries();
    let lines = made::list(bench.sticks().values(), &log);
    if json {
        let all = lines.iter().map(|line| {
            json!({
                "stick": line.stick,
                "vendor": line.usb.vendor,
                "model": line.usb.model,
                "serial": line.usb.serial,
                "size": line.usb.size,
                "media": line.media,
                "last": line.last,
                "operator": line.operator,
                "ready": line.health.ready,
                "failed": line.health.failed,
                "retries": line.health.retries,
                "rates": line.health.rates,
                "verdict": line.verdict(),
            })
        });
        return print_json(&all.collect::<Vec<_>>());
    }
    if lines.is_empty() {
        return print("This bench has written no sticks yet.");
    }
    let head =
        ["stick", "model", "serial", "size", "last", "by", "good", "bad", "lately", "verdict"].map(str::to_owned);
    let rows = lines.iter().map(|line| {
        let health = &line.health;
        let judged = |times: u32| if line.usb.is_its_own() { times.to_string() } else { "-".to_owned() };
        [
            // Eight digits tell them apart; --json has all.
            line.stick.map_or_else(|| "-".to_owned(), |stick| stick.to_string()[..8].to_owned()),
            name(&line.usb),
            clean(&line.usb.serial),
            gigabytes(line.usb.size),
            short_age(now().since(line.last)),
            line.operator.clone(),
            judged(health.ready),
            judged(health.failed),
            health.trend().unwrap_or_else(|| "-".to_owned()),
            line.verdict(),
        ]
    });
    print(&columns(&std::iter::once(head).chain(rows).collect::<Vec<_>>()))
}
