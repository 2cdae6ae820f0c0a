//! Sign-ins on the bench: who its customers are, what people ask about them, and what screens see.
//!
//! The owner hands on and waits for nothing: Entra and the vault take their time.

use whiteglove_core::{
    control::Update,
    problem::Problem,
    registration::Tenant,
    sign_in::{Ask, NewCredential},
};

use super::{Input, Owner, Then};
use crate::registrar::signin::SignIns;

impl Owner {
    /// Opened by the system where that is set up; else somebody types the passphrase.
    pub(super) async fn open_vault(&mut self) {
        if let Err(problem) = self.sign_ins.open_by_system().await {
            self.remember(problem);
        }
        let (mut seen, inbox) = (self.sign_ins.seen(), self.inbox.clone());
        tokio::spawn(async move {
            while seen.changed().await.is_ok() {
                if inbox.send(Input::SignedIn(None)).await.is_err() {
                    return;
                }
            }
        });
    }

    /// All customers whose tenant is known.
    pub(super) fn tenants(&self) -> Vec<Tenant> {
        let customers = self.bench.customers();
        let ours = customers.into_iter().filter(|row| self.not_ours(Some(&row.customer.name)).is_ok());
        ours.filter_map(|row| {
            let (customer, cloud) = (row.customer.name, row.customer.cloud);
            row.customer.tenant.map(|id| Tenant { customer, id: id.into(), cloud })
        })
        .collect()
    }

    pub(super) fn sign_in(&mut self, from: u64, ask: Ask) {
        let whose = match &ask {
            Ask::Unlock { .. } | Ask::SetPassphrase { .. } => None,
            Ask::Set(new) => Some(&new.customer),
            Ask::Forget { customer }
            | Ask::Begin { customer, .. }
            | Ask::Check { customer, .. }
            | Ask::End { customer } => Some(customer),
        };
        // A customer that was taken off the bench can still be forgotten.
        let forget = matches!(ask, Ask::Forget { .. });
        let tenant = match whose.map(|customer| self.tenant_of(customer)).transpose() {
            Ok(tenant) => tenant,
            Err(_) if forget => None,
            Err(problem) => return self.tell(from, Err(problem)),
        };
        let (sign_ins, inbox) = (self.sign_ins.clone(), self.inbox.clone());
        tokio::spawn(async move {
            let answer = carry_out(&sign_ins, ask, tenant.as_ref()).await;
            let update = answer.map_or_else(Update::Problem, Update::Done);
            drop(inbox.send(Input::SignedIn(Some((from, update)))).await);
        });
    }

    /// Shown before it is told: whoever hears that the vault is open finds it so.
    pub(super) fn show_sign_ins(answer: Option<(u64, Update)>) -> Then {
        Box::new(move |owner, _| {
            owner.publish();
            if let Some((to, update)) = answer {
                owner.reply(to, &update);
            }
        })
    }

    pub(super) fn tenant_of(&self, customer: &str) -> Result<Tenant, Problem> {
        self.not_ours(Some(customer))?;
        let what = format!("Nothing was done for {}.", customer.trim());
        let Some(known) = self.bench.customer(customer) else {
            let next = "Set the customer first (whiteglove customer set); whiteglove customer list shows them.";
            return Err(Problem::new(what, "There is no such customer on this bench.", next));
        };
        let Some(id) = known.tenant.clone() else {
            let next = "Set it with its tenant ID (whiteglove customer set): a sign-in belongs to a tenant.";
            return Err(Problem::new(what, "The customer has no tenant.", next));
        };
        Ok(Tenant { customer: known.name.clone(), id: id.into(), cloud: known.cloud })
    }
}

async fn carry_out(sign_ins: &SignIns, ask: Ask, tenant: Option<&Tenant>) -> Result<String, Problem> {
    match (ask, tenant) {
        (Ask::Unlock { passphrase }, _) => {
            sign_ins.unlock(passphrase).await?;
            Ok("The vault is open until the bench stops.".to_owned())
        }
        (Ask::SetPassphrase { passphrase }, _) => {
            sign_ins.set_passphrase(passphrase).await?;
            Ok("The passphrase is set, and the vault is open.".to_owned())
        }
        (Ask::Set(new), Some(tenant)) => {
            let NewCredential { service, .. } = *new;
            sign_ins.set(tenant, *new).await?;
            Ok(format!("{} is set for {}.", service.words(), tenant.customer))
        }
        (Ask::Forget { customer }, tenant) => {
            let customer = tenant.map_or(customer, |tenant| tenant.customer.clone());
            Ok(match sign_ins.forget(&customer).await? {
                true => format!(
                    "What was kept for {customer} is destroyed here. Have the secret or certificate removed from the app \
                     registration too: only that ends it for copies."
                ),
                false => format!("Nothing was kept for {customer}."),
            })
        }
        (Ask::Begin { service, client_id, permissions, .. }, Some(tenant)) => {
            let (url, code) = sign_ins.sign_in(tenant, service, client_id, permissions).await?;
            Ok(format!("Open {url} on any device and enter the code {code}."))
        }
        (Ask::Check { service, .. }, Some(tenant)) => sign_ins.check(tenant, service).await,
        (Ask::End { .. }, Some(tenant)) => {
            sign_ins.sign_out(&tenant.customer).await;
            Ok(format!("Nobody is signed in for {} any more.", tenant.customer))
        }
        (Ask::Set(_) | Ask::Begin { .. } | Ask::Check { .. } | Ask::End { .. }, None) => Err(super::stopped()),
    }
}
