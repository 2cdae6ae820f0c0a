//! Files of a folder handed to the linter of answer files, as much of each as it asks for.

use std::{
    fs::{self, File as Handle},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use whiteglove_core::{
    answer::lint::{self, Content, File, Finding, Severity, WIM_HEADER, Want},
    media::{Item, Source},
    problem::Problem,
};

use crate::clock::now;

/// A folder of more files than this is no stick's.
const MOST: usize = 200_000;

/// Looks at a file by itself, or at a folder as the root of a volume.
///
/// # Errors
/// It cannot be read.
pub(crate) fn lint(place: &Path) -> Result<Vec<Finding>, Problem> {
    let about = fs::metadata(place).map_err(|error| unreadable(place, &error))?;
    let files = match about.is_dir() {
        true => folder(place)?,
        false => {
            let name = place.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            vec![read(name, about.len(), place)?]
        }
    };
    Ok(lint::check(&files, now()))
}

/// Refuses what a person adds to a medium if the linter finds an error in it; what else it found, worst first.
///
/// # Errors
/// The worst finding, or a file that cannot be read.
pub(crate) fn check_added(items: &[Item]) -> Result<Vec<Problem>, Problem> {
    let mut files = vec![];
    for item in items {
        if let Item::File { path, size, source: Source::Path(from) } = item {
            files.push(read(path.clone(), *size, from)?);
        }
    }
    let findings = lint::check(&files, now());
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    match findings.first() {
        Some(worst) if errors > 0 => Err(worst.problem(errors - 1)),
        _ => Ok(findings.iter().map(Finding::warning).collect()),
    }
}

fn folder(root: &Path) -> Result<Vec<File>, Problem> {
    let mut files = vec![];
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).map_err(|error| unreadable(&next, &error))? {
            let path = entry.map_err(|error| unreadable(&next, &error))?.path();
            // Of the entry itself: a link could lead anywhere, or in a circle.
            let about = fs::symlink_metadata(&path).map_err(|error| unreadable(&path, &error))?;
            if about.is_dir() {
                folders.push(path);
            } else if about.is_file() {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                files.push(read(name, about.len(), &path)?);
            }
            if files.len() > MOST {
                let why = io::Error::other(format!("there are more than {MOST} files in it"));
                return Err(unreadable(root, &why));
            }
        }
    }
    Ok(files)
}

fn read(path: String, size: u64, from: &Path) -> Result<File, Problem> {
    let content = match lint::wants(&path, size) {
        Want::Nothing => Ok(Content::Unread),
        Want::Whole => part(from, 0, size).map(Content::Whole),
        Want::WimXml => wim_xml(from, size),
    };
    Ok(File { path, size, content: content.map_err(|error| unreadable(from, &error))? })
}

fn wim_xml(from: &Path, size: u64) -> io::Result<Content> {
    match lint::wim_xml_place(&part(from, 0, WIM_HEADER)?, size) {
        Some(place) => part(from, place.start, place.end - place.start).map(Content::WimXml),
        None => Ok(Content::Unread),
    }
}

fn part(from: &Path, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut file = Handle::open(from)?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = vec![];
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> Problem {
    Problem::new(
        format!("{} cannot be looked through", path.display()),
        error.to_string(),
        "Check that it is there and that you may read it.",
    )
}
