//! Loads files from a boot server as many laptops at once do, and says how fast they came. scripts/bench runs it
//! against ours and others' servers in turn.
//!
//! `load FROM tftp ADDRESS:PORT FILE BLOCK WINDOW CLIENTS LOST SEED` or `load FROM http ADDRESS:PORT PATH CLIENTS`.
//! `FROM` is the first client's address, the others have those that follow: servers limit what one may take. `LOST` is how
//! many data packets of 10,000 are dropped on arrival, with one `SEED` the same ones for every server. Prints: bytes,
//! seconds, clients that did not get everything, blocks that came twice.

#![allow(clippy::cast_possible_truncation, clippy::print_stdout, clippy::unwrap_used, clippy::panic)]

use std::{
    env,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    thread,
    time::{Duration, Instant},
};

use socket2::{Domain, SockRef, Socket, Type};

/// What firmware waits before it asks again.
const PATIENCE: Duration = Duration::from_secs(1);
const TRIES: u32 = 12;

#[derive(Default)]
struct Got {
    bytes: u64,
    whole: bool,
    twice: u64,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let began = Instant::now();
    let got = match words[..] {
        [from, "tftp", server, file, block, window, clients, lost, seed] => {
            let (block, window) = (block.parse().unwrap(), window.parse().unwrap());
            let (lost, seed) = (lost.parse().unwrap(), seed.parse::<u64>().unwrap());
            at_once(clients, |n| {
                Tftp::new(source(from, n), server.parse().unwrap(), file, block, window).load(lost, seed + n)
            })
        }
        [from, "http", server, path, clients] => {
            at_once(clients, |n| http(source(from, n), server.parse().unwrap(), path))
        }
        // `cargo bench` without anything to load.
        _ => return,
    };
    let seconds = began.elapsed().as_secs_f64();
    let (bytes, twice) = (got.iter().map(|got| got.bytes).sum::<u64>(), got.iter().map(|got| got.twice).sum::<u64>());
    println!("{bytes} {seconds:.4} {} {twice}", got.iter().filter(|got| !got.whole).count());
}

fn at_once(clients: &str, load: impl Fn(u64) -> Got + Sync) -> Vec<Got> {
    let load = &load;
    thread::scope(|scope| {
        let clients: u64 = clients.parse().unwrap();
        let running: Vec<_> = (0..clients).map(|seed| scope.spawn(move || load(seed))).collect();
        running.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

fn source(first: &str, n: u64) -> SocketAddr {
    let first: Ipv4Addr = first.parse().unwrap();
    (Ipv4Addr::from(u32::from(first) + n as u32), 0).into()
}

fn http(source: SocketAddr, server: SocketAddr, path: &str) -> Got {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&source.into()).unwrap();
    socket.connect(&server.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n").unwrap();
    let mut buffer = vec![0; 256 << 10];
    let mut head = Vec::new();
    let end = loop {
        let count = stream.read(&mut buffer).unwrap();
        head.extend_from_slice(&buffer[..count]);
        match head.windows(4).position(|four| four == b"\r\n\r\n") {
            Some(at) => break at + 4,
            None => assert!(count > 0),
        }
    };
    let text = String::from_utf8_lossy(&head[..end]).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().trim().parse().unwrap();
    let mut bytes = (head.len() - end) as u64;
    while bytes < length {
        match stream.read(&mut buffer) {
            Ok(count @ 1..) => bytes += count as u64,
            _ => break,
        }
    }
    Got { bytes, whole: bytes == length && text.starts_with("http/1.1 200"), twice: 0 }
}

struct Tftp {
    socket: UdpSocket,
    server: SocketAddr,
    request: Vec<u8>,
    /// As granted.
    block: usize,
    window: u64,
    /// The last block that came in order, and how many came since the last acknowledgement.
    last: u64,
    since: u64,
    /// Whether a gap was reported already.
    gap: bool,
    got: Got,
}

impl Tftp {
    fn new(source: SocketAddr, server: SocketAddr, file: &str, block: u32, window: u32) -> Self {
        let socket = UdpSocket::bind(source).unwrap();
        SockRef::from(&socket).set_recv_buffer_size(4 << 20).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request = format!("\0\x01{file}\0octet\0blksize\0{block}\0tsize\x000\0").into_bytes();
        if window > 1 {
            request.extend_from_slice(format!("windowsize\0{window}\0").as_bytes());
        }
        let (block, window) = (512, 1);
        Self { socket, server, request, block, window, last: 0, since: 0, gap: false, got: Got::default() }
    }

    fn load(mut self, lost: u64, seed: u64) -> Got {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut buffer = vec![0; 65_536];
        let (mut tries, mut known) = (0, false);
        self.socket.send_to(&self.request, self.server).unwrap();
        while !self.got.whole {
            let Ok((length, from)) = self.socket.recv_from(&mut buffer) else {
                tries += 1;
                if tries > TRIES {
                    break;
                }
                match known {
                    true => self.acknowledge(),
                    false => drop(self.socket.send_to(&self.request, self.server)),
                }
                continue;
            };
            (self.server, known, tries) = (from, true, 0);
            match buffer[..length] {
                [0, 6, ref options @ ..] => self.granted(options),
                [0, 3, high, low, ref content @ ..] => {
                    // xorshift64
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    if random % 10_000 >= lost {
                        self.data(u16::from_be_bytes([high, low]), content.len());
                    }
                }
                _ => panic!("{:?}", String::from_utf8_lossy(&buffer[..length])),
            }
        }
        self.got
    }

    fn granted(&mut self, options: &[u8]) {
        let fields: Vec<_> = options.split(|byte| *byte == 0).map(|field| String::from_utf8_lossy(field)).collect();
        for pair in fields.chunks_exact(2) {
            match &*pair[0] {
                "blksize" => self.block = pair[1].parse().unwrap(),
                "windowsize" => self.window = pair[1].parse().unwrap(),
                _ => {}
            }
        }
        if self.last == 0 {
            self.acknowledge();
        }
    }

    fn data(&mut self, number: u16, length: usize) {
        match number.wrapping_sub(self.last as u16) {
            1 => {
                self.last += 1;
                self.since += 1;
                self.gap = false;
                self.got.bytes += length as u64;
                self.got.whole = length < self.block;
                if self.since == self.window || self.got.whole {
                    self.acknowledge();
                }
            }
            // A gap is reported once (RFC 7440, 4).
            2..0x8000 if !self.gap => {
                self.gap = true;
                self.acknowledge();
            }
            2..0x8000 => {}
            _ => self.got.twice += 1,
        }
    }

    fn acknowledge(&mut self) {
        self.since = 0;
        let [high, low] = (self.last as u16).to_be_bytes();
        self.socket.send_to(&[0, 4, high, low], self.server).unwrap();
    }
}
