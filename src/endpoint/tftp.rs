//! TFTP on the wire: one thread that moves datagrams between sockets and [`whiteglove_core::tftp`], and decides nothing.
//!
//! Each transfer has a socket of its own, connected to its client: the kernel sorts packets, refuses strangers and
//! tells when the client's port is closed. Content is sent from where it lies in memory, once for all transfers;
//! a transfer costs a socket and some hundred bytes.

mod send;
mod tell;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket},
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::{
        epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
        eventfd::{EfdFlags, EventFd},
        resource::{Resource, getrlimit, setrlimit},
    },
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::watch;
use whiteglove_core::{
    clock::Moment,
    netboot::{Carrier, TransferView, Who},
    tftp::{Action, ErrorCode, FileName, Flight, Found, Limits, Server, Ticket, TransferId, View, packet},
};

use self::{
    send::Sent,
    tell::{MOST_VIEWS, Teller},
};
use super::{
    buffers,
    catalogue::{Catalogue, Content, Source},
    reports::Reports,
};
use crate::clock::now;

/// A request takes some hundred bytes of it: a bench where the power came back.
const REQUESTS_WAITING: usize = 4 << 20;
/// Some windows of 64 blocks, so that a slow card keeps none of them back.
const FLIGHTS_WAITING: usize = 1 << 20;
/// Transfers, and everything else that the program has open.
const DESCRIPTORS: u64 = 16_384;
/// Longer than any request that a catalogue's name fits in.
const LONGEST: usize = 2_048;
/// Requests in a row, before transfers have their turn.
const REQUESTS_AT_ONCE: usize = 64;
const EVENTS_AT_ONCE: usize = 128;

const LISTENER: u64 = u64::MAX;
const STOP: u64 = u64::MAX - 1;

/// A running server; stops when dropped.
#[derive(Debug)]
pub(crate) struct Tftp {
    stop: Arc<EventFd>,
    thread: Option<JoinHandle<()>>,
}

/// Serves the catalogue on one address of one interface; an empty name is any interface.
///
/// # Errors
/// The address cannot be used.
pub(crate) fn start(
    interface: &str,
    address: Ipv4Addr,
    port: u16,
    catalogue: watch::Receiver<Arc<Catalogue>>,
    reports: Reports,
) -> io::Result<Tftp> {
    raise_limit();
    let place = Place { interface: interface.to_owned(), address };
    let listener = place.socket(port)?;
    buffers::receive(&listener, REQUESTS_WAITING);
    let listener = UdpSocket::from(listener);
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    let stop = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
    epoll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
    epoll.add(&stop, EpollEvent::new(EpollFlags::EPOLLIN, STOP))?;
    let shell = Shell {
        teller: Teller::new(reports, interface, address),
        place,
        epoll,
        listener,
        catalogue,
        server: Server::new(Limits::default()),
        lines: Lines::default(),
        began: (Instant::now(), now()),
        read: Vec::new(),
    };
    let thread = std::thread::Builder::new().name("tftp".to_owned()).spawn(move || shell.run())?;
    Ok(Tftp { stop, thread: Some(thread) })
}

impl Drop for Tftp {
    fn drop(&mut self) {
        // It cannot fail: the counter is far from full.
        let _ = self.stop.write(1);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Where packets come from and go to.
struct Place {
    interface: String,
    address: Ipv4Addr,
}

impl Place {
    fn socket(&self, port: u16) -> io::Result<Socket> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        if !self.interface.is_empty() {
            // Two benches' networks may have the same addresses.
            socket.bind_device(Some(self.interface.as_bytes()))?;
        }
        socket.bind(&SocketAddrV4::new(self.address, port).into())?;
        Ok(socket)
    }

    fn connected(&self, client: SocketAddr) -> io::Result<UdpSocket> {
        let socket = self.socket(0)?;
        socket.connect(&client.into())?;
        buffers::send(&socket, FLIGHTS_WAITING);
        Ok(socket.into())
    }
}

/// A transfer's socket and what is sent over it.
struct Line {
    transfer: TransferId,
    client: SocketAddrV4,
    name: String,
    content: Arc<Content>,
    socket: UdpSocket,
    /// Whether the kernel cuts our datagrams into blocks.
    cut: bool,
    /// Blocks that did not fit into the socket's buffer.
    left: Option<Flight>,
    /// Known once it is told that this transfer runs.
    who: Option<Who>,
    /// What went wrong on our side.
    why: Option<String>,
}

/// By the number under which epoll knows them, and by transfer.
#[derive(Default)]
struct Lines {
    lines: Vec<Option<Line>>,
    free: Vec<usize>,
    places: HashMap<TransferId, usize>,
}

impl Lines {
    fn put(&mut self, line: Line) -> u64 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.lines.push(None);
            self.lines.len() - 1
        });
        self.places.insert(line.transfer, place);
        if let Some(empty) = self.lines.get_mut(place) {
            *empty = Some(line);
        }
        place as u64
    }

    fn at(&mut self, place: u64) -> Option<&mut Line> {
        self.lines.get_mut(usize::try_from(place).ok()?)?.as_mut()
    }

    fn of(&mut self, transfer: TransferId) -> Option<(u64, &mut Line)> {
        let place = *self.places.get(&transfer)?;
        Some((place as u64, self.lines.get_mut(place)?.as_mut()?))
    }

    fn take(&mut self, transfer: TransferId) -> Option<Line> {
        let place = self.places.remove(&transfer)?;
        self.free.push(place);
        self.lines.get_mut(place)?.take()
    }
}

