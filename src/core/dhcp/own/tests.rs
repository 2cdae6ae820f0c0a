//! Benches as scripts: who says what at which millisecond, and what comes back.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::{
    dhcp::{
        client::{Client, Step},
        netboot::tests::{ipxe, uefi_http, uefi_pxe},
        reply::{
            Destination,
            tests::{US, files},
        },
    },
    identity::Mac,
};

const HOUR: Duration = Duration::from_secs(3_600);

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, 0, last)
}

fn mac(last: u8) -> Mac {
    Mac([0, 0x15, 0x5d, 0, 0, last])
}

fn settings(first: u8, last: u8) -> Settings {
    Settings {
        server: US,
        prefix: 24,
        first: ip(first),
        last: ip(last),
        router: Some(ip(254)),
        dns: vec![ip(1)],
        ntp: vec![ip(1)],
        lease: HOUR,
        probe: false,
    }
}

fn bench(first: u8, last: u8) -> Leases {
    Leases::new(Pool::new(settings(first, last)).unwrap())
}

fn say(kind: MessageKind, from: u8, options: &[(u8, Ipv4Addr)]) -> Message {
    let mut message = Message::new(kind, u32::from(from), mac(from));
    message.broadcast = true;
    for (code, address) in options {
        message.options.set(*code, &address.octets());
    }
    message
}

fn selecting(from: u8, address: Ipv4Addr) -> Message {
    say(MessageKind::Request, from, &[(50, address), (54, US.address)])
}

fn renewing(from: u8, address: Ipv4Addr) -> Message {
    let mut message = say(MessageKind::Request, from, &[]);
    (message.client, message.broadcast) = (address, false);
    message
}

/// As a shell does it: what is decided is applied, then the reply is sent.
fn hear(leases: &mut Leases, message: &Message, now: Moment) -> Option<Message> {
    let message = Message::parse(&message.to_bytes()).unwrap();
    match leases.decide(&message, |_| files(), None, now) {
        Decision::Answer { event, reply, .. } => {
            event.into_iter().for_each(|event| leases.apply(event));
            Some(Message::parse(&reply.datagram).unwrap())
        }
        Decision::Note(event) => {
            leases.apply(event);
            None
        }
        Decision::Probe { .. } | Decision::Quiet(_) => None,
    }
}

fn told(leases: &mut Leases, message: &Message, now: Moment) -> Option<(MessageKind, Ipv4Addr)> {
    hear(leases, message, now).map(|reply| (reply.kind, reply.yours))
}

fn quiet(leases: &Leases, message: &Message, now: Moment) -> Option<Quiet> {
    match leases.decide(message, |_| files(), None, now) {
        Decision::Quiet(why) => Some(why),
        _ => None,
    }
}

#[test]
fn four_messages_make_a_lease_with_all_a_laptop_needs() {
    let mut leases = bench(10, 20);
    assert_eq!(told(&mut leases, &say(MessageKind::Discover, 1, &[]), at(0)), Some((MessageKind::Offer, ip(10))));
    let ack = hear(&mut leases, &selecting(1, ip(10)), at(5)).unwrap();
    assert_eq!((ack.kind, ack.yours), (MessageKind::Ack, ip(10)));
    assert_eq!(
        (ack.options.long(51), ack.options.long(58), ack.options.long(59)),
        (Some(3600), Some(1800), Some(3150))
    );
    assert_eq!(ack.options.address(1), Some(Ipv4Addr::new(255, 255, 255, 0)));
    assert_eq!((ack.options.address(28), ack.options.address(54)), (Some(ip(255)), Some(ip(1))));
    assert_eq!(
        (ack.options.address(3), ack.options.address(6), ack.options.address(42)),
        (Some(ip(254)), Some(ip(1)), Some(ip(1)))
    );
    assert_eq!(ack.options.get(67), None, "it did not ask for anything to boot");
}

#[test]
fn our_own_client_gets_a_lease_and_keeps_it() {
    let mut leases = bench(10, 20);
    let mut client = Client::new(mac(1), 99, at(0));
    let mut now = at(0);
    let mut bound = None;
    // Two hours of it: renewals at half of each lease.
    while now < at(7_200_000) {
        let mut waiting = client.on_tick(now);
        while let Some(step) = waiting.pop() {
            match step {
                Step::Broadcast(bytes) | Step::Unicast(_, bytes) => {
                    let reply = hear(&mut leases, &Message::parse(&bytes).unwrap(), now).unwrap();
                    waiting.extend(client.on_datagram(&reply.to_bytes(), now));
                }
                Step::Bind(lease) => assert!(bound.replace(lease.address).is_none(), "bound twice"),
                Step::Unbind => panic!("lost its address"),
            }
        }
        now = client.due();
    }
    assert_eq!(bound, Some(ip(10)));
}

