//! Entra ID: device codes, client credentials by secret or by a signed assertion, refresh. Its tokens are good for one
//! tenant, one service and what the app was granted, and for a while.

use std::collections::BTreeMap;

use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    contract::Host,
    http::Reply,
    text::{base64_url, date, pairs, to_base64_url},
    world::World,
};

/// An app registration and what a tenant lets it do.
#[derive(Debug, Clone, Default)]
pub(crate) struct App {
    pub(crate) client: String,
    pub(crate) secret: Option<String>,
    pub(crate) certificate: Option<Certificate>,
    /// What it may do by itself, and what for a person: `DeviceManagementServiceConfig.ReadWrite.All`, ...
    pub(crate) roles: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) person: Person,
}

/// What the person does who has been shown a device code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Person {
    /// Signs in after this many polls.
    SignsIn(u32),
    #[default]
    Waits,
    Declines,
    LetsItExpire,
    /// Conditional Access forbids the flow.
    Blocked,
}

/// What the tenant has on file of a certificate.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    /// SHA-256 of its DER, base64url.
    pub(crate) thumbprint: String,
    /// Its key as PKCS #1 has it.
    pub(crate) public_key: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) tenant: String,
    pub(crate) client: String,
    pub(crate) audience: Host,
    pub(crate) permissions: Vec<String>,
    /// A person signed in, and not the app alone.
    pub(crate) delegated: bool,
    pub(crate) until: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) tokens: BTreeMap<String, Token>,
    /// Refresh token: tenant, client.
    pub(crate) refresh: BTreeMap<String, (String, String)>,
    /// Device codes that were given out and signatures of assertions that came: secret as long as they count.
    pub(crate) given: Vec<String>,
    codes: BTreeMap<String, Code>,
    /// Identifiers of assertions that were used.
    assertions: Vec<String>,
}

#[derive(Debug)]
struct Code {
    tenant: String,
    client: String,
    scope: String,
    asked: u32,
}

type Form = BTreeMap<String, String>;

/// Their own code and number, in their form.
fn refused(status: u16, error: &str, number: u32, text: &str, now: u64) -> Reply {
    let date = date(now).replace('T', " ");
    Reply::json(
        status,
        &json!({
            "error": error, "error_description": format!("AADSTS{number}: {text}"), "error_codes": [number],
            "timestamp": date, "trace_id": "21a7ca08-5c6d-4238-a06f-d7808ff27900",
            "correlation_id": "55137716-1f7e-42e1-b0fa-4d07b8d4896c",
        }),
    )
}

pub(crate) fn answer(world: &mut World, path: &[&str], body: &[u8], now: u64) -> Reply {
    let form: Form = pairs(&String::from_utf8_lossy(body)).into_iter().collect();
    let (tenant, route) = match path {
        [tenant, "oauth2", "v2.0", route] => (*tenant, *route),
        _ => return Reply::status(404),
    };
    let Some(found) = world.tenants.iter().find(|one| one.id == tenant) else {
        return refused(400, "invalid_request", 90_002, &format!("Tenant '{tenant}' not found."), now);
    };
    let client = form.get("client_id").cloned().unwrap_or_default();
    let Some(app) = found.apps.iter().find(|app| app.client == client).cloned() else {
        let text = format!("Application with identifier '{client}' was not found in the directory '{}'.", found.name);
        return refused(400, "unauthorized_client", 700_016, &text, now);
    };
    match route {
        "devicecode" => device_code(world, tenant, &app, &form, now),
        "token" => match form.get("grant_type").map(String::as_str) {
            Some("client_credentials") => client_credentials(world, tenant, &app, &form, now),
            Some("urn:ietf:params:oauth:grant-type:device_code") => redeem(world, tenant, &app, &form, now),
            Some("refresh_token") => refresh(world, tenant, &app, &form, now),
            _ => refused(400, "unsupported_grant_type", 70_003, "The app requested an unsupported grant type.", now),
        },
        _ => Reply::status(404),
    }
}

