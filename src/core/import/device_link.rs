//! The `Data` column of `*.devicelink.csv`: base64 of JSON, signed by the machine's TPM. Layout: as
//! published by people who decoded it; Microsoft documents the file's columns only.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;

use super::{refusal, same_serial};
use crate::{
    entry::{DeviceLink, Refusal},
    identity::Serial,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    device_link_creation_time_utc: Option<String>,
    device_info: Info,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Info {
    serial_number: Option<String>,
    link_id: Option<String>,
}

const AGAIN: &str = "Export the device information on the machine again (Windows key five times in setup).";
/// An id or a time of day is shorter.
const LONGEST: usize = 128;

/// Looks into it and keeps it as it is: any change breaks the signature.
pub(super) fn read(data: &str, column: Option<&Serial>) -> Result<DeviceLink, Refusal> {
    if data.is_empty() {
        return Err(refusal("There is no signed data in the line.", AGAIN));
    }
    let unsound = |why: &str| refusal(format!("The Data column is not sound: {why}."), AGAIN);
    let json = BASE64_STANDARD.decode(data).map_err(|error| unsound(&format!("it is not base64: {error}")))?;
    let json = json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&json);
    let content: Content =
        serde_json::from_slice(json).map_err(|error| unsound(&format!("its content is damaged: {error}")))?;
    let inside = content.device_info.serial_number.and_then(|text| Serial::try_from(text).ok());
    let agrees = match (&inside, column) {
        (Some(inside), Some(column)) => same_serial(inside, column),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    if !agrees {
        let words = |serial: Option<&Serial>| serial.map_or_else(|| "none".to_owned(), ToString::to_string);
        return Err(refusal(
            format!(
                "The serial number column says {}, the signed data says {}: two rows were mixed.",
                words(column),
                words(inside.as_ref())
            ),
            AGAIN,
        ));
    }
    let short = |text: Option<String>| text.filter(|text| text.len() <= LONGEST && !text.contains(char::is_control));
    Ok(DeviceLink {
        data: data.to_owned(),
        link_id: short(content.device_info.link_id),
        created: short(content.device_link_creation_time_utc),
    })
}
