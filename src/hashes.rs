//! `whiteglove hash`: looks into hardware hashes, wherever they stand.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    ops::ControlFlow,
    path::Path,
};

use serde::Serialize;
use whiteglove_core::{
    bench::Bench,
    control::Command,
    device::{Device, DeviceId},
    entry::Line,
    hwhash::{self, Comparison, Critical, Field, FieldSource, HardwareHash, Origin, Record, Verdict},
    import,
    problem::Problem,
};

use crate::{
    cli::HashAction,
    commands::{absolute, ask, columns, print, print_json, read_journal},
    config::Config,
};

/// # Errors
/// What is wrong with the operand, or with a hash.
pub async fn run(config: &Config, action: HashAction) -> Result<(), Problem> {
    match action {
        HashAction::Decode { what, json } => decode(config, &what, json).await,
        HashAction::Validate { what, json } => validate(config, &what, json).await,
        HashAction::Compare { left, right, json } => compare(config, &left, &right, json).await,
        HashAction::Show { device, json, text } => show(config, device, json, text).await,
        HashAction::Models => models(config).await,
    }
}

/// A hash, and where it stood.
struct Found {
    place: String,
    notes: Vec<String>,
    outcome: Result<HardwareHash, Problem>,
}

/// Hands every hash that `what` names to `each`, one at a time.
async fn find(config: &Config, what: &str, each: &mut dyn FnMut(Found) -> ControlFlow<()>) -> Result<(), Problem> {
    if let Some(number) = what.strip_prefix("device:") {
        let bench = read_journal(config).await?.bench;
        let device = device_named(&bench, number)?;
        let (place, hash) = best_hash(device).ok_or_else(|| no_hash(device))?;
        let _ = each(Found { place, notes: vec![], outcome: Ok(hash.clone()) });
        return Ok(());
    }
    if what == "-" {
        return read(io::stdin().lock(), each);
    }
    let path = Path::new(what);
    match File::open(path) {
        Ok(file) => read(BufReader::with_capacity(1 << 16, file), each),
        // Too long for a name, or no such file: then it is the text itself.
        Err(_) if what.len() >= 64 => read(what.as_bytes(), each),
        Err(error) => Err(Problem::new(
            format!("There is no hash in '{what}'."),
            format!("It is no file that can be read ({error}), and too short to be a hash."),
            "Name a file, `device:7`, `-` for the standard input, or give the whole text of the hash.",
        )),
    }
}

fn read(source: impl Read, each: &mut dyn FnMut(Found) -> ControlFlow<()>) -> Result<(), Problem> {
    import::read(source, &mut |line: Line| {
        let place = format!("line {}", line.number);
        let repaired = line.repairs.iter().map(|repair| format!("repaired: {repair}"));
        let notes: Vec<_> = repaired.chain(line.remarks).collect();
        let outcome = match line.outcome {
            Ok(entry) => {
                let serial = entry.serial.as_ref().map_or_else(String::new, |serial| format!(", {serial}"));
                let missing =
                    || Problem::new("There is no hash.", "The line names a machine without one.", "Capture its hash.");
                let found = Found { place: format!("{place}{serial}"), notes, outcome: entry.hash.ok_or_else(missing) };
                return each(found);
            }
            Err(refusal) => Err(Problem::new("The line was refused.", refusal.why, refusal.next)),
        };
        each(Found { place, notes, outcome })
    })
    .map(drop)
}

fn device_named<'a>(bench: &'a Bench, number: &str) -> Result<&'a Device, Problem> {
    let id = number.trim_start_matches('#').parse().ok().map(DeviceId);
    id.and_then(|id| bench.device(id)).filter(|device| bench.at_work(device)).ok_or_else(|| {
        Problem::new(
            format!("There is no device #{number} on this bench."),
            "Nothing with that number has arrived.",
            "`whiteglove devices` lists the ones that have.",
        )
    })
}

fn no_hash(device: &Device) -> Problem {
    Problem::new(
        format!("Device #{} has no hardware hash.", device.id.0),
        "It was not captured yet, or nothing could be made of what was read.",
        "Boot it from a whiteglove stick, or import a hash that Windows made: whiteglove import FILE",
    )
}

/// The one made on Linux if there is one, for the other is a file somebody has.
fn best_hash(device: &Device) -> Option<(String, &HardwareHash)> {
    let of = |words: &str| format!("device #{}, {words}", device.id.0);
    let linux = device.linux_hash().map(|made| (of("made on Linux"), &made.hash));
    linux.or_else(|| device.windows_hash.as_ref().map(|known| (of(known.hash.origin().words()), &known.hash)))
}

/// A hash taken apart, for JSON.
#[derive(Serialize)]
struct Decoded<'a> {
    place: &'a str,
    notes: &'a [String],
    digest: String,
    origin: Origin,
    made_at_ms: Option<u64>,
    missing: Vec<&'static str>,
    doubts: Vec<String>,
    fields: Vec<Field>,
    records: Vec<Record>,
}

