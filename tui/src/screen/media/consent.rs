//! The page on which a person types a stick's name, and what the stick would lose is said first.

use whiteglove_core::{
    control::{Command, Image},
    disk::{Disk, ErasePermit, Policy},
    problem::Problem,
    sticks::brought::Brought,
};

use crate::{
    model::Model,
    theme::Tone,
    widget::{input::Input, page::Page, text},
};

/// What is to be done to a stick.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Task {
    Write(Image),
    /// Its captures stay.
    Update(Image),
    /// What it brings is taken in, then erased from it.
    Collect,
}

/// Typed in front of the name, it gives up what the stick brings.
const DISCARD: &str = "discard ";

#[derive(Debug, Clone)]
pub(crate) struct Consent {
    pub(super) task: Task,
    pub(super) disk: Disk,
    pub(super) typed: Input,
    pub(super) refused: Option<Problem>,
}

impl Task {
    pub(super) fn image(&self) -> Option<&Image> {
        match self {
            Self::Write(image) | Self::Update(image) => Some(image),
            Self::Collect => None,
        }
    }

    /// Why this disk is not for it, in words.
    pub(super) fn why_not(&self, disk: &Disk) -> Option<String> {
        let refusal = disk.refusal(Policy::default());
        refusal.map(|refusal| refusal.to_string()).or_else(|| {
            let image = self.image().filter(|image| disk.size_bytes < image.bytes)?;
            Some(format!("it is too small, the image needs {}", text::bytes(image.bytes)))
        })
    }
}

impl Consent {
    pub(super) fn new(task: Task, disk: Disk) -> Self {
        Self { task, disk, typed: Input::default(), refused: None }
    }

    /// What to ask of the bench; it decides anew by the same rule.
    pub(super) fn accept(self: Box<Self>) -> Result<Command, Box<Self>> {
        let Self { task, disk, typed, .. } = *self;
        let (discard, name) = match typed.text.trim().split_at_checked(DISCARD.len()) {
            Some((word, name)) if matches!(task, Task::Write(_)) && word.eq_ignore_ascii_case(DISCARD) => (true, name),
            _ => (false, typed.text.as_str()),
        };
        let size = task.image().map_or(0, |image| image.bytes);
        // Asked of the same rule the bench asks, to answer at once. The permit itself is of no use here.
        if let Err(refusal) = ErasePermit::confirm(disk.clone(), name, size, Policy::default()) {
            let refused = Some(refusal.problem(&disk));
            return Err(Box::new(Self { task, disk, typed, refused }));
        }
        let typed = name.to_owned();
        Ok(match task {
            Task::Write(image) => {
                Command::WriteMedia { image: image.name.into(), disk, typed, discard, operator: None }
            }
            Task::Update(image) => {
                Command::UpdateMedia { image: image.name.into(), disk, typed, fully: false, operator: None }
            }
            Task::Collect => Command::Collect { disk, typed },
        })
    }

    pub(super) fn next(&self) -> &'static str {
        match self.task {
            Task::Write(_) => "Compare name and size with the stick. Type the name, then Enter erases it. Esc: back.",
            Task::Update(_) => "Compare name and size with the stick. Type the name, then Enter updates it. Esc: back.",
            Task::Collect => "Compare name and size with the stick. Type the name, then Enter takes it in. Esc: back.",
        }
    }

    pub(super) fn draw(&self, model: &Model, page: &mut Page) {
        const LABEL: usize = 20;
        let Self { task, disk, typed, refused } = self;
        let (head, to) = match task {
            Task::Write(_) => (" EVERYTHING ON THIS STICK WILL BE ERASED ", "erase"),
            Task::Update(_) => (" WHAT THIS STICK BOOTS FROM WILL BE REPLACED; CAPTURES STAY ", "update"),
            Task::Collect => (" WHAT THE BENCH HAS THEN WILL BE ERASED FROM THIS STICK ", "import and empty"),
        };
        page.styled(head, Tone::Alarm);
        page.blank();
        let serial = if disk.serial.is_empty() { "none told" } else { &disk.serial };
        let facts = [
            ("Name", disk.name()),
            ("Size", text::bytes(disk.size_bytes)),
            ("Device", format!("{} ({})", disk.path.display(), disk.bus.word())),
            ("Maker", disk.vendor.clone()),
            ("Serial number", serial.to_owned()),
        ];
        for (label, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
            page.fact(label, LABEL, value);
        }
        if let Some(image) = task.image() {
            page.fact("It becomes", LABEL, &format!("{}, {}", image.name, text::bytes(image.bytes)));
        }
        let brought = model.brought_by(disk);
        if !matches!(task, Task::Update(_)) {
            page.fact("It brings back", LABEL, &words(task, brought));
        }
        page.blank();
        page.prompt(&format!("To {to} it, type its name:  "), &disk.name());
        let brings = brought.and_then(|brought| brought.as_ref().ok()).filter(|brought| !brought.is_nothing());
        if let (Task::Write(_), Some(brought)) = (task, brings) {
            let discard = format!("{DISCARD}{}", disk.name());
            match brought.is_importable() {
                true => page.prompt("To throw that away instead of importing it:  ", &discard),
                false => page.prompt("The bench leaves it alone, unless you give that up:  ", &discard),
            }
        }
        page.field("  >", typed);
        if let Some(refused) = refused {
            page.blank();
            page.problem(refused, ("NO", Tone::Alarm));
        }
    }
}

fn words(task: &Task, brought: Option<&Result<Brought, Problem>>) -> String {
    match (brought, task) {
        (None, _) => "the bench looks ...".to_owned(),
        (Some(Err(problem)), _) => format!("not known. {}", problem.why),
        (Some(Ok(brought)), _) if brought.is_nothing() => "nothing".to_owned(),
        (Some(Ok(brought)), Task::Write(_)) if brought.is_importable() => format!("{brought}: imported first"),
        (Some(Ok(brought)), _) => brought.to_string(),
    }
}
