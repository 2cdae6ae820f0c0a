//! `importedWindowsAutopilotDeviceIdentities`: what was sent in, and how far it is.

use serde_json::{Value, json};

use super::{
    super::{
        directory::{Directory, Import},
        hash::Machine,
        http::Reply,
        text::base64,
    },
    Call, not_found, refused, refused_by_intune,
};

pub(super) fn answer(call: &mut Call<'_>, rest: &[&str]) -> Reply {
    match (call.asked.method, rest) {
        ("GET", []) => {
            let rows = mine(call).map(|import| shown(import, call)).collect();
            call.list(rows, call.world.page)
        }
        ("POST", []) => {
            let row = call.body();
            match take(call, &[row]) {
                Ok(rows) => Call::created(&rows[0]),
                Err(reply) => reply,
            }
        }
        ("POST", ["import"]) => {
            let body = call.body();
            let rows = body["importedWindowsAutopilotDeviceIdentities"].as_array().cloned().unwrap_or_default();
            if rows.len() > 500 {
                return refused_by_intune(400, "BadRequest", "Too many devices in one import");
            }
            match take(call, &rows) {
                Ok(rows) => Reply::json(200, &json!({"@odata.context": call.context(), "value": rows})),
                Err(reply) => reply,
            }
        }
        ("GET", [id]) => {
            let found = mine(call).find(|import| import.id == *id).map(|import| shown(import, call));
            call.one(found)
        }
        ("DELETE", [id]) => {
            let tenant = call.tenant.clone();
            let found = call.world.directory.imports.iter_mut();
            match found.filter(|import| import.tenant == tenant && !import.removed).find(|import| import.id == *id) {
                Some(import) => {
                    import.removed = true;
                    Reply::status(204)
                }
                None => not_found(),
            }
        }
        _ => Reply::status(405),
    }
}

fn mine<'a>(call: &'a Call<'_>) -> impl Iterator<Item = &'a Import> {
    // What Partner Center was sent is not on this list.
    let of = |import: &&Import| import.tenant == call.tenant && !import.removed && import.purchase_order.is_empty();
    call.world.directory.imports.iter().filter(of)
}

/// All of them or none, as the body is read before anything is done.
fn take(call: &mut Call<'_>, rows: &[Value]) -> Result<Vec<Value>, Reply> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    for row in rows {
        let hash = text(row, "hardwareIdentifier");
        if !hash.len().is_multiple_of(4) || base64(&hash).is_none() {
            let short: String = hash.chars().take(12).collect();
            let message = format!("Cannot convert the literal '{short}' to the expected type 'Edm.Binary'.");
            return Err(refused(400, "BadRequest", &message));
        }
    }
    let mut shown_rows = Vec::new();
    let own = call.world.fresh("import call");
    for row in rows {
        let mut machine = Machine::of_hash(&text(row, "hardwareIdentifier")).unwrap_or_default();
        if machine.serial.is_empty() {
            machine.serial = text(row, "serialNumber");
        }
        let lasts = Directory::import_lasts(&call.world.pace, &machine.serial);
        let id = call.world.fresh("imported");
        let sent = text(row, "importId");
        let keeps = call.world.keeps_import_ids && !sent.is_empty();
        let import = Import {
            called: if keeps { sent } else { own.clone() },
            id,
            tenant: call.tenant.clone(),
            machine,
            product_key: text(row, "productKey"),
            group_tag: text(row, "groupTag"),
            user: text(row, "assignedUserPrincipalName"),
            purchase_order: String::new(),
            at: call.now,
            due: call.now + lasts,
            outcome: None,
            removed: false,
        };
        shown_rows.push(shown(&import, call));
        call.world.directory.receive(import);
    }
    Ok(shown_rows)
}

fn shown(import: &Import, call: &Call<'_>) -> Value {
    let (status, registration, code, name) = match &import.outcome {
        // The service's own word for the time in its queue is `unknown`.
        None if call.now < import.at + (import.due - import.at) * 2 / 3 => ("unknown", "", 0, ""),
        None => ("pending", "", 0, ""),
        Some(Ok(_)) if call.now < import.due + call.world.pace.nameless => ("complete", "", 0, ""),
        Some(Ok(id)) => ("complete", id.as_str(), 0, ""),
        Some(Err((code, name))) => ("error", "", *code, name.as_str()),
    };
    json!({
        "id": import.id, "groupTag": import.group_tag, "serialNumber": import.machine.serial,
        "productKey": import.product_key, "importId": import.called, "hardwareIdentifier": null,
        "assignedUserPrincipalName": import.user,
        "state": {
            "deviceImportStatus": status, "deviceRegistrationId": registration, "deviceErrorCode": code,
            "deviceErrorName": name,
        },
    })
}
