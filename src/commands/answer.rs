//! `whiteglove answer`: makes answer files and looks through them, and shows what laptops would be called.

use std::{fs, path::Path};

use serde::Serialize;
use whiteglove_core::{
    answer::{
        autopilot::{self, Profile},
        lint::{Check, Finding, Severity},
        name::Template,
        unattend::{self, Unattend},
    },
    identity::Serial,
    problem::Problem,
};

use super::{columns, print, print_json, read_journal};
use crate::{
    answer,
    cli::{AnswerAction, AnswerKind},
    config::Config,
};

/// # Errors
/// The file cannot be made, or what was looked through has an error in it.
pub async fn answer(config: &Config, action: AnswerAction) -> Result<(), Problem> {
    match action {
        AnswerAction::Make { kind, from, out } => make(kind, &from, &out),
        AnswerAction::Lint { files, json } => lint(&files, json),
        AnswerAction::Names { template, serials } => names(config, &template, serials).await,
    }
}

fn settings<T: serde::de::DeserializeOwned>(from: &Path) -> Result<T, Problem> {
    let what = || format!("{} was not read", from.display());
    let text = fs::read_to_string(from)
        .map_err(|error| Problem::new(what(), error.to_string(), "Check that it is there and that you may read it."))?;
    toml::from_str(&text).map_err(|error| {
        Problem::new(what(), error.to_string(), "Correct that line; README.md lists the settings of answer files.")
    })
}

/// Written whole or not at all, and only once it has passed the linter under the name it is to have.
fn make(kind: AnswerKind, from: &Path, out: &Path) -> Result<(), Problem> {
    let (name, bytes, warning) = match kind {
        AnswerKind::Autounattend => (unattend::FILE_NAME, settings::<Unattend>(from)?.file()?, ""),
        AnswerKind::Autopilot => (autopilot::FILE_NAME, settings::<Profile>(from)?.file()?, autopilot::WARNING),
    };
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        let next = "Choose another place, or free some space there.";
        Problem::new(format!("{} was not written", path.display()), error.to_string(), next)
    };
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let part = folder.join(format!(".whiteglove-{}", std::process::id()));
    let findings = fs::create_dir(&part)
        .and_then(|()| fs::write(part.join(name), &bytes))
        .map_err(|error| failed(out, &error))
        .and_then(|()| answer::lint(&part));
    let written = findings.and_then(|findings| {
        if let Some(error) = findings.iter().find(|finding| finding.severity == Severity::Error) {
            return Err(error.problem(0));
        }
        fs::rename(part.join(name), out).map_err(|error| failed(out, &error))?;
        Ok(findings)
    });
    // Empty by now, or of no use to anybody.
    let _ = fs::remove_dir_all(&part);
    let mut text = format!("{} is ready. On the stick it has to be called {name}.", out.display());
    for finding in written?.iter().filter(|finding| finding.check != Check::NoPreProvisioning) {
        text += &format!("\n{}: {}. {}", finding.severity.word(), finding.evidence, finding.remedy);
    }
    if !warning.is_empty() {
        text += &format!("\n{warning}");
    }
    print(&text)
}

#[derive(Serialize)]
struct Looked<'a> {
    path: &'a Path,
    findings: Vec<Finding>,
}

fn lint(files: &[std::path::PathBuf], json: bool) -> Result<(), Problem> {
    let looked = files.iter().map(|path| Ok(Looked { path, findings: answer::lint(path)? }));
    let looked: Vec<Looked<'_>> = looked.collect::<Result<_, Problem>>()?;
    let all = || looked.iter().flat_map(|looked| &looked.findings);
    let count = |severity| all().filter(|finding| finding.severity == severity).count();
    if json {
        print_json(&looked)?;
    } else {
        let mut text = String::new();
        for Looked { path, findings } in &looked {
            for finding in findings {
                let place = if path.is_dir() { path.join(&finding.file) } else { path.to_path_buf() };
                text += &format!(
                    "{} {}: {}\n  {}\n  next: {}\n",
                    finding.severity.word(),
                    finding.check.word(),
                    place.display(),
                    finding.evidence,
                    finding.remedy
                );
            }
        }
        let counts = (count(Severity::Error), count(Severity::Warning), count(Severity::Note));
        print(&format!("{text}{} errors, {} warnings, {} notes.", counts.0, counts.1, counts.2))?;
    }
    match all().find(|finding| finding.severity == Severity::Error) {
        Some(worst) => Err(worst.problem(count(Severity::Error) - 1)),
        None => Ok(()),
    }
}

async fn names(config: &Config, template: &str, serials: Vec<String>) -> Result<(), Problem> {
    let wrong = |error: &dyn std::fmt::Display, next: &str| {
        Problem::new(format!("The template {template:?} does not fit these laptops"), error.to_string(), next)
    };
    let parsed = Template::parse(template)
        .map_err(|error| wrong(&error, "Correct it: letters, digits and hyphens, and one of %SERIAL% and %RAND:n%."))?;
    let serials: Vec<Serial> = match serials.is_empty() {
        true => {
            let bench = read_journal(config).await?.bench;
            bench
                .devices()
                .filter(|device| bench.at_work(device))
                .filter_map(|device| device.identity.good_serial().cloned())
                .collect()
        }
        false => {
            let parsed = serials.into_iter().map(Serial::try_from).collect::<Result<_, _>>();
            parsed.map_err(|error| wrong(&error, "Correct the serial numbers."))?
        }
    };
    let previews = parsed.preview(&serials);
    let lines =
        previews.iter().map(|preview| [preview.serial.clone(), preview.name.clone(), preview.doubts.join("; ")]);
    let head = ["serial", "name", "look at"].map(str::to_owned);
    print(&columns(&std::iter::once(head).chain(lines).collect::<Vec<_>>()))?;
    parsed.check_for(serials.len()).map_err(|error| wrong(&error, "Use %SERIAL%, or more digits."))?;
    match previews.iter().filter(|preview| !preview.doubts.is_empty()).count() {
        0 => Ok(()),
        n => Err(wrong(
            &format!("{n} of {} names are doubtful, see above", previews.len()),
            "Use a shorter prefix, or %RAND:n%.",
        )),
    }
}
