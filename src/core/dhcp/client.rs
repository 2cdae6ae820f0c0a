//! The DHCP client of one network adapter: no socket, no clock. A shell sends what [`Step`] says,
//! hands in what arrives, and calls [`Client::on_tick`] at [`Client::due`].
//!
//! Differences from RFC 2131 on purpose: retries end at 8 s instead of 64 s, since a switch port that
//! learns its spanning tree for 50 s must not cost a minute more; and it never gives up.

use std::{net::Ipv4Addr, time::Duration};

use super::{Message, MessageKind};
use crate::{clock::Moment, identity::Mac};

/// Subnet mask, routers, DNS, MTU, NTP, lease time, server. Renewal keeps to the defaults of 4.4.5.
const WANTED: [u8; 7] = [1, 3, 6, 26, 42, 51, 54];
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(8);
/// A request that nobody answers this often means that the offer was withdrawn: start over.
const REQUESTS: u32 = 4;
/// What a lease without a time gets.
const DEFAULT_LEASE: Duration = Duration::from_secs(3600);
/// RFC 2131, 4.4.5: not more often than once a minute while renewing.
const RENEW_RETRY: Duration = Duration::from_secs(60);

/// What a server gave us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub address: Ipv4Addr,
    pub prefix: u8,
    pub router: Option<Ipv4Addr>,
    pub dns: Vec<Ipv4Addr>,
    pub ntp: Vec<Ipv4Addr>,
    pub mtu: Option<u16>,
    pub server: Ipv4Addr,
    /// `siaddr`, where the server names one: on a bench that is the box that booted us.
    pub next_server: Option<Ipv4Addr>,
    pub seconds: u32,
}

/// What the shell does next, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// From port 68 of this adapter to port 67 of everybody on it.
    Broadcast(Vec<u8>),
    /// From our address to port 67 of the server.
    Unicast(Ipv4Addr, Vec<u8>),
    /// The address is ours now; configure it. Sent again only if something in it changed.
    Bind(Lease),
    /// The address is not ours any more; remove it.
    Unbind,
}

#[derive(Debug, Clone)]
enum State {
    Selecting { since: Moment },
    Requesting { since: Moment, address: Ipv4Addr, server: Ipv4Addr },
    Bound { lease: Lease, renew: Moment, rebind: Moment, end: Moment },
}

/// One adapter's client. Starts to ask at its first tick.
#[derive(Debug, Clone)]
pub struct Client {
    mac: Mac,
    /// Counts up with every new exchange, so that a late answer to an old one is known as such.
    transaction: u32,
    state: State,
    /// Sent in this state so far.
    sent: u32,
    due: Moment,
}

impl Client {
    /// `transaction` should be random: another client on the wire must not have the same.
    pub fn new(mac: Mac, transaction: u32, now: Moment) -> Self {
        Self { mac, transaction, state: State::Selecting { since: now }, sent: 0, due: now }
    }

    /// When to call [`Self::on_tick`] next.
    pub fn due(&self) -> Moment {
        self.due
    }

    pub fn lease(&self) -> Option<&Lease> {
        match &self.state {
            State::Bound { lease, .. } => Some(lease),
            State::Selecting { .. } | State::Requesting { .. } => None,
        }
    }

    /// The cable was plugged in: ask now, not when the timer would. A lease is asked for again,
    /// since the cable may lead into another network.
    pub fn on_carrier(&mut self, now: Moment) -> Vec<Step> {
        let mut steps = self.unbind();
        self.restart(now);
        steps.extend(self.on_tick(now));
        steps
    }

    pub fn on_tick(&mut self, now: Moment) -> Vec<Step> {
        if now < self.due {
            return Vec::new();
        }
        match &self.state {
            State::Selecting { since } => {
                let since = *since;
                self.retry(now);
                vec![Step::Broadcast(self.message(MessageKind::Discover, since, now).to_bytes())]
            }
            State::Requesting { .. } if self.sent >= REQUESTS => {
                self.restart(now);
                self.on_tick(now)
            }
            State::Requesting { since, address, server } => {
                let (since, address, server) = (*since, *address, *server);
                let mut request = self.message(MessageKind::Request, since, now);
                request.options.set(50, &address.octets());
                request.options.set(54, &server.octets());
                self.retry(now);
                vec![Step::Broadcast(request.to_bytes())]
            }
            State::Bound { end, .. } if now >= *end => {
                let mut steps = self.unbind();
                self.restart(now);
                steps.extend(self.on_tick(now));
                steps
            }
            State::Bound { lease, renew, rebind, end, .. } => {
                let (renew, rebind, end) = (*renew, *rebind, *end);
                let (address, server) = (lease.address, lease.server);
                if self.sent == 0 {
                    self.transaction = self.transaction.wrapping_add(1);
                }
                let mut request = self.message(MessageKind::Request, renew, now);
                request.client = address;
                // The answer comes to our address, which works by now.
                request.broadcast = false;
                self.sent += 1;
                let rebinding = now >= rebind;
                let next = if rebinding { end } else { rebind };
                let half = next.since(now) / 2;
                self.due = now.after(half.max(RENEW_RETRY)).min(next.max(now.after(FIRST_RETRY)));
                match rebinding {
                    true => vec![Step::Broadcast(request.to_bytes())],
                    false => vec![Step::Unicast(server, request.to_bytes())],
                }
            }
        }
    }

