//! `windowsAutopilotDeploymentProfiles` and whom they are assigned to.

use serde_json::{Value, json};

use super::{
    super::{http::Reply, text::date, world::Profile},
    Call, identities, not_found, refused_by_intune,
};

pub(super) fn answer(call: &mut Call<'_>, rest: &[&str]) -> Reply {
    match (call.asked.method, rest) {
        ("GET", []) => {
            let rows = tenant_profiles(call).iter().map(|profile| profile.value.clone()).collect();
            call.list(rows, call.world.page)
        }
        ("POST", []) => create(call),
        (_, [id, rest @ ..]) => {
            let place = tenant_profiles(call).iter().position(|profile| profile.id == *id);
            place.map_or_else(not_found, |place| one(call, place, rest))
        }
        _ => Reply::status(405),
    }
}

fn tenant_profiles<'a>(call: &'a mut Call<'_>) -> &'a mut Vec<Profile> {
    &mut call.world.tenant(&call.tenant).profiles
}

fn create(call: &mut Call<'_>) -> Reply {
    let mut value = call.body();
    let kinds =
        ["azureAD", "activeDirectory"].map(|kind| format!("#microsoft.graph.{kind}WindowsAutopilotDeploymentProfile"));
    if !kinds.iter().any(|kind| value["@odata.type"] == kind.as_str()) {
        return refused_by_intune(400, "BadRequest", "An abstract type cannot be created");
    }
    let name = value["displayName"].as_str().unwrap_or_default().to_owned();
    if name.is_empty() || tenant_profiles(call).iter().any(|profile| profile.value["displayName"] == name.as_str()) {
        return refused_by_intune(400, "BadRequest", "The name of a profile must be its own");
    }
    let id = call.world.fresh("profile");
    value["id"] = json!(id);
    value["createdDateTime"] = json!(date(call.now));
    value["lastModifiedDateTime"] = json!(date(call.now));
    tenant_profiles(call).push(Profile { id, value: value.clone(), assignments: Vec::new() });
    Call::created(&value)
}

fn one(call: &mut Call<'_>, place: usize, rest: &[&str]) -> Reply {
    match (call.asked.method, rest) {
        ("GET", []) => {
            let value = tenant_profiles(call)[place].value.clone();
            call.one(Some(value))
        }
        ("PATCH", []) => {
            let (changes, now) = (call.body(), call.now);
            let value = &mut tenant_profiles(call)[place].value;
            value.as_object_mut().unwrap().extend(changes.as_object().cloned().unwrap_or_default());
            value["lastModifiedDateTime"] = json!(date(now));
            Reply::json(200, &value.clone())
        }
        ("DELETE", []) if !tenant_profiles(call)[place].assignments.is_empty() => {
            refused_by_intune(400, "BadRequest", "A profile that is assigned cannot be deleted")
        }
        ("DELETE", []) => {
            tenant_profiles(call).remove(place);
            Reply::status(204)
        }
        ("GET", ["assignments"]) => {
            let rows = tenant_profiles(call)[place].assignments.clone();
            call.list(rows, call.world.page)
        }
        ("POST", ["assignments"]) => assign(call, place),
        ("GET", ["assignedDevices"]) => {
            let id = tenant_profiles(call)[place].id.clone();
            let tenant = call.world.tenants.iter().find(|tenant| tenant.id == call.tenant).unwrap();
            let mine = call.world.directory.registrations.iter().filter(|one| one.tenant == call.tenant);
            let has = mine.filter(|one| {
                let profile = tenant.profile_for(&one.group_tag);
                profile.is_some_and(|profile| profile.id == id) && one.profile_at(&call.world.pace) <= call.now
            });
            let rows = has.map(|one| identities::shown(one, call, false)).collect();
            call.list(rows, call.world.page)
        }
        _ => Reply::status(405),
    }
}

fn assign(call: &mut Call<'_>, place: usize) -> Reply {
    let mut value: Value = call.body();
    let group = value["target"]["groupId"].as_str().unwrap_or_default().to_owned();
    let tenant = call.world.tenant(&call.tenant);
    if !group.is_empty() && !tenant.groups.iter().any(|known| known["id"] == group.as_str()) {
        return refused_by_intune(400, "BadRequest", "The group does not exist");
    }
    let profile = &mut tenant.profiles[place];
    value["id"] = json!(format!("{}_{group}_{}", profile.id, profile.assignments.len()));
    value["source"] = json!("direct");
    value["sourceId"] = json!(profile.id);
    profile.assignments.push(value.clone());
    Call::created(&value)
}
