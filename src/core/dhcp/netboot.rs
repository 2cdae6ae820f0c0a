//! Who asks for something to boot. A [`Request`] proves that its sender is a network-boot client, so
//! that in proxy mode nothing else can be answered at all.
//!
//! A boot loader that asks for an address only (GRUB's `net_dhcp`, shim does not ask) names no boot
//! protocol, and is a plain client like any other.

use std::net::Ipv4Addr;

use super::{Message, MessageKind, NotDhcp, Options};
use crate::identity::{Mac, SystemUuid};

mod architecture;

pub use architecture::{Architecture, Protocol};

/// Option 60 as clients begin it, and how it is answered: an answer with another text is ignored.
///
/// `HW-Client` is what some makers' firmware calls a PXE client.
const CLASSES: [(&[u8], Protocol); 3] =
    [(b"PXEClient", Protocol::Pxe), (b"HTTPClient", Protocol::Http), (b"HW-Client", Protocol::Pxe)];
/// Inside option 175: the feature "HTTP".
const IPXE_HTTP: u8 = 0x13;
/// RFC 3046: what a relay says of the port a client is on. A longer one is no relay's.
const RELAY_OPTION_MOST: usize = 255;

/// What a network-boot client asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Everybody: what do you offer?
    Discover,
    /// A server by its identifier, or a boot server on its own port.
    Request,
    /// A boot server, by a client that has its address from elsewhere.
    Inform,
}

/// One network-boot client asking. Holding one proves that the datagram was ours to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub ask: Ask,
    pub transaction: u32,
    pub seconds: u16,
    pub broadcast: bool,
    pub mac: Mac,
    /// Of option 97. Counts before the MAC, which travels with the dongle.
    pub uuid: Option<SystemUuid>,
    pub protocol: Protocol,
    pub architecture: Architecture,
    /// `ciaddr`.
    pub client: Ipv4Addr,
    /// `giaddr`.
    pub relay: Option<Ipv4Addr>,
    /// Option 54: whom it chose.
    pub server: Option<Ipv4Addr>,
    /// Option 57. Told, not obeyed: our answers are far shorter than any client's least.
    pub longest: Option<u16>,
    /// Sub-option 71 of option 43: the menu entry it wants, to be echoed.
    pub item: Option<MenuItem>,
    /// An iPXE that was built without HTTP, as in some cards' ROMs, says so by not listing it.
    pub speaks_http: bool,
    class: &'static [u8],
    machine: Option<Vec<u8>>,
    relay_option: Option<Vec<u8>>,
}

/// PXE 2.1, 2.2.3: type, then layer, whose highest bit asks for credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MenuItem {
    pub kind: u16,
    pub layer: u16,
}

impl MenuItem {
    /// Wants a signature by the boot integrity services, which nobody has.
    pub fn wants_credentials(self) -> bool {
        self.layer & 0x8000 != 0
    }
}

/// Why a datagram is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotOurs {
    NotDhcp(NotDhcp),
    /// A server's answer, a refusal or a goodbye.
    Kind(MessageKind),
    /// A client that does not ask for something to boot: none of our business in proxy mode.
    Plain,
    /// An answer would go to everybody, or to ourselves.
    Relay(Ipv4Addr),
    /// All zeros, or a group's.
    Mac(Mac),
}

impl Request {
    /// # Errors
    /// Why nobody asks us to boot anything here.
    pub fn parse(datagram: &[u8]) -> Result<Self, NotOurs> {
        Self::of(&Message::parse(datagram).map_err(NotOurs::NotDhcp)?)
    }

