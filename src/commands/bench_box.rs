//! `whiteglove media build --kind box`, and `whiteglove box`: what scripts/box calls to complete a box's parts, and the
//! box itself when it starts.

use std::{ops::ControlFlow, path::Path};

use whiteglove_core::{
    clock::Moment,
    media::{Form, Recipe},
    problem::Problem,
};
use whiteglove_image::{
    boot::{BenchBox, BootEnv},
    media::build_file,
};

use super::{Meter, print};
use crate::{appliance::new_media_id, bench_box, cli::BoxAction, config::Config, evidence::Sealing, state};

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

/// A box is no laptop's medium: nothing is captured through it, so no bench has to know it, and none has to run.
pub(super) fn build(config: &Config, out: &Path, recipe: &Recipe) -> Result<(), Problem> {
    if recipe.add.is_some() {
        return Err(Problem::new(
            "Nothing can be added to a bench box.",
            "What it runs is whole as scripts/box made it.",
            "Leave --add away; what the bench gives to laptops is copied to it when it runs.",
        ));
    }
    if recipe.form != Form::Gpt {
        return Err(Problem::new(
            format!("A bench box is not made as {}.", recipe.form),
            "It finds what it keeps by the name of a partition, which only a GPT has.",
            "Leave --form away; if this PC refuses the stick, take another PC.",
        ));
    }
    let media = recipe.again.map_or_else(new_media_id, Ok)?;
    if !config.bench_box().exists() {
        // Said before this machine gets a key that it may have no use for.
        BenchBox::open(&config.bench_box()).map_err(Problem::from)?;
    }
    let signer = state::signer(&config.state)?;
    let plan = bench_box::plan(&config.bench_box(), media, &config.bench, &signer)?;
    let mut meter = Meter::default();
    let built = build_file(&plan, out, &mut |progress| {
        meter.show(&progress);
        ControlFlow::Continue(())
    });
    meter.end();
    built.map_err(|error| error.problem())?;
    // In no journal, as what starts from it is a bench of its own: there is no time to state.
    Sealing { signer, issued: Moment::default() }.image(out)?;
    print(&format!(
        "{} is a bench box, number {media}. Write it to a stick of 4 GB or more:\n  \
         whiteglove media write {} --to DEVICE\n\
         A later image brings an older stick up to date: media update. What the bench knows stays.",
        out.display(),
        out.display(),
    ))
}
