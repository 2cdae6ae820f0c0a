//! The bench's signature on what it hands out: Ed25519 (RFC 8032), over a word for the purpose and the bytes.
//!
//! It says "this bench made it", nothing of who may read it; that is [`crate::envelope`]'s. Signing draws no
//! randomness, so a medium that is built again has the same signature.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

use crate::hex_id::hex_id;

hex_id!(
    /// By which anybody can tell what a bench has signed. Public.
    PublicKey, 32
);
hex_id!(Signature, 64);

/// What is signed. A signature for one purpose is worth nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Manifest,
    Stick,
    HandOver,
}

impl Purpose {
    fn message(self, bytes: &[u8]) -> Vec<u8> {
        let word: &[u8] = match self {
            Self::Manifest => b"whiteglove manifest 1\0",
            Self::Stick => b"whiteglove stick 1\0",
            Self::HandOver => b"whiteglove hand-over 1\0",
        };
        [word, bytes].concat()
    }
}

/// The bench's signing key. Kept in a file only its owner can read.
#[derive(Clone)]
pub struct Signer(SigningKey);

impl Signer {
    /// `seed` is 32 bytes from the system's generator: the private key of RFC 8032, 5.1.5.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    pub fn sign(&self, purpose: Purpose, bytes: &[u8]) -> Signature {
        Signature(self.0.sign(&purpose.message(bytes)).to_bytes())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

impl PublicKey {
    /// Whether the holder of the private half signed these bytes for this purpose. Keys and signatures that several
    /// texts could share (RFC 8032, 8.4 and 8.9) are refused.
    pub fn signed(&self, purpose: Purpose, bytes: &[u8], signature: &Signature) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&self.0) else { return false };
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.verify_strict(&purpose.message(bytes), &signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_pair_is_that_of_rfc_8032() {
        // RFC 8032, 7.1, test 1.
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let seed: PublicKey = seed.parse().unwrap();
        assert_eq!(Signer::from_seed(&seed.0).public().to_string(), public);
    }

    #[test]
    fn a_signature_holds_for_its_bytes_purpose_and_key_alone() {
        let (ours, other) = (Signer::from_seed(&[1; 32]), Signer::from_seed(&[2; 32]));
        let signature = ours.sign(Purpose::Manifest, b"files");
        assert!(ours.public().signed(Purpose::Manifest, b"files", &signature));
        assert!(!ours.public().signed(Purpose::Manifest, b"filez", &signature));
        assert!(!ours.public().signed(Purpose::Stick, b"files", &signature));
        assert!(!other.public().signed(Purpose::Manifest, b"files", &signature));
        for bit in 0..512 {
            let mut bad = signature;
            bad.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!ours.public().signed(Purpose::Manifest, b"files", &bad), "{bit}");
        }
    }

    #[test]
    fn a_key_that_anything_verifies_with_is_refused() {
        // The neutral point, and what is no point at all.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        for key in [neutral, [0xff; 32], [0; 32]] {
            assert!(!PublicKey(key).signed(Purpose::Stick, b"x", &Signature([0; 64])));
        }
    }

    #[test]
    fn the_private_key_is_not_shown() {
        assert_eq!(format!("{:?}", Signer::from_seed(&[7; 32])), "Signer(..)");
    }
}
