//! Sticks as the appliance handles them: many at once, and remembered.

mod arming;
mod bench;
mod hardware;
mod issuer;
mod log;
mod one;
pub(crate) mod ports;
#[cfg(test)]
mod testing;

pub(crate) use arming::{Prepared, Wanted};
pub(crate) use bench::{Bench, Note, Wish, bench};
pub(crate) use hardware::{Device, Hardware};
pub(crate) use issuer::{Issuer, TOOL};
pub(crate) use log::Log;
pub(crate) use one::{Done, One, open};
