//! A tenant as Graph tells it, and what is wrong with it.

use serde_json::{Value, json};

use super::*;
use crate::{
    clock::Moment,
    cloud::{Answer, profile},
};

const DAY: u64 = 24 * 3600 * 1000;
const NOW: Moment = Moment::from_millis(20_000 * DAY);
const DEVICES: &str = "(device.devicePhysicalIds -any (_ -eq \"[OrderID]:SALES\"))";

fn answer(value: &Value) -> Answer {
    Answer { status: 200, retry_after: None, location: None, body: json!({ "value": value }).to_string().into_bytes() }
}

fn group_target(id: &str) -> Value {
    json!({ "target": { "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": id } })
}

fn page() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration",
        "id": "x_Windows10EnrollmentCompletionPageConfiguration", "displayName": "WH ESP", "priority": 1,
        "showInstallationProgress": true, "installProgressTimeoutInMinutes": 120, "allowNonBlockingAppInstallation": true,
        "selectedMobileAppIds": ["app1"], "assignments": [group_target("devices")],
    })
}

fn the_profile() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile", "id": "p", "displayName": "WH pre-provision",
        "locale": "", "preprovisioningAllowed": true,
        "outOfBoxExperienceSetting": { "deviceUsageType": "singleUser", "keyboardSelectionPageSkipped": false },
        "assignments": [group_target("devices")],
    })
}

fn group(id: &str, rule: &str) -> (String, Read<profile::Group>) {
    (id.to_owned(), Read::Known(profile::Group { id: id.into(), name: format!("group {id}"), rule: rule.into() }))
}

fn read<T>(page: Result<crate::cloud::graph::Page<T>, crate::cloud::graph::Unreadable>) -> Read<Vec<T>> {
    Read::Known(page.unwrap().items)
}

/// Nothing is wrong with it.
fn good() -> Facts {
    Facts {
        pages: read(pages_of(&answer(&json!([
            page(),
            { "@odata.type": "#microsoft.graph.deviceEnrollmentLimitConfiguration", "id": "limit" },
        ])))),
        profiles: read(profile::profiles(&answer(&json!([the_profile()])))),
        groups: [group("devices", DEVICES), group("users", "(user.department -eq \"Sales\")"), group("hand", "")]
            .into(),
        apps: read(apps_of(&answer(&json!([
            { "@odata.type": "#microsoft.graph.win32LobApp", "id": "app1", "displayName": "Agent" },
            { "@odata.type": "#microsoft.graph.winGetApp", "id": "app2", "displayName": "Company Portal" },
        ])))),
        mdm: read(mdm_of(&answer(&json!([
            { "id": "1", "displayName": "Microsoft Intune", "appliesTo": "all" },
            { "id": "2", "displayName": "Old MDM", "appliesTo": "none" },
        ])))),
        delivery: read(delivery_of(&answer(&json!([{
            "@odata.type": "#microsoft.graph.windowsDeliveryOptimizationConfiguration", "id": "d", "displayName": "DO",
            "deliveryOptimizationMode": "httpWithPeeringPrivateGroup",
        }])))),
        secrets: Some(read(secrets_of(&answer(&json!([{
            "id": "a", "keyCredentials": [{ "displayName": "bench", "endDateTime": "2025-01-01T00:00:00Z" }],
            "passwordCredentials": [],
        }]))))),
    }
}

fn expected() -> Expected {
    Expected { profile: Some("wh PRE-provision".into()), group_tag: Some("SALES".into()), pre_provisioning: true }
}

fn found(change: impl Fn(&mut Facts)) -> Vec<Finding> {
    let mut facts = good();
    change(&mut facts);
    lint(&facts, &expected(), NOW)
}

/// The one thing that is wrong, with what is to be done about it.
fn only(change: impl Fn(&mut Facts)) -> (Severity, String) {
    let found = found(change);
    let [finding] = found.as_slice() else { panic!("{found:#?}") };
    assert!(!finding.why.is_empty() && !finding.next.is_empty(), "{finding}");
    (finding.severity, finding.what.clone())
}

fn with_page(change: impl Fn(&mut Value)) -> (Severity, String) {
    let mut changed = page();
    change(&mut changed);
    only(|facts| facts.pages = read(pages_of(&answer(&json!([changed])))))
}

