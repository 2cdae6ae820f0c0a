//! Answer files: what a stick may tell Windows setup, made and looked through before it is written.
//!
//! Owns autounattend.xml, AutopilotConfigurationFile.json and naming templates, and the linter that knows what
//! such files do to a batch of laptops. A customer's own files pass the same linter: nothing here depends on who
//! wrote them.
//!
//! None of these files is needed for pre-provisioning. That runs on the profile which the service assigns.

pub mod autopilot;
pub mod lint;
pub mod name;
pub mod unattend;

use crate::problem::Problem;

/// What was asked for cannot be made.
fn cannot(what: &str, why: impl Into<String>, next: &str) -> Problem {
    Problem::new(format!("{what} was not made"), why, next)
}

/// Words for an XML or JSON value that a person typed: one line, no control characters.
fn check_words(what: &str, field: &str, text: &str) -> Result<(), Problem> {
    let sound = !text.trim().is_empty() && !text.chars().any(char::is_control) && text.len() <= 256;
    match sound {
        true => Ok(()),
        false => {
            Err(cannot(what, format!("{field} is empty, longer than 256 bytes, or more than one line"), "Correct it."))
        }
    }
}

#[cfg(test)]
mod tests;
