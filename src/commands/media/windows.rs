//! `whiteglove media windows`: what is on a customer's own Windows disc, before anything is made of it.

use std::{
    fs::File,
    io::{BufReader, Read, Seek},
    path::Path,
};

use serde_json::{Value, json};
use whiteglove_core::{
    certificates::{authenticode::Signers, listed},
    problem::Problem,
    sticks::gigabytes,
    windows::Edition,
};
use whiteglove_image::{
    boot::signers,
    disc::{Disc, DiscFile},
    wim::{Wim, WimError},
};

use super::super::{columns, print, print_json};

/// Where a disc has what firmware starts; some have both processors'.
const LOADERS: [&str; 4] =
    ["efi/boot/bootx64.efi", "efi/boot/bootaa64.efi", "efi/microsoft/boot/bootmgfw.efi", "bootmgr.efi"];
const IMAGES: [&str; 4] = ["sources/boot.wim", "sources/install.wim", "sources/install.esd", "sources/install.swm"];
/// A boot manager has two MB.
const LARGEST_LOADER: u64 = 32 << 20;
/// A file on FAT32 is shorter than this.
const FAT_FILE: u64 = 1 << 32;

/// # Errors
/// It is no disc, or not one of Windows, or it was cut off.
pub(super) fn windows(path: &Path, as_json: bool) -> Result<(), Problem> {
    let file = File::open(path).map_err(|error| {
        Problem::new(
            format!("{} cannot be read.", path.display()),
            format!("The system says: {error}."),
            "Check that it is there and that you may read it.",
        )
    })?;
    let mut source = BufReader::new(file);
    let disc = Disc::read(&mut source).map_err(|error| error.problem(path))?;
    let loaders = LOADERS.iter().filter_map(|name| disc.find(name)).map(|file| loader(file, &mut source));
    let loaders: Vec<_> = loaders.collect();
    let mut images = Vec::new();
    for file in IMAGES.iter().filter_map(|name| disc.find(name)) {
        // An own reader with a buffer: its header is read in many small steps.
        let wim = Wim::read(&mut BufReader::new(file.open(&mut source)));
        images.push((file, wim.map_err(|error| damaged(path, file, &error))?));
    }
    if images.is_empty() {
        return Err(Problem::new(
            format!("{} is no disc of Windows.", path.display()),
            format!(
                "It is a disc ({}) with {} files, and none is sources/boot.wim or sources/install.wim.",
                disc.format.words(),
                disc.files.len()
            ),
            "Name the ISO of Windows 10 or 11 as it was downloaded; ISOs of drivers or languages start nothing.",
        ));
    }
    match as_json {
        true => print_json(&described(&disc, &loaders, &images)),
        false => print(&words(path, &disc, &loaders, &images)),
    }
}

fn damaged(path: &Path, file: &DiscFile, error: &WimError) -> Problem {
    Problem::new(
        format!("{} of {} cannot be used.", file.path, path.display()),
        format!("{error}."),
        "Download the ISO again, and compare its digest with the one beside the download.",
    )
}

type Loader<'a> = (&'a DiscFile, Result<Signers, String>);

fn loader<'a, R: Read + Seek>(file: &'a DiscFile, source: &mut R) -> Loader<'a> {
    let mut bytes = Vec::new();
    let read = file.open(source).take(LARGEST_LOADER).read_to_end(&mut bytes);
    let signers = read.map_err(|error| error.to_string());
    (file, signers.and_then(|_| signers::read(&bytes).map_err(|error| error.to_string())))
}

fn signed(signers: &Result<Signers, String>) -> String {
    match signers {
        Ok(signers) => {
            let svn = signers.svn.as_ref().map_or_else(String::new, |svn| format!(", security version {svn}"));
            format!("signed by {}{svn}", listed(&signers.for_firmware(), "and"))
        }
        Err(why) => format!("cannot be judged: {why}"),
    }
}

fn words(path: &Path, disc: &Disc, loaders: &[Loader<'_>], images: &[(&DiscFile, Wim)]) -> String {
    let mut text = format!(
        "{}: {} '{}', {}, {} files\n\nStarts by UEFI from\n",
        path.display(),
        disc.format.words(),
        disc.label,
        gigabytes(disc.length),
        disc.files.len()
    );
    match loaders {
        [] => text += "  nothing: it has no loader for x64 or arm64\n",
        loaders => {
            let rows: Vec<_> = loaders.iter().map(|(file, by)| [format!("  {}", file.path), signed(by)]).collect();
            text += &format!("{}\n", columns(&rows));
        }
    }
    for (file, wim) in images {
        let solid = if wim.solid { ", compressed as one" } else { "" };
        let part = if wim.part.1 > 1 { format!(", part {} of {}", wim.part.0, wim.part.1) } else { String::new() };
        text += &format!("\n{}: {}{solid}{part}\n", file.path, gigabytes(file.size));
        let row = |image: &Edition| {
            let starts = if image.index == wim.boot_index { "starts" } else { "" };
            [
                format!("  {}", image.index),
                image.name.clone(),
                image.architecture.map_or_else(|| "?".to_owned(), |architecture| architecture.to_string()),
                image.version.clone(),
                image.languages.join(" "),
                starts.to_owned(),
            ]
        };
        text += &columns(&wim.images.iter().map(row).collect::<Vec<_>>());
        text.push('\n');
        if file.size >= FAT_FILE {
            text += match wim.solid {
                true => {
                    "  Too large for one file on FAT32 (4 GiB), and as an ESD it does not split before it is exported.\n"
                }
                false => "  Too large for one file on FAT32 (4 GiB): it has to be split into parts (SWM).\n",
            };
        }
    }
    text.truncate(text.trim_end().len());
    text
}

fn described(disc: &Disc, loaders: &[Loader<'_>], images: &[(&DiscFile, Wim)]) -> Value {
    let loader = |(file, signers): &Loader<'_>| match signers {
        Ok(signers) => json!({ "path": file.path, "signers": signers }),
        Err(why) => json!({ "path": file.path, "problem": why }),
    };
    let image = |(file, wim): &(&DiscFile, Wim)| {
        json!({
            "path": file.path, "bytes": file.size, "solid": wim.solid, "part": wim.part, "boot_index": wim.boot_index,
            "largest_resource": wim.largest, "fits_fat32": file.size < FAT_FILE, "images": wim.images,
        })
    };
    json!({
        "format": disc.format.words(), "label": disc.label, "bytes": disc.length, "files": disc.files.len(),
        "loaders": loaders.iter().map(loader).collect::<Vec<_>>(),
        "wims": images.iter().map(image).collect::<Vec<_>>(),
    })
}
