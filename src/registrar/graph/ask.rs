//! Asking: one, one after the other, page by page, and many in one.

use std::collections::HashSet;

use futures_util::future::join_all;
use whiteglove_core::{
    clock::short_age,
    cloud::{
        Answer, Request, Service,
        fault::{Fault, Kind},
        graph::{self, MOST_PARTS, Page, Unreadable},
        pace::Why,
    },
    problem::Problem,
};

use super::{Graph, unreadable};
use crate::registrar::paced::Missed;

/// Questions are repeated so often, at the pace that the service allows.
const TRIES: usize = 4;

impl Graph {
    /// For what changes something: repeated only if the service says that it was not done. `what` completes
    /// "refused ...".
    pub(super) async fn order(&self, request: &Request, what: &str) -> Result<Answer, Fault> {
        self.repeat(request, what, |kind| kind == Kind::Throttled).await
    }

    /// For what changes nothing.
    pub(super) async fn ask(&self, request: &Request, what: &str) -> Result<Answer, Fault> {
        self.repeat(request, what, Kind::passes).await
    }

    async fn repeat(&self, request: &Request, what: &str, again: impl Fn(Kind) -> bool) -> Result<Answer, Fault> {
        let mut tries = 1;
        loop {
            let answer = self.paced.send(request).await;
            // What may not go yet is not asked for over and over.
            let is_sent = !matches!(answer, Err(Missed::NotNow { .. } | Missed::NoToken(_)));
            match understood(answer, what) {
                Err(fault) if is_sent && tries < TRIES && again(fault.kind) => tries += 1,
                done => return done,
            }
        }
    }

    /// The pages of a list, until `enough`, the end, or `most` of them. `true`: it was read to its end.
    pub(super) async fn pages<T>(
        &self,
        first: Request,
        what: &str,
        most: usize,
        read: impl Fn(&Answer) -> Result<Page<T>, Unreadable>,
        mut enough: impl FnMut(&[T]) -> bool,
    ) -> Result<(Vec<T>, bool), Fault> {
        let (mut items, mut request, mut seen) = (vec![], first, HashSet::new());
        for _ in 0..most {
            let answer = self.ask(&request, what).await?;
            let page = read(&answer).map_err(|error| unreadable(&error, what))?;
            items.extend(page.items);
            let Some(link) = page.next else { return Ok((items, true)) };
            if enough(&items) {
                return Ok((items, false));
            }
            let next = graph::follow(&request, &link).map_err(|error| unreadable(&error, what))?;
            // A list that leads back into itself has no end.
            if !seen.insert(next.path.clone()) {
                let error = Unreadable { at: "@odata.nextLink".to_owned(), why: "it leads back".to_owned() };
                return Err(unreadable(&error, what));
            }
            request = next;
        }
        Ok((items, false))
    }

    /// Many questions, twenty in one; an answer or a fault for each, in order.
    pub(super) async fn each(&self, requests: &[Request], what: &str) -> Vec<Result<Answer, Fault>> {
        if let [only] = requests {
            return vec![self.ask(only, what).await];
        }
        let batches = join_all(requests.chunks(MOST_PARTS).map(|parts| self.parts(parts, what))).await;
        batches.into_iter().flatten().collect()
    }

    async fn parts(&self, requests: &[Request], what: &str) -> Vec<Result<Answer, Fault>> {
        let mut results: Vec<Option<Result<Answer, Fault>>> = vec![None; requests.len()];
        for _ in 0..TRIES {
            let open = |result: &Option<Result<Answer, Fault>>| match result {
                None => true,
                Some(Err(fault)) => fault.kind.passes(),
                Some(Ok(_)) => false,
            };
            let places: Vec<usize> = (0..requests.len()).filter(|place| open(&results[*place])).collect();
            let parts: Vec<Request> = places.iter().map(|place| requests[*place].clone()).collect();
            let Some(batch) = graph::batch(&parts) else { break };
            let answers = match self.ask(&batch, what).await {
                Ok(answer) => graph::answers(&answer, parts.len()).map_err(|error| unreadable(&error, what)),
                Err(fault) => Err(fault),
            };
            let answers = match answers {
                Ok(answers) => answers,
                Err(fault) => {
                    // What was answered before stays answered.
                    places.into_iter().for_each(|place| results[place] = Some(Err(fault.clone())));
                    break;
                }
            };
            for (place, answer) in places.into_iter().zip(answers) {
                let Some(answer) = answer else { continue };
                results[place] = Some(match Fault::of(Service::Graph, &answer, what) {
                    None => Ok(answer),
                    Some(fault) => Err(fault),
                });
            }
        }
        let left_out = || {
            let error = Unreadable { at: "responses".to_owned(), why: "it left a question out".to_owned() };
            Err(unreadable(&error, what))
        };
        results.into_iter().map(|result| result.unwrap_or_else(left_out)).collect()
    }
}

pub(super) fn understood(answer: Result<Answer, Missed>, what: &str) -> Result<Answer, Fault> {
    let service = Service::Graph;
    match answer {
        Ok(answer) => match Fault::of(service, &answer, what) {
            None => Ok(answer),
            Some(fault) => Err(fault),
        },
        Err(Missed::Silence(silence)) => Err(Fault::of_silence(service, &silence, what)),
        Err(Missed::NoToken(problem)) => Err(Fault { kind: Kind::Unauthorized, wait: None, problem }),
        Err(Missed::NotNow { wait, view }) => {
            let why = view.why.map_or("the service asks to wait", Why::words);
            let problem = Problem::new(
                format!("{} waits with {what}", service.words()),
                format!("{why}; the next try is in {}", short_age(wait)),
                "Nothing: it goes on by itself.",
            );
            Err(Fault { kind: Kind::Throttled, wait: Some(wait), problem })
        }
    }
}
