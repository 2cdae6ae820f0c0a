//! How the bench is signed in at the services of its customers: what a front end may see of that, and ask.
//!
//! Nothing that is shown is a secret. What a person hands over is, and travels in a type that prints nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Moment,
    cloud::{Service, endpoints::Permission},
    customer::TenantId,
    date::Date,
    problem::Problem,
    secret::Secret,
};

/// All of a bench.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIns {
    pub vault: VaultState,
    /// In the order of customers, and of services below.
    pub list: Vec<SignInView>,
}

/// Where secrets are kept at rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VaultState {
    /// There is none yet: nobody has set a passphrase, and the system gives no key.
    #[default]
    Absent,
    /// Somebody types the passphrase first.
    Locked,
    Open,
}

/// One service of one customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInView {
    pub customer: String,
    pub service: Service,
    pub state: SignInState,
    pub credential: Option<CredentialView>,
    /// Rights that the sign-in says it has not, though the bench uses them.
    #[serde(default)]
    pub lacks: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignInState {
    /// Nobody has said who the bench is there.
    NoCredential,
    /// It is in the vault, and that is locked.
    NeedsUnlock,
    /// A person signs in, once a shift.
    NeedsPerson,
    /// It can sign in by itself, and has not had to yet.
    Ready,
    /// A person opens the page on any device and enters the code.
    Code {
        url: String,
        code: String,
        until: Moment,
    },
    /// `until`: of this token; it is renewed by itself before.
    SignedIn {
        who: Option<String>,
        until: Moment,
    },
    Failed(Problem),
}

impl SignInState {
    /// Nothing was tried yet: what is shown follows from what is kept.
    pub fn is_at_rest(&self) -> bool {
        matches!(self, Self::NoCredential | Self::NeedsUnlock | Self::NeedsPerson | Self::Ready)
    }

    /// In a few words.
    pub fn words(&self) -> String {
        match self {
            Self::NoCredential => "no credential".to_owned(),
            Self::NeedsUnlock => "vault is locked".to_owned(),
            Self::NeedsPerson => "somebody has to sign in".to_owned(),
            Self::Ready => "ready".to_owned(),
            Self::Code { url, code, .. } => format!("enter {code} at {url}"),
            Self::SignedIn { who: Some(who), .. } => format!("signed in as {who}"),
            Self::SignedIn { who: None, .. } => "signed in".to_owned(),
            Self::Failed(problem) => problem.what.clone(),
        }
    }
}

/// What is kept of a credential in the clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialView {
    pub client_id: String,
    pub kind: CredentialKind,
    /// Its last day, as far as anybody said.
    pub expires: Option<Date>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// Nothing secret: a person signs in with a code.
    Person,
    Secret,
    Certificate,
}

impl CredentialKind {
    pub fn words(self) -> &'static str {
        match self {
            Self::Person => "a person",
            Self::Secret => "secret",
            Self::Certificate => "certificate",
        }
    }
}

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Open the vault until the bench stops.
    Unlock {
        passphrase: Secret,
    },
    /// Make the vault, or change by what an open one is opened.
    SetPassphrase {
        passphrase: Secret,
    },
    Set(Box<NewCredential>),
    /// Destroy all that is kept for a customer.
    Forget {
        customer: String,
    },
    /// A person signs in with a code, for this shift. `client_id`: the application, if none is kept for the customer.
    Begin {
        customer: String,
        service: Service,
        client_id: Option<String>,
        permissions: Vec<Permission>,
    },
    /// Ask the service for something harmless, to see whether the sign-in is good for it.
    Check {
        customer: String,
        service: Service,
    },
    /// The shift is over.
    End {
        customer: String,
    },
}

/// How near the end of a credential is. Whole days, today counts as none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    Unknown,
    Fine,
    /// Within 30 days.
    Soon(u64),
    /// Within 7 days.
    Urgent(u64),
    Over,
}

const SOON: u64 = 30;
const URGENT: u64 = 7;

impl CredentialView {
    pub fn expiry(&self, now: Moment) -> Expiry {
        let Some(expires) = self.expires else { return Expiry::Unknown };
        let today = Date::of(now);
        if expires < today {
            return Expiry::Over;
        }
        match expires.begins().since(today.begins()).as_secs() / Duration::from_hours(24).as_secs() {
            days @ 0..=URGENT => Expiry::Urgent(days),
            days @ 0..=SOON => Expiry::Soon(days),
            _ => Expiry::Fine,
        }
    }
}

impl Expiry {
    /// Empty while there is nothing to do.
    pub fn words(self) -> String {
        match self {
            Self::Unknown | Self::Fine => String::new(),
            Self::Soon(days) | Self::Urgent(days @ 2..) => format!("expires in {days} days"),
            Self::Urgent(1) => "expires tomorrow".to_owned(),
            Self::Urgent(_) => "expires today".to_owned(),
            Self::Over => "has expired".to_owned(),
        }
    }
}

/// What a person sets for one service of one customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NewCredential {
    pub customer: String,
    pub service: Service,
    /// Where the application signs in, if it is not the customer's own tenant: a partner's.
    pub tenant: Option<TenantId>,
    pub client_id: String,
    pub proof: NewProof,
    /// Of a person who consented once (Partner Center's application and user).
    pub refresh: Option<Secret>,
    pub expires: Option<Date>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NewProof {
    Person,
    Secret(Secret),
    /// PEM of the certificate and of its key.
    Certificate(Secret),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_warned_of_ahead() {
        let view = |expires: &str| CredentialView {
            client_id: String::new(),
            kind: CredentialKind::Secret,
            expires: expires.parse().ok(),
        };
        let now = "2027-03-01".parse::<Date>().unwrap().at(23, 59, 59);
        let of = |expires: &str| view(expires).expiry(now);
        assert_eq!(of("2027-04-01"), Expiry::Fine);
        assert_eq!(of("2027-03-31"), Expiry::Soon(30));
        assert_eq!(of("2027-03-09"), Expiry::Soon(8));
        assert_eq!((of("2027-03-08"), of("2027-03-08").words().as_str()), (Expiry::Urgent(7), "expires in 7 days"));
        assert_eq!(of("2027-03-02").words(), "expires tomorrow");
        assert_eq!(of("2027-03-01").words(), "expires today");
        assert_eq!(of("2027-02-28"), Expiry::Over);
        assert_eq!(of("").words(), "");
    }
}
