use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::dhcp::netboot::tests::{bios_pxe, discover, ipxe, uefi_http, uefi_pxe};

pub(in crate::dhcp) const US: Server = Server { address: Ipv4Addr::new(10, 77, 0, 1), http_port: 8080 };
const SOMEBODY: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 77, 0, 93), 4011);

fn path(text: &str) -> BootPath {
    text.parse().unwrap()
}

pub(in crate::dhcp) fn files() -> Boot {
    Boot::Files(
        Files::default()
            .with(Architecture::Bios, Protocol::Pxe, path("bios/undionly.kpxe"))
            .with(Architecture::Bios, Protocol::Ipxe, path("boot.ipxe"))
            .with(Architecture::X64, Protocol::Pxe, path("x64/shimx64.efi"))
            .with(Architecture::X64, Protocol::Http, path("x64/shimx64.efi"))
            .with(Architecture::X64, Protocol::Ipxe, path("boot.ipxe")),
    )
}

pub(in crate::dhcp) fn answered(message: &Message, port: u16, boot: &Boot) -> Result<Outgoing, Silence> {
    let request = Request::parse(&message.to_bytes()).unwrap();
    proxy(&request, port, SOMEBODY, boot, US, Manner::default())
}

fn offer(message: &Message) -> Message {
    let sent = answered(message, SERVER_PORT, &files()).unwrap();
    assert_eq!((sent.from, sent.to), (67, Destination::Broadcast));
    Message::parse(&sent.datagram).unwrap()
}

#[test]
fn a_bios_rom_is_told_to_fetch_and_ask_no_more() {
    let offer = offer(&bios_pxe());
    assert_eq!((offer.kind, offer.yours, offer.next_server), (MessageKind::Offer, Ipv4Addr::UNSPECIFIED, US.address));
    assert_eq!(offer.file, b"bios/undionly.kpxe");
    assert_eq!(offer.options.get(43), Some(&[6, 1, 8, 0xff][..]));
    assert_eq!(offer.options.codes().collect::<Vec<_>>(), [54, 60, 97, 43, 66, 67]);
}

#[test]
fn uefi_is_sent_to_port_4011_and_answered_where_it_asks_from() {
    let discover = uefi_pxe(7);
    let offer = offer(&discover);
    assert_eq!(offer.options.get(43), None);
    assert_eq!(offer.options.get(60), Some(&b"PXEClient"[..]));

    let mut request = discover;
    request.kind = MessageKind::Request;
    request.client = *SOMEBODY.ip();
    let sent = answered(&request, BOOT_SERVER_PORT, &files()).unwrap();
    assert_eq!((sent.from, sent.to), (4011, Destination::Unicast(SOMEBODY)));
    let ack = Message::parse(&sent.datagram).unwrap();
    assert_eq!((ack.kind, ack.yours, ack.client), (MessageKind::Ack, Ipv4Addr::UNSPECIFIED, *SOMEBODY.ip()));
    assert_eq!(ack.options.address(54), Some(US.address));
    assert_eq!(ack.options.codes().collect::<Vec<_>>(), [54, 60, 97, 66, 67]);
}

#[test]
fn a_model_that_was_found_to_bear_it_skips_port_4011() {
    let request = Request::parse(&uefi_pxe(7).to_bytes()).unwrap();
    let manner = Manner { skip_boot_server: true, delay: Duration::from_millis(300) };
    let sent = proxy(&request, SERVER_PORT, SOMEBODY, &files(), US, manner).unwrap();
    assert_eq!(sent.delay, Duration::from_millis(300));
    assert_eq!(Message::parse(&sent.datagram).unwrap().options.get(43), Some(&[6, 1, 8, 0xff][..]));
}

#[test]
fn file_and_server_stand_wherever_anybody_reads_them() {
    // shim reads the header alone; EDK2 option 67 first. ROMs read on to a NUL.
    let offer = offer(&uefi_pxe(7));
    assert_eq!(
        (offer.file.as_slice(), offer.options.get(67)),
        (&b"x64/shimx64.efi"[..], Some(&b"x64/shimx64.efi\0"[..]))
    );
    assert_eq!((offer.server_name.as_slice(), offer.options.get(66)), (&b"10.77.0.1"[..], Some(&b"10.77.0.1\0"[..])));
}

