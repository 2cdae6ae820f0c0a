//! Boot clients that we did not write, as far as their choice between servers goes: EDK2's PXE (as it was
//! before April 2017 and as it is), EDK2's HTTP Boot, iPXE. They speak in datagrams, to our proxy and to a
//! bench of other servers.

use std::net::{Ipv4Addr, SocketAddrV4};

use super::{
    BOOT_SERVER_PORT, Message, MessageKind, SERVER_PORT,
    netboot::{
        Request,
        tests::{ipxe, uefi_http, uefi_pxe},
    },
    reply::{
        self, Destination, Manner,
        tests::{US, files},
    },
    rivals::{HttpKind, Kind, Rank, first_choice, first_http_choice, tests::said},
};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 93);
const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 254);

/// Another server: an answer in words of its own to a discover and to port 4011, after so many milliseconds.
struct Other {
    after: u64,
    offer: Message,
    boot_server: Option<Message>,
}

/// All that answers on one wire.
struct Wire {
    manner: Manner,
    ours_after: Option<u64>,
    others: Vec<Other>,
}

impl Wire {
    fn with(others: Vec<Other>) -> Self {
        Self { manner: Manner::default(), ours_after: Some(5), others }
    }

    fn ours(&self, bytes: &[u8], port: u16, source: SocketAddrV4) -> Option<Message> {
        let request = Request::parse(bytes).ok()?;
        let sent = reply::proxy(&request, port, source, &files(), US, self.manner).ok()?;
        if port == BOOT_SERVER_PORT {
            assert_eq!((sent.from, sent.to), (BOOT_SERVER_PORT, Destination::Unicast(source)));
        }
        Some(Message::parse(&sent.datagram).unwrap())
    }

    /// Every offer for this discover, with its time, in the order of arrival.
    fn discover(&self, discover: &Message) -> Vec<(u64, Message)> {
        let source = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68);
        let ours =
            self.ours_after.and_then(|after| Some((after, self.ours(&discover.to_bytes(), SERVER_PORT, source)?)));
        let others = self.others.iter().map(|other| (other.after, other.offer.clone()));
        let mut offers: Vec<_> = others.chain(ours).collect();
        offers.sort_by_key(|(after, _)| *after);
        offers
    }

    /// What this server says on its port 4011.
    fn ask_boot_server(&self, server: Ipv4Addr, asked: &Message) -> Option<Message> {
        let mut request = asked.clone();
        (request.kind, request.client, request.broadcast) = (MessageKind::Request, ADDRESS, false);
        if server == US.address {
            return self.ours(&request.to_bytes(), BOOT_SERVER_PORT, SocketAddrV4::new(ADDRESS, BOOT_SERVER_PORT));
        }
        let is_it = |other: &&Other| other.offer.options.address(54) == Some(server);
        self.others.iter().find(is_it)?.boot_server.clone()
    }
}

/// Where EDK2 reads the file, and the server that has it.
fn named(message: &Message) -> Option<(String, Ipv4Addr)> {
    let file = message.options.text(67).unwrap_or(&message.file);
    let server = Some(message.next_server).filter(|server| !server.is_unspecified());
    let server = server.or(message.options.address(54))?;
    (!file.is_empty()).then(|| (String::from_utf8(file.to_vec()).unwrap(), server))
}

#[derive(Clone, Copy, PartialEq)]
enum Edk2 {
    /// Before 8cdd559be6 (2017-04-17): the first offer of the kind ProxyPxe10 was never kept.
    Old,
    New,
}

