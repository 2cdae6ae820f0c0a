//! `whiteglove register` and `whiteglove registration`: what is sent, what came of it, and whether a laptop may be started.
#![allow(clippy::print_stderr, reason = "the command line asks")]

use std::io::IsTerminal;

use serde::Serialize;
use whiteglove_core::{
    bench::Bench,
    clock::short_age,
    control::Command,
    device::DeviceId,
    problem::Problem,
    registration::{Counts, Dossier, Finding, Gate, Met, Wanted},
};

use super::{ask, columns, print, print_json, read_journal};
use crate::{
    cli::{ChangeArgs, RegistrationAction},
    clock::now,
    config::Config,
};

/// # Errors
/// The bench's own answer.
pub async fn register(config: &Config, devices: Vec<u64>, by: Option<String>) -> Result<(), Problem> {
    let devices = devices.into_iter().map(DeviceId).collect();
    ask(config, Command::Register { devices, by }).await
}

/// # Errors
/// The bench's own answer.
pub async fn registration(config: &Config, action: RegistrationAction) -> Result<(), Problem> {
    if let Some((wanted, args)) = action.change() {
        return change(config, wanted, args).await;
    }
    match action {
        RegistrationAction::Status { json } => status(&read_journal(config).await?.bench, json),
        RegistrationAction::Show { device, json } => show(&read_journal(config).await?.bench, DeviceId(device), json),
        RegistrationAction::Drop { devices } => {
            ask(config, Command::DropRegistration { devices: devices.into_iter().map(DeviceId).collect() }).await
        }
        RegistrationAction::Override { device, condition, by, reason } => {
            let device = DeviceId(device);
            ask(config, Command::Override { device, condition: condition.0, by, reason }).await
        }
        RegistrationAction::TestNetwork => ask(config, Command::TestNetwork).await,
        RegistrationAction::Amend(_) | RegistrationAction::Unblock(_) | RegistrationAction::Delete(_) => Ok(()),
    }
}

#[derive(Debug, Serialize)]
struct Status<'a> {
    customer: &'a str,
    counts: Counts,
    devices: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    device: u64,
    serial: String,
    stage: &'static str,
    registration: &'static str,
    says: String,
}

fn status(bench: &Bench, json: bool) -> Result<(), Problem> {
    let none = || {
        Problem::new(
            "Nothing is registered here.",
            "The open batch belongs to no customer.",
            "Say whose it is: whiteglove batch set FILE, with customer = NAME.",
        )
    };
    let customer = bench.batch().and_then(|batch| bench.customer_of(batch)).ok_or_else(none)?;
    let lines = bench.rows_at_work().filter_map(|row| {
        let dossier = bench.dossier(row.device)?;
        Some(Line {
            device: row.device.0,
            serial: row.serial.clone(),
            stage: row.stage.word(),
            registration: dossier.progress.word(),
            says: row.registration.clone().unwrap_or_default(),
        })
    });
    let status = Status { customer, counts: bench.registration_counts(customer), devices: lines.collect() };
    if json {
        return print_json(&status);
    }
    let Counts { waiting, sending, importing, registered, refused } = status.counts;
    print(&format!(
        "{customer}: {waiting} waiting, {sending} being sent, {importing} importing, {registered} registered, {refused} refused"
    ))?;
    if status.devices.is_empty() {
        return print("No laptop was asked for. whiteglove register asks for all of the open batch that can go.");
    }
    let head = ["", "serial", "stage", "registration", "what is missing"].map(str::to_owned);
    let rows = status.devices.into_iter().map(|line| {
        [format!("#{}", line.device), line.serial, line.stage.to_owned(), line.registration.to_owned(), line.says]
    });
    print(&columns(&std::iter::once(head).chain(rows).collect::<Vec<_>>()))
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    device: u64,
    safe_to_boot: bool,
    gate: &'a Gate,
    dossier: Option<&'a Dossier>,
}

