//! What reaches the board, and how it ends.

use crossterm::event::KeyEvent;
use whiteglove_core::{control::Update, problem::Problem};

#[derive(Debug, Clone)]
pub enum Msg {
    /// From the bench.
    Update(Update),
    Key(KeyEvent),
    /// Pasted by the terminal in one piece, so no key of it is a command.
    Paste(String),
    Resize {
        width: u16,
        height: u16,
    },
    /// Time passed; sent when something on the screen depends on it.
    Tick,
    /// The bench is going away and says why.
    Closed(Problem),
}

/// Why the board ended. The terminal is restored by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// The person quit.
    Quit,
    /// The bench went away.
    Closed(Problem),
}
