//! Imports: how a hash gets to the service, and how far it is with it.

use serde_json::json;

use super::{
    json::{Node, Unreadable, real_id},
    page::{Page, one, page},
    path::{BETA, STABLE, request, segment},
};
use crate::{
    cloud::{Answer, Method, Request},
    entry::ZtdId,
    hwhash::HardwareHash,
    lane::{Line, Row},
    registration::{AttemptId, ImportId, ImportState},
};

/// Rows in one request. No limit is published; larger ones were seen to time out.
pub const MOST_ROWS: usize = 100;

const IMPORTED: &str = "/deviceManagement/importedWindowsAutopilotDeviceIdentities";

/// One laptop as it is imported.
#[derive(Debug, Clone, Copy)]
pub struct Import<'a> {
    pub serial: &'a str,
    pub hash: &'a HardwareHash,
    pub group_tag: &'a str,
    pub user: &'a str,
}

impl<'a> Import<'a> {
    /// `None`: the row is for another lane.
    pub fn of(row: &'a Row) -> Option<Self> {
        match &row.line {
            Line::Intune { serial, hash, group_tag, user } => Some(Self { serial, hash, group_tag, user }),
            _ => None,
        }
    }
}

/// Imports them. Every one carries the attempt, so that it can be looked for when no answer came.
pub fn import(attempt: &AttemptId, imports: &[Import<'_>]) -> Request {
    let identity = |import: &Import<'_>| {
        json!({
            "@odata.type": "#microsoft.graph.importedWindowsAutopilotDeviceIdentity",
            "groupTag": import.group_tag,
            "serialNumber": import.serial,
            // Owners register by hash; the product key id is for makers and resellers.
            "productKey": "",
            "importId": attempt.as_str(),
            "hardwareIdentifier": import.hash.to_base64(),
            "assignedUserPrincipalName": import.user,
            "state": {
                "@odata.type": "microsoft.graph.importedWindowsAutopilotDeviceIdentityState",
                "deviceImportStatus": "pending",
                "deviceRegistrationId": "",
                "deviceErrorCode": 0,
                "deviceErrorName": "",
            },
        })
    };
    let identities: Vec<_> = imports.iter().map(identity).collect();
    let body = json!({ "importedWindowsAutopilotDeviceIdentities": identities });
    request(Method::Post, format!("{STABLE}{IMPORTED}/import"), Some(body))
}

/// All imports that the tenant still knows, also those of others.
pub fn list_imported() -> Request {
    request(Method::Get, format!("{BETA}{IMPORTED}"), None)
}

pub fn get_imported(id: &ImportId) -> Request {
    request(Method::Get, format!("{BETA}{IMPORTED}/{}", segment(&id.0)), None)
}

/// Takes away the record of an import that has come to its end; the registration stays.
pub fn delete_imported(id: &ImportId) -> Request {
    request(Method::Delete, format!("{STABLE}{IMPORTED}/{}", segment(&id.0)), None)
}

/// An import as the service tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    pub id: ImportId,
    /// What it was sent with, if the service kept it.
    pub import_id: String,
    pub serial: String,
    pub state: ImportState,
}

fn read(node: &Node<'_>) -> Result<Imported, Unreadable> {
    Ok(Imported {
        id: ImportId(node.id()?),
        import_id: node.text("importId")?.to_ascii_lowercase(),
        serial: node.text("serialNumber")?,
        state: state(node)?,
    })
}

fn state(node: &Node<'_>) -> Result<ImportState, Unreadable> {
    let Some(state) = node.object("state")? else { return Ok(ImportState::Working { word: "unknown".to_owned() }) };
    let word = state.text("deviceImportStatus")?;
    Ok(match word.to_ascii_lowercase().as_str() {
        "complete" => {
            let id = real_id(state.text("deviceRegistrationId")?);
            ImportState::Complete { registration: ZtdId::try_from(id).ok() }
        }
        "error" => ImportState::Failed { code: state.number("deviceErrorCode"), name: state.text("deviceErrorName")? },
        "" => ImportState::Working { word: "unknown".to_owned() },
        _ => ImportState::Working { word },
    })
}

/// # Errors
/// The answer is no import.
pub fn imported(answer: &Answer) -> Result<Imported, Unreadable> {
    one(answer, read)
}

/// # Errors
/// The answer is no list of imports.
pub fn imported_list(answer: &Answer) -> Result<Page<Imported>, Unreadable> {
    page(answer, read)
}
