//! A stick that comes back: what it brings is taken in as by [`super::import`], and erased from it once it is on the
//! bench's own disk.
//!
//! Invariant: nothing is erased whose digest was not computed from the very bytes that were taken, and whose taking
//! the owner has not acknowledged, which it does after the journal is on disk.

use std::{collections::BTreeSet, fs::File, path::Path};

use whiteglove_core::{
    disk::{Disk, ErasePermit, clean},
    envelope::BoxSecret,
    problem::Problem,
};
use whiteglove_image::{
    captures::{
        self, Summary,
        erase::{Erased, erase},
    },
    disks::{Machine, OpenError},
    write::settle,
};

use super::{
    Owner,
    import::{Report, take_captures},
    jobs::{Handle, erase_policy},
    logs::take_logs,
};

/// Names of what stays that are repeated in the answer.
const SHOWN: usize = 5;

impl Owner {
    pub(super) fn collect(&mut self, from: u64, disk: Disk, typed: String) {
        let secret = self.secret.clone();
        let (reports, logs) = (self.config.reports_folder(), self.config.logs_folder());
        let title = format!("collecting from {}", disk.path.display());
        self.start(from, title, move |handle| {
            let permit = ErasePermit::confirm(disk.clone(), &typed, 0, erase_policy())
                .map_err(|refusal| refusal.problem(&disk))?;
            let mut device = Machine::default().open(&permit).map_err(|error| match error {
                OpenError::Refused(refusal) => refusal.problem(&disk),
                OpenError::Open { reason, .. } => Problem::new(
                    format!("Nothing was taken from {}.", disk.name()),
                    format!("It cannot be opened: {reason}."),
                    "Check that it is plugged in and that nothing else uses it, then repeat.",
                ),
            })?;
            let mut report = Report::create(&reports, &disk.path)?;
            let after = collect(&mut device, &permit, &secret, &logs, handle, &mut report)?;
            report.end(&disk.path, &after)
        });
    }
}

type Files = Vec<(String, Vec<u8>)>;

fn read(device: &mut File, disk: &Disk) -> Result<(Files, Summary), Problem> {
    let mut files = Files::new();
    let summary =
        captures::read_stick(device, disk.size_bytes, &mut |name, bytes| files.push((name.to_owned(), bytes)));
    let summary = summary.map_err(|error| error.problem(format!("{} cannot be read.", disk.name())))?;
    Ok((files, summary))
}

/// What was done to the stick, in words.
fn collect(
    device: &mut File,
    permit: &ErasePermit,
    secret: &BoxSecret,
    logs: &Path,
    handle: &mut Handle,
    report: &mut Report,
) -> Result<String, Problem> {
    let disk = permit.disk();
    let (files, summary) = read(device, disk)?;
    let mut taken = take_captures(files, &summary, secret, handle, report)?;
    take_logs(device, disk, logs, handle, report, &mut taken)?;
    let erased = erase(device, disk.size_bytes, &taken, &mut settle, &mut |progress| handle.watch(progress));
    let erased = erased.map_err(|error| {
        error.problem(format!("{} files are on the bench, and not all were erased from {}.", taken.len(), disk.name()))
    })?;
    let (left, damaged) = read(device, disk)?;
    let left = left.into_iter().map(|(name, _)| name).chain(damaged.skipped.into_iter().map(|(name, _)| name));
    Ok(words(&erased, &left.collect()))
}

fn words(erased: &Erased, left: &BTreeSet<String>) -> String {
    let gone = match (erased.files, erased.bytes.div_ceil(1000)) {
        (0, _) => "nothing".to_owned(),
        (1, kilobytes) => format!("1 file ({kilobytes} kB)"),
        (files, kilobytes) => format!("{files} files ({kilobytes} kB)"),
    };
    let names: Vec<_> = left.iter().take(SHOWN).map(|name| clean(name)).collect();
    let more = left.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let left = match names.is_empty() {
        true => "No capture is left on it.".to_owned(),
        false => format!("Left on it: {}{more}.", names.join(", ")),
    };
    let marked = match erased.marked {
        true => " Windows or another program left its file system untidy: write the stick anew soon.",
        false => "",
    };
    format!("\nErased from the stick: {gone}. {left}{marked}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_named() {
        let names = |count: usize| (0..count).map(|number| format!("{number}.wgc")).collect::<BTreeSet<_>>();
        let erased = Erased { files: 3, bytes: 90_001, marked: false };
        assert_eq!(words(&erased, &names(0)), "\nErased from the stick: 3 files (91 kB). No capture is left on it.");
        let nothing = Erased { marked: true, ..Erased::default() };
        let said = words(&nothing, &names(7));
        assert!(said.contains("nothing. Left on it: 0.wgc, 1.wgc, 2.wgc, 3.wgc, 4.wgc and 2 more."), "{said}");
        assert!(said.ends_with("write the stick anew soon."), "{said}");
    }
}
