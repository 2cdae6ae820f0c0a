//! HTTP/1.1 to an address, without names, redirects, proxies or TLS: envelopes seal themselves.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use serde::de::DeserializeOwned;
use ureq::{
    Agent,
    config::Config,
    http::{Response, Uri},
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};
use whiteglove_core::{
    api::{SEAL_HEADER, WAIT_SECONDS},
    envelope::SessionKey,
    problem::Problem,
};

use super::Pace;

/// Answers are a screenful of text.
const LARGEST_ANSWER: u64 = 256 * 1024;

#[derive(Debug, Clone)]
pub(super) struct Http {
    agent: Agent,
    answer: Duration,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    seal: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    /// The body, if it is a `T` sealed for this purpose by the holder of the session key.
    pub(super) fn sealed<T: DeserializeOwned>(&self, session: &SessionKey, label: &str) -> Option<T> {
        let seal = self.seal.as_deref()?;
        let sealed = session.is_sealed(label, &self.body, seal);
        sealed.then(|| serde_json::from_slice(&self.body).ok()).flatten()
    }

    /// What somebody says who does not prove who it is. To show, not to act on.
    pub(super) fn unsealed_problem(&self) -> Option<Problem> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl Http {
    pub(super) fn new(pace: &Pace) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("whiteglove-agent/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(pace.connect))
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), AddressesOnly);
        Self { agent, answer: pace.answer }
    }

    pub(super) fn post(&self, base: &str, path: &str, body: &[u8]) -> Result<Answer, String> {
        let request = self.agent.post(format!("{base}{path}")).config().timeout_global(Some(self.answer)).build();
        request
            .content_type("application/octet-stream")
            .send(body)
            .map_err(|error| error.to_string())
            .and_then(read)
            .map_err(|why| format!("{base}: {why}"))
    }

    /// A question that the bench answers when there is something to say.
    pub(super) fn wait(&self, base: &str, path: &str) -> Result<Answer, String> {
        let patience = Duration::from_secs(WAIT_SECONDS) + self.answer;
        let request = self.agent.get(format!("{base}{path}")).config().timeout_global(Some(patience)).build();
        request.call().map_err(|error| error.to_string()).and_then(read).map_err(|why| format!("{base}: {why}"))
    }
}

fn read(response: Response<ureq::Body>) -> Result<Answer, String> {
    let seal = response.headers().get(SEAL_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let status = response.status().as_u16();
    let body = response.into_body().into_with_config().limit(LARGEST_ANSWER).read_to_vec();
    Ok(Answer { status, seal, body: body.map_err(|error| error.to_string())? })
}

/// A medium names endpoints by address. There is no name server to ask, and glibc's resolver would
/// want shared libraries that a static program does not have.
#[derive(Debug)]
struct AddressesOnly;

impl Resolver for AddressesOnly {
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let ip: IpAddr = host.parse().map_err(|_| {
            ureq::Error::Io(io::Error::other(format!("\"{host}\" is not an IP address, and names are not looked up")))
        })?;
        let mut addresses = self.empty();
        addresses.push(SocketAddr::new(ip, uri.port_u16().unwrap_or(80)));
        Ok(addresses)
    }
}
