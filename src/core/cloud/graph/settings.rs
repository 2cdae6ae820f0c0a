//! The tenant's Autopilot service: when it was synchronised, and doing so.

use super::{
    json::Unreadable,
    page::one,
    path::{BETA, request},
    time::moment,
};
use crate::{
    clock::Moment,
    cloud::{Answer, Method, Request},
};

const SETTINGS: &str = "/deviceManagement/windowsAutopilotSettings";

pub fn get_settings() -> Request {
    request(Method::Get, format!("{BETA}{SETTINGS}"), None)
}

/// 204: it runs; 409: one runs already; 429: the last one was less than ten minutes ago, whoever asked for it.
pub fn sync() -> Request {
    request(Method::Post, format!("{BETA}{SETTINGS}/sync"), None)
}

/// Its 429 speaks of nothing but itself.
pub fn is_sync(request: &Request) -> bool {
    request.path.ends_with("/windowsAutopilotSettings/sync")
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub last_sync: Option<Moment>,
    /// By a person or a program.
    pub last_asked: Option<Moment>,
    /// `completed`, `inProgress`, ...
    pub status: String,
}

/// # Errors
/// The answer is something else.
pub fn settings(answer: &Answer) -> Result<Settings, Unreadable> {
    one(answer, |node| {
        Ok(Settings {
            last_sync: moment(&node.text("lastSyncDateTime")?),
            last_asked: moment(&node.text("lastManualSyncTriggerDateTime")?),
            status: node.text("syncStatus")?,
        })
    })
}