    /// # Errors
    /// As [`Self::parse`].
    pub fn of(message: &Message) -> Result<Self, NotOurs> {
        let ask = match message.kind {
            MessageKind::Discover => Ask::Discover,
            MessageKind::Request => Ask::Request,
            MessageKind::Inform => Ask::Inform,
            other => return Err(NotOurs::Kind(other)),
        };
        let options = &message.options;
        let text = options.get(60).unwrap_or_default();
        let (class, protocol) = CLASSES.into_iter().find(|(class, _)| text.starts_with(class)).ok_or(NotOurs::Plain)?;
        let relay = Some(message.relay).filter(|relay| !relay.is_unspecified());
        if let Some(relay) = relay.filter(|relay| !is_host(*relay)) {
            return Err(NotOurs::Relay(relay));
        }
        if message.mac.0 == [0; 6] || message.mac.0[0] & 1 != 0 {
            return Err(NotOurs::Mac(message.mac));
        }
        let machine = options.get(97).filter(|machine| is_machine(machine)).map(<[u8]>::to_vec);
        Ok(Self {
            ask,
            transaction: message.transaction,
            seconds: message.seconds,
            broadcast: message.broadcast,
            mac: message.mac,
            uuid: machine.as_deref().and_then(uuid),
            // iPXE says PXEClient too. Asked in the other order it is handed iPXE, for ever.
            protocol: if is_ipxe(options) { Protocol::Ipxe } else { protocol },
            architecture: Architecture::of(options),
            client: message.client,
            relay,
            server: options.address(54),
            longest: options.short(57),
            item: item(options),
            speaks_http: options.get(175).is_none_or(|features| Options::parse(features).get(IPXE_HTTP).is_some()),
            class,
            machine,
            relay_option: options.get(82).filter(|value| value.len() <= RELAY_OPTION_MOST).map(<[u8]>::to_vec),
        })
    }

    /// Option 60 of the answer.
    pub(super) fn class(&self) -> &'static [u8] {
        self.class
    }

    /// Option 97 of the answer: as it came.
    pub(super) fn machine(&self) -> Option<&[u8]> {
        self.machine.as_deref()
    }

    /// Option 82 of the answer: as it came, behind everything else.
    pub(super) fn relay_option(&self) -> Option<&[u8]> {
        self.relay_option.as_deref()
    }
}

/// An address that one host can have.
pub(super) fn is_host(address: Ipv4Addr) -> bool {
    !(address.octets()[0] == 0 || address.is_broadcast() || address.is_multicast() || address.is_loopback())
}

/// RFC 4578, 2.3: a zero and 16 bytes. Some Intel ROMs leave the option out. The bare 16 bytes are
/// read as well; whatever else is in it names nobody and is not sent back, but keeps nobody from booting.
fn is_machine(value: &[u8]) -> bool {
    matches!(value, [0, rest @ ..] if rest.len() == 16) || value.len() == 16
}

/// The bytes as they stand in the SMBIOS table: EDK2 copies them, iPXE swaps back what it had swapped.
/// All zeros or all ones are the firmware's "none".
fn uuid(machine: &[u8]) -> Option<SystemUuid> {
    let uuid = *machine.last_chunk::<16>()?;
    (uuid != [0; 16] && uuid != [0xff; 16]).then_some(SystemUuid(uuid))
}

/// Option 77 holds `iPXE` bare; other senders put each class behind its length (RFC 3004). gPXE, the
/// older name, is what the ROMs of ten-year-old lab machines say.
fn is_ipxe(options: &Options) -> bool {
    let class = options.get(77).unwrap_or_default();
    let is_named = |class: &[u8]| class == b"iPXE" || class == b"gPXE";
    let mut rest = class;
    while let [length, after @ ..] = rest {
        let Some((one, after)) = after.split_at_checked(usize::from(*length)) else { break };
        if is_named(one) {
            return true;
        }
        rest = after;
    }
    is_named(class)
}

fn item(options: &Options) -> Option<MenuItem> {
    let vendor = Options::parse(options.get(43)?);
    let [a, b, rest @ ..] = vendor.get(71)? else { return None };
    let layer = rest.first_chunk().map_or(0, |layer| u16::from_be_bytes(*layer));
    Some(MenuItem { kind: u16::from_be_bytes([*a, *b]), layer })
}

#[cfg(test)]
mod captured;
#[cfg(test)]
pub(super) mod tests;
