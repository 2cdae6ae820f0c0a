//! As much of a certificate (RFC 5280) as signing in with one needs: whose key it is, and until when it counts.

use crate::{
    clock::Moment,
    date::Date,
    der::{BIT_STRING, FIELD_0, INTEGER, SEQUENCE, first, object, without},
};

/// Tags: X.690, 8.25 and 8.26.
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub begins: Moment,
    pub ends: Moment,
    /// The key as its own kind writes it: `RSAPublicKey` of RFC 8017 for RSA.
    pub public_key: Vec<u8>,
}

impl Certificate {
    /// `None`: this is none.
    pub fn parse(der: &[u8]) -> Option<Self> {
        let (certificate, _) = object(der, SEQUENCE)?;
        let (body, _) = object(certificate, SEQUENCE)?;
        let rest = without(body, FIELD_0); // version
        let (_, rest) = object(rest, INTEGER)?; // serial number
        let (_, rest) = object(rest, SEQUENCE)?; // algorithm of the signature
        let (_, rest) = object(rest, SEQUENCE)?; // issuer
        let (validity, rest) = object(rest, SEQUENCE)?;
        let (_, rest) = object(rest, SEQUENCE)?; // subject
        let (key, _) = object(rest, SEQUENCE)?;
        let (_, key) = object(key, SEQUENCE)?; // algorithm of the key
        let (bits, _) = object(key, BIT_STRING)?;
        let (unused, public_key) = bits.split_first()?;
        let (begins, ends) = first(validity)?;
        let (ends, _) = first(ends)?;
        (*unused == 0).then_some(())?;
        Some(Self {
            begins: time(begins.tag, begins.content)?,
            ends: time(ends.tag, ends.content)?,
            public_key: public_key.to_vec(),
        })
    }
}

/// RFC 5280, 4.1.2.5: always with seconds, always `Z`; two digits of a year are 1950 to 2049.
fn time(tag: u8, content: &[u8]) -> Option<Moment> {
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match tag {
        UTC_TIME => text.split_at_checked(2)?,
        GENERALIZED_TIME => text.split_at_checked(4)?,
        _ => return None,
    };
    let year: u16 = year.parse().ok()?;
    let year = match tag {
        UTC_TIME if year < 50 => 2000 + year,
        UTC_TIME => 1900 + year,
        _ => year,
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<u8>().ok();
    let (month, day, hour, minute, second) = (part(0)?, part(2)?, part(4)?, part(6)?, part(8)?);
    if rest.len() != 10 || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Moments begin in 1970; a certificate older than that counts as begun.
    let date = Date::new(year.max(1970), month, day).ok()?;
    Some(date.at(hour, minute, second))
}
