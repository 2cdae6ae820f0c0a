//! What a network-boot client is told: which file, from where, in the words its firmware understands.
//!
//! In proxy mode ([`proxy`]) an answer never carries an address; another server gives those. What the
//! answers have in common, and why:
//! - The file stands in the header and in option 67, the server in `siaddr`, `sname`, 54 and 66. EDK2 reads
//!   the options first, shim the header alone, and ROMs broadcast to 4011 if one of them is missing.
//! - Options 66 and 67 end in a NUL: ROMs read on to the next one, and EDK2 writes one behind the option.
//! - Nothing overflows into `file` and `sname` (option 52): old firmware takes what is there for a name.
//! - URLs name an address: in proxy mode EDK2 prefers them, and no DNS server is needed.
//! - Option 82 comes last and as it came (RFC 3046, 2.2).

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    time::Duration,
};

use super::{
    BOOT_SERVER_PORT, CLIENT_PORT, Message, MessageKind, SERVER_PORT,
    netboot::{Architecture, Ask, Protocol, Request, is_host},
};
use crate::identity::Mac;

mod files;

pub use files::{BootPath, Files, NotAPath, Offered};

/// Firmware that caches packets keeps this much of one (EDK2); above it an Ethernet frame breaks in two.
pub const LONGEST: usize = 1472;
/// No answer has more than this many bytes for each byte asked: an answer to a forged sender is no weapon.
pub const AMPLIFICATION: usize = 3;

/// Option 43 for "no discovery, no menu: fetch the file you were told" (PXE 2.1, table 2-1: tag 6, bit 3).
/// The value is one byte; of a longer one EDK2 reads the first.
const JUST_FETCH: [u8; 4] = [6, 1, 8, 255];
/// Option 175 for "do not wait for another server's boot file": saves iPXE two seconds.
const IPXE_NO_PROXY: [u8; 3] = [0xb0, 1, 1];

/// Whose answer it is: the address of the interface on which the request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Server {
    pub address: Ipv4Addr,
    pub http_port: u16,
}

/// What the bench wants this machine to boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boot {
    Files(Files),
    /// Not one of ours, or told to leave alone.
    Nothing,
}

/// What one model needs, learnt on the bench.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Manner {
    /// Spares UEFI the round trip to port 4011. EDK2 before April 2017 drops the first offer of this kind
    /// (Dell T130 and T430 have it), so it is not the rule.
    pub skip_boot_server: bool,
    /// Some firmware misses an answer that comes at once.
    pub delay: Duration,
}

/// Why a client that asks is told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    Nothing,
    /// There is nothing to boot for this kind of machine: worth telling a person.
    NoPayload(Architecture, Protocol),
    /// It asks the server that gives it an address, or asks boot servers in the wrong way.
    NotAsked,
    /// Wants a signature of the boot integrity services.
    Credentials,
}

/// Where an answer goes, always out of the interface on which the request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// 255.255.255.255 port 68.
    Broadcast,
    Unicast(SocketAddrV4),
    /// Port 68 of an address that its client does not answer for yet: nobody can be asked where it is
    /// (RFC 2131, 4.1). A shell that cannot address a frame by hand broadcasts instead.
    Frame(Ipv4Addr, Mac),
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub datagram: Vec<u8>,
    /// The port to send it from: iPXE takes nothing of 4011 that comes from elsewhere.
    pub from: u16,
    pub to: Destination,
    pub delay: Duration,
}

