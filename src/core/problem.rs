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
    /// Each part becomes a sentence: a cause in lower case, as errors are written, reads on a screen
    /// like everything else there.
    pub fn new(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: sentence(&what.into()), why: sentence(&why.into()), next: sentence(&next.into()) }
    }
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    let first = text.split([' ', ',']).next().unwrap_or_default();
    // Names of programs, files and settings stay as they are typed.
    let is_word = !first.is_empty() && first.chars().all(|c| c.is_ascii_lowercase()) && first != "whiteglove";
    let mut sentence = match is_word {
        true => first[..1].to_ascii_uppercase() + &text[1..],
        false => text.to_owned(),
    };
    if !sentence.is_empty() && !sentence.ends_with(['.', '!', '?', ':', '\n']) {
        sentence.push('.');
    }
    sentence
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  why:  {}\n  next: {}", self.what, self.why, self.next)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_reads_as_a_sentence() {
        let problem =
            Problem::new("the stick was not written", "it is mounted at /mnt", "scripts/bootenv makes a new one.");
        assert_eq!(
            problem.to_string(),
            "The stick was not written.\n  why:  It is mounted at /mnt.\n  next: scripts/bootenv makes a new one."
        );
        assert_eq!(Problem::new("whiteglove runs already", "", "").what, "whiteglove runs already.");
    }
}
