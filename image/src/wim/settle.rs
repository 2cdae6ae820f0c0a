//! What wimlib takes from the clock and from chance, put to values that follow from what went in: the same inputs are
//! to give the same bytes.

use std::io::{Read, Seek, SeekFrom, Write};

use super::{Header, WimError};

/// Offset and length of the number by which parts of a split WIM know each other.
const GUID: (u64, usize) = (24, 16);
const XML: usize = 72;
/// 100 ns from 1601 to 1970.
const EPOCH: u64 = 116_444_736_000_000_000;

/// Gives a WIM of one image and one part its number and the time it was last changed (seconds since 1970).
///
/// # Errors
/// What the system says, or its list of images is not as wimlib writes it.
pub fn settle<F: Read + Write + Seek>(file: &mut F, guid: [u8; 16], changed: u64) -> Result<(), WimError> {
    let mut head = [0; super::HEADER];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut head)?;
    let xml = Header::parse(&head[XML..]).ok_or(WimError::Damaged("header"))?;
    let damaged = || WimError::Damaged("list of images");
    let length = usize::try_from(xml.stored).ok().filter(|length| *length <= 1 << 20).ok_or_else(damaged)?;
    let mut text = vec![0; length];
    file.seek(SeekFrom::Start(xml.at))?;
    file.read_exact(&mut text)?;
    let changed = EPOCH.saturating_add(changed.saturating_mul(10_000_000));
    let place = find(&text, "<LASTMODIFICATIONTIME>").ok_or_else(damaged)?;
    for (name, half) in [("<HIGHPART>", changed >> 32), ("<LOWPART>", changed & 0xffff_ffff)] {
        let value = utf16(&format!("0x{half:08X}"));
        let at = place + find(&text[place..], name).ok_or_else(damaged)?;
        let room = text.get_mut(at..at + value.len()).ok_or_else(damaged)?;
        if !room.starts_with(&utf16("0x")) {
            return Err(damaged());
        }
        room.copy_from_slice(&value);
    }
    file.seek(SeekFrom::Start(xml.at))?;
    file.write_all(&text)?;
    file.seek(SeekFrom::Start(GUID.0))?;
    file.write_all(&guid[..GUID.1])?;
    Ok(file.flush()?)
}

/// Where what follows these words begins.
fn find(text: &[u8], words: &str) -> Option<usize> {
    let words = utf16(words);
    memchr::memmem::find(text, &words).map(|at| at + words.len())
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
