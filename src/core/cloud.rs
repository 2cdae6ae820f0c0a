//! What Microsoft's services are asked and what they answer, as data. Nothing is sent here: `src/registrar` adds the
//! address and the token, and hands back what came.

pub mod endpoints;
pub mod fault;
pub mod graph;
pub mod oauth;
pub mod pace;

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// Decides address, scope of the token and pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    Graph,
    PartnerCenter,
}

impl Service {
    pub fn words(self) -> &'static str {
        match self {
            Self::Graph => "Microsoft Graph",
            Self::PartnerCenter => "Partner Center",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Post,
    Patch,
    Put,
    Delete,
}

/// What one request takes from a tenant's allowance. Each part of a `$batch` counts by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    pub reads: u32,
    pub writes: u32,
}

impl Cost {
    pub const READ: Self = Self { reads: 1, writes: 0 };
    pub const WRITE: Self = Self { reads: 0, writes: 1 };
}

/// One request, without who asks and where.
#[derive(Clone, PartialEq)]
pub struct Request {
    pub service: Service,
    pub method: Method,
    /// With its query, percent-encoded, from the root of the service: `/v1.0/deviceManagement/...`.
    pub path: String,
    pub body: Option<serde_json::Value>,
    /// Beside those that every request has.
    pub headers: Vec<(&'static str, String)>,
    pub cost: Cost,
}

/// Bodies hold hardware hashes, which are the owner's secret: logs get the rest.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} {}", self.service, self.method, self.path)
    }
}

/// A whole answer, whatever it says.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// As the service asks to wait; Intune leaves it out now and then.
    pub retry_after: Option<Duration>,
    /// Where to ask how far it is, as it was given: may be relative.
    pub location: Option<String>,
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.status, self.body.len())
    }
}

/// No whole answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// There was no connection: the service has not seen it.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The service may have acted on it: look before it is sent again.
    #[error("sent, and no whole answer came: {0}")]
    Lost(String),
}
