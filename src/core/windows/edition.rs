//! The XML inside a WIM file: which images it holds. UTF-16 in the file; text here.

use std::fmt;

use quick_xml::{Reader, events::Event};
use serde::{Deserialize, Serialize};

/// A multi-edition `install.wim` has about eleven.
const MOST_IMAGES: usize = 256;
const DEEPEST: usize = 16;
const MOST_EVENTS: usize = 200_000;
const LONGEST_VALUE: usize = 512;

/// `WINDOWS/ARCH`, the numbers of `PROCESSOR_ARCHITECTURE_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    X86,
    Arm,
    X64,
    Arm64,
}

impl Architecture {
    pub fn of(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::X86),
            5 => Some(Self::Arm),
            9 => Some(Self::X64),
            12 => Some(Self::Arm64),
            _ => None,
        }
    }

    /// What firmware of this kind starts from removable media (UEFI 2.10, 3.5.1.1).
    pub fn loader(self) -> &'static str {
        match self {
            Self::X86 => "BOOTIA32.EFI",
            Self::Arm => "BOOTARM.EFI",
            Self::X64 => "BOOTX64.EFI",
            Self::Arm64 => "BOOTAA64.EFI",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86 => "x86",
            Self::Arm => "arm",
            Self::X64 => "x64",
            Self::Arm64 => "arm64",
        })
    }
}

/// One image of a WIM.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// From 1, as wimlib and Windows count.
    pub index: u32,
    pub name: String,
    /// `Professional`, `WindowsPE`.
    pub edition: String,
    pub architecture: Option<Architecture>,
    /// `10.0.26100.1742`.
    pub version: String,
    pub languages: Vec<String>,
    /// What its files take when unpacked.
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditionsError {
    #[error("its list of images is not well-formed: {0}")]
    Xml(String),
    #[error("its list of images is longer than any")]
    TooMuch,
}

