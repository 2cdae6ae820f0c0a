//! A client that knows the RFCs and nothing of our state machine, behind a line that loses, doubles and reorders.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// When a client sends its last acknowledgement again, milliseconds: as tftp-hpa and EDK2 roughly do.
const CLIENT_TIMEOUT: u64 = 1_000;

#[derive(Debug, Clone, Copy)]
struct Line {
    seed: u64,
    /// In 1000 packets.
    lost: u64,
    doubled: u64,
    /// Milliseconds one way, and as much again at random: more than 0 reorders.
    delay: u64,
    jitter: u64,
}

impl Line {
    fn random(&mut self, below: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % below.max(1)
    }

    /// When a packet sent now arrives; not at all, once or twice.
    fn carry(&mut self, now: u64) -> Vec<u64> {
        if self.random(1000) < self.lost {
            return Vec::new();
        }
        let copies = 1 + usize::from(self.random(1000) < self.doubled);
        (0..copies).map(|_| now + self.delay + self.random(self.jitter + 1)).collect()
    }
}

/// How clients report a gap.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    /// EDK2: for each block that is not the next, old ones included.
    EachOdd,
    /// For the first block behind the gap, and when the last one comes again; older ones in silence.
    OncePerGap,
}

struct Client {
    manner: Manner,
    asked: Options,
    block: usize,
    window: u64,
    file: Vec<u8>,
    /// As on the wire: it wraps.
    next: u16,
    since_ack: u64,
    reported: bool,
    opened: bool,
    done: bool,
    timeout: u64,
}

impl Client {
    fn new(asked: Options, manner: Manner) -> Self {
        let file = Vec::new();
        let (reported, opened, done) = (false, false, false);
        Self {
            manner,
            asked,
            block: 512,
            window: 1,
            file,
            next: 1,
            since_ack: 0,
            reported,
            opened,
            done,
            timeout: CLIENT_TIMEOUT,
        }
    }

    fn ack(&mut self) -> Vec<u8> {
        self.since_ack = 0;
        let [high, low] = self.next.wrapping_sub(1).to_be_bytes();
        vec![0, 4, high, low]
    }

    fn on_datagram(&mut self, bytes: &[u8], now: u64) -> Option<Vec<u8>> {
        self.timeout = now + CLIENT_TIMEOUT;
        if bytes[1] == 6 {
            let Ok(Packet::Granted(granted)) = Packet::parse(bytes) else { panic!("{bytes:?}") };
            assert!(granted.block <= self.asked.block && granted.window <= self.asked.window);
            assert_eq!(granted.timeout, self.asked.timeout);
            self.opened = true;
            self.block = granted.block.map_or(512, usize::from);
            self.window = granted.window.map_or(1, u64::from);
            return (self.file.is_empty() && !self.done).then(|| self.ack());
        }
        assert_eq!(bytes[..2], [0, 3]);
        assert!(self.opened || self.asked.is_empty(), "data before the options were agreed");
        self.opened = true;
        let number = u16::from_be_bytes([bytes[2], bytes[3]]);
        let ahead = number.wrapping_sub(self.next);
        if ahead != 0 {
            let report = match self.manner {
                Manner::EachOdd => true,
                Manner::OncePerGap if ahead == u16::MAX => true,
                Manner::OncePerGap => ahead < 0x8000 && !std::mem::replace(&mut self.reported, true),
            };
            return report.then(|| self.ack());
        }
        if !self.done {
            assert!(bytes.len() - 4 <= self.block);
            self.file.extend_from_slice(&bytes[4..]);
            self.next = self.next.wrapping_add(1);
            self.since_ack += 1;
            self.reported = false;
            self.done = bytes.len() - 4 < self.block;
        }
        (self.done || self.since_ack >= self.window).then(|| self.ack())
    }
}

fn content(size: u64) -> Vec<u8> {
    (0..size).map(|place| place.to_le_bytes().iter().fold(0, |sum, byte| sum ^ byte)).collect()
}

fn place(at: u64) -> usize {
    usize::try_from(at).unwrap()
}

struct Outcome {
    ended: Ended,
    stats: Stats,
    millis: u64,
}

/// Carries a file over; panics if it does not arrive whole.
fn carry(asked: Options, size: u64, offer: &Offer, manner: Manner, mut line: Line) -> Outcome {
    let file = content(size);
    let mut client = Client::new(asked, manner);
    // To whom, and what; by time and order of sending.
    let mut air: BTreeMap<(u64, u64), (bool, Vec<u8>)> = BTreeMap::new();
    let mut sent = 0;
    let mut now = 0;
    let (mut transfer, step) = Transfer::start(&asked, size, offer, Moment::from_millis(0));
    let mut steps = vec![step];
    let ended = loop {
        for step in std::mem::take(&mut steps) {
            let datagrams = match step {
                Step::Wait | Step::Done(_) => Vec::new(),
                Step::Control(bytes) => vec![bytes],
                Step::Send(flight) => flight
                    .datagrams()
                    .map(|(head, range)| [&head[..], &file[place(range.start)..place(range.end)]].concat())
                    .collect(),
            };
            for bytes in datagrams {
                for arrival in line.carry(now) {
                    sent += 1;
                    air.insert((arrival, sent), (true, bytes.clone()));
                }
            }
        }
        let arrival = air.keys().next().map(|(time, _)| *time);
        let timeout = (!client.done).then_some(client.timeout);
        now = [arrival, timeout, Some(transfer.due().millis())].into_iter().flatten().min().unwrap_or(now).max(now);
        let mut from_client = None;
        if arrival.is_some_and(|arrival| arrival <= now) {
            let Some((_, (to_client, bytes))) = air.pop_first() else { unreachable!() };
            if to_client {
                from_client = client.on_datagram(&bytes, now);
            } else {
                steps.push(transfer.on_packet(&Packet::parse(&bytes).unwrap(), Moment::from_millis(now)));
            }
        } else if timeout.is_some_and(|timeout| timeout <= now) {
            client.timeout = now + CLIENT_TIMEOUT;
            if client.opened {
                from_client = Some(client.ack());
            } else {
                steps.push(transfer.on_repeated_request(Moment::from_millis(now)));
            }
        } else {
            steps.push(transfer.on_time(Moment::from_millis(now)));
        }
        if let Some(bytes) = from_client {
            for arrival in line.carry(now) {
                sent += 1;
                air.insert((arrival, sent), (false, bytes.clone()));
            }
        }
        if let Some(Step::Done(ended)) = steps.iter().find(|step| matches!(step, Step::Done(_))) {
            break ended.clone();
        }
    };
    assert!(client.done && client.file == file, "{ended:?}: {} of {size} bytes", client.file.len());
    Outcome { ended, stats: transfer.stats().clone(), millis: now }
}

