//! A service that answers as a test says.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use whiteglove_core::cloud::{Answer, Request, Silence};

type Answers = dyn FnMut(&Request) -> Result<Answer, Silence> + Send;

#[derive(Clone)]
pub(crate) struct Script {
    answers: Arc<Mutex<Box<Answers>>>,
    asked: Arc<Mutex<Vec<String>>>,
    /// How long each answer takes.
    latency: Duration,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").finish_non_exhaustive()
    }
}

impl Script {
    pub(crate) fn new(answers: impl FnMut(&Request) -> Result<Answer, Silence> + Send + 'static) -> Self {
        let answers: Box<Answers> = Box::new(answers);
        Self { answers: Arc::new(Mutex::new(answers)), asked: Arc::default(), latency: Duration::ZERO }
    }

    pub(crate) fn with_latency(self, latency: Duration) -> Self {
        Self { latency, ..self }
    }

    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, Silence> {
        self.asked.lock().unwrap().push(format!("{:?} {}", request.method, request.path));
        tokio::time::sleep(self.latency).await;
        (self.answers.lock().unwrap())(request)
    }

    /// Method and path of each request so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "tests hand in what they have just made")]
pub(crate) fn answer(status: u16, body: impl ToString) -> Answer {
    Answer { status, retry_after: None, location: None, body: body.to_string().into_bytes() }
}
