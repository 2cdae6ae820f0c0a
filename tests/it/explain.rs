//! Error cards from the command line and from a running bench.

use serde_json::Value;

use crate::support::Bench;

#[test]
fn a_code_is_explained_without_a_bench() {
    let bench = Bench::without_boot_environment();
    let card = bench.says(&["explain", "80180014"]);
    for part in ["Set up once already", "0x80180014", "means: ", "now:   Do not try again.", "call:  "] {
        assert!(card.contains(part), "{part}: {card}");
    }
    // As `%ERRORLEVEL%` and logs show it.
    assert_eq!(bench.says(&["explain", "-2145910764"]), card);
    let two = bench.says(&["explain", "806", "HTTP 429"]);
    assert!(two.contains("Registered already in this tenant") && two.contains("Too many requests"), "{two}");
    let several = bench.says(&["explain", "attestation"]);
    assert!(several.contains("stands on") && several.contains("Ask again with more"), "{several}");
    assert!(!bench.state().exists());
}

#[test]
fn an_unknown_code_is_said_to_be_unknown() {
    let bench = Bench::without_boot_environment();
    let complaint = bench.complains(&["explain", "0x80180015"]);
    assert!(complaint.contains("There is no card for '0x80180015'."), "{complaint}");
    assert!(
        complaint.contains("enrolment in management") && complaint.contains("Did you mean 0x80180014"),
        "{complaint}"
    );
    // The ones that are known are not kept back.
    let output = bench.run(&["explain", "808", "0x87D1041C"]);
    assert!(!output.status.success());
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("Locked by another company") && shown.contains("Intune's app installation"), "{shown}");
}

#[test]
fn scripts_get_the_cards_as_json() {
    let bench = Bench::without_boot_environment();
    let said: Value = serde_json::from_str(&bench.says(&["explain", "--json", "ZtdDeviceAlreadyAssigned"])).unwrap();
    assert_eq!(said[0]["cards"][0]["keys"][0], "806");
    let all: Value = serde_json::from_str(&bench.says(&["explain", "--all", "--json"])).unwrap();
    assert!(all.as_array().unwrap().len() > 40);
    assert!(bench.says(&["explain", "--all"]).contains("0x80180014"));
    let unknown = bench.run(&["explain", "--json", "0x80070005"]);
    let said: Value = serde_json::from_slice(&unknown.stdout).unwrap();
    assert_eq!((&said[0]["decoded"]["facility"], &said[0]["decoded"]["number"]), (&7.into(), &5.into()));
}

#[test]
fn a_running_bench_answers_to_a_scanned_code() {
    let bench = Bench::started();
    let said = bench.says(&["scan", "0x80180014"]);
    assert!(said.starts_with("ERROR CODE: 0x80180014: Set up once already\n"), "{said}");
    assert!(bench.devices().is_empty());
}