async fn decode(config: &Config, what: &str, json: bool) -> Result<(), Problem> {
    let mut worst = Ok(());
    find(config, what, &mut |found| {
        let said = match &found.outcome {
            Ok(hash) if json => print_json(&Decoded {
                place: &found.place,
                notes: &found.notes,
                digest: hash.digest().to_string(),
                origin: hash.origin(),
                made_at_ms: hash.made_at().map(|at| at.millis()),
                missing: names(&hash.missing()),
                doubts: hash.doubts(),
                fields: hash.fields(),
                records: hash.records(),
            }),
            Ok(hash) => {
                let rows: Vec<_> =
                    hash.fields().into_iter().map(|field| [field.kind.to_string(), field.name, field.value]).collect();
                let head = format!("{} ({}, digest {})", found.place, hash.origin().words(), short(hash));
                print(&format!("{head}\n{}\n{}", columns(&rows), summary(hash, &found.notes)))
            }
            Err(problem) => {
                worst = Err(problem.clone());
                Ok(())
            }
        };
        if let Err(problem) = said {
            worst = Err(problem);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })
    .await?;
    worst
}

fn short(hash: &HardwareHash) -> String {
    hash.digest().to_string()[..16].to_owned()
}

fn names(critical: &[Critical]) -> Vec<&'static str> {
    critical.iter().map(|field| field.name()).collect()
}

/// What to know about a hash beside its fields.
fn summary(hash: &HardwareHash, notes: &[String]) -> String {
    let missing = names(&hash.missing());
    let mut lines = vec![match missing.is_empty() {
        true => "whole, and every critical field is there".to_owned(),
        false => format!("whole, but it lacks {}", missing.join(", ")),
    }];
    lines.extend(notes.iter().cloned());
    lines.extend(hash.doubts().iter().map(|doubt| format!("doubt: {doubt}")));
    lines.join("\n")
}

/// One line of `validate --json`.
#[derive(Serialize)]
struct Validated<'a> {
    place: &'a str,
    whole: bool,
    digest: Option<String>,
    missing: Vec<&'static str>,
    notes: &'a [String],
    doubts: Vec<String>,
    problem: Option<&'a Problem>,
}

