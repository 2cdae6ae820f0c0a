use super::*;

const MAC: Mac = Mac([0x02, 0, 0, 0, 0, 0x10]);
const SERVER: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 1);
const OURS: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 20);

fn at(seconds: u64) -> Moment {
    Moment::from_millis(seconds * 1000)
}

fn client() -> Client {
    Client::new(MAC, 100, at(0))
}

/// What the client just sent, parsed.
fn sent(steps: &[Step]) -> Message {
    match steps {
        [.., Step::Broadcast(bytes) | Step::Unicast(_, bytes)] => Message::parse(bytes).unwrap(),
        other => panic!("nothing was sent: {other:?}"),
    }
}

/// The server's answer to a message.
fn answer(kind: MessageKind, to: &Message) -> Message {
    let mut answer = Message::new(kind, to.transaction, to.mac);
    answer.yours = OURS;
    answer.options.set(54, &SERVER.octets());
    answer.options.set(1, &[255, 255, 255, 0]);
    answer.options.set(3, &SERVER.octets());
    answer.options.set(51, &3600_u32.to_be_bytes());
    answer
}

fn bound() -> Client {
    let mut client = client();
    let discover = sent(&client.on_tick(at(0)));
    let request = sent(&client.on_datagram(&answer(MessageKind::Offer, &discover).to_bytes(), at(0)));
    let steps = client.on_datagram(&answer(MessageKind::Ack, &request).to_bytes(), at(0));
    assert!(matches!(steps.as_slice(), [Step::Bind(_)]));
    client
}

#[test]
fn four_messages_make_a_lease() {
    let mut client = client();
    let discover = sent(&client.on_tick(at(0)));
    assert_eq!((discover.kind, discover.broadcast, discover.transaction), (MessageKind::Discover, true, 100));
    assert_eq!(discover.options.get(55), Some(&[1, 3, 6, 26, 42, 51, 54][..]));

    let mut offer = answer(MessageKind::Offer, &discover);
    offer.next_server = SERVER;
    let request = sent(&client.on_datagram(&offer.to_bytes(), at(1)));
    assert_eq!((request.kind, request.seconds), (MessageKind::Request, 1));
    assert_eq!(request.options.address(50), Some(OURS));
    assert_eq!(request.options.address(54), Some(SERVER));

    let mut ack = answer(MessageKind::Ack, &request);
    ack.next_server = SERVER;
    ack.options.set(26, &1400_u16.to_be_bytes());
    let lease = Lease {
        address: OURS,
        prefix: 24,
        router: Some(SERVER),
        dns: vec![],
        ntp: vec![],
        mtu: Some(1400),
        server: SERVER,
        next_server: Some(SERVER),
        seconds: 3600,
    };
    assert_eq!(client.on_datagram(&ack.to_bytes(), at(1)), [Step::Bind(lease.clone())]);
    assert_eq!(client.lease(), Some(&lease));
    assert_eq!(client.due(), at(1801));
    assert_eq!(client.on_datagram(&ack.to_bytes(), at(2)), [], "a second acknowledgement changes nothing");
}

#[test]
fn a_port_that_learns_its_spanning_tree_for_50_seconds_costs_at_most_8_more() {
    let mut client = client();
    let mut times = Vec::new();
    while times.last().is_none_or(|last| *last < 60_000) {
        let now = client.due();
        assert_eq!(sent(&client.on_tick(now)).kind, MessageKind::Discover);
        times.push(now.millis());
    }
    assert_eq!(times, [0, 1_000, 3_000, 7_000, 15_000, 23_000, 31_000, 39_000, 47_000, 55_000, 63_000]);
}

#[test]
fn nothing_is_sent_before_it_is_due() {
    let mut client = client();
    client.on_tick(at(0));
    assert_eq!(client.on_tick(Moment::from_millis(999)), []);
    assert_eq!(sent(&client.on_tick(at(1))).kind, MessageKind::Discover);
}

#[test]
fn answers_to_others_do_nothing() {
    let mut client = client();
    let discover = sent(&client.on_tick(at(0)));
    let offer = answer(MessageKind::Offer, &discover);
    let mut to_another_machine = offer.clone();
    to_another_machine.mac = Mac([2; 6]);
    let mut to_another_time = offer.clone();
    to_another_time.transaction = 99;
    let mut of_nothing = offer.clone();
    of_nothing.yours = Ipv4Addr::UNSPECIFIED;
    let mut of_nobody = offer;
    of_nobody.options.set(54, &[]);
    let our_own = discover.to_bytes();
    for message in [to_another_machine, to_another_time, of_nothing, of_nobody] {
        assert_eq!(client.on_datagram(&message.to_bytes(), at(0)), []);
    }
    assert_eq!(client.on_datagram(&our_own, at(0)), []);
    assert_eq!(client.on_datagram(b"noise", at(0)), []);
}

