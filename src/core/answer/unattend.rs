//! autounattend.xml: languages and keyboard, the disk, the product key, the name. Nothing that takes the first
//! sign-in away, as Autopilot begins there.
//!
//! Format: Microsoft's unattended setup reference, passes windowsPE, specialize and oobeSystem.
//!
//! A disk is erased only where the settings say so in as many words, and behind a guard: see [`Disk`].

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};
use serde::{Deserialize, Serialize};

use super::{cannot, check_words, name};
use crate::{media::BOOT_LABEL, problem::Problem};

pub const FILE_NAME: &str = "autounattend.xml";
const WHAT: &str = "autounattend.xml";
const NAMESPACE: &str = "urn:schemas-microsoft-com:unattend";
const WCM: &str = "http://schemas.microsoft.com/WMIConfig/2002/State";

/// What a person chooses. What is left out, setup asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unattend {
    #[serde(default)]
    pub architecture: Architecture,
    /// Of setup itself, before Windows is there.
    #[serde(default)]
    pub setup: Option<Language>,
    /// Of Windows: takes the language pages away, and with them a place where the Windows key works.
    #[serde(default)]
    pub windows: Option<Language>,
    /// `W. Europe Standard Time`, as `tzutil /l` lists them.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// `*` or none: Windows makes one up. Macros belong into the Autopilot profile.
    #[serde(default)]
    pub computer_name: Option<String>,
    /// 25 characters in five groups.
    #[serde(default)]
    pub product_key: Option<String>,
    /// The image's name on the medium: `Windows 11 Pro`.
    #[serde(default)]
    pub image: Option<String>,
    #[serde(default)]
    pub disk: Option<Disk>,
    /// Setup goes on without showing the licence, which the customer accepts by writing this.
    #[serde(default)]
    pub accept_licence: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    #[default]
    Amd64,
    Arm64,
}

impl Architecture {
    fn word(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    /// `de-DE`.
    pub language: String,
    /// `de-DE`, or `0407:00000407`. None: the language's own.
    #[serde(default)]
    pub keyboard: Option<String>,
    /// Dates and numbers. None: the language's own.
    #[serde(default)]
    pub region: Option<String>,
}

/// Erasing is one choice with one way to write it.
///
/// The guard: setup numbers disks as it finds them, and where it lacks the driver for the laptop's own (Intel VMD)
/// the stick is disk 0. So the first thing it is told is to give partition 1 of disk 1 the name that the stick has
/// already. A stick as disk 1 loses nothing by that; without a disk 1, setup stops and shows its window before it
/// erases anything. A second disk inside the laptop has its first partition's name changed, no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    pub erase: Erase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Erase {
    #[serde(rename = "everything-on-disk-0")]
    EverythingOnDisk0,
}

/// `de-DE`, `sr-Latn-RS`.
pub(super) fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().is_some_and(|part| matches!(part.len(), 2 | 3) && letters(part));
    let rest: Vec<&str> = parts.collect();
    language && matches!(rest.len(), 1 | 2) && rest.iter().all(|part| matches!(part.len(), 2..=4) && alphanumeric(part))
}

