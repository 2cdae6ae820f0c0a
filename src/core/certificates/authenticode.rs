//! Signatures of programs: PKCS#7 SignedData (RFC 2315, 9.1) as Authenticode fills it ("Windows Authenticode
//! Portable Executable Signature Format", Microsoft 2008).
//!
//! Whoever hands in such bytes may have made them up: what is read is bounded in depth and number, and a
//! signature that cannot be read is said to be none, never good.

use serde::{Deserialize, Serialize};

use super::{Authority, Svn, common_name, fields, sbat::Component};
use crate::{
    der::{FIELD_0, FIELD_1, INTEGER, OBJECT_ID, OCTET_STRING, SEQUENCE, SET, object, objects, without},
    hex_id::hex_id,
};

/// 1.2.840.113549.1.7.2
pub(super) const SIGNED_DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// 1.3.6.1.4.1.311.2.4.1: another signature, in the attributes of one.
pub(super) const NESTED: [u8; 10] = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 4, 1];
/// 2.16.840.1.101.3.4.2.1
pub(super) const SHA_256: [u8; 9] = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
/// Signatures of one file, nested ones included. Two is what was seen.
const MOST: usize = 16;
/// Certificates between the signer's and one we know. Microsoft's have none.
const LONGEST_CHAIN: usize = 8;

hex_id!(
    /// SHA-256 of a program as Authenticode counts it, without its signatures: what firmware's lists name it by.
    ProgramDigest, 32
);

/// All that a program says of who signed it and how new it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signers {
    /// In the order of the file; none if it is not signed.
    pub signatures: Vec<Signature>,
    /// What it is made of, with the generation of each component (shim, `SBAT.md`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sbat: Vec<Component>,
    /// Of Windows' boot managers since 2024.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub svn: Option<Svn>,
    /// `None`: it cannot be counted, as its headers contradict themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<ProgramDigest>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The authority that certified the signer.
    pub by: Authority,
    /// The signer's own name; empty where its certificate is not in the file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signer: String,
    /// Inside another signature. Windows looks at these, firmware does not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nested: bool,
    /// The SHA-256 of what was signed; `None` where another digest was used.
    #[serde(skip)]
    pub digest: Option<[u8; 32]>,
    /// Whether the file is what was signed, where its reader could tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fits: Option<bool>,
}

impl Signers {
    /// Those whom firmware may ask: any one of them suffices. Sorted, each once.
    pub fn for_firmware(&self) -> Vec<Authority> {
        let mut found: Vec<_> =
            self.signatures.iter().filter(|signature| !signature.nested).map(|s| s.by.clone()).collect();
        found.sort();
        found.dedup();
        found
    }
}

/// Reads one entry of a program's certificate table: its signature and those nested in it. Nothing, if it
/// cannot be read.
pub fn signatures(pkcs7: &[u8]) -> Vec<Signature> {
    let mut found = Vec::new();
    let mut waiting = vec![(pkcs7, false)];
    while let Some((bytes, nested)) = waiting.pop() {
        if found.len() + waiting.len() >= MOST {
            break;
        }
        let Some(signed) = SignedData::parse(bytes) else { continue };
        for signer in objects(signed.signers).filter(|info| info.tag == SEQUENCE).take(MOST - found.len()) {
            let Some(info) = SignerInfo::parse(signer.content) else { continue };
            let (signer, by) = signed.chain(&info);
            found.push(Signature { by, signer, nested, digest: signed.digest, fits: None });
            waiting.extend(info.nested().map(|inner| (inner, true)));
        }
    }
    found
}

/// The parts of SignedData that tell who signed.
struct SignedData<'a> {
    certificates: &'a [u8],
    signers: &'a [u8],
    digest: Option<[u8; 32]>,
}

impl<'a> SignedData<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (info, _) = object(bytes, SEQUENCE)?;
        let (kind, info) = object(info, OBJECT_ID)?;
        let (signed, _) = object(info, FIELD_0).filter(|_| kind == SIGNED_DATA)?;
        let (signed, _) = object(signed, SEQUENCE)?;
        let (_version, rest) = object(signed, INTEGER)?;
        let (_digests, rest) = object(rest, SET)?;
        let (content, rest) = object(rest, SEQUENCE)?;
        let (certificates, rest) = object(rest, FIELD_0).unwrap_or((&[], rest));
        let (signers, _) = object(without(rest, FIELD_1), SET)?;
        Some(Self { certificates, signers, digest: signed_digest(content) })
    }

    /// The signer's name and the first authority on the way up that we know; else the last name of that way.
    fn chain(&self, info: &SignerInfo<'_>) -> (String, Authority) {
        let embedded = || objects(self.certificates).filter_map(|certificate| fields(certificate.whole));
        let own = embedded().find(|held| held.issuer == info.issuer && held.serial == info.serial);
        let signer = own.map(|own| common_name(own.subject)).unwrap_or_default();
        let mut issuer = info.issuer;
        for _ in 0..LONGEST_CHAIN {
            match Authority::called(&common_name(issuer)) {
                Authority::Other(_) => {}
                known => return (signer, known),
            }
            let above = embedded().find(|held| held.subject == issuer && held.issuer != issuer);
            let Some(above) = above else { break };
            issuer = above.issuer;
        }
        (signer, Authority::called(&common_name(issuer)))
    }
}

