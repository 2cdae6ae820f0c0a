//! Every way an identity comes in, and what the bench makes of labels, orders and hashes: through the
//! real binary, with files as other tools write them.

use std::{fs, path::PathBuf};

use serde_json::Value;
use whiteglove_core::{
    api::Outcome,
    blob::Blob,
    capture::Capture,
    clock::Moment,
    hwhash::{self, HardwareHash, Record},
    identity::{Mac, SystemUuid},
    testing,
};

use crate::support::{
    Bench,
    laptop::{capture, hand_in},
};

const HEAD: &str = "Device Serial Number,Windows Product ID,Hardware Hash\r\n";

fn text(kind: u16, text: &str) -> Record {
    Record::Text { kind, text: text.to_owned(), nul: kind != 7 }
}

/// What Windows would write of the laptop that `support::laptop::capture` describes.
fn windows_hash(serial: &str, uuid: u8) -> HardwareHash {
    let records = [
        Record::Versions {
            tool_build: [10, 0, 26100, 1],
            os_build: [10, 0, 26100, 1742],
            seconds: 820_454_400,
            zone_quarters: 4,
            os_type: 2,
            architecture: 9,
            tool: 9,
        },
        Record::Network { medium: 14, mac: Mac([2, 0, 0, 0, 0, uuid]), bus: "PCI".to_owned() },
        Record::SmbiosUuid { uuid: SystemUuid(testing::uuid(uuid)) },
        text(14, serial),
        text(16, "LENOVO"),
        text(17, "21CB"),
    ];
    HardwareHash::encode(&records).unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn file(bench: &Bench, name: &str, bytes: &[u8]) -> String {
    let path = bench.folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The report an import names, line by line.
fn report(answer: &str) -> Vec<String> {
    let path: PathBuf = answer.split("Line by line: ").nth(1).unwrap().lines().next().unwrap().into();
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn device<'a>(devices: &'a [Value], serial: &str) -> &'a Value {
    let of = |device: &&Value| device["identity"]["serial"] == serial;
    devices.iter().find(of).unwrap_or_else(|| panic!("{serial} is not among {devices:#?}"))
}

#[test]
fn a_csv_as_windows_writes_it_is_taken_line_by_line() {
    let bench = Bench::started();
    let mut csv = HEAD.to_owned();
    for (serial, uuid) in [("PF000001", 1), ("PF000002", 2)] {
        csv += &format!("{serial},,{}\r\n", windows_hash(serial, uuid).to_base64());
    }
    // Cut short, as a mail program does it; then two rows mixed up.
    csv += &format!("PF000003,,{}\r\n", &windows_hash("PF000003", 3).to_base64()[..120]);
    csv += &format!("PF000004,,{}\r\n", windows_hash("PF000005", 5).to_base64());
    let path = file(&bench, "hashes.csv", &utf16(&csv));

    let complaint = bench.complains(&["import", &path]);
    assert!(complaint.contains("2 new, 2 refused"), "{complaint}");
    assert!(complaint.contains("Line 4: ") && complaint.contains("line 5: "), "{complaint}");
    let report = report(&complaint);
    assert!(report[0].starts_with("line 2: PF000001 taken as #1"), "{report:?}");
    assert!(report[1].starts_with("line 3: PF000002 taken as #2"), "{report:?}");

    let devices = bench.devices();
    assert_eq!(devices.len(), 2);
    assert_eq!(device(&devices, "PF000001")["windows_hash"]["source"]["line"], 2);
    assert_eq!(device(&devices, "PF000001")["signal"], "import");

    // The same file again changes nothing, and says so.
    let before = bench.says(&["journal", "verify"]);
    assert!(bench.complains(&["import", &path]).contains("2 here already, 2 refused"));
    assert_eq!(bench.says(&["journal", "verify"]).split("written").next(), before.split("written").next());
}

#[test]
fn a_folder_of_exports_comes_in_whole() {
    let bench = Bench::started();
    let folder = bench.folder.path().join("stick");
    fs::create_dir(&folder).unwrap();
    let oa3 = format!(
        "<Key><ProductKeyState>6</ProductKeyState><HardwareHash>{}</HardwareHash></Key>",
        windows_hash("PF000011", 11).to_base64()
    );
    fs::write(folder.join("OA3.xml"), oa3).unwrap();
    let csv = format!("{HEAD}PF000012,,{}", windows_hash("PF000012", 12).to_base64());
    fs::write(folder.join("DeviceHash_DESKTOP-1.csv"), csv).unwrap();
    fs::write(folder.join("holiday.jpg"), b"not ours").unwrap();
    let answer = bench.says(&["import", folder.to_str().unwrap()]);
    assert!(answer.contains("2 new"), "{answer}");
    assert_eq!(bench.devices().len(), 2);
}

#[test]
fn a_file_that_is_nothing_we_know_is_refused_whole() {
    let bench = Bench::started();
    let path = file(&bench, "shopping.csv", b"milk;bread\neggs;\n");
    let complaint = bench.complains(&["import", &path]);
    assert!(complaint.contains("next:"), "{complaint}");
    assert!(bench.devices().is_empty());
}

/// A laptop our agent captured, with the hash it made of itself.
fn with_made_hash(mut capture: Capture) -> Capture {
    capture.hash = Some(hwhash::make(&capture, Moment::from_millis(1_795_348_800_000)).unwrap());
    capture
}

#[test]
fn a_windows_hash_of_the_same_laptop_is_the_acceptance_test_of_its_model() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    let machine = with_made_hash(capture("PF000021", 21, Some(21)));
    hand_in(&bench.url(), &card, &machine);
    assert!(bench.says(&["hash", "models"]).contains("No model was compared"));

    // Our own hash in a file proves nothing about Windows.
    let own = machine.hash.as_ref().unwrap().hash.to_base64();
    let path = file(&bench, "own.csv", format!("{HEAD}PF000021,,{own}").as_bytes());
    assert!(bench.complains(&["import", &path]).contains("our own agent made"));

    let theirs = windows_hash("PF000021", 21);
    let path = file(&bench, "windows.csv", format!("{HEAD}PF000021,,{}", theirs.to_base64()).as_bytes());
    let compared = bench.says(&["hash", "compare", "device:1", &path]);
    assert!(compared.contains("DIFFERS in") && compared.contains("MacAddress"), "{compared}");
    let models = bench.says(&["hash", "models"]);
    assert!(models.contains("LENOVO 21CB") && models.contains("NOT accepted"), "{models}");
    let shown = bench.says(&["hash", "show", "1"]);
    assert!(shown.contains("Made on Linux, NOT accepted"), "{shown}");
    // Whatever it is called.
    let path = file(&bench, "hash", theirs.to_base64().as_bytes());
    assert!(bench.says(&["import", &path]).contains("1 here already"));
    let shown: Value = serde_json::from_str(&bench.says(&["hash", "show", "1", "--json"])).unwrap();
    assert_eq!(shown["windows"]["source"]["name"], "windows.csv");
}

