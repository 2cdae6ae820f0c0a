//! Bodies and answers as tests/fixtures/contracts/partnercenter-devices.openapi.yaml has them, and what services do
//! that no page shows.

use super::*;
use crate::{
    device::DeviceId,
    hwhash::HardwareHash,
    registration::{ImportId, ImportState},
};

const TENANT: &str = "47021739-3426-40bf-9601-61b4b6d7c793";
const HASH: &str = include_str!("../../../../tests/fixtures/hwhash/synthetic_full.b64");

fn row(identity: Registered) -> Row {
    let line = Line::Partner { identity, group_tag: "WH-EMEA".into() };
    Row { device: DeviceId(1), called: "PF0EXAMP1".into(), line, remarks: vec![] }
}

fn tuple(serial: &str) -> Row {
    row(Registered::Tuple { serial: serial.into(), manufacturer: "LENOVO".into(), model: "21CB".into() })
}

fn answer(status: u16, body: &Value) -> Answer {
    Answer { status, retry_after: None, location: None, body: body.to_string().into_bytes() }
}

fn attempt() -> AttemptId {
    AttemptId::from_random([7; 16])
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_batch_is_called_as_the_group_tag_and_holds_each_documented_set() {
    let hash = HardwareHash::parse(HASH).unwrap().0;
    let key = "0123456789012".parse::<crate::msdm::ProductKeyId>().unwrap();
    let rows = [
        tuple("PF0EXAMP1"),
        row(Registered::ProductKeyId(key.clone())),
        row(Registered::Hash { serial: "PF0EXAMP3".into(), product_key_id: None, hash: hash.clone() }),
        row(Registered::Hash { serial: "PF0EXAMP4".into(), product_key_id: Some(key), hash: hash.clone() }),
    ];
    let asked = create(TENANT, "WH-EMEA", &rows, &attempt());
    assert_eq!(
        (asked.method, asked.path.as_str()),
        (Method::Post, "/v1/customers/47021739-3426-40bf-9601-61b4b6d7c793/deviceBatches")
    );
    let hash = hash.to_base64();
    assert_eq!(
        asked.body.unwrap(),
        json!({ "batchId": "WH-EMEA", "devices": [
        { "serialNumber": "PF0EXAMP1", "oemManufacturerName": "LENOVO", "modelName": "21CB" },
        { "productKey": "0123456789012" },
        { "serialNumber": "PF0EXAMP3", "hardwareHash": hash },
        { "serialNumber": "PF0EXAMP4", "productKey": "0123456789012", "hardwareHash": hash },
    ] })
    );
}

#[test]
fn adding_to_a_batch_is_another_request_of_the_same_attempt() {
    let rows = [tuple("PF0EXAMP1")];
    let (new, more) = (create(TENANT, "A B/C", &rows, &attempt()), append(TENANT, "A B/C", &rows, &attempt()));
    assert!(more.path.ends_with("/deviceBatches/A%20B%2FC/devices"), "{}", more.path);
    assert!(more.body.unwrap().is_array(), "bare");
    let number = |request: &Request| header(request, "MS-RequestId").unwrap().to_owned();
    assert_eq!(number(&new), attempt().to_string());
    assert_ne!(number(&new), number(&append(TENANT, "x", &rows, &attempt())));
    assert_eq!(number(&append(TENANT, "x", &rows, &attempt())), number(&append(TENANT, "x", &rows, &attempt())));
    assert!(AttemptId::try_from(number(&append(TENANT, "x", &rows, &attempt()))).is_ok());
    assert_eq!(header(&new, "MS-CorrelationId"), Some(attempt().as_str()));
}

#[test]
fn a_job_is_found_by_the_last_piece_of_its_place() {
    let at = |place: &str| {
        let location = Some(place.to_owned());
        Track::job_at(&Answer { location, ..answer(202, &Value::Null) })
    };
    let id = Some("beba2053-5401-46ff-9223-7e841ed78fbf".to_owned());
    assert_eq!(
        at("/customers/c7f3c849-129f-4b85-a96d-4f8e88b315a3/batchJobStatus/beba2053-5401-46ff-9223-7e841ed78fbf"),
        id
    );
    assert_eq!(
        at(
            "https://api.partnercenter.microsoft.com/v1/customers/c/batchjobstatus/beba2053-5401-46ff-9223-7e841ed78fbf/"
        ),
        id
    );
    for elsewhere in [
        "",
        "/",
        "batchJobStatus",
        "/customers/c/deviceBatches/x",
        "/batchJobStatus/../policies",
        "/batchJobStatus/a%2Fb",
    ] {
        assert_eq!(at(elsewhere), None, "{elsewhere}");
    }
    let track = Track::of("j", &tuple("PF0EXAMP1")).unwrap();
    assert_eq!(track.import(), ImportId("j#PF0EXAMP1".into()));
    assert_eq!(Track::parse(&track.import()), Some(track));
    assert_eq!(Track::parse(&ImportId("beba2053".into())), None);
    assert!(job(TENANT, "j").path.ends_with("/batchJobStatus/j"));
}

#[test]
fn only_what_stands_beside_a_device_counts() {
    let finished = json!({
        "batchTrackingId": "0127ed8e", "status": "finished", "startedTime": "2026-09-20T10:00:00",
        "completedTime": "2026-09-20T10:10:00", "devicesStatus": [
            { "serialNumber": "PF0EXAMP1", "productKey": "", "status": "finished_with_errors", "errorCode": "808",
              "errorDescription": "ZtdDeviceAssignedToOtherTenant" },
            { "serialNumber": "pf0examp2", "status": "finished", "errorCode": "0" },
            { "serialNumber": null, "productKey": "0123456789012", "status": "FinishedWithErrors", "errorCode": 806 },
            { "serialNumber": "PF0EXAMP4", "status": "somethingNew" },
        ],
    });
    let job = job_status(&answer(200, &finished)).unwrap();
    let failed = |code, name: &str| ImportState::Failed { code, name: name.to_owned() };
    assert_eq!(job.state("PF0EXAMP1"), failed(808, "ZtdDeviceAssignedToOtherTenant"));
    assert_eq!(job.state("PF0EXAMP2"), ImportState::Complete { registration: None });
    assert_eq!(job.state("0123456789012"), failed(806, ""));
    assert_eq!(job.state("PF0EXAMP4"), ImportState::Working { word: "somethingNew".into() });
    // It is not listed: the whole has to do.
    assert_eq!(job.state("PF0EXAMP9"), ImportState::Complete { registration: None });
    assert_eq!(job.state(""), ImportState::Complete { registration: None });
}

#[test]
fn a_job_without_devices_tells_by_its_own_word() {
    let state = |body: &Value| job_status(&answer(200, body)).map(|job| job.state("PF0EXAMP1"));
    let working = |word: &str| Ok(ImportState::Working { word: word.to_owned() });
    assert_eq!(state(&json!({ "status": "queued", "devicesStatus": [] })), working("queued"));
    assert_eq!(state(&json!({ "status": "processing", "devicesStatus": null })), working("processing"));
    assert!(matches!(state(&json!({ "status": "finished_with_errors" })), Ok(ImportState::Failed { code: 0, .. })));
    assert_eq!(state(&json!({ "devicesStatus": [] })).unwrap_err().at, "status");
    assert!(state(&json!({ "status": "finished", "devicesStatus": "none" })).is_err());
    assert!(job_status(&Answer { body: b"{\"status\":\"fini".to_vec(), ..answer(200, &Value::Null) }).is_err());
}

#[test]
fn the_devices_of_a_batch_come_in_pages() {
    let page = json!({ "totalCount": 2, "continuationToken": "next==", "items": [
        { "id": "7c141ea9-2816-4e15-a819-53f6856499ff", "serialNumber": "PF0EXAMP1", "productKey": "" },
    ] });
    let page = known_devices(&answer(200, &page)).unwrap();
    assert!(page.items[0].is("pf0examp1") && !page.items[0].is("") && !page.items[0].is("PF0EXAMP"));
    let next = devices(TENANT, "WH-EMEA", page.next.as_deref());
    assert_eq!(header(&next, "MS-ContinuationToken"), Some("next=="));
    assert_eq!(devices(TENANT, "WH-EMEA", None).headers, vec![]);
    let last = known_devices(&answer(200, &json!({ "items": [], "continuationToken": null }))).unwrap();
    assert_eq!(last.next, None);
    // It would end a header and begin another.
    let hostile = json!({ "items": [], "continuationToken": "a b" });
    assert_eq!(known_devices(&answer(200, &hostile)).unwrap_err().at, "continuationToken");
    assert!(known_devices(&answer(200, &json!({ "items": [{ "serialNumber": "x" }] }))).is_err());
}

#[test]
fn batches_are_known_by_name() {
    let body = json!({ "totalCount": 1, "items": [{ "id": "WH-2026-09-20", "status": "finished" }] });
    assert_eq!(batch_names(&answer(200, &body)).unwrap(), ["WH-2026-09-20"]);
    assert_eq!(batches(TENANT).cost, Cost::READ);
}
