//! Building a medium, one question a page: its form, its name, and the plan before the first byte.

use std::path::PathBuf;

use whiteglove_core::{
    control::{Command, Image},
    media::{Form, MbrBoot, Recipe, summary::Summary},
    problem::Problem,
};

use super::{Pick, Step, images};
use crate::{model::Model, screen::Screen, widget::input::Input};

#[derive(Debug, Clone)]
pub(crate) struct Building {
    pub(crate) at: At,
    /// Where in [`Form::ALL`].
    pub(crate) form: usize,
    pub(crate) name: Input,
    /// A folder that goes on it too; empty: none.
    pub(crate) add: Input,
    /// `None`: asked for.
    pub(crate) plan: Option<Result<Summary, Problem>>,
    pub(crate) complaint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Form,
    Name,
    Plan,
    Add,
}

/// A form as a person chooses it, and when to.
pub(super) fn form_words(form: Form) -> (&'static str, &'static str) {
    match form {
        Form::Gpt => ("Stick, GPT", "take this one, unless a laptop does not start from it"),
        Form::Mbr(MbrBoot::Active0c) => ("Stick, MBR", "for laptops that do not list the GPT stick at boot"),
        Form::Mbr(MbrBoot::Efi) => ("Stick, MBR with EFI", "if the MBR stick is not listed either"),
        Form::Iso => ("Disc (ISO)", "for virtual media; nothing can be saved on it"),
    }
}

impl Building {
    pub(super) fn new(model: &Model) -> Self {
        Self {
            at: At::Form,
            form: 0,
            name: Input::proposing(proposed_name(model)),
            add: Input::default(),
            plan: None,
            complaint: None,
        }
    }

    pub(super) fn input(&mut self) -> Option<&mut Input> {
        match self.at {
            At::Name => Some(&mut self.name),
            At::Add => Some(&mut self.add),
            At::Form | At::Plan => None,
        }
    }

    pub(super) fn takes_text(&self) -> bool {
        matches!(self.at, At::Name | At::Add)
    }

    pub(super) fn form(&self) -> Form {
        Form::ALL.get(self.form).copied().unwrap_or_default()
    }

    fn recipe(&self) -> Recipe {
        let add = Some(self.add.text.trim()).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        Recipe { form: self.form(), add, ..Recipe::default() }
    }

    fn ask(&mut self, out: &mut Vec<Command>) {
        (self.at, self.plan) = (At::Plan, None);
        out.push(Command::PlanMedia { recipe: self.recipe() });
    }

    /// Whether there is a page before this one.
    pub(super) fn back(&mut self) -> bool {
        self.complaint = None;
        self.at = match self.at {
            At::Form => return false,
            At::Name => At::Form,
            At::Plan => At::Name,
            // Whatever was typed there was not asked for.
            At::Add => {
                self.add = Input::default();
                self.plan = None;
                At::Name
            }
        };
        true
    }

    pub(super) fn accept(&mut self, taken: &[Image], out: &mut Vec<Command>) {
        match self.at {
            At::Name => match file_name(&self.name.text, self.form(), taken) {
                Ok(name) => {
                    self.name = Input::holding(name);
                    self.ask(out);
                }
                Err(complaint) => self.complaint = Some(complaint),
            },
            At::Add => self.ask(out),
            At::Form | At::Plan => {}
        }
    }
}

/// A key of a page that is no text field. `None`: it is over.
pub(super) fn pick(
    model: &mut Model,
    mut building: Box<Building>,
    action: Pick,
    out: &mut Vec<Command>,
) -> Option<Box<Building>> {
    match (building.at, action) {
        (_, Pick::Back) => return building.back().then_some(building),
        (At::Form, Pick::Move(direction)) => building.form = direction.apply(building.form, Form::ALL.len(), 1),
        (At::Form, Pick::Choose) => building.at = At::Name,
        (At::Plan, Pick::Choose) if matches!(building.plan, Some(Ok(_))) => {
            let name = building.name.text.clone();
            model.built = Some(name.clone());
            out.push(Command::BuildMedia { out: PathBuf::from(name), recipe: building.recipe() });
            return None;
        }
        (At::Plan, Pick::Add) => building.at = At::Add,
        _ => {}
    }
    Some(building)
}

/// The bench's answer to the question for a plan.
pub(crate) fn planned(model: &mut Model, plan: Result<Summary, Problem>) {
    if let Screen::Media(Step::Build(building)) = &mut model.screen
        && building.at == At::Plan
    {
        building.plan = Some(plan);
    }
}

/// A name that is a file name and nothing else, ending in what its form is called by.
fn file_name(typed: &str, form: Form, images: &[Image]) -> Result<String, String> {
    let typed = typed.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if typed.is_empty() || typed.starts_with('.') || !typed.chars().all(plain) {
        return Err("Use letters, digits, - and _ only.".to_owned());
    }
    if typed.len() > 80 {
        return Err("That is too long; 80 characters are enough.".to_owned());
    }
    // The name that was proposed is a stick's.
    let stem = typed.strip_suffix(".img").or_else(|| typed.strip_suffix(".iso")).unwrap_or(typed);
    let name = format!("{stem}.{}", form.extension());
    match images.iter().any(|image| image.name == name) {
        true => Err(format!("{name} exists already. Use another name.")),
        false => Ok(name),
    }
}

/// The batch's name made into a file name that is not taken.
fn proposed_name(model: &Model) -> String {
    let batch = model.snapshot.as_deref().map(|snapshot| snapshot.batch.as_str()).unwrap_or_default();
    let mut stem: String = batch.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    stem = stem.trim_matches('-').to_owned();
    if stem.is_empty() {
        stem = "stick".to_owned();
    }
    let names = std::iter::once(format!("{stem}.img")).chain((2..).map(|n| format!("{stem}-{n}.img")));
    names.into_iter().find(|name| !images(model).iter().any(|image| &image.name == name)).unwrap_or_default()
}
