//! What the board says to do next.

use whiteglove_core::{
    clock::Moment,
    control::{Row, StageName, Tone as Sound},
    device::Signal,
    netboot::Standing,
    order::Match,
    readiness::Verdict,
};

use crate::{
    model::{Model, is_silent, is_wrong},
    screen::{Screen, registration},
    view,
};

/// The next step, for someone who sees this for the first time.
pub(super) fn next(model: &Model, now: Moment) -> String {
    if let Screen::Find = model.screen.base() {
        return "Type a part of the serial number, model or stage. Enter: done. Esc: show all.".to_owned();
    }
    if let Some(problem) = model.endpoint_problem() {
        return problem.next.clone();
    }
    if model.flash.as_ref().is_some_and(|flash| matches!(flash.tone, Sound::Attention | Sound::Wrong)) {
        return "Do what the box says. Any key or the next scan puts it away.".to_owned();
    }
    let rows = model.rows();
    if model.snapshot.is_none() {
        return "Wait a moment.".to_owned();
    }
    match model.board.marked() {
        0 => {}
        n => return format!("{n} marked. n: choose what they boot from the network. Esc: unmark."),
    }
    let failed = model.failed_port().map(|(port, _)| format!("s: see why {port} cannot serve, and what to do."));
    if rows.is_empty() {
        return failed.unwrap_or_else(|| "Follow the steps above.".to_owned());
    }
    let online = is_online(model);
    let Some(row) = model.board.selected_row(rows) else {
        // Also of one that is not on the board.
        let clients = model.network().map(|network| network.clients.as_slice()).unwrap_or_default();
        let stuck = clients.iter().any(|client| client.standing == Standing::Stuck);
        let network = if stuck { " s: who is stuck on the network." } else { "" };
        return match model.counts.needing {
            _ if model.unseen_problem().is_some() => view::READ_ERROR.to_owned(),
            _ if let Some(failed) = failed => failed,
            _ if let Some(step) = model.snapshot.as_deref().and_then(registration::sign_in_first) => step.to_owned(),
            0 if stuck => "s: see who is stuck on the network, and why.".to_owned(),
            0 if online && model.counts.unasked > 0 => match model.counts.unasked {
                1 => "r: register the captured laptop. Or press Down to choose one.".to_owned(),
                n => format!("r: register the {n} captured laptops. Or press Down to choose one."),
            },
            0 if model.uses_network() => {
                "Boot the next laptop from the network. Scan a serial number or press Down to choose a laptop."
                    .to_owned()
            }
            0 => "Boot the next laptop from a stick. Scan a serial number or press Down to choose a laptop.".to_owned(),
            1 => format!("a: go to the laptop that needs you.{network}"),
            _ => format!("a: go to the first laptop that needs you.{network}"),
        };
    };
    if let Some(headline) = stuck_first(model, row, now) {
        return format!("#{}: {}. w: see why it did not boot, and what to do.", row.device.0, headline);
    }
    match (&row.attention, row.stage) {
        // The column may have cut it.
        (Some(reason), StageName::Arrived | StageName::Captured | StageName::Held) => {
            format!("#{}: {}. {}", row.device.0, reason.trim_end_matches('.'), step_for(row, model, now))
        }
        _ => step_for(row, model, now).to_owned(),
    }
}

/// What keeps it from booting, unless something worse is to be done first.
fn stuck_first<'a>(model: &'a Model, row: &Row, now: Moment) -> Option<&'a str> {
    let worse = row.stage == StageName::Held || row.verdict == Verdict::NotReady || is_silent(row, now);
    model.stuck(row).filter(|_| !worse && !is_wrong(&row.matching) && row.stage != StageName::Replaced)
}

/// What to do with the chosen laptop.
fn step_for(row: &Row, model: &Model, now: Moment) -> &'static str {
    match (row.stage, row.verdict) {
        (StageName::Replaced, _) => "Nothing to do: this laptop lives on under another number. Enter: its history.",
        (StageName::Held, _) => "Enter: see why it is held, and what to do.",
        _ if is_wrong(&row.matching) => "Enter: see label, machine and order side by side.",
        (_, Verdict::NotReady) => "It cannot be pre-provisioned like this. Enter: see what to repair.",
        (StageName::Cleared, _) => "Safe to boot: start it, and at the first page of setup press Windows x5.",
        (StageName::Registered, _) => "Do not start it yet. Enter: see what is still missing.",
        _ if row.refused => "The service refused it. Enter: see why, and what to do.",
        (StageName::Captured, _) if is_online(model) && row.registration.is_none() => {
            "Captured. r: register it. Enter: see all that is known of it."
        }
        (StageName::Captured, _) if row.registration.is_some() => "Wait: it is being registered. g: how far that is.",
        (StageName::Captured, Verdict::ReadyWithWarnings) => {
            "Enter: see what may cost time later. Or go on with the next laptop."
        }
        (StageName::Captured, _) if row.matching == Match::Expected => {
            "Captured and ready. Enter, then c: compare its label. Then p: switch it off."
        }
        (StageName::Captured, _) => {
            "Captured and ready. Enter, then p: switch it off. Take the stick to the next laptop."
        }
        (StageName::Arrived, _) if is_silent(row, now) => {
            "Nothing more came from this laptop. Go to it and do what its own screen says."
        }
        (StageName::Arrived, _) if row.signal != Signal::Agent && is_under_way(row, model) => {
            "Wait: this laptop boots from the network. w: see how far it is."
        }
        (StageName::Arrived, _) if row.signal == Signal::Network => {
            "It asked the network and nothing came of it. Boot it again. w: what was seen."
        }
        (StageName::Arrived, _) if row.signal != Signal::Agent => {
            "Known from its label or a file only. Boot this laptop from a stick."
        }
        (StageName::Arrived, _) => "Wait: this laptop is being read. Leave its cable and its stick in.",
    }
}

/// The laptops of this batch are registered by the bench itself.
fn is_online(model: &Model) -> bool {
    model.snapshot.as_deref().is_some_and(|snapshot| snapshot.registration.is_some())
}

fn is_under_way(row: &Row, model: &Model) -> bool {
    model.client(row.device).is_some_and(|client| client.standing == Standing::UnderWay)
}
