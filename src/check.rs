//! Is a medium what a bench made? The command and the board go the same way.

use std::path::Path;

use whiteglove_core::{
    certificates::listed,
    clock::short_age,
    disk::clean,
    media::sign::PublicKey,
    problem::Problem,
    sticks::{gigabytes, health::Name},
};
use whiteglove_image::{
    check::{self, How, Report},
    media::Watch,
};

use crate::{clock::now, config::Config, state};

/// `key`: a file with the key of the bench that made it, instead of this bench's own.
///
/// # Errors
/// What is wrong with it first, and what to do.
pub(crate) fn check(
    config: &Config,
    what: &Path,
    how: How,
    key: Option<&Path>,
    watch: Watch<'_>,
) -> Result<Report, Problem> {
    let key = match key {
        Some(file) => read_key(file)?,
        None if state::has_signed(&config.state) => state::public_key(&config.state)?,
        None => {
            return Err(Problem::new(
                format!("{} was not checked.", what.display()),
                "This machine has no key to check it by: it has made no media itself.",
                "Ask the bench that made it for its key (`whiteglove media key > bench.pub` there), and add --key bench.pub.",
            ));
        }
    };
    check::check(what, &key, how, watch).map_err(|error| error.problem(what))
}

pub(crate) fn read_key(file: &Path) -> Result<PublicKey, Problem> {
    let bad = |why: String| {
        Problem::new(
            format!("{} is no bench's key.", file.display()),
            why,
            "It is one line of 64 hex digits, as `whiteglove media key` prints it at the bench.",
        )
    };
    let text = std::fs::read_to_string(file).map_err(|error| bad(format!("The system says: {error}.")))?;
    text.parse().map_err(|_| bad("It holds something else.".to_owned()))
}

/// For a person, in lines.
pub(crate) fn words(what: &Path, report: &Report) -> String {
    let manifest = &report.manifest;
    let age = |at| short_age(now().since(at));
    let mut lines = vec![format!("{} is what the bench made.", what.display()), String::new()];
    lines.push(format!("medium    {}", manifest.media));
    let issued = match manifest.issued.millis() {
        0 => String::new(),
        _ => format!(", issued {} ago", age(manifest.issued)),
    };
    lines.push(format!(
        "          bench '{}', batch '{}'{issued}, whiteglove {}",
        manifest.bench, manifest.batch, manifest.tool
    ));
    if let Some(record) = &report.record {
        let how = if record.updated { "brought up to date" } else { "written" };
        lines.push(format!("stick     {}", record.stick));
        lines.push(format!(
            "          {how} {} ago by {} onto {}, {}",
            age(record.written),
            record.operator,
            name(&record.usb),
            gigabytes(record.usb.size),
        ));
    }
    for loader in &manifest.loaders {
        let signed = listed(&loader.signed_by, "and");
        lines.push(format!("loader    {}: signed by {signed}", loader.path));
    }
    let parts = [("checked", &report.checked), ("not read", &report.unchecked), ("note", &report.notes)];
    for (head, said) in parts {
        lines.extend(said.iter().map(|line| format!("{head:<9} {line}")));
    }
    lines.join("\n")
}

/// A stick may call itself anything, or nothing.
pub(crate) fn name(usb: &Name) -> String {
    match clean(&format!("{} {}", usb.vendor, usb.model)) {
        name if name.is_empty() => "a stick without a name".to_owned(),
        name => name,
    }
}
