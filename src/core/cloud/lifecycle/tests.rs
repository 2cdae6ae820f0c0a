use super::*;
use crate::{cloud::profile::Group, entry::ZtdId};

fn managed(id: &str) -> ManagedDevice {
    ManagedDevice {
        id: id.into(),
        name: "WH-PC-001".into(),
        serial: "PF0EXAMP1".into(),
        enrolled: None,
        last_sync: Some(Moment::from_millis(1_795_348_800_000)),
        enrollment: String::new(),
        profile: String::new(),
        user: "ann@example.com".into(),
        entra_device: String::new(),
    }
}

fn registration() -> Registration {
    let none = String::new;
    Registration {
        id: ZtdId::try_from("c2f1c5d4-0000-4000-8000-000000000001".to_owned()).unwrap(),
        serial: "PF0EXAMP1".into(),
        manufacturer: "LENOVO".into(),
        model: "21CB".into(),
        product_key: none(),
        group_tag: "SALES".into(),
        user: "ann@example.com".into(),
        name: none(),
        purchase_order: none(),
        assigned: None,
        profile: None,
        enrollment: none(),
        userless: none(),
        remediation: none(),
        entra_device: none(),
        managed_device: none(),
    }
}

fn days_later(days: u64) -> Moment {
    Moment::from_millis(1_795_348_800_000 + days * 86_400_000)
}

#[test]
fn a_reset_names_the_laptop_and_what_is_gone() {
    let plan = wipe("PF0EXAMP1", &[managed("5c0e0a11")], Keep::Nothing, days_later(1)).unwrap();
    let sent = plan.steps[0].act.request();
    assert_eq!(sent.path, "/v1.0/deviceManagement/managedDevices/5c0e0a11/wipe");
    assert_eq!(sent.body, Some(json!({ "keepEnrollmentData": false, "keepUserData": false })));
    insta::assert_snapshot!(plan.words());
    let kept = wipe("PF0EXAMP1", &[managed("1")], Keep::UserData, days_later(40)).unwrap();
    assert!(
        kept.words().contains("files of its user stay") && kept.words().contains("for 40 days"),
        "{}",
        kept.words()
    );
    assert!(wipe("X", &[], Keep::Nothing, days_later(0)).unwrap_err().why.contains("no device"));
    assert!(
        wipe("X", &[managed("1"), managed("2")], Keep::Nothing, days_later(0)).unwrap_err().why.contains("2 devices")
    );
}

#[test]
fn a_laptop_is_taken_out_in_the_order_in_which_it_goes() {
    let plan = offboard("PF0EXAMP1", &[registration()], &[managed("5c0e0a11")]).unwrap();
    let asked: Vec<_> = plan.steps.iter().map(|step| format!("{:?}", step.act.request())).collect();
    let devices = "deviceManagement/windowsAutopilotDeviceIdentities/c2f1c5d4-0000-4000-8000-000000000001";
    assert_eq!(
        asked,
        [
            "Graph Delete /v1.0/deviceManagement/managedDevices/5c0e0a11".to_owned(),
            format!("Graph Post /v1.0/{devices}/unassignUserFromDevice"),
            format!("Graph Delete /v1.0/{devices}"),
            format!("Graph Get /beta/{devices}"),
        ]
    );
    assert!(matches!(plan.steps[3].act, Act::UntilGone(_)));
    insta::assert_snapshot!(plan.words());
    // What is not there is not done.
    let without = Registration { user: String::new(), ..registration() };
    assert_eq!(offboard("PF0EXAMP1", &[without], &[]).unwrap().steps.len(), 2);
    assert!(offboard("X", &[], &[]).unwrap_err().why.contains("neither"));
    assert!(offboard("X", &[registration(), registration()], &[]).is_err());
}

#[test]
fn an_edition_is_lifted_by_a_policy_and_the_key_is_shown_by_its_end_only() {
    let key = EditionKey::try_from(" aaaaa-bbbbb-ccccc-ddddd-eeeee\n".to_owned()).unwrap();
    let rule = "(device.devicePhysicalIds -any (_ -eq \"[OrderID]:SALES\"))";
    let group = Group { id: "g7".into(), name: "Bench".into(), rule: rule.into() };
    let plan = upgrade("Lift", Edition::Enterprise, &key, &group);
    let body = plan.steps[0].act.request().body.clone().unwrap();
    assert_eq!(
        (body["productKey"].as_str(), body["targetEdition"].as_str()),
        (Some("AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"), Some("windows10Enterprise"))
    );
    let Act::SendToMade(give) = &plan.steps[1].act else { panic!("{plan:?}") };
    assert_eq!(give.path, "/beta/deviceManagement/deviceConfigurations/{id}/assign");
    let shown = format!("{}{plan:?}{key:?}", plan.words());
    assert!(shown.contains("ends in EEEEE") && !shown.contains("DDDDD"), "{shown}");
    for wrong in ["", "AAAAA-BBBBB-CCCCC-DDDDD", "AAAAA-BBBBB-CCCCC-DDDDD-EEEE!", "AAAAABBBBBCCCCCDDDDDEEEEE"] {
        assert_eq!(EditionKey::try_from(wrong.to_owned()), Err(NotAnEditionKey));
    }
}
