//! A WIM file with holes: what lists its contents, and of the contents only some. wimlib reads it like the whole one,
//! so that a file of one MB is taken out of a WIM of five GB inside a disc without five GB being copied.

use std::io::{self, Read, Seek, SeekFrom, Write};

use super::{Resource, Wim};

impl Wim {
    /// What describes an image's files: needed to list them.
    pub fn metadata(&self, index: u32) -> Option<Resource> {
        let number = usize::try_from(index).ok()?.checked_sub(1)?;
        // They stand in the order of the images (Microsoft, "Windows Imaging File Format").
        self.resources.iter().filter(|resource| resource.metadata).nth(number).copied()
    }

    /// A content, by the name that it has in all WIM files.
    pub fn resource(&self, sha1: [u8; 20]) -> Option<Resource> {
        self.resources.iter().find(|resource| resource.sha1 == sha1 && !resource.metadata).copied()
    }

    /// Puts the lists and these resources at their places; what was never written stays a hole.
    ///
    /// # Errors
    /// What the system says.
    pub fn copy_sparse<R: Read + Seek, W: Write + Seek>(
        &self,
        source: &mut R,
        out: &mut W,
        resources: &[Resource],
    ) -> io::Result<()> {
        let places = resources.iter().map(|resource| (resource.at, resource.stored));
        for (at, length) in self.lists.into_iter().chain(places) {
            source.seek(SeekFrom::Start(at))?;
            out.seek(SeekFrom::Start(at))?;
            let copied = io::copy(&mut source.by_ref().take(length), out)?;
            if copied < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}
