//! The pages of building a medium.

use whiteglove_core::{
    clock::Moment,
    media::{Kind, summary::Summary},
};

use super::{At, Building, Shape, kinds};
use crate::{
    model::Model,
    screen::media::draw::{job, list_images},
    theme::{Theme, Tone},
    widget::{page::Page, text},
};

/// As a person chooses it, and what for.
fn kind_words(kind: &Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::QuickScan => ("Quick scan", "asks a laptop who it is, and changes nothing on it"),
        Kind::WinPe(_) => ("Windows PE", "the customer's own, with Microsoft's tool"),
        Kind::WindowsSetup(_) => ("Windows Setup", "installs the customer's own Windows"),
        Kind::BenchBox => ("Bench box", "makes any PC a bench like this one; scripts/box first"),
    }
}

pub(in crate::screen::media) fn next(building: &Building) -> &'static str {
    match (building.at, &building.plan) {
        (At::Kind | At::Form, _) => "Down, Up: choose. Enter: go on. Nothing is made yet.",
        (At::Name, _) => "Enter: go on with this name, or type another one.",
        (At::Iso, _) => "Enter: go on with this ISO. It is only read.",
        (At::Drivers, _) => "Enter: go on, with a folder of drivers or without one.",
        (At::Add, _) => "Enter: look at the plan with what is in this folder.",
        (At::Plan, _) if building.shape() == Shape::Tree => "Enter: write it. Esc: back.",
        (At::Plan, None) => "Wait: the bench works out what goes on it.",
        (At::Plan, Some(Ok(plan))) if !plan.warnings.is_empty() => {
            "Read what may go wrong. Enter: build it all the same. Esc: back."
        }
        (At::Plan, Some(Ok(_))) if building.takes_more() => "Enter: build it. f: add a folder. Esc: back.",
        (At::Plan, Some(Ok(_))) => "Enter: build it. Esc: back.",
        (At::Plan, Some(Err(_))) => "Do what stands after \"next\". Esc: back.",
    }
}

pub(in crate::screen::media) fn draw(building: &Building, model: &Model, page: &mut Page, now: Moment) {
    match building.at {
        At::Kind => {
            page.heading("Build an image: what starts from it?");
            page.blank();
            for (n, kind) in kinds().iter().enumerate() {
                let (name, what_for) = kind_words(kind);
                page.option(name, what_for, n == building.kind);
            }
        }
        At::Form => {
            page.heading("Build an image: as what?");
            page.words("What starts from it is the same in every form.");
            page.blank();
            for (n, shape) in building.shapes().iter().enumerate() {
                let (name, when) = shape.words();
                page.option(name, when, n == building.shape);
            }
        }
        At::Name => {
            page.heading("Build an image: its name");
            page.words(match building.kind() {
                Kind::BenchBox => "What a box knows later lies on its stick, not in the image.",
                _ => "It carries this bench's public key, a token for the open batch and nothing else of value.",
            });
            page.blank();
            page.field("  File name:", &building.name);
            page.blank();
            if let Some(complaint) = &building.complaint {
                page.warning(complaint);
                page.blank();
            }
            list_images(page, model, None, now);
        }
        At::Add => {
            page.heading("Put a folder on it too");
            page.words("Give a folder of this computer. What is in it goes beside what the stick boots from.");
            page.words("Answer files in it are looked through for what goes wrong on sticks.");
            page.blank();
            page.field("  Folder:", &building.add);
        }
        At::Iso => {
            page.heading("Which Windows?");
            page.words("The customer's own ISO, on this computer. Nothing of Microsoft's comes with whiteglove.");
            page.blank();
            page.field("  ISO:", &building.iso);
            complaint(building, page);
        }
        At::Drivers => {
            page.heading("Drivers for it?");
            page.words(
                "A folder of unpacked drivers that it loads, for storage and network it does not know. Else empty.",
            );
            page.blank();
            page.field("  Folder:", &building.drivers);
        }
        At::Plan => {
            plan(building, page);
            // Minutes, if that Windows is new to the bench.
            if building.plan.is_none() && model.running_job().is_some() {
                page.blank();
                job(page, model, now);
            }
        }
    }
}

fn complaint(building: &Building, page: &mut Page) {
    if let Some(complaint) = &building.complaint {
        page.blank();
        page.warning(complaint);
    }
}

/// How long the page of the plan is.
pub(super) fn plan_lines(building: &Building, width: usize, theme: Theme) -> usize {
    let mut page = Page::new(width, theme);
    plan(building, &mut page);
    page.lines.len()
}

fn plan(building: &Building, page: &mut Page) {
    page.heading(&format!("The plan of {}", building.name.text));
    match &building.plan {
        _ if building.shape() == Shape::Tree => {
            page.words(match building.kind() {
                Kind::WinPe(_) => {
                    "A folder in the media folder, with what wimboot loads of this Windows PE, for a TFTP or HTTP server."
                }
                _ => {
                    "A folder in the media folder, with what a TFTP or HTTP server gives to laptops that boot from the \
                     network: Debian's signed loader, the agent, and this medium's card. Its README.TXT says how \
                     dnsmasq and nginx give it out."
                }
            });
        }
        None => page.words("Working it out ..."),
        Some(Err(problem)) => page.problem(problem, ("NOT LIKE THIS", Tone::Alarm)),
        Some(Ok(plan)) => summary(building, plan, page),
    }
}

fn summary(building: &Building, plan: &Summary, page: &mut Page) {
    const LABEL: usize = 18;
    let (_, form) = (building.kind, Shape::Image(plan.form).words().0);
    page.fact("Starts", LABEL, kind_words(&building.kind()).0);
    page.fact("Form", LABEL, form);
    let least = if plan.form.is_stick() { "; a stick must be at least that large" } else { "" };
    page.fact("Size", LABEL, &format!("{}{least}", text::bytes(plan.size)));
    if building.takes_more() {
        let folder = match (building.add.text.trim(), plan.warnings.len()) {
            ("", _) => "none".to_owned(),
            (folder, 0) => format!("{folder}; no fault found in it"),
            (folder, 1) => format!("{folder}; 1 thing to look at, below"),
            (folder, many) => format!("{folder}; {many} things to look at, below"),
        };
        page.fact("Added folder", LABEL, &folder);
    }
    for note in &plan.notes {
        page.fact("Know", LABEL, note);
    }
    for warning in &plan.warnings {
        page.blank();
        page.problem(warning, ("LOOK", Tone::Warn));
    }
    for volume in &plan.volumes {
        page.blank();
        let head = format!(
            "  {}   {} of {}, {} files",
            volume.label,
            text::bytes(volume.content),
            text::bytes(volume.size),
            volume.files
        );
        page.styled(&head, Tone::Strong);
        for (path, bytes) in &volume.largest {
            page.styled(&format!("   {:>10}  {path}", text::bytes(*bytes)), Tone::Plain);
        }
    }
}
