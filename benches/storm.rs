//! A whole bench switched on at once: simulated laptops that get an address, load shim and GRUB by TFTP, kernel and
//! initramfs by HTTP, and hand in a capture, each from an address and with a MAC of its own. The files are thrown away.
//! scripts/bench runs it in a network namespace, against whiteglove and against other people's servers.
//!
//! Prints one line of JSON: how many were captured, and percentiles of the milliseconds from power-on.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark prints and may stop"
)]

use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream, UdpSocket},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use rand_core::UnwrapErr;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use whiteglove_core::{
    api,
    dhcp::{Message, MessageKind},
    envelope::{Envelope, Kind, MessageId},
    identity::Mac,
    media_card::MediaCard,
    testing,
};

/// Firmware's own (EDK2): first wait for an offer, and for a block.
const OFFER_WAIT: Duration = Duration::from_secs(4);
const BLOCK_WAIT: Duration = Duration::from_secs(4);
const TRIES: u32 = 5;

struct Settings {
    server: Ipv4Addr,
    http: u16,
    endpoint: SocketAddr,
    laptops: u32,
    /// Laptop n speaks from this address plus n, which the namespace has.
    first: Ipv4Addr,
    interface: String,
    boot_path: String,
}

impl Settings {
    fn read() -> Self {
        let mut words: HashMap<String, String> = HashMap::new();
        let mut arguments = std::env::args().skip(1).filter(|word| word != "--bench");
        while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
            words.insert(name, value);
        }
        let take = |name: &str| words.get(name).unwrap_or_else(|| panic!("{name} is missing")).clone();
        Self {
            server: take("--server").parse().unwrap(),
            http: take("--http").parse().unwrap(),
            endpoint: take("--endpoint").parse().unwrap(),
            laptops: take("--laptops").parse().unwrap(),
            first: take("--first").parse().unwrap(),
            interface: take("--interface"),
            boot_path: words.get("--prefix").cloned().unwrap_or_default(),
        }
    }
}

/// The one socket that hears all broadcasts, as the laptops of a switch do.
struct Wire {
    socket: UdpSocket,
    waiting: Mutex<HashMap<u32, mpsc::Sender<Message>>>,
}

impl Wire {
    fn open(interface: &str) -> Arc<Self> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).unwrap();
        socket.set_broadcast(true).unwrap();
        // Nobody has a route to everybody.
        socket.bind_device(Some(interface.as_bytes())).unwrap();
        drop(socket.set_recv_buffer_size(4 << 20));
        socket.bind(&SockAddr::from(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68))).unwrap();
        let wire = Arc::new(Self { socket: socket.into(), waiting: Mutex::default() });
        let listener = Arc::clone(&wire);
        thread::spawn(move || {
            let mut buffer = [0; 2048];
            while let Ok((length, _)) = listener.socket.recv_from(&mut buffer) {
                let Ok(message) = Message::parse(&buffer[..length]) else { continue };
                if let Some(sender) = listener.waiting.lock().unwrap().get(&message.transaction) {
                    drop(sender.send(message));
                }
            }
        });
        wire
    }

    /// Asks until it is answered.
    fn ask(&self, message: &Message, heard: &mpsc::Receiver<Message>, wanted: MessageKind) -> Option<Message> {
        for _ in 0..TRIES {
            let everybody = SocketAddrV4::new(Ipv4Addr::BROADCAST, 67);
            self.socket.send_to(&message.to_bytes(), everybody).ok()?;
            let until = Instant::now() + OFFER_WAIT;
            while let Ok(answer) = heard.recv_timeout(until.saturating_duration_since(Instant::now())) {
                if answer.kind == wanted {
                    return Some(answer);
                }
            }
        }
        None
    }
}

struct Laptop<'a> {
    number: u32,
    settings: &'a Settings,
    wire: &'a Wire,
}