#[test]
fn http_boot_gets_a_url_that_needs_no_dns() {
    for architecture in [16, 7] {
        let offer = offer(&uefi_http(architecture));
        assert_eq!(offer.options.text(67), Some(&b"http://10.77.0.1:8080/x64/shimx64.efi"[..]));
        assert_eq!(offer.file, b"http://10.77.0.1:8080/x64/shimx64.efi");
        assert_eq!(offer.options.get(60), Some(&b"HTTPClient"[..]));
        assert_eq!(offer.options.get(43), None);
    }
}

#[test]
fn ipxe_gets_its_script_and_a_server_so_that_it_does_not_ask_4011() {
    let offer = offer(&ipxe());
    assert_eq!(offer.file, b"http://10.77.0.1:8080/boot.ipxe");
    assert_eq!((offer.next_server, offer.options.get(43)), (US.address, None));
    assert_eq!(offer.options.get(60), Some(&b"PXEClient"[..]));
}

#[test]
fn a_card_with_an_ipxe_without_http_gets_a_tftp_url() {
    let mut message = ipxe();
    message.options.set(175, &[0xb1, 5, 1, 0x80, 0x86, 0x10, 0x0e, 0x18, 1, 1]);
    assert_eq!(offer(&message).file, b"tftp://10.77.0.1/boot.ipxe");
}

#[test]
fn an_answer_goes_back_through_the_relay_with_what_the_relay_added_last() {
    let mut message = uefi_pxe(7);
    message.relay = Ipv4Addr::new(10, 9, 0, 1);
    message.options.set(82, &[1, 2, 0, 4]);
    let sent = answered(&message, SERVER_PORT, &files()).unwrap();
    assert_eq!(sent.to, Destination::Unicast(SocketAddrV4::new(message.relay, 67)));
    let offer = Message::parse(&sent.datagram).unwrap();
    assert_eq!((offer.relay, offer.options.codes().last()), (message.relay, Some(82)));
    assert_eq!(offer.options.get(82), Some(&[1, 2, 0, 4][..]));
}

#[test]
fn the_menu_entry_asked_for_is_echoed() {
    let mut message = bios_pxe();
    message.kind = MessageKind::Request;
    message.options.set(43, &[71, 4, 0, 2, 0, 0, 255]);
    let sent = answered(&message, BOOT_SERVER_PORT, &files()).unwrap();
    assert_eq!(Message::parse(&sent.datagram).unwrap().options.get(43), Some(&[71, 4, 0, 2, 0, 0, 255][..]));
    message.options.set(43, &[71, 4, 0, 2, 0x80, 0, 255]);
    assert_eq!(answered(&message, BOOT_SERVER_PORT, &files()), Err(Silence::Credentials));
}

#[test]
fn silence_has_a_reason() {
    assert_eq!(answered(&uefi_pxe(7), SERVER_PORT, &Boot::Nothing), Err(Silence::Nothing));
    let no_payload = Silence::NoPayload(Architecture::Arm64, Protocol::Http);
    assert_eq!(answered(&uefi_http(19), SERVER_PORT, &files()), Err(no_payload));
    let mut request = uefi_pxe(7);
    assert_eq!(answered(&request, BOOT_SERVER_PORT, &files()), Err(Silence::NotAsked));
    // Even one that names us: an address is not ours to give.
    request.kind = MessageKind::Request;
    request.options.set(54, &US.address.octets());
    assert_eq!(answered(&request, SERVER_PORT, &files()), Err(Silence::NotAsked));
}

#[test]
fn a_path_always_fits_the_header() {
    let longest = "a".repeat(98);
    let far = Server { address: Ipv4Addr::new(203, 255, 255, 255), http_port: 65_535 };
    assert_eq!(Offered::HttpUrl(&path(&longest)).text(far).len(), 127);
    for bad in ["", "/etc/passwd", "a b", "ü", "a\\b", &"a".repeat(99)] {
        assert_eq!(bad.parse::<BootPath>(), Err(NotAPath), "{bad}");
    }
}

