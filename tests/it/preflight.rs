//! Will the laptops start this stick? From captures with real variables to the table, and to a script's exit code.

use std::{fs, path::Path, sync::Arc};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use whiteglove_core::{
    blob::Blob,
    capture::{Capture, Keys, SmbiosTables, Variable},
    certificates::{Authority, testing::signature},
    media_card::MediaCard,
    smbios::structure,
    testing,
};
use whiteglove_image::boot::{made, signers};

use crate::support::{
    Bench,
    laptop::{capture, hand_in},
    tool,
};

/// What OVMF's firmware holds, and what `make.py` beside it made.
const OVMF_DB: &[u8] = include_bytes!("../fixtures/firmware/ovmf-db.esl");
const OVMF_DBX: &[u8] = include_bytes!("../fixtures/firmware/ovmf-dbx.esl");
const OVMF_KEK: &[u8] = include_bytes!("../fixtures/firmware/ovmf-KEK.esl");
const WINDOWS_ONLY: &[u8] = include_bytes!("../fixtures/firmware/made-db-windows-only.esl");
const REVOKED: &[u8] = include_bytes!("../fixtures/firmware/made-dbx-2011-revoked.esl");

fn loader(by: &Authority, components: &[u8]) -> Vec<u8> {
    let plain = made::program(&[(".sbat", components)], 16);
    let digest = signers::read(&plain).unwrap().digest.unwrap();
    made::signed(&plain, &[&signature("Signer of loaders", by.name(), digest.0, None)])
}