/// Reads the list; images in their order.
///
/// # Errors
/// It is no XML, or more than any WIM has.
pub fn read(text: &str) -> Result<Vec<Edition>, EditionsError> {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut path: Vec<String> = Vec::new();
    let mut value = String::new();
    let mut editions: Vec<Edition> = Vec::new();
    let mut version = [0u32; 4];
    for _ in 0..MOST_EVENTS {
        match reader.read_event().map_err(|error| EditionsError::Xml(error.to_string()))? {
            Event::Start(start) => {
                if path.len() >= DEEPEST {
                    return Err(EditionsError::TooMuch);
                }
                let name = String::from_utf8_lossy(start.name().as_ref().as_ref()).into_owned();
                if path.len() == 1 && name == "IMAGE" {
                    if editions.len() >= MOST_IMAGES {
                        return Err(EditionsError::TooMuch);
                    }
                    version = [0; 4];
                    let index = start.attributes().flatten().find(|a| a.key.as_ref() == "INDEX");
                    let index =
                        index.and_then(|index| String::from_utf8_lossy(index.value.as_ref().as_ref()).parse().ok());
                    let next = u32::try_from(editions.len()).unwrap_or(0) + 1;
                    editions.push(Edition { index: index.unwrap_or(next), ..Edition::default() });
                }
                path.push(name);
                value.clear();
            }
            Event::Text(part) => take(&mut value, &part.xml10_content()),
            Event::CData(part) => take(&mut value, &part.xml10_content()),
            Event::GeneralRef(reference) => {
                let known = reference.resolve_char_ref().ok().flatten().or(match &*reference.xml10_content() {
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "amp" => Some('&'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => None,
                });
                take(&mut value, known.map(String::from).as_deref().unwrap_or("?"));
            }
            Event::End(_) => {
                if let Some(edition) = editions.last_mut() {
                    let steps: Vec<&str> = path.iter().map(String::as_str).collect();
                    set(edition, &mut version, &steps, value.trim());
                }
                path.pop();
                value.clear();
            }
            Event::Eof if path.is_empty() => return Ok(editions),
            Event::Eof => return Err(EditionsError::Xml("it ends inside an element".to_owned())),
            _ => {}
        }
    }
    Err(EditionsError::TooMuch)
}

fn take(value: &mut String, part: &str) {
    let room = LONGEST_VALUE.saturating_sub(value.len());
    value.extend(part.chars().filter(|c| !c.is_control()).take(room));
}

fn set(edition: &mut Edition, version: &mut [u32; 4], path: &[&str], value: &str) {
    match path {
        ["WIM", "IMAGE", "NAME"] => value.clone_into(&mut edition.name),
        // Windows' own name for people, where there is one.
        ["WIM", "IMAGE", "DISPLAYNAME"] if edition.name.is_empty() => value.clone_into(&mut edition.name),
        ["WIM", "IMAGE", "TOTALBYTES"] => edition.bytes = value.parse().unwrap_or(0),
        ["WIM", "IMAGE", "WINDOWS", "ARCH"] => {
            edition.architecture = value.parse().ok().and_then(Architecture::of);
        }
        ["WIM", "IMAGE", "WINDOWS", "EDITIONID"] => value.clone_into(&mut edition.edition),
        ["WIM", "IMAGE", "WINDOWS", "LANGUAGES", "LANGUAGE"] if edition.languages.len() < 64 => {
            edition.languages.push(value.to_owned());
        }
        ["WIM", "IMAGE", "WINDOWS", "VERSION", part] => {
            let place = ["MAJOR", "MINOR", "BUILD", "SPBUILD"].iter().position(|known| known == part);
            if let Some(place) = place {
                version[place] = value.parse().unwrap_or(0);
                let [major, minor, build, revision] = version;
                edition.version = format!("{major}.{minor}.{build}.{revision}");
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// In the form of Windows 11's `boot.wim`; the values are made up.
    const BOOT: &str = "\u{feff}<WIM><TOTALBYTES>5</TOTALBYTES>\
        <IMAGE INDEX=\"1\"><TOTALBYTES>1900000000</TOTALBYTES><WINDOWS><ARCH>9</ARCH><EDITIONID>WindowsPE</EDITIONID>\
        <LANGUAGES><LANGUAGE>en-US</LANGUAGE><DEFAULT>en-US</DEFAULT></LANGUAGES>\
        <VERSION><MAJOR>10</MAJOR><MINOR>0</MINOR><BUILD>26100</BUILD><SPBUILD>1742</SPBUILD></VERSION>\
        </WINDOWS><NAME>Microsoft Windows PE (x64)</NAME></IMAGE>\
        <IMAGE INDEX=\"2\"><WINDOWS><ARCH>12</ARCH></WINDOWS><NAME>Setup &amp; more &#65;</NAME></IMAGE></WIM>";

    #[test]
    fn editions_are_read() {
        let editions = read(BOOT).unwrap();
        let first = Edition {
            index: 1,
            name: "Microsoft Windows PE (x64)".into(),
            edition: "WindowsPE".into(),
            architecture: Some(Architecture::X64),
            version: "10.0.26100.1742".into(),
            languages: vec!["en-US".into()],
            bytes: 1_900_000_000,
        };
        assert_eq!(editions[0], first);
        assert_eq!((editions[1].index, editions[1].name.as_str()), (2, "Setup & more A"));
        assert_eq!(editions[1].architecture, Some(Architecture::Arm64));
    }

    #[test]
    fn what_is_cut_off_or_too_deep_or_too_long_is_an_error() {
        assert!(matches!(read(&BOOT[..BOOT.len() - 6]), Err(EditionsError::Xml(_))));
        assert_eq!(read(&"<A>".repeat(17)), Err(EditionsError::TooMuch));
        let many = format!("<WIM>{}</WIM>", "<IMAGE INDEX='1'></IMAGE>".repeat(257));
        assert_eq!(read(&many), Err(EditionsError::TooMuch));
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(text in "(<WIM>|<IMAGE INDEX='1'>|</IMAGE>|</WIM>|<NAME>|</NAME>|[a-z&;<> ]){0,40}") {
            let _ = read(&text);
        }
    }
}
