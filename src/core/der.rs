//! Objects of DER (X.690), as far as the way to a name or a key leads. A strict reader would refuse what some
//! vendors put into the fields beside it; whoever reads here checks only what it uses.

/// Tags: X.690, 8.1.2.
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_ID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// A field that its number names: `[0]`, `[1]`.
pub(crate) const FIELD_0: u8 = 0xa0;
pub(crate) const FIELD_1: u8 = 0xa1;

/// One object: what it is, what is in it, and all its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Object<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

/// The first object and what comes behind it.
pub(crate) fn first(bytes: &[u8]) -> Option<(Object<'_>, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*length) {
        short @ 0..=0x7f => (short, rest),
        // How many bytes of length follow; a certificate needs no more than three.
        long @ 0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(long - 0x80)?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    let (whole, _) = bytes.split_at_checked(bytes.len() - rest.len())?;
    Some((Object { tag: *tag, content, whole }, rest))
}

/// The content of the first object, if it has this tag, and what comes behind it.
pub(crate) fn object(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = first(bytes)?;
    (found.tag == tag).then_some((found.content, rest))
}

/// What comes behind an object of this tag, or all of it where there is none.
pub(crate) fn without(bytes: &[u8], tag: u8) -> &[u8] {
    object(bytes, tag).map_or(bytes, |(_, rest)| rest)
}

/// One after the other, up to the end or the first that is none.
pub(crate) fn objects(mut bytes: &[u8]) -> impl Iterator<Item = Object<'_>> {
    std::iter::from_fn(move || {
        let (found, rest) = first(bytes)?;
        bytes = rest;
        Some(found)
    })
}