fn asking(block: Option<u16>, window: Option<u16>) -> Options {
    Options { block, size: block.map(|_| 0), timeout: None, window }
}

#[test]
fn a_good_line_carries_every_byte_once() {
    let line = Line { seed: 1, lost: 0, doubled: 0, delay: 1, jitter: 0 };
    for manner in [Manner::EachOdd, Manner::OncePerGap] {
        for window in [None, Some(1), Some(4), Some(64)] {
            for size in [0, 1, 1467, 1468, 1469, 64 * 1468 - 1, 64 * 1468, 300_000] {
                let outcome = carry(asking(Some(1468), window), size, &Offer::default(), manner, line);
                assert_eq!((outcome.ended, outcome.stats.sent), (Ended::Delivered, size), "{window:?} {size}");
            }
        }
    }
}

#[test]
fn more_blocks_than_the_wire_can_count() {
    let line = Line { seed: 1, lost: 1, doubled: 1, delay: 0, jitter: 0 };
    let size = 8 * 140_000;
    let outcome = carry(asking(Some(8), Some(64)), size, &Offer::default(), Manner::EachOdd, line);
    assert_eq!(outcome.ended, Ended::Delivered);
}

/// The largest blocks, where the interface allows them.
#[test]
fn the_largest_blocks() {
    let offer = Offer { block: 65_464, ..Offer::default() };
    let line = Line { seed: 5, lost: 20, doubled: 0, delay: 0, jitter: 0 };
    carry(asking(Some(65_464), Some(4)), 3_000_000, &offer, Manner::OncePerGap, line);
}

/// Every packet of both sides twice: lock-step must not double anything on its own.
#[test]
fn a_line_that_doubles_everything_doubles_nothing_of_ours() {
    let line = Line { seed: 3, lost: 0, doubled: 1000, delay: 1, jitter: 0 };
    for manner in [Manner::EachOdd, Manner::OncePerGap] {
        let outcome = carry(asking(Some(1468), None), 500_000, &Offer::default(), manner, line);
        assert_eq!(outcome.stats.sent, 500_000);
        let windows = carry(asking(Some(1468), Some(16)), 500_000, &Offer::default(), manner, line);
        assert!(windows.stats.sent < 1_500_000, "{:?}", windows.stats);
    }
}

/// Half a percent of loss, where servers with timers of whole seconds need minutes for 64 MB.
#[test]
fn half_a_percent_of_loss_costs_little_time() {
    for (window, most_millis) in [(None, 1_500), (Some(16), 1_500)] {
        for manner in [Manner::EachOdd, Manner::OncePerGap] {
            for seed in 1..=5 {
                let line = Line { seed, lost: 5, doubled: 0, delay: 0, jitter: 0 };
                let outcome = carry(asking(Some(1468), window), 4_000_000, &Offer::default(), manner, line);
                assert!(outcome.millis < most_millis, "{window:?} {manner:?} {seed}: {} ms", outcome.millis);
                assert!(outcome.stats.sent < 4_600_000, "{window:?} {manner:?} {seed}: {:?}", outcome.stats);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn any_line_that_carries_something_carries_the_file(
        seed in 1..u64::MAX,
        (lost, doubled) in (0..60_u64, 0..60_u64),
        (delay, jitter) in (0..20_u64, 0..6_u64),
        block in prop_oneof![Just(None), Just(Some(8)), Just(Some(512)), Just(Some(1468)), (8_u16..2_000).prop_map(Some)],
        window in prop_oneof![Just(None), Just(Some(1)), Just(Some(4)), Just(Some(64)), (1_u16..200).prop_map(Some)],
        (blocks, odd) in (0..200_u64, prop_oneof![Just(0), Just(1), 0..8_u64]),
        each in any::<bool>(),
    ) {
        let manner = if each { Manner::EachOdd } else { Manner::OncePerGap };
        let size = blocks * u64::from(block.unwrap_or(512).min(1468)) + odd;
        let line = Line { seed, lost, doubled, delay, jitter };
        let outcome = carry(asking(block, window), size, &Offer::default(), manner, line);
        let content = u64::from(outcome.stats.block);
        let window = u64::from(outcome.stats.window);
        // What acknowledgements may cause, and eight timeouts of a whole window.
        let bound = (1 + RESENDS_PER_BLOCK) * size + (4 + 8 + blocks) * window * content;
        prop_assert!(outcome.stats.sent <= bound, "{:?}", outcome.stats);
        prop_assert!(matches!(outcome.ended, Ended::Delivered | Ended::Unconfirmed));
    }
}
