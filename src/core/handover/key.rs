//! The customer's key pair. The private half never leaves the customer; the public half is copied by people, so it
//! carries check digits.

use std::{fmt, str::FromStr};

use hpke::{Kem as _, Serializable, kem::X25519HkdfSha256};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const PUBLIC: &str = "wgh1";
const PRIVATE: &str = "wgh1-private";

/// The customer's public key: `wgh1-`, 64 hex digits, `-`, 8 check digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Recipient([u8; 32]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    #[error("it is not of the form {PUBLIC}-(64 hex digits)-(8 hex digits)")]
    Form,
    #[error("its check digits do not fit: a character is wrong or missing")]
    Check,
    #[error("it is a private key, which has to stay with the customer")]
    Private,
}

impl Recipient {
    pub(super) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The check digits: enough to compare two keys over the telephone.
    pub fn brief(&self) -> String {
        check(&self.0)
    }
}

fn check(key: &[u8; 32]) -> String {
    let digest = Sha256::new().chain_update(PUBLIC).chain_update(key).finalize();
    hex::encode(&digest[..4])
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC}-{}-{}", hex::encode(self.0), check(&self.0))
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({self})")
    }
}

impl FromStr for Recipient {
    type Err = NotAKey;
    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let text = text.trim().to_ascii_lowercase();
        if text.starts_with(PRIVATE) {
            return Err(NotAKey::Private);
        }
        let parts: Vec<&str> = text.split('-').collect();
        let [PUBLIC, key, digits] = parts.as_slice() else { return Err(NotAKey::Form) };
        let mut bytes = [0; 32];
        hex::decode_to_slice(key, &mut bytes).map_err(|_| NotAKey::Form)?;
        if check(&bytes) != *digits {
            return Err(NotAKey::Check);
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Recipient {
    type Error = NotAKey;
    fn try_from(text: String) -> Result<Self, NotAKey> {
        text.parse()
    }
}

impl From<Recipient> for String {
    fn from(key: Recipient) -> Self {
        key.to_string()
    }
}

/// The customer's private key.
#[derive(Clone)]
pub struct RecipientSecret {
    entropy: Zeroizing<[u8; 32]>,
    private: <X25519HkdfSha256 as hpke::Kem>::PrivateKey,
    public: Recipient,
}

impl RecipientSecret {
    /// `entropy` is 32 bytes from the system's generator; the key pair derives from it (RFC 9180, 7.1.3).
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        let entropy = Zeroizing::new(entropy);
        let (private, public) = X25519HkdfSha256::derive_keypair(&*entropy);
        let mut key = [0; 32];
        key.copy_from_slice(&public.to_bytes());
        Self { entropy, private, public: Recipient(key) }
    }

    pub fn public(&self) -> Recipient {
        self.public
    }

    pub(super) fn private(&self) -> &<X25519HkdfSha256 as hpke::Kem>::PrivateKey {
        &self.private
    }

    /// As its file holds it.
    pub fn to_text(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(hex::encode(*self.entropy));
        Zeroizing::new(format!("{PRIVATE}-{}\n", *digits))
    }

    /// # Errors
    /// The text is no private key.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let digits = text.trim().strip_prefix(PRIVATE).and_then(|rest| rest.strip_prefix('-')).ok_or(NotAKey::Form)?;
        let mut entropy = Zeroizing::new([0; 32]);
        hex::decode_to_slice(digits, &mut *entropy).map_err(|_| NotAKey::Form)?;
        Ok(Self::from_entropy(*entropy))
    }
}

impl fmt::Debug for RecipientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecipientSecret(..)")
    }
}