/// UefiPxeBcDxe: what it would fetch, and from whom.
fn edk2_pxe(wire: &Wire, version: Edk2) -> Option<(String, Ipv4Addr)> {
    let discover = uefi_pxe(7);
    let mut kept: Vec<(Kind, Message)> = Vec::new();
    for (_, offer) in wire.discover(&discover) {
        assert!(offer.to_bytes().len() <= 1472, "the cache of a packet is no longer");
        let Some(kind) = Kind::of(&offer) else { continue };
        let one_is_kept = kept.iter().any(|(kept, _)| *kept == kind);
        let keeps = match (kind, version) {
            (Kind::ProxyPxe10, Edk2::Old) => false,
            (Kind::ProxyPxe10, Edk2::New) => !one_is_kept,
            _ => true,
        };
        if keeps {
            kept.push((kind, offer));
        }
    }
    let kinds: Vec<Kind> = kept.iter().map(|(kind, _)| *kind).collect();
    match first_choice(&kinds)? {
        choice @ (Rank::One(_) | Rank::Both { .. }) => named(&kept[choice.file_of()].1),
        Rank::AsksBootServer(offer) => named(&retry_binl(wire, &discover, &kept[offer].1)?),
        // Every proxy of this kind in turn, until one answers.
        Rank::BothAsksBootServer { .. } => kept
            .iter()
            .filter(|(kind, _)| *kind == Kind::ProxyBinl)
            .find_map(|(_, offer)| retry_binl(wire, &discover, offer))
            .and_then(|ack| named(&ack)),
    }
}

fn retry_binl(wire: &Wire, discover: &Message, offer: &Message) -> Option<Message> {
    let next = Some(offer.next_server).filter(|server| !server.is_unspecified());
    let ack = wire.ask_boot_server(next.or(offer.options.address(54))?, discover)?;
    let is_pxe = ack.options.get(60).is_some_and(|class| class.starts_with(b"PXEClient"));
    (is_pxe && named(&ack).is_some()).then_some(ack)
}

/// HttpBootDxe: an address from one, a URL from the same or from a proxy.
fn edk2_http(wire: &Wire, architecture: u8) -> Option<String> {
    let offers = wire.discover(&uefi_http(architecture));
    let (kinds, kept): (Vec<_>, Vec<_>) =
        offers.iter().filter_map(|(_, offer)| Some((HttpKind::of(offer)?, offer))).unzip();
    named(kept[first_http_choice(&kinds)?.file_of()]).map(|(url, _)| url)
}

/// iPXE: takes a lease and listens two seconds more for a proxy, unless the lease forbids it. A proxy that
/// names a server and a file is not asked on 4011.
fn ipxe_boots(wire: &Wire) -> Option<String> {
    let discover = ipxe();
    let offers = wire.discover(&discover);
    let (leased, lease) = offers.iter().find(|(_, offer)| !offer.yours.is_unspecified())?;
    let no_proxy = lease.options.get(175).is_some_and(|inside| inside.windows(3).any(|part| part == [0xb0, 1, 1]));
    let is_proxy = |offer: &Message| {
        offer.yours.is_unspecified() && offer.options.get(60).is_some_and(|class| class.starts_with(b"PXEClient"))
    };
    let proxy = offers.iter().find(|(after, offer)| is_proxy(offer) && *after <= leased + 2_000 && !no_proxy);
    match proxy {
        Some((_, offer)) if !offer.next_server.is_unspecified() && !offer.file.is_empty() => named(offer),
        Some((_, offer)) => named(&wire.ask_boot_server(offer.options.address(54)?, &discover)?),
        None => named(lease),
    }
    .map(|(file, _)| file)
}

fn router(options: &[(u8, &[u8])]) -> Other {
    Other { after: 40, offer: said(ROUTER, Some(ADDRESS), options), boot_server: None }
}

const OURS: &str = "x64/shimx64.efi";

fn boots_ours(wire: &Wire) {
    for version in [Edk2::Old, Edk2::New] {
        assert_eq!(edk2_pxe(wire, version), Some((OURS.into(), US.address)));
    }
}

#[test]
fn beside_a_plain_router_every_edk2_boots_ours() {
    for after in [1, 39, 41, 3_000] {
        let wire = Wire { ours_after: Some(after), ..Wire::with(vec![router(&[])]) };
        boots_ours(&wire);
    }
}

#[test]
fn beside_a_router_with_a_boot_file_of_its_own_ours_still_wins() {
    boots_ours(&Wire::with(vec![router(&[(66, b"10.77.0.254"), (67, b"pxelinux.0")])]));
}

