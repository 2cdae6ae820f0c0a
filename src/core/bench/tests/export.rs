//! Files for those who register: who is in them, who is not and why, and what is remembered.

use std::ops::ControlFlow;

use proptest::prelude::*;

use super::*;
use crate::{
    blob::Blob,
    device::Probe,
    import,
    lane::{Ask, Chosen, File, Lane as Out, Left},
};

/// The made-up machine of the fixtures, whose hash lacks nothing.
const WHOLE: &str = include_str!("../../../../tests/fixtures/hwhash/synthetic_full.b64");
const INTUNE: &str = include_str!("../../../../tests/fixtures/export/intune.csv");
const INTUNE_TAG: &str = include_str!("../../../../tests/fixtures/export/intune-tag.csv");
const INTUNE_USER: &str = include_str!("../../../../tests/fixtures/export/intune-user.csv");
const PARTNER_HASH: &str = include_str!("../../../../tests/fixtures/export/partner-hash.csv");
const PARTNER_NAMES: &str = include_str!("../../../../tests/fixtures/export/partner-names.csv");
const CORPORATE: &str = include_str!("../../../../tests/fixtures/export/corporate.csv");

fn ask(lane: Out) -> Ask {
    Ask { lane, batch: None, group_tag: None, all: false, tenant_wide: true }
}

fn example() -> Entry {
    Entry { hash: Some(HardwareHash::parse(WHOLE).unwrap().0), ..Entry::new(Lane::IntuneCsv) }
}

/// With a TPM whose key has this modulus.
fn whole(hash: &HardwareHash, modulus: Option<[u8; 256]>) -> HardwareHash {
    let mut records = hash.records();
    records.retain(|record| record.kind() != 11);
    if let Some(modulus) = modulus {
        let id = Sha256::digest(modulus).into();
        records.push(HashRecord::Text { kind: 13, text: "2.0".to_owned(), nul: false });
        records.push(HashRecord::EkPub { modulus: Blob(modulus.to_vec()) });
        records.push(HashRecord::OfflineDeviceId { status: 0, method: 1, flag: 0, id });
    }
    HardwareHash::encode(&records).unwrap()
}

impl Laptop {
    /// With everything that registration and attestation need.
    fn whole_hash(&self, seconds: u32) -> HardwareHash {
        whole(&self.hash(seconds), self.ek.map(|ek| [ek; 256]))
    }

    fn whole_entry(&self) -> Entry {
        Entry { hash: Some(self.whole_hash(5)), ..Entry::new(Lane::IntuneCsv) }
    }

    fn made_capture(&self, message: u64) -> Capture {
        let mut capture = self.capture(message);
        capture.hash = Some(MadeHash { hash: self.whole_hash(9), sources: vec![] });
        for key in capture.tpm.iter_mut().flat_map(|tpm| &mut tpm.keys) {
            key.public.0 = crate::tpm::rsa_public(&[self.ek.unwrap(); 256]);
        }
        capture
    }
}

impl Shop {
    fn chosen(&self, ask: &Ask) -> Chosen {
        self.bench.decide_export(ask).unwrap()
    }

    fn files(&self, lane: Out) -> Vec<File> {
        self.chosen(&ask(lane)).files()
    }

    /// Numbers of the devices that go out.
    fn out(&self, ask: &Ask) -> Vec<u64> {
        self.chosen(ask).rows.iter().map(|row| row.device.0).collect()
    }

    /// Writes what the shell writes once the files are on their disk.
    fn export(&mut self, ask: &Ask) -> Vec<File> {
        let chosen = self.chosen(ask);
        let files = chosen.files();
        let records = files.iter().map(|file| Record::Exported {
            lane: chosen.lane,
            batch: chosen.batch.clone(),
            file: file.name.clone(),
            sha256: file.digest(),
            group_tag: chosen.group_tag.clone(),
            devices: file.devices.clone(),
        });
        let records = self.bench.decide_exported(records.collect()).unwrap();
        self.write(records);
        files
    }

    /// Why a device stays here.
    fn stays(&self, device: u64, ask: &Ask) -> String {
        let chosen = self.chosen(ask);
        assert!(!self.out(ask).contains(&device));
        chosen.left_out.iter().find(|left| left.device.0 == device).unwrap().words()
    }
}

fn text(file: &File) -> &str {
    std::str::from_utf8(&file.bytes).unwrap()
}

