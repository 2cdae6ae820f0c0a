//! Tokens against an Entra that is a script of answers on a real socket.

use std::time::Duration;

use tempfile::TempDir;
use whiteglove_core::{customer::Cloud, sign_in::SignIns as Shown};

use super::*;
use crate::registrar::line::tests::{APP, Act, Heard, TENANT, answer, server, sign_ins, tenant, token};

const NOBODY: &str = "http://127.0.0.1:1";

fn refused(word: &str, code: u32) -> Act {
    let body = format!(r#"{{"error":"{word}","error_description":"AADSTS{code}: x","error_codes":[{code}]}}"#);
    answer("400 Bad Request", "", &body)
}

fn code(interval: u32) -> Act {
    let body = format!(
        r#"{{"device_code":"dc-1","user_code":"YZMYLD4K","verification_uri":"https://microsoft.com/devicelogin",
            "expires_in":900,"interval":{interval},"message":"m"}}"#
    );
    answer("200 OK", "", &body)
}

/// A token that says of itself what these claims say, with a refresh token.
fn person(number: u32, claims: &str, lifetime: u32) -> Act {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let claims = BASE64_URL_SAFE_NO_PAD.encode(claims);
    let body = format!(
        r#"{{"token_type":"Bearer","expires_in":{lifetime},"access_token":"h.{claims}.s{number}","refresh_token":"0.r{number}"}}"#
    );
    answer("200 OK", "", &body)
}

/// ACME with a secret, at an Entra that acts so; everybody is shown.
async fn bench(acts: Vec<Act>) -> (SignIns, Heard, TempDir) {
    let (authority, heard) = server(acts).await;
    let (all, folder) = sign_ins(&authority, NOBODY, Limits::default()).await;
    all.customers(vec![tenant()]);
    shows(&all, |shown| !shown.list.is_empty()).await;
    (all, heard, folder)
}

/// Waits until what is shown is so.
async fn shows(all: &SignIns, is: impl Fn(&Shown) -> bool) -> Shown {
    let mut seen = all.seen();
    let seen = tokio::time::timeout(Duration::from_secs(20), seen.wait_for(|shown| is(shown))).await;
    Shown::clone(&seen.expect("it is shown in time").unwrap())
}

fn state(all: &SignIns) -> SignInState {
    all.shown().list[0].state.clone()
}

async fn bearer(all: &SignIns) -> Result<Bearer, Problem> {
    all.line(&tenant()).unwrap().tokens().bearer(Service::Graph).await
}

