//! The fake of Microsoft's services under curl: it has to be right before it can say anything about whiteglove.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{
    cloud::{
        contract::Host,
        curl::{CLIENT, Fake, IMPORTED, Said, curl, row},
        directory::Fate,
        entra::Person,
        faults::Fault,
        hash::Machine,
        http::now,
        site,
        world::Pace,
    },
    until,
};

const DEVICES: &str = "/beta/deviceManagement/windowsAutopilotDeviceIdentities";

fn ids(said: &Said) -> Vec<String> {
    said.body["value"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_import_becomes_a_registration_with_a_profile() {
    let fake = Fake::new(Pace { profile: 1_000..1_001, delete: 1_500, ..Pace::QUICK });
    let said = fake.import(&[row("PF000001"), row("PF000002")]);
    assert_eq!((said.status, &said.body["value"][0]["state"]["deviceImportStatus"]), (200, &json!("unknown")));
    let imported = ids(&said);
    let registration = fake.ended(&imported[0])["deviceRegistrationId"].take();
    let path = format!("{DEVICES}/{}", registration.as_str().unwrap());
    let status = fake.get(&path).body["deploymentProfileAssignmentStatus"].take();
    assert!(["unknown", "pending"].contains(&status.as_str().unwrap()), "{status}");
    until("the profile", || {
        let one = fake.get(&format!("{path}?$expand=deploymentProfile,intendedDeploymentProfile")).body;
        let there = one["deploymentProfileAssignmentStatus"] == "assignedUnkownSyncState";
        there.then(|| assert_eq!(one["deploymentProfile"]["displayName"], "Standard"))
    });
    until("it to be in step", || {
        (fake.get(&path).body["deploymentProfileAssignmentStatus"] == "assignedInSync").then_some(())
    });
    let found = fake.get(&format!("{DEVICES}?$filter=contains(serialNumber,'F000001')&$select=serialNumber"));
    assert_eq!(found.body["value"], json!([{"id": registration, "serialNumber": "PF000001"}]));
    assert_eq!(fake.get(&format!("{DEVICES}?$filter=serialNumber%20eq%20'PF000001'")).status, 400);

    // What is left out is blanked; deleting takes a while.
    let update = format!("{path}/updateDeviceProperties");
    assert_eq!(fake.post(&update, &json!({"displayName": "PC-1"})).status, 204);
    let one = fake.get(&path).body;
    assert_eq!((&one["displayName"], &one["groupTag"]), (&json!("PC-1"), &json!("")));
    let user = json!({"userPrincipalName": "ada@example.com", "addressableUserName": "Ada"});
    assert_eq!(fake.post(&format!("{path}/assignUserToDevice"), &user).status, 204);
    assert_eq!(fake.get(&path).body["addressableUserName"], "Ada");
    assert_eq!(fake.ask(Host::Graph, "DELETE", &path, None).1.status, 204);
    assert_eq!(fake.get(&path).status, 200);
    until("it to be gone", || (fake.get(&path).status == 404).then_some(()));
    assert_eq!(fake.ask(Host::Graph, "DELETE", &format!("{IMPORTED}/{}", imported[0]), None).1.status, 204);
    assert_eq!(ids(&fake.get(IMPORTED)), imported[1..]);
    let world = fake.cloud.world();
    assert_eq!(world.directory.not_exactly_once(&fake.tenant, ["PF000001", "PF000002"]), Vec::<String>::new());
    let wrong = world.directory.not_exactly_once(&fake.tenant, ["PF000003"]);
    assert_eq!(wrong, ["PF000003: sent 0, registered 0"]);
}

#[test]
fn a_machine_is_registered_once_in_one_tenant() {
    let fake = Fake::new(Pace::QUICK);
    fake.cloud.world().directory.fates.insert("PF000009".to_owned(), Fate::Refused(0, "StorageError"));
    fake.cloud.world().directory.fates.insert("PF000008".to_owned(), Fate::Stuck);
    let stuck = ids(&fake.import(&[row("PF000008")]));
    let mut nobody = row("PF000003");
    nobody["hardwareIdentifier"] = json!("T0EEAAAA");
    let said = fake.import(&[row("PF000001"), row("PF000001"), nobody, row("PF000009")]);
    let states: Vec<_> = ids(&said).iter().map(|id| fake.ended(id)["deviceErrorName"].take()).collect();
    assert_eq!(states, ["", "ZtdDeviceDuplicated", "InvalidZtdHardwareHash", "StorageError"]);
    let mut again = row("PF000001");
    again["importId"] = json!("r2");
    let id = ids(&fake.import(&[again.clone()])).remove(0);
    assert_eq!(fake.ended(&id)["deviceErrorCode"], 806);
    // Another tenant tries.
    let other = fake.cloud.world().add_tenant("Fabrikam").id.clone();
    for one in &mut fake.cloud.world().directory.registrations {
        one.tenant.clone_from(&other);
    }
    again["importId"] = json!("r3");
    let id = ids(&fake.import(&[again])).remove(0);
    assert_eq!(fake.ended(&id)["deviceErrorName"], "ZtdDeviceAssignedToOtherTenant");
    let wrong = fake.cloud.world().directory.not_exactly_once(&fake.tenant, ["PF000001"]);
    assert_eq!(wrong, ["PF000001: sent 4, registered 1"]);
    assert_eq!(fake.get(&format!("{IMPORTED}/{}", stuck[0])).body["state"]["deviceImportStatus"], "pending");
    let mut bad = row("PF000004");
    bad["hardwareIdentifier"] = json!("SGFzaA");
    let said = fake.import(&[bad]);
    assert_eq!(said.status, 400);
    assert!(said.body["error"]["message"].as_str().unwrap().contains("Edm.Binary"));
    // That it was no Base64 is for the contract to say as well.
    assert_eq!(fake.cloud.violations().len(), 1);
}

#[test]
fn a_hash_is_read_without_our_own_code() {
    let machine = Machine::of_hash(&site::hash("PF000001").to_base64()).unwrap();
    let read = [machine.serial.as_str(), &machine.manufacturer, &machine.model];
    assert_eq!((read, machine.uuid.len(), machine.is_whole()), (["PF000001", "LENOVO", "21CB"], 16, true));
    assert!(machine.is_same(&machine) && !machine.is_same(&Machine { uuid: vec![1], ..machine.clone() }));
    assert_eq!(Machine::of_hash("T0EEAAAA"), Some(Machine::default()));
    assert_eq!(Machine::of_hash("UEsDBA=="), None);
}

#[test]
fn the_floor_is_that_of_the_slowest_laptop() {
    let serials = site::serials(500, "PF");
    let pace = Pace::REALISTIC;
    let floor = pace.floor(serials.iter().map(String::as_str));
    assert!((140_000..155_000).contains(&floor), "{floor}");
    let one = pace.floor(["PF00001"]);
    assert!((80_240..155_240).contains(&one) && one <= floor, "{one}");
}

#[test]
fn the_published_limits_hold() {
    let fake = Fake::new(Pace::QUICK);
    let path = format!("{DEVICES}/none/allowNextEnrollment");
    // A batch of twenty is twenty writes.
    let part = |n: usize| json!({"id": n.to_string(), "method": "POST", "url": &path["/beta".len()..]});
    let batch = json!({"requests": (0..20).map(part).collect::<Vec<_>>()});
    let began = Instant::now();
    for _ in 0..5 {
        let said = fake.post("/beta/$batch", &batch);
        let parts = said.body["responses"].as_array().unwrap();
        assert!(parts.iter().all(|part| part["status"] == 404), "{parts:?}");
        let order: Vec<_> = parts.iter().map(|part| part["id"].as_str().unwrap().parse::<usize>().unwrap()).collect();
        assert!(!order.is_sorted(), "parts come in no order: {order:?}");
    }
    let said = fake.post("/beta/$batch", &batch);
    assert!(said.body["responses"].as_array().unwrap().iter().all(|part| {
        part["status"] == 429 && part["headers"]["Retry-After"].as_str().unwrap().parse::<u32>().unwrap() > 0
    }));
    let said = fake.post(&path, &json!({}));
    let wait: u64 = said.retry_after.parse().unwrap();
    assert_eq!((said.status, (20 - began.elapsed().as_secs()..=20).contains(&wait)), (429, true), "{wait}");
    let world = fake.cloud.world();
    assert_eq!(world.requests(Host::Graph, 0), 7);
    let answers = world.calls(Host::Graph, "POST", "/allowNextEnrollment");
    assert_eq!((answers.len(), answers.iter().filter(|status| **status == 404).count()), (121, 100));
    drop(world);
    // Reading has room of its own.
    assert_eq!(fake.get("/v1.0/organization").status, 200);
}

#[test]
fn one_sync_in_ten_minutes_for_the_whole_tenant() {
    let fake = Fake::new(Pace { sync: 1_500, sync_rule: 3_000, ..Pace::QUICK });
    let settings = "/beta/deviceManagement/windowsAutopilotSettings";
    let sync = || fake.ask(Host::Graph, "POST", &format!("{settings}/sync"), None).1.status;
    assert_eq!((sync(), sync()), (204, 409));
    assert_eq!(fake.get(settings).body["syncStatus"], "inProgress");
    until("the sync to end", || (fake.get(settings).body["syncStatus"] == "completed").then_some(()));
    assert_eq!(sync(), 429);
    until("the rule to end", || (sync() == 204).then_some(()));
}

#[test]
fn every_misbehaviour_looks_as_it_should() {
    let mut fake = Fake::new(Pace::QUICK);
    let ask = |fake: &Fake, fault: Fault| {
        fake.cloud.world().faults.on(Host::Graph, "POST", "/import", 0, 1, fault);
        let rows = json!({"importedWindowsAutopilotDeviceIdentities": [row("PF000001")]});
        let before = fake.cloud.world().directory.imports.len();
        let (code, said) = fake.ask(Host::Graph, "POST", &format!("{IMPORTED}/import"), Some(&rows));
        let after = fake.cloud.world().directory.imports.len();
        ((code, said.status), after - before, said)
    };
    // Nothing was done.
    let (got, done, said) = ask(&fake, Fault::Throttled { retry_after: Some(7) });
    assert_eq!((got, done, said.retry_after.as_str()), ((0, 429), 0, "7"));
    let (got, done, said) = ask(&fake, Fault::Throttled { retry_after: None });
    assert_eq!((got, done, said.retry_after.as_str()), ((0, 429), 0, ""));
    let (got, done, said) = ask(&fake, Fault::Refused { status: 503, nested: true });
    assert_eq!((got, done), ((0, 503), 0));
    assert!(said.body["error"]["message"].as_str().unwrap().contains("Activity ID"));
    let (got, done, said) = ask(&fake, Fault::ProxyPage(200));
    assert_eq!((got, done), ((0, 200), 0));
    assert!(said.body.as_str().unwrap().starts_with("<html>"));
    // Empty reply from the server.
    assert_eq!(ask(&fake, Fault::ClosedBefore).1, 0);
    let (got, done, _) = ask(&fake, Fault::ClosedAfter);
    assert_eq!((got, done), ((52, 0), 1));
    // Done, and half of the answer came.
    let (got, done, said) = ask(&fake, Fault::Half);
    assert_eq!((got, done), ((18, 200), 1));
    assert!(said.body.as_str().unwrap().starts_with('{'));
    let (got, done, said) = ask(&fake, Fault::CutJson);
    assert_eq!((got, done, said.body.is_string()), ((0, 200), 1, true));
    let began = Instant::now();
    let (got, done, said) = ask(&fake, Fault::Slow(500));
    assert_eq!((got, done, began.elapsed().as_millis() >= 500), ((0, 200), 1, true));
    assert_eq!(said.body["value"][0]["state"]["deviceImportStatus"], "unknown");
    let (got, done, said) = ask(&fake, Fault::UnknownWords);
    assert_eq!((got, done), ((0, 200), 1));
    assert_eq!(said.body["value"][0]["state"]["deviceImportStatus"], "unknownNext");
    for (fault, effect) in [(Fault::HoldBefore, 0), (Fault::HoldAfter, 1)] {
        fake.cloud.world().faults.on(Host::Graph, "GET", "/organization", 0, 1, fault);
        let before = fake.cloud.world().calls(Host::Graph, "GET", "/organization").len();
        let url = format!("{}/v1.0/organization", fake.cloud.url(Host::Graph));
        let authorization = format!("Authorization: Bearer {}", fake.token);
        assert_eq!(curl(&["-m", "0.5", "-H", &authorization, &url]).0, 28, "it waits in vain");
        assert_eq!(fake.cloud.world().calls(Host::Graph, "GET", "/organization").len(), before + effect);
    }
    assert_eq!(fake.cloud.world().holding, 2);
    let (got, done, _) = ask(&fake, Fault::Late(300));
    assert_eq!((got.0, done), (52, 0));
    let before = fake.cloud.world().directory.imports.len();
    until("what came late", || (fake.cloud.world().directory.imports.len() == before + 1).then_some(()));
    // After two that go well, once.
    fake.cloud.world().faults.on(Host::Graph, "GET", "/organization", 2, 1, Fault::ProxyPage(407));
    let seen: Vec<_> = (0..4).map(|_| fake.get("/v1.0/organization").status).collect();
    assert_eq!(seen, [200, 200, 407, 200]);
    fake.cloud.offline();
    // Could not connect.
    assert_eq!(fake.ask(Host::Graph, "GET", "/v1.0/organization", None).0, 7);
    fake.cloud.online();
    assert_eq!(fake.get("/v1.0/organization").status, 200);
}

#[test]
fn lists_come_in_pages() {
    let fake = Fake::new(Pace { request: 20..21, import: 0..1, nameless: 0, ..Pace::QUICK });
    fake.cloud.world().page = 7;
    let rows: Vec<_> = (0..20).map(|n| row(&format!("PF0000{n:02}"))).collect();
    assert_eq!(fake.import(&rows).status, 200);
    let mut url = format!("{DEVICES}?$filter=contains(serialNumber,'PF')&$select=serialNumber");
    let mut serials = Vec::new();
    loop {
        let said = fake.get(&url);
        let rows = said.body["value"].as_array().unwrap();
        assert!(rows.len() <= 7);
        serials.extend(rows.iter().map(|row| row["serialNumber"].as_str().unwrap().to_owned()));
        let Some(next) = said.body["@odata.nextLink"].as_str() else { break };
        url = next.strip_prefix(&fake.cloud.url(Host::Graph)).unwrap().to_owned();
    }
    assert_eq!((serials.len(), serials[19].as_str()), (20, "PF000019"));
    let mut world = fake.cloud.world();
    world.page = 100;
    (0..20).for_each(|n| world.technician_phase(&fake.tenant, &format!("PF0000{n:02}"), "success", now()));
    (0..20).for_each(|n| world.technician_phase(&fake.tenant, &format!("PF0000{n:02}"), "failure", now()));
    (0..20).for_each(|n| world.technician_phase(&fake.tenant, &format!("PF0000{n:02}"), "success", now()));
    drop(world);
    let events = fake.get("/beta/deviceManagement/autopilotEvents");
    assert_eq!(events.body["value"].as_array().unwrap().len(), 50);
    assert!(events.body["@odata.nextLink"].is_string());
    let managed = fake.get("/v1.0/deviceManagement/managedDevices?$filter=serialNumber%20eq%20'PF000007'");
    assert_eq!(managed.body["value"].as_array().unwrap().len(), 3);
    let id = fake.get(&format!("{DEVICES}?$filter=contains(serialNumber,'PF000007')")).body["value"][0]["id"].take();
    let path = format!("{DEVICES}/{}", id.as_str().unwrap());
    assert_eq!(fake.get(&path).body["userlessEnrollmentStatus"], "blocked");
    assert_eq!(fake.post(&format!("{path}/allowNextEnrollment"), &json!({})).status, 204);
    assert_eq!(fake.get(&path).body["userlessEnrollmentStatus"], "allowed");
}

#[test]
fn profiles_are_made_assigned_and_taken_away() {
    let fake = Fake::new(Pace { import: 0..1, profile: 0..1, in_sync: 0, ..Pace::QUICK });
    let path = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles";
    let kind = "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile";
    let mut profile = json!({"@odata.type": kind, "displayName": "Kiosk", "preprovisioningAllowed": false});
    let made = fake.post(path, &profile);
    assert_eq!((made.status, fake.post(path, &profile).status), (201, 400), "a name is used once");
    profile["@odata.type"] = json!("#microsoft.graph.windowsAutopilotDeploymentProfile");
    assert_eq!(fake.post(path, &profile).status, 400, "it is abstract");
    let one = format!("{path}/{}", made.body["id"].as_str().unwrap());
    let changed = fake.ask(Host::Graph, "PATCH", &one, Some(&json!({"@odata.type": kind, "description": "hall 3"}))).1;
    assert_eq!((changed.status, &changed.body["displayName"]), (200, &json!("Kiosk")));
    let groups = fake.get("/v1.0/groups?$filter=displayName%20eq%20'Autopilot%20STANDARD'").body;
    let target = json!({"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": groups["value"][0]["id"]});
    assert_eq!(fake.post(&format!("{one}/assignments"), &json!({"target": target})).status, 201);
    assert_eq!(ids(&fake.get(&format!("{one}/assignments"))).len(), 1);
    assert_eq!(fake.ask(Host::Graph, "DELETE", &one, None).1.status, 400, "it is assigned");
    fake.import(&[row("PF000001")]);
    // The first of two wins.
    let standard = fake.get(path).body["value"][0]["id"].as_str().unwrap().to_owned();
    let devices = until("the laptop", || {
        Some(ids(&fake.get(&format!("{path}/{standard}/assignedDevices")))).filter(|ids| !ids.is_empty())
    });
    assert_eq!((devices.len(), ids(&fake.get(&format!("{one}/assignedDevices"))).len()), (1, 0));
    let entra = fake.get("/v1.0/devices").body["value"][0].take();
    assert_eq!(entra["physicalIds"], json!([format!("[ZTDID]:{}", devices[0]), "[OrderID]:STANDARD"]));
    fake.cloud.world().tenant(&fake.tenant).profiles[1].assignments.clear();
    assert_eq!(fake.ask(Host::Graph, "DELETE", &one, None).1.status, 204);
    let pages = fake.get("/beta/deviceManagement/deviceEnrollmentConfigurations");
    assert_eq!(pages.body["value"][0]["installProgressTimeoutInMinutes"], 60);
    let pages = fake.get("/v1.0/deviceManagement/deviceEnrollmentConfigurations");
    assert_eq!(pages.body["value"][0]["installProgressTimeoutInMinutes"], Value::Null);
}

#[test]
fn corporate_identifiers_and_associations() {
    let fake = Fake::new(Pace::QUICK);
    let path = "/beta/deviceManagement/importedDeviceIdentities";
    let list = |identifier: &str, overwrite: bool| {
        let one =
            json!({"importedDeviceIdentifier": identifier, "importedDeviceIdentityType": "manufacturerModelSerial"});
        json!({"importedDeviceIdentities": [one], "overwriteImportedDeviceIdentities": overwrite})
    };
    let import = format!("{path}/importDeviceIdentityList");
    let good =
        |overwrite| fake.post(&import, &list("LENOVO,21CB,PF000001", overwrite)).body["value"][0]["status"].take();
    assert_eq!((good(false), good(false), good(true)), (json!(true), json!(false), json!(true)));
    let bad = fake.post(&import, &list("LENOVO,21CB,PF.1", false));
    assert!(bad.status == 400 && bad.body.to_string().contains("found for 1 import records"), "{}", bad.body);
    let mut search = list("LENOVO,21CB,PF000001", false);
    search.as_object_mut().unwrap().remove("overwriteImportedDeviceIdentities");
    assert_eq!(ids(&fake.post(&format!("{path}/searchExistingIdentities"), &search)), ids(&fake.get(path)));

    let info = json!({"SerialNumber": "PF000001", "SmbiosUuid": "4c4c4544-0000-4000-8000-00000000000c"});
    let link = |info: &Value| {
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, json!({"DeviceInfo": info}).to_string())
    };
    let path = "/beta/deviceManagement/tenantAssociatedDevices";
    let import =
        |info: &Value| fake.post(&format!("{path}/importTenantAssociatedDevice"), &json!({"deviceLink": link(info)}));
    let first = import(&info);
    assert_eq!(
        (first.status, &first.body["associationState"], import(&info).status),
        (200, &json!("preassociated"), 409)
    );
    assert_eq!(import(&json!({})).status, 400);
    let one = format!("{path}/{}", first.body["id"].as_str().unwrap());
    assert_eq!((fake.get(&one).status, ids(&fake.get(path)).len()), (200, 1));
    assert_eq!(fake.ask(Host::Graph, "DELETE", &one, None).1.status, 204);
    assert_eq!(fake.get(&one).status, 404);
}

#[test]
fn partner_center_works_on_batches() {
    let mut fake = Fake::new(Pace::QUICK);
    let customer = fake.tenant.clone();
    let partner = {
        let mut world = fake.cloud.world();
        let partner = world.add_tenant("Partner");
        partner.customers = vec![customer.clone()];
        let scopes = vec!["user_impersonation".to_owned()];
        let (client, secret) = (CLIENT.to_owned(), Some("s3cret".to_owned()));
        partner.apps.push(crate::support::cloud::entra::App {
            client,
            secret,
            scopes,
            person: Person::SignsIn(0),
            ..Default::default()
        });
        partner.id.clone()
    };
    fake.tenant = partner;
    let scope = "https://api.partnercenter.microsoft.com/user_impersonation";
    let code = fake.entra("devicecode", &[("client_id", CLIENT), ("scope", scope)]).body["device_code"].take();
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let form = [("grant_type", grant), ("client_id", CLIENT), ("device_code", code.as_str().unwrap())];
    fake.token = fake.entra("token", &form).body["access_token"].as_str().unwrap().to_owned();

    let path = format!("/v1/customers/{customer}");
    let named = |serial: &str| json!({"serialNumber": serial, "oemManufacturerName": "Example Inc.", "modelName": "Example Book 14"});
    let url = format!("{}{path}/deviceBatches", fake.cloud.url(Host::Partner));
    let create = |request: &str, serials: &[&str]| {
        let devices: Vec<_> = serials.iter().map(|serial| named(serial)).collect();
        let body = json!({"batchId": "SALES", "devices": devices}).to_string();
        let authorization = format!("Authorization: Bearer {}", fake.token);
        let request = format!("MS-RequestId: {request}");
        curl(&["-H", &authorization, "-H", &request, "-H", "Content-Type: application/json", "-d", &body, &url]).1
    };
    fake.cloud
        .world()
        .directory
        .fates
        .insert("PF000002".to_owned(), Fate::Refused(808, "ZtdDeviceAssignedToOtherTenant"));
    let first = create("3f2504e0-4f89-41d3-9a0c-0305e82c3301", &["PF000001", "PF000002"]);
    assert_eq!(first.status, 202);
    assert!(first.location.starts_with(&format!("/customers/{customer}/batchJobStatus/")), "{}", first.location);
    let again = create("3f2504e0-4f89-41d3-9a0c-0305e82c3301", &["PF000001", "PF000002"]);
    assert_eq!((again.status, again.location), (202, first.location.clone()), "the same request is the same job");
    assert_eq!(create("3f2504e0-4f89-41d3-9a0c-0305e82c3302", &["PF000003"]).status, 409, "a name is used once");
    let get = |path: &str| fake.ask(Host::Partner, "GET", path, None).1;
    let job = until("the job", || {
        Some(get(&format!("/v1{}", first.location)).body).filter(|job| job["status"] == "finished")
    });
    let statuses: Vec<_> =
        job["devicesStatus"].as_array().unwrap().iter().map(|row| row["status"].as_str().unwrap()).collect();
    assert_eq!(
        (statuses, &job["devicesStatus"][1]["errorCode"]),
        (vec!["finished", "finished_with_errors"], &json!("808"))
    );
    fake.cloud.world().page = 1;
    let more = fake
        .ask(Host::Partner, "POST", &format!("{path}/deviceBatches/SALES/devices"), Some(&json!([named("PF000004")])))
        .1;
    until("the second job", || (get(&format!("/v1{}", more.location)).body["status"] == "finished").then_some(()));
    let page = get(&format!("{path}/deviceBatches/SALES/devices")).body;
    assert_eq!((page["items"].as_array().unwrap().len(), &page["continuationToken"]), (1, &json!("1")));
    assert_eq!(get(&format!("{path}/deviceBatches")).body["items"][0]["devicesCount"], 3);
    let policy = json!({"name": "quiet", "category": "o_o_b_e", "policySettings": ["skip_eula"]});
    let made = fake.ask(Host::Partner, "POST", &format!("{path}/policies"), Some(&policy)).1.body;
    let assign =
        json!({"devices": [{"id": page["items"][0]["id"], "policies": [{"key": "o_o_b_e", "value": made["id"]}]}]});
    assert_eq!(fake.ask(Host::Partner, "PATCH", &format!("{path}/DevicePolicyUpdates"), Some(&assign)).1.status, 202);
    assert_eq!(get("/v1/customers/00000000-0000-4000-8000-000000000000/deviceBatches").status, 403);
    let device = format!("{path}/deviceBatches/SALES/devices/{}", page["items"][0]["id"].as_str().unwrap());
    assert_eq!(fake.ask(Host::Partner, "DELETE", &device, None).1.status, 204);
    let world = fake.cloud.world();
    assert_eq!(world.directory.not_exactly_once(&customer, ["PF000001", "PF000004"]), Vec::<String>::new());
}
