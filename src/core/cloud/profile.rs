//! Deployment profiles of classic Autopilot: what setup asks and skips, what a laptop is called, and whether a technician
//! may provision it before its user comes.
//!
//! Sources: Microsoft Graph (beta), `windowsAutopilotDeploymentProfile`; Microsoft's pages on the scenarios of Autopilot.

mod plan;
mod settings;

use serde::{Deserialize, Serialize};
use serde_json::json;

pub use plan::{assign, create, delete};
pub use settings::{Join, Language, Scenario, Settings, UserType};

use super::{
    Answer, Method, Request,
    graph::{
        Page, Unreadable,
        json::Node,
        page::page,
        path::{BETA, STABLE, literal, request, segment},
    },
};

const PROFILES: &str = "/deviceManagement/windowsAutopilotDeploymentProfiles";

/// A profile as the tenant has it. Empty texts: it does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Profile {
    pub id: String,
    pub name: String,
    pub description: String,
    pub hybrid: bool,
    /// `None`: the service did not say.
    pub pre_provisioning: Option<bool>,
    /// `singleUser`, `shared`.
    pub usage: String,
    /// `standard`, `administrator`.
    pub user_type: String,
    /// Empty: its user chooses. `os-default`: as Windows is. Else the one that is set, `de-DE`.
    pub locale: String,
    pub keyboard_skipped: bool,
    pub name_template: String,
    /// `None`: the service did not say.
    pub targets: Option<Vec<Target>>,
}

impl Profile {
    /// Nobody has to sign in; for kiosks and shared laptops.
    pub fn is_self_deploying(&self) -> bool {
        self.usage.eq_ignore_ascii_case("shared")
    }

    pub fn scenario(&self) -> &'static str {
        match (self.is_self_deploying(), self.pre_provisioning) {
            (true, _) => "self-deploying",
            (false, Some(true)) => "user-driven, pre-provisioning allowed",
            (false, Some(false)) => "user-driven",
            (false, None) => "user-driven, pre-provisioning not told",
        }
    }
}

/// Whom something is assigned to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    AllDevices,
    AllUsers,
    /// By the id of the group.
    Group(String),
    Excluded(String),
    /// A kind that is not known.
    Other(String),
}

impl Target {
    pub(crate) fn read(node: &Node<'_>) -> Result<Self, Unreadable> {
        let Some(target) = node.object("target")? else { return Err(node.wrong("target", "it is missing")) };
        let kind = target.text("@odata.type")?;
        Ok(match kind.trim_start_matches("#microsoft.graph.") {
            "allDevicesAssignmentTarget" => Self::AllDevices,
            "allLicensedUsersAssignmentTarget" => Self::AllUsers,
            "groupAssignmentTarget" => Self::Group(target.text("groupId")?),
            "exclusionGroupAssignmentTarget" => Self::Excluded(target.text("groupId")?),
            other => Self::Other(other.to_owned()),
        })
    }

    /// Of what has its assignments with it.
    pub(crate) fn all(node: &Node<'_>) -> Result<Option<Vec<Self>>, Unreadable> {
        match node.raw("assignments") {
            None => Ok(None),
            Some(_) => node.list("assignments")?.iter().map(Self::read).collect::<Result<_, _>>().map(Some),
        }
    }
}

/// All of them, with whom they are assigned to.
pub fn list() -> Request {
    request(Method::Get, format!("{BETA}{PROFILES}?$expand=assignments"), None)
}

/// Whom one is assigned to: some services leave that out of the list.
pub fn assignments(profile: &Profile) -> Request {
    request(Method::Get, format!("{BETA}{PROFILES}/{}/assignments", segment(&profile.id)), None)
}

/// # Errors
/// The answer is no list of assignments.
pub fn targets(answer: &Answer) -> Result<Page<Target>, Unreadable> {
    page(answer, Target::read)
}

/// # Errors
/// The answer is no list of profiles.
pub fn profiles(answer: &Answer) -> Result<Page<Profile>, Unreadable> {
    page(answer, read)
}

