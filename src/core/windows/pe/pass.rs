//! What stands on a medium in readable form, so that captures can be sent with it.

use std::{fmt, str::FromStr};

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;

use crate::media_card::MediaToken;

const PURPOSE: &[u8] = b"whiteglove winpe post v1";

/// HMAC-SHA256 of the purpose under a medium's token: it proves the token and does not give it away.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pass([u8; 32]);

/// 64 hex digits are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a pass (expected 64 hex digits)")]
pub struct NotAPass;

impl Pass {
    pub fn of(token: &MediaToken) -> Self {
        Self(mac(token).map_or([0; 32], |mac| mac.finalize().into_bytes().into()))
    }

    /// Whether it is this medium's. Constant time.
    pub fn is_of(&self, token: &MediaToken) -> bool {
        mac(token).is_some_and(|mac| mac.verify_slice(&self.0).is_ok())
    }
}

fn mac(token: &MediaToken) -> Option<Hmac<Sha256>> {
    // HMAC takes a key of any length; the error type exists for other MACs.
    let mut mac = Hmac::<Sha256>::new_from_slice(token.bytes()).ok()?;
    mac.update(PURPOSE);
    Some(mac)
}

/// As it stands in a card and in a header.
impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass(..)")
    }
}

impl FromStr for Pass {
    type Err = NotAPass;
    fn from_str(text: &str) -> Result<Self, NotAPass> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAPass)?;
        Ok(Self(bytes))
    }
}
