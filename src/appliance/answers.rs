//! How the owner answers whoever asked.

use tokio::sync::oneshot;
use whiteglove_core::{problem::Problem, record::Record};

use super::{Owner, Then};

impl Owner {
    pub(super) fn refuse<T: Send + 'static>(
        &mut self,
        reply: oneshot::Sender<Result<T, Problem>>,
        problem: Problem,
    ) -> (Vec<Record>, Option<Then>) {
        self.remember(problem.clone());
        // Also a refusal waits its turn: an answer must not overtake the write before it.
        let then: Then = Box::new(move |_, _| drop(reply.send(Err(problem))));
        (vec![], Some(then))
    }
}

pub(super) fn answer<T: Send + 'static>(reply: oneshot::Sender<Result<T, Problem>>, value: T) -> Then {
    // The sender may have gone: the record stands all the same, and the retry will hear of it.
    Box::new(move |_, written| drop(reply.send(written.map(|()| value))))
}
