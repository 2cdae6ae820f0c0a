//! As much of OData as the Autopilot routes understand; the rest is 400, as there.

use serde_json::{Map, Value, json};

use super::{
    super::{
        contract::Host,
        http::Reply,
        text::{encoded, pairs},
    },
    Call, refused,
};

pub(super) fn parameter(path: &str, name: &str) -> Option<String> {
    let query = path.split_once('?')?.1;
    pairs(query).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// `$select`.
pub(super) fn selected(path: &str, value: Value) -> Value {
    let (Some(names), Value::Object(object)) = (parameter(path, "$select"), &value) else { return value };
    let names: Vec<_> = names.split(',').map(str::trim).collect();
    let keep = |(name, _): &(&String, &Value)| names.contains(&name.as_str()) || *name == "id" || name.starts_with('@');
    Value::Object(object.iter().filter(keep).map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// `field eq 'value'`, `contains(field,'value')` and `startswith(field,'value')`, joined by `and`.
enum Test {
    Is(String, String),
    Contains(String, String),
    StartsWith(String, String),
}

impl Test {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let quoted = |text: &str| {
            let inner = text.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            // A quotation mark inside is doubled.
            (!inner.replace("''", "").contains('\'')).then(|| inner.replace("''", "'"))
        };
        let arguments = |name: &str| {
            let (field, value) = text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
            Some((field.trim().to_owned(), quoted(value)?))
        };
        if let Some((field, value)) = arguments("contains") {
            return Some(Self::Contains(field, value));
        }
        if let Some((field, value)) = arguments("startswith") {
            return Some(Self::StartsWith(field, value));
        }
        let (field, value) = text.split_once(" eq ")?;
        Some(Self::Is(field.trim().to_owned(), quoted(value)?))
    }

    fn field(&self) -> (&'static str, &str) {
        match self {
            Self::Is(field, _) => ("eq", field),
            Self::Contains(field, _) => ("contains", field),
            Self::StartsWith(field, _) => ("startswith", field),
        }
    }

    fn holds(&self, row: &Value) -> bool {
        let of = |field: &str| row[field].as_str().unwrap_or_default().to_lowercase();
        match self {
            Self::Is(field, value) => of(field) == value.to_lowercase(),
            Self::Contains(field, value) => of(field).contains(&value.to_lowercase()),
            Self::StartsWith(field, value) => of(field).starts_with(&value.to_lowercase()),
        }
    }
}

/// What each list is known to filter by.
const FILTERS: &[(&str, &[(&str, &str)])] = &[
    ("/windowsAutopilotDeviceIdentities", &[("contains", "serialNumber")]),
    ("/managedDevices", &[("eq", "serialNumber"), ("eq", "azureADDeviceId"), ("eq", "deviceName")]),
    ("/devices", &[("eq", "deviceId"), ("eq", "displayName"), ("startswith", "displayName")]),
    ("/groups", &[("eq", "displayName"), ("startswith", "displayName")]),
];

/// Filtered, cut into pages, selected.
pub(super) fn page(call: &Call<'_>, mut rows: Vec<Value>, page: usize) -> Reply {
    let whole = call.asked.path;
    let (path, query) = whole.split_once('?').unwrap_or((whole, ""));
    if let Some(filter) = parameter(whole, "$filter") {
        let tests: Option<Vec<Test>> = filter.split(" and ").map(Test::parse).collect();
        let known = FILTERS.iter().find(|(list, _)| path.ends_with(list)).map_or(&[][..], |(_, filters)| *filters);
        match tests {
            Some(tests) if tests.iter().all(|test| known.contains(&test.field())) => {
                rows.retain(|row| tests.iter().all(|test| test.holds(row)));
            }
            _ => return refused(400, "BadRequest", "Invalid filter clause"),
        }
    }
    let number = |name: &str| parameter(whole, name).and_then(|text| text.parse::<usize>().ok());
    let skip = number("$skiptoken").or_else(|| number("$skip")).unwrap_or_default();
    let size = number("$top").unwrap_or(page).clamp(1, page);
    let more = rows.len() > skip + size;
    let rows: Vec<_> = rows.into_iter().skip(skip).take(size).map(|row| selected(whole, row)).collect();
    let mut answer = Map::new();
    answer.insert("@odata.context".to_owned(), call.context());
    if parameter(whole, "$count").is_some_and(|text| text == "true") {
        answer.insert("@odata.count".to_owned(), json!(rows.len()));
    }
    if more {
        let kept = pairs(query).into_iter().filter(|(name, _)| !["$skiptoken", "$skip"].contains(&name.as_str()));
        let mut query: Vec<_> = kept.map(|(name, value)| format!("{name}={}", encoded(&value))).collect();
        query.push(format!("$skiptoken={}", skip + size));
        let base = &call.world.urls[&Host::Graph];
        answer.insert("@odata.nextLink".to_owned(), json!(format!("{base}{path}?{}", query.join("&"))));
    }
    answer.insert("value".to_owned(), Value::Array(rows));
    Reply::json(200, &Value::Object(answer))
}