fn letters(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `0407:00000407`, one or several with semicolons.
fn is_keyboard(text: &str) -> bool {
    let hex = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let one = |text: &str| text.split_once(':').is_some_and(|(language, layout)| hex(language, 4) && hex(layout, 8));
    text.split(';').all(|part| one(part) || is_locale(part))
}

/// Five groups of five out of the 24 characters of Windows' keys, and N.
pub(super) fn is_product_key(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let sound =
        |group: &&str| group.len() == 5 && group.bytes().all(|byte| b"BCDFGHJKMNPQRTVWXY2346789".contains(&byte));
    groups.len() == 5 && groups.iter().all(sound)
}

impl Unattend {
    fn check(&self) -> Result<(), Problem> {
        for (field, language) in [("setup", &self.setup), ("windows", &self.windows)] {
            let Some(language) = language else { continue };
            let locales = [Some(&language.language), language.region.as_ref()];
            if let Some(bad) = locales.into_iter().flatten().find(|text| !is_locale(text)) {
                return Err(cannot(
                    WHAT,
                    format!("{field}: {bad:?} is no language of Windows"),
                    "Write it like de-DE.",
                ));
            }
            if let Some(bad) = language.keyboard.as_ref().filter(|text| !is_keyboard(text)) {
                let next = "Write it like de-DE or 0407:00000407.";
                return Err(cannot(WHAT, format!("{field}: {bad:?} is no keyboard layout"), next));
            }
        }
        if let Some(text) = &self.time_zone {
            check_words(WHAT, "time_zone", text)?;
        }
        if let Some(text) = &self.image {
            check_words(WHAT, "image", text)?;
        }
        if let Some(name) = self.computer_name.as_ref().filter(|name| *name != "*") {
            name::check(name).map_err(|error| {
                let next = "Windows setup knows no macros: %SERIAL% and %RAND:n% belong into the Autopilot profile.";
                cannot(WHAT, format!("computer_name cannot be used: {error}"), next)
            })?;
        }
        if self.product_key.as_ref().is_some_and(|key| !is_product_key(key)) {
            let next =
                "It has 25 letters and digits in five groups, without vowels and without 0, 1, 5, L, S, U and Z.";
            return Err(cannot(WHAT, "product_key is no product key", next));
        }
        Ok(())
    }

    /// The file's bytes, UTF-8.
    ///
    /// # Errors
    /// A value that Windows would not take.
    pub fn file(&self) -> Result<Vec<u8>, Problem> {
        self.check()?;
        let mut xml = Xml { writer: Writer::new_with_indent(vec![], b' ', 2), architecture: self.architecture };
        self.write(&mut xml)
            .map_err(|error| cannot(WHAT, error.to_string(), "Report this; it is a defect of whiteglove."))?;
        let mut bytes = xml.writer.into_inner();
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn write(&self, xml: &mut Xml) -> std::io::Result<()> {
        xml.writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
        xml.with("unattend", &[("xmlns", NAMESPACE), ("xmlns:wcm", WCM)], |xml| {
            xml.pass("windowsPE", |xml| self.windows_pe(xml))?;
            if self.computer_name.is_some() || self.time_zone.is_some() {
                xml.pass("specialize", |xml| {
                    xml.component("Microsoft-Windows-Shell-Setup", |xml| {
                        xml.some("ComputerName", self.computer_name.as_deref())?;
                        xml.some("TimeZone", self.time_zone.as_deref())
                    })
                })?;
            }
            if let Some(language) = &self.windows {
                xml.pass("oobeSystem", |xml| {
                    xml.component("Microsoft-Windows-International-Core", |xml| language.write(xml))
                })?;
            }
            Ok(())
        })
    }

    fn windows_pe(&self, xml: &mut Xml) -> std::io::Result<()> {
        if let Some(language) = &self.setup {
            xml.component("Microsoft-Windows-International-Core-WinPE", |xml| {
                xml.inside("SetupUILanguage", |xml| xml.text("UILanguage", &language.language))?;
                language.write(xml)
            })?;
        }
        xml.component("Microsoft-Windows-Setup", |xml| {
            if self.disk.is_some() {
                xml.inside("DiskConfiguration", disk_configuration)?;
            }
            if self.disk.is_some() || self.image.is_some() {
                xml.inside("ImageInstall", |xml| {
                    xml.inside("OSImage", |xml| {
                        if let Some(image) = &self.image {
                            xml.inside("InstallFrom", |xml| {
                                xml.with("MetaData", ADD, |xml| {
                                    xml.text("Key", "/IMAGE/NAME")?;
                                    xml.text("Value", image)
                                })
                            })?;
                        }
                        if self.disk.is_some() {
                            xml.inside("InstallTo", |xml| {
                                xml.text("DiskID", "0")?;
                                xml.text("PartitionID", "3")
                            })?;
                        }
                        xml.text("WillShowUI", "OnError")
                    })
                })?;
            }
            xml.inside("UserData", |xml| {
                if self.accept_licence {
                    xml.text("AcceptEula", "true")?;
                }
                xml.inside("ProductKey", |xml| {
                    xml.some("Key", self.product_key.as_deref())?;
                    // Setup takes the key of the firmware where there is one, and asks where it has none.
                    xml.text("WillShowUI", "OnError")
                })
            })
        })
    }
}

const ADD: &[(&str, &str)] = &[("wcm:action", "add")];

fn disk_configuration(xml: &mut Xml) -> std::io::Result<()> {
    xml.text("WillShowUI", "OnError")?;
    // First, or what it guards is gone already.
    xml.with("Disk", ADD, |xml| {
        xml.text("DiskID", "1")?;
        xml.text("WillWipeDisk", "false")?;
        xml.inside("ModifyPartitions", |xml| {
            xml.with("ModifyPartition", ADD, |xml| {
                xml.text("Order", "1")?;
                xml.text("PartitionID", "1")?;
                xml.text("Label", BOOT_LABEL)
            })
        })
    })?;
    xml.with("Disk", ADD, |xml| {
        xml.text("DiskID", "0")?;
        xml.text("WillWipeDisk", "true")?;
        xml.inside("CreatePartitions", |xml| {
            // 260 MiB is the least for FAT32 on drives with 4 KiB sectors. Setup makes the recovery partition itself.
            for (order, kind, size) in [("1", "EFI", Some("300")), ("2", "MSR", Some("16")), ("3", "Primary", None)] {
                xml.with("CreatePartition", ADD, |xml| {
                    xml.text("Order", order)?;
                    xml.text("Type", kind)?;
                    xml.some("Size", size)?;
                    xml.some("Extend", size.is_none().then_some("true"))
                })?;
            }
            Ok(())
        })?;
        xml.inside("ModifyPartitions", |xml| {
            for (order, partition, format, label) in [("1", "1", "FAT32", "System"), ("2", "3", "NTFS", "Windows")] {
                xml.with("ModifyPartition", ADD, |xml| {
                    xml.text("Order", order)?;
                    xml.text("PartitionID", partition)?;
                    xml.text("Format", format)?;
                    xml.text("Label", label)
                })?;
            }
            Ok(())
        })
    })
}

impl Language {
    fn write(&self, xml: &mut Xml) -> std::io::Result<()> {
        xml.text("InputLocale", self.keyboard.as_ref().unwrap_or(&self.language))?;
        xml.text("SystemLocale", &self.language)?;
        xml.text("UILanguage", &self.language)?;
        xml.text("UserLocale", self.region.as_ref().unwrap_or(&self.language))
    }
}

struct Xml {
    writer: Writer<Vec<u8>>,
    architecture: Architecture,
}

impl Xml {
    fn with(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        inside: impl FnOnce(&mut Self) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        let start = quick_xml::events::BytesStart::new(name).with_attributes(attributes.iter().copied());
        let end = start.to_end().into_owned();
        self.writer.write_event(Event::Start(start.borrow()))?;
        inside(self)?;
        self.writer.write_event(Event::End(end))
    }

    fn inside(&mut self, name: &str, inside: impl FnOnce(&mut Self) -> std::io::Result<()>) -> std::io::Result<()> {
        self.with(name, &[], inside)
    }

    fn pass(&mut self, name: &str, inside: impl FnOnce(&mut Self) -> std::io::Result<()>) -> std::io::Result<()> {
        self.with("settings", &[("pass", name)], inside)
    }

    fn component(&mut self, name: &str, inside: impl FnOnce(&mut Self) -> std::io::Result<()>) -> std::io::Result<()> {
        let attributes = [
            ("name", name),
            ("processorArchitecture", self.architecture.word()),
            ("publicKeyToken", "31bf3856ad364e35"),
            ("language", "neutral"),
            ("versionScope", "nonSxS"),
        ];
        self.with("component", &attributes, inside)
    }

    fn text(&mut self, name: &str, text: &str) -> std::io::Result<()> {
        self.writer.create_element(name).write_text_content(BytesText::new(text))?;
        Ok(())
    }

    fn some(&mut self, name: &str, text: Option<&str>) -> std::io::Result<()> {
        text.map_or(Ok(()), |text| self.text(name, text))
    }
}