struct Shell {
    place: Place,
    epoll: Epoll,
    listener: UdpSocket,
    catalogue: watch::Receiver<Arc<Catalogue>>,
    server: Server<Arc<Content>>,
    lines: Lines,
    teller: Teller,
    began: (Instant, Moment),
    /// What was read of a file that is too large for memory; for one flight at a time.
    read: Vec<u8>,
}

impl Shell {
    /// The time of day at the start and what has passed since: it looks like everybody's time and never runs backwards.
    fn now(&self) -> Moment {
        self.began.1.after(self.began.0.elapsed())
    }

    fn run(mut self) {
        let mut events = [EpollEvent::empty(); EVENTS_AT_ONCE];
        loop {
            let ready = match self.epoll.wait(&mut events, self.patience()) {
                Ok(count) => events.get(..count).unwrap_or_default(),
                Err(Errno::EINTR) => continue,
                Err(error) => {
                    tracing::error!(%error, "TFTP ends");
                    return;
                }
            };
            let now = self.now();
            for event in ready {
                match event.data() {
                    STOP => return,
                    LISTENER => self.requests(now),
                    place => self.packet(place, event.events(), now),
                }
            }
            self.server.on_time(now);
            self.act(now);
            if self.teller.views_due(!self.server.is_empty()).is_some_and(|due| due <= now) {
                let views = self.views(now);
                self.teller.views(views, now);
            }
        }
    }

    fn patience(&self) -> EpollTimeout {
        let wakes = [self.server.next_wake(), self.teller.views_due(!self.server.is_empty())];
        let Some(next) = wakes.into_iter().flatten().min() else { return EpollTimeout::NONE };
        let wait = next.since(self.now()).min(Duration::from_secs(30));
        EpollTimeout::try_from(wait).unwrap_or(EpollTimeout::ZERO)
    }

    fn requests(&mut self, now: Moment) {
        let mut buffer = [0; LONGEST];
        for _ in 0..REQUESTS_AT_ONCE {
            let (length, client) = match self.listener.recv_from(&mut buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Somebody's port was closed before our answer came: it belongs to no request here.
                Err(_) => continue,
            };
            let catalogue = Arc::clone(&self.catalogue.borrow());
            let datagram = buffer.get(..length).unwrap_or_default();
            let find = |name: &FileName| {
                let file = Arc::clone(catalogue.find(name.as_str())?);
                Some(Found { size: file.size(), file })
            };
            match self.server.on_request(client, datagram, find, now) {
                Ticket::Started(_) | Ticket::Taken(_) => {}
                Ticket::NotFound(name) => {
                    if let SocketAddr::V4(client) = client {
                        self.teller.not_there(*client.ip(), name.as_str(), now);
                    }
                }
                ticket => tracing::debug!(%client, ?ticket, "not served"),
            }
            self.act(now);
        }
    }

