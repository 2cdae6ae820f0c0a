//! Whether a stick comes back with something that an erase would lose: names and sizes, no content.

use std::io::{self, Read, Seek, SeekFrom};

use fatfs::{Dir, FileSystem, FsOptions};
use whiteglove_core::{
    media::{
        DATA_LABEL,
        keep::{BLANK, KEEP_LABEL},
    },
    sticks::brought::Brought,
};

use super::{FOLDER, LISTING, MAX_FILES, is_taken_in, logs};
use crate::{
    aligned::Blockwise,
    fat::window::Window,
    table::{Table, TableError},
    verify::{self, VerifyError},
};

/// Of a disk that whiteglove did not make: nothing, whatever is on it. `device` may be opened for direct I/O.
///
/// # Errors
/// It does not answer.
pub fn brought<D: Read + Seek>(device: &mut D, size: u64) -> io::Result<Brought> {
    let mut disk = Blockwise::new(device, size);
    match verify::read_map(&mut disk) {
        Ok(_) => {}
        Err(VerifyError::Read(reason)) => return Err(reason),
        Err(_) => return Ok(Brought::default()),
    }
    let table = match Table::read(&mut disk, size) {
        Ok(table) => table,
        Err(TableError::Io(reason)) => return Err(reason),
        // Half written: whatever was on it is gone.
        Err(_) => return Ok(Brought::default()),
    };
    let stretches = table.stretches(size);
    let place =
        |label: &str| stretches.iter().find(|(name, ..)| name == label).map(|(_, start, length)| (*start, *length));
    let bench = match place(KEEP_LABEL) {
        Some((start, length)) if length >= BLANK => {
            let mut beginning = vec![0; usize::try_from(BLANK).map_err(io::Error::other)?];
            disk.seek(SeekFrom::Start(start))?;
            disk.read_exact(&mut beginning)?;
            beginning.iter().any(|byte| *byte != 0)
        }
        _ => false,
    };
    let Some((start, length)) = place(DATA_LABEL) else { return Ok(Brought { bench, ..Brought::default() }) };
    match counted(Window::new(disk, start, length)) {
        Ok((captures, logs)) => Ok(Brought { captures, logs, bench, unread: false }),
        // Of a stick that is gone or fails the system gives a number; damage is found by us.
        Err(reason) if reason.raw_os_error().is_some() => Err(reason),
        Err(_) => Ok(Brought { bench, unread: true, ..Brought::default() }),
    }
}

fn counted<R: Read + Seek>(window: Window<R>) -> io::Result<(usize, usize)> {
    let allowance = window.allowance();
    allowance.renew(LISTING);
    let fs = FileSystem::new(window, FsOptions::new())?;
    let folder = |name: &str| match fs.root_dir().open_dir(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        folder => folder.map(Some),
    };
    let mut captures = 0;
    if let Some(folder) = folder(FOLDER)? {
        allowance.renew(LISTING);
        for entry in folder.iter().take(MAX_FILES) {
            let entry = entry?;
            // An empty one has nothing to lose.
            captures += usize::from(entry.is_file() && entry.len() > 0 && is_taken_in(&entry.file_name()));
        }
    }
    let mut runs = 0;
    if let Some(folder) = folder(logs::FOLDER)? {
        allowance.renew(LISTING);
        for entry in folder.iter().take(logs::MAX_RUNS) {
            let entry = entry?;
            if entry.is_dir() && !is_dots(&entry.file_name()) {
                allowance.renew(LISTING);
                runs += usize::from(has_a_file(&entry.to_dir(), 0, &mut 0)?);
            }
        }
    }
    Ok((captures, runs))
}

fn is_dots(name: &str) -> bool {
    matches!(name, "." | "..")
}

