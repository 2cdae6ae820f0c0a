//! Keys of 32 bytes, and what is sealed with them: XChaCha20-Poly1305 (its nonces are long enough to be random).

use std::{fmt, sync::Arc};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use whiteglove_core::{blob::Blob, secret::Secret};
use zeroize::Zeroizing;

const NONCE: usize = 24;

/// The bytes have one place in memory, however often the key is handed on; that place is overwritten in the end.
#[derive(Clone)]
pub(super) struct SealKey(Arc<Zeroizing<[u8; 32]>>);

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey")
    }
}

/// What the passphrase costs to try (RFC 9106). Stored beside what it protects, so that it can be raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Effort {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Effort {
    /// RFC 9106, 4: the second recommended choice, for machines that have other work for their memory.
    pub(crate) const USUAL: Self = Self { memory_kib: 64 << 10, passes: 3, lanes: 4 };
    #[cfg(test)]
    pub(crate) const TEST: Self = Self { memory_kib: 64, passes: 1, lanes: 1 };

    /// A file may not make us work for hours.
    fn is_sane(self) -> bool {
        self.memory_kib <= 1 << 20 && self.passes <= 32 && self.lanes <= 16
    }
}

impl SealKey {
    pub(super) fn random() -> Result<Self, String> {
        let mut key = Zeroizing::new([0; 32]);
        fill(&mut *key)?;
        Ok(Self(Arc::new(key)))
    }

    /// `None`: these parameters are none.
    pub(super) fn of_passphrase(passphrase: &Secret, salt: &[u8], effort: Effort) -> Option<Self> {
        let params = Params::new(effort.memory_kib, effort.passes, effort.lanes, Some(32)).ok();
        let params = params.filter(|_| effort.is_sane())?;
        let mut key = Zeroizing::new([0; 32]);
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon.hash_password_into(passphrase.expose().as_bytes(), salt, &mut *key).ok()?;
        Some(Self(Arc::new(key)))
    }

    /// Of a random text that the system keeps for us.
    pub(super) fn of_system(credential: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"whiteglove vault, key of the system\0");
        hash.update(credential);
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(&hash.finalize());
        Self(Arc::new(key))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&**self.0).into())
    }

    /// `beside`: what has to be the same when it is opened.
    pub(super) fn seal(&self, plain: &[u8], beside: &[u8]) -> Result<Blob, String> {
        let mut sealed = vec![0; NONCE];
        fill(&mut sealed)?;
        let nonce = XNonce::try_from(sealed.as_slice()).map_err(|error| error.to_string())?;
        let payload = Payload { msg: plain, aad: beside };
        sealed.extend(self.cipher().encrypt(&nonce, payload).map_err(|error| error.to_string())?);
        Ok(Blob(sealed))
    }

    /// `None`: another key, or other bytes, or other circumstances.
    pub(super) fn open(&self, sealed: &Blob, beside: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.0.split_at_checked(NONCE)?;
        let nonce = XNonce::try_from(nonce).ok()?;
        self.cipher().decrypt(&nonce, Payload { msg: sealed, aad: beside }).ok().map(Zeroizing::new)
    }

    pub(super) fn seal_key(&self, key: &Self, beside: &[u8]) -> Result<Blob, String> {
        self.seal(&**key.0, beside)
    }

    pub(super) fn open_key(&self, sealed: &Blob, beside: &[u8]) -> Option<Self> {
        let plain = self.open(sealed, beside)?;
        let mut key = Zeroizing::new([0; 32]);
        (plain.len() == key.len()).then(|| key.copy_from_slice(&plain))?;
        Some(Self(Arc::new(key)))
    }
}

pub(super) fn fill(bytes: &mut [u8]) -> Result<(), String> {
    getrandom::fill(bytes).map_err(|error| format!("no randomness: {error}"))
}
