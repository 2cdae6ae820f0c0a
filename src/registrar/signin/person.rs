//! A person signs in with a code (RFC 8628): the shell around `core/cloud/oauth/device`.

use std::sync::Arc;

use whiteglove_core::{
    cloud::{
        endpoints::Permission,
        oauth::{
            Form, Grant,
            device::{DeviceFlow, Turn},
        },
    },
    problem::Problem,
    sign_in::SignInState,
};

use super::{
    door::{Door, Shift, failed},
    locked,
};
use crate::clock::now;

/// Who signs in by what, for what.
struct Asked {
    client_id: String,
    signs_in_at: String,
    scope: String,
    permissions: Vec<Permission>,
}

impl Door {
    /// Asks for a code and waits for the person in a task of its own; an earlier one that waits is given up.
    pub(super) async fn sign_in(
        self: &Arc<Self>,
        client_id: Option<String>,
        permissions: Vec<Permission>,
    ) -> Result<(String, String), Problem> {
        let header = self.header().await?;
        let signs_in_at = header.as_ref().map_or_else(|| self.tenant.id.clone(), |header| header.signs_in_at.clone());
        let client_id = client_id.or_else(|| header.map(|header| header.client_id)).ok_or_else(|| {
            Problem::new(
                failed(&self.tenant.customer),
                "Nobody has said by which application.",
                "Name one with public client flows switched on: whiteglove secret set CUSTOMER --client-id ID --person, \
                 or whiteglove sign-in CUSTOMER --client-id ID. README.md tells how it is made.",
            )
        })?;
        let scope = self.endpoints.user_scope(self.service, &permissions);
        let asked = Asked { client_id, signs_in_at, scope, permissions };
        let flow = match self.begin(&asked).await {
            Ok(flow) => flow,
            Err(problem) => {
                self.show(SignInState::Failed(problem.clone()));
                return Err(problem);
            }
        };
        let told = (flow.url.clone(), flow.user_code.clone());
        self.show(SignInState::Code { url: flow.url.clone(), code: flow.user_code.clone(), until: flow.until });
        let door = Arc::clone(self);
        let task = tokio::spawn(async move { door.wait(asked, flow).await });
        if let Some(earlier) = locked(&self.waiting).replace(task.abort_handle()) {
            earlier.abort();
        }
        Ok(told)
    }

    async fn begin(&self, asked: &Asked) -> Result<DeviceFlow, Problem> {
        let url = self.endpoints.device_code_url(&asked.signs_in_at);
        let form = Form::device_code(&asked.client_id, &asked.scope);
        let (status, body) =
            self.client.post_form(&url, &form).await.map_err(|silence| self.unreached(&silence.to_string()))?;
        let asker = self.asker(&asked.signs_in_at, &asked.client_id);
        DeviceFlow::begin(status, &body, now()).map_err(|refused| refused.problem(&asker))
    }

    async fn wait(&self, asked: Asked, mut flow: DeviceFlow) {
        let url = self.endpoints.token_url(&asked.signs_in_at);
        let asker = self.asker(&asked.signs_in_at, &asked.client_id);
        let outcome = loop {
            tokio::time::sleep(flow.due().since(now())).await;
            let form = Form::poll(&asked.client_id, flow.device_code());
            let turn = match self.client.post_form(&url, &form).await {
                Ok((status, body)) => flow.on_answer(Grant::read(status, &body), now()),
                Err(silence) => {
                    tracing::info!(%silence, "nobody says whether the code was entered");
                    flow.on_silence(now())
                }
            };
            match turn {
                Turn::Wait => {}
                Turn::Ended(refused) => break Err(refused.problem(&asker)),
                Turn::SignedIn(grant) => break grant.check_tenant(&asker).map(|()| grant),
            }
        };
        match outcome {
            Ok(grant) => {
                let mut state = self.state.lock().await;
                // Without a token to renew it by, it ends with its first hour, and somebody signs in again.
                let permissions = asked.permissions.clone();
                state.shift = grant.refresh.clone().map(|refresh| Shift {
                    client_id: asked.client_id,
                    signs_in_at: asked.signs_in_at,
                    permissions: asked.permissions,
                    refresh,
                });
                self.take(&mut state, &grant, &permissions);
                tracing::info!(customer = self.tenant.customer, who = grant.claims.who, "somebody signed in");
            }
            Err(problem) => {
                tracing::warn!(customer = self.tenant.customer, why = problem.why, "nobody signed in");
                self.show(SignInState::Failed(problem));
            }
        }
    }
}
