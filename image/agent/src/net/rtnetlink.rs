//! Links, addresses and routes over rtnetlink(7), as the bytes of the kernel's ABI. The handful of
//! messages needed is smaller than a library for all of them, and an attribute that a future kernel
//! changes cannot make the rest unreadable.

use std::{collections::BTreeMap, io, net::Ipv4Addr, os::fd::OwnedFd};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, netlink::SocketAddrNetlink, recv, send,
    socket_with,
};
use whiteglove_core::{dhcp::client::Lease, identity::Mac};

/// Message types, linux/rtnetlink.h and linux/netlink.h.
mod kind {
    pub(super) const ERROR: u16 = 2;
    pub(super) const DONE: u16 = 3;
    pub(super) const NEW_LINK: u16 = 16;
    pub(super) const GET_LINK: u16 = 18;
    pub(super) const NEW_ADDRESS: u16 = 20;
    pub(super) const DELETE_ADDRESS: u16 = 21;
    pub(super) const NEW_ROUTE: u16 = 24;
}

const REQUEST: u16 = 0x001;
const ACKNOWLEDGE: u16 = 0x004;
const DUMP: u16 = 0x300;
const REPLACE: u16 = 0x100;
const CREATE: u16 = 0x400;

const AF_INET: u8 = 2;
const ARPHRD_ETHER: u16 = 1;
/// RTMGRP_LINK
const GROUP_LINK: u32 = 1;

const IFF_UP: u32 = 0x1;
const IFF_LOOPBACK: u32 = 0x8;
/// The driver sees a signal on the cable. `operstate` stays "unknown" with some drivers, this does not.
const IFF_LOWER_UP: u32 = 0x1_0000;

/// Attribute types: if_link.h, if_addr.h, rtnetlink.h.
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_PERM_ADDRESS: u16 = 54;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_BROADCAST: u16 = 4;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;

const TABLE_MAIN: u8 = 254;
const PROTOCOL_DHCP: u8 = 16;
const UNICAST: u8 = 1;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) index: u32,
    pub(super) name: String,
    pub(super) mac: Option<Mac>,
    pub(super) permanent: Option<Mac>,
    pub(super) up: bool,
    pub(super) carrier: bool,
    kind: u16,
    loopback: bool,
}

impl Link {
    pub(super) fn is_ethernet(&self) -> bool {
        self.kind == ARPHRD_ETHER && !self.loopback && self.mac.is_some()
    }

    /// A link message without its netlink head.
    fn parse(body: &[u8]) -> Option<Self> {
        let (head, attributes) = body.split_first_chunk::<16>()?;
        let flags = u32::from_ne_bytes([head[8], head[9], head[10], head[11]]);
        let mut link = Self {
            kind: u16::from_ne_bytes([head[2], head[3]]),
            index: u32::from_ne_bytes([head[4], head[5], head[6], head[7]]),
            name: String::new(),
            mac: None,
            permanent: None,
            up: flags & IFF_UP != 0,
            carrier: flags & IFF_LOWER_UP != 0,
            loopback: flags & IFF_LOOPBACK != 0,
        };
        let mac = |value: &[u8]| value.try_into().ok().map(Mac).filter(|mac| mac.0 != [0; 6]);
        for (kind, value) in Attributes(attributes) {
            match kind {
                IFLA_ADDRESS => link.mac = mac(value),
                IFLA_PERM_ADDRESS => link.permanent = mac(value),
                IFLA_IFNAME => link.name = String::from_utf8_lossy(value).trim_end_matches('\0').to_owned(),
                _ => {}
            }
        }
        Some(link)
    }
}

/// A connection to the kernel's routing family.
#[derive(Debug)]
pub(super) struct Rtnetlink {
    socket: OwnedFd,
    sequence: u32,
}