fn read(node: &Node<'_>) -> Result<Profile, Unreadable> {
    let oobe = match node.object("outOfBoxExperienceSetting")? {
        Some(oobe) => Some(oobe),
        // Its name until 2024.
        None => node.object("outOfBoxExperienceSettings")?,
    };
    let text = |name: &str| oobe.as_ref().map_or_else(|| Ok(String::new()), |oobe| oobe.text(name));
    let yes = |name: &str| oobe.as_ref().and_then(|oobe| oobe.bool(name)) == Some(true);
    Ok(Profile {
        id: node.id()?,
        name: node.text("displayName")?,
        description: node.text("description")?,
        hybrid: node.text("@odata.type")?.contains("activeDirectory"),
        pre_provisioning: node.bool("preprovisioningAllowed").or(node.bool("enableWhiteGlove")),
        usage: text("deviceUsageType")?,
        user_type: text("userType")?,
        locale: node.first_text(&["locale", "language"])?,
        keyboard_skipped: yes("keyboardSelectionPageSkipped") || yes("skipKeyboardSelectionPage"),
        name_template: node.text("deviceNameTemplate")?,
        targets: Target::all(node)?,
    })
}

/// Laptops that have the profile.
pub fn assigned_devices(profile: &Profile) -> Request {
    request(Method::Get, format!("{BETA}{PROFILES}/{}/assignedDevices", segment(&profile.id)), None)
}

/// # Errors
/// The answer is no list of devices.
pub fn device_serials(answer: &Answer) -> Result<Page<String>, Unreadable> {
    page(answer, |node| node.text("serialNumber"))
}

/// A group of the directory, as far as assigning needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub id: String,
    pub name: String,
    /// Of a dynamic one: `(device.devicePhysicalIds -any (_ -eq "[OrderID]:SALES"))`.
    pub rule: String,
}

/// What a group's rule says that its members are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Members {
    Devices,
    Users,
    /// They were put in by hand, or the rule says nothing of it.
    Unknown,
}

impl Group {
    pub fn members(&self) -> Members {
        let rule = self.rule.to_ascii_lowercase();
        match (rule.contains("device."), rule.contains("user.")) {
            (true, false) => Members::Devices,
            (false, true) => Members::Users,
            _ => Members::Unknown,
        }
    }

    /// Whether its rule takes in Autopilot devices with this group tag. `None`: it has no rule, so nobody can tell.
    pub fn takes_tag(&self, tag: &str) -> Option<bool> {
        if self.rule.is_empty() {
            return None;
        }
        let rule = self.rule.to_ascii_lowercase();
        let tag = format!("[orderid]:{}\"", tag.to_ascii_lowercase());
        Some(rule.contains("[ztdid]") || rule.contains(&tag))
    }
}

const GROUP_FIELDS: &str = "$select=id,displayName,membershipRule,groupTypes";

pub fn groups_called(name: &str) -> Request {
    let filter = format!("displayName%20eq%20{}", literal(name));
    request(Method::Get, format!("{STABLE}/groups?$filter={filter}&{GROUP_FIELDS}"), None)
}

/// One by its id, as a list of one: ids of assignments are all that is known of their groups.
pub fn group(id: &str) -> Request {
    let filter = format!("id%20eq%20{}", literal(id));
    request(Method::Get, format!("{STABLE}/groups?$filter={filter}&{GROUP_FIELDS}"), None)
}

/// # Errors
/// The answer is no list of groups.
pub fn groups(answer: &Answer) -> Result<Page<Group>, Unreadable> {
    page(answer, |node| {
        Ok(Group { id: node.id()?, name: node.text("displayName")?, rule: node.text("membershipRule")? })
    })
}

fn target_body(target: &Target) -> Option<serde_json::Value> {
    let kind = |kind: &str| format!("#microsoft.graph.{kind}");
    Some(match target {
        Target::AllDevices => json!({ "@odata.type": kind("allDevicesAssignmentTarget") }),
        Target::Group(id) => json!({ "@odata.type": kind("groupAssignmentTarget"), "groupId": id }),
        Target::Excluded(id) => json!({ "@odata.type": kind("exclusionGroupAssignmentTarget"), "groupId": id }),
        // Profiles are given to devices.
        Target::AllUsers | Target::Other(_) => return None,
    })
}

#[cfg(test)]
mod tests;
