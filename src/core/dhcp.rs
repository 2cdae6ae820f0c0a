//! DHCP for IPv4 as bytes and decisions (RFC 2131, options RFC 2132; PXE: RFC 4578). No socket, no clock.
//!
//! [`client`] is a laptop's side. A server is put together of [`netboot`] (who asks), [`reply`] (what it
//! is told to boot), [`own`] (addresses, on a bench of our own) and [`rivals`] (who else answers).

pub mod client;
#[cfg(test)]
mod fakes;
mod message;
pub mod netboot;
pub mod own;
pub mod reply;
pub mod rivals;

pub use message::{Message, MessageKind, NotDhcp, Options};

pub const SERVER_PORT: u16 = 67;
pub const CLIENT_PORT: u16 = 68;
/// Where a PXE client asks a boot server directly (PXE 2.1, 2.2.3).
pub const BOOT_SERVER_PORT: u16 = 4011;
