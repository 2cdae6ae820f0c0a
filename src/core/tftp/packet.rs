//! The five kinds of packet (RFC 1350, 5) and the option acknowledgement (RFC 2347).

#[cfg(test)]
mod tests;

/// Longest name that is looked up, in bytes.
const NAME_MAX: usize = 255;
/// Longest error text that is kept, in characters: it is shown on a screen.
const TEXT_MAX: usize = 120;
/// RFC 2348.
const BLOCK_SIZES: std::ops::RangeInclusive<u64> = 8..=65_464;
/// What a client gets that names no block size.
pub const DEFAULT_BLOCK: u16 = 512;

const READ: u16 = 1;
const WRITE: u16 = 2;
const DATA: u16 = 3;
const ACK: u16 = 4;
const ERROR: u16 = 5;
const OACK: u16 = 6;

/// Why a datagram is no packet that a read server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Short,
    Opcode(u16),
    /// A request without the zero bytes that end its name and mode.
    Unterminated,
    NoName,
    /// Longer than 255 bytes.
    LongName,
    /// Control characters, or no UTF-8.
    OddName,
    /// Netascii or mail: every boot loader asks for octets.
    Mode,
    /// Somebody wants to store a file here.
    Write,
}

impl Refusal {
    /// The ERROR that a well-formed request deserves. Anything else gets silence: it may not be TFTP at all.
    pub fn answer(self) -> Option<(ErrorCode, &'static str)> {
        match self {
            Self::Short | Self::Opcode(_) | Self::Unterminated => None,
            Self::NoName | Self::LongName | Self::OddName => Some((ErrorCode::NotFound, "File not found")),
            Self::Mode => Some((ErrorCode::Other, "Only octet mode is served")),
            Self::Write => Some((ErrorCode::AccessViolation, "Read only")),
        }
    }
}

/// RFC 1350, appendix, and RFC 2347.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// 0: the text says what.
    Other,
    /// 1. shim maps this one, and only this one, to "there is no such file" and carries on.
    NotFound,
    AccessViolation,
    DiskFull,
    IllegalOperation,
    UnknownTransfer,
    FileExists,
    NoSuchUser,
    /// 8: a client refuses the options; EDK2's way to end a size probe.
    Options,
    Unassigned(u16),
}

impl ErrorCode {
    pub fn number(self) -> u16 {
        match self {
            Self::Other => 0,
            Self::NotFound => 1,
            Self::AccessViolation => 2,
            Self::DiskFull => 3,
            Self::IllegalOperation => 4,
            Self::UnknownTransfer => 5,
            Self::FileExists => 6,
            Self::NoSuchUser => 7,
            Self::Options => 8,
            Self::Unassigned(code) => code,
        }
    }

    fn from_number(code: u16) -> Self {
        match code {
            0 => Self::Other,
            1 => Self::NotFound,
            2 => Self::AccessViolation,
            3 => Self::DiskFull,
            4 => Self::IllegalOperation,
            5 => Self::UnknownTransfer,
            6 => Self::FileExists,
            7 => Self::NoSuchUser,
            8 => Self::Options,
            code => Self::Unassigned(code),
        }
    }
}

/// A name as the catalogue knows it: slashes only, none in front, none doubled. Never a path of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileName(String);

impl FileName {
    /// # Errors
    /// No name, more than 255 bytes, control characters, or no text.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > NAME_MAX {
            return Err(Refusal::LongName);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Refusal::OddName)?;
        if text.chars().any(char::is_control) {
            return Err(Refusal::OddName);
        }
        // Windows' and DOS' loaders write backslashes; shim joins a folder and "/grubx64.efi", so
        // slashes come in front and in pairs.
        let parts: Vec<&str> = text.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
        if parts.is_empty() {
            return Err(Refusal::NoName);
        }
        Ok(Self(parts.join("/")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The options we know, as asked for or as granted. Values that no RFC allows count as not asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Bytes in a block, 8 to 65464 (RFC 2348); larger wishes are cut to that.
    pub block: Option<u16>,
    /// Asked for with 0, answered with the size of the file (RFC 2349).
    pub size: Option<u64>,
    /// Seconds, 1 to 255 (RFC 2349).
    pub timeout: Option<u8>,
    /// Blocks sent for one acknowledgement, from 1 (RFC 7440).
    pub window: Option<u16>,
}

impl Options {
    fn parse(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        let mut fields = bytes.split(|byte| *byte == 0);
        while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
            found.take(name, value);
        }
        found
    }

    /// The first mention counts; unknown names and impossible values are passed over (RFC 2347).
    fn take(&mut self, name: &[u8], value: &[u8]) {
        let Some(value) = number(value) else { return };
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("blksize") && value >= *BLOCK_SIZES.start() {
            self.block = self.block.or(u16::try_from(value.min(*BLOCK_SIZES.end())).ok());
        } else if is("tsize") {
            self.size = self.size.or(Some(value));
        } else if is("timeout") && value > 0 {
            self.timeout = self.timeout.or(u8::try_from(value).ok());
        } else if is("windowsize") && value > 0 {
            self.window = self.window.or(Some(u16::try_from(value).unwrap_or(u16::MAX)));
        }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        let fields = [
            ("blksize", self.block.map(u64::from)),
            ("tsize", self.size),
            ("timeout", self.timeout.map(u64::from)),
            ("windowsize", self.window.map(u64::from)),
        ];
        for (name, value) in fields {
            let Some(value) = value else { continue };
            put_text(bytes, name);
            put_text(bytes, &value.to_string());
        }
    }
}

