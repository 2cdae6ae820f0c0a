//! What is read of a tenant for the linter: what to ask, and what the answers say.

use std::collections::BTreeMap;

use crate::{
    clock::Moment,
    cloud::{
        Answer, Method, Request,
        fault::{Fault, Kind},
        graph::{
            Page, Unreadable,
            json::Node,
            page::page,
            path::{BETA, STABLE, literal, request},
            time::moment,
        },
        profile::{Group, Profile, Target},
    },
};

/// Something that was to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read<T> {
    Known(T),
    /// 403: with this permission it could be.
    Denied {
        permission: &'static str,
    },
    /// No answer, or one that cannot be read: why, in a sentence.
    Failed(String),
}

impl<T> Read<T> {
    pub fn of(read: Result<T, Fault>, permission: &'static str) -> Self {
        match read {
            Ok(known) => Self::Known(known),
            Err(fault) if fault.kind == Kind::Forbidden => Self::Denied { permission },
            Err(fault) => Self::Failed(format!("{} {}", fault.problem.what, fault.problem.why)),
        }
    }
}

/// The least permissions with which each is read.
pub mod permission {
    pub const CONFIGURATION: &str = "DeviceManagementServiceConfig.Read.All";
    pub const GROUPS: &str = "Group.Read.All";
    pub const APPS: &str = "DeviceManagementApps.Read.All";
    pub const MDM: &str = "Policy.Read.All";
    pub const DEVICE_CONFIGURATION: &str = "DeviceManagementConfiguration.Read.All";
    pub const SECRETS: &str = "Application.Read.All";
}

/// What a batch relies on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// Name of the deployment profile.
    pub profile: Option<String>,
    pub group_tag: Option<String>,
    /// Its laptops go through a technician phase.
    pub pre_provisioning: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub pages: Read<Vec<StatusPage>>,
    pub profiles: Read<Vec<Profile>>,
    /// By id; those that pages and profiles are assigned to.
    pub groups: BTreeMap<String, Read<Group>>,
    pub apps: Read<Vec<App>>,
    pub mdm: Read<Vec<Mdm>>,
    pub delivery: Read<Vec<Delivery>>,
    /// Of the bench's own app registration. `None`: it signs in by other means.
    pub secrets: Option<Read<Vec<Secret>>>,
}

/// An enrollment status page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPage {
    pub name: String,
    /// The one that counts where no other does.
    pub is_default: bool,
    pub shown: bool,
    pub timeout_minutes: i64,
    pub quality_updates: bool,
    pub only_blocking_fail: bool,
    pub reset_on_failure: Option<bool>,
    /// Ids of the apps that it waits for; empty: all.
    pub waits_for: Vec<String>,
    /// `None`: the service did not say.
    pub targets: Option<Vec<Target>>,
}

pub fn pages() -> Request {
    request(Method::Get, format!("{BETA}/deviceManagement/deviceEnrollmentConfigurations?$expand=assignments"), None)
}

/// Of all that configures enrolment only the status pages.
///
/// # Errors
/// The answer is no list.
pub fn pages_of(answer: &Answer) -> Result<Page<StatusPage>, Unreadable> {
    let all = page(answer, |node| {
        if !node.text("@odata.type")?.ends_with("windows10EnrollmentCompletionPageConfiguration") {
            return Ok(None);
        }
        Ok(Some(StatusPage {
            name: node.text("displayName")?,
            is_default: node.id()?.to_ascii_lowercase().contains("default"),
            shown: node.bool("showInstallationProgress") == Some(true),
            timeout_minutes: node.number("installProgressTimeoutInMinutes"),
            quality_updates: node.bool("installQualityUpdates") == Some(true),
            only_blocking_fail: node.bool("allowNonBlockingAppInstallation") == Some(true),
            reset_on_failure: node.bool("allowDeviceResetOnInstallFailure"),
            waits_for: texts(node, "selectedMobileAppIds"),
            targets: Target::all(node)?,
        }))
    })?;
    Ok(Page { items: all.items.into_iter().flatten().collect(), next: all.next })
}

