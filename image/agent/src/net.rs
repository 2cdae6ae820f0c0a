//! The laptop's side of the cable: brings wired adapters up, keeps an address on each by DHCP, and
//! tells what it has. Decides nothing about DHCP; that is `whiteglove_core::dhcp`.

pub mod mdns;
mod rtnetlink;

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddrV4, UdpSocket},
    os::fd::{AsFd, BorrowedFd},
    thread,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, Socket, Type};
use whiteglove_core::{
    capture::NicKind,
    clock::Moment,
    dhcp::{
        CLIENT_PORT, SERVER_PORT,
        client::{Client, Lease, Step},
    },
    identity::Mac,
};

use crate::read::{self, Root};
pub use rtnetlink::permanent_macs;
use rtnetlink::{Link, Rtnetlink};

/// A link event can get lost when the socket overruns; then this is how late we are.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// One wired adapter as a person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NicStatus {
    pub name: String,
    pub mac: Mac,
    pub cable: bool,
    pub lease: Option<Lease>,
}

/// Starts the thread; `tell` hears the whole list whenever something in it changed.
pub fn start(root: &Root, tell: impl Fn(Vec<NicStatus>) + Send + 'static) {
    let root = root.clone();
    thread::spawn(move || {
        let wired = |name: &str| {
            let physical = root.exists(&format!("sys/class/net/{name}/device"));
            physical && read::nic_kind(&root, name) == NicKind::Wired
        };
        run(wired, tell)
    });
}

/// For ever. `wanted` picks the adapters by their names; those without an Ethernet address never count.
pub fn run(wanted: impl Fn(&str) -> bool, tell: impl Fn(Vec<NicStatus>)) -> ! {
    let start = Instant::now();
    let now = move || Moment::from_millis(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX));
    loop {
        match serve(&wanted, &tell, &now) {
            Ok(never) => match never {},
            // Netlink is part of every kernel; if it fails there is nothing better than to try again.
            Err(_) => thread::sleep(LOOK_AGAIN),
        }
    }
}

enum Never {}

fn serve(
    wanted: &impl Fn(&str) -> bool,
    tell: &impl Fn(Vec<NicStatus>),
    now: &impl Fn() -> Moment,
) -> io::Result<Never> {
    let mut rtnetlink = Rtnetlink::open()?;
    let changes = rtnetlink::changes()?;
    let mut nics: BTreeMap<u32, Nic> = BTreeMap::new();
    let mut told = None;
    loop {
        let links = rtnetlink.links()?;
        nics.retain(|index, _| links.iter().any(|link| link.index == *index));
        for link in links.iter().filter(|link| link.is_ethernet() && wanted(&link.name)) {
            match nics.get_mut(&link.index) {
                Some(nic) => nic.on_link(link, &mut rtnetlink, now()),
                None => {
                    // An adapter that cannot be brought up is tried again with the next look.
                    if let Ok(nic) = Nic::open(link, &mut rtnetlink, now()) {
                        nics.insert(link.index, nic);
                    }
                }
            }
        }
        // A while of datagrams and timers, until links change.
        let look_again = now().after(LOOK_AGAIN);
        loop {
            nics.values_mut().for_each(|nic| nic.on_tick(&mut rtnetlink, now()));
            let status: Vec<NicStatus> = nics.values().map(Nic::status).collect();
            if told.as_ref() != Some(&status) {
                told = Some(status.clone());
                tell(status);
            }
            let due = nics.values().filter(|nic| nic.cable).map(|nic| nic.client.due()).chain([look_again]).min();
            let patience = due.unwrap_or(look_again).since(now());
            if patience.is_zero() && now() >= look_again {
                break;
            }
            let (links_changed, readable) = wait(changes.as_fd(), &nics, patience)?;
            for index in readable {
                if let Some(nic) = nics.get_mut(&index) {
                    nic.receive(&mut rtnetlink, now());
                }
            }
            if links_changed {
                rtnetlink::drain(&changes);
                break;
            }
        }
    }
}

