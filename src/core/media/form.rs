//! The forms that one and the same content takes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a medium is to whatever boots from it. What is on it does not depend on this.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Form {
    /// A stick with a GUID partition table: the one to take unless a board refuses it.
    #[default]
    Gpt,
    /// An ISO 9660 image that UEFI and BIOS boot: virtual media of servers and management engines, virtual machines.
    /// Read-only, so nothing comes back on it.
    Iso,
    /// A stick with a table of the older kind, for boards that refuse the newer on removable media.
    Mbr(MbrBoot),
}

/// As what an MBR lists the boot volume. Field reports go both ways: most builders ship 0x0C active, an MSI
/// B550-A PRO lists a stick only as 0xEF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MbrBoot {
    /// FAT32 (0x0C), active.
    Active0c,
    /// EFI system partition (0xEF). Not for sticks with Windows Setup, which expects to find one such partition and
    /// fails at two.
    Efi,
}

impl Form {
    pub const ALL: [Self; 4] = [Self::Gpt, Self::Mbr(MbrBoot::Active0c), Self::Mbr(MbrBoot::Efi), Self::Iso];

    /// As it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gpt => "gpt",
            Self::Mbr(MbrBoot::Active0c) => "mbr",
            Self::Mbr(MbrBoot::Efi) => "mbr-efi",
            Self::Iso => "iso",
        }
    }
}

impl Form {
    /// Whether it is for sticks: has a partition table, and a data volume on which captures come back.
    pub fn is_stick(self) -> bool {
        self != Self::Iso
    }

    pub fn is_disc(self) -> bool {
        !self.is_stick()
    }

    /// What a person does with one that was built.
    pub fn next(self) -> &'static str {
        match self {
            Self::Gpt | Self::Mbr(_) => "Write it to a stick: w on the board, or whiteglove media write.",
            Self::Iso => {
                "Give it to a remote console (iDRAC, iLO, AMT, KVM over IP) or to a virtual machine as its CD, and boot \
                 from that once. Nothing can be saved on it, so the machine needs the bench's network."
            }
        }
    }

    /// Of an image's name.
    pub fn extension(self) -> &'static str {
        if self.is_stick() { "img" } else { "iso" }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no form of a medium")]
pub struct UnknownForm(String);

impl FromStr for Form {
    type Err = UnknownForm;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|form| form.word() == word).ok_or_else(|| UnknownForm(word.to_owned()))
    }
}

impl TryFrom<String> for Form {
    type Error = UnknownForm;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        word.parse()
    }
}

impl From<Form> for String {
    fn from(form: Form) -> Self {
        form.word().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_has_a_word_of_its_own() {
        for form in Form::ALL {
            assert_eq!(form.word().parse(), Ok(form));
            assert_eq!(serde_json::from_value::<Form>(serde_json::to_value(form).unwrap()).unwrap(), form);
        }
        assert!("GPT".parse::<Form>().is_err());
        assert!(serde_json::from_str::<Form>("\"floppy\"").is_err());
    }
}
