use super::{
    file::split,
    row::{Line, Row},
    *,
};

fn identifiers(rows: usize, wide: usize) -> Chosen {
    let row = |n| Row {
        device: DeviceId(n),
        called: String::new(),
        line: Line::Identifier { manufacturer: "M".repeat(wide), model: "X".to_owned(), serial: format!("{n:05}") },
        remarks: vec![],
    };
    Chosen {
        lane: Lane::Corporate,
        batch: " Fr\u{fc}hling/2 ".to_owned(),
        group_tag: None,
        rows: (0..rows as u64).map(row).collect(),
        left_out: vec![],
        earlier: 4,
    }
}

#[test]
fn identifiers_split_at_five_thousand_or_at_five_megabytes() {
    let sizes = |chosen: &Chosen| split(chosen).iter().map(|file| file.devices.len()).collect::<Vec<_>>();
    assert_eq!(sizes(&identifiers(5000, 6)), [5000]);
    assert_eq!(sizes(&identifiers(5001, 6)), [5000, 1]);
    // A line of 2,010 bytes.
    let wide = identifiers(3000, 2000);
    assert_eq!(sizes(&wide), [2487, 513]);
    assert!(split(&wide).iter().all(|file| file.bytes.len() <= 5_000_000));
    assert_eq!(sizes(&identifiers(0, 6)), Vec::<usize>::new());
}

#[test]
fn names_are_letters_and_count_on() {
    let names: Vec<_> = split(&identifiers(5001, 6)).into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["corporate-Fr-hling-2-005.csv", "corporate-Fr-hling-2-006.csv"]);
    let nameless = Chosen { batch: "\u{65e5}\u{672c}".to_owned(), ..identifiers(1, 6) };
    assert_eq!(split(&nameless)[0].name, "corporate-batch-005.csv");
}

#[test]
fn the_digest_is_of_the_bytes() {
    let file = File { name: String::new(), bytes: b"abc".to_vec(), devices: vec![], batch_name: None };
    // FIPS 180-2, B.1.
    assert_eq!(file.digest(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
