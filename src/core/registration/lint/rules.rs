//! The rules, each with its remedy.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Finding, Severity,
    facts::{
        App, AppKind, Delivery, Expected, Facts, Mdm, Read, Secret, StatusPage,
        permission::{APPS, CONFIGURATION, DEVICE_CONFIGURATION, MDM, SECRETS},
    },
};
use crate::{
    clock::Moment,
    cloud::profile::{Group, Members, Profile, Target},
};

/// Somebody has to make a new one, and put it on the bench.
const AHEAD: Duration = Duration::from_secs(30 * 24 * 3600);
/// Microsoft's own default; large apps need more.
const SHORTEST_TIMEOUT: i64 = 60;

/// Worst first; in the order in which a laptop meets them otherwise.
pub fn lint(facts: &Facts, expected: &Expected, now: Moment) -> Vec<Finding> {
    let mut found = Found::default();
    mdm(&mut found, &facts.mdm);
    profiles(&mut found, facts, expected);
    pages(&mut found, facts, expected);
    apps(&mut found, facts);
    delivery(&mut found, &facts.delivery);
    if let Some(read) = &facts.secrets {
        secrets(&mut found, read, now);
    }
    found.0.sort_by_key(|finding| finding.severity);
    found.0
}

#[derive(Default)]
struct Found(Vec<Finding>);

impl Found {
    fn add(&mut self, severity: Severity, source: impl Into<String>, what: impl Into<String>, why: &str, next: &str) {
        let (what, source) = (what.into(), source.into());
        self.0.push(Finding { severity, what, why: why.to_owned(), next: next.to_owned(), source });
    }

    /// What was read; what was not is a finding.
    fn known<'a, T>(&mut self, read: &'a Read<T>, source: &str, permission: &str, unseen: &str) -> Option<&'a T> {
        match read {
            Read::Known(known) => Some(known),
            Read::Denied { permission } => {
                self.add(
                    Severity::Unread,
                    source,
                    format!("not readable: permission {permission} is missing"),
                    &format!("The sign-in of the bench may not read it. Unseen stays {unseen}."),
                    &format!("Let the customer grant {permission}, or look in the admin center yourself."),
                );
                None
            }
            Read::Failed(why) => {
                self.add(
                    Severity::Unread,
                    source,
                    "not readable: the service gave no usable answer",
                    &format!("{why} Unseen stays {unseen}."),
                    &format!("Try again; reading it needs {permission}."),
                );
                None
            }
        }
    }
}

fn mdm(found: &mut Found, read: &Read<Vec<Mdm>>) {
    let source = "MDM configuration of Entra";
    let unseen = "whether several MDM systems claim the laptops (0xC1036501), and whether enrolment is automatic";
    let Some(all) = found.known(read, source, MDM, unseen) else { return };
    let active: Vec<&str> = all
        .iter()
        .filter(|mdm| !mdm.applies_to.is_empty() && mdm.applies_to != "none")
        .map(|mdm| mdm.name.as_str())
        .collect();
    match active.as_slice() {
        [] => found.add(
            Severity::Error,
            source,
            "automatic enrolment is off",
            "No MDM system has a user scope, so a laptop joins Entra and is never managed.",
            "In the Entra admin center set the MDM user scope of Microsoft Intune to All, or to the group of the users.",
        ),
        [_] => {}
        several => found.add(
            Severity::Error,
            source,
            format!("several MDM systems claim devices: {}", listed(several)),
            "The technician phase stops with 0xC1036501 before it has begun.",
            "Leave the user scope of one of them and set the others' to None (Entra admin center, Mobility).",
        ),
    }
}

fn profiles(found: &mut Found, facts: &Facts, expected: &Expected) {
    let source = "deployment profiles";
    let Some(all) = found.known(&facts.profiles, source, CONFIGURATION, "whether laptops get a profile at all") else {
        return;
    };
    let wanted: Vec<&Profile> = match &expected.profile {
        Some(name) => all.iter().filter(|profile| profile.name.trim().eq_ignore_ascii_case(name.trim())).collect(),
        None => {
            all.iter().filter(|profile| profile.targets.as_ref().is_none_or(|targets| !targets.is_empty())).collect()
        }
    };
    match (&expected.profile, wanted.is_empty()) {
        (Some(name), true) => found.add(
            Severity::Error,
            source,
            format!("there is no deployment profile {name}"),
            "The batch relies on it: its laptops would never be cleared.",
            "Have it made (whiteglove profile create), or correct the batch.",
        ),
        (None, true) => found.add(
            Severity::Error,
            source,
            "no deployment profile is assigned to anybody",
            "A registered laptop without a profile is set up like a private one.",
            "Assign one to the group of the laptops (whiteglove profile assign).",
        ),
        _ => wanted.into_iter().for_each(|profile| one_profile(found, profile, facts, expected)),
    }
}

