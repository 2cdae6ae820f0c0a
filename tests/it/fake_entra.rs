//! The fake Entra ID under curl and openssl.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    cloud::{
        certificate::certificate,
        contract::Host,
        curl::{CLIENT, Fake, MANAGED, SERVICE},
        entra::Person,
        http::now,
        text::to_base64_url,
        world::Pace,
    },
    until,
};

#[test]
fn tokens_are_for_one_service_a_while_and_what_was_granted() {
    let mut fake = Fake::new(Pace { token_life: 2_000, ..Pace::QUICK });
    assert_eq!(fake.sign_in("wrong").body["error_codes"], json!([7_000_215]));
    assert_eq!(fake.get("/v1.0/organization").status, 200);
    assert_eq!(
        fake.ask(Host::Partner, "GET", &format!("/v1/customers/{}/deviceBatches", fake.tenant), None).1.status,
        401
    );
    fake.cloud.world().tenant(&fake.tenant).apps[0].roles.retain(|role| role != MANAGED);
    fake.token = fake.sign_in("s3cret").body["access_token"].as_str().unwrap().to_owned();
    let said = fake.get("/v1.0/deviceManagement/managedDevices");
    let message: Value = serde_json::from_str(said.body["error"]["message"].as_str().unwrap()).unwrap();
    assert_eq!((said.status, &message["_version"]), (403, &json!(3)));
    until("the token to expire", || (fake.get("/v1.0/organization").status == 401).then_some(()));
    fake.tenant = "00000000-0000-4000-8000-000000000000".to_owned();
    assert_eq!(fake.sign_in("s3cret").body["error_codes"], json!([90_002]));
}

#[test]
fn an_assertion_needs_the_tenants_certificate() {
    let folder = TempDir::new().unwrap();
    let (key, known) = certificate(folder.path(), "bench");
    let (other_key, _) = certificate(folder.path(), "other");
    let fake = Fake::new(Pace::QUICK);
    fake.cloud.world().tenant(&fake.tenant).apps[0].certificate = Some(known.clone());
    let seconds = now() / 1_000;
    let aud = format!("{}/{}/oauth2/v2.0/token", fake.cloud.url(Host::Entra), fake.tenant);
    let good = json!({"aud": aud, "iss": CLIENT, "sub": CLIENT, "jti": "1", "nbf": seconds, "exp": seconds + 300});
    let signed = |key: &Path, claims: &Value| {
        let head = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": known.thumbprint});
        let [head, claims] = [&head, claims].map(|part| to_base64_url(part.to_string().as_bytes()));
        let text = folder.path().join("text");
        fs::write(&text, format!("{head}.{claims}")).unwrap();
        let arguments =
            ["dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32", "-sign"];
        let output = Command::new("openssl").args(arguments).arg(key).arg(text).output().unwrap();
        format!("{head}.{claims}.{}", to_base64_url(&output.stdout))
    };
    let redeem = |assertion: &str| {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT),
            ("scope", "https://graph.microsoft.com/.default"),
            ("client_assertion_type", kind),
            ("client_assertion", assertion),
        ];
        fake.entra("token", &form)
    };
    let assertion = signed(&key, &good);
    assert_eq!(redeem(&assertion).status, 200);
    assert_eq!(redeem(&assertion).body["error_codes"], json!([700_025]), "used twice");
    let mut next = good;
    for (jti, name, value, number) in [
        ("2", "aud", json!("https://login.example/token"), 700_021),
        ("3", "exp", json!(seconds - 1), 700_024),
        ("4", "sub", json!("somebody"), 700_021),
    ] {
        next["jti"] = json!(jti);
        let mut claims = next.clone();
        claims[name] = value;
        assert_eq!(redeem(&signed(&key, &claims)).body["error_codes"], json!([number]), "{name}");
    }
    next["jti"] = json!("5");
    assert_eq!(redeem(&signed(&other_key, &next)).body["error_codes"], json!([700_027]));
}

#[test]
fn a_device_code_waits_for_a_person() {
    let fake = Fake::new(Pace::QUICK);
    let person = |person| {
        let mut world = fake.cloud.world();
        let app = &mut world.tenant(&fake.tenant).apps[0];
        app.scopes = vec![SERVICE.to_owned()];
        app.person = person;
    };
    let scope = format!("https://graph.microsoft.com/{SERVICE} offline_access");
    let ask = || fake.entra("devicecode", &[("client_id", CLIENT), ("scope", &scope)]);
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let redeem =
        |code: &str| fake.entra("token", &[("grant_type", grant), ("client_id", CLIENT), ("device_code", code)]);
    person(Person::SignsIn(1));
    let code = ask().body["device_code"].as_str().unwrap().to_owned();
    assert_eq!(redeem(&code).body["error"], "authorization_pending");
    let mut token = redeem(&code).body;
    assert!(token["access_token"].is_string(), "{token}");
    assert_eq!(redeem(&code).body["error"], "bad_verification_code", "a code is used once");
    let refresh = token["refresh_token"].take();
    let again = |refresh: &str| {
        let form =
            [("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", refresh), ("scope", &scope)];
        fake.entra("token", &form)
    };
    assert!(again(refresh.as_str().unwrap()).body["refresh_token"].is_string());
    assert_eq!(again("made up").body["error"], "invalid_grant");
    for (what, error) in [
        (Person::Waits, "authorization_pending"),
        (Person::Declines, "authorization_declined"),
        (Person::LetsItExpire, "expired_token"),
    ] {
        person(what);
        let code = ask().body["device_code"].as_str().unwrap().to_owned();
        assert_eq!(redeem(&code).body["error"], error);
    }
    person(Person::Blocked);
    assert_eq!(ask().body["error_codes"], json!([53_003]));
}
