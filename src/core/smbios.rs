//! The SMBIOS structure table (DMTF DSP0134 3.7), read without trimming: registration compares
//! strings byte for byte, trailing blanks included.
//!
//! Any bytes parse: firmware ships tables with wrong counts and missing terminators, so the walk
//! stops at the first structure that does not fit and keeps what came before.

use std::fmt;

use crate::identity::SystemUuid;

/// A string as it stands in the table. The text form replaces what is not UTF-8 and drops controls.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<'a>(pub &'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(self.0).chars().filter(|c| !c.is_control()).try_for_each(|c| write!(f, "{c}"))
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self.0))
    }
}

/// One structure: its type, its formatted area (header included) and its strings.
#[derive(Debug, Clone, Copy)]
pub struct Structure<'a> {
    pub kind: u8,
    formatted: &'a [u8],
    strings: &'a [u8],
}

impl<'a> Structure<'a> {
    fn byte(&self, offset: usize) -> Option<u8> {
        self.formatted.get(offset).copied()
    }

    fn word(&self, offset: usize) -> Option<u16> {
        let bytes = self.formatted.get(offset..offset + 2)?;
        Some(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    fn long(&self, offset: usize) -> Option<u32> {
        let bytes = self.formatted.get(offset..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes))
    }

    fn quad(&self, offset: usize) -> Option<u64> {
        let bytes = self.formatted.get(offset..)?.first_chunk()?;
        Some(u64::from_le_bytes(*bytes))
    }

    /// The string whose number stands at `offset`; `None` if the number is 0 or the structure ends before it.
    fn numbered(&self, offset: usize) -> Option<Text<'a>> {
        let index = usize::from(self.byte(offset)?).checked_sub(1)?;
        Some(Text(self.strings.split(|byte| *byte == 0).nth(index).unwrap_or_default()))
    }

    /// The same, empty if there is none.
    fn text(&self, offset: usize) -> Text<'a> {
        self.numbered(offset).unwrap_or(Text(&[]))
    }
}

/// Type 1. Offsets: DSP0134 7.2.
#[derive(Debug, Clone, Copy)]
pub struct System<'a> {
    pub manufacturer: Text<'a>,
    pub product: Text<'a>,
    pub version: Text<'a>,
    pub serial: Text<'a>,
    pub uuid: Option<SystemUuid>,
    pub sku: Text<'a>,
    pub family: Text<'a>,
}

impl System<'_> {
    /// What a person calls the machine. Lenovo puts the machine type into `product` and the name
    /// that stands on the lid into `version`.
    pub fn model_name(&self) -> String {
        let product = self.product.to_string().trim().to_owned();
        let version = self.version.to_string().trim().to_owned();
        let lenovo = self.manufacturer.to_string().trim().eq_ignore_ascii_case("lenovo");
        match lenovo && !version.is_empty() && !version.eq_ignore_ascii_case("none") {
            true => format!("{version} ({product})"),
            false => product,
        }
    }
}

/// Type 0, 7.1.
#[derive(Debug, Clone, Copy)]
pub struct Bios<'a> {
    pub vendor: Text<'a>,
    pub version: Text<'a>,
    pub date: Text<'a>,
}

/// Type 2, 7.3.
#[derive(Debug, Clone, Copy)]
pub struct Board<'a> {
    pub manufacturer: Text<'a>,
    pub product: Text<'a>,
    pub version: Text<'a>,
    pub serial: Text<'a>,
}

/// Type 3, 7.4.
#[derive(Debug, Clone, Copy)]
pub struct Chassis<'a> {
    /// 3 desktop, 9 laptop, 10 notebook, 13 all in one, 31 convertible, ...
    pub kind: u8,
    pub manufacturer: Text<'a>,
    pub serial: Text<'a>,
    pub asset_tag: Text<'a>,
}

impl Chassis<'_> {
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            3..=7 => "desktop",
            8 => "portable",
            9 => "laptop",
            10 => "notebook",
            13 => "all in one",
            14 => "sub notebook",
            30 => "tablet",
            31 => "convertible",
            32 => "detachable",
            35 => "mini PC",
            _ => "other",
        }
    }
}

/// A string field, as the table has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringField<'a> {
    /// There is no structure of this type.
    NoStructure,
    /// The field holds the number 0, or the structure is of an older version and ends before it.
    NoString,
    Text(Text<'a>),
}

/// All structures of type 16 that describe system memory (7.17), summed up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemoryArrays {
    pub count: u16,
    /// Sockets, filled or not.
    pub slots: u16,
    pub max_bytes: u64,
    /// Of the first: 3 none, 4 parity, 5 single bit, 6 multi bit, 7 CRC.
    pub ecc: u8,
}

