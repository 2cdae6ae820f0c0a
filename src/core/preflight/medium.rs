//! The programs that a medium starts by.

use serde::{Deserialize, Serialize};

use crate::certificates::authenticode::Signers;

/// A program that somebody is asked to start, and what it says of its origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// On its volume, with `/`.
    pub path: String,
    #[serde(flatten)]
    pub signers: Signers,
}

/// The way from the firmware on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Medium {
    /// What firmware is asked to start.
    pub first: Program,
    /// What shim loads then; nothing for another loader, whose programs ask firmware again or nobody.
    pub then: Vec<Program>,
}

/// What firmware starts from a medium that it knows nothing of (UEFI 2.10, 3.5.1.1), and what it is told to load
/// over the network.
const FIRST: [&str; 2] = ["efi/boot/bootx64.efi", "shimx64.efi"];
/// What shim loads, from its own folder.
const SECOND: &str = "grubx64.efi";
/// The component by which shim is known in its own list.
const SHIM: &str = "shim";

impl Program {
    /// Whether it is worth reading for a pre-flight.
    pub fn counts(path: &str) -> bool {
        let path = folded(path);
        FIRST.contains(&path.as_str()) || path.rsplit('/').next() == Some(SECOND)
    }

    pub fn is_shim(&self) -> bool {
        self.signers.sbat.iter().any(|component| component.name == SHIM)
    }
}

impl Medium {
    /// Of all programs on it. `None`: it has nothing that firmware starts by itself.
    pub fn of(programs: &[Program]) -> Option<Self> {
        let find = |wanted: &str| programs.iter().find(|program| folded(&program.path) == wanted);
        let first = FIRST.iter().find_map(|wanted| find(wanted))?.clone();
        let path = folded(&first.path);
        let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let second = find(&format!("{folder}{SECOND}")).filter(|_| first.is_shim());
        Some(Self { then: second.into_iter().cloned().collect(), first })
    }

    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        std::iter::once(&self.first).chain(&self.then)
    }
}

/// As FAT compares paths.
fn folded(path: &str) -> String {
    path.trim_matches('/').to_ascii_lowercase()
}
