//! Reads of a tenant what the linter judges. What may not be read is noted as that; nothing is changed.

use std::collections::{BTreeMap, BTreeSet};

use whiteglove_core::{
    cloud::{
        Answer, Request,
        fault::Fault,
        graph::{Page, Unreadable},
        profile::{self, Group, Profile, Target},
    },
    registration::lint::{self, Facts, Read, permission},
};

use super::asking::Asking;

/// Of each list. A tenant with more is read as far as that.
const MOST_PAGES: usize = 50;
/// Groups that are looked up one by one.
const MOST_GROUPS: usize = 50;

/// `client`: the app registration by which the bench signs in, if it is known.
pub(crate) async fn read(asking: &Asking, client: Option<&str>) -> Facts {
    let pages = all(asking, lint::pages(), "the enrollment status pages", lint::pages_of).await;
    let profiles = profiles(asking).await;
    let targets = pages.iter().flatten().flat_map(|page| page.targets.iter().flatten());
    let targets = targets.chain(profiles.iter().flatten().flat_map(|profile| profile.targets.iter().flatten()));
    let ids: BTreeSet<String> = targets
        .filter_map(|target| match target {
            Target::Group(id) => Some(id.clone()),
            _ => None,
        })
        .collect();
    let mut groups = BTreeMap::new();
    for id in ids.into_iter().take(MOST_GROUPS) {
        let group = group(asking, &id).await;
        groups.insert(id, Read::of(group, permission::GROUPS));
    }
    let apps = all(asking, lint::apps(), "the assigned apps", lint::apps_of).await;
    let mdm = all(asking, lint::mdm(), "the MDM systems", lint::mdm_of).await;
    let delivery = all(asking, lint::delivery(), "the delivery policies", lint::delivery_of).await;
    let secrets = match client {
        Some(client) => {
            let secrets = all(asking, lint::secrets(client), "the bench's app registration", lint::secrets_of).await;
            Some(Read::of(secrets, permission::SECRETS))
        }
        None => None,
    };
    Facts {
        pages: Read::of(pages, permission::CONFIGURATION),
        profiles: Read::of(profiles, permission::CONFIGURATION),
        groups,
        apps: Read::of(apps, permission::APPS),
        mdm: Read::of(mdm, permission::MDM),
        delivery: Read::of(delivery, permission::DEVICE_CONFIGURATION),
        secrets,
    }
}

pub(super) async fn all<T>(
    asking: &Asking,
    first: Request,
    what: &str,
    read: impl Fn(&Answer) -> Result<Page<T>, Unreadable>,
) -> Result<Vec<T>, Fault> {
    asking.pages(first, what, MOST_PAGES, read, |_| false).await.map(|(items, _)| items)
}

/// With whom each is assigned to.
pub(super) async fn profiles(asking: &Asking) -> Result<Vec<Profile>, Fault> {
    let mut found = all(asking, profile::list(), "the deployment profiles", profile::profiles).await?;
    for one in found.iter_mut().filter(|one| one.targets.is_none()) {
        let what = "whom a deployment profile is assigned to";
        one.targets = Some(all(asking, profile::assignments(one), what, profile::targets).await?);
    }
    Ok(found)
}

async fn group(asking: &Asking, id: &str) -> Result<Group, Fault> {
    let what = "a group of the directory";
    let found = all(asking, profile::group(id), what, profile::groups).await?;
    // It was deleted, and what is assigned to it stayed.
    let gone = || Group { id: id.to_owned(), name: format!("{id} (deleted)"), rule: String::new() };
    Ok(found.into_iter().find(|group| group.id.eq_ignore_ascii_case(id)).unwrap_or_else(gone))
}

#[cfg(test)]
mod tests;
