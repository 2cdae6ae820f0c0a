//! One client for all requests of a tenant: TLS by rustls with the system's certificates, no redirects, bounds on time
//! and size. What went wrong on the way becomes a [`Silence`], which says whether the service can have seen it.

use std::{error::Error, time::Duration};

use reqwest::{Response, StatusCode, header::HeaderMap, redirect::Policy};
use whiteglove_core::{
    cloud::{
        Answer, Silence,
        endpoints::{BaseUrl, Endpoints},
        oauth::Form,
        retry_after,
    },
    problem::Problem,
};
use zeroize::Zeroizing;

/// How long and how much at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Name, TCP and TLS.
    pub(crate) connect: Duration,
    /// From the first byte sent to the last one received. Intune needs a while for an import of some hundred lines.
    pub(crate) whole: Duration,
    /// Bytes of an answer. A page of a thousand devices has about two million.
    pub(crate) body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(15), whole: Duration::from_secs(100), body: 32 << 20 }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Client {
    inner: reqwest::Client,
    most: usize,
}

impl Client {
    /// # Errors
    /// The system has no certificates to check others by.
    pub(crate) fn new(endpoints: &Endpoints, limits: Limits) -> Result<Self, Problem> {
        // The first one counts; it is the same one every time.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let relayed =
            [&endpoints.authority, &endpoints.graph, &endpoints.partner].into_iter().any(BaseUrl::is_loopback);
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .https_only(!relayed)
            .connect_timeout(limits.connect)
            .timeout(limits.whole)
            // A connection that stood longer may be dead without our knowing, and a request on it would count as lost.
            .pool_idle_timeout(Duration::from_secs(30))
            .retry(reqwest::retry::never())
            .user_agent(concat!("whiteglove/", env!("CARGO_PKG_VERSION")));
        if relayed {
            // The relay on this machine is the way out.
            builder = builder.no_proxy();
        }
        let inner = builder.build().map_err(|error| {
            Problem::new(
                "Microsoft's services cannot be reached safely.",
                format!("TLS cannot be set up: {}.", chain(&error)),
                "Install the system's certificates (ca-certificates on Debian), then start again.",
            )
        })?;
        Ok(Self { inner, most: limits.body })
    }

    pub(crate) fn request(&self, method: reqwest::Method, url: &str) -> reqwest::RequestBuilder {
        self.inner.request(method, url)
    }

    /// To Entra. The answer holds secrets, and the caller overwrites them.
    pub(crate) async fn post_form(&self, url: &str, form: &Form) -> Result<(u16, Zeroizing<Vec<u8>>), Silence> {
        let request = self
            .inner
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(form.expose().to_owned());
        let answer = self.exchange(request).await?;
        Ok((answer.status, Zeroizing::new(answer.body)))
    }

    /// Sends it once and takes the whole answer.
    pub(crate) async fn exchange(&self, request: reqwest::RequestBuilder) -> Result<Answer, Silence> {
        let response = request.send().await.map_err(|error| silence(&error))?;
        let (status, retry_after, location) = head(&response);
        let body = self.body(response).await?;
        Ok(Answer { status: status.as_u16(), retry_after, location, body })
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, Silence> {
        let too_long = || Silence::Lost(format!("the answer has more than {} bytes", self.most));
        if response.content_length().is_some_and(|length| usize::try_from(length).is_ok_and(|len| len > self.most)) {
            return Err(too_long());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| Silence::Lost(chain(&error)))? {
            if body.len() + chunk.len() > self.most {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

fn head(response: &Response) -> (StatusCode, Option<Duration>, Option<String>) {
    fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        headers.get(name).and_then(|value| value.to_str().ok())
    }
    let headers = response.headers();
    let wait = text(headers, "retry-after").and_then(|wait| retry_after(wait, text(headers, "date")));
    (response.status(), wait, text(headers, "location").map(str::to_owned))
}

/// What was not even connected has surely not been seen; everything else may have been.
fn silence(error: &reqwest::Error) -> Silence {
    match error.is_connect() || error.is_builder() {
        true => Silence::NotSent(chain(error)),
        false => Silence::Lost(chain(error)),
    }
}

/// An error and what is behind it, without the address: that may name a laptop.
fn chain(error: &reqwest::Error) -> String {
    let first = match error {
        _ if error.is_timeout() => "no answer in time",
        _ if error.is_connect() => "no connection",
        _ if error.is_body() || error.is_decode() => "the answer broke off",
        _ => "the connection broke",
    };
    let mut words = first.to_owned();
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        if !words.ends_with(&text) {
            words = format!("{words}: {text}");
        }
        source = error.source();
    }
    words
}
