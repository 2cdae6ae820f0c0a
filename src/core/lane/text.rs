//! What may stand between two commas.
//!
//! The lists have no way to quote, and the portals none to read it; "ANSI only, no Unicode" is Microsoft's rule. So a
//! value is written as it is, or not at all: a changed one would name another laptop.

use crate::{entry::Refusal, problem::Problem};

/// The value, if it can be written.
pub(super) fn cell(what: &str, value: &str) -> Result<String, Refusal> {
    let value = value.trim();
    let wrong = |why: &str| Refusal {
        why: format!("Its {what} {value:?} {why}."),
        next: format!("Correct the {what} where it comes from, then export again."),
    };
    if let Some(c) = value.chars().find(|c| !(' '..='~').contains(c)) {
        return Err(wrong(&format!("has a sign that is not ASCII ({})", c.escape_unicode())));
    }
    if value.contains(',') {
        return Err(wrong("has a comma in it, and the list cannot quote"));
    }
    if value.contains('"') {
        return Err(wrong("has a quotation mark in it"));
    }
    // A spreadsheet would run it (OWASP, CSV injection). No maker begins a number like this.
    if value.starts_with(['=', '+', '-', '@', '\'']) {
        return Err(wrong("begins like a formula"));
    }
    Ok(value.to_owned())
}

/// Without what corporate identifiers may not have.
pub(super) fn identifier(what: &str, value: &str) -> Result<String, Refusal> {
    // The community script takes both out of maker and model too: the service answers 400 to them.
    let bare: String = value.chars().filter(|c| *c != '.' && (*c != ',' || what == "serial number")).collect();
    let words: Vec<&str> = bare.split_whitespace().collect();
    cell(what, &words.join(" "))
}

/// A tag that a person typed, as it will stand in the list.
///
/// # Errors
/// It cannot stand there.
pub fn group_tag(typed: &str) -> Result<String, Problem> {
    match cell("group tag", typed) {
        Ok(tag) if !tag.is_empty() => Ok(tag),
        Ok(_) => {
            Err(Problem::new("Nothing was exported.", "The group tag is empty.", "Leave --group-tag out for none."))
        }
        Err(refusal) => Err(Problem::new(
            "Nothing was exported.",
            refusal.why.replacen("Its", "The", 1),
            "Agree on a tag of letters, digits and hyphens with the customer.",
        )),
    }
}
