//! A tenant in a test: what is in it, and what goes wrong.

use std::collections::BTreeMap;

use super::*;

type Mishap = fn(Result<Answer, Silence>) -> Result<Answer, Silence>;

#[derive(Debug, Default)]
pub(super) struct Tenant {
    pub(super) imports: BTreeMap<String, Import>,
    pub(super) registered: BTreeMap<String, Registered>,
    /// Number and state.
    pub(super) associated: Vec<(String, String)>,
    pub(super) associations_closed: bool,
    /// Numbers of laptops that went through the technician phase.
    started: Vec<String>,
    pub(super) events_closed: bool,
    /// Happens to every answer, after what was asked was done.
    pub(super) mishap: Option<Mishap>,
    /// So many requests, or parts of batches, are answered 429 without being done.
    pub(super) throttles: u32,
    pub(super) part_throttles: u32,
    /// Parts of batches so far.
    pub(super) parts: u32,
    /// The list of imports leaves out the first so many.
    pub(super) list_hides: usize,
    pub(super) update_refuses_users: bool,
    pub(super) keeps_no_ids: bool,
    /// Under this number, whatever was sent.
    pub(super) shows_as: Option<String>,
    pub(super) syncs: u32,
    pub(super) synced_by_another: bool,
    next: u64,
}

#[derive(Debug)]
pub(super) struct Import {
    pub(super) serial: String,
    import_id: String,
    state: Value,
}

#[derive(Debug)]
pub(super) struct Registered {
    serial: String,
    pub(super) tag: String,
    pub(super) user: String,
    pub(super) name: String,
    started: bool,
}

const IMPORTS: &str = "/deviceManagement/importedWindowsAutopilotDeviceIdentities";
const DEVICES: &str = "/deviceManagement/windowsAutopilotDeviceIdentities";

impl Tenant {
    pub(super) const SWALLOWS_AND_DOES: Option<Mishap> = Some(|_| Err(Silence::Lost("cut".into())));
    pub(super) const FAILS_AND_DOES: Option<Mishap> = Some(|_| Ok(super::answer(504, "")));
    pub(super) const CUTS_THE_ANSWER: Option<Mishap> = Some(|answer| {
        answer.map(|mut answer| {
            answer.body.truncate(answer.body.len() / 2);
            answer
        })
    });

    pub(super) fn answer(&mut self, request: &Request) -> Result<Answer, Silence> {
        if self.throttles > 0 {
            self.throttles -= 1;
            return Ok(super::answer(429, ""));
        }
        let done = Ok(self.done(request.method, &request.path, request.body.as_ref()));
        match self.mishap {
            Some(mishap) => mishap(done),
            None => done,
        }
    }

    fn done(&mut self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let path = path.trim_start_matches("/v1.0").trim_start_matches("/beta");
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let none = Value::Null;
        let body = body.unwrap_or(&none);
        match (method, path) {
            (Method::Post, "/$batch") => self.batch(body),
            (Method::Post, _) if path == format!("{IMPORTS}/import") => {
                let rows = body["importedWindowsAutopilotDeviceIdentities"].as_array().unwrap().clone();
                // Services promise no order.
                let ids: Vec<_> = rows.iter().rev().map(|row| self.take(row)).collect();
                let value: Vec<_> = ids.iter().map(|id| self.shown(id)).collect();
                super::answer(200, json!({ "value": value }))
            }
            (Method::Get, IMPORTS) => {
                let value: Vec<_> = self.imports.keys().skip(self.list_hides).map(|id| self.shown(id)).collect();
                super::answer(200, json!({ "value": value }))
            }
            (Method::Get, DEVICES) => {
                let number = query.split("%27").nth(1).unwrap().to_lowercase();
                let of = |item: &(&String, &Registered)| item.1.serial.to_lowercase().contains(&number);
                let value: Vec<_> = self.registered.iter().filter(of).map(|(id, one)| one.shown(id, false)).collect();
                super::answer(200, json!({ "value": value }))
            }
            (Method::Get, "/deviceManagement/tenantAssociatedDevices") if self.associations_closed => {
                super::answer(403, "")
            }
            (Method::Get, "/deviceManagement/tenantAssociatedDevices") => {
                let one = |(serial, state): &(String, String)| json!({ "id": "a", "serialNumber": serial, "associationState": state });
                super::answer(200, json!({ "value": self.associated.iter().map(one).collect::<Vec<_>>() }))
            }
            (Method::Get, "/deviceManagement/autopilotEvents") if self.events_closed => super::answer(403, ""),
            (Method::Get, "/deviceManagement/autopilotEvents") => {
                let one = |serial: &String| {
                    json!({ "id": "e", "deviceSerialNumber": serial, "enrollmentType": "azureADJoinedWithWhiteGlove",
                        "deviceSetupStatus": "success", "deploymentState": "success" })
                };
                super::answer(200, json!({ "value": self.started.iter().map(one).collect::<Vec<_>>() }))
            }
            (Method::Get, "/deviceManagement/managedDevices") => {
                let number = query.split("%27").nth(1).unwrap();
                let one = |serial: &String| {
                    json!({ "id": "m", "serialNumber": serial,
                        "deviceEnrollmentType": "windowsAzureADJoinUsingDeviceAuth" })
                };
                let value: Vec<_> = self.started.iter().filter(|serial| *serial == number).map(one).collect();
                super::answer(200, json!({ "value": value }))
            }
            (Method::Get, "/deviceManagement/windowsAutopilotSettings") => {
                super::answer(200, json!({ "id": "s", "syncStatus": "completed" }))
            }
            (Method::Post, "/deviceManagement/windowsAutopilotSettings/sync") if self.synced_by_another => {
                super::answer(429, "")
            }
            (Method::Post, "/deviceManagement/windowsAutopilotSettings/sync") => {
                self.syncs += 1;
                super::answer(204, "")
            }
            _ => self.single(method, path, query, body),
        }
    }

