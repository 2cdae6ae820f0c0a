//! TPM 2.0 as far as identity needs it (TPM 2.0 library, parts 2 and 3; TCG EK Credential Profile
//! 2.5): properties, endorsement keys, their certificates. Whoever holds the device moves the bytes;
//! nothing here does, and nothing here changes the TPM: a key made for reading is flushed again.

pub mod certificate;
mod wire;

use std::fmt;

use crate::{
    blob::Blob,
    capture::{EkCertificate, EkSource, EndorsementKey, Finding, Part, Tpm},
};
use wire::{Reader, command, password_command, response};
pub use wire::{ResponseError, rsa_modulus};

/// Command codes: part 2, 6.5.2.
mod cc {
    pub(super) const CREATE_PRIMARY: u32 = 0x131;
    pub(super) const NV_READ: u32 = 0x14e;
    pub(super) const FLUSH_CONTEXT: u32 = 0x165;
    pub(super) const NV_READ_PUBLIC: u32 = 0x169;
    pub(super) const READ_PUBLIC: u32 = 0x173;
    pub(super) const GET_CAPABILITY: u32 = 0x17a;
}

const CAP_HANDLES: u32 = 1;
const CAP_PROPERTIES: u32 = 6;

/// Properties: part 2, 6.13.
mod pt {
    pub(super) const FIXED: u32 = 0x100;
    pub(super) const FAMILY: u32 = 0x100;
    pub(super) const LEVEL: u32 = 0x101;
    pub(super) const REVISION: u32 = 0x102;
    pub(super) const MANUFACTURER: u32 = 0x105;
    pub(super) const FIRMWARE_1: u32 = 0x10b;
    pub(super) const FIRMWARE_2: u32 = 0x10c;
    pub(super) const NV_BUFFER_MAX: u32 = 0x12c;
    /// First property of the group that changes with every boot.
    pub(super) const VARIABLE: u32 = 0x200;
}

const RH_OWNER: u32 = 0x4000_0001;
const RH_ENDORSEMENT: u32 = 0x4000_000b;

/// Reserved handles and NV indices: EK Credential Profile 2.5, 2.2.1.4 and 2.2.1.5.
const PERSISTENT_RSA: u32 = 0x8101_0001;
const PERSISTENT_ECC: u32 = 0x8101_0016;
const CERTIFICATES_LOW: [u32; 2] = [0x01c0_0002, 0x01c0_000a];
/// H-1 RSA 2048, P-256, P-384, P-521, SM2, RSA 3072, RSA 4096: the even indices.
const CERTIFICATES_HIGH: std::ops::RangeInclusive<u32> = 0x01c0_0012..=0x01c0_001e;

/// Where the TPM does not say how much of NV it gives at once: what every TPM can.
const NV_CHUNK: u16 = 512;
/// Larger than any certificate a TPM has room for.
const CERTIFICATE_LIMIT: u16 = 8192;
/// A TPM that always says "more" is not asked for ever.
const PAGES: usize = 16;

/// Why one command gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TpmError {
    #[error("the device did not take the command: {0}")]
    Device(String),
    #[error(transparent)]
    Response(#[from] ResponseError),
}

/// Reads everything by commands that `transmit` moves; it returns the TPM's answer to one command.
///
/// `None` only if the TPM does not even say what it is. Everything else that fails is a finding.
pub fn read<E: fmt::Display>(transmit: impl FnMut(&[u8]) -> Result<Vec<u8>, E>) -> (Option<Tpm>, Vec<Finding>) {
    let mut session = Session { transmit, findings: Vec::new() };
    let tpm = session.read();
    (tpm, session.findings)
}

struct Session<F> {
    transmit: F,
    findings: Vec<Finding>,
}

impl<E: fmt::Display, F: FnMut(&[u8]) -> Result<Vec<u8>, E>> Session<F> {
    fn read(&mut self) -> Option<Tpm> {
        let tpm = self.properties_keys_certificates()?;
        if certificate::agree(&tpm) == Some(false) {
            let what = "the EK certificate in the TPM is about another RSA key than the one the TPM shows: \
                        the TPM was cleared with a new seed, or it makes its key from a template of its own";
            self.find(Part::EndorsementKey, what.to_owned());
        }
        Some(tpm)
    }

    fn properties_keys_certificates(&mut self) -> Option<Tpm> {
        let properties = match self.properties() {
            Ok(properties) => properties,
            Err(error) => {
                self.find(Part::Tpm, format!("the TPM does not say what it is: {error}"));
                return None;
            }
        };
        let property = |wanted: u32| properties.iter().find(|(tag, _)| *tag == wanted).map_or(0, |(_, value)| *value);
        let nv_chunk = u16::try_from(property(pt::NV_BUFFER_MAX)).ok().filter(|size| *size > 0);
        Some(Tpm {
            family: characters(property(pt::FAMILY)),
            level: property(pt::LEVEL),
            revision: property(pt::REVISION),
            vendor: characters(property(pt::MANUFACTURER)),
            firmware: (property(pt::FIRMWARE_1), property(pt::FIRMWARE_2)),
            keys: self.keys(),
            certificates: self.certificates(nv_chunk.unwrap_or(NV_CHUNK)),
        })
    }

