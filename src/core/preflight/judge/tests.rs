//! A made firmware and a made medium, and one thing between them at a time.

use std::sync::Arc;

use super::*;
use crate::{
    blob::Blob,
    certificates::{
        Svn,
        authenticode::{ProgramDigest, Signers},
        sbat::Component,
        signature_list::{BOOT_MANAGER_SVN, kind},
        testing::{certificate, list},
    },
};

/// Of `OVMF_VARS_4M.ms.fd`: what Microsoft had laptops ship with until 2023.
const OVMF_DB: &[u8] = include_bytes!("../../../../tests/fixtures/firmware/ovmf-db.esl");
const OVMF_DBX: &[u8] = include_bytes!("../../../../tests/fixtures/firmware/ovmf-dbx.esl");
/// Made by `make.py` beside them: a Secured-core laptop as shipped, one of 2025, one on which 2011 is revoked.
const WINDOWS_ONLY: &[u8] = include_bytes!("../../../../tests/fixtures/firmware/made-db-windows-only.esl");
const BOTH: &[u8] = include_bytes!("../../../../tests/fixtures/firmware/made-db-both.esl");
const ONLY_2023: &[u8] = include_bytes!("../../../../tests/fixtures/firmware/made-db-2023.esl");
const REVOKED_2011: &[u8] = include_bytes!("../../../../tests/fixtures/firmware/made-dbx-2011-revoked.esl");
const BY_DIGEST: &[u8] = include_bytes!("../../../../tests/fixtures/firmware/made-dbx-by-digest.esl");
const FLOOR: &[u8] = b"sbat,1,2024010900\nshim,4\ngrub,3\ngrub.debian,4\n";

fn value(bytes: &[u8]) -> Variable {
    Variable::Value(Arc::new(Blob(bytes.to_vec())))
}

fn firmware(db: &[u8], dbx: &[u8]) -> Firmware {
    let keys = Keys { db: value(db), dbx: value(dbx), kek: Variable::Absent, sbat: value(FLOOR) };
    Firmware { uefi: true, secure_boot: Some(true), setup_mode: Some(false), keys: Some(keys) }
}

fn signed(path: &str, by: &[Authority]) -> Program {
    let signature = |by: &Authority| Signature {
        by: by.clone(),
        signer: "Signer of loaders".into(),
        nested: false,
        digest: None,
        fits: Some(true),
    };
    let signatures = by.iter().map(signature).collect();
    Program {
        path: path.into(),
        signers: Signers { signatures, digest: Some(ProgramDigest([0x5a; 32])), ..Signers::default() },
    }
}

fn component(name: &str, generation: u32) -> Component {
    Component { name: name.into(), generation }
}

/// Shim and GRUB, as our own media have them.
fn linux(by: &[Authority]) -> Medium {
    let mut first = signed("EFI/BOOT/BOOTX64.EFI", by);
    first.signers.sbat = vec![component("sbat", 1), component("shim", 4), component("shim.debian", 1)];
    let mut grub = signed("EFI/BOOT/grubx64.efi", &[Authority::Debian]);
    grub.signers.digest = Some(ProgramDigest([0x6b; 32]));
    grub.signers.sbat = vec![component("sbat", 1), component("grub", 4), component("grub.debian", 4)];
    let medium = Medium::of(&[grub, first]).unwrap();
    assert_eq!(medium.programs().count(), 2);
    medium
}

fn windows(by: Authority, svn: Option<Svn>) -> Medium {
    let mut first = signed("efi/boot/bootx64.efi", &[by]);
    first.signers.svn = svn;
    Medium::of(&[first]).unwrap()
}

fn svn(major: u16) -> Svn {
    Svn { major, minor: 0 }
}

fn words(medium: &Medium, firmware: &Firmware) -> String {
    judge(medium, Some(firmware)).to_string()
}

use crate::certificates::Authority::{ThirdParty2011, ThirdParty2023, Windows2011, Windows2023};

