//! The appliance: composes the core, does the I/O, owns the process.

mod answer;
pub mod appliance;
pub mod attach;
mod bench_box;
pub mod board;
mod check;
pub mod cli;
mod clock;
pub mod commands;
pub mod config;
pub mod demo;
pub mod endpoint;
mod evidence;
pub mod hashes;
pub mod journal;
mod media;
mod nettest;
mod preflight;
mod process;
mod registrar;
mod sealed;
pub mod session;
mod settings;
pub mod state;
mod sticks;
