//! ISO 9660 (ECMA-119), with Joliet names where there are, else with Rock Ridge's, else its own.

use std::io::{Read, Seek};

use whiteglove_core::media::piece;

use super::{Disc, DiscError, Folder, Format, Found, Image, Piece};
use crate::le::{u16_at, u32_at};

const SECTOR: u64 = 2048;
const MOST_DESCRIPTORS: u64 = 64;
/// UCS-2 of level 1, 2 and 3 (Joliet specification).
const JOLIET: [&[u8]; 3] = [b"%/@", b"%/C", b"%/E"];

/// `None`: the image has no ISO 9660.
pub(super) fn read<R: Read + Seek>(image: &mut Image<'_, R>) -> Result<Option<Disc>, DiscError> {
    let (mut primary, mut joliet) = (None, None);
    for number in 16..16 + MOST_DESCRIPTORS {
        let Ok(sector) = image.at(number * SECTOR, 2048) else { break };
        if &sector[1..6] != b"CD001" || sector[0] == 255 {
            break;
        }
        match sector[0] {
            1 if primary.is_none() => primary = Some(sector),
            2 if JOLIET.iter().any(|escape| sector[88..].starts_with(escape)) => joliet = Some(sector),
            _ => {}
        }
    }
    let Some(primary) = primary else { return Ok(None) };
    let damaged = |what, at| DiscError::Damaged { what, at };
    let (volume, wide) = match &joliet {
        Some(joliet) => (joliet, true),
        None => (&primary, false),
    };
    if u16_at(volume, 128) != Some(2048) {
        return Err(DiscError::Unsupported("blocks of another size than 2048 bytes"));
    }
    let label = if wide { utf16(&volume[40..72]) } else { Some(latin(&volume[40..72])) };
    let label = label.unwrap_or_default().trim_end_matches([' ', '\0']).to_owned();
    let root = Record::parse(&volume[156..190]).ok_or_else(|| damaged("root folder", 16 * SECTOR))?;
    let mut found = Found::new(image.length);
    let mut rock_ridge = false;
    found.enter("", root.block)?;
    let mut open = vec![Folder { path: String::new(), place: root.piece() }];
    while let Some(folder) = open.pop() {
        let at = folder.place.at.unwrap_or(0);
        let records = image.all(&[folder.place], folder.place.length)?;
        // Files of 4 GiB and more come as several records in a row.
        let mut growing: Option<(String, Vec<Piece>)> = None;
        let mut place = 0;
        while let Some(length) = records.get(place) {
            if *length == 0 {
                // Records do not cross sectors.
                place = (place + 1).next_multiple_of(2048);
                continue;
            }
            let record = records.get(place..place + usize::from(*length)).and_then(Record::parse);
            let record = record.ok_or_else(|| damaged("folder", at + place as u64))?;
            place += usize::from(*length);
            if matches!(record.name, [0] | [1]) {
                continue;
            }
            if record.interleaved {
                return Err(DiscError::Unsupported("interleaved files"));
            }
            let ridge = if wide { None } else { record.rock_ridge() };
            rock_ridge |= ridge.is_some();
            let name = match (wide, ridge) {
                (true, _) => utf16(record.name).ok_or_else(|| damaged("name", at))?,
                (false, Some(name)) => name,
                (false, None) => latin(record.name),
            };
            let path = Found::<u32>::path(&folder.path, without_version(&name))?;
            if record.directory {
                found.enter(&path, record.block)?;
                found.directory(path.clone())?;
                open.push(Folder { path, place: record.piece() });
                continue;
            }
            let (whole, mut pieces) = growing.take().unwrap_or_else(|| (path.clone(), Vec::new()));
            if whole != path {
                return Err(damaged("folder", at));
            }
            piece::push(&mut pieces, record.piece());
            match record.goes_on {
                true => growing = Some((path, pieces)),
                false => {
                    let size = pieces.iter().map(|piece| piece.length).sum();
                    found.file(path, size, pieces)?;
                }
            }
        }
        if growing.is_some() {
            return Err(damaged("folder", at));
        }
    }
    let format = match (wide, rock_ridge) {
        (true, _) => Format::Joliet,
        (false, true) => Format::RockRidge,
        (false, false) => Format::Iso9660,
    };
    found.done(format, label).map(Some)
}

/// A directory record (ECMA-119 9.1).
struct Record<'a> {
    block: u32,
    size: u32,
    directory: bool,
    goes_on: bool,
    interleaved: bool,
    name: &'a [u8],
    /// What comes behind the name: Rock Ridge.
    system: &'a [u8],
}

impl<'a> Record<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (flags, name) = (*bytes.get(25)?, usize::from(*bytes.get(32)?));
        // A record that describes itself has its attributes before the content.
        let block = u32_at(bytes, 2)?.checked_add(u32::from(*bytes.get(1)?))?;
        let end = 33 + name;
        Some(Self {
            block,
            size: u32_at(bytes, 10)?,
            directory: flags & 2 != 0,
            goes_on: flags & 0x80 != 0,
            interleaved: bytes.get(26..28)? != [0, 0],
            name: bytes.get(33..end).filter(|name| !name.is_empty())?,
            system: bytes.get(end + usize::from(name.is_multiple_of(2))..).unwrap_or_default(),
        })
    }

    fn piece(&self) -> Piece {
        Piece::new(u64::from(self.block) * SECTOR, u64::from(self.size))
    }

    /// The alternate name (IEEE P1282 4.1.4), as far as it stands in the record itself.
    fn rock_ridge(&self) -> Option<String> {
        let (mut rest, mut name) = (self.system, Vec::new());
        while let [a, b, length, _version, ..] = rest {
            let field = rest.get(..usize::from(*length)).filter(|field| field.len() >= 4)?;
            if [*a, *b] == *b"NM" {
                name.extend_from_slice(field.get(5..)?);
            }
            rest = &rest[field.len()..];
        }
        String::from_utf8(name).ok().filter(|name| !name.is_empty())
    }
}

fn latin(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

/// `NAME.EXT;1` is version 1 of it, and `NAME.` has no extension.
fn without_version(name: &str) -> &str {
    let bare = name.rsplit_once(';').filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()));
    match bare {
        Some((bare, _)) => bare.strip_suffix('.').filter(|bare| !bare.is_empty()).unwrap_or(bare),
        None => name,
    }
}
