//! Takes identities out: what the core chose, into files, and only then into the journal.
//!
//! A file without a record would go out twice, a record without a file would never go out. So the files are on
//! their disk first, and are deleted again if the journal does not take them.

use std::path::{Path, PathBuf};

use tokio::sync::oneshot;
use whiteglove_core::{
    control::Progress,
    lane::{Ask, Chosen, File, Left, laptops},
    problem::Problem,
    record::Record,
};

use super::{Input, Owner, jobs::Handle, stopped};
use crate::{
    clock::now,
    registrar::csv::{self, Written},
};

/// Laptops that stay here, in the answer; the report has all.
const SHOWN: usize = 5;

impl Owner {
    pub(super) fn export(&mut self, from: u64, ask: &Ask, out: PathBuf) {
        let chosen = match self.bench.decide_export(ask) {
            Ok(chosen) if chosen.rows.is_empty() => return self.tell(from, chosen.nothing()),
            Ok(chosen) => chosen,
            Err(problem) => return self.tell(from, Err(problem)),
        };
        let reports = self.config.reports_folder();
        let title = format!("exporting for {} to {}", chosen.lane.words(), out.display());
        self.start(from, title, move |handle| write(&chosen, &out, &reports, handle));
    }
}

fn write(chosen: &Chosen, out: &Path, reports: &Path, handle: &mut Handle<'_>) -> Result<String, Problem> {
    let files = chosen.files();
    csv::folder(out)?;
    let total = files.iter().map(|file| file.bytes.len() as u64).sum();
    let mut written = Written::none();
    let mut done = 0;
    for file in &files {
        written.write(out, file)?;
        done += file.bytes.len() as u64;
        if handle.watch(Progress { task: "writing".to_owned(), done, total }).is_break() {
            return Err(Problem::new(
                "Nothing was exported.",
                "Somebody stopped it; the files are deleted again.",
                "Start it anew when you like.",
            ));
        }
    }
    let records = files.iter().map(|file| Record::Exported {
        lane: chosen.lane,
        batch: chosen.batch.clone(),
        file: file.name.clone(),
        sha256: file.digest(),
        group_tag: chosen.group_tag.clone(),
        devices: file.devices.clone(),
        handed_over: None,
    });
    journal(records.collect(), handle)?;
    written.keep();
    Ok(words(chosen, &files, out, &report(chosen, &files, out, reports)))
}

/// # Errors
/// A laptop was stopped meanwhile, or the journal does not take it.
pub(super) fn journal(records: Vec<Record>, handle: &Handle<'_>) -> Result<(), Problem> {
    let (reply, answer) = oneshot::channel();
    handle.inbox.blocking_send(Input::Exported { records, reply }).map_err(|_| stopped())?;
    answer.blocking_recv().unwrap_or_else(|_| Err(stopped()))
}

/// Device by device, kept beside those of imports. The files are out already, so its own failure is only said.
pub(super) fn report(chosen: &Chosen, files: &[File], out: &Path, reports: &Path) -> String {
    let mut text = format!("Export for {} to {}\n", chosen.lane.words(), out.display());
    for file in files {
        text += &format!("\n{} sha256 {}\n", file.name, file.digest());
        for row in chosen.rows.iter().filter(|row| file.devices.contains(&row.device)) {
            let remarks = if row.remarks.is_empty() { String::new() } else { format!(" ({})", row.remarks.join("; ")) };
            text += &format!("#{} {}{remarks}\n", row.device.0, row.called);
        }
    }
    if !chosen.left_out.is_empty() {
        text += "\nleft out\n";
        chosen.left_out.iter().for_each(|left| text += &format!("{}\n", left.words()));
    }
    let name = format!("{}-export-{}.txt", now().millis(), chosen.lane.word());
    let path = reports.join(name);
    let kept = std::fs::create_dir_all(reports).and_then(|()| std::fs::write(&path, text));
    match kept {
        Ok(()) => path.display().to_string(),
        Err(error) => {
            tracing::warn!(%error, "there is no report of the export");
            format!("not kept, {error}")
        }
    }
}

fn words(chosen: &Chosen, files: &[File], out: &Path, report: &str) -> String {
    let mut text = format!(
        "Exported for {}: {} of batch '{}', in {}.",
        chosen.lane.words(),
        laptops(chosen.rows.len()),
        chosen.batch,
        out.display()
    );
    for file in files {
        let batch = file.batch_name.as_ref().map_or_else(String::new, |tag| format!(", name the batch {tag}"));
        text += &format!("\n  {}  {}{batch}", file.name, laptops(file.devices.len()));
    }
    let remarked = chosen.rows.iter().filter(|row| !row.remarks.is_empty()).count();
    if remarked > 0 {
        text += &format!("\nThe report has something to say of {}.", laptops(remarked));
    }
    text += &left_out(chosen);
    format!("{text}\nLaptop by laptop: {report}\n{}", chosen.lane.next())
}

/// A line for those that went out before, and those that cannot.
pub(super) fn left_out(chosen: &Chosen) -> String {
    let mut text = String::new();
    let (before, refused) = chosen.left();
    if before > 0 {
        text += &format!("\n{} went out before.", laptops(before));
    }
    if refused > 0 {
        text += &format!("\nLEFT OUT: {}", laptops(refused));
        let reasons = chosen.left_out.iter().filter(|left| matches!(left.reason, Left::Refused(_)));
        reasons.take(SHOWN).for_each(|left| text += &format!("\n  {}", left.words()));
        if refused > SHOWN {
            text += &format!("\n  ... and {} more.", refused - SHOWN);
        }
    }
    text
}
