//! Any packets from anybody at any time. Nobody is sent anything who sent nothing; whoever never acknowledged gets four
//! small packets for each request; and what is sent is always a part of the file.
#![no_main]

use std::collections::HashMap;
use std::net::SocketAddr;

use libfuzzer_sys::fuzz_target;
use whiteglove_core::clock::Moment;
use whiteglove_core::tftp::{Action, FileName, Found, Limits, Packet, Server};

const SIZE: u64 = 100_000;

#[derive(Default)]
struct Peer {
    packets: u64,
    acknowledged: bool,
    sent: u64,
}

fuzz_target!(|data: &[u8]| {
    let limits = Limits { transfers: 6, per_client: 4, ..Limits::default() };
    let window = u64::from(limits.offer.window) * (u64::from(limits.offer.block) + 4);
    let mut server: Server<()> = Server::new(limits);
    let find = |name: &FileName| (name.as_str().len() < 9).then_some(Found { file: (), size: SIZE });
    let mut peers: HashMap<SocketAddr, Peer> = HashMap::new();
    let mut running = Vec::new();
    let (mut now, mut turns) = (0_u64, 0_u64);
    let mut rest = data;
    // Each turn: how it arrives, from whom, how much later, how long; then the packet.
    while let [how, from, later, length, tail @ ..] = rest {
        let (packet, tail) = tail.split_at_checked(usize::from(*length % 64)).unwrap_or((tail, &[]));
        rest = tail;
        now += 1 << (later % 16);
        turns += 1;
        let client = SocketAddr::from(([192, 0, 2, from % 3], 1000 + u16::from(from % 7)));
        if *how != 0 {
            let peer = peers.entry(client).or_default();
            peer.packets += 1;
            peer.acknowledged |= matches!(Packet::parse(packet), Ok(Packet::Ack(_)));
        }
        let time = Moment::from_millis(now);
        match how % 4 {
            0 => server.on_time(time),
            1 => drop(server.on_request(client, packet, find, time)),
            2 => drop(server.on_datagram(client, packet, find, time)),
            _ => match running.get(usize::from(*how / 4) % running.len().max(1)) {
                Some(id) => drop(server.on_packet(*id, client, packet, time)),
                None => continue,
            },
        }
        while let Some(action) = server.next_action() {
            let (to, bytes) = match action {
                Action::Open { transfer, .. } => {
                    running.push(transfer);
                    continue;
                }
                Action::Done { stats, .. } => {
                    assert!(stats.confirmed <= SIZE);
                    continue;
                }
                Action::Send { client, flight, .. } => {
                    let mut bytes = 0;
                    for (_, range) in flight.datagrams() {
                        assert!(range.start <= range.end && range.end <= SIZE);
                        assert!(range.end - range.start <= u64::from(flight.shape.block));
                        bytes += 4 + range.end - range.start;
                    }
                    assert!(bytes <= window);
                    (client, bytes)
                }
                Action::Control { client, datagram, .. } => (client, datagram.len() as u64),
                Action::Reply { to, datagram, .. } => (to, datagram.len() as u64),
            };
            let peer = peers.get_mut(&to).expect("sent to somebody who sent nothing");
            peer.sent += bytes;
            let bound = if peer.acknowledged { (peer.packets + turns) * window } else { peer.packets * 4 * 516 };
            assert!(peer.sent <= bound, "{} bytes for {} packets", peer.sent, peer.packets);
        }
        assert!(server.len() <= 6);
        assert_eq!(server.next_wake().is_none(), server.is_empty());
    }
});
