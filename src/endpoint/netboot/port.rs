//! One network that is served: questions in, answers out. What to answer is decided in `whiteglove_core::dhcp`.

use std::{
    collections::VecDeque,
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{net::UdpSocket, sync::watch};
use tokio_util::sync::CancellationToken;
use whiteglove_core::{
    clock::Moment,
    dhcp::{
        BOOT_SERVER_PORT, Message, MessageKind, SERVER_PORT,
        netboot::Request,
        reply::{self, Manner, Outgoing, Server, Silence},
    },
    identity::Mac,
    netboot::{PortState, Seen, Who},
    problem::Problem,
};

use super::{
    heard::{Heard, Topic},
    look::{self, Look},
    menu::Menu,
    own::{Outcome, Own},
    sockets::Sockets,
};
use crate::{clock::now, endpoint::Reports};

/// Longer than any Ethernet frame; DHCP has no use for more.
pub(super) const LONGEST: usize = 2_048;
/// Questions in a row before timers, the disk and the other sockets have their turn.
const AT_ONCE: usize = 256;
/// Answers that wait for a slow firmware's sake.
const DELAYED_MOST: usize = 1_024;
/// People read counters, not more often than this.
const STATUS_EVERY: Duration = Duration::from_millis(500);

/// What the supervisor knows of a port that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) state: PortState,
    pub(super) pool: Option<(Ipv4Addr, Ipv4Addr)>,
    pub(super) leases: usize,
    pub(super) asked: u64,
    pub(super) answered: u64,
}

impl Status {
    /// Of a port on which nothing has happened.
    pub(super) fn of(state: PortState) -> Self {
        Self { state, pool: None, leases: 0, asked: 0, answered: 0 }
    }
}

pub(super) struct Port {
    pub(super) interface: String,
    pub(super) server: Server,
    pub(super) manner: Manner,
    pub(super) sockets: Sockets,
    pub(super) menu: Menu,
    pub(super) heard: Heard,
    pub(super) look: Look,
    pub(super) own: Option<Own>,
    pub(super) reports: Reports,
    /// All addresses of this machine.
    pub(super) ours: watch::Receiver<Arc<Vec<Ipv4Addr>>>,
    /// Whether a cable is in.
    pub(super) link: watch::Receiver<bool>,
    pub(super) status: watch::Sender<Status>,
    pub(super) counters: Counters,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    asked: u64,
    answered: u64,
    /// When somebody was told how it stands.
    told: Option<Instant>,
    /// The disk did not take a lease.
    trouble: Option<Problem>,
    delayed: VecDeque<(Instant, Outgoing)>,
}

/// How the port serves now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Proxy,
    Own,
    /// Not yet known whether addresses may be given.
    Looking,
    Beside(Ipv4Addr),
}

enum Woken {
    Stop,
    Questions(u16),
    Answers,
    Written(Result<Vec<Outgoing>, Problem>),
    Link,
    Time,
}

