//! The slow part: copies out of the ISO, Windows PE with our start in it, what Setup installs in parts.

use std::{
    fs::{self, File, FileTimes, OpenOptions},
    io::{self, Read, Write},
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use sha2::{Digest, Sha256};
use whiteglove_core::{
    control::Progress,
    media::volume::MAX_FILE,
    problem::Problem,
    windows::{layout::FROM_IMAGE, pe},
};
use whiteglove_image::{media::Watch, wim};

use super::{
    iso::{Image, Iso},
    tools::Tools,
    wimlib::{Change, WimFile},
    workshop::{Made, Workshop, cancelled},
};

/// Changes with how things are made, so that what an older whiteglove made is not taken for it.
const MAKING: &str = "1";
/// Under the folder of what was made: what came out of `boot.wim`, by its path there.
pub(super) const UNPACKED: &str = "unpacked";
pub(super) const PE_IMAGE: &str = "boot.wim";
/// Of what Setup installs, where it is split: `install.swm`, `install2.swm` and so on.
pub(super) const PART: &str = ".swm";
const FIRST_PART: &str = "install.swm";
/// 4 GiB less one byte is the longest file on FAT32; Microsoft splits at this.
const PART_MIB: u64 = 4000;
/// Setup in `boot.wim`, and where it is kept.
const SETUPS: [(&str, &str); 2] =
    [("/setup.exe", "/setup.exe.windows"), ("/sources/setup.exe", "/sources/setup.exe.windows")];
/// Those of what we put into Windows PE, in seconds since 1970: 2020. A time of the making would be in its bytes.
const ADDED: u64 = 1_577_836_800;

/// Windows PE with our start and the tools, and what starts it.
pub(super) fn windows_pe(iso: &Iso, tools: &Tools, workshop: &Workshop, watch: Watch<'_>) -> Result<Made, Problem> {
    let boot = iso.boot()?;
    let mut sha = Sha256::new_with_prefix(format!("winpe {MAKING}\n"));
    sha.update(iso.fingerprint());
    sha.update(tools.fingerprint()?);
    for (path, bytes) in pe::injected() {
        sha.update(Sha256::digest(path.as_bytes()));
        sha.update(Sha256::digest(bytes));
    }
    let key: [u8; 32] = sha.finalize().into();
    workshop.get(&name("winpe", key), boot.file.size * 2, watch, |folder, watch| {
        let source = out_of(iso, boot, folder, watch)?;
        let index = index(boot);
        source.extract(index, &FROM_IMAGE, &folder.join(UNPACKED), watch)?;
        let pe = WimFile { path: folder.join(PE_IMAGE), called: source.called };
        source.export(index, &pe.path, watch)?;
        fs::remove_file(&source.path).map_err(|error| failed(&error))?;
        let notes = inject(iso, tools, &pe, folder, watch)?;
        let mut guid = [0; 16];
        guid.copy_from_slice(&key[..16]);
        let settled = OpenOptions::new().read(true).write(true).open(&pe.path).map_err(wim::WimError::from);
        settled.and_then(|mut file| wim::settle(&mut file, guid, ADDED)).map_err(|error| {
            Problem::new(
                "Windows was not prepared.",
                format!("What wimlib made of {} is not as it should be: {error}.", source.called),
                "Report this; it is a defect of whiteglove.",
            )
        })?;
        pe.verify(watch)?;
        Ok(notes)
    })
}

/// What starts Setup, and what it installs, in parts if it is too large for one file.
pub(super) fn setup(iso: &Iso, workshop: &Workshop, watch: Watch<'_>) -> Result<Made, Problem> {
    let boot = iso.boot()?;
    let split = iso.install().filter(|image| image.file.size > MAX_FILE);
    if let Some(image) = split {
        splits(iso, image)?;
    }
    let key = Sha256::new_with_prefix(format!("setup {MAKING}\n")).chain_update(iso.fingerprint()).finalize().into();
    let room = boot.file.size + split.map_or(0, |image| image.file.size * 2);
    workshop.get(&name("setup", key), room, watch, |folder, watch| {
        let source = out_of(iso, boot, folder, watch)?;
        source.extract(index(boot), &FROM_IMAGE, &folder.join(UNPACKED), watch)?;
        fs::remove_file(&source.path).map_err(|error| failed(&error))?;
        if let Some(image) = split {
            let source = out_of(iso, image, folder, watch)?;
            source.split(&folder.join(FIRST_PART), PART_MIB, watch)?;
            fs::remove_file(&source.path).map_err(|error| failed(&error))?;
        }
        Ok(vec![])
    })
}

fn name(kind: &str, key: [u8; 32]) -> String {
    format!("{kind}-{}", hex::encode(&key[..12]))
}

/// The image that a laptop starts: on discs of Windows the second, which is Setup; of the ADK the only one.
fn index(boot: &Image) -> u32 {
    boot.wim.boots().map_or(1, |image| image.index)
}

fn splits(iso: &Iso, image: &Image) -> Result<(), Problem> {
    let refused = |why: String| {
        Problem::new(
            format!("{} does not go on a medium as it is.", iso.path.display()),
            why,
            format!(
                "Export it first: wimlib-imagex export {} all install.wim --compress=LZX, and make an ISO with that.",
                image.file.path
            ),
        )
    };
    if image.wim.solid {
        return Err(refused(format!(
            "{} is longer than a file on FAT32 may be, and as an ESD it does not split.",
            image.file.path
        )));
    }
    // A content is never divided.
    if image.wim.largest > PART_MIB << 20 {
        return Err(refused(format!("{} holds one file that is longer than a file on FAT32 may be.", image.file.path)));
    }
    Ok(())
}

/// Copies a WIM file of the disc into the folder.
fn out_of<'a>(iso: &Iso, image: &'a Image, folder: &Path, watch: Watch<'_>) -> Result<WimFile<'a>, Problem> {
    let path = folder.join("source.wim");
    let mut out = File::create(&path).map_err(|error| failed(&error))?;
    let mut from = iso.reader(&image.file);
    let (mut buffer, mut done) = (vec![0; 1 << 20], 0);
    loop {
        let length = from.read(&mut buffer).map_err(|error| {
            Problem::new(
                format!("{} cannot be read.", iso.path.display()),
                format!("The system says: {error}, at {done} bytes of {}.", image.file.path),
                "Copy or download the ISO again.",
            )
        })?;
        if length == 0 {
            break;
        }
        out.write_all(&buffer[..length]).map_err(|error| failed(&error))?;
        done += length as u64;
        let task = format!("copying {} out of the ISO", image.file.path);
        if watch(Progress { task, done, total: image.file.size }).is_break() {
            return Err(cancelled());
        }
    }
    Ok(WimFile { path, called: &image.file.path })
}

/// Puts our start and the tools into Windows PE; gives notes on what is missing.
fn inject(iso: &Iso, tools: &Tools, pe: &WimFile<'_>, folder: &Path, watch: Watch<'_>) -> Result<Vec<String>, Problem> {
    let staging = folder.join("staging");
    fs::create_dir(&staging).map_err(|error| failed(&error))?;
    let (programs, notes) = tools.gather(iso, &staging, watch)?;
    let mut files = Vec::new();
    for (number, (to, bytes)) in pe::injected().into_iter().enumerate() {
        let path = staging.join(format!("ours-{number}"));
        fs::write(&path, bytes).map_err(|error| failed(&error))?;
        files.push((to, path));
    }
    for (number, (to, from)) in programs.into_iter().enumerate() {
        // A copy: the times of a person's own files are theirs.
        let path = staging.join(format!("tool-{number}"));
        fs::copy(from, &path).map_err(|error| failed(&error))?;
        files.push((to, path));
    }
    let own = staging.join("folder");
    fs::create_dir(&own).map_err(|error| failed(&error))?;
    let time = UNIX_EPOCH + Duration::from_secs(ADDED);
    let times = FileTimes::new().set_modified(time).set_accessed(time);
    for path in files.iter().map(|(_, path)| path).chain([&own]) {
        File::open(path).and_then(|file| file.set_times(times)).map_err(|error| failed(&error))?;
    }
    let mut changes: Vec<Change<'_>> = vec![Change::Add { from: &own, to: pe::FOLDER }];
    // Windows PE runs what winpeshl.ini says only if there is no Setup to run.
    for (from, to) in SETUPS {
        if pe.digest_of(1, from, watch)?.is_some() {
            changes.push(Change::Rename { from, to });
        }
    }
    changes.extend(files.iter().map(|(to, from)| Change::Add { from, to }));
    pe.update(1, &changes, watch)?;
    fs::remove_dir_all(&staging).map_err(|error| failed(&error))?;
    Ok(notes)
}

fn failed(error: &io::Error) -> Problem {
    let next = match error.kind() {
        io::ErrorKind::StorageFull => "Free space on the disk of the state folder, and try again.",
        _ => "Check the disk of the state folder, and try again.",
    };
    Problem::new("Windows was not prepared.", format!("The system says: {error}."), next)
}
