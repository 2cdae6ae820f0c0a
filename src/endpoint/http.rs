//! The agent API and the boot files over HTTP.

mod board;
mod fetch;
mod files;
#[cfg(test)]
mod tests;
mod winpe;

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json, Router,
    body::{Bytes, to_bytes},
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
};
use tokio_util::sync::CancellationToken;
use whiteglove_core::{
    api::{self, Health, Order, Orders, Receipt, WAIT_SECONDS, Welcome, label},
    bench::Sealed,
    capture::{Capture, Hello},
    control::StageName,
    device::{DeviceId, Signal},
    envelope::{Envelope, Kind, MAX_ENVELOPE, MessageId, SessionKey},
    problem::Problem,
};

use self::files::Files;
use super::{
    catalogue::Catalogue,
    listener::{self, Peer},
    reports::Reports,
    sessions::Sessions,
};
use crate::{
    appliance::{Appliance, Input, stopped},
    clock::now,
    sealed,
};

/// A capture is some tens of KiB; who needs longer than this is not on the bench.
const BODY_TIME: Duration = Duration::from_secs(30);

struct Shared {
    appliance: Appliance,
    sessions: Sessions,
    files: Files,
    stop: CancellationToken,
}

type Context = State<Arc<Shared>>;

pub(super) async fn serve(
    listener: TcpListener,
    appliance: Appliance,
    catalogue: watch::Receiver<Arc<Catalogue>>,
    stop: CancellationToken,
) {
    let files = Files::new(catalogue, Reports::new(appliance.inbox.clone()));
    let shared = Arc::new(Shared { appliance, sessions: Sessions::default(), files, stop: stop.clone() });
    let routes = Router::new()
        .route(api::HEALTH, get(health))
        .route(api::HELLO, post(hello))
        .route(api::CAPTURE, post(capture))
        .route(api::WAIT, get(wait))
        .route(api::WINPE, post(winpe::post))
        // Everything else is a boot file's name: shim, GRUB and firmware look for theirs in the root.
        .route("/{*name}", get(boot_file))
        .fallback(|| async { files::not_found() })
        .with_state(shared);
    listener::serve(listener, routes, stop).await;
}

async fn health(State(shared): Context) -> Json<Health> {
    let rows = Arc::clone(&shared.appliance.snapshots.borrow().rows);
    Json(Health {
        name: "whiteglove".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        bench: shared.appliance.bench.clone(),
        box_key: hex::encode(shared.appliance.secret.public().id()),
        devices: rows.iter().filter(|row| row.stage != StageName::Replaced).count(),
    })
}

async fn hello(State(shared): Context, request: Request) -> Response {
    let message = match Message::<Hello>::read(&shared, request, Kind::Hello).await {
        Ok(message) => message,
        Err(refusal) => return refusal.into_response(),
    };
    let (reply, answer) = oneshot::channel();
    let input = Input::Hello { hello: message.content, sealed: message.sealed.clone(), reply };
    shared.appliance.send(input).await;
    match answer.await.unwrap_or_else(|_| Err(stopped())) {
        Ok(()) => {
            let batch = shared.appliance.snapshots.borrow().batch.clone();
            let bench = shared.appliance.bench.clone();
            let welcome = Welcome { message: message.sealed.message, bench, batch, now: now().millis() };
            signed(StatusCode::OK, &message.session, label::WELCOME, &welcome)
        }
        Err(problem) => signed(StatusCode::CONFLICT, &message.session, label::REFUSAL, &problem),
    }
}

async fn capture(State(shared): Context, request: Request) -> Response {
    let message = match Message::<Capture>::read(&shared, request, Kind::Capture).await {
        Ok(message) => message,
        Err(refusal) => return refusal.into_response(),
    };
    if let Err(problem) = sealed::check_capture(&message.content, &message.envelope) {
        return Refusal { status: StatusCode::BAD_REQUEST, problem }.into_response();
    }
    let id = message.sealed.message;
    let (reply, answer) = oneshot::channel();
    let input = Input::Capture { capture: Box::new(message.content), sealed: message.sealed, reply };
    shared.appliance.send(input).await;
    let receipt: Receipt = match answer.await.unwrap_or_else(|_| Err(stopped())) {
        Ok(receipt) => receipt,
        Err(problem) => return signed(StatusCode::CONFLICT, &message.session, label::REFUSAL, &problem),
    };
    shared.sessions.keep(id, message.session.clone(), DeviceId(receipt.device));
    signed(StatusCode::OK, &message.session, label::RECEIPT, &receipt)
}