/// Answers a client to which another server gives an address. `port` is ours, on which it asked.
///
/// # Errors
/// Why it gets no answer.
pub fn proxy(
    request: &Request,
    port: u16,
    source: SocketAddrV4,
    boot: &Boot,
    server: Server,
    manner: Manner,
) -> Result<Outgoing, Silence> {
    let kind = match (port, request.ask) {
        (SERVER_PORT, Ask::Discover) => MessageKind::Offer,
        (BOOT_SERVER_PORT, Ask::Request | Ask::Inform) => MessageKind::Ack,
        // A request to port 67 is for an address. It is another server's, and never answered.
        _ => return Err(Silence::NotAsked),
    };
    let offered = choose(request, boot)?;
    let mut message = answer(kind, request, server);
    let vendor = match kind {
        MessageKind::Offer if request.protocol != Protocol::Pxe => None,
        // No option 43 and the client asks port 4011, which every EDK2 does.
        MessageKind::Offer if request.architecture.is_uefi() && !manner.skip_boot_server => None,
        MessageKind::Offer => Some(JUST_FETCH.to_vec()),
        _ => request.item.map(|item| {
            let ([a, b], [c, d]) = (item.kind.to_be_bytes(), item.layer.to_be_bytes());
            vec![71, 4, a, b, c, d, 255]
        }),
    };
    name_file(&mut message, request, offered, server, vendor);
    finish(&mut message, request.relay_option());
    let to = match (kind, request.relay) {
        (MessageKind::Offer, Some(relay)) => Destination::Unicast(SocketAddrV4::new(relay, SERVER_PORT)),
        // Back to the port it came from, which is not 68.
        (MessageKind::Ack, _) if is_host(*source.ip()) => Destination::Unicast(source),
        // In proxy mode a client has no address until the other server's acknowledgement.
        _ => Destination::Broadcast,
    };
    Ok(Outgoing { datagram: message.to_bytes(), from: port, to, delay: manner.delay })
}

/// What this client is offered of what the bench wants it to boot.
pub(super) fn choose<'a>(request: &Request, boot: &'a Boot) -> Result<Offered<'a>, Silence> {
    if request.item.is_some_and(super::netboot::MenuItem::wants_credentials) {
        return Err(Silence::Credentials);
    }
    match boot {
        Boot::Nothing => Err(Silence::Nothing),
        Boot::Files(files) => {
            let (architecture, protocol) = (request.architecture, request.protocol);
            files.find(request).ok_or(Silence::NoPayload(architecture, protocol))
        }
    }
}

/// The fields that every answer to a network-boot client has.
fn answer(kind: MessageKind, request: &Request, server: Server) -> Message {
    let mut message = Message::new(kind, request.transaction, request.mac);
    message.broadcast = request.broadcast;
    message.relay = request.relay.unwrap_or(Ipv4Addr::UNSPECIFIED);
    if kind == MessageKind::Ack {
        message.client = request.client;
    }
    message.options.set(54, &server.address.octets());
    message
}

/// What to boot in an answer that gives an address as well. Such an answer need not send anybody to 4011.
pub(super) fn name_file_with_address(message: &mut Message, request: &Request, offered: Offered<'_>, server: Server) {
    let vendor = (request.protocol == Protocol::Pxe).then(|| JUST_FETCH.to_vec());
    name_file(message, request, offered, server, vendor);
    if request.protocol == Protocol::Ipxe {
        message.options.set(175, &IPXE_NO_PROXY);
    }
}

fn name_file(message: &mut Message, request: &Request, offered: Offered<'_>, server: Server, vendor: Option<Vec<u8>>) {
    let file = offered.text(server);
    message.next_server = server.address;
    message.server_name = server.address.to_string().into_bytes();
    message.file = file.clone().into_bytes();
    // Without it an offer is taken for one of a server that knows nothing of network boot.
    message.options.set(60, request.class());
    if let Some(machine) = request.machine() {
        message.options.set(97, machine);
    }
    if let Some(vendor) = vendor {
        message.options.set(43, &vendor);
    }
    message.options.set(66, &terminated(&server.address.to_string()));
    message.options.set(67, &terminated(&file));
}

/// The last option of all.
pub(super) fn finish(message: &mut Message, relay_option: Option<&[u8]>) {
    if let Some(value) = relay_option {
        message.options.set(82, value);
    }
}

fn terminated(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

/// Where a server that gives addresses sends an answer (RFC 2131, 4.1).
pub(super) fn destination(request: &Message, answer: &Message) -> Destination {
    if !request.relay.is_unspecified() {
        return Destination::Unicast(SocketAddrV4::new(request.relay, SERVER_PORT));
    }
    match answer.kind {
        MessageKind::Nak => Destination::Broadcast,
        _ if is_host(request.client) => Destination::Unicast(SocketAddrV4::new(request.client, CLIENT_PORT)),
        _ if request.broadcast || !is_host(answer.yours) => Destination::Broadcast,
        _ => Destination::Frame(answer.yours, request.mac),
    }
}

#[cfg(test)]
pub(super) mod tests;
