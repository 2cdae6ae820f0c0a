//! All transfers of one listening address: who may start one, which packet belongs to which, who wakes up next.
//!
//! A shell hands in datagrams and the time, takes [`Server::next_action`] until there is none, and sleeps until
//! [`Server::next_wake`]. With a socket for each transfer it calls [`Server::on_request`] for the listening socket and
//! [`Server::on_packet`] for the others; with one socket for all, [`Server::on_datagram`] for everything.
//! Clients on different networks may have the same address: use one server per local address, as the source of every
//! packet must be the address that was asked anyway.
//!
//! Invariant: nothing is sent to an address that sent nothing.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::clock::Moment;

use super::{Ended, ErrorCode, FileName, Flight, Offer, Packet, ReadRequest, Refusal, Stats, Step, Transfer, packet};

#[cfg(test)]
mod tests;

/// The same request from the same port: within this time after progress it is a straggler, later a new start. Old ROMs
/// always ask from one port, and after a reset they must not wait for their former life to time out.
const STRAGGLER: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub offer: Offer,
    /// Transfers at once.
    pub transfers: usize,
    /// Transfers at once for one address, whatever the ports.
    pub per_client: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { offer: Offer::default(), transfers: 4_096, per_client: 16 }
    }
}

/// What the catalogue knows of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<F> {
    pub file: F,
    /// Bytes.
    pub size: u64,
}

/// Names a transfer; never used again for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransferId {
    slot: u32,
    generation: u32,
}

/// What became of a datagram; for debug lines and for the story of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ticket {
    Started(TransferId),
    /// For a transfer that was there before.
    Taken(TransferId),
    NotFound(FileName),
    /// As many transfers as there may be; the client asks again by itself.
    Busy,
    /// As many as one address may have.
    ClientBusy,
    /// Belongs to no transfer; told so, unless it was an error itself.
    Stranger,
    Refused(Refusal),
}

/// What the shell is to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action<F> {
    /// Make a socket, find the content.
    Open { transfer: TransferId, client: SocketAddr, file: F, name: FileName },
    /// Send these blocks of the transfer's file.
    Send { transfer: TransferId, client: SocketAddr, flight: Flight },
    /// Send this packet from the transfer's port.
    Control { transfer: TransferId, client: SocketAddr, datagram: Vec<u8> },
    /// Send this packet from the port that was addressed: the transfer's, else the listening one.
    Reply { via: Option<TransferId>, to: SocketAddr, datagram: Vec<u8> },
    /// Close the socket.
    Done { transfer: TransferId, client: SocketAddr, file: F, name: FileName, ended: Ended, stats: Stats },
}

/// A running transfer as a screen shows it.
#[derive(Debug)]
pub struct View<'a, F> {
    pub transfer: TransferId,
    pub client: SocketAddr,
    pub file: &'a F,
    pub name: &'a FileName,
    /// Whether the client answered yet.
    pub opening: bool,
    pub stats: &'a Stats,
}

#[derive(Debug)]
struct Entry<F> {
    client: SocketAddr,
    file: F,
    request: ReadRequest,
    transfer: Transfer,
    /// Where it stands in `wakes`: never later than it is due. Most packets move the due time on by a little, and
    /// moving the place as well would cost more than waking up once too early.
    wake: Moment,
}

#[derive(Debug)]
struct Slot<F> {
    generation: u32,
    entry: Option<Entry<F>>,
}

/// `F` is how the shell names a file's content.
#[derive(Debug)]
pub struct Server<F> {
    limits: Limits,
    slots: Vec<Slot<F>>,
    free: Vec<u32>,
    by_client: HashMap<SocketAddr, TransferId>,
    per_client: HashMap<IpAddr, usize>,
    /// Exactly one for each transfer.
    wakes: BTreeSet<(Moment, TransferId)>,
    actions: VecDeque<Action<F>>,
}

