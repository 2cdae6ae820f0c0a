use super::*;
use crate::dhcp::{
    SERVER_PORT,
    netboot::tests::{MAC, bios_pxe, uefi_http, uefi_pxe},
    reply::tests::{US, answered, files},
};

const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 254);
const WDS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 9);

fn at(seconds: u64) -> Moment {
    Moment::from_millis(seconds * 1_000)
}

/// What another server says, with these options.
pub(in crate::dhcp) fn said(server: Ipv4Addr, address: Option<Ipv4Addr>, options: &[(u8, &[u8])]) -> Message {
    let mut message = Message::new(MessageKind::Offer, 0x1d65_4321, MAC);
    message.yours = address.unwrap_or(Ipv4Addr::UNSPECIFIED);
    message.options.set(54, &server.octets());
    for (code, value) in options {
        message.options.set(*code, value);
    }
    message
}

const LEASE: Option<Ipv4Addr> = Some(Ipv4Addr::new(10, 77, 0, 93));

#[test]
fn a_router_is_a_rival_for_addresses_and_names_no_file() {
    let mut rivals = Rivals::default();
    let sight =
        rivals.observe(&said(ROUTER, LEASE, &[(1, &[255, 255, 255, 0])]).to_bytes(), &[US.address], at(10)).unwrap();
    assert_eq!((sight.server, sight.address, sight.boots), (ROUTER, LEASE, None));
    assert_eq!(sight.ranked, Some(Kind::DhcpOnly { file: false }));
    assert_eq!(rivals.gives_addresses(Duration::from_secs(60), at(70)), Some(ROUTER));
    assert_eq!(rivals.gives_addresses(Duration::from_secs(60), at(71)), None);
}

#[test]
fn a_deployment_server_names_its_file_and_gives_no_address() {
    let mut rivals = Rivals::default();
    let mut offer = said(WDS, None, &[(60, b"PXEClient"), (67, b"boot\\x64\\wdsmgfw.efi\0")]);
    offer.next_server = WDS;
    let sight = rivals.observe(&offer.to_bytes(), &[US.address], at(1)).unwrap();
    let boots = Boots { protocol: Some(Protocol::Pxe), next_server: Some(WDS), file: "boot\\x64\\wdsmgfw.efi".into() };
    assert_eq!((sight.boots.as_ref(), sight.ranked), (Some(&boots), Some(Kind::ProxyBinl)));
    assert_eq!(rivals.gives_addresses(Duration::from_secs(60), at(1)), None);
    let (server, rival) = rivals.all().next().unwrap();
    assert_eq!((server, rival.answers, rival.boots.clone()), (WDS, 1, Some((at(1), boots))));
}

#[test]
fn a_file_in_the_header_alone_counts_and_cannot_write_on_the_screen() {
    let mut offer = said(ROUTER, LEASE, &[]);
    offer.file = b"pxe\x1b[2Jlinux.0\xff".to_vec();
    let boots = Sight::of(&offer).unwrap().boots.unwrap();
    assert_eq!((boots.file.as_str(), boots.protocol), ("pxe[2Jlinux.0\u{fffd}", None));
}

#[test]
fn what_we_say_ourselves_and_what_clients_say_is_no_rival() {
    let mut rivals = Rivals::default();
    let ours = answered(&uefi_pxe(7), SERVER_PORT, &files()).unwrap();
    assert_eq!(rivals.observe(&ours.datagram, &[US.address], at(1)), None);
    assert_eq!(rivals.observe(&uefi_pxe(7).to_bytes(), &[US.address], at(1)), None);
    assert_eq!(rivals.observe(b"noise", &[US.address], at(1)), None);
    assert_eq!(rivals, Rivals::default());
}

#[test]
fn a_flood_of_servers_fills_no_memory() {
    let mut rivals = Rivals::default();
    for number in 1..1_000 {
        let server = Ipv4Addr::from_bits(0x0a00_0000 + number);
        rivals.observe(&said(server, LEASE, &[]).to_bytes(), &[], at(u64::from(number)));
    }
    assert_eq!(rivals.all().count(), MOST_SERVERS);
    assert!(rivals.all().any(|(server, _)| server == Ipv4Addr::new(10, 0, 3, 231)), "the newest stays");
}

