//! A DHCP server for a bench that has no other: addresses, and what to boot, in one answer (RFC 2131).
//!
//! [`Leases::decide`] looks and changes nothing. A shell applies the event of a decision at once, so that
//! the next decision sees the address taken; it writes the event, if [`LeaseEvent::is_durable`]; and only
//! then it sends the reply. A lease that a laptop knows of is therefore one that a restart knows of.

use std::{net::Ipv4Addr, time::Duration};

use super::{
    Message, MessageKind,
    netboot::{Request, is_host},
    reply::{self, Boot, Outgoing, Silence},
};
use crate::clock::Moment;

mod answer;
mod leases;
mod pool;

pub use leases::{ClientId, Held, LeaseEvent, Leases, State};
pub use pool::{BadPool, Pool, Settings};

/// A client may wait for other servers this long before it takes our offer: EDK2 listens for 4, 8, 16,
/// then 32 seconds.
const OFFER_HOLDS: Duration = Duration::from_secs(60);
/// An address that somebody else was found to use is left alone for this long.
const CONFLICT_HOLDS: Duration = Duration::from_secs(600);

/// What to do about one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Apply and write the event, then send.
    Answer {
        event: Option<LeaseEvent>,
        reply: Outgoing,
        /// Why a client that asked for something to boot gets an address alone.
        withheld: Option<Silence>,
    },
    /// Apply and write; nothing is to be sent.
    Note(LeaseEvent),
    /// Apply the event, which holds the address, and look whether anybody uses it. Then decide again with
    /// the address as `probed` if nobody does; else apply [`Leases::conflict`] and decide again.
    /// A second is too long: some firmware asks each time for three only.
    Probe {
        event: LeaseEvent,
        address: Ipv4Addr,
    },
    Quiet(Quiet),
}

/// Why a message is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// What servers say.
    Kind(MessageKind),
    /// It chose another server, or asks one that we are not.
    OtherServer,
    /// Its address is none of ours, and it may well be right about it (RFC 2131, 4.3.2).
    Unknown,
    /// A relay for another network.
    OtherNetwork,
    /// No address to be had for it.
    Full,
    /// No Ethernet address of one machine.
    Sender,
}

impl Leases {
    /// `boot` is asked only if the client asks for something to boot. `probed` is an address that was just
    /// found to be used by nobody.
    pub fn decide(
        &self,
        message: &Message,
        boot: impl FnOnce(&Request) -> Boot,
        probed: Option<Ipv4Addr>,
        now: Moment,
    ) -> Decision {
        if message.mac.0 == [0; 6] || message.mac.0[0] & 1 != 0 {
            return Decision::Quiet(Quiet::Sender);
        }
        if !message.relay.is_unspecified() && !self.pool().is_neighbour(message.relay) {
            return Decision::Quiet(Quiet::OtherNetwork);
        }
        let client = ClientId::of(message);
        match message.kind {
            MessageKind::Discover => self.discover(message, client, boot, probed, now),
            MessageKind::Request => self.request(message, client, boot, now),
            MessageKind::Decline => self.decline(message, &client, now),
            MessageKind::Release => match self.standing(message.client, &client, now) {
                Standing::Theirs if self.is_for_us(message) => {
                    Decision::Note(LeaseEvent::Released { address: message.client, at: now })
                }
                _ => Decision::Quiet(Quiet::Unknown),
            },
            MessageKind::Inform if self.pool().is_neighbour(message.client) => {
                self.answer(MessageKind::Ack, message, None, boot, None)
            }
            MessageKind::Inform => Decision::Quiet(Quiet::OtherNetwork),
            kind @ (MessageKind::Offer | MessageKind::Ack | MessageKind::Nak) => Decision::Quiet(Quiet::Kind(kind)),
        }
    }

    /// Somebody who has no lease uses this address.
    pub fn conflict(&self, address: Ipv4Addr, now: Moment) -> LeaseEvent {
        LeaseEvent::Conflicted { address, until: now.after(CONFLICT_HOLDS) }
    }

