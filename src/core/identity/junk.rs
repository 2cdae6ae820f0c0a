//! What vendors ship in place of a number. It names nobody, and whole batches share it.
//!
//! Sources: values seen on boards, and what inventory software keeps out by default (the blacklist
//! that GLPI is installed with).

use super::SystemUuid;

/// UUIDs that vendors ship on more than one machine, as printed.
const SHARED_UUIDS: [&str; 9] = [
    // The template of AMI's firmware, and the same with its bytes swapped.
    "03000200-0400-0500-0006-000700080009",
    "00020003-0004-0005-0006-000700080009",
    "00010203-0405-0607-0809-0a0b0c0d0e0f",
    "03020100-0504-0706-0809-0a0b0c0d0e0f",
    "12345678-1234-5678-90ab-cddeefaabbcc",
    "6ab5b300-538d-1014-9fb5-b0684d007b53",
    "deadbeef-dead-beef-dead-beefdeadbeef",
    // Dell makes it of the service tag, here of one that was never set: blanks, or zeros.
    "4c4c4544-0020-2010-8020-a0c04f202020",
    "4c4c4544-0000-2010-8020-80c04f202020",
];

pub(super) fn is_shared_uuid(uuid: &SystemUuid) -> bool {
    uuid.0.iter().all(|byte| *byte == uuid.0[0]) || SHARED_UUIDS.contains(&uuid.to_string().as_str())
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
    let raw = text.to_ascii_lowercase();
    let lower: String = text.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    let mut characters = lower.chars();
    let first = characters.next();
    // One repeated character, or nothing but punctuation: 0000000, xxxxxxx, .......
    characters.all(|c| Some(c) == first)
        || NO_SERIALS.contains(&lower.as_str())
        || counts_up(raw.strip_prefix("sn-").or(raw.strip_prefix("sys-")).unwrap_or(&raw))
        || lower.strip_prefix("serialnumber").is_some_and(|rest| rest.chars().all(|c| c == 'x'))
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
