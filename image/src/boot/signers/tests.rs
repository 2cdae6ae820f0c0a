use std::{fs, path::Path, process::Command};

use whiteglove_core::certificates::{Authority, testing};

use super::*;
use crate::testing::{noise, succeeds};

const PCA_2011: &str = "Microsoft Windows Production PCA 2011";

/// A program with code, an SBAT list and a security version, as boot loaders have them.
fn program() -> Vec<u8> {
    let sbat = b"sbat,1,SBAT Version,sbat,1,https://example.org\nloader,3,Fabrikam,loader,1,https://example.org\n";
    let mut rsrc = Vec::new();
    let table = |named: u16, ids: u16| [&[0; 12][..], &named.to_le_bytes(), &ids.to_le_bytes()].concat();
    let entry = |id: u32, offset: u32| [id.to_le_bytes(), offset.to_le_bytes()].concat();
    // Type, name, language, then the leaf, the name and the value.
    rsrc.extend([table(0, 1), entry(10, 1 << 31 | 24)].concat());
    rsrc.extend([table(1, 0), entry(1 << 31 | 88, 1 << 31 | 48)].concat());
    rsrc.extend([table(0, 1), entry(0x409, 72)].concat());
    rsrc.extend([0x3000_u32 + 160, 4, 0, 0].map(u32::to_le_bytes).concat());
    rsrc.extend(u16::try_from(SVN.len()).unwrap().to_le_bytes());
    rsrc.extend(SVN.encode_utf16().flat_map(u16::to_le_bytes));
    rsrc.resize(160, 0);
    rsrc.extend(0x0007_0001_u32.to_le_bytes());
    pe::program(&[(".text", &noise(1, 700)), (".sbat", sbat), (".rsrc", &rsrc)], 2)
}

use super::super::pe::{self, signed};

#[test]
fn every_signature_tells_its_authority_and_whether_it_fits() {
    let plain = program();
    let digest = Pe::parse(&plain).unwrap().digest().unwrap();
    let inner = testing::signature("Microsoft Windows", "Windows UEFI CA 2023", digest, None);
    let outer = testing::signature("Microsoft Windows", PCA_2011, digest, Some(&inner));
    let other = testing::signature("Somebody", "Microsoft UEFI CA 2023", [9; 32], None);
    let signers = read(&signed(&plain, &[&outer, &other])).unwrap();
    let told: Vec<_> = signers.signatures.iter().map(|one| (&one.by, one.nested, one.fits)).collect();
    assert_eq!(
        told,
        [
            (&Authority::Windows2011, false, Some(true)),
            (&Authority::Windows2023, true, Some(true)),
            (&Authority::ThirdParty2023, false, Some(false)),
        ]
    );
    assert_eq!(signers.for_firmware(), [Authority::Windows2011, Authority::ThirdParty2023]);
}

#[test]
fn versions_are_read_from_their_places() {
    let signers = read(&program()).unwrap();
    assert_eq!(signers.signatures, []);
    let sbat: Vec<_> = signers.sbat.iter().map(|line| (&line.name[..], line.generation)).collect();
    assert_eq!(sbat, [("sbat", 1), ("loader", 3)]);
    assert_eq!(signers.svn, Some(Svn { major: 7, minor: 1 }));
}

/// Signed by the tool distributions use, with keys made here; read by it and by us.
#[test]
fn what_sbsign_signed_twice_reads_as_sbverify_reads_it() {
    let bench = tempfile::tempdir().unwrap();
    let at = |name: &str| bench.path().join(name).display().to_string();
    fs::write(at("plain.efi"), program()).unwrap();
    let mut from = at("plain.efi");
    for (n, authority) in [PCA_2011, "Windows UEFI CA 2023"].into_iter().enumerate() {
        let (ca, key, request, leaf, to) = (
            at(&format!("ca{n}.pem")),
            at(&format!("{n}.key")),
            at(&format!("{n}.csr")),
            at(&format!("{n}.pem")),
            at(&format!("{n}.efi")),
        );
        let subject = format!("/C=US/O=Whiteglove's tests/CN={authority}");
        openssl(&[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            &at("ca.key"),
            "-out",
            &ca,
            "-subj",
            &subject,
        ]);
        openssl(&[
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &request,
            "-subj",
            "/CN=Signer of loaders",
        ]);
        openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &ca,
            "-CAkey",
            &at("ca.key"),
            "-set_serial",
            "7",
            "-out",
            &leaf,
        ]);
        succeeds(Command::new("sbsign").args(["--key", &key, "--cert", &leaf, "--output", &to, &from]));
        succeeds(Command::new("sbverify").args(["--cert", &ca, &to]));
        from = to;
    }
    let bytes = fs::read(&from).unwrap();
    let signers = read(&bytes).unwrap();
    let told: Vec<_> = signers.signatures.iter().map(|one| (&one.by, &one.signer[..], one.fits)).collect();
    assert_eq!(
        told,
        [
            (&Authority::Windows2011, "Signer of loaders", Some(true)),
            (&Authority::Windows2023, "Signer of loaders", Some(true)),
        ]
    );
    assert_eq!(
        issuers(Path::new(&from)),
        signers.signatures.iter().map(|one| one.by.name().to_owned()).collect::<Vec<_>>()
    );

    // One byte of code, and the signatures are for another file: so says sbverify, so say we.
    let mut edited = bytes;
    edited[0x400] ^= 1;
    let fits: Vec<_> = read(&edited).unwrap().signatures.iter().map(|one| one.fits).collect();
    assert_eq!(fits, [Some(false), Some(false)]);
    fs::write(&from, edited).unwrap();
    let refused = Command::new("sbverify").args(["--cert", &at("ca1.pem"), &from]).output().unwrap();
    assert!(!refused.status.success());
}

fn openssl(arguments: &[&str]) {
    succeeds(Command::new("openssl").args(arguments));
}

/// The common names that `sbverify --list` gives, one for each signature.
fn issuers(file: &Path) -> Vec<String> {
    let listed = succeeds(Command::new("sbverify").arg("--list").arg(file));
    let mut lines = listed.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if line == "image signature issuers:" {
            found.extend(lines.next().and_then(|line| line.split_once("CN=")).map(|(_, name)| name.to_owned()));
        }
    }
    found
}

#[test]
fn a_cut_or_edited_program_is_never_a_panic() {
    let plain = program();
    let digest = Pe::parse(&plain).unwrap().digest().unwrap();
    let whole = signed(&plain, &[&testing::signature("A", PCA_2011, digest, None)]);
    for length in 0..whole.len() {
        let _ = read(&whole[..length]);
    }
    for at in 0..whole.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut edited = whole.clone();
            edited[at] = value;
            let _ = read(&edited);
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
        let _ = read(&bytes);
        // With headers in place, so that what is behind them is reached.
        let headers = program();
        bytes.splice(0..0, headers.get(..400).unwrap().iter().copied());
        let _ = read(&bytes);
    }
}
