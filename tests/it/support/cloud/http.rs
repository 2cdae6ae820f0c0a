//! The three services on loopback: connections, faults, tokens, limits, and the judgement of every exchange.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::body::Body;
use futures_util::StreamExt as _;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::{
    contract::{CONTRACTS, Called, Host},
    entra,
    faults::Fault,
    graph, partner,
    text::spread,
    world::{Exchange, World},
};

pub(crate) fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

pub(crate) type Shared = Arc<Mutex<World>>;

/// A test that failed while it held the world must not hide what it said.
pub(crate) fn locked(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: vec![("content-type", "application/json".to_owned())], body: body.to_string().into() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// A refusal as that service words it.
    pub(crate) fn refused(host: Host, status: u16, code: &str, message: &str) -> Self {
        let body = match host {
            Host::Entra => json!({"error": code, "error_description": message, "error_codes": []}),
            Host::Graph => json!({"error": {"code": code, "message": message, "innerError": {
                "date": "2026-01-15T10:00:00", "request-id": "11111111-1111-4111-8111-111111111111",
                "client-request-id": "22222222-2222-4222-8222-222222222222",
            }}}),
            Host::Partner => {
                json!({"code": code, "description": message, "data": [], "source": "PartnerApiServiceCore"})
            }
        };
        Self::json(status, &body)
    }
}

/// What was asked, beside the path.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    /// From the root of the service, with its query.
    pub(crate) path: &'a str,
    pub(crate) headers: &'a hyper::HeaderMap,
    pub(crate) body: &'a [u8],
}

impl Asked<'_> {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(self.body).unwrap_or_default()
    }
}

