//! What only shows when all files of a volume are looked at together: names, sizes, places, generations.

use std::ops::Range;

use super::{Check, Content, File, Finding, name_of, profile, unattend, xml};

/// Of FAT32, the only file system that every firmware boots from.
const LARGEST: u64 = u32::MAX as u64;
/// A WIM's description of itself has some KiB.
const LONGEST_WIM_XML: u64 = 4 << 20;

/// Where setup and Windows look for answers, in lower case (Microsoft's search order, and what setup copies).
const ANSWERS: &[&str] = &[
    "autounattend.xml",
    "unattend.xml",
    "sources/autounattend.xml",
    "sources/unattend.xml",
    "sources/$oem$/$$/panther/unattend.xml",
    "sources/$oem$/$$/panther/unattend/unattend.xml",
    "sources/$oem$/$$/system32/sysprep/unattend.xml",
];

const LOADERS: &[&str] = &[
    "efi/boot/bootx64.efi",
    "efi/boot/bootaa64.efi",
    "efi/microsoft/boot/bootmgfw.efi",
    "efi/microsoft/boot/bootmgr.efi",
    "bootmgr.efi",
];
const STL: &str = "efi/microsoft/boot/boot.stl";
const BOOT_WIM: &str = "sources/boot.wim";

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = vec![];
    let paths: Vec<(String, &File)> = files.iter().map(|file| (file.path.to_ascii_lowercase(), file)).collect();
    packages(&paths, &mut findings);
    answers(&paths, &mut findings);
    profiles(files, &mut findings);
    for file in files.iter().filter(|file| file.size > LARGEST) {
        let split = match name_of(&file.path).ends_with(".wim") {
            true => "Split it: wimlib-imagex split install.wim install.swm 3800",
            false => "Leave it on the bench, which serves it over HTTP",
        };
        let evidence = format!("it has {} bytes, and FAT32 holds 4294967295", file.size);
        findings.push(Finding::new(Check::OverFourGib, &file.path, evidence, format!("{split}.")));
    }
    boot_files(&paths, &mut findings);
    findings
}

fn packages(paths: &[(String, &File)], findings: &mut Vec<Finding>) {
    for (path, file) in paths.iter().filter(|(path, _)| path.ends_with(".ppkg") && !path.contains('/')) {
        findings.push(Finding::new(
            Check::PpkgInRoot,
            &file.path,
            format!("{path} lies in the root: at the first setup screen Windows applies it without asking, on the same key as \
                     pre-provisioning"),
            "Move it into a folder, ppkg for example; Microsoft advises against packages beside Autopilot.",
        ));
    }
}

fn answers(paths: &[(String, &File)], findings: &mut Vec<Finding>) {
    let found: Vec<&(String, &File)> = paths.iter().filter(|(path, _)| ANSWERS.contains(&path.as_str())).collect();
    let passes_of = |file: &File| match &file.content {
        Content::Whole(bytes) => xml::decode(bytes).as_deref().and_then(unattend::passes),
        Content::Unread | Content::WimXml(_) => None,
    };
    let passes: Vec<Option<Vec<String>>> = found.iter().map(|(_, file)| passes_of(file)).collect();
    for later in 1..found.len() {
        for earlier in 0..later {
            let both = match (&passes[earlier], &passes[later]) {
                (Some(one), Some(other)) => one.iter().filter(|pass| other.contains(pass)).cloned().collect(),
                // What cannot be read may answer anything.
                _ => vec!["what they answer".to_owned()],
            };
            if !both.is_empty() {
                findings.push(Finding::new(
                    Check::TwoAnswerFiles,
                    &found[later].1.path,
                    format!("it and {} both speak of {}: which of them counts depends on drive letters and on how setup was \
                             started", found[earlier].1.path, both.join(", ")),
                    "Join them, and take one off the stick. Look for one inside boot.wim, too.",
                ));
            }
        }
    }
}

fn profiles(files: &[File], findings: &mut Vec<Finding>) {
    let is_one = |file: &&File| match &file.content {
        Content::Whole(bytes) => {
            let json = file.path.to_ascii_lowercase().ends_with(".json");
            json && profile::is_profile(&file.path, xml::decode(bytes).as_deref())
        }
        Content::Unread | Content::WimXml(_) => false,
    };
    let found: Vec<&File> = files.iter().filter(is_one).collect();
    if let [first, .., last] = &found[..] {
        findings.push(Finding::new(
            Check::TwoProfiles,
            &last.path,
            format!("there are {} Autopilot profiles, the first is {}; Windows takes one", found.len(), first.path),
            "Keep the one that is meant for these laptops.",
        ));
    }
}

