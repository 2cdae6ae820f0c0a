//! What a laptop's firmware trusts and what it refuses: the UEFI variables `db`, `dbx` and `KEK`, which hold
//! EFI_SIGNATURE_LISTs (UEFI 2.10, 32.4.1).
//!
//! Firmware vendors put strange things there; what is not understood is counted and passed over.

use super::{Authority, Svn, authenticode::ProgramDigest, subject};

/// One variable, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignatureLists {
    /// Certificates, by whom they are; each once, in the order of the variable.
    pub authorities: Vec<Authority>,
    /// Digests of programs. In `dbx` these are what was found to be dangerous, one by one.
    pub digests: u32,
    /// Certificates that are named by digest only, and so cannot be told apart here.
    pub certificate_digests: u32,
    /// The floor for Windows' boot manager, which Microsoft keeps in `dbx` in the form of a digest.
    pub boot_manager_svn: Option<Svn>,
    /// Bytes or lists were not understood.
    pub damaged: bool,
}

/// Types of lists (UEFI 2.10, 32.4.1), as the bytes of their GUIDs lie in the variable.
pub mod kind {
    pub const SHA_256: [u8; 16] = guid(0xc1c4_1626, 0x504c, 0x4092, *b"\xac\xa9\x41\xf9\x36\x93\x43\x28");
    pub const X_509: [u8; 16] = guid(0xa5c0_59a1, 0x94e4, 0x4aa7, *b"\x87\xb5\xab\x15\x5c\x2b\xf0\x72");
    pub const X_509_SHA_256: [u8; 16] = guid(0x3bd2_a492, 0x96c0, 0x4079, *b"\xb4\x20\xfc\xf9\x8e\xf1\x03\xed");
    pub const X_509_SHA_384: [u8; 16] = guid(0x7076_876e, 0x80c2, 0x4ee6, *b"\xaa\xd2\x28\xb3\x49\xa6\x86\x5b");
    pub const X_509_SHA_512: [u8; 16] = guid(0x446d_bf63, 0x2502, 0x4cda, *b"\xbc\xfa\x24\x65\xd2\xb0\xfe\x9d");

    const fn guid(first: u32, second: u16, third: u16, rest: [u8; 8]) -> [u8; 16] {
        let ([a, b, c, d], [e, f], [g, h]) = (first.to_le_bytes(), second.to_le_bytes(), third.to_le_bytes());
        let [i, j, k, l, m, n, o, p] = rest;
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
    }
}

/// An entry of 32 bytes that is no digest: a one, this GUID (`9d132b61-59d5-4388-ab1c-185c3cb2eb92`), the
/// version as a little-endian number, zeros. Source: Microsoft's secureboot_objects, `HashesJsonSchema.json`.
pub const BOOT_MANAGER_SVN: [u8; 17] =
    [1, 0x61, 0x2b, 0x13, 0x9d, 0xd5, 0x59, 0x88, 0x43, 0xab, 0x1c, 0x18, 0x5c, 0x3c, 0xb2, 0xeb, 0x92];
/// The same for the loaders of Windows' discs (`cdboot`) and of its deployment server (`wdsmgfw`), which are on no
/// medium of ours. Their GUIDs: `e8f82e9d-e127-4158-a488-4c18abe2f284`, `c999cac2-7ffe-496f-8127-9e2a8a535976`.
const OTHER_SVNS: [[u8; 17]; 2] = [
    [1, 0x9d, 0x2e, 0xf8, 0xe8, 0x27, 0xe1, 0x58, 0x41, 0xa4, 0x88, 0x4c, 0x18, 0xab, 0xe2, 0xf2, 0x84],
    [1, 0xc2, 0xca, 0x99, 0xc9, 0xfe, 0x7f, 0x6f, 0x49, 0x81, 0x27, 0x9e, 0x2a, 0x8a, 0x53, 0x59, 0x76],
];
/// A variable larger than this is none: firmware has 64 KiB for all of them.
const LONGEST: usize = 1 << 20;
/// Certificates in what was seen: a dozen.
const MOST: usize = 64;

/// Reads the value of a variable, without its attributes.
pub fn read(value: &[u8]) -> SignatureLists {
    let mut found = SignatureLists { damaged: value.len() > LONGEST, ..SignatureLists::default() };
    let mut rest = value.get(..LONGEST).unwrap_or(value);
    while !rest.is_empty() {
        let Some((list, behind)) = List::first(rest) else {
            found.damaged = true;
            break;
        };
        found.take(&list);
        rest = behind;
    }
    found
}

/// Whether a variable names a program by this digest.
pub fn names(value: &[u8], program: &ProgramDigest) -> bool {
    let mut rest = value.get(..LONGEST).unwrap_or(value);
    while let Some((list, behind)) = List::first(rest) {
        let digests = list.entries.chunks_exact(list.size).filter_map(|entry| entry.get(16..));
        if list.kind == kind::SHA_256 && digests.into_iter().any(|digest| digest == program.0) {
            return true;
        }
        rest = behind;
    }
    false
}

struct List<'a> {
    kind: [u8; 16],
    /// Of one entry, its owner's GUID included; more than 16.
    size: usize,
    entries: &'a [u8],
}

impl<'a> List<'a> {
    fn first(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (kind, rest) = bytes.split_first_chunk::<16>()?;
        let (sizes, _) = rest.split_first_chunk::<12>()?;
        let ([length, header, size], _) = sizes.as_chunks::<4>() else { return None };
        let [length, header, size] = [length, header, size].map(|n| usize::try_from(u32::from_le_bytes(*n)).ok());
        let (length, size) = (length?, size.filter(|size| *size > 16)?);
        let (list, behind) = bytes.split_at_checked(length)?;
        let entries = list.get(28..)?.get(header?..)?;
        Some((Self { kind: *kind, size, entries }, behind))
    }
}