/// Serves one service until the listener's task is given up.
pub(crate) async fn serve(host: Host, listener: TcpListener, world: Shared) -> Infallible {
    // Connections end with the task that holds them.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        while connections.try_join_next().is_some() {}
        let world = Arc::clone(&world);
        connections.spawn(async move {
            let service = service_fn(|request| exchange(host, request, Arc::clone(&world)));
            // A connection that we cut, or that the other side did: both are part of the play.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn exchange(host: Host, request: Request<Incoming>, world: Shared) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(Body::new(body), 64 << 20).await.map_err(io::Error::other)?;
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let asked = Asked { method: head.method.as_str(), path: &path, headers: &head.headers, body: &body };
    let (lasts, fault) = {
        let mut world = locked(&world);
        let words = format!("request {}", world.exchanges.len());
        (spread(&world.pace.request, &words), world.faults.next(host, asked.method, &path))
    };
    // Half on the way there, half on the way back.
    tokio::time::sleep(Duration::from_millis(lasts / 2)).await;
    let reply = match (&fault, before(host, fault.as_ref())) {
        (Some(Fault::ClosedBefore), _) => return Err(io::ErrorKind::ConnectionReset.into()),
        (Some(Fault::HoldBefore), _) => hold(&world).await,
        (Some(Fault::Late(wait)), _) => {
            let wait = Duration::from_millis(*wait);
            let (method, headers) = (head.method.clone(), head.headers.clone());
            tokio::spawn(async move {
                tokio::time::sleep(wait).await;
                let asked = Asked { method: method.as_str(), path: &path, headers: &headers, body: &body };
                answer(&mut locked(&world), host, &asked);
            });
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        (_, Some(reply)) => {
            let mut world = locked(&world);
            judge_request(&mut world, host, &asked);
            log(&mut world, host, asked.method, &path, reply.status, false);
            reply
        }
        (_, None) => answer(&mut locked(&world), host, &asked),
    };
    tokio::time::sleep(Duration::from_millis(lasts - lasts / 2)).await;
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    let body = match fault {
        Some(Fault::ClosedAfter) => return Err(io::ErrorKind::ConnectionReset.into()),
        Some(Fault::HoldAfter) => hold(&world).await,
        Some(Fault::Half) => {
            response = response.header("content-length", reply.body.len());
            let half = reply.body[..reply.body.len() / 2].to_vec();
            let cut = futures_util::stream::once(async {
                // What came before is on the wire by then.
                tokio::time::sleep(Duration::from_millis(100)).await;
                Err(io::Error::from(io::ErrorKind::ConnectionReset))
            });
            Body::from_stream(futures_util::stream::iter([Ok(half)]).chain(cut))
        }
        Some(Fault::CutJson) => Body::from(reply.body[..reply.body.len() / 2].to_vec()),
        Some(Fault::Slow(more)) => {
            tokio::time::sleep(Duration::from_millis(more)).await;
            Body::from(reply.body)
        }
        Some(Fault::UnknownWords) => Body::from(next_year(&reply.body)),
        _ => Body::from(reply.body),
    };
    response.body(body).map_err(io::Error::other)
}

/// Until the other side gives up, or is killed.
async fn hold<T>(world: &Shared) -> T {
    locked(world).holding += 1;
    std::future::pending().await
}

/// What a fault answers by itself, before anything is done.
fn before(host: Host, fault: Option<&Fault>) -> Option<Reply> {
    match fault? {
        Fault::Throttled { retry_after } => {
            let reply = Reply::refused(host, 429, "TooManyRequests", "Too many requests");
            Some(match retry_after {
                Some(seconds) => reply.with("retry-after", seconds.to_string()),
                None => reply,
            })
        }
        Fault::Refused { status, nested } => {
            let message = if *nested { nested_message("The service met an error.") } else { "It failed.".to_owned() };
            Some(Reply::refused(host, *status, "InternalServerError", &message))
        }
        Fault::ProxyPage(status) => {
            let page = "<html><head><title>Access denied</title></head><body>Ask your administrator.</body></html>";
            let headers = vec![("content-type", "text/html".to_owned())];
            Some(Reply { status: *status, headers, body: page.into() })
        }
        _ => None,
    }
}

/// Intune's own document inside the message of Graph.
pub(crate) fn nested_message(text: &str) -> String {
    let activity = "11111111-1111-4111-8111-111111111111";
    let message = format!(
        "{text} - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: {activity} \
         - Url: https://fef.msub01.manage.microsoft.com/StatelessEnrollmentFEService/deviceManagement"
    );
    let document = json!({
        "_version": 3, "Message": message, "CustomApiErrorPhrase": "", "RetryAfter": null, "ErrorSourceService": "",
        "HttpHeaders": "{}",
    });
    serde_json::to_string_pretty(&document).unwrap().replace('\n', "\r\n")
}

/// Every word of an enumeration as one that nobody knows yet.
fn next_year(body: &[u8]) -> Vec<u8> {
    fn change(value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(change),
            Value::Object(object) => {
                for (name, value) in object {
                    let is_word = ["Status", "State", "Type"].iter().any(|end| name.ends_with(end));
                    match value {
                        Value::String(word) if is_word && !name.starts_with('@') => *word = format!("{word}Next"),
                        other => change(other),
                    }
                }
            }
            _ => (),
        }
    }
    let mut value = serde_json::from_slice(body).unwrap_or_default();
    change(&mut value);
    value.to_string().into()
}

fn log(world: &mut World, host: Host, method: &str, path: &str, status: u16, part: bool) {
    let (method, path) = (method.to_owned(), path.to_owned());
    world.exchanges.push(Exchange { at: now(), host, method, path, status, part });
}

fn judge_request(world: &mut World, host: Host, asked: &Asked<'_>) {
    let (method, path) = (asked.method, asked.path);
    let called = Called { host, method, path, content_type: asked.header("content-type"), body: asked.body };
    let wrong = CONTRACTS.judge(&called);
    world.violations.extend(wrong.into_iter().map(|wrong| format!("{host:?} {method} {path}: {wrong}")));
}

/// One request that arrived whole: judged, carried out, its answer judged.
fn answer(world: &mut World, host: Host, asked: &Asked<'_>) -> Reply {
    judge_request(world, host, asked);
    let now = now();
    world.directory.advance(now);
    let path = asked.path.split('?').next().unwrap();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let reply = match host {
        Host::Entra => entra::answer(world, &segments, asked.body, now),
        Host::Graph => graph::answer(world, asked, now),
        Host::Partner => partner::answer(world, asked, &segments, now),
    };
    log(world, host, asked.method, asked.path, reply.status, false);
    judge_answer(world, host, asked.method, asked.path, &reply);
    reply
}

/// A part of a batch goes through here too.
pub(crate) fn answer_part(world: &mut World, asked: &Asked<'_>, carry: impl FnOnce(&mut World) -> Reply) -> Reply {
    judge_request(world, Host::Graph, asked);
    let fault = world.faults.next(Host::Graph, asked.method, asked.path);
    // What happens to connections and to whole answers does not happen to a part.
    let fault = fault.filter(|fault| matches!(fault, Fault::Throttled { .. } | Fault::Refused { .. }));
    let reply = before(Host::Graph, fault.as_ref()).unwrap_or_else(|| carry(world));
    log(world, Host::Graph, asked.method, asked.path, reply.status, true);
    judge_answer(world, Host::Graph, asked.method, asked.path, &reply);
    reply
}

fn judge_answer(world: &mut World, host: Host, method: &str, path: &str, reply: &Reply) {
    if let Some(operation) = CONTRACTS.operation(host, method, path) {
        let wrong = operation.judge(reply.status, &reply.body);
        world.violations.extend(wrong.into_iter().map(|wrong| format!("answer to {method} {path}: {wrong}")));
    }
}
