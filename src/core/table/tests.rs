use std::io::{self, Read};

use proptest::prelude::*;

use super::{header::name, rows::Damage, split::split, *};

/// Gives as little as it may: what depends on where a read ends fails here.
struct Drops<'a>(&'a [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(into.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

fn decoded(bytes: &[u8], drop: usize) -> (Encoding, String) {
    let mut text = Text::open(Drops(bytes, drop)).unwrap();
    let mut into = Vec::new();
    text.read_to_end(&mut into).unwrap();
    (text.encoding(), String::from_utf8(into).unwrap())
}

/// Number and cells of each row, or its damage.
fn rows(bytes: &[u8]) -> Vec<(u64, Result<Vec<String>, Damage>)> {
    let mut rows = Rows::new(Text::open(bytes).unwrap());
    let mut all = vec![];
    while let Some(row) = rows.next().unwrap() {
        all.push((row.number, row.cells.map(|cells| cells.into_iter().map(|cell| cell.text).collect())));
    }
    all
}

fn cells(texts: &[&str]) -> Result<Vec<String>, Damage> {
    Ok(texts.iter().map(|text| (*text).to_owned()).collect())
}

#[test]
fn the_encoding_is_known_by_its_mark_or_by_its_zeros() {
    for (mark, expected) in [("\u{feff}", "Größe 1"), ("", "Größe 1")] {
        let text = format!("{mark}{expected}");
        for drop in [1, 3, 4096] {
            let little = utf16(&text, u16::to_le_bytes);
            assert_eq!(decoded(&little, drop), (Encoding::Utf16Le, expected.into()), "{mark:?} by {drop}");
            let big = utf16(&text, u16::to_be_bytes);
            assert_eq!(decoded(&big, drop), (Encoding::Utf16Be, expected.into()), "{mark:?} by {drop}");
            assert_eq!(decoded(text.as_bytes(), drop), (Encoding::EightBit, expected.into()), "{mark:?} by {drop}");
        }
    }
}

#[test]
fn half_a_character_at_the_end_is_no_reason_to_give_up() {
    let mut bytes = utf16("\u{feff}PF1", u16::to_le_bytes);
    bytes.push(b'x');
    assert_eq!(decoded(&bytes, 5).1, "PF1\u{fffd}");
    bytes.pop();
    // The first half of a surrogate pair.
    bytes.extend([0x3d, 0xd8]);
    assert_eq!(decoded(&bytes, 5).1, "PF1\u{fffd}");
}

#[test]
fn a_cell_that_is_no_utf8_is_windows_1252() {
    let (cells, _) = split(b"M\xfcller \x96 50\x80,M\xc3\xbcller", b',');
    assert_eq!((cells[0].text.as_str(), cells[0].windows_1252), ("Müller – 50€", true));
    assert_eq!((cells[1].text.as_str(), cells[1].windows_1252), ("Müller", false));
}

#[test]
fn lines_end_in_every_usual_way_and_are_counted_as_an_editor_does() {
    let expected = vec![(1, cells(&["a", "b"])), (3, cells(&["c"])), (4, cells(&["d"]))];
    for bytes in ["a,b\r\n\r\nc\r\nd\r\n", "a,b\n\nc\nd", "a,b\r\rc\rd\r", "a,b\n \t \r\nc\rd", "a,b\n,,,\nc\nd\n,\n"] {
        assert_eq!(rows(bytes.as_bytes()), expected, "{bytes:?}");
    }
}

#[test]
fn a_line_end_between_two_reads_is_one_line_end() {
    for drop in 1..9 {
        let mut rows = Rows::new(Text::open(Drops(b"a\r\nb\r\n", drop)).unwrap());
        let mut numbers = vec![];
        while let Some(row) = rows.next().unwrap() {
            numbers.push(row.number);
        }
        assert_eq!(numbers, [1, 2]);
    }
}

#[test]
fn a_line_that_is_too_long_costs_only_itself() {
    let mut bytes = b"a\n".to_vec();
    bytes.resize(3 * LONGEST, b'x');
    bytes.extend(b"\nb\n");
    assert_eq!(rows(&bytes), [(1, cells(&["a"])), (2, Err(Damage::TooLong)), (3, cells(&["b"]))]);
}

#[test]
fn quotation_marks_are_removed_and_doubled_ones_stand_for_one() {
    let bytes = br#"a,"b,c", "d ""x""" ,14" laptop,"14" laptop""#;
    assert_eq!(rows(bytes), [(1, cells(&["a", "b,c", r#"d "x""#, r#"14" laptop"#, r#"14" laptop"#]))]);
}

#[test]
fn a_quoted_value_may_have_line_breaks() {
    assert_eq!(rows(b"a,\"b\r\nc\nd\",e\nf"), [(1, cells(&["a", "b\nc\nd", "e"])), (4, cells(&["f"]))]);
}

#[test]
fn a_quotation_mark_that_is_never_closed_costs_only_its_line() {
    let expected = [(1, Err(Damage::OpenQuote)), (2, cells(&["c", "d"])), (3, cells(&["e", "f"]))];
    assert_eq!(rows(b"a,\"b\nc,d\ne,f\n"), expected);
    // The next row's own quotation marks do not close it.
    assert_eq!(rows(b"a,\"b\n\"c\",\"d\"\n\"e\",f\n"), expected);
}

#[test]
fn an_open_quotation_mark_looks_no_further_than_a_wrapped_hash_is_long() {
    let mut bytes = b"\"a\n".to_vec();
    bytes.extend(b"x\n".repeat(1000));
    bytes.extend(b"b\"\n");
    let rows = rows(&bytes);
    assert_eq!(rows.len(), 1002);
    assert_eq!(rows[0], (1, Err(Damage::OpenQuote)));
}

#[test]
fn nul_characters_are_refused_unless_there_is_nothing_else() {
    assert_eq!(rows(b"a\nb\0c\n\0\0\0"), [(1, cells(&["a"])), (2, Err(Damage::Nul))]);
}

#[test]
fn a_byte_order_mark_between_two_files_is_no_text() {
    assert_eq!(rows("a\n\u{feff}b\n".as_bytes()), [(1, cells(&["a"])), (2, cells(&["b"]))]);
}

#[test]
fn what_spreadsheets_write_around_a_value_comes_off() {
    let tidy = |text: &str| {
        let cell = Cell { text: text.to_owned(), quoted: false, windows_1252: false };
        let (text, tidied) = cell.tidy();
        (text, tidied.words().count())
    };
    assert_eq!(tidy("PF1"), ("PF1".to_owned(), 0));
    assert_eq!(tidy("'00123"), ("00123".to_owned(), 1));
    assert_eq!(tidy("=\"00123\""), ("00123".to_owned(), 1));
    assert_eq!(tidy("\u{a0} PF1\u{200b}"), ("PF1".to_owned(), 1));
    assert_eq!(tidy("PF1\u{1b}[2J"), ("PF1 [2J".to_owned(), 1));
}

#[test]
fn a_message_repeats_a_value_shortened_and_harmless() {
    assert_eq!(quote("PF\u{1b}1"), "'PF 1'");
    assert_eq!(quote(&"x".repeat(99)), format!("'{}...'", "x".repeat(40)));
}

#[test]
fn a_header_is_found_with_any_delimiter_and_in_any_spelling() {
    let known = |name: &str| match name {
        "serialnumber" => Some('s'),
        "hash" => Some('h'),
        _ => None,
    };
    for (line, delimiter) in [
        ("Serial Number,Other,HASH", b','),
        ("serial_number;other;hash", b';'),
        ("\"Serial-Number\"\t\"Other\"\t\" Hash \"", b'\t'),
        ("\"Serial Number,Other,Hash\"", b','),
    ] {
        let header = Header::find(line.as_bytes(), known).unwrap();
        assert_eq!((header.delimiter, header.columns), (delimiter, vec![Some('s'), None, Some('h')]), "{line}");
    }
    assert_eq!(Header::find(b"milk,bread", known), None);
    assert_eq!(name("S/N (Device)"), "sndevice");
}

#[test]
fn names_are_remembered_by_the_line_that_had_them_first() {
    let mut seen = Seen::default();
    assert_eq!(seen.see(&["pf1".into()], 2), Sight::First);
    assert_eq!(seen.see(&["key".into(), "PF1".into()], 5), Sight::Again { name: 1, line: 2 });
    // A line that was refused names nothing.
    assert_eq!(seen.see(&["key".into()], 6), Sight::First);
}

proptest! {
    #[test]
    fn any_text_in_any_encoding_comes_out_as_it_was(text in "[ -~äöü€\u{10348}\n]{2,200}", drop in 1_usize..40) {
        let marked = format!("\u{feff}{text}");
        prop_assert_eq!(decoded(&utf16(&marked, u16::to_le_bytes), drop), (Encoding::Utf16Le, text.clone()));
        prop_assert_eq!(decoded(&utf16(&marked, u16::to_be_bytes), drop), (Encoding::Utf16Be, text.clone()));
        prop_assert_eq!(decoded(marked.as_bytes(), drop), (Encoding::EightBit, text));
    }

    /// The `csv` crate writes it, we read it.
    #[test]
    fn what_a_csv_writer_writes_is_read_as_it_was_meant(
        records in prop::collection::vec(prop::collection::vec("[a-c ,;\"']{0,6}", 3), 1..6),
        always in any::<bool>(),
    ) {
        let style = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let mut writer = csv::WriterBuilder::new().quote_style(style).from_writer(vec![]);
        for record in &records {
            writer.write_record(record).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let read: Vec<_> = rows(&bytes).into_iter().map(|(_, cells)| cells.unwrap()).collect();
        let written: Vec<_> = records.into_iter().filter(|r| r.iter().any(|cell| !cell.trim().is_empty())).collect();
        prop_assert_eq!(read, written);
    }

    /// Every line that is not blank is told: in its own row, or inside the row of the line before.
    #[test]
    fn no_bytes_panic_and_no_line_is_told_twice(bytes in prop::collection::vec(
        prop_oneof![Just(b'"'), Just(b'\n'), Just(b'\r'), Just(b','), Just(b'a'), Just(b' '), any::<u8>()], 0..300)
    ) {
        let numbers: Vec<u64> = rows(&bytes).into_iter().map(|(number, _)| number).collect();
        prop_assert!(numbers.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn without_quotation_marks_every_line_is_one_row(text in "[a,;\r\n ]{0,200}") {
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        let expected = lines.split('\n').filter(|line| line.contains(['a', ';'])).count();
        prop_assert_eq!(rows(text.as_bytes()).len(), expected);
    }
}
