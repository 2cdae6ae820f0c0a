//! Credentials in texts of any kind: keys, tokens, passwords of applications. By their shape, so that a file that
//! nobody thought of is looked at as well; never repeated.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{Check, Finding};
use crate::clock::Moment;

/// Names under which tools that register laptops keep what lets them in, lower case without `_` and `-`.
const NAMES: [&str; 6] =
    ["clientsecret", "appsecret", "applicationsecret", "accountkey", "sharedaccesskey", "refreshtoken"];
/// Shorter values are words: `none`, `<yours>`.
const SHORTEST: usize = 8;
const REMEDY: &str = "Take it out: a stick gets lost. The bench registers laptops, the stick needs no way in.";

pub(super) fn check(path: &str, text: &str, now: Moment, findings: &mut Vec<Finding>) {
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        let mut say = |check, what: &str, remedy: &str| {
            findings.push(Finding::new(check, path, format!("line {number}: {what}"), remedy));
        };
        if line.contains("-----BEGIN") && line.contains("PRIVATE KEY") {
            say(Check::SecretInClear, "a private key", REMEDY);
        }
        if let Some(name) = named(line) {
            say(Check::SecretInClear, &format!("a value for {name}"), REMEDY);
        }
        for expires in tokens(line).chain(signed_links(line)) {
            match expires {
                Some(expires) if expires <= now => {
                    let days = now.since(expires).as_secs() / 86_400;
                    let what = format!("a token that expired {days} days ago");
                    say(Check::TokenExpired, &what, "Take it out, or get a new one and keep it off the stick.");
                }
                Some(_) | None => say(Check::SecretInClear, "a token that lets its finder in", REMEDY),
            }
        }
    }
}

/// `ClientSecret = "..."`: a name of the list, with a value that is no variable.
fn named(line: &str) -> Option<&'static str> {
    let bare: String = line.chars().filter(|c| !matches!(c, '_' | '-')).collect::<String>().to_ascii_lowercase();
    NAMES.into_iter().find(|name| {
        bare.match_indices(name).any(|(at, _)| {
            let rest = &bare[at + name.len()..];
            let value = rest.trim_start_matches(['"', '\'', ' ', '\t', ':', '=', '>']);
            // A blank as well: it is how PowerShell passes arguments.
            let separated = rest.len() > value.len();
            let length = value.find(['"', '\'', ' ', '<', ',', ';']).unwrap_or(value.len());
            separated && length >= SHORTEST && !value.starts_with(['$', '%', '{', '(', '[', '<'])
        })
    })
}

/// JSON web tokens: when each expires, if it says so.
fn tokens(line: &str) -> impl Iterator<Item = Option<Moment>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    line.split(move |c| !is_part(c)).filter_map(|word| {
        let mut parts = word.trim_matches('.').split('.');
        let (head, body, seal) = (parts.next()?, parts.next()?, parts.next()?);
        let json = |part: &str| -> Option<Value> {
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?).ok()
        };
        (!seal.is_empty() && head.starts_with("eyJ") && json(head)?.is_object()).then_some(())?;
        let expires = json(body)?["exp"].as_u64();
        Some(expires.map(at))
    })
}

/// Links to Azure storage that carry their own permission: `?sv=...&se=2026-01-31T00:00:00Z&sig=...`.
fn signed_links(line: &str) -> impl Iterator<Item = Option<Moment>> {
    line.split([' ', '"', '\'', '<', '>', '\t']).filter_map(|word| {
        let value = |name| word.split(['?', '&', ';']).find_map(|parameter| parameter.strip_prefix(name));
        let (expires, seal) = (value("se=")?, value("sig=")?);
        (!seal.is_empty()).then(|| day(expires))
    })
}

/// Seconds since 1970.
fn at(seconds: u64) -> Moment {
    Moment::default().after(Duration::from_secs(seconds.min(u64::MAX / 2000)))
}

/// The day in `2026-01-31T...`, its end.
fn day(text: &str) -> Option<Moment> {
    let mut parts = text.get(..10)?.split('-');
    let mut number = || parts.next()?.parse::<u64>().ok();
    let (year, month, day) = (number()?, number()?, number()?);
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970 in the proleptic Gregorian calendar, with years that begin in March.
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    let since = days.checked_sub(719_468)? + 1;
    Some(at(since * 86_400))
}
