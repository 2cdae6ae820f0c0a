//! The server on loopback, against a client of a few lines; tests/it/tftp.rs has the real ones.
#![allow(clippy::cast_possible_truncation, reason = "numbers of blocks, as they are on the wire")]

use tokio::sync::mpsc;
use whiteglove_core::{
    netboot::Seen,
    tftp::{Options, Packet, Refusal},
};

use super::*;
use crate::appliance::{Input, Wire};

const PATIENCE: Duration = Duration::from_secs(10);

struct Bench {
    tftp: Tftp,
    address: SocketAddr,
    told: mpsc::Receiver<Input>,
    _catalogue: watch::Sender<Arc<Catalogue>>,
}

fn bench(files: &[(&'static str, &Arc<Content>)]) -> Bench {
    let catalogue = Catalogue::of(files.iter().map(|(name, content)| (*name, Arc::clone(content))));
    let (sender, catalogue) = watch::channel(catalogue);
    let (inbox, told) = mpsc::channel(4_096);
    // A port that was free a moment ago.
    let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let tftp = start("lo", Ipv4Addr::LOCALHOST, address.port(), catalogue, Reports::new(inbox)).unwrap();
    Bench { tftp, address, told, _catalogue: sender }
}

impl Bench {
    /// Everything that was seen until the server stopped.
    fn seen(self) -> Vec<Seen> {
        let Self { tftp, mut told, .. } = self;
        drop(tftp);
        let mut all = Vec::new();
        while let Ok(input) = told.try_recv() {
            if let Input::Wire(Wire::Seen(sighting)) = input {
                assert_eq!(sighting.port, "lo");
                assert_eq!(sighting.who.address, Some(Ipv4Addr::LOCALHOST));
                all.push(sighting.seen);
            }
        }
        all
    }
}

/// Any bytes, none of which repeat at a block's distance.
fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|n| (n.wrapping_mul(2_654_435_761) >> 7) as u8).collect()
}

struct Client {
    socket: UdpSocket,
    server: SocketAddr,
}

impl Client {
    fn asking(bench: &Bench, name: &str, options: Options) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = FileName::parse(name.as_bytes()).unwrap();
        let request = Packet::Read(whiteglove_core::tftp::ReadRequest { name, options }).to_bytes();
        socket.send_to(&request, bench.address).unwrap();
        Self { socket, server: bench.address }
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut buffer = [0; 65_536];
        let (length, from) = self.socket.recv_from(&mut buffer).unwrap();
        self.server = from;
        buffer[..length].to_vec()
    }

    fn send(&self, packet: &Packet<'_>) {
        self.socket.send_to(&packet.to_bytes(), self.server).unwrap();
    }

    /// The whole file, as windows of so many blocks.
    fn take(mut self, window: u64) -> Vec<u8> {
        let (mut whole, mut last, mut size) = (Vec::new(), 0_u64, 512);
        loop {
            let datagram = self.receive();
            match Packet::parse(&datagram).unwrap() {
                Packet::Granted(granted) => {
                    size = usize::from(granted.block.unwrap_or(512));
                    self.send(&Packet::Ack(0));
                }
                Packet::Data { block, content } if block == (last + 1) as u16 => {
                    last += 1;
                    whole.extend_from_slice(content);
                    if content.len() < size || last % window == 0 {
                        self.send(&Packet::Ack(block));
                    }
                    if content.len() < size {
                        return whole;
                    }
                }
                other => panic!("block {last}: {other:?}"),
            }
        }
    }
}

fn windows(block: u16, window: u16) -> Options {
    Options { block: Some(block), window: Some(window), size: Some(0), ..Options::default() }
}

#[test]
fn files_arrive_whole_whatever_the_client_asks_for() {
    let content = bytes(1_468 * 300);
    let held = Content::of(content.clone());
    for (options, window) in
        [(Options::default(), 1), (windows(1_024, 1), 1), (windows(1_468, 64), 64), (windows(8, 3), 3)]
    {
        let bench = bench(&[("boot/vmlinuz", &held)]);
        assert!(Client::asking(&bench, "\\boot//vmlinuz", options).take(window) == content, "{options:?}");
        let size = content.len() as u64;
        // The last acknowledgement may still be on its way.
        std::thread::sleep(Duration::from_millis(50));
        let seen = bench.seen();
        assert!(
            matches!(&seen[..], [Seen::Fetching { size: of, .. }, Seen::Fetched { name, .. }] if *of == size && name == "boot/vmlinuz"),
            "{seen:?}"
        );
    }
}