impl Port {
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut buffer = vec![0; LONGEST];
        loop {
            let due = tokio::time::Instant::from_std(self.due());
            let woken = tokio::select! {
                () = stop.cancelled() => Woken::Stop,
                _ = self.sockets.requests.readable() => Woken::Questions(SERVER_PORT),
                _ = self.sockets.boot.readable() => Woken::Questions(BOOT_SERVER_PORT),
                _ = self.sockets.answers.readable() => Woken::Answers,
                written = Own::written(&mut self.own) => Woken::Written(written),
                Ok(()) = self.link.changed() => Woken::Link,
                () = tokio::time::sleep_until(due) => Woken::Time,
            };
            let (at, instant) = (now(), Instant::now());
            match woken {
                Woken::Stop => return,
                Woken::Questions(port) => self.questions(port, &mut buffer, at, instant),
                Woken::Answers => self.answers(&mut buffer, at, instant),
                Woken::Written(Ok(replies)) => {
                    self.counters.trouble = None;
                    replies.into_iter().for_each(|reply| self.answer(reply, instant));
                }
                Woken::Written(Err(problem)) => {
                    tracing::error!(%problem, "leases were not written, and not given");
                    self.counters.trouble = Some(problem);
                }
                // A cable that comes back may lead into another network.
                Woken::Link if *self.link.borrow_and_update() => self.look.begin_again(instant),
                Woken::Link | Woken::Time => {}
            }
            self.on_time(at, instant);
        }
    }

    fn role(&self, at: Moment, instant: Instant) -> Role {
        if self.own.is_none() {
            return Role::Proxy;
        }
        match self.look.gives_addresses(at) {
            Some(server) => Role::Beside(server),
            None if self.look.is_first_look_over(instant) => Role::Own,
            None => Role::Looking,
        }
    }

    fn questions(&mut self, port: u16, buffer: &mut [u8], at: Moment, instant: Instant) {
        let role = self.role(at, instant);
        for _ in 0..AT_ONCE {
            let socket = if port == SERVER_PORT { &self.sockets.requests } else { &self.sockets.boot };
            let Some((length, source)) = receive(socket, buffer) else { return };
            let Ok(message) = Message::parse(buffer.get(..length).unwrap_or_default()) else { continue };
            if self.look.is_ours(message.mac) {
                continue;
            }
            match role {
                Role::Own if port == SERVER_PORT => self.question_on_own_network(&message, at, instant),
                Role::Looking if port == SERVER_PORT => self.question_too_early(&message, instant),
                _ => self.question_to_proxy(&message, port, source, instant),
            }
        }
    }

    fn question_to_proxy(&mut self, message: &Message, port: u16, source: SocketAddrV4, instant: Instant) {
        let Ok(request) = Request::of(message) else { return };
        let boot = self.menu.of(&request);
        let answer = reply::proxy(&request, port, source, boot, self.server, self.manner);
        // The request to port 67 is for the other server's address.
        if answer == Err(Silence::NotAsked) {
            return;
        }
        self.counters.asked += 1;
        let (seen, answer) = match answer {
            Ok(answer) => (None, Some(answer)),
            Err(silence) => (self.menu.withheld(silence).map(Seen::Withheld), None),
        };
        let topic = if port == BOOT_SERVER_PORT { Topic::BootServer } else { Topic::Offer };
        if self.heard.asked(&request, topic, instant) {
            let boot_server = port == BOOT_SERVER_PORT;
            let told = || {
                let file = file_in(&answer.as_ref()?.datagram)?;
                Some(Seen::Told { file, boot_server })
            };
            self.tell(&request, boot_server, seen.or_else(told));
        }
        if let Some(answer) = answer {
            self.answer(answer, instant);
        }
    }

    fn question_on_own_network(&mut self, message: &Message, at: Moment, instant: Instant) {
        let Some(own) = self.own.as_mut() else { return };
        self.counters.asked += 1;
        let outcome = own.hear(message, &mut self.menu, at, instant);
        self.take(message, outcome, instant);
    }

    /// Only so that the board has it: the next question, some seconds later, is answered.
    fn question_too_early(&mut self, message: &Message, instant: Instant) {
        if let Ok(request) = Request::of(message)
            && message.kind == MessageKind::Discover
            && self.heard.asked(&request, Topic::Offer, instant)
        {
            self.tell(&request, false, None);
        }
    }

    /// Reports what became of a question, and sends what there is to send now.
    fn take(&mut self, message: &Message, outcome: Outcome, instant: Instant) {
        if message.kind == MessageKind::Discover
            && !outcome.later
            && let Ok(request) = Request::of(message)
            && self.heard.asked(&request, Topic::Offer, instant)
        {
            let told = outcome.file.map(|file| Seen::Told { file, boot_server: false });
            self.tell(&request, false, outcome.withheld.map(Seen::Withheld).or(told));
        }
        if let Some(address) = outcome.leased
            && self.heard.tell(message.mac, Topic::Lease, instant)
        {
            let who = Who { uuid: None, mac: Some(message.mac), address: None };
            let uuid = Request::of(message).ok().and_then(|request| request.uuid);
            self.reports.saw(&self.interface, Who { uuid, ..who }, Seen::Leased(address));
        }
        if let Some(reply) = outcome.reply {
            self.answer(reply, instant);
        }
    }

    fn tell(&self, request: &Request, boot_server: bool, became: Option<Seen>) {
        let who = Who::of(request);
        let Request { architecture, protocol, relay, .. } = *request;
        self.reports.saw(&self.interface, who, Seen::Asked { architecture, protocol, boot_server, relay });
        if let Some(seen) = became {
            self.reports.saw(&self.interface, who, seen);
        }
    }

    /// What other servers say.
    fn answers(&mut self, buffer: &mut [u8], at: Moment, instant: Instant) {
        for _ in 0..AT_ONCE {
            let Some((length, _)) = receive(&self.sockets.answers, buffer) else { return };
            let ours = Arc::clone(&self.ours.borrow());
            let Some(sight) = self.look.hear(buffer.get(..length).unwrap_or_default(), &ours, at) else { continue };
            let Some(protocol) = self.heard.protocol(sight.to, instant) else { continue };
            let gives = self.role(at, instant) == Role::Own;
            let wins = look::wins(&sight, protocol, gives, self.manner.skip_boot_server);
            let topic = if wins { Topic::Winner } else { Topic::Rival };
            if self.heard.tell(sight.to, topic, instant) {
                let file = sight.boots.map(|boots| boots.file).filter(|file| !file.is_empty());
                let seen = Seen::Rival { server: sight.server, address: sight.address, file, wins };
                self.reports.saw(&self.interface, of_mac(sight.to), seen);
            }
        }
    }

    fn answer(&mut self, outgoing: Outgoing, instant: Instant) {
        self.counters.answered += 1;
        if outgoing.delay.is_zero() {
            self.send(&outgoing);
        } else if self.counters.delayed.len() < DELAYED_MOST {
            // All of one port wait as long, so the first is due first.
            self.counters.delayed.push_back((instant + outgoing.delay, outgoing));
        }
    }

    fn send(&self, outgoing: &Outgoing) {
        if let Err(error) = self.sockets.send(outgoing) {
            tracing::debug!(%error, interface = self.interface, "an answer was not sent");
        }
    }

    fn due(&self) -> Instant {
        let status = self.counters.told.map(|told| told + STATUS_EVERY);
        let is_old = self.status.borrow().asked != self.counters.asked || self.look.has_news();
        let first_look = Some(self.look.first_look_ends()).filter(|end| *end > Instant::now());
        let delayed = self.counters.delayed.front().map(|(due, _)| *due);
        let probes = self.own.as_ref().and_then(Own::due);
        let others = [status.filter(|_| is_old), first_look, delayed, probes].into_iter().flatten();
        others.fold(self.look.due(), Instant::min)
    }

    fn on_time(&mut self, at: Moment, instant: Instant) {
        for question in self.look.questions(instant) {
            if let Err(error) = self.sockets.ask(&question) {
                tracing::debug!(%error, interface = self.interface, "other servers were not asked");
            }
        }
        while self.counters.delayed.front().is_some_and(|(due, _)| *due <= instant) {
            if let Some((_, outgoing)) = self.counters.delayed.pop_front() {
                self.send(&outgoing);
            }
        }
        let decided = self.own.as_mut().map(|own| own.on_time(&mut self.menu, at, instant)).unwrap_or_default();
        for (message, outcome) in decided {
            self.take(&message, outcome, instant);
        }
        if let Some(own) = self.own.as_mut() {
            own.commit();
        }
        self.publish(at, instant);
    }

    fn publish(&mut self, at: Moment, instant: Instant) {
        let state = match (&self.counters.trouble, self.role(at, instant)) {
            (Some(problem), Role::Own) => PortState::Failed(problem.clone()),
            (_, Role::Proxy | Role::Own) => PortState::Serving,
            (_, Role::Looking) => PortState::Looking,
            (_, Role::Beside(server)) => PortState::Beside(server),
        };
        let is_due = self.counters.told.is_none_or(|told| instant.duration_since(told) >= STATUS_EVERY);
        if !is_due && self.status.borrow().state == state {
            return;
        }
        self.counters.told = Some(instant);
        let status = Status {
            state,
            pool: self.own.as_ref().map(|own| own.ends),
            leases: self.own.as_ref().map_or(0, |own| own.running(at)),
            asked: self.counters.asked,
            answered: self.counters.answered,
        };
        self.status.send_if_modified(|known| {
            let changed = *known != status;
            *known = status;
            changed
        });
        if self.look.has_news() && self.reports.rivals(&self.interface, self.look.views(&self.interface)) {
            self.look.news_told();
        }
    }
}

pub(super) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> Option<(usize, SocketAddrV4)> {
    loop {
        match socket.try_recv_from(buffer) {
            Ok((length, SocketAddr::V4(source))) => return Some((length, source)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
            // The interface went down: the supervisor sees to that.
            Err(_) => return None,
            Ok(_) => {}
        }
    }
}

fn of_mac(mac: Mac) -> Who {
    Who { uuid: None, mac: Some(mac), address: None }
}

/// What an answer of ours names to boot.
pub(super) fn file_in(datagram: &[u8]) -> Option<String> {
    let message = Message::parse(datagram).ok()?;
    Some(String::from_utf8_lossy(message.options.text(67)?).into_owned())
}
