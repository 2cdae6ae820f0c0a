//! Sticks on a real kernel: plugged in, written, failing, slow, pulled out. The bench is a guest in QEMU, its
//! sticks are QEMU's USB devices, and what they hold in the end is judged on this side by other people's tools.
//!
//! One boot for all of it; a guest is up after some ten seconds.

mod guest;
mod log;
mod stick;

use std::{
    collections::BTreeMap,
    fs,
    fs::File,
    os::unix::fs::{FileExt, symlink},
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;
use whiteglove_core::media::map::ExtentMap;
use whiteglove_image::verify;

pub(crate) use self::{
    guest::Guest,
    stick::{Fault, Kind, Stick},
};
use crate::{
    environment,
    support::{Bench, digests::digests, partition, tool},
};

/// As little as an image fits on, and not a round number.
pub(crate) const SIZE: u64 = 900_000_256;
pub(crate) const SIZES: &str = "850M..950M";

/// An image, the guest that has it, and a place for sticks.
pub(crate) struct Lab {
    /// Its folder goes with it.
    _bench: Bench,
    pub(crate) image: PathBuf,
    pub(crate) guest: Guest,
    pub(crate) sticks: TempDir,
}

impl Lab {
    pub(crate) fn open(name: &'static str, environment: &Path) -> Self {
        let bench = Bench::without_boot_environment();
        fs::create_dir_all(bench.state()).unwrap();
        symlink(environment, bench.boot_environment()).unwrap();
        let image = bench.folder.path().join("stick.img");
        bench.says(&["media", "build", "--out", image.to_str().unwrap()]);
        let guest = Guest::boot(name, bench.folder.path(), environment, &image);
        Self { _bench: bench, image, guest, sticks: TempDir::new().unwrap() }
    }

    pub(crate) fn stick(&self, name: &'static str) -> Stick {
        Stick::new(self.sticks.path(), name, SIZE)
    }

    /// It is the image to the byte, but for what makes each stick its own and for the place of the backup table;
    /// and others find nothing wrong with it.
    pub(crate) fn is_good(&self, stick: &Stick) {
        let (of_image, of_stick) = (map_of(&self.image), map_of(&stick.file));
        let (image, file) = (File::open(&self.image).unwrap(), File::open(&stick.file).unwrap());
        assert_eq!(of_image.extents.len(), of_stick.extents.len(), "{}", stick.name);
        let mut own = 0;
        for (extent, on_stick) in of_image.extents.iter().zip(&of_stick.extents) {
            assert_eq!((extent.offset, extent.length), (on_stick.offset, on_stick.length), "{}", stick.name);
            if extent.sha256 != on_stick.sha256 {
                own += 1;
                continue;
            }
            let length = usize::try_from(extent.length).unwrap();
            let (mut wanted, mut found) = (vec![0; length], vec![0; length]);
            image.read_exact_at(&mut wanted, extent.offset).unwrap();
            file.read_exact_at(&mut found, extent.offset).unwrap();
            assert!(wanted == found, "{} differs at {}", stick.name, extent.offset);
        }
        assert!(own <= 3, "{own} extents of {} are its own: the serial numbers of two volumes, and a card", stick.name);
        let path = stick.file.to_str().unwrap();
        let (clean, report) = tool("sgdisk", &["-v", path]);
        assert!(clean && report.contains("No problems found"), "{}: {report}", stick.name);
        for number in [1, 2] {
            let range = partition(&stick.file, number);
            let volume = self.sticks.path().join("volume");
            let (skip, count) = (format!("skip={}", range.start), format!("count={}", range.end - range.start));
            let (from, to) = (format!("if={path}"), format!("of={}", volume.display()));
            let how = ["iflag=skip_bytes,count_bytes", "bs=1M", "conv=sparse", "status=none"];
            let (copied, report) = tool("dd", &[&[&from[..], &to, &skip, &count], &how[..]].concat());
            assert!(copied, "{report}");
            let (clean, report) = tool("fsck.vfat", &["-n", volume.to_str().unwrap()]);
            // Its name and version, and a count of files: any other line is a complaint.
            assert!(clean && report.lines().count() == 2, "{}: {report}", stick.name);
        }
    }

    /// The guest's kernel mounts both partitions and reads every file as mtools does here; and they are those of
    /// the image, but for the card that says which stick it is.
    pub(crate) fn kernel_reads(&mut self, disk: &str, stick: &Stick) {
        self.guest.whiteglove(&format!("media check {disk} --full"));
        // Nothing here does what udev does on a bench: look at the table again once the writer has closed the disk.
        self.guest.says(&format!("blockdev --rereadpt {disk}"));
        for (number, own) in [(1, &["./boot/media.cpio"][..]), (2, &[])] {
            let read = self.guest.files_on(&format!("{disk}{number}"));
            assert!(!read.is_empty() && read == files_on(&stick.file, number), "{disk}{number}: {read:?}");
            let planned = files_on(&self.image, number);
            assert!(read.keys().eq(planned.keys()), "{read:?}");
            let differ: Vec<&String> = read.keys().filter(|path| read[*path] != planned[*path]).collect();
            assert_eq!(differ, own, "{disk}{number}");
        }
    }
}

/// Digests of all files on a partition, by path in lower case, through mtools.
fn files_on(image: &Path, number: u32) -> BTreeMap<String, String> {
    let folder = TempDir::new().unwrap();
    let at = format!("{}@@{}", image.display(), partition(image, number).start);
    let (copied, report) = tool("mcopy", &["-s", "-n", "-i", &at, "::", folder.path().to_str().unwrap()]);
    assert!(copied, "{report}");
    let found = digests(folder.path()).into_iter();
    found.map(|(path, digest)| (format!("./{path}").to_lowercase(), hex::encode(digest))).collect()
}

/// From the output of sha256sum.
fn files(listing: &str) -> BTreeMap<String, String> {
    let pairs = listing.lines().map(|line| {
        let (digest, path) = line.split_once("  ").unwrap_or_else(|| panic!("{listing}"));
        (path.to_lowercase(), digest.to_owned())
    });
    pairs.collect()
}

pub(crate) fn map_of(medium: &Path) -> ExtentMap {
    verify::read_map(&mut File::open(medium).unwrap()).unwrap()
}

/// Why a stick was not made, or left alone, in lower case.
pub(crate) fn why(event: &Value) -> String {
    event["problem"]["why"].as_str().unwrap_or_default().to_lowercase()
}

#[test]
fn sticks_that_are_plugged_in_boot_when_all_of_them_is_right_and_never_otherwise() {
    let Some(environment) = environment() else { return };
    let mut lab = Lab::open("sticks", &environment);
    let before = lab.stick("before");
    lab.guest.plug_and_find(&before);
    lab.guest.arm(SIZES, "", &before);

    // One after another, as a person has two hands. The first takes minutes; nobody waits for it.
    lab.guest.throttle("slow", 500_000);
    let slow = lab.stick("slow").that(Fault::Throttled("slow"));
    lab.guest.plug(&slow);
    let content = map_of(&lab.image).content();
    let middle = map_of(&lab.image).extents.iter().find(|extent| extent.offset > 10 << 20).unwrap().offset;
    let good = [lab.stick("logged").that(Fault::Logged), lab.stick("plain")];
    for stick in &good {
        lab.guest.plug(stick);
    }
    let bad = [
        (lab.stick("no-write").that(Fault::FailsWrites(middle)), "writing at byte"),
        (lab.stick("no-read").that(Fault::FailsReads(middle)), "reading back at byte"),
        (lab.stick("nothing").that(Fault::KeepsNothing), "it claims 0.9 gb and keeps about"),
    ];
    for (stick, _) in &bad {
        lab.guest.plug(stick);
    }
    let mut disks = vec![];
    for stick in &good {
        let end = lab.guest.end_of(stick);
        assert_eq!((&end["event"], &end["retries"]), (&"ready".into(), &0.into()), "{end}");
        disks.push(end["stick"]["path"].as_str().unwrap().to_owned());
    }
    for (stick, reason) in &bad {
        let end = lab.guest.end_of(stick);
        assert!(end["event"] == "failed" && why(&end).contains(reason), "{end}");
        assert!(end["problem"]["what"].as_str().unwrap().contains("it does not boot"), "{end}");
        assert!(stick.fault == Fault::KeepsNothing || stick.is_blank(), "{} boots", stick.name);
    }

    // What is not a stick of this size that nobody needs is left alone.
    let others = [
        (lab.stick("fixed").of(Kind::Fixed), "does not call itself removable"),
        (lab.stick("locked").of(Kind::Locked), "write-protected"),
        (Stick::new(lab.sticks.path(), "small", 840_000_000), "armed for 850m..950m"),
        (Stick::new(lab.sticks.path(), "large", 960_000_000), "armed for 850m..950m"),
    ];
    for (stick, reason) in &others {
        let untouched = stick.last_written();
        lab.guest.plug(stick);
        let end = lab.guest.end_of(stick);
        assert!(end["event"] == "declined" && why(&end).contains(reason), "{end}");
        assert!(stick.last_written() == untouched, "{} was written to", stick.name);
    }
    let vault = lab.stick("vault");
    File::options().write(true).open(&vault.file).unwrap().write_all_at(b"LUKS\xba\xbe\0\x02", 0).unwrap();
    let untouched = vault.last_written();
    lab.guest.plug(&vault);
    let end = lab.guest.end_of(&vault);
    assert!(why(&end).contains("luks") && vault.last_written() == untouched, "{end}");

    // The slow one is under way all the same. It is pulled out, and is blank; put in again it gets ready.
    lab.guest.reaches(&slow, "writing", content / 4);
    lab.guest.pull(&slow);
    let end = lab.guest.end_of(&slow);
    assert!(end["event"] == "failed" && slow.is_blank(), "{end}");
    let slow = Stick { fault: Fault::None, ..slow };
    lab.guest.plug(&slow);
    let end = lab.guest.end_of(&slow);
    assert!(end["event"] == "ready", "{end}");
    disks.push(end["stick"]["path"].as_str().unwrap().to_owned());

    for (disk, stick) in disks.iter().zip(good.iter().chain([&slow])) {
        lab.kernel_reads(disk, stick);
        lab.guest.pull(stick);
        lab.is_good(stick);
    }
    log::assert_never_half_bootable(&log::read(&good[0].log()));
    assert!(!before.is_blank() && !before.boots());
}
