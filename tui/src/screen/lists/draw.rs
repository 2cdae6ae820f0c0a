//! The pages of making lists.

use ratatui::{buffer::Buffer, layout::Rect};
use whiteglove_core::{clock::Moment, lane::Lane};

use super::{At, KEYS, LANES, Lists, YES, warning};
use crate::{
    model::Model,
    screen::{
        media,
        pages::{CHOICE_KEYS, TEXT_KEYS},
    },
    theme::Tone,
    view::Chrome,
    widget::{page::Page, scroll},
};

/// A list as a person chooses it, and what it is.
fn lane_words(lane: Lane) -> (&'static str, &'static str) {
    match lane {
        Lane::Intune => ("Intune", "Windows Autopilot devices, by hardware hash"),
        Lane::Partner => ("Partner Center", "by hash, product key id, or maker, model and serial"),
        Lane::Corporate => ("Identifiers", "corporate ones: they change how a whole tenant enrols"),
        Lane::Association => ("Association", "what Windows setup exported, one file for each"),
    }
}

pub(crate) fn draw(model: &Model, lists: &Lists, area: Rect, buf: &mut Buffer, now: Moment) {
    let chrome = Chrome { title: "Lists".to_owned(), right: String::new(), next: next(model, lists) };
    let body = match lists.at {
        At::Lane | At::Which => chrome.draw(model, CHOICE_KEYS, area, buf, now),
        At::Result => chrome.draw(model, KEYS, area, buf, now),
        At::Batch | At::Tag | At::Agreed | At::Folder => chrome.draw(model, TEXT_KEYS, area, buf, now),
    };
    let mut page = Page::new(usize::from(body.width), model.theme);
    match lists.at {
        At::Lane => {
            page.heading("A list for which portal?");
            page.blank();
            for (n, lane) in LANES.into_iter().enumerate() {
                let (name, what) = lane_words(lane);
                page.option(name, what, n == lists.lane);
            }
        }
        At::Agreed => {
            let warning = warning();
            page.heading("This changes how the whole tenant enrols");
            page.words(&warning.what);
            page.words(&warning.why);
            page.blank();
            page.prompt("If the customer wants that, type:  ", YES);
            page.field("  >", &lists.agreed);
        }
        At::Batch => {
            page.heading("Laptops of which batch?");
            page.words("The open one is proposed.");
            page.blank();
            page.field("  Batch:", &lists.batch);
        }
        At::Which => {
            page.heading("Which of its laptops?");
            page.words("Held, replaced and simulated ones, and those that lack what the portal needs, never go out.");
            page.blank();
            page.choice("Only those that did not go out before", !lists.all, Tone::Plain);
            page.choice("All, also those that went out before", lists.all, Tone::Plain);
        }
        At::Tag => {
            page.heading("One group tag for all of them?");
            page.words("Leave it empty: each keeps what came with it, or its batch's.");
            page.blank();
            page.field("  Group tag:", &lists.tag);
        }
        At::Folder => {
            page.heading("Into which folder?");
            page.words("A folder of this computer, or of a stick that is mounted. It is made if it is not there.");
            page.blank();
            page.field("  Folder:", &lists.folder);
        }
        At::Result => result(model, &mut page, now),
    }
    if let Some(complaint) = &lists.complaint {
        page.blank();
        page.warning(complaint);
    }
    scroll::paint(&page.lines, 0, body, buf, model.theme);
}

fn result(model: &Model, page: &mut Page, now: Moment) {
    match (model.job(), model.unseen_problem()) {
        (Some(_), _) => media::draw::job(page, model, now),
        (None, Some((_, problem))) => page.problem(problem, ("NO LIST", Tone::Alarm)),
        (None, None) => page.words("The bench is asked ..."),
    }
}

fn next(model: &Model, lists: &Lists) -> String {
    let step = match lists.at {
        At::Lane | At::Which => "Down, Up: choose. Enter: go on. Nothing is written yet.",
        At::Batch => "Enter: this batch, or type another one's name.",
        At::Tag => "Enter: go on, with a group tag for all or without one.",
        At::Agreed => "Ask the customer first. Esc: back.",
        At::Folder => "Enter: write the list there, or type another folder.",
        At::Result => match (model.job().map(|job| &job.outcome), model.unseen_problem()) {
            (Some(Some(Ok(_))), _) => "Upload each file as it says. l: another list. Enter: back to the board.",
            (Some(Some(Err(_))), _) | (None, Some(_)) => "Do what stands after \"next\". l: another list. Esc: back.",
            (Some(None), _) | (None, None) => "Wait: the list is being made.",
        },
    };
    step.to_owned()
}
