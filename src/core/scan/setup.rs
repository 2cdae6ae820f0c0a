//! The QR codes of Windows' setup. The classic one is JSON: Microsoft's WindowsAutopilotCompanion reads `ZtdId`
//! at the top and shows the same keys below `BlockSequence` in a comment. `deviceLink:` is known from a
//! community tool (WindowsDeviceLink); Microsoft has not published its form.

use std::io::Read;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::{Map, Value};

use super::{LAYOUT, Scan, label};
use crate::{
    entry::{DeviceLink, Entry, Lane, ZtdId},
    identity::Serial,
    msdm::ProductKeyId,
};

/// Unpacked: some kilobytes in truth. A code that anybody may hold before the scanner must not fill memory.
const LARGEST: u64 = 64 << 10;

/// As URLs carry it: with or without its `=`.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `None`: it is no code of Windows' setup.
pub(super) fn read(code: &str) -> Option<Scan> {
    const SCHEME: &str = "devicelink";
    if let Some(rest) =
        code.get(..SCHEME.len()).filter(|head| head.eq_ignore_ascii_case(SCHEME)).map(|head| &code[head.len()..])
    {
        return Some(rest.strip_prefix(':').map_or(Scan::Unreadable(LAYOUT), device_link));
    }
    if code.starts_with(['{', '"']) || code.starts_with("[{") {
        return Some(
            json(code).map_or(Scan::Unreadable("it begins like a setup code, and its text is damaged"), |json| {
                classic(&json)
            }),
        );
    }
    // Braces that came out as something else: the words inside give it away.
    let lower = code.to_ascii_lowercase();
    (lower.contains("ztdid") || lower.contains("ytdid")).then_some(Scan::Unreadable(LAYOUT))
}

/// JSON, or JSON written as a string, with or without the quotes around it.
fn json(text: &str) -> Option<Value> {
    let parsed = serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&text.replace("\\\"", "\"")).ok())?;
    match parsed {
        Value::String(inner) => serde_json::from_str(&inner).ok(),
        value => Some(value),
    }
}

fn classic(json: &Value) -> Scan {
    let Some(block) = block(json) else { return Scan::Unreadable("it holds no Autopilot id (ZtdId)") };
    let number = |name| text(block, name).and_then(|text| text.parse::<u32>().ok());
    match number("TotalBlocks") {
        Some(of) if of > 1 => return Scan::Part { number: number("SequenceBlockNumber").unwrap_or(1), of },
        _ => {}
    }
    let serial = text(block, "SerialNumber").or_else(|| text(block, "SN")).or_else(|| text(block, "Serial"));
    let Some(id) = text(block, "ZtdId") else {
        // Makers put JSON on labels as well.
        return serial.map_or(Scan::Unreadable("it holds no Autopilot id (ZtdId)"), |serial| label::read(&serial));
    };
    let Ok(id) = ZtdId::try_from(id) else { return Scan::Unreadable("its Autopilot id (ZtdId) is not a GUID") };
    if id.as_str().chars().all(|c| matches!(c, '0' | '-')) {
        return Scan::Unreadable("its Autopilot id is all zeros: Windows does not know this laptop as registered");
    }
    let mut entry = Entry::new(Lane::SetupQr);
    entry.ztd_id = Some(id);
    entry.serial = serial.and_then(|serial| Serial::try_from(serial).ok());
    entry.product_key_id = text(block, "PKID").and_then(|digits| ProductKeyId::try_from(digits).ok());
    Scan::Setup(Box::new(entry))
}

/// The object that holds the keys: the outermost, or what `BlockSequence` is.
fn block(json: &Value) -> Option<&Map<String, Value>> {
    let outer = match json {
        Value::Array(blocks) => blocks.first()?,
        value => value,
    };
    let outer = outer.as_object()?;
    match get(outer, "BlockSequence") {
        Some(Value::Object(inner)) => Some(inner),
        Some(Value::Array(blocks)) => blocks.first()?.as_object(),
        _ => Some(outer),
    }
}

/// A caps lock turns the keys' case around as well.
fn get<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match get(object, name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// `/1/?sn=<serial>&data=<URL-encoded base64 of gzipped JSON>`
fn device_link(rest: &str) -> Scan {
    let Some((version, query)) = rest.split_once('?') else {
        return Scan::Unreadable("this deviceLink code holds no data");
    };
    if version.trim_matches('/') != "1" {
        return Scan::Unreadable("this deviceLink code is of a newer kind");
    }
    let value = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| percent_decoded(value))
    };
    // Base64 has a plus, which readers of web forms turn into a blank.
    let Some(data) = value("data").map(|data| data.trim().replace(' ', "+")).filter(|data| !data.is_empty()) else {
        return Scan::Unreadable("this deviceLink code holds no data");
    };
    let Some(json) = unpacked(&data) else {
        return Scan::Unreadable("the data of this deviceLink code is damaged; scan it again");
    };
    let none = Map::new();
    let root = json.as_object().unwrap_or(&none);
    let info = get(root, "di").and_then(Value::as_object).unwrap_or(&none);
    let (inside, outside) = (text(info, "sn"), value("sn").map(|sn| sn.trim().to_owned()).filter(|sn| !sn.is_empty()));
    if let (Some(inside), Some(outside)) = (&inside, &outside)
        && !inside.eq_ignore_ascii_case(outside)
    {
        return Scan::Unreadable("this deviceLink code names two serial numbers; scan it again");
    }
    let mut entry = Entry::new(Lane::DeviceLinkQr);
    entry.serial = inside.or(outside).and_then(|serial| Serial::try_from(serial).ok());
    if entry.serial.is_none() {
        return Scan::Unreadable("this deviceLink code names no serial number");
    }
    entry.manufacturer = text(info, "man").unwrap_or_default();
    entry.model = text(info, "mod").unwrap_or_default();
    entry.device_link = Some(DeviceLink { data, link_id: text(info, "li"), created: text(root, "dlict") });
    Scan::Setup(Box::new(entry))
}

fn unpacked(data: &str) -> Option<Value> {
    let packed = BASE64.decode(data).ok()?;
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).take(LARGEST + 1).read_to_end(&mut plain).ok()?;
    let fits = u64::try_from(plain.len()).is_ok_and(|length| length <= LARGEST);
    fits.then(|| serde_json::from_slice(&plain).ok())?
}

/// RFC 3986, 2.1. A percent sign without two hex digits stays what it is.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let hex = behind.first_chunk().filter(|_| *first == b'%').and_then(|[high, low]| {
            let (high, low) = (char::from(*high).to_digit(16)?, char::from(*low).to_digit(16)?);
            u8::try_from(high << 4 | low).ok()
        });
        bytes.push(hex.unwrap_or(*first));
        rest = if hex.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
