//! How identities get to whoever registers them. To add a lane: its lines in `core/lane`, its transport here.

pub(crate) mod csv;
pub(crate) mod handover;
