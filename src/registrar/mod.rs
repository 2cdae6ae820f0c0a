//! How identities get to whoever registers them. To add a lane: its lines in `core/lane`, its transport here.

pub(crate) mod credential;
pub(crate) mod csv;
pub(crate) mod handover;
pub(crate) mod http;
pub(crate) mod line;
pub(crate) mod signin;
pub(crate) mod vault;
