//! What a medium starts by: its EFI programs read for a pre-flight, off a plan, an image, a stick, a disc or a folder.
//!
//! What is read may be anybody's: bounded in number and size. A program that cannot be understood is one that nobody
//! signed, as it is to firmware.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use fatfs::{FileSystem, FsOptions};
use whiteglove_core::{
    media::{MediaPlan, Part},
    preflight::Program,
    problem::Problem,
};

use crate::{
    boot::{Content, Served, signers},
    disc::Disc,
    fat::window::Window,
    origin::Origin,
    table::Table,
};

/// Where a volume has what firmware and shim start; FAT and discs find them in any case of letters.
const PATHS: [&str; 4] = ["EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grubx64.efi", "shimx64.efi", "grubx64.efi"];
/// Windows' boot managers have 3 MiB, a unified kernel image some 60.
const LARGEST: u64 = 128 << 20;
/// For one file, its directories and the allocation table that leads to it.
const ALLOWANCE: u64 = LARGEST + (16 << 20);

#[derive(Debug, thiserror::Error)]
pub enum StartsError {
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("no volume of it has EFI/BOOT/BOOTX64.EFI, which is what firmware starts")]
    Nothing,
}

impl StartsError {
    /// For the person who named it.
    pub fn problem(&self, path: &Path) -> Problem {
        let next = match self {
            Self::Io(_) => "Check that it is there and that you may read it (a stick: as root, or in group disk).",
            Self::Nothing => "Name a stick, an image, an ISO of Windows, or the folder of a network boot tree.",
        };
        Problem::new(format!("{} says nothing of what it starts.", path.display()), format!("{self}."), next)
    }
}

/// Of a medium that is not made yet.
///
/// # Errors
/// A file cannot be read.
pub fn planned(plan: &MediaPlan) -> io::Result<Vec<Program>> {
    let boot = plan.partitions.iter().filter(|partition| partition.part == Part::Boot);
    let files = boot.flat_map(|partition| &partition.volume.files).filter(|file| Program::counts(&file.path));
    files.map(|file| program(file.path.trim_start_matches('/'), Origin::open(&file.source)?)).collect()
}

/// Of what a bench gives out over the network.
///
/// # Errors
/// A file cannot be read.
pub fn served(list: &[Served]) -> io::Result<Vec<Program>> {
    let counts = list.iter().filter(|served| Program::counts(&served.name));
    let programs = counts.map(|served| match &served.content {
        Content::File(file) => program(&served.name, File::open(&file.path)?),
        Content::Made(bytes) => program(&served.name, &bytes[..]),
        Content::Brought { path, .. } => program(&served.name, File::open(path)?),
    });
    programs.collect()
}

/// Of whatever a person names.
///
/// # Errors
/// It cannot be read, or nothing starts from it.
pub fn found(path: &Path) -> Result<Vec<Program>, StartsError> {
    let programs = match fs::metadata(path)?.is_dir() {
        true => in_folder(path)?,
        false => in_image(path)?,
    };
    if programs.is_empty() { Err(StartsError::Nothing) } else { Ok(programs) }
}

fn program(path: &str, source: impl Read) -> io::Result<Program> {
    let mut bytes = Vec::new();
    source.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(Program { path: path.to_owned(), signers: signers::read(&bytes).unwrap_or_default() })
}

fn in_folder(folder: &Path) -> io::Result<Vec<Program>> {
    let mut programs = Vec::new();
    for wanted in PATHS {
        // Some file systems know capitals, and people copy from those that do not.
        let found = wanted.split('/').try_fold(folder.to_owned(), |folder, name| entry(&folder, name));
        if let Some(path) = found.filter(|path| path.is_file()) {
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            programs.push(program(&name, File::open(&path)?)?);
        }
    }
    Ok(programs)
}

fn entry(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let mut named = entries.filter(|entry| entry.file_name().to_string_lossy().eq_ignore_ascii_case(name));
    Some(named.next()?.path())
}

fn in_image(path: &Path) -> io::Result<Vec<Program>> {
    let mut disk = File::open(path)?;
    let size = disk.seek(SeekFrom::End(0))?;
    let table = Table::read(&mut disk, size).ok();
    let mut places: Vec<(u64, u64)> =
        table.iter().flat_map(|table| table.stretches(size)).map(|(_, offset, length)| (offset, length)).collect();
    // A volume without a table around it.
    places.push((0, size));
    for (offset, length) in places {
        let programs = on_volume(&mut disk, offset, length);
        if !programs.is_empty() {
            return Ok(programs);
        }
    }
    let mut source = BufReader::new(disk);
    let Ok(disc) = Disc::read(&mut source) else { return Ok(vec![]) };
    let files = PATHS.iter().filter_map(|wanted| disc.find(wanted));
    files.map(|file| program(&file.path, file.open(&mut source))).collect()
}