fn with_profile(change: impl Fn(&mut Value)) -> (Severity, String) {
    let mut changed = the_profile();
    change(&mut changed);
    only(|facts| facts.profiles = read(profile::profiles(&answer(&json!([changed])))))
}

#[test]
fn a_tenant_in_order_has_no_finding() {
    assert_eq!(found(|_| ()), []);
}

#[test]
fn a_status_page_has_to_be_for_devices() {
    let users = with_page(|page| page["assignments"] = json!([group_target("users")]));
    assert_eq!(users, (Severity::Error, "WH ESP is assigned to users only".into()));
    let everybody = json!([{ "target": { "@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget" } }]);
    assert_eq!(with_page(|page| page["assignments"] = everybody.clone()), users);
    let hidden = with_page(|page| page["showInstallationProgress"] = json!(false));
    assert_eq!(hidden, (Severity::Error, "no enrollment status page is shown".into()));
    // The members of a group that has no rule are not guessed at; nor are assignments that were not told.
    let (severity, what) = with_page(|page| page["assignments"] = json!([group_target("hand")]));
    assert!(severity == Severity::Warning && what.contains("cannot be told (group hand)"), "{what}");
    let (_, what) = with_page(|page| drop(page.as_object_mut().unwrap().remove("assignments")));
    assert!(what.contains("cannot be told (its assignments)"), "{what}");
    // The default page is everybody's.
    let default = found(|facts| {
        let Read::Known(pages) = &mut facts.pages else { unreachable!() };
        (pages[0].is_default, pages[0].targets) = (true, None);
    });
    assert_eq!(default, []);
}

#[test]
fn what_the_technician_phase_does_otherwise_than_people_think() {
    let (severity, what) = with_page(|page| page["installQualityUpdates"] = json!(true));
    assert_eq!((severity, what.as_str()), (Severity::Warning, "it installs quality updates"));
    let (_, what) = with_page(|page| page["installProgressTimeoutInMinutes"] = json!(30));
    assert_eq!(what, "it gives up after 30 minutes");
    let mut user_driven = expected();
    user_driven.pre_provisioning = false;
    let mut facts = good();
    let Read::Known(pages) = &mut facts.pages else { unreachable!() };
    (pages[0].quality_updates, pages[0].targets) = (true, Some(vec![]));
    assert_eq!(lint(&facts, &user_driven, NOW), [], "without technician phase it is as it should be");
}

#[test]
fn win32_and_line_of_business_apps_do_not_mix() {
    let msi = json!({ "@odata.type": "#microsoft.graph.windowsMobileMSI", "id": "app3", "displayName": "VPN" });
    let apps = |facts: &mut Facts| {
        let Read::Known(apps) = &mut facts.apps else { unreachable!() };
        apps.extend(apps_of(&answer(&json!([msi]))).unwrap().items);
    };
    let (severity, what) = only(apps);
    assert!(severity == Severity::Warning && what.contains("(Agent)") && what.contains("(VPN)"), "{what}");
    // A page that waits for both makes it certain.
    let (severity, what) = only(|facts| {
        apps(facts);
        let Read::Known(pages) = &mut facts.pages else { unreachable!() };
        pages[0].waits_for.push("app3".into());
    });
    assert!(severity == Severity::Error && what.starts_with("it waits for"), "{what}");
}

#[test]
fn a_profile_has_to_let_the_technician_in() {
    assert_eq!(with_profile(|p| p["preprovisioningAllowed"] = json!(false)).0, Severity::Error);
    let (_, what) = with_profile(|p| drop(p.as_object_mut().unwrap().remove("preprovisioningAllowed")));
    assert!(what.contains("not told"), "{what}");
    let (severity, what) = with_profile(|p| p["locale"] = json!("de-DE"));
    assert_eq!((severity, what.as_str()), (Severity::Error, "it sets the language to de-DE"));
    let (severity, _) = with_profile(|p| p["locale"] = json!("os-default"));
    assert_eq!(severity, Severity::Warning);
    let (_, what) = with_profile(|p| p["outOfBoxExperienceSetting"]["deviceUsageType"] = json!("shared"));
    assert_eq!(what, "it is for self-deployment");
    assert_eq!(with_profile(|p| p["assignments"] = json!([])).1, "it is assigned to nobody");
    assert_eq!(
        with_profile(|p| p["displayName"] = json!("Other")).1,
        "there is no deployment profile wh PRE-provision"
    );
    assert_eq!(with_profile(|p| drop(p.as_object_mut().unwrap().remove("assignments"))).0, Severity::Unread);
}