impl Laptop<'_> {
    fn mac(&self) -> Mac {
        let [a, b, c, d] = self.number.to_be_bytes();
        Mac([0x00, 0x50, a, b, c, d])
    }

    fn uuid(&self) -> [u8; 16] {
        let mut uuid = [0x5a; 16];
        uuid[..4].copy_from_slice(&self.number.to_be_bytes());
        uuid
    }

    fn own(&self) -> SocketAddr {
        (Ipv4Addr::from_bits(self.settings.first.to_bits() + self.number), 0).into()
    }

    fn message(&self, kind: MessageKind) -> Message {
        let mut message = Message::new(kind, 0x5700_0000 + self.number, self.mac());
        message.broadcast = true;
        message.options.set(55, &[1, 3, 6, 42, 43, 54, 60, 66, 67, 97]);
        message.options.set(57, &1472_u16.to_be_bytes());
        message.options.set(60, b"PXEClient:Arch:00007:UNDI:003016");
        message.options.set(93, &[0, 7]);
        message.options.set(94, &[1, 3, 16]);
        message.options.set(97, &[&[0][..], &self.uuid()].concat());
        message
    }

    /// Power on to the receipt of its capture.
    fn boots(&self) -> Option<Duration> {
        let began = Instant::now();
        let file = self.gets_an_address()?;
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let beside = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        self.loads(&file)?;
        self.loads(&beside("grubx64.efi"))?;
        let card = self.fetches()?;
        self.reports(&card)?;
        Some(began.elapsed())
    }

    fn gets_an_address(&self) -> Option<String> {
        let (sender, heard) = mpsc::channel();
        self.wire.waiting.lock().unwrap().insert(0x5700_0000 + self.number, sender);
        let offer = self.wire.ask(&self.message(MessageKind::Discover), &heard, MessageKind::Offer)?;
        let mut request = self.message(MessageKind::Request);
        request.options.set(50, &offer.yours.octets());
        request.options.set(54, offer.options.get(54)?);
        let ack = self.wire.ask(&request, &heard, MessageKind::Ack)?;
        let file = ack.options.text(67).filter(|file| !file.is_empty()).unwrap_or(&ack.file);
        String::from_utf8(file.to_vec()).ok()
    }

    /// As EDK2 does: once for the size, which is refused, and once for the file.
    fn loads(&self, name: &str) -> Option<u64> {
        for _ in 0..TRIES {
            self.transfer(name, true)?;
            if let Some(length) = self.transfer(name, false) {
                return Some(length);
            }
        }
        None
    }

    fn transfer(&self, name: &str, probe: bool) -> Option<u64> {
        let socket = UdpSocket::bind(self.own()).ok()?;
        socket.set_read_timeout(Some(BLOCK_WAIT)).ok()?;
        let mut request = vec![0, 1];
        for word in [name, "octet", "tsize", "0", "blksize", "1468", "windowsize", "4"] {
            request.extend_from_slice(word.as_bytes());
            request.push(0);
        }
        socket.send_to(&request, (self.settings.server, 69)).ok()?;
        let mut buffer = [0; 2048];
        let (mut peer, mut next, mut length, mut since) = (None, 1_u16, 0, 0);
        let (mut block, mut window) = (512, 1);
        loop {
            let (count, from) = socket.recv_from(&mut buffer).ok()?;
            if *peer.get_or_insert(from) != from {
                continue;
            }
            let ack = |number: u16| socket.send_to(&[&[0, 4][..], &number.to_be_bytes()].concat(), from);
            match buffer[1] {
                6 => {
                    let mut words = buffer[2..count].split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word));
                    while let (Some(option), Some(value)) = (words.next(), words.next()) {
                        match &*option {
                            "blksize" => block = value.parse().ok()?,
                            "windowsize" => window = value.parse().ok()?,
                            _ => {}
                        }
                    }
                    if probe {
                        socket.send_to(b"\0\x05\0\0User aborted the transfer\0", from).ok()?;
                        return Some(0);
                    }
                    ack(0).ok()?;
                }
                3 if u16::from_be_bytes([buffer[2], buffer[3]]) == next => {
                    length += count as u64 - 4;
                    since += 1;
                    let last = count - 4 < block;
                    if last || since >= window {
                        ack(next).ok()?;
                        since = 0;
                    }
                    if last {
                        return Some(length);
                    }
                    next = next.wrapping_add(1);
                }
                3 => {
                    ack(next.wrapping_sub(1)).ok()?;
                    since = 0;
                }
                _ => return None,
            }
        }
    }

    /// One kept-alive connection, as GRUB's and iPXE's HTTP have it. The card is in the last file.
    fn fetches(&self) -> Option<MediaCard> {
        let mut stream = self.connect((self.settings.server, self.settings.http).into()).ok()?;
        let mut last = Vec::new();
        for name in ["grub/grub.cfg", "boot/vmlinuz", "boot/initrd.zst", "boot/media.cpio"] {
            last = self.get(&mut stream, name)?;
        }
        let text = String::from_utf8_lossy(&last);
        serde_json::from_str(&text[text.find('{')?..=text.rfind('}')?]).ok()
    }

    fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.bind(&SockAddr::from(self.own()))?;
        socket.connect(&SockAddr::from(to))?;
        let stream: TcpStream = socket.into();
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(stream)
    }

    fn get(&self, stream: &mut TcpStream, name: &str) -> Option<Vec<u8>> {
        let path = format!("{}/{name}", self.settings.boot_path);
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.settings.server).ok()?;
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head);
        assert!(head.starts_with("HTTP/1.1 200"), "{name}: {head}");
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "))?.trim().parse().ok()?;
        let (mut left, mut buffer): (usize, _) = (length, vec![0; 256 << 10]);
        let mut kept = Vec::new();
        while left > 0 {
            let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
            left = left.checked_sub(count)?;
            if length < 100_000 {
                kept.extend_from_slice(&buffer[..count]);
            }
        }
        Some(kept)
    }

    fn reports(&self, card: &MediaCard) -> Option<()> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).ok()?;
        let id = MessageId(id);
        let capture = testing::capture(id, &format!("ST{:06}", self.number), self.uuid(), None);
        let body = serde_json::to_vec(&capture).ok()?;
        let (envelope, _) = Envelope::seal(card, Kind::Capture, id, &body, &mut UnwrapErr(getrandom::SysRng)).ok()?;
        // From its own address: a bench takes only so many connections of one.
        let mut stream = self.connect(self.settings.endpoint).ok()?;
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: bench\r\nContent-Length: {}\r\n\r\n",
            api::CAPTURE,
            envelope.bytes().len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(envelope.bytes()).ok()?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).ok()?;
        (status == *b"HTTP/1.1 200").then_some(())
    }
}

fn main() {
    let settings = Settings::read();
    let wire = Wire::open(&settings.interface);
    let began = Instant::now();
    let mut times: Vec<_> = thread::scope(|scope| {
        let laptops: Vec<_> = (0..settings.laptops)
            .map(|number| {
                let laptop = Laptop { number, settings: &settings, wire: &wire };
                scope.spawn(move || laptop.boots())
            })
            .collect();
        laptops.into_iter().filter_map(|laptop| laptop.join().ok().flatten()).collect()
    });
    let whole = began.elapsed();
    times.sort();
    let at = |part: usize| times.get((times.len().saturating_sub(1)) * part / 100).map_or(0, |time| time.as_millis());
    println!(
        "{{\"captured\": {}, \"of\": {}, \"all_ms\": {}, \"median_ms\": {}, \"p99_ms\": {}}}",
        times.len(),
        settings.laptops,
        whole.as_millis(),
        at(50),
        at(99)
    );
}
