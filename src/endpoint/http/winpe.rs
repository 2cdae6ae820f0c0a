//! Laptops in Windows PE: `OA3.xml` by curl, with a medium's number and pass, answered in lines for their screen.
//!
//! Nothing is sealed here, since Windows PE has nothing to seal with. So a stranger on the laptop network may read a
//! hash, and with the pass beside it hand in others; that is all the pass is good for, until its medium is revoked.

use std::{ops::ControlFlow, sync::Arc};

use axum::{
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use tokio::sync::oneshot;
use whiteglove_core::{
    api,
    entry::{Entry, Refusal},
    import::{self, Format},
    media_card::MediaId,
    problem::Problem,
    windows::pe::{Answer, Pass, Verdict},
};

use super::{BODY_TIME, Shared};
use crate::appliance::{Input, WinPeRefusal, stopped};

/// A report of one laptop has 5 KiB.
const LONGEST: usize = 64 << 10;

const AGAIN: &str = "Choose a to try again; capture in Windows setup if it does not get better.";

pub(super) async fn post(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let sender = sender(&shared, request.headers());
    let body = match tokio::time::timeout(BODY_TIME, to_bytes(request.into_body(), LONGEST)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return refused(StatusCode::PAYLOAD_TOO_LARGE, &broken_off("it broke off, or is too large")),
        Err(_) => return refused(StatusCode::REQUEST_TIMEOUT, &broken_off("it did not arrive within 30 seconds")),
    };
    let media = match sender {
        Ok(media) => media,
        Err(problem) => return trouble(&shared, StatusCode::FORBIDDEN, problem).await,
    };
    let entry = match only_entry(&body) {
        Ok(entry) => entry,
        Err(problem) => return trouble(&shared, StatusCode::BAD_REQUEST, problem).await,
    };
    let (reply, answer) = oneshot::channel();
    shared.appliance.send(Input::WinPe { media, entry, reply }).await;
    match answer.await.unwrap_or_else(|_| Err(WinPeRefusal::Failed(stopped()))) {
        Ok(answer) if answer.verdict == Verdict::Ok => say(StatusCode::OK, &answer),
        Ok(answer) => say(StatusCode::ACCEPTED, &answer),
        Err(WinPeRefusal::Refused(problem)) => refused(StatusCode::CONFLICT, &problem),
        Err(WinPeRefusal::Failed(problem)) => refused(StatusCode::SERVICE_UNAVAILABLE, &problem),
    }
}

/// The medium, if its pass is right. Whether it is known and not revoked, the bench says.
fn sender(shared: &Shared, headers: &HeaderMap) -> Result<MediaId, Problem> {
    let value = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let media = value(api::WINPE_MEDIA).and_then(|text| text.parse::<MediaId>().ok());
    let pass = value(api::WINPE_PASS).and_then(|text| text.parse::<Pass>().ok());
    let token = |media| shared.appliance.secret.token(media);
    media.zip(pass).filter(|(media, pass)| pass.is_of(&token(*media))).map(|(media, _)| media).ok_or_else(|| {
        Problem::new(
            "A hash from Windows PE was refused.",
            "The medium that it came with is not one of this bench, or its card was changed.",
            "Start the laptop from a medium of this bench.",
        )
    })
}

/// The one laptop that a report is of, with its hash.
fn only_entry(body: &[u8]) -> Result<Box<Entry>, Problem> {
    let mut lines = Vec::new();
    let format = import::read(body, &mut |line| {
        lines.push(line.outcome);
        if lines.len() > 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let unsound = |why: String| Problem::new("What Windows PE sent is no report of oa3tool.", why, AGAIN);
    let format = format.map_err(|problem| unsound(problem.why))?;
    match (format, lines.pop(), lines.pop()) {
        (Format::Oa3, Some(Ok(entry)), None) if entry.hash.is_some() => Ok(entry),
        (Format::Oa3, Some(Err(Refusal { why, .. })), None) => Err(unsound(why)),
        (Format::Oa3, Some(_), None) => Err(unsound("There is no hardware hash in it.".to_owned())),
        (Format::Oa3, ..) => Err(unsound("It speaks of more than one laptop, or of none.".to_owned())),
        _ => Err(unsound("It is a list of another kind.".to_owned())),
    }
}

fn broken_off(why: &str) -> Problem {
    Problem::new("The hash did not arrive whole.", why, AGAIN)
}

/// The board should know that something on the network is not what it claims to be.
async fn trouble(shared: &Shared, status: StatusCode, problem: Problem) -> Response {
    shared.appliance.send(Input::Trouble(problem.clone())).await;
    refused(status, &problem)
}

fn refused(status: StatusCode, problem: &Problem) -> Response {
    say(status, &Answer::refused(problem))
}

fn say(status: StatusCode, answer: &Answer) -> Response {
    let plain = HeaderValue::from_static("text/plain; charset=us-ascii");
    (status, [(CONTENT_TYPE, plain)], answer.text()).into_response()
}