fn texts(node: &Node<'_>, name: &str) -> Vec<String> {
    let values = node.raw(name).and_then(|value| value.as_array()).map_or(&[][..], Vec::as_slice);
    values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// An app that is assigned to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    pub id: String,
    pub name: String,
    pub kind: AppKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppKind {
    /// Installed by the Intune management extension.
    Win32,
    /// A line-of-business MSI or package, installed by Windows' own MDM client.
    Lob,
    Other,
}

pub fn apps() -> Request {
    let query = "$filter=isAssigned%20eq%20true&$select=id,displayName";
    request(Method::Get, format!("{BETA}/deviceAppManagement/mobileApps?{query}"), None)
}

/// # Errors
/// The answer is no list.
pub fn apps_of(answer: &Answer) -> Result<Page<App>, Unreadable> {
    page(answer, |node| {
        let kind = match node.text("@odata.type")?.trim_start_matches("#microsoft.graph.") {
            "win32LobApp" | "win32CatalogApp" => AppKind::Win32,
            "windowsMobileMSI" | "windowsUniversalAppX" | "windowsAppX" => AppKind::Lob,
            _ => AppKind::Other,
        };
        Ok(App { id: node.id()?, name: node.text("displayName")?, kind })
    })
}

/// An MDM application of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mdm {
    pub name: String,
    /// `none`, `all`, `selected`.
    pub applies_to: String,
}

pub fn mdm() -> Request {
    request(Method::Get, format!("{BETA}/policies/mobileDeviceManagementPolicies"), None)
}

/// # Errors
/// The answer is no list.
pub fn mdm_of(answer: &Answer) -> Result<Page<Mdm>, Unreadable> {
    page(answer, |node| Ok(Mdm { name: node.text("displayName")?, applies_to: node.text("appliesTo")? }))
}

/// A policy for Delivery Optimization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub name: String,
    /// `httpOnly`, `httpWithPeeringNat`, `simpleDownload`, ...
    pub mode: String,
}

pub fn delivery() -> Request {
    let filter = "isof('microsoft.graph.windowsDeliveryOptimizationConfiguration')";
    request(Method::Get, format!("{BETA}/deviceManagement/deviceConfigurations?$filter={filter}"), None)
}

/// # Errors
/// The answer is no list.
pub fn delivery_of(answer: &Answer) -> Result<Page<Delivery>, Unreadable> {
    let all = page(answer, |node| {
        let ours = node.text("@odata.type")?.ends_with("windowsDeliveryOptimizationConfiguration");
        Ok(match ours {
            true => Some(Delivery { name: node.text("displayName")?, mode: node.text("deliveryOptimizationMode")? }),
            false => None,
        })
    })?;
    Ok(Page { items: all.items.into_iter().flatten().collect(), next: all.next })
}

/// A secret or certificate of an app registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// `secret`, `certificate`.
    pub kind: &'static str,
    pub name: String,
    pub ends: Option<Moment>,
}

/// `client`: the application id of the registration.
pub fn secrets(client: &str) -> Request {
    let query = format!("$filter=appId%20eq%20{}&$select=id,passwordCredentials,keyCredentials", literal(client));
    request(Method::Get, format!("{STABLE}/applications?{query}"), None)
}

/// # Errors
/// The answer is no list.
pub fn secrets_of(answer: &Answer) -> Result<Page<Secret>, Unreadable> {
    let all = page(answer, |node| {
        let mut secrets = vec![];
        for (list, kind) in [("passwordCredentials", "secret"), ("keyCredentials", "certificate")] {
            if node.raw(list).is_none() {
                continue;
            }
            for item in node.list(list)? {
                let (name, ends) = (item.text("displayName")?, moment(&item.text("endDateTime")?));
                secrets.push(Secret { kind, name, ends });
            }
        }
        Ok(secrets)
    })?;
    Ok(Page { items: all.items.into_iter().flatten().collect(), next: all.next })
}