impl Rtnetlink {
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self { socket: open(0)?, sequence: 0 })
    }

    pub(super) fn links(&mut self) -> io::Result<Vec<Link>> {
        let mut links = Vec::new();
        self.talk(kind::GET_LINK, DUMP, &[0; 16], &[], |kind, body| {
            if kind == kind::NEW_LINK {
                links.extend(Link::parse(body));
            }
        })?;
        Ok(links)
    }

    pub(super) fn set_up(&mut self, index: u32) -> io::Result<()> {
        self.change(kind::NEW_LINK, 0, &link_head(index, IFF_UP, IFF_UP), &[])
    }

    /// Address, route and MTU of a lease. Only a missing address is an error: without a route the
    /// bench's own network still works, and an MTU that the driver refuses is the driver's business.
    pub(super) fn configure(&mut self, index: u32, lease: &Lease) -> io::Result<()> {
        if let Some(mtu) = lease.mtu {
            let mtu = u32::from(mtu).to_ne_bytes();
            let _ = self.change(kind::NEW_LINK, 0, &link_head(index, 0, 0), &[(IFLA_MTU, &mtu)]);
        }
        let octets = lease.address.octets();
        let broadcast = broadcast(lease).octets();
        let attributes: [(u16, &[u8]); 3] = [(IFA_LOCAL, &octets), (IFA_ADDRESS, &octets), (IFA_BROADCAST, &broadcast)];
        self.change(kind::NEW_ADDRESS, CREATE | REPLACE, &address_head(index, lease.prefix), &attributes)?;
        if let Some(router) = lease.router {
            let mut head = [0; 12];
            head[0] = AF_INET;
            head[4..8].copy_from_slice(&[TABLE_MAIN, PROTOCOL_DHCP, 0, UNICAST]);
            let (oif, gateway) = (index.to_ne_bytes(), router.octets());
            // Two adapters may both have a router; each keeps its own default route.
            let priority = index.saturating_add(100).to_ne_bytes();
            let attributes: [(u16, &[u8]); 3] = [(RTA_OIF, &oif), (RTA_GATEWAY, &gateway), (RTA_PRIORITY, &priority)];
            let _ = self.change(kind::NEW_ROUTE, CREATE | REPLACE, &head, &attributes);
        }
        Ok(())
    }

    /// The kernel removes the routes with it.
    pub(super) fn remove_address(&mut self, index: u32, lease: &Lease) -> io::Result<()> {
        let octets = lease.address.octets();
        self.change(kind::DELETE_ADDRESS, 0, &address_head(index, lease.prefix), &[(IFA_LOCAL, &octets)])
    }

    fn change(&mut self, kind: u16, flags: u16, head: &[u8], attributes: &[(u16, &[u8])]) -> io::Result<()> {
        self.talk(kind, flags | ACKNOWLEDGE, head, attributes, |_, _| {})
    }

    /// One request, all its answers.
    fn talk(
        &mut self,
        kind: u16,
        flags: u16,
        head: &[u8],
        attributes: &[(u16, &[u8])],
        mut each: impl FnMut(u16, &[u8]),
    ) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = message(kind, flags | REQUEST, self.sequence, head, attributes);
        send(&self.socket, &request, SendFlags::empty())?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let (_, length) = recv(&self.socket, &mut buffer[..], RecvFlags::empty())?;
            for message in Messages(&buffer[..length.min(buffer.len())]) {
                if message.sequence != self.sequence {
                    continue;
                }
                match message.kind {
                    kind::DONE => return Ok(()),
                    kind::ERROR => {
                        let code = message.body.first_chunk().map_or(0, |code| i32::from_ne_bytes(*code));
                        return if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(-code)) };
                    }
                    other => each(other, message.body),
                }
            }
        }
    }
}

/// Hears of links that appear, go, or get a cable.
pub(super) fn changes() -> io::Result<OwnedFd> {
    open(GROUP_LINK)
}

/// What changed is read by asking for everything; the events only say when.
pub(super) fn drain(changes: &OwnedFd) {
    let mut buffer = vec![0; 64 * 1024];
    while recv(changes, &mut buffer[..], RecvFlags::DONTWAIT).is_ok() {}
}

/// What the hardware says, by interface name. Empty if the kernel does not tell.
pub fn permanent_macs() -> BTreeMap<String, Mac> {
    let links = Rtnetlink::open().and_then(|mut rtnetlink| rtnetlink.links()).unwrap_or_default();
    links.into_iter().filter_map(|link| Some((link.name, link.permanent?))).collect()
}

fn open(groups: u32) -> io::Result<OwnedFd> {
    // No protocol number is NETLINK_ROUTE.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, groups))?;
    Ok(socket)
}

fn link_head(index: u32, flags: u32, mask: u32) -> [u8; 16] {
    let mut head = [0; 16];
    head[4..8].copy_from_slice(&index.to_ne_bytes());
    head[8..12].copy_from_slice(&flags.to_ne_bytes());
    head[12..16].copy_from_slice(&mask.to_ne_bytes());
    head
}

fn address_head(index: u32, prefix: u8) -> [u8; 8] {
    let mut head = [AF_INET, prefix, 0, 0, 0, 0, 0, 0];
    head[4..8].copy_from_slice(&index.to_ne_bytes());
    head
}

