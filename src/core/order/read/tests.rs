use proptest::prelude::*;

use super::*;

#[derive(Debug)]
struct Read {
    read: Result<(), Problem>,
    lines: Vec<OrderLine>,
}

fn order(bytes: &[u8]) -> Read {
    let mut lines = vec![];
    let read = read(bytes, &mut |line| lines.push(line));
    Read { read, lines }
}

impl Read {
    fn serials(&self) -> Vec<&str> {
        self.listed().filter_map(|listed| listed.expected.serial.as_ref()).map(Serial::as_str).collect()
    }

    fn listed(&self) -> impl Iterator<Item = &Listed> {
        self.lines.iter().filter_map(|line| line.outcome.as_ref().ok())
    }

    fn refused(&self) -> Vec<String> {
        let refused = self.lines.iter().filter_map(|line| Some((line.number, line.outcome.as_ref().err()?)));
        refused.map(|(number, refusal)| format!("{number}: {}", refusal.why)).collect()
    }

    fn repairs(&self) -> Vec<&str> {
        self.lines.iter().flat_map(|line| &line.repairs).map(String::as_str).collect()
    }
}

#[test]
fn headers_are_found_in_many_spellings_and_languages() {
    for column in [
        "Serial",
        "Serial Number",
        "serial_no.",
        "S/N",
        "SN",
        "Seriennummer",
        "Serien-Nr.",
        "Service Tag",
        "ServiceTag",
        "Device Serial Number",
        "Numéro de série",
        "N° de série",
        "Número de serie",
        "Serienummer",
    ] {
        let csv = format!("Pos.;{column};Preis\n1;PF000001;999,00\n2;PF000002;999,00\n");
        let read = order(csv.as_bytes());
        assert_eq!(read.serials(), ["PF000001", "PF000002"], "{column}: {:?}", read.read);
    }
}

#[test]
fn every_column_finds_its_place() {
    let csv = "Customer,Make,Model,S/N,Asset Tag,PKID\n ACME ,LENOVO,ThinkPad T14,PF000001,A-17,3305000000001\n";
    let read = order(csv.as_bytes());
    let listed = read.listed().next().unwrap();
    let expected = &listed.expected;
    assert_eq!(listed.customer.as_deref(), Some("ACME"));
    assert_eq!(expected.serial.as_ref().map(Serial::as_str), Some("PF000001"));
    assert_eq!(expected.product_key_id.as_ref().map(|id| id.as_str()), Some("3305000000001"));
    assert_eq!((&*expected.manufacturer, &*expected.model, &*expected.asset_tag), ("LENOVO", "ThinkPad T14", "A-17"));
}

#[test]
fn every_encoding_and_delimiter_is_read() {
    for delimiter in [",", ";", "\t", "|"] {
        let csv = format!("Kunde{delimiter}Seriennummer\r\nMüller{delimiter}PF000001\r\nMüller{delimiter}PF000002");
        let marked = format!("\u{feff}{csv}");
        let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let latin: Vec<u8> = csv.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        for bytes in [
            csv.clone().into_bytes(),
            marked.clone().into_bytes(),
            latin,
            utf16(&csv, u16::to_le_bytes),
            utf16(&marked, u16::to_le_bytes),
            utf16(&marked, u16::to_be_bytes),
        ] {
            let read = order(&bytes);
            assert_eq!(read.serials(), ["PF000001", "PF000002"], "{delimiter:?}");
            assert!(read.listed().all(|listed| listed.customer.as_deref() == Some("Müller")), "{read:?}");
        }
    }
}

#[test]
fn one_serial_number_a_line_needs_no_header() {
    for text in [
        "PF000001\nPF000002\n",
        "pf000001\r\n\r\nS/N: PF000002",
        "'PF000001,\n\"PF000002\",\n",
        "PF000001;;\nPF000002;;\n",
    ] {
        let read = order(text.as_bytes());
        assert_eq!(read.serials(), ["PF000001", "PF000002"], "{text:?} {:?} {:?}", read.read, read.refused());
    }
    let read = order(b"3305000000001\n3305000000002\n");
    assert_eq!(read.listed().filter(|listed| listed.expected.product_key_id.is_some()).count(), 2);
}

#[test]
fn a_title_above_the_header_is_skipped_and_told() {
    let csv = "Order 4711 of ACME\n,,\nDate:,2026-11-22,\n\nPos,Serial Number,Model\n1,PF000001,T14\n";
    let read = order(csv.as_bytes());
    assert_eq!(read.serials(), ["PF000001"]);
    assert_eq!(read.repairs(), ["skipped 3 lines above the header"]);
}

