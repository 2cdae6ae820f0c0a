//! Windows PE for laptops that start from the network: what wimboot loads, under the names by which it is found.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    ops::ControlFlow,
    path::Path,
};

use whiteglove_core::{
    control::Progress,
    media::{Item, Windows},
    problem::Problem,
    windows::layout::BOOT_IMAGE,
};
use whiteglove_image::{boot::WIMBOOT, media::Watch, origin::Origin};

use super::{Bench, tools, workshop::cancelled};

/// Names on a medium, and in the folder for the network. wimboot takes fonts out of `boot.wim`, and makes of a BIOS's
/// configuration one for UEFI.
const FILES: [(&str, &str); 6] = [
    ("EFI/BOOT/BOOTX64.EFI", "bootmgfw.efi"),
    // The first of both that is there.
    ("boot/bcd", "boot/bcd"),
    ("EFI/Microsoft/Boot/BCD", "boot/bcd"),
    ("boot/boot.sdi", "boot/boot.sdi"),
    ("bootmgr", "bootmgr"),
    (BOOT_IMAGE, BOOT_IMAGE),
];

impl Bench<'_> {
    /// Fills a new folder. Gives what a person should know of it.
    ///
    /// # Errors
    /// As of [`Bench::winpe`]; there is no wimboot, or the disk refuses.
    pub(crate) fn network(
        &self,
        windows: &Windows,
        wimboot: Option<&Path>,
        folder: &Path,
        watch: Watch<'_>,
    ) -> Result<Vec<String>, Problem> {
        if windows.drivers.is_some() {
            return Err(Problem::new(
                "Windows PE was not made ready for the network.",
                "Drivers lie beside it on a stick or a disc, and over the network there is nothing beside it.",
                "Leave --drivers out, or make a stick.",
            ));
        }
        let own = windows.tools.as_deref().unwrap_or(self.tools);
        let wimboot = tools::named(own, WIMBOOT).or_else(|| wimboot.map(Path::to_owned)).ok_or_else(|| {
            Problem::new(
                "Windows PE was not made ready for the network.",
                format!("{} has no wimboot, which loads Windows PE over the network.", own.display()),
                "Download wimboot from github.com/ipxe/wimboot (releases) into that folder, and try again.",
            )
        })?;
        let ready = self.winpe(windows, watch)?;
        let files = FILES.iter().filter_map(|(on_medium, name)| {
            let item = ready.contents.boot.iter().find(|item| item.path() == *on_medium)?;
            Some((*name, item))
        });
        let files: Vec<_> = files.collect();
        if !files.iter().any(|(name, _)| *name == "bootmgfw.efi") {
            return Err(Problem::new(
                "Windows PE was not made ready for the network.",
                "wimboot starts x64 only, and the ISO is for another processor.",
                "Make a stick of it, or use an ISO for x64.",
            ));
        }
        let total = files.iter().map(|(_, item)| size(item)).sum();
        let mut done = 0;
        let mut copy = |name: &str, item: &Item| -> io::Result<()> {
            let Item::File { source, .. } = item else { return Ok(()) };
            let mut step = |length| {
                done += length;
                watch(Progress { task: "copying Windows PE".to_owned(), done, total })
            };
            put(&folder.join(name), &mut Origin::open(source)?, &mut step)
        };
        let copied = files.iter().try_for_each(|(name, item)| match folder.join(name).exists() {
            true => Ok(()),
            false => copy(name, item),
        });
        let wimboot = File::open(wimboot);
        let copied =
            copied.and_then(|()| put(&folder.join(WIMBOOT), &mut wimboot?, &mut |_| ControlFlow::Continue(())));
        match copied {
            Ok(()) => Ok(ready.notes),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(cancelled()),
            Err(error) => Err(Problem::new(
                "Windows PE was not made ready for the network.",
                format!("The system says: {error}."),
                "Check the free space and the permissions there, and try again.",
            )),
        }
    }
}

fn size(item: &Item) -> u64 {
    match item {
        Item::File { size, .. } => *size,
        Item::Directory { .. } => 0,
    }
}

/// `Interrupted`: the person cancelled.
fn put(path: &Path, from: &mut impl Read, step: &mut dyn FnMut(u64) -> ControlFlow<()>) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut into = File::create_new(path)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            return into.sync_all();
        }
        into.write_all(&buffer[..length])?;
        if step(length as u64).is_break() {
            return Err(io::ErrorKind::Interrupted.into());
        }
    }
}
