//! Looks through what is to go on a stick, before it does: every hazard is a named check with what was seen and
//! what to do. Files are a customer's own as often as ours, so nothing is taken for granted about them.
//!
//! Where the checks come from: field failures that people reported against the tools which write such sticks, and
//! Microsoft's pages on each format (facts/media.md, section 6).

mod profile;
mod secrets;
mod tree;
mod unattend;
mod xml;

use serde::Serialize;

use crate::{clock::Moment, problem::Problem};

pub use tree::wim_xml_place;

/// A file that is to be looked at, with as much of it as [`wants`] asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// From the root of the volume, with `/`.
    pub path: String,
    pub size: u64,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Only name and size count, or it could not be had.
    Unread,
    Whole(Vec<u8>),
    /// What a WIM says of itself, see [`wim_xml_place`].
    WimXml(Vec<u8>),
}

/// What of a file is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    Nothing,
    Whole,
    /// [`wim_xml_place`] of its first [`WIM_HEADER`] bytes.
    WimXml,
}

/// Text files of people are shorter, and this many at once fit anywhere.
const LONGEST_TEXT: u64 = 1 << 20;
/// Microsoft's boot managers have 2 to 3 MB.
const LONGEST_LOADER: u64 = 16 << 20;
pub const WIM_HEADER: u64 = 208;

pub fn wants(path: &str, size: u64) -> Want {
    let lower = path.to_ascii_lowercase();
    let extension = lower.rsplit(['.', '/']).next().unwrap_or_default();
    match extension {
        "xml" | "json" | "ps1" | "psm1" | "cmd" | "bat" | "vbs" | "txt" | "ini" | "cfg" | "toml" | "yaml" | "yml"
        | "inf" | "reg" | "pem" | "key"
            if size <= LONGEST_TEXT =>
        {
            Want::Whole
        }
        "efi" if size <= LONGEST_LOADER => Want::Whole,
        "wim" if size > WIM_HEADER => Want::WimXml,
        _ => Want::Nothing,
    }
}

/// How bad it is. Errors keep a stick from being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Error,
    Warning,
    Note,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident $word:literal $severity:ident;)*) => {
        /// A hazard that is looked for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Check {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Check {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Stays the same over versions: scripts compare it.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

checks! {
    /// At the first setup screen a single package is applied without asking.
    PpkgInRoot "ppkg-in-root" Error;
    /// The one with the lower drive letter, or the one hidden deeper, wins.
    TwoAnswerFiles "two-answer-files" Error;
    /// Where the laptop's disk is not seen, the stick is disk 0.
    WipeWithoutGuard "wipe-without-guard" Error;
    /// Windows ignores it without a word.
    ProfileNotAscii "autopilot-json-not-ascii" Error;
    SecretInClear "secret-in-clear" Error;
    TokenExpired "token-expired" Error;
    /// A boot manager of 2023 with files of 2011, or the other way round.
    LoaderMismatch "loader-boot-wim-mismatch" Error;
    OverFourGib "over-4-gib" Error;
    /// The boot manager of Windows 11 24H2 stops without it.
    BootStlMissing "boot-stl-missing" Error;
    /// Setup ends with a message that names neither line nor value.
    NotWellFormed "answer-file-damaged" Error;
    AnswerFileName "answer-file-name" Warning;
    /// Such a component is passed over in silence.
    Architecture "component-architecture" Error;
    ComputerName "computer-name" Error;
    ProductKey "product-key" Error;
    LicenceInClear "licence-in-clear" Warning;
    /// Autopilot begins at the sign-in page that these take away.
    SkipsAutopilot "skips-autopilot" Error;
    LanguagePreset "language-preset" Warning;
    ProfileName "autopilot-json-name" Warning;
    ProfileShape "autopilot-json-shape" Error;
    SelfDeploying "autopilot-json-self-deploying" Error;
    TwoProfiles "two-autopilot-profiles" Warning;
    NoPreProvisioning "no-pre-provisioning" Note;
}

/// What a check saw, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    pub severity: Severity,
    pub file: String,
    pub check: Check,
    /// What was seen, where. Never a secret itself.
    pub evidence: String,
    pub remedy: String,
}

impl Finding {
    fn new(check: Check, file: &str, evidence: impl Into<String>, remedy: impl Into<String>) -> Self {
        let evidence = evidence.into();
        // Names out of foreign files end up on terminals.
        let evidence = evidence.chars().map(|c| if c.is_control() { ' ' } else { c }).take(400).collect();
        let file = file.chars().map(|c| if c.is_control() { '?' } else { c }).take(200).collect();
        Self { severity: check.severity(), file, check, evidence, remedy: remedy.into() }
    }

    /// For the person whose stick is made all the same.
    pub fn warning(&self) -> Problem {
        Problem::new(
            format!("{} may go wrong: {}.", self.file, self.check.word()),
            self.evidence.clone(),
            self.remedy.clone(),
        )
    }

    /// For the person whose stick was not made because of it.
    pub fn problem(&self, others: usize) -> Problem {
        let more = match others {
            0 => String::new(),
            1 => " One more is in the way.".to_owned(),
            n => format!(" {n} more are in the way."),
        };
        Problem::new(
            format!("{} cannot go on a stick: {}.", self.file, self.check.word()),
            format!("{}.{more}", self.evidence.trim_end_matches('.')),
            format!("{} `whiteglove answer lint` lists everything.", self.remedy),
        )
    }
}

/// Looks at all files of a volume, or at one alone. Worst first, in the order of their names.
pub fn check(files: &[File], now: Moment) -> Vec<Finding> {
    let mut findings = tree::check(files);
    for file in files {
        if let Content::Whole(bytes) = &file.content
            && wants(&file.path, file.size) == Want::Whole
            && !file.path.to_ascii_lowercase().ends_with(".efi")
        {
            one(file, bytes, now, &mut findings);
        }
    }
    findings.sort();
    findings.dedup();
    findings
}

fn one(file: &File, bytes: &[u8], now: Moment, findings: &mut Vec<Finding>) {
    let text = xml::decode(bytes);
    if let Some(text) = &text {
        secrets::check(&file.path, text, now, findings);
    }
    let lower = file.path.to_ascii_lowercase();
    if lower.ends_with(".json") {
        profile::check(&file.path, bytes, text.as_deref(), findings);
    } else if lower.ends_with(".xml") {
        unattend::check(&file.path, text.as_deref(), findings);
    }
}

/// The last part of a path, in lower case.
fn name_of(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}
