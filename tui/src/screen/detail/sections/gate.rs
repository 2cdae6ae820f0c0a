//! Safe to boot: every condition with who says so and since when, and what to do about the first that does not hold.

use ratatui::text::{Line, Span};
use whiteglove_core::{
    clock::{Moment, short_age},
    control::Sheet,
    device::Stage,
    registration::{Condition, Finding, Met, Phase},
};

use super::Page;
use crate::{theme::Tone, widget::text};

impl Page {
    pub(super) fn gate(&mut self, sheet: &Sheet, now: Moment) {
        let Some(gate) = &sheet.gate else { return };
        if matches!(sheet.device.stage, Stage::Replaced { .. }) {
            return;
        }
        self.heading("Safe to boot");
        let (glyph, words, tone) = match (gate.is_open(), gate.first()) {
            (true, _) => {
                (self.theme.glyphs().ready, "YES: start it, and at the first page press Windows x5.", Tone::Good)
            }
            (false, None) | (false, Some(_)) => {
                (self.theme.glyphs().not_ready, "NOT YET: do not start it.", Tone::Alarm)
            }
        };
        let style = self.theme.style(tone);
        self.lines.push(Line::from(Span::styled(format!(" {glyph} {words} "), style)));
        let mut told = false;
        for finding in &gate.findings {
            self.finding(finding, now);
            // One thing at a time: what comes later often follows from what comes first.
            if let (Some(problem), false, false) = (&finding.problem, finding.holds(), told) {
                self.say("    why", &problem.why, Tone::Plain);
                self.say("    next", &problem.next, Tone::Strong);
                told = true;
            }
        }
    }

    /// What Intune tells of the technician phase, and which dates follow from it.
    pub(super) fn technician(&mut self, sheet: &Sheet, now: Moment) {
        let seen = sheet.dossier.as_ref().and_then(|dossier| dossier.seen.as_ref());
        let Some(told) = seen.and_then(|(_, seen)| seen.technician.as_ref()) else { return };
        self.heading("Technician phase, as Intune tells it");
        let (words, tone) = match &told.phase {
            Phase::UnderWay { word } => (format!("under way ({word}); reports of long runs may stay so"), Tone::Plain),
            Phase::Succeeded { word } => (format!("green ({word})"), Tone::Good),
            Phase::Failed { word, says } if says.is_empty() => (format!("failed ({word})"), Tone::Alarm),
            Phase::Failed { word, says } => (format!("failed ({word}): {says}"), Tone::Alarm),
            Phase::Enrolled => ("enrolled; nothing tells of its end".to_owned(), Tone::Plain),
        };
        self.say("Stands", &words, tone);
        let age = told.at.map_or_else(|| "unknown".to_owned(), |at| format!("{} ago", short_age(now.since(at))));
        self.fact("Reported", format!("{age}; what the laptop's own screen says counts before it"));
        if let Some((from, until)) = told.for_its_user() {
            self.fact("User may begin", format!("from {} until {}", from.utc(), until.utc()));
        }
    }

    fn finding(&mut self, finding: &Finding, now: Moment) {
        let glyphs = self.theme.glyphs();
        let (glyph, tone) = match finding.met {
            Met::Yes => (glyphs.ready, Tone::Plain),
            Met::No if finding.overridden.is_some() => (glyphs.warning, Tone::Warn),
            Met::No => (glyphs.not_ready, Tone::Alarm),
            Met::Unknown => ("?", Tone::Warn),
        };
        let age = finding.at.map(|at| format!(", {} ago", short_age(now.since(at)))).unwrap_or_default();
        let source = format!("{}{age}", finding.source);
        const NAME: usize = 21;
        let room = self.width.saturating_sub(NAME + text::width(&source) + 2);
        let says = text::fit(&finding.says, room, self.theme);
        self.lines.push(Line::from(vec![
            Span::styled(format!(" {glyph} "), self.theme.style(tone)),
            Span::raw(text::fit(name(finding.condition), NAME - 3, self.theme)),
            Span::styled(says, self.theme.style(if finding.holds() { Tone::Plain } else { Tone::Strong })),
            Span::styled(format!("  {source}"), self.theme.style(Tone::Dim)),
        ]));
        if let Some(over) = &finding.overridden {
            let age = short_age(now.since(over.at));
            let words = format!("by {}, {age} ago: {}", over.by, over.reason);
            self.say("    overridden", &words, Tone::Warn);
        }
    }
}

/// In the room beside what it says.
fn name(condition: Condition) -> &'static str {
    match condition {
        Condition::SameMachine => "this machine",
        Condition::Profile => "profile",
        Condition::PreProvisioning => "pre-provisioning",
        Condition::Association => "no association",
        Condition::Imported | Condition::GroupTag | Condition::Network => condition.words(),
    }
}
