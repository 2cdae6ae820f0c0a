use super::*;
use crate::{
    device::DeviceId,
    hwhash::HardwareHash,
    registration::{Amendment, AttemptId, ImportId},
};

const HASH: &str = include_str!("../../../../../tests/fixtures/hwhash/synthetic_full.b64");
const DEVICES: &str = "/deviceManagement/windowsAutopilotDeviceIdentities";

fn line(request: &Request) -> String {
    format!("{:?} {}", request.method, request.path)
}

#[test]
fn an_import_is_the_documented_body_and_carries_its_attempt() {
    let hash = HardwareHash::parse(HASH).unwrap().0;
    let attempt = AttemptId::from_random([7; 16]);
    let import = Import { serial: "PF0EXAMP1", hash: &hash, group_tag: "WH-EMEA", user: "" };
    let request = super::import(&attempt, &[import]);
    assert_eq!(line(&request), "Post /v1.0/deviceManagement/importedWindowsAutopilotDeviceIdentities/import");
    assert_eq!(request.cost, Cost::WRITE);
    let mut body = request.body.unwrap();
    let row = &mut body["importedWindowsAutopilotDeviceIdentities"][0];
    let sent = row["hardwareIdentifier"].take();
    assert!(sent.as_str().unwrap().len().is_multiple_of(4), "padded as the service wants it");
    assert_eq!(HardwareHash::parse(sent.as_str().unwrap()).unwrap().0, hash);
    assert_eq!(row["importId"].take(), attempt.as_str());
    let mut documented = value(fixture!("import-request"));
    let row = &mut documented["importedWindowsAutopilotDeviceIdentities"][0];
    row["hardwareIdentifier"] = Value::Null;
    row["importId"] = Value::Null;
    assert_eq!(body, documented);
}

#[test]
fn an_update_names_every_field() {
    let amendment = Amendment {
        device: DeviceId(1),
        registration: ztd(1),
        group_tag: "WH-EMEA".into(),
        user: String::new(),
        name: "WH-PC-001".into(),
    };
    let request = update(&amendment);
    assert_eq!(line(&request), format!("Post /v1.0{DEVICES}/{}/updateDeviceProperties", ztd(1).as_str()));
    assert_eq!(request.body.unwrap(), value(fixture!("update-request")));
    let user = assign_user(&ztd(1), "ada@contoso.com").body.unwrap();
    let documented = value(fixture!("assign-request"));
    assert_eq!(user["userPrincipalName"], documented["userPrincipalName"]);
    assert!(!user["addressableUserName"].as_str().unwrap().is_empty());
}

#[test]
fn each_call_has_its_path_and_version() {
    let id = ztd(1);
    let import = ImportId("a b/../c".into());
    let calls = [
        (list_imported(), "Get /beta/deviceManagement/importedWindowsAutopilotDeviceIdentities".to_owned()),
        (
            get_imported(&import),
            "Get /beta/deviceManagement/importedWindowsAutopilotDeviceIdentities/a%20b%2F..%2Fc".to_owned(),
        ),
        (
            delete_imported(&ImportId("..".into())),
            "Delete /v1.0/deviceManagement/importedWindowsAutopilotDeviceIdentities/%2E%2E".to_owned(),
        ),
        (
            get(&id),
            format!("Get /beta{DEVICES}/{}?$expand=deploymentProfile,intendedDeploymentProfile", id.as_str()),
        ),
        (delete(&id), format!("Delete /v1.0{DEVICES}/{}", id.as_str())),
        (unblock(&id), format!("Post /beta{DEVICES}/{}/allowNextEnrollment", id.as_str())),
        (unassign_user(&id), format!("Post /v1.0{DEVICES}/{}/unassignUserFromDevice", id.as_str())),
        (get_settings(), "Get /beta/deviceManagement/windowsAutopilotSettings".to_owned()),
        (sync(), "Post /beta/deviceManagement/windowsAutopilotSettings/sync".to_owned()),
        (events(), "Get /beta/deviceManagement/autopilotEvents".to_owned()),
        (
            managed_devices_with("PF 1"),
            "Get /v1.0/deviceManagement/managedDevices?$filter=serialNumber%20eq%20%27PF%201%27".to_owned(),
        ),
        (
            associations(),
            "Get /beta/deviceManagement/tenantAssociatedDevices?$select=id,serialNumber,smbiosUuid,associationState,managedDeviceId"
                .to_owned(),
        ),
    ];
    for (request, expected) in calls {
        assert_eq!(line(&request), expected);
        let cost = if request.method == Method::Get { Cost::READ } else { Cost::WRITE };
        assert_eq!(request.cost, cost);
    }
    assert!(is_sync(&sync()) && !is_sync(&get_settings()));
}

#[test]
fn a_number_is_looked_for_by_its_first_word_and_cannot_leave_its_quotes() {
    let path = |serial: &str| search(serial).path.split_once("contains").unwrap().1.to_owned();
    assert_eq!(path("PF0EXAMP1"), "(serialNumber,%27PF0EXAMP1%27)");
    assert_eq!(path(" 0123 4567-89 "), "(serialNumber,%270123%27)");
    assert_eq!(path("O'Neil&$top=1#"), "(serialNumber,%27O%27%27Neil%26%24top%3D1%23%27)");
    assert_eq!(path("é+%"), "(serialNumber,%27%C3%A9%2B%25%27)");
}

#[test]
fn numbers_are_the_same_whatever_their_capitals_and_blanks() {
    for (one, other) in [("PF0EXAMP1", "pf0examp1"), (" PF 1 ", "PF  1"), ("x", "x")] {
        assert!(same_serial(one, other), "{one:?} {other:?}");
    }
    for (one, other) in [("PF0EXAMP1", "PF0EXAMP12"), ("PF 1", "PF1"), ("", ""), (" ", "  "), ("a", "a b")] {
        assert!(!same_serial(one, other) && !same_serial(other, one), "{one:?} {other:?}");
    }
}

#[test]
fn a_list_goes_on_at_the_same_service_only() {
    let asked = events();
    let next = "/beta/deviceManagement/autopilotEvents?$skiptoken=50";
    for host in ["https://graph.microsoft.com", "http://127.0.0.1:4011", "https://elsewhere.example", ""] {
        // Of the link no host is ever used.
        assert_eq!(follow(&asked, &format!("{host}{next}")).unwrap().path, next);
    }
    // Found by fuzzing: the list stays ours, however the service writes it.
    let (list, query) = next.split_once('?').unwrap();
    assert_eq!(follow(&asked, &format!("{}?{query}", list.to_ascii_lowercase())).unwrap().path, next);
    assert!(follow(&asked, list).is_err());
    for link in [
        "",
        "https://graph.microsoft.com",
        "https://graph.microsoft.com/beta/users?$skiptoken=50",
        "https://graph.microsoft.com/v1.0/deviceManagement/autopilotEvents?$skiptoken=50",
        "https://graph.microsoft.com/beta/deviceManagement/autopilotEvents/../../users",
        "https://graph.microsoft.com/beta/deviceManagement/autopilotEvents",
        "file:///beta/deviceManagement/autopilotEvents?x",
        "https://graph.microsoft.com/beta/deviceManagement/autopilotEvents?\r\nHost: x",
        "https:\\\\graph.microsoft.com/beta/deviceManagement/autopilotEvents?x",
    ] {
        assert!(follow(&asked, link).is_err(), "{link:?}");
    }
    assert!(follow(&asked, &format!("{next}{}", "x".repeat(10_000))).is_err());
}
