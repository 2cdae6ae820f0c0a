//! Files that another program made, see `tests/fixtures/import/make.py`.

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        import(include_bytes!(concat!("../../../../tests/fixtures/import/", $name)))
    };
}

#[test]
fn each_kind_of_file_is_taken_for_what_it_is() {
    for (read, format, lane, serials) in [
        (fixture!("powershell.csv"), Format::Csv, Lane::IntuneCsv, &["SN-EXAMPLE-1", "EX000002"][..]),
        (fixture!("spreadsheet.csv"), Format::Csv, Lane::IntuneCsv, &["EX000002", "EX000003"]),
        (fixture!("partner-center.csv"), Format::Csv, Lane::PartnerCsv, &["EX000002", "", "EX000003"]),
        (fixture!("DeviceHash_EXAMPLE.csv"), Format::Csv, Lane::IntuneCsv, &["EX000002"]),
        (fixture!("OA3.xml"), Format::Oa3, Lane::Oa3, &["SN-EXAMPLE-1"]),
        (fixture!("identifiers.csv"), Format::Csv, Lane::IdentifierCsv, &["EX000002", "EX000003"]),
        (fixture!("wrapped-hash.txt"), Format::BareHash, Lane::BareHash, &["EX000002"]),
        (fixture!("EXAMPLE.devicelink.csv"), Format::DeviceLinkCsv, Lane::DeviceLinkCsv, &["EX000002"]),
    ] {
        assert_eq!(
            (read.format.clone(), read.serials()),
            (Ok(format), serials.iter().map(|s| (*s).to_owned()).collect())
        );
        assert!(read.lines.iter().filter_map(|line| line.outcome.as_ref().ok()).all(|entry| entry.lane == lane));
    }
}

#[test]
fn the_report_of_a_damaged_list_reads_line_by_line() {
    let read = fixture!("powershell.csv");
    assert_eq!(read.said(), ["the file is UTF-16, not plain text as the Intune portal wants it"]);
    assert_eq!(
        read.refused(),
        [
            "4: The hardware hash is not sound: it ends after 75 of 110 bytes: it was cut off.",
            "5: The serial number column says 'EX000004', the hash says 'EX000002': two rows were mixed.",
        ]
    );
    let read = fixture!("spreadsheet.csv");
    assert_eq!(
        read.said(),
        [
            "the columns are separated by semicolons, not by commas",
            "removed quotation marks",
            "read letters outside ASCII as Windows-1252",
            "removed blanks around a value",
            "removed quotation marks",
            "read letters outside ASCII as Windows-1252",
        ]
    );
}
