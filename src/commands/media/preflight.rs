//! `whiteglove media preflight`: will the laptops start this medium?

use std::path::Path;

use serde_json::json;
use whiteglove_core::{
    bench::Bench,
    device::DeviceId,
    media_card::MediaId,
    preflight::{Fleet, Medium, ModelReport, Program, Report, fold},
    problem::Problem,
};
use whiteglove_image::starts;

use super::super::{columns, print, print_json, read_journal};
use crate::config::Config;

/// Numbers of laptops on one line; `--json` has all.
const NAMED: usize = 12;

/// # Errors
/// It is no medium, the journal cannot be read, or a laptop that was seen refuses it.
pub(super) async fn preflight(
    config: &Config,
    what: Option<&Path>,
    media: Option<MediaId>,
    as_json: bool,
) -> Result<(), Problem> {
    let bench = read_journal(config).await?.bench;
    let (name, medium) = match (what, media) {
        (Some(path), _) => (path.display().to_string(), of_path(path)?),
        (None, Some(media)) => (format!("Medium {media}"), of_number(&bench, media)?),
        (None, None) => {
            let (media, medium) = bench.medium_at_work().ok_or_else(|| none_built(&bench))?;
            (format!("Medium {media}"), medium.clone())
        }
    };
    let report = fold(&medium, &bench.fleet());
    match as_json {
        true => print_json(&described(&medium, &report))?,
        false => print(&words(&name, &medium, &report))?,
    }
    verdict(&report)
}

/// Beside a plan, where laptops are here or expected.
pub(super) fn said(programs: &[Program], fleet: &Fleet) -> Result<(), Problem> {
    crate::preflight::words(programs, fleet).map_or(Ok(()), |words| print(&format!("\n{words}")))
}

fn of_path(path: &Path) -> Result<Medium, Problem> {
    let programs = starts::found(path).map_err(|error| error.problem(path))?;
    Medium::of(&programs).ok_or_else(|| starts::StartsError::Nothing.problem(path))
}

fn of_number(bench: &Bench, media: MediaId) -> Result<Medium, Problem> {
    let known = bench.media().get(&media).ok_or_else(|| {
        Problem::new(
            format!("Medium {media} is not known."),
            "This bench did not make it, or its journal is another one.",
            "`whiteglove media list` shows all; or name the stick or image itself: whiteglove media preflight FILE.",
        )
    })?;
    known.starts.as_ref().map(|(_, medium)| medium.clone()).ok_or_else(|| {
        Problem::new(
            format!("What medium {media} starts by is not known."),
            "It was never built, or by a whiteglove that did not keep that.",
            "Name the stick or image itself: whiteglove media preflight FILE.",
        )
    })
}

fn none_built(bench: &Bench) -> Problem {
    Problem::new(
        "There is no medium to look at.",
        format!("None was built for batch '{}' that is still good.", bench.batch().unwrap_or_default()),
        "Build one (whiteglove media build), or name a stick or an image.",
    )
}

fn words(name: &str, medium: &Medium, report: &Report) -> String {
    let mut text = format!("{name} starts by {}.\n\n", medium.words());
    if report.models.is_empty() {
        text += "No laptop is on this bench, and none is on the open batch's order list: nothing to compare with.\n\
                 Boot one laptop of each model, or import the order list.";
        return text;
    }
    let head = ["model", "seen", "accept", "refuse", "unknown", "ordered"].map(str::to_owned);
    let rows = report.models.iter().map(|model| {
        let count = |number: usize| if number == 0 { "-".to_owned() } else { number.to_string() };
        [
            shown(model),
            count(model.seen()),
            count(model.accepts),
            count(model.refuses.len()),
            count(model.unknown.len()),
            count(model.ordered),
        ]
    });
    text += &columns(&std::iter::once(head).chain(rows).collect::<Vec<_>>());
    for model in &report.models {
        let next = model.next();
        if next.is_empty() {
            continue;
        }
        text += &format!("\n\n{}: {}", shown(model), model.words());
        for (what, devices) in [("refuse it", &model.refuses), ("unknown", &model.unknown)] {
            if !devices.is_empty() {
                text += &format!("\n  {what}: {}", numbers(devices));
            }
        }
        text.extend(next.into_iter().map(|sentence| format!("\n  next: {sentence}")));
    }
    text
}

fn shown(model: &ModelReport) -> String {
    format!("{}{}", model.model, if model.simulated { " (SIMULATED)" } else { "" })
}

fn numbers(devices: &[DeviceId]) -> String {
    let shown: Vec<String> = devices.iter().take(NAMED).map(|device| format!("#{}", device.0)).collect();
    let more = devices.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more (--json)") };
    format!("{}{more}", shown.join(" "))
}

fn described(medium: &Medium, report: &Report) -> serde_json::Value {
    json!({
        "medium": medium,
        "seen": report.seen(),
        "accepts": report.accepts(),
        "refuses": report.refuses(),
        "unknown": report.unknown(),
        "models": report.models,
    })
}

/// A script has to hear of it.
fn verdict(report: &Report) -> Result<(), Problem> {
    let refuses = report.refuses();
    match report.models.iter().find(|model| !model.refuses.is_empty()) {
        None => Ok(()),
        Some(model) => Err(Problem::new(
            format!("{refuses} of {} laptops seen will refuse this medium.", report.seen()),
            format!("{}: {}.", shown(model), model.words()),
            model.next().into_iter().next().unwrap_or_default(),
        )),
    }
}
