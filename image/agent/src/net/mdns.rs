//! Asks the bench network who the endpoint is: one question for `_whiteglove._tcp.local` and the
//! answers to it (RFC 6762, RFC 6763). What answers is only a candidate; it still has to prove itself.

use std::{
    collections::BTreeSet,
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket},
    time::{Duration, Instant},
};

use socket2::{Domain, Protocol, Socket, Type};

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const PORT: u16 = 5353;
const SERVICE: &str = "_whiteglove._tcp.local";
/// Responders wait up to 120 ms before they answer (RFC 6762, 6); a busy box a little longer.
const PATIENCE: Duration = Duration::from_millis(1500);

const TYPE_A: u16 = 1;
const TYPE_PTR: u16 = 12;
const TYPE_SRV: u16 = 33;

/// Asks on every address we have; what answered within 1.5 s, in order.
pub fn ask(addresses: &[Ipv4Addr]) -> Vec<SocketAddrV4> {
    let sockets: Vec<UdpSocket> = addresses.iter().filter_map(|address| send(*address).ok()).collect();
    let mut found = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    let mut buffer = [0; 9000];
    for socket in &sockets {
        loop {
            // A later socket still gets to read what arrived meanwhile.
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            if socket.set_read_timeout(Some(left)).is_err() {
                break;
            }
            let Ok((length, SocketAddr::V4(from))) = socket.recv_from(&mut buffer) else { break };
            for candidate in endpoints(&buffer[..length], *from.ip()) {
                if !found.contains(&candidate) {
                    found.push(candidate);
                }
            }
            if Instant::now() >= deadline {
                break;
            }
        }
    }
    found
}

fn send(address: Ipv4Addr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    // From port 5353: to a question from any other port some responders do not answer at all.
    socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, PORT).into())?;
    socket.join_multicast_v4(&GROUP, &address)?;
    socket.set_multicast_if_v4(&address)?;
    socket.set_multicast_ttl_v4(255)?;
    let socket: UdpSocket = socket.into();
    socket.send_to(&question(), SocketAddrV4::new(GROUP, PORT))?;
    Ok(socket)
}

fn question() -> Vec<u8> {
    // No id, no flags, one question.
    let mut bytes = vec![0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in SERVICE.split('.') {
        // Our own labels: far below 64 characters.
        bytes.push(u8::try_from(label.len()).unwrap_or(0));
        bytes.extend(label.as_bytes());
    }
    bytes.extend([0, 0, 12, 0, 1]); // end of name, PTR, IN
    bytes
}

/// The endpoints an answer names; where it leaves the address out, its sender.
fn endpoints(packet: &[u8], from: Ipv4Addr) -> Vec<SocketAddrV4> {
    let Some(records) = records(packet) else { return Vec::new() };
    let mut found = BTreeSet::new();
    for record in &records {
        let Record::Service { name, port, target } = record else { continue };
        if !name.ends_with(&format!(".{SERVICE}")) {
            continue;
        }
        let addresses: Vec<Ipv4Addr> = records
            .iter()
            .filter_map(|record| match record {
                Record::Address { name, address } if name == target => Some(*address),
                _ => None,
            })
            .collect();
        let addresses = if addresses.is_empty() { vec![from] } else { addresses };
        found.extend(addresses.into_iter().map(|address| SocketAddrV4::new(address, *port)));
    }
    // The sender's own address first: the box may have others that lead nowhere from here.
    let mut found: Vec<SocketAddrV4> = found.into_iter().collect();
    found.sort_by_key(|candidate| *candidate.ip() != from);
    found
}

#[derive(Debug)]
enum Record {
    Service { name: String, port: u16, target: String },
    Address { name: String, address: Ipv4Addr },
    Other,
}

/// All records of a response; `None` for anything else.
fn records(packet: &[u8]) -> Option<Vec<Record>> {
    let word = |at: usize| Some(u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?]));
    let is_response = packet.get(2)? & 0x80 != 0;
    if !is_response {
        return None;
    }
    let count = [6, 8, 10].into_iter().map(word).sum::<Option<u16>>()?;
    let mut at = 12;
    for _ in 0..word(4)? {
        at = name(packet, at)?.1 + 4;
    }
    let mut records = Vec::new();
    for _ in 0..count {
        let (owner, after) = name(packet, at)?;
        let (kind, length) = (word(after)?, usize::from(word(after + 8)?));
        let data = after + 10;
        records.push(match kind {
            TYPE_SRV => Record::Service { name: owner, port: word(data + 4)?, target: name(packet, data + 6)?.0 },
            TYPE_A if length == 4 => {
                let octets: [u8; 4] = packet.get(data..data + 4)?.try_into().ok()?;
                Record::Address { name: owner, address: Ipv4Addr::from(octets) }
            }
            // A PTR only names an instance, whose SRV comes along (RFC 6763, 12.1).
            TYPE_PTR => Record::Other,
            _ => Record::Other,
        });
        at = data + length;
    }
    Some(records)
}

