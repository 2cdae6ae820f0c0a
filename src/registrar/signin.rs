//! Who the bench is at each customer's services, and the tokens it gets for that.
//!
//! A token is fetched when it is needed, by one request at a time, and kept in memory only. Secrets are taken out of
//! the vault for that moment. What a person signed in for a shift is never written anywhere.

mod check;
mod door;
mod person;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use whiteglove_core::{
    clock::Moment,
    cloud::{Service, endpoints::Permission},
    customer::TenantId,
    date::Date,
    problem::Problem,
    registration::Tenant,
    secret::Secret,
    sign_in::{self, CredentialKind, NewCredential, NewProof, SignInState, SignInView, VaultState},
};

use self::door::Door;
use super::{
    credential::{Kept, Signing},
    http::{Client, Limits},
    line::Line,
    vault::{Effort, Header, Vault, VaultError},
};
use crate::{clock::now, config::Config};

/// A token that is good for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bearer {
    token: Secret,
    until: Moment,
}

impl Bearer {
    pub(crate) fn token(&self) -> &Secret {
        &self.token
    }
}

/// For one customer.
#[derive(Clone)]
pub(crate) struct Tokens {
    graph: Arc<Door>,
    partner: Arc<Door>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    fn door(&self, service: Service) -> &Arc<Door> {
        match service {
            Service::Graph => &self.graph,
            Service::PartnerCenter => &self.partner,
        }
    }

    /// # Errors
    /// What a person has to do first, or what is wrong at Entra. Entra is not asked again for a while then.
    pub(crate) async fn bearer(&self, service: Service) -> Result<Bearer, Problem> {
        self.door(service).bearer(None).await
    }

    /// In place of one that the service did not take.
    ///
    /// # Errors
    /// As for [`Tokens::bearer`].
    pub(crate) async fn renew(&self, service: Service, refused: &Bearer) -> Result<Bearer, Problem> {
        self.door(service).bearer(Some(refused)).await
    }
}

/// Shared by all that need the vault. Guards I/O, not the bench.
pub(crate) type SharedVault = Arc<Mutex<Vault>>;

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves no half-made state here.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is shown; every door writes its own line.
#[derive(Clone)]
pub(crate) struct Board(watch::Sender<Arc<sign_in::SignIns>>);

impl Board {
    fn show(&self, customer: &str, service: Service, change: impl FnOnce(&mut SignInView)) {
        self.0.send_modify(|shown| {
            let shown = Arc::make_mut(shown);
            if let Some(view) = shown.list.iter_mut().find(|view| view.customer == customer && view.service == service)
            {
                change(view);
            }
        });
    }
}

/// A customer whose services were used.
struct Known {
    tenant: Tenant,
    line: Line,
    tokens: Tokens,
}

/// Of all customers.
#[derive(Clone)]
pub(crate) struct SignIns {
    config: Arc<Config>,
    limits: Limits,
    vault: SharedVault,
    board: Board,
    /// Whom to show.
    tenants: Arc<Mutex<Vec<Tenant>>>,
    /// By customer; made when they are first used.
    lines: Arc<Mutex<BTreeMap<String, Known>>>,
}

impl fmt::Debug for SignIns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignIns")
    }
}

