//! What the bits of an error number of Windows tell by themselves (MS-ERREF 2.1).

use std::fmt;

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Hresult(pub u32);

impl Hresult {
    /// Which part of Windows it comes from.
    pub fn facility(self) -> u16 {
        ((self.0 >> 16) & 0x7ff) as u16
    }

    /// That part's own number of the error.
    pub fn number(self) -> u16 {
        (self.0 & 0xffff) as u16
    }

    /// The status, if it only wraps an HTTP answer.
    pub fn http(self) -> Option<u16> {
        (self.facility() == 25 && (400..600).contains(&self.number())).then_some(self.number())
    }

    /// One or two sentences.
    pub fn words(self) -> String {
        let part = match self.facility() {
            7 => "Windows itself",
            9 => "sign-in and encryption",
            11 => "certificates",
            12 => "the internet functions",
            15 => "device setup",
            24 => "enrolment in management",
            25 => "an HTTP answer",
            28 => "joining the tenant",
            36 => "Windows Update",
            40 => "the TPM",
            41 => "the TPM's software",
            49 => "BitLocker",
            0x103 => "Autopilot's client",
            0x7d1 => "Intune's app installation",
            _ => "a part that is not listed here",
        };
        let number = match (self.facility(), system_error(self.number())) {
            (7, Some(words)) => format!("{} ({words})", self.number()),
            _ => self.number().to_string(),
        };
        format!("an error of {part} (facility {}), its number {number}.", self.facility())
    }
}

impl fmt::Display for Hresult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08X}", self.0)
    }
}

/// System errors that turn up in setup.
fn system_error(number: u16) -> Option<&'static str> {
    Some(match number {
        2 => "file not found",
        3 => "path not found",
        5 => "access denied",
        13 => "invalid data",
        14 => "out of memory",
        32 => "a file is in use",
        50 => "not supported",
        87 => "a wrong parameter",
        112 => "the disk is full",
        1168 => "element not found",
        1460 => "time ran out",
        1603 => "an installer failed",
        1618 => "another installer is at work",
        1722 => "the other computer is not available",
        1908 => "no domain controller found",
        _ => return None,
    })
}
