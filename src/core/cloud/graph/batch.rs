//! Several requests in one, each with an answer of its own.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    json::{Node, Unreadable, document},
    path::{request, version},
};
use crate::cloud::{Answer, Cost, Method, Request};

/// The service's limit.
pub const MOST_PARTS: usize = 20;

/// `None`: there are none or too many, or they are of several versions, or one goes elsewhere.
pub fn batch(parts: &[Request]) -> Option<Request> {
    if parts.is_empty() || parts.len() > MOST_PARTS {
        return None;
    }
    let (of, _) = version(&parts[0].path)?;
    let mut cost = Cost::default();
    let mut requests = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let (_, url) = version(&part.path).filter(|(other, _)| *other == of)?;
        let mut written = json!({ "id": (index + 1).to_string(), "method": word(part.method), "url": url });
        if let Some(body) = &part.body {
            written["headers"] = json!({ "Content-Type": "application/json" });
            written["body"] = body.clone();
        }
        requests.push(written);
        cost.reads = cost.reads.saturating_add(part.cost.reads);
        cost.writes = cost.writes.saturating_add(part.cost.writes);
    }
    let request = request(Method::Post, format!("{of}/$batch"), Some(json!({ "requests": requests })));
    Some(Request { cost, ..request })
}

pub fn is_batch(request: &Request) -> bool {
    request.path.ends_with("/$batch")
}

fn word(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Patch => "PATCH",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    }
}

/// The answers in the order of the `asked` parts; the service gives them in any. `None`: it gave none to that part.
///
/// # Errors
/// The whole is no answer to a batch.
pub fn answers(answer: &Answer, asked: usize) -> Result<Vec<Option<Answer>>, Unreadable> {
    let document = document(answer)?;
    let mut answers = vec![None; asked];
    for part in Node::root(&document)?.list("responses")? {
        let id = part.text("id")?;
        let place = id.parse::<usize>().ok().and_then(|number| answers.get_mut(number.checked_sub(1)?));
        let Some(place) = place else { return Err(part.wrong("id", "nothing was asked under it")) };
        let status = u16::try_from(part.number("status")).ok().filter(|status| (100..600).contains(status));
        let Some(status) = status else { return Err(part.wrong("status", "it is none")) };
        let headers = part.object("headers")?;
        let header = |name: &str| headers.as_ref().map_or(Ok(String::new()), |headers| headers.ignoring_case(name));
        let body = match part.raw("body") {
            None => vec![],
            Some(Value::String(text)) => text.clone().into_bytes(),
            Some(value) => serde_json::to_vec(value).map_err(|_| part.wrong("body", "it cannot be written"))?,
        };
        let location = header("Location")?;
        place.get_or_insert(Answer {
            status,
            retry_after: header("Retry-After")?.parse().ok().map(Duration::from_secs),
            location: (!location.is_empty()).then_some(location),
            body,
        });
    }
    Ok(answers)
}
