//! The TPM's wire form: big-endian fields, `TPM2B` = length and bytes (part 1, 18; part 2, 10.4).

const NO_SESSIONS: u16 = 0x8001;
const SESSIONS: u16 = 0x8002;
const HEAD: usize = 10;
/// TPM_RS_PW: an authorization that is just a password, here the empty one.
const PASSWORD: u32 = 0x4000_0009;

pub(super) const ALG_RSA: u16 = 0x0001;
pub(super) const ALG_ECC: u16 = 0x0023;
const ALG_NULL: u16 = 0x0010;
/// The one RSA scheme without a hash algorithm behind it.
const ALG_RSAES: u16 = 0x0015;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    #[error("the TPM answered {} bytes that are no answer", .0)]
    Short(usize),
    #[error("the TPM's answer does not have the form the command asks for")]
    Malformed,
    #[error("the TPM says {} ({:#05x})", words(*.0), .0)]
    Code(u32),
}

/// Response codes that tell a technician something (part 2, 6.6). Format-one codes carry the number
/// of the offending handle or parameter in other bits.
fn words(code: u32) -> &'static str {
    match code {
        0x100 => "that it was not initialised by the firmware",
        0x101 => "that it failed its self test",
        0x120 => "that the command is disabled",
        0x143 => "that it does not know the command",
        0x921 => "that it is locked after too many wrong passwords",
        0x922 | 0x90a => "that it is busy",
        _ if code & 0x80 != 0 => match code & 0x3f {
            0x02 => "that this kind of key is not supported",
            0x05 => "that the endorsement hierarchy is switched off",
            0x0b => "that there is no such object",
            0x0e | 0x22 => "that somebody has set a password",
            _ => "no",
        },
        _ => "no",
    }
}

/// A command that needs no authorization. Handles and leading numbers are the same on the wire.
pub(super) fn command(code: u32, words: &[u32], rest: &[u8]) -> Vec<u8> {
    frame(NO_SESSIONS, code, words, rest)
}

/// A command that authorizes its first handle with the empty password.
pub(super) fn password_command(code: u32, handles: &[u32], parameters: &[u8]) -> Vec<u8> {
    let mut rest = 9_u32.to_be_bytes().to_vec();
    rest.extend(PASSWORD.to_be_bytes());
    rest.extend([0, 0, 0, 0, 0]); // nonce, attributes, password
    rest.extend_from_slice(parameters);
    frame(SESSIONS, code, handles, &rest)
}

fn frame(tag: u16, code: u32, words: &[u32], rest: &[u8]) -> Vec<u8> {
    let length = HEAD + 4 * words.len() + rest.len();
    let mut bytes = tag.to_be_bytes().to_vec();
    // No command of ours comes near 4 GiB.
    bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(code.to_be_bytes());
    words.iter().for_each(|word| bytes.extend(word.to_be_bytes()));
    bytes.extend_from_slice(rest);
    bytes
}

/// The body of an answer that says success.
pub(super) fn response(answer: &[u8]) -> Result<&[u8], ResponseError> {
    let mut reader = Reader::new(answer);
    let (Ok(tag), Ok(length), Ok(code)) = (reader.short(), reader.long(), reader.long()) else {
        return Err(ResponseError::Short(answer.len()));
    };
    if code != 0 {
        return Err(ResponseError::Code(code));
    }
    let whole = usize::try_from(length) == Ok(answer.len());
    if !whole || !matches!(tag, NO_SESSIONS | SESSIONS) {
        return Err(ResponseError::Malformed);
    }
    Ok(reader.0)
}

pub(super) fn put_sized(bytes: &mut Vec<u8>, content: &[u8]) {
    // Templates and digests: far below 64 KiB.
    bytes.extend(u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes());
    bytes.extend_from_slice(content);
}

/// Takes fields from the front; what is missing is [`ResponseError::Malformed`].
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], ResponseError> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or(ResponseError::Malformed)?;
        self.0 = rest;
        Ok(*field)
    }

    pub(super) fn byte(&mut self) -> Result<u8, ResponseError> {
        Ok(u8::from_be_bytes(self.take()?))
    }

    pub(super) fn short(&mut self) -> Result<u16, ResponseError> {
        Ok(u16::from_be_bytes(self.take()?))
    }

    pub(super) fn long(&mut self) -> Result<u32, ResponseError> {
        Ok(u32::from_be_bytes(self.take()?))
    }

    /// A `TPM2B`.
    pub(super) fn sized(&mut self) -> Result<&'a [u8], ResponseError> {
        let length = usize::from(self.short()?);
        let (content, rest) = self.0.split_at_checked(length).ok_or(ResponseError::Malformed)?;
        self.0 = rest;
        Ok(content)
    }
}

/// The modulus, big-endian, of an RSA key's TPMT_PUBLIC; `None` for another kind of key or other bytes.
pub fn rsa_modulus(public: &[u8]) -> Option<&[u8]> {
    fn modulus<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, ResponseError> {
        if reader.short()? != ALG_RSA {
            return Ok(None);
        }
        reader.short()?; // name algorithm
        reader.long()?; // attributes
        reader.sized()?; // policy
        if reader.short()? != ALG_NULL {
            reader.long()?; // key bits and mode of the symmetric algorithm
        }
        if !matches!(reader.short()?, ALG_NULL | ALG_RSAES) {
            reader.short()?; // the scheme's hash
        }
        reader.short()?; // key bits
        reader.long()?; // exponent
        Ok(Some(reader.sized()?).filter(|modulus| !modulus.is_empty()))
    }
    modulus(&mut Reader::new(public)).ok().flatten()
}
