//! EFI programs: the parts of a PE file (Microsoft PE/COFF specification) that tell whether, by whom and over
//! what it is signed. Whether a signature is *good* is for the firmware; an unsigned file is refused here, before
//! a laptop refuses it with less to say.

use sha2::{Digest, Sha256};
use whiteglove_core::windows::Architecture;

use crate::le::{self, u16_at};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeError {
    #[error("it is not an EFI program")]
    NotPe,
    #[error("it is not for 64-bit x86")]
    Machine,
    #[error("it carries no signature")]
    Unsigned,
    #[error("its certificate table is damaged")]
    Damaged,
}

const AMD64: u16 = 0x8664;
const PE32: u16 = 0x10b;
const PE32_PLUS: u16 = 0x20b;
/// Indices among the data directories, which start 112 bytes into the optional header (96 for 32-bit programs).
const RESOURCES: usize = 2;
const CERTIFICATES: usize = 4;
const PKCS_SIGNED_DATA: u16 = 2;
/// The length of the COFF header behind `PE\0\0`, and of one entry of the section table.
const COFF: usize = 20;
const SECTION: usize = 40;

/// For which processors a program is. `None`: it is no program, or for others than Windows runs on.
pub fn architecture(file: &[u8]) -> Option<Architecture> {
    match Pe::parse(file).ok()?.machine {
        0x14c => Some(Architecture::X86),
        0x1c4 => Some(Architecture::Arm),
        AMD64 => Some(Architecture::X64),
        0xaa64 => Some(Architecture::Arm64),
        _ => None,
    }
}

/// A program whose headers were found. Offsets are in the file unless said otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pe<'a> {
    file: &'a [u8],
    /// Of the COFF header.
    header: usize,
    machine: u16,
    /// Of the first data directory, and how many there are.
    directories: usize,
    count: usize,
}

/// An entry of the section table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section<'a> {
    name: &'a [u8],
    virtual_size: usize,
    address: usize,
    size: usize,
    offset: usize,
}

impl<'a> Pe<'a> {
    pub(super) fn parse(file: &'a [u8]) -> Result<Self, PeError> {
        if !file.starts_with(b"MZ") {
            return Err(PeError::NotPe);
        }
        let pe = u32_at(file, 0x3c).ok_or(PeError::NotPe)?;
        let header = pe.checked_add(4).filter(|_| file.get(pe..).is_some_and(|f| f.starts_with(b"PE\0\0")));
        let header = header.ok_or(PeError::NotPe)?;
        let optional = header + COFF;
        let directories = match u16_at(file, optional) {
            Some(PE32_PLUS) => optional + 112,
            Some(PE32) => optional + 96,
            _ => return Err(PeError::NotPe),
        };
        let machine = u16_at(file, header).ok_or(PeError::NotPe)?;
        let count = u32_at(file, directories - 4).ok_or(PeError::NotPe)?;
        Ok(Self { file, header, machine, directories, count })
    }

    /// Address (for the certificates: offset) and size of a table, if the program has it.
    fn directory(&self, index: usize) -> Result<Option<(usize, usize)>, PeError> {
        if self.count <= index {
            return Ok(None);
        }
        let at = self.directories + index * 8;
        let (Some(start), Some(size)) = (u32_at(self.file, at), u32_at(self.file, at + 4)) else {
            return Err(PeError::NotPe);
        };
        Ok((size != 0).then_some((start, size)))
    }

