//! What laptops boot from, over HTTP: looked up by name, in memory, checked against its digest before
//! the first byte leaves. Files never change while we serve, so their digest is their entity tag.

use std::{collections::BTreeMap, io};

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE},
    },
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use whiteglove_image::boot::BootEnv;

/// By the name laptops ask for.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalogue(BTreeMap<String, BootFile>);

#[derive(Debug, Clone)]
struct BootFile {
    /// Shared by every transfer; some 25 MB for the whole boot environment.
    bytes: Bytes,
    tag: HeaderValue,
}

impl Catalogue {
    /// Reads everything into memory.
    ///
    /// # Errors
    /// A file cannot be read, or is not what the environment's manifest says.
    pub(super) fn load(environment: &BootEnv) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for file in environment.files() {
            let Some(name) = file.path.file_name().and_then(|name| name.to_str()) else { continue };
            let bytes = std::fs::read(&file.path)?;
            if Sha256::digest(&bytes).as_slice() != file.sha256 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{name} does not match its digest")));
            }
            let tag = HeaderValue::from_str(&format!("\"{}\"", hex::encode(file.sha256))).map_err(io::Error::other)?;
            files.insert(name.to_owned(), BootFile { bytes: bytes.into(), tag });
        }
        Ok(Self(files))
    }

    /// The answer to GET; HEAD is the same without its body (RFC 9110, sections 13 and 14).
    pub(super) fn answer(&self, name: &str, asked: &HeaderMap) -> Response {
        match self.0.get(name) {
            Some(file) => file.answer(asked),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }
}

impl BootFile {
    fn answer(&self, asked: &HeaderMap) -> Response {
        if asked.contains_key(IF_MATCH) && !self.is_named(asked, IF_MATCH.as_str()) {
            return StatusCode::PRECONDITION_FAILED.into_response();
        }
        if self.is_named(asked, IF_NONE_MATCH.as_str()) {
            return self.with_tag(StatusCode::NOT_MODIFIED.into_response());
        }
        let size = self.bytes.len() as u64;
        let mut response = match self.range(asked, size) {
            Asked::Whole => Body::from(self.bytes.clone()).into_response(),
            Asked::Part { first, last } => {
                let (from, to) = (usize::try_from(first).unwrap_or(0), usize::try_from(last).unwrap_or(0));
                let part = Body::from(self.bytes.slice(from..=to));
                let head = content_range(&format!("bytes {first}-{last}/{size}"));
                (StatusCode::PARTIAL_CONTENT, head, part).into_response()
            }
            Asked::Nonsense => {
                return (StatusCode::RANGE_NOT_SATISFIABLE, content_range(&format!("bytes */{size}"))).into_response();
            }
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        self.with_tag(response)
    }

    fn with_tag(&self, mut response: Response) -> Response {
        response.headers_mut().insert(ETAG, self.tag.clone());
        response
    }

    /// Whether a list of entity tags names this file.
    fn is_named(&self, asked: &HeaderMap, header: &str) -> bool {
        let lists = asked.get_all(header).iter().filter_map(|list| list.to_str().ok());
        lists.flat_map(|list| list.split(',')).map(str::trim).any(|tag| {
            // A weak comparison will do: nobody but we makes these tags.
            tag == "*" || self.tag == tag.trim_start_matches("W/")
        })
    }

    /// One range, or the whole: nobody who boots asks for several, and one may always be answered so.
    fn range(&self, asked: &HeaderMap, size: u64) -> Asked {
        let current = asked.get(IF_RANGE).is_none_or(|tag| *tag == self.tag);
        let Some(range) = asked.get(RANGE).and_then(|range| range.to_str().ok()).filter(|_| current) else {
            return Asked::Whole;
        };
        // What is no range of bytes is to be ignored; what lies outside of the file is an error.
        let Ok(ranges) = http_range_header::parse_range_header(range) else { return Asked::Whole };
        match ranges.validate(size).as_deref() {
            Ok([range]) => Asked::Part { first: *range.start(), last: *range.end() },
            Ok(_) => Asked::Whole,
            Err(_) => Asked::Nonsense,
        }
    }
}

enum Asked {
    Whole,
    Part { first: u64, last: u64 },
    Nonsense,
}

fn content_range(value: &str) -> HeaderMap {
    HeaderValue::from_str(value).map(|value| HeaderMap::from_iter([(CONTENT_RANGE, value)])).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> BootFile {
        BootFile { bytes: Bytes::from_static(b"0123456789"), tag: HeaderValue::from_static("\"ab\"") }
    }

    /// Status, `Content-Range`, and the length of the body.
    fn asked(headers: &[(&str, &str)]) -> (u16, String, u64) {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let response = file().answer(&headers);
        let range = response.headers().get(CONTENT_RANGE).map_or("", |range| range.to_str().unwrap()).to_owned();
        let length = http_body::Body::size_hint(response.body()).exact().unwrap();
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
        assert_eq!(asked(&[("if-none-match", "\"cd\", W/\"ab\"")]).0, 304);
        assert_eq!(asked(&[("if-none-match", "*")]).0, 304);
        assert_eq!(asked(&[("if-none-match", "\"cd\"")]).0, 200);
        assert_eq!(asked(&[("if-match", "\"cd\"")]).0, 412);
        assert_eq!(asked(&[("if-match", "\"ab\"")]).0, 200);
    }

    #[test]
    fn half_of_another_file_is_never_continued() {
        assert_eq!(asked(&[("range", "bytes=5-"), ("if-range", "\"ab\"")]).0, 206);
        assert_eq!(asked(&[("range", "bytes=5-"), ("if-range", "\"cd\"")]).0, 200);
    }
}
