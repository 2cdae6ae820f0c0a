//! Who else serves on this network: what other servers say is heard, and once in a while they are asked, so that
//! the list is there before a laptop is.

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use whiteglove_core::{
    clock::Moment,
    dhcp::{
        Message, MessageKind,
        netboot::Protocol,
        rivals::{HttpKind, Kind, Rivals, Sight, first_choice, first_http_choice},
    },
    identity::Mac,
    netboot::{Mode, RivalView},
};

/// How long a bench of its own waits for others before it gives the first address, and when it asks meanwhile.
/// dnsmasq pings an address for three seconds before it offers it.
const FIRST_LOOK: Duration = Duration::from_secs(5);
const FIRST_QUESTIONS: u32 = 3;
const BETWEEN_FIRST: Duration = Duration::from_secs(1);
const OFTEN: Duration = Duration::from_secs(60);
const SELDOM: Duration = Duration::from_secs(300);
/// A server that gave no address for so long, though it was asked five times, is gone.
const GONE: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub(super) struct Look {
    rivals: Rivals,
    mac: Mac,
    transaction: u32,
    began: Instant,
    every: Duration,
    asked: u32,
    due: Instant,
    /// Somebody was heard since it was last told.
    news: bool,
}

impl Look {
    /// `of`: the interface's own address. `transaction` should be random.
    pub(super) fn new(of: Mac, mode: Mode, transaction: u32, now: Instant) -> Self {
        let every = if mode == Mode::Own { OFTEN } else { SELDOM };
        let (rivals, news) = (Rivals::default(), false);
        Self { rivals, mac: disguised(of), transaction, began: now, every, asked: 0, due: now, news }
    }

    /// As if nobody had been heard for long; who was heard lately still counts.
    pub(super) fn begin_again(&mut self, now: Instant) {
        (self.began, self.asked, self.due) = (now, 0, now);
    }

    /// Whether this is one of our own questions, which come back to us.
    pub(super) fn is_ours(&self, mac: Mac) -> bool {
        mac == self.mac
    }

    pub(super) fn due(&self) -> Instant {
        self.due
    }

    pub(super) fn is_first_look_over(&self, now: Instant) -> bool {
        now.duration_since(self.began) >= FIRST_LOOK
    }

    /// When the first look ends.
    pub(super) fn first_look_ends(&self) -> Instant {
        self.began + FIRST_LOOK
    }

    /// What to ask everybody, once it is time. Servers of addresses answer the first, and servers of boot files,
    /// which do not talk to everybody, the second.
    pub(super) fn questions(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if now < self.due {
            return Vec::new();
        }
        self.asked = self.asked.saturating_add(1);
        self.due = now + if self.asked < FIRST_QUESTIONS { BETWEEN_FIRST } else { self.every };
        self.transaction = self.transaction.wrapping_add(2);
        let mut plain = Message::new(MessageKind::Discover, self.transaction, self.mac);
        // Answers to everybody are the only ones that we hear.
        plain.broadcast = true;
        plain.options.set(55, &[1, 3, 6, 43, 54, 60, 66, 67]);
        let mut boots = plain.clone();
        boots.transaction = self.transaction.wrapping_add(1);
        boots.options.set(60, b"PXEClient:Arch:00007:UNDI:003016");
        boots.options.set(93, &7_u16.to_be_bytes());
        boots.options.set(94, &[1, 3, 16]);
        vec![plain.to_bytes(), boots.to_bytes()]
    }

    pub(super) fn hear(&mut self, datagram: &[u8], ours: &[Ipv4Addr], now: Moment) -> Option<Sight> {
        let sight = self.rivals.observe(datagram, ours, now);
        self.news |= sight.is_some();
        sight
    }

    pub(super) fn gives_addresses(&self, now: Moment) -> Option<Ipv4Addr> {
        self.rivals.gives_addresses(GONE, now)
    }

    pub(super) fn has_news(&self) -> bool {
        self.news
    }

    pub(super) fn news_told(&mut self) {
        self.news = false;
    }

    pub(super) fn views(&self, port: &str) -> Vec<RivalView> {
        let view = |(server, rival): (Ipv4Addr, &whiteglove_core::dhcp::rivals::Rival)| RivalView {
            port: port.to_owned(),
            server,
            first: rival.first,
            last: rival.last,
            gives_addresses: rival.gave_address.is_some(),
            file: rival.boots.as_ref().map(|(_, boots)| boots.file.clone()).filter(|file| !file.is_empty()),
            answers: rival.answers,
        };
        self.rivals.all().map(view).collect()
    }
}

