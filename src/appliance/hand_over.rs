//! Seals what the core chose for the customer. As with lists: the file is on its disk first, then the journal has it,
//! and it is deleted again if the journal does not take it.

use std::path::{Path, PathBuf};

use getrandom::{SysRng, rand_core::UnwrapErr};
use sha2::{Digest, Sha256};
use whiteglove_core::{
    handover::{self, About, Ask, Bundle, HandedOver, Recipient, SealError},
    lane::{self, Chosen, laptops},
    media::sign::Signer,
    problem::Problem,
    record::Record,
};

use super::{
    Owner,
    export::{journal, left_out, report},
    jobs::Handle,
};
use crate::{
    clock::now,
    registrar::csv::{self, Written},
    state,
};

/// All that the job needs of the bench.
struct HandOver {
    chosen: Chosen,
    to: Recipient,
    about: About,
    signer: Signer,
    out: PathBuf,
    reports: PathBuf,
}

impl Owner {
    pub(super) fn hand_over(&mut self, from: u64, ask: &Ask, out: PathBuf) {
        let (chosen, to) = match self.bench.decide_hand_over(ask) {
            Ok((chosen, _)) if chosen.rows.is_empty() => return self.tell(from, chosen.nothing()),
            Ok(decided) => decided,
            Err(problem) => return self.tell(from, Err(problem)),
        };
        let signer = match state::signer(&self.config.state) {
            Ok(signer) => signer,
            Err(problem) => return self.tell(from, Err(problem)),
        };
        let customer = self.bench.owner_of(&chosen.batch);
        let about = About {
            bench: self.config.bench.clone(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            made: now(),
            customer: customer.map(|customer| customer.name.clone()),
            tenant: customer.and_then(|customer| customer.tenant.clone()),
            cloud: customer.map(|customer| customer.cloud).unwrap_or_default(),
        };
        let title = format!("sealing for {} to {}", chosen.lane.words(), out.display());
        let reports = self.config.reports_folder();
        let work = HandOver { chosen, to, about, signer, out, reports };
        self.start(from, title, move |handle| work.write(handle));
    }
}

impl HandOver {
    fn write(self, handle: &mut Handle<'_>) -> Result<String, Problem> {
        let Self { chosen, to, about, signer, out, reports } = self;
        let (folder, name) = place(&out)?;
        let files = chosen.files();
        let content = Bundle::of(&chosen, &files, about).to_bytes().map_err(|error| {
            Problem::new("Nothing was exported.", format!("The lists cannot be bundled: {error}."), "Report this.")
        })?;
        let sealed = handover::seal(&content, &to, &signer, &mut UnwrapErr(SysRng)).map_err(unsealed)?;
        let file = lane::File {
            name: name.clone(),
            bytes: sealed,
            devices: chosen.rows.iter().map(|row| row.device).collect(),
            batch_name: None,
        };
        csv::folder(folder)?;
        let mut written = Written::none();
        written.write(folder, &file)?;
        let handed_over = HandedOver { to, bundle: name, sha256: hex::encode(Sha256::digest(&file.bytes)) };
        let records = files.iter().map(|list| Record::Exported {
            lane: chosen.lane,
            batch: chosen.batch.clone(),
            file: list.name.clone(),
            sha256: list.digest(),
            group_tag: chosen.group_tag.clone(),
            devices: list.devices.clone(),
            handed_over: Some(handed_over.clone()),
        });
        journal(records.collect(), handle)?;
        written.keep();
        let report = report(&chosen, &files, &out, &reports);
        Ok(format!(
            "Handed over for {}: {} of batch '{}', in {}.\nsha256 {}\nOnly the holder of the key that ends in {} can open \
             it.{}\nLaptop by laptop: {report}\nThe customer opens it: whiteglove handover open FILE --key KEY --bench {} \
             --out DIR",
            chosen.lane.words(),
            laptops(chosen.rows.len()),
            chosen.batch,
            out.display(),
            handed_over.sha256,
            to.brief(),
            left_out(&chosen),
            signer.public(),
        ))
    }
}

fn place(out: &Path) -> Result<(&Path, String), Problem> {
    let name = out.file_name().and_then(|name| name.to_str());
    match (out.parent(), name) {
        (Some(folder), Some(name)) if !out.is_dir() => Ok((folder, name.to_owned())),
        _ => Err(Problem::new(
            "Nothing was exported.",
            format!("{} is no name for a file.", out.display()),
            format!("Name a file: --out NAME.{}", handover::EXTENSION),
        )),
    }
}

fn unsealed(error: SealError) -> Problem {
    let next = match error {
        SealError::Oversized(_) => "Hand over several smaller batches.",
        _ => "Ask the customer for another key (whiteglove handover key --out FILE).",
    };
    Problem::new("Nothing was exported.", error.to_string(), next)
}