/// As our own importer reads it; anything that it would have to repair or refuse fails.
fn read_again(file: &File) -> Vec<Entry> {
    let mut entries = vec![];
    import::read(file.bytes.as_slice(), &mut |line| {
        assert_eq!(line.repairs, Vec::<String>::new());
        entries.push(*line.outcome.unwrap());
        ControlFlow::Continue(())
    })
    .unwrap();
    entries
}

/// As a reader that we did not write takes it.
fn cells(file: &File) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).quoting(false).from_reader(file.bytes.as_slice());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn the_lists_are_what_the_portals_take_byte_for_byte() {
    let mut shop = shop();
    shop.import(example()).unwrap();
    let intune = shop.files(Out::Intune);
    assert_eq!((intune.len(), intune[0].name.as_str(), text(&intune[0])), (1, "intune-spring-001.csv", INTUNE));
    let tagged = shop.chosen(&Ask { group_tag: Some(" STANDARD-DE ".to_owned()), ..ask(Out::Intune) }).files();
    assert_eq!(text(&tagged[0]), INTUNE_TAG);
    assert_eq!(text(&shop.files(Out::Partner)[0]), PARTNER_HASH);
    // A later list names its user.
    shop.import(Entry { assigned_user: "eva@example.com".to_owned(), ..example() }).unwrap();
    assert_eq!(text(&shop.files(Out::Intune)[0]), INTUNE_USER);
    shop.boots(&laptop("PF000001", 1));
    assert_eq!(text(&shop.files(Out::Corporate)[0]), CORPORATE);
}

#[test]
fn partner_center_takes_names_only_in_the_sets_it_knows() {
    let mut shop = shop();
    shop.open("spring", IdentityPolicy::Tuple);
    shop.boots(&laptop("PF.000001", 1).with_key(1));
    shop.import(tuple(Some("PF000002"), Some(key(2)))).unwrap();
    let files = shop.files(Out::Partner);
    assert_eq!(text(&files[0]), PARTNER_NAMES);
    // A list's words for maker and model may be others than the firmware's.
    let listed = Entry { manufacturer: "Lenovo".into(), model: "T14".into(), ..tuple(Some("PF000003"), None) };
    shop.import(listed).unwrap();
    let chosen = shop.chosen(&ask(Out::Partner));
    assert_eq!(chosen.rows[2].remarks, ["maker and model are a list's words, not read from the laptop"]);
    shop.import(tuple(Some("PF000004"), None)).unwrap();
    assert!(shop.stays(4, &ask(Out::Partner)).starts_with("#4 PF000004: Nothing tells its maker, model."));
    let refused = shop.bench.decide_export(&ask(Out::Intune)).unwrap_err();
    assert!(refused.why.contains("Intune takes hardware hashes only"), "{refused}");
}

