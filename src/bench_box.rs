//! The bench box: what goes on its stick, and what the box does with its settings when it starts.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use whiteglove_core::{
    bench_box::{BENCH_SETTINGS, SETTINGS, Settings, SystemFile, Written},
    problem::Problem,
};

use crate::config::Config;

mod stick;

pub(crate) use stick::{build, preview};

/// Where a box shows what is wrong with it, in the folder of its settings.
const PROBLEM: &str = "problem";
/// The bench's configuration as it is used.
const BENCH: &str = "bench.toml";
/// The bench's name on screens and labels is not longer.
const LONGEST_NAME: usize = 32;

/// Reads the settings in `from` as the box's volume had them, and puts them into place below `root`. What is wrong is
/// written beside them, and the defaults are taken in its place.
///
/// # Errors
/// Something cannot be written; the box then has no name, but runs.
pub(crate) fn apply(from: &Path, number: &str, root: &Path) -> Result<(), Problem> {
    let mut problems = Vec::new();
    let settings = read_settings(from, number, root).unwrap_or_else(|problem| {
        problems.push(problem);
        Settings::of_number(number)
    });
    let bench = read_bench_settings(from, &settings).unwrap_or_else(|problem| {
        problems.push(problem);
        named(&settings, "")
    });
    let write = || -> io::Result<()> {
        for file in settings.files() {
            put(root, &file)?;
        }
        if let Some(zone) = settings.timezone() {
            let link = root.join("etc/localtime");
            let _ = fs::remove_file(&link);
            symlink(format!("/usr/share/zoneinfo/{zone}"), link)?;
        }
        if let Some(hash) = settings.console_password() {
            let shadow = fs::read_to_string(root.join("etc/shadow"))?;
            put(root, &SystemFile { path: "etc/shadow".into(), text: with_password(&shadow, hash), mode: 0o640 })?;
        }
        // Read by the bench's own user.
        put(from, &SystemFile { path: BENCH.into(), text: bench, mode: 0o644 })?;
        if !problems.is_empty() {
            let text = problems.iter().map(|problem| format!("{problem}\n")).collect();
            put(from, &SystemFile { path: PROBLEM.into(), text, mode: 0o644 })?;
        }
        Ok(())
    };
    write().map_err(|error| {
        Problem::new("The box's settings cannot be applied.", format!("The system says: {error}."), "Restart the box.")
    })
}

/// `None`: the volume had no such file.
fn text_of(path: &Path) -> Result<Option<String>, String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("it cannot be read as text: {error}")),
    }
}

fn wrong(name: &str, why: String) -> Problem {
    Problem::new(
        format!("{name} on the stick is not right."),
        why,
        "Put the stick into any PC, correct that line on the volume WGDATA, and start the box again.",
    )
}

fn read_settings(from: &Path, number: &str, root: &Path) -> Result<Settings, Problem> {
    let read = || -> Result<Settings, String> {
        let text = text_of(&from.join(SETTINGS))?.unwrap_or_default();
        let written: Written = toml::from_str(&text).map_err(|error| error.to_string().trim().to_owned())?;
        let settings = Settings::check(written, number)?;
        match settings.timezone() {
            Some(zone) if !root.join("usr/share/zoneinfo").join(zone).is_file() => {
                Err(format!("there is no 'timezone' {zone}; it must be one like Europe/Oslo"))
            }
            _ => Ok(settings),
        }
    };
    read().map_err(|why| wrong(SETTINGS, why))
}

fn read_bench_settings(from: &Path, settings: &Settings) -> Result<String, Problem> {
    let text = text_of(&from.join(BENCH_SETTINGS)).map_err(|why| wrong(BENCH_SETTINGS, why))?;
    let text = named(settings, &text.unwrap_or_default());
    Config::check(&text).map_err(|why| wrong(BENCH_SETTINGS, why))?;
    Ok(text)
}

/// A bench that was given no name has the box's.
fn named(settings: &Settings, text: &str) -> String {
    let has_name = text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("bench"));
    let name: String = settings.hostname().chars().take(LONGEST_NAME).collect();
    if has_name { text.to_owned() } else { format!("bench = '{name}'\n{text}") }
}

/// `/etc/shadow` with this hash as root's password.
fn with_password(shadow: &str, hash: &str) -> String {
    let line = |line: &str| match line.split_once(':') {
        Some(("root", rest)) => format!("root:{hash}:{}\n", rest.split_once(':').map_or("", |(_, rest)| rest)),
        _ => format!("{line}\n"),
    };
    shadow.lines().map(line).collect()
}

/// As a whole or not at all.
fn put(root: &Path, file: &SystemFile) -> io::Result<()> {
    let path = root.join(&file.path);
    if let Some(folder) = path.parent() {
        let mode = if file.mode & 0o077 == 0 { 0o700 } else { 0o755 };
        fs::DirBuilder::new().recursive(true).mode(mode).create(folder)?;
    }
    let part: PathBuf = path.with_extension("part");
    let mut options = fs::OpenOptions::new();
    let mut out = options.write(true).create(true).truncate(true).mode(file.mode).open(&part)?;
    // This program's mask keeps what it makes to itself; these files are the system's.
    out.set_permissions(fs::Permissions::from_mode(file.mode))?;
    io::Write::write_all(&mut out, file.text.as_bytes())?;
    fs::rename(part, path)
}

#[cfg(test)]
mod tests;
