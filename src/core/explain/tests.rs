//! Where the codes come from stands in the fixture.

use proptest::prelude::*;

use super::*;

const FACTS: &str = include_str!("../../../tests/fixtures/explain/codes.txt");

/// The title of the card, or what else is said.
fn title(text: &str) -> String {
    match explain(text) {
        Answer::Card { card, .. } => card.title.to_owned(),
        Answer::Several(cards) => cards.iter().map(|card| card.title).collect::<Vec<_>>().join(" | "),
        Answer::Unknown(unknown) => {
            let near: Vec<_> = unknown.near.iter().map(|(key, _)| key.to_string()).collect();
            format!("? {}", near.join(" "))
        }
    }
}

#[test]
fn every_code_of_the_facts_has_one_card() {
    let codes: Vec<_> = FACTS.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(codes.len() > 60);
    for code in codes {
        assert!(matches!(explain(code), Answer::Card { .. }), "{code}: {:?}", explain(code));
    }
}

#[test]
fn every_key_leads_to_its_own_card() {
    for card in cards() {
        for key in card.keys {
            let typed = key.to_string();
            let Answer::Card { card: found, .. } = explain(&typed) else { panic!("{typed}: {:?}", explain(&typed)) };
            assert_eq!(found.title, card.title, "{typed}");
        }
    }
    let mut all: Vec<_> = cards().flat_map(|card| card.keys).map(|key| typed::squeezed(&key.to_string())).collect();
    // A number is typed without the word that says what it is.
    all.extend(cards().flat_map(|card| card.keys).filter_map(|key| key.number()).map(|number| format!("#{number}")));
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count, "a key stands on two cards");
}

#[test]
fn every_card_says_three_things_in_sentences() {
    for card in cards() {
        for part in [card.means, card.now, card.whom] {
            assert!(
                part.ends_with(['.', '?']) && part.starts_with(|c: char| c.is_uppercase()),
                "{}: {part}",
                card.title
            );
            assert!(part.is_ascii() && !part.contains("  ") && !part.contains('\n'), "{part}");
        }
        assert!(!card.title.ends_with('.') && card.title.len() <= 50, "{}", card.title);
        assert!(!card.keys.is_empty());
        // The board has six lines for what it means and what to do now.
        assert!(card.means.len() + card.now.len() <= 430, "{}: {}", card.title, card.means.len() + card.now.len());
    }
}

#[test]
fn a_code_is_taken_in_every_form_that_people_have_it_in() {
    for text in [
        "0x80180014",
        "0X80180014",
        "80180014",
        "80180014h",
        "2149056532",
        "-2145910764",
        "(0x80180014)",
        "Error code: 0x80180014.",
        "hr=0x80180014,",
        "  0x80180014\r\n",
        "Ox8O18OO14",
        "\u{feff}0x80180014",
        "one time limit check",
        "The device failed: SDM One-Time limit check (80180014)",
    ] {
        assert_eq!(title(text), "Set up once already", "{text:?}");
    }
    for text in [
        "806",
        "#806",
        "error 806",
        "ztddevicealreadyassigned",
        "ZtdDeviceAlreadyAssigned (806)",
        "Ztd Device Already Assigned",
    ] {
        assert_eq!(title(text), "Registered already in this tenant", "{text:?}");
    }
    for text in ["429", "HTTP 429", "http429", "HTTP/1.1 429 Too Many Requests", "status: 429", "0x801901AD"] {
        assert_eq!(title(text), "Too many requests", "{text:?}");
    }
    assert_eq!(title("event 908"), title("HardwareMismatchDetected"));
    assert_eq!(title("e_autopilot_client_tpm_max_attestation_retry_exceeded"), "TPM attestation gave up");
}

#[test]
fn the_words_beside_a_number_say_more_than_the_number() {
    assert_eq!(
        title("HTTP 400: Cannot convert the literal 'T0E' to the expected type 'Edm.Binary'."),
        "A hash in the list is no sound base64"
    );
    // And a code says more than the words that are always there.
    assert_eq!(title("Something went wrong. 0x801c03f3"), "Its device object was deleted");
}

#[test]
fn what_fits_several_is_listed() {
    let said = title("attestation");
    assert!(said.contains("TPM attestation gave up | ") && said.contains("Windows is too old"), "{said}");
}

#[test]
fn near_misses_are_named() {
    assert_eq!(title("0x8018001"), "? 0x80180014 0x80180018");
    assert_eq!(title("0x80810014"), "? 0x80180014");
    assert_eq!(title("ZtdDeviceAlreadyAsigned"), "? ZtdDeviceAlreadyAssigned");
    assert_eq!(title("860"), "? 806 810");
    // Half of the table is no suggestion.
    assert_eq!(title("80"), "? ");
    assert_eq!(title("0x87D1041C"), "? ");
}

#[test]
fn an_unknown_code_is_taken_apart_and_not_guessed() {
    let said = |text: &str| match explain(text) {
        Answer::Unknown(unknown) => unknown.problem().to_string(),
        other => panic!("{text}: {other:?}"),
    };
    let app = said("0x87D1041C");
    assert!(app.contains("There is no card for '0x87D1041C'.") && app.contains("Intune's app installation"), "{app}");
    assert!(app.contains("number 1052") && app.contains("mdmdiagnosticstool"), "{app}");
    assert!(said("-2147024891").contains("0x80070005") && said("0x80070005").contains("5 (access denied)"));
    assert!(said("the screen is green").contains("none of the codes, names and messages"));
    assert!(said("").contains("no card for ''"));
}

#[test]
fn only_what_cannot_be_a_laptops_number_is_unmistakable() {
    for code in ["0x80180014", "0x80070005", "ZtdDeviceAlreadyAssigned", "HTTP 429", "-2145910764"] {
        assert!(unmistakable(code).is_some(), "{code}");
    }
    for code in ["806", "80180014", "PF000001", "0x8018", "HTTP", "-", "3311000000001", "5CG1284XYZ"] {
        assert_eq!(unmistakable(code), None, "{code}");
    }
    assert!(by_code("806").is_some() && by_code("80180014").is_some());
    assert_eq!(by_code("PF000001"), None);
    assert_eq!(by_code("blank page"), None);
}

#[test]
fn the_whole_table_reads_like_this() {
    let Answer::Card { card, by } = explain("80180014") else { panic!() };
    assert_eq!(by, "0x80180014");
    insta::assert_snapshot!(card.to_string(), @r#"
    Set up once already
      0x80180014, "SDM One Time Limit Check", "enrollment blocked for AP device"
      means: A laptop goes through the technician phase once; this one did. Or the tenant does not let Windows devices enrol at all.
      now:   Do not try again. Put it aside until its old entry is gone; then restart it and begin anew.
      call:  The customer's Intune administrator: delete its entry among the managed devices, or unblock it; and allow Windows (MDM) in the platform restrictions.
    "#);
}

proptest! {
    #[test]
    fn anything_may_be_asked(text in "\\PC{0,200}") {
        let _ = (explain(&text), unmistakable(&text), by_code(&text));
    }

    #[test]
    fn any_number_may_be_asked(code in any::<u32>()) {
        let hex = format!("0x{code:08x}");
        let same = explain(&hex) == explain(&hex.to_uppercase().replacen('X', "x", 1));
        prop_assert!(same || matches!(explain(&hex), Answer::Unknown(_)));
    }
}