#[test]
fn an_identical_windows_hash_accepts_the_model() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    let machine = with_made_hash(capture("PF000031", 31, Some(31)));
    hand_in(&bench.url(), &card, &machine);
    // As Windows would write it if it agreed: other time, other build, everything else the same.
    let records: Vec<Record> = machine.hash.as_ref().unwrap().hash.records();
    let later = records.into_iter().map(|record| match record {
        Record::Versions { tool_build, os_build, seconds, os_type, architecture, tool, .. } => Record::Versions {
            tool_build,
            os_build,
            seconds: seconds + 900,
            zone_quarters: -32,
            os_type,
            architecture,
            tool,
        },
        other => other,
    });
    let theirs = HardwareHash::encode(&later.collect::<Vec<_>>()).unwrap();
    let path =
        file(&bench, "OA3.xml", format!("<Key><HardwareHash>{}</HardwareHash></Key>", theirs.to_base64()).as_bytes());
    bench.says(&["import", &path]);
    let models = bench.says(&["hash", "models"]);
    assert!(models.contains("accepted: one laptop"), "{models}");
}

#[test]
fn a_batch_that_requires_the_windows_hash_waits_for_it() {
    let mut bench = Bench::new();
    bench.config += "identity = 'windows-hash'\n";
    bench.start();
    let (_, card) = bench.build_stick();
    let receipt = hand_in(&bench.url(), &card, &capture("PF000041", 41, Some(41)));
    let missing: Vec<String> = receipt.missing.iter().map(ToString::to_string).collect();
    assert!(missing.iter().any(|what| what.contains("Windows")), "{missing:?}");
    let path =
        file(&bench, "w.csv", format!("{HEAD}PF000041,,{}", windows_hash("PF000041", 41).to_base64()).as_bytes());
    assert!(bench.says(&["import", &path]).contains("1 added"));
    assert!(device(&bench.devices(), "PF000041")["windows_hash"].is_object());
}

