//! After the first life of a laptop: reset it from afar, take it out of the tenant, lift its edition. Each is a plan.
//!
//! Order of taking out: Microsoft's page on deregistering. The Entra object goes by itself when the registration has gone;
//! deleting it by hand before makes the next join fail (0x801C03F3), so nothing here does.

mod edition;

pub use edition::{Edition, EditionKey, NotAnEditionKey, upgrade};

use serde_json::json;

use super::{
    Method,
    graph::{
        self, ManagedDevice,
        path::{BETA, STABLE, request, segment},
    },
    plan::{Act, Plan, Step},
};
use crate::{clock::Moment, problem::Problem, registration::Registration};

/// What of a laptop survives a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    Nothing,
    /// The user's files; for a laptop that stays with its user.
    UserData,
}

fn seen(device: &ManagedDevice) -> String {
    let name = if device.name.is_empty() { "without a name" } else { device.name.as_str() };
    let user = if device.user.is_empty() { "no user".to_owned() } else { format!("user {}", device.user) };
    let sync = device.last_sync.map_or_else(|| "never heard of".to_owned(), |at| format!("last heard of {}", at.utc()));
    format!("{name} ({}, {user}, {sync})", device.serial)
}

/// Resets a laptop from afar. Its registration stays, so it is set up by Autopilot again.
///
/// # Errors
/// Intune manages none, or several of that number.
pub fn wipe(serial: &str, managed: &[ManagedDevice], keep: Keep, now: Moment) -> Result<Plan, Problem> {
    let refused = |why: String, next: &str| Problem::new(format!("{serial} was not reset."), why, next);
    let device = match managed {
        [only] => only,
        [] => {
            return Err(refused(
                "Intune manages no device with this number.".to_owned(),
                "Reset it at the laptop itself: Settings, Recovery; or install Windows anew.",
            ));
        }
        several => {
            return Err(refused(
                format!("Intune manages {} devices with this number.", several.len()),
                "Choose the right one in the Intune admin center; old ones of the same laptop can be deleted there.",
            ));
        }
    };
    let body = json!({ "keepEnrollmentData": false, "keepUserData": keep == Keep::UserData });
    let path = format!("{STABLE}/deviceManagement/managedDevices/{}/wipe", segment(&device.id));
    let loses = match keep {
        Keep::Nothing => "everything on its disk, and its enrolment",
        Keep::UserData => "its apps, settings and enrolment; files of its user stay",
    };
    let step =
        Step::new(format!("reset {}", seen(device)), Act::Send(request(Method::Post, path, Some(body)))).losing(loses);
    let mut notes =
        vec!["it happens when the laptop next speaks with Intune, and cannot be called back then".to_owned()];
    let silent = device.last_sync.map(|at| now.since(at).as_secs() / 86_400).filter(|days| *days >= 30);
    notes.extend(
        silent.map(|days| format!("it has not been heard of for {days} days: look whether it is the right one")),
    );
    notes.push(
        "a technician can provision it once more only after it was unblocked, or after its Intune device was deleted"
            .to_owned(),
    );
    Ok(Plan { title: format!("The laptop {serial} is reset from afar."), steps: vec![step], notes })
}

/// Takes a laptop out of the tenant, in the order in which it goes: so that it can be given away, or registered anew
/// after a repair.
///
/// # Errors
/// The tenant has nothing of it, or several registrations.
pub fn offboard(serial: &str, registrations: &[Registration], managed: &[ManagedDevice]) -> Result<Plan, Problem> {
    let refused = |why: String, next: &str| Problem::new(format!("{serial} was not taken out."), why, next);
    if registrations.len() > 1 {
        return Err(refused(
            format!("There are {} registrations under this number.", registrations.len()),
            "Compare their models in the Intune admin center and delete the right one there.",
        ));
    }
    if registrations.is_empty() && managed.is_empty() {
        return Err(refused(
            "The tenant has neither a registration nor a managed device with this number.".to_owned(),
            "Nothing to do here. If setup still shows a company, it is another tenant's (808).",
        ));
    }
    let mut steps = vec![];
    for device in managed {
        let path = format!("{STABLE}/deviceManagement/managedDevices/{}", segment(&device.id));
        let act = Act::Remove(request(Method::Delete, path, None));
        let loses = "its record in Intune and its management; what is on its disk stays";
        steps.push(Step::new(format!("delete the managed device {}", seen(device)), act).losing(loses));
    }
    for own in registrations {
        if !own.user.is_empty() {
            steps
                .push(Step::new(format!("take its user {} off", own.user), Act::Remove(graph::unassign_user(&own.id))));
        }
        let tag = if own.group_tag.is_empty() { "none" } else { own.group_tag.as_str() };
        let what = format!(
            "delete its registration {} (group tag {tag}, {} {})",
            own.id.as_str(),
            own.manufacturer,
            own.model
        );
        let step = Step::new(what, Act::Remove(graph::delete(&own.id)));
        steps.push(step.losing("its registration: whoever registers it next owns it"));
        let path = format!("{BETA}/deviceManagement/windowsAutopilotDeviceIdentities/{}", segment(own.id.as_str()));
        let gone = Act::UntilGone(request(Method::Get, path, None));
        steps.push(Step::new("wait until it has gone; that takes some minutes", gone));
    }
    let notes = vec![
        "its Entra device goes by itself afterwards: do not delete it by hand".to_owned(),
        "if a maker or partner registered it, they have to take it out too".to_owned(),
        "to register it anew capture it again first: after a repair its hash is another one".to_owned(),
    ];
    Ok(Plan { title: format!("The laptop {serial} is taken out of this tenant."), steps, notes })
}

#[cfg(test)]
mod tests;