/// The digest in SpcIndirectDataContent, the content that Authenticode signs.
fn signed_digest(content: &[u8]) -> Option<[u8; 32]> {
    let (_kind, content) = object(content, OBJECT_ID)?;
    let (content, _) = object(content, FIELD_0)?;
    let (content, _) = object(content, SEQUENCE)?;
    let (_data, content) = object(content, SEQUENCE)?;
    let (info, _) = object(content, SEQUENCE)?;
    let (algorithm, info) = object(info, SEQUENCE)?;
    let (id, _) = object(algorithm, OBJECT_ID)?;
    let (digest, _) = object(info, OCTET_STRING).filter(|_| id == SHA_256)?;
    digest.try_into().ok()
}

/// One signer (RFC 2315, 9.2).
struct SignerInfo<'a> {
    issuer: &'a [u8],
    serial: &'a [u8],
    unsigned: &'a [u8],
}

impl<'a> SignerInfo<'a> {
    fn parse(info: &'a [u8]) -> Option<Self> {
        let (_version, rest) = object(info, INTEGER)?;
        let (issued, rest) = object(rest, SEQUENCE)?;
        let (issuer, serial) = object(issued, SEQUENCE)?;
        let (serial, _) = object(serial, INTEGER)?;
        let (_digest, rest) = object(rest, SEQUENCE)?;
        let (_encryption, rest) = object(without(rest, FIELD_0), SEQUENCE)?;
        let (_signature, rest) = object(rest, OCTET_STRING)?;
        let (unsigned, _) = object(rest, FIELD_1).unwrap_or_default();
        Some(Self { issuer, serial, unsigned })
    }

    fn nested(&self) -> impl Iterator<Item = &'a [u8]> {
        objects(self.unsigned).filter(|attribute| attribute.tag == SEQUENCE).filter_map(|attribute| {
            let (id, values) = object(attribute.content, OBJECT_ID)?;
            let (values, _) = object(values, SET).filter(|_| id == NESTED)?;
            Some(values)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::testing::signature;

    const PCA_2011: &str = "Microsoft Windows Production PCA 2011";

    #[test]
    fn a_signature_names_its_signer_and_who_certified_it() {
        let read = signatures(&signature("Microsoft Windows", PCA_2011, [7; 32], None));
        let [one] = &read[..] else { panic!("{read:?}") };
        assert_eq!((&one.by, &one.signer[..], one.nested), (&Authority::Windows2011, "Microsoft Windows", false));
        assert_eq!(one.digest, Some([7; 32]));
    }

    /// The certificate table of shimx64.efi in Debian's shim-signed 1.51~1+deb13u1+16.1-2~deb13u1.
    #[test]
    fn shim_is_signed_by_both_generations() {
        let old = signatures(include_bytes!("../../../tests/fixtures/firmware/shim-2011.p7"));
        let new = signatures(include_bytes!("../../../tests/fixtures/firmware/shim-2023.p7"));
        let signers = Signers { signatures: [old, new].concat(), ..Signers::default() };
        let told: Vec<_> = signers.signatures.iter().map(|one| (&one.signer[..], &one.by)).collect();
        assert_eq!(
            told,
            [
                ("Microsoft Windows UEFI Driver Publisher", &Authority::ThirdParty2011),
                ("Microsoft UEFI CA 2023 signer", &Authority::ThirdParty2023),
            ]
        );
        // One file, one digest.
        assert_eq!(signers.signatures[0].digest, signers.signatures[1].digest);
        assert!(signers.signatures[0].digest.is_some());
        assert_eq!(signers.for_firmware(), [Authority::ThirdParty2011, Authority::ThirdParty2023]);
    }

    #[test]
    fn a_nested_signature_is_found_and_counts_for_nothing_in_firmware() {
        let inner = signature("Microsoft Windows", "Windows UEFI CA 2023", [7; 32], None);
        let read = signatures(&signature("Microsoft Windows", PCA_2011, [7; 32], Some(&inner)));
        let signers = Signers { signatures: read, ..Signers::default() };
        let by: Vec<_> = signers.signatures.iter().map(|one| (&one.by, one.nested)).collect();
        assert_eq!(by, [(&Authority::Windows2011, false), (&Authority::Windows2023, true)]);
        assert_eq!(signers.for_firmware(), [Authority::Windows2011]);
    }

    #[test]
    fn an_unknown_authority_keeps_its_name() {
        let read = signatures(&signature("Bootloader", "Fabrikam Root", [0; 32], None));
        assert_eq!(read[0].by, Authority::Other("Fabrikam Root".to_owned()));
    }

    #[test]
    fn a_signature_in_a_signature_in_a_signature_ends() {
        let mut bomb = signature("A", "B", [0; 32], None);
        for _ in 0..60 {
            bomb = signature("A", "B", [0; 32], Some(&bomb));
        }
        assert!((1..=MOST).contains(&signatures(&bomb).len()));
    }

    #[test]
    fn a_cut_signature_is_none() {
        let whole = signature("Microsoft Windows", PCA_2011, [7; 32], None);
        for length in 0..whole.len() {
            assert_eq!(signatures(&whole[..length]), [], "{length}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), at in 0_usize..700) {
            let _ = signatures(&bytes);
            let mut edited = signature("A", "B", [0; 32], Some(&signature("C", "D", [0; 32], None)));
            if let Some(byte) = edited.get_mut(at) {
                *byte = bytes.first().copied().unwrap_or(0x80);
            }
            proptest::prop_assert!(signatures(&edited).len() <= 2);
        }
    }
}