#[test]
fn the_batch_name_in_partner_center_is_the_group_tag_so_each_tag_is_a_file() {
    let mut shop = shop();
    for (n, tag) in [(1, "SALES"), (2, ""), (3, "SALES"), (4, "LAB")] {
        let entry = laptop(&format!("PF00000{n}"), n).whole_entry();
        shop.import(Entry { group_tag: tag.to_owned(), ..entry }).unwrap();
    }
    let files = shop.files(Out::Partner);
    let seen: Vec<_> = files
        .iter()
        .map(|file| {
            (file.name.as_str(), file.batch_name.as_deref(), file.devices.iter().map(|d| d.0).collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("partner-spring-001.csv", None, vec![2]),
            ("partner-spring-002.csv", Some("LAB"), vec![4]),
            ("partner-spring-003.csv", Some("SALES"), vec![1, 3]),
        ]
    );
    // One tag for all of them is one file, and those that had another are told.
    let chosen = shop.chosen(&Ask { group_tag: Some("LAB".into()), ..ask(Out::Partner) });
    assert_eq!(chosen.files().len(), 1);
    let remarked = |row: &&crate::lane::Row| row.remarks.iter().any(|remark| remark.contains("not its own, SALES"));
    assert_eq!(chosen.rows.iter().filter(remarked).count(), 2);
    // Intune has a column for it.
    assert_eq!(shop.files(Out::Intune).len(), 1);
}

#[test]
fn twelve_hundred_and_one_laptops_are_three_files_that_read_back_whole() {
    let mut bench = shop().bench;
    let source = Source { name: "list.csv".to_owned(), line: 2 };
    let mut laptops = vec![];
    for n in 0..1201_u32 {
        let mut machine = laptop(&format!("PF{n:06}"), 0);
        machine.uuid[..4].copy_from_slice(&(n + 0x0101_0101).to_be_bytes());
        machine.ek = None;
        let modulus = n.to_be_bytes().repeat(64).try_into().unwrap();
        let hash = whole(&machine.hash(5), Some(modulus));
        laptops.push((machine.serial, hash.clone()));
        let entry = Box::new(Entry { hash: Some(hash), ..Entry::new(Lane::IntuneCsv) });
        let record = Record::EntryTaken { device: None, signal: Signal::Import, source: source.clone(), entry };
        bench.apply(bench.next_number(), at(1_800_000_000_000), record).unwrap();
    }
    let chosen = bench.decide_export(&ask(Out::Intune)).unwrap();
    assert_eq!(chosen.left_out.first(), None);
    let files = chosen.files();
    assert_eq!(files.iter().map(|file| file.devices.len()).collect::<Vec<_>>(), [500, 500, 201]);
    assert_eq!(files[2].name, "intune-spring-003.csv");
    let header = ["Device Serial Number", "Windows Product ID", "Hardware Hash"];
    let mut by_ours = vec![];
    let mut by_others = vec![];
    for file in &files {
        assert!(file.bytes.is_ascii() && !file.bytes.contains(&b'"') && file.bytes.ends_with(b"\r\n"));
        assert_eq!(text(file).matches('\n').count(), text(file).matches("\r\n").count());
        by_ours
            .extend(read_again(file).into_iter().map(|entry| (entry.serial.unwrap().to_string(), entry.hash.unwrap())));
        let mut lines = cells(file).into_iter();
        assert_eq!(lines.next().unwrap(), header);
        by_others.extend(lines.map(|line| (line[0].clone(), HardwareHash::parse(&line[2]).unwrap().0)));
    }
    assert!(by_ours == laptops && by_others == laptops);
    // Identifiers: five thousand to a file, and no header.
    let identifiers = bench.decide_export(&ask(Out::Corporate)).unwrap().files();
    assert_eq!(identifiers.len(), 1);
    assert_eq!(read_again(&identifiers[0]).len(), 1201);
    assert_eq!(cells(&identifiers[0])[1200], ["LENOVO", "21CB", "PF001200"]);
}

#[test]
fn only_what_is_new_goes_out_again() {
    let mut shop = shop();
    shop.import(laptop("PF000001", 1).whole_entry()).unwrap();
    shop.import(laptop("PF000002", 2).whole_entry()).unwrap();
    let intune = ask(Out::Intune);
    assert_eq!(shop.export(&intune)[0].name, "intune-spring-001.csv");
    let words = shop.history(1).last().unwrap().to_string();
    assert!(words.starts_with("exported for Intune, in intune-spring-001.csv ("), "{words}");
    assert_eq!(shop.bench.exports_of(number(1))[0].file, "intune-spring-001.csv");
    assert_eq!(shop.out(&intune), [0_u64; 0]);
    assert!(shop.chosen(&intune).nothing().unwrap().contains("all 2 laptops of batch 'spring' went out before"));
    assert!(shop.stays(2, &intune).ends_with("went out before, in intune-spring-001.csv"));
    shop.import(laptop("PF000003", 3).whole_entry()).unwrap();
    let files = shop.export(&intune);
    assert_eq!((files[0].name.as_str(), &files[0].devices), ("intune-spring-002.csv", &vec![number(3)]));
    // Another way is another question.
    assert_eq!(shop.out(&ask(Out::Partner)), [1, 2, 3]);
    let all = Ask { all: true, ..intune.clone() };
    assert_eq!(shop.export(&all)[0].name, "intune-spring-003.csv");
    // Two lists of one content would be one name for two things.
    assert_eq!(shop.out(&all), [1, 2, 3]);
}

#[test]
fn a_laptop_that_was_exported_by_its_papers_is_not_new_when_it_boots() {
    let mut shop = shop();
    shop.open("spring", IdentityPolicy::Tuple);
    shop.import(tuple(Some("PF000001"), Some(key(1)))).unwrap();
    shop.export(&ask(Out::Partner));
    // The papers and the machine meet by the key once the machine is known by its serial number.
    shop.boots(&laptop("PF000001", 1).with_key(1));
    assert_eq!(shop.present(), [1]);
    assert_eq!(shop.out(&ask(Out::Partner)), [0_u64; 0]);
    // Known by two numbers first.
    shop.import(tuple(None, Some(key(2)))).unwrap();
    shop.export(&ask(Out::Partner));
    shop.boots(&laptop("PF000002", 2));
    shop.boots(&laptop("PF000002", 2).with_key(2));
    assert_eq!(shop.present(), [1, 3]);
    assert_eq!(shop.out(&ask(Out::Partner)), [0_u64; 0]);
    assert!(shop.stays(2, &ask(Out::Partner)).contains("It lives on as #3."));
}

#[test]
fn what_must_not_be_registered_stays_here_with_its_reason() {
    let mut shop = shop();
    let intune = ask(Out::Intune);
    // No hash; a hash without TPM; a simulated one.
    shop.boots(&laptop("PF000001", 1));
    assert!(shop.stays(1, &intune).contains("It has no hardware hash."));
    shop.import(laptop("PF000002", 2).without_tpm().whole_entry()).unwrap();
    assert!(shop.stays(2, &intune).contains("Its hash lacks TpmVersion, EkPubHash."));
    shop.hands_in(Capture { simulated: true, ..laptop("PF000003", 3).made_capture(70) });
    assert!(shop.stays(3, &intune).contains("It is simulated."));
    // Locked; registered already; both as a person says.
    for (n, probe) in [(4, Probe::OtherTenant), (5, Probe::Ours)] {
        shop.import(laptop(&format!("PF00000{n}"), n).whole_entry()).unwrap();
        let records = shop.bench.decide_probe(number(u64::from(n)), probe).unwrap();
        shop.write(records);
    }
    assert!(shop.stays(4, &intune).contains("(808)"));
    assert!(shop.stays(5, &intune).contains("(806)"));
    let all = Ask { all: true, ..intune.clone() };
    assert_eq!(shop.out(&all), [5]);
    assert!(shop.stays(4, &all).contains("(808)"));
    // Held, then replaced.
    shop.import(laptop("PF000006", 6).whole_entry()).unwrap();
    shop.later(48).hands_in(laptop("PF000006", 66).made_capture(71));
    assert!(shop.stays(7, &intune).contains("It is held: MOTHERBOARD CHANGED since #6."));
    assert_eq!(shop.out(&intune), [6]);
    shop.same_laptop(7).unwrap();
    assert!(shop.stays(6, &intune).contains("It lives on as #7."));
    assert_eq!(shop.out(&intune), [7]);
    // Everything is one or the other.
    let chosen = shop.chosen(&intune);
    assert_eq!(chosen.rows.len() + chosen.left_out.len(), shop.bench.devices().count());
}

#[test]
fn whose_laptop_it_is_counts_before_anything_else() {
    let mut shop = shop();
    let intune = ask(Out::Intune);
    shop.expects(&["PF000001"]);
    shop.order("autumn", Some("Globex"), vec![line(Some("PF000009"), None)]);
    for (serial, n) in [("PF000001", 1), ("PF000002", 2), ("PF000009", 9)] {
        shop.import(laptop(serial, n).whole_entry()).unwrap();
    }
    assert_eq!(shop.out(&intune), [1]);
    assert!(shop.stays(2, &intune).contains("This laptop is not on the order."));
    assert!(shop.stays(3, &intune).contains("WRONG CUSTOMER: belongs to Globex"));
    // The label of another laptop.
    shop.scan("PF000002", Some(1));
    assert!(shop.stays(1, &intune).contains("WRONG MACHINE"));
    assert!(shop.chosen(&intune).nothing().unwrap_err().why.contains("#3 PF000009"));
}

#[test]
fn the_batch_says_which_hash_counts() {
    let mut shop = shop();
    let intune = ask(Out::Intune);
    let hash = |shop: &Shop| read_again(&shop.files(Out::Intune)[0])[0].hash.clone().unwrap();
    shop.hands_in(laptop("PF000001", 1).made_capture(70));
    assert_eq!(hash(&shop), laptop("PF000001", 1).whole_hash(9));
    assert!(shop.chosen(&intune).rows[0].remarks[0].starts_with("experimental hash"));
    shop.open("spring", IdentityPolicy::WindowsHash);
    assert!(shop.stays(1, &intune).contains("There is only the hash made on Linux"));
    shop.import(laptop("PF000001", 1).whole_entry()).unwrap();
    assert_eq!(hash(&shop), laptop("PF000001", 1).whole_hash(5));
    // Both agree, so the model is accepted and ours counts again where the batch says so.
    shop.open("spring", IdentityPolicy::LinuxHash);
    assert_eq!(hash(&shop), laptop("PF000001", 1).whole_hash(9));
    assert!(!shop.chosen(&intune).rows[0].remarks.iter().any(|remark| remark.starts_with("experimental")));
}

#[test]
fn a_hash_that_windows_contradicts_never_goes_out() {
    let mut shop = shop();
    let intune = ask(Out::Intune);
    let mut bad = laptop("PF000001", 1).made_capture(70);
    let mut records = laptop("PF000001", 1).whole_hash(9).records();
    records.push(HashRecord::Text { kind: 7, text: "S1|M|V".to_owned(), nul: false });
    bad.hash = Some(MadeHash { hash: HardwareHash::encode(&records).unwrap(), sources: vec![] });
    shop.hands_in(bad);
    shop.import(laptop("PF000001", 1).whole_entry()).unwrap();
    // The one that was compared has Windows' own, another of the model has not.
    let sent = read_again(&shop.files(Out::Intune)[0]);
    assert_eq!(sent[0].hash, Some(laptop("PF000001", 1).whole_hash(5)));
    shop.hands_in(laptop("PF000002", 2).made_capture(71));
    assert!(shop.stays(2, &intune).contains("differs from Windows' for this model, in DiskSerialNumber"));
}

#[test]
fn a_hash_of_the_board_that_was_thrown_away_never_goes_out() {
    let mut shop = shop();
    shop.open("spring", IdentityPolicy::WindowsHash);
    shop.import(laptop("PF000001", 1).whole_entry()).unwrap();
    // Same UUID and serial number, another TPM: held, and after the release still wrong.
    shop.later(48).boots(&Laptop { ek: Some(9), ..laptop("PF000001", 1) });
    let ids = shop.present();
    let held = *ids.last().unwrap();
    if shop.stage(held) == StageName::Held {
        assert!(shop.stays(held, &ask(Out::Intune)).contains("It is held"));
        shop.release(held).unwrap();
    }
    assert!(!shop.out(&ask(Out::Intune)).contains(&held));
}

#[test]
fn corporate_identifiers_need_a_word_of_consent() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    let asked = Ask { tenant_wide: false, ..ask(Out::Corporate) };
    let refused = shop.bench.decide_export(&asked).unwrap_err();
    assert!(refused.why.contains("counts as personal") && refused.next.contains("--tenant-wide"), "{refused}");
    assert_eq!(shop.out(&ask(Out::Corporate)), [1]);
    let tagged = Ask { group_tag: Some("A".into()), ..ask(Out::Corporate) };
    assert!(shop.bench.decide_export(&tagged).unwrap_err().why.contains("no group tag"));
}