/// Nothing, if it is no FAT or a damaged one: firmware starts nothing from that either.
fn on_volume(disk: &mut File, offset: u64, length: u64) -> Vec<Program> {
    let window = Window::new(disk, offset, length);
    let allowance = window.allowance();
    allowance.renew(ALLOWANCE);
    let Ok(fs) = FileSystem::new(window, FsOptions::new()) else { return vec![] };
    let read = |wanted: &&str| {
        allowance.renew(ALLOWANCE);
        let root = fs.root_dir();
        let file = root.open_file(wanted).ok()?;
        program(wanted, file).ok()
    };
    PATHS.iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use whiteglove_core::{
        certificates::{Authority, testing},
        media::{Contents, Form, Item, Spec},
        media_card::MediaId,
        preflight::Medium,
    };

    use super::*;
    use crate::{
        boot::{
            made::{program as bare, signed},
            signers,
        },
        media::build_file,
        testing::succeeds,
    };

    /// A loader that this authority signed, with shim's list of components or none.
    fn loader(by: &str, components: &[u8]) -> Vec<u8> {
        let plain = bare(&[(".sbat", components)], 16);
        let digest = signers::read(&plain).unwrap().digest.unwrap();
        signed(&plain, &[&testing::signature("Signer", by, digest.0, None)])
    }

    fn shim() -> Vec<u8> {
        loader(Authority::ThirdParty2011.name(), b"sbat,1,SBAT\nshim,4,UEFI shim\n")
    }

    fn grub() -> Vec<u8> {
        loader(Authority::Debian.name(), b"sbat,1,SBAT\ngrub,5,FSF\n")
    }

    fn plan(form: Form) -> MediaPlan {
        let boot = vec![
            Item::inline("EFI/BOOT/BOOTX64.EFI", shim()),
            Item::inline("EFI/BOOT/grubx64.efi", grub()),
            Item::inline("EFI/BOOT/mmx64.efi", b"MZ no program".to_vec()),
        ];
        let contents = Contents { boot, data: vec![Item::directory("captures")], bios: None };
        let spec = Spec { media: MediaId([7; 16]), form, contents, boot_size: None, data_size: None };
        MediaPlan::new(spec).unwrap()
    }

    fn is_ours(programs: &[Program]) {
        let medium = Medium::of(programs).unwrap();
        let words = medium.words();
        assert!(words.ends_with("signed by third-party 2011; shim 4, grub 5"), "{words}");
        assert!(medium.programs().all(|program| program.signers.signatures[0].fits == Some(true)));
        assert!(medium.programs().all(|program| program.signers.digest.is_some()));
    }

    #[test]
    fn the_plan_says_what_every_form_of_it_says() {
        let folder = tempfile::tempdir().unwrap();
        for form in Form::ALL {
            let plan = plan(form);
            is_ours(&planned(&plan).unwrap());
            let image = folder.path().join(form.to_string());
            build_file(&plan, &image, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
            is_ours(&found(&image).unwrap());
        }
    }

    #[test]
    fn media_made_by_others_are_read_too() {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        fs::create_dir_all(tree.join("efi/boot")).unwrap();
        fs::write(tree.join("efi/boot/bootx64.efi"), shim()).unwrap();
        fs::write(tree.join("efi/boot/GRUBX64.EFI"), grub()).unwrap();
        is_ours(&found(&tree).unwrap());
        // UDF beside ISO 9660, as Windows' discs have it.
        let iso = folder.path().join("disc.iso");
        succeeds(Command::new("genisoimage").args(["-quiet", "-udf", "-o"]).arg(&iso).arg(&tree));
        is_ours(&found(&iso).unwrap());
        // A volume and nothing around it.
        let volume = folder.path().join("volume.img");
        File::create(&volume).unwrap().set_len(64 << 20).unwrap();
        succeeds(Command::new("mkfs.vfat").arg(&volume));
        succeeds(Command::new("mcopy").arg("-s").arg("-i").arg(&volume).arg(tree.join("efi")).arg("::/"));
        is_ours(&found(&volume).unwrap());
        // A tree for the network has them in its root.
        let served = folder.path().join("served");
        fs::create_dir(&served).unwrap();
        fs::write(served.join("shimx64.efi"), shim()).unwrap();
        fs::write(served.join("grubx64.efi"), grub()).unwrap();
        is_ours(&found(&served).unwrap());
    }

    #[test]
    fn what_starts_nothing_says_so() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(found(folder.path()), Err(StartsError::Nothing)));
        let file = folder.path().join("file");
        fs::write(&file, "words").unwrap();
        assert!(matches!(found(&file), Err(StartsError::Nothing)));
        assert!(matches!(found(&folder.path().join("none")), Err(StartsError::Io(_))));
        // It has the name and is no program: nobody signed it.
        let boot = vec![Item::inline("EFI/BOOT/BOOTX64.EFI", b"words".to_vec())];
        let contents = Contents { boot, data: vec![], bios: None };
        let spec = Spec { media: MediaId([7; 16]), form: Form::Gpt, contents, boot_size: None, data_size: None };
        let programs = planned(&MediaPlan::new(spec).unwrap()).unwrap();
        assert_eq!(Medium::of(&programs).unwrap().words(), "EFI/BOOT/BOOTX64.EFI, signed by nobody");
    }
}