async fn validate(config: &Config, what: &str, json: bool) -> Result<(), Problem> {
    let (mut good, mut bad, mut printed) = (0_u64, 0_u64, Ok(()));
    find(config, what, &mut |found| {
        let hash = found.outcome.as_ref().ok();
        *(if hash.is_some() { &mut good } else { &mut bad }) += 1;
        let line = match (&found.outcome, json) {
            (outcome, true) => serde_json::to_string(&Validated {
                place: &found.place,
                whole: outcome.is_ok(),
                digest: hash.map(|hash| hash.digest().to_string()),
                missing: hash.map(|hash| names(&hash.missing())).unwrap_or_default(),
                notes: &found.notes,
                doubts: hash.map(HardwareHash::doubts).unwrap_or_default(),
                problem: outcome.as_ref().err(),
            })
            .unwrap_or_default(),
            (Ok(hash), false) => format!("{}: {}", found.place, summary(hash, &found.notes).replace('\n', "; ")),
            (Err(problem), false) => format!("{}: NO GOOD: {} {}", found.place, problem.why, problem.next),
        };
        printed = print(&line);
        if printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
    .await?;
    printed?;
    match bad {
        0 => Ok(()),
        _ => Err(Problem::new(
            format!("{bad} of {} are no good.", good + bad),
            "Each is named above with the reason.",
            "Capture those machines again; a hash cannot be mended by hand.",
        )),
    }
}

async fn one(config: &Config, what: &str) -> Result<(String, HardwareHash), Problem> {
    let (mut hashes, mut refused) = (Vec::new(), None);
    find(config, what, &mut |found| {
        match found.outcome {
            Ok(hash) => hashes.push((found.place, hash)),
            Err(problem) => refused = Some(problem),
        }
        if hashes.len() > 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .await?;
    match (hashes.len(), hashes.pop()) {
        (1, Some(hash)) => Ok(hash),
        (0, _) => Err(refused.unwrap_or_else(|| Problem::new("There is no hash.", format!("'{what}' is empty."), ""))),
        _ => Err(Problem::new(
            format!("'{what}' holds several hashes."),
            "A comparison is between two.",
            "Put the one you mean into a file of its own, or name a device: device:7",
        )),
    }
}

async fn compare(config: &Config, left: &str, right: &str, json: bool) -> Result<(), Problem> {
    let ((left_place, one_hash), (right_place, other_hash)) = (one(config, left).await?, one(config, right).await?);
    let comparison = hwhash::compare(&one_hash, &other_hash);
    match json {
        true => print_json(&comparison)?,
        false => print(&side_by_side(&comparison, &left_place, &right_place))?,
    }
    // The acceptance test of a model counts when it is in the journal.
    if left.starts_with("device:") && Path::new(right).is_file() && comparison.verdict != Verdict::OtherMachine {
        ask(config, Command::Import { from: absolute(Path::new(right))? }).await?;
        let bench = read_journal(config).await?.bench;
        let device = device_named(&bench, left.trim_start_matches("device:"))?;
        let model = device.model_name();
        eprint_line(&format!("Remembered for {model}: {}.", bench.trust(&model).words()));
    }
    Ok(())
}

#[allow(clippy::print_stderr, reason = "the command line's own talk")]
fn eprint_line(text: &str) {
    eprintln!("{text}");
}

fn side_by_side(comparison: &Comparison, left: &str, right: &str) -> String {
    let verdict = match &comparison.verdict {
        Verdict::Accepted => "ACCEPTED: every critical field agrees.".to_owned(),
        Verdict::Differs(fields) => format!("DIFFERS in {}.", names(fields).join(", ")),
        Verdict::OtherMachine => "TWO MACHINES: these hashes are not of one unit, so they test nothing.".to_owned(),
    };
    let head = [String::new(), "field".to_owned(), left.to_owned(), right.to_owned()];
    let rows = comparison.fields.iter().map(|field| {
        let mark = match (field.same, field.critical) {
            (true, _) => "=",
            (false, Some(_)) => "!",
            (false, None) => "~",
        };
        let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        [mark.to_owned(), field.name.clone(), side(&field.left), side(&field.right)]
    });
    let table = columns(&std::iter::once(head).chain(rows).collect::<Vec<_>>());
    let remarks = comparison.remarks.iter().map(|remark| format!("\n{remark}")).collect::<String>();
    format!("{verdict}{remarks}\n{table}\n= same   ! critical field differs   ~ differs, does not count")
}

/// What `show --json` says.
#[derive(Serialize)]
struct Shown<'a> {
    device: u64,
    model: String,
    trust: String,
    linux: Option<&'a HardwareHash>,
    sources: &'a [FieldSource],
    windows: Option<&'a whiteglove_core::device::WindowsHash>,
    comparison: Option<Comparison>,
}

async fn show(config: &Config, number: u64, json: bool, text: bool) -> Result<(), Problem> {
    let bench = read_journal(config).await?.bench;
    let device = device_named(&bench, &number.to_string())?;
    let (_, best) = best_hash(device).ok_or_else(|| no_hash(device))?;
    if text {
        return print(&best.to_base64());
    }
    let model = device.model_name();
    let trust = bench.trust(&model).words();
    let sources = device.linux_hash().map(|made| made.sources.as_slice()).unwrap_or_default();
    if json {
        return print_json(&Shown {
            device: number,
            model: model.to_string(),
            trust,
            linux: device.linux_hash().map(|made| &made.hash),
            sources,
            windows: device.windows_hash.as_ref(),
            comparison: device.comparison(),
        });
    }
    if let Some(made) = device.linux_hash() {
        print(&format!("Made on Linux, {trust}.\n{}", summary(&made.hash, &[])))?;
        print(&columns(&with_sources(&made.hash.fields(), sources)))?;
        let left_out = sources.iter().filter(|source| !source.included);
        for source in left_out {
            print(&format!("left out: {} ({}): {}", source.name, source.kind, source.source))?;
        }
    }
    if let Some(known) = &device.windows_hash {
        let from = format!("{} ({}, line {})", known.source.name, known.lane.words(), known.source.line);
        print(&format!("Made by {}, from {from}.\n{}", known.hash.origin().words(), summary(&known.hash, &[])))?;
        if device.linux_hash().is_none() {
            let fields = known.hash.fields();
            print(&columns(&fields.iter().map(|f| [f.name.clone(), f.value.clone()]).collect::<Vec<_>>()))?;
        }
    }
    match device.comparison() {
        Some(comparison) => print(&side_by_side(&comparison, "made on Linux", "Windows")),
        None => Ok(()),
    }
}

/// Name, value, and where it comes from with what may differ.
fn with_sources(fields: &[Field], sources: &[FieldSource]) -> Vec<[String; 3]> {
    let source_of = |field: &Field| {
        let exact = sources.iter().find(|source| source.kind == field.kind && source.name == field.name);
        let source = exact.or_else(|| sources.iter().find(|source| source.included && source.kind == field.kind));
        source.map_or_else(String::new, |source| match source.risk.is_empty() {
            true => source.source.clone(),
            false => format!("{} (risk: {})", source.source, source.risk),
        })
    };
    fields.iter().map(|field| [field.name.clone(), field.value.clone(), source_of(field)]).collect()
}

async fn models(config: &Config) -> Result<(), Problem> {
    let bench = read_journal(config).await?.bench;
    let rows: Vec<_> = bench.models().map(|(model, trust)| [model.to_string(), trust.words()]).collect();
    match rows.is_empty() {
        true => print(
            "No model was compared with Windows yet. Capture one laptop of a model with a whiteglove stick and with \
             Windows or WinPE, then: whiteglove hash compare device:7 FILE",
        ),
        false => print(&columns(&rows)),
    }
}
