//! `windowsAutopilotDeviceIdentities`: registrations, their profile, and what is done to them.

use serde_json::{Value, json};

use super::{
    super::{
        directory::Registration,
        http::Reply,
        text::{NEVER, date, guid},
    },
    Call, not_found, query, refused_by_intune,
};

pub(super) fn answer(call: &mut Call<'_>, rest: &[&str]) -> Reply {
    match (call.asked.method, rest) {
        ("GET", []) => {
            let expand = query::parameter(call.asked.path, "$expand").is_some();
            let rows = mine(call).map(|one| shown(one, call, expand)).collect();
            call.list(rows, call.world.page)
        }
        ("GET", [id]) => {
            let expand = query::parameter(call.asked.path, "$expand").is_some();
            let found = mine(call).find(|one| one.id == *id).map(|one| shown(one, call, expand));
            call.one(found)
        }
        ("DELETE", [id]) => {
            let gone = call.now + call.world.pace.delete;
            change(call, id, |one| one.gone = Some(gone.min(one.gone.unwrap_or(gone))))
        }
        ("POST", [id, action]) => act(call, id, action),
        _ => Reply::status(405),
    }
}

fn mine<'a>(call: &'a Call<'_>) -> impl Iterator<Item = &'a Registration> {
    call.world.directory.registrations.iter().filter(|one| one.tenant == call.tenant)
}

fn change(call: &mut Call<'_>, id: &str, change: impl FnOnce(&mut Registration)) -> Reply {
    let tenant = call.tenant.clone();
    let mut mine = call.world.directory.registrations.iter_mut().filter(|one| one.tenant == tenant);
    match mine.find(|one| one.id == id) {
        Some(one) => {
            change(one);
            Reply::status(204)
        }
        None => not_found(),
    }
}

fn act(call: &mut Call<'_>, id: &str, action: &str) -> Reply {
    let (body, now) = (call.body(), call.now);
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    match action {
        // What is left out is blanked, as people found.
        "updateDeviceProperties" => change(call, id, |one| {
            if one.group_tag != text("groupTag") {
                one.tagged = now;
            }
            one.group_tag = text("groupTag");
            one.user = text("userPrincipalName");
            one.user_called = text("addressableUserName");
            one.display_name = text("displayName");
        }),
        "assignUserToDevice" if !text("userPrincipalName").contains('@') => {
            refused_by_intune(400, "BadRequest", "The user is not valid")
        }
        "assignUserToDevice" => change(call, id, |one| {
            one.user = text("userPrincipalName");
            one.user_called = text("addressableUserName");
        }),
        "unassignUserFromDevice" => change(call, id, |one| {
            one.user = String::new();
            one.user_called = String::new();
        }),
        "allowNextEnrollment" => change(call, id, |one| one.userless = "allowed".to_owned()),
        _ => not_found(),
    }
}

/// The Entra object that stands for a registration from its beginning.
pub(super) fn entra_device(one: &Registration) -> String {
    guid(&format!("entra device {}", one.id))
}

pub(super) fn shown(one: &Registration, call: &Call<'_>, expand: bool) -> Value {
    let nobody = "00000000-0000-0000-0000-000000000000";
    let mut value = json!({
        "id": one.id, "groupTag": one.group_tag, "purchaseOrderIdentifier": one.purchase_order,
        "serialNumber": one.machine.serial, "productKey": one.product_key, "manufacturer": one.machine.manufacturer,
        "model": one.machine.model, "enrollmentState": one.enrollment, "lastContactedDateTime": NEVER,
        "addressableUserName": one.user_called, "userPrincipalName": one.user, "resourceName": "", "skuNumber": "",
        "systemFamily": "", "azureActiveDirectoryDeviceId": entra_device(one), "displayName": one.display_name,
        "managedDeviceId": one.managed_device.as_deref().unwrap_or(nobody),
    });
    if !call.beta {
        return value;
    }
    let world = &call.world;
    let tenant = world.tenants.iter().find(|tenant| tenant.id == one.tenant).unwrap();
    let intended = tenant.profile_for(&one.group_tag);
    let at = one.profile_at(&world.pace);
    let there = call.now >= at;
    let status = match intended {
        None if there => "notAssigned",
        _ if call.now < one.tagged + (at - one.tagged) / 2 => "unknown",
        _ if !there => "pending",
        Some(_) if call.now < at + world.pace.in_sync => "assignedUnkownSyncState",
        Some(_) => "assignedInSync",
        None => "notAssigned",
    };
    let since = if there && intended.is_some() { date(at) } else { NEVER.to_owned() };
    let beta = json!({
        "azureAdDeviceId": entra_device(one), "deploymentProfileAssignmentStatus": status,
        "deploymentProfileAssignmentDetailedStatus": "none", "deploymentProfileAssignedDateTime": since,
        "remediationState": "noRemediationRequired", "remediationStateLastModifiedDateTime": NEVER,
        "userlessEnrollmentStatus": one.userless,
    });
    value.as_object_mut().unwrap().extend(beta.as_object().unwrap().clone());
    if let Some(profile) = intended.filter(|_| expand) {
        value["intendedDeploymentProfile"] = profile.value.clone();
        if there {
            value["deploymentProfile"] = profile.value.clone();
        }
    }
    value
}