impl<F: Clone> Server<F> {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            slots: Vec::new(),
            free: Vec::new(),
            by_client: HashMap::new(),
            per_client: HashMap::new(),
            wakes: BTreeSet::new(),
            actions: VecDeque::new(),
        }
    }

    pub fn next_action(&mut self) -> Option<Action<F>> {
        self.actions.pop_front()
    }

    /// When [`Self::on_time`] wants to be called. May be early, never late.
    pub fn next_wake(&self) -> Option<Moment> {
        self.wakes.first().map(|(wake, _)| *wake)
    }

    /// Running transfers, in no order.
    pub fn transfers(&self) -> impl Iterator<Item = View<'_, F>> {
        self.by_client.values().filter_map(|id| {
            let entry = self.entry(*id)?;
            let Entry { client, file, request, transfer, .. } = entry;
            let (opening, stats) = (transfer.is_opening(), transfer.stats());
            Some(View { transfer: *id, client: *client, file, name: &request.name, opening, stats })
        })
    }

    pub fn len(&self) -> usize {
        self.by_client.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_client.is_empty()
    }

    /// What came in on the listening port, if every transfer has its own.
    pub fn on_request(
        &mut self,
        client: SocketAddr,
        datagram: &[u8],
        find: impl FnOnce(&FileName) -> Option<Found<F>>,
        now: Moment,
    ) -> Ticket {
        match Packet::parse(datagram) {
            Ok(Packet::Read(request)) => self.read(client, request, find, now),
            // Acknowledgements have no business here, and an error is never answered with an error.
            Ok(_) => Ticket::Stranger,
            Err(refusal) => self.refuse(None, client, refusal),
        }
    }

    /// Anything that came in, if one port serves all transfers.
    pub fn on_datagram(
        &mut self,
        client: SocketAddr,
        datagram: &[u8],
        find: impl FnOnce(&FileName) -> Option<Found<F>>,
        now: Moment,
    ) -> Ticket {
        match Packet::parse(datagram) {
            Ok(Packet::Read(request)) => self.read(client, request, find, now),
            Ok(packet) => match self.by_client.get(&client) {
                Some(id) => self.take(*id, &packet, now),
                None => self.stranger(None, client, &packet),
            },
            Err(refusal) => self.refuse(None, client, refusal),
        }
    }

    /// What came in on a transfer's own port.
    pub fn on_packet(&mut self, transfer: TransferId, from: SocketAddr, datagram: &[u8], now: Moment) -> Ticket {
        let packet = match Packet::parse(datagram) {
            Ok(packet) => packet,
            Err(refusal) => return Ticket::Refused(refusal),
        };
        match self.entry(transfer) {
            Some(entry) if entry.client == from => self.take(transfer, &packet, now),
            Some(_) => self.stranger(Some(transfer), from, &packet),
            // It ended while this was in the socket's queue.
            None => Ticket::Stranger,
        }
    }

    /// The client's machine says that nobody listens on its port (`ECONNREFUSED`).
    pub fn on_unreachable(&mut self, transfer: TransferId) {
        self.step(transfer, Transfer::on_unreachable);
    }

    /// Wakes what is due.
    pub fn on_time(&mut self, now: Moment) {
        // Taken out first: whatever a transfer asks for next, each is woken once.
        let mut due = Vec::new();
        while let Some(first) = self.wakes.first().copied().filter(|(wake, _)| *wake <= now) {
            self.wakes.remove(&first);
            due.push(first.1);
        }
        for id in due {
            let Some(entry) = self.entry_mut(id) else { continue };
            let step = entry.transfer.on_time(now);
            entry.wake = entry.transfer.due();
            let wake = (entry.wake, id);
            self.wakes.insert(wake);
            self.act(id, step);
        }
    }

    fn read(
        &mut self,
        client: SocketAddr,
        request: ReadRequest,
        find: impl FnOnce(&FileName) -> Option<Found<F>>,
        now: Moment,
    ) -> Ticket {
        if let Some(id) = self.by_client.get(&client).copied() {
            let same = self.entry(id).is_some_and(|entry| {
                let fresh = now.since(entry.transfer.stats().progress) < STRAGGLER;
                entry.request == request && (fresh || entry.transfer.is_opening())
            });
            if same {
                self.step(id, |transfer| transfer.on_repeated_request(now));
                return Ticket::Taken(id);
            }
            self.end(id, Ended::Superseded);
        }
        let Some(Found { file, size }) = find(&request.name) else {
            self.reply(None, client, ErrorCode::NotFound, "File not found");
            return Ticket::NotFound(request.name);
        };
        // Silence: firmware asks again, an error would end its boot.
        if self.len() >= self.limits.transfers {
            return Ticket::Busy;
        }
        let of_client = self.per_client.entry(client.ip()).or_default();
        if *of_client >= self.limits.per_client {
            return Ticket::ClientBusy;
        }
        *of_client += 1;
        let (transfer, step) = Transfer::start(&request.options, size, &self.limits.offer, now);
        let (wake, name) = (transfer.due(), request.name.clone());
        let id = self.put(Entry { client, file: file.clone(), request, transfer, wake });
        self.by_client.insert(client, id);
        self.wakes.insert((wake, id));
        self.actions.push_back(Action::Open { transfer: id, client, file, name });
        self.act(id, step);
        Ticket::Started(id)
    }

    fn take(&mut self, id: TransferId, packet: &Packet<'_>, now: Moment) -> Ticket {
        self.step(id, |transfer| transfer.on_packet(packet, now));
        Ticket::Taken(id)
    }

    /// Somebody else's packet: the transfer goes on untouched (RFC 1350, 4).
    fn stranger(&mut self, via: Option<TransferId>, to: SocketAddr, packet: &Packet<'_>) -> Ticket {
        if !matches!(packet, Packet::Error { .. }) {
            // No text: the answer is not to be larger than what may have been forged.
            self.reply(via, to, ErrorCode::UnknownTransfer, "");
        }
        Ticket::Stranger
    }

    fn refuse(&mut self, via: Option<TransferId>, to: SocketAddr, refusal: Refusal) -> Ticket {
        if let Some((code, text)) = refusal.answer() {
            self.reply(via, to, code, text);
        }
        Ticket::Refused(refusal)
    }

    fn reply(&mut self, via: Option<TransferId>, to: SocketAddr, code: ErrorCode, text: &str) {
        self.actions.push_back(Action::Reply { via, to, datagram: packet::error(code, text) });
    }

    fn step(&mut self, id: TransferId, act: impl FnOnce(&mut Transfer) -> Step) {
        let Some(entry) = self.entry_mut(id) else { return };
        let step = act(&mut entry.transfer);
        let (due, was) = (entry.transfer.due(), entry.wake);
        if due < was {
            entry.wake = due;
            self.wakes.remove(&(was, id));
            self.wakes.insert((due, id));
        }
        self.act(id, step);
    }

    fn act(&mut self, id: TransferId, step: Step) {
        let Some(client) = self.entry(id).map(|entry| entry.client) else { return };
        match step {
            Step::Wait => {}
            Step::Control(datagram) => self.actions.push_back(Action::Control { transfer: id, client, datagram }),
            Step::Send(flight) => self.actions.push_back(Action::Send { transfer: id, client, flight }),
            Step::Done(ended) => self.end(id, ended),
        }
    }

    fn end(&mut self, id: TransferId, ended: Ended) {
        let Some(slot) = self.slot_mut(id) else { return };
        let Some(entry) = slot.entry.take() else { return };
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(id.slot);
        self.wakes.remove(&(entry.wake, id));
        self.by_client.remove(&entry.client);
        let host = entry.client.ip();
        if let Some(count) = self.per_client.get_mut(&host) {
            *count -= 1;
            if *count == 0 {
                self.per_client.remove(&host);
            }
        }
        let Entry { client, file, request, transfer, .. } = entry;
        let (name, stats) = (request.name, transfer.stats().clone());
        self.actions.push_back(Action::Done { transfer: id, client, file, name, ended, stats });
    }

    fn put(&mut self, entry: Entry<F>) -> TransferId {
        if let Some(slot) = self.free.pop()
            && let Some(place) = self.slots.get_mut(usize::try_from(slot).unwrap_or(usize::MAX))
        {
            place.entry = Some(entry);
            return TransferId { slot, generation: place.generation };
        }
        // Far below 2^32: there are never more slots than transfers were allowed at once.
        let slot = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.slots.push(Slot { generation: 0, entry: Some(entry) });
        TransferId { slot, generation: 0 }
    }

    fn entry(&self, id: TransferId) -> Option<&Entry<F>> {
        let slot = self.slots.get(usize::try_from(id.slot).ok()?)?;
        slot.entry.as_ref().filter(|_| slot.generation == id.generation)
    }

    fn slot_mut(&mut self, id: TransferId) -> Option<&mut Slot<F>> {
        let slot = self.slots.get_mut(usize::try_from(id.slot).ok()?)?;
        (slot.generation == id.generation).then_some(slot)
    }

    fn entry_mut(&mut self, id: TransferId) -> Option<&mut Entry<F>> {
        self.slot_mut(id)?.entry.as_mut()
    }
}
