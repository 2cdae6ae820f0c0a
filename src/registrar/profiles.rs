//! From what a person wishes to a plan: reads of the tenant what it needs for that. Nothing is changed.

use whiteglove_core::{
    clock::Moment,
    cloud::{
        fault::Fault,
        graph::{self, ManagedDevice, same_serial},
        lifecycle,
        plan::Plan,
        profile::{self, Group, Profile},
    },
    problem::Problem,
    registration::Registration,
    tenant::Wish,
};

use super::{
    asking::Asking,
    lint::{self, all},
};

/// # Errors
/// It cannot be read; or what is wished for does not go, and why.
pub(crate) async fn plan(asking: &Asking, wish: &Wish, now: Moment) -> Result<Plan, Problem> {
    match wish {
        Wish::MakeProfile(settings) => profile::create(&settings.as_ref().clone().checked()?, &profiles(asking).await?),
        Wish::AssignProfile { profile, group } => {
            let there = profiles(asking).await?;
            let profile = called(&there, profile)?;
            let group = match group {
                Some(name) => Some(self::group(asking, name).await?),
                None => None,
            };
            profile::assign(profile, group.as_ref(), &there)
        }
        Wish::DeleteProfile { profile } => {
            let there = profiles(asking).await?;
            let profile = called(&there, profile)?;
            let what = "the laptops that have a profile";
            let devices = all(asking, profile::assigned_devices(profile), what, profile::device_serials).await;
            profile::delete(profile, &devices.map_err(problem)?)
        }
        Wish::LiftEdition { policy, edition, key, group } => {
            let group = self::group(asking, group).await?;
            Ok(lifecycle::upgrade(policy, *edition, key, &group))
        }
        Wish::Wipe { serial, keep } => lifecycle::wipe(serial, &managed(asking, serial).await?, *keep, now),
        Wish::Offboard { serial } => {
            let registrations = registrations(asking, serial).await?;
            lifecycle::offboard(serial, &registrations, &managed(asking, serial).await?)
        }
    }
}

/// # Errors
/// They cannot be read.
pub(crate) async fn profiles(asking: &Asking) -> Result<Vec<Profile>, Problem> {
    lint::profiles(asking).await.map_err(problem)
}

fn problem(fault: Fault) -> Problem {
    fault.problem
}

fn called<'a>(there: &'a [Profile], name: &str) -> Result<&'a Profile, Problem> {
    let mut found = there.iter().filter(|profile| profile.name.trim().eq_ignore_ascii_case(name.trim()));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(Problem::new(
            "Nothing was changed.",
            format!("The tenant has several deployment profiles called {name}."),
            "Give one of them another name in the Intune admin center.",
        )),
        (None, _) => {
            let names: Vec<_> = there.iter().map(|profile| profile.name.as_str()).collect();
            Err(Problem::new(
                "Nothing was changed.",
                format!("The tenant has no deployment profile called {name}. Its profiles are: {}.", names.join(", ")),
                "Name one of these.",
            ))
        }
    }
}

async fn group(asking: &Asking, name: &str) -> Result<Group, Problem> {
    let found = all(asking, profile::groups_called(name), "a group of the directory", profile::groups).await;
    let mut found = found.map_err(problem)?;
    found.retain(|group| group.name.eq_ignore_ascii_case(name.trim()));
    match found.as_slice() {
        [only] => Ok(only.clone()),
        none_or_several => Err(Problem::new(
            "Nothing was changed.",
            match none_or_several.len() {
                0 => format!("There is no group called {name} in the directory."),
                several => format!("There are {several} groups called {name} in the directory."),
            },
            "Name the group as the Entra admin center shows it; give it a name of its own if several have one.",
        )),
    }
}

async fn managed(asking: &Asking, serial: &str) -> Result<Vec<ManagedDevice>, Problem> {
    let what = "the managed devices of a number";
    let found = all(asking, graph::managed_devices_with(serial), what, graph::managed_devices).await;
    let mut found = found.map_err(problem)?;
    found.retain(|device| same_serial(&device.serial, serial));
    Ok(found)
}

async fn registrations(asking: &Asking, serial: &str) -> Result<Vec<Registration>, Problem> {
    let found = all(asking, graph::search(serial), "the registrations of a number", graph::registrations).await;
    let mut found = found.map_err(problem)?;
    found.retain(|one| same_serial(&one.serial, serial));
    Ok(found)
}
