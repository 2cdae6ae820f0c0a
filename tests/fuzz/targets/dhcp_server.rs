//! Clients that say anything, to a proxy, to a server of addresses, and to the ear for other servers.
//! No proxy gives an address, no answer is a weapon, no address has two owners.
#![no_main]

use std::{collections::HashMap, net::Ipv4Addr, time::Duration};

use libfuzzer_sys::fuzz_target;
use whiteglove_core::{
    clock::Moment,
    dhcp::{
        BOOT_SERVER_PORT, Message, MessageKind, SERVER_PORT,
        netboot::{Architecture, Protocol, Request},
        own::{ClientId, Decision, LeaseEvent, Leases, Pool, Settings},
        reply::{AMPLIFICATION, Boot, Destination, Files, LONGEST, Manner, Server, proxy},
        rivals::Rivals,
    },
};

const US: Server = Server { address: Ipv4Addr::new(10, 77, 0, 1), http_port: 8080 };
const COOKIE: usize = 240;

fn files() -> Boot {
    let path = || "x64/shimx64.efi".parse().expect("a path");
    let all = [Protocol::Pxe, Protocol::Http, Protocol::Ipxe];
    let files = all.into_iter().fold(Files::default(), |files, protocol| {
        files.with(Architecture::X64, protocol, path()).with(Architecture::Bios, protocol, path())
    });
    Boot::Files(files)
}

/// A whole message of the few bytes that matter: addresses and options.
fn frame(data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; COOKIE];
    bytes[..3].copy_from_slice(&[1, 1, 6]);
    bytes[236..].copy_from_slice(&[99, 130, 83, 99]);
    let [flags, client, mac, options @ ..] = data else { return bytes };
    bytes[10] = flags & 0x80;
    if flags & 1 != 0 {
        bytes[12..16].copy_from_slice(&[10, 77, 0, *client]);
    }
    if flags & 2 != 0 {
        bytes[24..28].copy_from_slice(&[10, 77, 0, *client]);
    }
    bytes[28..34].copy_from_slice(&[0, 0x15, 0x5d, 0, 0, mac % 8]);
    bytes.extend(options);
    bytes
}

fn check_proxy(bytes: &[u8]) {
    let Ok(request) = Request::parse(bytes) else { return };
    for (port, source) in [(SERVER_PORT, "0.0.0.0:68"), (BOOT_SERVER_PORT, "10.77.0.93:4011")] {
        let source = source.parse().expect("an address");
        let Ok(sent) = proxy(&request, port, source, &files(), US, Manner::default()) else { continue };
        assert!((300..=LONGEST).contains(&sent.datagram.len()));
        assert!(sent.datagram.len() <= AMPLIFICATION * bytes.len());
        let answer = Message::parse(&sent.datagram).expect("its own bytes");
        assert!(answer.yours.is_unspecified() && answer.options.get(51).is_none());
        assert!(answer.options.get(43).is_none_or(|value| value.len() <= 255));
        assert!(!matches!(sent.to, Destination::Frame(..)));
    }
}

fuzz_target!(|data: &[u8]| {
    check_proxy(data);
    let settings = Settings {
        server: US,
        prefix: 24,
        first: Ipv4Addr::new(10, 77, 0, 10),
        last: Ipv4Addr::new(10, 77, 0, 13),
        router: None,
        dns: vec![US.address],
        ntp: vec![US.address],
        lease: Duration::from_secs(600),
        probe: false,
    };
    let mut leases = Leases::new(Pool::new(settings).expect("a pool"));
    let mut rivals = Rivals::default();
    let mut owners: HashMap<Ipv4Addr, (ClientId, Moment)> = HashMap::new();
    for (step, said) in (0_u64..).zip(data.split(|byte| *byte == 0xfe)) {
        let now = Moment::from_millis(step * 100_000);
        let bytes = frame(said);
        check_proxy(&bytes);
        let _ = rivals.observe(&bytes, &[US.address], now);
        let Ok(message) = Message::parse(&bytes) else { continue };
        match leases.decide(&message, |_| files(), None, now) {
            Decision::Answer { event, reply, .. } => {
                assert!(reply.datagram.len() <= LONGEST);
                let answer = Message::parse(&reply.datagram).expect("its own bytes");
                let _ = rivals.observe(&reply.datagram, &[], now);
                if let Some(LeaseEvent::Granted { address, client, until, .. }) = &event {
                    assert_eq!((answer.kind, answer.yours), (MessageKind::Ack, *address));
                    if let Some((owner, ends)) = owners.insert(*address, (client.clone(), *until)) {
                        assert!(owner == *client || ends <= now, "{address} has two owners");
                    }
                }
                event.into_iter().for_each(|event| leases.apply(event));
            }
            Decision::Note(event) | Decision::Probe { event, .. } => {
                // Given back or found in use: nobody owns it.
                if event.is_durable() {
                    owners.remove(&event.address());
                }
                leases.apply(event);
            }
            Decision::Quiet(_) => {}
        }
    }
});
