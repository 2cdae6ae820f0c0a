//! What an update leaves: the data volume is the person's, so its scripts and words stay those of an earlier medium.
//! Counted, to be said.

use std::io::{self, Read, Seek, SeekFrom};

use fatfs::{Dir, FileSystem, FsOptions};

use crate::{aligned::Blockwise, fat::window::Window, write::source::Image};

/// Of directories and tables on the stick.
const LISTING: u64 = 8 << 20;

/// How many files that the image has on its data volume the stick has not, or has another of that name. Whatever cannot
/// be read counts as another.
pub(super) fn stale<D: Read + Seek>(image: &Image, device: &mut D, size: u64, offset: u64, length: u64) -> usize {
    let ours = Window::new(Bytes { image, at: 0 }, offset, length);
    let theirs = Window::new(Blockwise::new(device, size), offset, length);
    let allowance = theirs.allowance();
    let count = || -> io::Result<usize> {
        let ours = FileSystem::new(ours, FsOptions::new())?;
        allowance.renew(LISTING);
        let theirs = FileSystem::new(theirs, FsOptions::new()).ok();
        let mut files = Vec::new();
        list(&ours.root_dir(), "", &mut files)?;
        let same = |(path, wanted): &(String, Vec<u8>)| {
            allowance.renew(LISTING + 2 * wanted.len() as u64);
            let theirs = theirs.as_ref()?;
            let mut found = Vec::new();
            let file = theirs.root_dir().open_file(path).ok()?;
            file.take(wanted.len() as u64 + 1).read_to_end(&mut found).ok()?;
            (found == *wanted).then_some(())
        };
        Ok(files.iter().filter(|file| same(file).is_none()).count())
    };
    // The image is one that was checked.
    count().unwrap_or(0)
}

/// Small files all: what is large lies on the boot volume.
fn list<R: Read + Seek>(folder: &Dir<'_, Window<R>>, at: &str, files: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    for entry in folder.iter() {
        let entry = entry?;
        let name = entry.file_name();
        let path = format!("{at}{name}");
        if entry.is_file() {
            let mut bytes = Vec::new();
            entry.to_file().read_to_end(&mut bytes)?;
            files.push((path, bytes));
        } else if !matches!(name.as_str(), "." | "..") {
            list(&entry.to_dir(), &format!("{path}/"), files)?;
        }
    }
    Ok(())
}

/// An image's bytes for readers that seek.
struct Bytes<'a> {
    image: &'a Image,
    at: u64,
}

impl Read for Bytes<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.image.size().saturating_sub(self.at)).unwrap_or(usize::MAX);
        let length = out.len().min(left);
        self.image.read(self.at, &mut out[..length])?;
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for Bytes<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.image.size().checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use whiteglove_core::media::{Contents, Item, MediaPlan, Part, Spec};

    use super::*;
    use crate::testing::{built, spec};

    fn medium(data: Vec<Item>) -> (MediaPlan, tempfile::TempDir, Image) {
        let contents = Contents { boot: vec![], data, bios: None };
        let spec = Spec { contents, boot_size: Some(33 << 20), data_size: Some(33 << 20), ..spec() };
        let plan = MediaPlan::new(spec).unwrap();
        let (folder, path) = built(&plan);
        let image = Image::open(&path).unwrap();
        (plan, folder, image)
    }

    fn bytes(image: &Image) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(image.size()).unwrap()];
        image.read(0, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_an_earlier_medium_left_is_counted_and_captures_do_not_matter() {
        let scripts = |version: &str| {
            vec![
                Item::inline("a.cmd", format!("a of {version}").into_bytes()),
                Item::inline("whiteglove/a longer name.ps1", b"the same in both".to_vec()),
                Item::inline("README.TXT", format!("medium of {version}").into_bytes()),
            ]
        };
        let mut returned = scripts("old");
        returned.push(Item::inline("captures/x.wgc", vec![7; 900]));
        let (_plan, _folder, old) = medium(returned);
        let mut added = scripts("new");
        added.push(Item::inline("b.cmd", b"b".to_vec()));
        let (plan, _other, new) = medium(added);
        let data = plan.partition(Part::Data).unwrap();
        let (offset, length) = (data.offset(), data.sectors() * 512);
        let count = |image: &Image, stick: Vec<u8>| {
            let size = stick.len() as u64;
            stale(image, &mut Cursor::new(stick), size, offset, length)
        };
        assert_eq!(count(&new, bytes(&old)), 3);
        assert_eq!(count(&new, bytes(&new)), 0);
        assert_eq!(count(&new, vec![0xee; bytes(&old).len()]), 4, "nothing of it can be read");
    }
}
