//! A network that is the bench's own: what was decided of a lease is written, and then told.

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use whiteglove_core::{
    clock::Moment,
    dhcp::{
        Message,
        netboot::{Ask, Request},
        own::{Decision, LeaseEvent, Leases, Pool, Quiet, State},
        reply::Outgoing,
    },
    netboot::Withheld,
    problem::Problem,
};

use super::{menu::Menu, probe::Probes};
use crate::journal::{Ledger, Written};

pub(super) struct Own {
    network: String,
    leases: Leases,
    pub(super) ends: (Ipv4Addr, Ipv4Addr),
    probes: Probes,
    ledger: Ledger,
    /// Before the first answer to a network-boot client.
    delay: Duration,
    waiting: Group,
    /// What the disk is busy with, and what is told when it is done.
    flying: Option<(Written, Vec<Outgoing>)>,
}

/// What goes to the disk together.
#[derive(Default)]
struct Group {
    events: Vec<LeaseEvent>,
    replies: Vec<Outgoing>,
}

/// What became of one message.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// To be sent now. What waits for the disk is not in here.
    pub(super) reply: Option<Outgoing>,
    pub(super) leased: Option<Ipv4Addr>,
    pub(super) file: Option<String>,
    pub(super) withheld: Option<Withheld>,
    /// It will be decided when the address was looked at.
    pub(super) later: bool,
}

impl Own {
    /// # Errors
    /// The leases that were given cannot be read, or no socket is to be had.
    pub(super) async fn open(
        network: &str,
        pool: Pool,
        ends: (Ipv4Addr, Ipv4Addr),
        delay: Duration,
        ledger: Ledger,
    ) -> Result<Self, Problem> {
        let mut leases = Leases::new(pool);
        for event in ledger.load(network).await? {
            leases.apply(event);
        }
        let probes = Probes::new(network).map_err(|error| {
            let failed = super::sockets::NotBound { port: 0, error };
            super::problems::not_bound(network, &failed)
        })?;
        let (waiting, flying) = (Group::default(), None);
        Ok(Self { network: network.to_owned(), leases, ends, probes, ledger, delay, waiting, flying })
    }

    /// Leases that run.
    pub(super) fn running(&self, now: Moment) -> usize {
        self.leases.all().filter(|(_, held)| held.state == State::Granted && now < held.until).count()
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.probes.due()
    }

    pub(super) fn hear(&mut self, message: &Message, menu: &mut Menu, at: Moment, now: Instant) -> Outcome {
        self.decide(message, menu, None, at, now)
    }

    /// What was looked at meanwhile, with the question that it was for.
    pub(super) fn on_time(&mut self, menu: &mut Menu, at: Moment, now: Instant) -> Vec<(Message, Outcome)> {
        let mut decided = Vec::new();
        for (probe, used) in self.probes.finished(now) {
            let free = (!used).then_some(probe.address);
            if used {
                tracing::warn!(address = %probe.address, network = self.network, "somebody uses it without a lease");
                self.apply(self.leases.conflict(probe.address, at));
            }
            let outcome = self.decide(&probe.asked, menu, free, at, now);
            decided.push((probe.asked, outcome));
        }
        decided
    }

    /// Waits for the disk; for ever if nothing is written.
    pub(super) async fn written(own: &mut Option<Self>) -> Result<Vec<Outgoing>, Problem> {
        let Some(own) = own.as_mut() else { return std::future::pending().await };
        let Some((written, _)) = own.flying.as_mut() else { return std::future::pending().await };
        let written = written.await;
        let replies = own.flying.take().map(|(_, replies)| replies).unwrap_or_default();
        // What is not on the disk is not told. The client asks again, and so does this.
        written.unwrap_or_else(|_| Err(own.ledger.closed())).map(|()| replies)
    }

    fn decide(
        &mut self,
        message: &Message,
        menu: &mut Menu,
        probed: Option<Ipv4Addr>,
        at: Moment,
        now: Instant,
    ) -> Outcome {
        match self.leases.decide(message, |request| menu.of(request).clone(), probed, at) {
            Decision::Answer { event, mut reply, withheld } => {
                let asked = Request::of(message).ok().filter(|request| request.ask == Ask::Discover);
                let mut outcome = Outcome::default();
                if asked.is_some() {
                    reply.delay = self.delay;
                    outcome.withheld = withheld.and_then(|silence| menu.withheld(silence));
                    outcome.file = withheld.is_none().then(|| super::port::file_in(&reply.datagram)).flatten();
                }
                match event {
                    Some(event) if event.is_durable() => {
                        if let LeaseEvent::Granted { address, .. } = event {
                            outcome.leased = Some(address);
                        }
                        self.apply(event);
                        self.waiting.replies.push(reply);
                    }
                    event => {
                        if let Some(event) = event {
                            self.apply(event);
                        }
                        outcome.reply = Some(reply);
                    }
                }
                outcome
            }
            Decision::Note(event) => {
                self.apply(event);
                Outcome::default()
            }
            Decision::Probe { event, address } => {
                let before = self.leases.held(address).and_then(|held| held.mac);
                self.apply(event);
                match self.probes.start(address, message, before, now) {
                    true => Outcome { later: true, ..Outcome::default() },
                    false => self.decide(message, menu, Some(address), at, now),
                }
            }
            Decision::Quiet(quiet) => {
                tracing::trace!(mac = %message.mac, ?quiet, "not answered");
                let withheld = (quiet == Quiet::Full).then_some(Withheld::PoolFull);
                Outcome { withheld, ..Outcome::default() }
            }
        }
    }

    /// At once, so that the next decision sees it.
    fn apply(&mut self, event: LeaseEvent) {
        let (address, durable) = (event.address(), event.is_durable());
        self.leases.apply(event);
        if durable {
            self.waiting.events.extend(self.as_written(address));
        }
    }

    /// All there is to know of an address in one event, since it has one row.
    fn as_written(&self, address: Ipv4Addr) -> Option<LeaseEvent> {
        let held = self.leases.held(address)?;
        let until = held.until;
        Some(match (held.state, held.client.clone(), held.mac) {
            (State::Granted | State::Released, Some(client), Some(mac)) => {
                LeaseEvent::Granted { address, client, mac, until }
            }
            (State::Conflicted, ..) => LeaseEvent::Conflicted { address, until },
            _ => return None,
        })
    }

    /// Hands what was decided to the disk, together, if that is not busy: then it gathers.
    pub(super) fn commit(&mut self) {
        if self.flying.is_none() && !(self.waiting.events.is_empty() && self.waiting.replies.is_empty()) {
            let Group { events, replies } = std::mem::take(&mut self.waiting);
            self.flying = Some((self.ledger.write(&self.network, events), replies));
        }
    }
}
