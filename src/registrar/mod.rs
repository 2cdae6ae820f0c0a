//! How identities get to whoever registers them. To add a lane: its lines in `core/lane`, its transport here.

pub(crate) mod asking;
pub(crate) mod association;
pub(crate) mod credential;
pub(crate) mod csv;
pub(crate) mod graph;
pub(crate) mod handover;
pub(crate) mod http;
pub(crate) mod line;
pub(crate) mod lint;
pub(crate) mod paced;
pub(crate) mod partner;
pub(crate) mod plan;
pub(crate) mod profiles;
pub(crate) mod signin;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod vault;
pub(crate) mod worker;

pub(crate) use worker::run;
