//! Consent given once, for sticks that are yet to come.
//!
//! A person at a hub with fifty sticks cannot type fifty names. What they type instead is what is to be
//! erased: sticks of these sizes. Disks that were there before are not meant by it.

use serde::{Deserialize, Serialize};

use super::{Disk, ErasePermit, Policy, Refusal, clean};
use crate::{
    problem::Problem,
    sticks::{gigabytes, size::Window},
};

/// For which sticks the bench is to be armed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub sizes: Window,
    /// Empty: every port.
    pub ports: Vec<String>,
    /// At most this many sticks are erased.
    pub most: usize,
    /// The image's length.
    pub image: u64,
    /// Disks that were plugged in before; they are left alone.
    pub before: Vec<Disk>,
}

impl Terms {
    /// What a person types to consent.
    pub fn words(&self) -> String {
        format!("erase {}", self.sizes)
    }
}

/// Why a stick that was plugged in is not erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Declined {
    #[error(transparent)]
    Refused(Refusal),
    #[error("it was plugged in before the bench was armed")]
    WasThere,
    #[error("it has {}, and the bench is armed for {sizes}", gigabytes(*.has))]
    Size { has: u64, sizes: Window },
    #[error("the bench is not armed for port {port}")]
    Port { port: String },
    #[error("all {most} sticks that the bench was armed for have been begun")]
    Enough { most: usize },
}

impl Declined {
    pub fn problem(&self, disk: &Disk) -> Problem {
        let next = match self {
            Self::Refused(refusal) => return refusal.problem(disk),
            Self::WasThere => "If it is one to write, pull it out and plug it in again.",
            Self::Size { .. } => "Take a stick of another size, or arm the bench for this one.",
            Self::Port { .. } => "Use a port the bench was armed for.",
            Self::Enough { .. } => "Arm the bench again for more.",
        };
        Problem::new(format!("{} will not be erased", disk.name()), self.to_string(), next)
    }
}

/// Proof that a person consented to [`Terms`]. It makes permits for sticks that are within them.
#[derive(Debug)]
pub struct Armed {
    terms: Terms,
    policy: Policy,
    given: usize,
}

impl Armed {
    /// # Errors
    /// Something else was typed than [`Terms::words`].
    pub fn confirm(terms: Terms, typed: &str, policy: Policy) -> Result<Self, Refusal> {
        let words = terms.words();
        if clean(typed).to_lowercase() != words.to_lowercase() {
            return Err(Refusal::WrongName { name: words, typed: clean(typed) });
        }
        Ok(Self { terms, policy, given: 0 })
    }

    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Consent for one stick that was plugged in after the arming, at a port. One consent, one erase; every
    /// rule for a stick named by hand holds for it too.
    ///
    /// # Errors
    /// Why it is left alone.
    pub fn permit(&mut self, disk: Disk, port: &str) -> Result<ErasePermit, Declined> {
        let terms = &self.terms;
        if let Some(refusal) = disk.refusal(self.policy) {
            return Err(Declined::Refused(refusal));
        }
        // Without the kernel's count (before Linux 5.15) a name that was taken before is not trusted to be new.
        if terms.before.iter().any(|was| was.path == disk.path && was.diskseq == disk.diskseq) {
            return Err(Declined::WasThere);
        }
        if !terms.sizes.contains(disk.size_bytes) {
            return Err(Declined::Size { has: disk.size_bytes, sizes: terms.sizes });
        }
        if disk.size_bytes < terms.image {
            return Err(Declined::Refused(Refusal::TooSmall { missing: terms.image - disk.size_bytes }));
        }
        if !terms.ports.is_empty() && !terms.ports.iter().any(|armed| armed == port) {
            return Err(Declined::Port { port: port.to_owned() });
        }
        if self.given >= terms.most {
            return Err(Declined::Enough { most: terms.most });
        }
        self.given += 1;
        Ok(ErasePermit { disk, policy: self.policy })
    }

    /// As many sticks were permitted as the terms allow.
    pub fn is_spent(&self) -> bool {
        self.given >= self.terms.most
    }

    /// A stick that was permitted and left untouched after all does not count.
    pub fn give_back(&mut self) {
        self.given = self.given.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{Bus, tests::stick};

    fn terms() -> Terms {
        Terms { sizes: "14G..70G".parse().unwrap(), ports: vec![], most: 2, image: 1 << 30, before: vec![] }
    }

    fn armed(terms: Terms) -> Armed {
        Armed::confirm(terms, "Erase 14G..70G", Policy::default()).unwrap()
    }

    #[test]
    fn only_the_typed_words_arm() {
        for typed in ["", "y", "yes", "erase", "erase 14G..71G", "14G..70G"] {
            assert!(matches!(Armed::confirm(terms(), typed, Policy::default()), Err(Refusal::WrongName { .. })));
        }
        assert!(Armed::confirm(terms(), "  ERASE  14g..70g\n", Policy::default()).is_ok());
    }

    #[test]
    fn what_was_there_before_is_not_meant() {
        let mut bench = armed(Terms { before: vec![stick()], ..terms() });
        assert_eq!(bench.permit(stick(), "2-1").unwrap_err(), Declined::WasThere);
        let again = Disk { diskseq: Some(99), ..stick() };
        assert!(bench.permit(again, "2-1").is_ok());
        let old = Disk { diskseq: None, ..stick() };
        let mut bench = armed(Terms { before: vec![old.clone()], ..terms() });
        assert_eq!(bench.permit(old, "2-1").unwrap_err(), Declined::WasThere);
    }

    #[test]
    fn nothing_outside_the_terms_is_erased() {
        let mut bench = armed(Terms { ports: vec!["2-1.1".into()], ..terms() });
        let table = [
            (Disk { size_bytes: 13_999_999_999, ..stick() }, "2-1.1", "armed for 14G..70G"),
            (Disk { size_bytes: 1 << 40, ..stick() }, "2-1.1", "armed for 14G..70G"),
            (stick(), "2-1.2", "port 2-1.2"),
            (stick(), "", "port"),
        ];
        for (disk, port, why) in table {
            let declined = bench.permit(disk.clone(), port).unwrap_err();
            assert!(declined.problem(&disk).why.contains(why), "{declined}");
        }
        assert!(bench.permit(stick(), "2-1.1").is_ok());
        let large = Terms { image: 20_000_000_000, ..terms() };
        assert!(matches!(armed(large).permit(stick(), ""), Err(Declined::Refused(Refusal::TooSmall { .. }))));
    }

    #[test]
    fn every_refusal_of_a_disk_named_by_hand_holds() {
        let table = [
            Disk { is_system: true, ..stick() },
            Disk { mounted: vec!["/".into()], ..stick() },
            Disk { holders: vec!["dm-0".into()], ..stick() },
            Disk { bus: Bus::Nvme, ..stick() },
            Disk { bus: Bus::Loop, ..stick() },
            Disk { removable: false, ..stick() },
            Disk { read_only: true, ..stick() },
            Disk { sector_size: 4096, ..stick() },
        ];
        for disk in table {
            assert!(matches!(armed(terms()).permit(disk, "2-1"), Err(Declined::Refused(_))));
        }
    }

    #[test]
    fn no_more_than_the_terms_say() {
        let mut bench = armed(terms());
        let next = |count| Disk { diskseq: Some(count), ..stick() };
        assert!(bench.permit(next(20), "a").is_ok() && bench.permit(next(21), "b").is_ok());
        assert_eq!(bench.permit(next(22), "c").unwrap_err(), Declined::Enough { most: 2 });
        bench.give_back();
        assert!(bench.permit(next(22), "c").is_ok());
    }
}
