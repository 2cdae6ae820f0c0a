//! Boot files over HTTP (RFC 9110, sections 13 and 14). They do not change while we serve, so a tag names their content.

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE},
    },
    response::{IntoResponse, Response},
};
use tokio::sync::{mpsc, watch};
use whiteglove_core::{
    netboot::{Carrier, Seen},
    tftp::FileName,
};

use super::{
    super::{
        catalogue::{Catalogue, Content},
        listener::Peer,
        missed::Missed,
        reports::Reports,
    },
    board,
    fetch::{Fetch, Pieces},
};
use crate::clock::now;

/// Everything in the catalogue, for laptops.
#[derive(Debug)]
pub(super) struct Files {
    catalogue: watch::Receiver<Arc<Catalogue>>,
    reports: Reports,
    board: mpsc::UnboundedSender<Weak<Fetch>>,
    missed: Mutex<Missed>,
}

impl Files {
    pub(super) fn new(catalogue: watch::Receiver<Arc<Catalogue>>, reports: Reports) -> Self {
        let (board, running) = mpsc::unbounded_channel();
        tokio::spawn(board::show(running, reports.clone()));
        Self { catalogue, reports, board, missed: Mutex::default() }
    }

    /// The answer to GET; HEAD is the same without its body.
    pub(super) fn answer(&self, method: &Method, name: &str, asked: &HeaderMap, peer: &Arc<Peer>) -> Response {
        let Some(content) = self.catalogue.borrow().find(name).cloned() else {
            self.not_there(name, peer);
            return not_found();
        };
        let answer = Answer::to(method, asked, &content);
        let range = match &answer {
            Answer::Whole => 0..content.size(),
            Answer::Part(range) => range.clone(),
            Answer::Unchanged | Answer::Changed | Answer::Nonsense => {
                return answer.response(name, &content, Body::empty());
            }
        };
        if *method == Method::HEAD {
            if let Some(who) = peer.who() {
                self.reports.saw("", who, Seen::Probed { name: name.to_owned(), size: content.size() });
            }
            // The server takes the body away and leaves its length.
            let body = Body::new(Pieces::new(Arc::clone(&content), range, None));
            return answer.response(name, &content, body);
        }
        let fetch = Fetch::new(name, content.size(), &range, peer, &self.reports);
        if let Some(fetch) = fetch.as_ref().filter(|fetch| board::is_worth_showing(fetch)) {
            if fetch.whole {
                fetch.began();
            }
            // It fails when the program ends.
            let _ = self.board.send(Arc::downgrade(fetch));
        }
        let body = Body::new(Pieces::new(Arc::clone(&content), range, fetch));
        answer.response(name, &content, body)
    }

    fn not_there(&self, name: &str, peer: &Peer) {
        let Ok(name) = FileName::parse(name.as_bytes()) else { return };
        let Some(who) = peer.who() else { return };
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        if who.address.is_some_and(|address| missed.is_news(address, name.as_str(), now())) {
            self.reports.saw("", who, Seen::NotThere { name: name.as_str().to_owned(), by: Carrier::Http });
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Whole,
    Part(Range<u64>),
    /// The client has it already.
    Unchanged,
    /// It wants another file than there is.
    Changed,
    /// The range lies outside of the file.
    Nonsense,
}

impl Answer {
    fn to(method: &Method, asked: &HeaderMap, content: &Content) -> Self {
        if asked.contains_key(IF_MATCH) && !is_named(content, asked, IF_MATCH.as_str()) {
            return Self::Changed;
        }
        if is_named(content, asked, IF_NONE_MATCH.as_str()) {
            return Self::Unchanged;
        }
        // A range of no content means nothing.
        if *method == Method::HEAD { Self::Whole } else { Self::range(asked, content) }
    }

    /// One range, or the whole: nobody who boots asks for several, and one may always be answered so.
    fn range(asked: &HeaderMap, content: &Content) -> Self {
        let current = asked.get(IF_RANGE).is_none_or(|tag| tag == content.tag());
        let Some(range) = asked.get(RANGE).and_then(|range| range.to_str().ok()).filter(|_| current) else {
            return Self::Whole;
        };
        // What is no range of bytes is to be ignored; what lies outside of the file is an error.
        let Ok(ranges) = http_range_header::parse_range_header(range) else { return Self::Whole };
        match ranges.validate(content.size()).as_deref() {
            Ok([range]) => Self::Part(*range.start()..*range.end() + 1),
            Ok(_) => Self::Whole,
            Err(_) => Self::Nonsense,
        }
    }

    fn response(&self, name: &str, content: &Content, body: Body) -> Response {
        let size = content.size();
        let (status, range) = match self {
            Self::Whole => (StatusCode::OK, None),
            Self::Part(Range { start, end }) => {
                let range = format!("bytes {start}-{}/{size}", end.saturating_sub(1));
                (StatusCode::PARTIAL_CONTENT, Some(range))
            }
            Self::Unchanged => (StatusCode::NOT_MODIFIED, None),
            Self::Changed => return StatusCode::PRECONDITION_FAILED.into_response(),
            Self::Nonsense => (StatusCode::RANGE_NOT_SATISFIABLE, Some(format!("bytes */{size}"))),
        };
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        if let Some(range) = range.and_then(|range| HeaderValue::from_str(&range).ok()) {
            headers.insert(CONTENT_RANGE, range);
        }
        if matches!(self, Self::Whole | Self::Part(_)) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind(name)));
            headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        }
        headers.insert(ETAG, content.tag().clone());
        response
    }
}

