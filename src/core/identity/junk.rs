//! What vendors ship in place of a number. It names nobody, and whole batches share it.
//!
//! Sources: values seen on boards, and what inventory software keeps out by default (the blacklist
//! that GLPI is installed with).

use super::SystemUuid;

/// UUIDs that vendors ship on more than one machine, as printed.
const SHARED_UUIDS: [u128; 9] = [
    // The template of AMI's firmware, and the same with its bytes swapped.
    0x03000200_0400_0500_0006_000700080009,
    0x00020003_0004_0005_0006_000700080009,
    0x00010203_0405_0607_0809_0a0b0c0d0e0f,
    0x03020100_0504_0706_0809_0a0b0c0d0e0f,
    0x12345678_1234_5678_90ab_cddeefaabbcc,
    0x6ab5b300_538d_1014_9fb5_b0684d007b53,
    0xdeadbeef_dead_beef_dead_beefdeadbeef,
    // Dell makes it of the service tag, here of one that was never set: blanks, or zeros.
    0x4c4c4544_0020_2010_8020_a0c04f202020,
    0x4c4c4544_0000_2010_8020_80c04f202020,
];

pub(super) fn is_shared_uuid(uuid: &SystemUuid) -> bool {
    uuid.0.iter().all(|byte| *byte == uuid.0[0]) || SHARED_UUIDS.contains(&u128::from_be_bytes(uuid.printed()))
}

/// In lower case, without blanks and punctuation: `To Be Filled By O.E.M.` is written in many ways.
const NO_SERIALS: [&str; 34] = [
    "tobefilledbyoem",
    "tobefilled",
    "defaultstring",
    "default",
    "systemserialnumber",
    "systemserialnumb",
    "chassisserialnumber",
    "baseboardserialnumber",
    "serialnumber",
    "serialno",
    "oemserial",
    "serial",
    "none",
    "null",
    "nullstring",
    "empty",
    "na",
    "notapplicable",
    "notspecified",
    "notavailable",
    "notpresent",
    "notset",
    "unknown",
    "unknow",
    "undefined",
    "invalid",
    "oem",
    "eval",
    "iatpass",
    "tbd",
    "snundefined",
    "123456789000",
    "mb1234567890",
    "sys9876543210",
];

pub(super) fn is_no_serial(text: &str) -> bool {
    // Every row of the board asks, so nothing is allocated here.
    let letters = || text.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase());
    let first = letters().next();
    let digits = ["SN-", "SYS-", "sn-", "sys-"].iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text);
    // One repeated character, or nothing but punctuation: 0000000, xxxxxxx, .......
    letters().all(|c| Some(c) == first)
        || NO_SERIALS.iter().any(|known| letters().eq(known.chars()))
        || letters().take(12).eq("serialnumber".chars()) && letters().skip(12).all(|c| c == 'x')
        || counts_up(digits)
}

/// `12345`, `0123456789`, `12345678901234567`: what a developer types.
fn counts_up(text: &str) -> bool {
    let digits = text.as_bytes();
    let next = |digit: u8| if digit == b'9' { b'0' } else { digit + 1 };
    digits.len() >= 5
        && matches!(digits[0], b'0' | b'1')
        && digits.iter().all(u8::is_ascii_digit)
        && digits.windows(2).all(|pair| pair[1] == next(pair[0]))
}