    fn single(&mut self, method: Method, path: &str, query: &str, body: &Value) -> Answer {
        let missing = || super::answer(404, r#"{"error":{"code":"ResourceNotFound"}}"#);
        if let Some(id) = path.strip_prefix(&format!("{IMPORTS}/")) {
            return match (method, self.imports.contains_key(id)) {
                (Method::Get, true) => super::answer(200, self.shown(id)),
                (Method::Delete, true) => {
                    self.imports.remove(id);
                    super::answer(204, "")
                }
                _ => missing(),
            };
        }
        let rest = path.strip_prefix(&format!("{DEVICES}/")).unwrap_or_else(|| panic!("{path}"));
        let (id, action) = rest.split_once('/').unwrap_or((rest, ""));
        let Some(one) = self.registered.get_mut(id) else { return missing() };
        match (method, action) {
            (Method::Get, "") => return super::answer(200, one.shown(id, query.contains("deploymentProfile"))),
            (Method::Delete, "") => drop(self.registered.remove(id)),
            (Method::Post, "updateDeviceProperties") => {
                let text = |name: &str| body[name].as_str().unwrap().to_owned();
                if self.update_refuses_users && text("userPrincipalName") != one.user {
                    return super::answer(400, "");
                }
                (one.tag, one.name) = (text("groupTag"), text("displayName"));
                // As seen: an empty user takes nobody away.
                if !text("userPrincipalName").is_empty() {
                    one.user = text("userPrincipalName");
                }
            }
            (Method::Post, "assignUserToDevice") => one.user = body["userPrincipalName"].as_str().unwrap().to_owned(),
            (Method::Post, "unassignUserFromDevice") => one.user = String::new(),
            (Method::Post, "allowNextEnrollment") => {}
            _ => panic!("{method:?} {path}"),
        }
        super::answer(204, "")
    }

    fn batch(&mut self, body: &Value) -> Answer {
        let mut responses = vec![];
        for part in body["requests"].as_array().unwrap() {
            self.parts += 1;
            let method = match part["method"].as_str().unwrap() {
                "GET" => Method::Get,
                "DELETE" => Method::Delete,
                _ => Method::Post,
            };
            let answer = match self.part_throttles {
                0 => self.done(method, part["url"].as_str().unwrap(), part.get("body")),
                _ => {
                    self.part_throttles -= 1;
                    super::answer(429, "")
                }
            };
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
            responses.insert(0, json!({ "id": part["id"], "status": answer.status, "body": body }));
        }
        super::answer(200, json!({ "responses": responses }))
    }

    fn take(&mut self, row: &Value) -> String {
        let attempt = row["importId"].as_str().unwrap().to_owned();
        let own = "5e5e5e5e-0000-4000-8000-000000000000".to_owned();
        let serial = row["serialNumber"].as_str().unwrap().to_owned();
        let serial = self.shows_as.clone().unwrap_or(serial);
        self.new_import(if self.keeps_no_ids { own } else { attempt }, &serial)
    }

    fn new_import(&mut self, import_id: String, serial: &str) -> String {
        self.next += 1;
        let id = format!("import-{:04}", self.next);
        let state = json!({ "deviceImportStatus": "unknown", "deviceRegistrationId": "" });
        self.imports.insert(id.clone(), Import { serial: serial.to_owned(), import_id, state });
        id
    }

    pub(super) fn import(&mut self, attempt: &AttemptId, serial: &str) -> ImportId {
        ImportId(self.new_import(attempt.to_string(), serial))
    }

    pub(super) fn fail(&mut self, id: &ImportId, code: i64, name: &str) {
        let state = json!({ "deviceImportStatus": "error", "deviceErrorCode": code, "deviceErrorName": name });
        self.imports.get_mut(&id.0).unwrap().state = state;
    }

    pub(super) fn register(&mut self, number: u64, serial: &str) {
        let one = Registered {
            serial: serial.to_owned(),
            tag: "KIOSK".to_owned(),
            user: String::new(),
            name: String::new(),
            started: false,
        };
        self.registered.insert(ztd(number).as_str().to_owned(), one);
    }

    pub(super) fn start(&mut self, number: u64) {
        let one = self.registered.get_mut(ztd(number).as_str()).unwrap();
        one.started = true;
        self.started.push(one.serial.clone());
    }

    pub(super) fn complete_all(&mut self) {
        let open: Vec<_> = self.imports.iter().map(|(id, import)| (id.clone(), import.serial.clone())).collect();
        for (number, (id, serial)) in open.into_iter().enumerate() {
            let number = u64::try_from(number).unwrap();
            self.register(number, &serial);
            let state = json!({ "deviceImportStatus": "complete", "deviceRegistrationId": ztd(number).as_str() });
            self.imports.get_mut(&id).unwrap().state = state;
        }
    }

    fn shown(&self, id: &str) -> Value {
        let import = &self.imports[id];
        json!({ "id": id, "importId": import.import_id, "serialNumber": import.serial, "state": import.state })
    }
}

impl Registered {
    fn shown(&self, id: &str, whole: bool) -> Value {
        let mut shown = json!({
            "id": id,
            "serialNumber": self.serial,
            "groupTag": self.tag,
            "userPrincipalName": self.user,
            "displayName": self.name,
            "deploymentProfileAssignmentStatus": "assignedInSync",
            "enrollmentState": if self.started { "enrolled" } else { "notContacted" },
        });
        if whole {
            shown["deploymentProfile"] = json!({ "id": "p", "displayName": "P", "preprovisioningAllowed": true });
        }
        shown
    }
}