/// UEFI's HTTP Boot takes what it starts by type, or by the end of its name.
fn kind(name: &str) -> &'static str {
    if name.ends_with(".efi") { "application/efi" } else { "application/octet-stream" }
}

/// Whether a list of entity tags names this content.
fn is_named(content: &Content, asked: &HeaderMap, header: &str) -> bool {
    let lists = asked.get_all(header).iter().filter_map(|list| list.to_str().ok());
    // A weak comparison will do: nobody but we makes these tags.
    lists
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || *content.tag() == tag.trim_start_matches("W/"))
}

/// With a few words in it: shim waits for the body of any answer, and for an empty one until the connection ends, 30 s
/// for each of the three files that it asks for and does without (seen with OVMF).
pub(super) fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "Not found\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status, `Content-Range`, and the bytes answered with.
    fn asked(headers: &[(&str, &str)]) -> (u16, String, u64) {
        let content = Content::of(&b"0123456789"[..]);
        let tag = content.tag().to_str().unwrap();
        let header = |(name, value): &(&str, &str)| (name.parse().unwrap(), value.replace("TAG", tag).parse().unwrap());
        let headers = headers.iter().map(header).collect();
        let answer = Answer::to(&Method::GET, &headers, &content);
        let length = match &answer {
            Answer::Whole => 10,
            Answer::Part(range) => range.end - range.start,
            _ => 0,
        };
        let response = answer.response("name", &content, Body::empty());
        let range = response.headers().get(CONTENT_RANGE).map_or("", |range| range.to_str().unwrap()).to_owned();
        (response.status().as_u16(), range, length)
    }

    #[test]
    fn ranges_as_loaders_ask_for_them() {
        assert_eq!(asked(&[]), (200, String::new(), 10));
        assert_eq!(asked(&[("range", "bytes=2-5")]), (206, "bytes 2-5/10".into(), 4));
        assert_eq!(asked(&[("range", "bytes=7-")]), (206, "bytes 7-9/10".into(), 3));
        assert_eq!(asked(&[("range", "bytes=-1")]), (206, "bytes 9-9/10".into(), 1));
        assert_eq!(asked(&[("range", "bytes=8-99")]), (206, "bytes 8-9/10".into(), 2));
        assert_eq!(asked(&[("range", "bytes=10-")]), (416, "bytes */10".into(), 0));
        assert_eq!(asked(&[("range", "bytes=0-1,4-5")]).0, 200);
        assert_eq!(asked(&[("range", "lines=1-2")]).0, 200);
    }

    #[test]
    fn who_has_it_already_is_told_so() {
        assert_eq!(asked(&[("if-none-match", "\"cd\", W/TAG")]).0, 304);
        assert_eq!(asked(&[("if-none-match", "*")]).0, 304);
        assert_eq!(asked(&[("if-none-match", "\"cd\"")]).0, 200);
        assert_eq!(asked(&[("if-match", "\"cd\"")]).0, 412);
        assert_eq!(asked(&[("if-match", "TAG")]).0, 200);
    }

    #[test]
    fn half_of_another_file_is_never_continued() {
        assert_eq!(asked(&[("range", "bytes=5-"), ("if-range", "TAG")]).0, 206);
        assert_eq!(asked(&[("range", "bytes=5-"), ("if-range", "\"cd\"")]).0, 200);
    }
}
