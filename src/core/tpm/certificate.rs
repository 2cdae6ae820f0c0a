//! The RSA key inside an EK certificate (X.509, RFC 5280, 4.1), to compare with the key the TPM shows.
//!
//! Only the way to the key is walked: a certificate that is refused cannot contradict a wrong key.

use crate::{
    capture::Tpm,
    der::{BIT_STRING, FIELD_0, INTEGER, OBJECT_ID, SEQUENCE, object, without},
};

/// Any RSA key, whatever it is for: `pkcs-1` (RFC 8017, A.1), whose last byte tells encryption from OAEP.
const PKCS_1: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];

/// The modulus, big-endian, without the zero that keeps it positive. `None` if the certificate is about
/// another kind of key, or is no certificate.
pub fn rsa_modulus(der: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = object(der, SEQUENCE)?;
    let (fields, _) = object(certificate, SEQUENCE)?;
    // The version; certificates of version 1 have none.
    let mut fields = without(fields, FIELD_0);
    // Serial number, signature algorithm, issuer, validity, subject.
    for tag in [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE] {
        (_, fields) = object(fields, tag)?;
    }
    let (key, _) = object(fields, SEQUENCE)?;
    let (algorithm, key) = object(key, SEQUENCE)?;
    let (id, _) = object(algorithm, OBJECT_ID)?;
    id.strip_prefix(&PKCS_1).filter(|rest| rest.len() == 1)?;
    let (bits, _) = object(key, BIT_STRING)?;
    let (numbers, _) = object(bits.strip_prefix(&[0])?, SEQUENCE)?;
    let (modulus, _) = object(numbers, INTEGER)?;
    let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    (!modulus.is_empty()).then_some(modulus)
}

/// Whether the RSA endorsement key and its certificate name the same key; `None` if there is no such pair.
/// The key itself is read one way only, for making it anew costs firmware TPMs seconds: from its
/// persistent handle, or, where nothing is kept, from the default template.
pub fn agree(tpm: &Tpm) -> Option<bool> {
    let modulus = tpm.keys.iter().find_map(|key| super::rsa_modulus(&key.public.0))?;
    let mut certified = tpm.certificates.iter().filter_map(|held| rsa_modulus(&held.der.0)).peekable();
    certified.peek()?;
    // RSA 3072 and 4096 have certificates of their own beside that of RSA 2048.
    Some(certified.any(|other| other == modulus))
}

/// A certificate with nothing in it but an RSA key, for simulated machines and tests.
pub fn with_rsa_key(modulus: &[u8]) -> Vec<u8> {
    fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let mut bytes = vec![tag, 0x82];
        bytes.extend(u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend(content);
        bytes
    }
    let empty = wrap(SEQUENCE, &[]);
    let positive = [&[0], modulus].concat();
    let numbers = wrap(SEQUENCE, &[&wrap(INTEGER, &[&positive]), &wrap(INTEGER, &[&[1, 0, 1]])]);
    let algorithm = wrap(SEQUENCE, &[&wrap(OBJECT_ID, &[&PKCS_1, &[1]])]);
    let key = wrap(SEQUENCE, &[&algorithm, &wrap(BIT_STRING, &[&[0], &numbers])]);
    let version = wrap(FIELD_0, &[&wrap(INTEGER, &[&[2]])]);
    let fields = wrap(SEQUENCE, &[&version, &wrap(INTEGER, &[&[1]]), &empty, &empty, &empty, &empty, &key]);
    wrap(SEQUENCE, &[&fields, &empty, &wrap(BIT_STRING, &[&[0]])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modulus_comes_back() {
        let modulus = [0xa5; 256];
        let certificate = with_rsa_key(&modulus);
        assert_eq!(rsa_modulus(&certificate), Some(&modulus[..]));
        // Vendors pad the NV index behind it.
        assert_eq!(rsa_modulus(&[&certificate[..], &[0xff; 40]].concat()), Some(&modulus[..]));
    }

    #[test]
    fn a_certificate_about_another_key_has_none() {
        let certificate = with_rsa_key(&[0xa5; 256]);
        let at = certificate.windows(8).position(|window| window == PKCS_1).unwrap();
        let mut curve = certificate.clone();
        curve[at + 5] = 0x3d;
        assert_eq!(rsa_modulus(&curve), None);
        assert_eq!(rsa_modulus(&[]), None);
        for end in 0..certificate.len() {
            assert_eq!(rsa_modulus(&certificate[..end]), None, "cut at {end}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), at in 0_usize..300) {
            let _ = rsa_modulus(&bytes);
            let mut certificate = with_rsa_key(&[0x81; 200]);
            if let Some(byte) = certificate.get_mut(at) {
                *byte = bytes.first().copied().unwrap_or(0x80);
            }
            let _ = rsa_modulus(&certificate);
        }
    }
}
