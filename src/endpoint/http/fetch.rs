//! A file on its way over HTTP: in pieces, each of which says when the socket has taken it. Nothing is copied.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;
use whiteglove_core::{
    clock::Moment,
    netboot::{Carrier, Seen, Who},
};

use super::super::{
    catalogue::{Content, Source},
    listener::Peer,
    reports::Reports,
};
use crate::clock::now;

/// Large enough that system calls do not count, small enough to see a slow client go on.
const PIECE: u64 = 256 << 10;

/// One answer with content, from its head until its last byte is in the socket or lost.
#[derive(Debug)]
pub(super) struct Fetch {
    pub(super) who: Who,
    pub(super) name: String,
    /// Bytes of the whole file.
    pub(super) size: u64,
    /// Bytes of this answer.
    pub(super) length: u64,
    /// Whether the client has the whole file afterwards: a loader that seeks asks for the rest again and again.
    pub(super) whole: bool,
    pub(super) since: Moment,
    taken: AtomicU64,
    peer: Arc<Peer>,
    reports: Reports,
}

impl Fetch {
    pub(super) fn new(
        name: &str,
        size: u64,
        range: &std::ops::Range<u64>,
        peer: &Arc<Peer>,
        reports: &Reports,
    ) -> Option<Arc<Self>> {
        Some(Arc::new(Self {
            who: peer.who()?,
            name: name.to_owned(),
            size,
            length: range.end - range.start,
            whole: *range == (0..size),
            since: now(),
            taken: AtomicU64::new(0),
            peer: Arc::clone(peer),
            reports: reports.clone(),
        }))
    }

    /// Bytes in the socket.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    pub(super) fn began(&self) {
        self.saw(Seen::Fetching { name: self.name.clone(), size: self.size, by: Carrier::Http });
    }

    fn saw(&self, seen: Seen) {
        // By which interface is not known here; the laptop's story knows.
        self.reports.saw("", self.who, seen);
    }
}

/// The last piece and the body are gone: it is over.
impl Drop for Fetch {
    fn drop(&mut self) {
        let (name, size, by) = (self.name.clone(), self.size, Carrier::Http);
        let (had, at) = (self.taken(), now());
        if had == self.length && self.whole {
            let millis = u64::try_from(at.since(self.since).as_millis()).unwrap_or(u64::MAX);
            self.saw(Seen::Fetched { name, size, millis, by });
        } else if self.whole {
            let how = self.peer.lost().unwrap_or("the connection ended").to_owned();
            self.saw(Seen::Broken { name, had, size, how, by });
        }
    }
}

/// Bytes in a connection's queue. It drops them when the socket has taken all of them, or when the connection is lost.
struct Piece {
    bytes: Bytes,
    fetch: Arc<Fetch>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        if self.fetch.peer.lost().is_none() {
            self.fetch.taken.fetch_add(self.bytes.len() as u64, Ordering::Relaxed);
        }
    }
}

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Pieces {
    content: Arc<Content>,
    at: u64,
    end: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    fetch: Option<Arc<Fetch>>,
}

impl Pieces {
    pub(super) fn new(content: Arc<Content>, range: std::ops::Range<u64>, fetch: Option<Arc<Fetch>>) -> Self {
        Self { content, at: range.start, end: range.end, reading: None, fetch }
    }

    fn next(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let end = self.end.min(self.at + PIECE);
        match self.content.source() {
            Source::Held(bytes) => {
                let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                Poll::Ready(Ok(bytes.slice(place(self.at)..place(end))))
            }
            // A disk that sleeps must not stop other laptops.
            Source::OnDisk(_) => {
                let (content, at) = (&self.content, self.at);
                let reading = self.reading.get_or_insert_with(|| {
                    let content = Arc::clone(content);
                    tokio::task::spawn_blocking(move || read(&content, at, end - at))
                });
                let read = ready!(Pin::new(reading).poll(context)).map_err(io::Error::other);
                self.reading = None;
                Poll::Ready(read.flatten())
            }
        }
    }
}

fn read(content: &Content, at: u64, length: u64) -> io::Result<Bytes> {
    let Source::OnDisk(file) = content.source() else { return Ok(Bytes::new()) };
    let mut buffer = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_at(&mut buffer, at)?;
    Ok(buffer.into())
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.at >= self.end {
            return Poll::Ready(None);
        }
        let bytes = match ready!(self.next(context)) {
            Ok(bytes) => bytes,
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        self.at += bytes.len() as u64;
        let bytes = match &self.fetch {
            Some(fetch) => Bytes::from_owner(Piece { bytes, fetch: Arc::clone(fetch) }),
            None => bytes,
        };
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.at >= self.end
    }

    /// Exact, or the answer would go in chunks.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.at)
    }
}
