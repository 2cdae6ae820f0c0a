//! A person's view of the bench: keys in, commands out.
//!
//! [`Model`] is plain data, [`update`] its only mover, [`view`] its picture. This crate depends on the
//! core alone: a screen cannot erase a disk or open a socket, it can only ask with a `Command`.

mod answer;
mod export;
mod keymap;
mod model;
mod msg;
mod scan;
mod screen;
mod terminal;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod theme;
mod update;
mod view;
mod widget;

#[cfg(test)]
mod tests;

pub use export::{render_to_string, render_to_svg};
pub use model::Model;
pub use msg::{Exit, Msg};
pub use terminal::run;
pub use theme::Theme;
pub use update::update;
pub use view::{SMALLEST, view};
