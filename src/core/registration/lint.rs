//! What of a tenant will make a batch fail, before its first laptop is started.
//!
//! Invariant: nothing is guessed. What the sign-in may not read is a finding of its own, with the permission that is
//! missing; what was read and says nothing is said to say nothing.
//!
//! Sources: Microsoft's pages on Autopilot (requirements, pre-provisioning, known issues, enrolment status page) and on
//! Intune's apps; where they contradict what people see, what people see.

mod facts;
mod rules;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use facts::{
    App, AppKind, Delivery, Expected, Facts, Mdm, Read, Secret, StatusPage, apps, apps_of, delivery, delivery_of, mdm,
    mdm_of, pages, pages_of, permission, secrets, secrets_of,
};
pub use rules::lint;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The technician phase fails, or does not do what people think.
    Error,
    Warning,
    /// It could not be looked at.
    Unread,
    Note,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warning => "warning",
            Self::Unread => "unknown",
            Self::Note => "note",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub severity: Severity,
    pub what: String,
    pub why: String,
    /// What to do about it.
    pub next: String,
    /// What was read: `enrollment status page WH ESP`.
    pub source: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, what, why, next, source } = self;
        write!(f, "{}: {what} [{source}]\n  why:  {why}\n  next: {next}", severity.word())
    }
}

#[cfg(test)]
mod tests;
