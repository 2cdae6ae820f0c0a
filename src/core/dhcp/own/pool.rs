//! The addresses a bench gives, and what it says of its network. A [`Pool`] is one that can work.

use std::{net::Ipv4Addr, ops::RangeInclusive, time::Duration};

use super::is_host;
use crate::dhcp::reply::Server;

/// What a person configures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Our own address in this network.
    pub server: Server,
    pub prefix: u8,
    pub first: Ipv4Addr,
    pub last: Ipv4Addr,
    pub router: Option<Ipv4Addr>,
    pub dns: Vec<Ipv4Addr>,
    /// A laptop whose clock is off by minutes fails attestation.
    pub ntp: Vec<Ipv4Addr>,
    /// Between a minute and a year.
    pub lease: Duration,
    /// Look whether somebody uses an address before it is offered.
    pub probe: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPool {
    #[error("a network has a prefix of 8 to 30 bits")]
    Prefix,
    #[error("{0} is not in the network of this interface")]
    OutsideTheNetwork(Ipv4Addr),
    #[error("the last address comes before the first")]
    Backwards,
    #[error("a lease lasts between a minute and a year")]
    Lease,
    #[error("a list has more than eight addresses")]
    LongList,
    #[error("no address is left to give")]
    Empty,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    settings: Settings,
    routers: Vec<Ipv4Addr>,
    lease_seconds: u32,
}

impl Pool {
    /// # Errors
    /// What is wrong with it.
    pub fn new(settings: Settings) -> Result<Self, BadPool> {
        if !(8..=30).contains(&settings.prefix) {
            return Err(BadPool::Prefix);
        }
        let lease_seconds = u32::try_from(settings.lease.as_secs()).map_err(|_| BadPool::Lease)?;
        if !(60..=366 * 86_400).contains(&lease_seconds) {
            return Err(BadPool::Lease);
        }
        // All options together must stay well below one frame.
        if settings.dns.len() > 8 || settings.ntp.len() > 8 {
            return Err(BadPool::LongList);
        }
        let (first, last, server) = (settings.first, settings.last, settings.server.address);
        let routers = settings.router.into_iter().collect();
        let pool = Self { settings, routers, lease_seconds };
        let mut all = [first, last, server].into_iter().chain(pool.routers.iter().copied());
        if let Some(stranger) = all.find(|address| !pool.is_neighbour(*address)) {
            return Err(BadPool::OutsideTheNetwork(stranger));
        }
        if last < first {
            return Err(BadPool::Backwards);
        }
        if !pool.range().take(3).any(|number| pool.gives(Ipv4Addr::from_bits(number))) {
            return Err(BadPool::Empty);
        }
        Ok(pool)
    }

    pub fn server(&self) -> Server {
        self.settings.server
    }

    pub(super) fn probes(&self) -> bool {
        self.settings.probe
    }

    pub(super) fn lease(&self) -> Duration {
        Duration::from_secs(u64::from(self.lease_seconds))
    }

    pub(super) fn lease_seconds(&self) -> u32 {
        self.lease_seconds
    }

    pub(super) fn mask(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(u32::MAX << (32 - u32::from(self.settings.prefix)))
    }

    pub(super) fn broadcast(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.settings.server.address.to_bits() | !self.mask().to_bits())
    }

    pub(super) fn routers(&self) -> &[Ipv4Addr] {
        &self.routers
    }

    pub(super) fn dns(&self) -> &[Ipv4Addr] {
        &self.settings.dns
    }

    pub(super) fn ntp(&self) -> &[Ipv4Addr] {
        &self.settings.ntp
    }

    pub(super) fn range(&self) -> RangeInclusive<u32> {
        self.settings.first.to_bits()..=self.settings.last.to_bits()
    }

    /// An address that a host of this network can have.
    pub(super) fn is_neighbour(&self, address: Ipv4Addr) -> bool {
        let (mask, server) = (self.mask().to_bits(), self.settings.server.address.to_bits());
        let rest = address.to_bits() & !mask;
        is_host(address) && address.to_bits() & mask == server & mask && rest != 0 && rest != !mask
    }

    /// An address that we may give somebody.
    pub(super) fn gives(&self, address: Ipv4Addr) -> bool {
        self.range().contains(&address.to_bits())
            && address != self.settings.server.address
            && !self.routers.contains(&address)
    }
}
