//! A signed statement in place of a client secret (RFC 7523). It is put together here and signed where the key is.
//!
//! Entra wants PS256 and the SHA-256 of the certificate since 2024; RS256 with SHA-1 is what older clients send.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{clock::Moment, registration::AttemptId, secret::Secret};

/// Seconds. Microsoft asks for five to ten minutes; clocks may differ by five.
const LIFE: u64 = 600;

/// What is to be signed with RSASSA-PSS, SHA-256, a salt as long as the hash, and MGF1 of the same: PS256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned(String);

/// `audience`: the token endpoint it is shown to. `certificate`: DER. `number`: random, never used twice.
pub fn unsigned(client_id: &str, audience: &str, certificate: &[u8], number: [u8; 16], now: Moment) -> Unsigned {
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint(certificate)});
    let seconds = now.millis() / 1_000;
    let claims = json!({
        "aud": audience,
        "iss": client_id,
        "sub": client_id,
        "jti": AttemptId::from_random(number).as_str(),
        "nbf": seconds,
        "iat": seconds,
        "exp": seconds + LIFE,
    });
    let part = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    Unsigned(format!("{}.{}", part(&header), part(&claims)))
}

/// By which Entra finds the certificate among those of the application.
fn thumbprint(certificate: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(certificate))
}

impl Unsigned {
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    #[must_use]
    pub fn signed(&self, signature: &[u8]) -> Secret {
        Secret::new(format!("{}.{}", self.0, BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }
}
