//! What a boot medium carries for the agent: who to seal for, and the token that proves the
//! capture came through this medium. Nothing else of value is ever on a stick.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::hex_id::hex_id;

hex_id!(
    /// Names one boot medium (one stick image, one network-boot tree). Public.
    MediaId, 16
);
hex_id!(
    /// The bench's X25519 public key. Public.
    BoxKey, 32
);

impl BoxKey {
    /// The first eight bytes: enough to tell "sealed for another bench" from "damaged".
    pub fn id(&self) -> [u8; 8] {
        let mut id = [0; 8];
        id.copy_from_slice(&self.0[..8]);
        id
    }
}

/// 32 bytes of entropy shared by the bench and one medium: the HPKE pre-shared key (RFC 9180, 5.1.2).
///
/// Worth nothing without the bench: it lets its finder *send* a capture, never read one, and the
/// bench forgets it when the medium is revoked.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct MediaToken([u8; 32]);

impl MediaToken {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for MediaToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaToken(..)")
    }
}

impl Serialize for MediaToken {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for MediaToken {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.as_bytes(), &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// `/etc/whiteglove/media.json` in the boot environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaCard {
    pub media: MediaId,
    pub box_key: BoxKey,
    pub token: MediaToken,
    /// Base URLs by IP address, tried in order (`http://192.168.7.1:8780`). Empty: ask the network.
    pub endpoints: Vec<String>,
    /// The batch this medium was made for, as a person named it.
    pub batch: String,
    /// The bench's name, as shown on the laptop's screen.
    pub bench: String,
    /// FAT volume serial of the data volume that takes captures when no endpoint answers.
    pub data_volume: Option<u32>,
}

impl MediaCard {
    /// Where the boot environment keeps it.
    pub const PATH: &'static str = "/etc/whiteglove/media.json";
}
