//! What became of a sending whose answer nobody has.

use std::collections::HashMap;

use tokio::time::Instant;
use whiteglove_core::{
    cloud::{
        fault::Fault,
        graph::{self, Imported, same_serial},
    },
    device::DeviceId,
    entry::ZtdId,
    lane::laptops,
    problem::Problem,
    registration::{AttemptId, ImportId, ImportState, Reading, Report, Settling},
};

use super::{Graph, held, locked};

/// Pages of a tenant's imports that are looked through.
const MOST_PAGES: usize = 200;
const WHAT: &str = "the list of imports";

/// Where a laptop of the sending was found.
enum Found {
    Import(ImportId, ImportState),
    /// It is registered, and nobody knows of the import any more.
    Registered(ZtdId),
}

impl Graph {
    /// Looks among the imports, then among the registrations. A request may turn up late, so "it is not there" is said
    /// only when enough time has passed since it was first looked for in this life of the program; until then it stays
    /// lost.
    pub(super) async fn settle(&self, settling: Settling) -> Report {
        let Settling { attempt, lines, .. } = settling;
        // Before the look: what arrives meanwhile counts as not seen.
        let first = *locked(&self.looked).entry(attempt.clone()).or_insert_with(Instant::now);
        let waited_enough = first.elapsed() >= self.settle;
        let found = match self.found(&attempt, &lines).await {
            Ok(found) => found,
            Err(fault) => return held(fault),
        };
        let missing = lines.len() - found.len();
        if missing == 0 {
            locked(&self.looked).remove(&attempt);
        }
        let (mut taken, mut refused) = (vec![], vec![]);
        for (device, found) in found {
            match found {
                Found::Import(_, state @ ImportState::Failed { .. }) => refused.push((device, state)),
                Found::Import(id, _) => taken.push((device, id)),
                Found::Registered(id) => refused.push((device, ImportState::Complete { registration: Some(id) })),
            }
        }
        if !taken.is_empty() || !refused.is_empty() {
            return Report::Sent { attempt, taken, refused };
        }
        if waited_enough {
            locked(&self.looked).remove(&attempt);
            let why = Problem::new(
                format!("{} of a sending never arrived", laptops(missing)),
                "the service knows no import and no registration of it",
                "Nothing: it is sent again.",
            );
            return Report::NotSent { attempt, why };
        }
        Report::Lost { attempt, why: format!("{} are not with the service yet", laptops(missing)) }
    }

    async fn found(&self, attempt: &AttemptId, lines: &[Reading]) -> Result<Vec<(DeviceId, Found)>, Fault> {
        let ours = |imports: &[Imported]| imports.iter().filter(|import| import.import_id == attempt.as_str()).count();
        let enough = |imports: &[Imported]| ours(imports) >= lines.len();
        let (imports, _) = self.pages(graph::list_imported(), WHAT, MOST_PAGES, graph::imported_list, enough).await?;
        let mut found: HashMap<DeviceId, Found> = HashMap::new();
        for line in lines {
            if let Some(import) = import_of(&imports, attempt, &line.called) {
                found.insert(line.device, found_import(import));
            }
        }
        let left: Vec<&Reading> = lines.iter().filter(|line| !found.contains_key(&line.device)).collect();
        let unnamed: Vec<&Imported> = imports
            .iter()
            .filter(|import| import.import_id == attempt.as_str())
            .filter(|import| !lines.iter().any(|line| same_serial(&import.serial, &line.called)))
            .collect();
        // The service may show the number of the hash, which is not always the one on the laptop's papers.
        if let ([line], [import], 1) = (left.as_slice(), unnamed.as_slice(), lines.len()) {
            found.insert(line.device, found_import(import));
        }
        let rest: Vec<&Reading> =
            lines.iter().filter(|line| !found.contains_key(&line.device) && !line.called.trim().is_empty()).collect();
        for (line, registrations) in rest.iter().zip(self.searched(&rest).await) {
            // Two laptops of one number: nobody knows which of them this is.
            if let [only] = registrations?.as_slice() {
                found.insert(line.device, Found::Registered(only.id.clone()));
            }
        }
        Ok(lines.iter().filter_map(|line| Some((line.device, found.remove(&line.device)?))).collect())
    }
}

fn found_import(import: &Imported) -> Found {
    Found::Import(import.id.clone(), import.state.clone())
}

/// The import that this sending made, if it did. Some tenants show another import id than was sent; there the number has
/// to do, for an import that is under way. What is over proves nothing: it may be of an earlier sending.
fn import_of<'a>(imports: &'a [Imported], attempt: &AttemptId, called: &str) -> Option<&'a Imported> {
    let same = |import: &&Imported| same_serial(&import.serial, called);
    let sent_with = imports.iter().filter(same).find(|import| import.import_id == attempt.as_str());
    sent_with.or_else(|| {
        let under_way = |import: &&Imported| matches!(import.state, ImportState::Working { .. });
        imports.iter().filter(same).find(under_way)
    })
}
