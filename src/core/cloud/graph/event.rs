//! Deployments as Intune reports them: late, incomplete for those of more than an hour, and not renewed by a retry.
//! Corroboration; never the first to know.

use super::{
    json::Unreadable,
    page::{Page, page},
    path::{BETA, request},
    time::moment,
};
use crate::{
    clock::Moment,
    cloud::{Answer, Method, Request},
};

/// Fifty on a page, since Intune 2411.
pub fn events() -> Request {
    request(Method::Get, format!("{BETA}/deviceManagement/autopilotEvents"), None)
}

/// Words are kept as they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    pub serial: String,
    pub device_name: String,
    pub managed_device: String,
    pub user: String,
    pub profile: String,
    /// `azureADJoinedWithWhiteGlove`, ...
    pub enrollment_type: String,
    pub enrollment: String,
    /// `success`, `inProgress`, `failure`, `successWithTimeout`, ...
    pub deployment: String,
    pub device_setup: String,
    pub account_setup: String,
    /// When Intune wrote it.
    pub at: Option<Moment>,
    pub registered: Option<Moment>,
    pub enrolled: Option<Moment>,
    pub started: Option<Moment>,
    pub ended: Option<Moment>,
    pub failure: String,
}

/// # Errors
/// The answer is no list of them.
pub fn events_of(answer: &Answer) -> Result<Page<Event>, Unreadable> {
    page(answer, |node| {
        let at = |name: &str| node.text(name).map(|text| moment(&text));
        Ok(Event {
            id: node.id()?,
            serial: node.text("deviceSerialNumber")?,
            device_name: node.text("managedDeviceName")?,
            managed_device: node.text("deviceId")?,
            user: node.text("userPrincipalName")?,
            profile: node.text("windowsAutopilotDeploymentProfileDisplayName")?,
            enrollment_type: node.text("enrollmentType")?,
            enrollment: node.text("enrollmentState")?,
            deployment: node.text("deploymentState")?,
            device_setup: node.text("deviceSetupStatus")?,
            account_setup: node.text("accountSetupStatus")?,
            at: at("eventDateTime")?,
            registered: at("deviceRegisteredDateTime")?,
            enrolled: at("enrollmentStartDateTime")?,
            started: at("deploymentStartDateTime")?,
            ended: at("deploymentEndDateTime")?,
            failure: node.text("enrollmentFailureDetails")?,
        })
    })
}
