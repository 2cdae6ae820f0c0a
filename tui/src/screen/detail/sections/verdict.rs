//! The verdict in one line, the hold if there is one, and every check with what was read.

use ratatui::text::{Line, Span};
use whiteglove_core::{
    capture::Part,
    control::Sheet,
    device::{HoldReason, Signal, Stage},
    readiness::{Severity, Verdict},
};

use super::Page;
use crate::{theme::Tone, widget::text};

impl Page {
    pub(super) fn verdict(&mut self, sheet: &Sheet) {
        let device = &sheet.device;
        let (glyph, _, tone) = self.theme.verdict(sheet.readiness.verdict);
        let worst = sheet.readiness.checks.first();
        let words = match (&device.stage, sheet.readiness.verdict) {
            (Stage::Replaced { by, .. }, _) => format!("REPLACED: this laptop lives on as #{}.", by.0),
            (_, Verdict::Ready) => "READY: nothing we know stands in the way of pre-provisioning.".to_owned(),
            (_, Verdict::ReadyWithWarnings) => {
                let count = sheet.readiness.checks.iter().filter(|check| check.severity == Severity::Warning).count();
                format!("READY WITH WARNINGS: {count} to look at.")
            }
            (Stage::Held { reason, .. }, _) => format!("NOT READY: held, {}.", reason.brief()),
            (_, Verdict::NotReady) => match worst {
                Some(check) => format!("NOT READY: {}.", check.problem.what.trim_end_matches('.')),
                None => "NOT READY.".to_owned(),
            },
            (_, Verdict::Unknown) if device.signal == Signal::Agent => {
                "NOT CAPTURED YET: only the first hello has arrived.".to_owned()
            }
            (_, Verdict::Unknown) if device.signal == Signal::Network => {
                "NOT CAPTURED YET: it has only asked the network for something to boot.".to_owned()
            }
            (_, Verdict::Unknown) => "NOT CAPTURED YET: known from its label or a file only.".to_owned(),
        };
        let style = self.theme.style(if tone == Tone::Dim { Tone::Strong } else { tone });
        let room = self.width.saturating_sub(4);
        for (n, words) in text::wrap(&words, room).into_iter().enumerate() {
            let mark = if n == 0 { format!(" {glyph} ") } else { "   ".to_owned() };
            self.lines.push(Line::from(vec![Span::styled(mark, style), Span::styled(format!("{words} "), style)]));
        }
        if let Stage::Held { reason, .. } = &device.stage {
            let mut problem = reason.problem();
            // The mark in front says it already.
            problem.what = problem.what.trim_start_matches("Held: ").to_owned();
            self.lines.push(Line::default());
            self.lines.extend(text::problem(&problem, ("HELD", Tone::Alarm), self.width, self.theme));
        }
    }

    pub(super) fn checks(&mut self, sheet: &Sheet) {
        let checks: Vec<_> = sheet.readiness.checks.iter().filter(|check| !said_by_hold(sheet, check.part)).collect();
        if checks.is_empty() {
            return;
        }
        self.heading("Readiness, worst first");
        for (n, check) in checks.into_iter().enumerate() {
            if n > 0 {
                self.lines.push(Line::default());
            }
            let head = text::severity(check.severity);
            self.lines.extend(text::problem_with(&check.problem, &check.evidence, head, self.width, self.theme));
        }
    }
}

/// The hold says the same above, with the way out.
fn said_by_hold(sheet: &Sheet, part: Part) -> bool {
    let by_label = matches!(
        &sheet.device.stage,
        Stage::Held { reason: HoldReason::WrongMachine { .. } | HoldReason::WrongCustomer { .. }, .. }
    );
    by_label && part == Part::Order
}
