//! TFTP, read only (RFC 1350; options RFC 2347, 2348, 2349; windows RFC 7440), as bytes and decisions.
//! No socket, no clock, no file: names come from a catalogue, content is named by its place in the file.
//!
//! [`Server`] is what a shell drives; [`Transfer`] is one read of one file; [`packet`] is the wire.
//! Every `now` comes from a clock that does not run backwards.

mod flight;
mod pace;
pub mod packet;
mod server;
mod stats;
mod transfer;

pub use flight::{Flight, Shape};
pub use packet::{ErrorCode, FileName, Options, Packet, ReadRequest, Refusal};
pub use server::{Action, Found, Limits, Server, Ticket, TransferId, View};
pub use stats::Stats;
pub use transfer::{Ended, Offer, Step, Transfer};

pub const SERVER_PORT: u16 = 69;