#[test]
fn what_to_boot_stands_in_the_same_answer() {
    let mut leases = bench(10, 20);
    let offer = hear(&mut leases, &uefi_pxe(7), at(0)).unwrap();
    assert_eq!((offer.yours, offer.file.as_slice()), (ip(10), &b"x64/shimx64.efi"[..]));
    assert_eq!(offer.options.get(43), Some(&[6, 1, 8, 255][..]), "no need for port 4011");
    let offer = hear(&mut leases, &uefi_http(16), at(0)).unwrap();
    assert_eq!(offer.options.get(60), Some(&b"HTTPClient"[..]));
    assert_eq!(offer.options.text(67), Some(&b"http://10.77.0.1:8080/x64/shimx64.efi"[..]));
    let offer = hear(&mut leases, &ipxe(), at(0)).unwrap();
    assert_eq!(offer.options.get(175), Some(&[0xb0, 1, 1][..]), "saves iPXE two seconds");
    assert_eq!(offer.file, b"http://10.77.0.1:8080/boot.ipxe");
}

#[test]
fn a_client_with_nothing_to_boot_gets_its_address_and_the_bench_a_reason() {
    let leases = bench(10, 20);
    let Decision::Answer { reply, withheld, .. } = leases.decide(&uefi_pxe(7), |_| Boot::Nothing, None, at(0)) else {
        panic!("no answer")
    };
    let offer = Message::parse(&reply.datagram).unwrap();
    assert_eq!((offer.yours, offer.options.get(67), withheld), (ip(10), None, Some(Silence::Nothing)));
}

#[test]
fn a_laptop_gets_the_address_it_had_long_after_it_ended() {
    let mut leases = bench(10, 20);
    for laptop in 1..=3 {
        hear(&mut leases, &selecting(laptop, ip(9 + laptop)), at(0));
    }
    let next_day = at(86_400_000);
    assert_eq!(told(&mut leases, &say(MessageKind::Discover, 2, &[]), next_day), Some((MessageKind::Offer, ip(11))));
    // The next stranger gets one that nobody had, not one that somebody may come back for.
    assert_eq!(told(&mut leases, &say(MessageKind::Discover, 9, &[]), next_day), Some((MessageKind::Offer, ip(13))));
}

#[test]
fn firmware_and_windows_are_one_client_where_both_mean_the_mac() {
    let mut leases = bench(10, 20);
    hear(&mut leases, &selecting(1, ip(10)), at(0));
    let mut windows = say(MessageKind::Discover, 1, &[]);
    windows.options.set(61, &[&[1], &mac(1).0[..]].concat());
    let offer = hear(&mut leases, &windows, at(1)).unwrap();
    assert_eq!((offer.yours, offer.options.get(61)), (ip(10), windows.options.get(61)));
    windows.options.set(61, &[255, 1, 2, 3, 4]);
    assert_eq!(told(&mut leases, &windows, at(2)), Some((MessageKind::Offer, ip(11))), "a client of another name");
    windows.options.set(61, &[]);
    assert_eq!(told(&mut leases, &windows, at(3)), Some((MessageKind::Offer, ip(10))));
}

#[test]
fn a_full_pool_gives_what_is_unused_for_longest_and_never_what_is_in_use() {
    let mut leases = bench(10, 11);
    hear(&mut leases, &selecting(1, ip(10)), at(0));
    hear(&mut leases, &selecting(2, ip(11)), at(1_000));
    let discover = say(MessageKind::Discover, 3, &[]);
    assert_eq!(quiet(&leases, &discover, at(2_000)), Some(Quiet::Full));
    assert_eq!(quiet(&leases, &discover, at(3_599_999)), Some(Quiet::Full));
    assert_eq!(told(&mut leases, &discover, at(3_600_000)), Some((MessageKind::Offer, ip(10))));
    assert_eq!(quiet(&leases, &say(MessageKind::Discover, 1, &[]), at(3_600_001)), Some(Quiet::Full));
}

#[test]
fn an_offer_that_is_not_taken_ends() {
    let mut leases = bench(10, 10);
    hear(&mut leases, &say(MessageKind::Discover, 1, &[]), at(0));
    assert_eq!(quiet(&leases, &say(MessageKind::Discover, 2, &[]), at(59_999)), Some(Quiet::Full));
    assert_eq!(told(&mut leases, &say(MessageKind::Discover, 2, &[]), at(60_000)), Some((MessageKind::Offer, ip(10))));
    // Or at once, when the client says whose it took.
    hear(&mut leases, &say(MessageKind::Request, 2, &[(54, ip(77)), (50, ip(99))]), at(60_001));
    assert_eq!(told(&mut leases, &say(MessageKind::Discover, 1, &[]), at(60_002)), Some((MessageKind::Offer, ip(10))));
}

