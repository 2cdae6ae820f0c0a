//! The pictures of the stick screen.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};
use whiteglove_core::{
    clock::{Moment, short_age},
    control::{Image, Job},
    disk::{Disk, Policy},
    media::Form,
};

use super::{
    Consent, KEYS, PICK_KEYS, PLAN_KEYS, Step, TEXT_KEYS, What,
    build::{At, Building, form_words},
    built, images, returned_stick, why_not,
};
use crate::{
    model::Model,
    screen::bench,
    theme::{Theme, Tone},
    view::{self, Chrome},
    widget::{meter, scroll, text},
};

/// Rows of images in sight; the newest come first and are what people want.
const IMAGES: usize = 4;

pub(crate) fn draw(model: &Model, step: &Step, area: Rect, buf: &mut Buffer, now: Moment) {
    let chrome = Chrome { title: "Sticks".to_owned(), right: String::new(), next: next(model, step) };
    let body = match step {
        Step::Idle => chrome.draw(model, KEYS, area, buf, now),
        Step::PickImage { .. } | Step::PickDisk { .. } => chrome.draw(model, PICK_KEYS, area, buf, now),
        Step::Build(building) => match building.at {
            At::Form => chrome.draw(model, PICK_KEYS, area, buf, now),
            At::Plan => chrome.draw(model, PLAN_KEYS, area, buf, now),
            At::Name | At::Add => chrome.draw(model, TEXT_KEYS, area, buf, now),
        },
        Step::Consent(_) | Step::Import(_) | Step::Check(_) => chrome.draw(model, TEXT_KEYS, area, buf, now),
    };
    let mut page = Page { model, width: usize::from(body.width), now, lines: vec![] };
    let mut focus = 0;
    match step {
        Step::Idle => {
            page.job();
            page.images(None);
            page.disks(None, None);
        }
        Step::Build(building) => page.build(building),
        Step::PickImage { selected, .. } => {
            page.images(Some(*selected));
            focus = selected + 2;
        }
        Step::PickDisk { image, selected, what } => {
            let size = text::bytes(image.bytes);
            match what {
                What::Write => {
                    page.heading("Which stick is erased and written?");
                    page.words(&format!("{} ({size}) will be written.", image.name));
                }
                What::Update => {
                    page.heading("Which stick is brought up to date?");
                    page.words(&format!("It gets what {} ({size}) boots from. Captures on it stay.", image.name));
                }
            }
            page.blank();
            focus = page.lines.len() + selected + 2;
            page.disks(Some(*selected), Some(image));
        }
        Step::Consent(consent) => page.consent(consent),
        Step::Check(input) => {
            page.heading("Is it what this bench made?");
            page.words("Give the device of a stick or an image file. Nothing is written to it.");
            page.blank();
            page.lines.push(input.line("  Check:", page.width, model.theme));
        }
        Step::Import(input) => {
            page.heading("Import what a stick or a file brings");
            page.words("Captures of a stick that came back: give its device or the folder it is mounted at.");
            page.words("Hashes that Windows or WinPE made (CSV, OA3.xml): give the file, or the folder with them.");
            page.blank();
            page.lines.push(input.line("  From:", page.width, model.theme));
            page.blank();
            match returned_stick(model) {
                Some(_) => page.words("Importing twice does no harm: what is here already stays one laptop."),
                None => page.words("No stick is seen. For one: Esc, plug it in, then d looks for disks again."),
            }
        }
    }
    let height = usize::from(body.height);
    let top = scroll::top(0, focus, page.lines.len(), height);
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
            None if images(model).is_empty() => "b: build the first image.",
            None => "Plug a USB stick in, then w: write it. A stick came back: i imports it.",
        },
        Step::Build(building) => match (building.at, &building.plan) {
            (At::Form, _) => "Down, Up: choose. Enter: go on. Nothing is made yet.",
            (At::Name, _) => "Enter: go on with this name, or type another one.",
            (At::Add, _) => "Enter: look at the plan with what is in this folder.",
            (At::Plan, None) => "Wait: the bench works out what goes on it.",
            (At::Plan, Some(Ok(_))) => "Enter: build it. f: add a folder. Esc: back.",
            (At::Plan, Some(Err(_))) => "Do what stands after \"next\". Esc: back.",
        },
        Step::PickImage { .. } => "Down, Up: choose the image. Enter: go on.",
        Step::PickDisk { .. } => match &model.disks {
            None => "Wait: looking for disks.",
            Some(disks) if disks.iter().all(|disk| disk.refusal(Policy::default()).is_some()) => {
                "No stick that can be written. Plug one in, then d: look again."
            }
            Some(_) => "Down, Up: choose the stick. Enter: go on. Nothing is erased yet.",
        },
        Step::Check(_) => "Enter: check that, or type another place.",
        Step::Consent(consent) if consent.what == What::Update => {
            "Compare name and size with the stick. Type the name, then Enter updates it. Esc: back."
        }
        Step::Consent(_) => "Compare name and size with the stick. Type the name, then Enter erases it. Esc: back.",
        Step::Import(_) => "Enter: import from there, or type another place.",
    };
    step.to_owned()
}

