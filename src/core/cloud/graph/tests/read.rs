use super::*;
use crate::{
    clock::Moment,
    registration::{Assigned, ImportId, ImportState, ProfileSeen},
};

#[test]
fn imports_of_the_documentation() {
    let states = value(fixture!("imported"));
    let state = |name: &str| imported(&json(&states[name])).unwrap().state;
    let failed = |code, name: &str| ImportState::Failed { code, name: name.into() };
    assert_eq!(state("pending"), ImportState::Working { word: "unknown".into() });
    assert_eq!(state("complete"), ImportState::Complete { registration: Some(ztd(1)) });
    assert_eq!(state("alreadyAssigned806"), failed(806, "ZtdDeviceAlreadyAssigned"));
    assert_eq!(state("otherTenant808"), failed(808, "ZtdDeviceAssignedToOtherTenant"));
    for list in [fixture!("imported-list"), fixture!("import-answer")] {
        let page = imported_list(&ok(list)).unwrap();
        let [one] = page.items.as_slice() else { panic!("{page:?}") };
        assert_eq!(one.id, ImportId("985b4f49-4f49-985b-494f-5b98494f5b98".into()));
        assert_eq!((one.serial.as_str(), one.import_id.as_str()), ("PF0EXAMP1", one.id.0.as_str()));
        assert_eq!(page.next, None);
    }
}

#[test]
fn an_import_of_tomorrow_is_still_being_worked_on() {
    let state = |state: Value| imported(&json(&json!({ "id": "x", "state": state }))).unwrap().state;
    let working = |word: &str| ImportState::Working { word: word.into() };
    assert_eq!(state(json!({ "deviceImportStatus": "queuedInOrbit" })), working("queuedInOrbit"));
    assert_eq!(state(json!({ "deviceImportStatus": "partial" })), working("partial"));
    assert_eq!(state(json!({ "deviceImportStatus": 7 })), working("7"));
    assert_eq!(state(json!({})), working("unknown"));
    assert_eq!(state(Value::Null), working("unknown"));
    for missing in [json!(""), Value::Null, json!("00000000-0000-0000-0000-000000000000"), json!("soon")] {
        let complete = json!({ "deviceImportStatus": "Complete", "deviceRegistrationId": missing });
        assert_eq!(state(complete), ImportState::Complete { registration: None });
    }
    let failed = json!({ "deviceImportStatus": "error", "deviceErrorCode": "808", "deviceErrorName": null });
    assert_eq!(state(failed), ImportState::Failed { code: 808, name: String::new() });
}

#[test]
fn a_registration_of_the_documentation() {
    let page = registrations(&ok(fixture!("registrations"))).unwrap();
    let [one] = page.items.as_slice() else { panic!("{page:?}") };
    assert_eq!(one.id, ztd(1));
    let texts = [&one.serial, &one.manufacturer, &one.model, &one.group_tag, &one.enrollment, &one.userless];
    assert_eq!(texts, ["PF0EXAMP1", "LENOVO", "21CB", "WH-EMEA", "notContacted", "allowed"]);
    assert_eq!(one.assigned, Some(Assigned { word: "assignedUnkownSyncState".into(), detail: "none".into() }));
    assert!(one.assigned.as_ref().unwrap().is_assigned());
    assert_eq!((one.entra_device.as_str(), one.managed_device.as_str()), ("7d0c3a50-0000-4000-8000-000000000002", ""));
    assert_eq!(one.profile, None);
}

#[test]
fn the_profile_that_it_has_counts_before_the_one_that_is_meant_for_it() {
    let profile = value(fixture!("profile"));
    let mut other = profile.clone();
    other["displayName"] = json!("other");
    let seen = |name: &str| ProfileSeen {
        id: "d1000000-0000-4000-8000-000000000008".into(),
        name: name.into(),
        pre_provisioning: Some(true),
        usage: "singleUser".into(),
        locale: "os-default".into(),
    };
    let read = |has: &Value, meant: &Value| {
        let body = json!({ "id": ztd(1).as_str(), "deploymentProfile": has, "intendedDeploymentProfile": meant });
        registration(&json(&body)).unwrap().profile
    };
    assert_eq!(read(&profile, &other), Some(seen("WH pre-provision")));
    assert_eq!(read(&Value::Null, &other), Some(seen("other")));
    assert_eq!(read(&Value::Null, &Value::Null), None);
}

#[test]
fn older_and_newer_names_of_a_profiles_settings_are_read() {
    let read = |profile: Value| {
        let body = json!({ "id": ztd(1).as_str(), "deploymentProfile": profile });
        registration(&json(&body)).unwrap().profile.unwrap()
    };
    let older = read(json!({ "enableWhiteGlove": true, "language": "de-DE",
        "outOfBoxExperienceSettings": { "deviceUsageType": "shared" } }));
    assert_eq!((older.pre_provisioning, older.locale.as_str(), older.usage.as_str()), (Some(true), "de-DE", "shared"));
    let both = read(json!({ "preprovisioningAllowed": false, "enableWhiteGlove": true }));
    assert_eq!(both.pre_provisioning, Some(false));
    assert_eq!(read(json!({ "displayName": "x" })).pre_provisioning, None, "it does not say");
}

#[test]
fn the_stable_version_says_nothing_of_the_profile() {
    let body = json!({ "id": ztd(1).as_str(), "serialNumber": "PF1" });
    let registration = registration(&json(&body)).unwrap();
    assert_eq!((registration.assigned, registration.profile), (None, None));
}

#[test]
fn the_rest_of_the_documentation() {
    let settings = settings(&ok(fixture!("settings"))).unwrap();
    assert_eq!(settings.last_sync, Some(Moment::from_millis(1_768_467_600_000)));
    assert_eq!(settings.last_asked, Some(Moment::from_millis(1_768_467_540_000)));
    assert_eq!(settings.status, "completed");

    let page = events_of(&ok(fixture!("events"))).unwrap();
    assert_eq!(
        page.next.as_deref(),
        Some("https://graph.microsoft.com/beta/deviceManagement/autopilotEvents?$skiptoken=50")
    );
    let event = &page.items[0];
    assert_eq!(event.enrollment_type, "azureADJoinedWithWhiteGlove");
    assert_eq!((event.deployment.as_str(), event.device_setup.as_str()), ("success", "success"));
    assert_eq!(event.ended.unwrap().since(event.started.unwrap()).as_secs(), 31 * 60 + 4);

    let page = managed_devices(&ok(fixture!("managed-devices"))).unwrap();
    assert_eq!(
        (page.items[0].enrollment.as_str(), page.items[0].user.as_str()),
        ("windowsAzureADJoinUsingDeviceAuth", "")
    );

    let page = associated_devices(&ok(fixture!("associated-devices"))).unwrap();
    assert_eq!((page.items[0].serial.as_str(), page.items[0].state.as_str()), ("PF0EXAMP1", "preassociated"));
}
