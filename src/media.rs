//! What goes on a medium: the contents of its kind (one file each beside this one) and what a person adds, then the
//! plan, whatever the form.

mod added;
mod quick_scan;

use std::path::Path;

use whiteglove_core::{
    clock::Moment,
    media::{MediaPlan, Part, Recipe, Spec, sign::Signer},
    media_card::{BoxKey, MediaCard, MediaId, MediaToken},
    problem::Problem,
};
use whiteglove_image::{
    boot::{BootEnv, BootFile},
    media::Watch,
};

use crate::{config::Config, endpoint, evidence::Sealing};

/// Computed and printable before anything is written. `watch`: `None` if it will not be; then nothing large is read.
///
/// # Errors
/// The boot environment is missing or damaged, or the content does not fit the form.
pub(crate) fn plan(
    boot_environment: &Path,
    card: &MediaCard,
    recipe: &Recipe,
    sealing: &Sealing,
    watch: Option<Watch<'_>>,
) -> Result<MediaPlan, Problem> {
    // A disc has no volume to save to.
    let data_volume = card.data_volume.filter(|_| recipe.form.is_stick());
    let card = &MediaCard { data_volume, ..card.clone() };
    let environment = BootEnv::open(boot_environment).map_err(Problem::from)?;
    let mut contents = quick_scan::contents(&environment, card)?;
    if let Some(folder) = &recipe.add {
        added::add(folder, &mut contents.boot)?;
    }
    if !recipe.form.is_stick() {
        contents.bios = environment.disc_grub.as_ref().map(read).transpose()?;
        contents = contents.read_only();
    }
    let sealed = |watch: Option<Watch<'_>>| {
        let mut contents = contents.clone();
        sealing.seal(&mut contents.boot, &contents.data, card, &environment, watch)?;
        let spec = Spec { media: card.media, form: recipe.form, contents, boot_size: None, data_size: None };
        MediaPlan::new(spec).map_err(|error| error.problem())
    };
    // What does not fit is said before gigabytes of it are read.
    let unread = sealed(None)?;
    if watch.is_some() { sealed(watch) } else { Ok(unread) }
}

/// What would be built: as [`plan`], for a medium that has no number yet.
///
/// # Errors
/// As of [`plan`].
pub(crate) fn preview(config: &Config, batch: String, recipe: &Recipe) -> Result<MediaPlan, Problem> {
    let card = placeholder(config, batch);
    // Of the length of the real one; nothing is signed with it that anybody gets to see.
    let sealing = Sealing { signer: Signer::from_seed(&[0; 32]), issued: Moment::default() };
    plan(&config.boot_environment(), &card, recipe, &sealing, None)
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