    /// The PKCS#7 entries of the certificate table; none if the file is not signed.
    pub(super) fn certificates(&self) -> Result<Vec<&'a [u8]>, PeError> {
        // Unlike the other directories this one holds a file offset, not an address.
        let Some((offset, size)) = self.directory(CERTIFICATES)? else { return Ok(Vec::new()) };
        let mut table = offset.checked_add(size).and_then(|end| self.file.get(offset..end)).ok_or(PeError::Damaged)?;
        let mut found = Vec::new();
        while !table.is_empty() {
            let length = u32_at(table, 0).filter(|length| *length > 8).ok_or(PeError::Damaged)?;
            let entry = table.get(8..length).ok_or(PeError::Damaged)?;
            if u16_at(table, 6) == Some(PKCS_SIGNED_DATA) {
                found.push(entry);
            }
            // Entries are padded to eight bytes; the last one's padding may be cut off.
            table = table.get(length.next_multiple_of(8)..).unwrap_or_default();
        }
        Ok(found)
    }

    fn sections(&self) -> impl Iterator<Item = Section<'a>> {
        let file = self.file;
        let count = u16_at(file, self.header + 2).unwrap_or(0);
        let start = u16_at(file, self.header + 16).map(|optional| self.header + COFF + usize::from(optional));
        let entries = start.into_iter().flat_map(move |start| {
            (0..usize::from(count)).map_while(move |n| file.get(start + n * SECTION..start + (n + 1) * SECTION))
        });
        entries.filter_map(|entry| {
            Some(Section {
                name: entry.get(..8)?,
                virtual_size: u32_at(entry, 8)?,
                address: u32_at(entry, 12)?,
                size: u32_at(entry, 16)?,
                offset: u32_at(entry, 20)?,
            })
        })
    }

    /// The content of the section of this name, of at most eight characters.
    pub(super) fn section(&self, name: &str) -> Option<&'a [u8]> {
        let named = |section: &Section<'_>| {
            section.name.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.iter().all(|b| *b == 0))
        };
        let section = self.sections().find(named)?;
        // What is loaded of it: the file has it filled up to a multiple.
        let length = if section.virtual_size == 0 { section.size } else { section.size.min(section.virtual_size) };
        self.file.get(section.offset..section.offset.checked_add(length)?)
    }

    /// The bytes that lie at this address once the program is loaded, up to the end of their section.
    fn at(&self, address: usize) -> Option<&'a [u8]> {
        self.sections().find_map(|section| {
            let into = address.checked_sub(section.address).filter(|into| *into < section.size)?;
            let end = section.offset.checked_add(section.size)?;
            self.file.get(section.offset.checked_add(into)?..end)
        })
    }

    /// The resource table, from its root to the end of its section.
    pub(super) fn resources(&self) -> Option<Resources<'a>> {
        let (address, _) = self.directory(RESOURCES).ok()??;
        Some(Resources { pe: *self, root: self.at(address)? })
    }

    /// The digest that a signature is over: of the whole file without its checksum, the place where the
    /// certificate table is named, and that table ("Windows Authenticode Portable Executable Signature
    /// Format", Microsoft 2008, "Calculating the PE Image Hash"). Sections count in the order in which they lie in the
    /// file, then what is behind them: so does edk2, which is the base of most firmware.
    pub(super) fn digest(&self) -> Result<[u8; 32], PeError> {
        let piece = |from: usize, to: usize| self.file.get(from..to).ok_or(PeError::Damaged);
        let optional = self.header + COFF;
        let headers = u32_at(self.file, optional + 60).ok_or(PeError::Damaged)?;
        let entry = self.directories + CERTIFICATES * 8;
        let mut hash = Sha256::new();
        hash.update(piece(0, optional + 64)?);
        match self.count > CERTIFICATES {
            true => {
                hash.update(piece(optional + 68, entry)?);
                hash.update(piece(entry + 8, headers)?);
            }
            false => hash.update(piece(optional + 68, headers)?),
        }
        let mut sections: Vec<_> = self.sections().filter(|section| section.size != 0).collect();
        sections.sort_by_key(|section| section.offset);
        let mut hashed = headers;
        for section in sections {
            hash.update(piece(section.offset, section.offset.checked_add(section.size).ok_or(PeError::Damaged)?)?);
            hashed = hashed.checked_add(section.size).ok_or(PeError::Damaged)?;
        }
        let certificates = self.directory(CERTIFICATES)?.map_or(0, |(_, size)| size);
        let end = self.file.len().checked_sub(certificates).ok_or(PeError::Damaged)?;
        if hashed < end {
            hash.update(piece(hashed, end)?);
        }
        Ok(hash.finalize().into())
    }
}