fn show(bench: &Bench, device: DeviceId, json: bool) -> Result<(), Problem> {
    let at_work = bench.device(device).filter(|device| bench.at_work(device));
    let known = at_work.ok_or_else(|| {
        Problem::new(
            format!("There is no device #{} here.", device.0),
            "No laptop of the open batch's customer has this number.",
            "`whiteglove devices` lists what is there.",
        )
    })?;
    let gate = bench.gate(device).ok_or_else(|| {
        Problem::new(
            format!("Device #{} cannot be cleared.", device.0),
            format!("Its batch '{}' belongs to no customer.", known.batch),
            "Say whose it is: whiteglove batch set FILE, with customer = NAME.",
        )
    })?;
    let cleared = known.stage.is_cleared() && gate.is_open();
    if json {
        return print_json(&Shown {
            device: device.0,
            safe_to_boot: cleared,
            gate: &gate,
            dossier: bench.dossier(device),
        });
    }
    let serial = known.any_serial().map(ToString::to_string).unwrap_or_default();
    print(&format!("#{} {serial}: {}", device.0, if cleared { "SAFE TO BOOT" } else { "NOT safe to boot" }))?;
    let lines: Vec<_> = gate.findings.iter().map(line).collect();
    print(&columns(&lines))?;
    match gate.first().and_then(|finding| finding.problem.as_ref()) {
        Some(problem) => {
            print(&format!("\nfirst: {}\n  why:  {}\n  next: {}", problem.what, problem.why, problem.next))
        }
        None => Ok(()),
    }
}

fn line(finding: &Finding) -> [String; 5] {
    let met = match (finding.met, &finding.overridden) {
        (Met::Yes, _) => "yes",
        (_, Some(_)) => "OVERRIDDEN",
        (Met::No, None) => "NO",
        (Met::Unknown, None) => "not known",
    };
    let says = match &finding.overridden {
        Some(by) => format!("{}; {} says: {}", finding.says, by.by, by.reason),
        None => finding.says.clone(),
    };
    let age = finding.at.map_or_else(String::new, |at| format!("{} ago", short_age(now().since(at))));
    [finding.condition.words().to_owned(), met.to_owned(), says, finding.source.clone(), age]
}

/// Shows what would be done, and asks.
async fn change(config: &Config, wanted: Wanted, args: &ChangeArgs) -> Result<(), Problem> {
    let bench = read_journal(config).await?.bench;
    let device = DeviceId(args.device);
    let act = bench.plan_act(device, wanted)?;
    let serial = bench.device(device).and_then(|device| device.any_serial()).map(ToString::to_string);
    let serial = serial.unwrap_or_else(|| format!("#{}", device.0));
    eprintln!("Device #{} {serial}: {}.", device.0, act.words());
    if wanted == Wanted::Deregister {
        eprintln!(
            "Windows Autopilot will not know it any more: no profile, no technician phase, until it is registered again. \
             Its objects in Intune and Entra stay."
        );
    }
    if typed(args, &serial)?.trim() != serial {
        return Err(Problem::new(
            "Nothing was changed.",
            "What was typed is not the laptop's serial number.",
            format!("To go on, type exactly: {serial}"),
        ));
    }
    ask(config, Command::ChangeRegistration { act, wanted, by: args.by.clone() }).await
}

fn typed(args: &ChangeArgs, serial: &str) -> Result<String, Problem> {
    if let Some(confirm) = &args.confirm {
        return Ok(confirm.clone());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Problem::new(
            "Nothing was changed.",
            "Nobody is there to agree to it.",
            format!("Add: --confirm {serial}"),
        ));
    }
    eprint!("To go on, type its serial number {serial}: ");
    let mut typed = String::new();
    std::io::stdin()
        .read_line(&mut typed)
        .map(|_| typed)
        .map_err(|error| Problem::new("Nothing was changed.", format!("The system says: {error}."), "Try again."))
}