#[test]
fn a_batch_is_exported_by_its_own_rules() {
    let mut shop = shop();
    shop.open("spring", IdentityPolicy::WindowsHash);
    shop.import(laptop("PF000001", 1).whole_entry()).unwrap();
    shop.open("autumn", IdentityPolicy::Tuple);
    shop.boots(&laptop("PF000002", 2));
    assert_eq!(shop.out(&ask(Out::Partner)), [2]);
    let spring = Ask { batch: Some("spring".to_owned()), ..ask(Out::Intune) };
    assert_eq!(shop.out(&spring), [1]);
    assert_eq!(shop.export(&spring)[0].name, "intune-spring-001.csv");
    let unknown = shop.bench.decide_export(&Ask { batch: Some("sprnig".to_owned()), ..spring }).unwrap_err();
    assert!(unknown.next.contains("autumn, spring"), "{unknown}");
}

#[test]
fn one_number_goes_out_once_in_a_file() {
    let mut shop = shop();
    shop.import(laptop("PF000001", 1).whole_entry()).unwrap();
    shop.import(laptop("PF000001", 2).whole_entry()).unwrap();
    shop.release(2).unwrap();
    assert_eq!(shop.out(&ask(Out::Intune)), [1]);
    assert!(shop.stays(2, &ask(Out::Intune)).contains("#1 has the same number"));
}

