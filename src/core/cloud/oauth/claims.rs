//! What a token says of itself. Not verified: the service it is for does that.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// As far as it can be read. Entra promises nothing about the inside of tokens for others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// Directory id.
    pub tenant: Option<String>,
    /// Who signed in: the account, else the application by its name.
    pub who: Option<String>,
    /// What it may do: `scp` of a person, `roles` of an application.
    pub rights: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Payload {
    tid: Option<String>,
    upn: Option<String>,
    preferred_username: Option<String>,
    unique_name: Option<String>,
    app_displayname: Option<String>,
    scp: Option<String>,
    roles: Option<Vec<String>>,
}

impl Claims {
    pub(super) fn of(access: &Secret, id: Option<&Secret>) -> Self {
        let access = payload(access);
        let id = id.and_then(payload);
        let from = |claim: fn(&Payload) -> Option<&String>| {
            let mut both = [access.as_ref(), id.as_ref()].into_iter().flatten();
            both.find_map(claim).map(|text| shown(text)).filter(|text| !text.is_empty())
        };
        let person = from(|payload| {
            payload.upn.as_ref().or(payload.preferred_username.as_ref()).or(payload.unique_name.as_ref())
        });
        Self {
            tenant: from(|payload| payload.tid.as_ref()),
            who: person.or_else(|| from(|payload| payload.app_displayname.as_ref())),
            rights: access.map(|payload| match payload.scp {
                Some(scopes) => scopes.split_whitespace().map(shown).collect(),
                None => payload.roles.unwrap_or_default().iter().map(|role| shown(role)).collect(),
            }),
        }
    }
}

/// It goes to a screen.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

fn payload(token: &Secret) -> Option<Payload> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::URL_SAFE,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let mut parts = token.expose().split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let text = Zeroizing::new(LENIENT.decode(payload).ok()?);
    serde_json::from_slice(&text).ok()
}