#[test]
fn what_is_no_order_is_said_at_once() {
    for text in ["", "\n\n", "milk;bread\neggs;\n", "hello\nworld\n", "Product ID,Price\n4711,999\n", "PK\x03\x04"] {
        let read = order(text.as_bytes());
        assert_eq!(read.read.unwrap_err().what, NO_ORDER, "{text:?}");
        assert!(read.lines.is_empty(), "{text:?}");
    }
}

#[test]
fn serial_numbers_are_read_as_a_scanner_reads_them() {
    let read = order(b"Serial Number\nS/N: PF000001\nService Tag: ABC1234\npf000002\n");
    assert_eq!(read.serials(), ["PF000001", "ABC1234", "PF000002"]);
    assert_eq!(
        read.repairs(),
        ["read 'S/N: PF000001' as serial number PF000001", "read 'Service Tag: ABC1234' as serial number ABC1234"]
    );
}

#[test]
fn what_a_spreadsheet_destroyed_is_refused() {
    let read =
        order(b"Serial Number,Windows Product ID\n1.23E+11,\n\"1,23457E+17\",\n,3.305E+12\n'00123,\n=\"00456\",\n");
    assert_eq!(read.serials(), ["00123", "00456"]);
    let refused = read.refused();
    assert_eq!(refused.len(), 3);
    assert_eq!(
        refused[0],
        "2: The serial number '1.23E+11' was turned into a number by a spreadsheet; its last digits are lost."
    );
    // A Dell service tag may look nearly so.
    assert_eq!(order(b"Service Tag\n1234E56\n").serials(), ["1234E56"]);
}

#[test]
fn the_second_line_of_a_machine_is_refused_and_names_the_first() {
    let csv = "Serial,PKID\nPF000001,3305000000001\npf000001,\nPF000002,3305000000001\nPF000002,\n,12345\n,\nPF000003,";
    let read = order(csv.as_bytes());
    assert_eq!(read.serials(), ["PF000001", "PF000002", "PF000003"]);
    assert_eq!(
        read.refused(),
        [
            "3: Line 2 has the same serial number, PF000001.",
            "4: Line 2 has the same Windows product id, 3305000000001.",
            "6: '12345' is no Windows product id: that has 13 digits.",
        ]
    );
}

#[test]
fn thirteen_digits_are_a_product_id_unless_the_list_has_a_column_for_those() {
    let read = order(b"Serial\n3305000000001\n");
    assert!(read.listed().all(|listed| listed.expected.product_key_id.is_some()));
    assert_eq!(read.repairs(), ["thirteen digits: read as Windows product id"]);
    let read = order(b"Serial,PKID\n3305000000001,\n");
    assert_eq!(read.serials(), ["3305000000001"]);
}

#[test]
fn a_product_key_is_never_repeated() {
    for csv in ["PKID\nW269N-WFGWX-YVC9B-4J6C9-T83GX\n", "Serial\nW269N-WFGWX-YVC9B-4J6C9-T83GX\n"] {
        let read = order(csv.as_bytes());
        assert_eq!(read.refused().len(), 1);
        assert!(!format!("{read:?}").contains("W269N"), "{read:?}");
    }
}

#[test]
fn a_remark_with_line_breaks_stays_one_line() {
    let read = order(b"Serial,Remark\nPF000001,\"for Ann,\nsecond floor\"\nPF000002,\n");
    assert_eq!(read.serials(), ["PF000001", "PF000002"]);
    assert_eq!(read.lines[1].number, 4);
}

/// See `tests/fixtures/import/make.py`.
#[test]
fn a_list_from_a_german_spreadsheet_reads_line_by_line() {
    let read = order(include_bytes!("../../../../tests/fixtures/import/order.csv"));
    assert_eq!(read.serials(), ["EX000002", "EX000003"]);
    assert!(read.listed().all(|listed| listed.customer.as_deref() == Some("Müller AG")));
    assert_eq!(read.lines.iter().map(|line| line.number).collect::<Vec<_>>(), [4, 5, 6, 7]);
    assert_eq!(read.refused()[0], "6: Line 4 has the same serial number, EX000002.");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..1000)) {
        order(&bytes);
        let mut csv = b"Serial,Model\n".to_vec();
        csv.extend(bytes);
        order(&csv);
    }

    /// Every line that is not blank is either taken or refused, once, in its order.
    #[test]
    fn no_line_goes_unmentioned(rows in prop::collection::vec("[ -!#-~äß]{0,40}", 0..20)) {
        let file = format!("Serial,Model\n{}", rows.join("\n"));
        let wanted: Vec<u64> = rows
            .iter()
            .zip(2..)
            .filter(|(row, _)| row.contains(|c: char| !c.is_whitespace() && c != ','))
            .map(|(_, number)| number)
            .collect();
        let told: Vec<u64> = order(file.as_bytes()).lines.iter().map(|line| line.number).collect();
        prop_assert_eq!(told, wanted);
    }
}
