//! One service of one customer: its token, and how a new one is had.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Mutex, task::AbortHandle};
use whiteglove_core::{
    clock::Moment,
    cloud::{
        Service,
        endpoints::{Endpoints, Permission},
        oauth::{Asker, Form, Grant, Proof, Refused},
    },
    problem::Problem,
    registration::Tenant,
    secret::Secret,
    sign_in::{SignInState, VaultState},
};

use super::{Bearer, Board, SharedVault, locked};
use crate::{
    clock::now,
    registrar::{
        credential::{Kept, Key},
        http::Client,
        vault::{Header, Owner},
    },
};

/// Before Entra is asked again after it refused: nothing changes there by asking.
const PATIENCE: Duration = Duration::from_secs(600);
/// After a fault that may pass.
const SHORT_PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Door {
    pub(super) tenant: Tenant,
    pub(super) service: Service,
    pub(super) client: Client,
    pub(super) endpoints: Endpoints,
    pub(super) vault: SharedVault,
    pub(super) board: Board,
    /// One at a time: whoever comes second finds the token that the first one fetched.
    pub(super) state: Mutex<State>,
    /// Waits for a person.
    pub(super) waiting: std::sync::Mutex<Option<AbortHandle>>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) bearer: Option<Bearer>,
    pub(super) shift: Option<Shift>,
    refused: Option<(Problem, Moment)>,
}

/// A person signed in. In memory only.
#[derive(Clone)]
pub(super) struct Shift {
    pub(super) client_id: String,
    pub(super) signs_in_at: String,
    pub(super) permissions: Vec<Permission>,
    pub(super) refresh: Secret,
}

/// Why there is no token.
enum Failure {
    /// Somebody has to do something first.
    Rest(SignInState, Problem),
    /// It may pass by itself.
    Passing(Problem),
    Lasting(Problem),
}

pub(super) fn failed(customer: &str) -> String {
    format!("Signing in for {customer} failed.")
}

impl Door {
    pub(super) fn new(
        tenant: Tenant,
        service: Service,
        client: Client,
        endpoints: Endpoints,
        vault: SharedVault,
        board: Board,
    ) -> Self {
        Self {
            tenant,
            service,
            client,
            endpoints,
            vault,
            board,
            state: Mutex::default(),
            waiting: std::sync::Mutex::default(),
        }
    }

    /// `refused`: one that the service did not take.
    pub(super) async fn bearer(&self, refused: Option<&Bearer>) -> Result<Bearer, Problem> {
        let mut state = self.state.lock().await;
        if let Some(bearer) = &state.bearer
            && now() < bearer.until
            && refused != Some(bearer)
        {
            return Ok(bearer.clone());
        }
        state.bearer = None;
        if let Some((problem, until)) = &state.refused
            && now() < *until
        {
            return Err(problem.clone());
        }
        match self.fetch(&mut state).await {
            Ok((grant, permissions)) => Ok(self.take(&mut state, &grant, &permissions)),
            Err(failure) => {
                let (shown, problem, patience) = match failure {
                    Failure::Rest(shown, problem) => (shown, problem, None),
                    Failure::Passing(problem) => (SignInState::Failed(problem.clone()), problem, Some(SHORT_PATIENCE)),
                    Failure::Lasting(problem) => (SignInState::Failed(problem.clone()), problem, Some(PATIENCE)),
                };
                tracing::warn!(customer = self.tenant.customer, service = ?self.service, why = problem.why, "no token");
                state.refused = patience.map(|patience| (problem.clone(), now().after(patience)));
                self.show(shown);
                Err(problem)
            }
        }
    }

    /// From now on this is the token.
    pub(super) fn take(&self, state: &mut State, grant: &Grant, permissions: &[Permission]) -> Bearer {
        let bearer = Bearer { token: grant.access.clone(), until: grant.until(now()) };
        state.bearer = Some(bearer.clone());
        state.refused = None;
        let lacks = grant.lacking(self.service, permissions);
        self.board.show(&self.tenant.customer, self.service, |view| {
            view.state = SignInState::SignedIn { who: grant.claims.who.clone(), until: bearer.until };
            view.lacks = lacks.iter().map(|right| (*right).to_owned()).collect();
        });
        bearer
    }

    pub(super) fn show(&self, shown: SignInState) {
        self.board.show(&self.tenant.customer, self.service, |view| view.state = shown);
    }

    /// Drops the tokens, and what a person signed in for.
    pub(super) async fn forget(&self) {
        if let Some(waiting) = locked(&self.waiting).take() {
            waiting.abort();
        }
        *self.state.lock().await = State::default();
        self.show(SignInState::NoCredential);
    }

    /// Something has changed that may help.
    pub(super) async fn try_again(&self) {
        if self.state.lock().await.refused.take().is_some() {
            self.show(SignInState::NoCredential);
        }
    }

