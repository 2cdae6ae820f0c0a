use serde_json::Value;

use super::*;

const ERRORS: &str = include_str!("../../../../tests/fixtures/graph/errors.json");

fn error(name: &str) -> Vec<u8> {
    let all: Value = serde_json::from_str(ERRORS).unwrap();
    serde_json::to_vec(&all[name]).unwrap()
}

fn answer(status: u16, body: &[u8]) -> Answer {
    Answer { status, retry_after: None, location: None, body: body.to_vec() }
}

fn fault(status: u16, body: &[u8]) -> Fault {
    Fault::of(Service::Graph, &answer(status, body), "the import of 12 laptops").unwrap()
}

#[test]
fn success_is_no_fault() {
    for status in [200, 201, 202, 204] {
        assert_eq!(Fault::of(Service::Graph, &answer(status, b""), "it"), None);
    }
}

#[test]
fn each_documented_error_is_what_it_is() {
    use Kind::*;
    let kinds = [
        (400, "BadRequest", Refused),
        (401, "Unauthorized", Unauthorized),
        (403, "Forbidden", Forbidden),
        (404, "NotFound", NotFound),
        (409, "Conflict", Conflict),
        (429, "TooManyRequests", Throttled),
        (503, "ServiceUnavailable", Faulty),
    ];
    for (status, name, kind) in kinds {
        let fault = fault(status, &error(name));
        assert_eq!(fault.kind, kind, "{name}");
        assert!(
            fault.problem.why.starts_with(&format!("HTTP {status}, {}", said(&answer(status, &error(name))).code)),
            "{}",
            fault.problem
        );
        assert!(fault.problem.why.contains("11111111-1111-4111-8111-111111111111"), "support finds it by that");
    }
}

#[test]
fn an_error_inside_a_message_is_unpacked() {
    insta::assert_snapshot!(fault(403, &error("Forbidden")).problem, @r"
    Microsoft Graph refused the import of 12 laptops.
      why:  HTTP 403, Forbidden: User is not authorized to perform this operation (for support: 11111111-1111-4111-8111-111111111111). Signed in, and without the right for this: no Intune role, a missing consent, no Intune licence in the tenant. Importing a list with tags or users needs more rights than one without.
      next: Note the account that was used. Try the list without group tag and user if only those are refused. Call: The customer's Intune administrator: the role needs the rights under enrollment programs.
    ");
}

#[test]
fn a_known_message_brings_its_card() {
    insta::assert_snapshot!(fault(400, &error("BadRequest")).problem, @r"
    Microsoft Graph refused the import of 12 laptops.
      why:  HTTP 400, BadRequest: Cannot convert the literal 'SGFzaA' to the expected type 'Edm.Binary' (for support: 11111111-1111-4111-8111-111111111111). The text of a hash was cut, edited, or lacks the signs at its end. The portal's Import button then seems to do nothing.
      next: Import the file here: whiteglove import FILE says which line, and repairs what can be repaired. Then export it again.
    ");
}

#[test]
fn a_body_that_says_nothing_leaves_the_status() {
    for body in [b"".as_slice(), b"<html>", b"{\"error\":", b"[]", b"{}", b"{\"error\":{\"message\":null}}"] {
        let fault = fault(502, body);
        assert_eq!(fault.kind, Kind::Faulty);
        assert!(fault.problem.why.starts_with("HTTP 502. The fault is on the other side"), "{}", fault.problem);
    }
    assert!(fault(418, b"").problem.why.starts_with("HTTP 418"));
}

#[test]
fn a_hash_in_an_error_goes_nowhere() {
    let hash = "T0EAAAAAabcdefghijklmnopqrstuvwxyz".repeat(20);
    let body = serde_json::json!({"error": {"code": "BadRequest",
        "message": format!("Cannot convert the literal '{hash}' to the expected type 'Edm.Binary'.")}});
    let problem = fault(400, body.to_string().as_bytes()).problem.to_string();
    assert!(!problem.contains("abcdefgh"), "{problem}");
    assert!(problem.contains("The text of a hash was cut"), "{problem}");
}

#[test]
fn partner_center_is_understood_too() {
    let body = br#"{"code":"2000","description":"Invalid input","data":[],"source":"PartnerFD"}"#;
    let fault = Fault::of(Service::PartnerCenter, &answer(400, body), "the batch").unwrap();
    assert!(fault.problem.why.starts_with("HTTP 400, 2000: Invalid input."), "{}", fault.problem);
}

#[test]
fn silence_says_whether_it_may_have_been_done() {
    let not_sent = Fault::of_silence(Service::Graph, &Silence::NotSent("no route".into()), "the import");
    assert!(not_sent.kind == Kind::Unreached && not_sent.kind.passes() && !not_sent.kind.may_be_done());
    let lost = Fault::of_silence(Service::Graph, &Silence::Lost("cut".into()), "the import");
    assert!(lost.kind == Kind::Lost && lost.kind.passes() && lost.kind.may_be_done());
}

#[test]
fn the_name_of_an_import_error_counts_before_its_number() {
    use ImportFailure::*;
    for (code, name, failure) in [
        (806, "ZtdDeviceAlreadyAssigned", AlreadyOurs),
        (806, "ZtdDeviceAssignedToOtherTenant", OtherTenant),
        (808, "ZtdDeviceAssignedToAnotherTenant", OtherTenant),
        (0, "ztddeviceduplicated", Twice),
        (802, "InvalidZtdHardwareHash", BadHash),
        (0, "StorageError", Passing),
        (808, "SomethingNew", Other),
        (808, "", OtherTenant),
        (806, "", Other),
        (0, "", Other),
    ] {
        assert_eq!(ImportFailure::of(code, name), failure, "{code} {name}");
    }
}

#[test]
fn an_import_that_failed_is_explained() {
    let failed = |code, name: &str| ImportState::Failed { code, name: name.to_owned() };
    let problem = import_problem(&failed(806, "ZtdDeviceAssignedToOtherTenant"), "PF0EXAMP1").unwrap();
    insta::assert_snapshot!(problem, @r"
    PF0EXAMP1 was not registered.
      why:  ZtdDeviceAssignedToOtherTenant (806). The laptop or its board is registered in somebody else's tenant. Only that company, its reseller or Microsoft can let it go.
      next: Put it aside and note it: whiteglove probe NUMBER other-company. Collect the hash, the original invoice and the logs (mdmdiagnosticstool -area Autopilot;TPM -cab logs.cab). Call: The seller first; then Microsoft support, through the customer's Intune portal, with that proof.
    ");
    for state in [failed(0, ""), failed(-7, "SomethingNew"), failed(70_000, "x"), failed(808, "")] {
        let problem = import_problem(&state, "PF0EXAMP1").unwrap();
        assert!(!problem.why.is_empty() && !problem.next.is_empty(), "{problem}");
    }
    assert_eq!(import_problem(&ImportState::Working { word: "pending".into() }, "PF0EXAMP1"), None);
}
