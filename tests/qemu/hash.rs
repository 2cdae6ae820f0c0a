//! The hardware hash that the agent made inside the laptop, held against what QEMU was told to build and
//! what other tools read from its TPM. Taken apart by hand here: the product's own decoder would forgive
//! the product's own encoder.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use whiteglove_core::{
    capture::{Capture, Part},
    device::Device,
};

use crate::{
    boot::Boot,
    laptop::{Laptop, SERIAL, UUID, VIRTIO},
    only_device,
    support::{Bench, tool, until},
    tpm::Tpm,
};

type Records = BTreeMap<u16, Vec<Vec<u8>>>;

/// Values by record type, after magic, length, digest and tail were found right.
fn records(bytes: &[u8]) -> Records {
    let short = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    assert_eq!((&bytes[..2], bytes.len()), (&b"OA"[..], 3000));
    let end = short(2);
    let mut records = Records::new();
    let mut at = 4;
    while at < end {
        let length = short(at + 2);
        records
            .entry(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
            .or_default()
            .push(bytes[at + 4..at + length].to_vec());
        at += length;
    }
    assert_eq!((at, &bytes[end..end + 4]), (end, &b"CS\x24\x00"[..]));
    assert_eq!(&bytes[end + 4..end + 36], Sha256::digest(&bytes[..end]).as_slice());
    assert!(bytes[end + 36..].iter().all(|byte| *byte == 0));
    records
}

fn of_capture(capture: &Capture) -> Records {
    let made = capture.hash.as_ref().expect("the agent made a hash");
    records(&BASE64_STANDARD.decode(made.hash.to_base64()).unwrap())
}

fn only(records: &Records, kind: u16) -> &[u8] {
    match records.get(&kind).map(Vec::as_slice) {
        Some([value]) => value,
        other => panic!("record {kind}: {other:?}"),
    }
}

fn text(records: &Records, kind: u16) -> String {
    let value = only(records, kind);
    String::from_utf8(value.strip_suffix(&[0]).unwrap_or(value).to_vec()).unwrap()
}

/// What QEMU was told on its command line.
pub(crate) fn is_of_this_laptop(capture: &Capture, laptop: &Laptop) {
    let records = of_capture(capture);
    let strings = [
        (14, SERIAL),
        (15, "LENOVO"),
        (16, "LENOVO"),
        (17, "21CBCTO1WW"),
        (18, "LENOVO_MT_21CB_BU_Think_FM_ThinkPad X1 Carbon Gen 10"),
        (19, "ThinkPad X1 Carbon Gen 10"),
        (23, "ThinkPad X1 Carbon Gen 10"),
        (20, "LENOVO"),
        (21, "21CBCTO1WW"),
        (22, "SDK0T76530"),
        // The digits of the Product ID that Windows shows for this key.
        (24, "3308000000000"),
    ];
    for (kind, expected) in strings {
        assert_eq!(text(&records, kind), expected, "record {kind}");
    }
    // SMBIOS keeps the first three groups of a UUID little-endian (DSP0134, 7.2.1).
    let mut uuid = hex::decode(UUID.replace('-', "")).unwrap();
    uuid[..4].reverse();
    uuid[4..6].reverse();
    uuid[6..8].reverse();
    assert_eq!(only(&records, 12), uuid);

    let nic = only(&records, 8);
    assert_eq!(nic[..4], 14_u32.to_le_bytes(), "802.3");
    assert_eq!(nic[4..10], hex::decode(VIRTIO.mac.replace(':', "")).unwrap());

    let modulus = laptop.tpm.as_ref().unwrap().certified_modulus();
    assert!(only(&records, 25) == modulus, "not the key that the TPM's maker certified");
    let offline = only(&records, 11);
    assert_eq!(offline[..10], [0, 0, 0, 0, 1, 0, 32, 0, 0, 0]);
    assert_eq!(offline[10..], Sha256::digest(&modulus)[..]);
    assert!(capture.timings.iter().any(|timing| timing.part == Part::Hash), "{:?}", capture.timings);
}

/// What tpm2-tools say of the same TPM.
pub(crate) fn carries_this_tpm(capture: &Capture, tpm: &Tpm) {
    let listing = tpm.properties();
    let raw = |name: &str| -> u32 {
        let from = listing.split(&format!("{name}:")).nth(1).unwrap_or_else(|| panic!("{name} in {listing}"));
        let digits = from.split("raw: ").nth(1).unwrap().split_whitespace().next().unwrap();
        // It prints a zero without its prefix.
        u32::from_str_radix(digits.trim_start_matches("0x"), 16).unwrap()
    };
    let characters = |value: u32| String::from_utf8(value.to_be_bytes().to_vec()).unwrap().replace('\0', " ");
    let revision = raw("TPM2_PT_REVISION");
    let expected = format!(
        "TPM-Version:{} -Level:{}-Revision:{}.{:02}-VendorID:'{}'-Firmware:{}.{}",
        characters(raw("TPM2_PT_FAMILY_INDICATOR")).trim_end_matches(' '),
        raw("TPM2_PT_LEVEL"),
        revision / 100,
        revision % 100,
        characters(raw("TPM2_PT_MANUFACTURER")),
        raw("TPM2_PT_FIRMWARE_VERSION_1"),
        raw("TPM2_PT_FIRMWARE_VERSION_2"),
    );
    assert_eq!(text(&of_capture(capture), 13), expected);
}

/// A clock that is 37 minutes late, as `-rtc base=` takes it.
pub(crate) fn late() -> String {
    let (done, text) = tool("date", &["-u", "-d", "-37 min", "+%FT%T"]);
    assert!(done, "{text}");
    text.trim().to_owned()
}

/// How far the laptop's clock was off is said, and on a person's word it is set from the bench's. The
/// capture it sends then.
pub(crate) fn sets_its_clock(bench: &Bench, boot: &mut Boot, capture: &Capture) -> Capture {
    let device: Device = only_device(bench);
    let off = |capture: &Capture, at: u64| i128::from(capture.rtc.unwrap().read.millis()) - i128::from(at);
    let minutes = off(capture, device.last.millis()) / 60_000;
    assert!((-40..=-33).contains(&minutes), "its clock was started 37 minutes late, and it says {minutes}");
    bench.says(&["tell", &device.id.0.to_string(), "set-clock"]);
    boot.says("order: set its clock");
    let device =
        until("a capture with the right clock", || Some(only_device(bench)).filter(|device| device.captures == 2));
    let again = device.capture.as_deref().unwrap().clone();
    let seconds = off(&again, device.last.millis()).unsigned_abs() / 1_000;
    assert!(u64::try_from(seconds).unwrap() <= Duration::from_secs(10).as_secs(), "still off by {seconds} s");
    assert_eq!((&again.smbios, &again.tpm), (&capture.smbios, &capture.tpm));
    again
}
