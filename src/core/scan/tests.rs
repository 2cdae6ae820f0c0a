//! Serial numbers here are made up in each maker's form. Forms: HP and Lenovo box labels, Dell's service tag
//! and express service code; ISO/IEC 15434 and ANSI MH10.8.2 for marked codes; ISO/IEC 15424 for symbology
//! identifiers; keys of the setup code: WindowsAutopilotCompanion; `deviceLink:`: community tool WindowsDeviceLink.

use std::io::Write;

use base64::{Engine, prelude::BASE64_STANDARD};

use super::*;
use crate::entry::Lane;

fn serial(text: &str) -> Serial {
    Serial::try_from(text.to_owned()).unwrap()
}

fn shown(code: &str) -> String {
    match read(code) {
        Scan::Serial(serial) => format!("serial {serial}"),
        Scan::ProductKeyId(id) => format!("key {id}"),
        Scan::Setup(entry) => format!("setup {}", entry.serial.map_or_else(String::new, String::from)),
        Scan::Part { number, of } => format!("part {number}/{of}"),
        Scan::Unreadable(why) => format!("no: {why}"),
    }
}

#[test]
fn makers_words_come_off_a_serial_number() {
    let codes = [
        "PF0TEST1",
        "pf0test1\r\n",
        "\u{feff} PF0TEST1 \u{1e}\u{4}",
        "S/N: PF0TEST1",
        "S/N:PF0TEST1",
        "S/NPF0TEST1",
        "s/n PF0TEST1",
        "SN: PF0TEST1",
        "SN=PF0TEST1",
        "SN PF0TEST1",
        "SERIAL:PF0TEST1",
        "Serial No.: PF0TEST1",
        "Serial Number (S): PF0TEST1",
        "(S) PF0TEST1",
        "ST: PF0TEST1",
        "Service Tag: PF0TEST1",
        "SVC TAG PF0TEST1",
        "PF0TEST1 S/N",
        "PF0TEST1 (S/N)",
        "]C0PF0TEST1",
    ];
    for code in codes {
        assert_eq!(shown(code), "serial PF0TEST1", "{code:?}");
    }
}

#[test]
fn what_only_looks_like_a_prefix_stays() {
    for code in [
        "SN0TEST12",
        "ST0TEST12",
        "SERIAL99X",
        "S5CG1234ABC",
        "1S20XW004GUSPF0TEST1",
        "5CG1234ABC",
        "012345678957",
        "AB/12-3.4",
        "SERVER 01",
    ] {
        assert_eq!(shown(code), format!("serial {code}"));
    }
}

#[test]
fn thirteen_digits_are_a_product_key_id() {
    // Groups of Microsoft's published keys; the last digit makes none of them an EAN of another range.
    for code in
        ["3305123456789", "3305-123456789", "3305 1234 56789", "PKID: 3305123456789", "Product Key ID 3305123456789"]
    {
        assert_eq!(shown(code), "key 3305123456789");
    }
    assert_eq!(shown("330512345678"), "serial 330512345678", "twelve digits");
    assert_eq!(shown("33051234567890"), "serial 33051234567890", "fourteen digits");
    assert_eq!(shown("PKID: 330512345678"), "no: a product key id has thirteen digits");
}

#[test]
fn the_article_number_of_the_box_is_no_product_key_id() {
    // Prefixes of the United States, Ireland, Japan and Taiwan; made-up numbers with right check digits.
    for code in ["0196123456784", "5397184000007", "4549995123456", "4711081000006"] {
        assert!(shown(code).starts_with("no: it is the shop's article number"), "{code}");
    }
    assert_eq!(shown("0012345678906"), "key 0012345678906", "the check digit is wrong: no EAN");
    // A group that exists wins over a check digit that fits.
    assert_eq!(shown("3305123456787"), "key 3305123456787");
}

