//! Which of several offers UEFI firmware takes: the rules of EDK2's UefiPxeBcDxe (PxeBcDhcp4.c), which
//! nearly every laptop's firmware is made of.

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
