use serde_json::{Value, json};

use super::*;
use crate::cloud::plan::Act;

fn answer(body: &Value) -> Answer {
    Answer { status: 200, retry_after: None, location: None, body: body.to_string().into_bytes() }
}

fn settings(text: Value) -> Result<Settings, crate::problem::Problem> {
    serde_json::from_value::<Settings>(text).unwrap().checked()
}

/// tests/fixtures/contracts/graph-beta-autopilot.openapi.yaml, with assignments as `$expand` brings them.
fn documented() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile",
        "id": "d1000000-0000-4000-8000-000000000008", "displayName": "WH pre-provision", "description": "",
        "locale": "os-default", "language": "os-default", "deviceType": "windowsPc", "deviceNameTemplate": "WH-%SERIAL%",
        "preprovisioningAllowed": true, "enableWhiteGlove": true, "hardwareHashExtractionEnabled": false,
        "roleScopeTagIds": ["0"],
        "outOfBoxExperienceSetting": {
            "privacySettingsHidden": true, "eulaHidden": true, "userType": "standard", "deviceUsageType": "singleUser",
            "keyboardSelectionPageSkipped": false, "escapeLinkHidden": true,
        },
        "assignments": [
            { "id": "1", "target": { "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "g1" } },
            { "id": "2", "target": { "@odata.type": "#microsoft.graph.exclusionGroupAssignmentTarget", "groupId": "g2" } },
            { "id": "3", "target": { "@odata.type": "#microsoft.graph.somethingNew" } },
        ],
    })
}

fn profile() -> Profile {
    profiles(&answer(&json!({ "value": [documented()] }))).unwrap().items.remove(0)
}

fn group(rule: &str) -> Group {
    Group { id: "g7".into(), name: "Bench".into(), rule: rule.into() }
}

#[test]
fn a_profile_is_read_with_whom_it_is_assigned_to() {
    let known = profile();
    assert_eq!((known.name.as_str(), known.pre_provisioning, known.hybrid), ("WH pre-provision", Some(true), false));
    assert_eq!(known.scenario(), "user-driven, pre-provisioning allowed");
    let targets = [Target::Group("g1".into()), Target::Excluded("g2".into()), Target::Other("somethingNew".into())];
    assert_eq!(known.targets.as_deref(), Some(&targets[..]));
    let alone = super::targets(&answer(&json!({ "value": documented()["assignments"] }))).unwrap();
    assert_eq!(Some(alone.items), known.targets);
    assert!(assignments(&known).path.ends_with("/d1000000-0000-4000-8000-000000000008/assignments"));
    // As it was until 2024, and without the expansion.
    let old = json!({ "value": [{
        "@odata.type": "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile", "id": "1", "displayName": "Old",
        "language": "de-DE", "enableWhiteGlove": false,
        "outOfBoxExperienceSettings": { "deviceUsageType": "shared", "skipKeyboardSelectionPage": true },
    }] });
    let old = profiles(&answer(&old)).unwrap().items.remove(0);
    assert!(old.hybrid && old.keyboard_skipped && old.is_self_deploying() && old.targets.is_none());
    assert_eq!((old.locale.as_str(), old.pre_provisioning), ("de-DE", Some(false)));
}

#[test]
fn a_new_profile_is_the_documented_body() {
    let made =
        settings(json!({ "name": " WH pre-provision ", "language": "os-default", "name-template": "WH-%SERIAL%" }));
    let plan = create(&made.unwrap(), &[]).unwrap();
    let Act::Send(sent) = &plan.steps[0].act else { panic!("{plan:?}") };
    assert_eq!(sent.path, "/beta/deviceManagement/windowsAutopilotDeploymentProfiles");
    let mut expected = documented();
    let fields = expected.as_object_mut().unwrap();
    for only_told in ["id", "language", "enableWhiteGlove", "assignments"] {
        fields.remove(only_told);
    }
    assert_eq!(sent.body.as_ref(), Some(&expected));
    insta::assert_snapshot!(plan.words());
}

