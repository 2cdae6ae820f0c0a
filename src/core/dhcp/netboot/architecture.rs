//! What kind of machine asks, and in which protocol.

use serde::{Deserialize, Serialize};

use crate::dhcp::Options;

/// How a client fetches what it boots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Firmware that fetches one file by TFTP.
    Pxe,
    /// UEFI HTTP Boot: firmware that fetches a URL.
    Http,
    /// iPXE, ours or that of a network card: fetches a URL, and understands scripts.
    Ipxe,
}

/// Option 93 (RFC 4578 and IANA's registry of processor architectures), HTTP types folded into the CPU
/// they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    Bios,
    Ia32,
    X64,
    Arm32,
    Arm64,
    RiscV32,
    RiscV64,
    RiscV128,
    LoongArch32,
    LoongArch64,
    /// A number of the registry that no laptop has.
    Other(u16),
}

impl Architecture {
    /// Of options 93 and 60. A client that says nothing at all is taken for BIOS, the oldest.
    pub(super) fn of(options: &Options) -> Self {
        let (listed, _) = options.get(93).unwrap_or_default().as_chunks::<2>();
        let listed = listed.iter().map(|number| Self::from_number(u16::from_be_bytes(*number)));
        // `PXEClient:Arch:00007:UNDI:003016`: the same number again, for a client without option 93.
        let in_class = options.get(60).and_then(number_in_class).map(Self::from_number);
        let known = |architecture: &Self| !matches!(architecture, Self::Other(_));
        let mut all = listed.chain(in_class);
        let first = all.next();
        first.filter(known).or_else(|| all.find(known)).or(first).unwrap_or(Self::Bios)
    }

    fn from_number(number: u16) -> Self {
        match number {
            0 | 20 => Self::Bios,
            6 | 15 => Self::Ia32,
            // RFC 4578 and the registry swap 7 (byte code) and 9 (x64), and boards follow either; 8 is
            // Xscale on paper, which no laptop is. HTTP clients say 16, or 7 all the same.
            7 | 8 | 9 | 16 | 17 => Self::X64,
            10 | 18 => Self::Arm32,
            // HTTP clients of arm64 servers say 11 instead of 19.
            11 | 19 => Self::Arm64,
            25 | 26 => Self::RiscV32,
            27 | 28 => Self::RiscV64,
            29 | 30 => Self::RiscV128,
            37 | 38 => Self::LoongArch32,
            39 | 40 => Self::LoongArch64,
            other => Self::Other(other),
        }
    }

    /// Firmware of the UEFI kind.
    pub fn is_uefi(self) -> bool {
        self != Self::Bios
    }
}

impl std::fmt::Display for Architecture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bios => "BIOS",
            Self::Ia32 => "ia32",
            Self::X64 => "x64",
            Self::Arm32 => "arm32",
            Self::Arm64 => "arm64",
            Self::RiscV32 => "riscv32",
            Self::RiscV64 => "riscv64",
            Self::RiscV128 => "riscv128",
            Self::LoongArch32 => "loongarch32",
            Self::LoongArch64 => "loongarch64",
            Self::Other(number) => return write!(f, "architecture {number}"),
        })
    }
}

fn number_in_class(class: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(class).ok()?;
    text.split_once(":Arch:")?.1.split(':').next()?.parse().ok()
}
