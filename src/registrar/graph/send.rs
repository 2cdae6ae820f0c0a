//! Imports, and taking their records away when they have come to an end.

use whiteglove_core::{
    cloud::{
        Service,
        fault::Kind,
        graph::{self, Import, Imported, MOST_PARTS, same_serial},
    },
    lane::laptops,
    problem::Problem,
    registration::{ImportId, ImportState, Report, Sending},
};

use super::{Graph, held};
use crate::registrar::asking::understood;

impl Graph {
    pub(super) async fn send(&self, sending: Sending) -> Report {
        let attempt = sending.attempt;
        let imports: Vec<Import<'_>> = sending.rows.iter().filter_map(Import::of).collect();
        if imports.is_empty() || imports.len() < sending.rows.len() {
            let why = Problem::new(
                "Nothing was imported",
                "there are lines in it that are not for Intune",
                "Look which lane the customer has, and ask for the registration again.",
            );
            return Report::NotSent { attempt, why };
        }
        let what = format!("the import of {}", laptops(imports.len()));
        let answer = match self.order(&graph::import(&attempt, &imports), &what).await {
            Ok(answer) => answer,
            Err(fault) if fault.kind.may_be_done() => {
                return Report::Lost { attempt, why: format!("{} {}", fault.problem.what, fault.problem.why) };
            }
            // Something in the lines is not to its liking: the bench finds out in which.
            Err(fault) if fault.kind == Kind::Refused => return Report::NotSent { attempt, why: fault.problem },
            Err(fault) => return held(fault),
        };
        let mut imported = match graph::imported_list(&answer) {
            Ok(page) => page.items,
            Err(error) => return Report::Lost { attempt, why: error.to_string() },
        };
        let (mut taken, mut refused, mut unnamed) = (vec![], vec![], vec![]);
        let mut note = |device, Imported { id, state, .. }| match state {
            state @ ImportState::Failed { .. } => refused.push((device, state)),
            _ => taken.push((device, id)),
        };
        for (row, import) in sending.rows.iter().zip(&imports) {
            match imported.iter().position(|imported| is_named(&imported.serial, import)) {
                Some(place) => note(row.device, imported.swap_remove(place)),
                None => unnamed.push(row.device),
            }
        }
        // One that is left on both sides is the same one. More than that stay open and are settled.
        if let ([device], 1) = (unnamed.as_slice(), imported.len()) {
            imported.into_iter().for_each(|imported| note(*device, imported));
        }
        if taken.is_empty() && refused.is_empty() {
            let why = format!("the answer to {what} names none of them");
            return Report::Lost { attempt, why };
        }
        Report::Sent { attempt, taken, refused }
    }

    /// Takes away the records of imports that are over, once the journal has what became of them. A record that stays
    /// harms nobody: it only makes the tenant's list longer.
    pub(crate) async fn tidy(&self, over: &[ImportId]) {
        for over in over.chunks(MOST_PARTS) {
            let requests: Vec<_> = over.iter().map(graph::delete_imported).collect();
            let Some(batch) = graph::batch(&requests) else { continue };
            let done = understood(Service::Graph, self.paced.send_idle(&batch).await, "taking away records of imports");
            let parts = done.ok().and_then(|answer| graph::answers(&answer, over.len()).ok()).unwrap_or_default();
            let gone = parts.iter().flatten().filter(|part| matches!(part.status, 200..300 | 404)).count();
            tracing::debug!(gone, of = over.len(), "records of imports were taken away");
        }
    }
}

/// The service shows the number that was sent, or the one that the hash says.
fn is_named(serial: &str, import: &Import<'_>) -> bool {
    let of_hash = import.hash.identity().serial;
    same_serial(serial, import.serial) || of_hash.is_some_and(|own| same_serial(serial, own.as_str()))
}