fn one_profile(found: &mut Found, profile: &Profile, facts: &Facts, expected: &Expected) {
    let source = format!("deployment profile {}", profile.name);
    match &profile.targets {
        None => found.add(
            Severity::Unread,
            &source,
            "whom it is assigned to is not told",
            "The service left it out of its answer.",
            "Look in the Intune admin center.",
        ),
        Some(targets) if targets.is_empty() => found.add(
            Severity::Error,
            &source,
            "it is assigned to nobody",
            "No laptop gets it.",
            "Assign it to the group of the laptops (whiteglove profile assign).",
        ),
        Some(targets) => profile_groups(found, &source, targets, facts, expected),
    }
    if !expected.pre_provisioning {
        return;
    }
    match profile.pre_provisioning {
        Some(true) => {}
        Some(false) => found.add(
            Severity::Error,
            &source,
            "pre-provisioning is not allowed in it",
            "Windows ×5 does not offer the technician phase.",
            "Set \"Allow pre-provisioned deployment\" to Yes in the profile, then wait until it has reached the laptops.",
        ),
        None => found.add(
            Severity::Unread,
            &source,
            "whether it allows pre-provisioning is not told",
            "The service left it out of its answer.",
            "Look in the Intune admin center.",
        ),
    }
    if profile.is_self_deploying() {
        found.add(
            Severity::Error,
            &source,
            "it is for self-deployment",
            "Pre-provisioning exists for user-driven profiles only.",
            "Choose a user-driven profile for this batch, or prepare it without the technician phase.",
        );
    }
    let keyboard = if profile.keyboard_skipped { " and leaves the keyboard page out" } else { "" };
    let locale = profile.locale.trim();
    let next = "Set the language to \"User select\" in the profile. Until then: no network cable before Windows ×5 is pressed.";
    match locale {
        "" => {}
        text if text.to_ascii_lowercase().contains("user") => {}
        "os-default" => found.add(
            Severity::Warning,
            &source,
            format!("it takes the language of Windows{keyboard}"),
            "On a wired network setup may go past the page on which Windows ×5 is pressed.",
            next,
        ),
        preset => found.add(
            Severity::Error,
            &source,
            format!("it sets the language to {preset}{keyboard}"),
            "On a wired network setup goes past the pages on which Windows ×5 can be pressed: the laptop ends at its user's \
             sign-in.",
            next,
        ),
    }
}

/// Whether those with the batch's tag are in one of the profile's groups.
fn profile_groups(found: &mut Found, source: &str, targets: &[Target], facts: &Facts, expected: &Expected) {
    let Some(tag) = expected.group_tag.as_deref().filter(|tag| !tag.is_empty()) else { return };
    if targets.contains(&Target::AllDevices) {
        return;
    }
    let ids = targets.iter().filter_map(|target| match target {
        Target::Group(id) => Some(id.as_str()),
        _ => None,
    });
    let mut unknown = vec![];
    for id in ids {
        match facts.groups.get(id) {
            Some(Read::Known(group)) => match group.takes_tag(tag) {
                Some(true) => return,
                Some(false) => {}
                None => unknown.push(group.name.clone()),
            },
            _ => unknown.push(id.to_owned()),
        }
    }
    match unknown.is_empty() {
        true => found.add(
            Severity::Error,
            source,
            format!("none of its groups takes laptops with the group tag {tag}"),
            "By their rules they look for other tags.",
            "Correct the tag of the batch or the rule of the group: (device.devicePhysicalIds -any (_ -eq \"[OrderID]:TAG\")).",
        ),
        false => found.add(
            Severity::Note,
            source,
            format!("whether laptops with the group tag {tag} get it cannot be told"),
            &format!("The members of {} are put in by hand, or cannot be read.", listed(&unknown)),
            "Ask the customer who puts laptops into that group, and when: a laptop waits for its profile until then.",
        ),
    }
}