#[test]
fn a_laptop_that_was_stopped_while_the_files_were_written_does_not_go_out() {
    let mut shop = shop();
    shop.import(laptop("PF000001", 1).whole_entry()).unwrap();
    let file = shop.files(Out::Intune).remove(0);
    let record = Record::Exported {
        lane: Out::Intune,
        batch: "spring".into(),
        file: file.name.clone(),
        sha256: file.digest(),
        group_tag: None,
        devices: file.devices,
    };
    shop.scan("PF000002", Some(1));
    let refused = shop.bench.decide_exported(vec![record.clone()]).unwrap_err();
    assert!(refused.why.contains("WRONG MACHINE"), "{refused}");
    // What speaks of nobody is no record.
    let Record::Exported { lane, batch, file, sha256, .. } = record else { unreachable!() };
    let nobody = Record::Exported { lane, batch, file, sha256, group_tag: None, devices: vec![number(1), number(7)] };
    let before = shop.bench.clone();
    let next = shop.bench.next_number();
    assert_eq!(shop.bench.apply(next, at(0), nobody), Err(Unfit::NoSuchDevice(next, 7)));
    assert_eq!(shop.bench, before);
}

#[test]
fn what_cannot_stand_in_a_list_is_refused_with_the_reason() {
    let refused = |entry: Entry, why: &str| {
        let mut shop = shop();
        shop.import(entry).unwrap();
        let said = shop.stays(1, &ask(Out::Intune));
        assert!(said.contains(why), "{said}");
    };
    let of = |serial: &str| laptop(serial, 1).whole_entry();
    refused(of("PF,00001"), "has a comma in it");
    refused(of("PF\"0001"), "has a quotation mark in it");
    refused(of("PFÄ00001"), "is not ASCII (\\u{c4})");
    refused(of("=PF00001"), "begins like a formula");
    refused(Entry { group_tag: "B\u{fc}ro".into(), ..of("PF000001") }, "Its group tag \"B\u{fc}ro\"");
    refused(Entry { group_tag: "A\nB".into(), ..of("PF000001") }, "is not ASCII (\\u{a})");
    refused(Entry { assigned_user: "m\u{fc}ller@example.com".into(), ..of("PF000001") }, "Its assigned user");
    let shop = shop();
    for tag in ["", "A,B", "=1", "T\u{e4}g"] {
        let asked = Ask { group_tag: Some(tag.to_owned()), ..ask(Out::Intune) };
        assert!(shop.bench.decide_export(&asked).is_err(), "{tag}");
    }
}

