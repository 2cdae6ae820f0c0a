//! Paths of requests: versions, escaping, and where a list goes on.

use std::fmt::Write as _;

use super::json::Unreadable;
use crate::cloud::{Cost, Method, Request, Service};

/// Registration goes by the stable version; whatever tracks progress is in the other one only.
pub(crate) const STABLE: &str = "/v1.0";
pub(crate) const BETA: &str = "/beta";

const LONGEST_LINK: usize = 8192;

pub(crate) fn request(method: Method, path: String, body: Option<serde_json::Value>) -> Request {
    let cost = if method == Method::Get { Cost::READ } else { Cost::WRITE };
    Request { service: Service::Graph, method, path, body, headers: vec![], cost }
}

/// What stands for itself in a path and in a query (RFC 3986, unreserved); everything else is escaped.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            _ => {
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
    }
    escaped
}

/// An id as one piece of a path. `.` and `..` would be eaten by whoever joins it.
pub(crate) fn segment(id: &str) -> String {
    match id {
        "." | ".." => id.replace('.', "%2E"),
        id => escaped(id),
    }
}

/// A text between apostrophes in a `$filter`: an apostrophe in it is doubled.
pub(crate) fn literal(text: &str) -> String {
    format!("%27{}%27", escaped(&text.replace('\'', "''")))
}

/// The rest of a path behind its version.
pub(crate) fn version(path: &str) -> Option<(&str, &str)> {
    [STABLE, BETA].into_iter().find_map(|version| {
        let rest = path.strip_prefix(version)?;
        rest.starts_with('/').then_some((version, rest))
    })
}

/// Where the list that `asked` began goes on. Of the link only path and query are used, and the path has to be that of
/// the question: a link can neither carry our token to another host nor make us read something else.
///
/// # Errors
/// It leads somewhere else.
pub fn follow(asked: &Request, link: &str) -> Result<Request, Unreadable> {
    let wrong = |why: &str| Err(Unreadable::new("@odata.nextLink", why));
    if link.len() > LONGEST_LINK || !link.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return wrong("it is no link");
    }
    let path = match link.split_once("://") {
        Some(("https" | "http", rest)) => rest.find('/').map_or("", |slash| &rest[slash..]),
        Some(_) => return wrong("it is no web link"),
        None => link,
    };
    let path = path.split('#').next().unwrap_or_default();
    let own = asked.path.split('?').next().unwrap_or_default();
    let (list, query) = path.split_once('?').unwrap_or((path, ""));
    if !list.eq_ignore_ascii_case(own) {
        return wrong("it leads to another list");
    }
    if query.is_empty() {
        return wrong("it names no page of it");
    }
    // The list as we write it: only what stands after it is the service's.
    let path = format!("{own}?{query}");
    if path == asked.path {
        return wrong("it leads to the page that was just read");
    }
    Ok(Request { path, ..asked.clone() })
}
