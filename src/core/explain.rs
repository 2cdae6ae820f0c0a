//! Error cards: what a code on a laptop's screen or in an import list means, what to do now, and whom to call.
//!
//! A closed table. Sources: Microsoft's troubleshooting pages for Autopilot import, enrolment and known issues;
//! the registration service's error list as published by its former product manager (oofhours.com, 2019-07-07).
//! Where sources disagree the card says so instead of choosing.

mod hresult;
mod nearest;
mod registration;
mod typed;
mod web;
mod windows;

use std::fmt;

use serde::{Serialize, Serializer};

pub use hresult::Hresult;

use crate::problem::Problem;

/// What a card is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// An HRESULT, as Windows shows it.
    Windows(u32),
    /// A number in an import list.
    Import(u16),
    /// A number in Windows' Autopilot log.
    Event(u16),
    Http(u16),
    /// A name that a service or a log gives.
    Name(&'static str),
    /// Words of a message that comes without a code.
    Words(&'static str),
}

impl Key {
    /// Import errors, events and HTTP answers do not share numbers, so one typed alone is one of them.
    fn number(self) -> Option<u16> {
        match self {
            Self::Import(number) | Self::Event(number) | Self::Http(number) => Some(number),
            Self::Windows(_) | Self::Name(_) | Self::Words(_) => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Windows(code) => write!(f, "{}", Hresult(*code)),
            Self::Import(number) => write!(f, "{number}"),
            Self::Event(number) => write!(f, "event {number}"),
            Self::Http(status) => write!(f, "HTTP {status}"),
            Self::Name(name) => f.write_str(name),
            Self::Words(words) => write!(f, "\"{words}\""),
        }
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Words(words) => serializer.serialize_str(words),
            key => serializer.collect_str(key),
        }
    }
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Card {
    pub keys: &'static [Key],
    /// A heading.
    pub title: &'static str,
    /// What it means.
    pub means: &'static str,
    /// What the technician does now.
    pub now: &'static str,
    /// Who can do the rest.
    pub whom: &'static str,
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys.iter().map(ToString::to_string).collect();
        write!(
            f,
            "{}\n  {}\n  means: {}\n  now:   {}\n  call:  {}",
            self.title,
            keys.join(", "),
            self.means,
            self.now,
            self.whom
        )
    }
}

/// All of them: what the services say first, then what laptops show.
pub fn cards() -> impl Iterator<Item = &'static Card> {
    registration::CARDS.iter().chain(windows::CARDS).chain(web::CARDS)
}

/// What is said to a code or message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Card {
        card: &'static Card,
        /// What in the text led to it.
        by: String,
    },
    /// The text stands on several cards.
    Several(Vec<&'static Card>),
    Unknown(Unknown),
}

/// On no card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    pub asked: String,
    /// What the number itself tells, if it is one of Windows'.
    pub code: Option<Hresult>,
    /// What may have been meant.
    pub near: Vec<(Key, &'static Card)>,
}

/// A message that somebody pasted is shorter; what is longer is a log.
const LONGEST: usize = 2000;

/// Takes what people type: a code in any of its forms, a name, an HTTP status, some words of the message.
pub fn explain(text: &str) -> Answer {
    let text: String = text.trim().chars().take(LONGEST).collect();
    if let Some((by, card)) = typed::exact(&text) {
        return Answer::Card { card, by };
    }
    let found = typed::by_fragment(&text);
    match found.as_slice() {
        [] => Answer::Unknown(Unknown {
            code: typed::hresult(&text),
            near: nearest::to(&text),
            asked: text.chars().take(80).collect(),
        }),
        [card] => Answer::Card { card, by: text },
        _ => Answer::Several(found),
    }
}

/// A card for what can only be an error code and no number of a laptop: `0x80180014`, `ZtdDeviceAlreadyAssigned`,
/// `HTTP 429`; for `0x` and eight digits also that there is no card.
pub fn unmistakable(text: &str) -> Option<Answer> {
    let text = text.trim();
    let marked = typed::is_marked_hex(text) || text.to_ascii_lowercase().starts_with("http ") || text.starts_with('-');
    let card = typed::exact(text).filter(|_| marked || typed::is_name(text));
    match card {
        Some((by, card)) => Some(Answer::Card { card, by }),
        None => typed::is_marked_hex(text).then(|| explain(text)),
    }
}

/// The card that a bare number or code leads to, and nothing else. What could be a laptop's number comes here only
/// after nobody answered to it.
pub fn by_code(text: &str) -> Option<(String, &'static Card)> {
    typed::lone(text.trim())
}

/// The card that the words of a service lead to: a code, a name or a message in them. Never by a bare number, of
/// which such words have many.
pub(crate) fn in_words(text: &str) -> Option<&'static Card> {
    typed::in_words(text).map(|(_, card)| card)
}

pub(crate) fn by_key(key: Key) -> Option<&'static Card> {
    typed::keys().find(|(known, _)| *known == key).map(|(_, card)| card)
}

impl Unknown {
    pub fn problem(&self) -> Problem {
        let why = match &self.code {
            Some(code) => format!("{} is none of the codes that are known here. It says: {}", code, code.words()),
            None => "It is none of the codes, names and messages that are known here.".to_owned(),
        };
        let near: Vec<_> = self.near.iter().map(|(key, card)| format!("{key} ({})", card.title)).collect();
        let next = match near.is_empty() {
            true => String::new(),
            false => format!("Did you mean {}? Compare it with the screen. ", near.join(" or ")),
        };
        Problem::new(
            format!("There is no card for '{}'.", self.asked),
            why,
            format!(
                "{next}Take a picture of the screen, note serial number and time, and collect the logs \
                 (mdmdiagnosticstool -area Autopilot;TPM -cab logs.cab) before anything is tried again. Then call the supervisor."
            ),
        )
    }
}

#[cfg(test)]
mod tests;
