//! Files without columns, and the devicelink export.

use super::*;

fn key(inner: &str) -> String {
    format!("<Key>{inner}</Key>")
}

#[test]
fn a_report_of_oa3tool_is_one_entry_for_each_key() {
    let one = key(&format!(
        "<ProductKeyID>3305000000007</ProductKeyID><ProductKeyState>3</ProductKeyState><HardwareHash>{}</HardwareHash>\
         <SerialNumber>PF000001</SerialNumber>",
        hash("PF000001")
    ));
    let two = key(&format!("<ProductKeyState>6</ProductKeyState><HardwareHash>{}</HardwareHash>", hash("PF000002")));
    for (file, serials) in [
        (one.clone(), vec!["PF000001"]),
        (two.clone(), vec!["PF000002"]),
        (format!("<Keys>{one}\n  {two}</Keys>\n"), vec!["PF000001", "PF000002"]),
        (
            format!("<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n<!-- bench > 1 --><Keys a='>'>{one}{two}</Keys>"),
            vec!["PF000001", "PF000002"],
        ),
        // Nothing holds several documents together, and still that is how people join them.
        (format!("{one}{two}"), vec!["PF000001", "PF000002"]),
    ] {
        for bytes in [file.clone().into_bytes(), utf16le(&format!("\u{feff}{file}")), utf16le(&file)] {
            let read = import(&bytes);
            assert_eq!(
                (read.format.clone(), read.serials()),
                (Ok(Format::Oa3), serials.iter().map(|s| (*s).to_owned()).collect())
            );
        }
    }
    let read = import(one.as_bytes());
    let entry = read.entry();
    assert_eq!((entry.lane, entry.product_key_id.as_ref().map(|id| id.as_str())), (Lane::Oa3, Some("3305000000007")));
}

#[test]
fn a_report_over_many_lines_is_numbered_by_line() {
    let file = format!(
        "<Keys>\n<Key>\n  <HardwareHash>\n{}\n</HardwareHash>\n</Key>\n<Key/>\n<Key><HardwareHash>oops</HardwareHash></Key></Keys>",
        hash("PF000001")
    );
    let read = import(file.as_bytes());
    assert_eq!(read.lines.iter().map(|line| line.number).collect::<Vec<_>>(), [2, 7, 8]);
    assert_eq!(read.refused().len(), 2, "{:?}", read.refused());
}

#[test]
fn a_report_that_was_cut_off_keeps_what_came_before() {
    let one = key(&format!("<HardwareHash>{}</HardwareHash>", hash("PF000001")));
    let two = key(&format!("<HardwareHash>{}</HardwareHash>", hash("PF000002")));
    let read = import(format!("<Keys>{one}{}", &two[..two.len() / 2]).as_bytes());
    assert_eq!(read.serials(), ["PF000001"]);
    assert_eq!(read.refused(), ["1: The file is damaged in this key: it ends inside an element: it was cut off."]);
    assert_eq!(read.format.unwrap_err().what, "This file was not read to its end.");
}

#[test]
fn other_xml_is_none_of_ours() {
    for file in [
        "<html><body>Sign in</body></html>",
        "<OA3><FileBased/></OA3>",
        "<a></b>",
        "<Key",
        "<",
        "<!DOCTYPE Key []><Key/>",
    ] {
        let read = import(file.as_bytes());
        assert_eq!(read.format.unwrap_err().what, NOTHING, "{file}");
        assert!(read.lines.is_empty(), "{file}");
    }
}

#[test]
fn entities_are_the_five_of_xml_and_numbers() {
    let hash = hash("R&D 1");
    let with = |serial: &str| {
        let file = key(&format!("<HardwareHash>{hash}</HardwareHash><SerialNumber>{serial}</SerialNumber>"));
        import(file.as_bytes())
    };
    assert_eq!(with("R&amp;D&#x20;&#49;").entry().serial.as_ref().map(Serial::as_str), Some("R&D 1"));
    for damaged in ["R&D 1", "&lol;", "&#0;", "&#xD800;"] {
        assert_eq!(
            with(damaged).refused(),
            ["1: The value of SerialNumber is too long, or it is no text."],
            "{damaged}"
        );
    }
}

