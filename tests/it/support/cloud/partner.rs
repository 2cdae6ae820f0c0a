//! Partner Center: batches of devices for a customer, jobs that work on them, and their OOBE policies.

use serde_json::{Value, json};

use super::{
    contract::{CONTRACTS, Host},
    directory::{Directory, Import},
    entra::Token,
    hash::Machine,
    http::{Asked, Reply},
    text::date,
    world::World,
};

/// A batch, which is the group tag of its devices.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) id: String,
    pub(crate) at: u64,
    jobs: Vec<Job>,
}

#[derive(Debug)]
struct Job {
    id: String,
    /// As whoever asked named the request: the same again is the same job.
    request: String,
    at: u64,
    /// Of what was sent: the place in the list of imports.
    imports: Vec<usize>,
}

fn refused(status: u16, code: &str, text: &str) -> Reply {
    Reply::refused(Host::Partner, status, code, text)
}

pub(super) fn answer(world: &mut World, asked: &Asked<'_>, path: &[&str], now: u64) -> Reply {
    let Some(token) = world.sign_ins.token(asked.header("authorization"), Host::Partner, now).cloned() else {
        return refused(401, "900401", "The token is missing, expired, or for another service.");
    };
    if CONTRACTS.operation(Host::Partner, asked.method, asked.path).is_none() {
        return refused(404, "900404", "There is nothing here.");
    }
    let ["v1", "customers", customer, rest @ ..] = path else {
        return refused(404, "900404", "There is nothing here.");
    };
    if !world.tenant(&token.tenant).customers.iter().any(|known| known == customer) {
        return refused(403, "2001", "The customer has no relationship with this partner.");
    }
    let write = asked.method != "GET";
    if let Err(seconds) =
        world.windows.take(&world.limits, &format!("partner {}", token.tenant), &token.client, write, now)
    {
        return refused(429, "429", "Too many requests").with("retry-after", seconds.to_string());
    }
    let with = |mut reply: Reply| {
        for (name, header) in [("ms-requestid", "MS-RequestId"), ("ms-correlationid", "MS-CorrelationId")] {
            if !asked.header(header).is_empty() {
                reply = reply.with(name, asked.header(header).to_owned());
            }
        }
        reply
    };
    with(route(world, asked, customer, rest, &token, now))
}

fn route(world: &mut World, asked: &Asked<'_>, customer: &str, rest: &[&str], token: &Token, now: u64) -> Reply {
    match (asked.method, rest) {
        ("GET", ["deviceBatches"]) => batches(world, customer),
        ("POST", ["deviceBatches"]) if !token.delegated => {
            refused(403, "2000", "A batch is created with the token of an app and a person.")
        }
        ("POST", ["deviceBatches"]) => {
            let body = asked.json();
            let id = body["batchId"].as_str().unwrap_or_default().to_owned();
            if let Some(location) = repeated(world, customer, asked) {
                return location;
            }
            if world.tenant(customer).batches.iter().any(|batch| batch.id == id) {
                return refused(409, "2002", "A batch of this name exists.");
            }
            let devices = body["devices"].as_array().cloned().unwrap_or_default();
            if let Some(reply) = unfit(&devices) {
                return reply;
            }
            world.tenant(customer).batches.push(Batch { id: id.clone(), at: now, jobs: Vec::new() });
            job(world, customer, &id, asked, &devices, now)
        }
        ("POST", ["deviceBatches", id, "devices"]) => {
            if let Some(location) = repeated(world, customer, asked) {
                return location;
            }
            if !world.tenant(customer).batches.iter().any(|batch| batch.id == *id) {
                return refused(404, "2003", "There is no batch of this name.");
            }
            let devices = asked.json().as_array().cloned().unwrap_or_default();
            unfit(&devices).unwrap_or_else(|| job(world, customer, id, asked, &devices, now))
        }
        ("GET", ["deviceBatches", id, "devices"]) => devices(world, customer, id, asked.header("MS-ContinuationToken")),
        ("DELETE", ["deviceBatches", _, "devices", id]) => {
            let gone = now + world.pace.delete;
            let mut mine = world.directory.registrations.iter_mut().filter(|one| one.tenant == customer);
            match mine.find(|one| one.id == *id) {
                Some(one) => {
                    one.gone = Some(gone);
                    Reply::status(204)
                }
                None => refused(404, "2003", "There is no such device."),
            }
        }
        ("GET", ["batchJobStatus", id]) => status(world, customer, id, now),
        _ => policies(world, asked, customer, rest),
    }
}

