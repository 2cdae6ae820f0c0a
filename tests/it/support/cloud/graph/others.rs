//! What stands around registrations: settings and sync, status pages, managed devices, events, corporate identifiers,
//! device associations; and of the directory: devices, groups, the organization.

use serde_json::{Value, json};

use super::{
    super::{
        http::Reply,
        text::{NEVER, base64, date},
    },
    Call, identities, not_found, refused, refused_by_intune,
};

pub(super) fn device_management(call: &mut Call<'_>, rest: &[&str]) -> Reply {
    let page = call.world.page;
    let tenant_id = call.tenant.clone();
    match (call.asked.method, rest) {
        ("GET", ["windowsAutopilotSettings"]) => settings(call),
        ("POST", ["windowsAutopilotSettings", "sync"]) => sync(call),
        ("GET", ["deviceEnrollmentConfigurations"]) => {
            let mut rows = call.world.tenant(&tenant_id).enrolment.clone();
            if !call.beta {
                // As much of a status page as the metadata of v1.0 has.
                let kept = ["@odata.type", "id", "displayName", "description", "priority", "version"];
                let kept = [&kept[..], &["createdDateTime", "lastModifiedDateTime", "allowNonBlockingAppInstallation"]]
                    .concat();
                rows.iter_mut()
                    .for_each(|row| row.as_object_mut().unwrap().retain(|name, _| kept.contains(&name.as_str())));
            }
            call.list(rows, page)
        }
        ("GET", ["managedDevices"]) => {
            let rows = call.world.tenant(&tenant_id).managed.clone();
            call.list(rows, page)
        }
        ("GET", ["managedDevices", id]) => {
            let rows = &call.world.tenant(&tenant_id).managed;
            let found = rows.iter().find(|row| row["id"] == *id).cloned();
            call.one(found)
        }
        ("DELETE", ["managedDevices", id]) => {
            let reply = remove(&mut call.world.tenant(&tenant_id).managed, id);
            // The block of a second run goes with it.
            for one in
                call.world.directory.registrations.iter_mut().filter(|one| one.managed_device.as_deref() == Some(id))
            {
                one.managed_device = None;
                one.userless = "allowed".to_owned();
                one.enrollment = "notContacted".to_owned();
            }
            reply
        }
        ("POST", ["managedDevices", id, "wipe"]) => {
            let rows = &mut call.world.tenant(&tenant_id).managed;
            match rows.iter_mut().find(|row| row["id"] == *id) {
                Some(row) => {
                    row["managementState"] = json!("wipePending");
                    Reply::status(204)
                }
                None => not_found(),
            }
        }
        ("GET", ["autopilotEvents"]) => {
            let rows = call.world.tenant(&tenant_id).events.clone();
            // Since Intune 2411, whatever is asked for.
            call.list(rows, page.min(50))
        }
        ("GET", ["autopilotEvents", id]) => {
            let found = call.world.tenant(&tenant_id).events.iter().find(|row| row["id"] == *id).cloned();
            call.one(found)
        }
        (_, ["importedDeviceIdentities", rest @ ..]) => corporate(call, rest),
        (_, ["tenantAssociatedDevices", rest @ ..]) => associated(call, rest),
        _ => Reply::status(405),
    }
}

fn remove(rows: &mut Vec<Value>, id: &str) -> Reply {
    match rows.iter().position(|row| row["id"] == id) {
        Some(place) => {
            rows.remove(place);
            Reply::status(204)
        }
        None => not_found(),
    }
}

fn settings(call: &mut Call<'_>) -> Reply {
    let (now, lasts) = (call.now, call.world.pace.sync);
    let tenant = call.world.tenant(&call.tenant);
    let running = tenant.last_sync.is_some_and(|at| now < at + lasts);
    let done = tenant.last_sync.filter(|_| !running).map_or_else(|| NEVER.to_owned(), |at| date(at + lasts));
    let value = json!({
        "id": tenant.id, "lastSyncDateTime": done, "syncStatus": if running { "inProgress" } else { "completed" },
        "lastManualSyncTriggerDateTime": tenant.last_sync.map_or_else(|| NEVER.to_owned(), date),
    });
    call.one(Some(value))
}

/// One for the whole tenant, whoever asked for it.
fn sync(call: &mut Call<'_>) -> Reply {
    let (now, lasts, rule) = (call.now, call.world.pace.sync, call.world.pace.sync_rule);
    let tenant = call.world.tenant(&call.tenant);
    match tenant.last_sync {
        Some(at) if now < at + lasts => refused_by_intune(409, "Conflict", "A sync is already in progress"),
        Some(at) if now < at + rule => refused(429, "TooManyRequests", "A sync was asked for less than 10 minutes ago"),
        _ => {
            tenant.last_sync = Some(now);
            Reply::status(204)
        }
    }
}