#[test]
fn identifiers_lose_their_periods_and_say_so() {
    let mut shop = shop();
    shop.import(Entry {
        manufacturer: "HP, Inc.".into(),
        model: "Elite 8.40  G11".into(),
        ..tuple(Some("5C.G1"), Some(key(1)))
    })
    .unwrap();
    let chosen = shop.chosen(&ask(Out::Corporate));
    assert_eq!(text(&chosen.files()[0]), "HP Inc,Elite 840 G11,5CG1\r\n");
    assert_eq!(chosen.rows[0].remarks.len(), 4, "{:?}", chosen.rows[0].remarks);
}

proptest! {
    /// Whatever a file or a firmware calls itself: it is refused, or it arrives as it is.
    #[test]
    fn any_text_is_refused_or_arrives(
        serial in "[A-Z0-9 ,.\"=äß-]{1,12}", maker in "\\PC{1,12}", model in "\\PC{1,12}", tag in "\\PC{0,8}",
    ) {
        let Ok(serial) = Serial::try_from(serial) else { return Ok(()) };
        let mut shop = shop();
        shop.open("spring", IdentityPolicy::Tuple);
        let entry = Entry {
            serial: Some(serial.clone()),
            manufacturer: maker.clone(),
            model: model.clone(),
            group_tag: tag,
            ..Entry::new(Lane::PartnerCsv)
        };
        if shop.import(entry).is_err() {
            return Ok(());
        }
        let chosen = shop.chosen(&ask(Out::Partner));
        prop_assert_eq!(chosen.rows.len() + chosen.left_out.len(), 1);
        for file in chosen.files() {
            prop_assert!(file.bytes.is_ascii());
            let lines = cells(&file);
            prop_assert_eq!(lines.len(), 2);
            prop_assert_eq!(&lines[1], &[serial.as_str().trim(), "", "", maker.trim(), model.trim()]);
        }
        let refused = |left: &crate::lane::LeftOut| matches!(left.reason, Left::Refused(_));
        prop_assert!(chosen.left_out.iter().all(refused));
        for file in shop.files(Out::Corporate) {
            let lines = cells(&file);
            prop_assert_eq!((lines.len(), lines[0].len()), (1, 3));
            prop_assert!(!text(&file).contains('.'));
        }
    }
}
