//! A laptop in Windows PE that hands in its own hash: who may, and what it is told.

use super::{Admission, Admitted, Bench};
use crate::{
    clock::Moment,
    device::{Device, DeviceId, Signal, Stage},
    entry::{Entry, Refusal, Source},
    media_card::MediaId,
    problem::Problem,
    readiness::Severity,
    windows::pe::{Answer, Verdict},
};

/// Of what may fail, the first few.
const MOST_WARNINGS: usize = 2;

impl Bench {
    /// The pass has been checked: it comes from this medium, or from somebody who read it there.
    ///
    /// # Errors
    /// The medium is not good here and now, or the hash is nothing that the bench takes from a file either.
    pub fn decide_winpe(&self, media: MediaId, entry: Entry, now: Moment) -> Result<Admitted, Problem> {
        self.admit(media)?;
        let source = Source { name: format!("OA3.xml of Windows PE, medium {media}"), line: 1 };
        let refused =
            |Refusal { why, next }| Problem::new("The bench did not take the hash of this laptop.", why, next);
        self.decide_entry(entry, &source, Signal::WindowsPe, now).map_err(refused)
    }

    /// What the laptop's screen says once it is written.
    pub fn winpe_answer(&self, id: DeviceId, outcome: &Admission) -> Answer {
        let Some(device) = self.devices.get(&id) else { return Answer::new(Verdict::Look) };
        let readiness = self.readiness(device, &self.lists.of_device(device), &self.trials.trust_with(device));
        let worst = readiness.checks.first().filter(|check| check.severity == Severity::Stop);
        let stopped = match &device.stage {
            Stage::Held { reason, .. } => Some(reason.problem()),
            Stage::Replaced { by, .. } => Some(super::decide::lives_on(*by)),
            Stage::Arrived { .. } | Stage::Captured { .. } | Stage::Registered { .. } | Stage::Cleared { .. } => {
                worst.map(|check| check.problem.clone())
            }
        };
        let verdict = if stopped.is_some() { Verdict::Look } else { Verdict::Ok };
        let standing = Answer::new(verdict).line(who(device)).line(format!(
            "batch {}: {}, {}",
            device.batch,
            device.stage.name().word().to_lowercase(),
            words(outcome)
        ));
        if let Some(problem) = stopped {
            return standing.problem(&problem);
        }
        let warnings = readiness.checks.iter().filter(|check| check.severity == Severity::Warning);
        let answer = warnings
            .take(MOST_WARNINGS)
            .fold(standing, |answer, check| answer.line(format!("{}: {}", check.severity.word(), check.problem.what)));
        answer.line("  next: Nothing more to do here: the bench has its hash.")
    }
}

/// `#12: PF3K9Q, LENOVO 21CB`.
fn who(device: &Device) -> String {
    let serial = device.any_serial().map_or("no serial number", |serial| serial.as_str());
    let model = device.model_name();
    format!("#{}: {serial}, {} {}", device.id.0, model.manufacturer, model.product)
}

fn words(outcome: &Admission) -> &'static str {
    match outcome {
        Admission::New => "new on this bench",
        Admission::Added => "added to what was known",
        Admission::Known => "known already",
        Admission::Held(_) => "and a person has to look",
    }
}
