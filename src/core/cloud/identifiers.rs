//! Corporate identifiers: by maker, model and serial number device preparation knows that a laptop is the company's.
//!
//! They count for the whole tenant, so a person was asked before (`lane::tenant_wide`). Graph's metadata wants semicolons
//! between the three; tools that are known to work send commas, and so does the portal's list.

use std::collections::BTreeSet;

use serde_json::json;

use super::{
    Answer, Cost, Method, Request,
    graph::{
        Page, Unreadable,
        json::{Node, document},
        page::page,
        path::{BETA, request},
        same_serial,
    },
};
use crate::lane::{Line, Row};

/// In one request. No limit is published; the portal's list has 5000.
pub const MOST_IDENTIFIERS: usize = 500;

const IDENTITIES: &str = "/deviceManagement/importedDeviceIdentities";
const KIND: &str = "manufacturerModelSerial";

/// `LENOVO,21CB,PF0EXAMP1`. `None`: the row is for another lane.
pub fn identifier(row: &Row) -> Option<String> {
    match &row.line {
        Line::Identifier { manufacturer, model, serial } => Some(format!("{manufacturer},{model},{serial}")),
        _ => None,
    }
}

fn listed(identifiers: &[String]) -> serde_json::Value {
    let listed = |text: &String| json!({ "importedDeviceIdentifier": text, "importedDeviceIdentityType": KIND });
    identifiers.iter().map(listed).collect()
}

/// Imports them; what is there already stays as it is.
pub fn import(identifiers: &[String]) -> Request {
    let body = json!({ "importedDeviceIdentities": listed(identifiers), "overwriteImportedDeviceIdentities": false });
    request(Method::Post, format!("{BETA}{IDENTITIES}/importDeviceIdentityList"), Some(body))
}

/// Asks which of them are there. A question, although it has a body.
pub fn search(identifiers: &[String]) -> Request {
    let body = json!({ "importedDeviceIdentities": listed(identifiers) });
    let asked = request(Method::Post, format!("{BETA}{IDENTITIES}/searchExistingIdentities"), Some(body));
    Request { cost: Cost::READ, ..asked }
}

/// All that the tenant has.
pub fn list() -> Request {
    request(Method::Get, format!("{BETA}{IDENTITIES}"), None)
}

/// The serial numbers in a list of identifiers, as they stand there.
///
/// # Errors
/// The answer is no list.
pub fn listed_serials(answer: &Answer) -> Result<Page<String>, Unreadable> {
    let all = page(answer, |node| {
        let text = node.text("importedDeviceIdentifier")?;
        let ours = node.text("importedDeviceIdentityType")?.eq_ignore_ascii_case(KIND);
        let serial = text.rsplit([',', ';']).next().map(|serial| serial.trim().to_owned());
        Ok(serial.filter(|_| ours))
    })?;
    Ok(Page { items: all.items.into_iter().flatten().collect(), next: all.next })
}

/// Identifiers have neither dots nor commas in them (`lane/text.rs`).
pub fn is_serial(listed: &str, serial: &str) -> bool {
    let bare: String = serial.chars().filter(|c| !matches!(c, '.' | ',')).collect();
    same_serial(listed, &bare)
}

/// Those that an answer to either says are in the tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Present(BTreeSet<String>);

impl Present {
    /// Capitals, and which sign stands between, do not tell two apart.
    fn key(text: &str) -> String {
        text.split([',', ';']).map(|part| part.trim().to_ascii_uppercase()).collect::<Vec<_>>().join(",")
    }

    pub fn has(&self, identifier: &str) -> bool {
        self.0.contains(&Self::key(identifier))
    }

    pub fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// # Errors
/// The answer is no list of them.
pub fn present(answer: &Answer) -> Result<Present, Unreadable> {
    let document = document(answer)?;
    let mut present = BTreeSet::new();
    for node in Node::root(&document)?.list("value")? {
        // Only an import says how it went.
        if node.bool("status") != Some(false) {
            present.insert(Present::key(&node.text("importedDeviceIdentifier")?));
        }
    }
    Ok(Present(present))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::DeviceId;

    fn row(serial: &str) -> Row {
        let line = Line::Identifier { manufacturer: "LENOVO".into(), model: "21CB".into(), serial: serial.into() };
        Row { device: DeviceId(1), called: serial.into(), line, remarks: vec![] }
    }

    fn ok(body: &serde_json::Value) -> Answer {
        Answer { status: 200, retry_after: None, location: None, body: body.to_string().into_bytes() }
    }

    /// tests/fixtures/contracts/graph-beta-autopilot.openapi.yaml, importIdentities.
    #[test]
    fn an_import_is_the_documented_body() {
        let texts = [identifier(&row("PF0EXAMP1")).unwrap()];
        let asked = import(&texts);
        assert_eq!(asked.path, "/beta/deviceManagement/importedDeviceIdentities/importDeviceIdentityList");
        let documented = json!({
            "importedDeviceIdentities": [
                { "importedDeviceIdentifier": "LENOVO,21CB,PF0EXAMP1", "importedDeviceIdentityType": "manufacturerModelSerial" },
            ],
            "overwriteImportedDeviceIdentities": false,
        });
        assert_eq!((asked.body, asked.cost), (Some(documented), Cost::WRITE));
        assert_eq!(search(&texts).cost, Cost::READ);
    }

    #[test]
    fn a_listed_identifier_is_known_by_its_number() {
        let body = json!({ "value": [
            { "id": "1", "importedDeviceIdentifier": "LENOVO,21CB,PF000001", "importedDeviceIdentityType": "manufacturerModelSerial" },
            { "id": "2", "importedDeviceIdentifier": "356938035643809", "importedDeviceIdentityType": "imei" },
        ] });
        let serials = listed_serials(&ok(&body)).unwrap().items;
        assert_eq!(serials, ["PF000001"]);
        assert!(is_serial(&serials[0], "PF.000001") && !is_serial(&serials[0], "PF000002"));
        assert_eq!(list().cost, Cost::READ);
    }

    #[test]
    fn present_is_what_an_answer_says_in_any_spelling() {
        let mut there = present(&ok(&json!({ "value": [
            { "id": "1", "importedDeviceIdentifier": "lenovo;21CB; PF000001", "status": true },
            { "id": "2", "importedDeviceIdentifier": "LENOVO,21CB,PF000002", "status": false },
        ] })))
        .unwrap();
        assert!(there.has("LENOVO,21CB,PF000001") && !there.has("LENOVO,21CB,PF000002") && !there.has("LENOVO,21CB"));
        // A search tells no status: what is listed is there.
        let found = json!({ "value": [{ "id": "2", "importedDeviceIdentifier": "LENOVO,21CB,PF000002" }] });
        there.add(present(&ok(&found)).unwrap());
        assert!(there.has("LENOVO,21CB,PF000002"));
        assert!(present(&ok(&json!({ "value": {} }))).is_err());
    }
}
