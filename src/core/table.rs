//! Lists as people and their tools write them: any of the usual encodings, line ends and delimiters,
//! quotes or none. Rows come one at a time, in bounded memory, whatever the file is.
//!
//! Not the `csv` crate: its records have no limit, one quotation mark that is never closed makes it
//! swallow the rest of a file, and it does not tell what it put right. It is the oracle of the tests.

mod cell;
mod header;
mod lines;
mod rows;
mod seen;
mod split;
mod text;

pub(crate) use cell::{Cell, Tidied, quote};
pub(crate) use header::Header;
pub(crate) use lines::LONGEST;
pub(crate) use rows::Rows;
pub(crate) use seen::{Seen, Sight};
pub(crate) use text::{Encoding, Text};

#[cfg(test)]
mod tests;
