//! What making, assigning and deleting a profile changes.

use serde_json::json;

use super::{Group, Members, PROFILES, Profile, Settings, Target, target_body};
use crate::{
    cloud::{
        Method,
        graph::path::{BETA, request, segment},
        plan::{Act, Plan, Step},
    },
    lane::laptops,
    problem::Problem,
};

/// Laptops that a plan names one by one.
const NAMED: usize = 10;

/// A new profile. It is assigned to nobody yet.
///
/// # Errors
/// There is one of that name.
pub fn create(settings: &Settings, there: &[Profile]) -> Result<Plan, Problem> {
    if there.iter().any(|profile| profile.name.trim().eq_ignore_ascii_case(&settings.name)) {
        return Err(Problem::new(
            "The profile was not made.",
            format!("The tenant has a profile called {} already.", settings.name),
            "Give it another name; the technician tells profiles apart by it.",
        ));
    }
    let act = Act::Send(request(Method::Post, format!("{BETA}{PROFILES}"), Some(settings.body())));
    let step = Step::new(format!("make the deployment profile {}: {}", settings.name, settings.words()), act);
    let mut notes = settings.doubts();
    notes.push("nobody gets it before it is assigned (whiteglove profile assign)".to_owned());
    Ok(Plan { title: "In this tenant one thing is added.".to_owned(), steps: vec![step], notes })
}

/// Gives a profile to a group, or to all devices (`None`).
///
/// # Errors
/// It is assigned so already, or the group cannot have it.
pub fn assign(profile: &Profile, group: Option<&Group>, there: &[Profile]) -> Result<Plan, Problem> {
    let refused = |why: String, next: &str| Problem::new("The profile was not assigned.", why, next);
    let target = group.map_or(Target::AllDevices, |group| Target::Group(group.id.clone()));
    let whom =
        group.map_or_else(|| "all devices of the tenant".to_owned(), |group| format!("the group {}", group.name));
    if profile.targets.as_ref().is_some_and(|targets| targets.contains(&target)) {
        return Err(refused(format!("{} has {} already.", whom, profile.name), "Nothing to do."));
    }
    if group.is_some_and(|group| group.members() == Members::Users) {
        return Err(refused(
            format!("The members of {whom} are users, by its rule."),
            "Profiles are given to devices: choose a group of devices.",
        ));
    }
    let body = target_body(&target).map(|target| json!({ "target": target }));
    let path = format!("{BETA}{PROFILES}/{}/assignments", segment(&profile.id));
    let step = Step::new(
        format!("assign the deployment profile {} ({}) to {whom}", profile.name, profile.scenario()),
        Act::Send(request(Method::Post, path, body)),
    );
    let mut notes = vec![];
    let rivals: Vec<_> = there
        .iter()
        .filter(|other| other.id != profile.id && other.targets.as_ref().is_some_and(|own| own.contains(&target)))
        .map(|other| other.name.as_str())
        .collect();
    if !rivals.is_empty() {
        notes.push(format!("{whom} has {} too: of several profiles a laptop gets the oldest", rivals.join(", ")));
    }
    if group.is_some_and(|group| group.members() == Members::Unknown) {
        notes.push(format!("who is in {whom} is not told by a rule: look that they are the devices that are meant"));
    }
    if group.is_none() {
        notes
            .push("it counts for every Autopilot device of the tenant that no other profile is assigned to".to_owned());
    }
    notes.push("laptops that are set up already keep what they have until they are reset".to_owned());
    Ok(Plan { title: format!("Laptops of {whom} are set up otherwise from then on."), steps: vec![step], notes })
}

/// Takes a profile away. `devices`: serial numbers of the laptops that have it.
///
/// # Errors
/// Somebody would be left with nothing: it is assigned still.
pub fn delete(profile: &Profile, devices: &[String]) -> Result<Plan, Problem> {
    // The service refuses to delete what is assigned, and so should a person think of it first.
    if profile.targets.as_ref().is_none_or(|targets| !targets.is_empty()) {
        return Err(Problem::new(
            "The profile was not deleted.",
            format!("{} is still assigned, or the service does not say whether it is.", profile.name),
            "Take its assignments away in the Intune admin center first, and wait until no laptop has it.",
        ));
    }
    let path = format!("{BETA}{PROFILES}/{}", segment(&profile.id));
    let step = Step::new(
        format!("delete the deployment profile {} ({})", profile.name, profile.scenario()),
        Act::Send(request(Method::Delete, path, None)),
    )
    .losing(format!("its settings; {} that have it get another or none", laptops(devices.len())));
    let mut named: Vec<&str> = devices.iter().take(NAMED).map(String::as_str).collect();
    if devices.len() > NAMED {
        named.push("...");
    }
    let notes = if named.is_empty() { vec![] } else { vec![format!("they are: {}", named.join(", "))] };
    Ok(Plan { title: "In this tenant one thing is deleted.".to_owned(), steps: vec![step], notes })
}