/// A read request in octet mode for a name that a catalogue can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRequest {
    pub name: FileName,
    pub options: Options,
}

impl ReadRequest {
    fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let (name, rest) = text(body).ok_or(Refusal::Unterminated)?;
        let (mode, options) = text(rest).ok_or(Refusal::Unterminated)?;
        if !mode.eq_ignore_ascii_case(b"octet") {
            return Err(Refusal::Mode);
        }
        Ok(Self { name: FileName::parse(name)?, options: Options::parse(options) })
    }
}

/// One datagram, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet<'a> {
    Read(ReadRequest),
    Data {
        block: u16,
        content: &'a [u8],
    },
    Ack(u16),
    /// The text is cut and freed of control characters: it is shown to people.
    Error {
        code: ErrorCode,
        text: String,
    },
    Granted(Options),
}

impl<'a> Packet<'a> {
    /// # Errors
    /// Why nothing here is to be done with the datagram.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, Refusal> {
        let (opcode, body) = datagram.split_first_chunk::<2>().ok_or(Refusal::Short)?;
        Ok(match u16::from_be_bytes(*opcode) {
            READ => Self::Read(ReadRequest::parse(body)?),
            WRITE => return Err(Refusal::Write),
            DATA => {
                let (block, content) = number16(body)?;
                Self::Data { block, content }
            }
            // Padding behind the four bytes is common: the shortest Ethernet frame is longer.
            ACK => Self::Ack(number16(body)?.0),
            ERROR => {
                let (code, rest) = number16(body)?;
                let said = rest.split(|byte| *byte == 0).next().unwrap_or_default();
                let said = String::from_utf8_lossy(said);
                let text = said.chars().filter(|c| !c.is_control()).take(TEXT_MAX).collect();
                Self::Error { code: ErrorCode::from_number(code), text }
            }
            OACK => Self::Granted(Options::parse(body)),
            other => return Err(Refusal::Opcode(other)),
        })
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        match self {
            Self::Read(request) => {
                bytes.extend(READ.to_be_bytes());
                put_text(&mut bytes, request.name.as_str());
                put_text(&mut bytes, "octet");
                request.options.write(&mut bytes);
            }
            Self::Data { block, content } => {
                bytes.extend(data_header(*block));
                bytes.extend_from_slice(content);
            }
            Self::Ack(block) => {
                bytes.extend(ACK.to_be_bytes());
                bytes.extend(block.to_be_bytes());
            }
            Self::Error { code, text } => {
                bytes.extend(ERROR.to_be_bytes());
                bytes.extend(code.number().to_be_bytes());
                put_text(&mut bytes, text);
            }
            Self::Granted(options) => {
                bytes.extend(OACK.to_be_bytes());
                options.write(&mut bytes);
            }
        }
        bytes
    }
}

/// What goes before a block's content.
pub fn data_header(block: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (DATA.to_be_bytes(), block.to_be_bytes());
    [a, b, c, d]
}

pub fn error(code: ErrorCode, text: &str) -> Vec<u8> {
    Packet::Error { code, text: text.to_owned() }.to_bytes()
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
}

/// Up to a zero byte, and what follows it.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    let (text, rest) = bytes.split_at(end);
    Some((text, rest.get(1..)?))
}

fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn number16(body: &[u8]) -> Result<(u16, &[u8]), Refusal> {
    let (number, rest) = body.split_first_chunk::<2>().ok_or(Refusal::Short)?;
    Ok((u16::from_be_bytes(*number), rest))
}
