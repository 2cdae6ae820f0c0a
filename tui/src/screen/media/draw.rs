//! The pictures of the stick screen.

use ratatui::{buffer::Buffer, layout::Rect};
use whiteglove_core::{
    clock::Moment,
    control::Job,
    disk::{Disk, Policy},
};

use super::{
    CHOICE_KEYS, KEYS, PICK_KEYS, PLAN_KEYS, Step, TEXT_KEYS, Task,
    build::{self, At},
    built, images, returned_stick,
};
use crate::{
    model::Model,
    screen::bench,
    theme::Tone,
    view::{self, Chrome},
    widget::{meter, page::Page, scroll, text},
};

/// Rows of images in sight; the newest come first and are what people want.
const IMAGES: usize = 4;

pub(crate) fn draw(model: &Model, step: &Step, area: Rect, buf: &mut Buffer, now: Moment) {
    let chrome = Chrome { title: "Sticks".to_owned(), right: String::new(), next: next(model, step) };
    let body = match step {
        Step::Idle => chrome.draw(model, KEYS, area, buf, now),
        Step::PickImage { .. } | Step::PickDisk { .. } => chrome.draw(model, PICK_KEYS, area, buf, now),
        Step::Build(building) => match building.at {
            At::Kind | At::Form => chrome.draw(model, CHOICE_KEYS, area, buf, now),
            At::Plan => chrome.draw(model, PLAN_KEYS, area, buf, now),
            At::Name | At::Add | At::Iso | At::Drivers => chrome.draw(model, TEXT_KEYS, area, buf, now),
        },
        Step::Consent(_) | Step::Import(_) | Step::Check(_) => chrome.draw(model, TEXT_KEYS, area, buf, now),
    };
    let mut page = Page::new(usize::from(body.width), model.theme);
    let (mut focus, mut top) = (0, 0);
    match step {
        Step::Idle => {
            job(&mut page, model, now);
            list_images(&mut page, model, None, now);
            list_disks(&mut page, model, None);
        }
        Step::Build(building) => {
            build::draw::draw(building, model, &mut page, now);
            top = building.top;
        }
        Step::PickImage { selected, .. } => {
            list_images(&mut page, model, Some(*selected), now);
            focus = selected + 2;
        }
        Step::PickDisk { task, selected } => {
            match task {
                Task::Write(image) => {
                    page.heading("Which stick is erased and written?");
                    page.words(&format!("{} ({}) will be written.", image.name, text::bytes(image.bytes)));
                }
                Task::Update(image) => {
                    page.heading("Which stick is brought up to date?");
                    let size = text::bytes(image.bytes);
                    page.words(&format!("It gets what {} ({size}) boots from. Captures on it stay.", image.name));
                }
                Task::Collect => {
                    page.heading("Which stick came back?");
                    page.words("What it brings is imported. What the bench has then is erased from the stick.");
                }
            }
            page.blank();
            focus = page.lines.len() + selected + 2;
            list_disks(&mut page, model, Some((*selected, task)));
        }
        Step::Consent(consent) => consent.draw(model, &mut page),
        Step::Check(input) => {
            page.heading("Is it what this bench made?");
            page.words("Give the device of a stick or an image file. Nothing is written to it.");
            page.blank();
            page.field("  Check:", input);
        }
        Step::Import(input) => {
            page.heading("Import what a stick or a file brings");
            page.words("Captures of a stick that came back: give its device or the folder it is mounted at.");
            page.words("Hashes that Windows or WinPE made (CSV, OA3.xml): give the file, or the folder with them.");
            page.blank();
            page.field("  From:", input);
            page.blank();
            match returned_stick(model) {
                Some(_) => {
                    page.words("Importing twice does no harm: what is here already stays one laptop.");
                    page.words("To empty the stick too, after the import: Esc, then r.");
                }
                None => page.words("No stick is seen. For one: Esc, plug it in, then d looks for disks again."),
            }
        }
    }
    let height = usize::from(body.height);
    let top = scroll::top(top, focus.max(top), page.lines.len(), height);
    scroll::paint(&page.lines, top, body, buf, model.theme);
}

fn next(model: &Model, step: &Step) -> String {
    let step = match step {
        Step::Idle if model.running_job().is_none() && model.unseen_problem().is_some() => view::READ_ERROR,
        Step::Idle => match model.job().map(|job| &job.outcome) {
            Some(None) => "Wait. Leave the stick in. c: cancel. Esc: to the board, the job goes on.",
            Some(Some(Ok(_))) if built(model).is_some() => "Enter: write it to a stick. m: to many. Esc: to the board.",
            Some(Some(Ok(_))) => "w: write a stick. Enter: put the result away. Esc: to the board.",
            Some(Some(Err(_))) => "Do what stands after \"next\". Enter: put the result away.",
            None if bench::is_armed(model) => "Bench mode is armed and takes every stick. m: look at it.",
            None if brings(model) => "A stick has come back: r takes in what it brings, and empties it.",
            None if images(model).is_empty() => "b: build the first image.",
            None => "Plug a USB stick in, then w: write it. A stick came back: r takes it in.",
        },
        Step::Build(building) => build::draw::next(building),
        Step::PickImage { .. } => "Down, Up: choose the image. Enter: go on.",
        Step::PickDisk { task, .. } => match &model.disks {
            None => "Wait: looking for disks.",
            Some(disks) if disks.iter().all(|disk| disk.refusal(Policy::default()).is_some()) => {
                "No stick that can be written. Plug one in, then d: look again."
            }
            Some(_) if *task == Task::Collect => "Down, Up: choose the stick. Enter: go on. Nothing is done to it yet.",
            Some(_) => "Down, Up: choose the stick. Enter: go on. Nothing is erased yet.",
        },
        Step::Check(_) => "Enter: check that, or type another place.",
        Step::Consent(consent) => consent.next(),
        Step::Import(_) => "Enter: import from there, or type another place.",
    };
    step.to_owned()
}

