//! What Entra says instead of a token, and what that means to a person.
//!
//! Sources: Microsoft, "Microsoft Entra authentication and authorization error codes"; RFC 6749, 5.2; RFC 8628, 3.5.

use serde::Deserialize;

use crate::{customer::Cloud, problem::Problem};

/// For whom a token was asked.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    pub customer: &'a str,
    /// Directory id.
    pub tenant: &'a str,
    pub client_id: &'a str,
    pub cloud: Cloud,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    status: u16,
    /// The word of OAuth; empty if the answer was no such answer.
    error: String,
    /// The numbers behind AADSTS.
    codes: Vec<u64>,
    /// The first line of what is said about it.
    words: String,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u64>,
}

impl Refused {
    pub(super) fn read(status: u16, body: &[u8]) -> Self {
        let Ok(answer) = serde_json::from_slice::<ErrorAnswer>(body) else {
            return Self::unreadable(status, "It is not Entra's way to answer; a gateway may be between");
        };
        let words = answer.error_description.split(" Trace ID:").next().unwrap_or_default();
        let first = words.lines().next().unwrap_or_default();
        let words: String = first.chars().filter(|c| !c.is_control()).take(300).collect();
        let mut codes = answer.error_codes;
        codes.extend(code_in(&words).filter(|code| !codes.contains(code)).collect::<Vec<_>>());
        Self { status, error: answer.error, codes, words }
    }

    /// An answer that says nothing we understand.
    pub(super) fn unreadable(status: u16, words: &str) -> Self {
        Self { status, error: String::new(), codes: vec![], words: words.to_owned() }
    }

    /// Our own clock says that the code is over.
    pub fn expired_code() -> Self {
        Self { status: 400, error: "expired_token".to_owned(), codes: vec![], words: String::new() }
    }

    /// Nobody has entered the code yet.
    pub fn is_pending(&self) -> bool {
        self.error == "authorization_pending"
    }

    pub fn is_slow_down(&self) -> bool {
        self.error == "slow_down"
    }

    /// It may go by itself: a fault of the service, or too many requests.
    pub fn is_passing(&self) -> bool {
        matches!(self.status, 408 | 429 | 500..=599)
            || matches!(self.error.as_str(), "temporarily_unavailable" | "server_error")
            || self.codes.iter().any(|code| matches!(code, 90033 | 90055 | 50196))
    }

    /// The token by which a person's sign-in goes on counts no more: they sign in again.
    pub fn ends_sign_in(&self) -> bool {
        self.error == "invalid_grant" || self.error == "interaction_required"
    }

    pub fn problem(&self, asker: &Asker<'_>) -> Problem {
        let Asker { customer, tenant, client_id, cloud } = asker;
        let what = format!("Signing in for {customer} failed.");
        // What the person did with the code says more than the number beside it.
        let by_word =
            matches!(self.error.as_str(), "authorization_declined" | "bad_verification_code" | "expired_token");
        let known = self.codes.iter().filter(|_| !by_word).find_map(|code| Some((*code, meaning(*code)?)));
        if let Some((code, (why, next))) = known {
            let fill = |text: &str| {
                text.replace("{tenant}", tenant).replace("{app}", client_id).replace("{cloud}", cloud.words())
            };
            return Problem::new(what, format!("{} (AADSTS{code}).", fill(why)), fill(next));
        }
        let (why, next) = match self.error.as_str() {
            "authorization_declined" | "access_denied" => (
                "Whoever entered the code declined it.".to_owned(),
                "Begin again, and ask who declined if it was none of you.",
            ),
            "expired_token" | "code_expired" => {
                ("Nobody entered the code in time.".to_owned(), "Begin again: whiteglove sign-in, or on the board.")
            }
            "bad_verification_code" => (
                "The code is not known there, or was used already.".to_owned(),
                "Begin again and use the new code; it counts once.",
            ),
            "invalid_client" => (
                format!("Entra does not take the proof of the application {client_id}: {}.", self.said()),
                "Set its secret or certificate anew: whiteglove secret set.",
            ),
            _ if self.is_passing() => (
                format!("Entra has a fault or too much to do (HTTP {}: {}).", self.status, self.said()),
                "Wait some minutes; it is tried again by itself.",
            ),
            "" => (
                format!("The answer cannot be used (HTTP {}): {}.", self.status, self.said()),
                "Check the addresses of the cloud in config.toml and what is between here and the internet.",
            ),
            error => (
                format!("Entra says {error}: {}.", self.said()),
                "Show this to the customer's Entra administrator; Microsoft's pages list the AADSTS numbers.",
            ),
        };
        Problem::new(what, why, next)
    }

    fn said(&self) -> &str {
        match self.words.trim().trim_end_matches('.') {
            "" => "nothing more is said",
            words => words,
        }
    }
}