#[test]
fn other_codes_of_the_box_are_refused_in_words() {
    let codes = [
        ("P/N: 21CBCTO1WW", "part number"),
        ("Part No. 5D10W12345", "part number"),
        ("PN 5D10W12345", "part number"),
        ("MTM: 21CBCTO1WW", "model"),
        ("SNID: 01234567890", "SNID"),
        ("MAC: 02AABBCCDDEE", "network address"),
        ("02:AA:BB:CC:DD:EE", "characters"),
        ("IMEI: 350000000000000", "radio"),
        ("W269N-WFGWX-YVC9B-4J6C9-T83GX", "product key, which"),
        ("To be filled by O.E.M.", "filler"),
        ("Default string", "filler"),
        ("https://example.com/support", "web address"),
        ("", "empty"),
        ("\r\n", "empty"),
        ("---", "characters"),
        ("CMD:RESEALED", "characters"),
    ];
    for (code, why) in codes {
        let shown = shown(code);
        assert!(shown.starts_with("no: ") && shown.contains(why), "{code:?}: {shown}");
    }
    assert!(shown(&"X".repeat(65)).contains("too long"));
    assert!(shown(&"X".repeat(70_000)).contains("longer than any code"));
}

#[test]
fn a_code_with_several_values_gives_the_one_that_is_marked() {
    assert_eq!(shown("SN:PF0TEST1;MTM:21CBCTO1WW;MAC:02AABBCCDDEE"), "serial PF0TEST1");
    assert_eq!(shown("P/N: 21CBCTO1WW\nS/N: PF0TEST1\n"), "serial PF0TEST1");
    assert_eq!(shown("P/N 21CB, S/N PF0TEST1"), "serial PF0TEST1");
    assert_eq!(shown("https://example.com/s?mtm=21CB&sn=PF0TEST1"), "serial PF0TEST1");
    assert!(shown("21CBCTO1WW;PF0TEST1").contains("none says"));
    assert!(shown("SN:PF0TEST1;SN:PF0TEST2").contains("several serial numbers"));
}

#[test]
fn a_shipping_label_gives_its_serial_element() {
    assert_eq!(shown("[)>\u{1e}06\u{1d}1P21CBCTO1WW\u{1d}SPF0TEST1\u{1d}Q1\u{1e}\u{4}"), "serial PF0TEST1");
    assert!(shown("[)>\u{1e}06\u{1d}1P21CBCTO1WW\u{1e}\u{4}").contains("without a serial number"));
    assert!(shown("[)>061P21CBCTO1WWSPF0TEST1").contains("swallowed"));
}

#[test]
fn a_scanner_for_the_american_keyboard_is_understood_on_a_german_one() {
    // The colon gives it away, and then Y and Z are the other one too.
    assert_eq!(shown("SNÖ PF0ZEST1"), "serial PF0YEST1");
    assert_eq!(shown("S-NÖPF0TEST1"), "serial PF0TEST1");
    let code = "ÜÄYtdIdÄÖÄ0f0e0d0cß0b0aß4009ß8807ß060504030201Ä,ÄSerialNumberÄÖÄPF0TEST1Ä*";
    assert_eq!(shown(code), "setup PF0TEST1");
    assert!(shown("PF0TEST1ß?ÖÖ!(").contains("keyboard layout"));
    assert!(shown("&é\"'PF").contains("keyboard layout"), "French digits");
    assert!(shown("devicelinkM!1!§sn-PF0TEST1").contains("keyboard layout"), "French punctuation");
}

const ZTD: &str = "0f0e0d0c-0b0a-4009-8807-060504030201";

