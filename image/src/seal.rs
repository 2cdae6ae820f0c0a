//! The bench's signature on an image as a whole: a record like a stick's, in the same place, of no stick.
//!
//! The image's extent map names the bytes, but anybody can write a map. With this, what sticks are made from is proven
//! to be what the bench built. A stick gets a record of its own in its place.

use std::{fs::OpenOptions, io, os::unix::fs::FileExt, path::Path};

use whiteglove_core::{
    clock::Moment,
    media::{
        HEAD,
        sign::{PublicKey, Signer},
        stick::{self, Found, Record, RecordError},
    },
};

use crate::{
    media::digest,
    verify::{self, VerifyError},
    write::source::Image,
};

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("the image cannot be signed: {0}")]
    Io(#[from] io::Error),
    #[error("the image cannot be signed: {0}")]
    Image(#[from] VerifyError),
    #[error("the image cannot be signed: {0}")]
    Record(RecordError),
}

/// Signs a finished image. `issued`: as in its manifest, so that an image built again has the same bytes.
///
/// # Errors
/// It is no image, or cannot be written.
pub fn seal(path: &Path, tool: &str, issued: Moment, signer: &Signer) -> Result<(), SealError> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let map = verify::read_map(&mut file)?;
    let read = |offset: u64, length: u64| -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    };
    let (head, gap) = (read(0, stick::OFFSET)?, read(map.offset(), HEAD - map.offset())?);
    let record = Record::of_image(map.media, digest(&gap), digest(&head), issued, tool.to_owned());
    file.write_all_at(&record.seal(signer).map_err(SealError::Record)?, stick::OFFSET)?;
    file.sync_all()?;
    Ok(())
}

/// Who vouches for an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vouched {
    Ours,
    /// It was made before images were signed, or by another bench.
    NotOurs,
}

impl Image {
    /// Whether this key's bench built it as it is now.
    ///
    /// # Errors
    /// It was changed since it was signed, or cannot be read.
    pub fn vouched(&self, key: &PublicKey) -> Result<Vouched, VerifyError> {
        let mut block = vec![0; usize::try_from(stick::ROOM).map_err(io::Error::other)?];
        self.read(stick::OFFSET, &mut block)?;
        let record = match Found::read(&block).and_then(|found| found.checked(key)) {
            Ok(record) => record,
            Err(RecordError::Missing | RecordError::OtherBench(_) | RecordError::Format(_)) => {
                return Ok(Vouched::NotOurs);
            }
            Err(RecordError::Damaged(_) | RecordError::Forged) => return Err(changed("its record")),
        };
        let mut head = vec![0; usize::try_from(stick::OFFSET).map_err(io::Error::other)?];
        self.read(0, &mut head)?;
        if record.map != digest(self.gap()) || record.media != self.media() {
            return Err(changed("its extent map"));
        }
        match record.table == digest(&head) {
            true => Ok(Vouched::Ours),
            false => Err(changed("its partition table")),
        }
    }
}

fn changed(what: &'static str) -> VerifyError {
    VerifyError::Unsigned { what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{issue, small};

    #[test]
    fn an_image_is_vouched_for_until_it_is_changed() {
        let (_plan, _folder, path) = small();
        let signer = issue(1).signer;
        let vouched = |key: &PublicKey| Image::open(&path).unwrap().vouched(key);
        assert_eq!(vouched(&signer.public()).unwrap(), Vouched::NotOurs, "nobody signed it yet");
        seal(&path, "0.1.0", Moment::from_millis(5), &signer).unwrap();
        assert_eq!(vouched(&signer.public()).unwrap(), Vouched::Ours);
        assert_eq!(vouched(&Signer::from_seed(&[1; 32]).public()).unwrap(), Vouched::NotOurs);
        let once = std::fs::read(&path).unwrap();
        seal(&path, "0.1.0", Moment::from_millis(5), &signer).unwrap();
        assert!(std::fs::read(&path).unwrap() == once, "same inputs, same bytes");
        let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        for at in [stick::OFFSET + 200, 446] {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[byte[0] ^ 1], at).unwrap();
            let refused = Image::open(&path).map(|image| image.vouched(&signer.public()));
            assert!(matches!(refused, Err(_) | Ok(Err(VerifyError::Unsigned { .. }))), "{at}");
            file.write_all_at(&byte, at).unwrap();
        }
    }
}
