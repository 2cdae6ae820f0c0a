//! HTTP as the firmware of a bench speaks it, within limits: the laptop network is hostile.
//!
//! What boot loaders need, each measured on one of them: header names in title case (GRUB reads no others),
//! a length instead of chunks, connections that stay open after an answer (EDK2 before 2022 dies of a close),
//! no redirects (EDK2 takes one for an error), and `//` read as `/` (GRUB joins its prefix so).

mod stream;

use std::{collections::HashMap, convert::Infallible, io, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, http::Request, response::Response, routing::future::RouteFuture};
use hyper::{server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

pub(super) use self::stream::Peer;
use self::stream::Stream;
use super::buffers;

/// A bench has some dozens of laptops; each holds one connection to wait and a few to load.
const CONNECTIONS: usize = 1024;
/// Of one address. Loopback is the rehearsal of a whole bench and is not counted.
const CONNECTIONS_OF_ONE: usize = 32;
/// For the whole head of a request, and between two requests of one connection.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// A client that takes next to nothing for as long is gone. Loaders that unpack stop for seconds.
const WRITE_TIME: Duration = Duration::from_secs(60);
/// On its way to one client, in bytes: a round trip of 0.2 ms at ten gigabits. Fifty clients' together stay in the
/// processor's cache. Left alone it grows to 4 MiB for each, which is slower and is memory that slow clients hold.
const UNDER_WAY: usize = 256 << 10;
/// For what is under way when the bench stops.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// When the system has no more descriptors, until some are closed.
const OUT_OF_FILES: Duration = Duration::from_millis(100);

/// Serves until told to stop; then lets answers under way end. Nothing that a client does ends it.
pub(super) async fn serve(listener: TcpListener, routes: Router, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let mut connections = Connections::default();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            () = connections.ended(), if !connections.is_empty() => continue,
            accepted = listener.accept(), if !connections.is_full() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            // A client that went before we looked is no reason to stop listening.
            Err(error) if is_about_one_client(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken");
                tokio::time::sleep(OUT_OF_FILES).await;
                continue;
            }
        };
        if connections.of(peer.ip()) >= CONNECTIONS_OF_ONE {
            tracing::debug!(%peer, "too many connections of one address");
            continue;
        }
        let served = graceful.watch(connection(stream, peer.ip(), routes.clone()));
        connections.add(peer.ip(), async move {
            if let Err(error) = served.await {
                tracing::debug!(%peer, %error, "a connection ended early");
            }
        });
    }
    drop(listener);
    drop(tokio::time::timeout(LAST_WORDS, graceful.shutdown()).await);
}

type Incoming = Request<hyper::body::Incoming>;

fn connection(stream: TcpStream, address: IpAddr, routes: Router) -> http1::Connection<TokioIo<Stream>, Entrance> {
    // Small answers must not wait for more. A client that has gone already is found out by the first read;
    // it must not end the listener.
    let _ = stream.set_nodelay(true);
    buffers::send(&stream, UNDER_WAY);
    let peer = Peer::new(address);
    let stream = Stream::new(stream, Arc::clone(&peer), WRITE_TIME);
    http1::Builder::new()
        .title_case_headers(true)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), Entrance { peer, routes })
}

/// What a request passes before it is routed.
struct Entrance {
    peer: Arc<Peer>,
    routes: Router,
}

impl Service<Incoming> for Entrance {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn call(&self, request: Incoming) -> Self::Future {
        let mut request = one_slash(request);
        request.extensions_mut().insert(Arc::clone(&self.peer));
        // Cheap, and always ready.
        tower::Service::call(&mut self.routes.clone(), request)
    }
}

/// Several slashes are one.
fn one_slash(mut request: Incoming) -> Incoming {
    let path = request.uri().path();
    if path.contains("//") {
        let mut last = ' ';
        let mut one = String::with_capacity(path.len());
        for letter in path.chars() {
            if letter != '/' || last != '/' {
                one.push(letter);
            }
            last = letter;
        }
        if let Some(query) = request.uri().query() {
            one.push('?');
            one.push_str(query);
        }
        if let Ok(uri) = one.parse() {
            *request.uri_mut() = uri;
        }
    }
    request
}

fn is_about_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Who is connected how often.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<IpAddr>,
    by_peer: HashMap<IpAddr, usize>,
}

impl Connections {
    fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    fn is_full(&self) -> bool {
        self.tasks.len() >= CONNECTIONS
    }

    fn of(&self, peer: IpAddr) -> usize {
        if peer.is_loopback() { 0 } else { self.by_peer.get(&peer).copied().unwrap_or(0) }
    }

    fn add(&mut self, peer: IpAddr, served: impl Future<Output = ()> + Send + 'static) {
        *self.by_peer.entry(peer).or_default() += 1;
        self.tasks.spawn(async move {
            pin!(served).await;
            peer
        });
    }

    /// One of them has ended.
    async fn ended(&mut self) {
        if let Some(Ok(peer)) = self.tasks.join_next().await
            && let Some(count) = self.by_peer.get_mut(&peer)
        {
            *count -= 1;
            if *count == 0 {
                self.by_peer.remove(&peer);
            }
        }
    }
}
