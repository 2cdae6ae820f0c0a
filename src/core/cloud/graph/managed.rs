//! Devices under Intune's management: what a technician phase leaves there.

use super::{
    json::{Unreadable, real_id},
    page::{Page, page},
    path::{STABLE, literal, request},
    time::moment,
};
use crate::{
    clock::Moment,
    cloud::{Answer, Method, Request},
};

/// Those with this number.
pub fn managed_devices_with(serial: &str) -> Request {
    let filter = format!("serialNumber%20eq%20{}", literal(serial.trim()));
    request(Method::Get, format!("{STABLE}/deviceManagement/managedDevices?$filter={filter}"), None)
}

/// Empty texts: it does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedDevice {
    pub id: String,
    pub name: String,
    pub serial: String,
    pub enrolled: Option<Moment>,
    pub last_sync: Option<Moment>,
    /// `windowsAzureADJoinUsingDeviceAuth` after a technician phase.
    pub enrollment: String,
    pub profile: String,
    /// Empty until its user has signed in.
    pub user: String,
    pub entra_device: String,
}

/// # Errors
/// The answer is no list of them.
pub fn managed_devices(answer: &Answer) -> Result<Page<ManagedDevice>, Unreadable> {
    page(answer, |node| {
        Ok(ManagedDevice {
            id: node.id()?,
            name: node.text("deviceName")?,
            serial: node.text("serialNumber")?,
            enrolled: moment(&node.text("enrolledDateTime")?),
            last_sync: moment(&node.text("lastSyncDateTime")?),
            enrollment: node.text("deviceEnrollmentType")?,
            profile: node.text("enrollmentProfileName")?,
            user: node.text("userPrincipalName")?,
            entra_device: real_id(node.text("azureADDeviceId")?),
        })
    })
}