fn device_code(world: &mut World, tenant: &str, app: &App, form: &Form, now: u64) -> Reply {
    if app.person == Person::Blocked {
        let text = "Access has been blocked by Conditional Access policies.";
        return refused(400, "invalid_grant", 53_003, text, now);
    }
    let code = world.fresh("device code");
    world.sign_ins.given.push(code.clone());
    let user_code = code[..8].to_uppercase();
    let scope = form.get("scope").cloned().unwrap_or_default();
    world
        .sign_ins
        .codes
        .insert(code.clone(), Code { tenant: tenant.to_owned(), client: app.client.clone(), scope, asked: 0 });
    let at = "https://microsoft.com/devicelogin";
    let message = format!("To sign in, open {at} and enter the code {user_code}.");
    Reply::json(
        200,
        &json!({
            "device_code": code, "user_code": user_code, "verification_uri": at, "expires_in": 900, "interval": 1,
            "message": message,
        }),
    )
}

fn redeem(world: &mut World, tenant: &str, app: &App, form: &Form, now: u64) -> Reply {
    let code = form.get("device_code").map_or("", String::as_str);
    let known = world.sign_ins.codes.get_mut(code).filter(|one| one.tenant == tenant && one.client == app.client);
    let Some(known) = known else {
        return refused(400, "bad_verification_code", 70_019, "The verification code is not recognised.", now);
    };
    known.asked += 1;
    match app.person {
        Person::SignsIn(polls) if known.asked > polls => {
            let scope = known.scope.clone();
            world.sign_ins.codes.remove(code);
            for_a_person(world, tenant, app, &scope, now)
        }
        Person::SignsIn(_) | Person::Waits | Person::Blocked => {
            refused(400, "authorization_pending", 70_016, "The person has not signed in yet.", now)
        }
        Person::Declines => refused(400, "authorization_declined", 70_008, "The person declined.", now),
        Person::LetsItExpire => refused(400, "expired_token", 70_020, "The code has expired.", now),
    }
}

fn refresh(world: &mut World, tenant: &str, app: &App, form: &Form, now: u64) -> Reply {
    let token = form.get("refresh_token").map_or("", String::as_str);
    let owner = world.sign_ins.refresh.get(token);
    if owner.is_none_or(|(of, client)| of != tenant || *client != app.client) {
        return refused(400, "invalid_grant", 700_082, "The refresh token has expired or was revoked.", now);
    }
    let scope = form.get("scope").cloned().unwrap_or_default();
    for_a_person(world, tenant, app, &scope, now)
}

fn for_a_person(world: &mut World, tenant: &str, app: &App, scope: &str, now: u64) -> Reply {
    let Some(audience) = audience(world, scope) else { return no_such_resource(scope, now) };
    let bare = |scope: &str| scope.rsplit('/').next().unwrap().to_owned();
    let own = ["openid", "profile", "email", "offline_access", ".default"];
    let mut asked = scope.split(' ').map(bare).filter(|scope| !own.contains(&scope.as_str()));
    if let Some(missing) = asked.find(|scope| !app.scopes.contains(scope)) {
        return refused(400, "invalid_grant", 65_001, &format!("Nobody has consented to {missing}."), now);
    }
    let mut answer = issue(world, tenant, app, audience, true, now);
    if scope.split(' ').any(|scope| scope == "offline_access") {
        let token = format!("0.Af{}", to_base64_url(world.fresh("refresh token").as_bytes()));
        world.sign_ins.refresh.insert(token.clone(), (tenant.to_owned(), app.client.clone()));
        answer["refresh_token"] = Value::String(token);
    }
    Reply::json(200, &answer)
}

fn client_credentials(world: &mut World, tenant: &str, app: &App, form: &Form, now: u64) -> Reply {
    let invalid = |number, text: &str| refused(401, "invalid_client", number, text, now);
    match (form.get("client_secret"), form.get("client_assertion")) {
        (Some(_), Some(_)) | (None, None) => {
            return invalid(7_000_218, "One client_assertion or client_secret is needed.");
        }
        (Some(secret), None) if app.secret.as_ref() != Some(secret) => {
            return invalid(7_000_215, "Invalid client secret provided.");
        }
        (Some(_), None) => (),
        (None, Some(assertion)) => {
            if let Err((number, text)) = check(world, tenant, app, assertion, now) {
                return invalid(number, text);
            }
        }
    }
    let scope = form.get("scope").map_or("", String::as_str);
    if !scope.ends_with("/.default") {
        return refused(400, "invalid_scope", 1_002_012, "The scope of client credentials ends in /.default.", now);
    }
    let Some(audience) = audience(world, scope) else { return no_such_resource(scope, now) };
    Reply::json(200, &issue(world, tenant, app, audience, false, now))
}