    /// RSA first: that is the one Windows hashes.
    fn keys(&mut self) -> Vec<EndorsementKey> {
        let wanted = [("RSA", PERSISTENT_RSA, template_rsa2048()), ("ECC", PERSISTENT_ECC, template_p256())];
        let mut keys = Vec::new();
        for (name, handle, template) in wanted {
            let key = match self.read_public(handle) {
                Ok(public) => Ok(EndorsementKey { source: EkSource::Persistent, public: Blob(public) }),
                // Not kept in the TPM, which is usual: made anew from its seed, it is the same key.
                Err(_) => self
                    .create_primary(&template)
                    .map(|public| EndorsementKey { source: EkSource::Created, public: Blob(public) }),
            };
            match key {
                Ok(key) => keys.push(key),
                Err(error) => self.find(Part::EndorsementKey, format!("no {name} endorsement key: {error}")),
            }
        }
        keys
    }

    fn certificates(&mut self, chunk: u16) -> Vec<EkCertificate> {
        // Asking for an index that is not there costs a TPM some 20 ms, so it lists them first.
        let present = self.handles(*CERTIFICATES_LOW.first().unwrap_or(&0)).unwrap_or_else(|_| CERTIFICATES_LOW.into());
        let wanted = |index: &u32| {
            CERTIFICATES_LOW.contains(index) || (CERTIFICATES_HIGH.contains(index) && index.is_multiple_of(2))
        };
        let mut certificates = Vec::new();
        for nv_index in present.into_iter().filter(wanted) {
            match self.nv_read(nv_index, chunk) {
                Ok(bytes) => match der_object(&bytes) {
                    Some(der) => certificates.push(EkCertificate { nv_index, der: Blob(der.to_vec()) }),
                    None => self.find(
                        Part::EkCertificate,
                        format!("NV index {nv_index:#010x} holds {} bytes that are no certificate", bytes.len()),
                    ),
                },
                Err(error) => {
                    self.find(Part::EkCertificate, format!("NV index {nv_index:#010x} cannot be read: {error}"));
                }
            }
        }
        if certificates.is_empty() {
            self.find(Part::EkCertificate, "the TPM holds no EK certificate".to_owned());
        }
        certificates
    }

    fn properties(&mut self) -> Result<Vec<(u32, u32)>, TpmError> {
        let mut found: Vec<(u32, u32)> = Vec::new();
        let mut from = pt::FIXED;
        for _ in 0..PAGES {
            let body = self.run(&command(cc::GET_CAPABILITY, &[CAP_PROPERTIES, from, 64], &[]))?;
            let mut reader = Reader::new(&body);
            let more = reader.byte()? != 0;
            if reader.long()? != CAP_PROPERTIES {
                return Err(ResponseError::Malformed.into());
            }
            for _ in 0..reader.long()? {
                found.push((reader.long()?, reader.long()?));
            }
            match found.last() {
                Some((last, _)) if more && *last >= from && *last < pt::VARIABLE => from = last + 1,
                _ => break,
            }
        }
        Ok(found)
    }

    /// Handles of one kind (the first byte of `from`) that exist, ascending.
    fn handles(&mut self, from: u32) -> Result<Vec<u32>, TpmError> {
        let mut found: Vec<u32> = Vec::new();
        let mut from = from;
        for _ in 0..PAGES {
            let body = self.run(&command(cc::GET_CAPABILITY, &[CAP_HANDLES, from, 64], &[]))?;
            let mut reader = Reader::new(&body);
            let more = reader.byte()? != 0;
            if reader.long()? != CAP_HANDLES {
                return Err(ResponseError::Malformed.into());
            }
            for _ in 0..reader.long()? {
                found.push(reader.long()?);
            }
            match found.last() {
                Some(last) if more && *last >= from && *last < *CERTIFICATES_HIGH.end() => from = last + 1,
                _ => break,
            }
        }
        Ok(found)
    }

    fn read_public(&mut self, handle: u32) -> Result<Vec<u8>, TpmError> {
        let body = self.run(&command(cc::READ_PUBLIC, &[handle], &[]))?;
        Ok(Reader::new(&body).sized()?.to_vec())
    }

    fn create_primary(&mut self, template: &[u8]) -> Result<Vec<u8>, TpmError> {
        let mut parameters = vec![0, 4, 0, 0, 0, 0]; // TPM2B_SENSITIVE_CREATE: no auth, no data
        wire::put_sized(&mut parameters, template);
        parameters.extend([0, 0]); // outsideInfo
        parameters.extend([0, 0, 0, 0]); // creationPCR
        let body = self.run(&password_command(cc::CREATE_PRIMARY, &[RH_ENDORSEMENT], &parameters))?;
        let mut reader = Reader::new(&body);
        let handle = reader.long()?;
        let public = reader.long().and_then(|_| Ok(reader.sized()?.to_vec()));
        // The resource manager would drop it with the device; a bare TPM has room for three.
        let flushed = self.run(&command(cc::FLUSH_CONTEXT, &[handle], &[]));
        if let Err(error) = flushed {
            self.find(Part::EndorsementKey, format!("the key made for reading could not be flushed: {error}"));
        }
        Ok(public?)
    }

