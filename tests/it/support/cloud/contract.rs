//! The published contracts as a judge: what a request or an answer may look like. Stricter than OpenAPI in one thing:
//! an object holds nothing that its type does not name, as Graph answers an unknown property with 400.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::Path,
    sync::{LazyLock, OnceLock},
};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::text::{decoded, pairs};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Host {
    Entra,
    Graph,
    Partner,
}

/// All of `tests/fixtures/contracts`, read once.
pub(crate) static CONTRACTS: LazyLock<Contracts> = LazyLock::new(Contracts::read);

pub(crate) struct Contracts {
    operations: Vec<Operation>,
}

/// One method on one path.
pub(crate) struct Operation {
    host: Host,
    method: String,
    /// With the base of the service: `/beta/deviceManagement/...`.
    template: Vec<String>,
    queries: Vec<String>,
    /// The least that a caller needs.
    pub(crate) permission: Option<String>,
    body: Option<Content>,
    body_required: bool,
    answers: BTreeMap<u16, Option<Content>>,
    /// What any refusal of this service looks like.
    refusal: Content,
}

/// A body: its media type and what it holds.
struct Content {
    form: bool,
    schema: Value,
    compiled: OnceLock<Validator>,
}

/// A request as it came.
pub(crate) struct Called<'a> {
    pub(crate) host: Host,
    pub(crate) method: &'a str,
    /// With its query.
    pub(crate) path: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) body: &'a [u8],
}

impl Contracts {
    fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/contracts");
        let files = [
            ("entra-oauth2", Host::Entra, "", "/responses/OAuthError"),
            ("graph-v1.0-autopilot", Host::Graph, "/v1.0", "/responses/BadRequest"),
            ("graph-beta-autopilot", Host::Graph, "/beta", "/responses/BadRequest"),
            ("partnercenter-devices", Host::Partner, "/v1", "/responses/Error"),
        ];
        let mut operations = Vec::new();
        for (name, host, base, refusal) in files {
            let text = fs::read_to_string(folder.join(format!("{name}.openapi.yaml"))).unwrap();
            let document: Value = serde_norway::from_str(&text).unwrap();
            let types = &json!({"schemas": closed(&document["components"]["schemas"])});
            for (path, item) in document["paths"].as_object().unwrap() {
                let shared = item["parameters"].as_array().cloned().unwrap_or_default();
                for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
                    let own = operation["parameters"].as_array().cloned().unwrap_or_default();
                    let parameters = shared.iter().chain(&own).map(|parameter| resolved(&document, parameter));
                    let queries = parameters.filter(|parameter| parameter["in"] == "query");
                    let queries = queries.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect();
                    let answers = operation["responses"].as_object().unwrap().iter().map(|(status, answer)| {
                        (status.parse().unwrap(), Content::of(types, resolved(&document, answer)))
                    });
                    operations.push(Operation {
                        host,
                        method: method.to_uppercase(),
                        template: format!("{base}{path}").split('/').map(str::to_owned).collect(),
                        queries,
                        permission: operation["x-permissions"]["leastPrivileged"].as_str().map(str::to_owned),
                        body: Content::of(types, &operation["requestBody"]),
                        body_required: operation["requestBody"]["required"] == true,
                        answers: answers.collect(),
                        refusal: Content::of(types, document["components"].pointer(refusal).unwrap()).unwrap(),
                    });
                }
            }
        }
        Self { operations }
    }

    /// What is asked for, if the contracts know it. A path that is spelt out goes before one with a variable.
    pub(crate) fn operation(&self, host: Host, method: &str, path: &str) -> Option<&Operation> {
        let path: Vec<_> = path.split('?').next().unwrap().split('/').collect();
        let here = self.operations.iter().filter(|operation| operation.host == host && operation.method == method);
        here.filter(|operation| operation.is_at(&path)).min_by_key(|operation| operation.variables())
    }

    /// Everything that is wrong with a request.
    pub(crate) fn judge(&self, called: &Called<'_>) -> Vec<String> {
        let Some(operation) = self.operation(called.host, called.method, called.path) else {
            return vec!["no contract describes it".to_owned()];
        };
        let query = called.path.split_once('?').map_or("", |(_, query)| query);
        let known = |name: &String| operation.queries.contains(name);
        let strange = pairs(query).into_iter().map(|(name, _)| name).filter(|name| !known(name));
        let mut wrong: Vec<_> = strange.map(|name| format!("{name:?} is no parameter of its query")).collect();
        let media_type = called.content_type.split(';').next().unwrap().trim();
        match (&operation.body, called.body) {
            (None, []) => (),
            // An action without parameters takes an empty object.
            (None, body) => {
                if serde_json::from_slice::<Value>(body).ok() != Some(json!({})) {
                    wrong.push("it takes no body".to_owned());
                }
            }
            (Some(_), []) if operation.body_required => wrong.push("its body is missing".to_owned()),
            (Some(_), []) => (),
            (Some(content), body) => {
                if media_type != content.media_type() {
                    wrong.push(format!("its body is {}, not {media_type:?}", content.media_type()));
                }
                wrong.extend(content.wrong(body));
            }
        }
        wrong
    }
}