/// A signed assertion as RFC 7523 has it, by a certificate that the tenant knows.
fn check(world: &mut World, tenant: &str, app: &App, assertion: &str, now: u64) -> Result<(), (u32, &'static str)> {
    let malformed = (50_027, "The assertion is no JWT.");
    let parts: Vec<_> = assertion.split('.').collect();
    let [head, claims, signature] = parts[..] else { return Err(malformed) };
    world.sign_ins.given.push(signature.to_owned());
    let read = |part: &str| -> Option<Value> { serde_json::from_slice(&base64_url(part)?).ok() };
    let (Some(head_read), Some(claims_read)) = (read(head), read(claims)) else { return Err(malformed) };
    let certificate = app.certificate.as_ref().ok_or((700_027, "No certificate is registered."))?;
    if head_read["x5t#S256"] != certificate.thumbprint.as_str() || head_read["alg"] != "PS256" {
        return Err((700_027, "The certificate of the assertion is not registered."));
    }
    let signature = base64_url(signature).ok_or(malformed)?;
    UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, &certificate.public_key)
        .verify(format!("{head}.{claims}").as_bytes(), &signature)
        .map_err(|_| (700_027, "The signature of the assertion is not valid."))?;
    let here = format!("{}/{tenant}/oauth2/v2.0/token", world.urls[&Host::Entra]);
    let published = format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token");
    if claims_read["aud"] != here.as_str() && claims_read["aud"] != published.as_str() {
        return Err((700_021, "The audience of the assertion is another."));
    }
    if claims_read["iss"] != app.client.as_str() || claims_read["sub"] != app.client.as_str() {
        return Err((700_021, "The issuer and subject of the assertion are another."));
    }
    let (seconds, second) = (now / 1_000, |name: &str| claims_read[name].as_u64().unwrap_or_default());
    if second("exp") <= seconds || second("nbf") > seconds + 300 || second("exp") > seconds + 3_600 {
        return Err((700_024, "The assertion is not within its valid time range."));
    }
    let id = claims_read["jti"].as_str().unwrap_or_default().to_owned();
    if id.is_empty() || world.sign_ins.assertions.contains(&id) {
        return Err((700_025, "The identifier of the assertion was used before."));
    }
    world.sign_ins.assertions.push(id);
    Ok(())
}

fn no_such_resource(scope: &str, now: u64) -> Reply {
    refused(400, "invalid_resource", 500_011, &format!("The resource of {scope:?} was not found."), now)
}

/// The service that the first scope with an address names; Graph if none has one.
fn audience(world: &World, scope: &str) -> Option<Host> {
    let own = ["openid", "profile", "email", "offline_access"];
    let Some(first) = scope.split(' ').find(|scope| !own.contains(scope)) else { return Some(Host::Graph) };
    let hosts =
        [(Host::Graph, "https://graph.microsoft.com"), (Host::Partner, "https://api.partnercenter.microsoft.com")];
    let at = |base: &str| first.starts_with(&format!("{base}/"));
    let known = hosts.into_iter().find(|(host, base)| at(base) || at(&world.urls[host])).map(|(host, _)| host);
    known.or_else(|| (!first.contains("://")).then_some(Host::Graph))
}

fn issue(world: &mut World, tenant: &str, app: &App, audience: Host, delegated: bool, now: u64) -> Value {
    let permissions = if delegated { app.scopes.clone() } else { app.roles.clone() };
    let until = now + world.pace.token_life;
    let part = |value: &Value| to_base64_url(value.to_string().as_bytes());
    let mut claims = json!({"tid": tenant, "appid": app.client, "exp": until / 1_000});
    claims[if delegated { "scp" } else { "roles" }] = json!(permissions);
    let secret = to_base64_url(&Sha256::digest(world.fresh("access token")));
    let token = format!("{}.{}.{secret}", part(&json!({"typ": "JWT", "alg": "RS256"})), part(&claims));
    world.sign_ins.tokens.insert(
        token.clone(),
        Token { tenant: tenant.to_owned(), client: app.client.clone(), audience, permissions, delegated, until },
    );
    let expires = world.pace.token_life / 1_000;
    json!({"token_type": "Bearer", "expires_in": expires, "ext_expires_in": expires, "access_token": token})
}

impl Directory {
    /// Whose token this is, if this service takes it now.
    pub(crate) fn token(&self, authorization: &str, host: Host, now: u64) -> Option<&Token> {
        let token = self.tokens.get(authorization.strip_prefix("Bearer ")?)?;
        (token.audience == host && token.until > now).then_some(token)
    }
}
