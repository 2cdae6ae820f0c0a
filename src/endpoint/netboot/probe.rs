//! Whether somebody uses an address already: a printer with a fixed one, or a laptop that another server gave it to.
//!
//! The kernel is made to ask by ARP, as everybody must who sends something there, and its table of neighbours is
//! read a little later. Windows answers ARP with its firewall closed; it would not answer a ping.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::{Ipv4Addr, SocketAddrV4},
    time::{Duration, Instant},
};

use socket2::{Domain, Protocol, Socket, Type};
use whiteglove_core::{dhcp::Message, identity::Mac};

use crate::endpoint::neighbours::Table;

/// On one wire an answer takes a millisecond. Some firmware waits for an offer three seconds only.
const PATIENCE: Duration = Duration::from_millis(250);
/// More are offered unlooked at: an offer that is late for all of them is worse than an address taken once.
const MOST: usize = 64;
/// Each address that nobody has stays in the kernel's table of neighbours for a while, and with a thousand of them
/// that has no room for those who are there.
const MOST_IN_A_MINUTE: usize = 256;
const MINUTE: Duration = Duration::from_secs(60);
/// Discard (RFC 863): whoever listens there throws it away.
const DISCARD: u16 = 9;

#[derive(Debug)]
pub(super) struct Probes {
    socket: Socket,
    interface: String,
    waiting: Vec<Probe>,
    /// When the latest were begun.
    begun: VecDeque<Instant>,
}

/// An address that is looked at for a client.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) address: Ipv4Addr,
    /// What the client asked last.
    pub(super) asked: Message,
    /// Whose it was before.
    before: Option<Mac>,
    due: Instant,
}

impl Probes {
    /// # Errors
    /// No socket is to be had.
    pub(super) fn new(interface: &str) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        socket.bind_device(Some(interface.as_bytes()))?;
        Ok(Self { socket, interface: interface.to_owned(), waiting: Vec::new(), begun: VecDeque::new() })
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.waiting.iter().map(|probe| probe.due).min()
    }

    /// Looks, unless too much is looked at already.
    pub(super) fn start(&mut self, address: Ipv4Addr, asked: &Message, before: Option<Mac>, now: Instant) -> bool {
        // It asks again while its first question waits.
        if let Some(probe) = self.waiting.iter_mut().find(|probe| probe.address == address) {
            probe.asked = asked.clone();
            return true;
        }
        while self.begun.front().is_some_and(|begun| now.duration_since(*begun) >= MINUTE) {
            self.begun.pop_front();
        }
        let too_many = self.waiting.len() >= MOST || self.begun.len() >= MOST_IN_A_MINUTE;
        if too_many || self.socket.send_to(&[0], &SocketAddrV4::new(address, DISCARD).into()).is_err() {
            return false;
        }
        self.begun.push_back(now);
        self.waiting.push(Probe { address, asked: asked.clone(), before, due: now + PATIENCE });
        true
    }

    /// Those that were waited for long enough, and whether the address is in use.
    pub(super) fn finished(&mut self, now: Instant) -> Vec<(Probe, bool)> {
        if self.due().is_none_or(|due| due > now) {
            return Vec::new();
        }
        let neighbours: HashMap<_, _> = Table::read().on(&self.interface).collect();
        let done: Vec<_> = self.waiting.extract_if(.., |probe| probe.due <= now).collect();
        let used = |probe: &Probe| is_used(neighbours.get(&probe.address).copied(), probe.asked.mac, probe.before);
        done.into_iter().map(|probe| (used(&probe), probe)).map(|(used, probe)| (probe, used)).collect()
    }
}

/// The kernel keeps a neighbour it once knew for as long as nobody needs the room, so an entry may be of the client
/// that had the address before and whose lease ended; it is gone, or it would have renewed.
fn is_used(neighbour: Option<Mac>, asking: Mac, before: Option<Mac>) -> bool {
    neighbour.is_some_and(|neighbour| neighbour != asking && Some(neighbour) != before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_use_by_whoever_answers_for_it_now() {
        let table = Table::of(
            "\
IP address       HW type     Flags       HW address            Mask     Device
192.168.7.20     0x1         0x2         02:00:00:00:00:20     *        bench0
192.168.7.21     0x1         0x0         02:00:00:00:00:21     *        bench0
192.168.7.22     0x1         0x6         02:00:00:00:00:22     *        bench0
192.168.7.23     0x1         0x2         02:00:00:00:00:23     *        bench1
",
        );
        let known: HashMap<_, _> = table.on("bench0").collect();
        let mac = |last| Mac([2, 0, 0, 0, 0, last]);
        let used =
            |last, asking, before| is_used(known.get(&Ipv4Addr::new(192, 168, 7, last)).copied(), mac(asking), before);
        assert!(used(0x14, 0x99, None), "a stranger");
        assert!(!used(0x14, 0x20, None), "the client itself");
        assert!(!used(0x14, 0x99, Some(mac(0x20))), "its last owner, known from then");
        assert!(!used(0x15, 0x99, None), "it was asked for and did not answer any more");
        assert!(used(0x16, 0x99, None), "entered by hand");
        assert!(!used(0x17, 0x99, None), "on another network");
    }
}
