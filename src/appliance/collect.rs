//! A stick that comes back: what it brings is taken in as by [`super::import`], and erased from it once it is on the
//! bench's own disk.
//!
//! Invariant: nothing is erased whose digest was not computed from the very bytes that were taken, and whose taking
//! the owner has not acknowledged, which it does after the journal is on disk.

use std::{
    collections::BTreeSet,
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
    sync::Arc,
};

use tokio::sync::mpsc;

use whiteglove_core::{
    control::Update,
    disk::{Disk, ErasePermit, clean},
    envelope::BoxSecret,
    problem::Problem,
    sticks::brought::Brought,
};
use whiteglove_image::{
    captures::{
        self, Summary,
        brought::brought,
        erase::{Erased, erase},
    },
    disks::OpenError,
    media::Watch,
    write::{Collect, Medium, Returned},
};

use super::{
    Input, Owner,
    import::{Report, take_captures},
    jobs::{Handle, erase_policy},
    logs::take_logs,
};
use crate::sticks::Device;

/// Names of what stays that are repeated in the answer.
const SHOWN: usize = 5;

impl Owner {
    pub(super) fn collect(&mut self, from: u64, disk: Disk, typed: String) {
        let (collector, hardware) = (self.collector(), self.sticks.hardware.clone());
        let title = format!("collecting from {}", disk.path.display());
        self.start(from, title, move |handle| {
            let permit = ErasePermit::confirm(disk.clone(), &typed, 0, erase_policy())
                .map_err(|refusal| refusal.problem(&disk))?;
            let mut device = hardware.open(&permit).map_err(|error| match error {
                OpenError::Refused(refusal) => refusal.problem(&disk),
                OpenError::Open { reason, .. } => Problem::new(
                    format!("Nothing was taken from {}.", disk.name()),
                    format!("It cannot be opened: {reason}."),
                    "Check that it is plugged in and that nothing else uses it, then repeat.",
                ),
            })?;
            collector.take(&mut Flushed(&mut device), &disk, handle)
        });
    }

    /// Of a disk that may not be erased there is nothing to say.
    pub(super) fn look_at(&self, from: u64, disk: Disk) {
        let (hardware, inbox) = (self.sticks.hardware.clone(), self.inbox.clone());
        // A thread of its own, not one of the runtime's: a stick that hangs must not keep the program from ending.
        let look = move || {
            let found = match disk.refusal(erase_policy()) {
                Some(_) => Ok(Brought::default()),
                None => hardware.look(&disk).and_then(|mut file| brought(&mut file, disk.size_bytes)),
            };
            let found = found.map_err(|error| {
                Problem::new(
                    format!("{} cannot be looked at.", disk.name()),
                    format!("The system says: {error}."),
                    "Plug it in again. If that repeats, it is worn out.",
                )
            });
            let update = Update::Looked { disk: Box::new(disk), brought: found };
            drop(inbox.blocking_send(Input::Reply { to: from, update }));
        };
        if let Err(error) = std::thread::Builder::new().name("look".into()).spawn(look) {
            tracing::warn!(%error, "nobody looks at a stick");
        }
    }

    pub(super) fn collector(&self) -> Collector {
        Collector {
            inbox: self.inbox.clone(),
            secret: self.secret.clone(),
            reports: self.config.reports_folder(),
            logs: self.config.logs_folder(),
        }
    }
}

/// What takes in what sticks bring: for a job, and for the threads that write sticks.
#[derive(Debug, Clone)]
pub(super) struct Collector {
    inbox: mpsc::Sender<Input>,
    secret: BoxSecret,
    reports: PathBuf,
    logs: PathBuf,
}

type Files = Vec<(String, Vec<u8>)>;

fn read<D: Medium>(device: &mut D, disk: &Disk) -> Result<(Files, Summary), Problem> {
    let mut files = Files::new();
    let summary =
        captures::read_stick(device, disk.size_bytes, &mut |name, bytes| files.push((name.to_owned(), bytes)));
    let summary = summary.map_err(|error| error.problem(format!("{} cannot be read.", disk.name())))?;
    Ok((files, summary))
}

impl Collector {
    /// Takes in and erases; what was done, in words.
    fn take<D: Medium>(&self, device: &mut D, disk: &Disk, handle: &mut Handle<'_>) -> Result<String, Problem> {
        let mut report = Report::create(&self.reports, &disk.path)?;
        let after = self.take_and_erase(device, disk, handle, &mut report)?;
        report.end(&disk.path, &after)
    }

    fn take_and_erase<D: Medium>(
        &self,
        device: &mut D,
        disk: &Disk,
        handle: &mut Handle<'_>,
        report: &mut Report,
    ) -> Result<String, Problem> {
        let (files, summary) = read(device, disk)?;
        let mut taken = take_captures(files, &summary, &self.secret, handle, report)?;
        take_logs(device, disk, &self.logs, handle, report, &mut taken)?;
        let erased = erase(device, disk.size_bytes, &taken, &mut D::flush, &mut |progress| handle.watch(progress));
        let erased = erased.map_err(|error| {
            let (files, name) = (taken.len(), disk.name());
            error.problem(format!("{files} files are on the bench, and not all were erased from {name}."))
        })?;
        let (left, damaged) = read(device, disk)?;
        let left = left.into_iter().map(|(name, _)| name).chain(damaged.skipped.into_iter().map(|(name, _)| name));
        Ok(words(&erased, &left.collect()))
    }

    /// For a stick that is to be written: what it brings is taken in first, and has to be all of it.
    pub(super) fn before_writing(self) -> Returned {
        Returned::Collect(Collect(Arc::new(move |device, disk, watch: Watch<'_>| {
            let mut device = device;
            let took = self.take(&mut device, disk, &mut Handle::new(self.inbox.clone(), watch));
            match brought(&mut device, disk.size_bytes) {
                // Whatever was said of it, there is nothing left to lose.
                Ok(left) if left.is_nothing() => Ok(()),
                _ => Err(not_all(took)),
            }
        })))
    }
}

/// Beside a port there is room for a few lines.
fn not_all(took: Result<String, Problem>) -> Problem {
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let why = match took {
        Ok(_) => "Not all that it brought back could be taken in.".to_owned(),
        Err(problem) => one_line(&problem.why),
    };
    Problem::new(
        "Not all that it brought back is on the bench.",
        why,
        "Keep it, and import it by itself (i): the answer says more. To give up what is left, write it by itself (w).",
    )
}

/// A device whose flush reaches the medium.
struct Flushed<'a>(&'a mut Device);

impl Read for Flushed<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl Write for Flushed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.settle()
    }
}

impl Seek for Flushed<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
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
