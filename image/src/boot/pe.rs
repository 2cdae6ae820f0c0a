//! Is this EFI program signed? Reads the certificate table of a PE32+ file (Microsoft PE/COFF
//! specification, "The Attribute Certificate Table"). Whether the signature is *good* is for the
//! firmware; an unsigned file is refused here, before a laptop refuses it with less to say.

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
const PE32_PLUS: u16 = 0x20b;
/// Index of the certificate table among the data directories, which start 112 bytes into the optional header.
const CERTIFICATES: usize = 4;
const PKCS_SIGNED_DATA: u16 = 2;

/// How many signatures the file carries; at least one.
pub(super) fn signatures(file: &[u8]) -> Result<usize, PeError> {
    if !file.starts_with(b"MZ") {
        return Err(PeError::NotPe);
    }
    let pe = u32_at(file, 0x3c).ok_or(PeError::NotPe)?;
    let header = file.get(pe..).and_then(|f| f.strip_prefix(b"PE\0\0")).ok_or(PeError::NotPe)?;
    if u16_at(header, 0) != Some(AMD64) || u16_at(header, 20) != Some(PE32_PLUS) {
        return Err(PeError::Machine);
    }
    let directories = u32_at(header, 20 + 108).ok_or(PeError::NotPe)?;
    if directories <= CERTIFICATES {
        return Err(PeError::Unsigned);
    }
    // Unlike the other directories this one holds a file offset, not an address.
    let entry = 20 + 112 + CERTIFICATES * 8;
    let (Some(offset), Some(size)) = (u32_at(header, entry), u32_at(header, entry + 4)) else {
        return Err(PeError::NotPe);
    };
    if size == 0 {
        return Err(PeError::Unsigned);
    }
    let mut table = offset.checked_add(size).and_then(|end| file.get(offset..end)).ok_or(PeError::Damaged)?;
    let mut count = 0;
    while !table.is_empty() {
        let length = u32_at(table, 0).filter(|length| *length > 8).ok_or(PeError::Damaged)?;
        if table.len() < length {
            return Err(PeError::Damaged);
        }
        if u16_at(table, 6) == Some(PKCS_SIGNED_DATA) {
            count += 1;
        }
        // Entries are padded to eight bytes; the last one's padding may be cut off.
        table = table.get(length.next_multiple_of(8)..).unwrap_or_default();
    }
    if count == 0 { Err(PeError::Unsigned) } else { Ok(count) }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let value = bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))?;
    usize::try_from(value).ok()
}

/// A smallest signed EFI program, for tests here and elsewhere.
#[cfg(test)]
pub(crate) fn sample(certificates: &[&[u8]]) -> Vec<u8> {
    let le32 = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let mut table = Vec::new();
    for certificate in certificates {
        table.extend(le32(8 + certificate.len()));
        table.extend(0x0200u16.to_le_bytes());
        table.extend(PKCS_SIGNED_DATA.to_le_bytes());
        table.extend(*certificate);
        table.resize(table.len().next_multiple_of(8), 0);
    }
    let mut file = b"MZ".to_vec();
    file.resize(0x3c, 0);
    file.extend(64u32.to_le_bytes());
    file.extend(b"PE\0\0");
    file.extend(AMD64.to_le_bytes());
    file.resize(68 + 20, 0);
    file.extend(PE32_PLUS.to_le_bytes());
    file.resize(68 + 20 + 108, 0);
    file.extend(16u32.to_le_bytes());
    file.resize(68 + 20 + 112 + 16 * 8, 0);
    let at = 68 + 20 + 112 + CERTIFICATES * 8;
    let end = file.len();
    file[at..at + 4].copy_from_slice(&le32(end));
    file[at + 4..at + 8].copy_from_slice(&le32(table.len()));
    file.extend(table);
    file
}

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
