//! The first program on a booted laptop: reads who it is, seals that to the bench, shows what is
//! happening and what to do next, and follows the bench's orders. Never touches the laptop's disk.
//!
//! A library so that tests elsewhere can set its courier against the real endpoint.

pub mod by_hand;
pub mod clock;
pub mod courier;
pub mod drivers;
pub mod init;
pub mod life;
pub mod log;
pub mod net;
pub mod next_boot;
pub mod read;
pub mod screen;
pub mod state;
pub mod stick;
