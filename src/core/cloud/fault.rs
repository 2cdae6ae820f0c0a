//! What it means that a service did not do what it was asked, and what a person does about it.

use std::time::Duration;

use super::{
    Answer, Service, Silence,
    graph::{Said, said},
};
use crate::{
    explain::{Card, Key, by_key, in_words},
    problem::Problem,
    registration::ImportState,
};

/// Decides what is done next without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It never got there.
    Unreached,
    /// It got there, and no whole answer came.
    Lost,
    /// Not done: too many requests.
    Throttled,
    /// A fault on the other side, perhaps after it was done.
    Faulty,
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 409.
    Conflict,
    /// 400 and the like: the request itself is not to its liking, now and later.
    Refused,
    /// It worked, and what it answered cannot be read.
    Unreadable,
}

impl Kind {
    fn of(status: u16) -> Option<Self> {
        Some(match status {
            200..300 => return None,
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 | 410 => Self::NotFound,
            408 | 500.. => Self::Faulty,
            409 => Self::Conflict,
            429 => Self::Throttled,
            _ => Self::Refused,
        })
    }

    /// The same request may do later.
    pub fn passes(self) -> bool {
        matches!(self, Self::Unreached | Self::Lost | Self::Throttled | Self::Faulty)
    }

    /// What changes something has to be looked for before it is asked again.
    pub fn may_be_done(self) -> bool {
        matches!(self, Self::Lost | Self::Faulty | Self::Unreadable)
    }
}

/// What went wrong, for the program and for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub kind: Kind,
    /// As the service asks.
    pub wait: Option<Duration>,
    pub problem: Problem,
}

impl Fault {
    /// `None`: it was done. `what` completes "refused ...": `the import of 12 laptops`.
    pub fn of(service: Service, answer: &Answer, what: &str) -> Option<Self> {
        let kind = Kind::of(answer.status)?;
        let said = said(answer);
        let card = in_words(&format!("{} {}", said.code, said.message)).or_else(|| by_key(Key::Http(answer.status)));
        let name = service.words();
        let happened = match kind {
            Kind::Faulty => format!("{name} failed at {what}"),
            Kind::Throttled => format!("{name} asks to wait with {what}"),
            _ => format!("{name} refused {what}"),
        };
        let problem = with_card(happened, words(answer.status, &said), card);
        Some(Self { kind, wait: answer.retry_after, problem })
    }

    pub fn of_silence(service: Service, silence: &Silence, what: &str) -> Self {
        let name = service.words();
        let (kind, problem) = match silence {
            Silence::NotSent(why) => (
                Kind::Unreached,
                Problem::new(
                    format!("{name} was not reached for {what}"),
                    why,
                    "Check the line to the internet. What is to be done stays noted and goes out when the line is back.",
                ),
            ),
            Silence::Lost(why) => (
                Kind::Lost,
                Problem::new(
                    format!("{name} gave no whole answer to {what}"),
                    why,
                    "Nothing: it is looked for at the service before anything is sent again.",
                ),
            ),
        };
        Self { kind, wait: None, problem }
    }

    pub fn unreadable(service: Service, error: &super::graph::Unreadable, what: &str) -> Self {
        let problem = Problem::new(
            format!("The answer of {} to {what} cannot be read", service.words()),
            error.to_string(),
            "It is asked again. If it stays so, something between here and the service changes its answers, or the service \
             changed: tell who looks after this program.",
        );
        Self { kind: Kind::Unreadable, wait: None, problem }
    }
}

fn words(status: u16, said: &Said) -> String {
    let message = said.message.trim_end_matches('.');
    let mut words = format!("HTTP {status}");
    if !said.code.is_empty() {
        words = format!("{words}, {}", said.code);
    }
    if !message.is_empty() && message != said.code {
        words = format!("{words}: {message}");
    }
    if !said.activity.is_empty() {
        words = format!("{words} (for support: {})", said.activity);
    }
    words
}

fn with_card(what: String, words: String, card: Option<&Card>) -> Problem {
    match card {
        Some(card) => {
            let mark = if words.ends_with(['.', '!', '?', ':']) { "" } else { "." };
            let call = if card.whom == "Nobody." { String::new() } else { format!(" Call: {}", card.whom) };
            Problem::new(what, format!("{words}{mark} {}", card.means), format!("{}{call}", card.now))
        }
        None => Problem::new(what, words, "Try it once more; if it stays so, call the supervisor with these words."),
    }
}

/// What an import that ended in an error means for the laptop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImportFailure {
    /// In this very tenant already: its group tag can be set, its profile read.
    AlreadyOurs,
    OtherTenant,
    /// Another row of the same sending has the same hash.
    Twice,
    BadHash,
    /// Passes by itself.
    Passing,
    Other,
}

impl ImportFailure {
    /// By its name; the numbers are mixed up between services and are used only where there is no name.
    pub fn of(code: i64, name: &str) -> Self {
        let name = name.trim().to_ascii_lowercase();
        match name.as_str() {
            "ztddevicealreadyassigned" => Self::AlreadyOurs,
            "ztddeviceassignedtoothertenant" | "ztddeviceassignedtoanothertenant" => Self::OtherTenant,
            "ztddeviceduplicated" => Self::Twice,
            "invalidztdhardwarehash" => Self::BadHash,
            "storageerror" => Self::Passing,
            "" => match code {
                // 806 alone was reported for both cases, so it proves neither.
                808 => Self::OtherTenant,
                802 => Self::BadHash,
                640 => Self::Passing,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}

/// What to tell of an import that failed; `called` is the laptop. `None`: it did not fail.
pub fn import_problem(state: &ImportState, called: &str) -> Option<Problem> {
    let (code, name) = match state {
        ImportState::Failed { code, name } => (*code, name.as_str()),
        ImportState::Gone => {
            return Some(Problem::new(
                format!("The import of {called} is not with the service any more"),
                "It was deleted there, or it never got there.",
                "Nothing: its registration is looked up, and it is imported again if there is none.",
            ));
        }
        ImportState::Working { .. } | ImportState::Complete { .. } => return None,
    };
    let number = u16::try_from(code).ok().filter(|number| *number != 0);
    let card = in_words(name).or_else(|| by_key(Key::Import(number?)));
    let said = match (name, number) {
        ("", None) => "The service gives no reason".to_owned(),
        ("", Some(number)) => format!("Error {number}"),
        (name, None) => name.to_owned(),
        (name, Some(number)) => format!("{name} ({number})"),
    };
    Some(with_card(format!("{called} was not registered"), said, card))
}

#[cfg(test)]
mod tests;