#[test]
fn our_answers_are_classed_as_they_are_meant() {
    let kind = |message: &Message| {
        let sent = answered(message, SERVER_PORT, &files()).unwrap();
        Kind::of(&Message::parse(&sent.datagram).unwrap())
    };
    assert_eq!(kind(&bios_pxe()), Some(Kind::ProxyPxe10));
    assert_eq!(kind(&uefi_pxe(7)), Some(Kind::ProxyBinl));
    assert_eq!(kind(&uefi_http(16)), None, "PXE does not want it; HTTP Boot does");
    let sent = answered(&uefi_http(16), SERVER_PORT, &files()).unwrap();
    assert_eq!(HttpKind::of(&Message::parse(&sent.datagram).unwrap()), Some(HttpKind::ProxyByAddress));
}

#[test]
fn edk2_ranks_offers_in_this_order() {
    use Kind::{DhcpBinl, DhcpOnly, DhcpPxe10, ProxyBinl, ProxyPxe10};
    let file = DhcpOnly { file: true };
    let bare = DhcpOnly { file: false };
    assert_eq!(first_choice(&[file, ProxyPxe10, DhcpPxe10]), Some(Rank::One(2)));
    assert_eq!(first_choice(&[DhcpBinl, bare, ProxyPxe10]), Some(Rank::Both { address: 1, proxy: 2 }));
    assert_eq!(first_choice(&[ProxyBinl, bare, DhcpBinl]), Some(Rank::AsksBootServer(2)));
    assert_eq!(first_choice(&[file, ProxyBinl]), Some(Rank::BothAsksBootServer { address: 0, proxy: 1 }));
    assert_eq!(first_choice(&[bare, file]), Some(Rank::One(1)));
    assert_eq!(first_choice(&[bare]), None);
    assert_eq!(first_choice(&[ProxyPxe10, ProxyBinl]), None, "nobody gives an address");
}

#[test]
fn http_boot_throws_away_an_offer_that_says_so_and_names_no_url() {
    let kind = |options| HttpKind::of(&said(ROUTER, LEASE, options));
    assert_eq!(kind(&[(60, b"HTTPClient")]), None);
    assert_eq!(kind(&[(60, b"HTTPClient"), (67, b"pxelinux.0")]), None);
    assert_eq!(kind(&[(67, b"pxelinux.0")]), Some(HttpKind::DhcpOnly { dns: false }));
    assert_eq!(kind(&[(60, b"HTTPClient"), (67, b"http://10.0.0.1/a.efi")]), Some(HttpKind::DhcpByAddress));
    assert_eq!(kind(&[(60, b"PXEClient"), (6, &[10, 0, 0, 1])]), Some(HttpKind::DhcpOnly { dns: true }));
    assert_eq!(HttpKind::of(&said(WDS, None, &[(60, b"PXEClient")])), None);
}

#[test]
fn http_boot_ranks_offers_in_this_order() {
    use HttpKind::{DhcpByAddress, DhcpByName, DhcpOnly, ProxyByAddress, ProxyByName};
    let (plain, dns) = (DhcpOnly { dns: false }, DhcpOnly { dns: true });
    let both = |address, proxy| Some(Rank::Both { address, proxy });
    assert_eq!(
        first_http_choice(&[ProxyByAddress, plain, DhcpByName { dns: true }, DhcpByAddress]),
        Some(Rank::One(3))
    );
    assert_eq!(first_http_choice(&[ProxyByAddress, plain, DhcpByName { dns: true }]), Some(Rank::One(2)));
    assert_eq!(first_http_choice(&[ProxyByAddress, dns, plain]), both(2, 0));
    assert_eq!(first_http_choice(&[ProxyByName, dns, ProxyByAddress]), both(1, 2));
    assert_eq!(first_http_choice(&[ProxyByName, dns, DhcpByName { dns: false }]), both(1, 0));
    assert_eq!(first_http_choice(&[dns, DhcpByName { dns: false }]), both(0, 1));
    assert_eq!(first_http_choice(&[ProxyByName, plain]), None, "nobody who could look the name up");
    assert_eq!(first_http_choice(&[ProxyByAddress, DhcpByName { dns: false }]), None);
}

#[test]
fn an_offer_for_multicast_is_thrown_away() {
    let offer = said(WDS, LEASE, &[(60, b"PXEClient"), (43, &[1, 4, 224, 1, 1, 1, 255])]);
    assert_eq!(Kind::of(&offer), None);
}