impl SignIns {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            config: Arc::new(config.clone()),
            limits: Limits::default(),
            vault: Arc::new(Mutex::new(Vault::at(&config.state, Effort::USUAL))),
            board: Board(watch::Sender::new(Arc::default())),
            tenants: Arc::default(),
            lines: Arc::default(),
        }
    }

    /// What a front end sees of them; changes whenever something does.
    pub(crate) fn seen(&self) -> watch::Receiver<Arc<sign_in::SignIns>> {
        self.board.0.subscribe()
    }

    pub(crate) fn shown(&self) -> Arc<sign_in::SignIns> {
        Arc::clone(&self.board.0.borrow())
    }

    /// The same one as long as tenant and cloud are the same, so that all of a tenant share its tokens.
    ///
    /// # Errors
    /// TLS cannot be set up on this machine.
    pub(crate) fn line(&self, tenant: &Tenant) -> Result<Line, Problem> {
        let mut lines = locked(&self.lines);
        if let Some(known) = lines.get(&tenant.customer).filter(|known| known.tenant == *tenant) {
            return Ok(known.line.clone());
        }
        let endpoints = self.config.clouds.endpoints(tenant.cloud);
        let client = Client::new(&endpoints, self.limits)?;
        let door = |service| {
            let (client, endpoints) = (client.clone(), endpoints.clone());
            Arc::new(Door::new(tenant.clone(), service, client, endpoints, Arc::clone(&self.vault), self.board.clone()))
        };
        let tokens = Tokens { graph: door(Service::Graph), partner: door(Service::PartnerCenter) };
        let line = Line::new(client.clone(), endpoints.clone(), tokens.clone());
        lines.insert(tenant.customer.clone(), Known { tenant: tenant.clone(), line: line.clone(), tokens });
        Ok(line)
    }

    /// Whom to show. Tokens of customers that are gone, or have another tenant now, are dropped.
    pub(crate) fn customers(&self, tenants: Vec<Tenant>) {
        let mut shown = locked(&self.tenants);
        if *shown == tenants {
            return;
        }
        locked(&self.lines).retain(|_, known| tenants.contains(&known.tenant));
        *shown = tenants;
        drop(shown);
        let all = self.clone();
        drop(tokio::task::spawn_blocking(move || all.look()));
    }

    /// Compares what is shown with what the vault has. Reads files, and may wait for the vault.
    fn look(&self) {
        let tenants = locked(&self.tenants).clone();
        let vault = locked(&self.vault);
        let state = vault.state();
        let mut found = vec![];
        for tenant in &tenants {
            for service in [Service::Graph, Service::PartnerCenter] {
                let header = vault.header(&tenant.customer, service);
                // Few customers have one there, and nothing is amiss without.
                if service == Service::Graph || !matches!(header, Ok(None)) {
                    found.push((tenant, service, header));
                }
            }
        }
        drop(vault);
        self.board.0.send_if_modified(|shown| {
            let list = found.into_iter().map(|(tenant, service, header)| {
                let before = shown.list.iter().find(|view| view.customer == tenant.customer && view.service == service);
                let lives = locked(&self.lines).get(&tenant.customer).is_some_and(|known| known.tenant == *tenant);
                view(tenant, service, header, state, before.filter(|_| lives))
            });
            let new = Arc::new(sign_in::SignIns { vault: state, list: list.collect() });
            let differs = *shown != new;
            *shown = new;
            differs
        });
    }

    /// What systemd keeps for us (`LoadCredentialEncrypted=whiteglove-vault`), if it does.
    ///
    /// # Errors
    /// It gives something, and that does not open the vault.
    pub(crate) async fn open_by_system(&self) -> Result<(), Problem> {
        self.look_again().await;
        let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") else { return Ok(()) };
        let path = std::path::Path::new(&folder).join("whiteglove-vault");
        if !path.exists() {
            return Ok(());
        }
        let what = "The vault was not opened by the system.";
        let key = std::fs::read(&path)
            .map(zeroize::Zeroizing::new)
            .map_err(|error| VaultError::Unusable(path.clone(), error.to_string()).problem(what))?;
        self.in_vault(what, move |vault| vault.open_by_system(&key)).await
    }

    /// # Errors
    /// Why it stays locked.
    pub(crate) async fn unlock(&self, passphrase: Secret) -> Result<(), Problem> {
        self.in_vault("The vault stays locked.", move |vault| vault.unlock(&passphrase)).await?;
        self.try_again().await;
        Ok(())
    }

    /// # Errors
    /// Why it was not set.
    pub(crate) async fn set_passphrase(&self, passphrase: Secret) -> Result<(), Problem> {
        self.in_vault("The passphrase was not set.", move |vault| vault.set_passphrase(&passphrase)).await
    }

    /// # Errors
    /// What is wrong with it.
    pub(crate) async fn set(&self, tenant: &Tenant, new: NewCredential) -> Result<(), Problem> {
        let what = format!("The credential of {} was not set.", tenant.customer);
        let header = header(tenant, &new)?;
        let kept = Kept { key: new.proof.into(), refresh: new.refresh };
        self.in_vault(&what, move |vault| vault.set(&header, &kept)).await?;
        self.forget_tokens(&tenant.customer).await;
        Ok(())
    }

    /// `false`: there was nothing.
    ///
    /// # Errors
    /// Why it is still there.
    pub(crate) async fn forget(&self, customer: &str) -> Result<bool, Problem> {
        let what = format!("What is kept for {customer} was not forgotten.");
        let name = customer.to_owned();
        let was_there = self.in_vault(&what, move |vault| vault.forget(&name)).await?;
        self.forget_tokens(customer).await;
        Ok(was_there)
    }

    /// A person begins to sign in; what they have to enter where is shown from then on.
    ///
    /// # Errors
    /// No code could be had.
    pub(crate) async fn sign_in(
        &self,
        tenant: &Tenant,
        service: Service,
        client_id: Option<String>,
        permissions: Vec<Permission>,
    ) -> Result<(String, String), Problem> {
        self.line(tenant)?.tokens().door(service).sign_in(client_id, permissions).await
    }

    /// Ends what a person signed in for; what is in the vault stays.
    pub(crate) async fn sign_out(&self, customer: &str) {
        self.forget_tokens(customer).await;
    }

    async fn forget_tokens(&self, customer: &str) {
        let tokens = locked(&self.lines).get(customer).map(|known| known.tokens.clone());
        if let Some(tokens) = tokens {
            tokens.graph.forget().await;
            tokens.partner.forget().await;
        }
        self.look_again().await;
    }

    async fn try_again(&self) {
        let all: Vec<_> = locked(&self.lines).values().map(|known| known.tokens.clone()).collect();
        for tokens in all {
            tokens.graph.try_again().await;
            tokens.partner.try_again().await;
        }
    }

    async fn look_again(&self) {
        let all = self.clone();
        if tokio::task::spawn_blocking(move || all.look()).await.is_err() {
            tracing::warn!("what the vault has could not be shown");
        }
    }

    /// Argon2 and disks take their time, and no task waits for them.
    async fn in_vault<T: Send + 'static>(
        &self,
        what: &str,
        act: impl FnOnce(&mut Vault) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, Problem> {
        let vault = Arc::clone(&self.vault);
        let done = tokio::task::spawn_blocking(move || act(&mut locked(&vault))).await;
        let done = done.map_err(|error| Problem::new(what, format!("{error}."), "Try again, and report this."))?;
        self.look_again().await;
        done.map_err(|error| error.problem(what))
    }
}

