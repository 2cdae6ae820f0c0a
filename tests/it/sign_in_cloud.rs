//! Signing in against the fake that the contracts judge: by secret, by certificate, by a person with a code, and what is said
//! when Entra will not have it.

use std::fs;

use serde_json::json;

use crate::support::{
    cloud::{
        certificate::certificate,
        contract::Host,
        entra::Person,
        site::{SECRET, Site, client, tenant_id},
        world::Pace,
    },
    until,
};

fn site() -> Site {
    Site::new(Pace::QUICK, &[("Contoso", "SALES")])
}

fn check(site: &Site) -> Result<String, serde_json::Value> {
    site.ask(&json!({"sign-in": {"check": {"customer": "Contoso", "service": "graph"}}}))
}

#[test]
fn a_secret_signs_in_and_a_wrong_one_is_explained() {
    let site = site();
    let refused = check(&site).unwrap_err();
    assert!(refused["what"].as_str().unwrap().len() > 10, "{refused}");
    site.set("Contoso", &client("Contoso"), &json!({"secret": "not-the-right-one"}));
    let refused = check(&site).unwrap_err().to_string();
    assert!(refused.contains("7000215") && !refused.contains("not-the-right-one"), "{refused}");
    site.give_secret("Contoso");
    check(&site).unwrap();
    // An app of another tenant.
    site.set("Contoso", &client("Fabrikam"), &json!({"secret": SECRET}));
    let refused = check(&site).unwrap_err().to_string();
    assert!(refused.contains("700016"), "{refused}");
}

#[test]
fn a_certificate_signs_in() {
    let site = site();
    let (key, known) = certificate(site.bench.folder.path(), "bench");
    site.cloud.world().tenant(&tenant_id("Contoso")).apps[0].certificate = Some(known);
    let pem = key.with_extension("pem");
    let both = [key, pem].map(|path| fs::read_to_string(path).unwrap()).concat();
    site.set("Contoso", &client("Contoso"), &json!({"certificate": both}));
    check(&site).unwrap();
    let (other, _) = certificate(site.bench.folder.path(), "other");
    let pem = other.with_extension("pem");
    let both = [other, pem].map(|path| fs::read_to_string(path).unwrap()).concat();
    site.set("Contoso", &client("Contoso"), &json!({"certificate": both}));
    let refused = check(&site).unwrap_err().to_string();
    assert!(refused.contains("700027"), "{refused}");
}

#[test]
fn a_person_signs_in_for_a_shift_and_it_is_renewed() {
    let site = Site::new(Pace { token_life: 6_000, ..Pace::QUICK }, &[("Contoso", "SALES")]);
    let person = |person| site.cloud.world().tenant(&tenant_id("Contoso")).apps[0].person = person;
    let begin = json!({"sign-in": {"begin": {
        "customer": "Contoso", "service": "graph", "client_id": client("Contoso"),
        "permissions": ["register", "watch"],
    }}});
    person(Person::Declines);
    let told = site.does(&begin);
    assert!(told.contains("https://microsoft.com/devicelogin"), "{told}");
    let state = || site.bench.snapshot().unwrap()["sign_ins"]["list"][0]["state"].clone();
    until("the refusal", || state().get("failed").cloned());
    person(Person::SignsIn(1));
    site.does(&begin);
    until("the sign-in", || state().get("signed-in").cloned());
    check(&site).unwrap();
    // Nobody notices that a token has ended.
    let tokens = || site.cloud.world().calls(Host::Entra, "POST", "/token").iter().filter(|s| **s == 200).count();
    let before = tokens();
    until("a fresh token", || {
        check(&site).unwrap();
        (tokens() > before).then_some(())
    });
    // Its shift is over.
    site.does(&json!({"sign-in": {"end": {"customer": "Contoso"}}}));
    check(&site).unwrap_err();
}