#[test]
fn a_lease_is_not_lost_by_a_client_that_takes_another_server() {
    let mut leases = bench(10, 10);
    hear(&mut leases, &selecting(1, ip(10)), at(0));
    let elsewhere = say(MessageKind::Request, 1, &[(54, ip(77)), (50, ip(99))]);
    assert_eq!(quiet(&leases, &elsewhere, at(1)), Some(Quiet::OtherServer));
    assert_eq!(leases.held(ip(10)).unwrap().state, State::Granted);
}

#[test]
fn a_restarted_client_is_told_yes_no_or_nothing() {
    let mut leases = bench(10, 20);
    hear(&mut leases, &selecting(1, ip(10)), at(0));
    let reboot = |from, address| say(MessageKind::Request, from, &[(50, address)]);
    let nak = Some((MessageKind::Nak, Ipv4Addr::UNSPECIFIED));
    assert_eq!(told(&mut leases, &reboot(1, ip(10)), at(9)), Some((MessageKind::Ack, ip(10))));
    assert_eq!(told(&mut leases, &reboot(1, ip(12)), at(9)), nak, "it has another");
    assert_eq!(told(&mut leases, &reboot(2, ip(10)), at(9)), nak, "somebody else's");
    assert_eq!(told(&mut leases, &reboot(2, Ipv4Addr::new(192, 168, 1, 5)), at(9)), nak, "from another network");
    assert_eq!(quiet(&leases, &reboot(2, ip(12)), at(9)), Some(Quiet::Unknown));
    assert_eq!(quiet(&leases, &reboot(2, ip(200)), at(9)), Some(Quiet::Unknown), "perhaps fixed by hand");
}

#[test]
fn a_renewal_is_answered_to_the_address_and_lengthens_the_lease() {
    let mut leases = bench(10, 20);
    hear(&mut leases, &selecting(1, ip(10)), at(0));
    let Decision::Answer { event: Some(event), reply, .. } =
        leases.decide(&renewing(1, ip(10)), |_| files(), None, at(1_800_000))
    else {
        panic!("no answer")
    };
    assert_eq!(reply.to, Destination::Unicast("10.77.0.10:68".parse().unwrap()));
    leases.apply(event);
    assert_eq!(leases.held(ip(10)).unwrap().until, at(5_400_000));
    // A journal was lost: what a laptop says it has is better than to give it to the next one.
    assert_eq!(told(&mut leases, &renewing(7, ip(15)), at(1)), Some((MessageKind::Ack, ip(15))));
    assert_eq!(told(&mut leases, &renewing(8, ip(15)), at(2)), Some((MessageKind::Nak, Ipv4Addr::UNSPECIFIED)));
    assert_eq!(quiet(&leases, &renewing(9, Ipv4Addr::new(192, 168, 1, 5)), at(2)), Some(Quiet::Unknown));
}

#[test]
fn a_selection_of_what_is_somebody_elses_is_refused() {
    let mut leases = bench(10, 20);
    hear(&mut leases, &selecting(1, ip(10)), at(0));
    for address in [ip(10), ip(1), ip(254), ip(200), Ipv4Addr::new(8, 8, 8, 8)] {
        let nak = (MessageKind::Nak, Ipv4Addr::UNSPECIFIED);
        assert_eq!(told(&mut leases, &selecting(2, address), at(1)), Some(nak), "{address}");
    }
}

#[test]
fn an_address_in_use_by_a_stranger_is_left_alone() {
    let mut leases = bench(10, 20);
    hear(&mut leases, &selecting(1, ip(10)), at(0));
    // Only who has it may say so.
    let decline = |from| say(MessageKind::Decline, from, &[(50, ip(10)), (54, US.address)]);
    assert_eq!(quiet(&leases, &decline(2), at(1)), Some(Quiet::Unknown));
    hear(&mut leases, &decline(1), at(1));
    assert_eq!(
        told(&mut leases, &say(MessageKind::Discover, 1, &[(50, ip(10))]), at(2)),
        Some((MessageKind::Offer, ip(11)))
    );
    assert!(leases.is_free(ip(10), at(600_001)) && !leases.is_free(ip(10), at(600_000)));
}

