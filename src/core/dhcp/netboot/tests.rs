//! Discovers as firmware sends them. Field by field after the sources named; the MACs are made up.

use super::*;
use crate::dhcp::Message;

pub(in crate::dhcp) const MAC: Mac = Mac([0x00, 0x15, 0x5d, 0x01, 0x02, 0x03]);
const GUID: [u8; 17] =
    [0, 0x44, 0x45, 0x4c, 0x4c, 0x39, 0x00, 0x10, 0x4b, 0x80, 0x31, 0xb7, 0xc0, 0x4f, 0x4d, 0x35, 0x33];

/// A discover with these options, written as code and value.
pub(in crate::dhcp) fn discover(options: &[(u8, &[u8])]) -> Message {
    let mut message = Message::new(MessageKind::Discover, 0x1d65_4321, MAC);
    message.broadcast = true;
    for (code, value) in options {
        message.options.set(*code, value);
    }
    message
}

/// EDK2's PXE: NetworkPkg/UefiPxeBcDxe, PxeBcBuildDhcp4Options.
pub(in crate::dhcp) fn uefi_pxe(architecture: u8) -> Message {
    let class = format!("PXEClient:Arch:{architecture:05}:UNDI:003016");
    discover(&[
        (57, &1464_u16.to_be_bytes()),
        (97, &GUID),
        (94, &[1, 3, 16]),
        (93, &[0, architecture]),
        (60, class.as_bytes()),
    ])
}

/// EDK2's HTTP Boot: NetworkPkg/HttpBootDxe, HttpBootBuildDhcp4Options.
pub(in crate::dhcp) fn uefi_http(architecture: u8) -> Message {
    let class = format!("HTTPClient:Arch:{architecture:05}:UNDI:003016");
    discover(&[
        (57, &1472_u16.to_be_bytes()),
        (97, &GUID),
        (94, &[1, 3, 16]),
        (93, &[0, architecture]),
        (60, class.as_bytes()),
    ])
}

/// An Intel boot agent of BIOS days.
pub(in crate::dhcp) fn bios_pxe() -> Message {
    discover(&[
        (57, &1260_u16.to_be_bytes()),
        (97, &GUID),
        (93, &[0, 0]),
        (94, &[1, 2, 1]),
        (60, b"PXEClient:Arch:00000:UNDI:002001"),
    ])
}

/// iPXE in a BIOS ROM: net/udp/dhcp.c; user class without a length, features in 175.
pub(in crate::dhcp) fn ipxe() -> Message {
    discover(&[
        (60, b"PXEClient:Arch:00000:UNDI:002001"),
        (93, &[0, 0]),
        (94, &[1, 2, 1]),
        (77, b"iPXE"),
        (175, &[0xb1, 5, 1, 0x80, 0x86, 0x10, 0x0e, 0x13, 1, 1, 0x18, 1, 1]),
        (97, &GUID),
    ])
}

fn read(message: &Message) -> Request {
    Request::parse(&message.to_bytes()).unwrap()
}

fn kind(message: &Message) -> (Protocol, Architecture) {
    let request = read(message);
    (request.protocol, request.architecture)
}

#[test]
fn every_firmware_is_known() {
    assert_eq!(kind(&bios_pxe()), (Protocol::Pxe, Architecture::Bios));
    assert_eq!(kind(&uefi_pxe(6)), (Protocol::Pxe, Architecture::Ia32));
    for x64 in [7, 8, 9] {
        assert_eq!(kind(&uefi_pxe(x64)), (Protocol::Pxe, Architecture::X64));
    }
    assert_eq!(kind(&uefi_pxe(10)), (Protocol::Pxe, Architecture::Arm32));
    assert_eq!(kind(&uefi_pxe(11)), (Protocol::Pxe, Architecture::Arm64));
    assert_eq!(kind(&uefi_http(15)), (Protocol::Http, Architecture::Ia32));
    assert_eq!(kind(&uefi_http(16)), (Protocol::Http, Architecture::X64));
    assert_eq!(kind(&uefi_http(18)), (Protocol::Http, Architecture::Arm32));
    assert_eq!(kind(&uefi_http(19)), (Protocol::Http, Architecture::Arm64));
    assert_eq!(kind(&uefi_http(20)), (Protocol::Http, Architecture::Bios));
    assert_eq!(kind(&uefi_pxe(27)), (Protocol::Pxe, Architecture::RiscV64));
    assert_eq!(kind(&uefi_pxe(39)), (Protocol::Pxe, Architecture::LoongArch64));
    assert_eq!(kind(&uefi_pxe(41)), (Protocol::Pxe, Architecture::Other(41)));
}

#[test]
fn the_class_says_the_protocol_even_where_the_architecture_is_that_of_pxe() {
    assert_eq!(kind(&uefi_http(7)), (Protocol::Http, Architecture::X64));
    assert_eq!(kind(&uefi_http(11)), (Protocol::Http, Architecture::Arm64));
}

