//! Which of several offers UEFI firmware takes: the rules of EDK2, which nearly every laptop's firmware is
//! made of. PXE is its UefiPxeBcDxe (PxeBcDhcp4.c), HTTP Boot its HttpBootDxe (HttpBootDhcp4.c).

use std::net::Ipv4Addr;

use super::{Message, MessageKind};
use crate::dhcp::Options;

/// What EDK2 makes of one offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An address, and everything needed to fetch.
    DhcpPxe10,
    /// An address; what to boot is asked on port 4011.
    DhcpBinl,
    /// An address; perhaps a file, which counts if nobody says anything better.
    DhcpOnly {
        file: bool,
    },
    ProxyPxe10,
    ProxyBinl,
}

impl Kind {
    /// None: it is thrown away, or is no offer or acknowledgement.
    pub fn of(message: &Message) -> Option<Self> {
        if !matches!(message.kind, MessageKind::Offer | MessageKind::Ack) {
            return None;
        }
        let options = &message.options;
        let pxe = options.get(60).is_some_and(|class| class.starts_with(b"PXEClient"));
        let vendor = options.get(43).filter(|_| pxe).map(Options::parse).unwrap_or_default();
        let has = |tags: std::ops::RangeInclusive<u8>| vendor.codes().any(|code| tags.contains(&code));
        // EDK2 looks at the first byte of the address.
        let proxy = message.yours.octets()[0] == 0;
        match (proxy, pxe) {
            // Control, addresses, servers, menu, prompt.
            (true, true) if has(6..=10) => Some(Self::ProxyPxe10),
            (false, true) if has(6..=10) => Some(Self::DhcpPxe10),
            // Multicast TFTP, which EDK2 dropped.
            (_, true) if has(1..=5) => None,
            (true, true) => Some(Self::ProxyBinl),
            (false, true) => Some(Self::DhcpBinl),
            (false, false) => {
                let file = options.text(67).is_some() || !message.file.is_empty();
                Some(Self::DhcpOnly { file })
            }
            (true, false) => None,
        }
    }

    /// An address comes with it.
    pub fn has_address(self) -> bool {
        matches!(self, Self::DhcpPxe10 | Self::DhcpBinl | Self::DhcpOnly { .. })
    }
}

/// What was chosen, as places in the list of offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// The address and the file of one offer.
    One(usize),
    /// This offer's address; its server names the file on port 4011.
    AsksBootServer(usize),
    /// An address of the first, the file of the second.
    Both { address: usize, proxy: usize },
    /// An address of the first; the proxy names the file on port 4011.
    BothAsksBootServer { address: usize, proxy: usize },
}

impl Rank {
    /// Whose file is booted.
    pub fn file_of(self) -> usize {
        match self {
            Self::One(offer) | Self::AsksBootServer(offer) => offer,
            Self::Both { proxy, .. } | Self::BothAsksBootServer { proxy, .. } => proxy,
        }
    }
}

/// Which offers a client takes, in the order they came. None: it boots nothing ("no offer received").
pub fn first_choice(offers: &[Kind]) -> Option<Rank> {
    let first = |wanted: fn(&Kind) -> bool| offers.iter().position(wanted);
    let plain = first(|kind| matches!(kind, Kind::DhcpOnly { .. }));
    let proxy = |wanted| plain.and_then(|address| Some((address, first(wanted)?)));
    first(|kind| *kind == Kind::DhcpPxe10)
        .map(Rank::One)
        .or_else(|| proxy(|kind| *kind == Kind::ProxyPxe10).map(|(address, proxy)| Rank::Both { address, proxy }))
        .or_else(|| first(|kind| *kind == Kind::DhcpBinl).map(Rank::AsksBootServer))
        .or_else(|| {
            proxy(|kind| *kind == Kind::ProxyBinl).map(|(address, proxy)| Rank::BothAsksBootServer { address, proxy })
        })
        .or_else(|| first(|kind| *kind == Kind::DhcpOnly { file: true }).map(Rank::One))
}

/// What EDK2's HTTP Boot makes of one offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HttpKind {
    /// An address and nothing to boot.
    DhcpOnly {
        dns: bool,
    },
    /// An address and a URL that names an address.
    DhcpByAddress,
    /// An address and a URL that names a name.
    DhcpByName {
        dns: bool,
    },
    ProxyByAddress,
    ProxyByName,
}

impl HttpKind {
    /// None: it is thrown away, or is no offer or acknowledgement.
    pub fn of(message: &Message) -> Option<Self> {
        if !matches!(message.kind, MessageKind::Offer | MessageKind::Ack) {
            return None;
        }
        let options = &message.options;
        let (proxy, dns) = (message.yours.octets()[0] == 0, options.get(6).is_some());
        // It compares nine letters of ten.
        if !options.get(60).is_some_and(|class| class.starts_with(b"HTTPClien")) {
            return (!proxy).then_some(Self::DhcpOnly { dns });
        }
        // An offer that says HTTPClient and names no URL is worth less than one that says nothing.
        let host = host(options.text(67).unwrap_or(&message.file))?;
        let by_address = host.parse::<Ipv4Addr>().is_ok();
        Some(match (proxy, by_address) {
            (false, true) => Self::DhcpByAddress,
            (false, false) => Self::DhcpByName { dns },
            (true, true) => Self::ProxyByAddress,
            (true, false) => Self::ProxyByName,
        })
    }
}

fn host(url: &[u8]) -> Option<&str> {
    let (_, rest) = std::str::from_utf8(url).ok()?.split_once("://")?;
    rest.split(['/', ':', '?']).next().filter(|host| !host.is_empty())
}

/// Which offers HTTP Boot takes where the person has set no URL of their own, in the order they came.
/// None: it boots nothing.
pub fn first_http_choice(offers: &[HttpKind]) -> Option<Rank> {
    use HttpKind::{DhcpByAddress, DhcpByName, DhcpOnly, ProxyByAddress, ProxyByName};
    let first = |wanted: HttpKind| offers.iter().position(|kind| *kind == wanted);
    let both = |address, file| Some(Rank::Both { address: first(address)?, proxy: first(file)? });
    first(DhcpByAddress)
        .or_else(|| first(DhcpByName { dns: true }))
        .map(Rank::One)
        .or_else(|| both(DhcpOnly { dns: false }, ProxyByAddress))
        .or_else(|| both(DhcpOnly { dns: true }, ProxyByAddress))
        .or_else(|| both(DhcpOnly { dns: true }, ProxyByName))
        // The URL of a server that names no DNS server, with the address of one that does.
        .or_else(|| both(DhcpOnly { dns: true }, DhcpByName { dns: false }))
}