fn broadcast(lease: &Lease) -> Ipv4Addr {
    let host_bits = u32::MAX.checked_shr(u32::from(lease.prefix)).unwrap_or(0);
    Ipv4Addr::from_bits(lease.address.to_bits() | host_bits)
}

/// Everything is padded to four bytes, lengths are without the padding.
fn message(kind: u16, flags: u16, sequence: u32, head: &[u8], attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; 16];
    bytes.extend_from_slice(head);
    for (kind, value) in attributes {
        // Addresses and numbers: a few bytes each.
        let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
        bytes.extend(length.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    bytes[..4].copy_from_slice(&length.to_ne_bytes());
    bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
    bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
    bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
    bytes
}

struct Message<'a> {
    kind: u16,
    sequence: u32,
    body: &'a [u8],
}

/// The messages of one datagram.
struct Messages<'a>(&'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;
    fn next(&mut self) -> Option<Message<'a>> {
        let head = self.0.first_chunk::<16>()?;
        let length = usize::try_from(u32::from_ne_bytes([head[0], head[1], head[2], head[3]])).ok()?;
        let body = self.0.get(16..length)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Message {
            kind: u16::from_ne_bytes([head[4], head[5]]),
            sequence: u32::from_ne_bytes([head[8], head[9], head[10], head[11]]),
            body,
        })
    }
}

struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);
    fn next(&mut self) -> Option<Self::Item> {
        let head = self.0.first_chunk::<4>()?;
        let length = usize::from(u16::from_ne_bytes([head[0], head[1]]));
        let value = self.0.get(4..length)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        // The two highest bits are flags.
        Some((u16::from_ne_bytes([head[2], head[3]]) & 0x3fff, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link_message() -> Vec<u8> {
        let mut head = link_head(3, IFF_UP | IFF_LOWER_UP, 0);
        head[2..4].copy_from_slice(&ARPHRD_ETHER.to_ne_bytes());
        let mac: [u8; 6] = [2, 0, 0, 0, 0, 1];
        let permanent = [0x52, 0x54, 0, 0, 0, 1];
        let attributes: [(u16, &[u8]); 4] =
            [(IFLA_IFNAME, b"enp0s3\0"), (IFLA_ADDRESS, &mac), (IFLA_PERM_ADDRESS, &permanent), (200, b"future")];
        message(kind::NEW_LINK, 2, 7, &head, &attributes)
    }

    #[test]
    fn a_link_as_the_kernel_describes_it() {
        let mut datagram = link_message();
        datagram.extend(message(kind::DONE, 2, 7, &[0; 4], &[]));
        let messages: Vec<Message<'_>> = Messages(&datagram).collect();
        assert_eq!(messages.iter().map(|m| m.kind).collect::<Vec<_>>(), [kind::NEW_LINK, kind::DONE]);
        let link = Link::parse(messages[0].body).unwrap();
        assert_eq!((link.index, link.name.as_str(), link.up, link.carrier), (3, "enp0s3", true, true));
        assert_eq!(link.permanent.unwrap().to_string(), "52:54:00:00:00:01");
        assert!(link.is_ethernet());
    }

    #[test]
    fn a_link_cut_anywhere_panics_nowhere() {
        let whole = link_message();
        for end in 0..whole.len() {
            let _ = Messages(&whole[..end]).count();
            let _ = Link::parse(&whole[16.min(end)..end]);
        }
    }

    #[test]
    fn the_loopback_of_this_machine_is_seen() {
        let links = Rtnetlink::open().unwrap().links().unwrap();
        let loopback = links.iter().find(|link| link.name == "lo").unwrap();
        assert!(!loopback.is_ethernet());
    }

    #[test]
    fn the_broadcast_address_of_a_network() {
        let lease = |prefix| Lease {
            address: Ipv4Addr::new(10, 1, 2, 3),
            prefix,
            router: None,
            dns: vec![],
            ntp: vec![],
            mtu: None,
            server: Ipv4Addr::LOCALHOST,
            next_server: None,
            seconds: 60,
        };
        assert_eq!(broadcast(&lease(24)), Ipv4Addr::new(10, 1, 2, 255));
        assert_eq!(broadcast(&lease(22)), Ipv4Addr::new(10, 1, 3, 255));
        assert_eq!(broadcast(&lease(32)), Ipv4Addr::new(10, 1, 2, 3));
    }
}