    /// A datagram that arrived on port 68. What is not an answer to us does nothing.
    pub fn on_datagram(&mut self, datagram: &[u8], now: Moment) -> Vec<Step> {
        let Ok(message) = Message::parse(datagram) else { return Vec::new() };
        if message.mac != self.mac || message.transaction != self.transaction {
            return Vec::new();
        }
        let server = message.options.address(54);
        match (&self.state, message.kind, server) {
            (State::Selecting { since }, MessageKind::Offer, Some(server)) if is_host(message.yours) => {
                // The first offer is taken: a bench has one server, and seconds count.
                self.state = State::Requesting { since: *since, address: message.yours, server };
                self.sent = 0;
                self.due = now;
                self.on_tick(now)
            }
            // Some servers acknowledge without repeating who they are.
            (State::Requesting { server: chosen, .. }, MessageKind::Ack, server)
                if server.is_none_or(|server| server == *chosen) && is_host(message.yours) =>
            {
                let lease = lease(&message, *chosen);
                self.bind(lease.clone(), now);
                vec![Step::Bind(lease)]
            }
            (State::Bound { lease: held, .. }, MessageKind::Ack, server) if self.sent > 0 && is_host(message.yours) => {
                let held = held.clone();
                let lease = lease(&message, server.unwrap_or(held.server));
                self.bind(lease.clone(), now);
                match held == lease {
                    true => Vec::new(),
                    false if held.address == lease.address => vec![Step::Bind(lease)],
                    false => vec![Step::Unbind, Step::Bind(lease)],
                }
            }
            (State::Requesting { .. }, MessageKind::Nak, _) => {
                self.restart(now);
                // Not at once: a server that refuses everything would be asked a thousand times a second.
                self.due = now.after(FIRST_RETRY);
                Vec::new()
            }
            (State::Bound { .. }, MessageKind::Nak, _) if self.sent > 0 => {
                let steps = self.unbind();
                self.restart(now);
                self.due = now.after(FIRST_RETRY);
                steps
            }
            _ => Vec::new(),
        }
    }

    fn bind(&mut self, lease: Lease, now: Moment) {
        let whole = Duration::from_secs(u64::from(lease.seconds));
        let (renew, rebind, end) = (now.after(whole / 2), now.after(whole / 8 * 7), now.after(whole));
        self.state = State::Bound { lease, renew, rebind, end };
        self.sent = 0;
        self.due = renew;
    }

    fn unbind(&self) -> Vec<Step> {
        match self.state {
            State::Bound { .. } => vec![Step::Unbind],
            State::Selecting { .. } | State::Requesting { .. } => Vec::new(),
        }
    }

    fn restart(&mut self, now: Moment) {
        self.transaction = self.transaction.wrapping_add(1);
        self.state = State::Selecting { since: now };
        self.sent = 0;
        self.due = now;
    }

    /// Doubles the wait, with a little of the MAC in it: sixteen laptops switched on together must
    /// not ask together for ever.
    fn retry(&mut self, now: Moment) {
        let wait = FIRST_RETRY.saturating_mul(1 << self.sent.min(8)).min(LONGEST_RETRY);
        let jitter = Duration::from_millis(u64::from(self.mac.0[5]) % 16 * 20);
        self.sent += 1;
        self.due = now.after(wait + jitter);
    }

    fn message(&self, kind: MessageKind, since: Moment, now: Moment) -> Message {
        let mut message = Message::new(kind, self.transaction, self.mac);
        message.seconds = u16::try_from(now.since(since).as_secs()).unwrap_or(u16::MAX);
        // Without an address the kernel gives us nothing that is sent to the address we will have.
        message.broadcast = true;
        message.options.set(55, &WANTED);
        message.options.set(57, &1472_u16.to_be_bytes());
        message
    }
}

fn is_host(address: Ipv4Addr) -> bool {
    !(address.is_unspecified() || address.is_broadcast() || address.is_multicast() || address.is_loopback())
}

fn lease(ack: &Message, server: Ipv4Addr) -> Lease {
    let mask = ack.options.long(1);
    let prefix = mask.map(u32::leading_ones).filter(|ones| mask == Some(u32::MAX.checked_shl(32 - ones).unwrap_or(0)));
    let seconds = match ack.options.long(51) {
        // "Infinite" is renewed once in a while all the same.
        Some(u32::MAX) => 86_400 * 30,
        Some(seconds) => seconds.max(10),
        None => u32::try_from(DEFAULT_LEASE.as_secs()).unwrap_or(u32::MAX),
    };
    Lease {
        address: ack.yours,
        // 24 where the server gave no mask or one with holes.
        prefix: prefix.and_then(|ones| u8::try_from(ones).ok()).filter(|ones| *ones > 0).unwrap_or(24),
        router: ack.options.address(3).filter(|router| is_host(*router)),
        dns: ack.options.addresses(6),
        ntp: ack.options.addresses(42),
        // RFC 2132, 5.1: 68 is the least; below 576 somebody made a mistake.
        mtu: ack.options.short(26).filter(|mtu| *mtu >= 576),
        server,
        next_server: Some(ack.next_server).filter(|address| is_host(*address)),
        seconds,
    }
}

#[cfg(test)]
mod tests;
