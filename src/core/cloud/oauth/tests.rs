//! Flows as timelines, answers as Entra writes them (its shapes: Microsoft identity platform documentation).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{
    device::{DeviceFlow, Turn},
    *,
};
use crate::customer::Cloud;

const TENANT: &str = "00000000-0000-4000-8000-00000000aa07";
const ASKER: Asker<'_> = Asker { customer: "ACME", tenant: TENANT, client_id: "app-1", cloud: Cloud::Global };

fn at(seconds: u64) -> Moment {
    Moment::from_millis(seconds * 1_000)
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn jwt(claims: &serde_json::Value) -> String {
    format!("eyJhbGciOiJub25lIn0.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn token(claims: &serde_json::Value) -> Vec<u8> {
    serde_json::json!({
        "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599,
        "access_token": jwt(claims), "refresh_token": "0.AXXX",
    })
    .to_string()
    .into_bytes()
}

fn error(word: &str, code: u64) -> Vec<u8> {
    serde_json::json!({
        "error": word,
        "error_description": format!("AADSTS{code}: What it is. Trace ID: 21a7 Correlation ID: 5513 Timestamp: 2026"),
        "error_codes": [code],
    })
    .to_string()
    .into_bytes()
}

fn refused(word: &str, code: u64) -> Refused {
    Grant::read(400, &error(word, code)).expect_err("an error")
}

fn code(interval: u64) -> Vec<u8> {
    serde_json::json!({
        "user_code": "YZMYLD4K", "device_code": "HAQABAAEAAAD--device-code--",
        "verification_uri": "https://microsoft.com/devicelogin", "expires_in": 900, "interval": interval,
        "message": "To sign in, use a web browser.",
    })
    .to_string()
    .into_bytes()
}

#[test]
fn forms_are_encoded_and_print_nothing() {
    let form = Form::client_credentials("app 1", "https://g/.default", &Proof::Secret(secret("a+b&c=d~é")));
    assert_eq!(
        form.expose(),
        "grant_type=client_credentials&client_id=app%201&scope=https%3A%2F%2Fg%2F.default&client_secret=a%2Bb%26c%3Dd~%C3%A9"
    );
    let form = Form::refresh("app", "s", &secret("0.r"), &Proof::Assertion(secret("h.p.s")));
    assert_eq!(
        form.expose(),
        "grant_type=refresh_token&client_id=app&scope=s&refresh_token=0.r&client_assertion_type=\
         urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=h.p.s"
    );
    let form = Form::poll("app", &secret("dc"));
    assert!(form.expose().starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&"));
    assert_eq!(format!("{form:?}"), "Form");
}

#[test]
fn a_person_takes_their_time() {
    let mut flow = DeviceFlow::begin(200, &code(5), at(0)).unwrap();
    assert_eq!((flow.user_code.as_str(), flow.url.as_str()), ("YZMYLD4K", "https://microsoft.com/devicelogin"));
    assert_eq!((flow.due(), flow.until), (at(5), at(900)));
    let pending = || Grant::read(400, &error("authorization_pending", 70016));
    assert_eq!(flow.on_answer(pending(), at(6)), Turn::Wait);
    assert_eq!(flow.due(), at(11));
    // RFC 8628, 3.5: five seconds more, for this and all that follow.
    assert_eq!(flow.on_answer(Err(refused("slow_down", 0)), at(11)), Turn::Wait);
    assert_eq!(flow.due(), at(21));
    assert_eq!(flow.on_answer(pending(), at(21)), Turn::Wait);
    assert_eq!(flow.due(), at(31));
    // No answer at all: twice as long.
    assert_eq!(flow.on_silence(at(40)), Turn::Wait);
    assert_eq!(flow.due(), at(60));
    // A fault of the service is not the person's.
    assert_eq!(flow.on_answer(Grant::read(503, b"<html>"), at(60)), Turn::Wait);
    assert_eq!(flow.due(), at(100));
    let granted = Grant::read(200, &token(&serde_json::json!({"tid": TENANT, "upn": "a@acme.example"})));
    let Turn::SignedIn(grant) = flow.on_answer(granted, at(100)) else { panic!("signed in") };
    assert_eq!(grant.claims.who.as_deref(), Some("a@acme.example"));
    assert_eq!(grant.until(at(100)), at(100 + 3599 - 120));
}

#[test]
fn a_code_ends() {
    let begin = || DeviceFlow::begin(200, &code(5), at(0)).unwrap();
    let ended = |mut flow: DeviceFlow, answer, now| match flow.on_answer(answer, now) {
        Turn::Ended(refused) => refused.problem(&ASKER).why,
        turn => panic!("{turn:?}"),
    };
    let answer = |word, code| Grant::read(400, &error(word, code));
    assert!(ended(begin(), answer("authorization_declined", 70008), at(5)).contains("declined"));
    assert!(ended(begin(), answer("bad_verification_code", 0), at(5)).contains("used already"));
    assert!(ended(begin(), answer("expired_token", 70020), at(5)).contains("in time"));
    assert!(ended(begin(), answer("authorization_pending", 70016), at(900)).contains("in time"));
    assert!(ended(begin(), answer("invalid_grant", 53003), at(5)).contains("Conditional Access"));
    let mut flow = begin();
    assert_eq!(flow.on_silence(at(899)), Turn::Wait);
    assert_eq!(flow.due(), at(900), "not asked again later than it counts");
    assert!(matches!(flow.on_silence(at(901)), Turn::Ended(_)));
}

#[test]
fn what_a_screen_would_show_is_looked_at_first() {
    let begin = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut answer: serde_json::Value = serde_json::from_slice(&code(5)).unwrap();
        change(&mut answer);
        DeviceFlow::begin(200, answer.to_string().as_bytes(), at(0))
    };
    assert!(begin(&|_| ()).is_ok());
    assert!(begin(&|a| a["verification_uri"] = "http://evil.example/".into()).is_err());
    assert!(begin(&|a| a["user_code"] = "AB\u{1b}[2J".into()).is_err());
    assert!(begin(&|a| a["user_code"] = "".into()).is_err());
    assert!(begin(&|a| a["device_code"] = 5.into()).is_err());
    let flow = begin(&|a| (a["interval"], a["expires_in"]) = ("3".into(), "60".into())).unwrap();
    assert_eq!((flow.due(), flow.until), (at(3), at(60)), "numbers as texts");
    let flow = begin(&|a| drop(a.as_object_mut().map(|answer| answer.remove("interval")))).unwrap();
    assert_eq!(flow.due(), at(5));
}

#[test]
fn tokens_of_another_tenant_are_refused() {
    let grant = |claims: serde_json::Value| Grant::read(200, &token(&claims)).unwrap();
    assert_eq!(grant(serde_json::json!({"tid": TENANT.to_uppercase()})).check_tenant(&ASKER), Ok(()));
    assert_eq!(grant(serde_json::json!({})).check_tenant(&ASKER), Ok(()), "nothing is claimed");
    let other = grant(serde_json::json!({"tid": "99999999-0000-4000-8000-00000000aa07"}));
    let problem = other.check_tenant(&ASKER).unwrap_err();
    assert!(problem.why.contains("99999999") && problem.why.contains(TENANT), "{problem}");
    // A token that is no JWT, or a broken one, says nothing.
    for access in ["opaque", "a.b.c", "a.!!.c", "....", "e30.bnVsbA.x"] {
        let body = serde_json::json!({"access_token": access, "expires_in": 60}).to_string();
        let grant = Grant::read(200, body.as_bytes()).unwrap();
        assert_eq!((grant.claims.tenant.as_ref(), grant.check_tenant(&ASKER)), (None, Ok(())), "{access}");
    }
}

#[test]
fn an_answer_without_a_usable_token_is_none() {
    let read = |body: serde_json::Value| Grant::read(200, body.to_string().as_bytes());
    assert!(read(serde_json::json!({"access_token": "", "expires_in": 60})).is_err());
    assert!(read(serde_json::json!({"access_token": "a\nb", "expires_in": 60})).is_err(), "a header of its own");
    assert!(read(serde_json::json!({"expires_in": 60})).is_err());
    assert!(Grant::read(200, b"<html>portal</html>").is_err());
    let grant = read(serde_json::json!({"access_token": "t", "expires_in": "60"})).unwrap();
    assert_eq!((grant.until(at(0)), grant.refresh), (at(30), None), "half of a short life");
    let endless = read(serde_json::json!({"access_token": "t", "expires_in": u64::MAX})).unwrap();
    assert_eq!(endless.lifetime, Duration::from_secs(86_400));
}

#[test]
fn rights_that_are_missing_are_told_before_a_request_fails() {
    let lacking = |claims: serde_json::Value| {
        Grant::read(200, &token(&claims)).unwrap().lacking(Service::Graph, &Permission::USUAL)
    };
    let both = "openid DeviceManagementServiceConfig.ReadWrite.All DeviceManagementManagedDevices.Read.All";
    assert_eq!(lacking(serde_json::json!({"scp": both})), Vec::<&str>::new());
    let wider = ["DeviceManagementServiceConfig.ReadWrite.All", "DeviceManagementManagedDevices.ReadWrite.All"];
    assert_eq!(lacking(serde_json::json!({"roles": wider})), Vec::<&str>::new());
    let narrower = serde_json::json!({"roles": ["DeviceManagementServiceConfig.Read.All"]});
    assert_eq!(
        lacking(narrower),
        ["DeviceManagementServiceConfig.ReadWrite.All", "DeviceManagementManagedDevices.Read.All"]
    );
    // An application without any right gets a token too, and it says nothing of roles.
    assert_eq!(lacking(serde_json::json!({"tid": TENANT})).len(), 2);
}

#[test]
fn every_refusal_that_is_known_says_what_to_do() {
    let codes = [
        ("invalid_client", 7_000_215),
        ("invalid_client", 7_000_222),
        ("invalid_client", 700_027),
        ("invalid_client", 700_024),
        ("invalid_client", 7_000_218),
        ("unauthorized_client", 700_016),
        ("unauthorized_client", 7_000_112),
        ("invalid_request", 90_002),
        ("invalid_request", 900_382),
        ("invalid_grant", 50_105),
        ("invalid_grant", 65_001),
        ("invalid_resource", 500_011),
        ("invalid_scope", 70_011),
        ("invalid_grant", 53_003),
        ("invalid_grant", 530_003),
        ("invalid_grant", 50_076),
        ("invalid_grant", 700_082),
        ("invalid_grant", 50_057),
        ("invalid_grant", 50_034),
        ("expired_token", 70_020),
        // Not in the table: the words of OAuth, else Entra's own.
        ("invalid_client", 1),
        ("authorization_declined", 1),
        ("bad_verification_code", 1),
        ("expired_token", 1),
        ("some_new_error", 1_234_567),
    ];
    let told: Vec<String> =
        codes.iter().map(|(word, code)| format!("{word} {code}\n{}\n", refused(word, *code).problem(&ASKER))).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_may_pass_by_itself_is_told_from_what_does_not() {
    let of = |status, body: &[u8]| Grant::read(status, body).unwrap_err();
    assert!(of(503, b"<html>").is_passing() && of(429, &error("x", 90_055)).is_passing());
    assert!(of(400, &error("temporarily_unavailable", 90_033)).is_passing());
    assert!(!of(401, &error("invalid_client", 7_000_215)).is_passing() && !of(404, b"").is_passing());
    assert!(refused("invalid_grant", 70_043).ends_sign_in() && !refused("invalid_client", 700_027).ends_sign_in());
    // Some answers have the number in their words only.
    let body = br#"{"error":"invalid_client","error_description":"AADSTS7000222: Expired.\r\nTrace ID: 1"}"#;
    assert!(of(401, body).problem(&ASKER).why.contains("has expired (AADSTS7000222)"));
    let odd = of(502, b"\xff\xfe").problem(&ASKER);
    assert!(odd.why.contains("HTTP 502"), "{odd}");
}

#[test]
fn an_assertion_says_who_to_whom_and_how_long() {
    let unsigned =
        assertion::unsigned("app-1", "https://login.example/t/oauth2/v2.0/token", b"DER", [7; 16], at(1_000));
    let assertion = unsigned.signed(b"signature");
    let parts: Vec<&str> = assertion.expose().split('.').collect();
    let part = |index: usize| BASE64_URL_SAFE_NO_PAD.decode(parts[index]).unwrap();
    // printf DER | openssl dgst -sha256 -binary | basenc --base64url
    let header: serde_json::Value = serde_json::from_slice(&part(0)).unwrap();
    assert_eq!(
        header,
        serde_json::json!({"alg": "PS256", "typ": "JWT", "x5t#S256": "v_0oyO6xCl5Qzxe1j0d-oYA4la5pdE5utTy8w79Cets"})
    );
    let claims: serde_json::Value = serde_json::from_slice(&part(1)).unwrap();
    assert_eq!(
        claims,
        serde_json::json!({
            "aud": "https://login.example/t/oauth2/v2.0/token", "iss": "app-1", "sub": "app-1",
            "jti": "07070707-0707-4707-8707-070707070707", "nbf": 1_000, "iat": 1_000, "exp": 1_600,
        })
    );
    assert_eq!((part(2), unsigned.bytes()), (b"signature".to_vec(), format!("{}.{}", parts[0], parts[1]).as_bytes()));
}