#[test]
fn an_empty_file_is_one_empty_block() {
    let bench = bench(&[("empty", &Content::of(Vec::new()))]);
    assert!(Client::asking(&bench, "empty", windows(1_468, 4)).take(4).is_empty());
}

#[test]
fn who_only_wants_the_size_is_told_and_no_failure() {
    let bench = bench(&[("shimx64.efi", &Content::of(bytes(5_000)))]);
    let mut client = Client::asking(&bench, "shimx64.efi", windows(1_468, 4));
    let datagram = client.receive();
    let granted = Options { size: Some(5_000), ..windows(1_468, 4) };
    assert_eq!(Packet::parse(&datagram), Ok(Packet::Granted(granted)));
    client.send(&Packet::Error { code: ErrorCode::Options, text: "User aborted the transfer".to_owned() });
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(bench.seen(), [Seen::Probed { name: "shimx64.efi".to_owned(), size: 5_000 }]);
}

#[test]
fn what_is_not_there_is_said_at_once_and_told_once_a_second() {
    let bench = bench(&[("there", &Content::of(bytes(1)))]);
    for name in ["etc/passwd", "../there", "etc/passwd", "There"] {
        let mut client = Client::asking(&bench, name, Options::default());
        let datagram = client.receive();
        let Ok(Packet::Error { code, .. }) = Packet::parse(&datagram) else { panic!("{datagram:?}") };
        assert_eq!(code, ErrorCode::NotFound);
    }
    for n in 0..100 {
        Client::asking(&bench, &format!("guess/{n}"), Options::default()).receive();
    }
    let seen = bench.seen();
    assert!(matches!(&seen[0], Seen::NotThere { name, .. } if name == "etc/passwd"));
    // Two seconds may have begun.
    assert!((16..=33).contains(&seen.len()), "{}", seen.len());
}

#[test]
fn writing_is_refused() {
    let bench = bench(&[("there", &Content::of(bytes(1)))]);
    let mut client = Client::asking(&bench, "nothing", Options::default());
    client.receive();
    client.server = bench.address;
    client.socket.send_to(b"\0\x02there\0octet\0", client.server).unwrap();
    let datagram = client.receive();
    assert_eq!(Some((ErrorCode::AccessViolation, "Read only")), Refusal::Write.answer());
    assert!(matches!(Packet::parse(&datagram), Ok(Packet::Error { code: ErrorCode::AccessViolation, .. })));
}

#[test]
fn a_client_whose_port_is_closed_is_given_up_at_once() {
    let bench = bench(&[("large", &Content::of(bytes(1 << 20)))]);
    let mut client = Client::asking(&bench, "large", windows(1_468, 4));
    client.receive();
    client.send(&Packet::Ack(0));
    client.receive();
    drop(client);
    std::thread::sleep(Duration::from_millis(700));
    let seen = bench.seen();
    assert!(matches!(&seen[1], Seen::Broken { how, had: 0, .. } if how == "it had closed its port"), "{seen:?}");
}

#[test]
fn the_board_sees_what_runs_and_then_that_nothing_does() {
    let mut bench = bench(&[("large", &Content::of(bytes(1 << 20)))]);
    let mut client = Client::asking(&bench, "large", windows(1_468, 4));
    client.receive();
    client.send(&Packet::Ack(0));
    let mut shown = Vec::new();
    while shown.last() != Some(&0) {
        match bench.told.blocking_recv().unwrap() {
            Input::Wire(Wire::Transfers { transfers, .. }) => shown.push(transfers.len()),
            _ => continue,
        }
        client.send(&Packet::Error { code: ErrorCode::Other, text: String::new() });
    }
    assert_eq!(shown.first(), Some(&1));
}

#[test]
fn a_large_file_that_is_written_to_meanwhile_is_not_sent_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boot.wim");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len((64 << 20) + 1).unwrap();
    let bench = bench(&[("winpe/sources/boot.wim", &Content::at(&path))]);
    let mut client = Client::asking(&bench, "winpe/sources/boot.wim", windows(1_468, 2));
    client.receive();
    client.send(&Packet::Ack(0));
    assert_eq!((client.receive().len(), client.receive().len()), (1_472, 1_472));
    std::thread::sleep(Duration::from_millis(20));
    std::os::unix::fs::FileExt::write_at(&file, b"x", 5_000).unwrap();
    client.send(&Packet::Ack(2));
    // The last block comes again if this takes long.
    while !matches!(Packet::parse(&client.receive()), Ok(Packet::Error { .. })) {}
    let seen = bench.seen();
    assert!(matches!(&seen[1], Seen::Broken { how, .. } if how.contains("being changed")), "{seen:?}");
}
