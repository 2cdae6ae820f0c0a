//! What a stick is that was not made, and so what a person does with it.

use serde::{Deserialize, Serialize};

/// Each is told apart at the bench: who throws away a stick that only has to be plugged in again, or hands on one that
/// does not boot, was told the wrong thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remains {
    /// Nothing was written to it: it is what it was.
    AsItWas,
    /// What it brought back is still on it.
    Kept,
    /// It was stopped or pulled out. It does not boot; plugged in again it goes on.
    HalfWritten,
    /// It failed. It does not boot; another port may help.
    Suspect,
    /// It claims room that it does not have, or does not keep what is written.
    Useless,
}

impl Remains {
    /// In capitals, then what to do: on one line beside a port.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::AsItWas => ("NOT WRITTEN", "it is as it was"),
            Self::Kept => ("KEEP IT", "captures on it"),
            Self::HalfWritten => ("HALF WRITTEN", "plug in again"),
            Self::Suspect => ("FAILED", "put it aside"),
            Self::Useless => ("USELESS", "throw it away"),
        }
    }

    /// What it is and what becomes of it, as sentences.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::AsItWas => "Nothing was written to it: it is as it was.",
            Self::Kept => "It is not erased: what it brought back is not all on the bench. Keep it.",
            Self::HalfWritten => "It is half written and does not boot. Plug it in again: it goes on.",
            Self::Suspect => "It failed and does not boot. Do not give it to anybody; try it at another port once.",
            Self::Useless => "It does not keep what is written to it. Throw it away.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_fit_beside_a_port() {
        for remains in [Remains::AsItWas, Remains::Kept, Remains::HalfWritten, Remains::Suspect, Remains::Useless] {
            let (state, then) = remains.words();
            assert!(state.len() + then.len() <= 30, "{state} {then}");
            assert!(remains.sentence().ends_with('.'));
        }
    }
}