    /// One packet: the next transfer's turn comes before this one's next packet.
    fn packet(&mut self, place: u64, events: EpollFlags, now: Moment) {
        let Some(line) = self.lines.at(place) else { return };
        let transfer = line.transfer;
        if events.contains(EpollFlags::EPOLLOUT) {
            let wanted = EpollFlags::EPOLLIN;
            let _ = self.epoll.modify(&line.socket, &mut EpollEvent::new(wanted, place));
            if let Some(flight) = line.left.take() {
                self.send(transfer, flight);
            }
        }
        let Some(line) = self.lines.at(place) else { return };
        let mut buffer = [0; LONGEST];
        match line.socket.recv(&mut buffer) {
            Ok(length) => {
                // The socket is connected: nobody else's packets come in here.
                self.server.on_packet(transfer, line.client.into(), buffer.get(..length).unwrap_or_default(), now);
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => self.server.on_unreachable(transfer),
            // Nothing there after all, or a router that has no way for now: time will tell.
            Err(_) => {}
        }
        self.act(now);
    }

    fn act(&mut self, now: Moment) {
        while let Some(action) = self.server.next_action() {
            match action {
                Action::Open { transfer, client, file, name } => self.open(transfer, client, file, name.as_str()),
                Action::Send { transfer, flight, .. } => self.send(transfer, flight),
                Action::Control { transfer, datagram, .. } => {
                    if let Some((_, line)) = self.lines.of(transfer) {
                        let _ = line.socket.send(&datagram);
                    }
                }
                Action::Reply { to, datagram, .. } => drop(self.listener.send_to(&datagram, to)),
                Action::Done { transfer, ended, stats, .. } => {
                    let Some(line) = self.lines.take(transfer) else { continue };
                    let who = line.who.unwrap_or_else(|| self.teller.who(*line.client.ip()));
                    tracing::debug!(client = %line.client, name = line.name, ?ended, resent = stats.resent, "ended");
                    self.teller.ended(who, &line.name, &ended, line.why.as_deref(), &stats, now);
                }
            }
        }
    }

    /// Without a socket the transfer goes unanswered, and the client asks again.
    fn open(&mut self, transfer: TransferId, client: SocketAddr, content: Arc<Content>, name: &str) {
        let SocketAddr::V4(address) = client else { return };
        let socket = match self.place.connected(client) {
            Ok(socket) => socket,
            Err(error) => {
                tracing::warn!(%error, %client, "no socket for a transfer");
                return;
            }
        };
        let line = Line {
            transfer,
            client: address,
            name: name.to_owned(),
            content,
            socket,
            cut: true,
            left: None,
            who: None,
            why: None,
        };
        let place = self.lines.put(line);
        let Some(line) = self.lines.at(place) else { return };
        if let Err(error) = self.epoll.add(&line.socket, EpollEvent::new(EpollFlags::EPOLLIN, place)) {
            tracing::warn!(%error, %client, "no socket for a transfer");
            self.lines.take(transfer);
        }
    }

    fn send(&mut self, transfer: TransferId, flight: Flight) {
        let Some((place, line)) = self.lines.of(transfer) else { return };
        if line.who.is_none() {
            let who = self.teller.who(*line.client.ip());
            line.who = Some(who);
            self.teller.fetching(who, &line.name, line.content.size());
        }
        let range = flight.content();
        let content = match line.content.source() {
            Source::Held(bytes) => {
                let whole = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                bytes.get(whole(range.start)..whole(range.end)).unwrap_or_default()
            }
            Source::OnDisk(file) => {
                self.read.resize(usize::try_from(range.end - range.start).unwrap_or(0), 0);
                if let Err(error) = file.read_at(&mut self.read, range.start) {
                    line.why = Some(format!("{error}"));
                    let _ = line.socket.send(&packet::error(ErrorCode::Other, "The file cannot be read"));
                    self.server.on_unreachable(transfer);
                    return;
                }
                &self.read
            }
        };
        match send::send(&line.socket, flight, content, &mut line.cut) {
            Sent::All => {}
            Sent::Left(left) => {
                let wanted = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT;
                // Failing that, the transfer's own timer sends it again.
                let _ = self.epoll.modify(&line.socket, &mut EpollEvent::new(wanted, place));
                line.left = Some(left);
            }
            Sent::Gone => self.server.on_unreachable(transfer),
        }
    }

    /// What is under way, the oldest first.
    fn views(&self, now: Moment) -> Vec<TransferView> {
        let shown = self.server.transfers().filter(|view| !view.opening);
        let view = |View { client, name, stats, .. }: View<'_, Arc<Content>>| {
            let SocketAddr::V4(client) = client else { return None };
            Some(TransferView {
                address: *client.ip(),
                device: None,
                name: name.as_str().to_owned(),
                by: Carrier::Tftp,
                since: stats.started,
                done: stats.confirmed,
                size: stats.size,
                rate: stats.rate(now),
            })
        };
        let mut views: Vec<_> = shown.filter_map(view).collect();
        views.sort_by_key(|view| (view.since, view.address));
        views.truncate(MOST_VIEWS);
        views
    }
}

/// Every transfer has a socket, and many systems allow 1024 files unless asked for more.
fn raise_limit() {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    if soft < DESCRIPTORS.min(hard) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, DESCRIPTORS.min(hard), hard);
    }
}
