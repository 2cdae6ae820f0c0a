//! What a person sees and agrees to before anything changes at the service: the very requests that will be sent, in
//! words.
//!
//! A plan is agreed to by its digest, which covers the words and the requests. If the tenant has changed between showing
//! and doing, it is another plan, and is shown again.

use sha2::{Digest, Sha256};

use super::{
    Answer, Request,
    graph::{
        json::{Node, document},
        path::segment,
    },
};

#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub title: String,
    pub steps: Vec<Step>,
    /// What the person should know before.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// `create the profile ...`.
    pub what: String,
    /// What is gone afterwards and does not come back.
    pub loses: Option<String>,
    pub act: Act,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    Send(Request),
    /// As [`Act::Send`], to what the step before has made: `{id}` in the path is the id that it was given.
    SendToMade(Request),
    /// As [`Act::Send`]; that there is nothing (404) is as good.
    Remove(Request),
    /// Asked again and again until there is nothing (404).
    UntilGone(Request),
}

impl Act {
    pub fn request(&self) -> &Request {
        match self {
            Self::Send(request) | Self::SendToMade(request) | Self::Remove(request) | Self::UntilGone(request) => {
                request
            }
        }
    }
}

impl Act {
    /// The request to send, if it goes to what the step before made.
    pub fn to_made(&self, id: &str) -> Request {
        let request = self.request();
        match self {
            Self::SendToMade(_) => Request { path: request.path.replace("{id}", &segment(id)), ..request.clone() },
            _ => request.clone(),
        }
    }
}

impl Step {
    pub fn new(what: impl Into<String>, act: Act) -> Self {
        Self { what: what.into(), loses: None, act }
    }

    #[must_use]
    pub fn losing(self, what: impl Into<String>) -> Self {
        Self { loses: Some(what.into()), ..self }
    }
}

impl Plan {
    pub fn words(&self) -> String {
        let mut text = self.title.clone();
        for (index, step) in self.steps.iter().enumerate() {
            text += &format!("\n  {}. {}", index + 1, step.what);
            if let Some(loses) = &step.loses {
                text += &format!("\n     GONE AFTERWARDS: {loses}");
            }
        }
        self.notes.iter().for_each(|note| text += &format!("\n  note: {note}"));
        text
    }

    /// Whether something is gone afterwards.
    pub fn loses(&self) -> bool {
        self.steps.iter().any(|step| step.loses.is_some())
    }

    /// Twelve hex digits, of words and requests.
    pub fn digest(&self) -> String {
        let mut digest = Sha256::new();
        let mut part = |text: &str| {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        };
        part(&self.words());
        for step in &self.steps {
            let kind = match step.act {
                Act::Send(_) => "send",
                Act::SendToMade(_) => "send to it",
                Act::Remove(_) => "remove",
                Act::UntilGone(_) => "until gone",
            };
            let request = step.act.request();
            part(kind);
            part(&format!("{request:?}"));
            part(&request.body.as_ref().map(ToString::to_string).unwrap_or_default());
        }
        hex::encode(digest.finalize())[..12].to_owned()
    }
}

/// The id of what a request has made; `None`: the answer names none.
pub fn made(answer: &Answer) -> Option<String> {
    let document = document(answer).ok()?;
    Node::root(&document).ok()?.id().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cloud::{Cost, Method, Service};

    fn request(path: &str, body: Option<serde_json::Value>) -> Request {
        let (service, cost) = (Service::Graph, Cost::WRITE);
        Request { service, method: Method::Post, path: path.to_owned(), body, headers: vec![], cost }
    }

    fn plan() -> Plan {
        let delete = Step::new("delete it", Act::Remove(request("/a", None))).losing("the device and its data");
        let create = Step::new("make it", Act::Send(request("/b", Some(json!({ "name": "x" })))));
        Plan { title: "Two things change.".into(), steps: vec![delete, create], notes: vec!["think".into()] }
    }

    #[test]
    fn a_plan_reads_as_a_list_and_says_what_is_lost() {
        let words = "Two things change.\n  1. delete it\n     GONE AFTERWARDS: the device and its data\n  2. make it\n  note: think";
        assert_eq!(plan().words(), words);
        assert!(plan().loses());
    }

    #[test]
    fn a_step_goes_to_what_the_one_before_has_made() {
        let body = br#"{"@odata.type":"x","id":"d1/../x"}"#.to_vec();
        let id = made(&Answer { status: 201, retry_after: None, location: None, body }).unwrap();
        let act = Act::SendToMade(request("/beta/things/{id}/assign", None));
        assert_eq!(act.to_made(&id).path, "/beta/things/d1%2F..%2Fx/assign");
        assert_eq!(Act::Send(request("/a/{id}", None)).to_made("1").path, "/a/{id}");
        assert_eq!(made(&Answer { status: 204, retry_after: None, location: None, body: vec![] }), None);
    }

    #[test]
    fn whatever_is_another_is_another_plan() {
        let digest = plan().digest();
        assert_eq!((digest.len(), plan().digest()), (12, digest.clone()));
        type Change = fn(&mut Plan);
        let changes: [Change; 5] = [
            |plan| plan.steps[1].act = Act::Send(request("/b", Some(json!({ "name": "y" })))),
            |plan| plan.steps[0].act = Act::UntilGone(request("/a", None)),
            |plan| plan.steps.swap(0, 1),
            |plan| plan.notes.clear(),
            |plan| plan.steps[0].act = Act::Remove(request("/c", None)),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut other = plan();
            change(&mut other);
            assert_ne!(other.digest(), digest, "{index}");
        }
    }
}