#[derive(Debug, Deserialize)]
struct Waiting {
    capture: MessageId,
    #[serde(default)]
    after: u64,
}

/// Long poll: answers when there is a new order, or with "stay" when the time is up.
async fn wait(State(shared): Context, Query(waiting): Query<Waiting>) -> Response {
    let Some((session, device)) = shared.sessions.get(waiting.capture) else {
        return StatusCode::GONE.into_response();
    };
    let mut orders = shared.appliance.orders.clone();
    let given = orders.wait_for(|orders| orders.get(&device).is_some_and(|order| order.number > waiting.after));
    let patience = tokio::time::timeout(Duration::from_secs(WAIT_SECONDS), given);
    let standing = match shared.stop.run_until_cancelled(patience).await {
        Some(Ok(Ok(orders))) => orders.get(&device).copied(),
        _ => None,
    };
    let (number, order) = standing.map_or((waiting.after, Order::Stay), |order| (order.number, order.order));
    signed(
        StatusCode::OK,
        &session,
        label::ORDERS,
        &Orders { capture: waiting.capture, number, order, now: now().millis() },
    )
}

async fn boot_file(
    State(shared): Context,
    Extension(peer): Extension<Arc<Peer>>,
    method: Method,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    shared.files.answer(&method, &name, &headers, &peer)
}

/// An opened message of a laptop.
struct Message<T> {
    content: T,
    sealed: Sealed,
    session: SessionKey,
    envelope: Envelope,
}

impl<T: for<'de> Deserialize<'de>> Message<T> {
    async fn read(shared: &Shared, request: Request, kind: Kind) -> Result<Self, Refusal> {
        let body = tokio::time::timeout(BODY_TIME, to_bytes(request.into_body(), MAX_ENVELOPE));
        let body: Bytes = match body.await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => return Err(Refusal::cut_short("it broke off, or is larger than a capture can be")),
            Err(_) => return Err(Refusal::cut_short("it did not arrive within 30 seconds")),
        };
        let opened = || -> Result<Self, Problem> {
            let envelope = Envelope::parse(&body).map_err(sealed::problem)?;
            if envelope.kind() != kind {
                return Err(sealed::not_a_capture());
            }
            let (content, session) = sealed::open::<T>(&envelope, &shared.appliance.secret)?;
            let sealed = Sealed {
                media: envelope.media(),
                message: envelope.message(),
                signal: Signal::Agent,
                envelope: sealed::digest(&envelope),
            };
            Ok(Self { content, sealed, session, envelope })
        };
        match opened() {
            Ok(message) => Ok(message),
            Err(problem) => {
                // The board should know that something on the network is not what it claims to be.
                shared.appliance.send(Input::Trouble(problem.clone())).await;
                Err(Refusal { status: StatusCode::BAD_REQUEST, problem })
            }
        }
    }
}

/// An answer to someone with whom we share no session key.
struct Refusal {
    status: StatusCode,
    problem: Problem,
}

impl Refusal {
    fn cut_short(why: &str) -> Self {
        let next = "Check the laptop's cable; the agent tries again by itself.";
        let problem = Problem::new("A laptop's message did not arrive.", format!("Its body: {why}."), next);
        Self { status: StatusCode::BAD_REQUEST, problem }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.problem)).into_response()
    }
}

fn signed<T: Serialize>(status: StatusCode, session: &SessionKey, label: &str, body: &T) -> Response {
    let Ok(body) = serde_json::to_vec(body) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let seal = session.seal(label, &body);
    let mut response = (status, body).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(seal) = HeaderValue::from_str(&seal) {
        response.headers_mut().insert(api::SEAL_HEADER, seal);
    }
    response
}