impl Operation {
    fn is_at(&self, path: &[&str]) -> bool {
        let fits = |(template, part): (&String, &&str)| {
            if template.starts_with('{') { !part.is_empty() } else { *template == decoded(part) }
        };
        self.template.len() == path.len() && self.template.iter().zip(path).all(fits)
    }

    fn variables(&self) -> usize {
        self.template.iter().filter(|part| part.starts_with('{')).count()
    }

    /// Everything that is wrong with an answer to it.
    pub(crate) fn judge(&self, status: u16, body: &[u8]) -> Vec<String> {
        match (self.answers.get(&status), body) {
            (Some(None), []) => Vec::new(),
            (Some(None), _) => vec![format!("{status} has no body")],
            (Some(Some(content)), body) => content.wrong(body),
            // What stands before every route of a service, wherever the slices have left it out.
            (None, body) if matches!(status, 400 | 401 | 403 | 404 | 429 | 500..) => self.refusal.wrong(body),
            (None, _) => vec![format!("{status} is no answer to it")],
        }
    }
}

impl Content {
    fn of(types: &Value, part: &Value) -> Option<Self> {
        let (media_type, content) = part["content"].as_object()?.iter().next()?;
        let mut schema = closed(&content["schema"]);
        // An empty one allows anything, and needs to know no type.
        if let Some(schema) = schema.as_object_mut().filter(|schema| !schema.is_empty()) {
            schema.insert("components".to_owned(), types.clone());
        }
        Some(Self { form: media_type.contains("form"), schema, compiled: OnceLock::new() })
    }

    fn media_type(&self) -> &'static str {
        if self.form { "application/x-www-form-urlencoded" } else { "application/json" }
    }

    fn wrong(&self, body: &[u8]) -> Vec<String> {
        let value = if self.form {
            let pairs = pairs(&String::from_utf8_lossy(body));
            Value::Object(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
        } else {
            match serde_json::from_slice(body) {
                Ok(value) => value,
                Err(error) => return vec![format!("its body is no JSON: {error}")],
            }
        };
        let compiled = self.compiled.get_or_init(|| {
            let base64 = |text: &str| text.len().is_multiple_of(4) && super::text::base64(text).is_some();
            jsonschema::options().should_validate_formats(true).with_format("byte", base64).build(&self.schema).unwrap()
        });
        let errors = compiled.iter_errors(&value).map(|error| {
            // What is wrong stands at the end, after all that was sent.
            let text = error.to_string();
            let long = text.chars().count().saturating_sub(200);
            let mut text: String = text.chars().skip(long).collect();
            let _ = write!(text, " at {}", error.instance_path());
            text
        });
        errors.collect()
    }
}

/// What a `$ref` stands for.
fn resolved<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    match part["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => part,
    }
}

/// OpenAPI 3.0 as JSON Schema: `nullable`, and objects closed.
fn closed(schema: &Value) -> Value {
    let Value::Object(object) = schema else {
        return match schema {
            Value::Array(items) => items.iter().map(closed).collect(),
            other => other.clone(),
        };
    };
    let mut out = Map::new();
    for (key, value) in object.iter().filter(|(key, _)| !["example", "examples", "description"].contains(&key.as_str()))
    {
        let value = match key.as_str() {
            // Names of properties, which may be called `description`.
            "properties" | "schemas" => {
                value.as_object().unwrap().iter().map(|(name, of)| (name.clone(), closed(of))).collect()
            }
            _ => closed(value),
        };
        out.insert(key.clone(), value);
    }
    if out.remove("nullable") == Some(Value::Bool(true)) {
        if let Some(kind) = out.get_mut("type") {
            *kind = json!([kind.take(), "null"]);
        }
        if let Some(Value::Array(words)) = out.get_mut("enum") {
            words.push(Value::Null);
        }
    }
    if out.contains_key("properties") && !out.contains_key("additionalProperties") {
        out.insert("additionalProperties".to_owned(), Value::Bool(false));
        // The shortened types of the directory leave their id out.
        out.insert("patternProperties".to_owned(), json!({"^@odata\\.": true, "^id$": {"type": ["string", "null"]}}));
    }
    Value::Object(out)
}
