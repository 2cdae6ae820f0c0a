//! Sticks as the appliance handles them: many at once, and remembered.

mod bench;
mod issuer;
mod log;
mod one;

pub(crate) use bench::{Bench, Note, bench, unlisted};
pub(crate) use issuer::{Issuer, TOOL};
pub(crate) use log::Log;
pub(crate) use one::{Done, One, open};
