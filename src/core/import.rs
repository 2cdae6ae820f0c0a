//! One reader for every file that carries Autopilot identities. It goes line by line, holds one line
//! at a time, and says of each what it took, what it repaired and what it refused.

use std::{io::Read, ops::ControlFlow};

use crate::{entry::Line, problem::Problem};

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Oa3,
    Csv,
    DeviceLinkCsv,
    /// Nothing but one hash in base64.
    BareHash,
}

/// Reads a whole file; `sink` gets each line and may stop the reading.
///
/// # Errors
/// The file as a whole is nothing we know, or cannot be read.
pub fn read(_source: impl Read, _sink: &mut dyn FnMut(Line) -> ControlFlow<()>) -> Result<Format, Problem> {
    Err(Problem::new("This file holds no Autopilot identities.", "", ""))
}