/// Also if it is deeper, or has more in it, than anybody looks. `seen` counts what was looked at.
fn has_a_file<R: Read + Seek>(folder: &Dir<'_, Window<R>>, depth: usize, seen: &mut usize) -> io::Result<bool> {
    for entry in folder.iter() {
        let entry = entry?;
        *seen += 1;
        let is_folder = entry.is_dir() && depth < logs::DEEPEST && *seen < logs::MAX_FILES;
        if !is_folder || !is_dots(&entry.file_name()) && has_a_file(&entry.to_dir(), depth + 1, seen)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use whiteglove_core::media::{Contents, Form, Item, MbrBoot, MediaPlan, Part, Spec};

    use super::*;
    use crate::testing::{built, noise, spec};

    fn stick(form: Form, data: Vec<Item>) -> MediaPlan {
        let contents = Contents { boot: vec![], data, bios: None };
        MediaPlan::new(Spec { contents, form, boot_size: Some(34 << 20), data_size: Some(34 << 20), ..spec() }).unwrap()
    }

    fn looked_at(plan: &MediaPlan, change: impl FnOnce(&mut [u8])) -> io::Result<Brought> {
        let (_folder, path) = built(plan);
        let mut bytes = std::fs::read(path).unwrap();
        change(&mut bytes);
        let size = bytes.len() as u64;
        brought(&mut Cursor::new(bytes), size)
    }

    fn returned() -> Vec<Item> {
        vec![
            Item::inline("captures/0f3c.wgc", noise(1, 30_000)),
            Item::inline("captures/PF1-20261125-101112.csv", b"hash".to_vec()),
            Item::inline("captures/empty.wgc", vec![]),
            Item::inline("captures/notes.txt", b"not a capture".to_vec()),
            Item::inline("logs/PF1-20261125-101112/summary.txt", b"logs".to_vec()),
            Item::inline("logs/PF2-20261125-101112/a/b/c.evtx", b"logs".to_vec()),
            Item::directory("logs/PF3-20261125-101112/nothing"),
            Item::inline("README.TXT", b"x".to_vec()),
        ]
    }

    #[test]
    fn captures_and_logs_are_counted_in_every_form_and_nothing_else() {
        for form in [Form::Gpt, Form::Mbr(MbrBoot::Efi)] {
            let found = looked_at(&stick(form, returned()), |_| {}).unwrap();
            assert_eq!(found, Brought { captures: 2, logs: 2, ..Brought::default() });
        }
        let fresh = vec![Item::directory("captures"), Item::directory("logs"), Item::inline("a.cmd", b"a".to_vec())];
        assert!(looked_at(&stick(Form::Gpt, fresh), |_| {}).unwrap().is_nothing());
    }

    #[test]
    fn what_is_not_ours_or_half_written_brings_nothing() {
        let plan = stick(Form::Gpt, returned());
        // As the writer leaves a stick that it was stopped at.
        assert!(looked_at(&plan, |bytes| bytes[..1 << 20].fill(0)).unwrap().is_nothing());
        let nobodys = vec![0x41; 4 << 20];
        assert!(brought(&mut Cursor::new(nobodys), 4 << 20).unwrap().is_nothing());
        assert!(brought(&mut Cursor::new(vec![0; 512]), 512).unwrap().is_nothing());
    }

    #[test]
    fn a_data_volume_that_cannot_be_read_is_no_empty_one() {
        let plan = stick(Form::Gpt, returned());
        let at = usize::try_from(plan.partition(Part::Data).unwrap().offset()).unwrap();
        let found = looked_at(&plan, |bytes| bytes[at..at + 512].fill(0xee)).unwrap();
        assert!(found.unread && !found.is_importable(), "{found:?}");
    }

    #[test]
    fn a_bench_that_ran_from_it_is_seen() {
        let plan = stick(Form::Gpt, vec![]).keeping();
        assert!(looked_at(&plan, |_| {}).unwrap().is_nothing(), "it never ran");
        let at = usize::try_from(plan.keep.as_ref().unwrap().blank().0).unwrap();
        // The magic number of ext4, where ext4 has it.
        let ran = looked_at(&plan, |bytes| bytes[at + 1080..at + 1082].copy_from_slice(&[0x53, 0xef])).unwrap();
        assert_eq!(ran, Brought { bench: true, ..Brought::default() });
    }
}
