//! A customer's tenant, asked for a person: the linter, its profiles, and changes after a plan.
//!
//! The owner hands on and waits for nothing. What is changed is in the journal before and after, with the plan that a
//! person agreed to.

use tokio::sync::{mpsc, oneshot};
use whiteglove_core::{
    cloud::{Service, pace::Limits, plan::Plan},
    control::Update,
    problem::Problem,
    record::Record,
    registration::{
        Tenant,
        lint::{self, Expected},
    },
    tenant::{Ask, Shown, Told, Wish},
};

use super::{Input, Owner, stopped};
use crate::{
    clock::now,
    registrar::{
        asking::Asking,
        lint as reading,
        paced::{Paced, Way},
        plan::{self, Patience},
        profiles,
        signin::SignIns,
    },
};

/// All that is needed of the bench while it goes on with other things.
struct Asked {
    sign_ins: SignIns,
    inbox: mpsc::Sender<Input>,
    tenant: Tenant,
}

impl Owner {
    /// `customer`: that of the open batch if none is named.
    pub(super) fn ask_tenant(&mut self, from: u64, customer: Option<String>, ask: Ask) {
        let batch = match &ask {
            Ask::Lint { batch: Some(batch) } => batch.clone(),
            _ => self.batch(),
        };
        let customer = customer.or_else(|| self.bench.customer_of(&batch).map(str::to_owned));
        let tenant = match customer {
            Some(customer) => self.tenant_of(&customer),
            None => Err(Problem::new(
                "No tenant was asked.",
                format!("Batch '{batch}' has no customer."),
                "Name the customer with --customer.",
            )),
        };
        let tenant = match tenant {
            Ok(tenant) => tenant,
            Err(problem) => return self.tell(from, Err(problem)),
        };
        let expected = self.bench.batch_named(&batch).map_or_else(Expected::default, |batch| Expected {
            profile: batch.profile.clone(),
            group_tag: batch.group_tag.clone(),
            pre_provisioning: tenant.cloud.has_pre_provisioning(),
        });
        let operator = self.config.operator.clone();
        let asked = Asked { sign_ins: self.sign_ins.clone(), inbox: self.inbox.clone(), tenant };
        tokio::spawn(async move {
            let inbox = asked.inbox.clone();
            let update = asked.answer(ask, &expected, operator).await.unwrap_or_else(Update::Problem);
            drop(inbox.send(Input::Reply { to: from, update }).await);
        });
    }
}

impl Asked {
    async fn answer(self, ask: Ask, expected: &Expected, operator: Option<String>) -> Result<Update, Problem> {
        let line = self.sign_ins.line(&self.tenant)?;
        // A few requests for a person: a door of their own, so that they do not wait behind five hundred laptops.
        let asking = Asking::new(Paced::new(Way::Line(line), Limits::of(Service::Graph)), Service::Graph);
        let told = match ask {
            Ask::Lint { .. } => {
                let facts = reading::read(&asking, self.client().as_deref()).await;
                Told::Findings(lint::lint(&facts, expected, now()))
            }
            Ask::Profiles => Told::Profiles(profiles::profiles(&asking).await?),
            Ask::Change { wish, agreed, by } => {
                let plan = profiles::plan(&asking, &wish, now()).await?;
                match agreed {
                    Some(digest) if digest == plan.digest() => {
                        return self.change(&asking, &wish, &plan, by.or(operator)).await.map(Update::Done);
                    }
                    Some(_) => {
                        return Err(Problem::new(
                            "Nothing was changed.",
                            "What would be done is another thing now than what was agreed to: the tenant has changed, or the wish.",
                            "Have the plan shown again, and agree to that.",
                        ));
                    }
                    None => Told::Plan(Shown::from(&plan)),
                }
            }
        };
        Ok(Update::Tenant(Box::new(told)))
    }

    /// The app registration by which the bench signs in there.
    fn client(&self) -> Option<String> {
        let shown = self.sign_ins.shown();
        let own = |view: &&whiteglove_core::sign_in::SignInView| {
            view.customer == self.tenant.customer && view.service == Service::Graph
        };
        let credential = shown.list.iter().find(own)?.credential.as_ref()?;
        Some(credential.client_id.clone()).filter(|client| !client.is_empty())
    }

    async fn change(&self, asking: &Asking, wish: &Wish, plan: &Plan, by: Option<String>) -> Result<String, Problem> {
        let customer = self.tenant.customer.clone();
        let begun =
            Record::TenantChangeBegun { customer: customer.clone(), plan: plan.words(), digest: plan.digest(), by };
        self.note(begun).await?;
        let outcome = plan::carry_out(asking, plan, Patience::USUAL).await;
        let ended = Record::TenantChangeEnded {
            customer: customer.clone(),
            digest: plan.digest(),
            done: outcome.done,
            problem: outcome.problem.clone(),
        };
        self.note(ended).await?;
        match outcome.problem {
            Some(problem) => Err(problem),
            None => {
                Ok(format!("Done in the tenant of {customer}: {}.{}", plan.title.trim_end_matches('.'), after(wish)))
            }
        }
    }

    async fn note(&self, record: Record) -> Result<(), Problem> {
        let (reply, answer) = oneshot::channel();
        let input = Input::TenantChange { record: Box::new(record), reply };
        self.inbox.send(input).await.map_err(|_| stopped())?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }
}

fn after(wish: &Wish) -> &'static str {
    match wish {
        Wish::MakeProfile(_) => "\nAssign it: whiteglove profile assign NAME --group GROUP",
        Wish::AssignProfile { .. } => "\nIt takes some minutes until the first laptops have it.",
        Wish::DeleteProfile { .. } | Wish::LiftEdition { .. } | Wish::Wipe { .. } => "",
        Wish::Offboard { .. } => "\nTo register it anew capture it again.",
    }
}