fn corporate(call: &mut Call<'_>, rest: &[&str]) -> Reply {
    let (page, now, tenant_id) = (call.world.page, call.now, call.tenant.clone());
    match (call.asked.method, rest) {
        ("GET", []) => {
            let rows = call.world.tenant(&tenant_id).corporate.clone();
            call.list(rows, page)
        }
        ("GET", [id]) => {
            let found = call.world.tenant(&tenant_id).corporate.iter().find(|row| row["id"] == *id).cloned();
            call.one(found)
        }
        ("DELETE", [id]) => remove(&mut call.world.tenant(&tenant_id).corporate, id),
        ("POST", [action]) => {
            let body = call.body();
            let sent = body["importedDeviceIdentities"].as_array().cloned().unwrap_or_default();
            let name = |row: &Value| row["importedDeviceIdentifier"].as_str().unwrap_or_default().to_owned();
            if *action == "searchExistingIdentities" {
                let known = &call.world.tenant(&tenant_id).corporate;
                let rows = known.iter().filter(|row| sent.iter().any(|one| name(one) == name(row))).cloned().collect();
                return call.list(rows, page);
            }
            let is_good =
                |text: &str| text.split([',', ';']).filter(|part| !part.is_empty()).count() == 3 && !text.contains('.');
            let bad = sent.iter().filter(|row| !is_good(&name(row))).count();
            if bad > 0 {
                let text = format!("Invalid Device Identifier parameter found for {bad} import records");
                return refused_by_intune(400, "BadRequest", &text);
            }
            let overwrite = body["overwriteImportedDeviceIdentities"] == true;
            let mut rows = Vec::new();
            for one in sent {
                let row = json!({
                    "id": call.world.fresh("corporate"), "importedDeviceIdentifier": one["importedDeviceIdentifier"],
                    "importedDeviceIdentityType": one["importedDeviceIdentityType"], "createdDateTime": date(now),
                    "lastModifiedDateTime": date(now), "lastContactedDateTime": NEVER, "description": null,
                    "enrollmentState": "notContacted", "platform": "windows",
                });
                let known = &mut call.world.tenant(&tenant_id).corporate;
                let place = known.iter().position(|old| name(old) == name(&row));
                let mut result = row.clone();
                result["status"] = json!(place.is_none() || overwrite);
                match place {
                    Some(place) if overwrite => known[place] = row,
                    Some(_) => (),
                    None => known.push(row),
                }
                rows.push(result);
            }
            Reply::json(200, &json!({"@odata.context": call.context(), "value": rows}))
        }
        _ => Reply::status(405),
    }
}

fn associated(call: &mut Call<'_>, rest: &[&str]) -> Reply {
    let (page, tenant_id) = (call.world.page, call.tenant.clone());
    match (call.asked.method, rest) {
        ("GET", []) => {
            let rows = call.world.tenant(&tenant_id).associated.clone();
            call.list(rows, page)
        }
        ("GET", [id]) => {
            let found = call.world.tenant(&tenant_id).associated.iter().find(|row| row["id"] == *id).cloned();
            call.one(found)
        }
        ("DELETE", [id]) => remove(&mut call.world.tenant(&tenant_id).associated, id),
        ("POST", ["importTenantAssociatedDevice"]) => {
            let body = call.body();
            let link = body["deviceLink"].as_str().and_then(base64).unwrap_or_default();
            let link: Value = serde_json::from_slice(&link).unwrap_or_default();
            let info = &link["DeviceInfo"];
            let (Some(serial), Some(uuid)) = (info["SerialNumber"].as_str(), info["SmbiosUuid"].as_str()) else {
                return refused(400, "BadRequest", "The device link cannot be read.");
            };
            let known = call.world.tenants.iter().flat_map(|tenant| &tenant.associated);
            if known.clone().any(|row| row["serialNumber"] == serial && row["smbiosUuid"] == uuid) {
                return refused_by_intune(409, "Conflict", "The device is associated already");
            }
            let row = json!({
                "id": call.world.fresh("associated"), "serialNumber": serial, "smbiosUuid": uuid,
                "managedDeviceId": null, "associationState": "preassociated",
            });
            call.world.tenant(&tenant_id).associated.push(row.clone());
            Reply::json(200, &row)
        }
        _ => Reply::status(405),
    }
}

pub(super) fn directory(call: &mut Call<'_>, rest: &[&str]) -> Reply {
    let page = call.world.page;
    let tenant_id = call.tenant.clone();
    match (call.asked.method, rest) {
        ("GET", ["organization"]) => {
            let name = call.world.tenant(&tenant_id).name.clone();
            call.list(vec![json!({"id": tenant_id, "displayName": name})], page)
        }
        ("GET", ["groups"]) => {
            let rows = call.world.tenant(&tenant_id).groups.clone();
            call.list(rows, page)
        }
        ("POST", ["groups", id, "members", "$ref"]) => {
            let known = call.world.tenant(&tenant_id).groups.iter().any(|group| group["id"] == *id);
            if known { Reply::status(204) } else { not_found() }
        }
        ("GET", ["devices"]) => {
            let rows = entra_devices(call);
            call.list(rows, page)
        }
        ("GET", ["devices", id]) => {
            let found = entra_devices(call).into_iter().find(|row| row["id"] == *id);
            call.one(found)
        }
        // Autopilot owns it while the registration stands.
        ("DELETE", ["devices", _]) => refused(403, "Authorization_RequestDenied", "Insufficient privileges."),
        _ => Reply::status(405),
    }
}

fn entra_devices(call: &Call<'_>) -> Vec<Value> {
    let mine = call.world.directory.registrations.iter().filter(|one| one.tenant == call.tenant);
    let shown = |one| {
        let device = identities::entra_device(one);
        let mut physical = vec![format!("[ZTDID]:{}", one.id)];
        if !one.group_tag.is_empty() {
            physical.push(format!("[OrderID]:{}", one.group_tag));
        }
        json!({
            "id": super::super::text::guid(&device), "deviceId": device, "displayName": one.machine.serial,
            "accountEnabled": one.managed_device.is_some(), "operatingSystem": "Windows", "trustType": "AzureAd",
            "physicalIds": physical,
        })
    };
    mine.map(shown).collect()
}
