//! Who else answers on this wire. Nothing is sent: a shell hands in what it hears on port 68 (or, on a
//! switch that mirrors a port, anywhere), and asks why a laptop booted what another server named, or
//! whether addresses may be given here at all.

use std::{collections::BTreeMap, net::Ipv4Addr, time::Duration};

use super::{
    Message, MessageKind,
    netboot::{Protocol, is_host},
};
use crate::{clock::Moment, identity::Mac};

mod ranking;

pub use ranking::{HttpKind, Kind, Rank, first_choice, first_http_choice};

/// More servers than this on one wire are somebody's joke.
const MOST_SERVERS: usize = 64;

/// What one answer of a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    pub server: Ipv4Addr,
    pub kind: MessageKind,
    pub to: Mac,
    pub transaction: u32,
    /// None: a proxy.
    pub address: Option<Ipv4Addr>,
    pub boots: Option<Boots>,
    /// How EDK2's PXE classes it. None: it throws the offer away.
    pub ranked: Option<Kind>,
    /// How EDK2's HTTP Boot does.
    pub ranked_http: Option<HttpKind>,
}

/// Something to boot that a server named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boots {
    /// Of option 60. None: it names a file without saying what for, as routers do.
    pub protocol: Option<Protocol>,
    pub next_server: Option<Ipv4Addr>,
    /// Option 67, else the header's field; without control characters, at most 255 of them.
    pub file: String,
}

impl Sight {
    /// A server's answer, if it is one.
    pub fn of(message: &Message) -> Option<Self> {
        if !matches!(message.kind, MessageKind::Offer | MessageKind::Ack) {
            return None;
        }
        let next_server = Some(message.next_server).filter(|address| is_host(*address));
        // Some servers do not say who they are.
        let server = message.options.address(54).filter(|address| is_host(*address)).or(next_server)?;
        Some(Self {
            server,
            kind: message.kind,
            to: message.mac,
            transaction: message.transaction,
            address: Some(message.yours).filter(|address| !address.is_unspecified()),
            boots: boots(message, next_server),
            ranked: Kind::of(message),
            ranked_http: HttpKind::of(message),
        })
    }
}

fn boots(message: &Message, next_server: Option<Ipv4Addr>) -> Option<Boots> {
    let class = message.options.get(60).unwrap_or_default();
    let protocol = match class {
        _ if class.starts_with(b"PXEClient") => Some(Protocol::Pxe),
        _ if class.starts_with(b"HTTPClient") => Some(Protocol::Http),
        _ => None,
    };
    let file = message.options.text(67).filter(|file| !file.is_empty()).unwrap_or(&message.file);
    // A proxy that names no file yet is asked for it on port 4011.
    if file.is_empty() && protocol.is_none() {
        return None;
    }
    let file = String::from_utf8_lossy(file).chars().filter(|char| !char.is_control()).take(255).collect();
    Some(Boots { protocol, next_server, file })
}

/// One server that is not us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rival {
    pub first: Moment,
    pub last: Moment,
    /// When it last offered or gave an address.
    pub gave_address: Option<Moment>,
    /// What it last named to boot, and when.
    pub boots: Option<(Moment, Boots)>,
    pub answers: u64,
}

/// All servers seen on one wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rivals(BTreeMap<Ipv4Addr, Rival>);

impl Rivals {
    /// A datagram from port 67 or 4011. Our own answers, and what is none, do nothing.
    pub fn observe(&mut self, datagram: &[u8], ours: &[Ipv4Addr], now: Moment) -> Option<Sight> {
        let sight = Sight::of(&Message::parse(datagram).ok()?)?;
        if ours.contains(&sight.server) {
            return None;
        }
        if !self.0.contains_key(&sight.server) && self.0.len() >= MOST_SERVERS {
            let oldest = self.0.iter().min_by_key(|(_, rival)| rival.last).map(|(server, _)| *server)?;
            self.0.remove(&oldest);
        }
        let rival = self.0.entry(sight.server).or_insert(Rival {
            first: now,
            last: now,
            gave_address: None,
            boots: None,
            answers: 0,
        });
        rival.last = now;
        rival.answers += 1;
        if sight.address.is_some() {
            rival.gave_address = Some(now);
        }
        if let Some(boots) = &sight.boots {
            rival.boots = Some((now, boots.clone()));
        }
        Some(sight)
    }

    pub fn all(&self) -> impl Iterator<Item = (Ipv4Addr, &Rival)> {
        self.0.iter().map(|(server, rival)| (*server, rival))
    }

    /// A server that gave somebody an address within this time: beside it we give none.
    pub fn gives_addresses(&self, within: Duration, now: Moment) -> Option<Ipv4Addr> {
        let recent = |at: Moment| now.since(at) <= within;
        self.all().find(|(_, rival)| rival.gave_address.is_some_and(recent)).map(|(server, _)| server)
    }
}

#[cfg(test)]
pub(super) mod tests;
