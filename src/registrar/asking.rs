//! Asking one service for one tenant: again where that helps, page by page, and never twice what may have been done.

use std::collections::HashSet;

use whiteglove_core::{
    clock::short_age,
    cloud::{
        Answer, Request, Service,
        fault::{Fault, Kind},
        graph::{self, Page, Unreadable},
        pace::Why,
    },
    problem::Problem,
};

use super::paced::{Missed, Paced};

/// Questions are repeated so often, at the pace that the service allows.
pub(super) const TRIES: usize = 4;

#[derive(Debug, Clone)]
pub(crate) struct Asking {
    paced: Paced,
    service: Service,
}

impl Asking {
    pub(crate) fn new(paced: Paced, service: Service) -> Self {
        Self { paced, service }
    }

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
            match understood(self.service, answer, what) {
                Err(fault) if is_sent && tries < TRIES && again(fault.kind) => tries += 1,
                done => return done,
            }
        }
    }

    /// The pages of a list of Graph, until `enough`, the end, or `most` of them. `true`: it was read to its end.
    pub(super) async fn pages<T>(
        &self,
        first: Request,
        what: &str,
        most: usize,
        read: impl Fn(&Answer) -> Result<Page<T>, Unreadable>,
        mut enough: impl FnMut(&[T]) -> bool,
    ) -> Result<(Vec<T>, bool), Fault> {
        let unreadable = |error: &Unreadable| Fault::unreadable(self.service, error, what);
        let (mut items, mut request, mut seen) = (vec![], first, HashSet::new());
        for _ in 0..most {
            let answer = self.ask(&request, what).await?;
            let page = read(&answer).map_err(|error| unreadable(&error))?;
            items.extend(page.items);
            let Some(link) = page.next else { return Ok((items, true)) };
            if enough(&items) {
                return Ok((items, false));
            }
            let next = graph::follow(&request, &link).map_err(|error| unreadable(&error))?;
            // A list that leads back into itself has no end.
            if !seen.insert(next.path.clone()) {
                let error = Unreadable { at: "@odata.nextLink".to_owned(), why: "it leads back".to_owned() };
                return Err(unreadable(&error));
            }
            request = next;
        }
        Ok((items, false))
    }
}

/// What came, or what it means that it did not.
pub(super) fn understood(service: Service, answer: Result<Answer, Missed>, what: &str) -> Result<Answer, Fault> {
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
