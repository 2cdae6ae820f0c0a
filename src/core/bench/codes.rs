//! An error code where a label is expected: whoever types or scans one wants its card, not a laptop.

use super::scan::{Heard, say};
use crate::{
    control::Tone,
    explain::{self, Answer, Card},
};

/// What the board has room for.
const LONGEST: usize = 440;

/// What cannot be a laptop's number.
pub(super) fn unmistakable(code: &str) -> Option<Heard> {
    Some(match explain::unmistakable(code)? {
        Answer::Card { card, by } => answer(&by, card),
        Answer::Several(cards) => answer(code, cards.first()?),
        Answer::Unknown(unknown) => {
            let problem = unknown.problem();
            say(code.trim().to_owned(), Tone::Attention, "UNKNOWN CODE", format!("{} {}", problem.why, problem.next))
        }
    })
}

/// A bare number, such as 806, after no laptop and no order answered to it.
pub(super) fn behind(number: &str) -> Option<Heard> {
    explain::by_code(number).map(|(by, card)| answer(&by, card))
}

fn answer(by: &str, card: &Card) -> Heard {
    let mut text = format!("{} {}", card.means, card.now);
    if text.len() + card.whom.len() + 7 <= LONGEST {
        text += &format!(" Call: {}", card.whom);
    }
    say(format!("{by}: {}", card.title), Tone::Attention, "ERROR CODE", text)
}