/// Always the same for one interface, so that asking takes one address of another server's pool and not a hundred;
/// and not the interface's own, whose lease this must not touch.
fn disguised(mac: Mac) -> Mac {
    let [a, b, c, d, e, f] = mac.0;
    Mac([(a | 2) & !1, b ^ 0x57, c ^ 0x47, d, e, f])
}

/// Whether firmware prefers this answer to ours. `gives`: ours has an address in it.
pub(super) fn wins(theirs: &Sight, protocol: Protocol, gives: bool, skips_boot_server: bool) -> bool {
    let choice = match protocol {
        Protocol::Http => theirs.ranked_http.and_then(|theirs| {
            let ours = if gives { HttpKind::DhcpByAddress } else { HttpKind::ProxyByAddress };
            // Some server or other gives it an address.
            first_http_choice(&[ours, theirs, HttpKind::DhcpOnly { dns: true }])
        }),
        Protocol::Pxe | Protocol::Ipxe => theirs.ranked.and_then(|theirs| {
            let ours = match (gives, skips_boot_server) {
                (true, _) => Kind::DhcpPxe10,
                (false, true) => Kind::ProxyPxe10,
                (false, false) => Kind::ProxyBinl,
            };
            first_choice(&[ours, theirs, Kind::DhcpOnly { file: false }])
        }),
    };
    choice.is_some_and(|choice| choice.file_of() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 254);

    fn says(yours: bool, options: &[(u8, &[u8])]) -> Message {
        let mut message = Message::new(MessageKind::Offer, 1, Mac([2; 6]));
        message.yours = if yours { Ipv4Addr::new(10, 77, 0, 9) } else { Ipv4Addr::UNSPECIFIED };
        message.options.set(54, &ROUTER.octets());
        options.iter().for_each(|(code, value)| message.options.set(*code, value));
        message
    }

    #[test]
    fn others_are_asked_often_at_first_and_every_minute_beside_addresses_of_our_own() {
        let began = Instant::now();
        let mut look = Look::new(Mac([0, 1, 2, 3, 4, 5]), Mode::Own, 7, began);
        let mut asked = Vec::new();
        for second in 0..=125 {
            let questions = look.questions(began + Duration::from_secs(second));
            if !questions.is_empty() {
                asked.push(second);
                let [plain, boots] = [&questions[0], &questions[1]].map(|bytes| Message::parse(bytes).unwrap());
                assert!(plain.broadcast && look.is_ours(plain.mac) && plain.mac.0[0] == 2);
                assert!(plain.options.get(60).is_none() && boots.options.get(60).is_some());
            }
        }
        assert_eq!(asked, [0, 1, 2, 62, 122]);
    }

    #[test]
    fn a_server_that_is_gone_for_five_minutes_gives_no_addresses_any_more() {
        let mut look = Look::new(Mac([0; 6]), Mode::Own, 7, Instant::now());
        let at = |seconds: u64| Moment::from_millis(seconds * 1_000);
        assert!(look.hear(&says(true, &[]).to_bytes(), &[ROUTER], at(0)).is_none(), "ourselves");
        assert!(look.hear(&says(false, &[(60, b"PXEClient")]).to_bytes(), &[], at(0)).is_some());
        assert_eq!(look.gives_addresses(at(1)), None, "a proxy");
        look.hear(&says(true, &[]).to_bytes(), &[], at(2));
        assert_eq!((look.gives_addresses(at(302)), look.gives_addresses(at(303))), (Some(ROUTER), None));
        assert!(look.has_news() && look.views("e0").len() == 1);
    }

    #[test]
    fn a_rival_wins_where_firmware_prefers_it() {
        let sight = |yours, options: &[(u8, &[u8])]| Sight::of(&says(yours, options)).unwrap();
        let pxe: (u8, &[u8]) = (60, b"PXEClient");
        let file: (u8, &[u8]) = (67, b"pxelinux.0");
        let router = sight(true, &[file]);
        assert!(!wins(&router, Protocol::Pxe, false, false) && !wins(&router, Protocol::Http, false, false));
        let wds = sight(true, &[pxe, file]);
        assert!(wins(&wds, Protocol::Pxe, false, false) && !wins(&wds, Protocol::Pxe, false, true));
        assert!(!wins(&wds, Protocol::Pxe, true, false), "ours came first");
        let http = sight(true, &[(60, b"HTTPClient"), (67, b"http://10.77.0.254/a.efi")]);
        assert!(wins(&http, Protocol::Http, false, false));
        assert!(!wins(&sight(false, &[pxe, file]), Protocol::Pxe, false, false));
    }
}