fn wait(changes: BorrowedFd<'_>, nics: &BTreeMap<u32, Nic>, patience: Duration) -> io::Result<(bool, Vec<u32>)> {
    let mut fds = vec![PollFd::from_borrowed_fd(changes, PollFlags::IN)];
    fds.extend(nics.values().map(|nic| PollFd::new(&nic.socket, PollFlags::IN)));
    let timeout = Timespec {
        tv_sec: i64::try_from(patience.as_secs()).unwrap_or(1),
        // A timer that is due within the millisecond must not spin.
        tv_nsec: i64::from(patience.subsec_nanos()) + 1_000_000,
    };
    let timeout =
        Timespec { tv_sec: timeout.tv_sec + timeout.tv_nsec / 1_000_000_000, tv_nsec: timeout.tv_nsec % 1_000_000_000 };
    poll(&mut fds, Some(&timeout))?;
    let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
    let readable = nics.keys().zip(ready.iter().skip(1)).filter(|(_, ready)| **ready).map(|(index, _)| *index);
    Ok((ready.first().copied().unwrap_or(false), readable.collect()))
}

struct Nic {
    index: u32,
    name: String,
    mac: Mac,
    cable: bool,
    socket: UdpSocket,
    client: Client,
    /// What is configured on the adapter.
    lease: Option<Lease>,
}

impl Nic {
    fn open(link: &Link, rtnetlink: &mut Rtnetlink, now: Moment) -> io::Result<Self> {
        rtnetlink.set_up(link.index)?;
        let mac = link.mac.unwrap_or(Mac([0; 6]));
        // Any number will do if the system has no randomness to give; a MAC differs at least.
        let transaction =
            getrandom::u32().unwrap_or_else(|_| u32::from_be_bytes([mac.0[2], mac.0[3], mac.0[4], mac.0[5]]));
        Ok(Self {
            index: link.index,
            name: link.name.clone(),
            mac,
            cable: link.carrier,
            socket: socket(&link.name)?,
            client: Client::new(mac, transaction, now),
            lease: None,
        })
    }

    fn status(&self) -> NicStatus {
        NicStatus { name: self.name.clone(), mac: self.mac, cable: self.cable, lease: self.lease.clone() }
    }

    fn on_link(&mut self, link: &Link, rtnetlink: &mut Rtnetlink, now: Moment) {
        if link.carrier && !self.cable {
            let steps = self.client.on_carrier(now);
            self.follow(steps, rtnetlink);
        }
        self.cable = link.carrier;
        if !link.up {
            let _ = rtnetlink.set_up(link.index);
        }
    }

    fn on_tick(&mut self, rtnetlink: &mut Rtnetlink, now: Moment) {
        if self.cable {
            let steps = self.client.on_tick(now);
            self.follow(steps, rtnetlink);
        }
    }

    fn receive(&mut self, rtnetlink: &mut Rtnetlink, now: Moment) {
        let mut buffer = [0; 2048];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            let steps = self.client.on_datagram(&buffer[..length], now);
            self.follow(steps, rtnetlink);
        }
    }

    /// A step that fails is repeated by the client's timers: it sees no answer.
    fn follow(&mut self, steps: Vec<Step>, rtnetlink: &mut Rtnetlink) {
        let to = |address| SocketAddrV4::new(address, SERVER_PORT);
        for step in steps {
            match step {
                Step::Broadcast(bytes) => drop(self.socket.send_to(&bytes, to(Ipv4Addr::BROADCAST))),
                Step::Unicast(server, bytes) => drop(self.socket.send_to(&bytes, to(server))),
                Step::Bind(lease) => {
                    if rtnetlink.configure(self.index, &lease).is_ok() {
                        self.lease = Some(lease);
                    }
                }
                Step::Unbind => {
                    if let Some(lease) = self.lease.take() {
                        let _ = rtnetlink.remove_address(self.index, &lease);
                    }
                }
            }
        }
    }
}

/// Port 68 of one adapter, usable before the adapter has an address.
fn socket(name: &str) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    socket.set_broadcast(true)?;
    socket.bind_device(Some(name.as_bytes()))?;
    socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, CLIENT_PORT).into())?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