#[test]
fn a_released_address_waits_for_its_client_but_not_for_ever() {
    let mut leases = bench(10, 10);
    hear(&mut leases, &selecting(1, ip(10)), at(0));
    let mut release = say(MessageKind::Release, 1, &[(54, US.address)]);
    release.client = ip(10);
    hear(&mut leases, &release, at(5));
    assert_eq!(
        told(&mut leases.clone(), &say(MessageKind::Discover, 1, &[]), at(6)),
        Some((MessageKind::Offer, ip(10)))
    );
    assert_eq!(told(&mut leases, &say(MessageKind::Discover, 2, &[]), at(6)), Some((MessageKind::Offer, ip(10))));
    release.mac = mac(3);
    assert_eq!(quiet(&leases, &release, at(7)), Some(Quiet::Unknown));
}

#[test]
fn an_address_is_probed_once_before_it_is_offered() {
    let mut leases = Leases::new(Pool::new(Settings { probe: true, ..settings(10, 20) }).unwrap());
    let discover = say(MessageKind::Discover, 1, &[]);
    let Decision::Probe { event, address } = leases.decide(&discover, |_| files(), None, at(0)) else {
        panic!("no probe")
    };
    assert_eq!((address, event.is_durable()), (ip(10), false));
    leases.apply(event);
    // Two hundred laptops at once are probed side by side, not one after another.
    let other = leases.decide(&say(MessageKind::Discover, 2, &[]), |_| files(), None, at(1));
    assert!(matches!(other, Decision::Probe { address, .. } if address == ip(11)), "{other:?}");
    // Somebody has it.
    leases.apply(leases.conflict(ip(10), at(200)));
    let Decision::Probe { event, address } = leases.decide(&discover, |_| files(), None, at(200)) else {
        panic!("no probe")
    };
    leases.apply(event);
    assert_eq!(address, ip(11));
    let Decision::Answer { event: Some(event), .. } = leases.decide(&discover, |_| files(), Some(ip(11)), at(400))
    else {
        panic!("no offer")
    };
    leases.apply(event);
    assert_eq!(told(&mut leases, &discover, at(3_000)), Some((MessageKind::Offer, ip(11))), "not probed again");
}

#[test]
fn an_inform_gets_everything_but_an_address() {
    let mut leases = bench(10, 20);
    let mut inform = say(MessageKind::Inform, 1, &[]);
    inform.client = ip(99);
    let ack = hear(&mut leases, &inform, at(0)).unwrap();
    assert_eq!((ack.kind, ack.yours, ack.options.get(51)), (MessageKind::Ack, Ipv4Addr::UNSPECIFIED, None));
    assert_eq!(ack.options.address(42), Some(ip(1)));
}

#[test]
fn answers_go_where_the_client_can_hear_them() {
    let leases = bench(10, 20);
    let to = |message: &Message| match leases.decide(message, |_| files(), None, at(0)) {
        Decision::Answer { reply, .. } => reply.to,
        other => panic!("{other:?}"),
    };
    let mut discover = say(MessageKind::Discover, 1, &[]);
    assert_eq!(to(&discover), Destination::Broadcast);
    discover.broadcast = false;
    assert_eq!(to(&discover), Destination::Frame(ip(10), mac(1)));
    discover.relay = ip(250);
    assert_eq!(to(&discover), Destination::Unicast("10.77.0.250:67".parse().unwrap()));
    discover.relay = Ipv4Addr::new(10, 99, 0, 1);
    assert_eq!(quiet(&leases, &discover, at(0)), Some(Quiet::OtherNetwork));
    assert_eq!(quiet(&leases, &say(MessageKind::Offer, 1, &[]), at(0)), Some(Quiet::Kind(MessageKind::Offer)));
}

#[test]
fn a_pool_that_cannot_work_is_refused() {
    let bad = |change: fn(&mut Settings)| {
        let mut settings = settings(10, 20);
        change(&mut settings);
        Pool::new(settings).unwrap_err()
    };
    assert_eq!(bad(|s| s.prefix = 31), BadPool::Prefix);
    assert_eq!(bad(|s| s.last = ip(9)), BadPool::Backwards);
    assert_eq!(bad(|s| s.last = Ipv4Addr::new(10, 78, 0, 1)), BadPool::OutsideTheNetwork(Ipv4Addr::new(10, 78, 0, 1)));
    assert_eq!(bad(|s| s.last = ip(255)), BadPool::OutsideTheNetwork(ip(255)));
    assert_eq!(bad(|s| s.lease = Duration::from_secs(59)), BadPool::Lease);
    assert_eq!(bad(|s| s.dns = vec![ip(1); 9]), BadPool::LongList);
    assert_eq!(bad(|s| (s.first, s.last) = (ip(1), ip(1))), BadPool::Empty);
}

