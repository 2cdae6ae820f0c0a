//! Partner Center as far as registration needs it: batches of devices, and the jobs that work on them.
//!
//! A device has no group tag there. The name of its batch becomes the tag, so a batch is never without a name (it would
//! be given a GUID, and that would be the tag); what is to have the same tag later is added to the same batch. A job may
//! say that it is finished while one of its devices was refused: only what stands beside the device counts. No answer
//! names the Autopilot registration; that is read back from the tenant.
//!
//! Sources: Partner Center, "Scenarios: device deployment" and "Headers"; what is in neither is taken from the .NET SDK
//! and from tools that use it (tests/fixtures/contracts, where they are named).

mod device;
mod job;
mod track;

use serde_json::{Value, json};

pub use device::{Known, KnownPage, devices, known_devices};
pub use job::{Job, job, job_status};
pub use track::Track;

use super::{
    Answer, Cost, Method, Request, Service,
    graph::{
        Unreadable,
        json::{Node, document},
        path::segment,
    },
};
use crate::{
    lane::{Line, Registered, Row},
    registration::AttemptId,
};

/// The portal takes 1000 by one page and 500 by another.
pub const MOST_DEVICES: usize = 500;

/// A customer of the partner, by the id of its tenant: everything is asked below it.
fn path(tenant: &str, rest: &str) -> String {
    format!("/v1/customers/{}/{rest}", segment(tenant))
}

fn request(method: Method, path: String, body: Option<Value>) -> Request {
    let cost = if method == Method::Get { Cost::READ } else { Cost::WRITE };
    Request { service: Service::PartnerCenter, method, path, body, headers: vec![], cost }
}

/// The service does a thing once however often a request of this number comes.
fn numbered(mut request: Request, number: &AttemptId, attempt: &AttemptId) -> Request {
    request.headers = vec![("MS-RequestId", number.to_string()), ("MS-CorrelationId", attempt.to_string())];
    request
}

/// The partner's batches for a customer.
pub fn batches(tenant: &str) -> Request {
    request(Method::Get, path(tenant, "deviceBatches"), None)
}

/// Names of the batches that are there.
///
/// # Errors
/// The answer is no list of them.
pub fn batch_names(answer: &Answer) -> Result<Vec<String>, Unreadable> {
    let document = document(answer)?;
    Node::root(&document)?.list("items")?.iter().map(Node::id).collect()
}

/// A new batch with these devices in it. Takes the token of an application and a person.
pub fn create(tenant: &str, group_tag: &str, rows: &[Row], attempt: &AttemptId) -> Request {
    let body = json!({ "batchId": group_tag, "devices": devices_of(rows) });
    numbered(request(Method::Post, path(tenant, "deviceBatches"), Some(body)), attempt, attempt)
}

/// The same into a batch that is there. Of another number than [`create`]: this is another request.
pub fn append(tenant: &str, group_tag: &str, rows: &[Row], attempt: &AttemptId) -> Request {
    let path = path(tenant, &format!("deviceBatches/{}/devices", segment(group_tag)));
    numbered(request(Method::Post, path, Some(devices_of(rows).into())), &attempt.following(), attempt)
}

fn devices_of(rows: &[Row]) -> Vec<Value> {
    rows.iter().filter_map(|row| identity(row).map(device_of)).collect()
}

/// `None`: the row is for another lane.
fn identity(row: &Row) -> Option<&Registered> {
    match &row.line {
        Line::Partner { identity, .. } => Some(identity),
        _ => None,
    }
}

/// One of the documented sets; what is not in it is not sent at all.
fn device_of(identity: &Registered) -> Value {
    match identity {
        Registered::Hash { serial, product_key_id: None, hash } => {
            json!({ "serialNumber": serial, "hardwareHash": hash.to_base64() })
        }
        Registered::Hash { serial, product_key_id: Some(key), hash } => {
            json!({ "serialNumber": serial, "productKey": key.to_string(), "hardwareHash": hash.to_base64() })
        }
        Registered::ProductKeyId(key) => json!({ "productKey": key.to_string() }),
        Registered::Tuple { serial, manufacturer, model } => {
            json!({ "serialNumber": serial, "oemManufacturerName": manufacturer, "modelName": model })
        }
    }
}

#[cfg(test)]
mod tests;
