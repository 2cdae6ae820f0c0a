//! The sockets of one interface.
//!
//! They are bound to the interface by name: what comes in elsewhere is not heard, and answers leave where the
//! question came in. No address is shared with another program: two servers on one port of one
//! interface would each get some of the questions, and neither would know.

use std::{
    io::{self, IoSlice},
    net::{Ipv4Addr, SocketAddrV4},
    os::fd::AsRawFd,
};

use nix::{
    libc,
    sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg, setsockopt, sockopt},
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use whiteglove_core::dhcp::{
    BOOT_SERVER_PORT, CLIENT_PORT, SERVER_PORT,
    reply::{Destination, Outgoing},
};

/// A bench where the power came back: all laptops ask within the same second.
const WAITING: usize = 4 << 20;

#[derive(Debug)]
pub(super) struct Sockets {
    pub(super) requests: UdpSocket,
    pub(super) boot: UdpSocket,
    /// What other servers say to everybody.
    pub(super) answers: UdpSocket,
    way_out: libc::in_pktinfo,
}

/// Which port could not be had.
#[derive(Debug)]
pub(super) struct NotBound {
    pub(super) port: u16,
    pub(super) error: io::Error,
}

impl Sockets {
    /// # Errors
    /// A port cannot be had.
    pub(super) fn open(interface: &str, index: u32, address: Ipv4Addr) -> Result<Self, NotBound> {
        let open =
            |port| server(interface, port).and_then(UdpSocket::from_std).map_err(|error| NotBound { port, error });
        Ok(Self {
            requests: open(SERVER_PORT)?,
            boot: open(BOOT_SERVER_PORT)?,
            answers: listener(interface).map_err(|error| NotBound { port: CLIENT_PORT, error })?,
            way_out: way_out(index, address),
        })
    }

    /// # Errors
    /// The system's; a full buffer is one too, and the client asks again.
    pub(super) fn send(&self, outgoing: &Outgoing) -> io::Result<()> {
        let socket = if outgoing.from == BOOT_SERVER_PORT { &self.boot } else { &self.requests };
        let to = match outgoing.to {
            Destination::Unicast(to) => to,
            // The frame to a client that does not answer for its address yet takes raw sockets or a change of the
            // kernel's table of neighbours, thus privileges that nothing else here needs. Whoever asks listens
            // for broadcasts as well: servers that cannot address a frame were always common.
            Destination::Broadcast | Destination::Frame(..) => SocketAddrV4::new(Ipv4Addr::BROADCAST, CLIENT_PORT),
        };
        self.send_to(socket, &outgoing.datagram, to)
    }

    /// To all servers, as a client.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn ask(&self, datagram: &[u8]) -> io::Result<()> {
        self.send_to(&self.answers, datagram, SocketAddrV4::new(Ipv4Addr::BROADCAST, SERVER_PORT))
    }

    fn send_to(&self, socket: &UdpSocket, datagram: &[u8], to: SocketAddrV4) -> io::Result<()> {
        let parts = [IoSlice::new(datagram)];
        let way_out = [ControlMessage::Ipv4PacketInfo(&self.way_out)];
        sendmsg(socket.as_raw_fd(), &parts, &way_out, MsgFlags::MSG_DONTWAIT, Some(&SockaddrIn::from(to)))?;
        Ok(())
    }
}

/// The interface, and the address it has among perhaps several.
fn way_out(index: u32, address: Ipv4Addr) -> libc::in_pktinfo {
    let none = libc::in_addr { s_addr: 0 };
    let source = libc::in_addr { s_addr: u32::from_ne_bytes(address.octets()) };
    libc::in_pktinfo { ipi_ifindex: i32::try_from(index).unwrap_or(0), ipi_spec_dst: source, ipi_addr: none }
}

/// Whether the address could be had, without having it.
///
/// # Errors
/// Why not.
pub(super) fn can_bind(interface: &str, address: Ipv4Addr, port: u16) -> io::Result<()> {
    on(interface)?.bind(&SocketAddrV4::new(address, port).into())
}

/// Any address: questions come to 255.255.255.255 as well as to ours.
fn server(interface: &str, port: u16) -> io::Result<std::net::UdpSocket> {
    let socket = on(interface)?;
    socket.set_broadcast(true)?;
    // More than the system allows everybody needs a privilege; without it there is what there is.
    if setsockopt(&socket, sockopt::RcvBufForce, &WAITING).is_err() {
        let _ = socket.set_recv_buffer_size(WAITING);
    }
    if setsockopt(&socket, sockopt::SndBufForce, &WAITING).is_err() {
        let _ = socket.set_send_buffer_size(WAITING);
    }
    socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port).into())?;
    Ok(socket.into())
}

/// Bound to the broadcast address it hears what is said to everybody, and takes nothing from this machine's
/// own DHCP client, which shares the port.
fn listener(interface: &str) -> io::Result<UdpSocket> {
    let socket = on(interface)?;
    socket.set_reuse_address(true)?;
    socket.set_broadcast(true)?;
    socket.bind(&SocketAddrV4::new(Ipv4Addr::BROADCAST, CLIENT_PORT).into())?;
    UdpSocket::from_std(socket.into())
}

fn on(interface: &str) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.bind_device(Some(interface.as_bytes()))?;
    Ok(socket)
}