    fn nv_read(&mut self, index: u32, chunk: u16) -> Result<Vec<u8>, TpmError> {
        let body = self.run(&command(cc::NV_READ_PUBLIC, &[index], &[]))?;
        let mut reader = Reader::new(&body);
        let mut public = Reader::new(reader.sized()?);
        public.long()?; // index
        public.short()?; // nameAlg
        public.long()?; // attributes
        public.sized()?; // authPolicy
        let size = public.short()?.min(CERTIFICATE_LIMIT);
        // Readable with its own empty auth by the profile; some vendors only let the owner.
        let mut auth = index;
        let mut bytes = Vec::new();
        while let Some(left) = u16::try_from(bytes.len()).ok().and_then(|have| size.checked_sub(have)) {
            if left == 0 {
                break;
            }
            let offset = size - left;
            let mut parameters = left.min(chunk).to_be_bytes().to_vec();
            parameters.extend(offset.to_be_bytes());
            let answer = match self.run(&password_command(cc::NV_READ, &[auth, index], &parameters)) {
                Err(TpmError::Response(ResponseError::Code(_))) if auth == index => {
                    auth = RH_OWNER;
                    self.run(&password_command(cc::NV_READ, &[auth, index], &parameters))?
                }
                other => other?,
            };
            let mut reader = Reader::new(&answer);
            reader.long()?; // parameter size
            let part = reader.sized()?;
            if part.is_empty() {
                return Err(ResponseError::Malformed.into());
            }
            bytes.extend_from_slice(part);
        }
        Ok(bytes)
    }

    /// One command there, its body back.
    fn run(&mut self, command: &[u8]) -> Result<Vec<u8>, TpmError> {
        let answer = (self.transmit)(command).map_err(|error| TpmError::Device(error.to_string()))?;
        Ok(response(&answer)?.to_vec())
    }

    fn find(&mut self, part: Part, what: String) {
        self.findings.push(Finding { part, what });
    }
}

/// A property that holds four characters.
fn characters(value: u32) -> String {
    value.to_be_bytes().iter().filter(|byte| (0x20..0x7f).contains(*byte)).map(|byte| char::from(*byte)).collect()
}

/// The DER object at the front: vendors define the index larger than the certificate and pad it.
fn der_object(bytes: &[u8]) -> Option<&[u8]> {
    let [0x30, length, rest @ ..] = bytes else { return None };
    let (head, length) = match usize::from(*length) {
        short @ 0..=0x7f => (2, short),
        0x82 => (4, usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]))),
        0x81 => (3, usize::from(*rest.first()?)),
        _ => return None,
    };
    bytes.get(..head + length)
}

/// PolicySecret(TPM_RH_ENDORSEMENT), B.6.2 of the profile.
const EK_POLICY: [u8; 32] = [
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7,
    0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa,
];

/// What both default templates begin with: name algorithm SHA-256; fixedTPM, fixedParent,
/// sensitiveDataOrigin, adminWithPolicy, restricted, decrypt; policy; AES 128 CFB; no scheme.
fn template_head(kind: u16) -> Vec<u8> {
    let mut template = kind.to_be_bytes().to_vec();
    template.extend(0x000b_u16.to_be_bytes());
    template.extend(0x0003_00b2_u32.to_be_bytes());
    wire::put_sized(&mut template, &EK_POLICY);
    for word in [0x0006_u16, 128, 0x0043, 0x0010] {
        template.extend(word.to_be_bytes());
    }
    template
}

/// Template L-1, B.3.3.
fn template_rsa2048() -> Vec<u8> {
    let mut template = template_head(wire::ALG_RSA);
    template.extend(2048_u16.to_be_bytes());
    template.extend(0_u32.to_be_bytes()); // exponent 65537
    wire::put_sized(&mut template, &[0; 256]);
    template
}

/// The public area of an RSA 2048 endorsement key, for simulated machines and tests.
pub fn rsa_public(modulus: &[u8; 256]) -> Vec<u8> {
    // The template ends with the place for it.
    let mut public = template_rsa2048();
    public.truncate(public.len() - modulus.len());
    public.extend(modulus);
    public
}

/// Template L-2, B.3.4.
fn template_p256() -> Vec<u8> {
    let mut template = template_head(wire::ALG_ECC);
    for word in [0x0003_u16, 0x0010] {
        template.extend(word.to_be_bytes()); // NIST P-256, no KDF
    }
    wire::put_sized(&mut template, &[0; 32]);
    wire::put_sized(&mut template, &[0; 32]);
    template
}

#[cfg(test)]
mod tests;
