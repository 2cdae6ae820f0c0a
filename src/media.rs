//! What goes on a medium: the contents of its kind (one file each beside this one) and what a person adds, then the
//! plan, whatever the form.

mod added;
mod quick_scan;
pub(crate) mod windows;
mod words;

use std::path::PathBuf;

use whiteglove_core::{
    clock::Moment,
    media::{Contents, Item, Kind, MediaPlan, Part, Recipe, Spec, sign::Signer},
    media_card::{BoxKey, MediaCard, MediaId, MediaToken},
    problem::Problem,
    script,
};
use whiteglove_image::{
    boot::{BootEnv, BootFile},
    media::Watch,
};

use self::{
    windows::Workshop,
    words::{Does, finder_words},
};

use crate::{
    config::Config,
    endpoint,
    evidence::{Known, Sealing},
};

/// Where on this machine that lies which media are made of.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    boot_environment: PathBuf,
    workshop: Workshop,
    /// What a person put there of Microsoft's tools, for all media.
    tools: PathBuf,
}

impl Places {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            boot_environment: config.boot_environment(),
            workshop: Workshop::new(config.state.join("windows")),
            tools: config.payloads_folder().join("tools"),
        }
    }

    pub(crate) fn windows<'a>(&'a self, card: &'a MediaCard) -> windows::Bench<'a> {
        windows::Bench { workshop: &self.workshop, tools: &self.tools, card }
    }
}

/// A plan, and what a person should know of what it is made of.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) plan: MediaPlan,
    pub(crate) notes: Vec<String>,
}

/// Those of the files, in the signed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digests {
    /// Zeros, which are as long: only a look at the plan is wanted, and nothing large is read for it.
    Left,
    Made,
}

/// Computed and printable before anything is written. Of a customer's Windows that is new, it takes minutes: it is made
/// ready first, as a plan with guessed sizes would be none.
///
/// # Errors
/// What it is made of is missing or damaged, the content does not fit the form, or the person cancelled.
pub(crate) fn plan(
    places: &Places,
    card: &MediaCard,
    recipe: &Recipe,
    sealing: &Sealing,
    digests: Digests,
    watch: Watch<'_>,
) -> Result<Planned, Problem> {
    recipe.check()?;
    // A disc has no volume to save to.
    let data_volume = card.data_volume.filter(|_| recipe.form.is_stick());
    let card = &MediaCard { data_volume, ..card.clone() };
    let Ready { mut contents, known, notes } = ready(places, card, recipe, watch)?;
    if !recipe.form.is_stick() {
        contents = contents.read_only();
    }
    let sealed = |watch: Option<Watch<'_>>| {
        let mut contents = contents.clone();
        sealing.seal(&mut contents.boot, &contents.data, card, &known, watch)?;
        let spec = Spec { media: card.media, form: recipe.form, contents, boot_size: None, data_size: None };
        MediaPlan::new(spec).map_err(|error| error.problem())
    };
    // What does not fit is said before gigabytes of it are read.
    let unread = sealed(None)?;
    let plan = if digests == Digests::Made { sealed(Some(watch))? } else { unread };
    Ok(Planned { plan, notes })
}

/// What goes on a medium, before it has a form or a signature.
#[derive(Debug)]
struct Ready {
    contents: Contents,
    /// Digests of files that were checked a moment ago.
    known: Known,
    notes: Vec<String>,
}

fn ready(places: &Places, card: &MediaCard, recipe: &Recipe, watch: Watch<'_>) -> Result<Ready, Problem> {
    let bench = places.windows(card);
    let mut ready = match &recipe.kind {
        Kind::QuickScan => quick_scan(places, card, recipe)?,
        Kind::WinPe(windows) => bench.winpe(windows, watch)?,
        Kind::WindowsSetup(windows) => bench.setup(windows, watch)?,
        // Planned where boxes are: nothing of this bench is on one.
        Kind::BenchBox => return Err(internal("The plan of a bench box", &"it is made elsewhere")),
    };
    let boot = &mut ready.contents.boot;
    if let Some(folder) = &recipe.add {
        added::add(folder, boot)?;
    }
    added::spell_alike(boot);
    Ok(ready)
}

fn quick_scan(places: &Places, card: &MediaCard, recipe: &Recipe) -> Result<Ready, Problem> {
    let environment = BootEnv::open(&places.boot_environment).map_err(Problem::from)?;
    let mut contents = quick_scan::contents(&environment, card)?;
    if recipe.form.is_disc() {
        contents.bios = environment.disc_grub.as_ref().map(read).transpose()?;
    }
    let known = environment.files().map(|file| (file.path.clone(), file.sha256)).collect();
    Ok(Ready { contents, known, notes: vec![] })
}

/// The volume on which things come back, and with what.
fn returning(card: &MediaCard, does: Does) -> Vec<Item> {
    let mut data = vec![
        Item::directory("captures"),
        Item::directory("logs"),
        Item::inline("README.TXT", finder_words(card, does).into_bytes()),
    ];
    data.extend(script::data_files(card.media).into_iter().map(|(path, bytes)| Item::inline(path, bytes)));
    data
}

/// What would be built: as [`plan`], for a medium that has no number yet.
///
/// # Errors
/// As of [`plan`].
pub(crate) fn preview(config: &Config, batch: String, recipe: &Recipe, watch: Watch<'_>) -> Result<Planned, Problem> {
    let card = placeholder(config, batch);
    // Of the length of the real one; nothing is signed with it that anybody gets to see.
    let sealing = Sealing { signer: Signer::from_seed(&[0; 32]), issued: Moment::default() };
    plan(&Places::of(config), &card, recipe, &sealing, Digests::Left, watch)
}

/// A card as long as the real one, with no secret in it.
pub(crate) fn placeholder(config: &Config, batch: String) -> MediaCard {
    let media = MediaId([0; 16]);
    MediaCard {
        media,
        box_key: BoxKey([0; 32]),
        token: MediaToken::new([0; 32]),
        endpoints: endpoint::expected_urls(config),
        batch,
        bench: config.bench.clone(),
        data_volume: Some(Part::Data.serial(media)),
    }
}

/// What may go wrong with what a person adds, though nothing forbids to make it.
///
/// # Errors
/// As of [`plan`].
pub(crate) fn warnings(recipe: &Recipe) -> Result<Vec<Problem>, Problem> {
    recipe.add.as_deref().map_or_else(|| Ok(vec![]), added::warnings)
}

fn read(file: &BootFile) -> Result<Vec<u8>, Problem> {
    std::fs::read(&file.path).map_err(|error| {
        Problem::new(
            format!("{} cannot be read.", file.path.display()),
            format!("The system says: {error}."),
            "Run scripts/bootenv to make the boot environment anew.",
        )
    })
}

fn internal(what: &str, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        format!("{what} could not be made."),
        format!("{error}."),
        "Report this; it is a defect of whiteglove.",
    )
}