/// A stick that is plugged in has something that can be taken in.
fn brings(model: &Model) -> bool {
    model.looked.iter().any(|(_, brought)| brought.as_ref().is_ok_and(|brought| brought.is_importable()))
}

pub(super) fn list_images(page: &mut Page, model: &Model, selected: Option<usize>, now: Moment) {
    let folder = model.snapshot.as_deref().map(|snapshot| snapshot.media_folder.display().to_string());
    page.heading(&format!("Images in {}", folder.unwrap_or_default()));
    let images = images(model);
    if images.is_empty() {
        page.words("None yet.");
    } else {
        page.styled(&format!("  {}{:>10}   MADE", text::fit("IMAGE", 40, page.theme), "SIZE"), Tone::Dim);
    }
    let shown = if selected.is_some() { images.len() } else { IMAGES };
    for (n, image) in images.iter().take(shown).enumerate() {
        page.image(image, now, selected == Some(n));
    }
    if images.len() > shown {
        page.styled(&format!("  and {} older", images.len() - shown), Tone::Dim);
    }
    page.blank();
}

/// `selected`: the marked one, and what it is chosen for.
fn list_disks(page: &mut Page, model: &Model, selected: Option<(usize, &Task)>) {
    page.heading("Disks of this computer");
    let Some(disks) = &model.disks else { return page.words("Looking ...") };
    if disks.is_empty() {
        return page.words("None seen. Plug a USB stick in, then d looks again.");
    }
    let theme = page.theme;
    let head = format!(
        "  {}{:>9}  {}{}",
        text::fit("NAME", 20, theme),
        "SIZE",
        text::fit("DEVICE", 14, theme),
        "CAN IT BE WRITTEN?"
    );
    page.styled(&head, Tone::Dim);
    for (n, disk) in disks.iter().enumerate() {
        let why = match selected {
            Some((_, task)) => task.why_not(disk),
            None => disk.refusal(Policy::default()).map(|refusal| refusal.to_string()),
        };
        let brought = model.brought_by(disk).and_then(|brought| brought.as_ref().ok());
        let (answer, tone) = match (why, brought) {
            (Some(why), _) => (format!("no: {why}"), Tone::Dim),
            (None, Some(brought)) if !brought.is_nothing() => {
                (format!("has {}", brought.to_string().replace(" and ", ", ")), Tone::Warn)
            }
            (None, _) => (format!("yes ({})", disk.bus.word()), Tone::Plain),
        };
        let line = format!(
            "{}{:>9}  {}{answer}",
            text::fit(&named(disk), 20, theme),
            text::bytes(disk.size_bytes),
            text::fit(&disk.path.display().to_string(), 14, theme),
        );
        page.choice(&line, selected.is_some_and(|(selected, _)| selected == n), tone);
    }
    // The list has no room for a long reason.
    let chosen = selected.and_then(|(selected, task)| Some((disks.get(selected)?, task)));
    if let Some(why) = chosen.and_then(|(disk, task)| task.why_not(disk)) {
        page.blank();
        page.words(&format!("This one cannot be written: {why}."));
    }
}

pub(crate) fn job(page: &mut Page, model: &Model, now: Moment) {
    let Some(job) = model.job() else { return };
    page.heading(&job.title);
    match &job.outcome {
        None => running(page, model, job, now),
        Some(Ok(words)) => page.answer(words),
        Some(Err(problem)) => page.problem(problem, ("FAILED", Tone::Alarm)),
    }
    page.blank();
}

fn running(page: &mut Page, model: &Model, job: &Job, now: Moment) {
    let meter = &model.meter;
    page.styled(&format!("  {}", job.progress.task), Tone::Strong);
    page.bar(meter::percent(&job.progress));
    let rate = meter.rate().map_or_else(|| "measuring ...".to_owned(), |rate| format!("{}/s", text::bytes(rate)));
    let left = meter
        .left(&job.progress)
        .map_or_else(|| "time left unknown".to_owned(), |left| format!("{} left", text::duration(left)));
    let numbers = format!(
        "  {} of {}   {rate}   {left}   running {}",
        text::bytes(job.progress.done),
        text::bytes(job.progress.total),
        text::duration(now.since(job.started)),
    );
    page.styled(&numbers, Tone::Plain);
    if let Some(silent) = meter.stalled(now) {
        let words = format!(
            "  No progress for {}. Slow sticks pause; after two minutes, cancel and take another.",
            text::duration(silent)
        );
        page.styled(&words, Tone::Warn);
    }
}

/// As the consent page calls it, with the maker in front.
fn named(disk: &Disk) -> String {
    match disk.vendor.trim() {
        "" => disk.name(),
        vendor => format!("{vendor} {}", disk.name()),
    }
}