    async fn fetch(&self, state: &mut State) -> Result<(Grant, Vec<Permission>), Failure> {
        if let Some(shift) = state.shift.clone() {
            return self.refresh_shift(state, shift).await;
        }
        let (header, kept) = self.credential().await?;
        let client_id = &header.client_id;
        let audience = self.endpoints.assertion_audience(&header.signs_in_at);
        let proof = kept.key.proof(client_id, &audience, now()).map_err(Failure::Lasting)?;
        let form = match &kept {
            Kept { refresh: Some(refresh), .. } => {
                let scope = self.endpoints.user_scope(self.service, &Permission::USUAL);
                Form::refresh(client_id, &scope, refresh, &proof)
            }
            Kept { key: Key::Person, refresh: None } => return Err(self.needs_person()),
            Kept { key: Key::Secret(_) | Key::Certificate(_), refresh: None } => {
                Form::client_credentials(client_id, &self.endpoints.app_scope(self.service), &proof)
            }
        };
        let grant = self.ask(&header.signs_in_at, client_id, &form).await.map_err(|(failure, _)| failure)?;
        if let Some(refresh) = grant.refresh.clone().filter(|_| kept.refresh.is_some()) {
            self.keep_refresh(header, Kept { refresh: Some(refresh), ..kept }).await;
        }
        Ok((grant, Permission::USUAL.to_vec()))
    }

    async fn refresh_shift(&self, state: &mut State, mut shift: Shift) -> Result<(Grant, Vec<Permission>), Failure> {
        let scope = self.endpoints.user_scope(self.service, &shift.permissions);
        let form = Form::refresh(&shift.client_id, &scope, &shift.refresh, &Proof::None);
        match self.ask(&shift.signs_in_at, &shift.client_id, &form).await {
            Ok(grant) => {
                let permissions = shift.permissions.clone();
                if let Some(refresh) = &grant.refresh {
                    shift.refresh = refresh.clone();
                }
                state.shift = Some(shift);
                Ok((grant, permissions))
            }
            Err((failure, ends)) => {
                if ends {
                    state.shift = None;
                }
                Err(failure)
            }
        }
    }

    /// `true` beside a failure: the sign-in of a person has ended.
    async fn ask(&self, tenant: &str, client_id: &str, form: &Form) -> Result<Grant, (Failure, bool)> {
        let asker = self.asker(tenant, client_id);
        let (status, body) = self
            .client
            .post_form(&self.endpoints.token_url(tenant), form)
            .await
            .map_err(|silence| (Failure::Passing(self.unreached(&silence.to_string())), false))?;
        let grant =
            Grant::read(status, &body).map_err(|refused| (failure(&refused, &asker), refused.ends_sign_in()))?;
        grant.check_tenant(&asker).map_err(|problem| (Failure::Lasting(problem), true))?;
        Ok(grant)
    }

    pub(super) fn asker<'a>(&'a self, tenant: &'a str, client_id: &'a str) -> Asker<'a> {
        Asker { customer: &self.tenant.customer, tenant, client_id, cloud: self.tenant.cloud }
    }

    pub(super) fn unreached(&self, why: &str) -> Problem {
        Problem::new(
            failed(&self.tenant.customer),
            format!("{} was not reached: {why}.", self.endpoints.authority),
            "Check the way to the internet: whiteglove doctor. It is tried again by itself.",
        )
    }

    async fn credential(&self) -> Result<(Header, Kept), Failure> {
        let (vault, tenant, service) = (Arc::clone(&self.vault), self.tenant.clone(), self.service);
        let read = tokio::task::spawn_blocking(move || {
            let vault = locked(&vault);
            let owner = Owner { customer: &tenant.customer, tenant: &tenant.id };
            (vault.credential(owner, service), vault.state())
        });
        let what = failed(&self.tenant.customer);
        let (read, state) = read
            .await
            .map_err(|error| Failure::Passing(Problem::new(what.clone(), format!("{error}."), "Report this.")))?;
        match read {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(self.no_credential(what)),
            Err(error) if state != VaultState::Open => {
                Err(Failure::Rest(SignInState::NeedsUnlock, error.problem(&what)))
            }
            Err(error) => Err(Failure::Lasting(error.problem(&what))),
        }
    }

    pub(super) async fn header(&self) -> Result<Option<Header>, Problem> {
        let (vault, customer, service) = (Arc::clone(&self.vault), self.tenant.customer.clone(), self.service);
        let what = failed(&self.tenant.customer);
        match tokio::task::spawn_blocking(move || locked(&vault).header(&customer, service)).await {
            Ok(read) => read.map_err(|error| error.problem(&what)),
            Err(error) => Err(Problem::new(what, format!("{error}."), "Report this.")),
        }
    }

    fn no_credential(&self, what: String) -> Failure {
        let problem = Problem::new(
            what,
            format!("Nobody has said as whom, at {}.", self.service.words()),
            "Set the application of the customer's tenant: whiteglove secret set; README.md tells how it is made.",
        );
        Failure::Rest(SignInState::NoCredential, problem)
    }

    fn needs_person(&self) -> Failure {
        let problem = Problem::new(
            failed(&self.tenant.customer),
            "The application there acts for a person, and nobody is signed in.",
            format!("Sign in for this shift: whiteglove sign-in {:?}, or on the board.", self.tenant.customer),
        );
        Failure::Rest(SignInState::NeedsPerson, problem)
    }

    /// Entra gives a new one each time, and the old one ends some weeks later.
    async fn keep_refresh(&self, header: Header, kept: Kept) {
        let vault = Arc::clone(&self.vault);
        let kept = tokio::task::spawn_blocking(move || locked(&vault).set(&header, &kept)).await;
        if let Ok(Err(error)) = kept {
            tracing::warn!(%error, "the vault did not take the newer sign-in; the one it has counts for some weeks");
        }
    }
}

fn failure(refused: &Refused, asker: &Asker<'_>) -> Failure {
    let problem = refused.problem(asker);
    if refused.is_passing() { Failure::Passing(problem) } else { Failure::Lasting(problem) }
}