#[test]
fn without_anybody_who_gives_addresses_nothing_boots() {
    let wire = Wire::with(vec![]);
    assert_eq!(edk2_pxe(&wire, Edk2::New), None);
    assert_eq!(edk2_http(&wire, 16), None);
    assert_eq!(ipxe_boots(&wire), None);
}

#[test]
fn the_way_without_4011_fails_on_old_firmware_and_so_is_not_the_rule() {
    let manner = Manner { skip_boot_server: true, ..Manner::default() };
    let wire = Wire { manner, ..Wire::with(vec![router(&[])]) };
    assert_eq!(edk2_pxe(&wire, Edk2::New), Some((OURS.into(), US.address)));
    assert_eq!(edk2_pxe(&wire, Edk2::Old), None, "Dell T130 and T430");
}

#[test]
fn a_rival_that_gives_addresses_and_boots_pxe_wins_and_is_seen_to() {
    let wds = |options: &[(u8, &[u8])]| {
        let mut other = router(options);
        other.offer.options.set(60, b"PXEClient");
        other.offer.options.set(67, b"wdsmgfw.efi");
        other.boot_server = Some(other.offer.clone());
        Wire::with(vec![other])
    };
    let theirs = Some(("wdsmgfw.efi".to_owned(), ROUTER));
    assert_eq!(edk2_pxe(&wds(&[]), Edk2::New), theirs);
    assert_eq!(edk2_pxe(&wds(&[(43, &[6, 1, 8, 255])]), Edk2::New), theirs);
}

#[test]
fn a_proxy_that_is_silent_on_4011_costs_time_and_nothing_else() {
    let mut proxy = said(Ipv4Addr::new(10, 77, 0, 9), None, &[(60, b"PXEClient")]);
    proxy.next_server = Ipv4Addr::new(10, 77, 0, 9);
    boots_ours(&Wire::with(vec![router(&[]), Other { after: 1, offer: proxy, boot_server: None }]));
}

#[test]
fn http_boot_takes_our_url_beside_a_router_with_or_without_its_own_file() {
    let url = Some("http://10.77.0.1:8080/x64/shimx64.efi".to_owned());
    let dns: (u8, &[u8]) = (6, &[10, 77, 0, 254]);
    for options in [&[][..], &[dns], &[(67, &b"pxelinux.0"[..])], &[dns, (60, b"PXEClient"), (67, b"wdsmgfw.efi")]] {
        let wire = Wire::with(vec![router(options)]);
        assert_eq!(edk2_http(&wire, 16), url);
        assert_eq!(edk2_http(&wire, 7), url, "firmware that says 7");
    }
}

#[test]
fn a_rival_that_gives_addresses_and_a_url_wins_or_spoils_it() {
    let theirs: &[u8] = b"http://10.77.0.254/theirs.efi";
    let wire = |options: &[(u8, &[u8])]| Wire::with(vec![router(options)]);
    assert_eq!(
        edk2_http(&wire(&[(60, b"HTTPClient"), (67, theirs)]), 16),
        Some("http://10.77.0.254/theirs.efi".into())
    );
    // It says HTTPClient and names what cannot be fetched: its address is thrown away, too.
    assert_eq!(edk2_http(&wire(&[(60, b"HTTPClient")]), 16), None);
    assert_eq!(edk2_http(&wire(&[(60, b"HTTPClient"), (67, b"http://boot.example/a.efi")]), 16), None, "no DNS server");
}

#[test]
fn ipxe_waits_two_seconds_for_a_proxy_and_no_longer() {
    let script = Some("http://10.77.0.1:8080/boot.ipxe".to_owned());
    let wire = |after| Wire { ours_after: after, ..Wire::with(vec![router(&[(67, b"pxelinux.0")])]) };
    assert_eq!(ipxe_boots(&wire(Some(5))), script);
    assert_eq!(ipxe_boots(&wire(Some(2_040))), script);
    assert_eq!(ipxe_boots(&wire(Some(2_041))), Some("pxelinux.0".into()), "why answers are not delayed");
    assert_eq!(ipxe_boots(&wire(None)), Some("pxelinux.0".into()));
}
