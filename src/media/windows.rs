//! A customer's own Windows on a medium: Windows PE, which captures by Microsoft's tool, or Setup, which installs.
//!
//! What is as the ISO has it goes on the medium straight out of the ISO. What has to be made (Windows PE with our
//! start in it, parts of a large `install.wim`) is made once and kept.

pub(crate) mod iso;
mod network;
mod prepare;
mod tools;
mod wimlib;
mod workshop;

use std::{
    io::{self, Read},
    path::Path,
};

use whiteglove_core::{
    certificates::{Authority, listed},
    media::{Contents, Generation, Item, Windows, manifest::folded},
    media_card::{MediaCard, STICK_FILE, stick_file},
    problem::Problem,
    script,
    windows::{
        layout::{self, BOOT_IMAGE, LayoutError, Names, Origin, Placed},
        pe,
    },
};
use whiteglove_image::{boot::signers, disc::DiscFile, media::Watch, origin};

use self::{
    iso::Iso,
    prepare::{PART, PE_IMAGE, UNPACKED},
    tools::Tools,
    workshop::Made,
};
pub(crate) use workshop::Workshop;

use super::{Does, Ready, added, finder_words, internal, returning};

/// A boot manager has two MB.
const LARGEST_LOADER: u64 = 32 << 20;
/// Where Setup looks for drivers on the medium it starts from.
const SETUP_DRIVERS: &str = "$WinPEDriver$";

/// Where a medium's Windows is made, and for whom.
pub(crate) struct Bench<'a> {
    pub(super) workshop: &'a Workshop,
    /// The folder in which a person keeps Microsoft's tools for all media.
    pub(super) tools: &'a Path,
    pub(super) card: &'a MediaCard,
}

impl Bench<'_> {
    /// Windows PE with our start in it. Takes minutes the first time, seconds from then on.
    ///
    /// # Errors
    /// The ISO is none, has no boot manager of that generation, a tool is missing or failed, there is no room, or the
    /// person cancelled.
    pub(super) fn winpe(&self, windows: &Windows, watch: Watch<'_>) -> Result<Ready, Problem> {
        let iso = Iso::open(&windows.iso)?;
        let folder = windows.tools.as_deref().or_else(|| self.tools.is_dir().then_some(self.tools));
        let architecture = iso.architecture()?;
        let tools = folder.map(|folder| Tools::find(folder, architecture)).transpose()?.unwrap_or_default();
        let mut made = prepare::windows_pe(&iso, &tools, self.workshop, watch)?;
        if !made.notes.is_empty() {
            made.notes.push(format!("Put what is missing into {}.", folder.unwrap_or(self.tools).display()));
        }
        let mut boot = boot_files(&iso, &made, windows.loader.unwrap_or_default())?;
        boot.push(made_item(&made, PE_IMAGE, BOOT_IMAGE.to_owned())?);
        boot.push(Item::inline(pe::CARD, pe::card(self.card)));
        // For BIOS over the network.
        for path in ["bootmgr", "boot/bcd"] {
            boot.extend(iso.disc.find(path).map(|file| inside(&iso, file, path.to_owned())));
        }
        self.ready(boot, made, Does::CapturesInWinPe, windows.drivers.as_deref().map(|folder| (folder, pe::DRIVERS)))
    }

    /// Setup: all that is on the disc, but for the boot files, which follow the generation, and what is in parts.
    ///
    /// # Errors
    /// As of [`Self::winpe`].
    pub(super) fn setup(&self, windows: &Windows, watch: Watch<'_>) -> Result<Ready, Problem> {
        let iso = Iso::open(&windows.iso)?;
        let made = prepare::setup(&iso, self.workshop, watch)?;
        let starts = boot_files(&iso, &made, windows.loader.unwrap_or_default())?;
        let parts: Vec<_> = made.files.iter().filter(|file| file.path.ends_with(PART)).collect();
        let whole = iso.install().filter(|_| !parts.is_empty()).map(|image| image.file.path.as_str());
        let replaced: Vec<String> = starts.iter().map(|item| folded(item.path())).collect();
        let stays = |file: &&DiscFile| Some(file.path.as_str()) != whole && !replaced.contains(&folded(&file.path));
        let mut boot: Vec<Item> = iso.disc.directories.iter().map(Item::directory).collect();
        boot.extend(iso.disc.files.iter().filter(stays).map(|file| inside(&iso, file, file.path.clone())));
        boot.extend(starts);
        for part in parts {
            boot.push(made_item(&made, &part.path, format!("sources/{}", part.path))?);
        }
        self.ready(boot, made, Does::Installs, windows.drivers.as_deref().map(|folder| (folder, SETUP_DRIVERS)))
    }

    /// With what every medium has.
    fn ready(
        &self,
        mut boot: Vec<Item>,
        made: Made,
        does: Does,
        with: Option<(&Path, &str)>,
    ) -> Result<Ready, Problem> {
        boot.push(Item::inline("README.TXT", finder_words(self.card, does).into_bytes()));
        boot.extend(script::starters(self.card.media).into_iter().map(|(path, bytes)| Item::inline(path, bytes)));
        let personal = self.card.data_volume.map(|serial| Item::inline(STICK_FILE, stick_file(serial)));
        boot.extend(personal);
        if let Some((folder, below)) = with {
            drivers(folder, below, &mut boot)?;
        }
        let known = made.files.iter().map(|file| (made.folder.join(&file.path), file.sha256.0)).collect();
        let contents = Contents { boot, data: returning(self.card, does), bios: None };
        Ok(Ready { contents, known, notes: made.notes })
    }
}

