//! Device association: what decides over a registration if it is there.
//!
//! In no published metadata (September 2026); path and shape are those that community tools see. A tenant or an
//! application to which it is not open answers 403 or 404, or 400 where the path is not known yet.

use super::{
    json::Unreadable,
    page::{Page, page},
    path::{BETA, request},
};
use crate::cloud::{Answer, Method, Request};

pub fn associations() -> Request {
    let fields = "id,serialNumber,smbiosUuid,associationState,managedDeviceId";
    request(Method::Get, format!("{BETA}/deviceManagement/tenantAssociatedDevices?$select={fields}"), None)
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssociatedDevice {
    pub id: String,
    pub serial: String,
    pub uuid: String,
    /// `preassociated`, `associated`, `pendingRemoval`, ...
    pub state: String,
}

/// # Errors
/// The answer is no list of them.
pub fn associated_devices(answer: &Answer) -> Result<Page<AssociatedDevice>, Unreadable> {
    page(answer, |node| {
        Ok(AssociatedDevice {
            id: node.id()?,
            serial: node.text("serialNumber")?,
            uuid: node.text("smbiosUuid")?,
            state: node.text("associationState")?,
        })
    })
}
