//! Signing in at Microsoft Entra: what is posted, and what comes back (RFC 6749, RFC 7523, RFC 8628).
//!
//! Nothing here judges whether a token is genuine: it came over TLS from where it was asked for. What can be read in
//! it is used for one thing only, to tell a person early that it is not the one that was wanted.

pub mod assertion;
pub mod certificate;
mod claims;
pub mod device;
mod refused;

use std::{fmt, time::Duration};

use serde::Deserialize;
use zeroize::Zeroizing;

pub use claims::Claims;
pub use refused::{Asker, Refused};

use super::{Service, endpoints::Permission};
use crate::{clock::Moment, problem::Problem, secret::Secret};

/// A token is not used in its last minutes: a request may be on its way for a while, and clocks differ.
const MARGIN: Duration = Duration::from_secs(120);

/// A body of `application/x-www-form-urlencoded`. It holds secrets, so it prints nothing.
pub struct Form(Zeroizing<String>);

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Form")
    }
}

impl Form {
    fn of(fields: &[(&str, &str)]) -> Self {
        // At once as large as it can become: a text that grows leaves copies of itself behind.
        let size = fields.iter().map(|(name, value)| 3 * value.len() + name.len() + 2).sum();
        let mut body = Zeroizing::new(String::with_capacity(size));
        for (name, value) in fields {
            if !body.is_empty() {
                body.push('&');
            }
            body.push_str(name);
            body.push('=');
            for byte in value.bytes() {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => body.push(char::from(byte)),
                    _ => {
                        const HEX: &[u8; 16] = b"0123456789ABCDEF";
                        body.push('%');
                        body.push(char::from(HEX[usize::from(byte >> 4)]));
                        body.push(char::from(HEX[usize::from(byte & 15)]));
                    }
                }
            }
        }
        Self(body)
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Asks for a code that a person enters elsewhere.
    pub fn device_code(client_id: &str, scope: &str) -> Self {
        Self::of(&[("client_id", client_id), ("scope", scope)])
    }

    /// Asks whether the person has entered it.
    pub fn poll(client_id: &str, device_code: &Secret) -> Self {
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        Self::of(&[("grant_type", grant), ("client_id", client_id), ("device_code", device_code.expose())])
    }

    /// The application acts by itself.
    pub fn client_credentials(client_id: &str, scope: &str, proof: &Proof) -> Self {
        let mut fields = vec![("grant_type", "client_credentials"), ("client_id", client_id), ("scope", scope)];
        fields.extend(proof.fields());
        Self::of(&fields)
    }

    /// A person signed in earlier.
    pub fn refresh(client_id: &str, scope: &str, refresh: &Secret, proof: &Proof) -> Self {
        let token = ("refresh_token", refresh.expose());
        let mut fields = vec![("grant_type", "refresh_token"), ("client_id", client_id), ("scope", scope), token];
        fields.extend(proof.fields());
        Self::of(&fields)
    }
}

/// How an application proves to be itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A public client: the person who signs in is the proof.
    None,
    Secret(Secret),
    /// [`assertion::Unsigned`], signed.
    Assertion(Secret),
}

impl Proof {
    fn fields(&self) -> Vec<(&str, &str)> {
        match self {
            Self::None => vec![],
            Self::Secret(secret) => vec![("client_secret", secret.expose())],
            Self::Assertion(assertion) => vec![
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", assertion.expose()),
            ],
        }
    }
}

/// What a sign-in gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub access: Secret,
    /// Only where a person signed in.
    pub refresh: Option<Secret>,
    pub lifetime: Duration,
    pub claims: Claims,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Secret,
    refresh_token: Option<Secret>,
    id_token: Option<Secret>,
    expires_in: Seconds,
}

/// Older doors of Entra write numbers as texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u64),
    Text(String),
}

impl Seconds {
    fn duration(&self) -> Duration {
        // A day at most: an answer that says for ever is not believed.
        let seconds = match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.trim().parse().unwrap_or(0),
        };
        Duration::from_secs(seconds.min(86_400))
    }
}

impl Grant {
    /// # Errors
    /// What Entra says instead of a token.
    pub fn read(status: u16, body: &[u8]) -> Result<Self, Refused> {
        if status != 200 {
            return Err(Refused::read(status, body));
        }
        let answer: TokenAnswer =
            serde_json::from_slice(body).map_err(|_| Refused::unreadable(status, "It has no token in it"))?;
        if answer.access_token.is_empty() || answer.access_token.expose().bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err(Refused::unreadable(status, "Its token is none"));
        }
        let claims = Claims::of(&answer.access_token, answer.id_token.as_ref());
        let refresh = answer.refresh_token.filter(|token| !token.is_empty());
        Ok(Self { access: answer.access_token, refresh, lifetime: answer.expires_in.duration(), claims })
    }

    /// Until when it is used. Short-lived ones keep half of their life.
    pub fn until(&self, now: Moment) -> Moment {
        now.after(self.lifetime - MARGIN.min(self.lifetime / 2))
    }

    /// # Errors
    /// It says itself that it is another tenant's.
    pub fn check_tenant(&self, asker: &Asker<'_>) -> Result<(), Problem> {
        match &self.claims.tenant {
            Some(tenant) if !tenant.eq_ignore_ascii_case(asker.tenant) => Err(Problem::new(
                format!("The sign-in for {} was refused here.", asker.customer),
                format!("It is one of the tenant {tenant}, and {}'s tenant is {}.", asker.customer, asker.tenant),
                "Sign in with an account of that tenant; or correct the tenant of the customer, if that one is wrong.",
            )),
            _ => Ok(()),
        }
    }

    /// Rights that it says it lacks; none if it does not say what it has.
    pub fn lacking(&self, service: Service, permissions: &[Permission]) -> Vec<&'static str> {
        let Some(rights) = self.claims.rights.as_ref().filter(|_| service == Service::Graph) else { return vec![] };
        let wanted = permissions.iter().flat_map(|permission| permission.scopes()).copied();
        let has = |wanted: &str| {
            let wider = wanted.replace(".Read.All", ".ReadWrite.All");
            rights.iter().any(|right| right == wanted || *right == wider)
        };
        wanted.filter(|wanted| !has(wanted)).collect()
    }
}

#[cfg(test)]
mod tests;