#[test]
fn a_batchs_tag_has_to_lead_to_the_profile() {
    let mut other = expected();
    other.group_tag = Some("KIOSK".into());
    let found = lint(&good(), &other, NOW);
    assert_eq!(found[0].what, "none of its groups takes laptops with the group tag KIOSK");
    let (severity, what) = with_profile(|p| p["assignments"] = json!([group_target("hand")]));
    assert!(severity == Severity::Note && what.contains("cannot be told"), "{what}");
    let (severity, _) = with_profile(|p| p["assignments"] = json!([group_target("gone")]));
    assert_eq!(severity, Severity::Note);
}

#[test]
fn one_mdm_system_and_not_two() {
    let mdm = |value: Value| only(move |facts| facts.mdm = read(mdm_of(&answer(&value))));
    let two = json!([
        { "id": "1", "displayName": "Microsoft Intune", "appliesTo": "all" },
        { "id": "2", "displayName": "Old MDM", "appliesTo": "selected" },
    ]);
    let (severity, what) = mdm(two);
    assert!(severity == Severity::Error && what.ends_with("Microsoft Intune and Old MDM"), "{what}");
    assert_eq!(mdm(json!([])), (Severity::Error, "automatic enrolment is off".into()));
}

#[test]
fn secrets_are_warned_of_ahead() {
    let secret = |ends: Moment| {
        only(move |facts| {
            facts.secrets = Some(Read::Known(vec![Secret { kind: "secret", name: "bench".into(), ends: Some(ends) }]));
        })
    };
    let (_, what) = secret(Moment::from_millis(NOW.millis() + 12 * DAY));
    assert!(what.starts_with("the secret bench ends in 12 days"), "{what}");
    let (_, what) = secret(NOW);
    assert!(what.contains("ended on 2024-10-04"), "{what}");
    let later = found(|facts| {
        let ends = Some(Moment::from_millis(NOW.millis() + 60 * DAY));
        facts.secrets = Some(Read::Known(vec![Secret { kind: "certificate", name: String::new(), ends }]));
    });
    assert_eq!(later, []);
}

#[test]
fn downloads_are_shared_or_it_is_said() {
    let (severity, what) = only(|facts| {
        facts.delivery = Read::Known(vec![Delivery { name: "DO".into(), mode: "httpOnly".into() }]);
    });
    assert!(severity == Severity::Warning && what.ends_with("DO (httpOnly)"), "{what}");
    assert_eq!(only(|facts| facts.delivery = Read::Known(vec![])).0, Severity::Note);
}

#[test]
fn what_may_not_be_read_is_said_and_not_guessed() {
    let nothing = found(|facts| {
        facts.pages = Read::Denied { permission: permission::CONFIGURATION };
        facts.profiles = Read::Denied { permission: permission::CONFIGURATION };
        facts.apps = Read::Denied { permission: permission::APPS };
        facts.mdm = Read::Denied { permission: permission::MDM };
        facts.delivery = Read::Denied { permission: permission::DEVICE_CONFIGURATION };
        facts.secrets = Some(Read::Failed("The line is down.".into()));
    });
    assert!(nothing.iter().all(|finding| finding.severity == Severity::Unread), "{nothing:#?}");
    assert_eq!(nothing.len(), 6);
    let lines: Vec<String> = nothing.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_worst_comes_first() {
    let found = found(|facts| {
        facts.delivery = Read::Known(vec![]);
        facts.mdm = Read::Known(vec![]);
        facts.apps = Read::Denied { permission: permission::APPS };
    });
    let severities: Vec<_> = found.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::Error, Severity::Unread, Severity::Note]);
}

#[test]
fn what_is_asked_is_percent_encoded_where_it_has_to_be() {
    assert!(secrets("0c'f").path.contains("%270c%27%27f%27"), "{}", secrets("0c'f").path);
    for request in [pages(), apps(), mdm(), delivery()] {
        assert!(request.path.bytes().all(|byte| byte.is_ascii_graphic()), "{}", request.path);
    }
}
