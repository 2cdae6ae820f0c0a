use std::time::Duration;

use super::*;

#[test]
fn parts_are_numbered_and_each_counts() {
    let parts = [get(&ztd(1)), search("PF1"), unblock(&ztd(2)), assign_user(&ztd(3), "ada@contoso.com")];
    let parts: Vec<_> = parts.into_iter().filter(|part| part.path.starts_with("/beta")).collect();
    let request = batch(&parts).unwrap();
    assert_eq!((request.method, request.path.as_str()), (Method::Post, "/beta/$batch"));
    assert_eq!(request.cost, Cost { reads: 2, writes: 1 });
    assert!(is_batch(&request));
    let devices = "/deviceManagement/windowsAutopilotDeviceIdentities";
    assert_eq!(
        request.body.unwrap(),
        json!({ "requests": [
            { "id": "1", "method": "GET", "url":
                format!("{devices}/{}?$expand=deploymentProfile,intendedDeploymentProfile", ztd(1).as_str()) },
            { "id": "2", "method": "GET", "url": format!("{devices}?$filter=contains(serialNumber,%27PF1%27)") },
            { "id": "3", "method": "POST", "url": format!("{devices}/{}/allowNextEnrollment", ztd(2).as_str()) },
        ]})
    );
    let with_body = batch(&[assign_user(&ztd(3), "ada@contoso.com")]).unwrap().body.unwrap();
    assert_eq!(with_body["requests"][0]["headers"]["Content-Type"], "application/json");
    assert_eq!(with_body["requests"][0]["body"]["userPrincipalName"], "ada@contoso.com");
}

#[test]
fn a_batch_is_of_one_version_and_at_most_twenty() {
    assert_eq!(batch(&[]), None);
    assert_eq!(batch(&[get(&ztd(1)), delete(&ztd(1))]), None, "beta and v1.0");
    assert!(batch(&vec![get(&ztd(1)); MOST_PARTS]).is_some());
    assert_eq!(batch(&vec![get(&ztd(1)); MOST_PARTS + 1]), None);
}

#[test]
fn the_documented_answer_is_read() {
    let parts = answers(&ok(fixture!("batch-answer")), 2).unwrap();
    let [Some(one), Some(two)] = parts.as_slice() else { panic!("{parts:?}") };
    assert_eq!((one.status, one.body.as_slice()), (200, br#"{"value":[]}"#.as_slice()));
    assert_eq!((two.status, two.retry_after), (429, Some(Duration::from_secs(10))));
    assert_eq!(said(two).code, "TooManyRequests");
}

#[test]
fn parts_come_in_any_order_and_some_not_at_all() {
    let body = json!({ "responses": [
        { "id": "3", "status": 204 },
        { "id": 1, "status": "200", "headers": { "retry-after": "7", "LOCATION": "/x" }, "body": { "a": 1 } },
        { "id": "3", "status": 500 },
    ]});
    let parts = answers(&json(&body), 3).unwrap();
    let one = parts[0].as_ref().unwrap();
    assert_eq!((one.status, one.retry_after, one.location.as_deref()), (200, Some(Duration::from_secs(7)), Some("/x")));
    assert_eq!(parts[1], None);
    let three = parts[2].as_ref().unwrap();
    assert_eq!((three.status, three.body.as_slice()), (204, [].as_slice()), "the first one counts");
}

#[test]
fn an_answer_to_what_was_not_asked_is_none() {
    for (part, at) in [
        (json!({ "id": "3", "status": 200 }), "responses[0].id"),
        (json!({ "id": "0", "status": 200 }), "responses[0].id"),
        (json!({ "id": "one", "status": 200 }), "responses[0].id"),
        (json!({ "status": 200 }), "responses[0].id"),
        (json!({ "id": "1" }), "responses[0].status"),
        (json!({ "id": "1", "status": 99999 }), "responses[0].status"),
        (json!("x"), "responses[0]"),
    ] {
        let error = answers(&json(&json!({ "responses": [part] })), 2).unwrap_err();
        assert_eq!(error.at, at);
    }
}
