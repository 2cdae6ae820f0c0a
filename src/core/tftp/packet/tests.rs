use super::*;

fn request(bytes: &[u8]) -> Result<ReadRequest, Refusal> {
    match Packet::parse(bytes)? {
        Packet::Read(request) => Ok(request),
        other => panic!("{other:?}"),
    }
}

fn name(name: &[u8]) -> Result<String, Refusal> {
    let mut bytes = b"\0\x01".to_vec();
    bytes.extend(name);
    bytes.extend(b"\0octet\0");
    request(&bytes).map(|request| request.name.as_str().to_owned())
}

/// The order and the values are those of EDK2's PxeBcMtftp.c since 2018: a size probe with a window of four.
#[test]
fn edk2_probes_for_the_size() {
    let probe = request(b"\0\x01shimx64.efi\0octet\0tsize\x000\0blksize\x001468\0windowsize\x004\0").unwrap();
    assert_eq!(probe.name.as_str(), "shimx64.efi");
    assert_eq!(probe.options, Options { block: Some(1468), size: Some(0), timeout: None, window: Some(4) });
}

/// GRUB's grub-core/net/tftp.c: 1024-byte blocks, and it never goes on without an OACK.
#[test]
fn grub_asks_for_a_kilobyte() {
    let asked = request(b"\0\x01/grub/grub.cfg\0octet\0blksize\x001024\0tsize\x000\0").unwrap();
    assert_eq!(asked.name.as_str(), "grub/grub.cfg");
    assert_eq!(asked.options, Options { block: Some(1024), size: Some(0), ..Options::default() });
}

#[test]
fn option_names_and_the_mode_come_in_any_case() {
    let asked = request(b"\0\x01a\0OCTET\0BlkSize\x00512\0TSIZE\x000\0WindowSize\x008\0TimeOut\x003\0").unwrap();
    assert_eq!(asked.options, Options { block: Some(512), size: Some(0), timeout: Some(3), window: Some(8) });
}

#[test]
fn what_no_rfc_allows_counts_as_not_asked_for() {
    for tail in [
        &b"blksize\x007\0"[..],
        b"blksize\0-1\0",
        b"blksize\0 512\0",
        b"blksize\0\0",
        b"blksize\x0018446744073709551616\0",
        b"windowsize\x000\0",
        b"timeout\x000\0",
        b"timeout\x00256\0",
        b"multicast\0\0",
        b"rollover\x000\0",
        b"blksize",
        b"\0\0\0\0",
    ] {
        let bytes = [b"\0\x01a\0octet\0", tail].concat();
        assert_eq!(request(&bytes).map(|request| request.options), Ok(Options::default()), "{tail:?}");
    }
    let unknown_first = request(b"\0\x01a\0octet\0multicast\0\0blksize\x008\0").unwrap();
    assert_eq!(unknown_first.options.block, Some(8));
    let larger_than_any = request(b"\0\x01a\0octet\0blksize\x0070000\0windowsize\x0070000\0").unwrap();
    assert_eq!((larger_than_any.options.block, larger_than_any.options.window), (Some(65_464), Some(65_535)));
    // An old ROM that leaves out the last zero byte still named a value.
    assert_eq!(request(b"\0\x01a\0octet\0blksize\x001432").unwrap().options.block, Some(1432));
}

#[test]
fn names_are_made_plain_and_never_climb() {
    assert_eq!(name(b"\\Boot\\x64\\wdsmgfw.efi").unwrap(), "Boot/x64/wdsmgfw.efi");
    assert_eq!(name(b"//grubx64.efi").unwrap(), "grubx64.efi");
    assert_eq!(name(b"whiteglove//grubx64.efi").unwrap(), "whiteglove/grubx64.efi");
    // Looked up as it stands: a catalogue has no such name, and no path is ever made of it.
    assert_eq!(name(b"../../etc/passwd").unwrap(), "../../etc/passwd");
    assert_eq!(name(&[b'a'; 255]).unwrap().len(), 255);
    assert_eq!(name(&[b'a'; 256]), Err(Refusal::LongName));
    assert_eq!(name(&[b'a'; 500]), Err(Refusal::LongName));
    for odd in [&b"a\nb"[..], b"a\x7fb", b"\x1b[2J", b"a\xff", b"\xc2\x85"] {
        assert_eq!(name(odd), Err(Refusal::OddName), "{odd:?}");
    }
    assert_eq!(name(b""), Err(Refusal::NoName));
    assert_eq!(name(b"\\/"), Err(Refusal::NoName));
}

#[test]
fn what_is_refused_and_what_it_is_told() {
    let told = |bytes: &[u8]| Packet::parse(bytes).unwrap_err().answer().map(|(code, _)| code.number());
    assert_eq!(told(b"\0\x02upload\0octet\0"), Some(2));
    assert_eq!(told(b"\0\x01a\0netascii\0"), Some(0));
    assert_eq!(told(b"\0\x01a\x01\0octet\0"), Some(1));
    assert_eq!(told(b"\0\x01a\0octet"), None);
    assert_eq!(told(b"\0\x07"), None);
    assert_eq!(told(b"\0"), None);
    assert_eq!(told(b"\0\x04\0"), None);
}

#[test]
fn errors_are_cleaned_for_a_screen() {
    let bytes = [b"\0\x05\0\x08User \x1baborted".to_vec(), vec![b'!'; 500]].concat();
    let Ok(Packet::Error { code: ErrorCode::Options, text }) = Packet::parse(&bytes) else { panic!() };
    assert!(text.starts_with("User aborted!") && text.len() == TEXT_MAX);
    // Old firmware sends the code and nothing else.
    assert_eq!(Packet::parse(b"\0\x05\0\0"), Ok(Packet::Error { code: ErrorCode::Other, text: String::new() }));
}

#[test]
fn an_option_acknowledgement_is_plain_text() {
    let granted = Options { block: Some(1468), size: Some(5_368_709_120), timeout: Some(5), window: Some(16) };
    let expected = b"\0\x06blksize\x001468\0tsize\x005368709120\0timeout\x005\0windowsize\x0016\0";
    assert_eq!(Packet::Granted(granted).to_bytes(), expected);
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic_and_what_is_understood_survives(
        opcode in 0_u8..8,
        tail in proptest::collection::vec(proptest::num::u8::ANY, 0..80),
    ) {
        let bytes = [&[0, opcode][..], &tail].concat();
        if let Ok(packet) = Packet::parse(&bytes) {
            assert_eq!(Packet::parse(&packet.to_bytes()), Ok(packet.clone()));
        }
    }
}
