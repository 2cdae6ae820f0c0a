//! What a person decides about a medium before it is made, besides where it goes.

use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Form, MbrBoot};
use crate::{certificates::Authority, media_card::MediaId, problem::Problem};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Recipe {
    #[serde(default)]
    pub kind: Kind,
    pub form: Form,
    /// A folder whose content goes on the boot volume too.
    pub add: Option<PathBuf>,
    /// The medium to make anew, instead of a new one.
    pub again: Option<MediaId>,
}

impl Recipe {
    /// # Errors
    /// What starts from it would not work in this form.
    pub fn check(&self) -> Result<(), Problem> {
        match (&self.kind, self.form) {
            (Kind::BenchBox, form) if form != Form::Gpt => Err(Problem::new(
                format!("A bench box is not made as {form}."),
                "It finds what it keeps by the name of a partition, which only a GPT has.",
                "Leave --form away; if this PC refuses the stick, take another PC.",
            )),
            (Kind::BenchBox, _) if self.add.is_some() => Err(Problem::new(
                "Nothing can be added to a bench box.",
                "What it runs is whole as scripts/box made it.",
                "Leave --add away; what the bench gives to laptops is copied to it when it runs.",
            )),
            (Kind::WindowsSetup(_), Form::Mbr(MbrBoot::Efi)) => Err(Problem::new(
                "The medium was not built.",
                "Windows Setup expects one EFI system partition, the laptop's, and fails when the stick brings a second.",
                "Choose another form: gpt, or mbr for boards that do not list it.",
            )),
            _ => Ok(()),
        }
    }
}

/// What starts from a medium.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Our agent, which captures who a laptop is.
    #[default]
    QuickScan,
    /// The customer's Windows PE, which captures by Microsoft's own tool.
    #[serde(rename = "winpe")]
    WinPe(Windows),
    /// The customer's Windows, to be installed.
    WindowsSetup(Windows),
    /// A bench of its own, which keeps its journal there.
    BenchBox,
}

impl Kind {
    pub fn windows(&self) -> Option<&Windows> {
        match self {
            Self::QuickScan | Self::BenchBox => None,
            Self::WinPe(windows) | Self::WindowsSetup(windows) => Some(windows),
        }
    }

    pub fn windows_mut(&mut self) -> Option<&mut Windows> {
        match self {
            Self::QuickScan | Self::BenchBox => None,
            Self::WinPe(windows) | Self::WindowsSetup(windows) => Some(windows),
        }
    }

    /// As a person reads it.
    pub fn words(&self) -> &'static str {
        match self {
            Self::QuickScan => "quick scan",
            Self::WinPe(_) => "Windows PE",
            Self::WindowsSetup(_) => "Windows Setup",
            Self::BenchBox => "bench box",
        }
    }
}

/// A customer's own Windows and what goes with it; none of it comes with us.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Windows {
    pub iso: PathBuf,
    /// `None`: what the batch says.
    pub loader: Option<Generation>,
    /// A folder with `oa3tool.exe`, and `PCPKsp.dll` where the ISO's own is not to be taken.
    pub tools: Option<PathBuf>,
    /// A folder of drivers that Windows PE loads.
    pub drivers: Option<PathBuf>,
}

/// By whom the boot manager on a medium is signed: the certificates that laptops trust change in 2026, and no loader
/// suits those that trust the old ones only and those that trust the new ones only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Generation {
    /// The one the ISO itself starts by.
    #[default]
    AsIs,
    /// Windows Production PCA 2011: every laptop, until its firmware revokes it.
    Ca2011,
    /// Windows UEFI CA 2023: laptops whose firmware was brought up to date.
    Ca2023,
}

impl Generation {
    pub const ALL: [Self; 3] = [Self::AsIs, Self::Ca2011, Self::Ca2023];

    /// As it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::AsIs => "as-is",
            Self::Ca2011 => "2011",
            Self::Ca2023 => "2023",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::AsIs => "the boot manager of the ISO",
            Self::Ca2011 => "the boot manager signed by Windows 2011",
            Self::Ca2023 => "the boot manager signed by Windows 2023",
        }
    }

    /// Who has to have signed it. `None`: whoever did.
    pub fn authority(self) -> Option<Authority> {
        match self {
            Self::AsIs => None,
            Self::Ca2011 => Some(Authority::Windows2011),
            Self::Ca2023 => Some(Authority::Windows2023),
        }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no generation of boot managers: it is one of as-is, 2011, 2023")]
pub struct UnknownGeneration(String);

impl FromStr for Generation {
    type Err = UnknownGeneration;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|known| known.word() == word).ok_or_else(|| UnknownGeneration(word.to_owned()))
    }
}

impl TryFrom<String> for Generation {
    type Error = UnknownGeneration;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        word.parse()
    }
}

impl From<Generation> for String {
    fn from(generation: Generation) -> Self {
        generation.word().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows() -> Windows {
        Windows { iso: "/iso/win.iso".into(), loader: Some(Generation::Ca2023), ..Windows::default() }
    }

    #[test]
    fn a_recipe_keeps_its_meaning_on_the_way_to_the_bench() {
        for kind in [Kind::QuickScan, Kind::WinPe(windows()), Kind::WindowsSetup(windows()), Kind::BenchBox] {
            let recipe = Recipe { kind, ..Recipe::default() };
            let text = serde_json::to_string(&recipe).unwrap();
            assert_eq!(serde_json::from_str::<Recipe>(&text).unwrap(), recipe);
        }
        // As it was before there were kinds.
        let old = r#"{"form":"gpt","add":null,"again":null}"#;
        assert_eq!(serde_json::from_str::<Recipe>(old).unwrap(), Recipe::default());
    }

    #[test]
    fn every_generation_has_a_word_of_its_own() {
        for generation in Generation::ALL {
            assert_eq!(generation.word().parse(), Ok(generation));
        }
        assert!("2012".parse::<Generation>().unwrap_err().to_string().contains("as-is, 2011, 2023"));
    }

    #[test]
    fn a_box_is_a_gpt_stick_with_nothing_of_ones_own() {
        let recipe = |form, add: Option<&str>| Recipe {
            kind: Kind::BenchBox,
            form,
            add: add.map(PathBuf::from),
            ..Recipe::default()
        };
        for form in Form::ALL {
            assert_eq!(recipe(form, None).check().is_ok(), form == Form::Gpt, "{form}");
        }
        assert!(recipe(Form::Gpt, Some("/srv/x")).check().unwrap_err().what.contains("Nothing can be added"));
    }

    #[test]
    fn setup_is_kept_from_the_form_it_fails_in() {
        let recipe = |kind, form| Recipe { kind, form, ..Recipe::default() };
        for form in Form::ALL {
            let refused = recipe(Kind::WindowsSetup(windows()), form).check().is_err();
            assert_eq!(refused, form == Form::Mbr(MbrBoot::Efi), "{form}");
            assert!(recipe(Kind::WinPe(windows()), form).check().is_ok());
        }
    }
}