#[test]
fn a_refused_request_starts_over_a_second_later() {
    let mut client = client();
    let discover = sent(&client.on_tick(at(0)));
    let request = sent(&client.on_datagram(&answer(MessageKind::Offer, &discover).to_bytes(), at(0)));
    assert_eq!(client.on_datagram(&answer(MessageKind::Nak, &request).to_bytes(), at(0)), []);
    assert_eq!(client.due(), at(1));
    let discover = sent(&client.on_tick(at(1)));
    assert_eq!((discover.kind, discover.transaction), (MessageKind::Discover, 101));
}

#[test]
fn an_offer_that_is_withdrawn_is_forgotten() {
    let mut client = client();
    let discover = sent(&client.on_tick(at(0)));
    client.on_datagram(&answer(MessageKind::Offer, &discover).to_bytes(), at(0));
    let kinds: Vec<MessageKind> = (0..4)
        .map(|_| {
            let now = client.due();
            sent(&client.on_tick(now)).kind
        })
        .collect();
    use MessageKind::{Discover, Request};
    assert_eq!(kinds, [Request, Request, Request, Discover]);
}

#[test]
fn a_lease_is_renewed_at_half_time_from_its_server() {
    let mut client = bound();
    let steps = client.on_tick(at(1800));
    let request = sent(&steps);
    assert!(matches!(steps.as_slice(), [Step::Unicast(SERVER, _)]));
    assert_eq!((request.kind, request.client, request.broadcast), (MessageKind::Request, OURS, false));
    // A renewed lease may not name its server or address (RFC 2131, table 5).
    assert_eq!((request.options.get(50), request.options.get(54)), (None, None));
    let ack = answer(MessageKind::Ack, &request).to_bytes();
    assert_eq!(client.on_datagram(&ack, at(1800)), [], "nothing changed, so nothing is configured");
    assert_eq!(client.due(), at(3600));
}

#[test]
fn a_silent_server_is_asked_then_everybody_then_the_address_goes() {
    let mut client = bound();
    let mut timeline = Vec::new();
    while client.lease().is_some() {
        let now = client.due();
        let steps = client.on_tick(now);
        let word = match &steps[0] {
            Step::Unicast(..) => "server",
            Step::Broadcast(_) => "everybody",
            Step::Unbind => "unbind",
            Step::Bind(_) => "bind",
        };
        timeline.push((now.millis() / 1000, word));
    }
    let renewals = timeline.iter().filter(|(_, word)| *word == "server").count();
    assert_eq!(timeline.first(), Some(&(1800, "server")));
    assert!(renewals < 8, "{timeline:?}");
    assert!(timeline.contains(&(3150, "everybody")), "{timeline:?}");
    assert_eq!(timeline.last(), Some(&(3600, "unbind")));
}

#[test]
fn another_address_at_renewal_replaces_the_first() {
    let mut client = bound();
    let request = sent(&client.on_tick(at(1800)));
    let mut ack = answer(MessageKind::Ack, &request);
    ack.yours = Ipv4Addr::new(192, 168, 7, 99);
    let steps = client.on_datagram(&ack.to_bytes(), at(1800));
    assert!(matches!(steps.as_slice(), [Step::Unbind, Step::Bind(lease)] if lease.address == ack.yours), "{steps:?}");
}

#[test]
fn a_cable_in_another_switch_asks_again() {
    let mut client = bound();
    let steps = client.on_carrier(at(50));
    assert_eq!(steps[0], Step::Unbind);
    assert_eq!(sent(&steps).kind, MessageKind::Discover);
}

#[test]
fn what_servers_leave_out_or_get_wrong() {
    let mut client = client();
    let discover = sent(&client.on_tick(at(0)));
    let request = sent(&client.on_datagram(&answer(MessageKind::Offer, &discover).to_bytes(), at(0)));
    let mut ack = Message::new(MessageKind::Ack, request.transaction, MAC);
    ack.yours = OURS;
    ack.options.set(1, &[255, 0, 255, 0]);
    ack.options.set(26, &68_u16.to_be_bytes());
    ack.options.set(3, &[0, 0, 0, 0]);
    let steps = client.on_datagram(&ack.to_bytes(), at(0));
    let [Step::Bind(lease)] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!((lease.prefix, lease.seconds, lease.mtu, lease.router), (24, 3600, None, None));
    assert_eq!(lease.server, SERVER);
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(tail in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
        let mut client = client();
        let discover = sent(&client.on_tick(at(0)));
        for kind in [MessageKind::Offer, MessageKind::Ack, MessageKind::Nak] {
            let mut bytes = answer(kind, &discover).to_bytes();
            bytes.truncate(243);
            bytes.extend(&tail);
            let _ = client.on_datagram(&bytes, at(1));
        }
    }
}
