//! Registrations: the Autopilot devices of a tenant.

use serde_json::json;

use super::{
    json::{Node, Unreadable, real_id},
    page::{Page, one, page},
    path::{BETA, STABLE, literal, request, segment},
};
use crate::{
    cloud::{Answer, Method, Request},
    entry::ZtdId,
    registration::{Amendment, Assigned, ProfileSeen, Registration},
};

const DEVICES: &str = "/deviceManagement/windowsAutopilotDeviceIdentities";

/// With its profile, which is told of a single one only.
pub fn get(id: &ZtdId) -> Request {
    let id = segment(id.as_str());
    request(Method::Get, format!("{BETA}{DEVICES}/{id}?$expand=deploymentProfile,intendedDeploymentProfile"), None)
}

/// Those that have the number somewhere in theirs: `contains` is the only look-up by number that is known to work, so
/// whoever asks compares by [`same_serial`]. It does not find numbers with a blank in them; their first word is found.
pub fn search(serial: &str) -> Request {
    let word = serial.split_whitespace().next().unwrap_or_default();
    request(Method::Get, format!("{BETA}{DEVICES}?$filter=contains(serialNumber,{})", literal(word)), None)
}

/// Services show a number in other capitals than firmware, and firmware pads with blanks.
pub fn same_serial(one: &str, other: &str) -> bool {
    let mut ones = one.split_whitespace();
    let mut others = other.split_whitespace();
    loop {
        match (ones.next(), others.next()) {
            (None, None) => return !one.trim().is_empty(),
            (Some(one), Some(other)) if one.eq_ignore_ascii_case(other) => {}
            _ => return false,
        }
    }
}

/// All of them every time: what is left out was seen to be blanked.
pub fn update(amendment: &Amendment) -> Request {
    let body = json!({
        "userPrincipalName": amendment.user,
        "addressableUserName": amendment.user,
        "groupTag": amendment.group_tag,
        "displayName": amendment.name,
    });
    act(&amendment.registration, "updateDeviceProperties", STABLE, Some(body))
}

/// For tenants in which the update refuses a user.
pub fn assign_user(id: &ZtdId, user: &str) -> Request {
    let body = json!({ "userPrincipalName": user, "addressableUserName": user });
    act(id, "assignUserToDevice", STABLE, Some(body))
}

/// An update with an empty user does not take one away everywhere.
pub fn unassign_user(id: &ZtdId) -> Request {
    act(id, "unassignUserFromDevice", STABLE, None)
}

/// Lets a laptop that was provisioned be provisioned once more.
pub fn unblock(id: &ZtdId) -> Request {
    act(id, "allowNextEnrollment", BETA, None)
}

/// Takes effect after some minutes.
pub fn delete(id: &ZtdId) -> Request {
    request(Method::Delete, format!("{STABLE}{DEVICES}/{}", segment(id.as_str())), None)
}

fn act(id: &ZtdId, action: &str, version: &str, body: Option<serde_json::Value>) -> Request {
    request(Method::Post, format!("{version}{DEVICES}/{}/{action}", segment(id.as_str())), body)
}

fn read(node: &Node<'_>) -> Result<Registration, Unreadable> {
    let id = node.id()?;
    let word = node.text("deploymentProfileAssignmentStatus")?;
    let detail = node.text("deploymentProfileAssignmentDetailedStatus")?;
    let profile = match node.object("deploymentProfile")? {
        Some(profile) => Some(profile),
        None => node.object("intendedDeploymentProfile")?,
    };
    Ok(Registration {
        id: ZtdId::try_from(id).map_err(|_| node.wrong("id", "it is no GUID"))?,
        serial: node.text("serialNumber")?,
        manufacturer: node.text("manufacturer")?,
        model: node.text("model")?,
        product_key: node.text("productKey")?,
        group_tag: node.text("groupTag")?,
        user: node.text("userPrincipalName")?,
        name: node.text("displayName")?,
        purchase_order: node.text("purchaseOrderIdentifier")?,
        assigned: (!word.is_empty()).then_some(Assigned { word, detail }),
        profile: profile.as_ref().map(profile_seen).transpose()?,
        enrollment: node.text("enrollmentState")?,
        userless: node.text("userlessEnrollmentStatus")?,
        remediation: node.text("remediationState")?,
        entra_device: real_id(node.first_text(&["azureAdDeviceId", "azureActiveDirectoryDeviceId"])?),
        managed_device: real_id(node.text("managedDeviceId")?),
    })
}

fn profile_seen(node: &Node<'_>) -> Result<ProfileSeen, Unreadable> {
    let oobe = match node.object("outOfBoxExperienceSetting")? {
        Some(oobe) => Some(oobe),
        // Its name until 2024.
        None => node.object("outOfBoxExperienceSettings")?,
    };
    Ok(ProfileSeen {
        id: node.text("id")?,
        name: node.text("displayName")?,
        pre_provisioning: node.bool("preprovisioningAllowed").or(node.bool("enableWhiteGlove")),
        usage: oobe.map_or_else(|| Ok(String::new()), |oobe| oobe.text("deviceUsageType"))?,
        locale: node.first_text(&["locale", "language"])?,
    })
}

/// # Errors
/// The answer is no registration.
pub fn registration(answer: &Answer) -> Result<Registration, Unreadable> {
    one(answer, read)
}

/// # Errors
/// The answer is no list of registrations.
pub fn registrations(answer: &Answer) -> Result<Page<Registration>, Unreadable> {
    page(answer, read)
}