/// Type 43, 7.44: the firmware says that there is a TPM, which does not mean that it shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TpmDevice {
    /// Four characters, NULs at the end: `IFX`.
    pub vendor: [u8; 4],
    /// 1 for TPM 1.2.
    pub major: u8,
    pub minor: u8,
}

/// The structures of a table, in order.
#[derive(Debug, Clone)]
pub struct Smbios<'a> {
    structures: Vec<Structure<'a>>,
}

impl<'a> Smbios<'a> {
    pub fn parse(mut table: &'a [u8]) -> Self {
        let mut structures = Vec::new();
        while let [kind, length, _, _, ..] = *table {
            let length = usize::from(length);
            if length < 4 || length > table.len() {
                break;
            }
            let (formatted, rest) = table.split_at(length);
            // The string set ends with two NULs, also when it is empty (6.1.3).
            let Some(end) = rest.windows(2).position(|pair| pair == [0, 0]) else { break };
            structures.push(Structure { kind, formatted, strings: &rest[..end] });
            table = &rest[end + 2..];
            if kind == 127 {
                break;
            }
        }
        Self { structures }
    }

    pub fn len(&self) -> usize {
        self.structures.len()
    }

    pub fn is_empty(&self) -> bool {
        self.structures.is_empty()
    }

    fn first(&self, kind: u8) -> Option<&Structure<'a>> {
        self.structures.iter().find(|structure| structure.kind == kind)
    }

    /// The string at this offset of the first structure of this type.
    pub fn string(&self, kind: u8, offset: usize) -> StringField<'a> {
        match self.first(kind) {
            None => StringField::NoStructure,
            Some(structure) => structure.numbered(offset).map_or(StringField::NoString, StringField::Text),
        }
    }

    pub fn bios(&self) -> Option<Bios<'a>> {
        let s = self.first(0)?;
        Some(Bios { vendor: s.text(4), version: s.text(5), date: s.text(8) })
    }

    pub fn system(&self) -> Option<System<'a>> {
        let s = self.first(1)?;
        let uuid = s.formatted.get(8..24).and_then(|bytes| bytes.try_into().ok());
        Some(System {
            manufacturer: s.text(4),
            product: s.text(5),
            version: s.text(6),
            serial: s.text(7),
            uuid: uuid.map(SystemUuid),
            sku: s.text(25),
            family: s.text(26),
        })
    }

    pub fn board(&self) -> Option<Board<'a>> {
        let s = self.first(2)?;
        Some(Board { manufacturer: s.text(4), product: s.text(5), version: s.text(6), serial: s.text(7) })
    }

    pub fn chassis(&self) -> Option<Chassis<'a>> {
        let s = self.first(3)?;
        // Bit 7 says that the lid has a lock.
        let kind = s.byte(5)? & 0x7f;
        Some(Chassis { kind, manufacturer: s.text(4), serial: s.text(7), asset_tag: s.text(8) })
    }

    /// Memory modules of type 17 (7.18) summed up, in bytes. `None` if the table lists none.
    pub fn installed_memory(&self) -> Option<u64> {
        let modules = self.structures.iter().filter(|s| s.kind == 17);
        let sizes = modules.filter_map(|s| match s.word(12)? {
            0 | 0xffff => None,
            0x7fff => {
                let bytes = s.formatted.get(28..32)?;
                let mib = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) & 0x7fff_ffff;
                Some(u64::from(mib) << 20)
            }
            kib if kib & 0x8000 != 0 => Some(u64::from(kib & 0x7fff) << 10),
            mib => Some(u64::from(mib) << 20),
        });
        sizes.reduce(|sum, size| sum.saturating_add(size))
    }
}

impl Smbios<'_> {
    /// `None` if the table describes no memory.
    pub fn memory_arrays(&self) -> Option<MemoryArrays> {
        // Use 3 is system memory; flash and video memory have arrays of their own.
        let arrays = self.structures.iter().filter(|s| s.kind == 16 && s.byte(5) == Some(3));
        let mut sum = MemoryArrays::default();
        for array in arrays {
            let max = match array.long(7) {
                // Too large for the field: the extended one counts bytes.
                Some(0x8000_0000) => array.quad(15).unwrap_or(0),
                kib => u64::from(kib.unwrap_or(0)) << 10,
            };
            if sum.count == 0 {
                sum.ecc = array.byte(6).unwrap_or(0);
            }
            sum.count = sum.count.saturating_add(1);
            sum.slots = sum.slots.saturating_add(array.word(13).unwrap_or(0));
            sum.max_bytes = sum.max_bytes.saturating_add(max);
        }
        (sum.count > 0).then_some(sum)
    }

    pub fn tpm(&self) -> Option<TpmDevice> {
        let s = self.first(43)?;
        let vendor = *s.formatted.get(4..)?.first_chunk()?;
        Some(TpmDevice { vendor, major: s.byte(8)?, minor: s.byte(9)? })
    }
}