#[test]
fn what_contradicts_itself_is_not_made() {
    let why = |text: Value| settings(text).unwrap_err().why;
    assert!(why(json!({ "name": " " })).contains("name is empty"));
    assert!(why(json!({ "name": "x", "name-template": "A-%SERIEN%" })).contains("%SERIEN% is no macro"));
    assert!(
        why(json!({ "name": "x", "join": "hybrid", "name-template": "A-%SERIAL%" })).contains("domain join profile")
    );
    assert!(why(json!({ "name": "x", "join": "hybrid", "scenario": "self-deploying" })).contains("Entra only"));
    assert!(
        why(json!({ "name": "x", "user": "administrator", "scenario": "self-deploying" })).contains("Nobody signs in")
    );
    assert!(why(json!({ "name": "x", "language": "Deutsch" })).contains("no tag"));
    assert!(why(json!({ "name": "x", "skip-domain-check": true })).contains("hybrid"));
    let kiosk = settings(json!({ "name": "Kiosk", "scenario": "self-deploying" })).unwrap();
    assert_eq!(kiosk.body()["outOfBoxExperienceSetting"]["deviceUsageType"], "shared");
    assert_eq!(kiosk.body()["preprovisioningAllowed"], false);
    let hybrid = settings(json!({ "name": "x", "join": "hybrid", "skip-domain-check": true })).unwrap();
    assert_eq!(hybrid.body()["hybridAzureADJoinSkipConnectivityCheck"], true);
    assert_eq!(hybrid.body()["locale"], "", "setup asks");
    let there = create(&settings(json!({ "name": "wh PRE-provision" })).unwrap(), &[profile()]).unwrap_err();
    assert!(there.why.contains("already"), "{there}");
}

#[test]
fn assigning_says_who_is_affected_and_which_profile_stands_against_it() {
    let (known, other) = (profile(), Profile { id: "x".into(), name: "Kiosk".into(), ..profile() });
    let devices = group("(device.devicePhysicalIds -any (_ -eq \"[OrderID]:SALES\"))");
    let plan = assign(&known, Some(&devices), &[]).unwrap();
    let sent = plan.steps[0].act.request();
    assert!(sent.path.ends_with("/d1000000-0000-4000-8000-000000000008/assignments"), "{}", sent.path);
    let target = json!({ "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "g7" });
    assert_eq!(sent.body, Some(json!({ "target": target })));
    assert!(!plan.words().contains("look that they are"), "{}", plan.words());

    let rival = Profile { targets: Some(vec![Target::Group("g7".into())]), ..other };
    let words = assign(&known, Some(&group("")), &[rival]).unwrap().words();
    assert!(words.contains("the group Bench has Kiosk too") && words.contains("not told by a rule"), "{words}");
    let users = group("(user.department -eq \"Sales\")");
    assert!(assign(&known, Some(&users), &[]).unwrap_err().why.contains("are users"));
    let same = Group { id: "g1".into(), ..group("") };
    assert!(assign(&known, Some(&same), &[]).unwrap_err().why.contains("already"));
    assert!(assign(&known, None, &[]).unwrap().words().contains("every Autopilot device of the tenant"));
}

#[test]
fn what_is_assigned_is_not_deleted_and_what_is_lost_is_said() {
    assert!(delete(&profile(), &[]).unwrap_err().why.contains("still assigned"));
    assert!(delete(&Profile { targets: None, ..profile() }, &[]).is_err(), "nobody knows");
    let free = Profile { targets: Some(vec![]), ..profile() };
    let serials: Vec<String> = (0..12).map(|n| format!("PF{n:06}")).collect();
    let plan = delete(&free, &serials).unwrap();
    assert!(plan.loses() && plan.words().contains("12 laptops that have it"), "{}", plan.words());
    assert!(plan.words().ends_with("PF000009, ..."), "{}", plan.words());
}

#[test]
fn a_rule_tells_whom_a_group_takes() {
    let sales = group("(device.devicePhysicalIds -any (_ -eq \"[OrderID]:SALES\"))");
    assert_eq!(
        (sales.members(), sales.takes_tag("sales"), sales.takes_tag("SALES-2")),
        (Members::Devices, Some(true), Some(false))
    );
    assert_eq!(group("(device.devicePhysicalIDs -any (_ -contains \"[ZTDID]\"))").takes_tag("any"), Some(true));
    assert_eq!((group("").members(), group("").takes_tag("SALES")), (Members::Unknown, None));
    let found = groups(&answer(&json!({ "value": [{ "id": "g7", "displayName": "Bench", "membershipRule": null }] })));
    assert_eq!(found.unwrap().items, [group("")]);
    assert!(
        groups_called("O'Neil & Sons").path.contains("%27O%27%27Neil%20%26%20Sons%27"),
        "{}",
        groups_called("O'Neil & Sons").path
    );
}