fn forms(heard: &[String]) -> Vec<String> {
    heard.iter().map(|request| request.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn many_ask_and_one_token_is_fetched() {
    let (all, heard, _folder) = bench(vec![token(1), token(2)]).await;
    assert_eq!(state(&all), SignInState::Ready);
    let asks = (0..50).map(|_| bearer(&all));
    let bearers = futures_util::future::join_all(asks).await;
    assert!(bearers.iter().all(|bearer| bearer.as_ref().unwrap().token().expose() == "token-1"));
    // All of them find it refused at the same time: it is renewed once.
    let line = all.line(&tenant()).unwrap();
    let stale = bearers[0].clone().unwrap();
    let again = (0..50).map(|_| line.tokens().renew(Service::Graph, &stale));
    let fresh = futures_util::future::join_all(again).await;
    assert!(fresh.iter().all(|bearer| bearer.as_ref().unwrap().token().expose() == "token-2"));
    assert_eq!(heard.lock().await.len(), 2);
    assert!(matches!(state(&all), SignInState::SignedIn { who: None, .. }));
    assert!(!format!("{bearers:?} {:?}", all.shown()).contains("token-"), "nothing is printed");
}

#[tokio::test]
async fn a_refusal_is_not_asked_for_again_until_something_changes() {
    let (all, heard, _folder) = bench(vec![refused("invalid_client", 7_000_215), token(1)]).await;
    let first = bearer(&all).await.unwrap_err();
    assert!(first.why.contains("AADSTS7000215"), "{first}");
    assert_eq!(bearer(&all).await, Err(first.clone()));
    assert_eq!(heard.lock().await.len(), 1, "Entra was asked once");
    assert_eq!(state(&all), SignInState::Failed(first));
    let new = NewCredential {
        customer: "ACME".into(),
        service: Service::Graph,
        tenant: None,
        client_id: APP.into(),
        proof: NewProof::Secret(Secret::new("the.right~one".into())),
        refresh: None,
        expires: None,
    };
    all.set(&tenant(), new).await.unwrap();
    assert_eq!(state(&all), SignInState::Ready);
    assert_eq!(bearer(&all).await.unwrap().token().expose(), "token-1");
    assert!(forms(&heard.lock().await)[1].ends_with("client_secret=the.right~one"));
}

#[tokio::test]
async fn a_token_of_another_tenant_is_never_used() {
    let (all, _, _folder) = bench(vec![person(1, r#"{"tid":"99999999-0000-4000-8000-00000000aa07"}"#, 3599)]).await;
    let problem = bearer(&all).await.unwrap_err();
    assert!(problem.why.contains("99999999"), "{problem}");
    assert!(matches!(state(&all), SignInState::Failed(_)));
}

#[tokio::test]
async fn a_locked_vault_gives_no_token_and_an_open_one_does() {
    let (authority, heard) = server(vec![token(1)]).await;
    let (open, folder) = sign_ins(&authority, NOBODY, Limits::default()).await;
    let vault = Vault::at(folder.path(), Effort::TEST);
    let later = SignIns { vault: Arc::new(Mutex::new(vault)), lines: Arc::default(), ..open };
    later.customers(vec![tenant()]);
    shows(&later, |shown| shown.list.first().is_some_and(|view| view.state == SignInState::NeedsUnlock)).await;
    assert!(bearer(&later).await.unwrap_err().next.contains("whiteglove secret unlock"));
    let wrong = later.unlock(Secret::new("not the passphrase".into())).await.unwrap_err();
    assert!(wrong.why.contains("not the right one"), "{wrong}");
    assert_eq!((later.shown().vault, state(&later)), (VaultState::Locked, SignInState::NeedsUnlock));
    assert!(heard.lock().await.is_empty());
    later.unlock(Secret::new("correct horse battery".into())).await.unwrap();
    assert_eq!((later.shown().vault, state(&later)), (VaultState::Open, SignInState::Ready));
    assert_eq!(bearer(&later).await.unwrap().token().expose(), "token-1");
}

#[tokio::test]
async fn a_customer_without_a_credential_is_told_what_is_missing() {
    let (all, heard, _folder) = bench(vec![token(1)]).await;
    let other = Tenant { customer: "Globex".into(), id: TENANT.into(), cloud: Cloud::Global };
    all.customers(vec![tenant(), other.clone()]);
    let shown = shows(&all, |shown| shown.list.len() == 2).await;
    assert_eq!(shown.list[1].state, SignInState::NoCredential);
    let problem = all.line(&other).unwrap().tokens().bearer(Service::Graph).await.unwrap_err();
    assert!(problem.next.contains("whiteglove secret set"), "{problem}");
    assert!(heard.lock().await.is_empty(), "nobody else's credential is used");
}

#[tokio::test]
async fn a_person_signs_in_for_a_shift_and_nothing_of_it_is_written() {
    let claims = format!(
        r#"{{"tid":"{TENANT}","upn":"tech@acme.example","scp":"DeviceManagementServiceConfig.ReadWrite.All"}}"#
    );
    let acts = vec![
        code(1),
        refused("authorization_pending", 70_016),
        person(1, &claims, 1),
        person(2, &claims, 3599),
        refused("invalid_grant", 50_173),
        token(9),
    ];
    let (all, heard, folder) = bench(acts).await;
    let told = all.sign_in(&tenant(), Service::Graph, None, vec![Permission::Register, Permission::Watch]).await;
    assert_eq!(told, Ok(("https://microsoft.com/devicelogin".to_owned(), "YZMYLD4K".to_owned())));
    assert!(matches!(state(&all), SignInState::Code { code, .. } if code == "YZMYLD4K"));
    let shown = shows(&all, |shown| matches!(shown.list[0].state, SignInState::SignedIn { .. })).await;
    assert!(matches!(&shown.list[0].state, SignInState::SignedIn { who: Some(who), .. } if who == "tech@acme.example"));
    assert_eq!(shown.list[0].lacks, ["DeviceManagementManagedDevices.Read.All"]);
    // Its first token is over at once; the person's sign-in goes on with the refresh token.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let bearer_2 = bearer(&all).await.unwrap();
    assert!(bearer_2.token().expose().ends_with(".s2"));
    let forms_heard = forms(&heard.lock().await);
    assert!(forms_heard[0].starts_with(&format!(
        "client_id={APP}&scope=https%3A%2F%2Fgraph.microsoft.com%2FDeviceManagementServiceConfig"
    )));
    assert!(forms_heard[1].ends_with(&format!("&client_id={APP}&device_code=dc-1")));
    assert!(forms_heard[3].contains("grant_type=refresh_token") && forms_heard[3].ends_with("&refresh_token=0.r1"));
    // The password is changed: the shift is over, and told so; then the application goes on by itself.
    let line = all.line(&tenant()).unwrap();
    let over = line.tokens().renew(Service::Graph, &bearer_2).await.unwrap_err();
    assert!(over.next.contains("whiteglove sign-in"), "{over}");
    assert!(forms(&heard.lock().await)[4].ends_with("&refresh_token=0.r2"), "the newer one");
    all.sign_out("ACME").await;
    assert_eq!(state(&all), SignInState::Ready);
    assert_eq!(bearer(&all).await.unwrap().token().expose(), "token-9");
    let mut open = vec![folder.path().to_owned()];
    while let Some(path) = open.pop() {
        match path.is_dir() {
            true => open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path())),
            false => {
                let text = std::fs::read(&path).unwrap();
                let text = String::from_utf8_lossy(&text);
                assert!(!text.contains("0.r") && !text.contains("dc-1") && !text.contains("tech@"), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn a_person_who_declines_or_signs_in_elsewhere_is_not_signed_in() {
    let (all, _heard, _folder) = bench(vec![code(1), refused("authorization_declined", 70_008)]).await;
    all.sign_in(&tenant(), Service::Graph, None, vec![Permission::Register]).await.unwrap();
    let shown = shows(&all, |shown| matches!(shown.list[0].state, SignInState::Failed(_))).await;
    assert!(matches!(&shown.list[0].state, SignInState::Failed(problem) if problem.why.contains("declined")));

    let foreign = r#"{"tid":"99999999-0000-4000-8000-00000000aa07","upn":"me@elsewhere.example"}"#;
    let (all, heard, _folder) = bench(vec![code(1), person(1, foreign, 3599), token(5)]).await;
    all.sign_in(&tenant(), Service::Graph, None, vec![Permission::Register]).await.unwrap();
    let shown = shows(&all, |shown| matches!(shown.list[0].state, SignInState::Failed(_))).await;
    assert!(matches!(&shown.list[0].state, SignInState::Failed(problem) if problem.why.contains("99999999")));
    assert_eq!(bearer(&all).await.unwrap().token().expose(), "token-5", "theirs is not used");
    assert_eq!(heard.lock().await.len(), 3);

    let (all, _heard, _folder) = bench(vec![refused("invalid_grant", 53_003)]).await;
    let blocked = all.sign_in(&tenant(), Service::Graph, None, vec![Permission::Register]).await.unwrap_err();
    assert!(blocked.next.contains("certificate or secret"), "{blocked}");
}

#[tokio::test]
async fn who_begins_again_gives_up_the_earlier_code() {
    let (all, heard, _folder) = bench(vec![code(1), code(1), person(1, "{}", 3599), token(7)]).await;
    for _ in 0..2 {
        all.sign_in(&tenant(), Service::Graph, None, vec![Permission::Register]).await.unwrap();
    }
    shows(&all, |shown| matches!(shown.list[0].state, SignInState::SignedIn { .. })).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(heard.lock().await.len(), 3, "two codes, and one of them was asked after");
}

#[tokio::test]
async fn what_cannot_be_a_credential_is_not_kept() {
    let (all, _, folder) = bench(vec![token(1)]).await;
    let new = |client_id: &str, proof| NewCredential {
        customer: "ACME".into(),
        service: Service::Graph,
        tenant: None,
        client_id: client_id.into(),
        proof,
        refresh: None,
        expires: "2099-01-01".parse().ok(),
    };
    let secret = |text: &str| NewProof::Secret(Secret::new(text.into()));
    let pem = |names: &[&str]| {
        let read = |name: &&str| std::fs::read_to_string(format!("tests/fixtures/sign-in/{name}.pem")).unwrap();
        NewProof::Certificate(Secret::new(names.iter().map(read).collect()))
    };
    let cases = [
        (new("whiteglove", secret("x~y")), "it is a GUID"),
        (new(APP, secret("")), "is empty"),
        (new(APP, secret("x~y\n")), "line ends"),
        (new(APP, secret("00000000-0000-4000-8000-0000000000a9")), "the ID of a secret"),
        (new(APP, pem(&["certificate"])), "no private key"),
        (new(APP, pem(&["expired", "key"])), "has expired"),
    ];
    for (new, words) in cases {
        let problem = all.set(&tenant(), new).await.expect_err(words);
        assert!(problem.why.contains(words), "{problem}");
    }
    all.set(&tenant(), new(APP, pem(&["certificate", "key"]))).await.unwrap();
    let view = all.shown().list[0].credential.clone().unwrap();
    assert_eq!((view.kind, view.expires), (CredentialKind::Certificate, "2052-11-28".parse().ok()));
    drop(folder);
}

#[tokio::test]
async fn what_is_forgotten_signs_in_no_more() {
    let (all, heard, _folder) = bench(vec![token(1)]).await;
    bearer(&all).await.unwrap();
    assert_eq!((all.forget("ACME").await, all.forget("ACME").await), (Ok(true), Ok(false)));
    assert_eq!(state(&all), SignInState::NoCredential);
    assert!(bearer(&all).await.is_err(), "nor with the token it had");
    assert_eq!(heard.lock().await.len(), 1);
}

#[tokio::test]
async fn a_partners_sign_in_is_renewed_and_kept() {
    let partner = "00000000-0000-4000-8000-0000000000cc";
    let claims = format!(r#"{{"tid":"{partner}","upn":"agent@partner.example"}}"#);
    let (all, heard, _folder) = bench(vec![person(1, &claims, 1), person(2, &claims, 3599)]).await;
    let new = NewCredential {
        customer: "ACME".into(),
        service: Service::PartnerCenter,
        tenant: TenantId::try_from(partner.to_owned()).ok(),
        client_id: APP.into(),
        proof: NewProof::Secret(Secret::new("partners~secret".into())),
        refresh: Some(Secret::new("0.r0".into())),
        expires: None,
    };
    all.set(&tenant(), new).await.unwrap();
    assert_eq!(all.shown().list.len(), 2);
    let tokens = all.line(&tenant()).unwrap().tokens().clone();
    assert!(tokens.bearer(Service::PartnerCenter).await.unwrap().token().expose().ends_with(".s1"));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(tokens.bearer(Service::PartnerCenter).await.unwrap().token().expose().ends_with(".s2"));
    let heard = heard.lock().await;
    assert!(heard[0].starts_with(&format!("POST /{partner}/oauth2/v2.0/token ")), "at the partner's own tenant");
    let forms = forms(&heard);
    assert!(forms[0].contains("partnercenter.microsoft.com%2Fuser_impersonation"), "{}", forms[0]);
    assert!(forms[0].ends_with("&refresh_token=0.r0&client_secret=partners~secret"), "{}", forms[0]);
    assert!(forms[1].ends_with("&refresh_token=0.r1&client_secret=partners~secret"), "the newer one, out of the vault");
}
