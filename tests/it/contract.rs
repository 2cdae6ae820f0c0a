//! The judge of every request and answer, by the published contracts: it takes what they show, and it bites.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::support::{
    cloud::{
        Cloud,
        contract::{CONTRACTS, Called, Host},
        world::Pace,
    },
    laptop::http,
};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const IMPORTED: &str = "/v1.0/deviceManagement/importedWindowsAutopilotDeviceIdentities";
const DEVICES: &str = "/beta/deviceManagement/windowsAutopilotDeviceIdentities";

fn contracts() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/contracts");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|end| end == "yaml"));
    files.map(|path| serde_norway::from_str(&fs::read_to_string(path).unwrap()).unwrap()).collect()
}

/// Examples of a body, one or several.
fn examples(content: &Value) -> Vec<Value> {
    let several = content["examples"].as_object().into_iter().flatten().map(|(_, example)| example["value"].clone());
    content.get("example").cloned().into_iter().chain(several).collect()
}

#[test]
fn the_examples_of_the_contracts_pass() {
    let mut seen = 0;
    for document in contracts() {
        let server = document["servers"][0]["url"].as_str().unwrap();
        let (host, base) = match server {
            _ if server.contains("login") => (Host::Entra, ""),
            _ if server.contains("partnercenter") => (Host::Partner, "/v1"),
            _ => (Host::Graph, if server.ends_with("beta") { "/beta" } else { "/v1.0" }),
        };
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
                let (method, path) = (method.to_uppercase(), format!("{base}{path}").replace(['{', '}'], ""));
                for body in examples(&operation["requestBody"]["content"][JSON]) {
                    let body = body.to_string();
                    let called =
                        Called { host, method: &method, path: &path, content_type: JSON, body: body.as_bytes() };
                    assert_eq!(CONTRACTS.judge(&called), Vec::<String>::new(), "{method} {path}: {body}");
                    seen += 1;
                }
                let judge = CONTRACTS.operation(host, &method, &path).unwrap();
                for (status, answer) in operation["responses"].as_object().unwrap() {
                    let shared = answer["$ref"].as_str().and_then(|path| document.pointer(&path[1..]));
                    let answer = shared.unwrap_or(answer);
                    // The slice shows more of a status page than the type of v1.0 has.
                    let known = path == "/v1.0/deviceManagement/deviceEnrollmentConfigurations" && status == "200";
                    for body in examples(&answer["content"][JSON]).into_iter().filter(|_| !known) {
                        let wrong = judge.judge(status.parse().unwrap(), body.to_string().as_bytes());
                        assert_eq!(wrong, Vec::<String>::new(), "{method} {path} {status}: {body}");
                        seen += 1;
                    }
                }
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

/// Service, method, path, media type, body; what is wrong with it, if anything is.
type Case<'a> = (Host, &'a str, &'a str, &'a str, &'a str, &'a str);

#[test]
fn the_judge_bites() {
    let row = json!({"serialNumber": "PF0EXAMP1", "hardwareIdentifier": "T0EAAAAA", "importId": "1", "groupTag": "A"});
    let (import, misspelt) = (format!("{IMPORTED}/import"), format!("{DEVICES}?$filer=x"));
    let with = |name: &str, value: Value| {
        let mut row = row.clone();
        row[name] = value;
        json!({"importedWindowsAutopilotDeviceIdentities": [row]}).to_string()
    };
    let parts: Vec<_> =
        (0..21).map(|n| json!({"id": n.to_string(), "method": "GET", "url": "/organization"})).collect();
    let parts = json!({"requests": parts}).to_string();
    let good = with("productKey", json!(""));
    fn graph<'a>(method: &'a str, path: &'a str, body: &'a str, wrong: &'a str) -> Case<'a> {
        (Host::Graph, method, path, JSON, body, wrong)
    }
    let cases: Vec<Case<'_>> = vec![
        graph("POST", &import, &good, ""),
        graph("GET", "/beta/deviceManagement/importedDevices", "", "no contract describes it"),
        graph("PUT", &import, &good, "no contract describes it"),
        // Beta only.
        graph("GET", "/v1.0/deviceManagement/autopilotEvents", "", "no contract describes it"),
        graph("GET", &misspelt, "", "\"$filer\" is no parameter"),
        graph("POST", &import, "", "its body is missing"),
        graph("GET", IMPORTED, "x", "it takes no body"),
        graph("POST", &import, "{", "no JSON"),
        graph("POST", &import, "{}", "\"importedWindowsAutopilotDeviceIdentities\" is a required property"),
        (Host::Graph, "POST", &import, "text/plain", &good, "not \"text/plain\""),
        (Host::Partner, "GET", "/v1/customers/x/batches", "", "", "no contract describes it"),
        (Host::Entra, "POST", "/t/oauth2/v2.0/token", FORM, "client_id=x", "\"grant_type\" is a required property"),
        (Host::Entra, "POST", "/t/oauth2/v2.0/token", FORM, "grant_type=password&client_id=x", "is not one of"),
        graph("POST", "/v1.0/$batch", &parts, "more than 20 items"),
    ];
    for (host, method, path, content_type, body, expected) in cases {
        let wrong = CONTRACTS.judge(&Called { host, method, path, content_type, body: body.as_bytes() });
        let said = wrong.iter().any(|wrong| wrong.contains(expected));
        assert!(if expected.is_empty() { wrong.is_empty() } else { said }, "{method} {path}: {wrong:?}");
    }
    for (name, value, expected) in [
        ("hardwareHash", json!("T0EAAAAA"), "'hardwareHash' was unexpected"),
        ("hardwareIdentifier", json!("T0EAAAA"), "is not a \"byte\""),
        ("state", json!({"deviceImportStatus": "finished"}), "is not one of"),
        ("serialNumber", json!(7), "is not of type"),
    ] {
        let body = with(name, value);
        let path = &import;
        let called = Called { host: Host::Graph, method: "POST", path, content_type: JSON, body: body.as_bytes() };
        let wrong = CONTRACTS.judge(&called);
        assert!(wrong.len() == 1 && wrong[0].contains(expected), "{name}: {wrong:?}");
    }
    let judge = CONTRACTS.operation(Host::Graph, "DELETE", &format!("{IMPORTED}/7")).unwrap();
    assert_eq!(judge.judge(204, b""), Vec::<String>::new());
    assert_eq!(judge.judge(204, b"{}"), ["204 has no body"]);
    assert_eq!(judge.judge(202, b""), ["202 is no answer to it"]);
    assert!(judge.judge(404, b"<html>")[0].contains("no JSON"));
    let judge = CONTRACTS.operation(Host::Graph, "GET", DEVICES).unwrap();
    let answer = |state: &str| json!({"value": [{"id": "1", "enrollmentState": state}]}).to_string();
    assert_eq!(judge.judge(200, answer("enrolled").as_bytes()), Vec::<String>::new());
    assert!(judge.judge(200, answer("enroled").as_bytes())[0].contains("is not one of"));
}

#[test]
fn what_no_contract_allows_fails_the_test_that_sent_it() {
    let cloud = Cloud::started(Pace::QUICK);
    let url = format!("{}/beta/deviceManagement/nothing", cloud.url(Host::Graph));
    assert_eq!(http().get(url).call().unwrap().status(), 401);
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(cloud)));
    let said = *dropped.unwrap_err().downcast::<String>().unwrap();
    assert!(said.contains("GET /beta/deviceManagement/nothing: no contract describes it"), "{said}");
}
