//! One tenant of the fake cloud and curl, a client that we did not write.

use std::process::Command;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Cloud, contract::Host, entra::App, text::encoded, world::Pace};
use crate::support::until;

pub(crate) const IMPORTED: &str = "/v1.0/deviceManagement/importedWindowsAutopilotDeviceIdentities";
pub(crate) const SERVICE: &str = "DeviceManagementServiceConfig.ReadWrite.All";
pub(crate) const MANAGED: &str = "DeviceManagementManagedDevices.ReadWrite.All";
pub(crate) const CLIENT: &str = "11110000-0000-4000-8000-000000000001";

/// A cloud with one tenant and an app that may do what registration needs; what curl said.
pub(crate) struct Fake {
    pub(crate) cloud: Cloud,
    pub(crate) tenant: String,
    pub(crate) token: String,
}

pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) retry_after: String,
    pub(crate) location: String,
    pub(crate) body: Value,
}

/// curl's own exit code, and what came.
pub(crate) fn curl(arguments: &[&str]) -> (i32, Said) {
    let write = "\n%{http_code} %header{retry-after} %header{location}";
    let output = Command::new("curl").args(["-sS", "--max-time", "20", "-w", write]).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, tail) = text.rsplit_once('\n').unwrap();
    let mut tail = tail.split(' ').map(str::to_owned);
    let mut next = || tail.next().unwrap_or_default();
    let said = Said {
        status: next().parse().unwrap(),
        retry_after: next(),
        location: next(),
        body: serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned())),
    };
    (output.status.code().unwrap(), said)
}

impl Fake {
    pub(crate) fn new(pace: Pace) -> Self {
        let cloud = Cloud::started(pace);
        let tenant = {
            let mut world = cloud.world();
            let tenant = world.add_tenant("Contoso");
            tenant.with_profile("Standard", "STANDARD");
            let roles = [SERVICE, MANAGED, "Organization.Read.All", "Group.Read.All", "Device.Read.All"];
            tenant.apps.push(App {
                client: CLIENT.to_owned(),
                secret: Some("s3cret".to_owned()),
                roles: roles.map(str::to_owned).to_vec(),
                ..App::default()
            });
            tenant.id.clone()
        };
        let mut fake = Self { cloud, tenant, token: String::new() };
        fake.token = fake.sign_in("s3cret").body["access_token"].as_str().unwrap().to_owned();
        fake
    }

    pub(crate) fn entra(&self, route: &str, form: &[(&str, &str)]) -> Said {
        let url = format!("{}/{}/oauth2/v2.0/{route}", self.cloud.url(Host::Entra), self.tenant);
        let form: Vec<_> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        curl(&["-d", &form.join("&"), &url]).1
    }

    pub(crate) fn sign_in(&self, secret: &str) -> Said {
        let scope = "https://graph.microsoft.com/.default";
        let form =
            [("grant_type", "client_credentials"), ("client_id", CLIENT), ("client_secret", secret), ("scope", scope)];
        self.entra("token", &form)
    }

    pub(crate) fn ask(&self, host: Host, method: &str, path: &str, body: Option<&Value>) -> (i32, Said) {
        let url = format!("{}{path}", self.cloud.url(host));
        let authorization = format!("Authorization: Bearer {}", self.token);
        let mut arguments = vec!["-g", "-X", method, "-H", &authorization];
        let text = body.map(Value::to_string);
        if let Some(text) = &text {
            arguments.extend(["-H", "Content-Type: application/json", "-d", text]);
        }
        arguments.push(&url);
        curl(&arguments)
    }

    pub(crate) fn get(&self, path: &str) -> Said {
        self.ask(Host::Graph, "GET", path, None).1
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Said {
        self.ask(Host::Graph, "POST", path, Some(body)).1
    }

    pub(crate) fn import(&self, rows: &[Value]) -> Said {
        self.post(&format!("{IMPORTED}/import"), &json!({"importedWindowsAutopilotDeviceIdentities": rows}))
    }

    /// Waits until an import ends; its state.
    pub(crate) fn ended(&self, id: &str) -> Value {
        until("the import to end", || {
            let state = self.get(&format!("{IMPORTED}/{id}")).body["state"].take();
            let named = state["deviceImportStatus"] != "complete" || state["deviceRegistrationId"] != "";
            (["complete", "error"].contains(&state["deviceImportStatus"].as_str().unwrap()) && named).then_some(state)
        })
    }
}

/// A line of an import, with a hash made from the layout.
pub(crate) fn row(serial: &str) -> Value {
    let mut body = Vec::new();
    let mut record = |kind: u16, content: &[u8]| {
        body.extend(kind.to_le_bytes());
        body.extend(u16::try_from(content.len() + 4).unwrap().to_le_bytes());
        body.extend(content);
    };
    record(12, &Sha256::digest(serial)[..16]);
    record(14, format!("{serial}\0").as_bytes());
    record(16, b"Example Inc.\0");
    record(17, b"Example Book 14\0");
    let length = u16::try_from(body.len() + 4).unwrap().to_le_bytes();
    let hash = [b"OA", &length[..], &body].concat();
    let hash = STANDARD.encode(hash);
    json!({"serialNumber": serial, "hardwareIdentifier": hash, "groupTag": "STANDARD", "productKey": "", "importId": "r1"})
}