impl SignatureLists {
    fn take(&mut self, list: &List<'_>) {
        let mut entries = list.entries.chunks_exact(list.size);
        for entry in &mut entries {
            let data = entry.get(16..).unwrap_or_default();
            match list.kind {
                kind::SHA_256 => self.digest(data),
                kind::X_509 => match subject(data) {
                    Some(authority) => {
                        if self.authorities.len() < MOST && !self.authorities.contains(&authority) {
                            self.authorities.push(authority);
                        }
                    }
                    None => self.damaged = true,
                },
                kind::X_509_SHA_256 | kind::X_509_SHA_384 | kind::X_509_SHA_512 => self.certificate_digests += 1,
                // Bare keys and other digests: nobody was seen to use them.
                _ => {}
            }
        }
        self.damaged |= !entries.remainder().is_empty();
    }

    fn digest(&mut self, data: &[u8]) {
        let Some(svn) = data.strip_prefix(&BOOT_MANAGER_SVN).and_then(|rest| rest.first_chunk()) else {
            self.digests += u32::from(!OTHER_SVNS.iter().any(|other| data.starts_with(other)));
            return;
        };
        let svn = Svn::from_u32(u32::from_le_bytes(*svn));
        self.boot_manager_svn = self.boot_manager_svn.max(Some(svn));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::testing::{certificate, list};

    /// Of `OVMF_VARS_4M.ms.fd`, Debian ovmf 2022.11-6+deb12u2.
    const DB: &[u8] = include_bytes!("../../../tests/fixtures/firmware/ovmf-db.esl");
    const DBX: &[u8] = include_bytes!("../../../tests/fixtures/firmware/ovmf-dbx.esl");
    const KEK: &[u8] = include_bytes!("../../../tests/fixtures/firmware/ovmf-KEK.esl");

    #[test]
    fn firmware_with_the_keys_of_2011_says_so() {
        let db = read(DB);
        assert_eq!(db.authorities, [Authority::Windows2011, Authority::ThirdParty2011]);
        assert!(!db.damaged);
        let kek: Vec<_> = read(KEK).authorities.iter().map(|authority| authority.name().to_owned()).collect();
        assert_eq!(kek, ["Debian UEFI Secure Boot (PK/KEK key)", "Microsoft Corporation KEK CA 2011"]);
        assert_eq!(read(DBX), SignatureLists { digests: 1, ..SignatureLists::default() });
    }

    #[test]
    fn a_revoked_authority_and_a_floor_are_no_digests() {
        let svn = |n: u32| [&BOOT_MANAGER_SVN[..], &n.to_le_bytes(), &[0; 11]].concat();
        let revoked = certificate("Microsoft Windows Production PCA 2011", "Microsoft Root");
        let dbx = [
            list(kind::SHA_256, [1; 16], &[vec![7; 32], vec![8; 32]]),
            list(kind::X_509, [2; 16], &[revoked]),
            list(kind::SHA_256, [3; 16], &[svn(0x0002_0000), svn(0x0007_0000)]),
            list(kind::X_509_SHA_256, [4; 16], &[vec![9; 48]]),
        ];
        let read = read(&dbx.concat());
        assert_eq!(read.digests, 2);
        assert_eq!(read.authorities, [Authority::Windows2011]);
        assert_eq!(read.boot_manager_svn, Some(Svn { major: 7, minor: 0 }));
        assert_eq!((read.certificate_digests, read.damaged), (1, false));
    }

    #[test]
    fn a_program_is_found_by_its_digest_wherever_it_is_listed() {
        let dbx = [
            list(kind::X_509_SHA_256, [4; 16], &[vec![9; 48]]),
            list(kind::SHA_256, [1; 16], &[vec![7; 32], vec![8; 32]]),
            list(kind::SHA_256, [1; 16], &[vec![6; 32]]),
        ];
        let dbx = dbx.concat();
        let named = [5, 6, 7, 8, 9].map(|byte| names(&dbx, &ProgramDigest([byte; 32])));
        assert_eq!(named, [false, true, true, true, false]);
        assert!(!names(&dbx[..dbx.len() - 1], &ProgramDigest([6; 32])), "cut off: it is not whole");
    }

    /// Microsoft's updates bring one entry for each loader that counts versions.
    #[test]
    fn floors_of_other_loaders_are_neither_digests_nor_the_boot_managers() {
        let entry = |prefix: &[u8; 17], n: u32| [&prefix[..], &n.to_le_bytes(), &[0; 11]].concat();
        let floors = [
            entry(&BOOT_MANAGER_SVN, 0x0007_0000),
            entry(&OTHER_SVNS[0], 0x0009_0000),
            entry(&OTHER_SVNS[1], 0x0009_0000),
        ];
        let read = read(&list(kind::SHA_256, [1; 16], &floors));
        assert_eq!((read.digests, read.boot_manager_svn), (0, Some(Svn { major: 7, minor: 0 })));
    }

    #[test]
    fn what_is_whole_before_the_damage_counts() {
        let cut = read(&DB[..DB.len() - 1]);
        assert_eq!((cut.authorities, cut.damaged), (vec![Authority::Windows2011], true));
        let mut endless = list(kind::SHA_256, [1; 16], &[vec![7; 32]]);
        endless[24..28].fill(0);
        assert!(read(&endless).damaged);
        assert!(read(&[0xff; 28]).damaged);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), at in 0..DB.len()) {
            let _ = (read(&bytes), names(&bytes, &ProgramDigest([0; 32])));
            let mut edited = DB.to_vec();
            edited[at] = bytes.first().copied().unwrap_or(0);
            let _ = read(&edited);
        }
    }
}
