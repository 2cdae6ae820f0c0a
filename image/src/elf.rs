//! As much ELF as the boot environment asks about: is this program static, and what does this
//! kernel module say of itself. 64-bit little-endian only; see elf(5).

use crate::le::{u16_at, u32_at, u64_at};

/// A 64-bit little-endian ELF file, its two tables in bounds.
#[derive(Debug)]
pub(crate) struct Elf<'a> {
    bytes: &'a [u8],
    entry: u64,
    programs: Table,
    sections: Table,
    names_index: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotElf {
    #[error("it is not an ELF file")]
    Magic,
    #[error("it is not for 64-bit x86")]
    Machine,
    #[error("its tables point outside the file")]
    Truncated,
}

#[derive(Debug, Clone, Copy)]
struct Table {
    offset: usize,
    entry_size: usize,
    count: usize,
}

const X86_64: u16 = 62;
const PT_INTERP: u32 = 3;

impl<'a> Elf<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, NotElf> {
        // 0x7f E L F, class 2 (64 bit), data 1 (little endian).
        if !bytes.starts_with(b"\x7fELF\x02\x01") {
            return Err(NotElf::Magic);
        }
        if u16_at(bytes, 18).ok_or(NotElf::Truncated)? != X86_64 {
            return Err(NotElf::Machine);
        }
        Self::tables(bytes).ok_or(NotElf::Truncated)
    }

    fn tables(bytes: &'a [u8]) -> Option<Self> {
        let table = |offset, size, count| {
            let table = Table {
                offset: usize::try_from(u64_at(bytes, offset)?).ok()?,
                entry_size: usize::from(u16_at(bytes, size)?),
                count: usize::from(u16_at(bytes, count)?),
            };
            let length = table.entry_size.checked_mul(table.count)?;
            bytes.get(table.offset..table.offset.checked_add(length)?)?;
            Some(table)
        };
        Some(Self {
            bytes,
            entry: u64_at(bytes, 24)?,
            programs: table(32, 54, 56)?,
            sections: table(40, 58, 60)?,
            names_index: usize::from(u16_at(bytes, 62)?),
        })
    }

    /// A program that starts on its own: it has an entry point and asks for no dynamic loader.
    pub(crate) fn is_static_program(&self) -> bool {
        let mut kinds = self.rows(self.programs).map(|row| u32_at(row, 0));
        self.entry != 0 && !kinds.any(|kind| kind == Some(PT_INTERP))
    }

    pub(crate) fn section(&self, name: &str) -> Option<&'a [u8]> {
        let names = self.content(self.rows(self.sections).nth(self.names_index)?)?;
        let header = self.rows(self.sections).find(|header| {
            u32_at(header, 0)
                .and_then(|at| names.get(usize::try_from(at).ok()?..))
                .and_then(|rest| rest.split(|b| *b == 0).next())
                == Some(name.as_bytes())
        })?;
        self.content(header)
    }

    fn rows(&self, table: Table) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let bytes = self.bytes;
        (0..table.count).filter_map(move |i| {
            let start = table.offset + i * table.entry_size;
            bytes.get(start..start + table.entry_size)
        })
    }

    fn content(&self, header: &[u8]) -> Option<&'a [u8]> {
        let offset = usize::try_from(u64_at(header, 24)?).ok()?;
        let size = usize::try_from(u64_at(header, 32)?).ok()?;
        self.bytes.get(offset..offset.checked_add(size)?)
    }
}

/// Smallest files of the two kinds that this module tells apart, for tests here and elsewhere.
#[cfg(test)]
pub(crate) mod samples {
    fn header(entry: u64, programs: (u64, u16), sections: (u64, u16)) -> Vec<u8> {
        let mut h = b"\x7fELF\x02\x01\x01".to_vec();
        h.resize(16, 0);
        h.extend(3u16.to_le_bytes());
        h.extend(super::X86_64.to_le_bytes());
        h.extend(1u32.to_le_bytes());
        h.extend(entry.to_le_bytes());
        h.extend(programs.0.to_le_bytes());
        h.extend(sections.0.to_le_bytes());
        h.extend(0u32.to_le_bytes());
        for half in [64u16, 56, programs.1, 64, sections.1, sections.1.saturating_sub(1)] {
            h.extend(half.to_le_bytes());
        }
        h
    }

    /// A program with one program header of this type (1 is LOAD, 3 is INTERP).
    pub(crate) fn program(header_type: u32) -> Vec<u8> {
        let mut elf = header(0x40_1000, (64, 1), (0, 0));
        elf.extend(header_type.to_le_bytes());
        elf.resize(64 + 56, 0);
        elf
    }

    /// A relocatable object with a `.modinfo` section of these `key=value` strings.
    pub(crate) fn module(info: &[&str]) -> Vec<u8> {
        let modinfo: Vec<u8> = info.iter().flat_map(|s| s.bytes().chain([0])).collect();
        let names = b"\0.modinfo\0.shstrtab\0";
        let at = 64 + 3 * 64;
        let mut elf = header(0, (0, 0), (64, 3));
        elf.extend([0; 64]);
        for (name, offset, size) in [(1u32, at, modinfo.len()), (10, at + modinfo.len(), names.len())] {
            let mut row = name.to_le_bytes().to_vec();
            row.resize(24, 0);
            row.extend((offset as u64).to_le_bytes());
            row.extend((size as u64).to_le_bytes());
            row.resize(64, 0);
            elf.extend(row);
        }
        elf.extend(modinfo);
        elf.extend(names);
        elf
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_names_a_loader_is_not_static() {
        assert!(Elf::parse(&samples::program(1)).unwrap().is_static_program());
        assert!(!Elf::parse(&samples::program(3)).unwrap().is_static_program());
    }

    #[test]
    fn an_object_without_an_entry_point_is_no_program() {
        assert!(!Elf::parse(&samples::module(&["a=b"])).unwrap().is_static_program());
    }

    #[test]
    fn sections_are_found_by_name() {
        let module = samples::module(&["name=igc", "depends=ptp"]);
        let elf = Elf::parse(&module).unwrap();
        assert_eq!(elf.section(".modinfo"), Some(&b"name=igc\0depends=ptp\0"[..]));
        assert_eq!(elf.section(".text"), None);
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        assert_eq!(Elf::parse(b"MZ").unwrap_err(), NotElf::Magic);
        let module = samples::module(&["name=igc"]);
        for length in 0..module.len() {
            if let Ok(elf) = Elf::parse(&module[..length]) {
                let _ = (elf.section(".modinfo"), elf.is_static_program());
            }
        }
        for at in 16..64 {
            let mut bent = module.clone();
            bent[at] = 0xff;
            if let Ok(elf) = Elf::parse(&bent) {
                let _ = (elf.section(".modinfo"), elf.is_static_program());
            }
        }
    }
}
