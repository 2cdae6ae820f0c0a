//! Programs as small as they may be.

use super::{AMD64, CERTIFICATES, COFF, PE32_PLUS, PKCS_SIGNED_DATA, SECTION};

/// Where the optional header begins, and its length with sixteen directories.
const OPTIONAL: usize = 64 + 4 + COFF;
const OPTIONAL_LENGTH: usize = 112 + 16 * 8;
const FILE_ALIGNMENT: usize = 512;
const PAGE: usize = 4096;

fn le32(n: usize) -> [u8; 4] {
    u32::try_from(n).unwrap().to_le_bytes()
}

/// A smallest EFI program with these certificates.
pub fn sample(certificates: &[&[u8]]) -> Vec<u8> {
    signed(&program(&[], 16), certificates)
}

/// A program for 64-bit x86 with these sections, one page each. `resources` is the directory in which the last
/// section is named; 16 for none.
pub fn program(sections: &[(&str, &[u8])], resources: usize) -> Vec<u8> {
    let headers = (OPTIONAL + OPTIONAL_LENGTH + sections.len() * SECTION).next_multiple_of(FILE_ALIGNMENT);
    let mut file = b"MZ".to_vec();
    file.resize(headers, 0);
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0x3c, &le32(64));
    put(64, b"PE\0\0");
    put(68, &AMD64.to_le_bytes());
    put(70, &u16::try_from(sections.len()).unwrap().to_le_bytes());
    put(84, &u16::try_from(OPTIONAL_LENGTH).unwrap().to_le_bytes());
    put(86, &0x0022_u16.to_le_bytes());
    put(OPTIONAL, &PE32_PLUS.to_le_bytes());
    put(OPTIONAL + 32, &le32(PAGE));
    put(OPTIONAL + 36, &le32(FILE_ALIGNMENT));
    put(OPTIONAL + 56, &le32(PAGE * (1 + sections.len())));
    put(OPTIONAL + 60, &le32(headers));
    // EFI application.
    put(OPTIONAL + 68, &10_u16.to_le_bytes());
    put(OPTIONAL + 108, &le32(16));
    let mut body = Vec::new();
    for (n, (name, content)) in sections.iter().enumerate() {
        let at = OPTIONAL + OPTIONAL_LENGTH + n * SECTION;
        put(at, name.as_bytes());
        put(at + 8, &le32(content.len()));
        put(at + 12, &le32(PAGE * (1 + n)));
        put(at + 16, &le32(content.len().next_multiple_of(FILE_ALIGNMENT)));
        put(at + 20, &le32(headers + body.len()));
        put(at + 36, &0x6000_0020_u32.to_le_bytes());
        if n + 1 == sections.len() && resources < 16 {
            put(OPTIONAL + 112 + resources * 8, &le32(PAGE * (1 + n)));
            put(OPTIONAL + 112 + resources * 8 + 4, &le32(content.len()));
        }
        body.extend_from_slice(content);
        body.resize(body.len().next_multiple_of(FILE_ALIGNMENT), 0);
    }
    file.extend(body);
    file
}

/// The program with a certificate table behind it.
pub fn signed(program: &[u8], certificates: &[&[u8]]) -> Vec<u8> {
    let mut file = program.to_vec();
    let start = file.len();
    for certificate in certificates {
        file.extend(le32(8 + certificate.len()));
        file.extend(0x0200_u16.to_le_bytes());
        file.extend(PKCS_SIGNED_DATA.to_le_bytes());
        file.extend(*certificate);
        file.resize(file.len().next_multiple_of(8), 0);
    }
    let size = file.len() - start;
    if size != 0 {
        let at = OPTIONAL + 112 + CERTIFICATES * 8;
        file[at..at + 4].copy_from_slice(&le32(start));
        file[at + 4..at + 8].copy_from_slice(&le32(size));
    }
    file
}
