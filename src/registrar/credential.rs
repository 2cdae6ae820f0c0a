//! By what an application proves to be itself: its secret, or a certificate whose key signs a statement.

use ring::{
    rand::SystemRandom,
    signature::{RSA_PSS_SHA256, RsaKeyPair},
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use whiteglove_core::{
    clock::Moment,
    cloud::oauth::{Proof, assertion, certificate::Certificate},
    problem::Problem,
    secret::Secret,
    sign_in::NewProof,
};

/// What is kept of a credential under lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Kept {
    pub(crate) key: Key,
    /// Of a person who consented once.
    pub(crate) refresh: Option<Secret>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Key {
    /// A public client has none.
    Person,
    Secret(Secret),
    /// PEM of the certificate and of its key.
    Certificate(Secret),
}

impl From<NewProof> for Key {
    fn from(proof: NewProof) -> Self {
        match proof {
            NewProof::Person => Self::Person,
            NewProof::Secret(secret) => Self::Secret(secret),
            NewProof::Certificate(pem) => Self::Certificate(pem),
        }
    }
}

impl Key {
    /// # Errors
    /// The certificate or its key cannot be used, or the system gives no randomness.
    pub(crate) fn proof(&self, client_id: &str, audience: &str, now: Moment) -> Result<Proof, Problem> {
        Ok(match self {
            Self::Person => Proof::None,
            Self::Secret(secret) => Proof::Secret(secret.clone()),
            Self::Certificate(pem) => Proof::Assertion(Signing::parse(pem)?.assertion(client_id, audience, now)?),
        })
    }
}

/// A certificate with the key that belongs to it.
pub(crate) struct Signing {
    der: CertificateDer<'static>,
    pub(crate) certificate: Certificate,
    pair: RsaKeyPair,
}

impl Signing {
    /// The order in the file does not matter, and certificates of authorities may be in it too.
    ///
    /// # Errors
    /// What is missing or cannot be used.
    pub(crate) fn parse(pem: &Secret) -> Result<Self, Problem> {
        let text = pem.expose();
        if text.contains("ENCRYPTED") {
            return Err(unfit(
                "Its key is protected by a passphrase of its own.",
                "Take that off, as the vault protects it: openssl pkey -in FILE -out KEY.pem, then put certificate and \
                 key into one file.",
            ));
        }
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| {
            unfit(
                "There is no private key in it.",
                "Put certificate and key into one PEM file (from a .pfx: openssl pkcs12 -in FILE.pfx -nodes -out \
                 FILE.pem).",
            )
        })?;
        let pair = match &key {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(unfit("Its key is not an RSA key.", RSA)),
        };
        let pair = pair.map_err(|error| match error.to_string().as_str() {
            "WrongAlgorithm" => unfit("Its key is not an RSA key.", RSA),
            "TooSmall" | "TooLarge" => unfit("Its key has less than 2048 or more than 4096 bits.", RSA),
            why => unfit(&format!("Its key cannot be used: {why}."), RSA),
        })?;
        let all = CertificateDer::pem_slice_iter(text.as_bytes()).filter_map(Result::ok);
        let read = all.filter_map(|der| Certificate::parse(&der).map(|certificate| (der, certificate)));
        let mut others = 0;
        for (der, certificate) in read {
            if certificate.public_key == pair.public().as_ref() {
                return Ok(Self { der, certificate, pair });
            }
            others += 1;
        }
        let why = match others {
            0 => "There is no certificate in it.",
            _ => "The certificate in it belongs to another key.",
        };
        Err(unfit(why, "Put the certificate that was uploaded to Entra and its own key into one PEM file."))
    }

    fn assertion(&self, client_id: &str, audience: &str, now: Moment) -> Result<Secret, Problem> {
        let failed = || {
            Problem::new(
                "The sign-in could not be signed.",
                "The system gives no randomness, or the key is of no use.",
                "Start whiteglove again; set the certificate anew if that does not help.",
            )
        };
        let mut number = [0; 16];
        getrandom::fill(&mut number).map_err(|_| failed())?;
        let unsigned = assertion::unsigned(client_id, audience, &self.der, number, now);
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), unsigned.bytes(), &mut signature)
            .map_err(|_| failed())?;
        Ok(unsigned.signed(&signature))
    }
}

const RSA: &str = "Make one of 2048 to 4096 bits: openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj /CN=whiteglove \
                   -keyout KEY.pem -out CERT.pem";

fn unfit(why: &str, next: &str) -> Problem {
    Problem::new("The certificate was not taken.", why, next)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;

    macro_rules! pem {
        ($($name:literal)+) => {
            Secret::new(concat!($(include_str!(concat!("../../tests/fixtures/sign-in/", $name, ".pem"))),+).to_owned())
        };
    }

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(seconds * 1_000)
    }

    #[test]
    fn an_assertion_is_one_that_the_certificate_verifies() {
        for pem in
            [pem!("certificate" "key"), pem!("key-pkcs1" "certificate"), pem!("other-certificate" "key" "certificate")]
        {
            let signing = Signing::parse(&pem).unwrap();
            // openssl x509 -noout -dates
            assert_eq!((signing.certificate.begins, signing.certificate.ends), (at(1_795_642_589), at(2_616_442_589)));
            let Proof::Assertion(assertion) = Key::Certificate(pem).proof("app-1", "https://login/t", at(5)).unwrap()
            else {
                panic!("an assertion");
            };
            let (signed, signature) = assertion.expose().rsplit_once('.').unwrap();
            let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
            let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, &signing.certificate.public_key);
            public.verify(signed.as_bytes(), &signature).unwrap();
            public.verify(b"something else", &signature).unwrap_err();
            let header = BASE64_URL_SAFE_NO_PAD.decode(signed.split('.').next().unwrap()).unwrap();
            let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
            // openssl x509 -in certificate.pem -outform DER | openssl dgst -sha256 -binary | basenc --base64url
            assert_eq!(header["x5t#S256"], "XzEUgW7nzb80aEbLqzTM3V1OnFzIh0im2AAVKRddo-A");
        }
    }

    #[test]
    fn no_two_assertions_are_the_same() {
        let key = Key::Certificate(pem!("certificate" "key"));
        assert_ne!(key.proof("a", "b", at(5)), key.proof("a", "b", at(5)));
    }

    #[test]
    fn what_cannot_be_used_is_told_apart() {
        let why = |pem: Secret| Signing::parse(&pem).map(drop).unwrap_err().why;
        assert!(why(pem!("certificate" "key-encrypted")).contains("passphrase of its own"));
        assert!(why(pem!("certificate" "key-encrypted-pkcs8")).contains("passphrase of its own"));
        assert!(why(pem!("certificate")).contains("no private key"));
        assert!(why(pem!("key")).contains("no certificate"));
        assert!(why(pem!("other-certificate" "key")).contains("belongs to another key"));
        assert!(why(pem!("certificate" "ec-key")).contains("not an RSA key"));
        assert!(why(pem!("certificate" "short-key")).contains("less than 2048"));
        assert!(why(Secret::new("0\u{1}\u{2} a .pfx as text".into())).contains("no private key"));
    }
}