/// A name in lower case, and where the bytes after it are. Pointers only lead backwards (RFC 1035, 4.1.4).
fn name(packet: &[u8], start: usize) -> Option<(String, usize)> {
    let (mut text, mut at, mut after, mut bound) = (String::new(), start, None, start);
    loop {
        match *packet.get(at)? {
            0 => return Some((text, after.unwrap_or(at + 1))),
            length @ 1..=63 => {
                let label = packet.get(at + 1..at + 1 + usize::from(length))?;
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(&String::from_utf8_lossy(label).to_ascii_lowercase());
                at += 1 + usize::from(length);
            }
            high @ 0xc0.. => {
                let target = usize::from(high & 0x3f) << 8 | usize::from(*packet.get(at + 1)?);
                after = after.or(Some(at + 2));
                if target >= bound {
                    return None;
                }
                (at, bound) = (target, target);
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 1);

    /// PTR, SRV and A as a responder packs them, with a compressed name in each.
    fn answer() -> Vec<u8> {
        let mut packet = vec![0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 2];
        let service = packet.len();
        for label in ["_Whiteglove", "_tcp", "local"] {
            packet.push(u8::try_from(label.len()).unwrap());
            packet.extend(label.as_bytes());
        }
        packet.push(0);
        let record = |packet: &mut Vec<u8>, kind: u16, data: &[u8]| {
            packet.extend(kind.to_be_bytes());
            packet.extend([0x80, 1, 0, 0, 0, 120]);
            packet.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            packet.extend_from_slice(data);
        };
        record(&mut packet, TYPE_PTR, &[5, b'b', b'e', b'n', b'c', b'h', 0xc0, u8::try_from(service).unwrap()]);
        let instance = packet.len() - 8;
        packet.extend([0xc0, u8::try_from(instance).unwrap()]);
        let mut data = vec![0, 0, 0, 0, 0x22, 0x4c, 3];
        data.extend(b"box");
        data.extend([0xc0, u8::try_from(service + 17).unwrap()]);
        let target = packet.len() + 10 + 6;
        record(&mut packet, TYPE_SRV, &data);
        packet.extend([0xc0, u8::try_from(target).unwrap()]);
        record(&mut packet, TYPE_A, &BOX.octets());
        packet
    }

    #[test]
    fn an_answer_names_address_and_port() {
        assert_eq!(endpoints(&answer(), Ipv4Addr::new(10, 0, 0, 1)), [SocketAddrV4::new(BOX, 8780)]);
    }

    #[test]
    fn an_answer_without_an_address_means_its_sender() {
        let mut answer = answer();
        answer.truncate(answer.len() - 16);
        answer[11] = 1;
        assert_eq!(endpoints(&answer, BOX), [SocketAddrV4::new(BOX, 8780)]);
    }

    #[test]
    fn noise_names_nobody() {
        assert_eq!(endpoints(&question(), BOX), []);
        let whole = answer();
        for end in 0..whole.len() {
            let _ = endpoints(&whole[..end], BOX);
        }
        // A name that points at itself.
        let mut looping = vec![0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0xc0, 12];
        looping.extend([0; 12]);
        assert_eq!(endpoints(&looping, BOX), []);
        for byte in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[byte] ^= 0xff;
            let _ = endpoints(&damaged, BOX);
        }
    }
}
