//! Will a laptop start this medium? What its firmware, and then shim or Windows' boot manager, will ask of the
//! programs on it, asked before anybody carries the stick to five hundred laptops.
//!
//! Firmware starts a program if nothing on it is on the list of what is dangerous (`dbx`), and one of its
//! signatures leads to somebody on the list of who is trusted (`db`). EDK2, which most firmware is made of, refuses a
//! program for *any* signature that leads to a revoked authority, also beside one that is good: with the third
//! parties' authority of 2011 in `dbx`, OVMF denied access to Debian's shim, which both generations signed. Shim then
//! holds the floor of generations (`SbatLevel`) against itself and against what it loads; Windows' boot manager holds
//! the floor of security versions, which Microsoft keeps in `dbx`, against itself.
//!
//! A certificate that a list names by its digest only could be anybody's, so nothing is said where one might decide.
//! What cannot be seen from a running system is left out: `SkuSiPolicy`, whose variables only boot services show.

mod fleet;
mod judge;
mod medium;
mod words;

pub use fleet::{Fleet, ModelReport, Report, Seen, fold};
pub use judge::judge;
pub use medium::{Medium, Program};
pub use words::{THIRD_PARTY_SETTING, trusted};

use serde::{Deserialize, Serialize};

use crate::certificates::{Authority, Svn};

/// What is known of one laptop and one medium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Accepts,
    /// At least one, the weightiest first.
    Refuses(Vec<Reason>),
    Unknown(Doubt),
}

impl Verdict {
    /// What stands against the medium, now or once Secure Boot is on.
    pub fn against(&self) -> &[Reason] {
        match self {
            Self::Refuses(reasons) | Self::Unknown(Doubt::Off { then: reasons }) => reasons,
            Self::Accepts | Self::Unknown(_) => &[],
        }
    }
}

/// Why a laptop will not start a medium.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The loader is a third party's, and the firmware trusts nobody but Windows.
    ThirdPartyOff,
    /// Signed by the authorities of 2023 only, and those of 2011 are all that the firmware knows.
    OnlyOlder { signed: Vec<Authority> },
    /// Signed by those of 2011 only, and the firmware knows those of 2023 only.
    OnlyNewer { signed: Vec<Authority> },
    /// The firmware does not know whoever signed it.
    NotTrusted { signed: Vec<Authority> },
    /// A signature leads to an authority on the list of what is dangerous.
    Revoked { authority: Authority, path: String },
    /// This very program is on that list.
    Dangerous { path: String },
    /// Nobody signed it.
    Unsigned,
    /// It is signed, and was changed since.
    Changed,
    /// Its generation of a component lies under the floor that shim holds.
    TooOld { path: String, component: String, has: u32, floor: u32 },
    /// The boot manager's security version lies under the firmware's floor.
    UnderFloor { has: Svn, floor: Svn },
}

/// Why nothing can be said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// Known from a list, a label or its first packet only.
    NotCaptured,
    /// The agent that captured it did not read the certificates yet.
    OlderAgent,
    /// Booted in BIOS mode, where Secure Boot has no say.
    Bios,
    /// It takes any keys from anybody, so what it has today says nothing of tomorrow.
    SetupMode,
    /// It starts anything today; what it would say against the medium with Secure Boot on.
    Off { then: Vec<Reason> },
    /// A list names certificates by digests, and one of them might be the one that decides.
    NamedByDigest,
    /// A variable that decides could not be read, or not be understood.
    Unread { variable: String },
    /// A boot manager from before there were security versions, and firmware that has a floor for them.
    NoVersion { floor: Svn },
}
