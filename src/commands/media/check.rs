//! `whiteglove media check`, `key` and `sticks`: what was made, and whether it still is what was made.

use std::{ops::ControlFlow, path::Path};

use serde_json::json;
use whiteglove_core::{
    clock::short_age,
    disk::clean,
    problem::Problem,
    sticks::{gigabytes, made},
};
use whiteglove_image::check::{How, Report};

use super::super::{Meter, columns, print, print_json, read_journal};
use crate::{
    check::{self, name},
    clock::now,
    config::Config,
    state,
    sticks::Log,
};

/// # Errors
/// What is wrong with it first, and what to do.
pub(super) fn check(config: &Config, what: &Path, full: bool, key: Option<&Path>, json: bool) -> Result<(), Problem> {
    let how = if full { How::Full } else { How::Quick };
    let mut meter = Meter::default();
    let report = check::check(config, what, how, key, &mut |progress| {
        meter.show(&progress);
        ControlFlow::Continue(())
    });
    meter.end();
    let report = report?;
    match json {
        true => print_json(&as_json(&report)),
        false => print(&check::words(what, &report)),
    }
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
