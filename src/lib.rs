//! The appliance: composes the core, does the I/O, owns the process.

pub mod journal;
