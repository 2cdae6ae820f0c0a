//! What Microsoft's services are asked and what they answer, as data. Nothing is sent here: `src/registrar` adds the
//! address and the token, and hands back what came.

pub mod association;
pub mod endpoints;
pub mod fault;
pub mod graph;
pub mod identifiers;
pub mod lifecycle;
pub mod oauth;
pub mod pace;
pub mod partner;
pub mod plan;
pub mod profile;

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{clock::Moment, date::Date};

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

/// `Retry-After` in both its forms (RFC 9110, 10.2.3). A time of day is read beside the answer's own `Date`, so no clock
/// needs to be right. An hour at most: what asks for more is asked again then.
pub fn retry_after(value: &str, date: Option<&str>) -> Option<Duration> {
    const MOST: Duration = Duration::from_secs(3_600);
    let wait = match value.trim().parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => http_date(value)?.since(http_date(date?)?),
    };
    Some(wait.min(MOST))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that is still sent.
fn http_date(text: &str) -> Option<Moment> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = text.split_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = parts.as_slice() else { return None };
    let month = MONTHS.iter().position(|name| name == month).and_then(|index| u8::try_from(index + 1).ok())?;
    let date = Date::new(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    let mut time = time.split(':').map(|part| part.parse::<u8>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    (hour < 24 && minute < 60 && second <= 60).then(|| date.at(hour, minute, second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_retry_after() {
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(retry_after("17", None), Some(Duration::from_secs(17)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:50:07 GMT", date), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", date), Some(Duration::ZERO), "over already");
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:50:07 GMT", None), None);
        assert_eq!(retry_after("9999999999", None), Some(Duration::from_secs(3_600)));
        for odd in ["-1", "soon", "1.5", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", ""] {
            assert_eq!(retry_after(odd, date), None, "{odd}");
        }
    }
}
