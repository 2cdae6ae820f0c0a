//! Who is answered, and who is not.

use super::*;

const FILE: &str = "grubx64.efi";

fn at(ms: u64) -> Moment {
    Moment::from_millis(ms)
}

fn client(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], port))
}

fn server() -> Server<u8> {
    Server::new(Limits { transfers: 3, per_client: 2, ..Limits::default() })
}

/// Two files, 1 and 2; the second has another size.
fn catalogue(name: &FileName) -> Option<Found<u8>> {
    match name.as_str() {
        FILE => Some(Found { file: 1, size: 5_000 }),
        "other" => Some(Found { file: 2, size: 100 }),
        _ => None,
    }
}

fn request(name: &str, tail: &[u8]) -> Vec<u8> {
    [b"\0\x01", name.as_bytes(), b"\0octet\0", tail].concat()
}

fn actions(server: &mut Server<u8>) -> Vec<Action<u8>> {
    std::iter::from_fn(|| server.next_action()).collect()
}

#[track_caller]
fn started(ticket: Ticket) -> TransferId {
    match ticket {
        Ticket::Started(id) => id,
        other => panic!("{other:?}"),
    }
}

fn replies(actions: &[Action<u8>]) -> Vec<&[u8]> {
    actions
        .iter()
        .map(|action| match action {
            Action::Reply { datagram, .. } => datagram.as_slice(),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_read_from_request_to_end() {
    let mut server = server();
    let asked = request("\\grubx64.efi", b"blksize\x004096\0");
    let id = started(server.on_request(client(1024), &asked, catalogue, at(0)));
    let [Action::Open { file: 1, name, .. }, Action::Control { datagram, .. }] = &actions(&mut server)[..] else {
        panic!()
    };
    assert_eq!((name.as_str(), &datagram[..]), (FILE, &b"\0\x06blksize\x001468\0"[..]));
    for block in 0..4 {
        assert_eq!(server.on_packet(id, client(1024), &[0, 4, 0, block], at(1)), Ticket::Taken(id));
        let [Action::Send { flight, .. }] = &actions(&mut server)[..] else { panic!() };
        assert_eq!((flight.first, flight.count), (u64::from(block) + 1, 1));
    }
    let shown: Vec<_> = server.transfers().map(|view| (view.client, view.opening, view.stats.confirmed)).collect();
    assert_eq!(shown, [(client(1024), false, 3 * 1468)]);
    server.on_packet(id, client(1024), &[0, 4, 0, 4], at(2));
    let [Action::Done { ended: Ended::Delivered, stats, file: 1, .. }] = &actions(&mut server)[..] else { panic!() };
    assert_eq!((stats.confirmed, stats.sent), (5_000, 5_000));
    assert_eq!((server.len(), server.next_wake()), (0, None));
    assert_eq!(server.on_packet(id, client(1024), &[0, 4, 0, 4], at(3)), Ticket::Stranger);
    assert_eq!(actions(&mut server), []);
}

/// shim asks for revocations_sku.efi and two more before its loader, and waits for each answer.
#[test]
fn what_is_not_there_is_told_at_once_with_code_one() {
    let mut server = server();
    for name in ["revocations_sku.efi", "../../etc/passwd", &"a".repeat(500)] {
        server.on_request(client(1), &request(name, b""), catalogue, at(0));
        assert_eq!(replies(&actions(&mut server)), [b"\0\x05\0\x01File not found\0"]);
    }
    assert!(server.is_empty() && server.per_client.is_empty());
}

#[test]
fn writing_is_refused() {
    let mut server = server();
    let ticket = server.on_request(client(1), b"\0\x02grubx64.efi\0octet\0", catalogue, at(0));
    assert_eq!(ticket, Ticket::Refused(Refusal::Write));
    assert_eq!(replies(&actions(&mut server)), [b"\0\x05\0\x02Read only\0"]);
}

#[test]
fn a_repeated_request_is_the_same_transfer() {
    let mut server = server();
    let asked = request(FILE, b"tsize\x000\0");
    let id = started(server.on_request(client(1), &asked, catalogue, at(0)));
    actions(&mut server);
    assert_eq!(server.on_request(client(1), &asked, catalogue, at(1)), Ticket::Taken(id));
    assert_eq!(actions(&mut server), [], "doubled by the network");
    assert_eq!(server.on_request(client(1), &asked, catalogue, at(250)), Ticket::Taken(id));
    assert!(matches!(actions(&mut server)[..], [Action::Control { .. }]), "the opening was lost");
    server.on_packet(id, client(1), &[0, 4, 0, 0], at(251));
    actions(&mut server);
    assert_eq!(server.on_request(client(1), &asked, catalogue, at(252)), Ticket::Taken(id));
    assert_eq!((actions(&mut server), server.len()), (Vec::new(), 1));
}

/// ROMs that always ask from port 2070 start again after a reset, in the middle of their former transfer.
#[test]
fn a_reset_rom_on_its_old_port_starts_anew() {
    let mut server = server();
    let asked = request(FILE, b"tsize\x000\0");
    let first = started(server.on_request(client(2070), &asked, catalogue, at(0)));
    server.on_packet(first, client(2070), &[0, 4, 0, 0], at(1));
    actions(&mut server);
    let second = started(server.on_request(client(2070), &asked, catalogue, at(5_000)));
    assert_ne!(first, second);
    let done = actions(&mut server);
    let [Action::Done { ended: Ended::Superseded, .. }, Action::Open { .. }, Action::Control { .. }] = &done[..] else {
        panic!("{done:?}")
    };
    started(server.on_request(client(2070), &request("other", b""), catalogue, at(5_001)));
    assert_eq!(server.len(), 1);
}

#[test]
fn a_strangers_packet_is_told_so_and_touches_nothing() {
    let mut server = server();
    let id = started(server.on_request(client(1), &request(FILE, b""), catalogue, at(0)));
    actions(&mut server);
    let wrong = client(9);
    assert_eq!(server.on_packet(id, wrong, &[0, 4, 0, 1], at(1)), Ticket::Stranger);
    let told = Action::Reply { via: Some(id), to: wrong, datagram: vec![0, 5, 0, 5, 0] };
    assert_eq!(actions(&mut server), [told]);
    assert_eq!(server.on_packet(id, wrong, b"\0\x05\0\0stop\0", at(1)), Ticket::Stranger);
    assert_eq!(actions(&mut server), [], "an error is never answered with an error");
    server.on_packet(id, client(1), &[0, 4, 0, 1], at(2));
    assert!(matches!(actions(&mut server)[..], [Action::Send { .. }]));
}

#[test]
fn one_port_for_all() {
    let mut server = server();
    let one = started(server.on_datagram(client(1), &request(FILE, b""), catalogue, at(0)));
    let two = started(server.on_datagram(client(2), &request(FILE, b""), catalogue, at(0)));
    actions(&mut server);
    assert_eq!(server.on_datagram(client(2), &[0, 4, 0, 1], catalogue, at(1)), Ticket::Taken(two));
    assert!(matches!(actions(&mut server)[..], [Action::Send { transfer, .. }] if transfer == two && one != two));
    assert_eq!(server.on_datagram(client(3), &[0, 4, 0, 1], catalogue, at(1)), Ticket::Stranger);
    assert_eq!(replies(&actions(&mut server)), [[0, 5, 0, 5, 0]]);
}

#[test]
fn too_many_get_silence_and_room_when_others_end() {
    let mut server = server();
    let asked = request(FILE, b"");
    let first = started(server.on_request(client(1), &asked, catalogue, at(0)));
    started(server.on_request(client(2), &asked, catalogue, at(0)));
    assert_eq!(server.on_request(client(3), &asked, catalogue, at(0)), Ticket::ClientBusy);
    let other = |host| SocketAddr::from(([192, 0, 2, host], 1));
    started(server.on_request(other(8), &asked, catalogue, at(0)));
    actions(&mut server);
    assert_eq!(server.on_request(other(9), &asked, catalogue, at(0)), Ticket::Busy);
    assert_eq!(actions(&mut server), []);
    server.on_unreachable(first);
    assert!(matches!(actions(&mut server)[..], [Action::Done { ended: Ended::Gone, .. }]));
    let next = started(server.on_request(client(3), &asked, catalogue, at(0)));
    assert_eq!((next.slot, next == first), (first.slot, false), "the place is used again, the name is not");
}

/// Whoever forges a source address makes us send it 4 blocks of 512 bytes, and not for ever.
#[test]
fn an_address_that_never_answers_gets_four_packets() {
    let mut server = server();
    started(server.on_request(client(1), &request(FILE, b""), catalogue, at(0)));
    let mut sent = 0;
    while let Some(wake) = server.next_wake() {
        for action in actions(&mut server) {
            let Action::Send { flight, .. } = action else { continue };
            assert_eq!((flight.first, flight.content()), (1, 0..512));
            sent += 1;
        }
        server.on_time(wake);
    }
    assert_eq!(sent, 4);
    assert!(matches!(actions(&mut server)[..], [Action::Done { ended: Ended::NoAnswer, .. }]));
}

#[test]
fn thousands_wake_when_they_are_due_and_not_before() {
    let mut server: Server<u8> = Server::new(Limits { transfers: 5_000, ..Limits::default() });
    for number in 0..5_000_u16 {
        let [high, low] = number.to_be_bytes();
        let from = SocketAddr::from(([198, 51, high, low], 1));
        started(server.on_request(from, &request(FILE, b""), catalogue, at(u64::from(number))));
    }
    assert_eq!(actions(&mut server).len(), 10_000);
    assert_eq!(server.next_wake(), Some(at(300)));
    server.on_time(at(299));
    assert_eq!(actions(&mut server), []);
    server.on_time(at(1_299));
    assert_eq!(actions(&mut server).len(), 1_000);
    assert_eq!(server.wakes.len(), 5_000);
}