#[test]
fn five_thousand_laptops_get_five_thousand_addresses_that_a_restart_remembers() {
    let first = Ipv4Addr::new(10, 0, 1, 0);
    let pool = Pool::new(Settings {
        server: crate::dhcp::reply::Server { address: Ipv4Addr::new(10, 0, 0, 1), http_port: 80 },
        prefix: 16,
        first,
        last: Ipv4Addr::from_bits(first.to_bits() + 4_999),
        router: None,
        ..settings(10, 20)
    })
    .unwrap();
    let mut leases = Leases::new(pool.clone());
    let mut journal = Vec::new();
    let mut addresses = HashSet::new();
    let laptop = |number: u32| {
        let [_, _, a, b] = number.to_be_bytes();
        Mac([0, 0x15, 0x5d, 1, a, b])
    };
    // All discover before anybody requests.
    let mut offers = Vec::new();
    for number in 0..5_000 {
        let discover = Message::new(MessageKind::Discover, number, laptop(number));
        offers.push(hear(&mut leases, &discover, at(u64::from(number))).unwrap().yours);
    }
    for (number, address) in (0..).zip(offers) {
        let mut request = Message::new(MessageKind::Request, number, laptop(number));
        request.options.set(50, &address.octets());
        request.options.set(54, &[10, 0, 0, 1]);
        let Decision::Answer { event: Some(event), .. } = leases.decide(&request, |_| files(), None, at(9_000)) else {
            panic!("laptop {number} got nothing")
        };
        addresses.insert(event.address());
        leases.apply(event.clone());
        journal.push(event);
    }
    assert_eq!(addresses.len(), 5_000);
    let mut restarted = Leases::new(pool);
    for event in journal {
        let text = serde_json::to_string(&event).unwrap();
        restarted.apply(serde_json::from_str(&text).unwrap());
    }
    assert_eq!(restarted, leases);
    assert_eq!(quiet(&restarted, &Message::new(MessageKind::Discover, 1, mac(255)), at(9_001)), Some(Quiet::Full));
}

/// One message of a small crowd that says anything.
fn anything() -> impl Strategy<Value = (Message, u64)> {
    let address =
        prop_oneof![(8..16_u8).prop_map(ip), Just(Ipv4Addr::UNSPECIFIED), Just(Ipv4Addr::new(192, 168, 0, 7))];
    let kind = prop::sample::select(vec![
        MessageKind::Discover,
        MessageKind::Request,
        MessageKind::Request,
        MessageKind::Decline,
        MessageKind::Release,
        MessageKind::Inform,
    ]);
    let server = prop::option::of(prop::sample::select(vec![US.address, ip(99)]));
    (kind, 1..8_u8, prop::option::of(address.clone()), server, address, 0..2_000_000_u64).prop_map(
        |(kind, from, wanted, server, client, wait)| {
            let options = [(50, wanted), (54, server)];
            let options: Vec<_> = options.into_iter().filter_map(|(code, address)| Some((code, address?))).collect();
            let mut message = say(kind, from, &options);
            message.client = client;
            (message, wait)
        },
    )
}

proptest! {
    #[test]
    fn no_address_is_ever_two_clients_at_once(script in prop::collection::vec(anything(), 1..80)) {
        let mut leases = bench(10, 13);
        let mut now = 0;
        let mut leased: std::collections::HashMap<Ipv4Addr, (Mac, u64)> = std::collections::HashMap::new();
        for (message, wait) in script {
            now += wait;
            if let MessageKind::Release | MessageKind::Decline = message.kind {
                leased.retain(|_, (owner, _)| *owner != message.mac);
            }
            let Some(reply) = hear(&mut leases, &message, at(now)) else { continue };
            prop_assert!(reply.to_bytes().len() <= reply::LONGEST);
            if reply.kind == MessageKind::Ack && !reply.yours.is_unspecified() {
                prop_assert!((ip(10)..=ip(13)).contains(&reply.yours));
                if let Some((owner, until)) = leased.insert(reply.yours, (message.mac, now + 3_600_000)) {
                    prop_assert!(owner == message.mac || until <= now, "{} is {owner}'s", reply.yours);
                }
            }
        }
        // A journal that is written anew makes the same leases, but for offers.
        let mut again = bench(10, 13);
        leases.events().into_iter().for_each(|event| again.apply(event));
        for (address, held) in leases.all().filter(|(_, held)| held.state == State::Granted) {
            prop_assert_eq!(again.held(address), Some(held));
        }
    }
}
