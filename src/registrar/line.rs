//! The way to Microsoft's services for one customer: adds address, token and request number, and hands back what came.
//!
//! It decides nothing and repeats nothing, but for one case: a token that is refused (401) is renewed once, since the
//! service has not looked at a request that it does not know the sender of.

use std::time::Instant;

use reqwest::header::{AUTHORIZATION, HeaderValue};
use whiteglove_core::{
    cloud::{Answer, Method, Request, Silence, endpoints::Endpoints},
    problem::Problem,
    registration::AttemptId,
};
use zeroize::Zeroizing;

use super::{
    http::Client,
    signin::{Bearer, Tokens},
};

#[derive(Debug, Clone)]
pub(crate) struct Line {
    client: Client,
    endpoints: Endpoints,
    tokens: Tokens,
}

impl Line {
    pub(crate) fn new(client: Client, endpoints: Endpoints, tokens: Tokens) -> Self {
        Self { client, endpoints, tokens }
    }

    /// To know beforehand whether anybody is signed in, and what a person has to do if not.
    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// For the addresses that answers name.
    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// # Errors
    /// No whole answer came; or nothing was sent, because nobody is signed in (`Tokens::bearer` says more about that).
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, Silence> {
        let not_signed_in = |problem: Problem| Silence::NotSent(format!("{} {}", problem.what, problem.why));
        let bearer = self.tokens.bearer(request.service).await.map_err(not_signed_in)?;
        let answer = self.once(request, &bearer).await?;
        if answer.status != 401 {
            return Ok(answer);
        }
        let fresh = self.tokens.renew(request.service, &bearer).await.map_err(not_signed_in)?;
        self.once(request, &fresh).await
    }

    async fn once(&self, request: &Request, bearer: &Bearer) -> Result<Answer, Silence> {
        let unfit = |what: &str| Silence::NotSent(format!("the request is not right: {what}"));
        if !request.path.starts_with('/') {
            return Err(unfit("its path has no root"));
        }
        let url = format!("{}{}", self.endpoints.base(request.service), request.path);
        let header = Zeroizing::new(format!("Bearer {}", bearer.token().expose()));
        let mut header = HeaderValue::from_str(&header).map_err(|_| unfit("its token is none"))?;
        header.set_sensitive(true);
        let number = request_number().map_err(|error| unfit(&error))?;
        let mut sending = self
            .client
            .request(method(request.method), &url)
            .header(AUTHORIZATION, header)
            .header("accept", "application/json")
            .header("client-request-id", number.as_str());
        for (name, value) in &request.headers {
            sending = sending.header(*name, value);
        }
        if let Some(body) = &request.body {
            sending = sending.header("content-type", "application/json").body(body.to_string());
        }
        let begun = Instant::now();
        let answer = self.client.exchange(sending).await;
        // Without the query: it names laptops.
        let path = request.path.split('?').next().unwrap_or_default();
        let took = begun.elapsed();
        match &answer {
            Ok(answer) => tracing::debug!(%number, status = answer.status, ?took, "{:?} {path}", request.method),
            Err(silence) => tracing::info!(%number, %silence, ?took, "{:?} {path}", request.method),
        }
        answer
    }
}

/// Microsoft's support finds a request by it.
fn request_number() -> Result<AttemptId, String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| format!("no randomness: {error}"))?;
    Ok(AttemptId::from_random(bytes))
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Patch => reqwest::Method::PATCH,
        Method::Put => reqwest::Method::PUT,
        Method::Delete => reqwest::Method::DELETE,
    }
}

#[cfg(test)]
pub(super) mod tests;
