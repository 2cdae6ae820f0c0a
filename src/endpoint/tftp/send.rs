//! A flight of blocks onto the wire: straight out of the file's one copy in memory, as few calls as the kernel allows.

use std::{io::IoSlice, net::UdpSocket, os::fd::AsRawFd};

use nix::{
    errno::Errno,
    sys::socket::{ControlMessage, MsgFlags, sendmsg},
};
use whiteglove_core::tftp::Flight;

/// The kernel's UDP_MAX_SEGMENTS of old; newer ones take 128.
const SEGMENTS: usize = 64;
/// A datagram's most, before it is cut into segments.
const BYTES: usize = 65_507;
const HEADER: usize = 4;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Handed to the kernel, or lost on the way, which the client will tell.
    All,
    /// The socket's buffer is full; this has to wait until it can be written to again.
    Left(Flight),
    /// Nobody listens there any more.
    Gone,
}

/// Sends blocks whose content lies in `content`. `cut` tells whether the kernel cuts datagrams for this socket, and is
/// cleared when it refuses: an MTU below the block's size, a device without checksums.
pub(super) fn send(socket: &UdpSocket, flight: Flight, content: &[u8], cut: &mut bool) -> Sent {
    let start = flight.content().start;
    let datagram = usize::from(flight.shape.block) + HEADER;
    let mut left = flight;
    while left.count > 0 {
        let most = if *cut { (BYTES / datagram).clamp(1, SEGMENTS) } else { 1 };
        let count = left.count.min(u16::try_from(most).unwrap_or(1));
        match once(socket, Flight { count, ..left }, content, start) {
            Err(Errno::EINTR) => continue,
            Err(Errno::EAGAIN) => return Sent::Left(left),
            Err(Errno::ECONNREFUSED) => return Sent::Gone,
            Err(error) if count > 1 => {
                tracing::debug!(%error, "the kernel does not cut datagrams here");
                *cut = false;
                continue;
            }
            // No route for now, no buffer in the device: as good as lost on the wire.
            Ok(()) | Err(_) => {}
        }
        left = Flight { first: left.first + u64::from(count), count: left.count - count, ..left };
    }
    Sent::All
}

fn once(socket: &UdpSocket, flight: Flight, content: &[u8], start: u64) -> Result<(), Errno> {
    let mut headers = [[0; HEADER]; SEGMENTS];
    let mut ranges = [(0, 0); SEGMENTS];
    let mut count = 0;
    for ((header, range), (head, place)) in flight.datagrams().zip(headers.iter_mut().zip(&mut ranges)) {
        let within = |at: u64| usize::try_from(at - start).unwrap_or(usize::MAX);
        (*head, *place) = (header, (within(range.start), within(range.end)));
        count += 1;
    }
    let mut parts = [IoSlice::new(&[]); 2 * SEGMENTS];
    for ((pair, head), (from, to)) in parts.chunks_exact_mut(2).zip(&headers).zip(ranges).take(count) {
        let [first, second] = pair else { continue };
        // Nothing is sent in place of bytes that are not there.
        let bytes = content.get(from..to).ok_or(Errno::EFAULT)?;
        (*first, *second) = (IoSlice::new(head), IoSlice::new(bytes));
    }
    let segment = flight.shape.block.saturating_add(4);
    let (fd, parts) = (socket.as_raw_fd(), parts.get(..2 * count).unwrap_or_default());
    match count {
        1 => sendmsg::<()>(fd, parts, &[], MsgFlags::empty(), None)?,
        _ => sendmsg::<()>(fd, parts, &[ControlMessage::UdpGsoSegments(&segment)], MsgFlags::empty(), None)?,
    };
    Ok(())
}
