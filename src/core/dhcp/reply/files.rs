//! The files that one machine may boot, by what it is and how it fetches.

use std::collections::BTreeMap;

use super::Server;
use crate::dhcp::netboot::{Architecture, Protocol, Request};

/// `tftp://255.255.255.255/` or `http://255.255.255.255:65535/` before it must leave room for a NUL in
/// the 128 bytes of the header's field.
const LONGEST: usize = 98;

/// A boot file's name in our own catalogue: the same for TFTP and behind our HTTP address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootPath(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a boot file's name has 1 to 98 letters, digits and . _ - / ? = & and does not begin with a slash")]
pub struct NotAPath;

impl BootPath {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for BootPath {
    type Err = NotAPath;
    fn from_str(text: &str) -> Result<Self, NotAPath> {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/?=&".contains(&byte);
        let fits = (1..=LONGEST).contains(&text.len()) && !text.starts_with('/');
        if fits && text.bytes().all(good) { Ok(Self(text.to_owned())) } else { Err(NotAPath) }
    }
}

/// What may be booted, for every kind of machine there is something for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(BTreeMap<(Architecture, Protocol), BootPath>);

impl Files {
    #[must_use]
    pub fn with(mut self, architecture: Architecture, protocol: Protocol, path: BootPath) -> Self {
        self.0.insert((architecture, protocol), path);
        self
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The kinds of machine there is something for, each once, in words.
    pub fn kinds(&self) -> Vec<String> {
        let mut kinds: Vec<_> = self.0.keys().map(|(architecture, _)| architecture.to_string()).collect();
        kinds.dedup();
        kinds
    }

    pub(super) fn find(&self, request: &Request) -> Option<Offered<'_>> {
        let path = self.0.get(&(request.architecture, request.protocol))?;
        Some(match request.protocol {
            Protocol::Pxe => Offered::Name(path),
            Protocol::Ipxe if !request.speaks_http => Offered::TftpUrl(path),
            Protocol::Http | Protocol::Ipxe => Offered::HttpUrl(path),
        })
    }
}

/// How a file is named to the client that gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered<'a> {
    Name(&'a BootPath),
    TftpUrl(&'a BootPath),
    HttpUrl(&'a BootPath),
}

impl Offered<'_> {
    pub(super) fn text(self, server: Server) -> String {
        let Server { address, http_port } = server;
        match self {
            Self::Name(path) => path.0.clone(),
            Self::TftpUrl(path) => format!("tftp://{address}/{}", path.0),
            Self::HttpUrl(path) if http_port == 80 => format!("http://{address}/{}", path.0),
            Self::HttpUrl(path) => format!("http://{address}:{http_port}/{}", path.0),
        }
    }
}
