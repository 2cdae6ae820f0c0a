//! Sticks as the appliance handles them: many at once, and remembered.

mod bench;
mod log;

pub(crate) use bench::{Bench, bench, unlisted};
pub(crate) use log::Log;
