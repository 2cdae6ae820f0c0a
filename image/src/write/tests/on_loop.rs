//! On the kernel's own block layer, as far as a loop device has it.

use std::{
    fs::{self, File, OpenOptions},
    ops::ControlFlow,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use whiteglove_core::{
    control::Progress,
    disk::{Bus, Disk, ErasePermit, Policy, Refusal},
};

use super::super::{source::Image, *};
use crate::testing::{assert_clean, dirty, on, said, small, tool};

const REHEARSAL: Policy = Policy { allow_loop: true };

/// A loop device, taken down again whatever happens.
struct Loop(PathBuf);

impl Loop {
    fn over(file: &Path) -> Option<Self> {
        let output = tool("losetup", &["--find", "--show", &file.to_string_lossy()])?;
        if !output.status.success() {
            eprintln!("SKIPPED: no loop device to be had here: {}", said(&output));
            return None;
        }
        Some(Self(said(&output).trim().into()))
    }

    /// Under a name of one's own choice, that `--find` gives to nobody.
    fn at(name: &str, file: &Path) -> Option<Self> {
        let output = tool("losetup", &[name, &file.to_string_lossy()])?;
        if !output.status.success() {
            eprintln!("SKIPPED: no loop device to be had here: {}", said(&output));
            return None;
        }
        Some(Self(name.into()))
    }

    fn disk(&self) -> Disk {
        Machine::default().disk(&self.0).unwrap()
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        tool("losetup", &["--detach", &self.0.to_string_lossy()]);
    }
}

fn permit(disk: &Disk) -> ErasePermit {
    ErasePermit::confirm(disk.clone(), &disk.name(), 0, REHEARSAL).unwrap()
}

#[test]
fn a_real_block_device_is_written_and_read_back() {
    let (plan, folder, image) = small();
    let size = plan.size + (3 << 20) + 512;
    let path = dirty(folder.path(), "stick", size, 0x41);
    let Some(device) = Loop::over(&path) else { return };
    let machine = Machine::default();
    let disk = device.disk();
    assert_eq!((disk.bus, disk.size_bytes), (Bus::Loop, size));

    let refused = ErasePermit::confirm(disk.clone(), &disk.name(), plan.size, Policy::default());
    assert!(matches!(refused, Err(Refusal::NotUsb { bus: Bus::Loop })));

    let image = Image::open(&image).unwrap();
    write_disk(image, permit(&disk), &machine, Manner::default(), &mut on).unwrap();
    assert_clean(&plan, &device.0);
    drop(device);
    assert_clean(&plan, &path);
}

/// The next stick gets the name of the one that left, and is as large: only the kernel's count tells them apart.
#[test]
fn a_stick_that_took_the_name_of_another_is_refused() {
    let (plan, folder, image) = small();
    let [chosen, other] = ["chosen", "other"].map(|name| dirty(folder.path(), name, plan.size, 0x41));
    // Tests of another working copy may run at the same time.
    let name = format!("/dev/loop{}", 7600 + std::process::id() % 8);
    let Some(device) = Loop::at(&name, &chosen) else { return };
    let disk = device.disk();
    let permit = || permit(&disk);
    drop(device);
    let Some(device) = Loop::at(&name, &other) else { return };
    let now = device.disk();
    assert_eq!(Disk { diskseq: disk.diskseq, ..now.clone() }, disk, "nothing else tells");
    assert!(now.diskseq > disk.diskseq, "{:?} {:?}", now.diskseq, disk.diskseq);
    let machine = Machine::default();
    let image = || Image::open(&image).unwrap();
    let written = write_disk(image(), permit(), &machine, Manner::default(), &mut on).unwrap_err();
    let updated = update::update_disk(image(), permit(), &machine, None, false, &mut on).unwrap_err();
    for error in [written, updated] {
        let Cause::Open(OpenError::Refused(Refusal::Changed { what })) = &error.cause else { panic!("{error}") };
        assert_eq!((error.touched, what.as_str()), (false, "the order of arrival"));
    }
    drop(device);
    assert!(fs::read(&other).unwrap()[512..].iter().all(|byte| *byte == 0x41));
}

/// What was written changes on the stick, and the kernel remembers it as it was.
#[test]
fn what_is_read_back_comes_from_the_stick_and_not_from_memory() {
    let (plan, folder, image) = small();
    let path = dirty(folder.path(), "stick", plan.size, 0x41);
    let Some(device) = Loop::over(&path) else { return };
    let image = Image::open(&image).unwrap();
    let last = image.map.extents.iter().rfind(|extent| extent.offset < plan.partitions[1].offset()).unwrap().offset;
    let (reader, behind) = (File::open(&device.0).unwrap(), OpenOptions::new().write(true).open(&path).unwrap());
    let mut remembered = vec![0; usize::try_from(plan.size).unwrap()];
    let mut changed = false;
    let mut watch = |progress: Progress| {
        if progress.task == "reading back" && !std::mem::replace(&mut changed, true) {
            reader.read_exact_at(&mut remembered, 0).unwrap();
            behind.write_all_at(&[!remembered[usize::try_from(last).unwrap()]], last).unwrap();
            behind.sync_all().unwrap();
            let mut byte = [0];
            reader.read_exact_at(&mut byte, last).unwrap();
            assert_eq!(byte[0], remembered[usize::try_from(last).unwrap()], "memory does not know");
        }
        ControlFlow::Continue(())
    };
    let disk = device.disk();
    let written = write_disk(image, permit(&disk), &Machine::default(), Manner::default(), &mut watch).unwrap();
    assert_eq!(written.seen.retries, 1, "it was noticed, and written again");
    drop(device);
    assert_clean(&plan, &path);
    let mut byte = [0];
    File::open(&path).unwrap().read_exact_at(&mut byte, last).unwrap();
    assert_eq!(byte[0], remembered[usize::try_from(last).unwrap()]);
}