#[test]
fn label_machine_and_order_must_name_the_same_laptop() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    let url = bench.url();
    let order = "Seriennummer;Modell\r\nPF000051;ThinkPad\r\nS/N: PF000052;ThinkPad\r\n";
    let answer = bench.says(&["order", "import", &file(&bench, "po.csv", order.as_bytes()), "--customer", "ACME"]);
    assert!(answer.contains("2 new"), "{answer}");
    let foreign = file(&bench, "other.csv", b"Serial\nPF000059\n");
    bench.says(&["order", "import", &foreign, "--batch", "autumn", "--customer", "Globex"]);

    hand_in(&url, &card, &capture("PF000051", 51, Some(51)));
    let stopped = hand_in(&url, &card, &capture("PF000059", 59, Some(59)));
    assert_eq!(stopped.outcome, Outcome::Held);
    assert!(stopped.notice.unwrap().what.contains("Globex"));
    hand_in(&url, &card, &capture("PF000058", 58, Some(58)));
    let list = bench.says(&["devices"]);
    let row = |serial: &str| list.lines().find(|line| line.contains(serial)).unwrap().to_owned();
    assert!(row("PF000051").contains("expected"), "{list}");
    assert!(row("PF000058").contains("not expected") && row("PF000058").contains("not ready"), "{list}");
    assert!(row("PF000059").contains("WRONG CUSTOMER") && row("PF000059").contains("HELD"), "{list}");
    let missing = bench.says(&["order", "list"]);
    assert!(missing.contains("PF000052") && missing.contains("1 of 2 here for ACME"), "{missing}");

    // The right label, then the wrong one.
    let matched = bench.says(&["scan", "S/N:pf000051", "--on", "1"]);
    assert!(matched.contains("MATCH"), "{matched}");
    assert!(bench.says(&["devices"]).lines().any(|line| line.contains("PF000051") && line.contains("match")));
    let wrong = bench.complains(&["scan", "PF000052", "--on", "1"]);
    assert!(wrong.contains("WRONG MACHINE"), "{wrong}");
    assert!(device(&bench.devices(), "PF000051")["stage"]["held"].is_object());
}

#[test]
fn a_box_that_was_scanned_first_becomes_the_laptop_that_boots() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    bench.says(&["order", "import", &file(&bench, "po.csv", b"Serial Number\nPF000061\n")]);
    assert!(bench.says(&["scan", "PF000061"]).contains("EXPECTED"));
    assert!(bench.says(&["scan", "PF000099"]).contains("NOT EXPECTED"));
    let receipt = hand_in(&bench.url(), &card, &capture("PF000061", 61, Some(61)));
    assert_eq!((receipt.device, receipt.outcome), (1, Outcome::Captured));
    assert_eq!(bench.devices().len(), 1);
}

#[test]
fn a_new_motherboard_is_said_loudly_and_joined_by_a_person() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    let url = bench.url();
    hand_in(&url, &card, &capture("PF000071", 71, Some(71)));
    let mut second = capture("PF000071", 71, Some(72));
    second.tpm.as_mut().unwrap().keys[0].public = Blob(vec![72; 40]);
    let receipt = hand_in(&url, &card, &second);
    assert_eq!(receipt.outcome, Outcome::Held);
    let notice = receipt.notice.unwrap();
    assert!(notice.what.contains("MOTHERBOARD CHANGED"), "{notice}");
    bench.says(&["same-laptop", "2"]);
    let devices = bench.devices();
    assert!(devices[0]["stage"]["replaced"].is_object() && devices[1]["stage"]["captured"].is_object());
    assert!(bench.complains(&["same-laptop", "2"]).contains("not held"));
}

#[test]
fn what_the_service_said_stands_against_the_laptop() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    hand_in(&bench.url(), &card, &capture("PF000081", 81, Some(81)));
    bench.says(&["probe", "1", "other-company"]);
    let list = bench.says(&["devices"]);
    assert!(list.contains("not ready"), "{list}");
    assert!(bench.complains(&["probe", "7", "free"]).contains("no device #7"));
}

#[test]
fn hashes_are_looked_into_without_a_bench() {
    let bench = Bench::new();
    let fixture = |name: &str| format!("{}/tests/fixtures/hwhash/{name}", env!("CARGO_MANIFEST_DIR"));
    let full = fixture("synthetic_full.b64");
    let decoded = bench.says(&["hash", "decode", &full]);
    assert!(decoded.contains("SN-EXAMPLE-1") && decoded.contains("every critical field is there"), "{decoded}");
    let json: Value = serde_json::from_str(&bench.says(&["hash", "decode", &full, "--json"])).unwrap();
    assert_eq!(json["missing"].as_array().unwrap().len(), 0);
    let base = bench.says(&["hash", "validate", &fixture("synthetic_base_12_14_16_17.b64")]);
    assert!(base.contains("lacks DiskSerialNumber, TpmVersion, EkPubHash"), "{base}");
    let text = fs::read_to_string(&full).unwrap();
    let changed = text.replacen("SU5D", "SU5E", 1).replacen("AAAA", "AAAB", 1);
    assert_ne!(changed, text);
    let complaint = bench.complains(&["hash", "validate", &file(&bench, "changed.b64", changed.as_bytes())]);
    assert!(complaint.contains("no good"), "{complaint}");
    let unpadded = text.trim().trim_end_matches('=').chars().collect::<Vec<_>>();
    let wrapped: String = unpadded.chunks(76).map(|line| line.iter().collect::<String>() + "\r\n").collect();
    let repaired = bench.says(&["hash", "validate", &file(&bench, "wrapped.b64", wrapped.as_bytes())]);
    assert!(repaired.contains("repaired"), "{repaired}");
    assert!(bench.complains(&["hash", "decode", "nothing.csv"]).contains("no file that can be read"));
}