/// The same request again: the answer of the first time, and nothing is done.
fn repeated(world: &mut World, customer: &str, asked: &Asked<'_>) -> Option<Reply> {
    let request = asked.header("MS-RequestId");
    let jobs = world.tenant(customer).batches.iter().flat_map(|batch| &batch.jobs);
    let job = jobs.filter(|job| !request.is_empty() && job.request == request).map(|job| job.id.clone()).next()?;
    Some(accepted(customer, &job))
}

/// Relative, and without the version.
fn accepted(customer: &str, job: &str) -> Reply {
    Reply::status(202).with("location", format!("/customers/{customer}/batchJobStatus/{job}"))
}

fn text(device: &Value, name: &str) -> String {
    device[name].as_str().unwrap_or_default().to_owned()
}

fn unfit(devices: &[Value]) -> Option<Reply> {
    let fits = |device: &Value| {
        let has = |name: &str| !text(device, name).is_empty();
        has("hardwareHash")
            || has("productKey")
            || ["serialNumber", "oemManufacturerName", "modelName"].iter().all(|name| has(name))
    };
    if devices.is_empty() || devices.len() > 1_000 {
        return Some(refused(400, "2004", "A request holds 1 to 1000 devices."));
    }
    (!devices.iter().all(fits)).then(|| refused(400, "2005", "A device has no valid set of identifiers."))
}

fn job(world: &mut World, customer: &str, batch: &str, asked: &Asked<'_>, devices: &[Value], now: u64) -> Reply {
    let id = world.fresh("job");
    let mut imports = Vec::new();
    for device in devices {
        let hash = text(device, "hardwareHash");
        let given = Machine {
            serial: text(device, "serialNumber"),
            manufacturer: text(device, "oemManufacturerName"),
            model: text(device, "modelName"),
            uuid: Vec::new(),
            product_key: text(device, "productKey"),
        };
        let mut machine = if hash.is_empty() { given.clone() } else { Machine::of_hash(&hash).unwrap_or_default() };
        machine.product_key.clone_from(&given.product_key);
        if machine.serial.is_empty() {
            machine.serial = given.serial;
        }
        let lasts = Directory::import_lasts(&world.pace, &machine.serial);
        imports.push(world.directory.imports.len());
        let import = Import {
            id: world.fresh("partner import"),
            called: id.clone(),
            tenant: customer.to_owned(),
            machine,
            product_key: given.product_key,
            group_tag: batch.to_owned(),
            user: String::new(),
            purchase_order: batch.to_owned(),
            at: now,
            due: now + lasts,
            outcome: None,
            removed: false,
        };
        world.directory.receive(import);
    }
    let batch = world.tenant(customer).batches.iter_mut().find(|known| known.id == batch).unwrap();
    batch.jobs.push(Job { id: id.clone(), request: asked.header("MS-RequestId").to_owned(), at: now, imports });
    accepted(customer, &id)
}

fn batches(world: &mut World, customer: &str) -> Reply {
    let rows = world.tenant(customer).batches.iter().map(|batch| {
        let count: usize = batch.jobs.iter().map(|job| job.imports.len()).sum();
        json!({
            "id": batch.id, "status": "finished", "creationDate": date(batch.at), "devicesCount": count,
            "devicesLink": {
                "uri": format!("/customers/{customer}/deviceBatches/{}/devices", batch.id), "method": "GET", "headers": [],
            },
            "attributes": {"objectType": "DeviceBatch"},
        })
    });
    let rows: Vec<_> = rows.collect();
    Reply::json(200, &json!({"totalCount": rows.len(), "items": rows, "attributes": {"objectType": "Collection"}}))
}

