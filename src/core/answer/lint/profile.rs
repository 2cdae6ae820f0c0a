//! AutopilotConfigurationFile.json. Fields: Microsoft's "Autopilot deployment for existing devices".

use serde_json::{Map, Value};

use super::{Check, Finding, name_of};
use crate::answer::{
    autopilot::{FILE_NAME, WARNING, bits, guid},
    name::Template,
};

/// Every profile has it, nothing else does.
const MARK: &str = "CloudAssignedTenantId";

/// Whether a JSON file is, or is meant to be, an Autopilot profile.
pub(super) fn is_profile(path: &str, text: Option<&str>) -> bool {
    name_of(path) == FILE_NAME.to_ascii_lowercase() || text.is_some_and(|text| text.contains(MARK))
}

pub(super) fn check(path: &str, bytes: &[u8], text: Option<&str>, findings: &mut Vec<Finding>) {
    if !is_profile(path, text) {
        return;
    }
    let mut say = |check, evidence: String, remedy: &str| findings.push(Finding::new(check, path, evidence, remedy));
    let again = "Make it again: whiteglove answer make autopilot.";
    if name_of(path) != FILE_NAME.to_ascii_lowercase() {
        say(
            Check::ProfileName,
            format!("it is an Autopilot profile, and Windows reads {FILE_NAME} only"),
            "Give it that name where it is copied to Windows\\Provisioning\\Autopilot.",
        );
    }
    if let Some(why) = not_ascii(bytes) {
        say(
            Check::ProfileNotAscii,
            format!("{why}: Windows ignores the file without a word"),
            "Save it as ANSI/ASCII.",
        );
    }
    let value = text.map(serde_json::from_str::<Value>);
    let profile = match value {
        None => return say(Check::ProfileShape, "it is neither UTF-8 nor UTF-16".to_owned(), again),
        Some(Err(error)) => return say(Check::ProfileShape, format!("it is no JSON: {error}"), again),
        Some(Ok(Value::Object(profile))) => profile,
        Some(Ok(Value::Array(all))) => {
            let why = format!("it is a list of {}, and Windows takes one profile", all.len());
            return say(Check::ProfileShape, why, "Keep one of them, without the brackets around it.");
        }
        Some(Ok(_)) => return say(Check::ProfileShape, "it is no JSON object".to_owned(), again),
    };
    for wrong in shape(&profile) {
        say(Check::ProfileShape, wrong, again);
    }
    let config = profile.get("CloudAssignedOobeConfig").and_then(Value::as_u64).unwrap_or_default();
    if config & u64::from(bits::SELF_DEPLOYING) != 0 {
        say(
            Check::SelfDeploying,
            format!("CloudAssignedOobeConfig {config} asks for self-deploying mode (bits 32 and 64)"),
            "That needs a registered laptop and a profile of the service; take the bits out.",
        );
    }
    say(
        Check::NoPreProvisioning,
        WARNING.trim_end_matches('.').to_owned(),
        "Register the laptop for pre-provisioning: its hash is what the bench is for.",
    );
}

fn not_ascii(bytes: &[u8]) -> Option<String> {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Some("it is UTF-16".to_owned()),
        [0xef, 0xbb, 0xbf, ..] => return Some("it begins with the mark of UTF-8".to_owned()),
        _ => {}
    }
    let at = bytes.iter().position(|byte| !byte.is_ascii() || *byte == 0)?;
    let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    Some(format!("there is a character outside ASCII in line {line}"))
}

/// What is missing or of the wrong kind.
fn shape(profile: &Map<String, Value>) -> Vec<String> {
    let mut wrong = vec![];
    for field in [MARK, "ZtdCorrelationId"] {
        match profile.get(field).map(|value| value.as_str().and_then(guid)) {
            None => wrong.push(format!("{field} is missing")),
            Some(None) => wrong.push(format!("{field} is no GUID")),
            Some(Some(_)) => {}
        }
    }
    let domain = profile.get("CloudAssignedTenantDomain").and_then(Value::as_str).unwrap_or_default();
    if !domain.contains('.') {
        wrong.push("CloudAssignedTenantDomain is missing, or no domain".to_owned());
    }
    match profile.get("CloudAssignedOobeConfig").map(Value::as_u64) {
        None => wrong.push("CloudAssignedOobeConfig is missing".to_owned()),
        Some(None) => wrong.push("CloudAssignedOobeConfig is no number".to_owned()),
        Some(Some(_)) => {}
    }
    for field in ["CloudAssignedDomainJoinMethod", "CloudAssignedForcedEnrollment"] {
        match profile.get(field).map(Value::as_u64) {
            None => wrong.push(format!("{field} is missing")),
            Some(Some(0 | 1)) => {}
            Some(_) => wrong.push(format!("{field} is neither 0 nor 1")),
        }
    }
    if profile.get("Version").is_some_and(|version| version.as_u64() != Some(2049)) {
        wrong.push("Version is not 2049".to_owned());
    }
    wrong.extend(server_data(profile, domain));
    if let Some(name) = profile.get("CloudAssignedDeviceName") {
        match name.as_str().map(Template::parse) {
            None => wrong.push("CloudAssignedDeviceName is no text".to_owned()),
            Some(Err(error)) => wrong.push(format!("CloudAssignedDeviceName cannot be used: {error}")),
            Some(Ok(_)) => {}
        }
    }
    wrong
}

/// JSON inside a JSON text, and it has to say the same as what is around it.
fn server_data(profile: &Map<String, Value>, domain: &str) -> Vec<String> {
    const FIELD: &str = "CloudAssignedAadServerData";
    let Some(value) = profile.get(FIELD) else { return vec![format!("{FIELD} is missing")] };
    let Some(text) = value.as_str() else {
        return vec![format!("{FIELD} is JSON itself, and has to be a text with JSON in it")];
    };
    let inner: Value = match serde_json::from_str(text) {
        Ok(inner) => inner,
        Err(error) => return vec![format!("the JSON inside {FIELD} is damaged: {error}")],
    };
    let config = &inner["ZeroTouchConfig"];
    let mut wrong = vec![];
    match config["CloudAssignedTenantDomain"].as_str() {
        Some(inside) if inside.eq_ignore_ascii_case(domain) => {}
        Some(inside) => wrong.push(format!("{FIELD} names the domain {inside:?}, the profile {domain:?}")),
        None => wrong.push(format!("{FIELD} names no domain")),
    }
    let forced = profile.get("CloudAssignedForcedEnrollment").and_then(Value::as_u64);
    if config["ForcedEnrollment"].as_u64() != forced {
        wrong.push(format!("{FIELD} and CloudAssignedForcedEnrollment differ"));
    }
    wrong
}