/// Which of Microsoft's certificates signed a boot manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Generation {
    Of2011,
    Of2023,
    /// Signed by both: boots everywhere.
    Both,
}

impl Generation {
    /// By the issuers' names in the file, all signatures of it; none of Microsoft's is not ours to judge.
    fn of(file: &File) -> Option<Self> {
        let Content::Whole(bytes) = &file.content else { return None };
        let has = |name: &[u8]| memchr::memmem::find(bytes, name).is_some();
        match (has(b"Microsoft Windows Production PCA 2011"), has(b"Windows UEFI CA 2023")) {
            (true, true) => Some(Self::Both),
            (true, false) => Some(Self::Of2011),
            (false, true) => Some(Self::Of2023),
            (false, false) => None,
        }
    }
}

fn boot_files(paths: &[(String, &File)], findings: &mut Vec<Finding>) {
    let generations: Vec<(&File, Generation)> = paths
        .iter()
        .filter(|(path, _)| LOADERS.contains(&path.as_str()))
        .filter_map(|(_, file)| Some((*file, Generation::of(file)?)))
        .collect();
    let first = |wanted| generations.iter().find(|(_, generation)| *generation == wanted).map(|(file, _)| *file);
    let remedy = "Take all boot files from one boot.wim: those of 2023 from its EFI_EX, FONTS_EX and DVD_EX folders. Laptops that \
                  know only one of the certificates start from none of a mixture.";
    if let (Some(old), Some(new)) = (first(Generation::Of2011), first(Generation::Of2023)) {
        let evidence = format!("{} is signed for 2023, {} for 2011", new.path, old.path);
        findings.push(Finding::new(Check::LoaderMismatch, &new.path, evidence, remedy));
    }
    let Some((_, wim)) = paths.iter().find(|(path, _)| path == BOOT_WIM) else { return };
    let Some(build) = build_of(wim) else { return };
    if let Some(new) = first(Generation::Of2023)
        && !build.knows_2023()
    {
        let evidence =
            format!("{} is signed for 2023, and the Windows {build} in {} is older than that", new.path, wim.path);
        findings.push(Finding::new(
            Check::LoaderMismatch,
            &wim.path,
            evidence,
            "Take Windows media of April 2024 or later.",
        ));
    }
    if build.number >= 26_100 && !paths.iter().any(|(path, _)| path == STL) {
        let evidence =
            format!("Windows {build} in {} starts only with efi/microsoft/boot/boot.stl, which is not there", wim.path);
        let remedy = "Take it out of boot.wim: Windows/Boot/EFI/boot.stl.";
        findings.push(Finding::new(Check::BootStlMissing, &wim.path, evidence, remedy));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Build {
    number: u32,
    revision: u32,
}

impl std::fmt::Display for Build {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.number, self.revision)
    }
}

impl Build {
    /// The updates of April 2024 brought the boot managers of 2023 along; builds that are not listed are not judged.
    fn knows_2023(self) -> bool {
        match self.number {
            19_041..=19_045 => self.revision >= 4291,
            22_000 => self.revision >= 2899,
            22_621..=22_631 => self.revision >= 3447,
            number => number >= 20_000,
        }
    }
}

fn build_of(wim: &File) -> Option<Build> {
    let Content::WimXml(bytes) = &wim.content else { return None };
    let root = xml::parse(&xml::decode(bytes)?).ok()?;
    let version = root.child("IMAGE")?.child("WINDOWS")?.child("VERSION")?;
    let number = version.text_of("BUILD").parse().ok()?;
    Some(Build { number, revision: version.text_of("SPBUILD").parse().unwrap_or_default() })
}

/// Where a WIM describes itself, in UTF-16 with a mark: from its header, whose layout wimlib documents. `None` if it
/// is no WIM, or keeps that compressed, or somewhere impossible.
pub fn wim_xml_place(header: &[u8], size: u64) -> Option<Range<u64>> {
    if !header.starts_with(b"MSWIM\0\0\0") {
        return None;
    }
    let number = |at: usize| Some(u64::from_le_bytes(header.get(at..at + 8)?.try_into().ok()?));
    // The XML's resource entry: length in 56 bits with flags above, offset, length when unpacked.
    let (packed, start, unpacked) = (number(72)?, number(80)?, number(88)?);
    let (length, flags) = (packed & ((1 << 56) - 1), packed >> 56);
    let end = start.checked_add(length)?;
    let sound = length == unpacked && flags & 4 == 0 && length <= LONGEST_WIM_XML && end <= size;
    sound.then_some(start..end)
}
