//! What goes on a medium: the contents of its kind (one file each beside this one) and what a person adds, then the
//! plan, whatever the form.

mod added;
mod quick_scan;

use std::path::Path;

use whiteglove_core::{
    media::{MediaPlan, Recipe, Spec},
    media_card::MediaCard,
    problem::Problem,
};
use whiteglove_image::boot::BootEnv;

use crate::evidence::Sealing;

/// Computed and printable before anything is written.
///
/// # Errors
/// The boot environment is missing or damaged, or the content does not fit the form.
pub(crate) fn plan(
    boot_environment: &Path,
    card: &MediaCard,
    recipe: &Recipe,
    sealing: &Sealing,
) -> Result<MediaPlan, Problem> {
    let environment = BootEnv::open(boot_environment).map_err(Problem::from)?;
    let mut contents = quick_scan::contents(&environment, card)?;
    if let Some(folder) = &recipe.add {
        added::add(folder, &mut contents.boot)?;
    }
    sealing.seal(&mut contents.boot, &contents.data, card, &environment)?;
    let spec = Spec { media: card.media, form: recipe.form, contents, boot_size: None, data_size: None };
    MediaPlan::new(spec).map_err(|error| error.problem())
}

fn internal(what: &str, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        format!("{what} could not be made."),
        format!("{error}."),
        "Report this; it is a defect of whiteglove.",
    )
}
