//! Whatever comes: no panic, and nothing half understood.

use proptest::prelude::*;

use super::*;
use crate::{cloud::Service, cloud::fault::Fault};

/// All that reads answers, and whether it understood.
fn all(answer: &Answer) -> [bool; 9] {
    let _ = (said(answer), Fault::of(Service::Graph, answer, "it"));
    [
        imported(answer).is_ok(),
        imported_list(answer).is_ok(),
        registration(answer).is_ok(),
        registrations(answer).is_ok(),
        settings(answer).is_ok(),
        associated_devices(answer).is_ok(),
        managed_devices(answer).is_ok(),
        events_of(answer).is_ok(),
        answers(answer, 20).is_ok(),
    ]
}

const EXAMPLES: [&str; 9] = [
    fixture!("imported-list"),
    fixture!("registrations"),
    fixture!("settings"),
    fixture!("associated-devices"),
    fixture!("managed-devices"),
    fixture!("events"),
    fixture!("batch-answer"),
    fixture!("profile"),
    fixture!("errors"),
];

#[test]
fn half_a_document_is_no_document_and_says_where() {
    for example in EXAMPLES {
        let example = example.trim_end();
        for length in (0..example.len()).step_by(7) {
            let half = ok(&example[..length]);
            assert_eq!(all(&half), [false; 9], "{length} of {example}");
        }
        let error = registrations(&ok(&example[..example.len() / 2])).unwrap_err();
        assert!(error.at.starts_with("line ") && error.why == "it ends too early", "{error}");
    }
}

#[test]
fn a_list_with_an_entry_that_is_none_is_no_list() {
    let list = |item: Value| json(&json!({ "value": [{ "id": ztd(1).as_str() }, item] }));
    for (item, at) in [
        (json!({}), "value[1].id"),
        (json!({ "id": "" }), "value[1].id"),
        (json!({ "id": "no GUID" }), "value[1].id"),
        (json!(7), "value[1]"),
        (json!({ "id": ztd(2).as_str(), "serialNumber": ["PF1"] }), "value[1].serialNumber"),
        (json!({ "id": ztd(2).as_str(), "serialNumber": "x".repeat(5_000) }), "value[1].serialNumber"),
        (json!({ "id": ztd(2).as_str(), "deploymentProfile": "x" }), "value[1].deploymentProfile"),
    ] {
        assert_eq!(registrations(&list(item)).unwrap_err().at, at);
    }
    for (body, at) in [(json!({}), "value"), (json!({ "value": null }), "value"), (json!([]), "its start")] {
        assert_eq!(registrations(&json(&body)).unwrap_err().at, at);
    }
    let link = json(&json!({ "value": [], "@odata.nextLink": 7 }));
    assert_eq!(registrations(&link).unwrap_err().at, "@odata.nextLink");
}

#[test]
fn what_is_too_large_is_not_read() {
    let mut body = br#"{"value":[]}"#.to_vec();
    body.resize((16 << 20) + 1, b' ');
    assert_eq!(registrations(&ok(body)).unwrap_err().at, "its size");
    let deep = "[".repeat(100_000);
    assert!(registrations(&ok(deep)).is_err());
}

#[test]
fn no_sign_of_the_service_moves_a_cursor() {
    let body = json!({ "id": ztd(1).as_str(), "displayName": "a\u{1b}[2Jb\r\n\u{7}" });
    let name = registration(&json(&body)).unwrap().name;
    assert_eq!(name, "a [2Jb");
    let body = json!({ "error": { "code": "a\u{1b}[2J", "message": "b\u{1b}]0;x\u{7}" } });
    let said = said(&json(&body));
    assert!(!format!("{}{}", said.code, said.message).contains(char::is_control), "{said:?}");
}

fn words() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        prop::sample::select(vec![
            "error",
            "complete",
            "2026-01-15T10:00:00Z",
            "-Z",
            "00000000-0000-0000-0000-000000000000"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        let keys = prop::sample::select(vec![
            "id",
            "value",
            "state",
            "error",
            "message",
            "responses",
            "status",
            "headers",
            "body",
            "serialNumber",
            "deviceImportStatus",
            "deploymentProfile",
            "innerError",
            "@odata.nextLink",
            "lastSyncDateTime",
            "Retry-After",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((keys, inner), 0..8)
                .prop_map(|fields| fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        all(&ok(bytes));
    }

    #[test]
    fn any_document(document in words()) {
        all(&json(&document));
    }

    #[test]
    fn examples_with_bytes_changed(
        example in prop::sample::select(EXAMPLES.to_vec()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = example.as_bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        all(&ok(&bytes));
        bytes.truncate(cut.index(bytes.len()));
        all(&ok(&bytes));
    }

    #[test]
    fn any_link(link in ".{0,80}") {
        if let Ok(next) = follow(&events(), &link) {
            prop_assert!(next.path.starts_with("/beta/deviceManagement/autopilotEvents?"));
        }
    }

    #[test]
    fn any_number(serial in ".{0,40}") {
        let path = search(&serial).path;
        prop_assert!(path.is_ascii() && path.matches('?').count() == 1 && !path.contains('#') && !path.contains(' '));
        // What is between the outer apostrophes has apostrophes in pairs only.
        let text = path.split_once(",%27").unwrap().1.strip_suffix("%27)").unwrap();
        prop_assert!(text.replace("%27%27", "").matches("%27").count() == 0);
    }
}