/// Who a page is for, as far as can be told.
enum Reach {
    Devices,
    Users,
    Unknown(Vec<String>),
    Nobody,
}

fn reach(page: &StatusPage, groups: &BTreeMap<String, Read<Group>>) -> Reach {
    if page.is_default {
        // It is everybody's, and cannot be assigned otherwise.
        return Reach::Devices;
    }
    let Some(targets) = &page.targets else { return Reach::Unknown(vec!["its assignments".to_owned()]) };
    let (mut users, mut unknown) = (false, vec![]);
    for target in targets {
        match target {
            Target::AllDevices => return Reach::Devices,
            Target::AllUsers => users = true,
            Target::Excluded(_) => {}
            Target::Other(kind) => unknown.push(kind.clone()),
            Target::Group(id) => match groups.get(id) {
                Some(Read::Known(group)) => match group.members() {
                    Members::Devices => return Reach::Devices,
                    Members::Users => users = true,
                    Members::Unknown => unknown.push(group.name.clone()),
                },
                _ => unknown.push(id.clone()),
            },
        }
    }
    match (users, unknown.is_empty()) {
        (_, false) => Reach::Unknown(unknown),
        (true, true) => Reach::Users,
        (false, true) => Reach::Nobody,
    }
}

fn pages(found: &mut Found, facts: &Facts, expected: &Expected) {
    let source = "enrollment status pages";
    let unseen = "whether the technician phase waits for apps";
    let Some(all) = found.known(&facts.pages, source, CONFIGURATION, unseen) else { return };
    let shown: Vec<&StatusPage> = all.iter().filter(|page| page.shown).collect();
    let (mut for_devices, mut for_users, mut unknown) = (vec![], vec![], vec![]);
    for page in &shown {
        match reach(page, &facts.groups) {
            Reach::Devices => for_devices.push(*page),
            Reach::Users => for_users.push(page.name.as_str()),
            Reach::Unknown(whom) => unknown.push((page.name.as_str(), whom)),
            Reach::Nobody => {}
        }
    }
    if for_devices.is_empty() && expected.pre_provisioning {
        let why = "In the technician phase only a page counts that is assigned to devices. Without it nothing waits for the apps, \
                   and Reseal may be offered before they are there.";
        let next = "Assign a status page to the group of the laptops (devices, not their users).";
        match (unknown.as_slice(), for_users.is_empty()) {
            ([], true) => found.add(Severity::Error, source, "no enrollment status page is shown", why, next),
            ([], false) => {
                let what = format!("{} is assigned to users only", listed(&for_users));
                found.add(Severity::Error, source, what, why, next);
            }
            (unsure, _) => unsure.iter().for_each(|(name, whom)| {
                let what = format!("whether {name} is assigned to devices cannot be told ({})", listed(whom));
                found.add(Severity::Warning, source, what, why, next);
            }),
        }
    }
    for page in for_devices {
        one_page(found, page, expected);
    }
}

fn one_page(found: &mut Found, page: &StatusPage, expected: &Expected) {
    let source = format!("enrollment status page {}", page.name);
    if page.quality_updates && expected.pre_provisioning {
        found.add(
            Severity::Warning,
            &source,
            "it installs quality updates",
            "It does so when its user sets the laptop up, never in the technician phase: laptops are shipped without them, and \
             their users wait.",
            "Promise no patched laptops. Start from an image with the newest updates, or tell the customer to set it to No.",
        );
    }
    if (1..SHORTEST_TIMEOUT).contains(&page.timeout_minutes) {
        found.add(
            Severity::Warning,
            &source,
            format!("it gives up after {} minutes", page.timeout_minutes),
            "Large apps on a line that many laptops share take longer, and then the phase ends red (0x800705B4).",
            "Set 60 minutes or more.",
        );
    }
    if page.reset_on_failure == Some(false) && expected.pre_provisioning {
        found.add(
            Severity::Note,
            &source,
            "it offers no reset when something failed",
            "A technician can only try again, or install Windows anew.",
            "Let it allow a reset, if the customer agrees.",
        );
    }
}

