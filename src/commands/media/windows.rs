//! `whiteglove media windows`: what is on a customer's own Windows disc, before anything is made of it.

use std::{io::Read, path::Path};

use serde_json::{Value, json};
use whiteglove_core::{
    certificates::{authenticode::Signers, listed},
    problem::Problem,
    sticks::gigabytes,
    windows::Edition,
};
use whiteglove_image::{boot::signers, disc::DiscFile};

use super::super::{columns, print, print_json};
use crate::media::windows::iso::{Image, Iso};

/// Where a disc has what firmware starts; some have both processors'.
const LOADERS: [&str; 4] =
    ["efi/boot/bootx64.efi", "efi/boot/bootaa64.efi", "efi/microsoft/boot/bootmgfw.efi", "bootmgr.efi"];
/// A boot manager has two MB.
const LARGEST_LOADER: u64 = 32 << 20;
/// A file on FAT32 is shorter than this.
const FAT_FILE: u64 = 1 << 32;

/// # Errors
/// It is no disc, or not one of Windows, or it was cut off.
pub(super) fn windows(path: &Path, as_json: bool) -> Result<(), Problem> {
    let iso = Iso::open(path)?;
    let loaders: Vec<_> =
        LOADERS.iter().filter_map(|name| iso.disc.find(name)).map(|file| loader(&iso, file)).collect();
    match as_json {
        true => print_json(&described(&iso, &loaders)),
        false => print(&words(&iso, &loaders)),
    }
}

type Loader<'a> = (&'a DiscFile, Result<Signers, String>);

fn loader<'a>(iso: &Iso, file: &'a DiscFile) -> Loader<'a> {
    let mut bytes = Vec::new();
    let read = iso.reader(file).take(LARGEST_LOADER).read_to_end(&mut bytes);
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

fn words(iso: &Iso, loaders: &[Loader<'_>]) -> String {
    let disc = &iso.disc;
    let mut text = format!(
        "{}: {} '{}', {}, {} files\n\nStarts by UEFI from\n",
        iso.path.display(),
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
    for Image { file, wim } in &iso.images {
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

fn described(iso: &Iso, loaders: &[Loader<'_>]) -> Value {
    let disc = &iso.disc;
    let loader = |(file, signers): &Loader<'_>| match signers {
        Ok(signers) => json!({ "path": file.path, "signers": signers }),
        Err(why) => json!({ "path": file.path, "problem": why }),
    };
    let image = |Image { file, wim }: &Image| {
        json!({
            "path": file.path, "bytes": file.size, "solid": wim.solid, "part": wim.part, "boot_index": wim.boot_index,
            "largest_resource": wim.largest, "fits_fat32": file.size < FAT_FILE, "images": wim.images,
        })
    };
    json!({
        "format": disc.format.words(), "label": disc.label, "bytes": disc.length, "files": disc.files.len(),
        "loaders": loaders.iter().map(loader).collect::<Vec<_>>(),
        "wims": iso.images.iter().map(image).collect::<Vec<_>>(),
    })
}
