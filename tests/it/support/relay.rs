//! A bad cable for UDP: loses, doubles, swaps and delays datagrams between TFTP clients and a server, the same ones
//! every time. Not every kernel has netem.

use std::{
    collections::HashMap,
    env,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use super::segment::Machine;

/// A held datagram goes on when nothing follows it.
const HELD: Duration = Duration::from_millis(3);
/// Long after the test that it was for.
const LIFE: Duration = Duration::from_secs(300);

/// Of 1,000 datagrams in each direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) swapped: u64,
    pub(crate) delayed: u64,
    pub(crate) seed: u64,
}

/// A relay on port 69 of a machine, in front of the server.
pub(crate) struct Relay(Child);

impl Relay {
    /// Runs this test program a second time, as nothing else can be on two machines at once.
    pub(crate) fn on(machine: &Machine, server: &str, faults: Faults) -> Self {
        let program = env::current_exe().unwrap();
        let mut command = machine.command(
            program.to_str().unwrap(),
            &["--exact", "support::relay::as_a_program", "--ignored", "--nocapture"],
        );
        let Faults { lost, doubled, swapped, delayed, seed } = faults;
        command.env("RELAY", format!("{server}:69 {lost} {doubled} {swapped} {delayed} {seed}"));
        let mut relay = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let ready = BufReader::new(relay.stdout.take().unwrap()).lines().any(|line| line.unwrap().ends_with("ready"));
        assert!(ready, "the relay");
        Self(relay)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "what Relay::on runs on another machine"]
fn as_a_program() {
    let Ok(settings) = env::var("RELAY") else { return };
    let words: Vec<_> = settings.split(' ').collect();
    let [lost, doubled, swapped, delayed, seed] = [1, 2, 3, 4, 5].map(|n: usize| words[n].parse().unwrap());
    let (server, faults) = (words[0].parse().unwrap(), Faults { lost, doubled, swapped, delayed, seed });
    let listener = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 69)).unwrap();
    thread::spawn(move || relay(&listener, server, faults));
    println!("ready");
    // Ends with the test that started it.
    let _ = std::io::stdin().read_line(&mut String::new());
}

fn relay(listener: &UdpSocket, server: SocketAddr, faults: Faults) {
    let mut clients: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
    let mut buffer = [0; 65_536];
    loop {
        let (length, client) = listener.recv_from(&mut buffer).unwrap();
        let upstream = clients.entry(client).or_insert_with(|| connect(client, faults)).clone();
        upstream.send_to(&buffer[..length], server).unwrap();
    }
}

/// Two sockets: the server sees the one as its client, the client sees the other as its server.
fn connect(client: SocketAddr, faults: Faults) -> Arc<UdpSocket> {
    let upstream = Arc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap());
    let downstream = Arc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap());
    let server = Arc::new(Mutex::new(None));
    let (from, to, heard) = (Arc::clone(&upstream), Arc::clone(&downstream), Arc::clone(&server));
    thread::spawn(move || {
        carry(&from, faults, faults.seed, |datagram, source| {
            *heard.lock().unwrap() = Some(source);
            let _ = to.send_to(datagram, client);
        });
    });
    let to = Arc::clone(&upstream);
    thread::spawn(move || {
        carry(&downstream, faults, faults.seed + 1, |datagram, _| {
            let server = *server.lock().unwrap();
            let _ = server.map(|server| to.send_to(datagram, server));
        });
    });
    upstream
}

fn carry(from: &UdpSocket, faults: Faults, seed: u64, mut send: impl FnMut(&[u8], SocketAddr)) {
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut chance = |of_thousand| {
        // xorshift64
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % 1_000 < of_thousand
    };
    let mut held: Option<(Vec<u8>, SocketAddr)> = None;
    let mut buffer = [0; 65_536];
    loop {
        from.set_read_timeout(Some(if held.is_some() { HELD } else { LIFE })).unwrap();
        let Ok((length, source)) = from.recv_from(&mut buffer) else {
            match held.take() {
                Some((datagram, source)) => send(&datagram, source),
                None => return,
            }
            continue;
        };
        let datagram = &buffer[..length];
        if chance(faults.lost) {
            continue;
        }
        if chance(faults.delayed) {
            thread::sleep(Duration::from_millis(30));
        }
        if held.is_none() && chance(faults.swapped) {
            held = Some((datagram.to_vec(), source));
            continue;
        }
        send(datagram, source);
        if chance(faults.doubled) {
            send(datagram, source);
        }
        if let Some((datagram, source)) = held.take() {
            send(&datagram, source);
        }
    }
}