/// Of options that a client might send, most of them sensible.
fn options() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    let value = prop::collection::vec(any::<u8>(), 0..300);
    let class = prop::sample::select(vec![&b"PXEClient"[..], b"HTTPClient:Arch:00016", b"MSFT 5.0", b"HW-Client"]);
    let architecture = prop::sample::select(vec![0_u8, 6, 7, 9, 11, 16, 19]);
    let known = prop_oneof![
        4 => class.prop_map(|class| (60, class.to_vec())),
        4 => architecture.prop_map(|number| (93, vec![0, number])),
        1 => Just((77, b"iPXE".to_vec())),
        4 => (prop::sample::select(vec![43_u8, 54, 57, 61, 82, 97, 175, 52]), value.clone()),
        1 => (1..255_u8, value),
    ];
    prop::collection::vec(known, 0..9)
}

proptest! {
    #[test]
    fn no_answer_does_harm(
        options in options(),
        kind in prop::sample::select(vec![MessageKind::Discover, MessageKind::Request, MessageKind::Inform, MessageKind::Decline]),
        port in prop::sample::select(vec![SERVER_PORT, BOOT_SERVER_PORT]),
        (relay, client) in (any::<u32>(), any::<u32>()),
    ) {
        let mut asked = discover(&[]);
        (asked.kind, asked.client) = (kind, Ipv4Addr::from(client));
        asked.relay = if relay % 2 == 0 { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::from(relay) };
        for (code, value) in &options {
            asked.options.set(*code, value);
        }
        let bytes = asked.to_bytes();
        let Ok(request) = Request::parse(&bytes) else { return Ok(()) };
        let class = asked.options.get(60).unwrap_or_default();
        prop_assert!([&b"PXEClient"[..], b"HTTPClient", b"HW-Client"].iter().any(|known| class.starts_with(known)));
        let Ok(sent) = proxy(&request, port, SOMEBODY, &files(), US, Manner::default()) else { return Ok(()) };
        is_harmless(&bytes, &sent);
    }

    #[test]
    fn no_bytes_get_an_address_out_of_a_proxy(
        mut bytes in prop::collection::vec(any::<u8>(), 240..600),
        port in prop::sample::select(vec![SERVER_PORT, BOOT_SERVER_PORT]),
    ) {
        bytes[..3].copy_from_slice(&[1, 1, 6]);
        bytes[236..240].copy_from_slice(&[99, 130, 83, 99]);
        bytes.splice(240..240, [53, 1, 1, 60, 9].into_iter().chain(*b"PXEClient"));
        if let Ok(request) = Request::parse(&bytes)
            && let Ok(sent) = proxy(&request, port, SOMEBODY, &files(), US, Manner::default())
        {
            is_harmless(&bytes, &sent);
        }
    }
}

fn is_harmless(asked: &[u8], sent: &Outgoing) {
    assert!((300..=LONGEST).contains(&sent.datagram.len()), "{}", sent.datagram.len());
    assert!(sent.datagram.len() <= AMPLIFICATION * asked.len());
    let answer = Message::parse(&sent.datagram).unwrap();
    assert_eq!(answer.to_bytes(), sent.datagram);
    assert!(answer.yours.is_unspecified(), "an address in proxy mode");
    assert!(answer.options.get(51).is_none() && answer.options.get(1).is_none(), "a lease in proxy mode");
    assert!(answer.options.get(43).is_none_or(|value| value.len() <= 255 && value.last() == Some(&255)));
    let codes: Vec<u8> = answer.options.codes().collect();
    assert!(!codes.contains(&82) || codes.last() == Some(&82));
    match sent.to {
        Destination::Broadcast => assert_eq!(answer.kind, MessageKind::Offer),
        Destination::Unicast(to) => assert!(is_host(*to.ip())),
        Destination::Frame(..) => panic!("a proxy has no address to send a frame to"),
    }
}
