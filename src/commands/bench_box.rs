//! `whiteglove media build --kind box`, and `whiteglove box`: what scripts/box calls to complete a box's parts, and the
//! box itself when it starts.

use std::{ops::ControlFlow, path::Path};

use whiteglove_core::{media::Recipe, problem::Problem};
use whiteglove_image::boot::{BenchBox, BootEnv};

use super::{Meter, print};
use crate::{bench_box, cli::BoxAction, config::Config};

/// # Errors
/// What is missing or does not fit.
pub fn bench_box(action: BoxAction) -> Result<(), Problem> {
    match action {
        BoxAction::Pack { dir, bootenv, date } => {
            let environment = BootEnv::open(&bootenv).map_err(Problem::from)?;
            let parts = BenchBox::pack(&dir, &environment, date).map_err(Problem::from)?;
            let lines = parts.files.iter().map(|file| {
                let name = file.path.file_name().unwrap_or_default().to_string_lossy();
                format!("  {name:<16} {:>12}  {}", file.size, hex::encode(&file.sha256[..8]))
            });
            print(&lines.collect::<Vec<_>>().join("\n"))
        }
        BoxAction::Settings { from, number, into } => bench_box::apply(&from, &number, &into),
    }
}

/// # Errors
/// See [`bench_box::build`].
pub(super) fn build(config: &Config, out: &Path, recipe: &Recipe) -> Result<(), Problem> {
    let mut meter = Meter::default();
    let built = bench_box::build(config, out, recipe, &mut |progress| {
        meter.show(&progress);
        ControlFlow::Continue(())
    });
    meter.end();
    print(&built?)
}