/// A structure as firmware lays it out (6.1): for simulated machines and tests. `body` is the formatted
/// area after its four-byte header; the handle is zero.
pub fn structure(kind: u8, body: &[u8], strings: &[&str]) -> Vec<u8> {
    let length = u8::try_from(body.len() + 4).unwrap_or(u8::MAX);
    let mut bytes = vec![kind, length, 0, 0];
    bytes.extend(body);
    for string in strings {
        bytes.extend(string.as_bytes());
        bytes.push(0);
    }
    if strings.is_empty() {
        bytes.push(0);
    }
    bytes.push(0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laptop() -> Vec<u8> {
        let mut uuid_and_more = vec![1, 2, 3, 4];
        uuid_and_more.extend([0xaa; 16]);
        uuid_and_more.extend([6, 5, 0]);
        let mut table = structure(0, &[1, 2, 0, 0, 3], &["LENOVO", "N3EET", "01/02/2026"]);
        table.extend(structure(1, &uuid_and_more, &["LENOVO", "21CBCTO1WW", "ThinkPad X1 ", "PF3K9Q ", "LENOVO_MT"]));
        table.extend(structure(3, &[1, 0x8a, 0, 0, 0], &["LENOVO"]));
        table.extend(structure(17, &[0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x20], &[]));
        table.extend(structure(17, &[0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x00], &[]));
        table.extend(structure(127, &[], &[]));
        table
    }

    #[test]
    fn strings_keep_their_blanks() {
        let table = laptop();
        let smbios = Smbios::parse(&table);
        let system = smbios.system().unwrap();
        assert_eq!(system.serial, Text(b"PF3K9Q "));
        assert_eq!((system.sku, system.family), (Text(b"LENOVO_MT"), Text(b"")));
        assert_eq!(system.model_name(), "ThinkPad X1 (21CBCTO1WW)");
        assert_eq!(system.uuid, Some(SystemUuid([0xaa; 16])));
        assert_eq!(smbios.bios().unwrap().version, Text(b"N3EET"));
        assert_eq!(smbios.chassis().unwrap().kind_name(), "notebook");
        assert_eq!(smbios.installed_memory(), Some(8 << 30));
    }

    #[test]
    fn a_string_without_a_number_is_not_an_empty_one() {
        let table = laptop();
        let smbios = Smbios::parse(&table);
        assert_eq!(smbios.string(1, 7), StringField::Text(Text(b"PF3K9Q ")));
        assert_eq!(smbios.string(1, 26), StringField::NoString);
        assert_eq!(smbios.string(1, 40), StringField::NoString, "an older structure is shorter");
        assert_eq!(smbios.string(2, 4), StringField::NoStructure);
    }

    #[test]
    fn memory_arrays_are_summed_up_and_flash_is_none() {
        let array = |usage: u8, ecc: u8, kib: u32, slots: u16, extended: u64| {
            let mut body = vec![3, usage, ecc];
            body.extend(kib.to_le_bytes());
            body.extend([0xfe, 0xff]);
            body.extend(slots.to_le_bytes());
            body.extend(extended.to_le_bytes());
            structure(16, &body, &[])
        };
        let table = [array(4, 6, 1 << 20, 1, 0), array(3, 3, 32 << 20, 2, 0), array(3, 6, 0x8000_0000, 4, 3 << 40)];
        let table = table.concat();
        let sum = Smbios::parse(&table).memory_arrays().unwrap();
        assert_eq!(sum, MemoryArrays { count: 2, slots: 6, max_bytes: (32 << 30) + (3 << 40), ecc: 3 });
        assert_eq!(Smbios::parse(&laptop()).memory_arrays(), None);
    }

    #[test]
    fn a_tpm_that_the_firmware_describes() {
        let table = structure(43, b"IFX\0\x02\x00", &[]);
        assert_eq!(Smbios::parse(&table).tpm(), Some(TpmDevice { vendor: *b"IFX\0", major: 2, minor: 0 }));
        assert_eq!(Smbios::parse(&laptop()).tpm(), None);
    }

    #[test]
    fn a_table_cut_anywhere_gives_what_came_before() {
        let table = laptop();
        let whole = Smbios::parse(&table).len();
        let counts: Vec<usize> = (0..=table.len()).map(|end| Smbios::parse(&table[..end]).len()).collect();
        assert!(counts.is_sorted());
        assert_eq!(counts.last(), Some(&whole));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let smbios = Smbios::parse(&bytes);
            let _ = (smbios.bios().is_some(), smbios.board().is_some(), smbios.chassis().is_some());
            let _ = (smbios.system().map(|s| s.model_name()), smbios.installed_memory());
            let _ = (smbios.string(1, 7), smbios.memory_arrays(), smbios.tpm());
        }
    }
}
