//! Asking: one, one after the other, page by page, and many in one.

use futures_util::future::join_all;
use whiteglove_core::cloud::{
    Answer, Request, Service,
    fault::Fault,
    graph::{self, MOST_PARTS, Page, Unreadable},
};

use super::{Graph, unreadable};
use crate::registrar::asking::TRIES;

impl Graph {
    /// For what changes something: repeated only if the service says that it was not done. `what` completes
    /// "refused ...".
    pub(super) async fn order(&self, request: &Request, what: &str) -> Result<Answer, Fault> {
        self.asking.order(request, what).await
    }

    /// For what changes nothing.
    pub(super) async fn ask(&self, request: &Request, what: &str) -> Result<Answer, Fault> {
        self.asking.ask(request, what).await
    }

    /// The pages of a list, until `enough`, the end, or `most` of them. `true`: it was read to its end.
    pub(super) async fn pages<T>(
        &self,
        first: Request,
        what: &str,
        most: usize,
        read: impl Fn(&Answer) -> Result<Page<T>, Unreadable>,
        enough: impl FnMut(&[T]) -> bool,
    ) -> Result<(Vec<T>, bool), Fault> {
        self.asking.pages(first, what, most, read, enough).await
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
