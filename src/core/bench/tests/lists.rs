//! The lists themselves: what the portals take, byte for byte.

use proptest::prelude::*;

use super::{
    export::{ask, read_again, text, whole},
    *,
};
use crate::lane::{Ask, File, Lane as Out, Left};

/// The made-up machine of the fixtures, whose hash lacks nothing.
const WHOLE: &str = include_str!("../../../../tests/fixtures/hwhash/synthetic_full.b64");
const INTUNE: &str = include_str!("../../../../tests/fixtures/export/intune.csv");
const INTUNE_TAG: &str = include_str!("../../../../tests/fixtures/export/intune-tag.csv");
const INTUNE_USER: &str = include_str!("../../../../tests/fixtures/export/intune-user.csv");
const PARTNER_HASH: &str = include_str!("../../../../tests/fixtures/export/partner-hash.csv");
const PARTNER_NAMES: &str = include_str!("../../../../tests/fixtures/export/partner-names.csv");
const CORPORATE: &str = include_str!("../../../../tests/fixtures/export/corporate.csv");

fn example() -> Entry {
    Entry { hash: Some(HardwareHash::parse(WHOLE).unwrap().0), ..Entry::new(Lane::IntuneCsv) }
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
