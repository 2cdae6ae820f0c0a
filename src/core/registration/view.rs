//! What a screen shows of registration.

use serde::{Deserialize, Serialize};

use crate::{clock::Moment, customer::Way, lane::Lane, problem::Problem};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub waiting: usize,
    pub sending: usize,
    pub importing: usize,
    pub registered: usize,
    pub refused: usize,
}

/// What the line to the service does now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "kebab-case")]
pub enum LineState {
    /// Nothing to do, until then if there is something later.
    #[default]
    Idle,
    Later {
        at: Moment,
    },
    /// In words: `sending 100 laptops`.
    Busy {
        with: String,
    },
    /// Nothing goes until then, and why.
    Waiting {
        until: Moment,
        why: Problem,
    },
    /// Nothing goes until a person did something.
    Stopped {
        why: Problem,
    },
}

/// One customer's registration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationView {
    pub customer: String,
    pub lane: Lane,
    pub way: Way,
    pub counts: Counts,
    pub state: LineState,
    /// Laptops that were asked for and cannot be sent as they are: number, and why.
    pub aside: Vec<(String, String)>,
}