/// Resources: a tree of type, name and language ("The .rsrc Section").
pub(super) struct Resources<'a> {
    pe: Pe<'a>,
    root: &'a [u8],
}

impl<'a> Resources<'a> {
    const RAW_DATA: u32 = 10;
    /// Set in an offset that leads to another table, and in one that leads to a name.
    const HIGH: u32 = 1 << 31;

    /// The raw data of this name, in any language.
    pub(super) fn raw(&self, name: &str) -> Option<&'a [u8]> {
        let types = self.table(0)?;
        let names = self.child(types.into_iter().find(|(id, _)| *id == Self::RAW_DATA)?.1)?;
        let named = self.table(names)?.into_iter().find(|(id, _)| self.is_called(*id, name))?;
        let (_, leaf) = self.table(self.child(named.1)?)?.into_iter().next()?;
        let leaf = usize::try_from(leaf).ok().filter(|_| leaf & Self::HIGH == 0)?;
        let (address, size) = (u32_at(self.root, leaf)?, u32_at(self.root, leaf.checked_add(4)?)?);
        self.pe.at(address)?.get(..size)
    }

    /// Identifiers and offsets of one table.
    fn table(&self, at: usize) -> Option<Vec<(u32, u32)>> {
        let bytes = self.root.get(at..)?;
        let count = usize::from(u16_at(bytes, 12)?) + usize::from(u16_at(bytes, 14)?);
        let (entries, _) = bytes.get(16..)?.as_chunks::<8>();
        let entries = entries.iter().take(count);
        Some(
            entries
                .map(|[a, b, c, d, e, f, g, h]| {
                    (u32::from_le_bytes([*a, *b, *c, *d]), u32::from_le_bytes([*e, *f, *g, *h]))
                })
                .collect(),
        )
    }

    fn child(&self, offset: u32) -> Option<usize> {
        usize::try_from(offset & !Self::HIGH).ok().filter(|_| offset & Self::HIGH != 0)
    }

    /// Names are UTF-16 with their length in front.
    fn is_called(&self, id: u32, name: &str) -> bool {
        let held = self.child(id).and_then(|at| {
            let length = usize::from(u16_at(self.root, at)?);
            self.root.get(at.checked_add(2)?..)?.get(..length * 2)
        });
        held.is_some_and(|held| {
            held.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).eq(name.encode_utf16())
        })
    }
}

/// How many signatures a program for 64-bit x86 carries; at least one.
pub(super) fn signatures(file: &[u8]) -> Result<usize, PeError> {
    let pe = Pe::parse(file)?;
    if pe.machine != AMD64 {
        return Err(PeError::Machine);
    }
    match pe.certificates()?.len() {
        0 => Err(PeError::Unsigned),
        count => Ok(count),
    }
}

/// Offsets and lengths have 32 bits each.
fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    le::u32_at(bytes, at).and_then(|value| usize::try_from(value).ok())
}

/// Programs as small as they may be, for tests here and elsewhere.
#[cfg(any(test, feature = "testing"))]
#[allow(clippy::unwrap_used, reason = "only tests make programs")]
pub mod made;
#[cfg(test)]
pub(crate) use made::{program, sample, signed};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_counted() {
        // Today's shim carries two: Microsoft's UEFI CA of 2011 and that of 2023.
        assert_eq!(signatures(&sample(&[b"one", b"second"])), Ok(2));
    }

    #[test]
    fn an_unsigned_program_is_refused() {
        assert_eq!(signatures(&sample(&[])), Err(PeError::Unsigned));
    }

    #[test]
    fn what_is_no_efi_program_is_named() {
        assert_eq!(signatures(b"\x7fELF"), Err(PeError::NotPe));
        let mut arm = sample(&[b"one"]);
        arm[68] = 0xaa;
        assert_eq!(signatures(&arm), Err(PeError::Machine));
    }

    #[test]
    fn a_cut_file_is_never_a_panic_or_signed() {
        let whole = sample(&[b"certificate"]);
        for length in 0..whole.len() - 8 {
            assert!(signatures(&whole[..length]).is_err(), "{length}");
        }
    }
}
