use std::time::Duration;

use serde_json::{Value, json};
use whiteglove_core::{
    clock::Moment,
    cloud::{Service, pace::Limits},
    registration::lint::{Expected, Severity},
};

use super::{
    super::{
        paced::{Paced, Way},
        testing::{Script, answer},
    },
    *,
};

fn asking(script: &Script) -> Asking {
    let limits = Limits { window: Duration::from_millis(50), ..Limits::of(Service::Graph) };
    Asking::new(Paced::new(Way::Script(script.clone()), limits), Service::Graph)
}

fn list(of: &[Value]) -> Answer {
    answer(200, json!({ "value": of }))
}

fn forbidden() -> Answer {
    answer(403, json!({ "error": { "code": "Forbidden", "message": "Application is not authorized" } }))
}

fn assigned(id: &str) -> Value {
    json!([{ "id": "1", "target": { "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": id } }])
}

#[tokio::test]
async fn what_may_be_read_is_judged_and_what_may_not_is_named() {
    let script = Script::new(|request| {
        let path = request.path.split('?').next().unwrap().trim_start_matches("/beta").trim_start_matches("/v1.0");
        Ok(match path {
            "/deviceManagement/deviceEnrollmentConfigurations" => list(&[json!({
                "@odata.type": "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration", "id": "e",
                "displayName": "WH ESP", "showInstallationProgress": true, "assignments": assigned("g1"),
            })]),
            "/deviceManagement/windowsAutopilotDeploymentProfiles" => list(&[json!({
                "id": "p", "displayName": "WH", "locale": "", "preprovisioningAllowed": false, "assignments": assigned("g2"),
            })]),
            "/groups" if request.path.contains("g1") => {
                list(&[json!({ "id": "g1", "displayName": "People", "membershipRule": "(user.city -eq \"Bonn\")" })])
            }
            // Deleted.
            "/groups" => list(&[]),
            _ => forbidden(),
        })
    });
    let facts = read(&asking(&script), Some("0c2f0a11-0000-4000-8000-000000000001")).await;
    let expected = Expected { profile: Some("WH".into()), group_tag: None, pre_provisioning: true };
    let found = lint::lint(&facts, &expected, Moment::default());
    let errors: Vec<_> =
        found.iter().filter(|one| one.severity == Severity::Error).map(|one| one.what.as_str()).collect();
    assert_eq!(errors, ["pre-provisioning is not allowed in it", "WH ESP is assigned to users only"]);
    let unread: Vec<_> =
        found.iter().filter(|one| one.severity == Severity::Unread).map(|one| one.what.as_str()).collect();
    let missing = [
        "Policy.Read.All",
        "DeviceManagementApps.Read.All",
        "DeviceManagementConfiguration.Read.All",
        "Application.Read.All",
    ];
    assert_eq!(unread, missing.map(|name| format!("not readable: permission {name} is missing")));
    assert!(script.asked().iter().all(|asked| asked.starts_with("Get")), "it changes nothing: {:?}", script.asked());
}

#[tokio::test]
async fn without_a_sign_in_everything_is_unknown_and_nothing_is_guessed() {
    let script = Script::new(|_| {
        Ok(answer(401, json!({ "error": { "code": "InvalidAuthenticationToken", "message": "expired" } })))
    });
    let facts = read(&asking(&script), None).await;
    let found = lint::lint(&facts, &Expected { pre_provisioning: true, ..Expected::default() }, Moment::default());
    assert!(found.len() >= 4 && found.iter().all(|one| one.severity == Severity::Unread), "{found:?}");
}
