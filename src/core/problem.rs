//! The only error a person sees: what happened, why, and what to do next.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Made once, at the edge to a person: screen, command line, laptop or HTTP client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What happened, in one sentence.
    pub what: String,
    /// Why, as far as we know.
    pub why: String,
    /// What the person does now.
    pub next: String,
}

impl Problem {
    pub fn new(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), next: next.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  why:  {}\n  next: {}", self.what, self.why, self.next)
    }
}

impl std::error::Error for Problem {}
