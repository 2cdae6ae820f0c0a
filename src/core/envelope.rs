//! Sealed envelopes: the one form in which anything leaves a laptop, online or on a stick.
//!
//! HPKE (RFC 9180) in PSK mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
//! Only the bench's private key opens an envelope, and only a holder of the medium's token can have
//! made it; the token itself never travels. The exporter secret (RFC 9180, 5.3) gives both ends a
//! [`SessionKey`], with which the bench signs its answers: a stranger on the laptop network can
//! neither read a capture nor pretend that it arrived.
//!
//! Layout, all of the head being authenticated:
//! `"WGE1" | kind u8 | box key id [8] | media id [16] | message id [16] | encapsulated key [32] | ciphertext + tag`

use hmac::{Hmac, KeyInit, Mac as _};
use hpke::{
    Deserializable, Kem as _, OpModeR, OpModeS, PskBundle, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256,
    kem::X25519HkdfSha256, rand_core::CryptoRng,
};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    hex_id::hex_id,
    media_card::{BoxKey, MediaCard, MediaId, MediaToken},
};

const MAGIC: [u8; 4] = *b"WGE1";
const HEAD: usize = 4 + 1 + 8 + 16 + 16 + 32;
const TAG: usize = 16;
const INFO: &[u8] = b"whiteglove envelope 1";
/// A capture with every table a PC has is about 40 KiB, and as much again where firmware lists many dangerous
/// programs; beyond this nobody is being honest.
pub const MAX_ENVELOPE: usize = 1024 * 1024;
/// Sealed captures on a stick end in this.
pub const EXTENSION: &str = "wgc";

hex_id!(
    /// Names one message. A capture keeps its id over every retry and on every path, so that
    /// sending it twice is the same as sending it once.
    MessageId, 16
);

/// What an envelope holds, visible from outside so that it can be routed without opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Hello,
    Capture,
}

impl Kind {
    fn to_byte(self) -> u8 {
        match self {
            Self::Hello => 1,
            Self::Capture => 2,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Hello),
            2 => Some(Self::Capture),
            _ => None,
        }
    }
}

/// The bench's private key. Born at the first start, kept in a file only its owner can read.
#[derive(Clone)]
pub struct BoxSecret {
    entropy: Zeroizing<[u8; 32]>,
    /// Derived once: it is a third of the work of opening an envelope.
    private: <X25519HkdfSha256 as hpke::Kem>::PrivateKey,
    public: BoxKey,
}

impl BoxSecret {
    /// `entropy` is 32 bytes from the system's generator; the key pair derives from it (RFC 9180, 7.1.3).
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        let entropy = Zeroizing::new(entropy);
        let (private, public) = X25519HkdfSha256::derive_keypair(&*entropy);
        let mut key = [0; 32];
        key.copy_from_slice(&public.to_bytes());
        Self { entropy, private, public: BoxKey(key) }
    }

    pub fn public(&self) -> BoxKey {
        self.public
    }

    /// The token of a medium is derived, never stored: what is not there cannot leak.
    pub fn token(&self, media: MediaId) -> MediaToken {
        MediaToken::new(keyed_hash(&self.entropy, &[b"media token", &media.0]))
    }
}

impl std::fmt::Debug for BoxSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BoxSecret(..)")
    }
}

/// Shared by the sender of one envelope and the bench; signs the bench's answers to that sender.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SessionKey([u8; 32]);

impl SessionKey {
    /// The seal of an answer: HMAC-SHA256 over the label and the body.
    pub fn seal(&self, label: &str, body: &[u8]) -> String {
        hex::encode(keyed_hash(&self.0, &[label.as_bytes(), body]))
    }

    /// Constant time.
    pub fn is_sealed(&self, label: &str, body: &[u8], seal: &str) -> bool {
        let Ok(seal) = hex::decode(seal) else { return false };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return false };
        for part in [label.as_bytes(), body] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.verify_slice(&seal).is_ok()
    }
}

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey(..)")
    }
}

/// HMAC-SHA256 over length-prefixed parts.
fn keyed_hash(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes a key of any length; the error type exists for other MACs.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Why bytes are not an envelope we can open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    #[error("it ends after {0} bytes, before the envelope is complete")]
    Truncated(usize),
    #[error("it is {0} bytes long; an envelope has at most {MAX_ENVELOPE}")]
    Oversized(usize),
    #[error("it does not begin like an envelope of this version")]
    Foreign,
    #[error("it is sealed for another bench")]
    OtherBench,
    #[error("it was changed on the way, or made without the medium's token")]
    Forged,
}

