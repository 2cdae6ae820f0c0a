//! Hand-over: what registration takes of a batch, sealed for the customer, who registers it. So no credential of the
//! customer ever comes to the bench, and nobody between the two can read or change what goes out.
//!
//! HPKE (RFC 9180) in base mode to the customer's key: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305; then
//! the bench's Ed25519 signature over all before it. The bench's key stands in the sealed part's associated data: who
//! takes the signature off and puts an own one on has a bundle that does not open.
//!
//! Layout: `"WGH1" | length of the whole u64 | recipient's key [32] | bench's key [32] | encapsulated key [32] |
//! ciphertext + tag | signature [64]`

mod bundle;
mod key;

use hpke::{
    Deserializable, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256, kem::X25519HkdfSha256,
    rand_core::CryptoRng,
};
use serde::{Deserialize, Serialize};

pub use bundle::{About, Bundle, BundleError, Part};
pub use key::{NotAKey, Recipient, RecipientSecret};

use crate::{
    lane::Lane,
    media::sign::{PublicKey, Purpose, Signature, Signer},
};

const MAGIC: [u8; 4] = *b"WGH1";
const HEAD: usize = 4 + 8 + 32 + 32 + 32;
const TAG: usize = 16;
const SIGNATURE: usize = 64;
const INFO: &[u8] = b"whiteglove hand-over 1";
/// About ten thousand hashes.
pub const MAX_SEALED: usize = 64 << 20;
/// Sealed bundles end in this.
pub const EXTENSION: &str = "wgh";

/// What a person asks for at the bench.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ask {
    /// The open one if none is named.
    pub batch: Option<String>,
    /// The customer's if none is named.
    pub lane: Option<Lane>,
    /// For every laptop in it, whatever came with it.
    pub group_tag: Option<String>,
    /// Also what went out before.
    pub all: bool,
    /// A person knows what corporate identifiers do to the whole tenant, and wants them.
    pub tenant_wide: bool,
    /// The one that the customer is set with if none is named.
    pub to: Option<Recipient>,
}

/// For whom a list was sealed, and in which file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HandedOver {
    pub to: Recipient,
    /// Its name, without the folder.
    pub bundle: String,
    /// Of the sealed file, hex.
    pub sha256: String,
}

/// Why bytes are not a hand-over that can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("it does not begin like a hand-over of this version")]
    Foreign,
    #[error("it was cut: {0} bytes are there of {1}")]
    Cut(u64, u64),
    #[error("it is {0} bytes long; a hand-over has at most {MAX_SEALED}")]
    Oversized(usize),
    #[error("it is signed by another bench, whose key is {0}")]
    OtherBench(PublicKey),
    #[error("it is sealed for another key, {0}")]
    OtherRecipient(Recipient),
    #[error("it is not what the bench signed: it was damaged or changed on the way")]
    Forged,
    #[error("nothing can be sealed for the key {0}")]
    WeakKey(Recipient),
}

/// Seals `content` for the customer and signs it.
///
/// # Errors
/// [`SealError::WeakKey`] for a key that everybody could open, [`SealError::Oversized`].
pub fn seal(content: &[u8], to: &Recipient, signer: &Signer, rng: &mut impl CryptoRng) -> Result<Vec<u8>, SealError> {
    let length = HEAD + content.len() + TAG + SIGNATURE;
    if length > MAX_SEALED {
        return Err(SealError::Oversized(length));
    }
    let weak = |_| SealError::WeakKey(*to);
    let public = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(to.bytes()).map_err(weak)?;
    let (encapsulated, mut context) = hpke::setup_sender_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &public,
        INFO,
        rng,
    )
    .map_err(weak)?;
    let mut bytes = Vec::with_capacity(length);
    bytes.extend(MAGIC);
    bytes.extend((length as u64).to_be_bytes());
    bytes.extend(to.bytes());
    bytes.extend(signer.public().0);
    bytes.extend(encapsulated.to_bytes());
    let sealed = context.seal(content, &bytes).map_err(weak)?;
    bytes.extend(sealed);
    let signature = signer.sign(Purpose::HandOver, &bytes);
    bytes.extend(signature.0);
    Ok(bytes)
}

/// Opens what that bench sealed for this key. It may be opened as often as one likes.
///
/// # Errors
/// What is wrong with it; nothing of the content is given out then.
pub fn open(bytes: &[u8], secret: &RecipientSecret, bench: &PublicKey) -> Result<Vec<u8>, SealError> {
    if bytes.len() > MAX_SEALED {
        return Err(SealError::Oversized(bytes.len()));
    }
    let Some((head, rest)) = bytes.split_at_checked(HEAD) else {
        return Err(match bytes.starts_with(&MAGIC) {
            true => SealError::Cut(bytes.len() as u64, (HEAD + TAG + SIGNATURE) as u64),
            false => SealError::Foreign,
        });
    };
    let [magic, length, to, by, encapsulated] = fields(head).ok_or(SealError::Foreign)?;
    if magic != MAGIC {
        return Err(SealError::Foreign);
    }
    let stated = length.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    if (bytes.len() as u64) < stated {
        return Err(SealError::Cut(bytes.len() as u64, stated));
    }
    if by != bench.0 {
        return Err(SealError::OtherBench(PublicKey(by.try_into().map_err(|_| SealError::Foreign)?)));
    }
    let (ciphertext, signature) = rest.split_last_chunk::<SIGNATURE>().ok_or(SealError::Forged)?;
    let signed = &bytes[..bytes.len() - SIGNATURE];
    if !bench.signed(Purpose::HandOver, signed, &Signature(*signature)) {
        return Err(SealError::Forged);
    }
    if to != secret.public().bytes() {
        return Err(SealError::OtherRecipient(Recipient::new(to.try_into().map_err(|_| SealError::Foreign)?)));
    }
    let encapsulated =
        <X25519HkdfSha256 as hpke::Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| SealError::Forged)?;
    let mut context = hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        secret.private(),
        &encapsulated,
        INFO,
    )
    .map_err(|_| SealError::Forged)?;
    context.open(ciphertext, head).map_err(|_| SealError::Forged)
}

fn fields(head: &[u8]) -> Option<[&[u8]; 5]> {
    let (magic, rest) = head.split_at_checked(4)?;
    let (length, rest) = rest.split_at_checked(8)?;
    let (to, rest) = rest.split_at_checked(32)?;
    let (by, encapsulated) = rest.split_at_checked(32)?;
    Some([magic, length, to, by, encapsulated])
}

#[cfg(test)]
mod tests;