/// Gives the bench's boot environment a shim and a GRUB that firmware would look at.
fn with_loaders(bench: &Bench, shim: &Authority) {
    let folder = bench.boot_environment();
    let list = folder.join("bootenv.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&list).unwrap()).unwrap();
    let programs = [
        ("shimx64.efi", loader(shim, b"sbat,1,SBAT Version\nshim,4,UEFI shim\n")),
        ("grubx64.efi", loader(&Authority::Debian, b"sbat,1,SBAT Version\ngrub,5,FSF\n")),
    ];
    for (name, bytes) in programs {
        fs::write(folder.join(name), &bytes).unwrap();
        let files = manifest["files"].as_array_mut().unwrap();
        let file = files.iter_mut().find(|file| file["name"] == name).unwrap();
        (file["size"], file["sha256"]) = (bytes.len().into(), hex::encode(Sha256::digest(&bytes)).into());
    }
    fs::write(list, manifest.to_string()).unwrap();
}

fn keys(db: &[u8], dbx: &[u8]) -> Option<Keys> {
    let value = |bytes: &[u8]| Variable::Value(Arc::new(Blob(bytes.to_vec())));
    Some(Keys {
        db: value(db),
        dbx: value(dbx),
        kek: value(OVMF_KEK),
        sbat: value(b"sbat,1,2024010900\nshim,4\ngrub,3\n"),
    })
}

/// A laptop of this make, with these in its firmware.
fn laptop(number: u8, maker: &str, product: &str, keys: Option<Keys>) -> Capture {
    let serial = format!("5CG000000{number}");
    let mut capture = capture(&serial, number, Some(number));
    let system = [&[1, 2, 0, 3][..], &testing::uuid(number), &[6, 0, 0]].concat();
    let table = structure(1, &system, &[maker, product, &serial]);
    capture.smbios = Some(SmbiosTables { entry_point: Blob::default(), table: Blob(table) });
    capture.firmware.keys = keys;
    capture
}

fn elitebook(number: u8, keys: Option<Keys>) -> Capture {
    laptop(number, "HP", "HP EliteBook 840 G8 Notebook PC", keys)
}

/// The words that a build ended with, and the stick's card.
fn built(bench: &Bench, image: &Path) -> (String, MediaCard) {
    let words = bench.says(&["media", "build", "--out", image.to_str().unwrap()]);
    (words, crate::support::card_of(image))
}

#[test]
fn captures_become_a_table_by_model_before_five_hundred_sticks_are_made() {
    let mut bench = Bench::new();
    with_loaders(&bench, &Authority::ThirdParty2011);
    bench.start();
    let image = bench.folder.path().join("stick.img");
    let path = image.to_str().unwrap();
    let (words, card) = built(&bench, &image);
    assert!(!words.contains("Pre-flight"), "nobody is here or expected: {words}");

    let list = bench.folder.path().join("po.csv");
    let order = "Serial Number,Manufacturer,Model\n5CG0000001,HP,EliteBook 840 G8\n5CG0000009,HP,EliteBook 840 G8\n\
                 0F0001,Microsoft,Surface Laptop 6\n0F0002,Microsoft,Surface Laptop 6\n";
    fs::write(&list, order).unwrap();
    bench.says(&["order", "import", list.to_str().unwrap()]);
    let (words, card_of_second) = built(&bench, &bench.folder.path().join("second.img"));
    let said = "Pre-flight: no laptop's firmware was read here yet; 4 that are ordered are of models never seen here.";
    assert!(words.contains(said), "{words}");
    assert_ne!(card.media, card_of_second.media);

    // One as OVMF is, one that ships with the third parties' authority off and was captured with Secure Boot off, one
    // whose agent was too old to say.
    let url = bench.url();
    hand_in(&url, &card, &elitebook(1, keys(OVMF_DB, OVMF_DBX)));
    let mut off = laptop(2, "Dell Inc.", "Latitude 5450", keys(WINDOWS_ONLY, OVMF_DBX));
    off.firmware.secure_boot = Some(false);
    let receipt = hand_in(&url, &card, &off);
    hand_in(&url, &card, &elitebook(3, None));
    let warned = "With Secure Boot on it refuses the batch's medium: the third-party CA is off";
    assert!(receipt.missing.iter().any(|missing| missing.what == warned), "{:?}", receipt.missing);
    let table = bench.says(&["media", "preflight", path]);
    let expected = format!("{path} starts by EFI/BOOT/BOOTX64.EFI, signed by third-party 2011; shim 4, grub 5.\n");
    insta::assert_snapshot!(table.strip_prefix(&expected).unwrap_or_else(|| panic!("{table}")).trim(), @r#"
    model                            seen  accept  refuse  unknown  ordered
    HP EliteBook 840 G8 Notebook PC  2     1       -       1        1
    Dell Inc. Latitude 5450          1     -       -       1        -
    Microsoft Surface Laptop 6       -     -       -       -        2

    HP EliteBook 840 G8 Notebook PC: 1 of 2 accepts it; 1 not known: captured by an agent that did not read its certificates; 1 more ordered
      unknown: #3
      next: Boot one of them from a new medium: today's agent reads them.

    Dell Inc. Latitude 5450: 1 not known: Secure Boot is off; once it is on: the third-party CA is off
      unknown: #2
      next: Before Secure Boot is turned on: In the firmware setup turn on "Allow Microsoft 3rd Party UEFI CA" (Lenovo, Dell: Security, Secure Boot; Surface: Secure Boot, Microsoft & 3rd-party CA).

    Microsoft Surface Laptop 6: never seen here; 2 ordered
      next: Try the medium on one of them before the others.
    "#);

    // A laptop that came over the network, say, with its owner's own list of what is revoked.
    hand_in(&url, &card, &elitebook(4, keys(OVMF_DB, REVOKED)));
    let complaint = bench.complains(&["media", "preflight"]);
    assert!(complaint.contains("1 of 4 laptops seen will refuse this medium."), "{complaint}");
    assert!(complaint.contains("1 will not: third-party 2011 is revoked (dbx)"), "{complaint}");
    let (words, _) = built(&bench, &bench.folder.path().join("third.img"));
    assert!(words.contains("Pre-flight: 1 of 4 laptops seen here will REFUSE it, of 2 it is not known"), "{words}");
    let plan = bench.says(&["media", "plan"]);
    assert!(plan.contains("\nPre-flight: 1 of 4 laptops seen here will REFUSE it"), "{plan}");
    let devices = bench.says(&["devices"]);
    let row = devices.lines().find(|line| line.contains("5CG0000004")).unwrap();
    assert!(row.contains("not ready"), "its disk is missing, which is worse: {row}");

    // All of it is in the journal.
    bench.stop();
    bench.start();
    let number = card.media.to_string();
    let output = bench.run(&["media", "preflight", "--media", &number, "--json"]);
    assert!(!output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["medium"]["first"]["signatures"][0]["by"], "third-party-2011");
    assert_eq!(
        (&report["seen"], &report["accepts"], &report["refuses"], &report["unknown"]),
        (&4.into(), &1.into(), &1.into(), &2.into())
    );
    assert_eq!(report["models"][0]["refuses"], json!([4]));
    let revoked = json!({"revoked": {"authority": "third-party-2011", "path": "EFI/BOOT/BOOTX64.EFI"}});
    assert_eq!(report["models"][0]["reasons"], json!([[revoked, 1]]));
    bench.says(&["journal", "verify"]);
}

#[test]
fn any_medium_can_be_named_and_what_is_none_says_so() {
    let mut bench = Bench::new();
    let complaint = bench.complains(&["media", "preflight"]);
    assert!(complaint.contains("There is no journal"), "{complaint}");
    with_loaders(&bench, &Authority::ThirdParty2011);
    bench.start();
    let complaint = bench.complains(&["media", "preflight"]);
    assert!(complaint.contains("None was built for batch 'spring' that is still good."), "{complaint}");
    let (_, card) = built(&bench, &bench.folder.path().join("stick.img"));
    hand_in(&bench.url(), &card, &elitebook(1, keys(WINDOWS_ONLY, OVMF_DBX)));
    // Our own stick is refused; Windows' own loader on a disc is not.
    let complaint = bench.complains(&["media", "preflight", "--media", &card.media.to_string()]);
    assert!(complaint.contains("turn on \"Allow Microsoft 3rd Party UEFI CA\""), "{complaint}");
    let tree = bench.folder.path().join("disc");
    fs::create_dir_all(tree.join("efi/boot")).unwrap();
    fs::write(tree.join("efi/boot/bootx64.efi"), loader(&Authority::Windows2023, b"")).unwrap();
    let iso = bench.folder.path().join("windows.iso");
    let (iso, tree) = (iso.to_str().unwrap(), tree.to_str().unwrap());
    let (good, text) = tool("genisoimage", &["-quiet", "-udf", "-o", iso, tree]);
    assert!(good, "{text}");
    let table = bench.says(&["media", "preflight", iso]);
    assert!(table.contains("starts by efi/boot/bootx64.efi, signed by Windows 2023."), "{table}");
    let complaint = bench.complains(&["media", "preflight", bench.folder.path().to_str().unwrap()]);
    assert!(complaint.contains("o volume of it has EFI/BOOT/BOOTX64.EFI"), "{complaint}");
    let complaint = bench.complains(&["media", "preflight", "--media", &"ab".repeat(16)]);
    assert!(complaint.contains("is not known"), "{complaint}");
    // A tree for servers starts the same way, and is a medium of the batch too.
    let tree = bench.folder.path().join("tree");
    let words = bench.says(&["netboot", "export", tree.to_str().unwrap()]);
    assert!(words.contains("Pre-flight: 1 of 1 laptop seen here will REFUSE it"), "{words}");
    let complaint = bench.complains(&["media", "preflight", tree.to_str().unwrap()]);
    assert!(complaint.contains("1 of 1 laptops seen will refuse this medium."), "{complaint}");
}
