//! What laptops would say to a medium, told when it is planned and when it is made.

use whiteglove_core::{
    media::MediaPlan,
    preflight::{Fleet, Medium, Program, fold},
    problem::Problem,
};
use whiteglove_image::starts;

/// The programs that a planned medium starts by.
///
/// # Errors
/// One of them cannot be read.
pub(crate) fn programs(plan: &MediaPlan) -> Result<Vec<Program>, Problem> {
    starts::planned(plan).map_err(|error| {
        Problem::new(
            "What the medium starts by cannot be read.",
            format!("The system says: {error}."),
            "Check that the boot environment is there and readable, and build again.",
        )
    })
}

/// One sentence; nothing where no laptop is here or expected.
pub(crate) fn words(programs: &[Program], fleet: &Fleet) -> Option<String> {
    if fleet.seen.is_empty() && fleet.ordered.is_empty() {
        return None;
    }
    let report = fold(&Medium::of(programs)?, fleet);
    Some(format!("Pre-flight: {}.", report.words()))
}
