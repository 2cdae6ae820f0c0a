//! What the bench knows about a laptop that makes pre-provisioning fail later: every check with what was
//! read, why it matters and what to do, worst first, and the verdict they come to.
//!
//! Pre-provisioning is TPM attestation: no TPM 2.0 with an endorsement key, no technician phase. A check that
//! cannot be decided is not made: what nobody read is no fault of the laptop.

mod clock;
mod cpu;
mod edition;
mod firmware;
mod identity;
mod imported;
mod parts;
mod tpm;
mod tpm_firmware;

pub use clock::heard_directly_at;

use serde::{Deserialize, Serialize};

use crate::{
    batch::{IdentityPolicy, ModelTrust},
    capture::Part,
    device::{Device, Stage},
    order::Match,
    preflight::Medium,
    problem::Problem,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// May fail, or costs time later.
    Warning,
    /// Pre-provisioning cannot work like this.
    Stop,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Stop => "STOP",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub severity: Severity,
    pub part: Part,
    /// What was read that says so: `IFX 7.61.2785.0`, `SecureBoot=0`.
    #[serde(default)]
    pub evidence: String,
    pub problem: Problem,
}

/// What the checks come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing was captured yet.
    #[default]
    Unknown,
    Ready,
    ReadyWithWarnings,
    NotReady,
}

impl Verdict {
    pub fn words(self) -> &'static str {
        match self {
            Self::Unknown => "not captured yet",
            Self::Ready => "ready",
            Self::ReadyWithWarnings => "ready with warnings",
            Self::NotReady => "not ready",
        }
    }
}

/// Checks, worst first, and their sum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    pub verdict: Verdict,
    pub checks: Vec<Check>,
}

impl Readiness {
    /// Why it is not ready: the heading of the worst check. `None` if it is, or if a person has to look at
    /// the device first (it is held).
    pub fn because(&self) -> Option<&str> {
        let worst = self.checks.first().filter(|check| check.severity == Severity::Stop)?;
        Some(&worst.problem.what)
    }

    /// `ready`, `not ready because: No TPM 2.0`.
    pub fn words(&self) -> String {
        match self.because() {
            Some(because) if self.verdict == Verdict::NotReady => {
                format!("{} because: {because}", self.verdict.words())
            }
            _ => self.verdict.words().to_owned(),
        }
    }
}

/// What the bench knows beside the device itself.
#[derive(Debug, Clone)]
pub struct Around<'a> {
    pub policy: IdentityPolicy,
    pub trust: &'a ModelTrust,
    pub matching: &'a Match,
    /// What the open batch boots from, if that is known.
    pub medium: Option<&'a Medium>,
}

/// Everything known today to make pre-provisioning of this device fail later.
pub fn assess(device: &Device, around: &Around<'_>) -> Readiness {
    let mut found = Found::default();
    // What concerns the laptop as a whole comes first among equals.
    identity::belongs(device, around.matching, &mut found);
    identity::registration(device, &mut found);
    match (device.capture.as_deref(), &device.windows_hash) {
        (Some(capture), _) => {
            tpm::checks(capture, &mut found);
            firmware::checks(capture, &mut found);
            firmware::medium(capture, around.medium, &mut found);
            clock::check(device, capture, &mut found);
            parts::checks(capture, &mut found);
        }
        (None, Some(imported)) => imported::checks(imported, &mut found),
        (None, None) => {}
    }
    if device.capture.is_some() || device.windows_hash.is_some() {
        identity::names(device, around.policy, &mut found);
        identity::policy(device, around, &mut found);
        edition::check(device, &mut found);
    }
    let mut checks = found.0;
    checks.sort_by_key(|check| std::cmp::Reverse(check.severity));
    let verdict = verdict(&device.stage, checks.first().map(|check| check.severity));
    Readiness { verdict, checks }
}

fn verdict(stage: &Stage, worst: Option<Severity>) -> Verdict {
    match (stage, worst) {
        (Stage::Arrived { .. } | Stage::Replaced { .. }, _) => Verdict::Unknown,
        (Stage::Held { .. }, _) | (_, Some(Severity::Stop)) => Verdict::NotReady,
        (_, Some(Severity::Warning)) => Verdict::ReadyWithWarnings,
        (_, Some(Severity::Note) | None) => Verdict::Ready,
    }
}

/// Checks on their way.
#[derive(Debug, Default)]
struct Found(Vec<Check>);

impl Found {
    /// `what` is a heading, for a list and a column: no full stop. `why` and `next` are sentences.
    fn say(
        &mut self,
        severity: Severity,
        part: Part,
        evidence: impl Into<String>,
        what: impl Into<String>,
        why: impl Into<String>,
        next: impl Into<String>,
    ) {
        let problem = Problem { what: what.into(), why: why.into(), next: next.into() };
        self.0.push(Check { severity, part, evidence: evidence.into(), problem });
    }
}

#[cfg(test)]
mod tests;