#[test]
fn the_classic_setup_code_in_every_form() {
    let flat = format!(
        r#"{{"Version":"1.0.0","Id":"x","ZtdId":"{ZTD}","PKID":"3305123456789","SerialNumber":"PF0TEST1","SequenceBlockNumber":1,"TotalBlocks":1}}"#
    );
    let forms = [
        flat.clone(),
        format!("\u{feff}{flat}"),
        format!(r#"{{"BlockSequence":{flat}}}"#),
        format!(r#"{{"BlockSequence":[{flat}]}}"#),
        serde_json::to_string(&flat).unwrap(),
        flat.replace('"', "\\\""),
        flat.replace("ZtdId", "ztdid").replace("SerialNumber", "SERIALNUMBER"),
        flat.replace(ZTD, &format!("{{{}}}", ZTD.to_uppercase())),
    ];
    for form in forms {
        let Scan::Setup(entry) = read(&form) else { panic!("{form}: {}", shown(&form)) };
        assert_eq!(entry.lane, Lane::SetupQr);
        assert_eq!(entry.ztd_id.unwrap().as_str(), ZTD, "{form}");
        assert_eq!(entry.serial, Some(serial("PF0TEST1")));
        assert_eq!(entry.product_key_id.unwrap().as_str(), "3305123456789");
    }
}

#[test]
fn a_setup_code_with_little_in_it() {
    let Scan::Setup(entry) = read(&format!(r#"{{"ZtdId":"{ZTD}","PKID":"","SerialNumber":""}}"#)) else { panic!() };
    assert_eq!((entry.serial, entry.product_key_id), (None, None));
    for (code, why) in [
        (r#"{"SerialNumber":""}"#, "no Autopilot id"),
        (r#"{"ZtdId":"12345"}"#, "not a GUID"),
        (r#"{"ZtdId":"00000000-0000-0000-0000-000000000000"}"#, "all zeros"),
        (r#"{"ZtdId":"0f0e0d0c-"#, "damaged"),
        ("[{}]", "no Autopilot id"),
        (r#""just a string""#, "damaged"),
    ] {
        assert!(shown(code).contains(why), "{code}: {}", shown(code));
    }
    assert_eq!(shown(r#"{"sn":"PF0TEST1","pn":"21CB"}"#), "serial PF0TEST1", "a maker's own JSON");
}

#[test]
fn a_setup_code_in_parts() {
    let part =
        |number: u8, of: u8| format!(r#"{{"ZtdId":"{ZTD}","SequenceBlockNumber":{number},"TotalBlocks":"{of}"}}"#);
    assert_eq!(read(&part(2, 3)), Scan::Part { number: 2, of: 3 });
    assert!(matches!(read(&part(1, 1)), Scan::Setup(_)));
}

fn gzip(text: &[u8]) -> String {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(text).unwrap();
    BASE64_STANDARD.encode(packer.finish().unwrap())
}

fn device_link(serial: &str, data: &str) -> String {
    let data = data.replace('+', "%2B").replace('/', "%2f").replace('=', "%3D");
    format!("deviceLink:/1/?sn={serial}&data={data}")
}

const LINK: &[u8] =
    br#"{"ver":1,"dlict":"2026-08-20T10:11:12Z","di":{"kl":[],"man":"LENOVO","mod":"21CBCTO1WW","sn":"PF0TEST1",
"sbu":"00000000-0000-0000-0000-000000000001","li":"link-1","lict":"2026-08-20T10:11:11Z"},"dlkd":{"sa":"x"}}"#;

#[test]
fn a_device_link_code_keeps_its_data_untouched() {
    let data = gzip(LINK);
    let Scan::Setup(entry) = read(&device_link("PF0TEST1", &data)) else { panic!() };
    assert_eq!((entry.lane, entry.serial), (Lane::DeviceLinkQr, Some(serial("PF0TEST1"))));
    assert_eq!((entry.manufacturer.as_str(), entry.model.as_str()), ("LENOVO", "21CBCTO1WW"));
    let link = entry.device_link.unwrap();
    assert_eq!(link.data, data);
    assert_eq!(link.link_id.as_deref(), Some("link-1"));
    assert_eq!(link.created.as_deref(), Some("2026-08-20T10:11:12Z"));
}

#[test]
fn a_device_link_code_that_is_not_whole() {
    let data = gzip(LINK);
    let flipped = BASE64_STANDARD.encode({
        let mut bytes = BASE64_STANDARD.decode(&data).unwrap();
        bytes[20] ^= 0x10;
        bytes
    });
    let bomb = gzip(&vec![b' '; 10 << 20]);
    for (code, why) in [
        (device_link("PF0TEST1", &data[..data.len() / 2]), "damaged"),
        (device_link("PF0TEST1", &flipped), "damaged"),
        (device_link("PF0TEST1", &bomb), "damaged"),
        (device_link("PF0TEST1", "%%%"), "damaged"),
        (device_link("PF0TEST1", ""), "no data"),
        (device_link("PF0TEST2", &data), "two serial numbers"),
        ("deviceLink:/1/".to_owned(), "no data"),
        ("deviceLink:/2/?sn=PF0TEST1&data=x".to_owned(), "newer kind"),
        (device_link("", &gzip(b"{}")), "no serial number"),
    ] {
        assert!(shown(&code).contains(why), "{code}: {}", shown(&code));
    }
}

#[test]
fn a_label_means_the_machine_it_stands_on() {
    let pairs = [
        ("PF0TEST1", "pf0test1", true),
        ("1S20XW004GUSPF0TEST1", "PF0TEST1", true),
        ("1S4180AB1R8TEST1", "R8TEST1", true),
        ("S5CG1234ABC", "5CG1234ABC", true),
        ("1234-5678-9012", "123456789012", true),
        ("S/N PF0TEST1", "PF0TEST1", true),
        // Dell: base 36 of ABC1234.
        ("22453156048", "ABC1234", true),
        ("22453156049", "ABC1234", false),
        ("PF0TEST1", "PF0TEST2", false),
        ("1S20XW004GUSPF0TEST1", "TEST1", false),
        ("XPF0TEST1", "PF0TEST1", false),
        ("1SABXW004GUSPF0TEST1", "PF0TEST1", false),
        ("S123", "123", false),
        // The machine's own number may begin with S.
        ("SGH123ABCD", "SGH123ABCD", true),
        ("SGH123ABCD", "SGH123ABCE", false),
    ];
    for (scanned, known, same) in pairs {
        assert_eq!(means(&serial(scanned), &serial(known)), same, "{scanned} and {known}");
    }
}

#[test]
fn what_a_label_can_stand_for() {
    let all = |code: &str| readings(&serial(code)).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(all("PF0TEST1"), ["PF0TEST1"]);
    assert_eq!(all("1S20XW004GUSPF0TEST1"), ["1S20XW004GUSPF0TEST1", "PF0TEST1"]);
    assert_eq!(all("S5CG1234ABC"), ["S5CG1234ABC", "5CG1234ABC"]);
    assert_eq!(all("22453156048"), ["22453156048", "ABC1234"]);
}

#[test]
fn a_number_full_of_prefixes_still_means_itself() {
    // Found by fuzzing.
    let Scan::Serial(serial) = read("sn#  #  sn  sn sn ") else { panic!("it may be a serial number") };
    assert!(means(&serial, &serial));
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in ".{0,80}", other in ".{1,60}") {
        let _ = read(&text);
        for head in ["{", "\"", "[)>", "deviceLink:/1/?sn=A&data=", "S/N ", "1S", "ÖS", "https://a?sn=", "]C"] {
            let _ = read(&format!("{head}{text}"));
        }
        if let (Ok(one), Ok(two)) = (Serial::try_from(text), Serial::try_from(other)) {
            let _ = (means(&one, &two), readings(&one));
        }
    }

    #[test]
    fn every_machine_is_meant_by_its_own_number(text in "[A-Z0-9]{1,20}") {
        let serial = serial(&text);
        proptest::prop_assert!(means(&serial, &serial));
        proptest::prop_assert!(readings(&serial).first() == Some(&serial));
    }
}