/// What starts `boot.wim`, each where it comes from.
fn boot_files(iso: &Iso, made: &Made, generation: Generation) -> Result<Vec<Item>, Problem> {
    let prefix = format!("{UNPACKED}/");
    let unpacked: Vec<&str> = made.files.iter().filter_map(|file| file.path.strip_prefix(&prefix)).collect();
    let (disc, image) = (iso.names(), Names::new(unpacked));
    let architecture = iso.architecture()?;
    let refused = |error: LayoutError| {
        let next = match &error {
            LayoutError::Missing(_) => "Use an ISO of Windows as Microsoft gives it out.",
            LayoutError::Generation { .. } => {
                "Choose another generation (--loader), or an ISO that has it: those since April 2024 have both."
            }
        };
        Problem::new(format!("No medium can be made of {}.", iso.path.display()), format!("{error}."), next)
    };
    let item = |placed: Placed| item(iso, made, placed);
    let mut found = Vec::new();
    let mut chosen = None;
    for origin in layout::loaders(architecture, generation, &disc, &image) {
        let loader = item(Placed { to: String::new(), from: origin.clone() })?;
        let by = signed_by(&loader)?;
        if generation.authority().is_none_or(|wanted| by.contains(&wanted)) {
            chosen = Some(origin);
            break;
        }
        found.push(format!("{} is signed by {}", spoken(&origin), listed(&by, "and")));
    }
    let loader = chosen.ok_or_else(|| match generation.authority() {
        Some(wanted) if !found.is_empty() => {
            refused(LayoutError::Generation { wanted: wanted.to_string(), found: found.join("; ") })
        }
        _ => refused(LayoutError::Missing("boot manager for UEFI")),
    })?;
    let placed = layout::boot_files(architecture, generation, loader, &disc, &image).map_err(refused)?;
    placed.into_iter().map(item).collect()
}

fn spoken(origin: &Origin) -> String {
    match origin {
        Origin::Disc(path) => path.clone(),
        Origin::Image(path) => format!("{path} in boot.wim"),
    }
}

fn item(iso: &Iso, made: &Made, placed: Placed) -> Result<Item, Problem> {
    match &placed.from {
        Origin::Disc(path) => {
            let file = iso.disc.find(path).ok_or_else(|| internal("the list of boot files", path))?;
            Ok(inside(iso, file, placed.to))
        }
        Origin::Image(path) => made_item(made, &format!("{UNPACKED}/{path}"), placed.to),
    }
}

fn inside(iso: &Iso, file: &DiscFile, to: String) -> Item {
    Item::inside(to, file.size, iso.path.clone(), file.pieces.clone())
}

fn made_item(made: &Made, path: &str, to: String) -> Result<Item, Problem> {
    let file = made.files.iter().find(|file| file.path == path).ok_or_else(|| internal("what was prepared", &path))?;
    Ok(Item::host(to, file.size, made.folder.join(path)))
}

/// Firmware asks any one of them.
fn signed_by(loader: &Item) -> Result<Vec<Authority>, Problem> {
    let Item::File { source, .. } = loader else { return Ok(vec![]) };
    let mut program = Vec::new();
    let read = origin::Origin::open(source).and_then(|origin| origin.take(LARGEST_LOADER).read_to_end(&mut program));
    read.map_err(|error: io::Error| {
        Problem::new("A boot manager cannot be read.", format!("The system says: {error}."), "Copy the ISO again.")
    })?;
    Ok(signers::read(&program).map(|signers| signers.for_firmware()).unwrap_or_default())
}

/// A person's drivers, and a refusal of a folder that holds none.
fn drivers(folder: &Path, below: &str, boot: &mut Vec<Item>) -> Result<(), Problem> {
    let found = added::items(folder)?;
    if !found.iter().any(|item| item.path().to_ascii_lowercase().ends_with(".inf")) {
        return Err(Problem::new(
            format!("{} holds no driver.", folder.display()),
            "There is no .inf file in it or in its folders; an .exe or .cab of the maker is not a driver yet.",
            "Unpack the maker's driver package and name that folder.",
        ));
    }
    boot.extend(found.into_iter().map(|item| item.below(below)));
    Ok(())
}
