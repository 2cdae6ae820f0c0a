//! Is a sign-in good for its service? Asked before a shift relies on it.

use whiteglove_core::{
    cloud::{Cost, Method, Request, Service},
    problem::Problem,
    registration::Tenant,
    sign_in::SignInState,
};

use super::SignIns;

impl SignIns {
    /// # Errors
    /// There is no token, the service was not reached, or it does not let us in.
    pub(crate) async fn check(&self, tenant: &Tenant, service: Service) -> Result<String, Problem> {
        let line = self.line(tenant)?;
        line.tokens().bearer(service).await?;
        let what = format!("{} does not take {}'s sign-in.", service.words(), tenant.customer);
        let answer = line.send(&harmless(tenant, service)).await.map_err(|silence| {
            Problem::new(
                format!("{} was not reached.", service.words()),
                format!("{}: {silence}.", line.endpoints().base(service)),
                "Check the way to the internet: whiteglove doctor.",
            )
        })?;
        match answer.status {
            200..=299 => Ok(self.good(tenant, service)),
            401 | 403 => Err(Problem::new(
                what,
                format!("It answers {}: signed in, and without the right for this.", answer.status),
                "README.md lists the rights; a person also needs the Intune role with \"Enrollment programs\", and the \
                 tenant an Intune licence. whiteglove explain 403 says more.",
            )),
            status => Err(Problem::new(
                what,
                format!("It answers {status}."),
                format!("whiteglove explain {status} says what that means."),
            )),
        }
    }

    fn good(&self, tenant: &Tenant, service: Service) -> String {
        let shown = self.shown();
        let view = shown.list.iter().find(|view| view.customer == tenant.customer && view.service == service);
        let who = match view.map(|view| &view.state) {
            Some(SignInState::SignedIn { who: Some(who), .. }) => format!(" as {who}"),
            _ => String::new(),
        };
        let lacks = view.map(|view| view.lacks.join(", ")).filter(|lacks| !lacks.is_empty());
        let lacks = lacks.map_or_else(String::new, |lacks| format!(" It lacks rights that the bench uses: {lacks}."));
        format!("{} lets the bench in for {}{who}.{lacks}", service.words(), tenant.customer)
    }
}

/// Something to read that needs one of the usual rights and changes nothing.
fn harmless(tenant: &Tenant, service: Service) -> Request {
    let path = match service {
        Service::Graph => "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities?$top=1".to_owned(),
        Service::PartnerCenter => format!("/v1/customers/{}/deviceBatches", tenant.id),
    };
    Request { service, method: Method::Get, path, body: None, headers: vec![], cost: Cost::READ }
}