    fn discover(
        &self,
        message: &Message,
        client: ClientId,
        boot: impl FnOnce(&Request) -> Boot,
        probed: Option<Ipv4Addr>,
        now: Moment,
    ) -> Decision {
        let Some(address) = self.candidate(&client, message.options.address(50), now) else {
            return Decision::Quiet(Quiet::Full);
        };
        let (mac, until) = (message.mac, now.after(OFFER_HOLDS));
        let held = self.held(address).filter(|held| held.client.as_ref() == Some(&client) && now < held.until);
        let event = match held.map(|held| held.state) {
            // It has the address, and asks again after a restart: the lease must not become shorter.
            Some(State::Granted) => None,
            Some(State::Offered { checked: true }) => {
                Some(LeaseEvent::Offered { address, client, mac, until, checked: true })
            }
            _ if self.pool().probes() && probed != Some(address) => {
                let event = LeaseEvent::Offered { address, client, mac, until, checked: false };
                return Decision::Probe { event, address };
            }
            _ => Some(LeaseEvent::Offered { address, client, mac, until, checked: true }),
        };
        self.answer(MessageKind::Offer, message, Some(address), boot, event)
    }

    fn request(
        &self,
        message: &Message,
        client: ClientId,
        boot: impl FnOnce(&Request) -> Boot,
        now: Moment,
    ) -> Decision {
        let own = self.address_of(&client);
        if !self.is_for_us(message) {
            // Our offer was not taken: the next client may have it.
            let offered = |address: &Ipv4Addr| {
                self.held(*address).is_some_and(|held| matches!(held.state, State::Offered { .. }))
            };
            return match own.filter(offered) {
                Some(address) => Decision::Note(LeaseEvent::Withdrawn { address, at: now }),
                None => Decision::Quiet(Quiet::OtherServer),
            };
        }
        let (chosen, wanted) = (message.options.address(54).is_some(), message.options.address(50));
        let address = wanted.unwrap_or(message.client);
        let standing = self.standing(address, &client, now);
        let granted = match (standing, chosen, wanted) {
            (Standing::Theirs, _, _) => true,
            // It took its time to choose, or renews a lease that our journal lost.
            (Standing::Free, true, _) | (Standing::Free, false, None) => true,
            (_, true, _) => false,
            // From now on: a client that was restarted, or renews.
            (Standing::Taken, false, _) | (Standing::Foreign, false, Some(_)) => false,
            (Standing::Free | Standing::Outside, false, Some(_)) if own.is_some() => false,
            (Standing::Free | Standing::Outside | Standing::Foreign, false, _) => {
                return Decision::Quiet(Quiet::Unknown);
            }
        };
        if !granted {
            return self.refuse(message);
        }
        let until = now.after(self.pool().lease());
        let event = LeaseEvent::Granted { address, client, mac: message.mac, until };
        self.answer(MessageKind::Ack, message, Some(address), boot, Some(event))
    }

    fn decline(&self, message: &Message, client: &ClientId, now: Moment) -> Decision {
        match message.options.address(50) {
            Some(address) if self.is_for_us(message) && self.standing(address, client, now) == Standing::Theirs => {
                Decision::Note(self.conflict(address, now))
            }
            // Else anybody could talk the pool empty.
            _ => Decision::Quiet(Quiet::Unknown),
        }
    }

    fn is_for_us(&self, message: &Message) -> bool {
        message.options.address(54).is_none_or(|server| server == self.pool().server().address)
    }

    fn standing(&self, address: Ipv4Addr, client: &ClientId, now: Moment) -> Standing {
        if !self.pool().is_neighbour(address) {
            Standing::Foreign
        } else if !self.pool().gives(address) {
            Standing::Outside
        } else if self.address_of(client) == Some(address) {
            Standing::Theirs
        } else if self.is_free(address, now) {
            Standing::Free
        } else {
            Standing::Taken
        }
    }
}

/// What an address is to a client that claims it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Theirs,
    Free,
    Taken,
    /// Of this network, but not one that we give.
    Outside,
    Foreign,
}

#[cfg(test)]
mod tests;