struct Page<'a> {
    model: &'a Model,
    width: usize,
    now: Moment,
    lines: Vec<Line<'static>>,
}

impl Page<'_> {
    fn theme(&self) -> Theme {
        self.model.theme
    }

    fn heading(&mut self, title: &str) {
        let line = text::heading(title, self.width, self.theme());
        self.lines.push(line);
    }

    fn blank(&mut self) {
        self.lines.push(Line::default());
    }

    fn styled(&mut self, words: &str, tone: Tone) {
        let style = self.theme().style(tone);
        self.lines.push(Line::from(Span::styled(text::cut(words, self.width, self.theme()), style)));
    }

    fn words(&mut self, words: &str) {
        self.lines.extend(text::wrap(words, self.width - 4).into_iter().map(|line| Line::raw(format!("  {line}"))));
    }

    fn choice(&mut self, words: &str, selected: bool, tone: Tone) {
        let theme = self.theme();
        let marker = if selected { theme.glyphs().marker } else { " " };
        let line = text::fit(&format!("{marker} {words}"), self.width, theme);
        let style = if selected { theme.style(Tone::Selected) } else { theme.style(tone) };
        self.lines.push(Line::from(Span::styled(line, style)));
    }

    fn build(&mut self, building: &Building) {
        let theme = self.theme();
        match building.at {
            At::Form => {
                self.heading("Build an image: as what?");
                self.words("What it boots is the same: it asks a laptop who it is, and changes nothing on it.");
                self.blank();
                for (n, form) in Form::ALL.into_iter().enumerate() {
                    let (name, when) = form_words(form);
                    let line = format!("{}{when}", text::fit(name, 20, theme));
                    self.choice(&line, n == building.form, Tone::Plain);
                }
            }
            At::Name => {
                self.heading("Build an image: its name");
                self.words(
                    "The image carries this bench's public key, a token for the open batch and nothing else of value.",
                );
                self.blank();
                self.lines.push(building.name.line("  File name:", self.width, theme));
                self.blank();
                if let Some(complaint) = &building.complaint {
                    self.styled(&format!("  {complaint}"), Tone::Warn);
                    self.blank();
                }
                self.images(None);
            }
            At::Add => {
                self.heading("Put a folder on it too");
                self.words("Give a folder of this computer. What is in it goes beside what the stick boots from.");
                self.words("Answer files in it are looked through for what goes wrong on sticks.");
                self.blank();
                self.lines.push(building.add.line("  Folder:", self.width, theme));
            }
            At::Plan => self.plan(building),
        }
    }

    fn plan(&mut self, building: &Building) {
        let (theme, width) = (self.theme(), self.width);
        self.heading(&format!("The plan of {}", building.name.text));
        let plan = match &building.plan {
            None => return self.words("Working it out ..."),
            Some(Err(problem)) => {
                self.lines.extend(text::problem(problem, ("NOT LIKE THIS", Tone::Alarm), width, theme));
                return;
            }
            Some(Ok(plan)) => plan,
        };
        let styles = (theme.style(Tone::Dim), theme.style(Tone::Strong));
        let folder = match building.add.text.trim() {
            "" => "none".to_owned(),
            folder => format!("{folder}; no fault found in it"),
        };
        let facts = [
            ("Form", form_words(plan.form).0.to_owned()),
            ("Size", format!("{}; a stick must be at least that large", text::bytes(plan.size))),
            ("Added folder", folder),
        ];
        for (label, value) in &facts {
            self.lines.extend(text::labelled(&format!("   {label}"), 18, value, width, styles));
        }
        for volume in &plan.volumes {
            self.blank();
            let head = format!(
                "  {}   {} of {}, {} files",
                volume.label,
                text::bytes(volume.content),
                text::bytes(volume.size),
                volume.files
            );
            self.styled(&head, Tone::Strong);
            for (path, bytes) in &volume.largest {
                self.styled(&format!("   {:>10}  {path}", text::bytes(*bytes)), Tone::Plain);
            }
        }
    }

    fn images(&mut self, selected: Option<usize>) {
        let theme = self.theme();
        let folder = self.model.snapshot.as_deref().map(|snapshot| snapshot.media_folder.display().to_string());
        self.heading(&format!("Images in {}", folder.unwrap_or_default()));
        let images = images(self.model);
        if images.is_empty() {
            self.words("None yet.");
        } else {
            self.styled(&format!("  {}{:>10}   MADE", text::fit("IMAGE", 40, theme), "SIZE"), Tone::Dim);
        }
        let shown = if selected.is_some() { images.len() } else { IMAGES };
        for (n, image) in images.iter().take(shown).enumerate() {
            let age = short_age(self.now.since(image.made));
            let line = format!("{}{:>10}   {age} ago", text::fit(&image.name, 40, theme), text::bytes(image.bytes));
            self.choice(&line, selected == Some(n), Tone::Plain);
        }
        if images.len() > shown {
            self.styled(&format!("  and {} older", images.len() - shown), Tone::Dim);
        }
        self.blank();
    }

    fn disks(&mut self, selected: Option<usize>, image: Option<&Image>) {
        self.heading("Disks of this computer");
        let Some(disks) = &self.model.disks else { return self.words("Looking ...") };
        if disks.is_empty() {
            return self.words("None seen. Plug a USB stick in, then d looks again.");
        }
        let theme = self.theme();
        let head = format!(
            "  {}{:>9}  {}{}",
            text::fit("NAME", 20, theme),
            "SIZE",
            text::fit("DEVICE", 14, theme),
            "CAN IT BE WRITTEN?"
        );
        self.styled(&head, Tone::Dim);
        for (n, disk) in disks.iter().enumerate() {
            let why = match image {
                Some(image) => why_not(disk, image),
                None => disk.refusal(Policy::default()).map(|refusal| refusal.to_string()),
            };
            let (answer, tone) = match why {
                None => (format!("yes ({})", disk.bus.word()), Tone::Plain),
                Some(why) => (format!("no: {why}"), Tone::Dim),
            };
            let line = format!(
                "{}{:>9}  {}{answer}",
                text::fit(&named(disk), 20, theme),
                text::bytes(disk.size_bytes),
                text::fit(&disk.path.display().to_string(), 14, theme),
            );
            self.choice(&line, selected == Some(n), tone);
        }
        // The list has no room for a long reason.
        let chosen = selected.and_then(|selected| disks.get(selected));
        if let Some(why) = chosen.zip(image).and_then(|(disk, image)| why_not(disk, image)) {
            self.blank();
            self.words(&format!("This one cannot be written: {why}."));
        }
    }

    fn consent(&mut self, consent: &Consent) {
        let (theme, width) = (self.theme(), self.width);
        let Consent { what, image, disk, typed, refused } = consent;
        let styles = (theme.style(Tone::Dim), theme.style(Tone::Strong));
        let (head, to) = match what {
            What::Write => (" EVERYTHING ON THIS STICK WILL BE ERASED ", "erase"),
            What::Update => (" WHAT THIS STICK BOOTS FROM WILL BE REPLACED; CAPTURES STAY ", "update"),
        };
        self.styled(head, Tone::Alarm);
        self.blank();
        let serial = if disk.serial.is_empty() { "none told" } else { &disk.serial };
        let facts = [
            ("Name", disk.name()),
            ("Size", text::bytes(disk.size_bytes)),
            ("Device", format!("{} ({})", disk.path.display(), disk.bus.word())),
            ("Maker", disk.vendor.clone()),
            ("Serial number", serial.to_owned()),
        ];
        for (label, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
            self.lines.extend(text::labelled(&format!("   {label}"), 20, value, width, styles));
        }
        self.blank();
        let becomes = format!("{}, {}", image.name, text::bytes(image.bytes));
        self.lines.extend(text::labelled("   It becomes", 20, &becomes, width, (styles.0, Style::new())));
        self.blank();
        self.lines.push(Line::from(vec![
            Span::raw(format!("  To {to} it, type its name:  ")),
            Span::styled(disk.name(), theme.style(Tone::Strong)),
        ]));
        self.lines.push(typed.line("  >", width, theme));
        if let Some(refused) = refused {
            self.blank();
            self.lines.extend(text::problem(refused, ("NO", Tone::Alarm), width, theme));
        }
    }

    fn job(&mut self) {
        let Some(job) = self.model.job() else { return };
        self.heading(&job.title);
        match &job.outcome {
            None => self.running(job),
            Some(Ok(words)) => {
                let theme = self.theme();
                let lines = text::wrap(words, self.width - 9);
                for (n, line) in lines.into_iter().enumerate() {
                    let mark =
                        if n == 0 { Span::styled(" DONE ", theme.style(Tone::Selected)) } else { Span::raw("      ") };
                    self.lines.push(Line::from(vec![
                        Span::raw(" "),
                        mark,
                        Span::raw(" "),
                        Span::styled(line, theme.style(Tone::Strong)),
                    ]));
                }
            }
            Some(Err(problem)) => {
                let lines = text::problem(problem, ("FAILED", Tone::Alarm), self.width, self.theme());
                self.lines.extend(lines);
            }
        }
        self.blank();
    }

    fn running(&mut self, job: &Job) {
        let theme = self.theme();
        let meter = &self.model.meter;
        let percent = meter::percent(&job.progress);
        let room = self.width.saturating_sub(10);
        let full = usize::try_from(percent).unwrap_or(0) * room / 100;
        let glyphs = theme.glyphs();
        self.styled(&format!("  {}", job.progress.task), Tone::Strong);
        self.lines.push(Line::from(vec![
            Span::raw("  "),
            Span::styled(glyphs.full.repeat(full), theme.style(Tone::Good)),
            Span::styled(glyphs.empty.repeat(room - full), theme.style(Tone::Dim)),
            Span::styled(format!(" {percent:>3}%"), theme.style(Tone::Strong)),
        ]));
        let rate = meter.rate().map_or_else(|| "measuring ...".to_owned(), |rate| format!("{}/s", text::bytes(rate)));
        let left = meter
            .left(&job.progress)
            .map_or_else(|| "time left unknown".to_owned(), |left| format!("{} left", text::duration(left)));
        let numbers = format!(
            "  {} of {}   {rate}   {left}   running {}",
            text::bytes(job.progress.done),
            text::bytes(job.progress.total),
            text::duration(self.now.since(job.started)),
        );
        self.styled(&numbers, Tone::Plain);
        if let Some(silent) = meter.stalled(self.now) {
            let words = format!(
                "  No progress for {}. Slow sticks pause; after two minutes, cancel and take another.",
                text::duration(silent)
            );
            self.styled(&words, Tone::Warn);
        }
    }
}

/// As the consent page calls it, with the maker in front.
fn named(disk: &Disk) -> String {
    match disk.vendor.trim() {
        "" => disk.name(),
        vendor => format!("{vendor} {}", disk.name()),
    }
}
