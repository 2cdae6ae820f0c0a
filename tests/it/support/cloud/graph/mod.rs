//! Microsoft Graph, v1.0 and beta: who may ask, how much, and which route answers.

mod batch;
mod identities;
mod imports;
mod others;
mod profiles;
mod query;

use serde_json::{Value, json};

use super::{
    contract::{CONTRACTS, Host},
    http::{Asked, Reply, nested_message},
    text::decoded,
    world::World,
};

/// A request that was let in.
struct Call<'a> {
    world: &'a mut World,
    tenant: String,
    beta: bool,
    asked: &'a Asked<'a>,
    now: u64,
}

fn refused(status: u16, code: &str, message: &str) -> Reply {
    Reply::refused(Host::Graph, status, code, message)
}

/// As Intune words it behind Graph.
fn refused_by_intune(status: u16, code: &str, message: &str) -> Reply {
    refused(status, code, &nested_message(message))
}

fn not_found() -> Reply {
    refused_by_intune(404, "ResourceNotFound", "ResourceNotFound")
}

pub(super) fn answer(world: &mut World, asked: &Asked<'_>, now: u64) -> Reply {
    let token = world.sign_ins.token(asked.header("authorization"), Host::Graph, now).cloned();
    let Some(token) = token else {
        return refused(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.");
    };
    let path = asked.path.split('?').next().unwrap();
    if let Some(version) = path.strip_suffix("/$batch") {
        return batch::answer(world, asked, version, now);
    }
    let Some(operation) = CONTRACTS.operation(Host::Graph, asked.method, asked.path) else {
        return refused(400, "BadRequest", "Resource not found for the segment.");
    };
    let write = asked.method != "GET";
    if let Err(seconds) = world.windows.take(&world.limits, &token.tenant, &token.client, write, now) {
        return refused(429, "TooManyRequests", "Too many requests").with("retry-after", seconds.to_string());
    }
    if let Some(needed) = &operation.permission
        && !token.permissions.iter().any(|has| has == needed || *has == needed.replace(".Read.", ".ReadWrite."))
    {
        return refused_by_intune(403, "Forbidden", "Application is not authorized to perform this operation");
    }
    let (version, route) = path[1..].split_once('/').unwrap();
    let beta = version == "beta";
    let segments: Vec<String> = route.split('/').map(decoded).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let mut call = Call { world, tenant: token.tenant, beta, asked, now };
    match &segments[..] {
        ["deviceManagement", "importedWindowsAutopilotDeviceIdentities", rest @ ..] => imports::answer(&mut call, rest),
        ["deviceManagement", "windowsAutopilotDeviceIdentities", rest @ ..] => identities::answer(&mut call, rest),
        ["deviceManagement", "windowsAutopilotDeploymentProfiles", rest @ ..] => profiles::answer(&mut call, rest),
        ["deviceManagement", rest @ ..] => others::device_management(&mut call, rest),
        rest => others::directory(&mut call, rest),
    }
}

impl Call<'_> {
    /// A single thing of the tenant, or 404.
    fn one(&self, found: Option<Value>) -> Reply {
        found.map_or_else(not_found, |value| Reply::json(200, &query::selected(self.asked.path, value)))
    }

    /// A page of a list.
    fn list(&self, rows: Vec<Value>, page: usize) -> Reply {
        query::page(self, rows, page)
    }

    fn created(value: &Value) -> Reply {
        Reply::json(201, value)
    }

    fn body(&self) -> Value {
        self.asked.json()
    }

    fn context(&self) -> Value {
        let base = &self.world.urls[&Host::Graph];
        json!(format!("{base}/{}/$metadata", if self.beta { "beta" } else { "v1.0" }))
    }
}