/// One line of what is shown.
fn view(
    tenant: &Tenant,
    service: Service,
    header: Result<Option<Header>, VaultError>,
    vault: VaultState,
    before: Option<&SignInView>,
) -> SignInView {
    let (credential, at_rest) = match header {
        Ok(header) => {
            let state = match &header {
                None => SignInState::NoCredential,
                Some(header) if header.kind == CredentialKind::Person => SignInState::NeedsPerson,
                Some(_) if vault == VaultState::Open => SignInState::Ready,
                Some(_) => SignInState::NeedsUnlock,
            };
            (header.as_ref().map(Header::view), state)
        }
        Err(error) => (None, SignInState::Failed(error.problem(&door::failed(&tenant.customer)))),
    };
    let (state, lacks) = match before {
        // What goes on does not end because something else in the vault changed.
        Some(before) if !before.state.is_at_rest() => (before.state.clone(), before.lacks.clone()),
        _ => (at_rest, vec![]),
    };
    SignInView { customer: tenant.customer.clone(), service, state, credential, lacks }
}

/// What a person set, looked at as far as that goes without asking anybody.
fn header(tenant: &Tenant, new: &NewCredential) -> Result<Header, Problem> {
    let wrong =
        |why: &str, next: &str| Problem::new(format!("The credential of {} was not set.", tenant.customer), why, next);
    let client_id = TenantId::try_from(new.client_id.clone()).map_err(|_| {
        wrong("The client ID is none: it is a GUID.", "Copy the \"Application (client) ID\" of the app registration.")
    })?;
    let (kind, expires) = match &new.proof {
        NewProof::Person => (CredentialKind::Person, new.expires),
        NewProof::Secret(secret) => {
            let text = secret.expose();
            if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return Err(wrong(
                    "The secret is empty, or has blanks or line ends in it.",
                    "Copy the value of the client secret and nothing else.",
                ));
            }
            if TenantId::try_from(text.to_owned()).is_ok() {
                return Err(wrong(
                    "This is the ID of a secret: Microsoft's secrets are no GUIDs.",
                    "Copy its value; it is shown once, when the secret is made.",
                ));
            }
            (CredentialKind::Secret, new.expires)
        }
        NewProof::Certificate(pem) => {
            let ends = Signing::parse(pem)?.certificate.ends;
            if ends <= now() {
                return Err(wrong(
                    "The certificate has expired.",
                    "Make a new one, upload it to the app registration and set it here.",
                ));
            }
            (CredentialKind::Certificate, Some(new.expires.unwrap_or(Date::of(ends)).min(Date::of(ends))))
        }
    };
    Ok(Header {
        customer: tenant.customer.clone(),
        tenant: tenant.id.clone(),
        service: new.service,
        signs_in_at: new.tenant.clone().map_or_else(|| tenant.id.clone(), String::from),
        client_id: client_id.to_string(),
        kind,
        expires,
        set: now(),
    })
}

/// With a vault in a folder of its own that costs nothing to open.
#[cfg(test)]
pub(crate) fn testing(
    endpoints: whiteglove_core::cloud::endpoints::Endpoints,
    limits: Limits,
) -> (SignIns, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::load(Some(std::path::Path::new("/dev/null")), Some(folder.path().to_owned())).unwrap();
    config.clouds = crate::config::Clouds::of(endpoints);
    let vault = Vault::at(folder.path(), Effort::TEST);
    let sign_ins = SignIns { limits, vault: Arc::new(Mutex::new(vault)), ..SignIns::new(&config) };
    (sign_ins, folder)
}

#[cfg(test)]
mod tests;