/// An envelope whose head is readable and whose content is still sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    bytes: Vec<u8>,
    kind: Kind,
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Envelope({:?}, {}, {} bytes)", self.kind, self.message(), self.bytes.len())
    }
}

impl Envelope {
    /// Seals `content` for the bench named on the card.
    ///
    /// # Errors
    /// [`EnvelopeError::Foreign`] if the card's box key is not a usable X25519 key,
    /// [`EnvelopeError::Oversized`] if the content is too large to be accepted.
    pub fn seal(
        card: &MediaCard,
        kind: Kind,
        message: MessageId,
        content: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, SessionKey), EnvelopeError> {
        let length = HEAD + content.len() + TAG;
        if length > MAX_ENVELOPE {
            return Err(EnvelopeError::Oversized(length));
        }
        let bench = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(&card.box_key.0)
            .map_err(|_| EnvelopeError::Foreign)?;
        let psk = PskBundle::new(card.token.bytes(), &card.media.0).map_err(|_| EnvelopeError::Foreign)?;
        let (encapsulated, mut context) =
            hpke::setup_sender_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                &OpModeS::Psk(psk),
                &bench,
                INFO,
                rng,
            )
            .map_err(|_| EnvelopeError::Foreign)?;

        let mut bytes = Vec::with_capacity(length);
        bytes.extend(MAGIC);
        bytes.push(kind.to_byte());
        bytes.extend(card.box_key.id());
        bytes.extend(card.media.0);
        bytes.extend(message.0);
        bytes.extend(encapsulated.to_bytes());
        let sealed = context.seal(content, &bytes).map_err(|_| EnvelopeError::Foreign)?;
        bytes.extend(sealed);
        let mut session = [0; 32];
        context.export(b"answers", &mut session).map_err(|_| EnvelopeError::Foreign)?;
        Ok((Self { bytes, kind }, SessionKey(session)))
    }

    /// # Errors
    /// Whatever makes the bytes something else than an envelope; the content is not looked at.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > MAX_ENVELOPE {
            return Err(EnvelopeError::Oversized(bytes.len()));
        }
        if !bytes.starts_with(&MAGIC[..bytes.len().min(4)]) {
            return Err(EnvelopeError::Foreign);
        }
        if bytes.len() < HEAD + TAG {
            return Err(EnvelopeError::Truncated(bytes.len()));
        }
        let kind = Kind::from_byte(bytes[4]).ok_or(EnvelopeError::Foreign)?;
        Ok(Self { bytes: bytes.to_vec(), kind })
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn media(&self) -> MediaId {
        MediaId(self.field(13))
    }

    pub fn message(&self) -> MessageId {
        MessageId(self.field(29))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn field<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut field = [0; N];
        // `parse` and `seal` made sure that the head is whole.
        field.copy_from_slice(&self.bytes[at..at + N]);
        field
    }

    /// Whether its head says that it is sealed for this bench.
    pub fn is_for(&self, secret: &BoxSecret) -> bool {
        secret.public.id() == self.field::<8>(5)
    }

    /// Opens with the bench's private key and the token of the medium the head names.
    ///
    /// # Errors
    /// [`EnvelopeError::OtherBench`] or [`EnvelopeError::Forged`].
    pub fn open(&self, secret: &BoxSecret) -> Result<(Vec<u8>, SessionKey), EnvelopeError> {
        if !self.is_for(secret) {
            return Err(EnvelopeError::OtherBench);
        }
        let media = self.media();
        let token = secret.token(media);
        let psk = PskBundle::new(token.bytes(), &media.0).map_err(|_| EnvelopeError::Forged)?;
        let encapsulated = <X25519HkdfSha256 as hpke::Kem>::EncappedKey::from_bytes(&self.field::<32>(45))
            .map_err(|_| EnvelopeError::Forged)?;
        let mut context = hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Psk(psk),
            &secret.private,
            &encapsulated,
            INFO,
        )
        .map_err(|_| EnvelopeError::Forged)?;
        let content = context.open(&self.bytes[HEAD..], &self.bytes[..HEAD]).map_err(|_| EnvelopeError::Forged)?;
        let mut session = [0; 32];
        context.export(b"answers", &mut session).map_err(|_| EnvelopeError::Forged)?;
        Ok((content, SessionKey(session)))
    }
}

#[cfg(test)]
mod tests;