/// A hundred in a page; the token for the next one goes back in a header.
fn devices(world: &mut World, customer: &str, batch: &str, token: &str) -> Reply {
    if !world.tenant(customer).batches.iter().any(|known| known.id == batch) {
        return refused(404, "2003", "There is no batch of this name.");
    }
    let page = world.page.min(100);
    let skip: usize = token.parse().unwrap_or_default();
    let mine = world.directory.registrations.iter().filter(|one| one.tenant == customer && one.purchase_order == batch);
    let rows: Vec<_> = mine
        .map(|one| {
            json!({
                "id": one.id, "serialNumber": one.machine.serial, "productKey": one.product_key,
                "modelName": one.machine.model, "oemManufacturerName": one.machine.manufacturer,
                "policies": [{"key": "o_o_b_e", "value": null}], "uploadedDate": date(one.since),
                "attributes": {"objectType": "Device"},
            })
        })
        .collect();
    let next = (rows.len() > skip + page).then(|| (skip + page).to_string());
    let items: Vec<_> = rows.iter().skip(skip).take(page).collect();
    let attributes = json!({"objectType": "Collection"});
    let body = json!({"totalCount": rows.len(), "items": items, "continuationToken": next, "attributes": attributes});
    Reply::json(200, &body)
}

/// The top says finished also if a device below failed.
fn status(world: &mut World, customer: &str, id: &str, now: u64) -> Reply {
    let jobs = world.tenant(customer).batches.iter().flat_map(|batch| &batch.jobs);
    let Some((at, places)) = jobs.filter(|job| job.id == id).map(|job| (job.at, job.imports.clone())).next() else {
        return refused(404, "2003", "There is no such job.");
    };
    let imports: Vec<_> = places.iter().map(|place| &world.directory.imports[*place]).collect();
    let done = imports.iter().all(|import| import.outcome.is_some());
    let end = imports.iter().map(|import| import.due).max().unwrap_or(at);
    let began = now >= at + (end - at) / 3;
    let rows = imports.iter().filter(|_| done).map(|import| {
        let mut row = json!({
            "serialNumber": import.machine.serial, "productKey": import.product_key, "status": "finished",
            "attributes": {"objectType": "DeviceUploadDetails"},
        });
        match &import.outcome {
            Some(Err((code, name))) => {
                row["status"] = json!("finished_with_errors");
                row["errorCode"] = json!(code.to_string());
                row["errorDescription"] = json!(name);
            }
            Some(Ok(registration)) => row["deviceId"] = json!(registration),
            None => (),
        }
        row
    });
    let status = if done {
        "finished"
    } else if began {
        "processing"
    } else {
        "queued"
    };
    let completed = if done { date(end) } else { "0001-01-01T00:00:00".to_owned() };
    Reply::json(
        200,
        &json!({
            "batchTrackingId": id, "status": status, "startedTime": date(at), "completedTime": completed,
            "devicesStatus": rows.collect::<Vec<_>>(), "attributes": {"objectType": "BatchUploadDetails"},
        }),
    )
}

fn policies(world: &mut World, asked: &Asked<'_>, customer: &str, rest: &[&str]) -> Reply {
    let fresh = world.fresh("policy");
    let job = world.fresh("policy job");
    let policies = &mut world.tenant(customer).policies;
    let place = |policies: &[Value], id: &str| policies.iter().position(|policy| policy["id"] == id);
    match (asked.method, rest) {
        ("GET", ["policies"]) => Reply::json(200, &json!({"totalCount": policies.len(), "items": policies})),
        ("POST", ["policies"]) => {
            let mut policy = asked.json();
            policy["id"] = json!(fresh);
            policies.push(policy.clone());
            Reply::json(200, &policy)
        }
        (method, ["policies", id]) => match (method, place(policies, id)) {
            (_, None) => refused(404, "2003", "There is no such policy."),
            ("GET", Some(place)) => Reply::json(200, &policies[place]),
            ("PUT", Some(place)) => {
                policies[place] = asked.json();
                policies[place]["id"] = json!(id);
                Reply::json(200, &policies[place])
            }
            (_, Some(place)) => {
                policies.remove(place);
                Reply::status(204)
            }
        },
        ("PATCH", ["DevicePolicyUpdates"]) => {
            let body = asked.json();
            let devices = body["devices"].as_array().cloned().unwrap_or_default();
            let assigned = devices.iter().flat_map(|device| device["policies"].as_array().cloned().unwrap_or_default());
            let known =
                |policy: &Value| policy["value"].is_null() || policies.iter().any(|one| one["id"] == policy["value"]);
            if !assigned.clone().all(|policy| known(&policy)) {
                return refused(400, "2006", "There is no such policy.");
            }
            accepted(customer, &job)
        }
        _ => refused(404, "900404", "There is nothing here."),
    }
}
