//! Certificates, signatures and lists as they look, with nothing in them that a key made: for simulated machines and
//! tests.

use crate::der::{FIELD_0, INTEGER, OBJECT_ID, OCTET_STRING, SEQUENCE, SET};

use super::authenticode::{NESTED, SHA_256, SIGNED_DATA};

pub(crate) fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [_, high, middle, low] = u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[tag, 0x83, high, middle, low], &content[..]].concat()
}

/// The content of a name with nothing but a common name.
pub(crate) fn name(tag: u8, text: &[u8]) -> Vec<u8> {
    let pair = wrap(SEQUENCE, &[&wrap(OBJECT_ID, &[&[0x55, 4, 3]]), &wrap(tag, &[text])]);
    wrap(SET, &[&pair])
}

fn named(text: &str) -> Vec<u8> {
    wrap(SEQUENCE, &[&name(0x13, text.as_bytes())])
}

/// A certificate about `subject` that `issuer` gave. Its serial number is 1.
pub fn certificate(subject: &str, issuer: &str) -> Vec<u8> {
    let empty = wrap(SEQUENCE, &[]);
    let version = wrap(FIELD_0, &[&wrap(INTEGER, &[&[2]])]);
    let serial = wrap(INTEGER, &[&[1]]);
    let fields = wrap(SEQUENCE, &[&version, &serial, &empty, &named(issuer), &empty, &named(subject), &empty]);
    wrap(SEQUENCE, &[&fields, &empty])
}

/// A PKCS#7 signature by `signer`, certified by `issuer`, over a file of this digest; with `inner`, another
/// signature nested in it as Windows' tools do.
pub fn signature(signer: &str, issuer: &str, digest: [u8; 32], inner: Option<&[u8]>) -> Vec<u8> {
    let empty = wrap(SEQUENCE, &[]);
    let algorithm = wrap(SEQUENCE, &[&wrap(OBJECT_ID, &[&SHA_256])]);
    let digest_info = wrap(SEQUENCE, &[&algorithm, &wrap(OCTET_STRING, &[&digest])]);
    let indirect = wrap(SEQUENCE, &[&empty, &digest_info]);
    let content_type = wrap(OBJECT_ID, &[&[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 4]]);
    let content = wrap(SEQUENCE, &[&content_type, &wrap(FIELD_0, &[&indirect])]);
    let issued = wrap(SEQUENCE, &[&named(issuer), &wrap(INTEGER, &[&[1]])]);
    let nested = inner.map(|inner| {
        let attribute = wrap(SEQUENCE, &[&wrap(OBJECT_ID, &[&NESTED]), &wrap(SET, &[inner])]);
        wrap(0xa1, &[&attribute])
    });
    let signer_info = wrap(
        SEQUENCE,
        &[
            &wrap(INTEGER, &[&[1]]),
            &issued,
            &algorithm,
            &empty,
            &wrap(OCTET_STRING, &[&[0; 8]]),
            nested.as_deref().unwrap_or_default(),
        ],
    );
    let certificates = wrap(FIELD_0, &[&certificate(signer, issuer)]);
    let signed = wrap(
        SEQUENCE,
        &[&wrap(INTEGER, &[&[1]]), &wrap(SET, &[&algorithm]), &content, &certificates, &wrap(SET, &[&signer_info])],
    );
    wrap(SEQUENCE, &[&wrap(OBJECT_ID, &[&SIGNED_DATA]), &wrap(FIELD_0, &[&signed])])
}

/// An EFI_SIGNATURE_LIST of one kind; entries are of one length.
pub fn list(kind: [u8; 16], owner: [u8; 16], entries: &[Vec<u8>]) -> Vec<u8> {
    let size = 16 + entries.first().map_or(0, Vec::len);
    let le32 = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let mut list = kind.to_vec();
    list.extend(le32(28 + size * entries.len()));
    list.extend(le32(0));
    list.extend(le32(size));
    for entry in entries {
        list.extend(owner);
        list.extend(entry);
    }
    list
}