#[test]
fn a_list_of_architectures_is_read_to_the_first_that_is_known() {
    let mut message = uefi_pxe(7);
    message.options.set(93, &[0, 99, 0, 7, 0, 0]);
    assert_eq!(kind(&message), (Protocol::Pxe, Architecture::X64));
    message.options.remove(93);
    assert_eq!(kind(&message), (Protocol::Pxe, Architecture::X64), "from option 60");
    message.options.set(60, b"PXEClient");
    assert_eq!(kind(&message), (Protocol::Pxe, Architecture::Bios));
}

#[test]
fn ipxe_is_known_by_its_user_class_bare_or_behind_its_length() {
    let mut message = ipxe();
    assert_eq!(kind(&message), (Protocol::Ipxe, Architecture::Bios));
    for class in [&b"\x04iPXE"[..], b"\x03abc\x04iPXE", b"gPXE"] {
        message.options.set(77, class);
        assert_eq!(kind(&message).0, Protocol::Ipxe, "{class:?}");
    }
    for class in [&b"iPXElinux"[..], b"\x05iPXE", b"\xffi", b"", b"\x00"] {
        message.options.set(77, class);
        assert_eq!(kind(&message).0, Protocol::Pxe, "{class:?}");
    }
}

#[test]
fn a_machine_is_its_uuid_and_not_the_dongle_it_borrowed() {
    let uuid = read(&uefi_pxe(7)).uuid.unwrap();
    assert_eq!(uuid.to_string(), "4c4c4544-0039-4b10-8031-b7c04f4d3533");
    let mut message = uefi_pxe(7);
    message.mac = Mac([0x00, 0xe0, 0x4c, 0x68, 0x00, 0x01]);
    assert_eq!(read(&message).uuid, Some(uuid));
}

#[test]
fn a_uuid_that_is_missing_zero_or_too_short_keeps_nobody_from_booting() {
    let mut message = uefi_pxe(7);
    message.options.remove(97);
    assert_eq!((read(&message).uuid, read(&message).machine()), (None, None));
    message.options.set(97, &[0; 17]);
    assert_eq!((read(&message).uuid, read(&message).machine()), (None, Some(&[0; 17][..])), "echoed all the same");
    for odd in [&GUID[..5], &[7; 17], &[], &[0; 200]] {
        message.options.set(97, odd);
        assert_eq!((read(&message).uuid, read(&message).machine()), (None, None));
    }
    message.options.set(97, &GUID[1..]);
    assert_eq!(read(&message).uuid, read(&uefi_pxe(7)).uuid);
}

#[test]
fn makers_who_rename_pxe_get_their_own_name_back() {
    let mut message = bios_pxe();
    message.options.set(60, b"HW-Client:Arch:00000:UNDI:002001");
    assert_eq!(read(&message).class(), b"HW-Client");
}

#[test]
fn a_relay_and_a_menu_entry_are_kept() {
    let mut message = bios_pxe();
    message.relay = Ipv4Addr::new(10, 1, 0, 1);
    message.options.set(82, &[1, 4, 0, 7, 1, 9]);
    message.options.set(43, &[71, 4, 0x80, 0, 0, 0, 255]);
    let request = read(&message);
    assert_eq!(request.relay, Some(Ipv4Addr::new(10, 1, 0, 1)));
    assert_eq!(request.relay_option(), Some(&[1, 4, 0, 7, 1, 9][..]));
    assert_eq!(request.item, Some(MenuItem { kind: 0x8000, layer: 0 }));
}

#[test]
fn nobody_else_is_ours() {
    let parse = |message: &Message| Request::parse(&message.to_bytes()).unwrap_err();
    // busybox udhcpc and Windows name themselves, too.
    assert_eq!(parse(&discover(&[])), NotOurs::Plain);
    assert_eq!(parse(&discover(&[(60, b"udhcp 1.36.1")])), NotOurs::Plain);
    assert_eq!(parse(&discover(&[(60, b"MSFT 5.0"), (93, &[0, 7])])), NotOurs::Plain);
    assert_eq!(parse(&discover(&[(60, b"PXEClien")])), NotOurs::Plain);
    // A user class alone is nothing that anybody may be given a file for.
    assert_eq!(parse(&discover(&[(77, b"iPXE")])), NotOurs::Plain);
    let mut message = uefi_pxe(7);
    message.kind = MessageKind::Release;
    assert_eq!(parse(&message), NotOurs::Kind(MessageKind::Release));
    message.kind = MessageKind::Offer;
    assert_eq!(parse(&message), NotOurs::Kind(MessageKind::Offer));
    for relay in [Ipv4Addr::BROADCAST, Ipv4Addr::LOCALHOST, Ipv4Addr::new(224, 0, 0, 1), Ipv4Addr::new(0, 0, 0, 9)] {
        let mut message = uefi_pxe(7);
        message.relay = relay;
        assert_eq!(parse(&message), NotOurs::Relay(relay));
    }
    let mut message = uefi_pxe(7);
    message.mac = Mac([0; 6]);
    assert_eq!(parse(&message), NotOurs::Mac(Mac([0; 6])));
    assert_eq!(Request::parse(&[1, 1, 6]), Err(NotOurs::NotDhcp(NotDhcp::Short)));
}
