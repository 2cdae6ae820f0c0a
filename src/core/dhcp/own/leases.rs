//! Who has which address until when. Plain data: folding the events of a journal makes the same leases.
//!
//! Every question costs a look into a table or a tree, however many laptops there are.

use std::{
    collections::{BTreeSet, HashMap},
    net::Ipv4Addr,
};

use serde::{Deserialize, Serialize};

use super::Pool;
use crate::{clock::Moment, dhcp::Message, identity::Mac};

/// Whom an address belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientId {
    Mac(Mac),
    /// Option 61, hex.
    Named(String),
}

impl ClientId {
    pub fn of(message: &Message) -> Self {
        match message.options.get(61) {
            // "Ethernet, and my own address" is what Windows and iPXE say where firmware says nothing.
            Some([1, mac @ ..]) if *mac == message.mac.0 => Self::Mac(message.mac),
            // RFC 2132, 9.14: two bytes at least. All clients with an empty one would be one client.
            Some(name) if (2..=255).contains(&name.len()) => Self::Named(hex::encode(name)),
            _ => Self::Mac(message.mac),
        }
    }
}

/// What happened to an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeaseEvent {
    Offered { address: Ipv4Addr, client: ClientId, mac: Mac, until: Moment, checked: bool },
    Withdrawn { address: Ipv4Addr, at: Moment },
    Granted { address: Ipv4Addr, client: ClientId, mac: Mac, until: Moment },
    Released { address: Ipv4Addr, at: Moment },
    Conflicted { address: Ipv4Addr, until: Moment },
}

impl LeaseEvent {
    /// An offer that a restart forgets is made again; a lease that it forgets is given twice.
    pub fn is_durable(&self) -> bool {
        match self {
            Self::Granted { .. } | Self::Released { .. } | Self::Conflicted { .. } => true,
            Self::Offered { .. } | Self::Withdrawn { .. } => false,
        }
    }

    pub fn address(&self) -> Ipv4Addr {
        match self {
            Self::Offered { address, .. }
            | Self::Withdrawn { address, .. }
            | Self::Granted { address, .. }
            | Self::Released { address, .. }
            | Self::Conflicted { address, .. } => *address,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Offered {
        /// Nobody was found to use it.
        checked: bool,
    },
    Granted,
    /// Given back. Its client gets it again if nobody needed it meanwhile.
    Released,
    /// Somebody without a lease uses it.
    Conflicted,
}

/// An address that was ever given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// None while it is in conflict.
    pub client: Option<ClientId>,
    pub mac: Option<Mac>,
    pub state: State,
    /// From then on it may be given to somebody else.
    pub until: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leases {
    pool: Pool,
    held: HashMap<Ipv4Addr, Held>,
    /// The newest address of each client. Its entry in `held` names that client.
    of: HashMap<ClientId, Ipv4Addr>,
    /// All of `held`, the longest unused first.
    ends: BTreeSet<(Moment, Ipv4Addr)>,
    /// No address below was never given; this one was not, if it lies in the pool.
    next: u32,
}

impl Leases {
    pub fn new(pool: Pool) -> Self {
        let next = *pool.range().start();
        let mut leases = Self { pool, held: HashMap::new(), of: HashMap::new(), ends: BTreeSet::new(), next };
        leases.skip_given();
        leases
    }

    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    pub fn held(&self, address: Ipv4Addr) -> Option<&Held> {
        self.held.get(&address)
    }

    pub fn all(&self) -> impl Iterator<Item = (Ipv4Addr, &Held)> {
        self.held.iter().map(|(address, held)| (*address, held))
    }

    /// The only way leases change. An address outside the pool (which was changed since) is passed over.
    pub fn apply(&mut self, event: LeaseEvent) {
        let address = event.address();
        if !self.pool.gives(address) {
            return;
        }
        let held = match event {
            LeaseEvent::Offered { client, mac, until, checked, .. } => {
                Held { client: Some(client), mac: Some(mac), state: State::Offered { checked }, until }
            }
            LeaseEvent::Granted { client, mac, until, .. } => {
                Held { client: Some(client), mac: Some(mac), state: State::Granted, until }
            }
            LeaseEvent::Released { at, .. } | LeaseEvent::Withdrawn { at, .. } => {
                let (client, mac) = self.held.get(&address).map_or((None, None), |old| (old.client.clone(), old.mac));
                Held { client, mac, state: State::Released, until: at }
            }
            LeaseEvent::Conflicted { until, .. } => Held { client: None, mac: None, state: State::Conflicted, until },
        };
        if let Some(client) = &held.client {
            self.of.insert(client.clone(), address);
        }
        self.ends.insert((held.until, address));
        let (now_held_by, until) = (held.client.clone(), held.until);
        if let Some(old) = self.held.insert(address, held) {
            if old.until != until {
                self.ends.remove(&(old.until, address));
            }
            if let Some(client) = old.client.filter(|client| now_held_by.as_ref() != Some(client))
                && self.of.get(&client) == Some(&address)
            {
                self.of.remove(&client);
            }
        }
        self.skip_given();
    }

    /// The durable events that make these leases: what is left of a journal when it is written anew.
    pub fn events(&self) -> Vec<LeaseEvent> {
        let event = |(until, address): &(Moment, Ipv4Addr)| {
            let (address, until) = (*address, *until);
            let held = self.held.get(&address)?;
            match (held.state, held.client.clone(), held.mac) {
                (State::Conflicted, ..) => Some(LeaseEvent::Conflicted { address, until }),
                (State::Granted | State::Released, Some(client), Some(mac)) => {
                    Some(LeaseEvent::Granted { address, client, mac, until })
                }
                _ => None,
            }
        };
        self.ends.iter().filter_map(event).collect()
    }

    /// The address that is this client's, if only by habit.
    pub(super) fn address_of(&self, client: &ClientId) -> Option<Ipv4Addr> {
        self.of.get(client).copied()
    }

    pub(super) fn is_free(&self, address: Ipv4Addr, now: Moment) -> bool {
        self.pool.gives(address) && self.held.get(&address).is_none_or(|held| held.until <= now)
    }

    /// Its own of last time, the one it asks for, one that nobody had, the one that is unused for longest.
    pub(super) fn candidate(&self, client: &ClientId, wanted: Option<Ipv4Addr>, now: Moment) -> Option<Ipv4Addr> {
        let untouched = || Some(Ipv4Addr::from_bits(self.next)).filter(|address| self.pool.gives(*address));
        let oldest = || self.ends.first().filter(|(until, _)| *until <= now).map(|(_, address)| *address);
        self.address_of(client)
            .or_else(|| wanted.filter(|address| self.is_free(*address, now)))
            .or_else(untouched)
            .or_else(oldest)
    }

    fn skip_given(&mut self) {
        while self.pool.range().contains(&self.next) {
            let address = Ipv4Addr::from_bits(self.next);
            if self.pool.gives(address) && !self.held.contains_key(&address) {
                return;
            }
            self.next = self.next.saturating_add(1);
        }
    }
}