/// `AADSTS7000215: Invalid client secret...`
fn code_in(words: &str) -> impl Iterator<Item = u64> {
    words.match_indices("AADSTS").filter_map(|(at, mark)| {
        let digits = words.get(at + mark.len()..)?;
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits.get(..end)?.parse().ok()
    })
}

/// Why, and what to do next; without the full stop of the first.
fn meaning(code: u64) -> Option<(&'static str, &'static str)> {
    Some(match code {
        7000215 => (
            "The client secret is not the one of the application {app}; often its ID was copied in place of its value",
            "Copy the value of the secret (shown once, when it is made) and set it: whiteglove secret set.",
        ),
        7000222 => (
            "The client secret of the application {app} has expired",
            "Have a new one made in the customer's Entra admin center and set it: whiteglove secret set.",
        ),
        700027 | 7000277 => (
            "The certificate is not one of the application {app}, or its key signed something else",
            "Upload the certificate (without its key) to the application in Entra, or set the one that is there: \
             whiteglove secret set.",
        ),
        700024 => (
            "The clock of this machine and Microsoft's differ by more than five minutes, so the signed statement does \
             not count",
            "Set this machine's clock (timedatectl), then try again.",
        ),
        7000218 | 7000216 => (
            "The application {app} is no public client, so nobody can sign in with a code through it",
            "Switch on \"Allow public client flows\" in its registration under Authentication, or set a secret or \
             certificate for it: whiteglove secret set.",
        ),
        700025 => (
            "The application {app} is a public client, and those have no secret and no certificate",
            "Set it as one that a person signs in with (whiteglove secret set CUSTOMER --client-id ID --person), or take \
             the application that has the secret.",
        ),
        700016 | 7000229 => (
            "The tenant {tenant} does not know the application {app}",
            "Compare the two with the app registration; if it is another tenant's, the customer's administrator has to \
             consent to it once. An app registration counts in one cloud only.",
        ),
        7000112 => (
            "The application {app} is switched off in the tenant",
            "Ask the customer's Entra administrator to enable it under enterprise applications.",
        ),
        90002 | 900021 | 900023 | 90052 => (
            "There is no tenant {tenant} in the cloud {cloud}",
            "Compare the tenant and the cloud of the customer with the overview page of the Entra admin center.",
        ),
        900382 | 900432 | 90038 | 90051 => (
            "The tenant {tenant} is in another cloud than {cloud}",
            "Correct the cloud of the customer: whiteglove customer set.",
        ),
        50105 => (
            "The account is not assigned to the application {app}",
            "The customer's Entra administrator assigns it under enterprise applications, Users and groups.",
        ),
        65001 | 90094 | 65004 | 90008 | 650057 => (
            "Nobody has consented to what the application {app} asks for",
            "An administrator of the tenant grants consent once, under API permissions; README.md lists which rights.",
        ),
        650052 | 650051 | 500011 => (
            "The tenant {tenant} has no such service: mostly there is no Intune licence, or no Partner Center",
            "Ask the customer which licences the tenant has.",
        ),
        70011 | 1002012 => (
            "The application {app} may not be asked for these rights",
            "Check the cloud of the customer and the rights of the application; README.md lists them.",
        ),
        53003 | 530034 | 530036 => (
            "The tenant's Conditional Access blocks this way to sign in; many tenants block sign-in by code",
            "Use an application with a certificate or secret instead (whiteglove secret set), or ask for an exception \
             for this account and place.",
        ),
        53000 | 53001 | 53002 | 530003 | 530002 | 50097 | 50131 => (
            "The tenant's Conditional Access wants a managed device to sign in from",
            "Enter the code on such a device, or use an application with a certificate: whiteglove secret set.",
        ),
        50076 | 50078 | 50079 | 50072 | 50074 | 50158 => (
            "A second factor is wanted, and none was given or it is too old",
            "Sign in again and confirm it: whiteglove sign-in.",
        ),
        70008 | 700082 | 700084 | 70043 | 50089 | 50173 | 50133 | 54005 => (
            "The sign-in has ended: it was not used for long, was withdrawn, or the password was changed",
            "Sign in again: whiteglove sign-in.",
        ),
        50057 => ("The account is switched off", "Sign in with another account, or ask why it is."),
        50034 | 50020 | 90072 | 51004 | 16003 | 500208 | 500212 => (
            "The account is none of the tenant {tenant}",
            "Sign in with an account of that tenant, or correct the tenant of the customer.",
        ),
        70016 => ("Nobody has entered the code yet", "Enter the code that is shown."),
        70018..=70020 => {
            ("The code is over, was used already, or is not the one that was shown", "Begin again: whiteglove sign-in.")
        }
        _ => return None,
    })
}
