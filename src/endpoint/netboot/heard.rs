//! Who asked lately, and which of it is worth telling the owner of the bench: what the board shows comes from
//! here, and a client that repeats itself, or a thousand that nobody owns, must not keep the owner from
//! captures.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use whiteglove_core::{
    dhcp::netboot::{Protocol, Request},
    identity::Mac,
};

/// The same of the same client at most this often.
const AGAIN: Duration = Duration::from_millis(500);
/// Laptops on one network that are told of at once, and how many more each second: several times what can be
/// switched on by hand.
const AT_ONCE: u32 = 512;
const PER_SECOND: u32 = 128;
const REMEMBERED: usize = 4_096;
/// What a client asked for this long ago does not tell what it takes an answer for now.
const LATELY: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub(super) struct Heard {
    clients: HashMap<Mac, Client>,
    left: u32,
    filled: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Client {
    at: Instant,
    protocol: Protocol,
    told_of: [Option<Instant>; TOPICS],
}

/// What is told of a client, each at its own pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    /// A question to everybody and what became of it.
    Offer,
    /// A question to port 4011 and what became of it.
    BootServer,
    Lease,
    Rival,
    /// A rival that firmware prefers to us.
    Winner,
}
const TOPICS: usize = 5;

impl Heard {
    pub(super) fn new(now: Instant) -> Self {
        Self { clients: HashMap::new(), left: AT_ONCE, filled: now }
    }

    /// A network-boot client asked. Whether to tell.
    pub(super) fn asked(&mut self, request: &Request, topic: Topic, now: Instant) -> bool {
        if self.clients.len() >= REMEMBERED && !self.clients.contains_key(&request.mac) {
            self.clients.retain(|_, client| now.duration_since(client.at) < LATELY);
            if self.clients.len() >= REMEMBERED {
                self.clients.clear();
            }
        }
        let protocol = request.protocol;
        let client = self.clients.entry(request.mac).or_insert(Client { at: now, protocol, told_of: [None; TOPICS] });
        client.at = now;
        // iPXE follows firmware within a second, and is another thing to say.
        if client.protocol != protocol {
            client.protocol = protocol;
            client.told_of = [None; TOPICS];
        }
        self.tell(request.mac, topic, now)
    }

    /// Whether to tell this of a client; never of one that did not ask for something to boot.
    pub(super) fn tell(&mut self, mac: Mac, topic: Topic, now: Instant) -> bool {
        let Some(client) = self.clients.get_mut(&mac) else { return false };
        let last = &mut client.told_of[topic as usize];
        if last.is_some_and(|last| now.duration_since(last) < AGAIN) {
            return false;
        }
        let whole = u32::try_from(now.duration_since(self.filled).as_secs()).unwrap_or(u32::MAX);
        if whole > 0 {
            self.filled += Duration::from_secs(u64::from(whole));
            self.left = self.left.saturating_add(whole.saturating_mul(PER_SECOND)).min(AT_ONCE);
        }
        let Some(left) = self.left.checked_sub(1) else { return false };
        self.left = left;
        *last = Some(now);
        true
    }

    /// By which protocol it asked lately.
    pub(super) fn protocol(&self, mac: Mac, now: Instant) -> Option<Protocol> {
        let client = self.clients.get(&mac).filter(|client| now.duration_since(client.at) < LATELY)?;
        Some(client.protocol)
    }
}

#[cfg(test)]
mod tests {
    use whiteglove_core::dhcp::{Message, MessageKind};

    use super::*;

    fn asks(mac: Mac, class: &[u8]) -> Request {
        let mut discover = Message::new(MessageKind::Discover, 1, mac);
        discover.options.set(60, b"PXEClient:Arch:00007:UNDI:003016");
        discover.options.set(77, class);
        Request::of(&discover).unwrap()
    }

    #[test]
    fn a_client_that_repeats_itself_is_told_of_twice_a_second() {
        let began = Instant::now();
        let mut heard = Heard::new(began);
        let firmware = asks(Mac([2, 0, 0, 0, 0, 1]), b"");
        let told = (0..1_000).filter(|ms| heard.asked(&firmware, Topic::Offer, began + Duration::from_millis(*ms)));
        assert_eq!(told.count(), 2);
        // What it says next is another thing.
        let now = began + Duration::from_millis(1_000);
        assert!(heard.asked(&firmware, Topic::BootServer, now));
        let ipxe = asks(firmware.mac, b"iPXE");
        assert!(heard.asked(&ipxe, Topic::Offer, now) && !heard.asked(&ipxe, Topic::Offer, now));
        assert_eq!(heard.protocol(ipxe.mac, now), Some(Protocol::Ipxe));
        assert!(!heard.tell(Mac([2; 6]), Topic::Lease, now), "it never asked");
    }

    #[test]
    fn a_flood_of_strangers_is_cut_off_and_then_forgotten() {
        let began = Instant::now();
        let mut heard = Heard::new(began);
        let stranger = |n: u32| {
            let [a, b, c, d] = n.to_be_bytes();
            asks(Mac([2, 0, a, b, c, d]), b"")
        };
        let mut told = |range: std::ops::Range<u32>, at| {
            range.filter(|n| heard.asked(&stranger(*n), Topic::Offer, began + Duration::from_millis(at))).count()
        };
        assert_eq!(told(0..20_000, 10), 512);
        assert_eq!(told(20_000..30_000, 1_010), 128);
        assert_eq!(told(30_000..40_000, 60_010), 512);
        assert!(heard.clients.len() <= REMEMBERED);
    }
}
