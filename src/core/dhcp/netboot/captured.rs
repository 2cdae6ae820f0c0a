//! Discovers taken off the wire (QEMU 10.0 `filter-dump`; Debian's ovmf 2022.11, seabios 1.16.3, ipxe-qemu 1.0.0
//! of 2019; the machine's UUID was set). Options as they were sent, the fixed part without its zeros.

use super::*;
use crate::dhcp::{
    SERVER_PORT,
    reply::{
        Boot, Silence,
        tests::{answered, files},
    },
};

struct Captured {
    /// Transaction, seconds, flags.
    start: &'static str,
    mac: &'static str,
    options: &'static str,
}

/// iPXE in the ROM of an e1000, under SeaBIOS.
const IPXE_BIOS: Captured = Captured {
    start: "fe4dc729 0004 0000",
    mac: "525400123457",
    options: "350101390205c05d0200005e030102013c20505845436c69656e743a417263683a30303030303a554e44493a3030323030314d046950 \
     58453717010306070c0f111a2b3c4243778081828384858687afcbaf30b105018086100eeb0301000017010122010113010111010127 \
     01011901012901011001022101011501011801011201013d070152540012345761110044454c4c3900104b8031b7c04f4d3533",
};

/// iPXE in the ROM of a virtio card, under OVMF.
const IPXE_UEFI: Captured = Captured {
    start: "e8bf2c3a 0004 0000",
    mac: "525400123456",
    options: "350101390205c05d0200075e0301030a3c20505845436c69656e743a417263683a30303030373a554e44493a3030333031304d046950 \
     58453717010306070c0f111a2b3c4243778081828384858687afcbaf24b105011af41000eb0301000017010124010113010111010127 \
     01012901011501011201013d070152540012345661110044454c4c3900104b8031b7c04f4d3533",
};

/// OVMF's own PXE, which is EDK2's.
const OVMF_PXE: Captured = Captured {
    start: "93747137 0000 8000",
    mac: "525400123456",
    options: "350101390205c037230102030405060c0d0f111216171c28292a2b3233363a3b3c424361808182838485868761110044454c4c390010 \
     4b8031b7c04f4d35335e030103015d0200073c20505845436c69656e743a417263683a30303030373a554e44493a303033303031",
};

/// OVMF's HTTP Boot.
const OVMF_HTTP: Captured = Captured {
    start: "fabe75c8 0000 8000",
    mac: "525400123456",
    options: "350101390205c0371b0102030405060c0d0f111216171c28292a2b3233363a3b3ceb436161110044454c4c3900104b8031b7 \
     c04f4d35335e030103005d0200103c2148545450436c69656e743a417263683a30303031363a554e44493a303033303030",
};

impl Captured {
    fn bytes(&self) -> Vec<u8> {
        let hex = |text: &str| hex::decode(text.replace(' ', "")).unwrap();
        let (start, mac) = (hex(self.start), hex(self.mac));
        let fixed = [&[1, 1, 6, 0], start.as_slice(), &[0; 16], &mac, &[0; 202]].concat();
        [fixed.as_slice(), &[99, 130, 83, 99], &hex(self.options), &[255]].concat()
    }

    fn read(&self) -> (Protocol, Architecture, String, bool) {
        let request = Request::parse(&self.bytes()).unwrap();
        (request.protocol, request.architecture, request.uuid.unwrap().to_string(), request.speaks_http)
    }
}

/// As the machine was told, and as Windows prints it: firmware and iPXE send the same bytes.
const UUID: &str = "4c4c4544-0039-4b10-8031-b7c04f4d3533";

#[test]
fn what_the_wire_carried_is_understood() {
    assert_eq!(IPXE_BIOS.read(), (Protocol::Ipxe, Architecture::Bios, UUID.into(), true));
    assert_eq!(IPXE_UEFI.read(), (Protocol::Ipxe, Architecture::X64, UUID.into(), true));
    assert_eq!(OVMF_HTTP.read(), (Protocol::Http, Architecture::X64, UUID.into(), true));
    assert_eq!(OVMF_PXE.read(), (Protocol::Pxe, Architecture::X64, UUID.into(), true));
}

#[test]
fn ovmf_is_answered_in_these_bytes() {
    let message = Message::parse(&OVMF_PXE.bytes()).unwrap();
    let bytes = answered(&message, SERVER_PORT, &files()).unwrap().datagram;
    let fixed = "02010600 93747137 0000 8000 00000000 00000000 0a4d0001 00000000 525400123456";
    assert_eq!(hex::encode(&bytes[..34]), fixed.replace(' ', ""));
    assert!(bytes[44..].starts_with(b"10.77.0.1\0") && bytes[108..].starts_with(b"x64/shimx64.efi\0"));
    let options = [
        "63825363 350102 36040a4d0001",
        "3c09 505845436c69656e74",
        "6111 0044454c4c3900104b8031b7c04f4d3533",
        "420a 31302e37372e302e3100",
        "4310 7836342f7368696d7836342e65666900 ff",
    ];
    assert_eq!(hex::encode(&bytes[236..]), options.concat().replace(' ', ""));
}

#[test]
fn uefi_ipxe_is_given_its_script_and_never_itself() {
    let message = Message::parse(&IPXE_UEFI.bytes()).unwrap();
    let offer = answered(&message, SERVER_PORT, &files()).unwrap();
    assert_eq!(Message::parse(&offer.datagram).unwrap().file, b"http://10.77.0.1:8080/boot.ipxe");
    assert_eq!(answered(&message, SERVER_PORT, &Boot::Nothing), Err(Silence::Nothing));
}