#[test]
fn generations_of_certificates_by_what_a_laptop_knows() {
    let old = firmware(OVMF_DB, OVMF_DBX);
    let [core, both, new] = [WINDOWS_ONLY, BOTH, ONLY_2023].map(|db| firmware(db, OVMF_DBX));
    let media = [
        linux(&[ThirdParty2011]),
        linux(&[ThirdParty2023]),
        linux(&[ThirdParty2011, ThirdParty2023]),
        windows(Windows2011, None),
        windows(Windows2023, Some(svn(7))),
    ];
    let table: Vec<String> = media
        .iter()
        .map(|medium| [&old, &core, &both, &new].map(|firmware| words(medium, firmware)).join("\n  "))
        .collect();
    insta::assert_snapshot!(table.join("\n\n"), @"
    accepts it
      refuses it: the third-party CA is off
      accepts it
      refuses it: it knows 2023 only, and this is signed by third-party 2011

    refuses it: it knows 2011 only, and this is signed by third-party 2023
      refuses it: the third-party CA is off
      accepts it
      accepts it

    accepts it
      refuses it: the third-party CA is off
      accepts it
      accepts it

    accepts it
      accepts it
      accepts it
      refuses it: it knows 2023 only, and this is signed by Windows 2011

    refuses it: it knows 2011 only, and this is signed by Windows 2023
      accepts it
      accepts it
      accepts it
    ");
}

#[test]
fn what_a_laptop_says_of_itself_comes_first() {
    let medium = linux(&[ThirdParty2011]);
    assert_eq!(judge(&medium, None), Verdict::Unknown(Doubt::NotCaptured));
    let good = firmware(OVMF_DB, OVMF_DBX);
    assert_eq!(judge(&medium, Some(&good)), Verdict::Accepts);
    let told = |firmware| judge(&medium, Some(&firmware));
    assert_eq!(told(Firmware::default()), Verdict::Unknown(Doubt::Bios));
    assert_eq!(told(Firmware { keys: None, ..good }), Verdict::Unknown(Doubt::OlderAgent));
    assert_eq!(told(Firmware { setup_mode: Some(true), ..good }), Verdict::Unknown(Doubt::SetupMode));
    let off = |db| Firmware { secure_boot: Some(false), ..firmware(db, OVMF_DBX) };
    assert_eq!(told(off(OVMF_DB)), Verdict::Unknown(Doubt::Off { then: vec![] }));
    let then = told(off(WINDOWS_ONLY));
    assert_eq!(then, Verdict::Unknown(Doubt::Off { then: vec![Reason::ThirdPartyOff] }));
    assert_eq!(then.against(), [Reason::ThirdPartyOff]);
    assert_eq!(then.to_string(), "not known: Secure Boot is off; once it is on: the third-party CA is off");
}

#[test]
fn a_revoked_authority_refuses_also_what_a_good_one_signed_as_well() {
    let firmware = firmware(BOTH, REVOKED_2011);
    let revoked =
        |authority: Authority, path: &str| Verdict::Refuses(vec![Reason::Revoked { authority, path: path.to_owned() }]);
    let path = "EFI/BOOT/BOOTX64.EFI";
    // Microsoft revokes Windows' authority of 2011 only; this firmware's owner went further.
    assert_eq!(judge(&linux(&[ThirdParty2011, ThirdParty2023]), Some(&firmware)), revoked(ThirdParty2011, path));
    assert_eq!(judge(&linux(&[ThirdParty2023]), Some(&firmware)), Verdict::Accepts);
    assert_eq!(judge(&windows(Windows2011, None), Some(&firmware)), revoked(Windows2011, "efi/boot/bootx64.efi"));
    // Windows nests the second signature, and firmware does not look there.
    let mut nested = windows(Windows2023, Some(svn(7)));
    let mut inner = nested.first.signers.signatures[0].clone();
    (inner.by, inner.nested) = (Windows2011, true);
    nested.first.signers.signatures.push(inner);
    assert_eq!(judge(&nested, Some(&firmware)), Verdict::Accepts);
}

#[test]
fn a_program_on_the_list_is_refused_by_firmware_and_by_shim() {
    let medium = linux(&[ThirdParty2011]);
    for (digest, path) in [(0x5a, "EFI/BOOT/BOOTX64.EFI"), (0x6b, "EFI/BOOT/grubx64.efi")] {
        let dbx = list(kind::SHA_256, [1; 16], &[vec![1; 32], vec![digest; 32]]);
        let told = judge(&medium, Some(&firmware(OVMF_DB, &dbx)));
        assert_eq!(told, Verdict::Refuses(vec![Reason::Dangerous { path: path.to_owned() }]));
    }
    // And one that the owner allows by its digest starts, whoever signed it.
    let db = [WINDOWS_ONLY, &list(kind::SHA_256, [1; 16], &[vec![0x5a; 32]])].concat();
    assert_eq!(judge(&medium, Some(&firmware(&db, OVMF_DBX))), Verdict::Accepts);
}

#[test]
fn what_is_named_by_digest_could_be_anybody() {
    let medium = linux(&[ThirdParty2011]);
    let told = judge(&medium, Some(&firmware(OVMF_DB, BY_DIGEST)));
    assert_eq!(told, Verdict::Unknown(Doubt::NamedByDigest));
    // What is refused for another reason is refused.
    let told = judge(&medium, Some(&firmware(WINDOWS_ONLY, BY_DIGEST)));
    assert_eq!(told, Verdict::Refuses(vec![Reason::ThirdPartyOff]));
}

#[test]
fn what_could_not_be_read_is_not_taken_for_nothing() {
    let medium = linux(&[ThirdParty2011]);
    let with = |change: &dyn Fn(&mut Keys)| {
        let mut firmware = firmware(OVMF_DB, OVMF_DBX);
        change(firmware.keys.as_mut().unwrap());
        judge(&medium, Some(&firmware))
    };
    let unread = |name: &str| Verdict::Unknown(Doubt::Unread { variable: name.to_owned() });
    let broken = || Variable::Unread("I/O error".to_owned());
    assert_eq!(with(&|keys| keys.db = broken()), unread("db"));
    assert_eq!(with(&|keys| keys.dbx = broken()), unread("dbx"));
    assert_eq!(with(&|keys| keys.sbat = broken()), unread("SbatLevelRT"));
    assert_eq!(with(&|keys| keys.dbx = value(&OVMF_DBX[..70])), unread("dbx"));
    // The first half of the list does not know the signer; the rest is lost.
    assert_eq!(with(&|keys| keys.db = value(&OVMF_DB[..OVMF_DB.len() - 9])), unread("db"));
    // Firmware without a list of what is dangerous, or that never started a shim.
    assert_eq!(with(&|keys| (keys.dbx, keys.sbat) = (Variable::Absent, Variable::Absent)), Verdict::Accepts);
    let nobody = with(&|keys| keys.db = Variable::Absent);
    assert_eq!(nobody, Verdict::Refuses(vec![Reason::NotTrusted { signed: vec![ThirdParty2011] }]));
}

#[test]
fn shim_holds_its_floor_against_itself_and_what_it_loads() {
    let mut firmware = firmware(OVMF_DB, OVMF_DBX);
    firmware.keys.as_mut().unwrap().sbat = value(b"sbat,1,2025051000\nshim,5\ngrub,5\ngrub.debian,4\n");
    let old = |path: &str, component: &str| Reason::TooOld {
        path: path.to_owned(),
        component: component.to_owned(),
        has: 4,
        floor: 5,
    };
    assert_eq!(
        judge(&linux(&[ThirdParty2011]), Some(&firmware)),
        Verdict::Refuses(vec![old("EFI/BOOT/BOOTX64.EFI", "shim"), old("EFI/BOOT/grubx64.efi", "grub")])
    );
    // Nobody holds it against Windows.
    assert_eq!(judge(&windows(Windows2011, None), Some(&firmware)), Verdict::Accepts);
}

#[test]
fn windows_holds_the_floor_of_its_boot_manager() {
    let floor = |n: u32| list(kind::SHA_256, [1; 16], &[[&BOOT_MANAGER_SVN[..], &n.to_le_bytes(), &[0; 11]].concat()]);
    let firmware = firmware(BOTH, &floor(0x0007_0000));
    let told = |version| judge(&windows(Windows2023, version), Some(&firmware));
    assert_eq!(told(Some(svn(7))), Verdict::Accepts);
    assert_eq!(told(Some(svn(3))), Verdict::Refuses(vec![Reason::UnderFloor { has: svn(3), floor: svn(7) }]));
    assert_eq!(told(None), Verdict::Unknown(Doubt::NoVersion { floor: svn(7) }));
    // Shim has none, and nobody asks it.
    assert_eq!(judge(&linux(&[ThirdParty2011]), Some(&firmware)), Verdict::Accepts);
}

#[test]
fn a_loader_nobody_vouches_for() {
    let firmware = firmware(BOTH, OVMF_DBX);
    let mut medium = linux(&[ThirdParty2011]);
    medium.first.signers.signatures[0].fits = Some(false);
    assert_eq!(judge(&medium, Some(&firmware)), Verdict::Refuses(vec![Reason::Changed]));
    medium.first.signers.signatures.clear();
    assert_eq!(judge(&medium, Some(&firmware)), Verdict::Refuses(vec![Reason::Unsigned]));
    let own = Authority::Other("Contoso Secure Boot".to_owned());
    let told = judge(&linux(std::slice::from_ref(&own)), Some(&firmware));
    assert_eq!(told, Verdict::Refuses(vec![Reason::NotTrusted { signed: vec![own.clone()] }]));
    // By the authority's certificate, and by the signer's own.
    for name in [own.name(), "Signer of loaders"] {
        let mut trusting = firmware.clone();
        let own = list(kind::X_509, [1; 16], &[certificate(name, "Contoso Root")]);
        trusting.keys.as_mut().unwrap().db = value(&[BOTH, &own].concat());
        let contoso = linux(&[Authority::Other("Contoso Secure Boot".to_owned())]);
        assert_eq!(judge(&contoso, Some(&trusting)), Verdict::Accepts, "{name}");
    }
}

#[test]
fn every_reason_and_doubt_says_what_to_do() {
    let reasons = [
        Reason::ThirdPartyOff,
        Reason::OnlyOlder { signed: vec![ThirdParty2023] },
        Reason::OnlyNewer { signed: vec![Windows2011] },
        Reason::NotTrusted { signed: vec![ThirdParty2011, ThirdParty2023] },
        Reason::Revoked { authority: Windows2011, path: "efi/boot/bootx64.efi".into() },
        Reason::Dangerous { path: "EFI/BOOT/BOOTX64.EFI".into() },
        Reason::Unsigned,
        Reason::Changed,
        Reason::TooOld { path: "EFI/BOOT/grubx64.efi".into(), component: "grub".into(), has: 4, floor: 5 },
        Reason::UnderFloor { has: svn(3), floor: svn(7) },
    ];
    let doubts = [
        Doubt::NotCaptured,
        Doubt::OlderAgent,
        Doubt::Bios,
        Doubt::SetupMode,
        Doubt::Off { then: vec![] },
        Doubt::NamedByDigest,
        Doubt::Unread { variable: "dbx".into() },
        Doubt::NoVersion { floor: svn(7) },
    ];
    let reasons = reasons.iter().map(|reason| format!("{reason}\n  {}", reason.next()));
    let doubts = doubts.iter().map(|doubt| format!("{doubt}\n  {}", doubt.next()));
    insta::assert_snapshot!(reasons.chain(doubts).collect::<Vec<_>>().join("\n"));
}

/// Verdicts go into JSON for other programs, programs into the journal.
#[test]
fn the_journal_and_json_have_words_that_stay() {
    let medium = linux(&[ThirdParty2011]);
    let json = serde_json::to_string(&medium.then).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Program>>(&json).unwrap(), medium.then);
    let expected = format!(
        r#"[{{"path":"EFI/BOOT/grubx64.efi","signatures":[{{"by":"debian","signer":"Signer of loaders","fits":true}}],{}"digest":"{}"}}]"#,
        r#""sbat":[{"name":"sbat","generation":1},{"name":"grub","generation":4},{"name":"grub.debian","generation":4}],"#,
        "6b".repeat(32)
    );
    assert_eq!(json, expected);
    let verdict = Verdict::Refuses(vec![Reason::ThirdPartyOff, Reason::UnderFloor { has: svn(3), floor: svn(7) }]);
    assert_eq!(
        serde_json::to_string(&verdict).unwrap(),
        r#"{"refuses":["third-party-off",{"under-floor":{"has":{"major":3,"minor":0},"floor":{"major":7,"minor":0}}}]}"#
    );
}

proptest::proptest! {
    #[test]
    fn no_variables_panic(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
        at in 0..OVMF_DB.len(),
    ) {
        let mut db = OVMF_DB.to_vec();
        db[at] ^= bytes.first().copied().unwrap_or(1);
        let _ = judge(&linux(&[ThirdParty2011]), Some(&firmware(&db, &bytes)));
        let _ = judge(&windows(Windows2011, Some(svn(1))), Some(&firmware(&bytes, OVMF_DB)));
    }
}
