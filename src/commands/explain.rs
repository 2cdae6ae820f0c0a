//! `whiteglove explain`: what a code on a laptop's screen or in an import list means.

use serde::Serialize;
use whiteglove_core::{
    explain::{self, Answer, Card, Hresult, Key},
    problem::Problem,
};

use super::{columns, print, print_json};

/// One answer, for scripts.
#[derive(Serialize)]
struct Said<'a> {
    asked: &'a str,
    /// More than one if the words stand on several; none if it is unknown.
    cards: Vec<&'static Card>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
    /// What the number tells by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    decoded: Option<Decoded>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    near: Vec<Key>,
}

#[derive(Serialize)]
struct Decoded {
    code: String,
    facility: u16,
    number: u16,
    words: String,
}

impl Decoded {
    fn of(code: Hresult) -> Self {
        Self { code: code.to_string(), facility: code.facility(), number: code.number(), words: code.words() }
    }
}

/// # Errors
/// A code is on no card; the others are explained all the same.
pub fn explain(codes: &[String], all: bool, json: bool) -> Result<(), Problem> {
    if all {
        return list(json);
    }
    let said: Vec<_> = codes.iter().map(|code| answer(code)).collect();
    let unknown = said.iter().filter_map(|said| said.problem.clone()).next_back();
    if json {
        print_json(&said)?;
        return unknown.map_or(Ok(()), Err);
    }
    let alone = said.len() == 1;
    for (at, said) in said.iter().enumerate() {
        if at > 0 {
            print("")?;
        }
        match (said.cards.as_slice(), &said.problem) {
            // Told once, as the outcome.
            ([], Some(_)) if alone => {}
            ([], Some(problem)) => print(&problem.to_string())?,
            ([card], _) => print(&card.to_string())?,
            (several, _) => {
                print(&format!(
                    "'{}' stands on {} cards. Ask again with more of the message.",
                    said.asked,
                    several.len()
                ))?;
                several.iter().try_for_each(|card| print(&format!("\n{card}")))?;
            }
        }
    }
    match unknown {
        Some(problem) if alone => Err(problem),
        Some(_) => Err(Problem::new(
            "Not all of these are on a card.",
            "What is known of the others stands above.",
            "`whiteglove explain --all` lists every code that is known here.",
        )),
        None => Ok(()),
    }
}

fn answer(asked: &str) -> Said<'_> {
    match explain::explain(asked) {
        Answer::Card { card, .. } => Said { asked, cards: vec![card], problem: None, decoded: None, near: vec![] },
        Answer::Several(cards) => Said { asked, cards, problem: None, decoded: None, near: vec![] },
        Answer::Unknown(unknown) => Said {
            asked,
            cards: vec![],
            problem: Some(unknown.problem()),
            decoded: unknown.code.map(Decoded::of),
            near: unknown.near.iter().map(|(key, _)| *key).collect(),
        },
    }
}

fn list(json: bool) -> Result<(), Problem> {
    let cards: Vec<_> = explain::cards().collect();
    if json {
        return print_json(&cards);
    }
    let row = |card: &&'static Card| {
        let keys: Vec<_> = card.keys.iter().map(ToString::to_string).collect();
        [card.title.to_owned(), keys.join(", ")]
    };
    print(&columns(&cards.iter().map(row).collect::<Vec<_>>()))
}