#[test]
fn hashes_without_anything_beside_them() {
    let (one, two) = (hash("PF000001"), hash("PF000002"));
    let wrapped = |hash: &str| {
        (0..hash.len()).step_by(76).map(|at| &hash[at..hash.len().min(at + 76)]).collect::<Vec<_>>().join("\r\n")
    };
    for (file, lines) in [
        (one.clone(), vec![1]),
        (format!("\"{one}\"\r\n"), vec![1]),
        (format!("{one}\n\n{two}\n"), vec![1, 3]),
        (wrapped(&one), vec![1]),
        (format!("{}\n{}", wrapped(&one), wrapped(&two)), vec![1, 1 + one.len().div_ceil(76) as u64]),
        (format!("{one}\n{}", wrapped(&two)), vec![1, 2]),
        // No padding to 3000 bytes: the next one begins right behind.
        (format!("{}\n{}", wrapped(one.trim_end_matches(['A', '='])), wrapped(&two)), vec![]),
    ] {
        for bytes in [file.clone().into_bytes(), utf16le(&format!("\u{feff}{file}"))] {
            let read = import(&bytes);
            assert_eq!(read.format, Ok(Format::BareHash));
            let numbers: Vec<u64> = read.lines.iter().map(|line| line.number).collect();
            let wanted = if lines.is_empty() { numbers.clone() } else { lines.clone() };
            assert_eq!(numbers, wanted, "{:?}", read.refused());
            let expected = ["PF000001", "PF000002"];
            assert_eq!(read.serials(), expected[..numbers.len()], "{:?}", read.refused());
        }
    }
    let read = import(format!("{one}\nwhat is this?\n{two}\n").as_bytes());
    assert_eq!(read.serials(), ["PF000001", "PF000002"]);
    assert!(read.refused()[0].starts_with("2: The line is no hardware hash"), "{:?}", read.refused());
}

fn link(serial: &str, inside: &str) -> String {
    let json = format!(
        r#"{{"Version":1,"DeviceLinkCreationTimeUtc":"2026-08-20T10:00:00Z","DeviceInfo":{{"DeviceIdKeyList":[],
        "Manufacturer":"LENOVO","ModelName":"21CB","SerialNumber":"{inside}","LinkId":"0f0e0d0c-0b0a-0908-0706-050403020100"}},
        "DeviceLinkKeyData":{{"DeviceInfoSignature":"AAAA"}}}}"#
    );
    format!("SerialNumber,Manufacturer,Model,Data\r\n{serial},LENOVO,21CB,{}\r\n", BASE64_STANDARD.encode(json))
}

#[test]
fn a_devicelink_export_is_kept_as_it_is() {
    let csv = link("PF000001", "PF000001");
    let read = import(&utf16le(&format!("\u{feff}{csv}")));
    assert_eq!((read.format.clone(), read.said()), (Ok(Format::DeviceLinkCsv), vec![]));
    let entry = read.entry();
    let link = entry.device_link.as_ref().unwrap();
    assert!(csv.contains(&link.data));
    assert_eq!(link.link_id.as_deref(), Some("0f0e0d0c-0b0a-0908-0706-050403020100"));
    assert_eq!(link.created.as_deref(), Some("2026-08-20T10:00:00Z"));
    assert_eq!((entry.lane, entry.manufacturer.as_str()), (Lane::DeviceLinkCsv, "LENOVO"));
}

#[test]
fn a_devicelink_export_that_does_not_hold_together_is_refused() {
    assert_eq!(
        import(link("PF000001", "PF000002").as_bytes()).refused(),
        ["2: The serial number column says PF000001, the signed data says PF000002: two rows were mixed."]
    );
    let head = "SerialNumber,Manufacturer,Model,Data\n";
    for (data, why) in [
        ("not base64", "2: The Data column is not sound: it is not base64"),
        ("e30=", "2: The Data column is not sound: its content is damaged"),
        ("", "2: There is no signed data"),
    ] {
        let read = import(format!("{head}PF000001,LENOVO,21CB,{data}").as_bytes());
        assert!(read.refused().first().is_some_and(|refused| refused.starts_with(why)), "{data}: {read:?}");
    }
}

#[test]
fn files_that_are_picked_by_mistake_are_called_by_name() {
    for (bytes, why) in [
        (&b"PK\x03\x04rest"[..], "ZIP archive"),
        (b"MSCF\0\0", "CAB archive"),
        (b"%PDF-1.7", "PDF"),
        (b"", "empty"),
        (b"\r\n \r\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
    ] {
        let problem = import(bytes).format.unwrap_err();
        assert!(problem.why.contains(why), "{problem}");
    }
}
