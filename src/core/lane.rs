//! The files by which identities leave the bench: what registration takes, byte for byte, and nothing that it would
//! refuse.
//!
//! Rules: Microsoft's pages on adding devices to Autopilot (Intune list), on registering for customers (Partner Center)
//! and on corporate identifiers; what is in none of them is taken from tools whose lists are known to be accepted
//! (`Get-WindowsAutopilotInfo`). Where Microsoft's pages give different limits, the smaller one counts here.

mod file;
mod row;
mod text;

use serde::{Deserialize, Serialize};

pub use file::File;
pub(crate) use row::row;
pub use row::{Line, Registered, Row};
pub use text::group_tag;

use crate::{clock::Moment, device::DeviceId, entry::Refusal, problem::Problem};

/// Where a file goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// Windows Autopilot devices in Intune: by hardware hash.
    #[default]
    Intune,
    /// Partner Center: by hash, by product key id, or by maker, model and serial number.
    Partner,
    /// Corporate identifiers of device preparation: maker, model and serial number. No Autopilot registration.
    Corporate,
    /// Device association of device preparation: what the laptop's own setup exported, signed by its TPM. One laptop in
    /// each upload.
    Association,
}

impl Lane {
    pub const ALL: [Self; 4] = [Self::Intune, Self::Partner, Self::Corporate, Self::Association];

    /// Whether it registers laptops for classic Autopilot, the only one that has the technician phase.
    pub fn is_autopilot(self) -> bool {
        matches!(self, Self::Intune | Self::Partner)
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Intune => "Intune",
            Self::Partner => "Partner Center",
            Self::Corporate => "corporate identifiers",
            Self::Association => "device association",
        }
    }

    /// In the names of files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Intune => "intune",
            Self::Partner => "partner",
            Self::Corporate => "corporate",
            Self::Association => "association",
        }
    }

    /// Lines that one file may have.
    pub fn most_rows(self) -> usize {
        match self {
            // Partner Center takes 1000 by one page and 500 by another.
            Self::Intune | Self::Partner => 500,
            Self::Corporate => 5000,
            Self::Association => 1,
        }
    }

    /// Bytes that one file may have. Nothing is published for the others.
    fn most_bytes(self) -> usize {
        match self {
            Self::Intune | Self::Partner | Self::Association => usize::MAX,
            Self::Corporate => 5_000_000,
        }
    }

    /// What to do with the files.
    pub fn next(self) -> &'static str {
        match self {
            Self::Intune => {
                "Upload them one after the other in the Intune admin center (Windows Autopilot devices, Import). Do not \
                 open them in a spreadsheet. Whoever uploads a hardware hash first owns the laptop: give them to nobody \
                 else, and delete them afterwards."
            }
            Self::Partner => {
                "Upload each in Partner Center under the customer's devices. The name of the batch there becomes the \
                 group tag. Do not open them in a spreadsheet, and delete them afterwards."
            }
            Self::Corporate => {
                "Upload them in the Intune admin center (corporate device identifiers: manufacturer, model and serial \
                 number), one after the other. They name laptops as the company's; they do not register them for Autopilot."
            }
            Self::Association => {
                "Upload each in the Intune admin center (device preparation, device association): one laptop at a time, \
                 unchanged. An associated laptop runs device preparation, also if it is registered for Autopilot."
            }
        }
    }
}

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    pub lane: Lane,
    /// The open one if none is named.
    #[serde(default)]
    pub batch: Option<String>,
    /// For every laptop of this export, whatever came with it.
    #[serde(default)]
    pub group_tag: Option<String>,
    /// Also what went out before.
    #[serde(default)]
    pub all: bool,
    /// A person knows what corporate identifiers do to the whole tenant, and wants them.
    #[serde(default)]
    pub tenant_wide: bool,
}

/// What goes out, decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    pub lane: Lane,
    pub batch: String,
    pub group_tag: Option<String>,
    /// In the order of the board.
    pub rows: Vec<Row>,
    pub left_out: Vec<LeftOut>,
    /// Files of this batch and lane that went out before.
    pub earlier: u64,
}

/// A laptop of the batch that is in no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub device: DeviceId,
    /// Its serial number, as far as it has one.
    pub serial: String,
    pub reason: Left,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// It stands in a file that was made before.
    Before {
        file: String,
    },
    Refused(Refusal),
}

impl LeftOut {
    /// `#7 PF000001: it is held (...)`.
    pub fn words(&self) -> String {
        let serial = if self.serial.is_empty() { String::new() } else { format!(" {}", self.serial) };
        match &self.reason {
            Left::Before { file } => format!("#{}{serial}: went out before, in {file}", self.device.0),
            Left::Refused(Refusal { why, next }) => format!("#{}{serial}: {why} {next}", self.device.0),
        }
    }
}

/// In which file a device went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    pub lane: Lane,
    pub file: String,
    pub at: Moment,
}

impl Chosen {
    /// Split, numbered and named. Nothing in them depends on when they are made.
    pub fn files(&self) -> Vec<File> {
        file::split(self)
    }

    /// Laptops that went out before, and those that cannot.
    pub fn left(&self) -> (usize, usize) {
        let before = self.left_out.iter().filter(|left| matches!(left.reason, Left::Before { .. })).count();
        (before, self.left_out.len() - before)
    }

    /// What to say when there is no line to write.
    ///
    /// # Errors
    /// There are laptops, and none of them can go out.
    pub fn nothing(&self) -> Result<String, Problem> {
        let (before, refused) = self.left();
        let first = self.left_out.iter().filter(|left| matches!(left.reason, Left::Refused(_))).take(5);
        let reasons: Vec<_> = first.map(LeftOut::words).collect();
        match (before, refused) {
            (0, 0) => Err(Problem::new(
                "Nothing was exported.",
                format!("There is no laptop in batch '{}'.", self.batch),
                "Capture some first; `whiteglove devices` lists what is there.",
            )),
            (before, 0) => Ok(format!(
                "Nothing new: {} of batch '{}' went out before. `--all` writes what went out again.",
                laptops(before),
                self.batch
            )),
            (before, refused) => {
                let more = if refused > 5 { format!("\n... and {} more.", refused - 5) } else { String::new() };
                let before = if before > 0 { format!(" {before} went out before.") } else { String::new() };
                Err(Problem::new(
                    format!("Nothing was exported: {} cannot go out.{before}", laptops(refused)),
                    format!("{}{more}", reasons.join("\n")),
                    "Settle what is named there, then export again.",
                ))
            }
        }
    }
}

/// `1 laptop`, `2 laptops`.
pub fn laptops(count: usize) -> String {
    format!("{count} laptop{}", if count == 1 { "" } else { "s" })
}

/// Why corporate identifiers are asked about.
pub fn tenant_wide() -> Problem {
    Problem::new(
        "Corporate identifiers change how the whole tenant enrols.",
        "As soon as a tenant has one for Windows, every other Windows device that enrols without Autopilot registration (device \
         preparation, the Settings app, a configuration file) counts as personal, and rules against personal devices hit it.",
        "Ask the customer's Intune administrator first. If they want it: whiteglove export corporate --tenant-wide",
    )
}

#[cfg(test)]
mod tests;