fn apps(found: &mut Found, facts: &Facts) {
    let source = "assigned apps";
    let unseen = "whether Win32 apps and line-of-business apps are mixed";
    let Some(all) = found.known(&facts.apps, source, APPS, unseen) else { return };
    let named = |among: &dyn Fn(&App) -> bool, kind: AppKind| -> Vec<String> {
        all.iter().filter(|app| app.kind == kind && among(app)).map(|app| app.name.clone()).collect()
    };
    let why = "Both are installed by different services that stop each other (TrustedInstaller): the phase fails now and then, on some \
               laptops, with app errors.";
    let next = "Wrap the line-of-business apps as Win32 apps (.intunewin), or take them off the laptops' groups until they are shipped.";
    let pages = match &facts.pages {
        Read::Known(pages) => pages.as_slice(),
        _ => &[],
    };
    let mut certain = false;
    for page in pages.iter().filter(|page| page.shown && !page.waits_for.is_empty()) {
        let among = |app: &App| page.waits_for.contains(&app.id);
        let (win32, lob) = (named(&among, AppKind::Win32), named(&among, AppKind::Lob));
        if !win32.is_empty() && !lob.is_empty() {
            certain = true;
            let what = format!("it waits for Win32 apps ({}) and line-of-business apps ({})", some(&win32), some(&lob));
            found.add(Severity::Error, format!("enrollment status page {}", page.name), what, why, next);
        }
    }
    let (win32, lob) = (named(&|_| true, AppKind::Win32), named(&|_| true, AppKind::Lob));
    if !certain && !win32.is_empty() && !lob.is_empty() {
        let what =
            format!("Win32 apps ({}) and line-of-business apps ({}) are both assigned", some(&win32), some(&lob));
        found.add(Severity::Warning, source, what, why, next);
    }
}

fn listed(names: &[impl AsRef<str>]) -> String {
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" and ")
}

fn some(names: &[String]) -> String {
    match names.len() {
        0..=3 => names.join(", "),
        more => format!("{} and {} more", names[..2].join(", "), more - 2),
    }
}

fn delivery(found: &mut Found, read: &Read<Vec<Delivery>>) {
    let source = "Delivery Optimization";
    let unseen = "whether laptops on the bench share what they download";
    let Some(all) = found.known(read, source, DEVICE_CONFIGURATION, unseen) else { return };
    let shares = |policy: &Delivery| {
        let mode = policy.mode.to_ascii_lowercase();
        mode.contains("peering") && !mode.contains("bypass")
    };
    let next = "Let the customer set the download mode to LAN or group for these laptops, or put a connected cache on the bench.";
    match all.iter().find(|policy| shares(policy)) {
        Some(_) => {}
        None if all.is_empty() => found.add(
            Severity::Note,
            source,
            "there is no policy for it among the templates",
            "Windows' own default shares on one network. Policies of the settings catalog are not looked at.",
            next,
        ),
        None => {
            let names: Vec<_> = all.iter().map(|policy| format!("{} ({})", policy.name, policy.mode)).collect();
            found.add(
                Severity::Warning,
                source,
                format!("laptops do not share what they download: {}", some(&names)),
                "Each laptop on the bench fetches every app over the line by itself.",
                next,
            );
        }
    }
}

fn secrets(found: &mut Found, read: &Read<Vec<Secret>>, now: Moment) {
    let source = "app registration of the bench";
    let Some(all) = found.known(read, source, SECRETS, "when its secrets end") else { return };
    if all.is_empty() {
        found.add(
            Severity::Note,
            source,
            "it lists no secret and no certificate",
            "It is registered in another tenant, or signs in by a person.",
            "Nothing, if the bench signs in.",
        );
    }
    for secret in all {
        let Some(ends) = secret.ends else { continue };
        let name = if secret.name.is_empty() { "without a name" } else { secret.name.as_str() };
        let next = "Let the customer make a new one now, and put it on the bench before the old one ends.";
        if ends <= now {
            let what = format!("the {} {name} ended on {}", secret.kind, ends.utc());
            found.add(Severity::Warning, source, what, "Nobody can sign in with it.", next);
        } else if ends.since(now) < AHEAD {
            let days = ends.since(now).as_secs() / 86_400;
            let what = format!("the {} {name} ends in {days} days, on {}", secret.kind, ends.utc());
            found.add(Severity::Warning, source, what, "From then on nothing is registered with it.", next);
        }
    }
}
