//! Building a medium, one question a page: what starts from it, its form, its name, and the plan before the first byte.

use std::path::PathBuf;

use whiteglove_core::{
    control::{Command, Image},
    media::{Form, Kind, MbrBoot, Recipe, Windows, summary::Summary},
    problem::Problem,
};

use super::{Pick, Step, images};
use crate::{model::Model, screen::Screen, view, widget::input::Input};

pub(super) mod draw;

#[derive(Debug, Clone)]
pub(crate) struct Building {
    pub(crate) at: At,
    /// Where in [`kinds`].
    kind: usize,
    /// Where in [`Shape::ALL`].
    shape: usize,
    name: Input,
    /// The customer's Windows.
    iso: Input,
    /// A folder of drivers for it; empty: none.
    drivers: Input,
    /// A folder that goes on it too; empty: none.
    add: Input,
    /// `None`: asked for.
    plan: Option<Result<Summary, Problem>>,
    /// The first line of the plan in sight.
    pub(super) top: usize,
    pub(super) complaint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Kind,
    Iso,
    Drivers,
    Form,
    Name,
    Plan,
    Add,
}

/// What a medium is made as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Image(Form),
    /// A folder, for a server that gives it out.
    Tree,
}

impl Shape {
    const ALL: [Self; 5] = [
        Self::Image(Form::Gpt),
        Self::Image(Form::Mbr(MbrBoot::Active0c)),
        Self::Image(Form::Mbr(MbrBoot::Efi)),
        Self::Image(Form::Iso),
        Self::Tree,
    ];

    /// As a person chooses it, and when to.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Image(Form::Gpt) => ("Stick, GPT", "take this one, unless a laptop does not start from it"),
            Self::Image(Form::Mbr(MbrBoot::Active0c)) => {
                ("Stick, MBR", "for laptops that do not list the GPT stick at boot")
            }
            Self::Image(Form::Mbr(MbrBoot::Efi)) => ("Stick, MBR with EFI", "if the MBR stick is not listed either"),
            Self::Image(Form::Iso) => ("Disc (ISO)", "for virtual media; nothing can be saved on it"),
            Self::Tree => ("Folder", "for a TFTP or HTTP server of yours to boot laptops from"),
        }
    }
}

/// What can start from a medium, in the order in which it is wanted.
fn kinds() -> [Kind; 4] {
    let windows = Windows::default;
    [Kind::QuickScan, Kind::WinPe(windows()), Kind::WindowsSetup(windows()), Kind::BenchBox]
}

impl Building {
    pub(super) fn new(model: &Model) -> Self {
        Self {
            at: At::Kind,
            kind: 0,
            shape: 0,
            name: Input::proposing(proposed_name(model, batch(model))),
            iso: Input::default(),
            drivers: Input::default(),
            add: Input::default(),
            plan: None,
            top: 0,
            complaint: None,
        }
    }

    pub(super) fn input(&mut self) -> Option<&mut Input> {
        match self.at {
            At::Name => Some(&mut self.name),
            At::Add => Some(&mut self.add),
            At::Iso => Some(&mut self.iso),
            At::Drivers => Some(&mut self.drivers),
            At::Kind | At::Form | At::Plan => None,
        }
    }

    pub(super) fn takes_text(&self) -> bool {
        matches!(self.at, At::Name | At::Add | At::Iso | At::Drivers)
    }

    fn kind(&self) -> Kind {
        let mut kind = kinds().into_iter().nth(self.kind).unwrap_or_default();
        if let Some(windows) = kind.windows_mut() {
            let folder = Some(self.drivers.text.trim()).filter(|folder| !folder.is_empty());
            // Whose signature the boot manager has, the batch says; the tools lie where those of all media lie.
            let iso = PathBuf::from(self.iso.text.trim());
            *windows = Windows { iso, drivers: folder.map(PathBuf::from), ..Windows::default() };
        }
        kind
    }

