//! DHCP for IPv4 as bytes and decisions (RFC 2131, options RFC 2132). No socket, no clock.

pub mod client;
mod message;

pub use message::{Message, MessageKind, NotDhcp, Options};

pub const SERVER_PORT: u16 = 67;
pub const CLIENT_PORT: u16 = 68;