    /// What it can be made as.
    fn shapes(&self) -> &'static [Shape] {
        const STICK: Shape = Shape::Image(Form::Gpt);
        const MBR: Shape = Shape::Image(Form::Mbr(MbrBoot::Active0c));
        const DISC: Shape = Shape::Image(Form::Iso);
        match self.kind() {
            // It finds what it keeps by the name of a partition, which only a GPT has.
            Kind::BenchBox => &[STICK],
            // It fails at a second EFI system partition, and installs from what it starts from.
            Kind::WindowsSetup(_) => &[STICK, MBR, DISC],
            Kind::QuickScan | Kind::WinPe(_) => &Shape::ALL,
        }
    }

    fn shape(&self) -> Shape {
        self.shapes().get(self.shape).copied().unwrap_or(Shape::ALL[0])
    }

    /// The pages that have something to ask.
    fn pages(&self) -> &'static [At] {
        match self.kind() {
            Kind::BenchBox => &[At::Kind, At::Name, At::Plan],
            Kind::WinPe(_) | Kind::WindowsSetup(_) => &[At::Kind, At::Iso, At::Drivers, At::Form, At::Name, At::Plan],
            Kind::QuickScan => &[At::Kind, At::Form, At::Name, At::Plan],
        }
    }

    fn turn(&mut self) {
        let pages = self.pages();
        let here = pages.iter().position(|page| *page == self.at);
        self.at = here.and_then(|here| pages.get(here + 1)).copied().unwrap_or(At::Plan);
    }

    /// Whether there is a page before this one.
    pub(super) fn back(&mut self) -> bool {
        self.complaint = None;
        if self.at == At::Add {
            // Whatever was typed there was not asked for.
            self.add = Input::default();
            self.plan = None;
            self.at = At::Name;
            return true;
        }
        let before = self.pages().iter().take_while(|page| **page != self.at).last();
        before.map(|page| self.at = *page).is_some()
    }

    /// None if it is no image.
    fn recipe(&self) -> Option<Recipe> {
        let add = Some(self.add.text.trim()).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        match self.shape() {
            Shape::Image(form) => Some(Recipe { kind: self.kind(), form, add, again: None }),
            Shape::Tree => None,
        }
    }

    fn ask(&mut self, out: &mut Vec<Command>) {
        (self.at, self.plan, self.top) = (At::Plan, None, 0);
        out.extend(self.recipe().map(|recipe| Command::PlanMedia { recipe }));
    }

    pub(super) fn accept(&mut self, taken: &[Image], out: &mut Vec<Command>) {
        match self.at {
            At::Name => match file_name(&self.name.text, self.shape(), taken) {
                Ok(name) => {
                    self.name = Input::holding(name);
                    self.ask(out);
                }
                Err(complaint) => self.complaint = Some(complaint),
            },
            At::Add => self.ask(out),
            At::Iso if !self.iso.text.trim().starts_with('/') => {
                self.complaint = Some("Give the whole path, from the first slash on.".to_owned());
            }
            At::Iso | At::Drivers => self.turn(),
            At::Kind | At::Form | At::Plan => {}
        }
    }

    /// Can it be built as it is planned?
    fn is_agreed(&self) -> bool {
        self.shape() == Shape::Tree || matches!(self.plan, Some(Ok(_)))
    }

    /// Nothing can be added to a box, or to what a server gives out.
    fn takes_more(&self) -> bool {
        self.kind() != Kind::BenchBox && self.shape() != Shape::Tree
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
        (At::Kind, Pick::Move(direction)) => building.kind = direction.apply(building.kind, kinds().len(), 1),
        (At::Kind, Pick::Choose) => {
            let stem = match building.kind() {
                Kind::QuickScan => batch(model).to_owned(),
                Kind::WinPe(_) => format!("{}-winpe", batch(model)),
                Kind::WindowsSetup(_) => format!("{}-setup", batch(model)),
                Kind::BenchBox => "bench-box".to_owned(),
            };
            building.name = Input::proposing(proposed_name(model, &stem));
            (building.add, building.shape) = (Input::default(), 0);
            building.turn();
        }
        (At::Form, Pick::Move(direction)) => {
            building.shape = direction.apply(building.shape, building.shapes().len(), 1);
        }
        (At::Form, Pick::Choose) => building.turn(),
        (At::Plan, Pick::Move(direction)) => {
            let (width, height) = view::body(model.size);
            let len = draw::plan_lines(&building, width, model.theme);
            building.top = direction.scroll(building.top, len, height);
        }
        (At::Plan, Pick::Choose) if building.is_agreed() => {
            let name = building.name.text.clone();
            let folder = media_folder(model).join(&name);
            out.push(match (building.recipe(), building.kind()) {
                (Some(recipe), _) => Command::BuildMedia { out: PathBuf::from(&name), recipe },
                (None, Kind::WinPe(windows)) => Command::ExportWinPe { out: Some(folder), windows },
                (None, _) => Command::ExportNetboot { out: folder },
            });
            model.built = Some(name);
            return None;
        }
        (At::Plan, Pick::Add) if building.takes_more() => building.at = At::Add,
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

fn media_folder(model: &Model) -> PathBuf {
    model.snapshot.as_deref().map(|snapshot| snapshot.media_folder.clone()).unwrap_or_default()
}

/// A name that is a file name and nothing else, ending in what its form is called by.
fn file_name(typed: &str, shape: Shape, images: &[Image]) -> Result<String, String> {
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
    let name = match shape {
        Shape::Image(form) => format!("{stem}.{}", form.extension()),
        Shape::Tree => stem.to_owned(),
    };
    match images.iter().any(|image| image.name == name) {
        true => Err(format!("{name} exists already. Use another name.")),
        false => Ok(name),
    }
}

fn batch(model: &Model) -> &str {
    model.snapshot.as_deref().map(|snapshot| snapshot.batch.as_str()).unwrap_or_default()
}

/// Made into a file name that is not taken.
fn proposed_name(model: &Model, of: &str) -> String {
    let mut stem: String = of.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    stem = stem.trim_matches('-').to_owned();
    if stem.is_empty() {
        stem = "stick".to_owned();
    }
    let names = std::iter::once(format!("{stem}.img")).chain((2..).map(|n| format!("{stem}-{n}.img")));
    names.into_iter().find(|name| !images(model).iter().any(|image| &image.name == name)).unwrap_or_default()
}
